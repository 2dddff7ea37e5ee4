//! The same trajectory in other programs: MDAnalysis, tidynamics, pymatgen-analysis-diffusion, kinisi.

use crate::command::write;
use mlmd::analysis::synthetic::{INTERVAL, Kind, Synthetic};
use mlmd::analysis::{Choice, Transport};
use mlmd::system::Element;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Runs the script that asks the others; `None` without Python.
fn ask(path: &Path, start: f64) -> Option<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/analysis/peers.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_string());
    let output = Command::new(python)
        .arg(script)
        .arg(path)
        .args([INTERVAL.to_string(), start.to_string()])
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Walkers on a framework that drifts. Up to 16 frames mlmd takes every frame for an origin, as the others do, and the
/// mean squared displacements are the same to round-off; beyond, its origins are a ninth of the lag apart or less, and it
/// differs by a part of its error. docs/agreement.md explains the rest.
#[test]
fn the_others_find_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walk.extxyz");
    let system = Synthetic::of(Kind::Drift);
    write(system, 11, &path);
    let li = Element::from_symbol("Li").unwrap();
    let moved = system.watch(11).unwrap();
    let found = Transport::of(vec![moved], Some(600.0), &[(li, 1.0)], &Choice::default()).unwrap();
    let (tracer, charge) = (found.tracers[0].1.as_ref().unwrap(), found.charge.as_ref().unwrap());
    let (msd, run) = (&found.runs[0].msd[0], &found.runs[0]);
    let Some(others) = ask(&path, tracer.window.start) else {
        eprintln!("skipped: there is no python3");
        return;
    };
    let told = |name: &str| {
        let value = others.get(name);
        if value.is_none() {
            eprintln!("skipped: {name} is not installed");
        }
        value
    };
    let same = |name: &str, lags: &[f64], values: &[f64], tolerance: f64| {
        let mut compared = 0;
        for (k, lag) in msd.lags.iter().enumerate().filter(|(_, lag)| **lag < run.frames / 4) {
            let Some(at) = lags.iter().position(|l| (l - *lag as f64).abs() < 1e-6) else { continue };
            let (own, other) = (msd.trace(k), values[at]);
            // A lag over the length of the run, over the number of ions: the square of the relative error.
            let error = (2.0 / 3.0 * *lag as f64 / run.frames as f64 / system.ions as f64).sqrt();
            let allowed = if *lag <= 16 { tolerance } else { 0.3 * error };
            assert!((own / other - 1.0).abs() < allowed, "{name}, lag {lag}: {own} {other}");
            compared += 1;
        }
        assert!(compared > 10, "{name}: {compared} lags");
    };
    let all: Vec<f64> = (0..run.frames).map(|lag| lag as f64).collect();
    if let Some(value) = told("tidynamics") {
        // The transform of tidynamics loses digits with the square of the distance travelled.
        same("tidynamics", &all, &numbers(value), 1e-9);
        let collective = numbers(&others["collective"]);
        for [t, own, error] in &charge.curve {
            // Both are means over all origins here.
            let other = collective[(t / INTERVAL).round() as usize];
            assert!((own / other - 1.0).abs() < 1e-9, "collective, {t} fs: {own} {other} ± {error}");
        }
    }
    if let Some(value) = told("mdanalysis") {
        // Positions of 32 bits: 1e-7 of 60 Å, twice, in displacements of 1 Å.
        same("MDAnalysis", &all, &numbers(value), 1e-5);
    }
    let near = |name: &str, value: f64, error: f64| {
        let own = &tracer.diffusivity;
        // The same data: what differs is how they are weighed.
        assert!(
            (value - own.value).abs() < 2.0 * own.std_error.hypot(error),
            "{name}: {value} ± {error}, {own}"
        );
    };
    if let Some(value) = told("pymatgen") {
        same("pymatgen", &numbers(&value["lags"]), &numbers(&value["msd"]), 1e-9);
        let stated = value["std_dev"].as_f64().unwrap();
        // It fits lags up to the whole run, at which 32 ions in 3 dimensions are known to 1/√48.
        let own = value["diffusivity"].as_f64().unwrap();
        near("pymatgen", own, own / 48.0_f64.sqrt());
        // Its error takes the lags for independent: far too small.
        assert!(stated < 1e-2 * tracer.diffusivity.std_error, "{stated}");
    }
    if let Some(value) = told("kinisi") {
        // kinisi leaves out displacements that begin at the first frame: one origin in 375 or more, which can weigh
        // twice as much as others.
        same("kinisi", &numbers(&value["lags"]), &numbers(&value["msd"]), 0.005);
        near("kinisi", value["diffusivity"].as_f64().unwrap(), value["std_error"].as_f64().unwrap());
        // Its covariance counts displacements that do not overlap: of the same size as that of overlapping ones.
        let ratio = value["std_error"].as_f64().unwrap() / tracer.diffusivity.std_error;
        assert!((0.5..4.0).contains(&ratio), "{ratio}");
    }
}
