//! A whole input, from a file or its text to a checked plan.

use super::keys::{Keys, Table};
use super::schema::Schema;
use super::source::Source;
use super::train::TrainPlan;
use super::tree::{Entry, Item};
use super::{LabelPlan, LearnPlan, Plan, ScreenPlan, SweepPlan, set, tree};
use crate::error::{Error, Result};
use std::path::Path;
use std::sync::Arc;

/// The text of an input file; relative paths in it start from its folder.
pub(super) fn source(path: &Path) -> Result<Arc<Source>> {
    Ok(Source::new(path, text(path)?, path.parent().unwrap_or(Path::new(""))))
}

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String> {
    let text = std::fs::read(path).map_err(Error::io(path, "open"))?;
    String::from_utf8(text)
        .map_err(|_| Error::invalid(format!("{}: this is not a text file (UTF-8)", path.display())))
}

/// Reads a plan, changed by `--set` arguments; keys that it does not have are refused.
pub(super) fn read<T: Table>(source: &Arc<Source>, sets: &[String]) -> Result<T> {
    let mut root = tree::parse(source)?;
    for argument in sets {
        set::apply(&mut root, argument)?;
    }
    let schema = Schema::of::<T>();
    if let Some((entry, command)) = meant_for_another(&root, &schema) {
        return Err(entry
            .place
            .error("this is an input of another command")
            .with_help(format!("`{command}` reads files like this one"))
            .into());
    }
    schema.refuse_unknown(&root, "", &schema)?;
    Keys::read(&root)
}

/// The first key at the top of a file that its reader does not have, and the command whose inputs have all that are
/// there.
fn meant_for_another<'a>(root: &'a Item, schema: &Schema) -> Option<(&'a Entry, &'static str)> {
    let entries = root.entries().unwrap_or_default();
    let has = |schema: &Schema, entry: &Entry| schema.keys.iter().any(|key| key.name == entry.key);
    let strange = entries.iter().find(|entry| !has(schema, entry))?;
    let inputs: [(_, fn() -> Schema); 6] = [
        ("mlmd run", Plan::schema),
        ("mlmd train", TrainPlan::schema),
        ("mlmd sweep run", SweepPlan::schema),
        ("mlmd screen", ScreenPlan::schema),
        ("mlmd label", LabelPlan::schema),
        ("mlmd learn", LearnPlan::schema),
    ];
    let meant = inputs.into_iter().find(|(_, other)| {
        let other = other();
        entries.iter().all(|entry| has(&other, entry))
    });
    meant.map(|(command, _)| (strange, command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// Every input among the examples, read by every command.
    #[test]
    fn inputs_of_other_commands_are_told() {
        fn message<T: Table>(file: &Path) -> String {
            read::<T>(&source(file).unwrap(), &[]).err().map_or(String::new(), |error| error.to_string())
        }
        let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
        let files = [
            ("llzo/run.toml", "mlmd run"),
            ("llzo/train.toml", "mlmd train"),
            ("screening/plan.toml", "mlmd sweep run"),
            ("screening/screen.toml", "mlmd screen"),
            ("li3n/dft/label.toml", "mlmd label"),
            ("li3n/learn.toml", "mlmd learn"),
        ];
        for (file, command) in files {
            let path = examples.join(file);
            let all = [
                ("mlmd run", message::<Plan>(&path)),
                ("mlmd train", message::<TrainPlan>(&path)),
                ("mlmd sweep run", message::<SweepPlan>(&path)),
                ("mlmd screen", message::<ScreenPlan>(&path)),
                ("mlmd label", message::<LabelPlan>(&path)),
                ("mlmd learn", message::<LearnPlan>(&path)),
            ];
            for (reader, message) in all {
                let told = message.contains("another command") && message.contains(&format!("`{command}`"));
                assert_eq!(told, reader != command, "{file} read by `{reader}`: {message}");
            }
        }
    }
}
