//! A crystal for a potential that comes without one, for checks and for measuring speed.

use crate::error::Result;
use crate::potential::Potential;
use crate::system::{Cell, Element, System, Vec3};

/// Volume per atom of the made-up crystal, Å³: between oxides (10) and soft metals (20).
const VOLUME_PER_ATOM: f64 = 14.0;

/// Standard deviation of the displacements from its sites, Å.
const RATTLE: f64 = 0.1;

/// A body-centred lattice with the elements of the potential in turn on its sites, slightly disordered, of
/// at least `atoms` atoms.
///
/// Nothing in nature is like it, but every pair and triple of elements is there at ordinary distances.
pub fn crystal(potential: &dyn Potential, atoms: usize) -> Result<System> {
    let elements = match potential.elements() {
        Some(elements) if !elements.is_empty() => elements,
        // A potential that takes any element does not care which.
        _ => Element::from_symbol("Ar").into_iter().collect(),
    };
    let a = (2.0 * VOLUME_PER_ATOM).cbrt();
    let mut repeats = 1_usize;
    while 2 * repeats.pow(3) < atoms {
        repeats += 1;
    }
    let edge = a * repeats as f64;
    let mut positions = Vec::with_capacity(2 * repeats.pow(3));
    for i in 0..repeats {
        for j in 0..repeats {
            for k in 0..repeats {
                let corner = a * Vec3::new(i as f64, j as f64, k as f64);
                positions.push(corner);
                positions.push(corner + Vec3::repeat(0.5 * a));
            }
        }
    }
    let species = (0..positions.len()).map(|site| elements[site % elements.len()]).collect();
    let mut system = System::new(Cell::orthorhombic(edge, edge, edge)?, species, positions)?;
    system.rattle(RATTLE, 1)?;
    system.wrap();
    Ok(system)
}

/// Copies of a system along its shortest sides until it has at least `atoms` atoms.
pub fn enlarged(system: &System, atoms: usize) -> Result<System> {
    let mut times = [1_u32; 3];
    let heights = system.cell.heights();
    while system.len() * times.iter().map(|t| *t as usize).product::<usize>() < atoms {
        let periodic = system.cell.periodic();
        let shortest = (0..3).filter(|k| periodic[*k]).min_by(|i, j| {
            (heights[*i] * f64::from(times[*i])).total_cmp(&(heights[*j] * f64::from(times[*j])))
        });
        match shortest {
            Some(k) => times[k] += 1,
            // A molecule cannot be repeated.
            None => break,
        }
    }
    system.repeated(times)
}
