//! The loss by tensors on a device, all of it: nothing is read back before the end of an epoch.
//!
//! The tables of all frames stay on the device where they fit into the bound that is given, and a batch is
//! selected there; else those of each batch are sent anew.

use super::features::FrameFeatures;
use super::first_order::Slope;
use super::loss::{Loss, Target};
use super::objective::{Descent, Objective};
use super::place::Place;
use super::problem::Problem;
use super::tables::{self, Tables};
use super::tensors::{Answer, answer, pull_back};
use crate::error::{Error, Result};
use burn::tensor::Tensor;
use std::borrow::Cow;

/// An objective on a device.
#[derive(Debug, Clone)]
pub struct Uploaded<'a> {
    problem: Problem<'a>,
    place: Place,
    /// Frames in a step, and when they are only looked at.
    batch: usize,
    /// The tables of all frames that are used, and where in them each frame is.
    resident: Option<(Tables, Vec<Option<usize>>)>,
    /// What the derivatives of all frames take, bytes.
    bytes: u64,
}

impl<'a> Uploaded<'a> {
    /// Frames on a device, `batch` of them in a step; those of `used` stay there if they take no more than `bound`
    /// bytes.
    ///
    /// # Errors
    /// [`Error::Device`] if a batch is too large for the device.
    pub fn new(problem: Problem<'a>, place: Place, used: &[usize], batch: usize, bound: u64) -> Result<Self> {
        let held = problem.features.in_memory();
        let values = |frame: &usize| problem.features.values(*frame);
        let blocks = tables::blocks(used.iter().map(values));
        let mut sizes: Vec<u64> =
            used.iter().map(|frame| tables::bytes(values(frame), blocks, &place)).collect();
        let bytes = sizes.iter().sum();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let largest: u64 = sizes.iter().take(batch).sum();
        if largest > place.largest() {
            return Err(Error::Device(format!(
                "{}: the derivatives of {} frames take {} MB, and an operation can be given {} MB at once; expected a \
                 smaller `batch`",
                place.name(),
                batch.min(used.len()),
                largest / 1_000_000,
                place.largest() / 1_000_000
            )));
        }
        let mut made = Self { problem, place, batch, resident: None, bytes };
        // Frames whose derivatives are not held here are computed anew for each batch: the device cannot hold more.
        if bytes <= bound.min(made.place.largest()) && held == problem.features.len() {
            let send = || {
                let tables = made.sent(used);
                // Memory that is not there is to be noticed now: a read waits until all was sent.
                made.place.numbers(made.place.tensor(vec![0.0], [1]))?;
                Ok(tables)
            };
            let tables = made.place.guarded(send)?;
            let mut at = vec![None; problem.features.len()];
            for (place, frame) in used.iter().enumerate() {
                at[*frame] = Some(place);
            }
            made.resident = Some((tables, at));
        }
        Ok(made)
    }

    /// One line for a person.
    pub fn describe(&self) -> String {
        let stay = if self.resident.is_some() { "stay there" } else { "are sent batch by batch" };
        format!(
            "device: {}, single precision; {:.1} MB of derivatives {stay}",
            self.place.name(),
            self.bytes as f64 * 1e-6
        )
    }

    /// The tables of these frames.
    fn tables(&self, frames: &[usize]) -> Tables {
        let Some((tables, at)) = &self.resident else { return self.sent(frames) };
        let places: Option<Vec<usize>> = frames.iter().map(|frame| at[*frame]).collect();
        places.map_or_else(|| self.sent(frames), |places| tables.part(&places))
    }

    /// The tables of these frames, sent from the host.
    fn sent(&self, frames: &[usize]) -> Tables {
        let features: Vec<Cow<'_, FrameFeatures>> =
            frames.iter().map(|frame| self.problem.features.frame(*frame)).collect();
        let targets = frames.iter().map(|frame| &self.problem.targets[*frame]);
        let pairs: Vec<(&FrameFeatures, &Target)> = features.iter().map(AsRef::as_ref).zip(targets).collect();
        Tables::new(&self.place, self.problem.layout.networks.len(), &pairs)
    }

    /// What the networks say about the atoms of tables.
    fn answers(&self, tables: &Tables, theta: &Tensor<1>) -> Vec<Answer> {
        let networks = self.problem.layout.networks.iter().zip(tables.values());
        networks.filter_map(|(network, x)| Some(answer(network, theta, x?))).collect()
    }
}

impl Objective for Uploaded<'_> {
    fn targets(&self) -> &[Target] {
        self.problem.targets
    }

    fn train(&self) -> &[usize] {
        self.problem.train
    }

    fn loss(&self) -> &Loss {
        self.problem.loss
    }

    fn differences(&self, theta: &[f64], frames: &[usize]) -> Result<Vec<Vec<f64>>> {
        self.place.guarded(|| {
            let theta = self.place.tensor(theta.to_vec(), [theta.len()]);
            let mut all = Vec::new();
            for frames in frames.chunks(self.batch) {
                let tables = self.tables(frames);
                let (residuals, _) = tables.adjoints(&self.answers(&tables, &theta), self.loss().huber);
                all.extend(self.rows(frames, &self.place.numbers(residuals)?));
            }
            Ok(all)
        })
    }

    fn gradient(&self, theta: &[f64], frames: &[usize]) -> Result<Descent> {
        self.place.guarded(|| {
            let theta = self.place.tensor(theta.to_vec(), [theta.len()]);
            let [gradient, met] = self.slope(&theta, frames)?;
            let differences = self.rows(frames, &self.place.numbers(met)?);
            let each = frames.iter().zip(&differences);
            let loss = each.map(|(frame, rows)| self.targets()[*frame].penalty(self.loss(), rows)).sum();
            Ok(Descent { loss, gradient: self.place.numbers(gradient)?, differences })
        })
    }
}

impl Slope for Uploaded<'_> {
    fn place(&self) -> Place {
        self.place.clone()
    }

    fn slope(&self, theta: &Tensor<1>, frames: &[usize]) -> Result<[Tensor<1>; 2]> {
        let theta = theta.clone().autodiff().require_grad();
        let tables = self.tables(frames);
        let answers = self.answers(&tables, &theta);
        let (residuals, adjoints) = tables.adjoints(&answers, self.loss().huber);
        Ok([pull_back(&theta, answers.into_iter().zip(adjoints))?, residuals])
    }

    fn rows(&self, frames: &[usize], met: &[f64]) -> Vec<Vec<f64>> {
        let targets: Vec<&Target> = frames.iter().map(|frame| &self.problem.targets[*frame]).collect();
        Tables::differences(met, &targets)
    }
}
