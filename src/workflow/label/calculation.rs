//! One calculation: a frame, its folder, and the labels that are read from there.

use super::shell;
use super::template::Template;
use crate::digest::hexadecimal;
use crate::error::{Error, Result};
use crate::input::LabelPlan;
use crate::io::{self, Frame, Precision, ReadOptions, Value, WriteOptions};
use crate::system::Mat3;
use crate::train::dataset::{FORCES_STD, PREDICTED};
use crate::workflow::dynamics::{Stop, lock_unless_taken};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The frame as it was asked for, with its labels.
const DONE: &str = "labelled.extxyz";
/// Why there are none.
const FAILED: &str = "failed.txt";
/// What the command printed.
const LOG: &str = "label.log";

/// Lattice vectors and atoms of an output may be printed with so few digits, Å.
const SAME: f64 = 2e-3;

/// How readers say that a calculation did not converge.
const UNCONVERGED: [&str; 2] = ["converged", "scf_converged"];

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
    pub(super) fn new(frame: Frame, plan: &LabelPlan, templates: &[Template]) -> Result<Self> {
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
        if templates.iter().any(Template::has_cell) && frame.cell.present() != [true; 3] {
            return Err(Error::invalid(format!(
                "{}: this frame has no cell of three lattice vectors to stand in the files of the calculation",
                frame.origin
            )));
        }
        let asked = ordered(&frame, &order);
        let mut hash = Sha256::new();
        hash.update(io::extxyz(&asked, &WriteOptions { precision: Precision::Seventeen })?);
        hash.update(plan.structure.as_deref().unwrap_or_default());
        for template in templates {
            hash.update(&template.name);
            hash.update(template.filled(&asked));
        }
        let folder = plan.directory.join(&hexadecimal(hash)[..16]);
        Ok(Self { frame, order, folder })
    }

    /// Where it is computed.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What is known of it without computing anything.
    pub(super) fn known(&self) -> Result<Option<Ended>> {
        let done = self.folder.join(DONE);
        if done.exists() {
            let frames = io::read_all(&done, &ReadOptions::default())?;
            return Ok(frames.into_iter().next().map(|labels| Ended::Labelled(Box::new(labels))));
        }
        let failed = io::read_if_there(&self.folder.join(FAILED))?;
        Ok(failed.map(|why| Ended::Failed(String::from_utf8_lossy(&why).trim().to_string())))
    }

    /// Computes it, unless it is done; one that failed is tried again if `retry`.
    pub(super) fn run(
        &self,
        plan: &LabelPlan,
        templates: &[Template],
        retry: bool,
        stop: &Stop,
    ) -> Result<Ended> {
        let Some(_lock) = lock_unless_taken(&self.folder)? else { return Ok(Ended::Elsewhere) };
        match self.known()? {
            Some(Ended::Failed(_)) if retry => io::remove_if_there(&self.folder.join(FAILED))?,
            Some(known) => return Ok(known),
            None => {}
        }
        let asked = ordered(&self.frame, &self.order);
        for template in templates {
            let path = self.folder.join(&template.name);
            fs::write(&path, template.filled(&asked)).map_err(Error::io(&path, "write"))?;
        }
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
        let Some(status) = shell::run(&plan.command, &self.folder, &log, stop)? else {
            return Ok(Ended::Stopped);
        };
        if matches!(status.code(), Some(126 | 127)) {
            let said = last_line(&log);
            return Err(Error::invalid(format!("`{}` cannot be run: {said}", plan.command)));
        }
        match read(&output).and_then(|found| check(&found, &asked).map(|()| found)) {
            Ok(found) => {
                let labels =
                    Frame { energy: found.energy, forces: found.forces, stress: found.stress, ..asked };
                let options = WriteOptions { precision: Precision::Seventeen };
                let mut writer = io::create_whole(&self.folder.join(DONE), None, &options)?;
                writer.write(&labels)?;
                writer.finish()?;
                Ok(Ended::Labelled(Box::new(labels)))
            }
            Err(why) => {
                let why =
                    if status.success() { why } else { format!("{why} ({status}; {})", last_line(&log)) };
                io::replace(&self.folder.join(FAILED), format!("{why}\n"))?;
                Ok(Ended::Failed(why))
            }
        }
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
        // What a potential said of it, and which frames of a training are not to be learnt from.
        for key in PREDICTED {
            frame.info.remove(key);
        }
        frame.columns.remove(FORCES_STD);
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
    if energy.is_finite() && forces.iter().all(|force| force.iter().all(|x| x.is_finite())) {
        return Ok(found);
    }
    Err("its energy or forces are not finite numbers".to_string())
}

/// Is this structure the one that was asked for?
fn check(found: &Frame, asked: &Frame) -> Result<(), String> {
    if found.species != asked.species {
        let [found, asked] = [found, asked].map(Frame::formula);
        return Err(format!("its output is of {found}, in another order or of another formula than {asked}"));
    }
    let apart = (found.cell.matrix() - asked.cell.matrix()).abs().max();
    if asked.cell.is_bulk() && apart > SAME {
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

/// What is wrong and what was expected, in one line.
fn told(error: &Error) -> String {
    error.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// The last line with a word of what a command printed.
fn last_line(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rev().map(str::trim).find(|line| line.contains(char::is_alphanumeric));
    last.unwrap_or("it printed nothing").chars().take(300).collect()
}
