//! Hostile input: no panic, no unbounded memory, whatever the bytes.

use crate::support::{own, reading};
use mlmd::io::{self, Format, ReadOptions, WriteOptions};
use mlmd::system::Element;
use proptest::prelude::*;
use std::ffi::OsStr;
use std::sync::OnceLock;

/// Valid files of every format: what other programs wrote, and what mlmd writes.
fn seeds() -> &'static [(Format, Vec<u8>)] {
    static SEEDS: OnceLock<Vec<(Format, Vec<u8>)>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let mut seeds = Vec::new();
        for folder in ["", "cif", "cp2k", "espresso", "lammps"] {
            for entry in std::fs::read_dir(own(folder)).unwrap() {
                let path = entry.unwrap().path();
                let is_data = |extension: &OsStr| extension != "py" && extension != "json";
                if path.is_file() && path.extension().is_none_or(is_data) {
                    let mut text = Vec::new();
                    std::io::Read::read_to_end(&mut mlmd::text::open(&path).unwrap(), &mut text).unwrap();
                    seeds.push((Format::detect(&path, &text).unwrap(), text));
                }
            }
        }
        seeds.extend(written());
        seeds.push((Format::Outcar, crate::outcar::outcar(&[-1.0, -2.0]).into_bytes()));
        seeds.push((Format::Vasprun, crate::vasprun::vasprun(&crate::vasprun::STEP.repeat(2)).into_bytes()));
        seeds.sort();
        seeds
    })
}

/// One frame in every format that mlmd writes.
fn written() -> Vec<(Format, Vec<u8>)> {
    let mut frame = reading(&own("lammps/xs.dump"), &ReadOptions::default()).remove(0);
    frame.energy = Some(-1.5);
    frame.forces = Some(frame.positions.clone());
    let mut files = Vec::new();
    for info in Format::table().iter().filter(|info| info.writes()) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let mut out = io::create(&path, Some(info.format), &WriteOptions::default()).unwrap();
        out.write(&frame).unwrap();
        out.finish().unwrap();
        files.push((info.format, std::fs::read(&path).unwrap()));
    }
    files
}

/// Reads to the end or the first error, in a format or in whatever it looks like.
fn read(format: Option<Format>, bytes: &[u8]) {
    let elements = ["Li", "N", "O"].map(|symbol| Element::from_symbol(symbol).unwrap()).to_vec();
    let options = ReadOptions {
        format,
        units: Some(io::FileUnits::EV_ANGSTROM),
        elements: Some(elements),
        occupancy_seed: Some(1),
        stand_in_elements: true,
        ..ReadOptions::default()
    };
    if let Ok(frames) = io::open_text("hostile", bytes, &options) {
        for frame in frames.take(1000) {
            let Ok(frame) = frame else { break };
            assert_eq!(frame.positions.len(), frame.species.len());
            assert!(frame.positions.iter().flatten().all(|x| x.is_finite()));
        }
    }
}

/// Words that mean something to some format, put where they do not belong.
const WORDS: [&str; 20] = [
    "",
    "\n",
    "-",
    "1e999",
    "nan",
    "99999999999999999999",
    "-1",
    "0",
    "4294967296",
    "loop_",
    "'",
    "\n;\n",
    "#",
    "ITEM: ATOMS id type x y z\n",
    "Atoms\n",
    "\n999999999999999 atoms\n",
    "end\nbegin\n",
    "PRIMCOORD\n99999999 1\n",
    "(",
    "é",
];

fn readable() -> impl Iterator<Item = Format> {
    Format::table().iter().filter(|info| info.reads()).map(|info| info.format)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        read(None, &bytes);
        for format in readable() {
            read(Some(format), &bytes);
        }
    }

    #[test]
    fn random_words_are_refused_without_a_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "1", "2", "-1", "0.5", "1e999", "99999999999999999999", "nan", "Li", "N", "\n", "\n", "\n", " ", "=",
                "\"", "Lattice=\"1 0 0 0 1 0 0 0 1\"", "Properties=species:S:1:pos:R:3", "Direct", "T", "é", ":", "{",
                "Direct configuration=", "ITEM: TIMESTEP", "atoms", "<v>", "</v>", "<calculation>", "begin", "end",
                "_cell_length_a", "loop_", "PRIMVEC", "ITEM: NUMBER OF ATOMS", "POSITION TOTAL-FORCE", "in kB",
            ]),
            0..80,
        ),
    ) {
        let text = words.join(" ");
        for format in readable() {
            read(Some(format), text.as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Valid files with bytes replaced, removed, repeated, cut short, and words put in.
    #[test]
    fn mutated_files_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..7_u8, any::<u8>()), 1..8),
    ) {
        let (format, seed) = &seeds()[which.index(seeds().len())];
        let mut bytes = seed.clone();
        for (at, kind, byte) in &edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = *byte,
                1 => { bytes.remove(at); }
                2 => bytes.truncate(at),
                3 => bytes.insert(at, b'9'),
                4 => {
                    let word = WORDS[usize::from(*byte) % WORDS.len()];
                    bytes.splice(at..at, word.bytes());
                }
                5 => bytes[at] = b"\n -.eE9*"[usize::from(*byte) % 8],
                _ => {
                    let end = (at + usize::from(*byte)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        read(Some(*format), &bytes);
        read(None, &bytes);
    }
}

/// A header may announce any number of atoms: memory follows what is there.
#[test]
fn announced_counts_do_not_allocate() {
    for count in ["1000000000000", "18446744073709551615"] {
        for (format, text) in [
            (
                Format::ExtendedXyz,
                format!("{count}\nProperties=species:S:1:pos:R:3:big:R:{count}\nLi 0 0 0\n"),
            ),
            (Format::Poscar, format!("c\n1\n1 0 0\n0 1 0\n0 0 1\nLi\n{count}\nDirect\n0 0 0\n")),
            (
                Format::Xdatcar,
                format!("c\n1\n1 0 0\n0 1 0\n0 0 1\nLi\n{count}\nDirect configuration= 1\n0 0 0\n"),
            ),
            (
                Format::Outcar,
                format!(
                    " vasp.5\n VRHFIN =Li:\n ions per type = {count}\n POSITION TOTAL-FORCE\n ---\n 0 0 0 0 0 0\n"
                ),
            ),
            (
                Format::LammpsDump,
                format!(
                    "ITEM: NUMBER OF ATOMS\n{count}\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\n\
                     ITEM: ATOMS element x y z\nLi 0 0 0\n"
                ),
            ),
            (
                Format::LammpsData,
                format!(
                    "t\n{count} atoms\n{count} atom types\n0 1 xlo xhi\nMasses\n\n1 6.94\n\nAtoms\n\n1 1 0 0 0\n"
                ),
            ),
            (Format::Xsf, format!("CRYSTAL\nPRIMVEC\n1 0 0\n0 1 0\n0 0 1\nPRIMCOORD\n{count} 1\nLi 0 0 0\n")),
            (
                Format::QuantumEspresso,
                format!("number of atoms/cell = {count}\ncelldm(1)= 8\nATOMIC_POSITIONS (bohr)\nLi 0 0 0\n"),
            ),
        ] {
            let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
            let error = io::open_text("hostile", text, &options).unwrap().next().unwrap().unwrap_err();
            assert_eq!(error.exit_code(), 2, "{error}");
        }
    }
}
