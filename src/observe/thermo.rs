//! Energies, temperature and pressure as CSV.

use super::Observer;
use crate::error::{Error, Result};
use crate::io::open_at;
use crate::md::State;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

/// The columns of `thermo.csv`, with their units.
const HEADER: &str = "step,time_fs,temperature_K,potential_energy_eV,kinetic_energy_eV,conserved_energy_eV,\
                      pressure_GPa,volume_A3,a_A,b_A,c_A\n";

/// Writes one row of energies every so many steps.
#[derive(Debug)]
pub struct Thermo {
    path: PathBuf,
    every: u64,
    file: Option<BufWriter<File>>,
}

impl Thermo {
    /// Rows go into `path`, one every `every` steps; [`Observer::rewind`] opens it.
    pub fn new(path: impl AsRef<Path>, every: u64) -> Self {
        Self { path: path.as_ref().to_path_buf(), every, file: None }
    }

    fn row(&mut self, text: &str) -> Result<()> {
        let path = &self.path;
        let file = self.file.as_mut().ok_or_else(|| Error::Internal("thermo.csv was not opened".into()))?;
        file.write_all(text.as_bytes()).map_err(Error::io(path, "write"))
    }
}

impl Observer for Thermo {
    fn every(&self) -> u64 {
        self.every
    }

    fn observe(&mut self, state: &State, conserved: f64) -> Result<()> {
        let system = &state.system;
        let [a, b, c] = system.cell.lengths();
        // Shortest decimals that give the same numbers back.
        let row = format!(
            "{},{},{},{},{},{},{},{},{a},{b},{c}\n",
            system.step,
            system.time,
            state.temperature(),
            state.energy,
            state.kinetic_energy(),
            conserved,
            state.pressure() * EV_PER_ANGSTROM3_IN_GPA,
            system.cell.volume(),
        );
        self.row(&row)
    }

    fn mark(&mut self) -> Result<Vec<u64>> {
        let Some(file) = &mut self.file else { return Ok(Vec::new()) };
        let length = file
            .flush()
            .and_then(|()| file.get_ref().sync_data())
            .and_then(|()| file.stream_position())
            .map_err(Error::io(&self.path, "write"))?;
        Ok(vec![length])
    }

    fn rewind(&mut self, mark: &[u64]) -> Result<()> {
        let length = mark.first().copied().unwrap_or(0);
        self.file = Some(BufWriter::with_capacity(1 << 16, open_at(&self.path, length)?));
        if length == 0 { self.row(HEADER) } else { Ok(()) }
    }
}
