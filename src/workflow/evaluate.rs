//! A potential on frames: energies, forces and stress, and how far they are from the references.

use super::{Differences, ErrorTable, Spread};
use crate::compute::{Engine, Options};
use crate::error::{Error, Result};
use crate::io::{
    self, Column, ColumnValues, Format, Frame, Precision, ReadOptions, Value, WriteFrames, WriteOptions,
};
use crate::potential::{Evaluation, Potential, Uncertainty};
use crate::system::{Mat3, VOIGT, Vec3};
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct Request {
    /// Files of frames, in this order.
    pub files: Vec<PathBuf>,
    /// How to read them.
    pub reading: ReadOptions,
    /// Where to write the frames with the labels of the potential, in the order they were read.
    pub output: Option<PathBuf>,
    /// Threads; zero for as many as the machine runs at once.
    pub threads: usize,
}

/// What the evaluation found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many frames.
    pub frames: u64,
    /// How many atoms they have together.
    pub atoms: u64,
    /// Differences between potential and references.
    pub errors: ErrorTable,
    /// Atoms with a descriptor outside its trained range, and frames that have such atoms.
    pub extrapolating: (u64, u64),
    /// Standard deviations over the members of a committee: of the energy per atom of each frame, eV, and
    /// of the force on each atom (over its three components together), eV/Å.
    pub committee: [Spread; 2],
}

/// A frame and what the potential says about it.
struct Evaluated {
    frame: Frame,
    energy: f64,
    forces: Vec<Vec3>,
    stress: Option<Mat3>,
    extrapolating: u64,
    spread: Option<Uncertainty>,
}

/// Evaluates frame after frame; `progress` is told how many are done.
pub fn run(potential: &dyn Potential, request: &Request, progress: &mut dyn FnMut(u64)) -> Result<Report> {
    if let Some(output) = &request.output
        && let Some(input) = request.files.iter().find(|file| io::same_file(file, output))
    {
        let input = input.display();
        return Err(Error::invalid(format!("{input}: the input and the output are the same file")));
    }
    let options = Options { skin: 0.0, threads: request.threads };
    let first = Engine::new(potential.boxed_clone(), options)?;
    let pool = first.pool();
    let mut engines = vec![first];
    for _ in 1..pool.current_num_threads() {
        engines.push(Engine::in_pool(potential.boxed_clone(), options.skin, pool.clone())?);
    }
    let mut output = request.output.as_deref().map(create).transpose()?;
    let mut report = Report::default();
    for file in &request.files {
        let mut frames = io::open(file, &request.reading)?;
        loop {
            let batch = next_batch(&mut frames, engines.len())?;
            if batch.is_empty() {
                break;
            }
            // Small frames are computed side by side; a large one has all threads to itself. The results
            // are the same either way.
            let evaluated: Vec<Result<Evaluated>> = pool.install(|| {
                engines.par_iter_mut().zip(batch).map(|(engine, frame)| evaluate(engine, frame)).collect()
            });
            for evaluated in evaluated {
                let evaluated = evaluated?;
                report.push(&evaluated);
                progress(report.frames);
                if let Some(output) = &mut output {
                    output.write(&evaluated.labelled())?;
                }
            }
        }
    }
    if report.frames == 0 {
        return Err(Error::invalid("there are no frames to evaluate"));
    }
    if let Some(output) = output {
        output.finish()?;
    }
    Ok(report)
}

fn create(path: &Path) -> Result<Box<dyn WriteFrames>> {
    let format = io::check_output(path)?;
    if format != Format::ExtendedXyz {
        return Err(Error::invalid(format!(
            "{}: energies, forces and stress go into extended XYZ, not into {}\n   expected a name that ends in .extxyz",
            path.display(),
            format.info().title
        )));
    }
    io::create_whole(path, None, &WriteOptions { precision: Precision::Seventeen })
}

/// Atoms that are held in memory at once, unless a single frame has more.
const ATOMS_AT_ONCE: usize = 200_000;

fn next_batch(frames: &mut io::Frames, most: usize) -> Result<Vec<Frame>> {
    let mut batch: Vec<Frame> = Vec::new();
    while batch.len() < most && batch.iter().map(Frame::len).sum::<usize>() < ATOMS_AT_ONCE {
        match frames.next().transpose()? {
            Some(frame) => batch.push(frame),
            None => break,
        }
    }
    Ok(batch)
}

fn evaluate(engine: &mut Engine, frame: Frame) -> Result<Evaluated> {
    let system = frame.to_system()?;
    let found: &Evaluation = engine.evaluate(&system).map_err(|error| match error {
        Error::Invalid(message) => Error::invalid(format!("{}: {message}", frame.origin)),
        other => other,
    })?;
    let mut extrapolating: Vec<u32> = found.extrapolation.iter().map(|one| one.atom).collect();
    extrapolating.dedup();
    let (energy, forces) = (found.energy, found.forces.clone());
    if !energy.is_finite() || !forces.iter().all(|force| force.iter().all(|x| x.is_finite())) {
        return Err(Error::Physics(format!("{}: energy or forces are not finite numbers", frame.origin)));
    }
    let stress = frame.cell.is_bulk().then(|| found.stress(frame.cell.volume()));
    let spread = engine.uncertainty(&system)?;
    Ok(Evaluated { energy, forces, stress, extrapolating: extrapolating.len() as u64, spread, frame })
}

impl Evaluated {
    /// Potential minus references.
    fn differences(&self) -> Differences {
        let frame = &self.frame;
        let mut differences = Differences::default();
        if let Some(reference) = frame.energy
            && !frame.is_empty()
        {
            differences.energy = Some((self.energy - reference) / frame.len() as f64);
        }
        if let Some(references) = &frame.forces {
            let each = self.forces.iter().zip(references);
            differences.forces = each.flat_map(|(f, r)| <[f64; 3]>::from(f - r)).collect();
        }
        if let (Some(stress), Some(reference)) = (&self.stress, &frame.stress) {
            let off = (stress - reference) * EV_PER_ANGSTROM3_IN_GPA;
            differences.stress = VOIGT.map(|at| off[at]).to_vec();
        }
        differences
    }

    /// The frame with the labels of the potential in place of its own.
    fn labelled(mut self) -> Frame {
        if let Some(spread) = self.spread {
            self.frame.info.insert("energy_std".into(), Value::Real(spread.energy));
            let column = Column { width: 1, values: ColumnValues::Reals(spread.forces) };
            self.frame.columns.insert("forces_std".into(), column);
        }
        Frame {
            energy: Some(self.energy),
            forces: Some(self.forces),
            stress: self.stress,
            atomic_energies: None,
            ..self.frame
        }
    }
}

impl Report {
    fn push(&mut self, evaluated: &Evaluated) {
        let (frame, index) = (&evaluated.frame, self.frames);
        self.frames += 1;
        self.atoms += frame.len() as u64;
        self.extrapolating.0 += evaluated.extrapolating;
        self.extrapolating.1 += u64::from(evaluated.extrapolating > 0);
        self.errors.push(frame, &evaluated.differences(), index);
        if let Some(spread) = &evaluated.spread {
            let [energy, forces] = &mut self.committee;
            energy.push(spread.energy / (frame.len().max(1)) as f64);
            spread.forces.iter().for_each(|force| forces.push(*force));
        }
    }
}
