//! The input of one task: the tables of the plan, with its own structure, temperature and seed.

use crate::error::{Error, Result};
use crate::input::{Dynamics, Plan, Structure, SweepPlan};
use crate::random::derived_seed;
use std::path::{Component, Path, PathBuf};

/// What makes a task differ from the others.
#[derive(Debug, Clone)]
pub(super) struct Particular<'a> {
    /// The candidate.
    pub candidate: &'a str,
    /// Which potential of the plan.
    pub potential: usize,
    /// Which temperature of the plan.
    pub temperature: usize,
    /// Which replica, from 1 on.
    pub replica: u64,
    /// The folder of the task, absolute.
    pub folder: &'a Path,
    /// The structure, absolute.
    pub structure: &'a Path,
    /// Hashes of structure and potential.
    pub hashes: [&'a str; 2],
}

/// Tables of a plan that its tasks take over.
const COMMON: [&str; 6] = ["device", "relax", "dynamics", "guards", "output", "analysis"];

impl Particular<'_> {
    /// The input file. Everything that decides the result stands in it, the hashes of structure and potential in
    /// its remarks: a change of either is a change of the input, which a folder with results refuses.
    pub(super) fn text(&self, plan: &SweepPlan) -> Result<String> {
        let all: toml::Table =
            toml::from_str(&plan.text).map_err(|error| Error::Internal(format!("the plan: {error}")))?;
        let kelvin = plan.dynamics.temperature[self.temperature];
        let mut input = toml::Table::new();
        let title = format!("{}, {kelvin} K, replica {}", self.candidate, self.replica);
        input.insert("title".into(), title.into());
        input.insert("seed".into(), i64::from(self.seed(plan)).into());
        let structure =
            toml::Table::from_iter([("file".to_string(), path(self.folder, self.structure).into())]);
        input.insert("structure".into(), structure.into());
        let mut potential = match &all["potential"] {
            toml::Value::Array(tables) => tables[self.potential].clone(),
            table => table.clone(),
        };
        if let (Some(table), Some(file)) =
            (potential.as_table_mut(), &plan.potentials[self.potential].choice.file)
        {
            table.insert("file".into(), path(self.folder, file).into());
        }
        if let Some(table) = potential.as_table_mut() {
            table.remove("name");
        }
        input.insert("potential".into(), potential);
        for name in COMMON {
            if let Some(table) = all.get(name) {
                input.insert(name.into(), table.clone());
            }
        }
        set(&mut input, "dynamics", "temperature", format!("{kelvin} K").into());
        // With a target the run ends earlier where it can; by itself it is as long as the budget.
        if let Some(budget) = all.get("sweep").and_then(|sweep| sweep.get("budget")) {
            set(&mut input, "dynamics", "produce", budget.clone());
        }
        set(&mut input, "output", "directory", "out".into());
        // How many threads a task has is decided where it runs.
        if let Some(device) = input.get_mut("device").and_then(toml::Value::as_table_mut) {
            device.remove("threads");
        }
        if let Some(crate::input::SitesFrom::Structure(file)) = &plan.analysis.sites
            && let Some(sites) =
                input["analysis"].get_mut("sites").and_then(|sites| sites.get_mut("structure"))
            && let Some(sites) = sites.as_table_mut()
        {
            sites.insert("file".into(), path(self.folder, file).into());
        }
        if let Some(judge) = plan.guards.disagreement.as_ref().and_then(|guard| guard.potential.as_ref())
            && let Some(table) = input["guards"].get_mut("disagreement").and_then(toml::Value::as_table_mut)
        {
            table.insert("potential".into(), path(self.folder, judge).into());
        }
        let body = toml::to_string(&input).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(format!(
            "# Written by `mlmd sweep`: change the plan, not this file. `mlmd run` on it is this task alone.\n\
             # structure sha256 {}\n# potential sha256 {}\n\n{body}",
            self.hashes[0], self.hashes[1]
        ))
    }

    /// The seed of the task: whatever else the sweep has, it stays the same.
    fn seed(&self, plan: &SweepPlan) -> u32 {
        let kelvin = plan.dynamics.temperature[self.temperature];
        let seed = derived_seed(plan.seed, &format!("{}/{kelvin}/{}", self.candidate, self.replica));
        (seed >> 32) as u32
    }
}

fn set(input: &mut toml::Table, table: &str, key: &str, value: toml::Value) {
    let entry = input.entry(table).or_insert_with(|| toml::Table::new().into());
    if let Some(entry) = entry.as_table_mut() {
        entry.insert(key.into(), value);
    }
}

/// The plan of a task as if it had been read from its input, for checks before anything is written.
pub(super) fn in_memory(plan: &SweepPlan, structure: &Structure, potential: usize) -> Plan {
    Plan {
        title: plan.title.clone(),
        seed: plan.seed,
        structure: structure.clone(),
        potential: plan.potentials[potential].choice.clone(),
        device: crate::input::Device { threads: Some(1), ..plan.device.clone() },
        relax: plan.relax.clone(),
        dynamics: Some(Dynamics {
            temperature: plan.dynamics.temperature[..1].to_vec(),
            ..plan.dynamics.clone()
        }),
        guards: plan.guards.clone(),
        output: plan.output.clone(),
        run: plan.run.clone(),
        analysis: Some(plan.analysis.clone()),
    }
}

/// A path as it is written in the input of a task: from its folder, so that a sweep may be moved with its neighbours;
/// where a symbolic link lies between, so that `..` leads elsewhere, from the root.
fn path(from: &Path, to: &Path) -> String {
    let way = relative(from, to);
    // The system follows links and goes back from where they lead.
    let way =
        if canonical(&plain(&canonical(from).join(&way))) == canonical(to) { way } else { canonical(to) };
    way.to_string_lossy().into_owned()
}

/// The way from a folder to a file. Both are made absolute; links within are not followed.
pub(super) fn relative(from: &Path, to: &Path) -> PathBuf {
    let [from, to] = [from, to].map(plain);
    let [mut ours, mut theirs] = [&from, &to].map(|path| path.components().peekable());
    while ours.peek().is_some() && ours.peek() == theirs.peek() {
        ours.next();
        theirs.next();
    }
    let mut way: PathBuf = ours.map(|_| Component::ParentDir).collect();
    way.extend(theirs);
    // All systems know this separator, and what is written on one may run on another.
    #[cfg(windows)]
    let way = PathBuf::from(way.to_string_lossy().replace('\\', "/"));
    way
}

/// An absolute path without links, as far as it is there; the rest follows as it is.
fn canonical(path: &Path) -> PathBuf {
    let path = plain(path);
    let there = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, found)) = there else { return path };
    path.strip_prefix(part)
        .map_or_else(|_| path.clone(), |rest| found.components().chain(rest.components()).collect())
}

/// An absolute path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut plain = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_between_two_places() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(way("/a/b/c", "/a/x/y.cif"), "../../x/y.cif");
        assert_eq!(way("/a/b", "/a/b/c/d"), "c/d");
        assert_eq!(way("/a/./b/../b", "/a/c"), "../c");
    }

    /// From a folder behind a link the way back is another one: what is written leads to the file for the system, too.
    #[cfg(unix)]
    #[test]
    fn a_link_between_two_places() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["scratch/far/sweep", "project/plain"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        std::fs::write(at("project/li.xyz"), "here").unwrap();
        std::os::unix::fs::symlink(at("scratch/far/sweep"), at("project/out")).unwrap();
        std::os::unix::fs::symlink(at("project"), at("alias")).unwrap();
        for (from, relative) in
            [("project/out/tasks/a", false), ("project/plain/a", true), ("alias/plain/a", true)]
        {
            std::fs::create_dir_all(at(from)).unwrap();
            let to = at(&format!("{}/li.xyz", from.split('/').next().unwrap()));
            let written = path(&at(from), &to);
            assert_eq!(std::fs::read_to_string(at(from).join(&written)).unwrap(), "here", "{written}");
            assert_eq!(!Path::new(&written).is_absolute(), relative, "{written}");
        }
        // Within what the link leads to nothing is different; what is not there yet goes with its folder.
        assert_eq!(
            path(&at("project/out/tasks/a"), &at("project/out/structures/a.xyz")),
            "../../structures/a.xyz"
        );
    }
}
