//! Every ensemble through the files of a run: interrupted and taken up again, it writes what it would have written.

use mlmd::compute::{Engine, Options};
use mlmd::input::Plan;
use mlmd::workflow::dynamics::{Outcome, Stop, Task, tasks};
use mlmd::workflow::run::Setup;
use mlmd::{Error, System};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const ARGON: &str = "4\nLattice=\"5.4 0 0 0 5.4 0 0 0 5.4\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n\
                     Ar 0 0 0\nAr 0 2.7 2.7\nAr 2.7 0 2.7\nAr 2.7 2.7 0\n";

const INPUT: &str = r#"
seed = 3
[structure]
file = "argon.xyz"
supercell = [2, 2, 2]
[potential.lennard-jones]
epsilon = "0.0103 eV"
sigma = "3.4 angstrom"
cutoff = "5 angstrom"
[output]
trajectory = { every = "20 fs", format = ["extxyz"] }
thermo = { every = "4 fs" }
checkpoint = { every = "100 fs" }
[dynamics]
temperature = { from = "60 K", to = "30 K" }
timestep = "4 fs"
equilibrate = "40 fs"
produce = "320 fs"
"#;

const RAMP: &str = r#"{ from = "60 K", to = "30 K" }"#;

/// The steps after which the process ends: in the equilibration, between checkpoints, on one, one step after the other.
const INTERRUPTIONS: [u64; 5] = [3, 31, 50, 51, 52];

fn ensembles() -> Vec<String> {
    let rescaling =
        "[dynamics.thermostat.csvr]\ntime = \"50 fs\"\n[dynamics.barostat.c-rescale]\ntime = \"20 fs\"\n";
    let chain = "[dynamics.thermostat.nose-hoover]\ntime = \"100 fs\"\n";
    let mtk =
        "[dynamics.barostat.mtk]\ntime = \"50 fs\"\npressure = { from = \"0 GPa\", to = \"0.1 GPa\" }\n";
    let mut all = vec![
        String::new(),
        "[dynamics.thermostat.langevin]\nfriction = \"0.01 fs^-1\"\n".into(),
        chain.into(),
        "[dynamics.thermostat.csvr]\ntime = \"50 fs\"\n".into(),
        mtk.into(),
    ];
    for mode in ["isotropic", "per-axis", "flexible"] {
        all.push(format!("{rescaling}mode = \"{mode}\"\n"));
        all.push(format!("{chain}{mtk}mode = \"{mode}\"\n"));
    }
    all
}

/// Goes on from step `from` until `stop_after`, in an engine of its own, as another process would.
fn run(task: &Task, setup: &Setup, from: u64, stop_after: Option<u64>) -> mlmd::Result<Outcome> {
    let options = Options { threads: 1, ..Options::default() };
    let mut engine = Engine::new(setup.engine.potential().boxed_clone(), options).unwrap();
    // The flag is seen after the step during which it is raised.
    let last = |step: u64| stop_after == Some(step + 1);
    let (flag, system): (_, &System) = (Arc::new(AtomicBool::new(last(from))), &setup.system);
    let stop = Stop::when(Arc::clone(&flag));
    engine.pool().install(|| {
        task.run(system, &mut engine, &stop, &mut |progress| {
            if last(progress.step) {
                flag.store(true, Ordering::Relaxed);
            }
        })
    })
}

fn outputs(folder: &Path) -> Vec<Vec<u8>> {
    ["thermo.csv", "trajectory.extxyz", "checkpoint"]
        .map(|name| fs::read(folder.join(name)).unwrap())
        .to_vec()
}

#[test]
fn an_interrupted_run_of_any_ensemble_writes_the_same_bytes() {
    for ensemble in ensembles() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("argon.xyz"), ARGON).unwrap();
        let setup_in = |name: &str| {
            let sets = [format!("output.directory={:?}", folder.path().join(name).display().to_string())];
            // Only a thermostat takes the temperature along a ramp.
            let ramp = if ensemble.contains("thermostat") { RAMP } else { "\"60 K\"" };
            let text = format!("{}{ensemble}", INPUT.replace(RAMP, ramp));
            let plan = Plan::read_text("in.toml", &text, folder.path(), &sets);
            Setup::new(plan.unwrap_or_else(|error| panic!("{ensemble}{error}"))).unwrap()
        };
        let whole = setup_in("whole");
        let undisturbed = tasks(&whole.plan).unwrap().remove(0);
        assert_eq!(run(&undisturbed, &whole, 0, None).unwrap(), Outcome::Done);

        let parts = setup_in("parts");
        let task = tasks(&parts.plan).unwrap().remove(0);
        let mut from = 0;
        for step in INTERRUPTIONS {
            let stopped = run(&task, &parts, from, Some(step));
            from = step;
            let Err(Error::Interrupted(message)) = stopped else { panic!("{ensemble}{stopped:?}") };
            assert!(message.contains(&format!("at step {step} of 90")), "{message}");
        }
        assert_eq!(run(&task, &parts, from, None).unwrap(), Outcome::Done);
        assert!(outputs(&undisturbed.folder) == outputs(&task.folder), "{ensemble}");
        assert_eq!(run(&task, &parts, from, None).unwrap(), Outcome::AlreadyDone);
    }
}
