//! `mlmd sweep submit`: a job array for a cluster.

use super::super::terminal::{self, Terminal};
use super::write;
use crate::error::{Error, Result};
use crate::input::{Device, DeviceKind, SweepPlan};
use crate::potential::Precision;
use crate::units::{self, Dimension};
use crate::workflow::sweep::{Array, Scheduler, submission};
use std::path::{Path, PathBuf};
use std::process::Command;

// One switch for each scheduler, as `--slurm` reads better than `--scheduler slurm`.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("scheduler").required(true).args(["slurm", "pbs", "lsf"])),
    after_help = "docs/cluster.md explains what happens to a job that is stopped."
)]
pub(super) struct Arguments {
    /// The plan (TOML)
    plan: PathBuf,
    /// A script for Slurm
    #[arg(long)]
    slurm: bool,
    /// A script for PBS
    #[arg(long)]
    pbs: bool,
    /// A script for LSF
    #[arg(long)]
    lsf: bool,
    /// Partition or queue
    #[arg(long, value_name = "NAME")]
    partition: Option<String>,
    /// Account or project
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Time limit of each job
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "24 h")]
    time: u64,
    /// Cores of each job
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    cpus: u16,
    /// Graphics processors of each job
    #[arg(long, value_name = "N", default_value_t = 0)]
    gpus: u16,
    /// Memory of each job, as the scheduler writes it
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// At most so many jobs at a time
    #[arg(long, value_name = "N")]
    at_once: Option<usize>,
    /// Tasks that each job does one after another
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    per_job: u32,
    /// Hand the script over to the scheduler, too
    #[arg(long)]
    submit: bool,
}

/// A time limit: minutes at least, so that there is time for a checkpoint.
fn seconds(text: &str) -> Result<u64, String> {
    let femtoseconds = units::parse(text.trim(), Dimension::TIME).map_err(|error| error.to_string())?;
    let seconds = femtoseconds * 1e-15;
    if (60.0..=1e8).contains(&seconds) {
        Ok(seconds.round() as u64)
    } else {
        Err(format!("expected a time limit between 1 min and 27000 h, not `{text}`"))
    }
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let plan = SweepPlan::read_file(&self.plan)?;
        let manifest = write(&plan, false, terminal)?;
        let scheduler = if self.slurm {
            Scheduler::Slurm
        } else if self.pbs {
            Scheduler::Pbs
        } else {
            Scheduler::Lsf
        };
        let array = Array {
            scheduler,
            partition: self.partition,
            account: self.account,
            time: self.time,
            cpus: usize::from(self.cpus),
            gpus: usize::from(self.gpus),
            memory: self.memory,
            at_once: self.at_once,
            per_job: self.per_job as usize,
            program: std::env::current_exe().map_err(Error::io("mlmd", "find"))?,
        };
        if array.gpus > 0 && !may_use_device(&plan.device) {
            terminal.warn("the plan computes on the processor; for --gpus it needs [device] kind = \"gpu\"");
        }
        if array.gpus == 0 && plan.device.kind == DeviceKind::Gpu {
            terminal
                .warn("the plan computes on a graphics processor, and the jobs ask for none: --gpus 1 does");
        }
        let Some(script) = submission(&plan.output.directory, &manifest, &array)? else {
            return terminal::print("nothing is left to do\n");
        };
        if self.submit {
            return hand_over(scheduler, &script);
        }
        let command = match scheduler {
            Scheduler::Slurm => "sbatch ",
            Scheduler::Pbs => "qsub ",
            Scheduler::Lsf => "bsub < ",
        };
        terminal::print(&format!("script  {0}\nsubmit  {command}{0}\n", script.display()))
    }
}

/// Can a plan make anything of a graphics processor?
fn may_use_device(device: &Device) -> bool {
    match device.kind {
        DeviceKind::Cpu => false,
        DeviceKind::Auto => device.precision == Precision::Mixed,
        DeviceKind::Gpu => true,
    }
}

/// Gives the script to the scheduler and prints what it says.
fn hand_over(scheduler: Scheduler, script: &Path) -> Result<()> {
    let mut command = match scheduler {
        Scheduler::Slurm => Command::new("sbatch"),
        Scheduler::Pbs => Command::new("qsub"),
        Scheduler::Lsf => Command::new("bsub"),
    };
    let name = command.get_program().to_string_lossy().into_owned();
    match scheduler {
        Scheduler::Lsf => {
            command.stdin(std::fs::File::open(script).map_err(Error::io(script, "read"))?);
        }
        _ => {
            command.arg(script);
        }
    }
    let output = command.output().map_err(|error| {
        Error::invalid(format!(
            "{name}: {error}\n   expected to be on a machine that submits jobs; the script is {}",
            script.display()
        ))
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::invalid(format!("{name} refused {}: {}", script.display(), said.trim())));
    }
    terminal::print(&format!("{}script  {}\n", String::from_utf8_lossy(&output.stdout), script.display()))
}
