//! What NEP_CPU, the processor's side of GPUMD, computes with small potentials of random numbers:
//! `tests/data/golden/make.py` makes them.

use super::own::{folder, structure, vector};
use super::{Structure, assert_potential, evaluate, near};
use mlmd::potential::reference::ReferencePotential;
use mlmd::potential::{LoadOptions, NeuralModel, PotentialFormat, load, save};
use mlmd::system::Vec3;
use serde_json::Value;

/// A potential and what is said of a structure.
struct Case {
    what: String,
    model: NeuralModel,
    structure: Structure,
    energy: f64,
    forces: Vec<Vec3>,
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let results = expected["results"].as_object().unwrap().iter();
    let cases = results.filter(|(name, _)| name.starts_with("nep/")).flat_map(|(name, results)| {
        let model = load(folder().join(format!("{name}.txt")), &LoadOptions::default()).unwrap();
        let structures = &expected["structures"];
        results.as_array().unwrap().iter().map(move |result| {
            let which = result["structure"].as_str().unwrap();
            Case {
                what: format!("{name} {which}"),
                model: model.clone(),
                structure: structure(&structures[which]),
                energy: result["energy"].as_f64().unwrap(),
                forces: result["forces"].as_array().unwrap().iter().map(vector).collect(),
            }
        })
    });
    let cases: Vec<Case> = cases.collect();
    assert_eq!(cases.len(), 6 * 2);
    cases
}

/// Two ways to the same functions, thirteen digits of constants there: round-off. By the definitions as well.
#[test]
fn potentials_agree_with_nep_cpu() {
    for Case { what, model, structure, energy, forces } in cases() {
        assert_potential(&model, &structure, energy, &forces, &what);
        let mut reference = ReferencePotential::new(model);
        let out = evaluate(&mut reference, &structure);
        near(out.energy, energy, 1e-10 * energy.abs(), &what);
        for (force, expected) in out.forces.iter().zip(&forces) {
            near((force - expected).amax(), 0.0, 1e-9 * expected.amax().max(0.1), &what);
        }
    }
}

/// What becomes a file of mlmd's own gives the same bits, with the repulsion and without it.
#[test]
fn converted_potentials_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (at, case) in cases().into_iter().enumerate() {
        let path = folder.path().join(format!("{at}.mlmd"));
        save(&case.model, &path, PotentialFormat::Native).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let format = if case.model.repulsion().is_some() { "format = 2" } else { "format = 1" };
        assert_eq!(text.lines().nth(1), Some(format), "{}", case.what);
        let read = load(&path, &LoadOptions::default()).unwrap();
        assert!(read == case.model && !read.knows_its_range(), "{}", case.what);
    }
}
