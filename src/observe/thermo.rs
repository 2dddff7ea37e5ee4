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
