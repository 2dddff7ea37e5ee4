//! Where there is room between the atoms.

use super::{Cell, Points, Vec3};
use crate::error::{Error, Result};
use crate::random::Philox;
use std::collections::BTreeMap;

/// Distance between grid points, Å, where the cell is not so large that memory asks for more.
const SPACING: f64 = 0.25;
/// The largest number of grid points.
const MOST_POINTS: f64 = 3e7;

/// Voids nearer than this to each other, Å, are one.
const SAME_PLACE: f64 = 0.05;
/// Voids whose distances from the nearest atom differ by less, Å, are equally large.
const SAME_SIZE: f64 = 1e-3;

/// A periodic grid of points with the square of the distance from each to the nearest atom.
pub(super) struct VoidGrid<'a> {
    cell: &'a Cell,
    counts: [usize; 3],
    squares: Vec<f64>,
    positions: Vec<Vec3>,
    /// No point is farther than this from an atom.
    reach: f64,
    /// Voids that were found from the grid points of these indices, as long as no atom has come near.
    refined: BTreeMap<usize, (Vec3, f64)>,
}

impl<'a> VoidGrid<'a> {
    pub(super) fn new(cell: &'a Cell, positions: &[Vec3]) -> Result<Self> {
        if !cell.is_bulk() {
            return Err(Error::invalid(
                "voids are looked for in systems that are periodic in three dimensions only: \
                 elsewhere the largest void is outside",
            ));
        }
        if positions.is_empty() {
            return Err(Error::invalid("there are no atoms between which a void could be found"));
        }
        let lengths = cell.lengths();
        let points: f64 = lengths.iter().map(|l| (l / SPACING).max(1.0)).product();
        let spacing = SPACING * (points / MOST_POINTS).cbrt().max(1.0);
        let counts = lengths.map(|l| (l / spacing).ceil().max(1.0) as usize);
        let total: usize = counts.iter().product();
        let mut grid = Self {
            cell,
            counts,
            squares: Vec::new(),
            positions: positions.to_vec(),
            reach: 0.0,
            refined: BTreeMap::new(),
        };
        grid.reach = 1.2 * (cell.volume() / positions.len() as f64).cbrt();
        loop {
            grid.squares = vec![f64::INFINITY; total];
            for r in positions {
                grid.splat(r);
            }
            if grid.squares.iter().all(|d2| d2.is_finite()) {
                return Ok(grid);
            }
            grid.reach *= 1.5;
        }
    }

    /// The atoms, those inserted last.
    pub(super) fn into_positions(self) -> Vec<Vec3> {
        self.positions
    }

    /// Adds an atom.
    pub(super) fn insert(&mut self, r: Vec3) {
        self.splat(&r);
        self.positions.push(r);
        // The void itself is at most two points from where its search began, which looks as far as this.
        let (cell, margin) = (self.cell, 8.0 * self.spacing());
        self.refined.retain(|_, (void, distance)| cell.shortest(&(*void - r)).norm() > *distance + margin);
    }

    /// The largest distance between neighbouring grid points along an axis, Å.
    fn spacing(&self) -> f64 {
        (0..3).map(|k| self.cell.vector(k).norm() / self.counts[k] as f64).fold(0.0, f64::max)
    }

    /// One of the largest voids, each as likely as the others, and its distance from the nearest atom, Å.
    pub(super) fn largest(&mut self, noise: &mut Philox) -> (Vec3, f64) {
        let [a, b, c] = [0, 1, 2].map(|k| self.cell.vector(k) / self.counts[k] as f64);
        // Nowhere is the next point of the grid further away than half of the longest diagonal between points.
        let diagonals = [a + b + c, a + b - c, a - b + c, a - b - c].map(|d| d.norm());
        let resolution = 0.5 * diagonals.into_iter().fold(0.0, f64::max);
        let largest = self.squares.iter().copied().fold(0.0, f64::max).sqrt();
        let threshold = (largest - resolution).max(0.0).powi(2);
        let candidates: Vec<usize> =
            (0..self.squares.len()).filter(|p| self.squares[*p] >= threshold && self.is_summit(*p)).collect();
        for &point in &candidates {
            if !self.refined.contains_key(&point) {
                let void = self.refine(self.point(point), self.spacing());
                self.refined.insert(point, void);
            }
        }
        // Several points of the grid may lead to one void.
        let highest = candidates.iter().map(|point| self.refined[point].1).fold(0.0, f64::max);
        let (mut voids, mut places) = (Vec::new(), Points::new(self.cell, SAME_PLACE));
        for point in &candidates {
            let (r, distance) = self.refined[point];
            if distance > highest - SAME_SIZE && places.nearest(&r).is_none() {
                places.push(&r);
                voids.push((r, distance));
            }
        }
        voids[noise.below(voids.len() as u64) as usize]
    }

    /// Lowers the distances of all grid points within reach of an atom at `r`.
    fn splat(&mut self, r: &Vec3) {
        let s = self.cell.fractional(r);
        let heights = self.cell.heights();
        let n = self.counts;
        let range = [0, 1, 2].map(|k| {
            let (centre, half) = (s[k] * n[k] as f64, self.reach / heights[k] * n[k] as f64);
            ((centre - half).ceil() as i64, (centre + half).floor() as i64)
        });
        let limit = self.reach * self.reach;
        for i in range[0].0..=range[0].1 {
            for j in range[1].0..=range[1].1 {
                for k in range[2].0..=range[2].1 {
                    let at =
                        Vec3::new(i as f64 / n[0] as f64, j as f64 / n[1] as f64, k as f64 / n[2] as f64);
                    let d2 = self.cell.cartesian(&(at - s)).norm_squared();
                    if d2 <= limit {
                        let index = self.index([i, j, k]);
                        self.squares[index] = self.squares[index].min(d2);
                    }
                }
            }
        }
    }

    fn index(&self, point: [i64; 3]) -> usize {
        let [i, j, k] = [0, 1, 2].map(|a| point[a].rem_euclid(self.counts[a] as i64) as usize);
        (i * self.counts[1] + j) * self.counts[2] + k
    }

    fn triple(&self, index: usize) -> [i64; 3] {
        let [_, n1, n2] = self.counts;
        [index / (n1 * n2), index / n2 % n1, index % n2].map(|x| x as i64)
    }

    fn point(&self, index: usize) -> Vec3 {
        let p = self.triple(index);
        self.cell.cartesian(&Vec3::from_fn(|k, _| p[k] as f64 / self.counts[k] as f64))
    }

    /// Is no neighbouring grid point farther from the atoms?
    fn is_summit(&self, index: usize) -> bool {
        let p = self.triple(index);
        around().all(|d| self.squares[self.index([0, 1, 2].map(|k| p[k] + d[k]))] <= self.squares[index])
    }

    /// Climbs from a grid point to the nearby point that is farthest from all atoms.
    fn refine(&self, start: Vec3, spacing: f64) -> (Vec3, f64) {
        let horizon = self.reach + 4.0 * spacing;
        let near: Vec<Vec3> = self.images_within(&start, horizon);
        let distance = |r: &Vec3| near.iter().map(|q| (q - r).norm_squared()).fold(f64::INFINITY, f64::min);
        let (mut best, mut height) = (start, distance(&start));
        let mut step = 0.5 * spacing;
        while step > 1e-5 {
            let higher = around()
                .map(|d| best + step * Vec3::from(d.map(|x| x as f64)))
                .filter(|r| (r - start).norm() < 2.0 * spacing)
                .map(|r| (distance(&r), r))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            match higher {
                Some((h, r)) if h > height => (best, height) = (r, h),
                _ => step *= 0.5,
            }
        }
        (self.cell.wrap(&best).0, height.sqrt())
    }

    /// Every periodic image of an atom within `radius` of `r`.
    fn images_within(&self, r: &Vec3, radius: f64) -> Vec<Vec3> {
        let heights = self.cell.heights();
        let mut found = Vec::new();
        for q in &self.positions {
            let s = self.cell.fractional(&(q - r));
            let range = [0, 1, 2].map(|k| {
                let half = radius / heights[k];
                ((-half - s[k]).ceil() as i32, (half - s[k]).floor() as i32)
            });
            for i in range[0].0..=range[0].1 {
                for j in range[1].0..=range[1].1 {
                    for k in range[2].0..=range[2].1 {
                        found.push(q + self.cell.translation([i, j, k]));
                    }
                }
            }
        }
        found
    }
}

/// The 26 directions to the neighbours of a grid point.
fn around() -> impl Iterator<Item = [i64; 3]> {
    (0..27).filter(|n| *n != 13).map(|n| [n / 9 - 1, n / 3 % 3 - 1, n % 3 - 1])
}
