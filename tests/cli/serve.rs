//! `mlmd serve`, with the programs it is for at the other end.

use crate::binary::fail;
use mlmd::compute::Options;
use mlmd::io::{ReadOptions, open};
use mlmd::potential::{LoadOptions, NeuralPotential, Precision, load};
use mlmd::system::Vec3;
use mlmd::units::HARTREE;
use mlmd::{Cell, Engine, System};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/li3n").join(name)
}

/// Asks another program what it was told; `None` where there is none.
fn ask(which: &str) -> Option<Value> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_string());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/serve.py");
    let output = Command::new(python)
        .arg(script)
        .args([which, env!("CARGO_BIN_EXE_mlmd")])
        .args([shipped("potential.mlmd"), shipped("golden.extxyz")])
        .output();
    match output {
        Ok(output) if output.status.code() == Some(77) => eprintln!("skipped: {which} is not installed"),
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return Some(serde_json::from_slice(&output.stdout).unwrap());
        }
        Err(_) => eprintln!("skipped: there is no python3"),
    }
    None
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        one => vec![one.as_f64().unwrap()],
    }
}

fn engine() -> Engine {
    let model = load(shipped("potential.mlmd"), &LoadOptions::default()).unwrap();
    let potential = NeuralPotential::new(model.into(), Precision::Double);
    Engine::new(Box::new(potential), Options::default()).unwrap()
}

fn crystal() -> System {
    let mut frames = open(&shipped("golden.extxyz"), &ReadOptions::default()).unwrap();
    frames.next().unwrap().unwrap().to_system().unwrap()
}

/// As many evaluations as were made is what the program says at its end.
fn said(value: &Value, count: usize) {
    let said = value["said"].as_str().unwrap();
    assert!(said.starts_with(&format!("{count} evaluations in ")), "{said}");
}

#[test]
fn ase_is_told_energy_forces_and_stress() {
    let Some(answer) = ask("ase") else { return };
    let told = answer["told"].as_array().unwrap();
    said(&answer, told.len());
    let (species, mut engine) = (crystal().species, engine());
    for told in told {
        let rows = numbers(&told["cell"]);
        let rows = [0, 3, 6].map(|k| [rows[k], rows[k + 1], rows[k + 2]]);
        let positions = numbers(&told["positions"]);
        let positions = positions.chunks(3).map(Vec3::from_column_slice).collect();
        let system = System::new(Cell::new(rows, [true; 3]).unwrap(), species.clone(), positions).unwrap();
        let own = engine.evaluate(&system).unwrap();
        // ASE takes hartree and bohr from CODATA 2014, which are 8e-9 and 6e-10 off those of 2018: energies by as much, and
        // forces by the latter times their slope (some 10 eV/Å²) times the size of the cell (10 Å).
        let energy = told["energy"].as_f64().unwrap();
        assert!((energy / own.energy - 1.0).abs() < 1e-8, "{energy} {}", own.energy);
        for (a, b) in numbers(&told["forces"]).iter().zip(own.forces.iter().flatten()) {
            assert!((a - b).abs() < 2e-7, "{a} {b}");
        }
        let stress = own.stress(system.cell.volume());
        for (a, b) in numbers(&told["stress"]).iter().zip(stress.iter()) {
            assert!((a - b).abs() < 1e-8, "{a} {b}");
        }
    }
}

#[test]
fn i_pi_moves_atoms_that_keep_their_energy() {
    let Some(answer) = ask("ipi") else { return };
    let (conserved, potential) = (numbers(&answer["conserved"]), numbers(&answer["potential"]));
    said(&answer, potential.len());
    // i-PI has hartree and bohr of its own, 1e-7 and 1e-8 off ours: the former is taken out, the latter moves energies by as much
    // of the virial, some 100 eV. Its table has four decimals of them.
    let unit = HARTREE / answer["electronvolt"].as_f64().unwrap();
    let own = engine().evaluate(&crystal()).unwrap().energy;
    assert!((potential[0] * unit - own).abs() < 2e-4, "{} {own}", potential[0] * unit);
    let range = |values: &[f64]| {
        let ends = values.iter().fold([f64::MAX, f64::MIN], |[a, b], x| [a.min(*x), b.max(*x)]);
        ends[1] - ends[0]
    };
    // Velocity Verlet keeps (ω Δt)²/8 of what is exchanged: ω Δt is at most 0.08 for 0.5 fs and vibrations of 40 fs.
    assert!(range(&potential) > 1.0, "{potential:?}");
    assert!(range(&conserved) < 8e-4 * range(&potential), "{} {}", range(&conserved), range(&potential));
}

#[cfg(unix)]
#[test]
fn nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let (potential, frame) = (shipped("potential.mlmd"), shipped("golden.extxyz"));
    let begin = ["serve", potential.to_str().unwrap(), frame.to_str().unwrap(), "--wait", "0.1 s", "-q"];
    let message = fail(folder.path(), 4, &[&begin[..], &["--unix", "./nobody"]].concat());
    assert!(message.contains("nobody: cannot connect (does the other program listen there?)"), "{message}");
    let message = fail(folder.path(), 2, &[&begin[..], &["--port", "1", "--unix", "x"]].concat());
    assert!(message.contains("cannot be used with"), "{message}");
    let message = fail(folder.path(), 2, &["serve", begin[1], begin[2], "--wait", "3 angstrom"]);
    assert!(message.contains("another quantity"), "{message}");
}
