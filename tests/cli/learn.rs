//! `mlmd learn`: a potential asks a known law for the frames it lacks.

use crate::binary::{command, fail, mlmd, succeed};
use crate::train::{INPUT, argon, write};
use mlmd::io::{self, ReadOptions};
use serde_json::Value;
use std::fs;
use std::path::Path;

const EXPLORE: &str = r#"
seed = 5
[structure]
file = "crystal.extxyz"
supercell = [2, 2, 2]
[potential]
file = "none yet"
[dynamics]
temperature = ["40 K", "80 K"]
timestep = "4 fs"
equilibrate = "80 fs"
produce = "1.6 ps"
[dynamics.thermostat.csvr]
time = "50 fs"
[guards]
spacing = "40 fs"
[guards.disagreement]
force = "5 meV/angstrom"
most = "0.2 eV/angstrom"
every = "20 fs"
[output]
trajectory = { every = "400 fs" }
thermo = { every = "400 fs" }
"#;

const LAW: &str = "[potential.lennard-jones]\nepsilon = \"0.0104 eV\"\nsigma = \"3.4 angstrom\"\ncutoff = \"5 angstrom\"\ntruncation = \"force-shifted\"\n";

const LEARN: &str = r#"
title = "Argon, of a law"
train = "in.toml"
explore = "explore.toml"
label = "label.toml"
[choose]
number = 4
[until]
disagreed = 0.001
rounds = 2
"#;

/// A few frames of small cells to begin with, and a law that knows the rest.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let frames = argon(30);
    write(&path.join("train.extxyz"), &frames[..10]);
    write(&path.join("test.extxyz"), &frames[20..]);
    write(&path.join("crystal.extxyz"), &frames[..1]);
    let program = env!("CARGO_BIN_EXE_mlmd").replace('\\', "/");
    let label = format!(
        "structure = \"frame.extxyz\"\ncommand = \"{program} evaluate ../../law.toml frame.extxyz -o labels.extxyz --quiet\"\noutput = \"labels.extxyz\"\n"
    );
    let train = INPUT.replace("epochs = 12", "epochs = 8");
    for (name, text) in [
        ("in.toml", &*train),
        ("explore.toml", EXPLORE),
        ("law.toml", LAW),
        ("label.toml", &label),
        ("learn.toml", LEARN),
    ] {
        fs::write(path.join(name), text).unwrap();
    }
    folder
}

fn record(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("out-learn/learn.json")).unwrap()).unwrap()
}

/// Begins, or goes on, until something is there, and stops it then.
#[cfg(unix)]
fn stop_in(folder: &Path, stage: &Path) {
    use std::process::{Command, Stdio};
    let mut child = command(folder)
        .args(["learn", "learn.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !stage.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    // A stage that was at its end already is none to be stopped in.
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(75 | 0)), "{code:?} in {}", stage.display());
}

/// Rounds add what the committee was not sure of, and the test errors fall; what is interrupted at any time goes on to
/// the same numbers.
#[test]
fn rounds_teach_what_is_not_known() {
    let undisturbed = folder();
    let said = succeed(undisturbed.path(), &["learn", "learn.toml", "--quiet"]);
    let expected = record(undisturbed.path());
    let rounds = expected["rounds"].as_array().unwrap();
    assert!(rounds.len() > 1 && rounds.len() <= 3, "{said}");
    let (first, last) = (&rounds[0], &rounds[rounds.len() - 1]);
    assert_eq!(first["frames"], 10);
    assert_eq!(last["frames"], 10 + 4 * (rounds.len() - 1));
    let of = |round: &Value, key: &str| round[key].as_f64().unwrap();
    // Frames from dynamics of 32 atoms beside ten of four: the committee was unsure, rightly, and is less so.
    assert!(of(first, "beyond") > 0.0 && of(last, "median") < of(first, "median"), "{said}");
    assert!(of(first, "new_force") > 0.0 && of(first, "new_spread") > 0.0);
    assert_eq!((&first["chosen"], &first["labelled"], &first["failed"]), (&4.into(), &4.into(), &0.into()));
    // What was computed is there for other trainings, in the words of its round.
    let labelled =
        io::read_all(&undisturbed.path().join("out-learn/labelled.extxyz"), &ReadOptions::default()).unwrap();
    assert_eq!(labelled.len(), 4 * (rounds.len() - 1));
    assert_eq!(labelled[0].config_type().as_deref(), Some("round-1"));
    assert!(labelled.iter().all(|frame| frame.energy.is_some() && frame.forces.is_some()));
    let known = succeed(undisturbed.path(), &["info", "out-learn/potential.mlmd"]);
    assert!(known.contains("Ar"), "{known}");
    assert!(
        fs::read_to_string(undisturbed.path().join("out-learn/report.html"))
            .unwrap()
            .contains("Argon, of a law")
    );

    // Stopped in the midst of each stage.
    #[cfg(unix)]
    {
        let disturbed = folder();
        for stage in [
            "round-01/train",
            "round-01/explore",
            "round-01/chosen.extxyz",
            "round-02/train",
            "round-02/explore",
        ] {
            stop_in(disturbed.path(), &disturbed.path().join("out-learn").join(stage));
        }
        succeed(disturbed.path(), &["learn", "learn.toml", "--quiet"]);
        assert_eq!(record(disturbed.path()), expected);
        let potential = |folder: &Path| fs::read(folder.join("out-learn/potential.mlmd")).unwrap();
        assert!(potential(disturbed.path()) == potential(undisturbed.path()));
    }

    // What is done is done; a round more is a round more, and the last one was none that chose.
    let again = succeed(undisturbed.path(), &["learn", "learn.toml", "--quiet"]);
    assert_eq!((again, record(undisturbed.path())), (said, expected.clone()));
    let more = ["learn", "learn.toml", "--quiet", "--set", "until.rounds=3", "--set", "until.disagreed=0"];
    succeed(undisturbed.path(), &more);
    let grown = record(undisturbed.path());
    let grown = grown["rounds"].as_array().unwrap();
    assert_eq!(grown.len(), 4);
    assert_eq!(grown[..rounds.len() - 1], rounds[..rounds.len() - 1]);
    // As many as were new, of the four that were asked for.
    let count = |round: &Value, key: &str| round[key].as_u64().unwrap();
    assert!((1..=4).contains(&count(&grown[2], "labelled")));
    assert_eq!(count(&grown[3], "frames"), count(&grown[2], "frames") + count(&grown[2], "labelled"));
}

/// A round whose calculations all fail ends it with its numbers kept; what is mended is tried again, and inputs may
/// change in the midst of a round, which begins anew then, and only then.
#[test]
fn what_fails_is_tried_again_and_inputs_may_change() {
    let folder = folder();
    let path = folder.path();
    let label = fs::read_to_string(path.join("label.toml")).unwrap();
    fs::write(
        path.join("label.toml"),
        label.replace("command = \"", "command = \"test -e ../../mended || exit 7; "),
    )
    .unwrap();
    let learn = ["learn", "learn.toml", "--quiet", "--set", "until.rounds=1"];
    let told = fail(path, 3, &learn);
    assert!(
        told.contains(
            "calculations failed, and none has come to an end: it left no labels.extxyz (exit status: 7"
        ),
        "{told}"
    );
    fs::write(path.join("mended"), "").unwrap();
    // Comments, and what decides nothing of what is found, begin nothing anew.
    let explore = fs::read_to_string(path.join("explore.toml")).unwrap();
    fs::write(path.join("explore.toml"), format!("# A remark.\n{explore}")).unwrap();
    let chosen = || fs::metadata(path.join("out-learn/round-01/chosen.extxyz")).unwrap().modified().unwrap();
    let before = chosen();
    let said = succeed(path, &[&learn[..], &["--retry"]].concat());
    assert_eq!(chosen(), before);
    assert!(
        said.contains("not sure yet after 1 round of calculations: the committee is unsure at"),
        "{said}"
    );
    let first = record(path)["rounds"][0].clone();
    assert_eq!((&first["labelled"], &first["failed"]), (&4.into(), &0.into()));
    // The last round chose nothing: with another exploration it is another round, the first stays what it was.
    fs::write(path.join("explore.toml"), explore.replace("every = \"20 fs\"", "every = \"40 fs\"")).unwrap();
    let looks = record(path)["rounds"][1]["looks"].as_u64().unwrap();
    let ran =
        mlmd(path, &["learn", "learn.toml", "--set", "until.rounds=1", "--set", "until.disagreed=1e-9"]);
    assert_eq!((ran.code, record(path)["rounds"][1]["looks"].as_u64()), (0, Some(looks)), "{}", ran.err);
    let ran = mlmd(path, &["learn", "learn.toml", "--set", "until.rounds=2"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("round 2: an input has changed, it begins anew"), "{}", ran.err);
    assert_eq!(record(path)["rounds"][0], first);
    assert!(record(path)["rounds"][1]["looks"].as_u64().unwrap() < looks);
    // Anew: nothing that the rounds came to is left, but calculations are.
    let folders = fs::read_dir(path.join("out-label")).unwrap().count();
    fs::write(
        path.join("label.toml"),
        format!(
            "directory = \"elsewhere\"\n{}",
            label.replace("command = \"", "command = \"no-such-program ")
        ),
    )
    .unwrap();
    let told = fail(path, 2, &[&learn[..], &["--restart", "fresh"]].concat());
    assert!(told.contains("cannot be run"), "{told}");
    for name in ["potential.mlmd", "report.html", "labelled.extxyz", "learn.json"] {
        assert!(!path.join("out-learn").join(name).exists(), "{name}");
    }
    assert_eq!(fs::read_dir(path.join("out-label")).unwrap().count(), folders);
}

#[test]
fn inputs_that_cannot_teach_are_refused_before_anything_is_written() {
    let folder = folder();
    let path = folder.path();
    let refused = |name: &str, from: &str, to: &str, expected: &str| {
        let text = fs::read_to_string(path.join(name)).unwrap();
        assert!(text.contains(from), "{name}: {from}");
        fs::write(path.join(name), text.replace(from, to)).unwrap();
        let told = fail(path, 2, &["learn", "learn.toml"]);
        assert!(told.contains(expected), "{told}");
        fs::write(path.join(name), text).unwrap();
        assert!(!path.join("out-learn").exists());
    };
    refused("in.toml", "members = 2", "members = 1", "in.toml: one potential cannot disagree with itself");
    refused("in.toml", "epochs = 8", "epochs = -1", "in.toml:");
    refused(
        "explore.toml",
        "[guards.disagreement]\nforce = \"5 meV/angstrom\"\nmost = \"0.2 eV/angstrom\"\nevery = \"20 fs\"",
        "",
        "where the committee is not sure",
    );
    refused(
        "explore.toml",
        "force = \"5 meV",
        "policy = \"warn\"\nforce = \"5 meV",
        "frames that are not collected cannot be computed",
    );
    refused("explore.toml", "crystal", "krystal", "explore.toml:4:8: there is no file `krystal.extxyz`");
    refused(
        "label.toml",
        "structure = \"frame.extxyz\"",
        "",
        "the calculation is not told where the atoms are",
    );
    refused(
        "label.toml",
        "structure = ",
        "elements = [\"Kr\"]\nstructure = ",
        "explore.toml: there is Ar in this exploration, which is not among the `elements` of label.toml",
    );
    refused("label.toml", "structure = ", "files = [\"in.toml\"]\n# ", "where the atoms are");
    refused("learn.toml", "rounds = 2", "rounds = 0", "learn.toml:");
    fs::copy(path.join("explore.toml"), path.join("train.toml")).unwrap();
    refused(
        "learn.toml",
        "\"explore.toml\"",
        "\"train.toml\"",
        "the folder of this name is that of the training",
    );
    refused(
        "learn.toml",
        "\"explore.toml\"",
        "[\"explore.toml\", \"explore.toml\"]",
        "another exploration has this name",
    );
}

/// Two cannot learn in one folder.
#[test]
fn a_folder_has_one_learner() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir_all(path.join("out-learn")).unwrap();
    let lock = fs::File::create(path.join("out-learn/.lock")).unwrap();
    lock.try_lock().unwrap();
    let output = command(path).args(["learn", "learn.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another mlmd is running here"));
}
