//! From frames to what an optimiser works on: checked samples, descriptors, scaling, targets.

use super::data::{self, Frames};
use super::members::Member;
use super::transfer::Start;
use super::{Listener, energies};
use crate::descriptors::{Moments, Scaling};
use crate::error::{Error, Result};
use crate::input::train::{DescriptorChoice, TrainPlan};
use crate::potential::{
    AtomicNetwork, DescriptorSet, LoadOptions, Network, NeuralModel, Output, load_descriptor,
};
use crate::system::Element;
use crate::train::dataset::{self, Dataset, Labels, Sample};
use crate::train::displaced::{self, Displaced};
use crate::train::features::{self, FrameFeatures};
use crate::train::generate::{self, SymmetryGrid};
use crate::train::layout::Layout;
use crate::train::loss::{Target, totals};
use crate::train::objective::Objective as _;
#[cfg(feature = "train")]
use crate::train::place::Place;
use crate::train::problem::Problem;
use crate::train::split::{Split, split};
use crate::train::store::Store;
use crate::train::surroundings::Surroundings;
use crate::train::{prune, scaling};
use crate::units::FileUnits;
use rayon::prelude::*;

/// All that members of a committee share.
pub(super) struct Prepared {
    /// Frames that train and validate first, then those of the test.
    pub(super) samples: Vec<Sample>,
    pub(super) features: Store,
    /// The neighbours in all frames, if descriptors are computed anew in every step.
    pub(super) surroundings: Option<Vec<Surroundings>>,
    /// Where tensors do all of the training, if they do.
    #[cfg(feature = "train")]
    pub(super) place: Option<Place>,
    pub(super) set: DescriptorSet,
    pub(super) scalings: Vec<Scaling>,
    pub(super) references: Vec<f64>,
    /// Energy unit of the networks, eV.
    pub(super) unit: f64,
    pub(super) layout: Layout,
    /// How many of the samples train or validate, and how many of these may train.
    pub(super) learning: usize,
    pub(super) training: usize,
    /// What was odd about the frames.
    pub(super) warnings: Vec<String>,
    /// The potential that the training goes on from.
    start: Option<Start>,
}

/// Checks frames, makes descriptor and scaling.
pub(super) fn prepare(plan: &TrainPlan, frames: Frames, listener: &dyn Listener) -> Result<Prepared> {
    let labels = plan.loss.0.labels();
    let Frames { train, validate, test } = frames;
    let training = train.len();
    let mut samples = train;
    samples.extend(validate);
    data::check_weights(&samples, &plan.data)?;
    let Dataset { mut samples, elements, mut warnings } = Dataset::new(samples, labels)?;
    let learning = samples.len();
    dataset::check_finite(&test)?;
    warnings.extend(dataset::leaks(&samples, &test));
    for warning in &warnings {
        listener.warn(warning);
    }
    listener.note(&counts("train and validate", &samples, labels));
    if !test.is_empty() {
        listener.note(&counts("test", &test, labels));
    }
    samples.extend(test);

    let start = plan.transfer.as_ref().map(|table| Start::load(table, &elements, listener)).transpose()?;
    let set = match &start {
        Some(start) => start.set.clone(),
        None => descriptor(plan, &samples[..training], &elements)?,
    };
    #[cfg(feature = "train")]
    let place = super::device::choose(plan, &set, listener)?;
    #[cfg(feature = "train")]
    let uploaded = place.is_some();
    #[cfg(not(feature = "train"))]
    let uploaded = false;
    // What is an expansion is quickly computed again; what second-order optimisers and devices need is stored.
    let expansion = !matches!(set, DescriptorSet::Symmetry(_));
    let anew = plan.optimizer.first_order().is_some() && expansion && !uploaded;
    let derivatives = (labels.forces || labels.stress) && !anew;
    let mut features = described(plan, &set, &samples, derivatives, listener)?;
    let known: Vec<&FrameFeatures> = (0..training).map(|k| features.values(k)).collect();
    let mut statistics = match &start {
        Some(start) => start.statistics(&known)?,
        None => scaling::statistics(&set, &known)?,
    };
    let kept = match &start {
        Some(start) => start.kept(&statistics),
        None => plan.prune.0.kept(&statistics, &known),
    };
    if !plan.prune.0.is_none() && !matches!(set, DescriptorSet::Symmetry(_)) {
        return Err(Error::invalid(
            "[prune] leaves single functions out: only symmetry functions can be computed without the others; \
             expected [descriptor.symmetry], or a smaller descriptor without [prune]",
        ));
    }
    let full: usize = statistics.iter().map(Vec::len).sum();
    let mut start = start;
    let set = match prune::reduced(&set, &kept)? {
        None => set,
        Some(fewer) => {
            features.keep(&kept);
            for (statistics, kept) in statistics.iter_mut().zip(&kept) {
                *statistics = kept.iter().map(|k| statistics[*k]).collect();
            }
            let left: usize = statistics.iter().map(Vec::len).sum();
            listener.note(&format!("{left} of {full} descriptors are left after pruning"));
            start = start.map(|start| start.after_pruning(&kept));
            fewer
        }
    };
    let scalings = match &start {
        Some(start) => start.scalings(statistics)?,
        None => statistics.into_iter().map(|s| scaling::scaling(&set, s)).collect::<Result<Vec<_>>>()?,
    };
    features.scale(&scalings);
    let references = match &start {
        Some(start) => start.references(plan, &samples[..training]),
        None => energies::references(plan, &samples[..training], set.elements())?,
    };
    let inputs: Vec<usize> = (0..set.elements().len()).map(|s| set.len(s)).collect();
    let (layout, unit) = match &start {
        Some(start) => (start.layout(plan, &set), start.unit),
        None => (
            Layout::new(&inputs, &plan.network.hidden, plan.network.activation),
            energies::unit(&samples[..training], set.elements(), &references),
        ),
    };
    let inputs: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    listener.note(&format!(
        "{} descriptors, {} parameters, {} member{}",
        inputs.join(" + "),
        layout.len(),
        plan.network.members,
        if plan.network.members == 1 { "" } else { "s" }
    ));
    let surroundings = if anew {
        let of = |sample: &Sample| Surroundings::new(&sample.frame, set.elements(), set.cutoff());
        Some(samples.par_iter().map(of).collect::<Result<_>>()?)
    } else {
        None
    };
    Ok(Prepared {
        samples,
        features,
        surroundings,
        #[cfg(feature = "train")]
        place,
        set,
        scalings,
        references,
        unit,
        layout,
        learning,
        training,
        warnings,
        start,
    })
}

/// Descriptors of all frames within the bound on memory; what they will take is told first.
fn described(
    plan: &TrainPlan,
    set: &DescriptorSet,
    samples: &[Sample],
    derivatives: bool,
    listener: &dyn Listener,
) -> Result<Store> {
    let frames: Vec<_> = samples.iter().map(|s| &s.frame).collect();
    let estimated = if derivatives { features::estimate(set, &frames)? } else { 0 };
    if derivatives {
        listener.note(&format!(
            "derivatives of descriptors: about {} of the {} that [data] memory allows{}",
            bytes(estimated as f64),
            bytes(plan.data.memory),
            if estimated as f64 > plan.data.memory {
                "; those that do not fit are computed anew in every epoch, which takes longer"
            } else {
                ""
            }
        ));
    }
    let total = frames.len();
    let bound = (estimated, plan.data.memory as usize);
    let store = Store::compute(set, &frames, derivatives, bound, &|| listener.described(total))?;
    if store.in_memory() < total {
        listener.note(&format!("derivatives of {} of {total} frames are held in memory", store.in_memory()));
    }
    Ok(store)
}

/// A size as people write it.
fn bytes(size: f64) -> String {
    match size {
        s if s >= 1e9 => format!("{:.2} GB", s * 1e-9),
        s if s >= 1e6 => format!("{:.1} MB", s * 1e-6),
        s => format!("{:.0} kB", (s * 1e-3).ceil()),
    }
}

/// One line: frames, atoms, labels.
fn counts(name: &str, samples: &[Sample], labels: Labels) -> String {
    let atoms: usize = samples.iter().map(|s| s.frame.len()).sum();
    let mut parts = Vec::new();
    if labels.energy {
        parts.push(format!("{} energies", samples.iter().filter(|s| s.frame.energy.is_some()).count()));
    }
    if labels.forces {
        let with = samples.iter().filter(|s| s.frame.forces.is_some());
        parts.push(format!("{} force components", 3 * with.map(|s| s.frame.len()).sum::<usize>()));
    }
    if labels.stress {
        let with = samples.iter().filter(|s| s.frame.stress.is_some()).count();
        parts.push(format!("{} stress components", 6 * with));
    }
    format!("{name}: {} frames, {atoms} atoms: {}", samples.len(), parts.join(", "))
}

fn descriptor(plan: &TrainPlan, samples: &[Sample], elements: &[Element]) -> Result<DescriptorSet> {
    let choice =
        plan.descriptor.as_ref().ok_or_else(|| Error::Internal("no descriptor was chosen".into()))?;
    match choice {
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
        DescriptorChoice::File(table) => load_descriptor(&table.file, &LoadOptions { units: table.units }),
    }
}

impl Prepared {
    /// What trains: `cpu`, or the name of a graphics processor.
    #[cfg_attr(not(feature = "train"), expect(clippy::unused_self, reason = "only burn knows other places"))]
    pub(super) fn device(&self) -> String {
        #[cfg(feature = "train")]
        if let Some(place) = &self.place {
            return place.name();
        }
        "cpu".to_string()
    }

    /// How precise the loss and its gradient are.
    #[cfg_attr(not(feature = "train"), expect(clippy::unused_self, reason = "only burn knows other places"))]
    pub(super) fn precision(&self) -> &'static str {
        #[cfg(feature = "train")]
        if self.place.as_ref().is_some_and(|place| place.size() == size_of::<f32>()) {
            return "single";
        }
        "double"
    }

    /// Does a graphics processor train?
    #[cfg_attr(not(feature = "train"), expect(clippy::unused_self, reason = "only burn knows other places"))]
    pub(super) fn on_device(&self) -> bool {
        #[cfg(feature = "train")]
        return self.place.as_ref().is_some_and(Place::is_graphics);
        #[cfg(not(feature = "train"))]
        false
    }

    /// Are mixing coefficients parameters of this member? The others of a committee take those of the
    /// first, so that all share one descriptor; a training that goes on from a potential keeps its own.
    pub(super) fn mixes(&self, plan: &TrainPlan, member: usize) -> bool {
        let wanted = plan.optimizer.first_order().is_some_and(|table| table.mixing);
        self.surroundings.is_some() && wanted && member == 0 && self.start.is_none()
    }

    /// Where a member begins.
    pub(super) fn initial(&self, plan: &TrainPlan, member: usize) -> Vec<f64> {
        let mut theta = self.layout.initial(plan.seed, member as u32);
        if let Some(start) = &self.start {
            theta = start.initial(&self.layout, theta, member);
        }
        if self.mixes(plan, member) {
            theta.extend(displaced::mixing(&self.set));
        }
        theta
    }

    /// Which frames train a member, and which validate it.
    pub(super) fn split(&self, plan: &TrainPlan, member: usize) -> Split {
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
    pub(super) fn targets(&self, plan: &TrainPlan, split: &Split) -> Vec<Target> {
        let totals = totals(split.train.iter().map(|k| &self.samples[*k]));
        let target = |(k, sample): (usize, &Sample)| {
            let offset = self.features.values(k).atoms.iter().map(|a| self.references[a.species]).sum();
            Target::new(sample, &plan.loss.0, totals, self.unit, offset)
        };
        self.samples.iter().enumerate().map(target).collect()
    }

    /// The descriptor with the mixing coefficients that the first member has reached, if it is trained.
    pub(super) fn mixed(&self, members: &[Member]) -> Result<DescriptorSet> {
        match members.first().map(|member| &member.best()[self.layout.len()..]) {
            Some(coefficients) if !coefficients.is_empty() => displaced::with_mixing(&self.set, coefficients),
            _ => Ok(self.set.clone()),
        }
    }

    pub(super) fn stored<'a>(
        &'a self,
        plan: &'a TrainPlan,
        targets: &'a [Target],
        train: &'a [usize],
    ) -> Problem<'a> {
        let (features, layout) = (&self.features, &self.layout);
        Problem { features, targets, train, loss: &plan.loss.0, layout }
    }

    pub(super) fn displaced<'a>(
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
    pub(super) fn differences(
        &self,
        plan: &TrainPlan,
        targets: &[Target],
        members: &[Member],
        member: usize,
    ) -> Result<Vec<Vec<f64>>> {
        let all: Vec<usize> = (0..self.samples.len()).collect();
        let theta = members[member].best();
        let Some(frames) = &self.surroundings else {
            return self.stored(plan, targets, &all).differences(theta, &all);
        };
        let set = self.mixed(members)?;
        let networks = &theta[..self.layout.len()];
        self.displaced(plan, (&set, false), frames, targets, &all).differences(networks, &all)
    }

    /// The potential of all members.
    pub(super) fn model(&self, members: &[Member]) -> Result<NeuralModel> {
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
        let networks = members.iter().map(|m| member(m.best())).collect::<Result<_>>()?;
        NeuralModel::new(FileUnits { energy: 1.0, length: 1.0 }, set, networks)
    }

    /// The scaling of a descriptor by the frames that train.
    pub(super) fn scalings_of(&self, set: &DescriptorSet) -> Result<Vec<Scaling>> {
        let frames: Vec<_> = self.samples[..self.training].iter().map(|s| &s.frame).collect();
        let features = features::compute(set, &frames, false, &|| ())?;
        let statistics = scaling::statistics(set, &features.iter().collect::<Vec<_>>())?;
        statistics.into_iter().map(|s| scaling::scaling(set, s)).collect()
    }
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
