//! Trajectory to numbers: transport with errors that hold, structure, motion.
//!
//! | file | what it holds |
//! |---|---|
//! | `estimate` | [`Estimate`]: a value with error, interval, effective sample size, unit; [`Refusal`]: why there is none |
//! | [`special`] | distribution functions |
//! | `unwrap` | continuous paths through periodic images, in boxes of changing size |
//! | `multitau` | mean squared displacements at logarithmic lags in constant memory |
//! | `motion` | [`Motion`]: frames in, displacements against a drift reference out |
//! | `series` | the collective displacement of each element |
//! | `line` | slopes of mean squared displacements by generalised least squares |
//! | `tracer` | the tracer diffusivity D* |
//! | `charge` | conductivity, Onsager matrix, Haven ratio |
//! | `transport` | [`Transport`]: all of it at one temperature |
//! | `radial` | [`Radial`]: radial distribution functions |
//! | `arrhenius` | temperature dependence and extrapolation |
//! | [`synthetic`] | systems whose answers are known, for the coverage study |

mod arrhenius;
mod charge;
mod estimate;
mod line;
mod motion;
mod multitau;
mod radial;
mod series;
pub mod special;
pub mod synthetic;
mod tracer;
mod transport;
mod unwrap;

pub use arrhenius::{Arrhenius, Fit as ArrheniusFit, Influence, Point, Vtf};
pub use charge::{Charge, Cross, nernst_einstein};
pub use estimate::{Digits, Estimate, Refusal};
pub use motion::{DriftReference, Motion, Moved, Settings, Species};
pub use multitau::{Msd, MultiTau};
pub use radial::{PairCounter, Radial};
pub use series::Series;
pub use tracer::{Choice, Tracer, Window};
pub use transport::Transport;
pub use unwrap::Unwrapper;
