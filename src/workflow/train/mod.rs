//! A training from its input to a potential with its record.

mod data;
mod record;

pub use record::{ErrorTable, Report, Row, Worst};

use crate::descriptors::{Moments, Scaling};
use crate::error::{Error, Result};
use crate::input::train::{DescriptorChoice, OptimizerChoice, TrainPlan};
use crate::io::Frame;
use crate::potential::{
    AtomicNetwork, DescriptorSet, LoadOptions, Network, NeuralModel, Output, PotentialFormat, load, save,
};
use crate::train::checkpoint::{Checkpoint, CurvePoint};
use crate::train::dataset::{Dataset, Sample};
use crate::train::displaced::{self, Displaced};
use crate::train::features::{self, FrameFeatures};
#[cfg(feature = "train")]
use crate::train::first_order::{Adaptive, Schedule, Tensors};
use crate::train::generate::{self, SymmetryGrid};
use crate::train::kalman::Kalman;
use crate::train::layout::Layout;
use crate::train::loss::{Target, totals};
use crate::train::marquardt::LevenbergMarquardt;
use crate::train::objective::Objective as _;
use crate::train::problem::Problem;
use crate::train::split::{Split, split};
use crate::train::surroundings::Surroundings;
use crate::train::trainer::{self, Job, Limits, Watch};
use crate::train::{references, scaling};
use crate::units::FileUnits;
use crate::workflow::dynamics::Stop;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// What a training tells while it works.
pub trait Listener: Sync {
    /// A remark.
    fn note(&self, message: &str);
    /// Something odd.
    fn warn(&self, message: &str);
    /// Descriptors of one more frame of so many are done.
    fn described(&self, total: usize);
    /// An epoch of a member is done.
    fn epoch(&self, member: usize, point: &CurvePoint, best: bool);
}

/// Parameters and learning curve of a member that is trained.
type Member = (Vec<f64>, Vec<CurvePoint>);

/// All that members of a committee share.
struct Prepared {
    /// Frames that train and validate first, then those of the test.
    samples: Vec<Sample>,
    features: Vec<FrameFeatures>,
    /// The neighbours in all frames, if descriptors are computed anew in every step.
    surroundings: Option<Vec<Surroundings>>,
    set: DescriptorSet,
    scalings: Vec<Scaling>,
    references: Vec<f64>,
    /// Energy unit of the networks, eV.
    unit: f64,
    layout: Layout,
    /// How many of the samples train or validate, and how many of these may train.
    learning: usize,
    training: usize,
}

/// Runs a training; `input` is the text of the input file.
pub fn run(
    plan: &TrainPlan,
    input: &str,
    sets: &[String],
    fresh: bool,
    stop: &Stop,
    listener: &dyn Listener,
) -> Result<Report> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads.unwrap_or(0))
        .build()
        .map_err(|error| Error::Internal(format!("cannot start threads: {error}")))?;
    pool.install(|| run_here(plan, input, sets, fresh, stop, listener))
}

fn run_here(
    plan: &TrainPlan,
    input: &str,
    sets: &[String],
    fresh: bool,
    stop: &Stop,
    listener: &dyn Listener,
) -> Result<Report> {
    let folder = &plan.output.directory;
    std::fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    let file = folder.join("checkpoint");
    let request = request(plan, input, sets)?;
    let mut state = if fresh { None } else { Checkpoint::read(&file)? }
        .unwrap_or_else(|| Checkpoint { request: request.clone(), ..Checkpoint::default() });
    if state.request != request {
        return Err(Error::invalid(format!(
            "{}: this folder holds a training of another input or of other frames\n   expected the same, \
             another [output] directory, or `--restart fresh`, which begins anew",
            folder.display()
        )));
    }
    let prepared = prepare(plan, listener)?;
    let members = plan.network.members;
    let mut splits = Vec::new();
    for member in 0..members {
        let split = prepared.split(plan, member);
        if member >= state.members.len() {
            if state.member != member || state.theta.is_empty() {
                state.begin(member, prepared.initial(plan, member));
            }
            one_member(plan, &prepared, &split, &mut state, &file, stop, listener)?;
            let curve = std::mem::take(&mut state.curve);
            state.members.push((std::mem::take(&mut state.best), curve));
            state.begin(member + 1, Vec::new());
            state.write(&file)?;
        }
        splits.push(split);
    }
    finish(plan, &prepared, &state, &splits, &request)
}

/// What decides the result: the input and the contents of all files, as a hash.
fn request(plan: &TrainPlan, input: &str, sets: &[String]) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(input);
    for set in sets {
        hash.update(set);
    }
    let data = &plan.data;
    for file in data.frames.iter().chain(&data.validate).chain(&data.test) {
        hash.update(std::fs::read(&file.file).map_err(Error::io(&file.file, "read"))?);
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Reads and checks frames, makes descriptor and scaling.
fn prepare(plan: &TrainPlan, listener: &dyn Listener) -> Result<Prepared> {
    let labels = plan.loss.0.labels();
    let mut samples = data::read(&plan.data.frames, &plan.data)?;
    let training = samples.len();
    samples.extend(data::read(&plan.data.validate, &plan.data)?);
    data::check_weights(&samples, &plan.data)?;
    let Dataset { mut samples, elements, warnings } = Dataset::new(samples, labels)?;
    let learning = samples.len();
    for warning in &warnings {
        listener.warn(warning);
    }
    listener.note(&counts(&samples, labels));
    samples.extend(data::read(&plan.data.test, &plan.data)?);

    let set = descriptor(plan, &samples[..training], &elements)?;
    let frames: Vec<_> = samples.iter().map(|s| &s.frame).collect();
    // What is an expansion is quickly computed again; what second-order optimisers need is stored.
    let anew = plan.optimizer.first_order().is_some() && !matches!(set, DescriptorSet::Symmetry(_));
    let derivatives = (labels.forces || labels.stress) && !anew;
    if derivatives {
        let bytes = features::estimate(&set, &frames)? as f64;
        listener.note(&format!("derivatives of descriptors: about {:.2} GB", bytes * 1e-9));
        if bytes * 1e-9 > plan.data.memory {
            return Err(Error::invalid(format!(
                "the derivatives of the descriptors would take {:.1} GB, more than [data] memory = {}; \
                 fewer frames, a smaller cutoff or fewer descriptors take less",
                bytes * 1e-9,
                plan.data.memory
            )));
        }
    }
    let total = frames.len();
    let mut features = features::compute(&set, &frames, derivatives, &|| listener.described(total))?;
    let known: Vec<&FrameFeatures> = features[..training].iter().collect();
    let mut statistics = scaling::statistics(&set, &known)?;
    let set = match scaling::without_constants(&set, &statistics)? {
        None => set,
        Some((fewer, kept)) => {
            for atom in features.iter_mut().flat_map(|frame| &mut frame.atoms) {
                atom.keep(&kept[atom.species]);
            }
            for (statistics, kept) in statistics.iter_mut().zip(&kept) {
                *statistics = kept.iter().map(|k| statistics[*k]).collect();
            }
            fewer
        }
    };
    let scalings = statistics.into_iter().map(|s| scaling::scaling(&set, s)).collect::<Result<Vec<_>>>()?;
    for atom in features.iter_mut().flat_map(|frame| &mut frame.atoms) {
        atom.scale(&scalings[atom.species]);
    }
    let references = reference_energies(plan, &samples[..training], set.elements())?;
    let inputs: Vec<usize> = (0..set.elements().len()).map(|s| set.len(s)).collect();
    let layout = Layout::new(&inputs, &plan.network.hidden, plan.network.activation);
    listener.note(&format!(
        "{} descriptors, {} parameters, {} member{}",
        inputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + "),
        layout.len(),
        plan.network.members,
        if plan.network.members == 1 { "" } else { "s" }
    ));
    let unit = energy_unit(&samples[..training], set.elements(), &references);
    let surroundings = if anew {
        let of = |frame: &&Frame| Surroundings::new(frame, set.elements(), set.cutoff());
        Some(samples.iter().map(|s| &s.frame).collect::<Vec<_>>().par_iter().map(of).collect::<Result<_>>()?)
    } else {
        None
    };
    Ok(Prepared {
        samples,
        features,
        surroundings,
        set,
        scalings,
        references,
        unit,
        layout,
        learning,
        training,
    })
}

/// One line: frames, atoms, labels.
fn counts(samples: &[Sample], labels: crate::train::dataset::Labels) -> String {
    let atoms: usize = samples.iter().map(|s| s.frame.len()).sum();
    let mut parts = Vec::new();
    if labels.energy {
        parts.push(format!("{} energies", samples.len()));
    }
    if labels.forces {
        parts.push(format!("{} force components", 3 * atoms));
    }
    if labels.stress {
        parts.push(format!("{} stress components", 6 * samples.len()));
    }
    format!("{} frames, {atoms} atoms: {}", samples.len(), parts.join(", "))
}

fn descriptor(
    plan: &TrainPlan,
    samples: &[Sample],
    elements: &[crate::system::Element],
) -> Result<DescriptorSet> {
    match &plan.descriptor {
        DescriptorChoice::Symmetry(table) => SymmetryGrid {
            radial_cutoff: table.radial_cutoff,
            radial: table.radial,
            angular_cutoff: table.angular_cutoff,
            angular: table.angular,
            zetas: table.zetas.clone(),
            nearest: table.nearest.map_or_else(|| data::nearest(samples), Ok)?,
            shape: table.shape,
        }
        .build(elements),
        DescriptorChoice::Moments(table) => {
            let (radial, angular) = (table.radial_cutoff, table.angular_cutoff);
            Ok(DescriptorSet::Moments(Moments::standard(elements.to_vec(), radial, angular, table.size)?))
        }
        DescriptorChoice::Chebyshev(table) => generate::chebyshev(elements, table.radial, table.angular),
        DescriptorChoice::File(table) => {
            Ok(load(&table.file, &LoadOptions { units: table.units })?.descriptor_in_angstrom())
        }
    }
}

fn reference_energies(
    plan: &TrainPlan,
    samples: &[Sample],
    elements: &[crate::system::Element],
) -> Result<Vec<f64>> {
    let Some(given) = &plan.data.references else { return Ok(references::fit(samples, elements)) };
    let of =
        |element: &crate::system::Element| {
            given.iter().find(|(e, _)| e == element).map(|row| row.1).ok_or_else(|| {
                Error::invalid(format!("[data] references: the energy of {element} is missing"))
            })
        };
    elements.iter().map(of).collect()
}

/// What is of order one in the networks, eV: the force times 1 Å, or the spread of the energies.
fn energy_unit(samples: &[Sample], elements: &[crate::system::Element], references: &[f64]) -> f64 {
    let forces = || samples.iter().filter_map(|s| s.frame.forces.as_ref()).flatten();
    let squares: f64 = forces().map(nalgebra::Vector3::norm_squared).sum();
    let force = (squares / (3 * forces().count()).max(1) as f64).sqrt();
    let rest: f64 = samples.iter().map(|s| references::residual(s, elements, references).powi(2)).sum();
    let energy = (rest / samples.len().max(1) as f64).sqrt();
    // Not zero for data without any variation.
    force.max(energy).max(1e-3)
}

impl Prepared {
    fn split(&self, plan: &TrainPlan, member: usize) -> Split {
        if self.learning > self.training {
            return Split {
                train: (0..self.training).collect(),
                validation: (self.training..self.learning).collect(),
            };
        }
        if plan.data.validation == 0.0 {
            return Split { train: (0..self.training).collect(), validation: Vec::new() };
        }
        let folds = ((1.0 / plan.data.validation).round() as usize).clamp(2, self.training);
        let fold = if plan.data.rotate { member } else { 0 };
        split(&self.samples[..self.training], plan.seed, folds, fold)
    }

    /// Targets of all frames for one split.
    fn targets(&self, plan: &TrainPlan, split: &Split) -> Vec<Target> {
        let totals = totals(split.train.iter().map(|k| &self.samples[*k]));
        let target = |(sample, features): (&Sample, &FrameFeatures)| {
            let offset = features.atoms.iter().map(|a| self.references[a.species]).sum();
            Target::new(sample, &plan.loss.0, totals, self.unit, offset)
        };
        self.samples.iter().zip(&self.features).map(target).collect()
    }

    /// Are mixing coefficients parameters of this member? The others of a committee take those of the
    /// first, so that all share one descriptor.
    fn mixes(&self, plan: &TrainPlan, member: usize) -> bool {
        let wanted = plan.optimizer.first_order().is_some_and(|table| table.mixing);
        self.surroundings.is_some() && wanted && member == 0
    }

    /// The parameters that a member begins with.
    fn initial(&self, plan: &TrainPlan, member: usize) -> Vec<f64> {
        let mut theta = self.layout.initial(plan.seed, member as u32);
        if self.mixes(plan, member) {
            theta.extend(displaced::mixing(&self.set));
        }
        theta
    }

    /// The descriptor with the mixing coefficients that the first member has reached, if it is trained.
    fn mixed(&self, members: &[Member]) -> Result<DescriptorSet> {
        match members.first().map(|member| member.0.split_at(self.layout.len()).1) {
            Some(coefficients) if !coefficients.is_empty() => displaced::with_mixing(&self.set, coefficients),
            _ => Ok(self.set.clone()),
        }
    }

    fn stored<'a>(&'a self, plan: &'a TrainPlan, targets: &'a [Target], train: &'a [usize]) -> Problem<'a> {
        let (features, layout) = (&self.features, &self.layout);
        Problem { features, targets, train, loss: &plan.loss.0, layout }
    }

    fn displaced<'a>(
        &'a self,
        plan: &'a TrainPlan,
        (set, free): (&'a DescriptorSet, bool),
        frames: &'a [Surroundings],
        targets: &'a [Target],
        train: &'a [usize],
    ) -> Displaced<'a> {
        let (scalings, layout) = (&self.scalings, &self.layout);
        Displaced { set, free, scalings, frames, targets, train, loss: &plan.loss.0, layout }
    }

    /// Predicted minus reference rows of all frames by one of the members.
    fn differences(
        &self,
        plan: &TrainPlan,
        targets: &[Target],
        members: &[Member],
        member: usize,
    ) -> Result<Vec<Vec<f64>>> {
        let all: Vec<usize> = (0..self.samples.len()).collect();
        let theta = &members[member].0;
        let Some(frames) = &self.surroundings else {
            return self.stored(plan, targets, &all).differences(theta, &all);
        };
        let set = self.mixed(members)?;
        let networks = &theta[..self.layout.len()];
        self.displaced(plan, (&set, false), frames, targets, &all).differences(networks, &all)
    }

    /// The potential of all members.
    fn model(&self, members: &[Member]) -> Result<NeuralModel> {
        let set = self.mixed(members)?;
        let moved = if set == self.set { None } else { Some(self.scalings_of(&set)?) };
        let member = |theta: &[f64]| -> Result<Vec<AtomicNetwork>> {
            (0..self.references.len())
                .map(|s| {
                    let mut network = self.layout.network(s, theta)?;
                    let mut scaling = self.scalings[s].clone();
                    if let Some(moved) = &moved {
                        rescale(&mut network, &scaling, &moved[s]);
                        scaling = moved[s].clone();
                    }
                    Ok(AtomicNetwork {
                        scaling,
                        network,
                        output: Output { scale: 1.0 / self.unit, shift: 0.0, reference: self.references[s] },
                    })
                })
                .collect()
        };
        let networks = members.iter().map(|m| member(&m.0)).collect::<Result<_>>()?;
        NeuralModel::new(FileUnits { energy: 1.0, length: 1.0 }, set, networks)
    }

    /// The scaling of a descriptor by the frames that train.
    fn scalings_of(&self, set: &DescriptorSet) -> Result<Vec<Scaling>> {
        let frames: Vec<_> = self.samples[..self.training].iter().map(|s| &s.frame).collect();
        let features = features::compute(set, &frames, false, &|| ())?;
        let statistics = scaling::statistics(set, &features.iter().collect::<Vec<_>>())?;
        statistics.into_iter().map(|s| scaling::scaling(set, s)).collect()
    }
}

fn one_member(
    plan: &TrainPlan,
    prepared: &Prepared,
    split: &Split,
    state: &mut Checkpoint,
    file: &Path,
    stop: &Stop,
    listener: &dyn Listener,
) -> Result<()> {
    struct Watcher<'a> {
        member: usize,
        stop: &'a Stop,
        listener: &'a dyn Listener,
    }
    impl Watch for Watcher<'_> {
        fn epoch(&mut self, point: &CurvePoint, best: bool) {
            self.listener.epoch(self.member, point, best);
        }
        fn stop(&mut self) -> Option<&'static str> {
            self.stop.reason()
        }
    }
    let targets = prepared.targets(plan, split);
    let (train, member) = (&split.train[..], state.member);
    let (epochs, patience) = plan.optimizer.limits();
    let limits = Limits { epochs, patience, checkpoint: Duration::from_secs(30) };
    let name = |frame: usize| prepared.samples[frame].frame.origin.to_string();
    let mut watch = Watcher { member, stop, listener };
    let seed = plan.seed.wrapping_add(member as u64);
    let validation = &split.validation[..];
    macro_rules! train {
        ($objective:expr, $optimizer:expr) => {{
            let job = Job { objective: $objective, validation, limits, file, name: &name };
            trainer::train(&job, &mut $optimizer, state, &mut watch)
        }};
    }
    match &plan.optimizer {
        OptimizerChoice::LevenbergMarquardt(table) => {
            train!(prepared.stored(plan, &targets, train), LevenbergMarquardt::new(table.damping))
        }
        OptimizerChoice::Kalman(table) => {
            let optimizer = Kalman::new(table.variance, table.noise, table.share, seed);
            train!(prepared.stored(plan, &targets, train), { optimizer })
        }
        #[cfg(feature = "train")]
        OptimizerChoice::Adam(_) | OptimizerChoice::AdamW(_) => {
            let mut optimizer = first_order(plan, seed)?;
            let Some(frames) = &prepared.surroundings else {
                return train!(Tensors(prepared.stored(plan, &targets, train)), optimizer);
            };
            let set = prepared.mixed(&state.members)?;
            let set = (&set, prepared.mixes(plan, member));
            train!(prepared.displaced(plan, set, frames, &targets, train), optimizer)
        }
        #[cfg(not(feature = "train"))]
        OptimizerChoice::Adam(_) | OptimizerChoice::AdamW(_) => Err(Error::invalid(
            "this mlmd was built without the feature `train`: Adam and AdamW are not in it; \
                 expected [optimizer.levenberg-marquardt] or [optimizer.kalman]",
        )),
    }
}

#[cfg(feature = "train")]
fn first_order(plan: &TrainPlan, seed: u64) -> Result<Adaptive> {
    let table = plan.optimizer.first_order();
    let table = table.ok_or_else(|| Error::Internal("an optimiser of the first order".into()))?;
    let decay = match &plan.optimizer {
        OptimizerChoice::AdamW(table) => Some(table.decay),
        _ => None,
    };
    let schedule = Schedule { first: table.rate, last: table.final_rate, epochs: table.limits.0 };
    Ok(Adaptive::new(schedule, table.batch, table.clip, decay, seed))
}

/// Makes a network that was fed by one scaling take what another gives: with x = (G − m)·f for both,
/// x_old = x_new f_old/f_new + (m_new − m_old) f_old, which its first layer takes up.
fn rescale(network: &mut Network, old: &Scaling, new: &Scaling) {
    let inputs = network.inputs();
    let Some(first) = network.layers_mut().first_mut() else { return };
    for (row, bias) in first.weights.chunks_exact_mut(inputs).zip(&mut first.biases) {
        for (k, weight) in row.iter_mut().enumerate() {
            *bias += *weight * (new.shift()[k] - old.shift()[k]) * old.factor()[k];
            // A number that does not vary is fed as zero.
            *weight *= if new.factor()[k] > 0.0 { old.factor()[k] / new.factor()[k] } else { 0.0 };
        }
    }
}

/// Writes the potential, the learning curves and the record.
fn finish(
    plan: &TrainPlan,
    prepared: &Prepared,
    state: &Checkpoint,
    splits: &[Split],
    request: &str,
) -> Result<Report> {
    let folder = &plan.output.directory;
    let mut model = prepared.model(&state.members)?;
    let report = record::report(plan, prepared, state, splits)?;
    model.training = record::summary(plan, &report, prepared);
    let potential = folder.join("potential.mlmd");
    save(&model, &potential, PotentialFormat::Native)?;
    if plan.output.n2p2 {
        save(&model, folder.join("n2p2"), PotentialFormat::N2p2)?;
    }
    record::write_curves(&folder.join("learning_curve.csv"), state)?;
    record::write(&folder.join("train.json"), plan, prepared, state, splits, &report, request)?;
    Ok(report)
}
