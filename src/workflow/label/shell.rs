//! A command of the shell that ends when this program is asked to stop.

use crate::error::{Error, Result};
use crate::workflow::dynamics::Stop;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Runs a command in a folder, what it prints going into a file there; `None` if it was stopped.
///
/// The lock of the folder is the command's (empty) input: where this process is killed and what it has started goes on,
/// the folder stays taken until that ends.
pub(super) fn run(
    command: &str,
    folder: &Path,
    log: &Path,
    lock: &File,
    stop: &Stop,
) -> Result<Option<ExitStatus>> {
    let file = File::create(log).map_err(Error::io(log, "create"))?;
    let errors = file.try_clone().map_err(Error::io(log, "create"))?;
    let mut child = shell(command)
        .current_dir(folder)
        .stdin(input(lock).map_err(Error::io(folder, "lock"))?)
        .stdout(file)
        .stderr(errors)
        .spawn()
        .map_err(|error| Error::Internal(format!("cannot start a shell: {error}")))?;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().map_err(Error::io(folder, "wait for a calculation"))? {
            return Ok(Some(status));
        }
        if stop.reason().is_some() {
            end(&mut child);
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (2 * pause).min(Duration::from_millis(100));
    }
}

/// The lock as an input; where what is locked cannot be read by others (Windows), nothing is.
fn input(lock: &File) -> std::io::Result<Stdio> {
    if cfg!(unix) { lock.try_clone().map(Stdio::from) } else { Ok(Stdio::null()) }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut shell = Command::new("sh");
    // A group of its own: what the shell has started ends with it, and a key pressed here is not meant for it.
    shell.args(["-c", command]).process_group(0);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.args(["/C", command]);
    shell
}

/// Ends a shell and all it has started; what does not end by itself within some seconds is killed.
fn end(child: &mut Child) {
    tell(child, "-TERM");
    for _ in 0..50 {
        // Waited for first: what has ended and was not waited for would still be there.
        let shell_is_there = matches!(child.try_wait(), Ok(None));
        if !shell_is_there && !tell(child, "-0") {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    tell(child, "-KILL");
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// Sends a signal to all that a shell has started; is anything of it there? (The standard library knows no signals and no
/// groups; the commands of the system do.)
fn tell(child: &Child, signal: &str) -> bool {
    let mut command = if cfg!(unix) {
        let mut kill = Command::new("kill");
        kill.args([signal, "--", &format!("-{}", child.id())]);
        kill
    } else {
        let mut kill = Command::new("taskkill");
        kill.args(["/T", "/F", "/PID", &child.id().to_string()]);
        kill
    };
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
