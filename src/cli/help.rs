//! `mlmd help`: subcommands, the input language, the file formats.

use super::terminal;
use crate::error::{Error, Result, nearest};
use crate::input::train::TrainPlan;
use crate::input::{LabelPlan, LearnPlan, Plan, Schema, ScreenPlan, SweepPlan, help};
use crate::io::Format;

/// Print help: on a subcommand, on `input` and `train-input` (the input language) or on `formats` (files mlmd reads)
#[derive(Debug, clap::Args)]
#[command(after_help = "mlmd help run                     a subcommand\n\
                        mlmd help sweep run               one of its own\n\
                        mlmd help input                   every table and key of the input of mlmd run\n\
                        mlmd help input dynamics          one table\n\
                        mlmd help input sweep             one that plans of mlmd sweep have\n\
                        mlmd help input screen            the plan of mlmd screen\n\
                        mlmd help input label             the input of mlmd label\n\
                        mlmd help input learn             that of mlmd learn\n\
                        mlmd help train-input             the same for mlmd train\n\
                        mlmd help formats                 the file formats")]
pub(super) struct Arguments {
    /// A subcommand, `input`, `train-input`, or `formats`
    topic: Option<String>,
    /// A table of the input, such as dynamics.thermostat, or a subcommand of the subcommand
    table: Option<String>,
}

impl Arguments {
    pub(super) fn execute(self) -> Result<()> {
        let text = match (self.topic.as_deref(), self.table.as_deref()) {
            (None, _) => super::command_line().render_help().to_string(),
            (Some("input"), table) => run_input(table)?,
            (Some("train-input"), table) => input("mlmd train", &TrainPlan::schema(), table)?,
            (Some("formats"), None) => formats(),
            (Some(topic), part) => subcommand(topic, part)?,
        };
        terminal::print(&text)
    }
}

/// A subcommand, or one of those that it has itself.
fn subcommand(name: &str, part: Option<&str>) -> Result<String> {
    let mut command = super::command_line();
    command.build();
    let names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_string()).collect();
    let Some(subcommand) = command.find_subcommand_mut(name) else {
        let topics = names.iter().map(String::as_str).chain(["input", "train-input", "formats"]);
        return Err(unknown("help on", name, topics));
    };
    match part {
        None => Ok(subcommand.render_help().to_string()),
        Some(part) => subcommand
            .find_subcommand_mut(part)
            .map(|part| part.render_help().to_string())
            .ok_or_else(|| Error::invalid(format!("unexpected `{part}` behind `help {name}`"))),
    }
}

const RUN: &str = "mlmd run";

/// The tables of a plan of `mlmd sweep` that the input of a run does not have.
const OF_SWEEPS: [&str; 2] = ["structures", "sweep"];

/// The input of a run, what the plan of a sweep has besides, and the plan of a screening.
fn run_input(table: Option<&str>) -> Result<String> {
    let name = table.map(|name| name.trim_matches(['[', ']']));
    let sweep = SweepPlan::schema();
    match name {
        Some(name) if OF_SWEEPS.contains(&name.split('.').next().unwrap_or(name)) => {
            input(RUN, &sweep, table)
        }
        Some("screen") => Ok(of_screenings()),
        Some("train") => input("mlmd train", &TrainPlan::schema(), None),
        Some("label") => input("mlmd label", &LabelPlan::schema(), None),
        Some("learn") => input("mlmd learn", &LearnPlan::schema(), None),
        Some(_) => input(RUN, &Plan::schema(), table),
        None => {
            let of_sweeps =
                OF_SWEEPS.iter().filter_map(|name| help::help_for(&sweep, name, terminal::width()));
            Ok(format!(
                "{}\nThe plan of `mlmd sweep` has these tables, too, [structures] in the place of [structure]; \
                 several\n[[potential]] tables may stand in it, each with a `name`.\n\n{}\n{}",
                input(RUN, &Plan::schema(), None)?,
                of_sweeps.collect::<Vec<_>>().join("\n"),
                of_screenings()
            ))
        }
    }
}

/// The plan of `mlmd screen`.
fn of_screenings() -> String {
    format!("The plan of `mlmd screen`:\n\n{}", help::help(&ScreenPlan::schema(), terminal::width()))
}

/// The input language of a command, or one table of it.
fn input(command: &str, schema: &Schema, table: Option<&str>) -> Result<String> {
    let Some(name) = table else {
        return Ok(help::introduction(command, terminal::width())
            + "\n"
            + &help::help(schema, terminal::width()));
    };
    let name = name.trim_matches(['[', ']']);
    help::help_for(schema, name, terminal::width()).ok_or_else(|| {
        let names = help::table_names(schema);
        unknown("table", name, names.iter().map(String::as_str))
    })
}

fn unknown<'a>(what: &str, name: &str, names: impl Iterator<Item = &'a str> + Clone) -> Error {
    Error::invalid(match nearest(name, names.clone()) {
        Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`; there is: {}", names.collect::<Vec<_>>().join(", ")),
    })
}

/// The formats as a table: name, reads and writes, endings, contents.
fn formats() -> String {
    let mut text = String::from(
        "Formats are recognised by content first and by name second; .gz is looked through.\n\
         r: mlmd reads it, w: mlmd writes it\n\n",
    );
    for info in Format::table().iter().filter(|info| info.reads() || info.writes()) {
        let (reads, writes) = (if info.reads() { "r" } else { " " }, if info.writes() { "w" } else { " " });
        let endings = info.extensions.iter().map(|ending| format!(".{ending}"));
        let names: Vec<_> = info.file_names.iter().map(ToString::to_string).chain(endings).collect();
        let row = [
            format!("  {:<12} {reads}{writes}  {}", info.name, info.title),
            format!("                   {}", info.holds),
            format!("                   names: {}", names.join(" ")),
        ];
        let shown = if names.is_empty() { 2 } else { 3 };
        text.push_str(&row[..shown].join("\n"));
        text.push('\n');
    }
    text
}
