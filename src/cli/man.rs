//! `mlmd man`: the manual pages.

use super::terminal;
use crate::error::{Error, Result, nearest};
use crate::input::train::TrainPlan;
use crate::input::{Plan, Schema, help};
use std::path::{Path, PathBuf};

/// Print a manual page, or write all of them into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "mlmd man run | man -l -                            read a page at once\n\
                        mlmd man --directory ~/.local/share/man/man1       install mlmd.1, mlmd-run.1, ...")]
pub(super) struct Arguments {
    /// A subcommand, `input` or `train-input` for the input language; the program as a whole if absent
    page: Option<String>,
    /// Write every page into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "page")]
    directory: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn execute(self) -> Result<()> {
        let mut command = super::command_line();
        command.build();
        if let Some(folder) = self.directory {
            return write_all(&command, &folder);
        }
        match self.page.as_deref() {
            None => terminal::print(&page(command)?),
            Some("input") => terminal::print(&input_page("input", "mlmd run", &Plan::schema())),
            Some("train-input") => {
                terminal::print(&input_page("train-input", "mlmd train", &TrainPlan::schema()))
            }
            Some(name) => {
                let subcommand = command.find_subcommand(name).ok_or_else(|| {
                    let names = command.get_subcommands().map(clap::Command::get_name);
                    let hint = nearest(name, names).map(|near| format!("; did you mean `{near}`?"));
                    Error::invalid(format!(
                        "there is no manual page for `{name}`{}",
                        hint.unwrap_or_default()
                    ))
                })?;
                terminal::print(&page(named(subcommand))?)
            }
        }
    }
}

fn write_all(command: &clap::Command, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder, "create"))?;
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(Error::io(path, "write"))
    };
    for subcommand in command.get_subcommands() {
        write(&format!("mlmd-{}.1", subcommand.get_name()), page(named(subcommand))?)?;
    }
    write("mlmd-input.1", input_page("input", "mlmd run", &Plan::schema()))?;
    write("mlmd-train-input.1", input_page("train-input", "mlmd train", &TrainPlan::schema()))?;
    write("mlmd.1", page(command.clone())?)
}

/// A subcommand under the name its page has.
fn named(subcommand: &clap::Command) -> clap::Command {
    let name = subcommand.get_name();
    subcommand.clone().display_name(format!("mlmd-{name}")).bin_name(format!("mlmd {name}"))
}

fn page(command: clap::Command) -> Result<String> {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(command).manual("mlmd").render(&mut text);
    rendered.map_err(|error| Error::Internal(format!("the manual page cannot be made: {error}")))?;
    String::from_utf8(text).map_err(|error| Error::Internal(error.to_string()))
}

/// The page of the input language of a command: its documentation, set as it is.
fn input_page(name: &str, command: &str, schema: &Schema) -> String {
    let mut page = format!(
        ".TH mlmd-{name} 1 \"\" \"mlmd {}\" mlmd\n.SH NAME\nmlmd\\-{} \\- the input of {command}\n.SH DESCRIPTION\n.nf\n",
        crate::VERSION,
        name.replace('-', "\\-")
    );
    let text = help::introduction(command, 78) + "\n" + &help::help(schema, 78);
    for line in text.lines() {
        // A dot or an apostrophe at the beginning of a line would be a request; `\&` is nothing.
        page.push_str("\\&");
        page.push_str(&line.replace('\\', "\\\\").replace('-', "\\-"));
        page.push('\n');
    }
    page
}
