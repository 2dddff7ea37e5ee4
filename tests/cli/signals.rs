//! Reasons to stop a run before its end.
#![cfg(unix)]

use crate::run::{INPUT, command, folder, results, run, start};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Sends signals, one right after the other; `false` if the process had ended, or there is no `kill`.
fn send(child: &Child, signals: &[&str]) -> bool {
    let script: Vec<_> = signals.iter().map(|signal| format!("kill -{signal} {}", child.id())).collect();
    Command::new("sh").args(["-c", &script.join("; ")]).status().is_ok_and(|status| status.success())
}

/// Each signal lets the step end, writes a checkpoint, and exits with 75; the rest of the run gives the same bytes.
#[test]
fn a_signal_stops_with_a_checkpoint_and_exit_code_75() {
    let undisturbed = folder();
    assert!(run(undisturbed.path(), &[]).status.success());
    let expected = results(undisturbed.path());
    for signal in ["TERM", "INT", "USR1"] {
        let folder = folder();
        let mut child = start(folder.path());
        // Once the first checkpoint is there, signals have been listened to for long.
        let checkpoint = folder.path().join("out/T0040K/checkpoint");
        while !checkpoint.exists() && child.try_wait().expect("can be asked").is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        if !send(&child, &[signal]) {
            eprintln!("skipped: the run ended before the signal, or there is no `kill`");
            return;
        }
        assert_eq!(child.wait().expect("ends").code(), Some(75), "{signal}");
        let again = run(folder.path(), &[]);
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
        assert!(results(folder.path()) == expected, "{signal}");
    }
}

/// A run of many large steps: each takes far longer than two signals.
fn endless() -> tempfile::TempDir {
    let folder = folder();
    let input = INPUT.replace("supercell = [3, 3, 3]", "supercell = [16, 16, 16]");
    let input = input.replace("[\"40 K\", \"80 K\"]", "\"40 K\"").replace("1200 fs", "1200 ns");
    fs::write(folder.path().join("in.toml"), input).expect("a writable folder");
    folder
}

/// The second signal does not wait for the end of the step.
#[test]
fn a_second_signal_exits_at_once() {
    let folder = endless();
    let mut child = command(folder.path(), &[])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    // The record is written when signals are listened to and before the first step.
    while !folder.path().join("out/T0040K").exists() {
        assert!(child.try_wait().expect("can be asked").is_none(), "the program ended");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(send(&child, &["TERM", "INT"]), "signals can be sent");
    assert_eq!(child.wait().expect("ends").code(), Some(128 + 2));
}

/// `[run] wall_time` is a reason like a signal.
#[test]
fn the_time_limit_stops_with_a_checkpoint_and_exit_code_75() {
    let (folder, begin) = (endless(), Instant::now());
    let output =
        run(folder.path(), &["--set", "run.wall_time=1 s", "--set", "structure.supercell=[3, 3, 3]"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{message}");
    assert!(message.contains("the time limit [run] wall_time"), "{message}");
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert!(folder.path().join("out/T0040K/checkpoint").exists());
}
