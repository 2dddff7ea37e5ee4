//! Which site is nearest to a place.

use super::sites::Sites;
use crate::system::{Cell, Vec3};

/// Wanted edge of a box of the grid, Å.
const BOX: f64 = 0.5;
/// Boxes along an edge of the cell, at most.
const MOST: usize = 64;

/// Finds the nearest of some sites: boxes over the cell know which sites can be nearest to a place in them, found when a place
/// there is first asked for; among these few distances decide.
#[derive(Debug, Clone)]
pub(super) struct SiteGrid {
    /// The sites that are open, by their places in the list of all.
    open: Vec<u32>,
    boxes: [usize; 3],
    near: Vec<Vec<u32>>,
    /// From the middle of a box to its furthest corner, Å.
    reach: f64,
}

impl SiteGrid {
    /// For the sites of the list that are open.
    pub(super) fn new(sites: &Sites, open: Vec<u32>) -> Self {
        let boxes = sites.cell.lengths().map(|length| ((length / BOX).ceil() as usize).clamp(1, MOST));
        let corner = |signs: usize| {
            let half = |k: usize| if signs >> k & 1 == 0 { 0.5 } else { -0.5 };
            sites.cell.cartesian(&Vec3::from_fn(|k, _| half(k) / boxes[k] as f64)).norm()
        };
        let reach = (0..8).map(corner).fold(0.0, f64::max);
        Self { open, near: vec![Vec::new(); boxes.iter().product()], boxes, reach }
    }

    /// The open site nearest to a place, given by its fractional coordinates; `None` if no site is open.
    pub(super) fn nearest(&mut self, sites: &Sites, s: &Vec3) -> Option<u32> {
        let Some(index) = self.index(&sites.cell, s) else {
            return least(&self.open, |site| distance(sites, site, s));
        };
        if self.near[index].is_empty() {
            self.near[index] = self.candidates(sites, index);
        }
        match self.near[index].as_slice() {
            [one] => Some(*one),
            several => least(several, |site| distance(sites, site, s)),
        }
    }

    /// The box of a place; none beyond the ends of a cell that is not periodic there.
    fn index(&self, cell: &Cell, s: &Vec3) -> Option<usize> {
        let mut index = 0;
        for k in 0..3 {
            if !cell.periodic()[k] && !(0.0..1.0).contains(&s[k]) {
                return None;
            }
            let n = self.boxes[k];
            index = index * n + ((s[k] - s[k].floor()) * n as f64) as usize % n;
        }
        Some(index)
    }

    /// A place in the box is at most `reach` from its middle: a site that is further from the middle than the nearest one by more
    /// than twice that is nowhere in the box the nearest.
    fn candidates(&self, sites: &Sites, index: usize) -> Vec<u32> {
        let [_, b, c] = self.boxes;
        let at = [index / (b * c), index / c % b, index % c];
        let middle = Vec3::from_fn(|k, _| (at[k] as f64 + 0.5) / self.boxes[k] as f64);
        let all: Vec<(u32, f64)> =
            self.open.iter().map(|site| (*site, distance(sites, *site, &middle))).collect();
        let nearest = all.iter().map(|(_, d)| *d).fold(f64::INFINITY, f64::min);
        all.into_iter()
            .filter(|(_, d)| *d <= nearest + 2.0 * self.reach + 1e-9)
            .map(|(site, _)| site)
            .collect()
    }
}

fn distance(sites: &Sites, site: u32, s: &Vec3) -> f64 {
    let cell = &sites.cell;
    cell.shortest(&cell.cartesian(&(s - sites.fractional[site as usize]))).norm()
}

fn least(sites: &[u32], distance: impl Fn(u32) -> f64) -> Option<u32> {
    sites
        .iter()
        .copied()
        .map(|site| (site, distance(site)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(site, _)| site)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Philox, Purpose};

    /// Against all distances, in a cell so large that boxes are wider than the distance between sites, in a flat one, and in one
    /// that ends above and below.
    #[test]
    fn the_nearest_site_is_the_nearest() {
        let large = Cell::orthorhombic(130.0, 9.0, 9.0).unwrap();
        let flat = Cell::new([[6.0, 0.0, 0.0], [5.0, 3.0, 0.0], [0.0, 0.0, 7.0]], [true; 3]).unwrap();
        let slab = Cell::new([[6.0, 0.0, 0.0], [0.0, 7.0, 0.0], [0.0; 3]], [true, true, false]).unwrap();
        let mut random = Philox::new(2, Purpose::General, 0, 0);
        for (cell, counts) in [(large, [87, 3, 3]), (flat, [2, 2, 2]), (slab, [2, 2, 2])] {
            // The slab is 4 Å thick: fractional coordinates along the edge that is absent are Å.
            let thick = if cell.is_bulk() { 1.0 } else { 4.0 };
            let fractional: Vec<Vec3> = (0..counts[0] * counts[1] * counts[2])
                .map(|n| {
                    let at = [n / (counts[1] * counts[2]), n / counts[2] % counts[1], n % counts[2]];
                    let s = |k: usize| f64::from(at[k]) / f64::from(counts[k]);
                    Vec3::new(s(0), s(1), thick * s(2))
                })
                .collect();
            let open = (0..fractional.len() as u32).collect();
            let sites = Sites::new(fractional, cell, "given").unwrap();
            let mut grid = SiteGrid::new(&sites, open);
            let [mut one, mut none] = [vec![3], Vec::new()].map(|open| SiteGrid::new(&sites, open));
            assert_eq!(
                (one.nearest(&sites, &Vec3::zeros()), none.nearest(&sites, &Vec3::zeros())),
                (Some(3), None)
            );
            for _ in 0..2000 {
                let mut s = Vec3::from_fn(|_, _| 3.0 * random.uniform() - 1.0);
                s.z *= thick;
                let found = distance(&sites, grid.nearest(&sites, &s).unwrap(), &s);
                let all = (0..sites.len() as u32).map(|site| distance(&sites, site, &s));
                assert!(found <= all.fold(f64::INFINITY, f64::min) + 1e-9, "{s}");
            }
        }
    }
}
