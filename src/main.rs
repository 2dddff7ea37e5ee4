//! Parses the arguments, runs the subcommand, prints the error chain, sets the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    mlmd::cli::main()
}
