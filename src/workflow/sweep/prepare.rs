//! A plan becomes folders with an input each. Doing it again changes nothing; a longer plan adds what is new.

use super::candidates::{Candidate, candidates};
use super::content::Hashes;
use super::frames::Reader;
use super::input::{Particular, in_memory};
use super::manifest::{Listed, Manifest, SCHEMA, TaskEntry, replace};
use super::possession::{Tasks, alone};
use super::target::{self, Target};
use super::task::{self, INPUT};
use crate::digest::sha256;
use crate::error::{Error, Result};
use crate::input::SweepPlan;
use crate::input::changes::{self, Written};
use crate::input::kind::Course;
use crate::io::{self, Frame, Precision, WriteOptions};
use crate::workflow::run::Setup;
use crate::workflow::structure;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a plan came to.
#[derive(Debug)]
pub struct Prepared {
    /// The sweep as it is now.
    pub manifest: Manifest,
    /// How many tasks were not there before.
    pub new: usize,
    /// What may not be meant.
    pub warnings: Vec<String>,
}

/// The candidates of a plan and why some cannot be run; nothing is written.
pub fn preview(plan: &SweepPlan) -> Result<Prepared> {
    let (manifest, made) = list(plan, &candidates(plan)?)?;
    Ok(Prepared { new: manifest.tasks().count(), warnings: twins(&manifest, &made), manifest })
}

/// Writes the folder of a sweep: structures, an input for each task, and `sweep.json`.
///
/// Tasks that have results and whose input has changed go on where that decides none of their bits, as a longer production
/// does; others are refused with the difference, unless `fresh`: then their results are deleted. One process writes at a
/// time, and none changes what another works on.
pub fn prepare(plan: &SweepPlan, fresh: bool) -> Result<Prepared> {
    let candidates = candidates(plan)?;
    let root = &plan.output.directory;
    let _alone = alone(root)?;
    let (mut manifest, made) = list(plan, &candidates)?;
    let mut warnings = twins(&manifest, &made);
    let folder = root.join("structures");
    fs::create_dir_all(&folder).map_err(Error::io(&folder, "create the folder"))?;
    let (mut structures, mut inputs) = (Vec::new(), Vec::new());
    let (mut tasks, mut changed, mut rest) = (Tasks::default(), Vec::new(), Vec::new());
    for (listed, made) in manifest.candidates.iter_mut().zip(&made) {
        let Some((candidate, text)) = made else { continue };
        let path = folder.join(format!("{}.extxyz", listed.name));
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
            if let Ok(before) = fs::read_to_string(own.join(INPUT))
                && before != input
            {
                tasks.take(&own)?;
                let results = task::has_results(&own);
                let difference = if results { difference(&before, &input)? } else { String::new() };
                if difference.is_empty() {
                    rest.push(own.clone());
                } else {
                    changed.push((own.clone(), difference));
                }
            }
            inputs.push((own, input));
        }
        structures.push((path, text));
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
    // Before anything is deleted or written.
    tasks.all_taken()?;
    for (own, _) in &changed {
        tasks.hold(own, task::remove_results)?;
    }
    for own in &rest {
        tasks.hold(own, task::forget)?;
    }
    for (path, text) in structures {
        replace(&path, text)?;
    }
    let target = Target::of_plan(plan);
    let mut new = 0;
    for (path, input) in inputs {
        fs::create_dir_all(&path).map_err(Error::io(&path, "create the folder"))?;
        new += usize::from(!path.join(INPUT).exists());
        replace(&path.join(INPUT), &input)?;
        Target::keep(target.as_ref(), &path)?;
    }
    manifest.write(root)?;
    warnings.extend(strays(root, &manifest));
    Ok(Prepared { manifest, new, warnings })
}

/// What is needed to write a candidate that can be run: how it is made, and the file of its structure.
type Made = Option<(Candidate, String)>;

/// Builds every candidate in memory and checks that it goes with its potential.
fn list(plan: &SweepPlan, candidates: &[Candidate]) -> Result<(Manifest, Vec<Made>)> {
    let hashes = plan.potentials.iter().map(|named| Hashes::of(named.choice.file.as_deref()));
    let hashes = hashes.collect::<Result<Vec<_>>>()?;
    let (mut listed, mut made, mut reader) = (Vec::new(), Vec::new(), Reader::default());
    for candidate in candidates {
        let mut entry = Listed {
            name: candidate.name.clone(),
            source: candidate.structure.file.clone(),
            formula: None,
            atoms: None,
            structure_hash: None,
            potential: plan.potentials[candidate.potential].name.clone(),
            potential_hash: hashes[candidate.potential].whole.clone(),
            broken: None,
            tasks: Vec::new(),
        };
        match built(plan, candidate, &mut reader) {
            Ok((setup, frame)) => {
                entry.formula = Some(setup.system.formula());
                entry.atoms = Some(setup.system.len());
                entry.potential = entry.potential.or(Some(setup.engine.potential().description()));
                entry.tasks = tasks(plan, &candidate.name);
                let options = WriteOptions { precision: Precision::Seventeen };
                made.push(Some((candidate.clone(), io::extxyz(&frame, &options)?)));
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
    let files = hashes.into_iter().filter_map(|hashes| Some((hashes.whole?, hashes.files)));
    let manifest = Manifest {
        schema: SCHEMA.to_string(),
        version: crate::VERSION.to_string(),
        title: plan.title.clone().unwrap_or_else(|| "Sweep".to_string()),
        plan: sha256(plan.text.as_bytes()),
        potential_files: files.collect(),
        candidates: listed,
    };
    Ok((manifest, made))
}

/// Candidates of one source, seed and potential that are the same atoms at the same places, as fractions are that come to
/// the same number: the first with its twin.
fn twins(manifest: &Manifest, made: &[Made]) -> Vec<String> {
    let (mut seen, mut found) = (HashMap::new(), Vec::new());
    for (listed, (candidate, text)) in
        manifest.candidates.iter().zip(made).filter_map(|(listed, made)| Some((listed, made.as_ref()?)))
    {
        let key = (&candidate.structure.file, candidate.seed, candidate.potential, sha256(text.as_bytes()));
        if let Some(other) = seen.get(&key) {
            found.push((*other, listed));
        } else {
            seen.insert(key, listed);
        }
    }
    let Some((first, twin)) = found.first() else { return Vec::new() };
    let more = match found.len() - 1 {
        0 => String::new(),
        n => format!(", and {n} more are such twins"),
    };
    vec![format!(
        "{} and {} are the same structure, {}: amounts are rounded to whole atoms{more}",
        first.name,
        twin.name,
        first.formula.as_deref().unwrap_or_default()
    )]
}

/// Folders of tasks that the sweep has no more: a name or a temperature has gone from the plan.
fn strays(root: &Path, manifest: &Manifest) -> Option<String> {
    let inside = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    };
    let known: HashSet<PathBuf> = manifest.tasks().map(|(_, entry)| root.join(&entry.folder)).collect();
    let all = inside(&root.join("tasks")).into_iter().flat_map(|candidate| inside(&candidate));
    let mut gone: Vec<PathBuf> = all.filter(|own| own.join(INPUT).exists() && !known.contains(own)).collect();
    gone.sort();
    let first = gone.first()?.display();
    Some(match gone.len() {
        1 => format!("{first} is of no task of the plan any more; it is left as it is"),
        n => format!(
            "{n} folders are of no task of the plan any more, such as {first}; they are left as they are"
        ),
    })
}

/// The atoms of a candidate, checked against its potential and the analyses.
fn built(plan: &SweepPlan, candidate: &Candidate, reader: &mut Reader) -> Result<(Setup, Frame)> {
    let frame = reader.frame(&candidate.structure)?;
    let mut system = structure::build_of(&frame, &candidate.structure, Some(&plan.dynamics), candidate.seed)?;
    // A task begins at rest, whatever the file of the structure was.
    system.velocities.iter_mut().for_each(|v| *v = crate::system::Vec3::zeros());
    system.images.iter_mut().for_each(|image| *image = [0; 3]);
    (system.step, system.time) = (0, 0.0);
    let frame = Frame::at_rest(&system);
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
