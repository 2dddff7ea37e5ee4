//! `tests/cases/good` are inputs that pass the dry run; `tests/cases/bad` are inputs that are refused, each
//! with the exact message in a comment at its end.
//!
//! Those whose name begins with `sweep` are plans of `mlmd sweep`, with `train` inputs of `mlmd train` (which refuses
//! them before it does anything), the others inputs of `mlmd run`.
//! A first line `# arguments: ...` adds arguments (separated by spaces) to the command.

use crate::binary::mlmd;
use std::path::{Path, PathBuf};

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(kind);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    paths
}

/// Runs `mlmd run --dry-run`, or `mlmd sweep --dry-run`, on a case in its own folder; returns its text and what it printed.
fn run(path: &Path) -> (String, crate::binary::Ran) {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let extra = text.lines().next().and_then(|line| line.strip_prefix("# arguments: ")).unwrap_or("");
    let command: &[&str] = match name.split(['-', '.']).next() {
        Some("sweep") => &["sweep", "--dry-run"],
        Some("train") => &["train"],
        _ => &["run", "--dry-run"],
    };
    let arguments: Vec<_> = command.iter().copied().chain([name]).chain(extra.split_whitespace()).collect();
    let ran = mlmd(path.parent().unwrap(), &arguments);
    (text, ran)
}

#[test]
fn bad_inputs_are_refused_with_exactly_the_message_they_carry() {
    let cases = cases("bad");
    assert!(cases.len() >= 100, "only {} bad cases were found", cases.len());
    let mut wrong = Vec::new();
    for path in cases {
        if path.ends_with("train-device-not-built.toml") && cfg!(feature = "train-gpu") {
            continue;
        }
        let (text, ran) = run(&path);
        let expected = text.split_once("# expected:\n").map_or("", |(_, block)| block);
        let expected: Vec<_> = expected.lines().map(|line| line.strip_prefix("# ").unwrap_or("")).collect();
        let got = ran.err.strip_prefix("error: ").unwrap_or(&ran.err).trim_end();
        if ran.code != 2 || got != expected.join("\n") || !ran.out.is_empty() {
            let expected = expected.join("\n");
            wrong.push(format!(
                "--- {} (exit code {})\nexpected:\n{expected}\ngot:\n{got}\n{}\n",
                path.display(),
                ran.code,
                ran.out
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn good_inputs_pass_the_dry_run_and_nothing_is_written() {
    let cases = cases("good");
    assert!(cases.len() >= 5, "only {} good cases were found", cases.len());
    for path in cases {
        let (_, ran) = run(&path);
        assert_eq!(ran.code, 0, "{}:\n{}", path.display(), ran.err);
        assert!(
            ran.out.contains("neighbours") || ran.out.contains("candidates"),
            "{}:\n{}",
            path.display(),
            ran.out
        );
        assert!(!path.with_file_name("out").exists(), "{} wrote something", path.display());
    }
}
