//! Help, manual, completions; exit codes of the command line itself.

use crate::binary::{command, fail, mlmd, succeed};
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn help_lists_every_subcommand_and_each_explains_itself() {
    let text = succeed(here(), &["help"]);
    for name in [
        "run",
        "analyze",
        "sweep",
        "screen",
        "relax",
        "neb",
        "serve",
        "evaluate",
        "check",
        "bench",
        "convert",
        "info",
        "completions",
        "man",
        "help",
    ] {
        assert!(text.contains(&format!("\n  {name} ")), "{name} is not in\n{text}");
        let help = succeed(here(), &["help", name]);
        assert!(help.contains(&format!("Usage: mlmd {name}")), "{help}");
        assert_eq!(help, succeed(here(), &[name, "-h"]));
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        assert!(succeed(here(), &["man", name]).contains(".TH mlmd-"));
    }
}

#[test]
fn help_on_the_input_is_whole_or_of_one_table() {
    let all = succeed(here(), &["help", "input"]);
    for table in [
        "[structure]",
        "[potential]",
        "[device]",
        "[dynamics.thermostat.csvr]",
        "[output.trajectory]",
        "[analysis.sites.density]",
        "[run]",
        "[structures]",
        "[[structures.vacancies]]",
        "[sweep]",
        "[[score]]",
        "[surrogate]",
    ] {
        assert!(all.contains(&format!("\n{table}")), "{table}");
    }
    let one = succeed(here(), &["help", "input", "dynamics.thermostat"]);
    assert!(
        one.starts_with("[dynamics.thermostat]") && one.contains("[dynamics.thermostat.langevin]"),
        "{one}"
    );
    assert!(!one.contains("barostat"), "{one}");
    let error = fail(here(), 2, &["help", "input", "dynamcs"]);
    assert_eq!(error, "error: there is no table `dynamcs`; did you mean `dynamics`?\n");
}

/// The list of formats is the one that is compiled in, so that none is forgotten.
#[test]
fn help_on_formats_lists_them() {
    let text = succeed(here(), &["help", "formats"]);
    for info in mlmd::io::Format::table().iter().filter(|info| info.reads()) {
        assert!(text.contains(&format!("\n  {} ", info.name)), "{} is not in\n{text}", info.name);
    }
}

#[test]
fn wrong_arguments_end_with_2() {
    for arguments in [&["runn"][..], &["convert", "a"], &["info", "--frobnicate", "a"], &[]] {
        let ran = mlmd(here(), arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("Usage:"), "{}", ran.err);
    }
    assert!(fail(here(), 2, &["help", "inptu"]).contains("did you mean `input`?"));
    assert!(succeed(here(), &["help", "sweep", "run"]).contains("mlmd sweep run"));
    assert!(fail(here(), 2, &["help", "sweep", "rnu"]).contains("unexpected `rnu` behind `help sweep`"));
    let train = succeed(here(), &["help", "input", "train"]);
    assert_eq!(train, succeed(here(), &["help", "train-input"]));
    assert!(fail(here(), 2, &["man", "convrt"]).contains("did you mean `convert`?"));
}

#[test]
fn completions_know_subcommands_and_options() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = succeed(here(), &["completions", shell]);
        assert!(script.contains("convert") && script.contains("dry-run"), "{shell}");
    }
}

#[test]
fn manual_pages_are_written_into_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), &["man", "--directory", "."]);
    for name in ["mlmd.1", "mlmd-run.1", "mlmd-convert.1", "mlmd-input.1", "mlmd-train-input.1"] {
        let page = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(page.contains(".TH "), "{name}");
    }
}

/// `mlmd help input | head -1`: the reader goes away, nobody complains.
#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = command(here())
        .args(["help", "input"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!((child.wait().unwrap().code(), complaint.as_str()), (Some(0), ""));
}
