//! What members of a committee share, and what each has of it: where it begins, which frames train it, what it is judged by.

use super::members::Member;
use super::transfer::Start;
use crate::descriptors::Scaling;
use crate::error::Result;
use crate::input::train::TrainPlan;
use crate::potential::{AtomicNetwork, DescriptorSet, Network, NeuralModel, Output};
use crate::train::dataset::Sample;
use crate::train::displaced::{self, Displaced};
use crate::train::features;
use crate::train::layout::Layout;
use crate::train::loss::{Target, totals};
use crate::train::objective::Objective as _;
#[cfg(feature = "train")]
use crate::train::place::Place;
use crate::train::problem::Problem;
use crate::train::scaling;
use crate::train::split::{Split, split};
use crate::train::store::Store;
use crate::train::surroundings::Surroundings;
use crate::units::FileUnits;

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
    pub(super) start: Option<Start>,
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

    /// Which frames train a member, and which validate it; and those that would have validated, but train since they have an
    /// element that no other frame has.
    pub(super) fn split(&self, plan: &TrainPlan, member: usize) -> (Split, Vec<usize>) {
        if self.learning > self.training {
            let validation = (self.training..self.learning).collect();
            return (Split { train: (0..self.training).collect(), validation }, Vec::new());
        }
        if plan.data.validation == 0.0 {
            return (Split { train: (0..self.training).collect(), validation: Vec::new() }, Vec::new());
        }
        // One frame at least.
        let share = plan.data.validation.max(1.0 / self.training as f64);
        let part = if plan.data.rotate { member } else { 0 };
        let learnt = &self.samples[..self.training];
        split(learnt, plan.seed, share, part).with_all_elements(learnt)
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
        let features = features::compute(set, &frames, false, &|| Ok(()))?;
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
