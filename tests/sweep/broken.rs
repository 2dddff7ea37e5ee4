//! What cannot be run is a row with its reason.

use crate::fixture::{ARGON, change, folder, mlmd, rows, succeed};
use crate::schema::complaints;
use std::fs;
use std::process::Command;

#[test]
fn every_candidate_has_a_row_that_fits_the_schema() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("neon.xyz", &ARGON.replace("\nAr", "\nNe"));
    write("mixed.xyz", &ARGON.replacen("\nAr", "\nKr", 1));
    write("close.xyz", &ARGON.replace("Ar 0 3.1 3.1", "Ar 0 0.9 0"));
    write("cut.xyz", &ARGON[..ARGON.len() - 10]);
    change(
        folder.path(),
        "\"argon.xyz\"",
        "[\"argon.xyz\", \"neon.xyz\", \"mixed.xyz\", \"close.xyz\", \"cut.xyz\"]",
    );
    change(folder.path(), "count = [0, 4]", "count = [0, 30]");
    change(folder.path(), "produce = \"8 ps\"", "produce = \"2 ps\"");
    let listed = succeed(folder.path(), &["sweep", "plan.toml", "--dry-run"]);
    assert!(listed.contains("10 candidates") && listed.contains("cannot be run"), "{listed}");
    assert!(!folder.path().join("out").exists(), "a dry run wrote something");

    let said = succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    assert!(said.contains("broken") && said.contains("failed"), "{said}");
    // What failed for good is not tried again.
    let again = succeed(folder.path(), &["sweep", "run", "plan.toml"]);
    assert!(again.contains("0 of them new") && again.contains("failed"), "{again}");
    succeed(folder.path(), &["sweep", "gather", "plan.toml"]);

    let rows = rows(folder.path());
    let row =
        |name: &str| rows.iter().find(|row| row["candidate"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(rows.len(), 10);
    assert_eq!(row("argon-Arvacancies0")["state"], "complete");
    for (name, state, reason) in [
        ("neon-Arvacancies30", "broken", "30 Ar atoms are wanted, but there are only 0"),
        ("mixed-Arvacancies0", "broken", "contains Kr, which the potential does not know"),
        ("cut-Arvacancies0", "broken", "cut.xyz"),
        ("close-Arvacancies0", "failed", "200 K, replica 1: "),
    ] {
        let row = row(name);
        assert_eq!(row["state"], state, "{row}");
        assert!(row["reason"].as_str().unwrap().contains(reason), "{row}");
        assert!(row["sigma_300K_S_cm"].is_null() && row["Ea_eV"].is_null(), "{row}");
    }
    let schema = serde_json::from_str(include_str!("../../docs/candidate.schema.json")).unwrap();
    for row in &rows {
        assert_eq!(complaints(row, &schema), Vec::<String>::new(), "{row}");
    }
    let page = fs::read_to_string(folder.path().join("out/index.html")).unwrap();
    assert!(rows.iter().all(|row| page.contains(row["candidate"].as_str().unwrap())));
    assert!(page.contains("candidates/argon-Arvacancies0/report.html") && !page.contains("NaN"));
    pandas_reads(folder.path());
}

/// One line of pandas reads the table, with numbers as numbers.
fn pandas_reads(folder: &std::path::Path) {
    let script = "import pandas as pd\nt = pd.read_csv('out/candidates.csv')\nj = pd.read_json('out/candidates.jsonl', \
                  lines=True)\nassert len(t) == len(j) == 10\nassert t['sigma_300K_S_cm'].dtype == float\n\
                  assert t['state'].value_counts()['broken'] >= 4\nassert list(t.columns) == list(j.columns)\n";
    if !Command::new("python3")
        .args(["-c", "import pandas"])
        .output()
        .is_ok_and(|found| found.status.success())
    {
        eprintln!("skipped: there is no Python with pandas");
        return;
    }
    let output = Command::new("python3").args(["-c", script]).current_dir(folder).output().expect("Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Mistakes in a plan are told at their place.
#[test]
fn mistakes_are_told_where_they_stand() {
    for (from, to, expected) in [
        ("replicas", "replicas", "plan.toml:30:12: `0` is out of range"),
        ("count = [0, 4]", "count = [2, 2]", "plan.toml:8:9: an amount is given twice"),
        ("count = [0, 4]", "", "plan.toml:6:1: how many is missing"),
        (
            "[\"200 K\", \"300 K\"]",
            "{ from = \"200 K\", to = \"300 K\" }",
            "a ramp has no conductivity at one temperature",
        ),
        ("files =", "file =", "plan.toml:4:1: unknown key `file` in [structures]"),
    ] {
        let folder = folder();
        let path = folder.path().join("plan.toml");
        fs::write(&path, fs::read_to_string(&path).unwrap() + "[sweep]\nreplicas = 0\n").unwrap();
        if from != "replicas" {
            change(folder.path(), "replicas = 0", "replicas = 1");
            change(folder.path(), from, to);
        }
        let output = mlmd(folder.path(), &["sweep", "plan.toml"]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(expected), "expected {expected} in\n{message}");
        assert!(!folder.path().join("out").exists());
    }
}
