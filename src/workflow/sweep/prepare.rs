//! A plan becomes folders with an input each. Doing it again changes nothing; a longer plan adds what is new.

use super::candidates::{Candidate, candidates};
use super::input::{Particular, in_memory};
use super::manifest::{Listed, Manifest, SCHEMA, TaskEntry, replace};
use super::target::{self, Target};
use super::task::{self, INPUT};
use crate::digest::{self, sha256};
use crate::error::{Error, Result};
use crate::input::SweepPlan;
use crate::input::changes::{self, Written};
use crate::input::kind::Course;
use crate::io::Frame;
use crate::potential;
use crate::workflow::relax;
use crate::workflow::run::Setup;
use crate::workflow::structure;
use std::fs;
use std::path::{Path, PathBuf};

/// What a plan came to.
#[derive(Debug)]
pub struct Prepared {
    /// The sweep as it is now.
    pub manifest: Manifest,
    /// How many tasks were not there before.
    pub new: usize,
}

/// The candidates of a plan and why some cannot be run; nothing is written.
pub fn preview(plan: &SweepPlan) -> Result<Manifest> {
    let (manifest, _) = list(plan, &candidates(plan)?)?;
    Ok(manifest)
}

/// Writes the folder of a sweep: structures, an input for each task, and `sweep.json`.
///
/// Tasks that have results and whose input has changed go on where that decides none of their bits, as a longer production
/// does; others are refused with the difference, unless `fresh`: then their results are deleted.
pub fn prepare(plan: &SweepPlan, fresh: bool) -> Result<Prepared> {
    let (mut manifest, structures) = list(plan, &candidates(plan)?)?;
    let root = &plan.output.directory;
    let folder = root.join("structures");
    fs::create_dir_all(&folder).map_err(Error::io(&folder, "create the folder"))?;
    let (mut inputs, mut changed, mut longer) = (Vec::new(), Vec::new(), Vec::new());
    for (listed, made) in manifest.candidates.iter_mut().zip(&structures) {
        let Some((candidate, frame)) = made else { continue };
        let path = folder.join(format!("{}.extxyz", listed.name));
        let text = text_of(frame, &folder)?;
        listed.structure_hash = Some(sha256(text.as_bytes()));
        let hashes =
            [&listed.structure_hash, &listed.potential_hash].map(|hash| hash.as_deref().unwrap_or("none"));
        for task in &listed.tasks {
            let own = root.join(&task.folder);
            let at = |course: &Course| course.from == task.temperature;
            let particular = Particular {
                candidate: &listed.name,
                potential: candidate.potential,
                temperature: plan.dynamics.temperature.iter().position(at).unwrap_or(0),
                replica: task.replica,
                folder: &own,
                structure: &path,
                hashes,
            };
            let input = particular.text(plan)?;
            let before = fs::read_to_string(own.join(INPUT)).ok();
            if let Some(before) = before.filter(|before| *before != input)
                && task::has_results(&own)
            {
                let difference = difference(&before, &input)?;
                if difference.is_empty() {
                    longer.push(own.clone());
                } else {
                    changed.push((own.clone(), difference));
                }
            }
            inputs.push((own, input));
        }
        inputs.push((path, text));
    }
    if !fresh && let Some((first, difference)) = changed.first() {
        let others = match changed.len() - 1 {
            0 => String::new(),
            n => format!("\n   and {n} more"),
        };
        return Err(Error::invalid(format!(
            "{}: this task has results of another input\n   expected the same plan, another [output] directory, or \
             `--restart fresh`, which deletes them{difference}{others}",
            first.display()
        )));
    }
    for (own, _) in &changed {
        task::remove_results(own)?;
    }
    for own in &longer {
        task::reopen(own)?;
    }
    let target = Target::of_plan(plan);
    let mut new = 0;
    for (path, text) in inputs {
        if path.extension().is_some_and(|ending| ending == "extxyz") && path.starts_with(&folder) {
            replace(&path, &text)?;
            continue;
        }
        fs::create_dir_all(&path).map_err(Error::io(&path, "create the folder"))?;
        new += usize::from(!path.join(INPUT).exists());
        replace(&path.join(INPUT), &text)?;
        Target::keep(target.as_ref(), &path)?;
    }
    manifest.write(root)?;
    Ok(Prepared { manifest, new })
}

/// What is needed to write a candidate that can be run.
type Made = Option<(Candidate, Frame)>;

/// Builds every candidate in memory and checks that it goes with its potential.
fn list(plan: &SweepPlan, candidates: &[Candidate]) -> Result<(Manifest, Vec<Made>)> {
    let hashes = plan.potentials.iter().map(|named| hash_of(named.choice.file.as_deref()));
    let hashes = hashes.collect::<Result<Vec<_>>>()?;
    let (mut listed, mut made) = (Vec::new(), Vec::new());
    for candidate in candidates {
        let mut entry = Listed {
            name: candidate.name.clone(),
            source: candidate.structure.file.clone(),
            formula: None,
            atoms: None,
            structure_hash: None,
            potential: plan.potentials[candidate.potential].name.clone(),
            potential_hash: hashes[candidate.potential].clone(),
            broken: None,
            tasks: Vec::new(),
        };
        match built(plan, candidate) {
            Ok((setup, frame)) => {
                entry.formula = Some(setup.system.formula());
                entry.atoms = Some(setup.system.len());
                entry.potential = entry.potential.or(Some(setup.engine.potential().description()));
                entry.tasks = tasks(plan, &candidate.name);
                made.push(Some((candidate.clone(), frame)));
            }
            // A disk that cannot be read is no property of the candidate.
            Err(error @ Error::Io { .. }) if error.exit_code() == 4 => return Err(error),
            Err(error) => {
                entry.broken = Some(first_line(&error));
                made.push(None);
            }
        }
        listed.push(entry);
    }
    let manifest = Manifest {
        schema: SCHEMA.to_string(),
        version: crate::VERSION.to_string(),
        title: plan.title.clone().unwrap_or_else(|| "Sweep".to_string()),
        plan: sha256(plan.text.as_bytes()),
        candidates: listed,
    };
    Ok((manifest, made))
}

/// The atoms of a candidate, checked against its potential and the analyses.
fn built(plan: &SweepPlan, candidate: &Candidate) -> Result<(Setup, Frame)> {
    let mut system = structure::build(&candidate.structure, Some(&plan.dynamics), candidate.seed)?;
    // A task begins at rest, whatever the file of the structure was.
    system.velocities.iter_mut().for_each(|v| *v = crate::system::Vec3::zeros());
    system.images.iter_mut().for_each(|image| *image = [0; 3]);
    (system.step, system.time) = (0, 0.0);
    let frame = Frame::new(system.cell.clone(), system.species.clone(), system.positions.clone());
    let setup = Setup::of(in_memory(plan, &candidate.structure, candidate.potential), system)?;
    Ok((setup, frame))
}

/// Every temperature and replica of a candidate, replica by replica: the first ones tell most. Those that were found to
/// be needed come last.
fn tasks(plan: &SweepPlan, candidate: &str) -> Vec<TaskEntry> {
    let (dynamics, own) = (&plan.dynamics, plan.sweep.replicas);
    let folder = |course: &Course, replica: u64| {
        PathBuf::from("tasks").join(candidate).join(format!("T{:04}K-{replica}", course.from))
    };
    let numbers: Vec<u64> = dynamics
        .temperature
        .iter()
        .map(|course| {
            let folders: Vec<PathBuf> =
                (1..=own).map(|replica| plan.output.directory.join(folder(course, replica))).collect();
            target::replicas(plan, &folders)
        })
        .collect();
    let most = numbers.iter().copied().max().unwrap_or(own);
    (1..=most)
        .flat_map(|replica| dynamics.temperature.iter().zip(&numbers).map(move |of| (replica, of)))
        .filter(|(replica, (_, number))| replica <= number)
        .map(|(replica, (course, number))| TaskEntry {
            folder: folder(course, replica),
            temperature: course.from,
            replica,
            replicas: *number,
            steps: dynamics.equilibration_steps() + dynamics.steps_in(plan.longest_production()),
            timestep: dynamics.timestep,
        })
        .collect()
}

/// One hash for all files of a potential.
fn hash_of(file: Option<&Path>) -> Result<Option<String>> {
    let Some(path) = file else { return Ok(None) };
    let mut all = String::new();
    for file in potential::files(path)? {
        all.push_str(&digest::of_file(&file)?);
    }
    Ok(Some(sha256(all.as_bytes())))
}

/// A structure as the bytes of its file.
fn text_of(frame: &Frame, folder: &Path) -> Result<String> {
    let path = folder.join("writing.extxyz");
    relax::write(frame, &path)?;
    let text = fs::read_to_string(&path).map_err(Error::io(&path, "read"))?;
    fs::remove_file(&path).map_err(Error::io(&path, "delete"))?;
    Ok(text)
}

/// What is wrong, in one line.
pub(super) fn first_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_string()
}

/// What keeps the results of one input of a task from being gone on with by another: the hashes in its remarks, and
/// values that decide results.
fn difference(before: &str, now: &str) -> Result<String> {
    let remarks = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with('#')).map(str::to_string).collect()
    };
    let [old, new] = [before, now].map(remarks);
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    let written = |text| Written { text, sets: &[] };
    let values = changes::decisive(written(before), written(now))?;
    Ok(gone.chain(come).chain(values).fold(String::new(), |text, line| text + "\n   " + &line))
}
