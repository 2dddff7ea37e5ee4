//! Energies, temperature and pressure as CSV.

use super::Observer;
use super::table::Table;
use crate::error::Result;
use crate::md::State;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use std::fmt::Write as _;
use std::path::Path;

/// The columns of `thermo.csv`, with their units.
const HEADER: &str = "step,time_fs,temperature_K,potential_energy_eV,kinetic_energy_eV,conserved_energy_eV,\
                      pressure_GPa,volume_A3,a_A,b_A,c_A,alpha_deg,beta_deg,gamma_deg\n";

/// Writes one row of energies every so many steps.
#[derive(Debug)]
pub struct Thermo {
    every: u64,
    table: Table,
    /// Does its table have angles? One that was begun before there were any goes on without.
    angles: bool,
}

impl Thermo {
    /// Rows go into `path`, one every `every` steps.
    pub fn new(path: impl AsRef<Path>, every: u64) -> Self {
        Self { every, table: Table::new(path.as_ref().to_path_buf(), HEADER), angles: true }
    }
}

impl Observer for Thermo {
    fn every(&self) -> u64 {
        self.every
    }

    fn observe(&mut self, state: &State, conserved: f64) -> Result<()> {
        let system = &state.system;
        // What is not periodic has neither volume nor edges.
        let bulk = system.cell.is_bulk();
        let known = |x: f64| if bulk { x } else { f64::NAN };
        let [a, b, c] = system.cell.lengths().map(known);
        // Shortest decimals that give the same numbers back.
        let mut row = format!(
            "{},{},{},{},{},{},{},{},{a},{b},{c}",
            system.step,
            system.time,
            state.temperature(),
            state.energy,
            state.kinetic_energy(),
            conserved,
            known(state.pressure() * EV_PER_ANGSTROM3_IN_GPA),
            known(system.cell.volume()),
        );
        if self.angles {
            let [alpha, beta, gamma] = system.cell.angles().map(known);
            // Writing into a string cannot fail.
            let _ = write!(row, ",{alpha},{beta},{gamma}");
        }
        row.push('\n');
        self.table.push(&row)
    }

    fn mark(&mut self) -> Result<Vec<u64>> {
        Ok(vec![self.table.mark()?])
    }

    fn rewind(&mut self, mark: &[u64]) -> Result<()> {
        let length = mark.first().copied().unwrap_or(0);
        self.angles = length == 0 || self.table.begins_as_now()?;
        self.table.rewind(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::{Engine, Options};
    use crate::potential::{LennardJones, LennardJonesPair, Truncation};
    use crate::system::{Cell, Mat3, System, Vec3};
    use crate::units::{BOLTZMANN, Dimension, parse};

    /// What a row says of argon in a slanted cell is what follows from velocities, from the cell, and from how the energy
    /// falls with the volume: P = 2K/3V − dU/dV, whose central difference over 1e-4 of the edges is good to 1e-7 or so.
    #[test]
    fn a_row_says_how_the_state_is() {
        let pair = LennardJonesPair { epsilon: 0.0104, sigma: 3.4, cutoff: 6.0 };
        let potential = LennardJones::alike(pair, Truncation::Smooth { from: 5.0 }).unwrap();
        let mut engine = Engine::new(Box::new(potential), Options { skin: 0.5, threads: 1 }).unwrap();
        let cell = Cell::new([[6.0, 0.0, 0.0], [1.5, 6.5, 0.0], [-1.0, 0.8, 7.0]], [true; 3]).unwrap();
        let positions =
            [[0.0, 0.0, 0.0], [3.1, 3.3, 0.2], [0.4, 3.0, 3.6], [3.4, 0.3, 3.2]].map(Vec3::from).to_vec();
        let mut system = System::new(cell, vec!["Ar".parse().unwrap(); 4], positions).unwrap();
        system.set_temperature(90.0, 3).unwrap();
        (system.step, system.time) = (7, 14.0);
        let state = State::new(system.clone(), vec![], &mut engine).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("thermo.csv");
        let mut thermo = Thermo::new(&path, 1);
        thermo.observe(&state, 12.5).unwrap();
        thermo.mark().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let row: Vec<f64> = text.lines().nth(1).unwrap().split(',').map(|x| x.parse().unwrap()).collect();

        let mut at = |strain: f64| {
            let strained = system.strained(&(Mat3::identity() * strain)).unwrap();
            engine.evaluate(&strained).unwrap().energy
        };
        let (potential, slope) = (at(0.0), (at(1e-4) - at(-1e-4)) / 2e-4);
        let amu = parse("1 amu", Dimension::MASS).unwrap();
        let kinetic: f64 =
            system.masses.iter().zip(&system.velocities).map(|(m, v)| 0.5 * m * amu * v.norm_squared()).sum();
        let volume = 6.0 * 6.5 * 7.0;
        let pressure =
            (2.0 * kinetic - slope) / (3.0 * volume) / parse("1 GPa", Dimension::PRESSURE).unwrap();
        let [a, b, c] = system.cell.rows().map(Vec3::from);
        let angle = |x: Vec3, y: Vec3| (x.dot(&y) / (x.norm() * y.norm())).acos().to_degrees();
        let expected = [
            7.0,
            14.0,
            2.0 * kinetic / (9.0 * BOLTZMANN),
            potential,
            kinetic,
            12.5,
            pressure,
            volume,
            a.norm(),
            b.norm(),
            c.norm(),
            angle(b, c),
            angle(a, c),
            angle(a, b),
        ];
        assert_eq!(row.len(), expected.len());
        for ((found, expected), name) in row.iter().zip(expected).zip(HEADER.split(',')) {
            assert!((found / expected - 1.0).abs() < 1e-5, "{name}: {found}, not {expected}");
        }
    }
}
