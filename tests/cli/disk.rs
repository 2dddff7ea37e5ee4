//! `mlmd run` where nothing, or not everything, can be written.
#![cfg(unix)]

use crate::run::{BINARY, INPUT, checkpointed, folder, frames, results, run};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Everything up to the last checkpoint of a task is there and can be read.
fn check_trajectory(task: &Path) -> bool {
    // Recording begins at step 100, a frame every ten steps.
    let Some(recorded) = checkpointed(task).and_then(|step| Some(step.checked_sub(100)? / 10 + 1)) else {
        return false;
    };
    assert!(frames(&task.join("trajectory.h5")).len() as u64 >= recorded);
    true
}

/// The program in a shell, after some preparation.
fn shell(folder: &Path, script: &str) -> Output {
    Command::new("sh").args(["-c", script]).current_dir(folder).output().expect("a shell")
}

/// A shell that may mount file systems, which vanish with it; `None` where that is not allowed.
fn mounting_shell(folder: &Path, script: &str) -> Option<Output> {
    let inside = |script: &str| {
        let arguments = ["--map-root-user", "--mount", "sh", "-c", script];
        Command::new("unshare").args(arguments).current_dir(folder).output()
    };
    let probe = inside("mkdir probe && mount -t tmpfs -o size=16k tmpfs probe");
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no file system may be mounted here");
        return None;
    }
    Some(inside(script).expect("a shell"))
}

fn fails_to_write(output: &Output) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("cannot write"), "{message}");
}

/// A file that may not grow, as beyond a quota: exit code 4, what was written stays readable, and with more room the run
/// goes on to the same end.
#[test]
fn a_file_that_may_not_grow_ends_the_run_and_damages_nothing() {
    let folder = folder();
    fails_to_write(&shell(folder.path(), &format!("ulimit -f 200; exec {BINARY} run in.toml --quiet")));
    check_trajectory(&folder.path().join("out/T0040K"));
    assert!(run(folder.path(), &[]).status.success());
    let undisturbed = self::folder();
    assert!(run(undisturbed.path(), &[]).status.success());
    assert!(results(folder.path()) == results(undisturbed.path()));
}

/// A disk that is full: a small file system, with more and less room than a checkpoint needs after the trajectory has
/// taken the rest. What was written is copied elsewhere, opens, and a run goes on from it to the same end.
#[test]
fn a_full_disk_ends_the_run_and_damages_nothing() {
    let undisturbed = folder();
    assert!(run(undisturbed.path(), &[]).status.success());
    let expected = results(undisturbed.path());
    let mut readable = 0;
    for size in [100, 180, 260] {
        let folder = folder();
        let script = format!(
            "mkdir out && mount -t tmpfs -o size={size}k tmpfs out && {BINARY} run in.toml --quiet\n\
             code=$?; cp -r out copy && touch copied; exit $code"
        );
        let Some(output) = mounting_shell(folder.path(), &script) else { return };
        assert!(folder.path().join("copied").exists(), "{}", String::from_utf8_lossy(&output.stderr));
        fails_to_write(&output);
        let _ = fs::remove_dir(folder.path().join("out"));
        fs::rename(folder.path().join("copy"), folder.path().join("out")).expect("a folder can be renamed");
        readable += usize::from(check_trajectory(&folder.path().join("out/T0040K")));
        assert!(run(folder.path(), &[]).status.success(), "{size} kB");
        assert!(results(folder.path()) == expected, "{size} kB");
    }
    assert!(readable > 0, "no run came to a checkpoint while it was recorded");
}

/// A folder that cannot be written to is told before anything is computed: one without permission, or, for those whom
/// permissions do not stop, a file system that is read-only.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    let output = if fs::write(closed.join("probe"), "").is_err() {
        run(folder.path(), &["--set", "output.directory=closed/out"])
    } else {
        let script = format!(
            "mount -t tmpfs -o ro tmpfs closed && {BINARY} run in.toml --quiet --set output.directory=closed/out"
        );
        let Some(output) = mounting_shell(folder.path(), &script) else { return };
        output
    };
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("cannot create the folder"), "{message}");
}

/// Results in a folder that has become read-only stay as they are.
#[test]
fn results_that_have_become_read_only_are_left_alone() {
    let folder = folder();
    assert!(run(folder.path(), &[]).status.success());
    let expected = results(folder.path());
    fs::write(folder.path().join("longer.toml"), INPUT).unwrap();
    let script = format!(
        "mount --bind out out && mount -o remount,ro,bind out && {BINARY} run longer.toml --quiet --restart fresh"
    );
    let Some(output) = mounting_shell(folder.path(), &script) else { return };
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(results(folder.path()) == expected);
}
