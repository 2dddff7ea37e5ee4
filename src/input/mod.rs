//! The TOML language of `mlmd run`, `mlmd train`, `mlmd sweep` and `mlmd screen`: text becomes a typed plan, with diagnostics.
//!
//! The language itself: [`Source`] and [`Item`] are TOML that knows where it stands; [`kind`] says what a
//! key may hold; [`Table`] and [`Keys`] declare the keys of a table, once for reading, defaults, checks
//! and documentation; [`Schema`] is what the declarations say.
//!
//! Its tables, one file each: [`Plan`] is the whole input of a run, [`train::TrainPlan`] of a training,
//! [`SweepPlan`] of a sweep, [`ScreenPlan`] of a screening.

pub mod changes;
pub mod help;
mod keys;
pub mod kind;
mod schema;
mod set;
mod source;
mod syntax;
mod tree;
mod whole;

mod analysis;
mod barostat;
mod defects;
mod device;
mod dynamics;
mod guards;
pub mod label;
mod learn;
mod output;
mod plan;
mod potential;
mod relax;
mod run;
mod screen;
mod structure;
mod structures;
mod sweep;
mod thermostat;
pub mod train;

pub use keys::{Key, Keys, Literal, Table};
pub use schema::{Form, KeyDoc, Presence, Schema};
pub use source::{Place, Source};
pub use tree::{Entry, Item, Node};

pub use analysis::{Analysis, Arrhenius, SitesFrom};
pub use barostat::{Barostat, CRescale, Mtk};
pub use defects::{Interstitials, Substitutions, Vacancies};
pub use device::{Device, DeviceKind};
pub use dynamics::{Dynamics, Velocities};
pub use guards::{CellGuard, DisagreementGuard, DistanceGuard, ExtrapolationGuard, Guards, TemperatureGuard};
pub use label::LabelPlan;
pub use learn::{Choose, LearnPlan, Until};
pub use output::{Checkpoint, Output, Thermo, Trajectory, TrajectoryFormat};
pub use plan::Plan;
pub use potential::{BuckinghamCoulombTable, LennardJonesTable, PotentialChoice, ZblTable};
pub use relax::Relax;
pub use run::Run;
pub use screen::{Acquisition, Filter, Objective, Predictor, ScoreTerm, ScreenPlan, Surrogate};
pub use structure::Structure;
pub use structures::{Change, Structures, Varied};
pub use sweep::{NamedPotential, StopWhen, Sweep, SweepPlan};
pub use thermostat::{Csvr, Langevin, NoseHoover, Thermostat};
