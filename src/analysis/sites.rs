//! The places where mobile ions stay: given, taken from a structure, or found as the peaks of their density.

use super::density::DensityMap;
use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::{Cell, Element, Vec3};

/// A peak of the density counts if it is at least this part of the highest, where nothing else is said.
pub const LEAST_PEAK: f64 = 0.05;
/// Peaks closer than this are one site, Å: half of the shortest distance between neighbouring sites that is known.
const CLOSEST: f64 = 1.0;
/// Standard deviation of the smoothing of the density, Å: a noisy peak is one peak.
const SMOOTHING: f64 = 0.35;
/// Grid points that are further apart tell no sites, Å.
const COARSEST: f64 = 0.5;
/// An ion within this part of the distance to the next site is at the site.
const CORE: f64 = 0.4;
/// The largest radius of a site, Å.
const LARGEST_CORE: f64 = 1.5;

/// Sites, and how they are told apart.
#[derive(Debug, Clone)]
pub struct Sites {
    /// Fractional coordinates.
    pub fractional: Vec<Vec3>,
    /// An ion closer than this has arrived at the site, Å.
    pub radius: Vec<f64>,
    /// The cell that distances were measured in.
    pub cell: Cell,
    /// Where they come from.
    pub origin: &'static str,
    /// The element of each, where these are places of atoms: sites of other elements are not open to an ion.
    pub elements: Option<Vec<Element>>,
}

impl Sites {
    /// Sites by fractional coordinates. The radius of each is 0.4 of the distance to the next, at most 1.5 Å: what lies
    /// between the sites belongs to none, so that an ion that only looks over the saddle has not hopped.
    pub fn new(fractional: Vec<Vec3>, cell: Cell, origin: &'static str) -> Result<Self> {
        if fractional.is_empty() {
            return Err(Error::invalid("there are no sites to hop between"));
        }
        let next = |i: usize| {
            let own = &fractional[i];
            let others = fractional.iter().enumerate().filter(|(j, _)| *j != i);
            let distance = others.map(|(_, s)| cell.shortest(&cell.cartesian(&(s - own))).norm());
            // Its own images are neighbours too.
            let images = cell.heights().into_iter().zip(cell.periodic()).filter(|(_, periodic)| *periodic);
            distance.fold(images.map(|(height, _)| height).fold(f64::INFINITY, f64::min), f64::min)
        };
        let distances: Vec<f64> = (0..fractional.len()).map(next).collect();
        if let Some(i) = distances.iter().position(|d| *d < 0.5) {
            return Err(Error::invalid(format!(
                "site {i} is {:.2} Å from another: sites must be apart by 0.5 Å or more",
                distances[i]
            )));
        }
        let radius = distances.iter().map(|d| (CORE * d).min(LARGEST_CORE)).collect();
        Ok(Self { fractional, radius, cell, origin, elements: None })
    }

    /// The places of some elements in a structure.
    pub fn of_structure(frame: &Frame, mobile: &[Element]) -> Result<Self> {
        let atoms = frame.species.iter().zip(&frame.positions).filter(|(e, _)| mobile.contains(e));
        let (elements, fractional) = atoms.map(|(e, r)| (*e, frame.cell.fractional(r))).unzip();
        let sites = Self::new(fractional, frame.cell.clone(), "structure")
            .map_err(|error| Error::invalid(format!("{}: {error}", frame.origin)))?;
        Ok(Self { elements: Some(elements), ..sites })
    }

    /// The sites that an element can be at, by their places in the list.
    pub(super) fn open_to(&self, element: Element) -> Vec<u32> {
        let open = |site: &usize| self.elements.as_ref().is_none_or(|elements| elements[*site] == element);
        (0..self.len()).filter(open).map(|site| site as u32).collect()
    }

    /// The peaks of a density map, smoothed, that are at least a part of the highest; each is the maximum of its
    /// surroundings of 1 Å, refined to their centre of mass.
    pub fn of_density(map: &DensityMap, least: f64) -> Result<Self> {
        let (cell, spacing) = (map.cell()?, map.spacing()?);
        if spacing > COARSEST {
            return Err(Error::invalid(format!(
                "the cell is so large that its density has points every {spacing:.2} Å, too far apart to tell sites; give a structure with them"
            )));
        }
        let points = map.points();
        let density = smooth(map.density(), points, &cell);
        let highest = density.iter().copied().fold(0.0, f64::max);
        let offsets = around(points, &cell);
        let coordinates = |index: usize| {
            [index / (points[1] * points[2]), index / points[2] % points[1], index % points[2]]
        };
        let neighbor = |index: usize, offset: &[i32; 3]| {
            let at = coordinates(index);
            let [a, b, c] =
                [0, 1, 2].map(|k| (at[k] as i32 + offset[k]).rem_euclid(points[k] as i32) as usize);
            (a * points[1] + b) * points[2] + c
        };
        let mut sites = Vec::new();
        for (index, own) in density.iter().enumerate() {
            if *own < least * highest || *own == 0.0 {
                continue;
            }
            // Of equal neighbours the first is the peak.
            let peak = offsets.iter().all(|offset| {
                let other = neighbor(index, offset);
                density[other] < *own || (density[other] == *own && index < other)
            });
            if !peak {
                continue;
            }
            let (mut sum, mut weight) = (Vec3::zeros(), *own);
            for offset in &offsets {
                let value = density[neighbor(index, offset)];
                sum += Vec3::from_fn(|k, _| f64::from(offset[k])) * value;
                weight += value;
            }
            let at = coordinates(index);
            sites.push(Vec3::from_fn(|k, _| (at[k] as f64 + sum[k] / weight) / points[k] as f64));
        }
        Self::new(sites, cell, "density")
    }

    /// Number of sites.
    pub fn len(&self) -> usize {
        self.fractional.len()
    }

    /// Are there none? Never: that is refused.
    pub fn is_empty(&self) -> bool {
        self.fractional.is_empty()
    }
}

/// Steps of the grid to all points within [`CLOSEST`], but that of no step.
fn around(points: [usize; 3], cell: &Cell) -> Vec<[i32; 3]> {
    let heights = cell.heights();
    let reach = [0, 1, 2].map(|k| {
        let most = (points[k] as i32 - 1) / 2;
        ((CLOSEST / heights[k] * points[k] as f64).ceil() as i32).min(most)
    });
    let mut offsets = Vec::new();
    for a in -reach[0]..=reach[0] {
        for b in -reach[1]..=reach[1] {
            for c in -reach[2]..=reach[2] {
                let step = Vec3::new(f64::from(a), f64::from(b), f64::from(c));
                let part = Vec3::from_fn(|k, _| step[k] / points[k] as f64);
                if [a, b, c] != [0; 3] && cell.cartesian(&part).norm() <= CLOSEST {
                    offsets.push([a, b, c]);
                }
            }
        }
    }
    offsets
}

/// A Gaussian along each edge in turn.
fn smooth(mut density: Vec<f64>, points: [usize; 3], cell: &Cell) -> Vec<f64> {
    let lengths = cell.lengths();
    for k in 0..3 {
        let n = points[k];
        let width = SMOOTHING / lengths[k] * n as f64;
        let reach = ((3.0 * width).ceil() as i32).min((n as i32 - 1) / 2);
        let weights: Vec<f64> =
            (-reach..=reach).map(|d| (-0.5 * (f64::from(d) / width).powi(2)).exp()).collect();
        let whole: f64 = weights.iter().sum();
        let stride: usize = points[k + 1..].iter().product();
        let before = density.clone();
        for (index, value) in density.iter_mut().enumerate() {
            let at = index / stride % n;
            let base = index - at * stride;
            *value = weights
                .iter()
                .zip(-reach..=reach)
                .map(|(w, d)| w * before[base + (at as i32 + d).rem_euclid(n as i32) as usize * stride])
                .sum::<f64>()
                / whole;
        }
    }
    density
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{DriftReference, Motion, Settings};
    use crate::random::{Philox, Purpose};

    /// Ions that rattle about eight sites of a slanted cell: the density has these sites and no others, each within
    /// five standard errors of a mean of 400 displacements of 0.3 Å, and a part of a grid spacing.
    #[test]
    fn sites_are_the_peaks_of_the_density() {
        let [li, o] = ["Li", "O"].map(|s| Element::from_symbol(s).unwrap());
        let cell = Cell::new([[7.0, 0.0, 0.0], [1.0, 6.5, 0.0], [0.0, 0.5, 8.0]], [true; 3]).unwrap();
        let true_sites: Vec<Vec3> = (0..8)
            .map(|n| {
                Vec3::new(f64::from(n / 4), f64::from(n / 2 % 2), f64::from(n % 2)) * 0.5 + Vec3::repeat(0.02)
            })
            .collect();
        let mut random = Philox::new(6, Purpose::General, 0, 0);
        let settings =
            Settings { mobile: vec![li], reference: DriftReference::Framework, interval: Some(1.0) };
        let (mut motion, mut map) = (Motion::new(settings), None);
        for _ in 0..400 {
            let rattle =
                |s: &Vec3| cell.wrap(&(cell.cartesian(s) + Vec3::from_fn(|_, _| 0.3 * random.normal()))).0;
            let mut positions: Vec<Vec3> = true_sites.iter().map(rattle).collect();
            positions.push(Vec3::zeros());
            let species = [vec![li; 8], vec![o]].concat();
            let frame = Frame::new(cell.clone(), species, positions);
            let moment = motion.push(&frame).unwrap().unwrap();
            map.get_or_insert_with(|| DensityMap::new(&moment, None).unwrap()).push(&moment);
        }
        let found = Sites::of_density(&map.unwrap(), LEAST_PEAK).unwrap();
        assert_eq!(found.len(), 8, "{:?}", found.fractional);
        for s in &true_sites {
            let distance = |f: &Vec3| cell.shortest(&cell.cartesian(&(f - s))).norm();
            let nearest = found.fractional.iter().map(distance).fold(f64::INFINITY, f64::min);
            assert!(nearest < 5.0 * 0.3 / 20.0 + 0.125, "{nearest}");
        }
        // Half a cell apart: 3.25 to 4 Å, so radii of 1.3 to 1.5 Å.
        assert!(found.radius.iter().all(|r| (1.2..=1.5).contains(r)), "{:?}", found.radius);
    }

    /// A cell of 100 Å along each edge has points every 0.78 Å.
    #[test]
    fn a_coarse_density_has_no_sites() {
        let [li, o] = ["Li", "O"].map(|s| Element::from_symbol(s).unwrap());
        let cell = Cell::orthorhombic(100.0, 100.0, 100.0).unwrap();
        let settings =
            Settings { mobile: vec![li], reference: DriftReference::Framework, interval: Some(1.0) };
        let frame = Frame::new(cell, vec![li, o], vec![Vec3::x(), Vec3::zeros()]);
        let mut motion = Motion::new(settings);
        let moment = motion.push(&frame).unwrap().unwrap();
        let mut map = DensityMap::new(&moment, None).unwrap();
        map.push(&moment);
        let message = Sites::of_density(&map, LEAST_PEAK).unwrap_err().to_string();
        assert!(message.contains("points every 0.78 Å"), "{message}");
    }

    /// A place of sodium is none of lithium; places without an element are open to both.
    #[test]
    fn sites_are_open_to_their_own_element() {
        let [li, na, o] = ["Li", "Na", "O"].map(|s| Element::from_symbol(s).unwrap());
        let cell = Cell::orthorhombic(6.0, 6.0, 6.0).unwrap();
        let places: Vec<Vec3> = (0..4).map(|k| Vec3::x() * 1.5 * f64::from(k)).collect();
        let frame = Frame::new(cell.clone(), vec![li, o, na, li], places.clone());
        let sites = Sites::of_structure(&frame, &[li, na]).unwrap();
        assert_eq!((sites.open_to(li), sites.open_to(na)), (vec![0, 2], vec![1]));
        let given = Sites::new(places.iter().map(|r| cell.fractional(r)).collect(), cell, "given").unwrap();
        assert_eq!((given.open_to(li), given.open_to(na)), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
    }

    #[test]
    fn sites_that_are_none_are_refused() {
        let cell = Cell::orthorhombic(5.0, 5.0, 5.0).unwrap();
        let refuse = |sites| Sites::new(sites, cell.clone(), "given").unwrap_err().to_string();
        assert!(refuse(Vec::new()).contains("no sites"));
        assert!(refuse(vec![Vec3::zeros(), Vec3::new(0.05, 0.0, 0.0)]).contains("0.25 Å from another"));
    }
}
