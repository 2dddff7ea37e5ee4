//! Replicas and temperatures become one result for each candidate, and all candidates one table.

use super::content;
use super::input::in_memory;
use super::manifest::{Listed, Manifest, TaskEntry, replace};
use super::prepare::first_line;
use super::state::{State, of_task};
use super::target;
use super::task;
use crate::analysis::Estimate;
use crate::error::{Error, Result};
use crate::input::{Structure, SweepPlan};
use crate::report::{Law, Overview, Report, Row, Shown, csv, json_lines};
use crate::workflow::analyze::{Request, trajectory_in};
use crate::workflow::dynamics::lock;
use std::path::{Path, PathBuf};

/// What was gathered, and where it lies.
#[derive(Debug)]
pub struct Gathered {
    /// A row for each candidate, in the order of the plan.
    pub rows: Vec<Row>,
    /// How many candidates have at least some of their runs.
    pub found: usize,
    /// How many have none yet, but can be run.
    pub waiting: usize,
    /// The table as CSV; beside it lie the same as lines of JSON and the overview page.
    pub table: PathBuf,
    /// The overview page.
    pub page: PathBuf,
}

/// Analyses what is recorded of every candidate and writes `candidates/NAME/`, `candidates.csv`, `candidates.jsonl`
/// and `index.html`. Candidates without a result have rows, too, with the reason. `progress` is told the number of
/// frames read.
pub fn gather(plan: &SweepPlan, manifest: &Manifest, progress: &mut dyn FnMut(u64)) -> Result<Gathered> {
    let root = &plan.output.directory;
    // Two that write the same pages would spoil both.
    let _alone = lock(&root.join("candidates"))?;
    let mut overview = Overview {
        title: manifest.title.clone(),
        lead: format!("{} candidates, {} tasks", manifest.candidates.len(), manifest.tasks().count()),
        temperature: compared(plan),
        ..Overview::default()
    };
    let (mut rows, mut frames) = (Vec::new(), 0);
    for candidate in &manifest.candidates {
        let found = Found::of(root, manifest, candidate);
        let (mut row, mut shown) = (found.row(plan), found.shown());
        let begin = frames;
        let mut tick = |done: u64| {
            frames = begin + done;
            progress(frames);
        };
        match found.result(plan, &mut tick) {
            Some(Ok(report)) => {
                let folder = root.join("candidates").join(&candidate.name);
                report.write(&folder)?;
                shown.take(&report);
                shown.link = Some(format!("candidates/{}/report.html", candidate.name));
                fill(&mut row, &mut shown, plan, &report);
            }
            Some(Err(error @ Error::Internal(_))) => return Err(error),
            // What a task has lost is the failure of its candidate; a table that cannot be written is that of all.
            Some(Err(Error::Io { path, action, source })) if !path.starts_with(root.join("tasks")) => {
                return Err(Error::Io { path, action, source });
            }
            Some(Err(error)) if !found.done.is_empty() => {
                (shown.state, shown.reason) = ("failed", first_line(&error));
                row.set("state", "failed");
                row.set("reason", shown.reason.clone());
            }
            // Too little is recorded yet.
            Some(Err(_)) => {
                shown.state = "waiting";
                row.set("state", "waiting");
            }
            None => {}
        }
        rows.push(row);
        overview.candidates.push(shown);
    }
    let (table, page) = (root.join("candidates.csv"), root.join("index.html"));
    replace(&table, &csv(&rows))?;
    replace(&root.join("candidates.jsonl"), &json_lines(&rows))?;
    replace(&page, &overview.html())?;
    let count =
        |states: &[&str]| overview.candidates.iter().filter(|own| states.contains(&own.state)).count();
    Ok(Gathered { found: count(&["complete", "partial"]), waiting: count(&["waiting"]), rows, table, page })
}

/// The temperature at which candidates are compared: the first that is predicted.
fn compared(plan: &SweepPlan) -> f64 {
    predicted(plan).first().copied().unwrap_or(300.0)
}

fn predicted(plan: &SweepPlan) -> Vec<f64> {
    plan.analysis.arrhenius.as_ref().map_or_else(|| vec![300.0], |table| table.predict.clone())
}

/// A candidate with what there is of it.
struct Found<'a> {
    root: &'a Path,
    candidate: &'a Listed,
    /// The tasks that are done.
    done: Vec<&'a TaskEntry>,
    /// Those that are not and have recorded something, as after `produce` became longer.
    begun: Vec<&'a TaskEntry>,
    /// How many cannot be finished.
    failed: usize,
    state: &'static str,
    reason: String,
}

impl<'a> Found<'a> {
    fn of(root: &'a Path, manifest: &Manifest, candidate: &'a Listed) -> Self {
        let (mut done, mut begun, mut failures, mut open) = (Vec::new(), Vec::new(), Vec::<String>::new(), 0);
        for entry in &candidate.tasks {
            let folder = root.join(&entry.folder);
            let status = of_task(root, entry);
            let mut fail = |reason: &str| {
                failures.push(format!("{} K, replica {}: {reason}", entry.temperature, entry.replica));
            };
            if let Some(what) = content::foreign(&folder, manifest, candidate) {
                fail(&format!("it was run with another {what}"));
                continue;
            }
            match status.state {
                State::Done => done.push(entry),
                State::Failed { reason, .. } => fail(&reason),
                _ => {
                    open += 1;
                    // A checkpoint: what is before it has been written.
                    if status.step > 0 && trajectory_of(root, entry).exists() {
                        begun.push(entry);
                    }
                }
            }
        }
        let mut reasons = Vec::new();
        if let Some(first) = failures.first() {
            reasons.push(format!("{} of {} tasks failed: {first}", failures.len(), candidate.tasks.len()));
        }
        reasons.extend(done.iter().filter_map(|entry| target::remark(&root.join(&entry.folder), entry)));
        if open > 0 {
            let so_far =
                if begun.is_empty() { "" } else { ", and count where what is recorded tells something" };
            reasons.push(format!("{open} of {} tasks are not done{so_far}", candidate.tasks.len()));
        }
        let state = match (&candidate.broken, done.len()) {
            (Some(_), _) => "broken",
            (None, n) if n == candidate.tasks.len() => "complete",
            (None, 0) if open == 0 => "failed",
            (None, 0) if begun.is_empty() => "waiting",
            _ => "partial",
        };
        let reason = candidate.broken.clone().unwrap_or_else(|| reasons.join("; "));
        Self { root, candidate, done, begun, failed: failures.len(), state, reason }
    }

    /// The columns that every candidate has, whatever became of it.
    fn row(&self, plan: &SweepPlan) -> Row {
        let candidate = self.candidate;
        let (mut row, dynamics) = (Row::default(), &plan.dynamics);
        row.set("candidate", candidate.name.clone());
        row.set("state", self.state);
        row.set("reason", self.reason.clone());
        row.set("formula", candidate.formula.clone());
        row.set("atoms", candidate.atoms);
        row.set("structure_sha256", candidate.structure_hash.clone());
        row.set("source", candidate.source.display().to_string());
        row.set("potential", candidate.potential.clone());
        row.set("potential_sha256", candidate.potential_hash.clone());
        let mobile: Vec<String> = plan.analysis.mobile.iter().map(ToString::to_string).collect();
        row.set("mobile", mobile.join(" "));
        for temperature in predicted(plan) {
            row.set_estimate(&sigma(temperature), None);
        }
        row.set_estimate("Ea_eV", None);
        for course in &dynamics.temperature {
            let t = course.from;
            for element in &mobile {
                row.set_estimate(&format!("D_{element}_{t}K_cm2_s"), None);
            }
            row.set_estimate(&sigma(t), None);
            row.set_estimate(&format!("haven_{t}K"), None);
        }
        row.set("tasks", candidate.tasks.len());
        row.set("tasks_done", self.done.len());
        row.set("tasks_failed", self.failed);
        let (mut steps, mut produced, mut seconds) = (0, 0.0, 0.0);
        for entry in &candidate.tasks {
            let step = of_task(self.root, entry).step;
            steps += step;
            produced += step.saturating_sub(dynamics.equilibration_steps()) as f64 * entry.timestep;
            seconds += task::timings(&self.root.join(&entry.folder)).0;
        }
        row.set("production_ps", produced / 1e3);
        row.set("atom_steps", steps * candidate.atoms.unwrap_or(0) as u64);
        row.set("core_hours", seconds / 3600.0);
        row.set("flags", "");
        row.set("mlmd", crate::VERSION);
        row.set("result", serde_json::Value::Null);
        row
    }

    fn shown(&self) -> Shown {
        Shown {
            name: self.candidate.name.clone(),
            formula: self.candidate.formula.clone().unwrap_or_default(),
            state: self.state,
            reason: self.reason.clone(),
            ..Shown::default()
        }
    }

    /// The report of all that is recorded; of what is done alone where the rest is too little for the analyses. `None`:
    /// there is nothing.
    fn result(&self, plan: &SweepPlan, tick: &mut dyn FnMut(u64)) -> Option<Result<Report>> {
        let all = [&self.done[..], &self.begun[..]].concat();
        if all.is_empty() {
            return None;
        }
        let whole = self.report(plan, &all, tick);
        let again = whole.is_err() && !self.begun.is_empty() && !self.done.is_empty();
        Some(if again { self.report(plan, &self.done, tick) } else { whole })
    }

    /// The same analyses as those of a run, over all these replicas and temperatures. Nothing in the result
    /// tells where and when the tasks were run.
    fn report(&self, plan: &SweepPlan, runs: &[&TaskEntry], tick: &mut dyn FnMut(u64)) -> Result<Report> {
        let candidate = self.candidate;
        let structure = Structure { file: candidate.source.clone(), ..plan.structures.pattern.clone() };
        let request = Request::of_plan(&in_memory(plan, &structure, 0))
            .ok_or_else(|| Error::Internal("a sweep without analyses".into()))?;
        let trajectory = |entry: &&TaskEntry| (trajectory_of(self.root, entry), Some(entry.temperature));
        let known = |name: &str, value: Option<&String>| Some((name.to_string(), value?.clone()));
        let provenance = [
            Some(("candidate".to_string(), candidate.name.clone())),
            known("formula", candidate.formula.as_ref()),
            known("structure sha256", candidate.structure_hash.as_ref()),
            known("potential", candidate.potential.as_ref()),
            known("potential sha256", candidate.potential_hash.as_ref()),
            Some(("seed".to_string(), plan.seed.to_string())),
        ];
        let request = Request {
            title: format!("{}: {}", plan.title.as_deref().unwrap_or("Sweep"), candidate.name),
            trajectories: runs.iter().map(trajectory).collect(),
            provenance: provenance.into_iter().flatten().collect(),
            ..request
        };
        let mut report = request.report(tick)?;
        report.provenance.retain(|(name, _)| name != "command");
        for file in report.sections.iter_mut().flat_map(|section| &mut section.files) {
            if let Ok(inside) = file.strip_prefix(self.root) {
                *file = inside.to_path_buf();
            }
        }
        Ok(report)
    }
}

/// Where a task writes its trajectory.
fn trajectory_of(root: &Path, entry: &TaskEntry) -> PathBuf {
    trajectory_in(&task::run_folder(&root.join(&entry.folder), entry.temperature))
}

/// The column of a conductivity.
fn sigma(temperature: f64) -> String {
    format!("sigma_{temperature}K_S_cm")
}

/// Takes the numbers of a report over into the row of its candidate.
fn fill(row: &mut Row, shown: &mut Shown, plan: &SweepPlan, report: &Report) {
    let compared = compared(plan);
    if let Some(Ok(fit)) = report.laws.iter().find(|law| law.key == "conductivity").map(|law| &law.fit) {
        for (t, estimate) in &fit.predictions {
            row.set_estimate(&sigma(*t), Some(estimate));
        }
        row.set_estimate("Ea_eV", Some(&fit.energy));
        shown.energy = Some(fit.energy.clone());
        shown.conductivity = fit.predictions.iter().find(|(t, _)| *t == compared).map(|(_, e)| e.clone());
    }
    for section in &report.sections {
        let Some(t) = section.nominal else { continue };
        for (element, tracer) in &section.transport.tracers {
            let found: Option<&Estimate> = tracer.as_ref().ok().map(|tracer| &tracer.diffusivity);
            row.set_estimate(&format!("D_{element}_{t}K_cm2_s"), found);
        }
        // What was simulated goes before what was extrapolated.
        if let Ok(charge) = &section.transport.charge {
            row.set_estimate(&sigma(t), Some(&charge.conductivity));
            row.set_estimate(&format!("haven_{t}K"), Some(&charge.haven));
            if t == compared {
                shown.conductivity = Some(charge.conductivity.clone());
            }
        }
    }
    if shown.conductivity.is_none() {
        let mut reasons: Vec<String> = report.laws.iter().filter_map(why_not).collect();
        let sections = report.sections.iter();
        reasons.extend(
            sections.filter_map(|section| section.transport.charge.as_ref().err().map(ToString::to_string)),
        );
        if let Some(first) = reasons.first() {
            let reason = format!("no conductivity at {compared} K: {first}");
            shown.reason =
                if shown.reason.is_empty() { reason } else { format!("{}; {reason}", shown.reason) };
            row.set("reason", shown.reason.clone());
        }
    }
    row.set("flags", report.warnings().join("; "));
    row.set("result", format!("candidates/{}/result.json", shown.name));
}

/// Why there is no law of the conductivity.
fn why_not(law: &Law) -> Option<String> {
    let refusal = law.fit.as_ref().err().filter(|_| law.key == "conductivity")?;
    Some(refusal.to_string())
}
