//! What a training leaves behind for programs: `train.json`, learning curves, and a summary in the potential.

use super::Report;
use super::members::Member;
use super::prepared::Prepared;
use crate::error::{Error, Result};
use crate::input::train::TrainPlan;
use crate::io;
use crate::train::checkpoint::CurvePoint;
use crate::train::layout::NetworkLayout;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use crate::workflow::ErrorTable;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

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
        ("validation", Some(report.validation.all)),
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
pub(super) fn write_curves(path: &Path, members: &[Member]) -> Result<()> {
    let mut text = String::from(
        "member,epoch,seconds,loss,train_energy_mev_per_atom,train_force_ev_per_angstrom,\
         train_stress_gpa,validation_loss,validation_energy_mev_per_atom,\
         validation_force_ev_per_angstrom,validation_stress_gpa\n",
    );
    for (k, member) in members.iter().enumerate() {
        for point in member.curve() {
            let [train, held] = [point.train, point.validation].map(|errors| cells(errors.rms()));
            let _ = writeln!(
                text,
                "{},{},{:.3},{:e},{train},{:e},{held}",
                k + 1,
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
    members: &[Member],
    report: &Report,
    request: &str,
) -> Result<()> {
    let elements: Vec<_> = prepared.set.elements().iter().map(|e| e.symbol()).collect();
    let references: serde_json::Map<_, _> =
        elements.iter().zip(&prepared.references).map(|(e, x)| ((*e).to_string(), json!(x))).collect();
    let files = |files: &[crate::input::train::FrameFile]| -> Vec<String> {
        files.iter().map(|f| f.file.display().to_string()).collect()
    };
    let shape = |(element, network): (&&str, &NetworkLayout)| {
        let widths = network.layers.iter().map(|layer| layer.outputs);
        let inputs = network.layers.first().map(|layer| layer.inputs);
        json!({ "element": element, "neurons": inputs.into_iter().chain(widths).collect::<Vec<_>>(),
                "activation": network.layers.first().map(|layer| layer.activation.name()) })
    };
    let members: Vec<_> = members
        .iter()
        .map(|member| {
            let (curve, split) = (member.curve(), &member.split);
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
        "networks": elements.iter().zip(&prepared.layout.networks).map(shape).collect::<Vec<_>>(),
        "parameters": prepared.layout.len(),
        "loss": plan.loss.0,
        "optimizer": format!("{:?}", plan.optimizer),
        "device": prepared.device(),
        "precision": prepared.precision(),
        "descriptor": prepared.set.name(),
        "us_per_atom_step": report.cost.map(|c| c.0),
        "warnings": prepared.warnings,
        "going_on_from": plan.transfer.as_ref().map(|t| t.potential.display().to_string()),
        "members": members,
        "errors": {
            "all_learning_frames": report.learning.json(),
            "validation": report.validation.json(),
            "test": report.test.as_ref().map(ErrorTable::json),
        },
    });
    io::replace(path, io::json(&value)?)
}

fn point(point: &CurvePoint) -> Value {
    json!({ "epoch": point.epoch, "loss": point.loss, "validation_loss": point.validation_loss,
            "train": point.train.rms(), "validation": point.validation.rms() })
}
