//! Running the real binary.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a run of the program left behind.
pub(crate) struct Ran {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// The program, to be run in `folder`.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlmd"));
    command.current_dir(folder).env_remove("COLUMNS").stdin(Stdio::null());
    command
}

/// Runs the program in `folder`.
pub(crate) fn mlmd(folder: &Path, arguments: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = command(folder).args(arguments).output().unwrap();
    Ran {
        code: status.code().expect("no signal ends the program"),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// Runs the program in `folder`; it must succeed. Returns standard output.
pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let ran = mlmd(folder, arguments);
    assert_eq!(ran.code, 0, "mlmd {} failed:\n{}", arguments.join(" "), ran.err);
    ran.out
}

/// Runs the program in `folder`; it must end with `code` and a complaint. Returns the complaint.
pub(crate) fn fail(folder: &Path, code: i32, arguments: &[&str]) -> String {
    let ran = mlmd(folder, arguments);
    assert_eq!(ran.code, code, "mlmd {}:\n{}{}", arguments.join(" "), ran.out, ran.err);
    assert!(ran.err.starts_with("error: "), "{}", ran.err);
    ran.err
}
