//! Symmetry functions as kernels want them.

use super::kernel::Constants;
use super::tables::{Tables, core_number, cutoff_numbers};
use crate::descriptors::{Angle, CompactCore, Radial, SymmetryFunction, SymmetryFunctions};
use crate::error::{Error, Result};
use crate::system::Element;

/// The kernels' constants and tables for one central species.
pub(super) struct Symmetry {
    pub(super) constants: Constants,
    pub(super) tables: Tables,
    /// How far angular functions reach, Å.
    pub(super) near: f64,
}

/// Above this factor functions are minute: they are computed in units of their own.
const MINUTE: f64 = 1e15;

/// Neighbours that pass by at once.
const TILE: usize = 16;

/// A radial factor with the logarithm of its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Factor {
    radial: Radial,
    unit: f64,
}

/// A function in the list of a species or of a pair of species.
#[derive(Debug, Clone, Copy)]
struct Entry {
    function: usize,
    factor: usize,
    norm: f64,
    narrow: bool,
    angle: Option<Angle>,
}

impl Symmetry {
    /// Translates the functions of species `center`, each times its multiple; `memory` is how many bytes a
    /// workgroup may share.
    pub(super) fn new(
        set: &SymmetryFunctions,
        center: usize,
        multiples: &[f64],
        memory: usize,
    ) -> Result<Self> {
        let elements = set.elements();
        let species = elements.len();
        let mut factors: Vec<Factor> = Vec::new();
        let mut radial: Vec<Vec<Entry>> = vec![Vec::new(); species];
        let mut angular: Vec<Vec<Entry>> = vec![Vec::new(); species * species];
        let mut near: f64 = 0.0;
        for (index, (function, multiple)) in set.of(center).iter().zip(multiples).enumerate() {
            let (sides, norm, angle, narrow) = match function {
                SymmetryFunction::Radial { .. } => (1.0, *multiple, None, false),
                SymmetryFunction::Angular { angle, narrow, radial, .. } => {
                    near = near.max(radial.cutoff());
                    let norm = match angle {
                        Angle::Power { zeta, .. } => (1.0 - zeta).exp2(),
                        Angle::Window { .. } => 1.0,
                    };
                    (if *narrow { 3.0 } else { 2.0 }, multiple * norm, Some(*angle), *narrow)
                }
            };
            let gaussian = matches!(function.radial(), Radial::Gaussian { .. });
            let unit = if gaussian && norm.abs() > MINUTE { norm.abs().ln() / sides } else { 0.0 };
            let norm = norm * (-unit * sides).exp();
            let key = Factor { radial: *function.radial(), unit };
            let factor = factors.iter().position(|factor| *factor == key).unwrap_or_else(|| {
                factors.push(key);
                factors.len() - 1
            });
            let entry = Entry { function: index, factor, norm, narrow, angle };
            let number = |s: usize| elements[s].number() as f64;
            let place = |element: &Element| elements.iter().position(|known| known == element);
            match function {
                SymmetryFunction::Radial { of, .. } => {
                    for (s, list) in radial.iter_mut().enumerate() {
                        match of {
                            None => list.push(Entry { norm: norm * number(s), ..entry }),
                            Some(element) if place(element) == Some(s) => list.push(entry),
                            Some(_) => {}
                        }
                    }
                }
                SymmetryFunction::Angular { of, .. } => {
                    for (class, list) in angular.iter_mut().enumerate() {
                        let (a, b) = (class / species, class % species);
                        match of {
                            None => list.push(Entry { norm: norm * number(a) * number(b), ..entry }),
                            Some([first, second]) => {
                                let pair = (place(first), place(second));
                                if pair == (Some(a), Some(b)) || pair == (Some(b), Some(a)) {
                                    list.push(entry);
                                }
                            }
                        }
                    }
                }
            }
        }
        // The factor of the third side is computed once for all that share it.
        for list in &mut angular {
            list.sort_by_key(|entry| (!entry.narrow, entry.factor));
        }

        let (mut constants, mut tables) = (Constants::default(), Tables::default());
        let at_rho = tables.here();
        for factor in &factors {
            add_factor(&mut tables, factor);
        }
        let [radial_starts, at_radial] = tables.lists(&radial, add_entry);
        let [classes, at_angular] = tables.lists(&angular, add_entry);
        let tile = [TILE, 8, 4]
            .into_iter()
            .find(|tile| 4 * (tile * (factors.len() + 5) + 1024 + multiples.len()) <= memory)
            .ok_or_else(|| {
                Error::Device(format!(
                    "{} radial factors of symmetry functions are more than a workgroup of the device can share",
                    factors.len()
                ))
            })?;
        constants
            .count("SPECIES", species)
            .count("LENGTH", multiples.len())
            .count("FACTORS", factors.len().max(1))
            .count("TILE", tile)
            .count("TILE_RHO", tile * factors.len().max(1))
            .count("AT_RHO", at_rho)
            .count("AT_RADIAL_STARTS", radial_starts)
            .count("AT_RADIAL", at_radial)
            .count("AT_CLASSES", classes)
            .count("AT_ANGULAR", at_angular);
        Ok(Self { constants, tables, near })
    }
}

fn compact_kind(core: CompactCore) -> usize {
    16 + core_number(core.core) + if core.asymmetric { 8 } else { 0 }
}

fn add_factor(tables: &mut Tables, factor: &Factor) {
    match factor.radial {
        Radial::Gaussian { eta, shift, cutoff } => {
            let (shape, start, scale) = cutoff_numbers(&cutoff);
            tables.count(shape);
            tables.reals([cutoff.radius, start, scale, eta, shift, factor.unit, 0.0]);
        }
        Radial::Compact { left, right, core } => {
            tables.count(compact_kind(core));
            let scale = 2.0 / (right - left);
            tables.reals([right, f64::midpoint(left, right), scale, 0.0, 0.0, 0.0, 0.0]);
        }
    }
}

fn add_entry(tables: &mut Tables, entry: &Entry) {
    tables.count(entry.function);
    tables.count(entry.factor);
    tables.real(entry.norm);
    tables.count(usize::from(entry.narrow));
    match entry.angle {
        None => tables.reals([0.0; 4]),
        Some(Angle::Power { lambda, zeta }) if zeta.fract() == 0.0 && zeta <= 1e6 => {
            tables.count(0);
            tables.real(lambda);
            tables.count(zeta as usize);
            tables.reals([0.0])
        }
        Some(Angle::Power { lambda, zeta }) => {
            tables.count(1);
            tables.reals([lambda, zeta, 0.0])
        }
        Some(Angle::Window { left, right, core }) => {
            tables.count(16 + core_number(core));
            let (left, right) = (left.to_radians(), right.to_radians());
            tables.reals([f64::midpoint(left, right), 2.0 / (right - left), 0.0])
        }
    };
}
