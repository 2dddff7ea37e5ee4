//! Cross-validation: every frame is predicted once by a potential that has not seen it, nor, if whole
//! groups are left out, anything like it.

use super::data::Frames;
use super::{Job, Report};
use crate::error::{Error, Result};
use crate::input::train::CrossValidation;
use crate::io;
use crate::system::Element;
use crate::train::dataset::Sample;
use crate::train::loss::stress_of;
use crate::train::split::split;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One training of a cross-validation, judged on the frames it left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fold {
    /// What decided it: input, frames, and which of them were left out.
    pub request: String,
    /// Its name and that of its folder.
    pub name: String,
    /// How many frames were left out.
    pub frames: u64,
    /// RMSE of the energy per atom, meV.
    pub energy: Option<f64>,
    /// RMSE of the force components, eV/Å.
    pub forces: Option<f64>,
    /// RMSE of the stress components, GPa.
    pub stress: Option<f64>,
    /// Largest error of a force component, eV/Å.
    pub largest: f64,
}

/// All trainings of a cross-validation.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossReport {
    /// Where everything was written.
    pub folder: PathBuf,
    /// One for each part of the frames.
    pub folds: Vec<Fold>,
}

impl CrossReport {
    /// Mean and standard deviation over the folds of RMSE of energy (meV/atom), forces (eV/Å), stress (GPa),
    /// and of the largest force error (eV/Å), where there are any.
    pub fn spread(&self) -> [Option<[f64; 2]>; 4] {
        let columns: [fn(&Fold) -> Option<f64>; 4] =
            [|f| f.energy, |f| f.forces, |f| f.stress, |f| f.forces.map(|_| f.largest)];
        columns.map(|of| {
            let x: Vec<f64> = self.folds.iter().filter_map(of).collect();
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
            (!x.is_empty()).then(|| [mean, (squares / (n - 1.0).max(1.0)).sqrt()])
        })
    }
}

/// Trains on all but one part of the frames, for every part; parts that are done are not done again.
pub(super) fn run(
    job: &Job<'_>,
    cross: &CrossValidation,
    frames: &Frames,
    request: &str,
) -> Result<CrossReport> {
    let folder = &job.plan.output.directory;
    let parts = parts(job.plan.seed, cross, &frames.train)?;
    if job.fresh {
        // A training that is begun anew and stopped must not find what an earlier one came to.
        let records = parts.iter().map(|(name, _)| folder.join(name).join("fold.json"));
        for record in records.chain([folder.join("cross-validation.json")]) {
            io::remove_if_there(&record)?;
        }
    }
    let mut folds = Vec::new();
    for (k, (name, left_out)) in parts.iter().enumerate() {
        let request = format!("{request} {name}");
        let below = folder.join(name);
        let record = below.join("fold.json");
        let done = if job.fresh { None } else { read(&record)? };
        if let Some(fold) = done.filter(|fold| fold.request == request) {
            job.listener.note(&format!("{name}: done before"));
            folds.push(fold);
            continue;
        }
        job.listener.note(&format!(
            "{name} ({} of {}): {} frames left out",
            k + 1,
            parts.len(),
            left_out.len()
        ));
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for (index, sample) in frames.train.iter().enumerate() {
            let side = if left_out.contains(&index) { &mut test } else { &mut train };
            side.push(sample.clone());
        }
        let before = test.len();
        test.retain(|sample: &Sample| lacking(sample, &train).is_none());
        if test.len() < before {
            job.listener.warn(&format!(
                "{name}: {} of {before} frames left out have an element that no other frame has: nothing is learnt of it, and \
                 they are not judged",
                before - test.len()
            ));
        }
        if test.is_empty() {
            continue;
        }
        let stressed = |samples: &[Sample]| samples.iter().any(|sample| stress_of(sample).is_some());
        if job.plan.loss.0.stress.is_some() && !stressed(&train) && stressed(&test) {
            job.listener
                .warn(&format!("{name}: no other frame has a stress, which is to be learnt: it is left out"));
            continue;
        }
        let part = Frames { train, validate: frames.validate.clone(), test };
        let report = job.fit(part, &below, &request).map_err(|error| match error {
            Error::Invalid(message) => Error::invalid(format!("{name}: {message}")),
            Error::Interrupted(message) => Error::Interrupted(format!("{name}: {message}")),
            other => other,
        })?;
        let fold = judged(&report, name, request);
        io::replace(&record, io::json(&fold)?)?;
        folds.push(fold);
    }
    if folds.is_empty() {
        return Err(Error::invalid(
            "every part of the frames has an element, or all the stress, that the others lack",
        ));
    }
    let report = CrossReport { folder: folder.clone(), folds };
    write(&report, cross)?;
    Ok(report)
}

/// An element of a frame that no other frame has.
fn lacking(sample: &Sample, others: &[Sample]) -> Option<Element> {
    let known = |element: &&Element| others.iter().any(|other| other.frame.species.contains(element));
    sample.frame.species.iter().find(|element| !known(element)).copied()
}

fn judged(report: &Report, name: &str, request: String) -> Fold {
    let row = report.test.as_ref().map(|test| test.all).unwrap_or_default();
    Fold {
        request,
        name: name.to_string(),
        frames: row.frames,
        energy: row.energy.rmse().map(|x| x * 1e3),
        forces: row.forces.rmse(),
        stress: row.stress.rmse(),
        largest: row.forces.largest,
    }
}

fn read(path: &Path) -> Result<Option<Fold>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    // A record that is damaged is made again.
    Ok(serde_json::from_str(&text).ok())
}

/// Names of the parts, and the frames that each leaves out.
fn parts(seed: u64, cross: &CrossValidation, samples: &[Sample]) -> Result<Vec<(String, BTreeSet<usize>)>> {
    let Some(key) = &cross.leave_out else {
        let folds = cross.folds.unwrap_or(5);
        if samples.len() < folds {
            return Err(Error::invalid(format!(
                "{} frames cannot be divided into {folds} folds",
                samples.len()
            )));
        }
        let fold = |k| {
            (
                format!("fold-{:02}", k + 1),
                split(samples, seed, 1.0 / folds as f64, k).validation.into_iter().collect(),
            )
        };
        return Ok((0..folds).map(fold).collect());
    };
    if let Some(lacking) = samples.iter().find(|s| s.frame.label(key).is_none()) {
        return Err(Error::invalid(format!(
            "{}: this frame has no `{key}`; [cross_validation] leave_out needs one in every frame",
            lacking.frame.origin
        )));
    }
    let groups: BTreeSet<Cow<'_, str>> = samples.iter().filter_map(|s| s.frame.label(key)).collect();
    if groups.len() < 2 {
        return Err(Error::invalid(format!(
            "all frames have the same `{key}`: there is nothing to leave out"
        )));
    }
    let mut names = BTreeSet::new();
    let mut parts = Vec::new();
    for group in groups {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '_' };
        let mut name = format!("without-{}", group.chars().map(plain).collect::<String>());
        while !names.insert(name.clone()) {
            name.push('_');
        }
        let of_group = |k: &usize| samples[*k].frame.label(key).as_ref() == Some(&group);
        let left_out = (0..samples.len()).filter(of_group).collect();
        parts.push((name, left_out));
    }
    Ok(parts)
}

/// `cross-validation.json`.
fn write(report: &CrossReport, cross: &CrossValidation) -> Result<()> {
    let [energy, forces, stress, largest] =
        report.spread().map(|s| s.map(|[mean, std]| json!({ "mean": mean, "std": std })));
    let value = json!({
        "schema": "mlmd.cross-validation/1",
        "version": crate::VERSION,
        "left_out_by": cross.leave_out.clone().unwrap_or_else(|| "random folds".into()),
        "folds": report.folds.iter().map(|f| json!({
            "name": f.name,
            "frames": f.frames,
            "energy_rmse_mev_per_atom": f.energy,
            "force_rmse_ev_per_angstrom": f.forces,
            "force_max_ev_per_angstrom": f.forces.map(|_| f.largest),
            "stress_rmse_gpa": f.stress,
        })).collect::<Vec<_>>(),
        "energy_rmse_mev_per_atom": energy,
        "force_rmse_ev_per_angstrom": forces,
        "force_max_ev_per_angstrom": largest,
        "stress_rmse_gpa": stress,
    });
    let path = report.folder.join("cross-validation.json");
    io::replace(&path, io::json(&value)?)
}
