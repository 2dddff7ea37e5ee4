//! The plan of `mlmd label`: what a calculation of another program is.

use super::keys::{Keys, Table};
use super::kind::{Kind, element, existing_path, flag, integer, list, output_path, pressure, table, text};
use super::run::Run;
use super::schema::Schema;
use super::whole;
use crate::error::Result;
use crate::system::Element;
use std::path::{Path, PathBuf};

/// The frame as it was asked for, with its labels, in the folder of a calculation.
pub const LABELS: &str = "labelled.extxyz";
/// Why there are none, there.
pub const FAILURE: &str = "failed.txt";
/// What the command printed, there.
pub const LOG: &str = "label.log";

/// Names that are mlmd's own in the folder of a calculation.
const OWN: [&str; 4] = [LABELS, FAILURE, LOG, ".lock"];

/// How frames get energies, forces and stress.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelPlan {
    /// What the calculations are, for the data sheet of whoever learns from them.
    pub title: Option<String>,
    /// Files that go into the folder of each calculation, with the structure in its places.
    pub files: Vec<PathBuf>,
    /// Files that decide the result and stay where they are.
    pub depends: Vec<PathBuf>,
    /// The name of a file for the structure, in the format of that name.
    pub structure: Option<String>,
    /// The order of the elements in the calculation.
    pub elements: Vec<Element>,
    /// What the shell is told.
    pub command: String,
    /// Is a command that ends with a status other than 0 none that failed?
    pub ignore_status: bool,
    /// The file it leaves.
    pub output: String,
    /// How many calculations there are at a time.
    pub parallel: usize,
    /// What an incomplete basis adds to the diagonal of the stress, eV/Å³.
    pub basis_stress: f64,
    /// Where the calculations are.
    pub directory: PathBuf,
    /// Limits of the job.
    pub run: Run,
}

impl Table for LabelPlan {
    const ABOUT: &'static str =
        "A calculation of another program, one for each frame, in a folder of its own.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            title: keys
                .key("title", text(), "What the calculations are.")
                .optional("PBE, 45 Ry, Gamma point")?,
            files: keys
                .key(
                    "files",
                    list(existing_path(false)),
                    "Files that go into the folder of each calculation. In them {{cell}} stands for the three lattice vectors in Å \
                     ({{a}}, {{b}} and {{c}} for each), {{atoms}} for a line `Li x y z` in Å for each atom, {{natoms}} for their number, {{here}} for the folder of this input.",
                )
                .optional(["pw.in"])?
                .unwrap_or_default(),
            depends: keys
                .key(
                    "depends",
                    list(existing_path(false)),
                    "Files that decide the result and are not copied, such as pseudopotentials: where their content changes it is another calculation.",
                )
                .optional(["Li.upf"])?
                .unwrap_or_default(),
            structure: keys
                .key(
                    "structure",
                    text().try_map(plain_name),
                    "A file for the structure, in the format that its name stands for: POSCAR, frame.extxyz, frame.cif.",
                )
                .optional("POSCAR")?,
            elements: keys
                .key(
                    "elements",
                    list(element()),
                    "The order of the elements in the calculation, such as that of the POTCAR; by name if absent.",
                )
                .optional(["Li", "N"])?
                .unwrap_or_default(),
            command: keys
                .key(
                    "command",
                    text(),
                    "What is run by the shell in the folder of a calculation; {{here}} as above. `sbatch --wait` leaves it to a queue.",
                )
                .required("mpirun -np 8 pw.x -in pw.in > pw.out")?,
            ignore_status: keys
                .key(
                    "ignore_status",
                    flag(),
                    "Of a program that ends with a status other than 0 after good calculations: the output alone says whether it failed.",
                )
                .default(false)?,
            output: keys
                .key(
                    "output",
                    text().try_map(plain_name),
                    "The file it leaves, in any format mlmd reads, with energy and forces.",
                )
                .required("pw.out")?,
            parallel: keys
                .key("parallel", integer().at_least(1).at_most(10_000), "How many calculations run at a time.")
                .default(1)?
                .unsigned_abs() as usize,
            basis_stress: keys
                .key(
                    "basis_stress",
                    pressure(),
                    "What a basis of plane waves that changes with the cell adds to the diagonal of the stress (tensile positive); it is taken off.",
                )
                .default("0 GPa")?,
            directory: keys
                .key("directory", output_path(), "The folder for the calculations; what is done there is not done again.")
                .default("out-label")?,
            run: keys.key("run", table(), Run::ABOUT).default(())?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.files.is_empty() && self.structure.is_none() {
            return Err(keys
                .error("files", "the calculation is not told where the atoms are")
                .with_help("expected `files` with {{cell}} and {{atoms}} in one of them, or `structure = \"POSCAR\"`")
                .into());
        }
        let copied = self.files.iter().map(|file| file.file_name().unwrap_or_default().to_string_lossy());
        let mut names: Vec<_> = copied.collect();
        let of_files = names.len();
        names.extend(self.structure.iter().map(|name| name.as_str().into()));
        for (k, name) in names.iter().enumerate() {
            let key = if k < of_files { "files" } else { "structure" };
            let why = if OWN.contains(&&**name) {
                "a file of this name is mlmd's own in the folder of a calculation"
            } else if names[..k].contains(name) {
                "another file of the calculation has this name"
            } else if *name == self.output {
                "this is the `output`, which is not there before the calculation"
            } else {
                continue;
            };
            return Err(keys
                .error(key, format!("`{name}`: {why}"))
                .with_help("expected another name")
                .into());
        }
        if OWN.contains(&self.output.as_str()) {
            return Err(keys
                .error("output", "a file of this name is mlmd's own in the folder of a calculation")
                .with_help("expected another name")
                .into());
        }
        Ok(())
    }
}

/// The name of a file in the folder of a calculation.
fn plain_name(name: String) -> Result<String, String> {
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(format!("`{name}` is not the name of a file in the folder of a calculation"));
    }
    Ok(name)
}

impl LabelPlan {
    /// Reads an input file, changed by `--set` arguments.
    pub fn read_file(path: impl AsRef<Path>, sets: &[String]) -> Result<Self> {
        whole::read(&whole::source(path.as_ref())?, sets)
    }

    /// Every table and key.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }
}
