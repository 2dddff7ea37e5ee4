//! Analyses: intervals that hold, the command, other programs.

mod command;
mod coverage;
mod exact;
mod missing;
mod peers;
mod schema;
