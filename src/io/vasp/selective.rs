//! Selective dynamics: which coordinates of an atom may move.
//!
//! The flags of VASP are about its three lattice vectors, those of `move_mask` about x, y and z. They say the same for an
//! atom that may move along all or none, and where no free lattice vector leads along a held axis; frames in which they
//! do not carry the key [`AXES`], so that nothing is held along the wrong direction.

use crate::error::{Error, Result};
use crate::io::{Column, ColumnValues, Frame, Value};
use crate::system::Cell;

/// The key under which a frame says what its flags are about, where that is not x, y and z.
const AXES: &str = "move_mask_axes";

/// Puts three flags per atom into a frame.
pub(super) fn note(frame: &mut Frame, flags: Vec<bool>) {
    if !flags.chunks_exact(3).all(|free| is_cartesian(&frame.cell, free)) {
        frame.info.insert(AXES.into(), Value::Text("lattice vectors".into()));
    }
    frame.columns.insert("move_mask".into(), Column { width: 3, values: ColumnValues::Flags(flags) });
}

/// Does no free lattice vector lead along a held axis?
fn is_cartesian(cell: &Cell, free: &[bool]) -> bool {
    cell.rows().iter().zip(free).filter(|(_, free)| **free).all(|(vector, _)| {
        let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        vector.iter().zip(free).all(|(x, free)| *free || x.abs() <= 1e-6 * length)
    })
}

/// The column `move_mask` as three flags per atom.
pub(super) fn of(frame: &Frame) -> Result<Option<Vec<[bool; 3]>>> {
    let Some(Column { width, values: ColumnValues::Flags(flags) }) = frame.columns.get("move_mask") else {
        return Ok(None);
    };
    let masks: Vec<[bool; 3]> = match width {
        1 => flags.iter().map(|flag| [*flag; 3]).collect(),
        3 => flags.chunks_exact(3).map(|flags| [flags[0], flags[1], flags[2]]).collect(),
        _ => return Ok(None),
    };
    if masks.len() == frame.len() {
        Ok(Some(masks))
    } else {
        Err(Error::Internal(format!("{} entries in `move_mask` of {} atoms", masks.len(), frame.len())))
    }
}
