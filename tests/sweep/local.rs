//! Tasks on this machine: whatever happens on the way, the results are the same.

use crate::fixture::{change, command, folder, mlmd, results, rows, succeed, sweep};
use mlmd::random::{Philox, Purpose};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

#[test]
fn a_sweep_that_is_killed_again_and_again_ends_in_the_same_results() {
    let undisturbed = folder();
    let start = Instant::now();
    sweep(undisturbed.path());
    let latest = start.elapsed().as_millis() as u64 / 3 + 20;
    let expected = results(undisturbed.path());
    assert!(expected.len() > 10, "{}", expected.len());

    let killed = folder();
    let mut moments = Philox::new(1, Purpose::General, 0, 0);
    for _ in 0..8 {
        let mut child = command(killed.path(), &["sweep", "run", "plan.toml"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(5 + moments.below(latest)));
        let _ = child.kill();
        let _ = child.wait();
    }
    sweep(killed.path());
    assert!(results(killed.path()) == expected, "the results differ");
}

/// When each task was last written to.
fn times(folder: &Path) -> Vec<(String, SystemTime)> {
    let mut found = Vec::new();
    for candidate in fs::read_dir(folder.join("out/tasks")).expect("tasks") {
        for task in fs::read_dir(candidate.expect("an entry").path()).expect("tasks") {
            let path = task.expect("an entry").path();
            let record = fs::metadata(path.join("out/run.json")).expect("a record");
            found.push((path.display().to_string(), record.modified().expect("a time")));
        }
    }
    found.sort();
    found
}

/// A second temperature and a second replica leave what is done alone, and what was gathered is what a sweep that
/// was planned so from the beginning gathers.
#[test]
fn what_is_added_later_is_all_that_runs() {
    let grown = folder();
    change(grown.path(), "[\"200 K\", \"300 K\"]", "\"200 K\"");
    succeed(grown.path(), &["sweep", "run", "plan.toml"]);
    let before = times(grown.path());
    assert_eq!(before.len(), 2);
    // Nothing is new: nothing runs, nothing is written.
    let said = succeed(grown.path(), &["sweep", "run", "plan.toml"]);
    assert!(said.contains("2 tasks, 0 of them new") && said.contains("2 tasks: 2 done"), "{said}");
    assert_eq!(times(grown.path()), before);

    change(grown.path(), "temperature = \"200 K\"", "temperature = [\"200 K\", \"300 K\"]");
    let plan = fs::read_to_string(grown.path().join("plan.toml")).unwrap() + "[sweep]\nreplicas = 2\n";
    fs::write(grown.path().join("plan.toml"), &plan).unwrap();
    let said = succeed(grown.path(), &["sweep", "run", "plan.toml"]);
    assert!(said.contains("8 tasks, 6 of them new"), "{said}");
    let after = times(grown.path());
    assert!(before.iter().all(|old| after.contains(old)), "a task that was done ran again");
    succeed(grown.path(), &["sweep", "gather", "plan.toml"]);

    let whole = folder();
    fs::write(whole.path().join("plan.toml"), plan).unwrap();
    sweep(whole.path());
    assert!(results(grown.path()) == results(whole.path()));
    let rows = rows(whole.path());
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!((&row["state"], &row["tasks_done"]), (&"complete".into(), &4.into()), "{row}");
        let sigma =
            ["sigma_300K_S_cm_low", "sigma_300K_S_cm", "sigma_300K_S_cm_high"].map(|k| row[k].as_f64());
        assert!(sigma[0] < sigma[1] && sigma[1] < sigma[2] && sigma[0] > Some(0.0), "{row}");
        assert!(row["D_Ar_200K_cm2_s"].as_f64() > Some(1e-5), "{row}");
    }
}

/// A changed plan is refused where there are results, with the difference, and done with `--restart fresh`.
#[test]
fn a_changed_plan_is_refused_with_the_difference() {
    let folder = folder();
    change(folder.path(), "produce = \"8 ps\"", "produce = \"400 fs\"");
    succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    change(folder.path(), "timestep = \"4 fs\"", "timestep = \"2 fs\"");
    let output = mlmd(folder.path(), &["sweep", "run", "plan.toml"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("- dynamics.timestep = \"4 fs\"")
            && message.contains("+ dynamics.timestep = \"2 fs\""),
        "{message}"
    );
    assert!(message.contains("and 3 more"), "{message}");
    let said = succeed(folder.path(), &["sweep", "run", "plan.toml", "--restart", "fresh"]);
    assert!(said.contains("4 tasks: 4 done"), "{said}");
}

/// A sweep whose productions were too short goes on with a longer one: the results of that from the beginning.
#[test]
fn a_longer_plan_goes_on() {
    let (whole, grown) = (folder(), folder());
    change(grown.path(), "produce = \"8 ps\"", "produce = \"400 fs\"");
    succeed(grown.path(), &["sweep", "run", "plan.toml"]);
    change(grown.path(), "produce = \"400 fs\"", "produce = \"8 ps\"");
    let status = succeed(grown.path(), &["sweep", "plan.toml"]);
    assert!(status.contains("4 tasks, 0 of them new"), "{status}");
    let said = succeed(grown.path(), &["sweep", "run", "plan.toml"]);
    assert!(said.contains("4 tasks: 4 done"), "{said}");
    sweep(whole.path());
    succeed(grown.path(), &["sweep", "gather", "plan.toml"]);
    assert!(results(grown.path()) == results(whole.path()));
}

/// The input of a task is complete: `mlmd run` on it makes the same trajectory, and the sweep takes it as done.
#[test]
fn a_task_is_a_run() {
    let whole = folder();
    sweep(whole.path());
    let by_hand = folder();
    succeed(by_hand.path(), &["sweep", "plan.toml"]);
    let status = succeed(by_hand.path(), &["sweep", "status", "plan.toml"]);
    assert!(status.contains("4 tasks: 4 waiting"), "{status}");
    for candidate in ["argon-Arvacancies0", "argon-Arvacancies4"] {
        for task in ["T0200K-1", "T0300K-1"] {
            succeed(by_hand.path(), &["run", &format!("out/tasks/{candidate}/{task}/input.toml")]);
        }
    }
    let status = succeed(by_hand.path(), &["sweep", "status", "plan.toml", "--tasks"]);
    assert!(status.contains("4 tasks: 4 done") && status.matches("done 100 %").count() == 4, "{status}");
    succeed(by_hand.path(), &["sweep", "gather", "plan.toml"]);
    assert!(results(by_hand.path()) == results(whole.path()));
}

/// A committee that judges the runs is named from where the plan is; its tasks lie elsewhere.
#[test]
fn a_judge_named_in_the_plan_is_found_by_its_tasks() {
    let folder = folder();
    let at = folder.path();
    for file in ["plan.toml", "argon.xyz"] {
        let text = fs::read_to_string(at.join(file)).expect("a file");
        fs::write(at.join(file), text.replace("Ar", "Li").replace("Ne", "O")).expect("a writable folder");
    }
    change(at, "produce = \"8 ps\"", "produce = \"400 fs\"");
    change(
        at,
        "[output]",
        "[guards.disagreement]\npotential = \"judge.mlmd\"\nforce = \"1e-9 eV/angstrom\"\n[output]",
    );
    let committee = Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials/llzo/committee.mlmd");
    fs::copy(committee, at.join("judge.mlmd")).expect("a committee");
    let said = succeed(at, &["sweep", "run", "plan.toml"]);
    assert!(said.contains("4 tasks: 4 done"), "{said}");
    let judged = at.join("out/tasks/argon-Livacancies4/T0300K-1/out/T0300K/disagreement.csv");
    assert!(fs::read_to_string(judged).expect("a table").lines().count() > 1);
}

/// A signal ends the sweep with a checkpoint of every task that runs, and 75.
#[cfg(unix)]
#[test]
fn a_signal_stops_the_sweep_with_75() {
    let folder = folder();
    change(folder.path(), "produce = \"8 ps\"", "produce = \"400 ps\"");
    let child = command(folder.path(), &["sweep", "run", "plan.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(Duration::from_millis(1500));
    let status = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("the process ends");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{message}");
    assert!(message.contains("the same command goes on from here"), "{message}");
    let status = succeed(folder.path(), &["sweep", "status", "plan.toml"]);
    assert!(status.contains("interrupted"), "{status}");
}
