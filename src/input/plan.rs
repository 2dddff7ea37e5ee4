//! The whole input: what `mlmd run` is asked to do.

use super::analysis::Analysis;
use super::device::Device;
use super::dynamics::{Dynamics, Velocities};
use super::guards::Guards;
use super::keys::{Keys, Table};
use super::kind::{Kind, integer, table, text};
use super::output::Output;
use super::potential::PotentialChoice;
use super::relax::Relax;
use super::run::Run;
use super::schema::Schema;
use super::source::Source;
use super::structure::Structure;
use super::{set, tree, whole};
use crate::error::Result;
use std::path::Path;

/// What a run is asked to do: the whole input file, checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the run is about.
    pub title: Option<String>,
    /// Every random number of the run follows from it.
    pub seed: u64,
    /// What the atoms are.
    pub structure: Structure,
    /// How they interact.
    pub potential: PotentialChoice,
    /// Where it is computed.
    pub device: Device,
    /// A minimisation before they move.
    pub relax: Option<Relax>,
    /// How the atoms move; `None`: they stay where they are.
    pub dynamics: Option<Dynamics>,
    /// What is watched for.
    pub guards: Guards,
    /// What is written, and where.
    pub output: Output,
    /// Limits of the job.
    pub run: Run,
    /// What is computed from the trajectory.
    pub analysis: Option<Analysis>,
}

impl Table for Plan {
    const ABOUT: &'static str = "One run, or several that differ in temperature.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            title: keys
                .key("title", text(), "What the run is about.")
                .optional("alpha-Li3N, conductivity")?,
            seed: keys
                .key(
                    "seed",
                    integer().at_least(0),
                    "Every random number follows from it: same seed, same run.",
                )
                .default(1)?
                .unsigned_abs(),
            structure: keys.key("structure", table(), Structure::ABOUT).required(())?,
            potential: keys.key("potential", table(), PotentialChoice::ABOUT).required(())?,
            device: keys.key("device", table(), Device::ABOUT).default(())?,
            relax: keys.key("relax", table(), Relax::ABOUT).optional(())?,
            dynamics: keys.key("dynamics", table(), Dynamics::ABOUT).optional(())?,
            guards: keys.key("guards", table(), Guards::ABOUT).default(())?,
            output: keys.key("output", table(), Output::ABOUT).default(())?,
            run: keys.key("run", table(), Run::ABOUT).default(())?,
            analysis: keys.key("analysis", table(), Analysis::ABOUT).optional(())?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if let Some(dynamics) = &self.dynamics {
            self.guards.check_cadence(dynamics, keys)?;
            self.output.check_cadence(dynamics, keys)?;
            if dynamics.velocities == Velocities::File && self.relax.is_some() {
                return Err(keys
                    .error(
                        "dynamics.velocities",
                        "velocities of the file do not belong to a structure that is relaxed first",
                    )
                    .with_help("expected \"draw\", or no [relax]")
                    .into());
            }
        }
        Ok(())
    }
}

impl Plan {
    /// Reads an input file, changed by `--set` arguments.
    pub fn read_file(path: impl AsRef<Path>, sets: &[String]) -> Result<Self> {
        whole::read(&whole::source(path.as_ref())?, sets)
    }

    /// Reads an input from text; `name` is used in messages, relative paths start from `folder`.
    pub fn read_text(name: impl AsRef<Path>, text: &str, folder: &Path, sets: &[String]) -> Result<Self> {
        whole::read(&Source::new(name, text, folder), sets)
    }

    /// Every table and key of the input language.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }
}

impl PotentialChoice {
    /// Reads the `[potential]` table of a TOML file and looks at nothing else in it.
    pub fn read_file(path: impl AsRef<Path>) -> Result<Self> {
        let root = tree::parse(&whole::source(path.as_ref())?)?;
        let entry = root.entries().unwrap_or_default().iter().find(|entry| entry.key == "potential");
        let Some(entry) = entry else {
            return Err(root.place.error("`[potential]` is missing").with_help(Self::ABOUT).into());
        };
        Schema::of::<Self>().refuse_unknown(&entry.item, "potential", &Plan::schema())?;
        table::<Self>().read(&entry.item)
    }
}

impl Structure {
    /// Reads `[structure]` and `seed` of an input file, changed by `--set` arguments, and looks at nothing else in it.
    pub fn read_file(path: impl AsRef<Path>, sets: &[String]) -> Result<(Self, u64)> {
        let mut root = tree::parse(&whole::source(path.as_ref())?)?;
        sets.iter().try_for_each(|argument| set::apply(&mut root, argument))?;
        let entry = |name: &str| root.entries().unwrap_or_default().iter().find(|entry| entry.key == name);
        let Some(structure) = entry("structure") else {
            return Err(root.place.error("`[structure]` is missing").with_help(Self::ABOUT).into());
        };
        Schema::of::<Self>().refuse_unknown(&structure.item, "structure", &Plan::schema())?;
        let seed = entry("seed").map_or(Ok(1), |entry| integer().at_least(0).read(&entry.item))?;
        Ok((table::<Self>().read(&structure.item)?, seed.unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every default and example in the declarations of all tables can be read: `Schema::of` would say so.
    #[test]
    fn the_declarations_are_sound() {
        let schema = Plan::schema();
        let names: Vec<_> = schema.keys.iter().map(|key| key.name).collect();
        assert_eq!(
            names,
            [
                "title",
                "seed",
                "structure",
                "potential",
                "device",
                "relax",
                "dynamics",
                "guards",
                "output",
                "run",
                "analysis"
            ]
        );
    }

    fn read(text: &str, sets: &[&str]) -> Result<Plan> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("li.xyz"), "").unwrap();
        let sets: Vec<_> = sets.iter().map(ToString::to_string).collect();
        Plan::read_text("in.toml", text, folder.path(), &sets)
    }

    const SMALL: &str = "[structure]\nfile = \"li.xyz\"\n[potential]\nfile = \".\"\n";

    #[test]
    fn values_become_internal_units() {
        let text = format!(
            "{SMALL}[dynamics]\ntemperature = [\"300 K\", {{ from = \"400 K\", to = \"600 K\" }}]\n\
             timestep = \"0.5 fs\"\nproduce = \"0.2 ns\"\nmasses = {{ H = \"2.014 amu\" }}\n\
             thermostat.langevin.friction = \"1/ps\"\n"
        );
        let plan = read(&text, &["run.wall_time=2 h"]).unwrap();
        let dynamics = plan.dynamics.unwrap();
        assert_eq!(dynamics.temperature[0].from, 300.0);
        assert_eq!(dynamics.temperature[1].at(0.25), 450.0);
        assert_eq!(dynamics.production_steps(), 400_000);
        assert!((dynamics.masses[0].1 - 2.014).abs() < 1e-12);
        assert_eq!(plan.run.wall_time, Some(std::time::Duration::from_hours(2)));
        assert!(plan.output.directory.ends_with("out") && plan.output.directory.is_absolute());
    }

    #[test]
    fn an_unknown_key_is_told_before_what_is_missing() {
        let message = read(&format!("{SMALL}[dynamics]\ntimstep = \"1 fs\"\n"), &[]).unwrap_err().to_string();
        assert_eq!(
            message,
            "in.toml:6:1: unknown key `timstep` in [dynamics]\n 6 | timstep = \"1 fs\"\n   | ^^^^^^^\n   \
             did you mean `timestep`?"
        );
        let message = read("[potential]\nfile = \".\"\n", &[]).unwrap_err().to_string();
        assert_eq!(
            message,
            "in.toml:1:1: `[structure]` is missing\n   What the atoms are: a file, and what is done to it, in the order of these keys."
        );
    }
}
