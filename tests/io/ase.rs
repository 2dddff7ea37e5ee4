//! Files that ASE wrote (`tests/data/io/make_ase.py`), against what ASE itself reads from them.

use crate::support::{own, placeless, through_file};
use mlmd::io::{self, ColumnValues, ReadOptions, Value};
use mlmd::system::{Mat3, Vec3};
use mlmd::{Element, Frame};
use serde_json::Value as Json;

fn numbers(json: &Json) -> Vec<f64> {
    match json {
        Json::Array(array) => array.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// Both programs parse the same digits; only products (fractional coordinates, momenta) may round.
fn same(what: &str, ours: impl IntoIterator<Item = f64>, ase: &Json) {
    let (ours, ase): (Vec<f64>, Vec<f64>) = (ours.into_iter().collect(), numbers(ase));
    assert_eq!(ours.len(), ase.len(), "{what}");
    for (a, b) in ours.iter().zip(&ase) {
        assert!((a - b).abs() <= 1e-14 * b.abs().max(1.0), "{what}: {a} is not {b}");
    }
}

fn flat(vectors: &[Vec3]) -> Vec<f64> {
    vectors.iter().flatten().copied().collect()
}

fn voigt(stress: &Mat3) -> [f64; 6] {
    [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)].map(|at| stress[at])
}

#[test]
fn files_of_ase_are_read_as_ase_reads_them() {
    let facts: Json = serde_json::from_str(&std::fs::read_to_string(own("ase.json")).unwrap()).unwrap();
    for (name, expected) in facts.as_object().unwrap() {
        let frames = io::read_all(&own(name), &ReadOptions::default()).unwrap();
        assert_eq!(frames.len(), expected.as_array().unwrap().len(), "{name}");
        for (frame, ase) in frames.iter().zip(expected.as_array().unwrap()) {
            let symbols: Vec<&str> =
                ase["symbols"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
            assert_eq!(frame.species.iter().map(|e| e.symbol()).collect::<Vec<_>>(), symbols, "{name}");
            let periodic: Vec<bool> =
                ase["pbc"].as_array().unwrap().iter().map(|p| p.as_bool().unwrap()).collect();
            assert_eq!(frame.cell.periodic().as_slice(), periodic, "{name}");
            same(name, frame.cell.rows().into_iter().flatten(), &ase["cell"]);
            same(name, flat(&frame.positions), &ase["positions"]);
            let optional = |key: &str, ours: Option<Vec<f64>>| {
                assert_eq!(ours.is_some(), ase.get(key).is_some(), "{name}: {key}");
                if let Some(ours) = ours {
                    same(&format!("{name}: {key}"), ours, &ase[key]);
                }
            };
            optional("energy", frame.energy.map(|energy| vec![energy]));
            optional("forces", frame.forces.as_deref().map(flat));
            optional("stress", frame.stress.map(|stress| voigt(&stress).to_vec()));
            optional("velocities", frame.velocities.as_deref().map(flat));
            optional("masses", frame.masses.clone());
            optional("charges", frame.charges.clone());
        }
    }
}

#[test]
fn information_of_ase_is_kept() {
    let frames = io::read_all(&own("ase.extxyz"), &ReadOptions::default()).unwrap();
    let rich = &frames[0];
    for (key, value) in [
        ("config_type", Value::Text("strained cell".into())),
        ("quotes", Value::Text("he said \"hi\" [x] {y}".into())),
        ("flag", Value::Flag(true)),
        ("count", Value::Integer(7)),
        ("value", Value::Real(-1.5e-7)),
        ("vector", Value::Reals(vec![1.0, 2.0, 3.5])),
        ("matrix", Value::Text("_JSON [[0.5, 1.5], [2.5, 3.5]]".into())),
        ("nested", Value::Text("_JSON {\"a\": [1, \"two\"], \"b\": null}".into())),
        ("words", Value::Text("_JSON [\"x\", \"y\"]".into())),
        ("a key", Value::Text("spaced".into())),
    ] {
        assert_eq!(rich.info.get(key), Some(&value), "{key}");
    }
    assert_eq!(rich.info.len(), 10, "{:?}", rich.info);
    assert_eq!(rich.columns["tags"].values, ColumnValues::Integers(vec![1, 2, 3, 4, 5]));
    assert_eq!(rich.columns["move_mask"].values, ColumnValues::Flags(vec![true, false, true, true, true]));
    let bits = |frame: &Frame| Frame { velocities: None, ..placeless(frame) };
    for (a, b) in frames.iter().zip(&through_file("again.extxyz", &frames)) {
        assert_eq!(bits(a), bits(b));
    }
}

#[test]
fn selective_dynamics_of_ase_is_kept() {
    let frames = io::read_all(&own("ase.selective.poscar"), &ReadOptions::default()).unwrap();
    let mut expected = vec![true; 15];
    for fixed in [0, 1, 2, 6, 8] {
        expected[fixed] = false;
    }
    assert_eq!(frames[0].columns["move_mask"].values, ColumnValues::Flags(expected));
    let again = &through_file("POSCAR", &frames)[0];
    assert_eq!(again.columns, frames[0].columns);
    assert_eq!(again.species[2], Element::from_symbol("N").unwrap());
}
