//! One block of atoms: environments, descriptors, networks, forces.

use super::surroundings::Surroundings;
use crate::descriptors::{Descriptor, Environment, Vectors};
use crate::lanes::Real;
use crate::neighbors::Block;
use crate::potential::Extrapolation;
use crate::potential::network;
use crate::system::{Cell, Mat3, Vec3};

/// A neural potential compiled for one precision: a descriptor, and networks by species.
#[derive(Debug, Clone)]
pub(super) struct Kernel<T: Real, D> {
    pub(super) descriptor: D,
    pub(super) species: Vec<SpeciesKernel<T>>,
    /// How many atoms are taken through descriptor and network together.
    pub(super) group: usize,
}

/// What belongs to one central species.
#[derive(Debug, Clone)]
pub(super) struct SpeciesKernel<T: Real> {
    /// Trained range of each descriptor.
    pub(super) range: Vec<[f64; 2]>,
    /// By what the descriptor's values come multiplied.
    pub(super) multiples: Vec<f64>,
    /// The range of the multiplied values.
    pub(super) limits: Limits<T>,
    /// One network per member of the committee.
    pub(super) members: Vec<network::Evaluator<T>>,
}

/// Buffers of one thread.
#[derive(Debug)]
pub(super) struct Scratch<T: Real, W> {
    images: Vec<Vec3>,
    order: Vec<usize>,
    surroundings: Surroundings,
    seats: Vec<Seat<T, W>>,
    /// G of the group, atom after atom.
    values: Vec<T>,
    /// ∂E/∂G of the group, summed over members, and of one member.
    gradients: Vec<T>,
    gradients_of_member: Vec<T>,
    energies: Vec<f64>,
    energies_of_member: Vec<f64>,
    network: network::Work<T>,
    pairs: Vectors<T>,
}

/// What is kept of an atom between its descriptor and its forces.
#[derive(Debug, Default)]
struct Seat<T: Real, W> {
    environment: Environment<T>,
    /// Local number of each neighbour in the environment.
    locals: Vec<u32>,
    descriptor: W,
}

impl<T: Real, W: Default> Default for Scratch<T, W> {
    fn default() -> Self {
        Self {
            images: Vec::new(),
            order: Vec::new(),
            surroundings: Surroundings::default(),
            seats: Vec::new(),
            values: Vec::new(),
            gradients: Vec::new(),
            gradients_of_member: Vec::new(),
            energies: Vec::new(),
            energies_of_member: Vec::new(),
            network: network::Work::default(),
            pairs: Vectors::default(),
        }
    }
}

/// What a block adds to the totals, apart from forces.
#[derive(Debug, Default)]
pub(super) struct BlockSums {
    /// Energies of the home atoms, eV.
    pub(super) energies: Vec<f64>,
    /// Σ r_ij ⊗ p_ij, eV: minus the virial.
    pub(super) stretch: Mat3,
    /// Descriptors outside their trained range.
    pub(super) extrapolation: Vec<Extrapolation>,
}

/// Which of a committee's networks are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Members {
    /// The mean of all of them.
    Mean,
    /// One alone.
    One(usize),
}

/// The atoms as the block functions need them.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) cell: &'a Cell,
    pub(super) positions: &'a [Vec3],
    pub(super) species: &'a [u16],
}

impl<T: Real, D: Descriptor<T>> Kernel<T, D> {
    /// Evaluates the home atoms of `block`; `forces` has an entry per image and is overwritten.
    pub(super) fn block(
        &self,
        view: View<'_>,
        block: &Block,
        members: Members,
        scratch: &mut Scratch<T, D::Work>,
        forces: &mut [Vec3],
    ) -> BlockSums {
        let mut sums = BlockSums { energies: vec![0.0; block.home.len()], ..BlockSums::default() };
        block.gather(view.cell, view.positions, &mut scratch.images);
        scratch.surroundings.place(&scratch.images);
        // Atoms of one species share a network: they are taken together, in the order of the block.
        let mut order = std::mem::take(&mut scratch.order);
        for center in 0..self.species.len() {
            order.clear();
            order.extend(
                (0..block.home.len()).filter(|k| usize::from(view.species[block.home.start + k]) == center),
            );
            for group in order.chunks(self.group) {
                self.group(block, center, group, members, scratch, &mut sums);
            }
        }
        scratch.order = order;
        scratch.surroundings.forces(forces);
        sums
    }

    /// Evaluates some home atoms of one species.
    fn group(
        &self,
        block: &Block,
        center: usize,
        group: &[usize],
        members: Members,
        scratch: &mut Scratch<T, D::Work>,
        sums: &mut BlockSums,
    ) {
        let model = &self.species[center];
        let width = self.descriptor.len(center);
        let species = self.species.len();
        if scratch.seats.len() < group.len() {
            scratch.seats.resize_with(group.len(), Seat::default);
        }
        scratch.values.resize(group.len() * width, T::ZERO);
        let reach = [self.descriptor.inner_cutoff(), self.descriptor.cutoff()];
        let seats = scratch.seats.iter_mut().zip(scratch.values.chunks_exact_mut(width.max(1)));
        for (&k, (seat, values)) in group.iter().zip(seats) {
            scratch.surroundings.fill(block, k, species, reach, &mut seat.environment, &mut seat.locals);
            self.descriptor.values(center, &seat.environment, &mut seat.descriptor, values);
            model.find_extrapolation(block.home.start + k, values, &mut sums.extrapolation);
        }

        self.networks(center, group.len(), members, scratch);
        for (&k, energy) in group.iter().zip(&scratch.energies) {
            sums.energies[k] = *energy;
        }

        let seats = scratch.seats.iter_mut().zip(scratch.gradients.chunks_exact(width.max(1)));
        for (&k, (seat, gradient)) in group.iter().zip(seats) {
            scratch.pairs.reset(seat.environment.len());
            self.descriptor.gradients(
                center,
                &seat.environment,
                &mut seat.descriptor,
                gradient,
                &mut scratch.pairs,
            );
            scratch.surroundings.scatter(
                k,
                &seat.environment,
                &seat.locals,
                &scratch.pairs,
                &mut sums.stretch,
            );
        }
    }

    /// Energies and gradients of a group from the values of its descriptors.
    fn networks(&self, center: usize, atoms: usize, members: Members, scratch: &mut Scratch<T, D::Work>) {
        let networks = &self.species[center].members;
        let chosen = match members {
            Members::Mean => &networks[..],
            Members::One(m) => &networks[m..=m],
        };
        let Scratch { values, gradients, gradients_of_member, energies, energies_of_member, network, .. } =
            scratch;
        energies.resize(atoms, 0.0);
        gradients.resize(values.len(), T::ZERO);
        let (first, others) = chosen.split_first().expect("a committee has at least one member");
        first.evaluate(values, network, energies, gradients);
        if others.is_empty() {
            return;
        }
        energies_of_member.resize(atoms, 0.0);
        gradients_of_member.resize(values.len(), T::ZERO);
        for member in others {
            member.evaluate(values, network, energies_of_member, gradients_of_member);
            energies.iter_mut().zip(&*energies_of_member).for_each(|(sum, e)| *sum += *e);
            gradients.iter_mut().zip(&*gradients_of_member).for_each(|(sum, g)| *sum += *g);
        }
        let weight = 1.0 / chosen.len() as f64;
        for energy in energies.iter_mut() {
            *energy *= weight;
        }
        for gradient in gradients.iter_mut() {
            *gradient *= T::of(weight);
        }
    }
}

/// The values between which nothing is to be reported.
#[derive(Debug, Clone)]
pub(super) struct Limits<T> {
    least: Vec<T>,
    most: Vec<T>,
}

impl<T: Real> Limits<T> {
    /// The multiplied ranges, widened by what rounding and a different order of sums can do: `slack`, relatively.
    pub(super) fn new(range: &[[f64; 2]], multiples: &[f64], slack: f64) -> Self {
        let (mut least, mut most) = (Vec::new(), Vec::new());
        for ([low, high], m) in range.iter().zip(multiples) {
            let (a, b) = (low * m, high * m);
            let slack = slack * a.abs().max(b.abs());
            least.push(T::of(a.min(b) - slack));
            most.push(T::of(a.max(b) + slack));
        }
        Self { least, most }
    }
}

impl<T: Real> SpeciesKernel<T> {
    fn find_extrapolation(&self, atom: usize, values: &[T], found: &mut Vec<Extrapolation>) {
        let Limits { least, most } = &self.limits;
        let outside = |s: usize| values[s] < least[s] || values[s] > most[s];
        // Nearly always nothing is outside: one pass without branches finds that out.
        if !(0..values.len()).fold(false, |any, s| any | outside(s)) {
            return;
        }
        found.extend((0..values.len()).filter(|s| outside(*s)).map(|s| Extrapolation {
            atom: atom as u32,
            descriptor: s as u32,
            value: values[s].to_f64() / self.multiples[s],
            range: self.range[s],
        }));
    }
}
