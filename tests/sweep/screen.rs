//! `mlmd screen` on tables whose answer is known.

use crate::fixture::{mlmd, succeed};
use std::fs;
use std::path::Path;

const CANDIDATES: &str = "candidate,state,reason,sigma_300K_S_cm,sigma_300K_S_cm_low,sigma_300K_S_cm_high,Ea_eV,Ea_eV_low,Ea_eV_high\n\
a,complete,,1e-3,5e-4,2e-3,0.30,0.28,0.32\n\
b,complete,,9e-4,4e-4,2e-3,0.30,0.28,0.32\n\
c,complete,,1e-6,5e-7,2e-6,0.50,0.48,0.52\n\
d,complete,,1e-5,5e-6,2e-5,0.20,0.18,0.22\n\
e,failed,\"200 K, replica 1: exploded\",,,,,,\n\
f,complete,,1e-2,5e-3,2e-2,0.10,0.05,0.15\n";

const KNOWN: &str = "candidate;E_hull_eV;x;family;atoms\n\
a;0.01;3.0;one;100\nb;0.02;2.9;one;100\nc;0.00;0.0;two;100\nd;0.00;1.0;two;100\ne;0.00;5.0;one;100\nf;0.20;4.0;two;100\n\
g;0.00;3.5;one;100\nh;0.00;0.5;two;100\ni;0.10;4.5;one;100\nj;0.01;3.6;one;500\n";

const PLAN: &str = "title = \"Test\"\ntable = \"known.csv\"\ncandidates = \"candidates.csv\"\nfamily = \"family\"\n\
[[filter]]\ncolumn = \"E_hull_eV\"\nbelow = 0.03\n\
[[score]]\ncolumn = \"sigma_300K_S_cm\"\nscale = \"log\"\n[[score]]\ncolumn = \"Ea_eV\"\nweight = -0.5\n\
[surrogate]\nfeatures = [\"x\"]\nbatch = 2\ncost = \"atoms\"\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("candidates.csv", CANDIDATES), ("known.csv", KNOWN), ("screen.toml", PLAN)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn ranking(folder: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(folder.join("screen/ranking.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Scores by hand: log10 σ of a, b, d, c are −3, −3.046, −5, −6 (mean −4.261, deviation 1.487), Ea 0.3, 0.3, 0.2, 0.5
/// (mean 0.325, deviation 0.1258).
#[test]
fn a_ranking_with_probabilities_and_reasons() {
    let folder = folder();
    let said = succeed(folder.path(), &["screen", "screen.toml"]);
    assert!(
        said.contains("E_hull_eV = 0.2, not below 0.03") && said.contains("200 K, replica 1: exploded"),
        "{said}"
    );
    let rows = ranking(folder.path());
    assert!(said.contains("sigma_300K_S_cm is not known: not simulated"), "{said}");
    let names: Vec<&str> = rows.iter().map(|row| row["candidate"].as_str().unwrap()).collect();
    assert_eq!(names[..4], ["a", "b", "d", "c"]);
    assert_eq!(names.len(), 10, "every candidate has a row");
    let score = |k: usize| rows[k]["score"].as_f64().unwrap();
    let expected = |sigma: f64, energy: f64| (sigma + 4.2614) / 1.4874 - 0.5 * (energy - 0.325) / 0.12583;
    for (k, sigma, energy) in [(0, -3.0, 0.3), (1, -3.0458, 0.3), (2, -5.0, 0.2), (3, -6.0, 0.5)] {
        assert!((score(k) - expected(sigma, energy)).abs() < 2e-3, "{k} {}", score(k));
    }
    // a is better than b by 0.0458/1.4874 = 0.031; errors of log10 σ 0.1536 and 0.1783, of Ea 0.0102 each:
    // deviation of the difference 0.158 by the first, 0.057 by the second, together 0.168. Φ(0.183) = 0.573.
    let better = rows[0]["probability_better_than_next"].as_f64().unwrap();
    assert!((better - 0.573).abs() < 0.02, "{better}");
    assert!(rows[3]["probability_best"].as_f64().unwrap() < 1e-3);
    let front: Vec<bool> = rows[..4].iter().map(|row| row["on_pareto_front"] == true).collect();
    assert_eq!(front, [true, false, true, false]);
    // g is as good as j and five times cheaper; i does not pass the filter; e was tried.
    let proposals = fs::read_to_string(folder.path().join("screen/proposals.csv")).unwrap();
    let order: Vec<&str> = proposals.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(order[0], "g", "{proposals}");
    assert!(!order.contains(&"i") && !order.contains(&"e"), "{proposals}");
    let page = fs::read_to_string(folder.path().join("screen/screen.html")).unwrap();
    assert!(page.contains("one family of 2 left out at a time") && page.contains("id=\"pareto\""), "{page}");
    assert!(!page.contains("NaN"));
    // The same once more: the same bytes.
    let before = fs::read(folder.path().join("screen/ranking.csv")).unwrap();
    succeed(folder.path(), &["screen", "screen.toml"]);
    assert_eq!(before, fs::read(folder.path().join("screen/ranking.csv")).unwrap());
}

/// Both kinds of models are checked side by side, whichever the plan asks for; a folder has what they said of each
/// candidate that was left out, and the same seed draws the same forest.
#[test]
fn both_models_are_checked_and_either_can_propose() {
    let folder = folder();
    let mut proposals = Vec::new();
    for (model, used) in
        [("gaussian-process", "Gaussian process (used)"), ("random-forest", "random forest (used)")]
    {
        let plan = PLAN.replace("batch = 2", &format!("batch = 2\nmodel = \"{model}\"")).replace(
            "family = \"family\"\n",
            "", // One candidate at a time: each kind has something to say of each.
        );
        fs::write(folder.path().join("screen.toml"), plan).unwrap();
        let said = succeed(folder.path(), &["screen", "screen.toml"]);
        for expected in [used, "one candidate left out at a time", "mean of the others", "simulate next"] {
            assert!(said.contains(expected), "{expected} is not in\n{said}");
        }
        let checked = fs::read_to_string(folder.path().join("screen/validation.csv")).unwrap();
        assert_eq!(checked.lines().count(), 1 + 2 * 5, "{checked}");
        assert!(checked.contains("a,Gaussian process,") && checked.contains("f,random forest,"), "{checked}");
        let of = |name: &str| fs::read_to_string(folder.path().join("screen").join(name)).unwrap();
        let first = [of("proposals.csv"), of("screen.html")];
        succeed(folder.path(), &["screen", "screen.toml"]);
        assert_eq!(first, [of("proposals.csv"), of("screen.html")]);
        assert!(!first[1].contains("NaN"));
        proposals.push(first[0].clone());
    }
    assert_ne!(proposals[0], proposals[1]);
}

#[test]
fn a_table_alone_is_ranked_by_the_standard_score() {
    let folder = folder();
    let said =
        succeed(folder.path(), &["screen", "known.csv", "--candidates", "candidates.csv", "-o", "there"]);
    assert!(said.contains("   1  f "), "{said}");
    assert!(folder.path().join("there/screen.html").exists());
    let more =
        ["--filter", "E_hull_eV < 0.03", "--filter", "x>0.5", "--features", "x,atoms", "--family", "family"];
    let words = ["screen", "known.csv", "--candidates", "candidates.csv", "-o", "more"];
    let said = succeed(folder.path(), &[&words[..], &more].concat());
    for expected in [
        "E_hull_eV = 0.2, not below 0.03",
        "x = 0, not above 0.5",
        "   1  a ",
        "interval of the prediction\n  ",
    ] {
        assert!(said.contains(expected), "{expected} is not in\n{said}");
    }
    for (words, expected) in [
        (
            ["known.csv", "--candidates", "candidates.csv", "--filter", "E_hull_eV = 3"],
            "expected a column and a bound",
        ),
        (["known.csv", "--candidates", "candidates.csv", "--features", "y"], "error: there is no column `y`"),
        (["screen.toml", "--output", "there", "--features", "x"], "--features: the plan says this"),
    ] {
        let output = mlmd(folder.path(), &[&["screen"], &words[..]].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && message.contains(expected), "{message}");
    }
}

/// What a plan decides is not decided on the command line.
#[test]
fn options_beside_a_plan_are_refused() {
    let folder = folder();
    for (option, value) in [("--output", "there"), ("--key", "name"), ("--family", "x")] {
        let output = mlmd(folder.path(), &["screen", "screen.toml", option, value]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(&format!("{option}: the plan says this")), "{message}");
    }
}

/// The conductivity at the temperature nearest to 300 K takes the place of one at 300 K; without any there is no
/// standard score. The formula is always told.
#[test]
fn the_standard_score_has_a_conductivity() {
    let folder = folder();
    let words = ["screen", "known.csv", "--candidates", "candidates.csv"];
    let with = |name: &str| {
        fs::write(folder.path().join("candidates.csv"), CANDIDATES.replace("sigma_300K_S_cm", name)).unwrap();
        mlmd(folder.path(), &words)
    };
    let output = with("sigma_500K_S_cm");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("score = 1 × (log10 sigma_500K_S_cm + ") && said.contains("− 1 × (Ea_eV − "),
        "{said}"
    );
    let output = with("conductivity");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("there is no conductivity to rank by"), "{message}");
}

/// Who costs nobody knows what is not proposed, and named; a cost of nothing is refused; what has failed for good is
/// not proposed for ever.
#[test]
fn costs_decide_only_where_they_are_known() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("known.csv", &KNOWN.replace("g;0.00;3.5;one;100", "g;0.00;3.5;one;"));
    let said = succeed(folder.path(), &["screen", "screen.toml"]);
    assert!(said.contains("Not proposed, as atoms is not known: g\n"), "{said}");
    let proposed = || -> Vec<String> {
        let text = fs::read_to_string(folder.path().join("screen/proposals.csv")).unwrap();
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_string()).collect()
    };
    assert_eq!(proposed().len(), 2);
    assert!(!proposed().contains(&"g".to_string()), "{:?}", proposed());
    write("known.csv", &KNOWN.replace("g;0.00;3.5;one;100", "g;0.00;3.5;one;0"));
    let message =
        String::from_utf8_lossy(&mlmd(folder.path(), &["screen", "screen.toml"]).stderr).into_owned();
    assert!(message.contains("known.csv:8:1: atoms = 0, and a cost is positive"), "{message}");

    write("known.csv", KNOWN);
    let of = |done: u64, failed: u64| {
        let rows = "candidate,state,reason,tasks,tasks_done,tasks_failed\n";
        write("more.csv", &format!("{rows}g,partial,,4,{done},{failed}\n"));
        write("screen.toml", &PLAN.replace("\"candidates.csv\"", "[\"candidates.csv\", \"more.csv\"]"));
        succeed(folder.path(), &["screen", "screen.toml"]);
        proposed().contains(&"g".to_string())
    };
    assert!(of(2, 1), "a task is still open");
    assert!(!of(2, 2), "nothing is left that could be done");
}

#[test]
fn slips_are_told() {
    for (from, to, expected) in [
        (
            "column = \"E_hull_eV\"",
            "column = \"E_hul_eV\"",
            "screen.toml:6:10: there is no column `E_hul_eV`",
        ),
        ("below = 0.03\n", "", "screen.toml:5:1: this filter lets everything through"),
        (
            "family = \"family\"",
            "family = \"famly\"",
            "there is no column `famly`\n   did you mean `family`?",
        ),
        ("title", "key = \"name\"\ntitle", "candidates.csv: there is no column `name`"),
        (
            "column = \"Ea_eV\"",
            "column = \"rank\"",
            "screen.toml:12:10: the results have a column `rank` of their own",
        ),
        ("batch = 2", "model = \"forest\"", "screen.toml:16:9: `forest` is not known here"),
        ("[\"x\"]", "[\"family\"]", "known.csv:2:1: `one` in the column `family` is not a number"),
    ] {
        let folder = folder();
        assert!(PLAN.contains(from));
        fs::write(folder.path().join("screen.toml"), PLAN.replace(from, to)).unwrap();
        let known = KNOWN.replace(";atoms\n", ";atoms;rank\n").replace("00\n", "00;1\n");
        fs::write(folder.path().join("known.csv"), known).unwrap();
        let output = mlmd(folder.path(), &["screen", "screen.toml"]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(expected), "expected {expected} in\n{message}");
    }
    let folder = folder();
    fs::write(folder.path().join("known.csv"), KNOWN.to_string() + "a;1;1;one;1\n").unwrap();
    let message =
        String::from_utf8_lossy(&mlmd(folder.path(), &["screen", "screen.toml"]).stderr).into_owned();
    assert!(message.contains("known.csv:12: `a` is there twice"), "{message}");
}
