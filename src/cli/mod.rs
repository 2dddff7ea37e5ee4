//! The command line: one file per subcommand. Arguments, progress and exit codes; no physics.

mod amounts;
mod analyze;
mod bench;
mod build;
mod check;
mod completions;
mod convert;
mod devices;
mod errors;
mod evaluate;
mod help;
mod info;
mod label;
mod learn;
mod man;
mod models;
mod neb;
mod options;
mod progress;
mod relax;
mod rows;
mod run;
mod screen;
mod select;
mod serve;
mod simulate;
mod sweep;
mod terminal;
mod train;

use clap::{CommandFactory, Parser};
use std::process::ExitCode;
use std::time::Instant;
use terminal::Terminal;

/// Machine-learned interatomic potentials and molecular dynamics, from DFT frames to an ionic conductivity
#[derive(Parser)]
#[command(name = "mlmd", bin_name = "mlmd", version, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 2 bad input, 3 stopped by physics, 4 input/output failure,\n\
                        75 stopped by a signal or time limit after a checkpoint.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    terminal: Terminal,
}

#[derive(clap::Subcommand)]
enum Command {
    Run(run::Arguments),
    Train(train::Arguments),
    Analyze(analyze::Arguments),
    Sweep(sweep::Arguments),
    Screen(screen::Arguments),
    Relax(relax::Arguments),
    Neb(neb::Arguments),
    Serve(serve::Arguments),
    Evaluate(evaluate::Arguments),
    Select(select::Arguments),
    Label(label::Arguments),
    Learn(learn::Arguments),
    Check(check::Arguments),
    Bench(bench::Arguments),
    Build(build::Arguments),
    Convert(convert::Arguments),
    Info(info::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    Help(help::Arguments),
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe or terminal is no reason to complain about a complaint.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let terminal = arguments.terminal;
    let start = Instant::now();
    terminal.detail(|| {
        let threads = amounts::counted(amounts::threads(), "thread");
        format!("mlmd {}: {threads} at most, {}", crate::VERSION, crate::lanes::instruction_set())
    });
    let done = match arguments.command {
        Command::Run(command) => command.execute(terminal),
        Command::Train(command) => command.execute(terminal),
        Command::Analyze(command) => command.execute(terminal),
        Command::Sweep(command) => command.execute(terminal),
        Command::Screen(command) => command.execute(terminal),
        Command::Relax(command) => command.execute(terminal),
        Command::Neb(command) => command.execute(terminal),
        Command::Serve(command) => command.execute(terminal),
        Command::Evaluate(command) => command.execute(terminal),
        Command::Select(command) => command.execute(terminal),
        Command::Label(command) => command.execute(terminal),
        Command::Learn(command) => command.execute(terminal),
        Command::Check(command) => command.execute(terminal),
        Command::Bench(command) => command.execute(terminal),
        Command::Build(command) => command.execute(terminal),
        Command::Convert(command) => command.execute(terminal),
        Command::Info(command) => command.execute(terminal),
        Command::Completions(command) => command.execute(),
        Command::Man(command) => command.execute(),
        Command::Help(command) => command.execute(),
    };
    terminal.detail(|| {
        let memory =
            terminal::peak_memory().map(|peak| format!(", {} of memory at most", amounts::bytes(peak)));
        format!("{} in all{}", amounts::duration(start.elapsed()), memory.unwrap_or_default())
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if terminal::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The description of the whole command line, for help, completions and the manual.
fn command_line() -> clap::Command {
    Arguments::command()
}
