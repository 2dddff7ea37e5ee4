//! `mlmd sweep`: many runs from one plan.

mod submit;
mod table;

use self::table::table;
use super::amounts::{counted, duration, threads};
use super::options::Restart;
use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::input::SweepPlan;
use crate::workflow::dynamics::Stop;
use crate::workflow::sweep::{
    Ended, Local, Manifest, State, Status, gather, prepare, preview, run_local, run_task, status,
};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Many runs from one plan: structures × potentials × temperatures × replicas
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "mlmd sweep PLAN.toml           write a folder with an input for each task\n\
                        mlmd sweep run PLAN.toml       write them and run what is not done\n\
                        mlmd sweep submit PLAN.toml    write a job array for a cluster instead\n\
                        mlmd sweep status PLAN.toml    what became of them\n\
                        mlmd sweep gather PLAN.toml    one result for each candidate, candidates.csv, index.html\n\n\
                        `mlmd help input structures` and `mlmd help input sweep` explain the plan; its other tables are \
                        those of a run."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    job: Option<Job>,
    /// The plan (TOML)
    #[arg(required = true)]
    plan: Option<PathBuf>,
    /// Check everything, list the candidates, write nothing
    #[arg(long)]
    dry_run: bool,
    /// What to do with results of tasks whose input has changed: `fresh` deletes them
    #[arg(long, value_name = "HOW")]
    restart: Option<Restart>,
}

#[derive(Debug, clap::Subcommand)]
enum Job {
    /// Write the tasks and run here what is not done, as many at once as the cores allow
    Run {
        /// The plan (TOML)
        plan: PathBuf,
        /// Try tasks again that failed for good
        #[arg(long)]
        retry: bool,
        /// Threads for all tasks together; all cores if absent
        #[arg(long, value_name = "N")]
        threads: Option<usize>,
        /// What to do with results of tasks whose input has changed: `fresh` deletes them
        #[arg(long, value_name = "HOW")]
        restart: Option<Restart>,
    },
    /// What is done, running, failed and why, and how long the rest will take
    Status {
        /// The plan (TOML)
        plan: PathBuf,
        /// A line for each task
        #[arg(long)]
        tasks: bool,
    },
    /// Analyse what is done: one result for each candidate, and one table of all
    Gather {
        /// The plan (TOML)
        plan: PathBuf,
    },
    /// Write a job array for what is not done, for Slurm, PBS or LSF
    Submit(submit::Arguments),
    /// Run one task, as a job array does
    Task {
        /// Its folder
        folder: PathBuf,
        /// Threads; all cores if absent
        #[arg(long, value_name = "N")]
        threads: Option<usize>,
        /// Try it again if it failed for good
        #[arg(long)]
        retry: bool,
    },
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let fresh = |restart: Option<Restart>| matches!(restart, Some(Restart::Fresh));
        match (self.job, self.plan) {
            (None, Some(path)) if self.dry_run => {
                let prepared = preview(&SweepPlan::read_file(path)?)?;
                prepared.warnings.iter().for_each(|warning| terminal.warn(warning));
                terminal::print(&candidates(&prepared.manifest))
            }
            (None, Some(path)) => {
                write(&SweepPlan::read_file(path)?, fresh(self.restart), terminal).map(drop)
            }
            (Some(Job::Run { plan, retry, threads, restart }), _) => {
                let plan = SweepPlan::read_file(plan)?;
                let mut manifest = write(&plan, fresh(restart), terminal)?;
                // The time limit is that of the job, however often replicas are added.
                let stop = Stop::listen(plan.run.wall_time)?;
                loop {
                    run(&plan, &manifest, threads, retry, &stop, terminal)?;
                    // What the tasks have shown may ask for more of them.
                    let again = prepare(&plan, false)?;
                    if again.new == 0 {
                        return Ok(());
                    }
                    let plural = if again.new == 1 { " is" } else { "s are" };
                    terminal
                        .note(&format!("{} replica{plural} added where the budget is not enough", again.new));
                    manifest = again.manifest;
                }
            }
            (Some(Job::Status { plan, tasks }), _) => {
                let plan = SweepPlan::read_file(plan)?;
                let manifest = known(&plan, terminal)?;
                terminal::print(&table(&manifest, &status(&plan.output.directory, &manifest), tasks))
            }
            (Some(Job::Gather { plan }), _) => collect(&SweepPlan::read_file(plan)?, terminal),
            (Some(Job::Submit(arguments)), _) => arguments.execute(terminal),
            (Some(Job::Task { folder, threads, retry }), _) => one(&folder, threads, retry, terminal),
            (None, None) => Err(Error::invalid("expected a plan: mlmd sweep PLAN.toml")),
        }
    }
}

/// Threads of the machine, or as many as are asked for.
fn all_threads(asked: Option<usize>) -> usize {
    asked.filter(|threads| *threads > 0).unwrap_or_else(threads)
}

/// Writes the tasks and says what was written.
fn write(plan: &SweepPlan, fresh: bool, terminal: Terminal) -> Result<Manifest> {
    let prepared = prepare(plan, fresh)?;
    let manifest = prepared.manifest;
    let tasks = manifest.tasks().count();
    terminal::print(&format!(
        "{}\n{}, {}, {} of them new, in {}\n",
        manifest.title,
        counted(manifest.candidates.len(), "candidate"),
        counted(tasks, "task"),
        prepared.new,
        plan.output.directory.display()
    ))?;
    for candidate in &manifest.candidates {
        if let Some(reason) = &candidate.broken {
            terminal.warn(&format!("{} cannot be run: {reason}", candidate.name));
        }
    }
    prepared.warnings.iter().for_each(|warning| terminal.warn(warning));
    match manifest.candidates.first().and_then(|first| first.broken.as_ref()) {
        Some(reason) if tasks == 0 => Err(Error::invalid(format!("no candidate can be run: {reason}"))),
        _ => Ok(manifest),
    }
}

/// The candidates of a plan, one a line.
fn candidates(manifest: &Manifest) -> String {
    let width = manifest.candidates.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
    let mut text = format!(
        "{}\n{}, {}\n",
        manifest.title,
        counted(manifest.candidates.len(), "candidate"),
        counted(manifest.tasks().count(), "task")
    );
    for candidate in &manifest.candidates {
        let what = match (&candidate.broken, &candidate.formula) {
            (Some(reason), _) => format!("cannot be run: {reason}"),
            (None, formula) => format!(
                "{:>9}, {} atoms, {}",
                counted(candidate.tasks.len(), "task"),
                candidate.atoms.unwrap_or(0),
                formula.as_deref().unwrap_or_default()
            ),
        };
        let _ = writeln!(text, "  {:width$}  {what}", candidate.name);
    }
    text
}

fn run(
    plan: &SweepPlan,
    manifest: &Manifest,
    threads: Option<usize>,
    retry: bool,
    stop: &Stop,
    terminal: Terminal,
) -> Result<()> {
    let root = &plan.output.directory;
    let local = Local { threads: all_threads(threads.or(plan.device.threads)), retry };
    let before = status(root, manifest);
    if before.iter().any(|status| !status.state.is_final()) {
        let lanes = local.lanes(root, manifest);
        terminal.note(&format!(
            "{} at a time on {}",
            counted(lanes, "task"),
            counted(local.threads, "thread")
        ));
    }
    let steps: Vec<u64> =
        before.iter().map(|s| if s.state == State::Done { s.steps } else { s.step }).collect();
    let total = before.iter().map(|status| status.steps).sum();
    let begun: u64 = steps.iter().sum();
    let display = Progress::new(terminal, "steps", Some(total)).telling(Box::new(|rate, left| {
        format!("{rate:.0} steps/s, {} left", duration(Duration::from_secs_f64(left.clamp(0.0, 1e9))))
    }));
    let progress = Mutex::new((steps, display));
    let names: Vec<String> = manifest.tasks().map(|(_, task)| task.folder.display().to_string()).collect();
    let ended = run_local(
        root,
        manifest,
        local,
        stop,
        &|index, done| {
            // Who finds the display busy does not wait for it: the next step tells more.
            if let Ok(mut progress) = progress.try_lock() {
                progress.0[index] = done.step;
                let sum = progress.0.iter().sum();
                progress.1.set_from(begun, sum);
            }
        },
        &|index, ended| match ended {
            Ended::Done => terminal.note(&format!("{}: done", names[index])),
            Ended::Failed(_, reason) => terminal.warn(&format!("{}: {reason}", names[index])),
            Ended::Interrupted(_) => {}
            Ended::Elsewhere => terminal.note(&format!("{}: another mlmd works on it", names[index])),
        },
    )?;
    drop(progress);
    let now = status(root, manifest);
    terminal::print(&table(manifest, &now, false))?;
    conclude(root, &ended, &now, stop)
}

/// The exit code: interrupted if something is left to do, a failure only if it is that of the machine or of everything.
fn conclude(root: &Path, ended: &[(usize, Ended)], now: &[Status], stop: &Stop) -> Result<()> {
    let disk = ended.iter().find_map(|(_, how)| match how {
        Ended::Failed(4, reason) => Some(reason.clone()),
        _ => None,
    });
    if let Some(reason) = disk {
        let source = std::io::Error::other(reason);
        return Err(Error::Io { path: root.into(), action: "go on".into(), source });
    }
    if let Some(reason) = stop.reason() {
        return Err(Error::Interrupted(format!("stopped by {reason}; the same command goes on from here")));
    }
    let open = now.iter().filter(|status| !status.state.is_final()).count();
    if open > 0 {
        // What is wrong with the files of a task is not written down as its end.
        let refused = ended.iter().find_map(|(_, how)| match how {
            Ended::Failed(2, reason) => Some(reason.clone()),
            _ => None,
        });
        let left = counted(open, "task");
        return Err(match refused {
            Some(reason) => Error::invalid(format!("{left} could not be run: {reason}")),
            None => Error::Interrupted(format!(
                "{left} not done, as another mlmd works on them; the same command goes on when it has ended"
            )),
        });
    }
    let reasons = now.iter().filter_map(|status| match &status.state {
        State::Failed { reason, .. } => Some(reason),
        _ => None,
    });
    match reasons.clone().next() {
        Some(first) if reasons.count() == now.len() => {
            Err(Error::Physics(format!("every task failed: {first}")))
        }
        _ => Ok(()),
    }
}

/// The tasks there are, which may be those of an earlier plan.
fn known(plan: &SweepPlan, terminal: Terminal) -> Result<Manifest> {
    let manifest = Manifest::read(&plan.output.directory)?;
    if !manifest.is_of(plan) {
        terminal.warn(
            "the plan has changed since its tasks were written: this is of the tasks as they are; `mlmd sweep PLAN.toml` \
             brings them up to date, or says what keeps it from that",
        );
    }
    Ok(manifest)
}

fn collect(plan: &SweepPlan, terminal: Terminal) -> Result<()> {
    let manifest = known(plan, terminal)?;
    let mut progress = Progress::new(terminal, "frames", None);
    let gathered = gather(plan, &manifest, &mut |done| progress.set(done))?;
    drop(progress);
    let mut text = format!("{}\n", manifest.title);
    let width = gathered.rows.iter().map(|row| cell(row.get("candidate")).chars().count()).max().unwrap_or(0);
    for row in &gathered.rows {
        let reason = cell(row.get("reason"));
        let reason = if reason.is_empty() { String::new() } else { format!("  {reason}") };
        let (name, state) = (cell(row.get("candidate")), cell(row.get("state")));
        let _ = writeln!(text, "  {name:width$}  {state:8}{reason}");
    }
    let _ = write!(text, "table     {}\noverview  {}\n", gathered.table.display(), gathered.page.display());
    terminal::print(&text)?;
    // Part of a sweep is a result; nothing is none.
    let first = || gathered.rows.first().map(|row| cell(row.get("reason"))).unwrap_or_default();
    if gathered.found > 0 {
        Ok(())
    } else if gathered.waiting > 0 {
        Err(Error::Interrupted("nothing is done yet: the table has no numbers".into()))
    } else if manifest.tasks().next().is_none() {
        Err(Error::invalid(format!("no candidate can be run: {}", first())))
    } else {
        Err(Error::Physics(format!("no candidate has a result: {}", first())))
    }
}

/// A cell as a person reads it.
fn cell(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, String::from)
}

/// How long a task waits for another process that has it: that of a job which was just killed ends soon.
const PATIENCE: Duration = Duration::from_secs(20);

fn one(folder: &Path, threads: Option<usize>, retry: bool, terminal: Terminal) -> Result<()> {
    let stop = Stop::listen(None)?;
    let mut progress: Option<Progress> = None;
    let begun = Instant::now();
    let ended = loop {
        let ended = run_task(folder, all_threads(threads), 0, retry, &stop, &mut |done| {
            let bar = progress.get_or_insert_with(|| {
                Progress::new(terminal, "steps", Some(done.total)).telling(Box::new(|rate, left| {
                    format!(
                        "{rate:.0} steps/s, {} left",
                        duration(Duration::from_secs_f64(left.clamp(0.0, 1e9)))
                    )
                }))
            });
            bar.set_from(done.begun, done.step);
        })?;
        if ended != Ended::Elsewhere || begun.elapsed() >= PATIENCE {
            break ended;
        }
        if let Some(reason) = stop.reason() {
            break Ended::Interrupted(format!("stopped by {reason} before it began"));
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    drop(progress);
    let name = folder.display();
    match ended {
        Ended::Done => terminal::print(&format!("{name}: done\n")),
        Ended::Elsewhere => Err(Error::Busy(format!("{name}: another mlmd works on it"))),
        Ended::Interrupted(reason) => Err(Error::Interrupted(format!("{name}: {reason}"))),
        Ended::Failed(3, reason) => Err(Error::Physics(format!("{name}: {reason}"))),
        Ended::Failed(4, reason) => Err(Error::Io {
            path: folder.into(),
            action: "run".into(),
            source: std::io::Error::other(reason),
        }),
        Ended::Failed(_, reason) => Err(Error::invalid(format!("{name}: {reason}"))),
    }
}
