//! Which keys hold energy, forces and stress, and what to do when several do.

use super::comment::Pair;
use crate::error::Result;
use crate::text::{Line, Token};
use crate::units::{Dimension, Quantity, parse_unit};

/// A value that a file offers under a key.
#[derive(Debug, Clone)]
pub(super) struct Offered<T> {
    /// The key as it stands in the file.
    pub key: String,
    /// What it holds.
    pub value: T,
}

/// A key in lower case without the prefix that marks reference values.
pub(super) fn stripped(lower: &str) -> &str {
    ["ref_", "dft_", "qm_"].iter().find_map(|prefix| lower.strip_prefix(prefix)).unwrap_or(lower)
}

/// Is this a usual name of the total energy?
pub(super) fn is_energy(key: &str) -> bool {
    matches!(stripped(&key.to_ascii_lowercase()), "energy" | "total_energy" | "potential_energy")
}

/// Is this a usual name of the stress?
pub(super) fn is_stress(key: &str) -> bool {
    stripped(&key.to_ascii_lowercase()) == "stress"
}

/// Is this a usual name of the virial W = −∂E/∂ε?
pub(super) fn is_virial(key: &str) -> bool {
    matches!(stripped(&key.to_ascii_lowercase()), "virial" | "virials")
}

/// Refuses units that a file states (`energy-unit=hartree`, as dpdata writes) and that are not those that are read.
pub(super) fn check_units(pairs: &[Pair<'_>], line: &Line) -> Result<()> {
    for pair in pairs {
        let key = pair.key.to_ascii_lowercase();
        let Some(what) = key.strip_suffix("-unit").or_else(|| key.strip_suffix("_unit")) else { continue };
        let (dimension, own) = match what {
            "energy" | "virial" => (Dimension::ENERGY, "eV"),
            "force" | "forces" => (Dimension::FORCE, "eV/angstrom"),
            "stress" => (Dimension::PRESSURE, "eV/angstrom^3"),
            _ => continue,
        };
        let text = pair.value.as_deref().unwrap_or("");
        let same = |unit: Quantity| unit.dimension == dimension && (unit.value - 1.0).abs() < 1e-6;
        if !parse_unit(text).is_ok_and(same) {
            return Err(line
                .token(pair.place)
                .error(format!("the file states the unit `{text}` for its {what}"))
                .with_help(format!("expected {own}: convert the numbers, then the unit"))
                .into());
        }
    }
    Ok(())
}

/// The value all offers agree on, `difference` being at most `tolerance` between any and the first.
pub(super) fn agreed<T>(
    offers: Vec<Offered<T>>,
    what: &str,
    tolerance: impl Fn(&T) -> f64,
    difference: impl Fn(&T, &T) -> f64,
    place: Token<'_>,
) -> Result<Option<T>> {
    let mut offers = offers.into_iter();
    let Some(first) = offers.next() else { return Ok(None) };
    for other in offers {
        let apart = difference(&first.value, &other.value);
        // Not-a-number counts as disagreement.
        if !matches!(
            apart.partial_cmp(&tolerance(&first.value)),
            Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)
        ) {
            return Err(place
                .error(format!(
                    "`{}` and `{}` disagree about the {what} (by {apart:.3e})",
                    first.key, other.key
                ))
                .with_help(format!("name the one to read: --{what}-key on the command line, `{what}_key` in [[data.frames]] of mlmd train"))
                .into());
        }
    }
    Ok(Some(first.value))
}
