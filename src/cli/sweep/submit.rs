//! `mlmd sweep submit`: a job array for a cluster.

use super::super::amounts::counted;
use super::super::terminal::{self, Terminal};
use super::write;
use crate::error::{Error, Result};
use crate::input::{Device, DeviceKind, SweepPlan};
use crate::potential::Precision;
use crate::units::{self, Dimension};
use crate::workflow::sweep::{Array, Scheduler, Submission, WARNING, quoted, submission};
use std::fmt::Write;
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
    /// Try tasks again that failed for good
    #[arg(long)]
    retry: bool,
    /// Hand the script over to the scheduler, too
    #[arg(long)]
    submit: bool,
}

/// A time limit: twice as long at least as before its end a job is told to stop.
fn seconds(text: &str) -> Result<u64, String> {
    let femtoseconds = units::parse(text.trim(), Dimension::TIME).map_err(|error| error.to_string())?;
    let seconds = femtoseconds * 1e-15;
    let shortest = 2 * WARNING;
    if (shortest as f64..=1e8).contains(&seconds) {
        Ok(seconds.round() as u64)
    } else {
        Err(format!(
            "expected a time limit between {} min and 27000 h, not `{text}`: {WARNING} s before its end a job is told to stop",
            shortest / 60
        ))
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
            retry: self.retry,
            program: std::env::current_exe().map_err(Error::io("mlmd", "find"))?,
        };
        if array.gpus > 0 && !may_use_device(&plan.device) {
            terminal.warn("the plan computes on the processor; for --gpus it needs [device] kind = \"gpu\"");
        }
        if array.gpus == 0 && plan.device.kind == DeviceKind::Gpu {
            terminal
                .warn("the plan computes on a graphics processor, and the jobs ask for none: --gpus 1 does");
        }
        let found = submission(&plan.output.directory, &manifest, &array)?;
        let left_out = left_out(&found);
        let Some(script) = &found.script else {
            return terminal::print(&format!("nothing is left to do{left_out}\n"));
        };
        if !left_out.is_empty() {
            terminal::print(&format!(
                "{} in {}{left_out}\n",
                counted(found.tasks, "task"),
                counted(found.jobs, "job")
            ))?;
        }
        let most = scheduler.largest_array();
        if found.jobs > most {
            let per_job = found.tasks.div_ceil(most);
            terminal.warn(&format!(
                "this is an array of {} jobs, and schedulers as they come take {most}: --per-job {per_job} makes {} of them",
                found.jobs,
                found.tasks.div_ceil(per_job)
            ));
        }
        if self.submit {
            return hand_over(scheduler, script);
        }
        let command = match scheduler {
            Scheduler::Slurm => "sbatch ",
            Scheduler::Pbs => "qsub ",
            Scheduler::Lsf => "bsub < ",
        };
        let shown = script.display();
        terminal::print(&format!("script  {shown}\nsubmit  {command}{}\n", word(script)))
    }
}

/// Tasks that are not done and that no job is written for, in words.
fn left_out(found: &Submission) -> String {
    let mut text = String::new();
    if found.running > 0 {
        let run = if found.running == 1 { "runs" } else { "run" };
        let _ = write!(text, "; {} {run} now, and what runs it goes on", counted(found.running, "task"));
    }
    if found.failed > 0 {
        let _ = write!(text, "; {} failed for good: --retry tries again", counted(found.failed, "task"));
    }
    text
}

/// A path as the shell takes it.
fn word(path: &Path) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+');
    let text = path.display().to_string();
    if text.chars().all(fine) { text } else { quoted(path) }
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
