//! Why a neighbour list cannot be built.

use std::fmt;

/// A reason that names atoms by their index, so that who reordered them can name them as the user does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// A coordinate is infinite or not a number.
    NotFinite { atom: usize },
    /// Two atoms nearer than [`COINCIDENT`], the first with the lower index.
    SamePlace { atoms: [usize; 2] },
    /// The cutoff is negative or not a number.
    Cutoff { cutoff: f64 },
    /// A pair of atoms, or a cutoff and a cell, that are further apart than a shift can say.
    TooFar { cells: f64 },
    /// More atoms or pairs than 32 bits can count.
    TooMany { what: &'static str },
    /// The system has no memory for the list.
    Memory { pairs: usize },
}

/// Atoms nearer than this (Å) are taken to be at the same place: their distance has no direction.
pub(super) const COINCIDENT: f64 = 1e-6;

impl Fault {
    /// The same fault with atom `i` called `name(i)`.
    pub(crate) fn renamed(self, name: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::NotFinite { atom } => Self::NotFinite { atom: name(atom) },
            Self::SamePlace { atoms } => {
                let [a, b] = atoms.map(name);
                Self::SamePlace { atoms: [a.min(b), a.max(b)] }
            }
            other => other,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite { atom } => write!(f, "the position of atom {atom} is not finite"),
            Self::SamePlace { atoms: [a, b] } if a == b => {
                write!(f, "atom {a} is at the same place as its own periodic image")
            }
            Self::SamePlace { atoms: [a, b] } => {
                write!(f, "atoms {a} and {b} are at the same place (atoms are counted from 0)")
            }
            Self::Cutoff { cutoff } => {
                write!(
                    f,
                    "the cutoff of a neighbour list cannot be {cutoff} Å; it must be finite and not negative"
                )
            }
            Self::TooFar { cells } => write!(
                f,
                "neighbours {cells:.0} cells apart: at most 127 can be told; wrap the positions into the cell, \
                 or repeat the cell"
            ),
            Self::Memory { pairs } => write!(f, "no memory for a neighbour list of {pairs} pairs"),
            Self::TooMany { what } => write!(f, "more than {} {what} in one neighbour list", u32::MAX),
        }
    }
}
