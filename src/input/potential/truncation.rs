//! How pair interactions end: two keys that several tables share.

use crate::error::Result;
use crate::input::keys::Keys;
use crate::input::kind::{length, word};
use crate::potential::Truncation;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Cut,
    Shifted,
    ForceShifted,
    Smooth,
}

/// The keys `truncation` and `smooth_from`.
pub(super) fn read(keys: &mut Keys<'_>) -> Result<Truncation> {
    const ENDINGS: &[(&str, Ending)] = &[
        ("cut", Ending::Cut),
        ("shifted", Ending::Shifted),
        ("force-shifted", Ending::ForceShifted),
        ("smooth", Ending::Smooth),
    ];
    let ending = keys
        .key(
            "truncation",
            word(ENDINGS),
            "What is made zero at the cutoff: nothing, the energy, energy and force, or their slopes too.",
        )
        .default("shifted")?;
    let from = keys
        .key("smooth_from", length().positive(), "Where `truncation = \"smooth\"` begins to act.")
        .optional("7 angstrom")?;
    Ok(match ending {
        Ending::Cut => Truncation::Cut,
        Ending::Shifted => Truncation::Shifted,
        Ending::ForceShifted => Truncation::ForceShifted,
        // That it is given is checked below.
        Ending::Smooth => Truncation::Smooth { from: from.unwrap_or(0.0) },
    })
}

/// `smooth_from` belongs to `truncation = "smooth"` and is below the cutoff.
pub(super) fn check(keys: &Keys<'_>, truncation: Truncation, cutoff: f64) -> Result<()> {
    match (truncation, keys.has("smooth_from")) {
        (Truncation::Smooth { .. }, false) => Err(keys
            .error("truncation", "where smoothing begins is missing")
            .with_help("expected `smooth_from`, a length below the cutoff")
            .into()),
        (Truncation::Smooth { from }, true) if from >= cutoff => Err(keys
            .error("smooth_from", "smoothing begins beyond the cutoff")
            .with_help(format!("expected a length below {cutoff} angstrom"))
            .into()),
        (Truncation::Smooth { .. }, true) | (_, false) => Ok(()),
        (_, true) => Err(keys
            .error("smooth_from", "`smooth_from` belongs to `truncation = \"smooth\"`")
            .with_help("remove it, or choose that truncation")
            .into()),
    }
}
