//! `mlmd serve`: forces for another program.

use super::options::{PotentialChoice, Reading, StructureChoice};
use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::bridge::{Address, ipi::Session};
use crate::compute::{Engine, Options};
use crate::error::Result;
use crate::units::{Dimension, parse};
#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

/// Compute forces for another program over the socket protocol of i-PI, which ASE speaks too
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The other program listens and moves the atoms, which STRUCTURE has in the order in which they are there; start it first \
                        or within --wait:\n\n\
                        i-PI    <ffsocket mode='unix' name='driver'> <address> li3n </address> </ffsocket>\n\
                        \x20       mlmd serve POTENTIAL start.xyz --unix li3n\n\
                        ASE     SocketIOCalculator(unixsocket='li3n')\n\
                        \x20       mlmd serve POTENTIAL start.xyz --unix li3n"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    potential: PotentialChoice,
    #[command(flatten)]
    structure: StructureChoice,
    /// A socket of this machine: a path, or the NAME of /tmp/ipi_NAME
    #[cfg(unix)]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["host", "port"], help_heading = "Connecting")]
    unix: Option<PathBuf>,
    /// The machine on which the other program listens
    #[arg(long, value_name = "HOST", default_value = "localhost", help_heading = "Connecting")]
    host: String,
    /// The port at which it does
    #[arg(long, value_name = "PORT", default_value_t = 31415, help_heading = "Connecting")]
    port: u16,
    /// How long to wait for it
    #[arg(long, value_name = "TIME", default_value = "30 s", value_parser = time, help_heading = "Connecting")]
    wait: Duration,
    #[command(flatten)]
    reading: Reading,
}

fn time(text: &str) -> Result<Duration, String> {
    let femtoseconds = parse(text, Dimension::TIME).map_err(|error| error.to_string())?;
    Duration::try_from_secs_f64(1e-15 * femtoseconds).map_err(|_| "expected a time of at least 0 s".into())
}

impl Arguments {
    fn address(&self) -> Address {
        #[cfg(unix)]
        if let Some(name) = &self.unix {
            let is_name = name.components().count() == 1;
            return Address::Unix(if is_name {
                format!("/tmp/ipi_{}", name.display()).into()
            } else {
                name.clone()
            });
        }
        Address::Network { host: self.host.clone(), port: self.port }
    }

    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let (potential, _) = self.potential.load(&[&self.structure.file], &self.reading, terminal)?;
        let mut system = self.structure.read(&self.reading)?.to_system()?;
        let options = Options { threads: self.potential.threads(), ..Options::default() };
        let mut engine = Engine::new(potential, options)?;
        // An element without a network is better found before the other program waits.
        engine.evaluate(&system)?;
        let address = self.address();
        terminal.note(&format!("{}, {} atoms, for {address}", system.formula(), system.len()));
        let mut session = Session::new(address.connect(self.wait)?, address.to_string());
        let before = engine.time();
        let mut shown = Progress::new(terminal, "evaluations", None);
        let count = session.serve(&mut engine, &mut system, &mut |count| shown.set(count))?;
        drop(shown);
        let spent = engine.time().saturating_sub(before).as_secs_f64();
        let each = 1e6 * spent / (count.max(1) as f64 * system.len().max(1) as f64);
        terminal::print(&format!("{count} evaluations in {spent:.1} s: {each:.2} µs per atom\n"))
    }
}
