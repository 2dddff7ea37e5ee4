//! `mlmd sweep` as a person or a script meets it: plans, kills, gathered results, job arrays.

mod adaptive;
mod broken;
mod fixture;
mod local;
// Queues are made of shell scripts and signals.
#[cfg(unix)]
mod queues;
#[path = "../analysis/schema.rs"]
mod schema;
mod screen;
mod shared;
mod slurm;
