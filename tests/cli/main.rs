//! The program as a person or a script meets it: arguments, output, messages, exit codes.

mod binary;
mod build;
mod cases;
mod committee;
mod convert;
mod disk;
mod folders;
mod help;
mod info;
mod label;
mod learn;
mod models;
mod potentials;
mod relax;
mod run;
mod serve;
mod signals;
mod start;
mod train;
mod train_data;
mod train_ways;
