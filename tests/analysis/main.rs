//! Analyses: intervals that hold, the command, other programs.

mod command;
mod coverage;
mod peers;
mod schema;
