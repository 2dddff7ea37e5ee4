//! The graphics processor against the CPU in double precision, on whatever adapter there is: a card, or the
//! program that plays one where Mesa's lavapipe is installed. Where there is none the tests say that they skip.

mod command;
mod dynamics;
mod golden;
mod isobaric;
mod repulsion;
mod resident;
mod support;
mod systems;
mod trust;
