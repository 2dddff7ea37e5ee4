//! What a training leaves behind for people: learning curves, error tables, the worst frames.

use super::Prepared;
use crate::error::{Error, Result};
use crate::input::train::TrainPlan;
use crate::train::checkpoint::{Checkpoint, CurvePoint};
use crate::train::loss::Target;
use crate::train::split::Split;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use crate::workflow::Deviation;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What was reached.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Where everything was written.
    pub folder: PathBuf,
    /// Errors of the committee's mean on all frames that train or validate some member.
    pub learning: ErrorTable,
    /// Errors of every member on the frames that it did not train on, all members together.
    pub validation: Row,
    /// Errors on the frames of the test.
    pub test: Option<ErrorTable>,
    /// Epochs and seconds of all members.
    pub epochs: u64,
    /// Wall time of all members, seconds.
    pub seconds: f64,
}

/// Errors of many frames: all, by kind of frame, by element, and the worst frames.
#[derive(Debug, Clone, Default)]
pub struct ErrorTable {
    /// Over all frames.
    pub all: Row,
    /// By `config_type`.
    pub types: BTreeMap<String, Row>,
    /// Force components by element, eV/Å.
    pub elements: BTreeMap<&'static str, Deviation>,
    /// The frames with the largest errors, worst first.
    pub worst: Vec<Worst>,
}

/// Differences of energies per atom (eV), force components (eV/Å) and stress components (GPa).
#[derive(Debug, Clone, Copy, Default)]
pub struct Row {
    /// Energy per atom, eV.
    pub energy: Deviation,
    /// Force components, eV/Å.
    pub forces: Deviation,
    /// Stress components, GPa.
    pub stress: Deviation,
}

/// A frame with large errors.
#[derive(Debug, Clone)]
pub struct Worst {
    /// File, line and index.
    pub frame: String,
    /// Error of the energy per atom, eV.
    pub energy: f64,
    /// Root mean square error of the force components, eV/Å.
    pub forces: f64,
    /// Largest error of a force component, eV/Å.
    pub largest: f64,
}

/// How many of the worst frames are told.
const WORST: usize = 5;

impl Row {
    fn push(&mut self, target: &Target, differences: &[f64], frame: usize) {
        let n = target.atoms;
        for (row, d) in differences.iter().enumerate() {
            if target.inverse_sigma[row] == 0.0 {
                continue;
            }
            match row {
                0 => self.energy.push(d / n as f64, frame as u64),
                row if row <= 3 * n => self.forces.push(*d, frame as u64),
                _ => self.stress.push(d * EV_PER_ANGSTROM3_IN_GPA, frame as u64),
            }
        }
    }

    fn json(&self) -> Value {
        let milli = |x: Option<f64>| x.map(|x| x * 1e3);
        json!({
            "energy_rmse_mev_per_atom": milli(self.energy.rmse()),
            "energy_mae_mev_per_atom": milli(self.energy.mae()),
            "energy_max_mev_per_atom": self.energy.largest * 1e3,
            "force_rmse_ev_per_angstrom": self.forces.rmse(),
            "force_mae_ev_per_angstrom": self.forces.mae(),
            "force_max_ev_per_angstrom": self.forces.largest,
            "stress_rmse_gpa": self.stress.rmse(),
        })
    }
}

impl ErrorTable {
    fn json(&self) -> Value {
        let types: serde_json::Map<_, _> =
            self.types.iter().map(|(k, row)| (k.clone(), row.json())).collect();
        let elements: serde_json::Map<_, _> =
            self.elements.iter().map(|(k, d)| ((*k).to_string(), json!(d.rmse()))).collect();
        let worst: Vec<_> = self
            .worst
            .iter()
            .map(|w| {
                json!({ "frame": w.frame, "energy_mev_per_atom": w.energy * 1e3,
                        "force_rmse_ev_per_angstrom": w.forces, "force_max_ev_per_angstrom": w.largest })
            })
            .collect();
        json!({ "all": self.all.json(), "by_config_type": types,
                "force_rmse_by_element": elements, "worst_frames": worst })
    }
}

/// Errors of the mean of all members, and of each on what it did not see.
pub(super) fn report(
    plan: &TrainPlan,
    prepared: &Prepared,
    state: &Checkpoint,
    splits: &[Split],
) -> Result<Report> {
    let first = splits.first().ok_or_else(|| Error::Internal("a training without members".into()))?;
    let targets = prepared.targets(plan, first);
    let mut mean: Vec<Vec<f64>> = targets.iter().map(|t| vec![0.0; t.references.len()]).collect();
    let mut validation = Row::default();
    let share = 1.0 / state.members.len() as f64;
    for (member, split) in splits.iter().enumerate() {
        let differences = prepared.differences(plan, &targets, &state.members, member)?;
        for frame in &split.validation {
            validation.push(&targets[*frame], &differences[*frame], *frame);
        }
        for (mean, differences) in mean.iter_mut().zip(&differences) {
            mean.iter_mut().zip(differences).for_each(|(m, d)| *m += share * d);
        }
    }
    let table = |frames: std::ops::Range<usize>| table(prepared, &targets, &mean, frames);
    let total = prepared.samples.len();
    Ok(Report {
        folder: plan.output.directory.clone(),
        learning: table(0..prepared.learning),
        validation,
        test: (total > prepared.learning).then(|| table(prepared.learning..total)),
        epochs: state.members.iter().filter_map(|m| m.1.last()).map(|p| p.epoch).sum(),
        seconds: state.members.iter().filter_map(|m| m.1.last()).map(|p| p.seconds).sum(),
    })
}

fn table(
    prepared: &Prepared,
    targets: &[Target],
    differences: &[Vec<f64>],
    frames: std::ops::Range<usize>,
) -> ErrorTable {
    let mut table = ErrorTable::default();
    for k in frames {
        let (frame, rows, target) = (&prepared.samples[k].frame, &differences[k], &targets[k]);
        table.all.push(target, rows, k);
        if let Some(kind) = frame.text("config_type") {
            table.types.entry(kind.to_string()).or_default().push(target, rows, k);
        }
        let mut own = Row::default();
        own.push(target, rows, k);
        for (atom, element) in frame.species.iter().enumerate() {
            for row in 1 + 3 * atom..4 + 3 * atom {
                if target.inverse_sigma[row] > 0.0 {
                    table.elements.entry(element.symbol()).or_default().push(rows[row], k as u64);
                }
            }
        }
        table.worst.push(Worst {
            frame: frame.origin.to_string(),
            energy: own.energy.mean().unwrap_or(0.0),
            forces: own.forces.rmse().unwrap_or(0.0),
            largest: own.forces.largest,
        });
    }
    table.worst.sort_by(|a, b| {
        let key = |w: &Worst| if w.forces > 0.0 { w.forces } else { w.energy.abs() };
        key(b).total_cmp(&key(a))
    });
    table.worst.truncate(WORST);
    table
}

/// What the potential's file remembers of its training.
pub(super) fn summary(plan: &TrainPlan, report: &Report, prepared: &Prepared) -> toml::Table {
    let mut table = toml::Table::new();
    let mut put = |key: &str, value: toml::Value| {
        table.insert(key.into(), value);
    };
    if let Some(title) = &plan.title {
        put("title", title.clone().into());
    }
    put("frames", (prepared.learning as i64).into());
    put("seed", (plan.seed as i64).into());
    put("epochs", (report.epochs as i64).into());
    let rows = [
        ("all-learning-frames", Some(report.learning.all)),
        ("validation", Some(report.validation)),
        ("test", report.test.as_ref().map(|t| t.all)),
    ];
    for (name, row) in rows {
        let Some(row) = row else { continue };
        let mut errors = toml::Table::new();
        for (key, value) in [
            ("energy-rmse-mev-per-atom", row.energy.rmse().map(|x| x * 1e3)),
            ("force-rmse-ev-per-angstrom", row.forces.rmse()),
            ("stress-rmse-gpa", row.stress.rmse()),
        ] {
            if let Some(value) = value {
                errors.insert(key.into(), value.into());
            }
        }
        put(name, errors.into());
    }
    table
}

/// The learning curves of all members as CSV.
pub(super) fn write_curves(path: &Path, state: &Checkpoint) -> Result<()> {
    let mut text = String::from(
        "member,epoch,seconds,loss,train_energy_mev_per_atom,train_force_ev_per_angstrom,\
         train_stress_gpa,validation_loss,validation_energy_mev_per_atom,\
         validation_force_ev_per_angstrom,validation_stress_gpa\n",
    );
    for (member, (_, curve)) in state.members.iter().enumerate() {
        for point in curve {
            let [train, held] = [point.train, point.validation].map(|errors| cells(errors.rms()));
            let _ = writeln!(
                text,
                "{},{},{:.3},{:e},{train},{:e},{held}",
                member + 1,
                point.epoch,
                point.seconds,
                point.loss,
                point.validation_loss
            );
        }
    }
    std::fs::write(path, text).map_err(Error::io(path, "write"))
}

fn cells(rms: [Option<f64>; 3]) -> String {
    let units = [1e3, 1.0, EV_PER_ANGSTROM3_IN_GPA];
    let cell = |(x, unit): (Option<f64>, f64)| x.map_or(String::new(), |x| format!("{:.6e}", x * unit));
    rms.into_iter().zip(units).map(cell).collect::<Vec<_>>().join(",")
}

/// `train.json`: everything.
pub(super) fn write(
    path: &Path,
    plan: &TrainPlan,
    prepared: &Prepared,
    state: &Checkpoint,
    splits: &[Split],
    report: &Report,
    request: &str,
) -> Result<()> {
    let elements: Vec<_> = prepared.set.elements().iter().map(|e| e.symbol()).collect();
    let references: serde_json::Map<_, _> =
        elements.iter().zip(&prepared.references).map(|(e, x)| ((*e).to_string(), json!(x))).collect();
    let files = |files: &[crate::input::train::FrameFile]| -> Vec<String> {
        files.iter().map(|f| f.file.display().to_string()).collect()
    };
    let members: Vec<_> = state
        .members
        .iter()
        .zip(splits)
        .map(|((_, curve), split)| {
            json!({ "epochs": curve.last().map(|p| p.epoch), "seconds": curve.last().map(|p| p.seconds),
                    "split": split, "learning_curve": curve.iter().map(point).collect::<Vec<_>>() })
        })
        .collect();
    let value = json!({
        "schema": "mlmd.train/1",
        "version": crate::VERSION,
        "title": plan.title,
        "seed": plan.seed,
        "input_and_data_sha256": request,
        "frames": files(&plan.data.frames),
        "validation_frames": files(&plan.data.validate),
        "test_frames": files(&plan.data.test),
        "elements": elements,
        "reference_energies_ev": references,
        "descriptors": (0..elements.len()).map(|s| prepared.set.len(s)).collect::<Vec<_>>(),
        "cutoff_angstrom": prepared.set.cutoff(),
        "hidden_layers": plan.network.hidden,
        "activation": plan.network.activation.name(),
        "parameters": prepared.layout.len(),
        "loss": plan.loss.0,
        "optimizer": format!("{:?}", plan.optimizer),
        "members": members,
        "errors": {
            "all_learning_frames": report.learning.json(),
            "validation": report.validation.json(),
            "test": report.test.as_ref().map(ErrorTable::json),
        },
    });
    let text = serde_json::to_string_pretty(&value).map_err(|e| Error::Internal(e.to_string()))?;
    std::fs::write(path, text + "\n").map_err(Error::io(path, "write"))
}

fn point(point: &CurvePoint) -> Value {
    json!({ "epoch": point.epoch, "loss": point.loss, "validation_loss": point.validation_loss,
            "train": point.train.rms(), "validation": point.validation.rms() })
}
