//! `mlmd analyze` on trajectories in files.

use mlmd::analysis::synthetic::{Kind, Synthetic};
use mlmd::io::{self, ReadOptions, WriteOptions};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Writes a synthetic trajectory with times.
pub(crate) fn write(system: Synthetic, seed: u64, path: &Path) {
    let mut out = io::create(path, None, &WriteOptions::default()).unwrap();
    let mut n = 0;
    system
        .run(seed, &mut |frame| {
            let mut frame = frame.clone();
            frame.time = Some(f64::from(n) * 100.0);
            n += 1;
            out.write(&frame)
        })
        .unwrap();
    out.finish().unwrap();
}

pub(crate) fn analyze(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mlmd"))
        .current_dir(folder)
        .args(["analyze", "--quiet"])
        .args(arguments)
        .output()
        .unwrap()
}

/// Every number is an estimate: value, error, interval, sample size, unit, method, flags.
fn check_estimate(value: &Value, name: &str) {
    let number = |key: &str| value[key].as_f64().unwrap_or_else(|| panic!("{name}.{key}: {value}"));
    assert!(number("std_error") > 0.0 && number("n_effective") > 0.0);
    let [low, high] = [0, 1].map(|k| value["ci95"][k].as_f64().unwrap());
    assert!(low <= number("value") && number("value") <= high, "{name}: {value}");
    assert!(value["unit"].is_string() && value["method"].is_string() && value["flags"].is_array());
}

/// The published schema holds.
pub(crate) fn check_schema(result: &Value) {
    let schema = serde_json::from_str(include_str!("../../docs/result.schema.json")).unwrap();
    let complaints = crate::schema::complaints(result, &schema);
    assert!(complaints.is_empty(), "{complaints:#?}");
}

pub(crate) fn result(folder: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join("result.json")).unwrap()).unwrap()
}

#[test]
fn several_temperatures_give_an_arrhenius_report() {
    let folder = tempfile::tempdir().unwrap();
    // Hop probabilities of 0.2 eV at 600, 800, 1000 K.
    for (name, step) in [("a.extxyz", 0.0339), ("b.extxyz", 0.0897), ("c.extxyz", 0.16)] {
        let system = Synthetic { step, frames: 400, ..Synthetic::of(Kind::Cages) };
        write(system, 5, &folder.path().join(name));
    }
    let output = analyze(
        folder.path(),
        &[
            "a.extxyz",
            "b.extxyz",
            "c.extxyz",
            "--mobile",
            "Li",
            "--charges",
            "Li=1",
            "--temperature",
            "600 K,800 K,1000 K",
            "--viscosity",
            "1e-3 Pa*s",
            "-o",
            "out",
        ],
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = folder.path().join("out");
    let result = result(&out);
    assert_eq!(result["schema"], "mlmd.result/1");
    check_schema(&result);
    let temperatures = result["temperatures"].as_array().unwrap();
    assert_eq!(temperatures.len(), 3);
    for section in temperatures {
        assert_eq!(section["species"]["Li"]["count"], 32);
        assert_eq!(section["drift_reference"], "framework");
        check_estimate(&section["tracer"]["Li"]["diffusivity"], "D*");
        check_estimate(&section["conductivity_nernst_einstein"], "NE");
        for key in ["diffusivity", "conductivity", "haven_ratio", "inverse_haven_ratio"] {
            check_estimate(&section["charge"][key], key);
        }
    }
    let law = &result["arrhenius"]["diffusivity_Li"];
    check_estimate(&law["activation_energy"], "Ea");
    let (energy, error) =
        (&law["activation_energy"]["value"], law["activation_energy"]["std_error"].as_f64().unwrap());
    assert!((energy.as_f64().unwrap() - 0.2).abs() < 4.0 * error, "{law}");
    check_estimate(&result["arrhenius"]["conductivity"]["predictions"][0]["estimate"], "σ(300 K)");

    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("<svg") && html.contains("activation energy"));
    // The letters of pictures mean nothing.
    let html: String = html
        .split("base64,")
        .enumerate()
        .map(|(k, part)| if k == 0 { part } else { part.split_once('"').unwrap().1 })
        .collect();
    // Self-contained: nothing is fetched, nothing is run.
    for outside in ["<script", "<link", "<img", "src=", "url(http", "NaN"] {
        assert!(!html.contains(outside), "the report holds {outside}");
    }
    assert!(
        out.join("figures/arrhenius_conductivity.svg").exists() && out.join("T0600K/msd_Li.csv").exists()
    );
}

/// The same walk in every format of trajectories: D* is the same to the digits of the files (XDATCAR has nine).
#[test]
fn every_format_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let system = Synthetic { frames: 300, ..Synthetic::of(Kind::Drift) };
    let mut found: Vec<(f64, &str)> = Vec::new();
    for name in ["t.extxyz", "t.h5", "t.dump", "t.xdatcar"] {
        write(system, 3, &folder.path().join(name));
        let mut arguments = vec![name, "--mobile", "Li", "-o", "out"];
        // A dump has steps and no times, an XDATCAR neither.
        if ["t.dump", "t.xdatcar"].contains(&name) {
            arguments.extend(["--interval", "100 fs"]);
        }
        let output = analyze(folder.path(), &arguments);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let result = result(&folder.path().join("out"));
        let tracer = &result["temperatures"][0]["tracer"]["Li"]["diffusivity"]["value"];
        found.push((tracer.as_f64().unwrap(), name));
    }
    for (value, name) in &found[1..] {
        assert!((value / found[0].0 - 1.0).abs() < 1e-6, "{name}: {value}, not {}", found[0].0);
    }
}

/// Ions that hop on a common lattice, with velocities: hops between the peaks of their density, Van Hove functions, the
/// density as a cube file, the current, all in the report and the schema. Two replicas of unequal length count together.
#[test]
fn hops_and_currents_are_found() {
    let folder = tempfile::tempdir().unwrap();
    for (name, frames, seed) in [("a.extxyz", 400, 1), ("b.extxyz", 250, 2)] {
        lattice(frames, seed, &folder.path().join(name));
    }
    let output = analyze(
        folder.path(),
        &[
            "a.extxyz",
            "b.extxyz",
            "--mobile",
            "Li",
            "--charges",
            "Li=1,O=-1",
            "--sites",
            "density",
            "--within",
            "5 angstrom",
            "--temperature",
            "600 K",
        ],
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = folder.path().join("analysis");
    let result = result(&out);
    check_schema(&result);
    let section = &result["temperatures"][0];
    assert_eq!(section["runs"].as_array().unwrap().len(), 2);
    let hops = &section["hops"];
    assert_eq!((&hops["sites"], &hops["sites_from"]), (&Value::from(27), &Value::from("density")));
    for key in ["rate", "residence_time", "length", "mean_cosine", "correlation_factor"] {
        check_estimate(&hops[key], key);
    }
    // A hop of 3 Å in one frame of ten.
    let near = |value: &Value, truth: f64, slack: f64| {
        let (own, error) = (value["value"].as_f64().unwrap(), value["std_error"].as_f64().unwrap());
        assert!((own - truth).abs() < 4.0 * error + slack, "{value}");
    };
    near(&hops["rate"], 1.0, 0.0);
    near(&hops["length"], 3.0, 0.1);
    near(&hops["correlation_factor"], 1.0, 0.0);
    // Frames of 100 fs and hops at random: the velocities here have nothing to do with the displacements.
    let kubo = section["conductivity_green_kubo"].to_string();
    assert!(kubo.contains("stored too sparsely"), "{kubo}");
    for name in
        ["van_hove_Li.csv", "density.cube", "sites.csv", "hops.csv", "stays.csv", "vacf_Li.csv", "vdos_O.csv"]
    {
        assert!(out.join("T0600K").join(name).exists(), "{name}");
    }
    let csv = std::fs::read_to_string(out.join("T0600K/van_hove_Li.csv")).unwrap();
    let first = csv
        .lines()
        .filter(|line| line.starts_with("0.1,"))
        .map(|line| line.split(',').nth(2).unwrap().parse::<f64>().unwrap() * 0.1);
    // 4πr²G_s integrates to one.
    assert!((first.sum::<f64>() - 1.0).abs() < 1e-9);
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    for plot in ["van_hove_self_map_Li", "van_hove_distinct_Li", "vdos", "density", "stays"] {
        assert!(html.contains(&format!("T0600K_{plot}\"")) || plot == "density", "{plot}");
        assert!(out.join(format!("figures/T0600K_{plot}.svg")).exists(), "{plot}");
    }
    assert!(html.contains("jump correlation factor"));

    // The same between sites of a structure: the first frame has the ions on 20 of the 27.
    std::fs::write(folder.path().join("cell.extxyz"), "1\nLattice=\"4 0 0 0 4 0 0 0 4\"\nLi 0 0 0\n")
        .unwrap();
    let output = analyze(folder.path(), &["a.extxyz", "--mobile", "Li", "--sites", "cell.extxyz"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("expected sites in a cell of the size"), "{message}");
}

/// The framework of a replica stands elsewhere in its cell, as it does after another equilibration: sites and hops are places
/// in the crystal, whether found in the density or told by a structure, and curves are those of all replicas.
#[test]
fn replicas_are_compared_within_the_crystal() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    lattice(500, 1, &path("a.extxyz"));
    lattice(500, 2, &path("b.extxyz"));
    let options = ReadOptions::default();
    let frames: Vec<_> = io::open(&path("b.extxyz"), &options).unwrap().map(Result::unwrap).collect();
    let mut moved = io::create(&path("moved.extxyz"), None, &WriteOptions::default()).unwrap();
    for frame in &frames {
        let mut frame = frame.clone();
        let shift = mlmd::system::Vec3::new(1.5, 0.75, -4.0);
        frame.positions = frame.positions.iter().map(|r| frame.cell.wrap(&(r + shift)).0).collect();
        moved.write(&frame).unwrap();
    }
    moved.finish().unwrap();
    // Sites of a structure: all 27, and the framework as it stands in the first trajectory.
    let lithium =
        (0..27).map(|k| format!("Li {} {} {}\n", 3 * (k / 9) + 1, 3 * (k / 3 % 3) + 1, 3 * (k % 3) + 1));
    let oxygen = (0..8).map(|k| format!("O {k} 0 4\n"));
    let sites: String = lithium.chain(oxygen).collect();
    let sites = format!("35\nLattice=\"9 0 0 0 9 0 0 0 9\"\n{sites}");
    std::fs::write(path("sites.extxyz"), &sites).unwrap();
    let of = |files: &[&str], from: &str| {
        let more = ["--mobile=Li", "--temperature=600 K", "--within=4 angstrom", "--sites", from];
        let output = analyze(folder.path(), &[files, &more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let section = result(&path("analysis"))["temperatures"][0].clone();
        (section["hops"]["hops"].as_u64().unwrap(), section["hops"]["sites"].as_u64().unwrap())
    };
    for from in ["sites.extxyz", "density"] {
        let (plain, moved) = (of(&["a.extxyz", "b.extxyz"], from), of(&["a.extxyz", "moved.extxyz"], from));
        assert_eq!((plain.1, moved.1), (27, 27), "{from}");
        // Rounding, and the noise of the framework in the first frame, decide on a few arrivals.
        assert!(plain.0.abs_diff(moved.0) * 100 < plain.0 && plain.0 > 1500, "{from}: {plain:?} {moved:?}");
    }
    let csv = |files: &[&str]| {
        of(files, "density");
        let text = std::fs::read_to_string(path("analysis/T0600K/msd_Li.csv")).unwrap();
        text.lines().nth(3).unwrap().split(',').nth(1).unwrap().parse::<f64>().unwrap()
    };
    let [a, b, both] = [&["a.extxyz"][..], &["b.extxyz"], &["a.extxyz", "b.extxyz"]].map(csv);
    assert!((0.5 * (a + b) - both).abs() < 1e-9 * both && a != b, "{a} {b} {both}");
    // Another framework than that of the trajectory says nothing about where its sites are.
    std::fs::write(path("other.extxyz"), sites.replacen("O 0 0 4", "N 0 0 4", 1)).unwrap();
    let output = analyze(folder.path(), &["a.extxyz", "--mobile=Li", "--sites=other.extxyz"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && message.contains("places in the two cannot be compared"),
        "{message}"
    );
}

/// Twenty ions and eight framework atoms, 27 sites of a simple cubic lattice of 3 Å, and velocities that are noise.
pub(crate) fn lattice(frames: u32, seed: u64, path: &Path) {
    let mut random = mlmd::random::Philox::new(seed, mlmd::random::Purpose::General, 0, 0);
    let [li, o] = ["Li", "O"].map(|symbol| mlmd::Element::from_symbol(symbol).unwrap());
    let cell = mlmd::Cell::orthorhombic(9.0, 9.0, 9.0).unwrap();
    let species = [vec![li; 20], vec![o; 8]].concat();
    let mut at: Vec<[i32; 3]> = (0..20).map(|k| [k / 9, k / 3 % 3, k % 3]).collect();
    let mut out = io::create(path, None, &WriteOptions::default()).unwrap();
    for n in 0..frames {
        let mut noise = |width: f64| mlmd::system::Vec3::from_fn(|_, _| width * random.normal());
        let mut positions: Vec<_> = at
            .iter()
            .map(|k| mlmd::system::Vec3::from_fn(|c, _| 3.0 * f64::from(k[c]) + 1.0) + noise(0.2))
            .collect();
        positions.extend((0..8).map(|k| mlmd::system::Vec3::new(f64::from(k), 0.0, 4.0) + noise(0.05)));
        let positions = positions.iter().map(|r| cell.wrap(r).0).collect();
        let mut frame = mlmd::Frame::new(cell.clone(), species.clone(), positions);
        frame.velocities = Some((0..28).map(|_| noise(0.01)).collect());
        frame.time = Some(f64::from(n) * 100.0);
        out.write(&frame).unwrap();
        for site in &mut at {
            if random.uniform() < 0.1 {
                let way = random.below(6) as usize;
                site[way / 2] += if way.is_multiple_of(2) { 1 } else { -1 };
            }
        }
    }
    out.finish().unwrap();
}

#[test]
fn corners_have_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write(Synthetic { frames: 1, ..Synthetic::of(Kind::Walks) }, 1, &path("one.extxyz"));
    write(Synthetic { frames: 20, ..Synthetic::of(Kind::Walks) }, 1, &path("short.extxyz"));
    let text = std::fs::read_to_string(path("short.extxyz")).unwrap();
    std::fs::write(path("damaged.extxyz"), &text[..text.len() * 2 / 3]).unwrap();
    let at = text.rfind("\nO ").unwrap();
    std::fs::write(path("later.extxyz"), format!("{}\nN {}", &text[..at], &text[at + 3..])).unwrap();
    write(Synthetic { frames: 30, step: 7.0, ..Synthetic::of(Kind::Walks) }, 1, &path("sparse.extxyz"));
    let one = |x: f64, t: u32| {
        format!("1\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3 Time={t}\nLi {x} 0 0\n")
    };
    std::fs::write(path("atom.extxyz"), (0..40).map(|t| one(0.1 * f64::from(t), t)).collect::<String>())
        .unwrap();
    std::fs::write(path("empty.extxyz"), "").unwrap();
    for (arguments, expected) in [
        (["one.extxyz", "--mobile", "Li"], "holds one frame"),
        (
            ["short.extxyz", "--mobile", "Na"],
            "there is no Na, which is to be the mobile ion\n   the elements are Li, O",
        ),
        (["short.extxyz", "--window=5 ps,1 ps", "--mobile=Li"], "expected the first and the last lag"),
        (["short.extxyz", "--mobile=Li", "--temperature=1 K,2 K"], "names 2 temperatures for 1 trajectories"),
        (["short.extxyz", "--mobile=Li", "--sites=nowhere.cif"], "nowhere.cif"),
        (["sparse.extxyz", "--mobile", "Li"], "the trajectory is stored too sparsely"),
        (["atom.extxyz", "--mobile", "Li"], "every atom is mobile, so there is no framework"),
        (["later.extxyz", "--mobile", "Li"], "those of the first frame were Li32O8"),
        (["damaged.extxyz", "--mobile", "Li"], "damaged.extxyz"),
        (
            ["short.extxyz", "--mobile=Li", "--charges=Li=1,N=-3"],
            "short.extxyz: there is no N, which has a charge",
        ),
        (["short.extxyz", "--mobile=Li", "--charges=Li=1,Li=2"], "--charges: Li is there twice"),
        (["short.extxyz", "--mobile=Li", "--charges=Li=nan"], "expected an element and its charge"),
        (["short.extxyz", "./short.extxyz", "--mobile=Li"], "./short.extxyz: this trajectory is there twice"),
        (["input.toml", "--mobile", "Li"], "--mobile cannot be used with an input file"),
        (["input.toml", "--predict", "400 K"], "--predict cannot be used with an input file"),
        (["input.toml", "--within", "5 angstrom"], "--within cannot be used with an input file"),
        (["input.toml", "--frame", "none"], "--frame cannot be used with an input file"),
        (["input.toml", "--from", "extxyz"], "--from cannot be used with an input file"),
        (["short.extxyz", "--mobile", "Li,Li"], "--mobile: Li is there twice"),
        (["absent.extxyz", "--mobile", "Li"], "absent.extxyz"),
    ] {
        let output = analyze(folder.path(), &arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    // Against the centre of mass the framework moves too, and carries what its charge carries.
    let whole = ["short.extxyz", "--mobile=Li", "--frame=center-of-mass", "--charges=Li=1"];
    let output = analyze(folder.path(), &whole);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && message.contains("O has no charge"), "{message}");
    // One atom against the cell is a walker like others.
    let output = analyze(folder.path(), &["atom.extxyz", "--mobile", "Li", "--frame", "none"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    check_schema(&result(&folder.path().join("analysis")));
    // Too short for a number is no error: the answer says so.
    let output = analyze(folder.path(), &["short.extxyz", "--mobile", "Li", "--temperature", "600 K"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("not diffusive within this run"));
    check_schema(&result(&folder.path().join("analysis")));
    let output = analyze(folder.path(), &["short.extxyz"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--mobile is missing"));
}

/// Temperatures that are said are as different as they are said to be; those that were measured scatter.
#[test]
fn temperatures_close_to_each_other_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    for (name, seed) in [("a.extxyz", 1), ("b.extxyz", 2)] {
        let system = Synthetic { frames: 300, ..Synthetic::of(Kind::Walks) };
        write(system, seed, &folder.path().join(name));
    }
    let output =
        analyze(folder.path(), &["a.extxyz", "b.extxyz", "--mobile=Li", "--temperature=599.8 K,600.2 K"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let result = result(&folder.path().join("analysis"));
    let sections = result["temperatures"].as_array().unwrap();
    let names: Vec<&str> = sections.iter().map(|section| section["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["T599.8K", "T600.2K"]);
    for name in names {
        assert!(folder.path().join("analysis").join(name).join("msd_Li.csv").exists());
    }
    // A window longer than the run is cut, and says so.
    let window = ["a.extxyz", "--mobile=Li", "--temperature=600 K", "--window=1 ps,500 ps"];
    let output = analyze(folder.path(), &window);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.path().join("analysis/result.json")).unwrap();
    assert!(text.contains("the window ends at 500 ps, the trajectory at"), "{text}");
}
