//! The density of neighbours around an atom, expanded in radial functions and spherical harmonics, and the
//! invariants of that expansion: what the Artrith–Urban–Ceder descriptor and mlmd's own have in common.
//!
//! Cost per atom is n·(L + 1)² for n neighbours and degree L, however many species, weights and products
//! there are: sums are taken species by species and combined afterwards; gradients go the other way round,
//! from ∂E/∂G to the derivative with respect to each sum, once per atom, and from there to each neighbour.

mod angular;
mod harmonics;
mod invariants;
mod pairs;
mod plan;
mod products;
mod radial;
mod series;
mod shell;

pub(super) use harmonics::MAX_DEGREE;
pub(crate) use invariants::Angles;
pub(super) use invariants::Invariants;
pub(super) use plan::Local;
pub(crate) use plan::{Part, Plan};
pub(super) use products::Product;
pub(super) use radial::MAX_TERMS;

use super::{Descriptor, Environment, Vectors};
use crate::lanes::Real;
use angular::{Angular, AngularWork};
use pairs::add_radial_pairs;
use radial::RadialWork;

/// An expansion with its invariants for every central species, compiled for one precision.
///
/// Sums over neighbours are taken in precision `T`, everything that is done once per atom in double
/// precision.
#[derive(Debug, Clone)]
pub struct Expansion<T> {
    centers: Vec<Center<T>>,
    cutoff: f64,
    inner_cutoff: f64,
}

/// What belongs to one central species.
#[derive(Debug, Clone)]
struct Center<T> {
    radial: Part,
    angular: Option<Angular<T>>,
    order: Vec<usize>,
}

/// What is known of the atom in hand.
#[derive(Debug, Default)]
pub struct ExpansionWork<T> {
    radial: RadialWork<T>,
    angular: AngularWork<T>,
    /// G, then g, with the radial part first.
    raw: Vec<f64>,
}

impl<T: Real> Expansion<T> {
    /// Compiles the plans of all central species.
    pub(super) fn new(plans: Vec<Plan>) -> Self {
        let cutoff = plans.iter().map(Plan::cutoff).fold(0.0, f64::max);
        let inner = plans.iter().filter_map(|plan| plan.angular.as_ref()).map(|(part, _)| part.cutoff.radius);
        let inner_cutoff = inner.fold(0.0, f64::max);
        let compile = |plan: Plan| Center {
            radial: plan.radial,
            angular: plan.angular.map(|(part, invariants)| Angular::new(part, invariants)),
            order: plan.order,
        };
        Self { centers: plans.into_iter().map(compile).collect(), cutoff, inner_cutoff }
    }

    /// What [`Descriptor::gradients`] does before it looks at single neighbours: all that
    /// [`Expansion::mixing_gradient`] needs.
    pub fn slopes(&self, center: usize, work: &mut ExpansionWork<T>, g: &[T]) {
        let Center { radial, angular, order } = &self.centers[center];
        for (place, raw) in order.iter().zip(&mut work.raw) {
            *raw = g[*place].to_f64();
        }
        let (distances, invariants) = work.raw.split_at(radial.functions);
        radial.slopes(distances, &mut work.radial);
        if let Some(angular) = angular {
            angular.slopes(invariants, &mut work.angular);
        }
    }

    /// Derivatives of Σ g·G of the atom in hand, whose [`Expansion::slopes`] are known, with respect
    /// to the coefficients with which terms are mixed, if they are: by neighbour species, function and
    /// term, those of the radial part first.
    pub fn mixing_gradient(&self, center: usize, work: &mut ExpansionWork<T>) -> Vec<f64> {
        let Center { radial, angular, .. } = &self.centers[center];
        let mut out = Vec::new();
        for (local, sums) in radial.species.iter().zip(work.radial.sums.chunks_exact(radial.terms)) {
            for n in 0..if local.mixing.is_some() { local.rows } else { 0 } {
                let g: f64 = local.targets.iter().map(|(q, weight)| weight * work.raw[q + n]).sum();
                out.extend(sums.iter().map(|sum| g * sum));
            }
        }
        if let Some(angular) = angular {
            angular.mixing_gradient(&mut work.angular, &mut out);
        }
        out
    }
}

impl<T: Real> Descriptor<T> for Expansion<T> {
    type Work = ExpansionWork<T>;

    fn len(&self, center: usize) -> usize {
        self.centers[center].order.len()
    }

    fn cutoff(&self) -> f64 {
        self.cutoff
    }

    fn inner_cutoff(&self) -> f64 {
        self.inner_cutoff
    }

    fn values(
        &self,
        center: usize,
        environment: &Environment<T>,
        work: &mut ExpansionWork<T>,
        values: &mut [T],
    ) {
        let Center { radial, angular, order } = &self.centers[center];
        work.raw.resize(order.len(), 0.0);
        let (distances, invariants) = work.raw.split_at_mut(radial.functions);
        radial.values(environment, &mut work.radial, distances);
        if let Some(angular) = angular {
            angular.values(environment, &mut work.angular, invariants);
        }
        for (place, value) in order.iter().zip(&work.raw) {
            values[*place] = T::of(*value);
        }
    }

    fn gradients(
        &self,
        center: usize,
        environment: &Environment<T>,
        work: &mut ExpansionWork<T>,
        g: &[T],
        pairs: &mut Vectors<T>,
    ) {
        self.slopes(center, work, g);
        if let Some(angular) = &self.centers[center].angular {
            angular.add_pairs(environment, &work.radial, &work.angular, pairs);
        } else {
            add_radial_pairs(environment, &work.radial, pairs);
        }
    }
}
