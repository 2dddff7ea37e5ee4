//! One calculation: a frame, its folder, and the labels that are read from there.

use super::shell;
use super::template::{self, Template};
use crate::digest::hexadecimal;
use crate::error::{Error, Result};
use crate::input::LabelPlan;
use crate::input::label::{FAILURE, LABELS, LOG};
use crate::io::{self, Frame, Precision, ReadOptions, Value, WriteOptions};
use crate::system::{Mat3, Vec3};
use crate::train::dataset::{FORCES_STD, PREDICTED};
use crate::workflow::dynamics::{Stop, lock_unless_taken};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Lattice vectors and atoms of an output may be printed with so few digits, Å.
const SAME: f64 = 2e-3;

/// How readers say that a calculation did not converge.
const UNCONVERGED: [&str; 2] = ["converged", "scf_converged"];

/// Files of a calculation, as they are for all frames.
#[derive(Debug, Clone)]
pub(super) struct Files {
    /// Those that go into its folder.
    pub(super) templates: Vec<Template>,
    /// Hashes of those that it reads where they are.
    pub(super) depends: Vec<String>,
    /// The folder of the plan.
    pub(super) here: PathBuf,
}

/// A frame that wants labels, and the folder where they are made.
#[derive(Debug, Clone)]
pub(super) struct Calculation {
    /// The frame as it was given.
    frame: Frame,
    /// Its atoms in the order of the calculation.
    order: Vec<usize>,
    folder: PathBuf,
}

/// How a calculation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// There are labels, of atoms in the order of the calculation.
    Labelled(Box<Frame>),
    /// There will be none, and why.
    Failed(String),
    /// It was stopped before its end.
    Stopped,
    /// Another process works on it.
    Elsewhere,
}

impl Calculation {
    /// Where a frame is computed: the name of the folder follows from structure and files.
    pub(super) fn new(frame: Frame, plan: &LabelPlan, files: &Files) -> Result<Self> {
        let rank = |k: &usize| {
            let element = frame.species[*k];
            let place = plan.elements.iter().position(|known| *known == element);
            (place.unwrap_or(plan.elements.len()), element.symbol())
        };
        let mut order: Vec<usize> = (0..frame.len()).collect();
        order.sort_by_key(rank);
        if let Some(stranger) =
            frame.species.iter().find(|e| !plan.elements.is_empty() && !plan.elements.contains(e))
        {
            return Err(Error::invalid(format!(
                "{}: there is {stranger} in this frame, which is not among the `elements` of the calculation",
                frame.origin
            )));
        }
        if files.templates.iter().any(Template::has_cell) && frame.cell.present() != [true; 3] {
            return Err(Error::invalid(format!(
                "{}: this frame has no cell of three lattice vectors to stand in the files of the calculation",
                frame.origin
            )));
        }
        let asked = ordered(&frame, &order);
        let mut hash = Sha256::new();
        hash.update(io::extxyz(&asked, &WriteOptions { precision: Precision::Seventeen })?);
        hash.update(plan.structure.as_deref().unwrap_or_default());
        for template in &files.templates {
            hash.update(&template.name);
            hash.update(template.identity(&asked));
        }
        files.depends.iter().for_each(|known| hash.update(known));
        let folder = plan.directory.join(&hexadecimal(hash)[..16]);
        Ok(Self { frame, order, folder })
    }

    /// Where it is computed.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is known of it without computing anything.
    pub(super) fn known(&self) -> Result<Option<Ended>> {
        let done = self.folder.join(LABELS);
        if done.exists() {
            let frames = io::read_all(&done, &ReadOptions::default())?;
            return Ok(frames.into_iter().next().map(|labels| Ended::Labelled(Box::new(labels))));
        }
        let failed = io::read_if_there(&self.folder.join(FAILURE))?;
        Ok(failed.map(|why| Ended::Failed(String::from_utf8_lossy(&why).trim().to_string())))
    }

    /// Computes it, unless it is done; one that failed is tried again if `retry`.
    pub(super) fn run(&self, plan: &LabelPlan, files: &Files, retry: bool, stop: &Stop) -> Result<Ended> {
        let Some(lock) = lock_unless_taken(&self.folder)? else { return Ok(Ended::Elsewhere) };
        match self.known()? {
            Some(Ended::Failed(_)) if retry => io::remove_if_there(&self.folder.join(FAILURE))?,
            Some(known) => return Ok(known),
            None => {}
        }
        let asked = ordered(&self.frame, &self.order);
        files.templates.iter().try_for_each(|file| file.write(&asked, &files.here, &self.folder))?;
        if let Some(name) = &plan.structure {
            let mut writer =
                io::create(&self.folder.join(name), None, &WriteOptions { precision: Precision::Seventeen })?;
            writer.write(&asked)?;
            writer.finish()?;
        }
        // What a process that was killed has left says nothing.
        let output = self.folder.join(&plan.output);
        io::remove_if_there(&output)?;
        let log = self.folder.join(LOG);
        let command = template::command(&plan.command, &files.here);
        let Some(status) = shell::run(&command, &self.folder, &log, &lock, stop)? else {
            return Ok(Ended::Stopped);
        };
        if matches!(status.code(), Some(126 | 127)) {
            let said = last_line(&read_text(&log));
            return Err(Error::invalid(format!("`{}` cannot be run: {said}", plan.command)));
        }
        let found = read(&output).and_then(|found| check(&found, &asked).map(|()| found));
        let ended = |why: &str| format!("{why} ({}; {})", status_of(status), complaint(&output, &log));
        let labels = match found {
            Ok(found) if status.success() || plan.ignore_status => found,
            Ok(_) => return self.fail(&ended("it ended badly")),
            Err(why) if status.success() => return self.fail(&why),
            Err(why) => return self.fail(&ended(&why)),
        };
        let labels = Frame { energy: labels.energy, forces: labels.forces, stress: labels.stress, ..asked };
        let options = WriteOptions { precision: Precision::Seventeen };
        let mut writer = io::create_whole(&self.folder.join(LABELS), None, &options)?;
        writer.write(&labels)?;
        writer.finish()?;
        Ok(Ended::Labelled(Box::new(labels)))
    }

    /// Remembers why there will be no labels.
    fn fail(&self, why: &str) -> Result<Ended> {
        io::replace(&self.folder.join(FAILURE), format!("{why}\n"))?;
        Ok(Ended::Failed(why.to_string()))
    }

    /// The frame that was given, with the labels of its calculation.
    pub(super) fn labelled(&self, labels: &Frame, plan: &LabelPlan) -> Frame {
        let mut frame = self.frame.clone();
        frame.energy = labels.energy;
        frame.forces = labels.forces.as_ref().map(|forces| {
            let mut own = forces.clone();
            for (force, k) in forces.iter().zip(&self.order) {
                own[*k] = *force;
            }
            own
        });
        frame.stress = labels.stress.map(|stress| stress - Mat3::identity() * plan.basis_stress);
        (frame.velocities, frame.images, frame.atomic_energies) = (None, None, None);
        // What a potential said of it, and labels of another kind, which a reader might take for these.
        let is_label =
            |key: &str, parts: &[&str]| parts.iter().any(|part| key.to_ascii_lowercase().contains(part));
        frame.info.retain(|key, _| {
            !PREDICTED.contains(&key.as_str()) && !is_label(key, &["energy", "virial", "stress"])
        });
        frame.columns.retain(|key, _| key != FORCES_STD && !is_label(key, &["force", "energy", "energies"]));
        frame
    }
}

/// Cell and atoms alone, in another order.
fn ordered(frame: &Frame, order: &[usize]) -> Frame {
    let (species, positions) = order.iter().map(|k| (frame.species[*k], frame.positions[*k])).unzip();
    Frame::new(frame.cell.clone(), species, positions)
}

/// The last structure of an output with its labels, or why there are none.
fn read(output: &Path) -> Result<Frame, String> {
    if !output.exists() {
        return Err(format!("it left no {}", output.file_name().unwrap_or_default().to_string_lossy()));
    }
    let frames = io::read_all(output, &ReadOptions::default()).map_err(|error| told(&error))?;
    let found = frames.into_iter().next_back().ok_or("its output holds no structure")?;
    if UNCONVERGED.iter().any(|key| found.info.get(*key) == Some(&Value::Flag(false))) {
        return Err("its self-consistency was not reached".to_string());
    }
    let energy = found.energy.ok_or("its output holds no energy")?;
    let forces = found.forces.as_ref().ok_or("its output holds no forces")?;
    // With smearing, forces and stress are derivatives of the free energy, which ASE writes beside the one without entropy.
    let free = match found.info.get("free_energy") {
        Some(Value::Real(free)) => *free,
        Some(Value::Integer(free)) => *free as f64,
        _ => energy,
    };
    if free.is_finite() && forces.iter().all(|force| force.iter().all(|x| x.is_finite())) {
        return Ok(Frame { energy: Some(free), ..found });
    }
    Err("its energy or forces are not finite numbers".to_string())
}

/// Is this structure the one that was asked for?
fn check(found: &Frame, asked: &Frame) -> Result<(), String> {
    if found.species != asked.species {
        let [found, asked] = [found, asked].map(Frame::formula);
        return Err(format!("its output is of {found}, in another order or of another formula than {asked}"));
    }
    let vectors = (0..3).filter(|k| asked.cell.periodic()[*k]);
    let apart = vectors
        .map(|k| (Vec3::from(found.cell.rows()[k]) - Vec3::from(asked.cell.rows()[k])).abs().max())
        .fold(0.0, f64::max);
    if apart > SAME {
        return Err(format!("the cell of its output is another one, by {apart:.3} Å"));
    }
    let pairs = asked.positions.iter().zip(&found.positions);
    let moved = pairs.map(|(a, b)| asked.cell.shortest(&(a - b)).norm()).fold(0.0, f64::max);
    if moved > SAME {
        return Err(format!(
            "the atoms of its output have moved, by {moved:.3} Å: expected a calculation of the structure as it is"
        ));
    }
    Ok(())
}

/// `exit status: 5` or the signal that ended it.
fn status_of(status: ExitStatus) -> String {
    status.to_string().replace(" (core dumped)", "")
}

/// What is wrong and what was expected, in one line.
fn told(error: &Error) -> String {
    error.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// With these words Quantum ESPRESSO, CP2K and VASP begin to say why they give up.
const GIVEN_UP: [&str; 3] = ["Error in routine", "[ABORT]", "VERY BAD NEWS"];

/// Why a command failed: what its program says of it, else the last line that was printed. Where a launcher of parallel
/// programs has the last word, it says nothing of the reason.
fn complaint(output: &Path, log: &Path) -> String {
    let texts = [output, log].map(read_text);
    texts.iter().find_map(|text| given_up(text)).unwrap_or_else(|| last_line(&texts[1]))
}

/// The line in which a program gives up, and the next, without the frame around them.
fn given_up(text: &str) -> Option<String> {
    let mut lines =
        text.lines().map(|line| line.trim_matches(|c: char| c.is_whitespace() || "*%|!".contains(c)));
    let what = lines.by_ref().find(|line| GIVEN_UP.iter().any(|words| line.contains(words)))?;
    let why = lines.find(|line| line.contains(char::is_alphanumeric)).unwrap_or_default();
    Some(format!("{what} {}", why.trim_start_matches(['\\', '_', '/', ' '])).chars().take(300).collect())
}

fn read_text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// The last line with a word of what a command printed.
fn last_line(text: &str) -> String {
    let last = text.lines().rev().map(str::trim).find(|line| line.contains(char::is_alphanumeric));
    last.unwrap_or("it printed nothing").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_say_why_they_give_up() {
        let espresso = " %%%%%%%%\n     Error in routine readpp (1):\n     file ./Li.soft.UPF not found\n %%%%%%%%\n\n     stopping ...\n";
        assert_eq!(given_up(espresso).unwrap(), "Error in routine readpp (1): file ./Li.soft.UPF not found");
        let cp2k = " *   ___          *\n *  /   \\         *\n * [ABORT]         *\n *  \\___/  Unknown keyword  *\n";
        assert_eq!(given_up(cp2k).unwrap(), "[ABORT] Unknown keyword");
        assert_eq!(given_up("all is well\n"), None);
        let folder = tempfile::tempdir().unwrap();
        let [output, log] = ["pw.out", "label.log"].map(|name| folder.path().join(name));
        fs::write(&log, "mpirun has exited\n---\n").unwrap();
        assert_eq!(complaint(&output, &log), "mpirun has exited");
        fs::write(&output, espresso).unwrap();
        assert!(complaint(&output, &log).ends_with("Li.soft.UPF not found"));
    }
}
