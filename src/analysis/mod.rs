//! Trajectory to numbers: transport with errors that hold, structure, motion.
//!
//! | file | what it holds |
//! |---|---|
//! | `estimate` | [`Estimate`]: a value with error, interval, effective sample size, unit; [`Refusal`]: why there is none |
//! | [`special`] | distribution functions |
//! | `unwrap` | continuous paths through periodic images, in boxes of changing size |
//! | `multitau` | mean squared displacements at logarithmic lags in constant memory |
//! | `msd` | [`Msd`]: mean squared displacements, of one run or of replicas |
//! | `motion` | [`Motion`]: frames in, displacements against a drift reference out |
//! | `clock` | when the frames were |
//! | `kinetic` | the temperature that velocities have |
//! | `crystal` | [`Crystal`]: where the framework is, from which places are counted |
//! | `series` | the collective displacement of each element |
//! | `line` | slopes of mean squared displacements by generalised least squares |
//! | `scatter` | how much a slope scatters between ions and from one stretch of time to the next |
//! | `tracer` | the tracer diffusivity D* |
//! | `charge` | conductivity, Onsager matrix, Haven ratio |
//! | `finite_size` | [`without_images`]: diffusivities of liquids in an infinite box |
//! | `transport` | [`Transport`]: all of it at one temperature |
//! | `watch` | [`Watch`]: everything at once, frame by frame |
//! | `radial` | [`Radial`]: radial distribution functions |
//! | `van_hove`, `van_hove_counter` | [`VanHove`]: where an ion is after a time, and where the others are |
//! | `fourier` | Fourier transforms and the correlations they make |
//! | `velocity` | [`Velocities`]: autocorrelation, vibrational density of states |
//! | `green_kubo` | [`GreenKubo`]: conductivity from the current |
//! | `density` | [`DensityMap`]: where the mobile ions are |
//! | `sites`, `site_grid` | [`Sites`]: where ions stay, and which of them is nearest |
//! | `hop_counter`, `hops` | [`HopCounter`], [`Hops`]: how long ions stay, and where they go from there |
//! | `stays` | how long ions stay at a site, with the stays that the end of a run cut |
//! | `arrhenius` | temperature dependence and extrapolation |
//! | [`synthetic`] | systems whose answers are known, for the coverage study |

mod arrhenius;
mod charge;
mod clock;
mod crystal;
mod density;
mod estimate;
mod finite_size;
mod fourier;
mod green_kubo;
mod hop_counter;
mod hops;
mod kinetic;
mod line;
mod motion;
mod msd;
mod multitau;
mod radial;
mod scatter;
mod series;
mod site_grid;
mod sites;
pub mod special;
mod stays;
pub mod synthetic;
mod tracer;
mod transport;
mod unwrap;
mod van_hove;
mod van_hove_counter;
mod velocity;
mod watch;

pub use arrhenius::{Arrhenius, Fit as ArrheniusFit, Influence, Point, Vtf};
pub use charge::{Charge, Cross, nernst_einstein};
pub use crystal::Crystal;
pub(crate) use density::alike;
pub use density::{DensityMap, Projection};
pub use estimate::{Digits, Estimate, Refusal};
pub use finite_size::without_images;
pub use green_kubo::GreenKubo;
pub use hop_counter::HopCounter;
pub use hops::Hops;
pub use motion::{DriftReference, Moment, Motion, Moved, Settings, Species};
pub use msd::Msd;
pub use multitau::MultiTau;
pub use radial::{PairCounter, Radial};
pub use series::Series;
pub use sites::{LEAST_PEAK, Sites};
pub use tracer::{Choice, Tracer, Window};
pub use transport::{Transport, mean_temperature};
pub use unwrap::Unwrapper;
pub use van_hove::VanHove;
pub use van_hove_counter::VanHoveCounter;
pub use velocity::{Velocities, VelocityCounter};
pub use watch::{Wanted, Watch, Watched};
