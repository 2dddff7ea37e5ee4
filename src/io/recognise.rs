//! What content is unmistakable: one question per format, asked of the first 64 KiB of a file.

use super::lammps;
use crate::system::Element;

/// The beginning of a file as text.
pub(super) struct Sample {
    text: String,
}

impl Sample {
    pub(super) fn new(head: &[u8]) -> Self {
        Self { text: String::from_utf8_lossy(head).into_owned() }
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    fn line(&self, index: usize) -> &str {
        self.lines().nth(index).unwrap_or("")
    }

    /// The first line that says something, where `#` begins a comment.
    fn first_statement(&self) -> &str {
        self.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or("")
    }
}

/// Tables of inputs, of which each input has one.
const TABLES: [&[u8]; 4] = [b"[structure", b"[potential", b"[data]", b"[[data."];

/// Files that are certainly none of ours: what they are.
pub(super) fn foreign(head: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 9] = [
        (b"BZh", "compressed by bzip2; decompress it first, or use gzip"),
        (b"\xfd7zXZ", "compressed by xz; decompress it first, or use gzip"),
        (b"\x28\xb5\x2f\xfd", "compressed by zstd; decompress it first, or use gzip"),
        (b"PK\x03\x04", "a zip archive; unpack it first"),
        (b"%PDF", "a PDF document"),
        (b"- of Ulm", "a trajectory of ASE, which mlmd does not read; `ase convert` makes it extended XYZ"),
        (b"CDF\x01", NETCDF),
        (b"CDF\x02", NETCDF),
        (b"\x93NUMPY", "an array of NumPy, which does not say what it is; write extended XYZ with ASE"),
    ];
    // DCD begins with a Fortran record of 84 bytes.
    if [4, 8].iter().any(|at| head.get(*at..at + 4) == Some(b"CORD")) {
        return Some("a DCD trajectory, which holds no elements; convert it with its topology by MDAnalysis");
    }
    if head.split(|byte| *byte == b'\n').any(|line| TABLES.iter().any(|table| line.starts_with(table))) {
        return Some(
            "an input of mlmd, which tells what to compute; `mlmd run FILE --dry-run` looks at that of a run",
        );
    }
    MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| *what)
}

/// The signature of HDF5, whose first byte is no text.
pub(super) fn hdf5(sample: &Sample) -> bool {
    sample
        .text
        .strip_prefix(char::REPLACEMENT_CHARACTER)
        .is_some_and(|rest| rest.starts_with("HDF\r\n\x1a\n"))
}

const NETCDF: &str = "a netCDF trajectory, which mlmd does not read; convert it with MDAnalysis or ASE";

fn reals(line: &str) -> Option<Vec<f64>> {
    line.split_whitespace().map(|word| word.parse().ok()).collect()
}

fn three_reals(line: &str) -> bool {
    reals(line).is_some_and(|row| row.len() == 3)
}

/// A count alone on the first line, then either `Properties=` or a symbol with three numbers.
pub(super) fn xyz(sample: &Sample) -> bool {
    let mut lines = sample.lines().skip_while(|line| line.trim().is_empty());
    if lines.next().is_none_or(|count| count.trim().parse::<u64>().is_err()) {
        return false;
    }
    let comment = lines.next().unwrap_or("").to_ascii_lowercase();
    if comment.contains("properties=") || comment.contains("lattice=") {
        return true;
    }
    let mut words = lines.next().unwrap_or("").split_whitespace();
    let symbol = words.next().unwrap_or("");
    (Element::from_symbol(symbol).is_some() || symbol.parse::<u8>().is_ok())
        && words.by_ref().take(3).filter(|word| word.parse::<f64>().is_ok()).count() == 3
}

/// A scale and three vectors on lines 2 to 5.
fn vasp_header(sample: &Sample) -> bool {
    reals(sample.line(1)).is_some_and(|row| matches!(row.len(), 1 | 3))
        && (2..5).all(|index| three_reals(sample.line(index)))
}

fn counts(line: &str) -> bool {
    let mut words = line.split_whitespace().peekable();
    words.peek().is_some() && words.all(|word| word.parse::<u64>().is_ok())
}

/// The header of VASP structures followed by the mode of the coordinates.
pub(super) fn poscar(sample: &Sample) -> bool {
    let after_counts = match (counts(sample.line(5)), counts(sample.line(6))) {
        (true, _) => 6,
        (false, true) => 7,
        _ => return false,
    };
    vasp_header(sample)
        && !xdatcar(sample)
        && matches!(sample.line(after_counts).trim_start().as_bytes().first(), Some(c) if b"sScCkKdD".contains(c))
}

/// The header of VASP structures with numbered configurations.
pub(super) fn xdatcar(sample: &Sample) -> bool {
    vasp_header(sample)
        && (5..9).any(|index| {
            let line = sample.line(index).trim_start().to_ascii_lowercase();
            line.starts_with("direct configuration=")
        })
}

/// The version line of VASP.
pub(super) fn outcar(sample: &Sample) -> bool {
    let first = sample.first_statement();
    first.starts_with("vasp.") && first.as_bytes().get(5).is_some_and(u8::is_ascii_digit)
}

/// The root element of VASP's XML.
pub(super) fn vasprun(sample: &Sample) -> bool {
    sample.lines().take(20).any(|line| line.trim_start().starts_with("<modeling>"))
}

/// A data block with the tags of a crystal.
pub(super) fn cif(sample: &Sample) -> bool {
    sample.first_statement().to_ascii_lowercase().starts_with("data_")
        && sample.lines().any(|line| {
            let line = line.trim_start().to_ascii_lowercase();
            line.starts_with("_cell") || line.starts_with("_atom_site") || line.starts_with("loop_")
        })
}

/// A count of atoms and the bounds of a box.
pub(super) fn lammps_data(sample: &Sample) -> bool {
    let ends = |keyword: &str| {
        sample.lines().any(|line| {
            let line = line.split('#').next().unwrap_or("");
            let first = line.split_whitespace().next();
            first.is_some_and(|word| word.parse::<f64>().is_ok()) && lammps::ends_with(line, keyword)
        })
    };
    ends("atoms") && (ends("xlo xhi") || ends("avec"))
}

/// The items of a dump.
pub(super) fn lammps_dump(sample: &Sample) -> bool {
    ["ITEM: TIMESTEP", "ITEM: UNITS", "ITEM: TIME", "ITEM: NUMBER OF ATOMS"]
        .iter()
        .any(|item| sample.first_statement().starts_with(item))
}

/// A keyword of XCrySDen.
pub(super) fn xsf(sample: &Sample) -> bool {
    const KEYWORDS: [&str; 9] =
        ["CRYSTAL", "SLAB", "POLYMER", "MOLECULE", "ATOMS", "PRIMVEC", "CONVVEC", "DIM-GROUP", "ANIMSTEPS"];
    let first = sample.first_statement().split_whitespace().next().unwrap_or("");
    KEYWORDS.contains(&first)
}

/// A block that begins.
pub(super) fn n2p2(sample: &Sample) -> bool {
    sample.first_statement() == "begin"
        && sample.lines().take(200).any(|line| line.trim_start().starts_with("atom "))
}

/// The banner of pw.x.
pub(super) fn quantum_espresso(sample: &Sample) -> bool {
    sample.lines().any(|line| line.trim_start().starts_with("Program PWSCF"))
}

/// The banner or the version line of CP2K.
pub(super) fn cp2k(sample: &Sample) -> bool {
    sample.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("CP2K|") || line.starts_with("DBCSR|")
    })
}
