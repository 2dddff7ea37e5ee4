//! Atom-centred symmetry functions (Behler and Parrinello, doi:10.1103/PhysRevLett.98.146401; Behler,
//! doi:10.1063/1.3553717; weighted: Gastegger et al., doi:10.1063/1.5019667; compact: Bircher, Singraber
//! and Dellago, doi:10.1088/2632-2153/abf817).
//!
//! A symmetry function is a radial factor, an angular factor and a choice of neighbours, as *data*:
//! see [`SymmetryFunction`]. All functions of n2p2 and RuNNer (types 2, 3, 9, 12, 13, 20 to 25) are
//! such combinations.
//!
//! | module | what it holds |
//! |---|---|
//! | `factors`, `function`, `set` | what a function is made of; a function; those of a potential, in n2p2's order |
//! | `reference` | the definitions, slowly: the oracle of the tests |
//! | `kernel` | the fast evaluation: [`SymmetryKernel`] |
//! | `scratch` | the memory of one thread |
//! | `plan` | what functions share, found once |
//! | `shell` | the neighbours of an atom, padded to whole vectors |
//! | `envelope`, `exponentials`, `angles` | the factors functions are made of, for many distances or angles |
//! | `radial` | sums over neighbours |
//! | `triplets` | the triplets of an atom, their sides and angles |
//! | `angular`, `grid` | sums over triplets, as products of matrices |
//! | `moments`, `harmonics` | sums over triplets that factor into sums over neighbours |

mod angles;
mod angular;
mod envelope;
mod exponentials;
mod factors;
mod function;
mod grid;
mod harmonics;
mod kernel;
mod moments;
mod plan;
mod radial;
mod reference;
mod scratch;
mod set;
mod shell;
#[cfg(test)]
mod tests;
mod triplets;

pub use factors::{Angle, CompactCore, Radial};
pub use function::SymmetryFunction;
pub use kernel::{SymmetryKernel, SymmetryWork};
pub use set::SymmetryFunctions;
