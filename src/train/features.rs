//! Descriptors of frames and their Jacobian: all that training needs to know of the atoms.
//!
//! For every atom i: x_i, and ∂x_i/∂q for the coordinates q of the atoms it sees and for the six
//! components of a symmetric strain. Both are scaled. The Jacobian is kept in single precision: it is the
//! same in every epoch, so a loss and its derivatives see the same numbers.

use crate::descriptors::{Descriptor, Environment, Scaling, SymmetryKernel, Vectors};
use crate::error::{Error, Result};
use crate::io::Frame;
use crate::neighbors::NeighborList;
use crate::potential::DescriptorSet;
use crate::system::{Element, VOIGT, Vec3};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// The descriptors of one atom and their derivatives.
#[derive(Debug, Clone, Default)]
pub struct AtomFeatures {
    /// Species number.
    pub species: usize,
    /// x.
    pub values: Vec<f64>,
    /// Which coordinate each column of the Jacobian belongs to: 3k + α for coordinate α of atom k,
    /// 3N + s for component s of the strain.
    pub coordinates: Vec<u32>,
    /// ∂x/∂q, column after column.
    pub jacobian: Vec<f32>,
}

/// The atoms of a frame.
#[derive(Debug, Clone, Default)]
pub struct FrameFeatures {
    /// In the order of the frame.
    pub atoms: Vec<AtomFeatures>,
}

impl AtomFeatures {
    /// Applies x = (G − shift)·factor + offset.
    pub fn scale(&mut self, scaling: &Scaling) {
        self.values = scaling.apply(&self.values);
        for column in self.jacobian.chunks_exact_mut(scaling.len().max(1)) {
            for (entry, factor) in column.iter_mut().zip(scaling.factor()) {
                *entry = (f64::from(*entry) * factor) as f32;
            }
        }
    }
}

impl AtomFeatures {
    /// Leaves only these of the descriptors, in this order.
    pub fn keep(&mut self, kept: &[usize]) {
        let width = self.values.len().max(1);
        let columns = self.jacobian.chunks_exact(width);
        self.jacobian = columns.flat_map(|column| kept.iter().map(|k| column[*k])).collect();
        self.values = kept.iter().map(|k| self.values[*k]).collect();
    }
}

impl FrameFeatures {
    /// Frees the Jacobians; values stay.
    pub fn forget_jacobian(&mut self) {
        for atom in &mut self.atoms {
            (atom.coordinates, atom.jacobian) = (Vec::new(), Vec::new());
        }
    }

    /// Heap memory, bytes.
    pub fn memory(&self) -> usize {
        self.atoms.iter().map(|a| 4 * a.jacobian.len() + 4 * a.coordinates.len() + 8 * a.values.len()).sum()
    }
}

/// The memory that the Jacobians of `frames` will take, bytes, from the neighbours of a few of them.
pub fn estimate(set: &DescriptorSet, frames: &[&Frame]) -> Result<usize> {
    let step = frames.len().div_ceil(10).max(1);
    let (mut sampled, mut entries, mut atoms) = (0_usize, 0_usize, 0_usize);
    for frame in frames.iter().step_by(step) {
        let list = neighbors(set.cutoff(), frame)?;
        for i in 0..frame.len() {
            let mut seen: Vec<u32> = list.neighbors(i).iter().map(|p| p.atom).collect();
            seen.dedup();
            let center = species_of(set.elements(), frame.species[i], frame)?;
            entries += (3 * (seen.len() + 1) + 6) * set.len(center);
        }
        sampled += frame.len();
    }
    atoms += frames.iter().map(|f| f.len()).sum::<usize>();
    Ok((4.0 * entries as f64 * atoms as f64 / sampled.max(1) as f64) as usize)
}

/// Raw descriptors and Jacobians of all frames, in their order; `done` is told after each, and may end it with an error.
pub fn compute(
    set: &DescriptorSet,
    frames: &[&Frame],
    derivatives: bool,
    done: &(dyn Fn() -> Result<()> + Sync),
) -> Result<Vec<FrameFeatures>> {
    match set {
        DescriptorSet::Symmetry(functions) => {
            all(&SymmetryKernel::<f64>::new(functions), set.elements(), frames, derivatives, done)
        }
        DescriptorSet::Chebyshev(basis) => {
            all(&basis.compile::<f64>()?, set.elements(), frames, derivatives, done)
        }
        DescriptorSet::Moments(moments) => {
            all(&moments.compile::<f64>()?, set.elements(), frames, derivatives, done)
        }
    }
}

fn all<D: Descriptor<f64>>(
    descriptor: &D,
    elements: &[Element],
    frames: &[&Frame],
    derivatives: bool,
    done: &(dyn Fn() -> Result<()> + Sync),
) -> Result<Vec<FrameFeatures>> {
    frames
        .par_iter()
        .map(|frame| {
            let features = one(descriptor, elements, frame, derivatives)?;
            done().map(|()| features)
        })
        .collect()
}

pub(super) fn neighbors(cutoff: f64, frame: &Frame) -> Result<NeighborList> {
    NeighborList::build(&frame.cell, &frame.positions, cutoff).map_err(|error| match error {
        Error::Invalid(message) => Error::invalid(format!("{}: {message}", frame.origin)),
        other => other,
    })
}

pub(super) fn species_of(elements: &[Element], element: Element, frame: &Frame) -> Result<usize> {
    elements.iter().position(|e| *e == element).ok_or_else(|| {
        let known: Vec<_> = elements.iter().map(|e| e.symbol()).collect();
        Error::invalid(format!(
            "{}: {element} is not an element of the descriptor (it has {})",
            frame.origin,
            known.join(", ")
        ))
    })
}

fn one<D: Descriptor<f64>>(
    descriptor: &D,
    elements: &[Element],
    frame: &Frame,
    derivatives: bool,
) -> Result<FrameFeatures> {
    let list = neighbors(descriptor.cutoff(), frame)?;
    let species: Vec<usize> =
        frame.species.iter().map(|e| species_of(elements, *e, frame)).collect::<Result<_>>()?;
    let mut work = D::Work::default();
    let mut atoms = Vec::with_capacity(frame.len());
    for i in 0..frame.len() {
        let (environment, places) = environment(frame, &list, &species, elements.len(), i);
        let width = descriptor.len(species[i]);
        let mut atom = AtomFeatures { species: species[i], ..AtomFeatures::default() };
        atom.values.resize(width, 0.0);
        descriptor.values(species[i], &environment, &mut work, &mut atom.values);
        if atom.values.iter().any(|x| !x.is_finite()) {
            return Err(Error::Physics(format!("{}: descriptors of atom {i} are not finite", frame.origin)));
        }
        if derivatives {
            jacobian(descriptor, &environment, &places, i, frame.len(), &mut work, &mut atom);
        }
        atoms.push(atom);
    }
    Ok(FrameFeatures { atoms })
}

/// The neighbours of atom i grouped by species, and which atom each of them is.
fn environment(
    frame: &Frame,
    list: &NeighborList,
    species: &[usize],
    count: usize,
    i: usize,
) -> (Environment<f64>, Vec<u32>) {
    let mut environment = Environment::<f64>::default();
    let mut places = Vec::new();
    for s in 0..count {
        environment.starts.push(environment.len());
        for pair in list.neighbors(i).iter().filter(|p| species[p.atom as usize] == s) {
            let r: Vec3 = NeighborList::vector(&frame.cell, &frame.positions, i, *pair);
            let distance = r.norm();
            if distance < list.cutoff() {
                environment.vectors.x.push(r.x);
                environment.vectors.y.push(r.y);
                environment.vectors.z.push(r.z);
                environment.distances.push(distance);
                places.push(pair.atom);
            }
        }
    }
    environment.starts.push(environment.len());
    (environment, places)
}

/// Fills the Jacobian of an atom: one contraction per descriptor with g = 1 for it alone.
fn jacobian<D: Descriptor<f64>>(
    descriptor: &D,
    environment: &Environment<f64>,
    places: &[u32],
    i: usize,
    n: usize,
    work: &mut D::Work,
    atom: &mut AtomFeatures,
) {
    // Columns: this atom, then the others it sees in ascending order, then strain.
    let mut columns: BTreeMap<u32, usize> = places.iter().map(|k| (*k, 0)).collect();
    columns.insert(i as u32, 0);
    for (place, column) in columns.values_mut().enumerate() {
        *column = 3 * place;
    }
    let strain = 3 * columns.len();
    atom.coordinates = columns.keys().flat_map(|k| (0..3).map(move |a| 3 * k + a)).collect();
    atom.coordinates.extend((0..6).map(|s| 3 * n as u32 + s));
    let width = atom.values.len();
    atom.jacobian = vec![0.0; width * (strain + 6)];
    let own = columns[&(i as u32)];
    let targets: Vec<usize> = places.iter().map(|k| columns[k]).collect();
    let mut pairs = Vectors::default();
    let (mut unit, mut row) = (vec![0.0; width], vec![0.0; strain + 6]);
    for d in 0..width {
        unit[d] = 1.0;
        pairs.reset(environment.len());
        descriptor.gradients(atom.species, environment, work, &unit, &mut pairs);
        unit[d] = 0.0;
        row.fill(0.0);
        let r = [&environment.vectors.x, &environment.vectors.y, &environment.vectors.z];
        for (j, target) in targets.iter().enumerate() {
            let p = [pairs.x[j], pairs.y[j], pairs.z[j]];
            for a in 0..3 {
                row[target + a] += p[a];
                row[own + a] -= p[a];
            }
            for (s, (a, b)) in VOIGT.into_iter().enumerate() {
                row[strain + s] += 0.5 * (r[a][j] * p[b] + r[b][j] * p[a]);
            }
        }
        for (column, value) in row.iter().enumerate() {
            atom.jacobian[column * width + d] = *value as f32;
        }
    }
}
