//! What a sweep compares: every structure with every combination of defects, by every potential.

use crate::error::{Error, Result};
use crate::input::{Change, Interstitials, Structure, Substitutions, SweepPlan, Vacancies, Varied};
use crate::io::{self, ReadOptions};
use crate::system::Amount;
use std::fs;
use std::path::{Path, PathBuf};

/// One structure by one potential, to be run at every temperature.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name, and that of its folders.
    pub name: String,
    /// How it is made.
    pub structure: Structure,
    /// Decides where its defects are.
    pub seed: u64,
    /// Which potential of the plan.
    pub potential: usize,
}

/// A file with more frames than this was not meant as a list of structures.
const MOST_FRAMES: usize = 10_000;

/// Every candidate of a plan, in the order of the plan.
pub fn candidates(plan: &SweepPlan) -> Result<Vec<Candidate>> {
    let mut all: Vec<Candidate> = Vec::new();
    for (path, frame, stem) in sources(plan)? {
        for (structure, changes) in variants(plan, &path, frame) {
            let seeds = plan.structures.seeds.as_ref();
            let seeds = seeds.map_or_else(|| vec![None], |seeds| seeds.iter().copied().map(Some).collect());
            for seed in seeds {
                for (potential, named) in plan.potentials.iter().enumerate() {
                    let mut name = stem.clone();
                    for change in &changes {
                        name = format!("{name}-{change}");
                    }
                    if let Some(seed) = seed {
                        name = format!("{name}-s{seed}");
                    }
                    if let Some(of) = &named.name {
                        name = format!("{name}-{}", plain(of));
                    }
                    let name = unique(name, &all);
                    let structure = match seed {
                        Some(seed) => structure.redrawn(&format!("seed-{seed}")),
                        None => structure.clone(),
                    };
                    let seed = seed.unwrap_or(plan.seed);
                    all.push(Candidate { name, structure, seed, potential });
                }
            }
        }
    }
    Ok(all)
}

/// The files, each with the frame that is meant and the beginning of a name.
fn sources(plan: &SweepPlan) -> Result<Vec<(PathBuf, Option<i64>, String)>> {
    let mut found = Vec::new();
    for path in &plan.structures.files {
        let files = if path.is_dir() { files_in(path)? } else { vec![path.clone()] };
        for file in files {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let (stem, pattern) = (plain(&stem), &plan.structures.pattern);
            let frames = if pattern.frame.is_some() { 1 } else { frames_in(&file, &pattern.reading())? };
            if frames > 1 {
                // The name of a frame is the same however many follow it.
                found.extend((0..frames).map(|k| (file.clone(), Some(k as i64), format!("{stem}-f{k}"))));
            } else {
                found.push((file, pattern.frame, stem));
            }
        }
    }
    Ok(found)
}

/// The files of a folder in the order of their names, hidden ones left out.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let mut files: Vec<PathBuf> = entries
        .map_err(Error::io(folder, "list"))?
        .iter()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(fs::DirEntry::path)
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::invalid(format!("{}: there is no file in this folder", folder.display())));
    }
    Ok(files)
}

/// How many frames a file has. A damaged file counts as one: what is wrong with it is the reason that its
/// candidate has no result.
fn frames_in(path: &Path, options: &ReadOptions) -> Result<usize> {
    let Ok(frames) = io::open(path, options) else { return Ok(1) };
    let mut count = 0;
    for frame in frames {
        if frame.is_err() {
            return Ok(1);
        }
        count += 1;
        if count > MOST_FRAMES {
            return Err(Error::invalid(format!(
                "{}: the file has more than {MOST_FRAMES} frames\n   say which one in [structures], such as `frame = -1` for the last",
                path.display()
            )));
        }
    }
    Ok(count)
}

/// Every combination of amounts, each with the words that tell it from the others.
fn variants(plan: &SweepPlan, path: &Path, frame: Option<i64>) -> Vec<(Structure, Vec<String>)> {
    let bare = Structure { file: path.to_path_buf(), frame, ..plan.structures.pattern.clone() };
    plan.structures.defects.iter().fold(vec![(bare, Vec::new())], |made, varied| {
        let with = |(structure, words): &(Structure, Vec<String>), amount: &Amount| {
            let (mut structure, mut words) = (structure.clone(), words.clone());
            apply(&mut structure, varied, *amount);
            words.push(word(varied.change, *amount));
            (structure, words)
        };
        made.iter().flat_map(|base| varied.amounts.iter().map(move |amount| with(base, amount))).collect()
    })
}

fn apply(structure: &mut Structure, varied: &Varied, amount: Amount) {
    if matches!(amount, Amount::Count(0)) {
        return;
    }
    let place = varied.place.clone();
    match varied.change {
        Change::Vacancies(element) => structure.vacancies.push(Vacancies { element, amount, place }),
        Change::Substitutions(from, to) => {
            structure.substitutions.push(Substitutions { from, to, amount, place });
        }
        Change::Interstitials(element, minimum) => {
            structure.interstitials.push(Interstitials { element, amount, minimum, place });
        }
    }
}

/// `Livacancies2`, `BaforLa0.05`, `Liadded4`.
fn word(change: Change, amount: Amount) -> String {
    let amount = match amount {
        Amount::Count(count) => count.to_string(),
        Amount::Fraction(fraction) => fraction.to_string(),
    };
    match change {
        Change::Vacancies(element) => format!("{element}vacancies{amount}"),
        Change::Substitutions(from, to) => format!("{to}for{from}{amount}"),
        Change::Interstitials(element, _) => format!("{element}added{amount}"),
    }
}

/// A name that every file system takes and no shell divides.
fn plain(name: &str) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let name: String = name.chars().map(|c| if fine(c) { c } else { '_' }).collect();
    // No name is empty, hidden, or an option.
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) { name } else { format!("x{name}") }
}

/// Files of the same name in different folders are told apart by a number, and so are names that some file systems
/// take for the same.
fn unique(name: String, others: &[Candidate]) -> String {
    let taken = |name: &str| others.iter().any(|other| other.name.eq_ignore_ascii_case(name));
    if !taken(&name) {
        return name;
    }
    let mut number = 2;
    while taken(&format!("{name}_{number}")) {
        number += 1;
    }
    format!("{name}_{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGON: &str = "4\nLattice=\"5.4 0 0 0 5.4 0 0 0 5.4\" Properties=species:S:1:pos:R:3\n\
                         Ar 0 0 0\nAr 0 2.7 2.7\nAr 2.7 0 2.7\nAr 2.7 2.7 0\n";

    fn names(structures: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("a b.xyz", ARGON);
        write("two.xyz", &ARGON.repeat(2));
        write("eleven.xyz", &ARGON.repeat(11));
        std::fs::create_dir(folder.path().join("more")).unwrap();
        write("more/Two.xyz", ARGON);
        write("more/.hidden", "");
        write("more/broken.cif", "nothing");
        let text = format!(
            "[structures]\n{structures}\n[potential.lennard-jones]\nepsilon = \"0.01 eV\"\nsigma = \"3.4 angstrom\"\n\
             cutoff = \"6 angstrom\"\n[dynamics]\ntemperature = \"40 K\"\ntimestep = \"4 fs\"\nproduce = \"4 ps\"\n\
             [analysis]\nmobile = \"Ar\"\ncharges = {{ Ar = 1.0 }}\n"
        );
        let plan = SweepPlan::read_text("plan.toml", &text, folder.path()).unwrap();
        candidates(&plan).unwrap().into_iter().map(|candidate| candidate.name).collect()
    }

    /// Frames that are added later rename none.
    #[test]
    fn a_frame_keeps_its_name() {
        let all = names("files = \"eleven.xyz\"");
        assert_eq!(
            (all[0].as_str(), all[1].as_str(), all[10].as_str()),
            ("eleven-f0", "eleven-f1", "eleven-f10")
        );
    }

    #[test]
    fn every_combination_has_a_name_of_its_own() {
        assert_eq!(names("files = [\"a b.xyz\", \"two.xyz\"]"), ["a_b", "two-f0", "two-f1"]);
        assert_eq!(
            names("files = [\"a b.xyz\", \"more\", \"two.xyz\"]\nframe = -1"),
            ["a_b", "Two", "broken", "two_2"]
        );
        let defects = "files = \"a b.xyz\"\nseeds = [3, 4]\n[[structures.vacancies]]\nelement = \"Ar\"\ncount = [0, 1]\n\
                       [[structures.substitutions]]\nfrom = \"Ar\"\nto = \"Ne\"\nfraction = 0.25\n";
        let expected = [
            "a_b-Arvacancies0-NeforAr0.25-s3",
            "a_b-Arvacancies0-NeforAr0.25-s4",
            "a_b-Arvacancies1-NeforAr0.25-s3",
            "a_b-Arvacancies1-NeforAr0.25-s4",
        ];
        assert_eq!(names(defects), expected);
    }
}
