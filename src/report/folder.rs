//! The files of a report, and no others of an earlier one.

use crate::error::{Error, Result};
use crate::io;
use std::fs;
use std::path::{Component, Path};

/// Where the names of the files of a report stand, one to a line.
const LIST: &str = ".report";

/// Writes files, whose names are relative to the folder, and deletes what an earlier report wrote there and this one does not:
/// nobody shall take a plot of other settings for one of these.
pub(super) fn write(folder: &Path, files: &[(String, String)]) -> Result<()> {
    let list = folder.join(LIST);
    let earlier = io::read_if_there(&list)?.unwrap_or_default();
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(Error::io(parent, "create the folder"))?;
        fs::write(&path, text).map_err(Error::io(&path, "write"))?;
    }
    for name in String::from_utf8_lossy(&earlier).lines() {
        if is_below(name) && files.iter().all(|(other, _)| other != name) {
            io::remove_if_there(&folder.join(name))?;
        }
    }
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    io::replace(&list, names.join("\n"))
}

/// Does the name lead to a file below the folder, and nowhere else?
fn is_below(name: &str) -> bool {
    let mut parts = Path::new(name).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_an_earlier_report_go_and_others_stay() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        let files =
            |names: &[&str]| names.iter().map(|name| (name.to_string(), String::new())).collect::<Vec<_>>();
        write(&folder, &files(&["result.json", "figures/a.svg", "T0300K/msd.csv"])).unwrap();
        fs::write(folder.join("T0300K/trajectory.h5"), "").unwrap();
        fs::write(place.path().join("outside"), "").unwrap();
        let list = fs::read_to_string(folder.join(LIST)).unwrap();
        fs::write(folder.join(LIST), list + "\n../outside\n\n/\n").unwrap();
        write(&folder, &files(&["result.json", "figures/b.svg"])).unwrap();
        let there = |name: &str| folder.join(name).exists();
        assert!(there("result.json") && there("figures/b.svg") && there("T0300K/trajectory.h5"));
        assert!(!there("figures/a.svg") && !there("T0300K/msd.csv"));
        assert!(there("../outside"));
    }
}
