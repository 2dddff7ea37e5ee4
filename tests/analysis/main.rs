//! Analyses: intervals that hold.

mod coverage;
