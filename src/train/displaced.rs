//! The loss without stored derivatives: descriptors are computed anew in every step, and may change.
//!
//! Rows of a frame are its energy y_0 = E and the derivatives y_q = ∂E/∂q of it. With the adjoints
//! a = ∂L/∂y_0 and v_q = ∂L/∂y_q the gradient of the loss is, with a and v held constant,
//!
//! a ∂E/∂θ + Σ_q v_q ∂²E/∂q∂θ = d/dh [(a h + 1) ∂E/∂θ (q + h v)] at h = 0:
//!
//! the derivative of the gradient of the energy along v, which is taken as a central difference in double
//! precision. That costs three evaluations of a frame, needs neither second derivatives nor the Jacobian of
//! the descriptors, which would take a hundred kilobytes for each atom, and gives the derivatives with
//! respect to the mixing coefficients of [`Moments`](crate::descriptors::Moments) in the same pass.

use super::blocks::{Block, Weights};
use super::layout::Layout;
use super::loss::{Loss, Target};
use super::objective::{Descent, Objective};
use super::surroundings::{Displacement, Surroundings, add_pairs};
use crate::descriptors::{
    Descriptor, Environment, Expansion, ExpansionWork, MomentsCenter, Scaling, Vectors,
};
use crate::error::{Error, Result};
use crate::potential::DescriptorSet;
use rayon::prelude::*;

/// Atoms that go through a network together: enough for matrix products, few enough for the caches.
const BLOCK: usize = 32;

/// The largest change of a vector between neighbours in a central difference, Å. The error relative to the
/// derivative is this squared over six times the squared length on which energies change, some hundredths of
/// an ångström where many numbers are multiplied: 10⁻⁷. Rounding errs by 10⁻¹⁶/10⁻⁵ of the energy.
const STEP: f64 = 2e-5;

/// Everything but the parameters: those of all networks, then, where they are free, the mixing coefficients
/// of every species.
#[derive(Debug, Clone, Copy)]
pub struct Displaced<'a> {
    /// The descriptor, with the coefficients that hold where they are not free.
    pub set: &'a DescriptorSet,
    /// Are mixing coefficients parameters?
    pub free: bool,
    /// The scaling of every species.
    pub scalings: &'a [Scaling],
    /// The frames.
    pub frames: &'a [Surroundings],
    /// What they should lead to.
    pub targets: &'a [Target],
    /// Which frames train.
    pub train: &'a [usize],
    /// What counts.
    pub loss: &'a Loss,
    /// Where the parameters of the networks stand in θ.
    pub layout: &'a Layout,
}

/// The parameters, ready for many frames.
struct Ready<'a> {
    expansion: Expansion<f64>,
    /// The network of every species.
    networks: Vec<Weights<'a>>,
    /// Where the mixing coefficients of each species begin.
    mixing: Option<Vec<usize>>,
}

/// Buffers of one thread.
#[derive(Default)]
struct Work {
    atoms: Vec<AtomWork>,
    block: Block,
    pairs: Vectors<f64>,
    slopes: Vec<f64>,
}

#[derive(Default)]
struct AtomWork {
    environment: Environment<f64>,
    places: Vec<u32>,
    expansion: ExpansionWork<f64>,
}

/// The descriptor with other mixing coefficients: those of all species one after the other.
pub fn with_mixing(set: &DescriptorSet, coefficients: &[f64]) -> Result<DescriptorSet> {
    let mut set = set.clone();
    if let DescriptorSet::Moments(moments) = &mut set {
        let mut rest = coefficients;
        for center in &mut moments.centers {
            let (own, others) = rest.split_at(center.mixing().len().min(rest.len()));
            center.set_mixing(own)?;
            rest = others;
        }
    }
    Ok(set)
}

/// The mixing coefficients of all species.
pub fn mixing(set: &DescriptorSet) -> Vec<f64> {
    match set {
        DescriptorSet::Moments(moments) => moments.centers.iter().flat_map(MomentsCenter::mixing).collect(),
        _ => Vec::new(),
    }
}

impl Displaced<'_> {
    fn ready<'a>(&'a self, theta: &'a [f64]) -> Result<Ready<'a>> {
        let (networks, coefficients) = theta.split_at(self.layout.len());
        if !coefficients.iter().all(|c| c.is_finite()) {
            return Err(Error::Physics(
                "the mixing coefficients of the descriptor are not finite numbers any more; a smaller learning rate may help".into(),
            ));
        }
        let moved = if self.free { Some(with_mixing(self.set, coefficients)?) } else { None };
        let set = moved.as_ref().unwrap_or(self.set);
        let expansion = match set {
            DescriptorSet::Moments(moments) => moments.compile::<f64>()?,
            DescriptorSet::Chebyshev(basis) => basis.compile::<f64>()?,
            DescriptorSet::Symmetry(_) => {
                return Err(Error::Internal("symmetry functions are not an expansion".into()));
            }
        };
        let mixing = match set {
            DescriptorSet::Moments(moments) if self.free => {
                let mut at = self.layout.len();
                let begin = |center: &MomentsCenter| {
                    let here = at;
                    at += center.mixing().len();
                    here
                };
                Some(moments.centers.iter().map(begin).collect())
            }
            _ => None,
        };
        let networks = self.layout.networks.iter().map(|network| Weights::new(network, networks)).collect();
        Ok(Ready { expansion, networks, mixing })
    }

    /// Puts the scaled descriptors of some atoms of one species into the block.
    fn describe(
        &self,
        ready: &Ready<'_>,
        (frame, species, atoms): (usize, usize, &[u32]),
        displacement: Option<Displacement<'_>>,
        work: &mut Work,
    ) {
        let scaling = &self.scalings[species];
        work.block.resize(scaling.len(), atoms.len());
        if work.atoms.len() < atoms.len() {
            work.atoms.resize_with(atoms.len(), AtomWork::default);
        }
        for ((i, own), mut x) in atoms.iter().zip(&mut work.atoms).zip(work.block.inputs.column_iter_mut()) {
            let AtomWork { environment, places, expansion } = own;
            self.frames[frame].fill(*i as usize, displacement, environment, places);
            let x = x.as_mut_slice();
            ready.expansion.values(species, environment, expansion, x);
            for ((x, shift), factor) in x.iter_mut().zip(scaling.shift()).zip(scaling.factor()) {
                *x = (*x - shift) * factor + scaling.offset();
            }
        }
    }

    /// Predicted minus reference rows of a frame.
    fn rows(&self, ready: &Ready<'_>, frame: usize, work: &mut Work) -> Vec<f64> {
        let target = &self.targets[frame];
        let mut rows = vec![0.0; target.references.len()];
        for (species, members) in self.frames[frame].members.iter().enumerate() {
            for atoms in members.chunks(BLOCK) {
                self.describe(ready, (frame, species, atoms), None, work);
                rows[0] += work.block.evaluate(&ready.networks[species]).iter().sum::<f64>();
                let Work { atoms: own, block, pairs, slopes } = work;
                for ((i, own), g) in atoms.iter().zip(own).zip(block.slopes.column_iter()) {
                    slopes.clear();
                    slopes.extend(g.iter().zip(self.scalings[species].factor()).map(|(g, f)| g * f));
                    let AtomWork { environment, places, expansion } = own;
                    pairs.reset(environment.len());
                    ready.expansion.gradients(species, environment, expansion, slopes, pairs);
                    add_pairs(&mut rows[1..], target.atoms, *i as usize, environment, places, pairs);
                }
            }
        }
        target.finish(&mut rows);
        rows
    }

    /// Adds `scale`·∂E/∂θ of a displaced frame.
    fn add_energy_gradient(
        &self,
        ready: &Ready<'_>,
        frame: usize,
        displacement: Displacement<'_>,
        scale: f64,
        work: &mut Work,
        out: &mut [f64],
    ) {
        for (species, members) in self.frames[frame].members.iter().enumerate() {
            let network = &self.layout.networks[species];
            for atoms in members.chunks(BLOCK) {
                self.describe(ready, (frame, species, atoms), Some(displacement), work);
                work.block.evaluate(&ready.networks[species]);
                work.block.add_gradient(network, scale, out);
                let Some(mixing) = &ready.mixing else { continue };
                let Work { atoms: own, block, slopes, .. } = work;
                for (own, g) in own.iter_mut().zip(block.slopes.column_iter()) {
                    slopes.clear();
                    slopes.extend(g.iter().zip(self.scalings[species].factor()).map(|(g, f)| g * f));
                    ready.expansion.slopes(species, &mut own.expansion, slopes);
                    let each = ready.expansion.mixing_gradient(species, &mut own.expansion);
                    for (out, x) in out[mixing[species]..].iter_mut().zip(each) {
                        *out += scale * x;
                    }
                }
            }
        }
    }
}

impl Objective for Displaced<'_> {
    fn targets(&self) -> &[Target] {
        self.targets
    }

    fn train(&self) -> &[usize] {
        self.train
    }

    fn loss(&self) -> &Loss {
        self.loss
    }

    fn differences(&self, theta: &[f64], frames: &[usize]) -> Result<Vec<Vec<f64>>> {
        let ready = self.ready(theta)?;
        let one = |work: &mut Work, frame: &usize| self.rows(&ready, *frame, work);
        Ok(frames.par_iter().map_init(Work::default, one).collect())
    }

    fn gradient(&self, theta: &[f64], frames: &[usize]) -> Result<Descent> {
        let ready = self.ready(theta)?;
        let one = |work: &mut Work, frame: &usize| {
            let rows = self.rows(&ready, *frame, work);
            let adjoints = self.targets[*frame].adjoints(self.loss, &rows);
            let (a, direction) = (adjoints[0], &adjoints[1..]);
            let mut gradient = vec![0.0; theta.len()];
            // (a h ± 1)/2h at ±h; without anything to displace, the energy alone.
            let (step, slope) = match self.frames[*frame].step(direction, STEP) {
                Some(step) => (step, 0.5 / step),
                None => (0.0, 0.0),
            };
            for sign in [1.0, -1.0] {
                let displacement = Displacement { direction, step: sign * step };
                let scale = 0.5 * a + sign * slope;
                self.add_energy_gradient(&ready, *frame, displacement, scale, work, &mut gradient);
            }
            (gradient, rows)
        };
        let each: Vec<_> = frames.par_iter().map_init(Work::default, one).collect();
        let mut descent = Descent::zero(theta.len());
        for (frame, (gradient, rows)) in frames.iter().zip(each) {
            descent.loss += self.targets[*frame].penalty(self.loss, &rows);
            descent.gradient.iter_mut().zip(gradient).for_each(|(t, g)| *t += g);
            descent.differences.push(rows);
        }
        Ok(descent)
    }
}
