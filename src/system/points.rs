//! Points of a periodic cell found by nearness, for merging images and voids and spotting clashes.

use super::{Cell, Vec3};
use std::collections::HashMap;

/// A set of points in a cell, sorted into boxes no smaller than the distance asked about.
///
/// Only nearest images are compared, so the distance must be below half the heights of the cell: it
/// is a matter of a few tenths of an ångström here.
pub(crate) struct Points<'a> {
    cell: &'a Cell,
    reach: f64,
    boxes: [i32; 3],
    contents: HashMap<[i32; 3], Vec<usize>>,
    positions: Vec<Vec3>,
}

impl<'a> Points<'a> {
    /// An empty set that will be asked for neighbours within `reach` Å.
    pub(crate) fn new(cell: &'a Cell, reach: f64) -> Self {
        // At most 2^20 boxes along an edge: the heights of a hostile file may be anything.
        let boxes = cell.heights().map(|h| (h / reach).clamp(1.0, 1_048_576.0).floor() as i32);
        Self { cell, reach, boxes, contents: HashMap::new(), positions: Vec::new() }
    }

    /// Adds a point.
    pub(crate) fn push(&mut self, position: &Vec3) {
        self.contents.entry(self.box_of(position)).or_default().push(self.positions.len());
        self.positions.push(*position);
    }

    /// The indices of the points within reach of a position, in the order of their boxes.
    pub(crate) fn near(&self, position: &Vec3) -> Vec<usize> {
        let home = self.box_of(position);
        let mut found = Vec::new();
        let along = |k: usize| {
            let mut boxes = [-1, 0, 1].map(|d| (home[k] + d).rem_euclid(self.boxes[k])).to_vec();
            boxes.sort_unstable();
            boxes.dedup();
            boxes
        };
        let (along_b, along_c) = (along(1), along(2));
        for a in along(0) {
            for &b in &along_b {
                for &c in &along_c {
                    let members = self.contents.get(&[a, b, c]).map_or(&[][..], Vec::as_slice);
                    found
                        .extend(members.iter().copied().filter(|&i| self.distance(i, position) < self.reach));
                }
            }
        }
        found
    }

    /// The point nearest to a position, if one is within reach.
    pub(crate) fn nearest(&self, position: &Vec3) -> Option<usize> {
        let near = self.near(position).into_iter();
        near.min_by(|&i, &j| self.distance(i, position).total_cmp(&self.distance(j, position)))
    }

    /// Distance of point `i` from a position, Å.
    pub(crate) fn distance(&self, i: usize, position: &Vec3) -> f64 {
        self.cell.shortest(&(self.positions[i] - position)).norm()
    }

    fn box_of(&self, position: &Vec3) -> [i32; 3] {
        let s = self.cell.fractional(position);
        [0, 1, 2].map(|k| {
            let inside = s[k] - s[k].floor();
            ((inside * f64::from(self.boxes[k])) as i32).clamp(0, self.boxes[k] - 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boxes_find_what_brute_force_finds() {
        let cell = Cell::new([[5.0, 0.0, 0.0], [-2.0, 4.0, 0.0], [1.0, 1.5, 6.0]], [true; 3]).unwrap();
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state) / f64::from(u32::MAX) * 12.0 - 4.0
        };
        let points: Vec<Vec3> = (0..200).map(|_| Vec3::new(random(), random(), random())).collect();
        let mut set = Points::new(&cell, 0.8);
        for (i, point) in points.iter().enumerate() {
            let mut found = set.near(point);
            found.sort_unstable();
            let expected: Vec<usize> =
                (0..i).filter(|&j| cell.shortest(&(points[j] - point)).norm() < 0.8).collect();
            assert_eq!(found, expected);
            set.push(point);
        }
    }
}
