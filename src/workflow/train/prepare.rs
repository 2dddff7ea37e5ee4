//! From frames to what optimisers work on: checked samples, descriptors, scaling.

use super::data::{self, Frames};
use super::prepared::Prepared;
use super::transfer::Start;
use super::{Listener, energies};
use crate::descriptors::Moments;
use crate::error::{Error, Result};
use crate::input::train::{DescriptorChoice, TrainPlan};
use crate::potential::{DescriptorSet, LoadOptions, load_descriptor};
use crate::system::Element;
use crate::train::dataset::{self, Dataset, Labels, Sample};
use crate::train::features::{self, FrameFeatures};
use crate::train::generate::{self, SymmetryGrid};
use crate::train::layout::Layout;
use crate::train::loss::stress_of;
use crate::train::store::Store;
use crate::train::surroundings::Surroundings;
use crate::train::{prune, scaling};
use crate::workflow::dynamics::Stop;
use rayon::prelude::*;

/// Checks frames, makes descriptor and scaling.
pub(super) fn prepare(
    plan: &TrainPlan,
    count: usize,
    frames: Frames,
    listener: &dyn Listener,
    stop: &Stop,
) -> Result<Prepared> {
    let labels = plan.loss.0.labels();
    let Frames { train, validate, test } = frames;
    let training = train.len();
    let mut samples = train;
    samples.extend(validate);
    let data = Dataset::new(samples, training, labels)?;
    let odd_tests = dataset::check_test(&data, labels, &test)?;
    let Dataset { mut samples, elements, mut warnings } = data;
    warnings.extend(odd_tests);
    let learning = samples.len();
    for warning in &warnings {
        listener.warn(warning);
    }
    listener.note(&counts("train and validate", &samples, labels));
    if !test.is_empty() {
        listener.note(&counts("test", &test, labels));
    }
    samples.extend(test);

    let start = plan
        .transfer
        .as_ref()
        .map(|table| Start::load(table, &plan.network, &elements, listener))
        .transpose()?;
    let set = match &start {
        Some(start) => start.set.clone(),
        None => descriptor(plan, &samples[..training], &elements)?,
    };
    if plan.output.n2p2 && (count > 1 || !matches!(set, DescriptorSet::Symmetry(_))) {
        return Err(Error::invalid(
            "[output] n2p2: files of n2p2 hold symmetry functions and one network for each element; this potential has another \
             descriptor, or is a committee",
        ));
    }
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
    let mut features = described(plan, &set, &samples, derivatives, listener, stop)?;
    let known: Vec<&FrameFeatures> = (0..training).map(|k| features.values(k)).collect();
    let mut statistics = match &start {
        Some(start) => start.statistics(&known)?,
        None => scaling::statistics(&set, &known)?,
    };
    if statistics.iter().flatten().all(|s| s.max <= s.min) {
        return Err(Error::invalid(format!(
            "no descriptor differs from atom to atom: is the cutoff ({} Å) shorter than every distance ({:.2} Å)?",
            set.cutoff(),
            data::nearest(&samples[..training])?
        )));
    }
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
    for (s, scaling) in scalings.iter().enumerate() {
        let (silent, all) = (scaling::silent(scaling), scaling.len());
        if silent > 0 && start.is_none() {
            warnings.push(format!(
                "{silent} of {all} descriptors of {} are the same in all frames: what changes them is not learnt, and where they \
                 change the potential does not see it; frames of displaced atoms would tell",
                set.elements()[s]
            ));
            listener.warn(&warnings[warnings.len() - 1]);
        }
    }
    features.scale(&scalings);
    let inputs: Vec<usize> = (0..set.elements().len()).map(|s| set.len(s)).collect();
    let learnt = &samples[..training];
    let (layout, references, unit) = if let Some(start) = &start {
        let layout = start.layout(plan, &set);
        let references = start.references(plan, learnt, &features, &layout, listener)?;
        (layout, references, start.unit)
    } else {
        let references = energies::references(plan, learnt, set.elements())?;
        let unit = energies::unit(learnt, set.elements(), &references);
        (Layout::new(&inputs, &plan.network.hidden, plan.network.activation), references, unit)
    };
    let inputs: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    listener.note(&format!(
        "{} descriptors, {} parameters, {} member{}",
        inputs.join(" + "),
        layout.len(),
        count,
        if count == 1 { "" } else { "s" }
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
    stop: &Stop,
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
    let done = || {
        listener.described(total);
        stop.reason().map_or(Ok(()), |reason| {
            Err(Error::Interrupted(format!(
                "stopped by {reason} while frames were described; the same command goes on from what was there before"
            )))
        })
    };
    let store = Store::compute(set, &frames, derivatives, bound, &done)?;
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
        let with = samples.iter().filter(|s| stress_of(s).is_some()).count();
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
