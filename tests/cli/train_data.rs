//! What is wrong with frames is told before anything is trained: with file and frame.

use crate::binary::{fail, mlmd, succeed};
use crate::train::{argon, folder, write};
use mlmd::io::Value;
use mlmd::system::{Mat3, Vec3};
use mlmd::{Cell, Element, Frame};
use std::fs;

/// A potential that is done in a moment.
const QUICK: [&str; 6] =
    ["train", "in.toml", "--set", "network.members=1", "--set", "optimizer.levenberg-marquardt.epochs=1"];

/// Trains on ten frames that were changed; the complaint, or what was printed to standard error.
fn with(change: impl FnOnce(&mut Vec<Frame>)) -> crate::binary::Ran {
    let folder = folder();
    let mut frames = argon(10);
    change(&mut frames);
    write(&folder.path().join("train.extxyz"), &frames);
    mlmd(folder.path(), &QUICK)
}

fn refused(expected: &str, change: impl FnOnce(&mut Vec<Frame>)) {
    let ran = with(change);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains(expected) && ran.err.contains("train.extxyz"), "{}", ran.err);
}

#[test]
fn every_kind_of_bad_frame_has_its_answer() {
    refused(
        "(frame 7): no forces here, and in 1 of 10 frames in all; remove these frames, or take `forces` out of [loss]",
        |f| {
            f[7].forces = None;
        },
    );
    refused("(frame 3): no energy here", |f| f[3].energy = None);
    refused("train.extxyz:16:81: `NaN` is not a finite number", |f| {
        f[2].forces.as_mut().unwrap()[1].y = f64::NAN;
    });
    refused("(frame 4): the energy is -", |f| f[4].energy = Some(-500.0));
    refused("(frame 10): the same atoms as in", |f| {
        let mut copy = f[0].clone();
        copy.energy = Some(copy.energy.unwrap() + 0.1);
        f.push(copy);
    });
    let ran = with(|f| f.truncate(1));
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("one frame is too little to train on"), "{}", ran.err);
    let ran = with(Vec::clear);
    assert_eq!(ran.code, 2, "{}", ran.err);
}

/// What is odd without being wrong is told, and training goes on.
#[test]
fn odd_frames_are_told() {
    let ran = with(|f| {
        let copy = f[1].clone();
        f.push(copy);
        for force in f[5].forces.as_mut().unwrap() {
            *force *= 1e4;
        }
    });
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("(frame 10) repeats train.extxyz") || ran.err.contains("it counts twice"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("(frame 5): the root mean square force is"), "{}", ran.err);
    assert!(ran.err.contains("11 frames, 44 atoms: 11 energies, 132 force components"), "{}", ran.err);
    // Elements of which little is learnt, atoms alone, and what a committee has said.
    let ran = with(|f| {
        f[1].species[0] = "Kr".parse::<Element>().unwrap();
        f[2] = Frame {
            energy: Some(-0.01),
            forces: Some(vec![Vec3::zeros()]),
            ..Frame::new(Cell::isolated(), vec![f[0].species[0]], vec![Vec3::zeros()])
        };
        f[3].info.insert("energy_std".into(), Value::Real(0.1));
    });
    for told in [
        "one atom of Kr in all frames",
        "1 of 10 frames are of one atom",
        "1 of 10 frames carry `guard`, `energy_std`",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    // A test on frames that were learnt from, an atom of them in the next cell.
    let folder = folder();
    let mut learnt = argon(3);
    let along = learnt[1].cell.vector(0);
    learnt[1].positions[2] += along;
    write(&folder.path().join("test.extxyz"), &learnt[1..]);
    let ran = mlmd(folder.path(), &QUICK);
    assert!(ran.err.contains("2 of 2 frames of the test are also learnt from"), "{}", ran.err);
}

/// Stress is learnt where it is: surfaces have none, whatever their files say.
#[test]
fn frames_without_stress_teach_what_they_have() {
    let with = |stressed: usize| {
        let folder = folder();
        let mut frames = argon(10);
        for (k, frame) in frames.iter_mut().take(stressed).enumerate() {
            frame.stress = Some(Mat3::identity() * 1e-3);
            if k == 0 {
                let lattice = frame.cell.matrix().transpose().into();
                frame.cell = Cell::new(lattice, [true, true, false]).unwrap();
            }
        }
        write(&folder.path().join("train.extxyz"), &frames);
        mlmd(folder.path(), &[&QUICK[..], &["--set", "loss.stress=1 GPa"]].concat())
    };
    let ran = with(4);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("7 of 10 frames have no stress"), "{}", ran.err);
    assert!(ran.err.contains("120 force components, 18 stress components"), "{}", ran.err);
    let ran = with(1);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("no stress here, and in 10 of 10 frames in all"), "{}", ran.err);
}

#[test]
fn an_element_that_the_descriptor_does_not_have_is_refused() {
    let folder = folder();
    succeed(folder.path(), &[&QUICK[..], &["--quiet"]].concat());
    let text = fs::read_to_string(folder.path().join("in.toml")).unwrap();
    let from = text.find("[descriptor.symmetry]").unwrap();
    let to = text.find("[network]").unwrap();
    let text = format!(
        "{}[descriptor.from]\nfile = \"out/potential.mlmd\"\n{}[output]\ndirectory = \"again\"\n",
        &text[..from],
        &text[to..]
    );
    fs::write(folder.path().join("in.toml"), text).unwrap();
    succeed(folder.path(), &[&QUICK[..], &["--quiet"]].concat());
    let mut frames = argon(10);
    frames[6].species[2] = "Kr".parse::<Element>().unwrap();
    write(&folder.path().join("train.extxyz"), &frames);
    let message = fail(folder.path(), 2, &[&QUICK[..], &["--quiet", "--restart", "fresh"]].concat());
    assert!(message.contains("(frame 6): Kr is not an element of the descriptor (it has Ar)"), "{message}");
}

/// Files and kinds of frames have weights; a kind that no frame has is a slip.
#[test]
fn weights_of_files_and_kinds_are_used_and_checked() {
    let folder = folder();
    let mut frames = argon(12);
    for (k, frame) in frames.iter_mut().enumerate() {
        let kind = if k % 2 == 0 { "cold" } else { "hot" };
        frame.info.insert("config_type".into(), Value::Text(kind.into()));
    }
    write(&folder.path().join("train.extxyz"), &frames[..6]);
    write(&folder.path().join("more.extxyz"), &frames[6..]);
    let text = fs::read_to_string(folder.path().join("in.toml")).unwrap();
    let more = "[[data.frames]]\nfile = \"more.extxyz\"\nweight = 3.0\n[[data.test]]";
    fs::write(folder.path().join("in.toml"), text.replace("[[data.test]]", more)).unwrap();
    let train = |weights: &str, out: &str| {
        let out = format!("output.directory={out}");
        let mut arguments = QUICK.to_vec();
        arguments.extend(["--set", &out]);
        if !weights.is_empty() {
            arguments.extend(["--set", weights]);
        }
        let ran = mlmd(folder.path(), &arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran
    };
    let first = train("", "a");
    assert!(first.err.contains("more.extxyz: 6 frames of weight 3"), "{}", first.err);
    assert!(first.out.contains("cold") && first.out.contains("hot"), "{}", first.out);
    train("data.weights={ hot = 5.0 }", "b");
    let read = |out: &str| fs::read(folder.path().join(out).join("potential.mlmd")).unwrap();
    assert!(read("a") != read("b"));
    let message =
        fail(folder.path(), 2, &[&QUICK[..], &["--quiet", "--set", "data.weights={ hto = 5.0 }"]].concat());
    assert!(message.contains("no frame has the config_type `hto`"), "{message}");
}

/// Of two energies one has to be named.
#[test]
fn the_energy_that_is_meant_can_be_named() {
    let folder = folder();
    let file = folder.path().join("train.extxyz");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(" energy=", " dft_energy=0.5 energy=")).unwrap();
    let arguments = ["train", "in.toml", "--quiet", "--set", "network.members=1"];
    let message = fail(folder.path(), 2, &arguments);
    assert!(message.contains("`energy_key` in [[data.frames]]"), "{message}");
    let input = fs::read_to_string(folder.path().join("in.toml")).unwrap();
    let named = input.replacen("\"train.extxyz\"\n", "\"train.extxyz\"\nenergy_key = \"energy\"\n", 1);
    fs::write(folder.path().join("in.toml"), &named).unwrap();
    succeed(folder.path(), &arguments);
    // Units of a file that has its own are a mistake.
    let units = named.replacen("energy_key = \"energy\"\n", "units = [\"hartree\", \"bohr\"]\n", 1);
    fs::write(folder.path().join("in.toml"), units).unwrap();
    let message = fail(folder.path(), 2, &arguments);
    assert!(message.contains("units were given, but those of"), "{message}");
}
