//! `mlmd label`: another program computes, here mlmd itself or Quantum ESPRESSO.

use crate::binary::{command, fail, mlmd, succeed};
use crate::train::write;
use mlmd::io::{self, ReadOptions, Value};
use mlmd::random::{Philox, Purpose};
use mlmd::system::{Mat3, Vec3};
use mlmd::{Cell, Frame};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

fn read(path: impl AsRef<Path>) -> Vec<Frame> {
    io::read_all(path.as_ref(), &ReadOptions::default()).unwrap()
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/li3n").join(name)
}

/// Rattled crystals of Li3N whose elements stand in no order, as a guard has kept them.
fn frames(count: u64) -> Vec<Frame> {
    let crystal = read(shipped("golden.extxyz")).swap_remove(0);
    let make = |k: u64| {
        let mut random = Philox::new(5, Purpose::General, k, 0);
        let mut order: Vec<usize> = (0..crystal.len()).collect();
        order.sort_by_key(|n| (n * 7 + k as usize) % 11);
        let shake = |n: &usize| crystal.positions[*n] + 0.1 * Vec3::from_fn(|_, _| random.uniform() - 0.5);
        let positions = order.iter().map(shake).collect();
        let species = order.iter().map(|n| crystal.species[*n]).collect();
        let mut frame = Frame::new(crystal.cell.clone(), species, positions);
        frame.info.insert("config_type".into(), Value::Text("rattled".into()));
        frame.info.insert("guard".into(), Value::Text("a guard kept it".into()));
        // Those of a potential, to be replaced.
        (frame.energy, frame.forces) = (Some(1e3), Some(vec![Vec3::zeros(); crystal.len()]));
        frame
    };
    (0..count).map(make).collect()
}

/// A folder with frames, and mlmd in the place of DFT.
fn folder(count: u64, keys: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("frames.extxyz"), &frames(count));
    let program = env!("CARGO_BIN_EXE_mlmd").replace('\\', "/");
    let potential = shipped("").display().to_string().replace('\\', "/");
    let plan = keys.replace("MLMD", &program).replace("POTENTIAL", &potential);
    fs::write(folder.path().join("label.toml"), plan).unwrap();
    folder
}

const BY_MLMD: &str = r#"
structure = "POSCAR"
elements = ["N", "Li"]
command = "MLMD evaluate POTENTIAL POSCAR -o labels.extxyz --quiet"
output = "labels.extxyz"
parallel = 2
basis_stress = "0.5 GPa"
"#;

const LABEL: [&str; 5] = ["label", "label.toml", "frames.extxyz", "-o", "labelled.extxyz"];

/// Folders of calculations.
fn calculations(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> =
        fs::read_dir(folder.join("out-label")).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

/// Atoms come back in their order, with what is told of a frame, and without what said that a potential had labelled it.
#[test]
fn frames_get_the_labels_of_another_program() {
    let folder = folder(3, BY_MLMD);
    let path = folder.path();
    let said = succeed(path, &LABEL);
    assert_eq!(said, "3 of 3 frames labelled: labelled.extxyz\n");
    let potential = shipped("").display().to_string();
    succeed(path, &["evaluate", &potential, "frames.extxyz", "-o", "direct.extxyz", "--quiet"]);
    let (labelled, direct) = (read(path.join("labelled.extxyz")), read(path.join("direct.extxyz")));
    let basis = Mat3::identity() * (0.5 / mlmd::units::EV_PER_ANGSTROM3_IN_GPA);
    for ((own, direct), asked) in labelled.iter().zip(&direct).zip(frames(3)) {
        assert_eq!((&own.species, &own.positions), (&direct.species, &direct.positions));
        assert_eq!(own.species, asked.species);
        // Sums over the same atoms in another order, in double precision: 1e-12 of terms of up to 10 eV/Å.
        let off =
            own.forces.iter().flatten().zip(direct.forces.iter().flatten()).map(|(a, b)| (a - b).norm());
        assert!(off.fold(0.0, f64::max) < 1e-9);
        assert!((own.energy.unwrap() - direct.energy.unwrap()).abs() < 1e-9);
        assert!((own.stress.unwrap() + basis - direct.stress.unwrap()).norm() < 1e-9);
        assert_eq!(own.config_type().as_deref(), Some("rattled"));
        assert!(!own.info.contains_key("guard"));
    }
    // A frame that is there twice is computed once.
    let twice = [
        "label",
        "label.toml",
        "frames.extxyz",
        "frames.extxyz",
        "-o",
        "twice.extxyz",
        "--set",
        "directory=anew",
    ];
    assert_eq!(succeed(path, &twice), "6 of 6 frames labelled: twice.extxyz\n");
    assert_eq!(fs::read_dir(path.join("anew")).unwrap().count(), 3);
    // In the order that was asked for.
    let poscar = fs::read_to_string(calculations(path)[0].join("POSCAR")).unwrap();
    assert_eq!(poscar.lines().nth(5).unwrap().split_whitespace().collect::<Vec<_>>(), ["N", "Li"]);
    // Nothing is done twice, and another stress of the basis needs no calculation.
    let before = calculations(path);
    for folder in &before {
        fs::remove_file(folder.join("labels.extxyz")).unwrap();
    }
    let said = succeed(path, &[&LABEL[..], &["--set", "basis_stress=0 GPa"]].concat());
    assert_eq!(said, "3 of 3 frames labelled, 3 of them before: labelled.extxyz\n");
    let again = read(path.join("labelled.extxyz"));
    assert!((again[0].stress.unwrap() - direct[0].stress.unwrap()).norm() < 1e-9);
    assert_eq!(calculations(path), before);
}

#[test]
fn what_fails_is_told_and_tried_again_when_asked() {
    // All but those whose name begins with an even digit fail; the fifth and later of five are not hopeless.
    let keys = BY_MLMD.replace("MLMD evaluate", "test -e ../../mended || exit 5; MLMD evaluate");
    let folder = folder(5, &keys);
    let path = folder.path();
    let told = fail(path, 3, &LABEL);
    assert!(told.starts_with("error: the first "), "{told}");
    assert!(told.contains("it left no labels.extxyz (exit status: 5; it printed nothing)"), "{told}");
    // Those that failed are not tried again, the others are.
    fs::write(path.join("mended"), "").unwrap();
    let ran = mlmd(path, &LABEL);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let failed = ran.err.matches("it left no labels.extxyz").count();
    assert!((3..5).contains(&failed), "{}", ran.err);
    assert!(ran.out.contains(&format!("{} of 5 frames labelled", 5 - failed)), "{}", ran.out);
    assert!(ran.out.contains(&format!("{failed} calculations failed; `--retry` tries again")), "{}", ran.out);
    let said = succeed(path, &[&LABEL[..], &["--retry"]].concat());
    assert!(said.starts_with("5 of 5 frames labelled"), "{said}");
}

#[test]
fn labels_of_other_structures_are_refused() {
    // The output of some other frame.
    let keys = BY_MLMD.replace("POSCAR -o labels.extxyz", "../../other.extxyz -o labels.extxyz");
    let folder = folder(1, &keys);
    let path = folder.path();
    let mut frame = frames(1).swap_remove(0);
    frame.species.sort_by_key(|element| element.symbol() == "Li");
    let refused = |frame: &Frame, expected: &str| {
        write(&path.join("other.extxyz"), std::slice::from_ref(frame));
        let ran = mlmd(path, &[&LABEL[..], &["--retry"]].concat());
        assert_eq!(ran.code, 3, "{}", ran.out);
        assert!(ran.err.contains(expected), "{}", ran.err);
    };
    refused(&frame, "the atoms of its output have moved, by ");
    let strained = Cell::from_matrix(frame.cell.matrix() * 1.01, [true; 3]).unwrap();
    refused(&Frame { cell: strained, ..frame.clone() }, "the cell of its output is another one, by 0.");
    frame.species.reverse();
    refused(&frame, "in another order or of another formula than Li");
}

#[test]
fn slips_are_told_before_anything_is_computed() {
    let folder = folder(1, BY_MLMD);
    let path = folder.path();
    let refused = |set: &str, code: i32, expected: &str| {
        let told = fail(path, code, &[&LABEL[..], &["--set", set]].concat());
        assert!(told.contains(expected), "{set}: {told}");
    };
    fs::write(path.join("in"), "a\n  {{atom}}\n").unwrap();
    refused("files=[\"in\"]", 2, "in:2:3: `atom` stands for nothing here");
    refused("structure=\"frame.docx\"", 2, "frame.docx");
    refused(
        "structure=\"../POSCAR\"",
        2,
        "`../POSCAR` is not the name of a file in the folder of a calculation",
    );
    for (set, expected) in [
        ("structure=\"failed.txt\"", "`failed.txt`: a file of this name is mlmd's own"),
        ("structure=\"labels.extxyz\"", "`labels.extxyz`: this is the `output`, which is not there before"),
        ("output=\"label.log\"", "a file of this name is mlmd's own"),
    ] {
        refused(set, 2, expected);
    }
    fs::write(path.join("POSCAR"), "of another kind").unwrap();
    refused("files=[\"POSCAR\"]", 2, "`POSCAR`: another file of the calculation has this name");
    refused("elements=[\"Li\"]", 2, "there is N in this frame");
    refused("parallel=0", 2, "--set:1:10");
    refused("comand=\"a\"", 2, "did you mean `command`?");
    assert!(!path.join("out-label").exists());
    let told = fail(path, 2, &["label", "label.toml", "frames.extxyz", "-o", "labelled.cif"]);
    assert!(told.contains("expected a name that ends in .extxyz"), "{told}");
    let told = fail(path, 2, &["label", "label.toml", "frames.extxyz", "-o", "frames.extxyz"]);
    assert!(told.contains("the input and the output are the same file"), "{told}");
    // A program that is not there is nothing to remember of a frame.
    refused("command=\"no-such-program\"", 2, "`no-such-program` cannot be run: ");
    assert_eq!(succeed(path, &LABEL), "1 of 1 frames labelled: labelled.extxyz\n");
    fs::write(path.join("in"), "no place\n").unwrap();
    fs::write(path.join("label.toml"), "files = [\"in\"]\ncommand = \"a\"\noutput = \"b\"\n").unwrap();
    let told = fail(path, 2, &LABEL);
    assert!(told.contains("says where the atoms are"), "{told}");
}

/// A signal ends the calculations with the program, and all they have started.
#[cfg(unix)]
#[test]
fn a_signal_ends_calculations_and_the_same_command_goes_on() {
    let keys = BY_MLMD
        .replace("MLMD evaluate", "test -e ../../go || (sleep 1234 & touch asleep; wait); MLMD evaluate");
    let folder = folder(3, &keys);
    let path = folder.path();
    let mut child = command(path).args(LABEL).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !path.join("out-label").exists()
        || calculations(path).iter().filter(|f| f.join("asleep").exists()).count() < 2
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Another process does what is left, and writes nothing that is not whole.
    fs::write(path.join("go"), "").unwrap();
    let beside = mlmd(path, &[&LABEL[..4], &["other.extxyz"]].concat());
    assert_eq!(beside.code, 76, "{}{}", beside.out, beside.err);
    assert!(
        beside.err.contains("another process works on 2 of 3 calculations, the others are done"),
        "{}",
        beside.err
    );
    assert!(!path.join("other.extxyz").exists());
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(75));
    let left = Command::new("pgrep").args(["-f", "^sleep 1234$"]).output();
    assert!(left.is_err() || left.unwrap().stdout.is_empty());
    assert!(!path.join("labelled.extxyz").exists());
    let said = succeed(path, &LABEL);
    assert!(said.starts_with("3 of 3 frames labelled, 1 of them before"), "{said}");
}

/// What a process that was killed has started goes on, and nobody else begins the same beside it.
#[cfg(unix)]
#[test]
fn a_folder_is_taken_as_long_as_its_calculation_goes_on() {
    let keys = BY_MLMD.replace(
        "MLMD evaluate",
        "echo $$ > pid; while test ! -e ../../go; do sleep 0.05; done; MLMD evaluate",
    );
    let folder = folder(1, &keys);
    let path = folder.path();
    let mut child = command(path).args(LABEL).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun =
        || path.join("out-label").exists() && calculations(path).iter().any(|f| f.join("pid").exists());
    while !begun() {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(mlmd(path, &LABEL).code, 76);
    fs::write(path.join("go"), "").unwrap();
    // Until it has ended. What it left is not read: nobody saw how.
    let mut ran = mlmd(path, &LABEL);
    for _ in 0..600 {
        if ran.code != 76 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        ran = mlmd(path, &LABEL);
    }
    assert_eq!((ran.code, &*ran.out), (0, "1 of 1 frames labelled: labelled.extxyz\n"), "{}", ran.err);
}

/// A status other than 0 is a failure unless it is told that it is none; files that are not copied decide the result, too.
#[test]
fn status_and_files_that_stay_where_they_are_count() {
    let keys = BY_MLMD.replace("--quiet", "--quiet; cat {{here}}/number >> {{ here }}/count; exit 5");
    let folder = folder(1, &format!("depends = [\"number\"]\n{keys}"));
    let path = folder.path();
    fs::write(path.join("number"), "1").unwrap();
    let ran = mlmd(path, &LABEL);
    assert!(ran.code == 3 && ran.err.contains("it ended badly (exit status: 5; "), "{}", ran.err);
    let ignoring = [&LABEL[..], &["--retry", "--set", "ignore_status=true"]].concat();
    assert!(succeed(path, &ignoring).starts_with("1 of 1"));
    assert_eq!(fs::read_to_string(path.join("count")).unwrap(), "11");
    // Done, wherever the plan lies; anew with another content.
    assert!(succeed(path, &ignoring).starts_with("1 of 1 frames labelled, 1 of them before"));
    fs::write(path.join("number"), "2").unwrap();
    assert_eq!(succeed(path, &ignoring), "1 of 1 frames labelled: labelled.extxyz\n");
    assert_eq!(fs::read_to_string(path.join("count")).unwrap(), "112");
    assert_eq!(calculations(path).len(), 2);
}

/// Labels of an earlier kind do not stay beside the new ones, and the energy is the one that forces are derivatives of.
#[test]
fn the_free_energy_counts_and_older_labels_go() {
    let keys = BY_MLMD
        .replace("--quiet", "--quiet; sed -i.bak 's/ energy=/ free_energy=-1.5 energy=/' labels.extxyz");
    let folder = folder(1, &keys);
    let path = folder.path();
    let mut frame = frames(1).swap_remove(0);
    frame.info.insert("free_energy".into(), Value::Real(7.0));
    frame.info.insert("MACE_stress".into(), Value::Text("older".into()));
    write(&path.join("frames.extxyz"), &[frame]);
    succeed(path, &LABEL);
    let labelled = read(path.join("labelled.extxyz")).swap_remove(0);
    assert_eq!(labelled.energy, Some(-1.5));
    assert_eq!(labelled.info.keys().collect::<Vec<_>>(), ["config_type"]);
}

const BY_ESPRESSO: &str = "files = [\"pw.in\"]\ncommand = \"OMP_NUM_THREADS=1 pw.x -in pw.in > pw.out\"\noutput = \"pw.out\"\nparallel = 2\n";

const PW: &str = "&CONTROL
  calculation='scf', prefix='p', outdir='./tmp', pseudo_dir='/usr/share/espresso/pseudo', tprnfor=.true., tstress=.true., disk_io='none'
/
&SYSTEM
  ibrav=0, nat={{natoms}}, ntyp=1, ecutwfc=12, occupations='fixed', nosym=.true.
/
&ELECTRONS
  conv_thr=1e-11
/
ATOMIC_SPECIES
Si 28.0855 Si.pz-vbc.UPF
K_POINTS gamma
CELL_PARAMETERS angstrom
{{cell}}
ATOMIC_POSITIONS angstrom
{{atoms}}
";

/// How far an atom is moved, Å.
const H: f64 = 0.01;

/// The whole way to a DFT code and back: forces are derivatives of the energies of other frames.
#[test]
fn quantum_espresso_labels_frames() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // It writes files where it is started.
    let there = Command::new("pw.x").arg("--version").current_dir(path).stdin(Stdio::null()).output().is_ok();
    if !there || !Path::new("/usr/share/espresso/pseudo/Si.pz-vbc.UPF").exists() {
        eprintln!("skipped: there is no pw.x, or not its pseudopotential of silicon");
        return;
    }
    fs::write(path.join("label.toml"), BY_ESPRESSO).unwrap();
    fs::write(path.join("pw.in"), PW).unwrap();
    // Two atoms off their sites; then one of them moved along x by h to either side.
    let cell = Cell::new([[0.0, 2.7, 2.7], [2.7, 0.0, 2.7], [2.7, 2.7, 0.0]], [true; 3]).unwrap();
    let frame = |x: f64| {
        let positions = vec![Vec3::new(0.1 + x, -0.05, 0.02), Vec3::new(1.35, 1.35, 1.35)];
        Frame::new(cell.clone(), vec!["Si".parse().unwrap(); 2], positions)
    };
    write(&path.join("frames.extxyz"), &[0.0, H, -H].map(frame));
    assert_eq!(succeed(path, &LABEL), "3 of 3 frames labelled: labelled.extxyz\n");
    let labelled = read(path.join("labelled.extxyz"));
    let energy = |k: usize| labelled[k].energy.unwrap();
    let forces = labelled[0].forces.as_ref().unwrap();
    let difference = -(energy(1) - energy(2)) / (2.0 * H);
    // h²/6 times the third derivative (some 30 eV/Å³), and 1e-8 Ry printed over 2h: 5e-4 and 7e-6 eV/Å.
    assert!((forces[0].x - difference).abs() < 1.5e-3, "{} {difference}", forces[0].x);
    assert!(forces[0].x.abs() > 0.1 && labelled[0].stress.is_some());
}
