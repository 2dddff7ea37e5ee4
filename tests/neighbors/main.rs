//! Neighbour lists against their definition, against each other and against other programs.

mod definition;
mod systems;
mod verlet;
