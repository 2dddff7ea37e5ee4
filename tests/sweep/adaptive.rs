//! Tasks that run until their error is small enough.

use crate::fixture::{change, command, folder, results, rows, succeed, sweep};
use mlmd::random::{Philox, Purpose};
use std::fs;
use std::process::Stdio;
use std::time::Duration;

/// Tracer diffusivities of argon gas to 15 %: two picoseconds are not enough, and fewer than the budget are. Whatever
/// interrupts the tasks, they end at the same step.
#[test]
fn tasks_run_until_the_error_is_small_enough() {
    let whole = folder();
    change(whole.path(), "produce = \"8 ps\"", "produce = \"2 ps\"");
    let plan = fs::read_to_string(whole.path().join("plan.toml")).unwrap()
        + "[sweep]\nstop_when = \"relative error of D* < 15 %\"\nbudget = \"64 ps\"\n";
    fs::write(whole.path().join("plan.toml"), &plan).unwrap();
    sweep(whole.path());
    for row in rows(whole.path()) {
        let produced = row["production_ps"].as_f64().unwrap();
        assert!((4.0..128.0).contains(&produced), "{row}");
        for t in [200, 300] {
            let of = |name: &str| row[format!("D_Ar_{t}K_cm2_s{name}")].as_f64().unwrap();
            // The interval of a relative error of 15 % is about ±30 %.
            assert!((of("_high") - of("_low")) / of("") < 0.9, "{row}");
        }
    }
    let killed = folder();
    fs::write(killed.path().join("plan.toml"), &plan).unwrap();
    let mut moments = Philox::new(2, Purpose::General, 0, 0);
    for _ in 0..4 {
        let mut child = command(killed.path(), &["sweep", "run", "plan.toml"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(50 + moments.below(800)));
        let _ = child.kill();
        let _ = child.wait();
    }
    sweep(killed.path());
    assert!(results(killed.path()) == results(whole.path()), "the results differ");
}

/// What cannot be reached is said after the first part, and costs no more than that.
#[test]
fn what_cannot_be_reached_is_said_early() {
    let folder = folder();
    let plan = fs::read_to_string(folder.path().join("plan.toml")).unwrap()
        + "[sweep]\nstop_when = \"relative error of D_sigma < 0.1 %\"\nbudget = \"16 ps\"\n";
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    let said = succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    assert!(
        said.contains("at 200 K this needs about") && said.contains("and the budget is 16.0 ps"),
        "{said}"
    );
    succeed(folder.path(), &["sweep", "gather", "plan.toml"]);
    for row in rows(folder.path()) {
        assert_eq!((&row["state"], &row["production_ps"]), (&"complete".into(), &16.0.into()), "{row}");
        assert!(row["reason"].as_str().unwrap().contains("needs about"), "{row}");
    }
}

/// Where the budget of one task is not enough, as many replicas as it takes are added, once: the same command finds nothing
/// more to do. Together they have the error that was asked for, within the √2 that an error from few replicas may
/// be off.
#[test]
fn replicas_are_added_where_the_budget_is_not_enough() {
    let folder = folder();
    change(folder.path(), "count = [0, 4]", "count = [0]");
    change(folder.path(), "temperature = [\"200 K\", \"300 K\"]", "temperature = [\"200 K\"]");
    let plan = fs::read_to_string(folder.path().join("plan.toml")).unwrap()
        + "[sweep]\nstop_when = \"relative error of D* < 4 %\"\nbudget = \"16 ps\"\nmost_replicas = 9\n";
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    let said = succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    assert!(said.contains("1 task, 1 of them new") && said.contains("replicas would do"), "{said}");
    let again = succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    assert!(again.contains(" tasks, 0 of them new"), "{again}");
    assert!(!again.contains("needs about"), "{again}");
    succeed(folder.path(), &["sweep", "gather", "plan.toml"]);
    let row = &rows(folder.path())[0];
    assert!(row["production_ps"].as_f64().unwrap() > 16.0, "{row}");
    let of = |name: &str| row[format!("D_Ar_200K_cm2_s{name}")].as_f64().unwrap();
    assert!((of("_high") - of("_low")) / of("") < 2.0 * 1.96 * 0.04 * 2_f64.sqrt(), "{row}");
}
