//! The command line: one file per subcommand. Arguments, progress and exit codes; no physics.

use std::process::ExitCode;

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
