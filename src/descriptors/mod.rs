//! From an atomic environment to numbers.
//!
//! A descriptor maps the neighbours of an atom to a vector G that does not change when the system is
//! translated, rotated or when equal atoms are exchanged. Its use is always the same, atom by atom:
//! [`Descriptor::values`] gives G, a network turns G into an energy and g = ∂E/∂G, and
//! [`Descriptor::gradients`] contracts g with ∂G/∂r_ij, one vector per neighbour. ∂G/∂r itself is never
//! stored.

mod chebyshev;
mod cutoff;
mod environment;
mod expansion;
mod moments;
mod scaling;
mod symmetry;

pub use chebyshev::{Chebyshev, ChebyshevCenter, chebyshev_by_pairs};
pub use cutoff::{Core, Cutoff, CutoffShape};
pub use environment::{Environment, Vectors};
#[cfg(feature = "gpu")]
pub(crate) use expansion::{Angles, Part, Plan};
pub use expansion::{Expansion, ExpansionWork};
pub use moments::{
    AngularInvariants, Channels, Coupling, FourProduct, Moments, MomentsCenter, MomentsSize, RadialFunctions,
    Resolution,
};
pub use scaling::{Scaling, ScalingKind, Statistics};
pub use symmetry::{
    Angle, CompactCore, Radial, SymmetryFunction, SymmetryFunctions, SymmetryKernel, SymmetryWork,
};

use crate::lanes::Real;

/// Descriptors of one kind for every central species, in precision `T`.
///
/// Species are small numbers here: indices into the list of elements the potential was made for.
pub trait Descriptor<T: Real>: Send + Sync {
    /// What [`Descriptor::values`] leaves for [`Descriptor::gradients`] of the same atom, and buffers.
    type Work: Default + Send;

    /// How many numbers describe an atom of species `center`.
    fn len(&self, center: usize) -> usize;

    /// How far the environment reaches, Å.
    fn cutoff(&self) -> f64;

    /// Within this distance a neighbour costs most of its work, Å. Whoever fills an [`Environment`] should
    /// put the neighbours of each species that are nearer than this before the others: only for speed.
    fn inner_cutoff(&self) -> f64 {
        self.cutoff()
    }

    /// G of an atom of species `center`; `values` has [`Descriptor::len`] entries, which are overwritten.
    fn values(&self, center: usize, environment: &Environment<T>, work: &mut Self::Work, values: &mut [T]);

    /// Adds p_ij = Σ_s g_s ∂G_s/∂r_ij to `pairs` for every neighbour j of the atom whose values were
    /// computed last with this `work`.
    fn gradients(
        &self,
        center: usize,
        environment: &Environment<T>,
        work: &mut Self::Work,
        g: &[T],
        pairs: &mut Vectors<T>,
    );
}
