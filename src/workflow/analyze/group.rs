//! Trajectories of one temperature.

use crate::analysis::Watched;
use std::path::PathBuf;

/// Replicas at one temperature.
pub(super) struct Group {
    pub(super) temperature: Option<f64>,
    /// Was the temperature said, rather than measured?
    pub(super) given: bool,
    pub(super) files: Vec<PathBuf>,
    pub(super) watched: Watched,
    /// Why its density has no sites.
    pub(super) without_sites: Option<String>,
}

impl Group {
    /// The name of its folder: as a run calls it, if the temperature was said.
    pub(super) fn name(&self) -> String {
        match self.temperature {
            None => "run".to_string(),
            Some(t) if self.given => format!("T{t:04}K"),
            Some(t) => format!("T{t:04.0}K"),
        }
    }
}

/// Are two temperatures (K) one? Those that were given are the same number; those that were measured scatter, by a hundredth or
/// a kelvin, which is what tells their folders apart.
pub(super) fn are_one(a: f64, b: f64, given: bool) -> bool {
    let scatter = if given { 1e-9 * a } else { (0.01 * a).max(1.0) };
    (a - b).abs() <= scatter
}

#[cfg(test)]
mod tests {
    use super::are_one;

    #[test]
    fn measured_temperatures_scatter_and_given_ones_do_not() {
        // T0011K both.
        assert!(are_one(10.6, 11.3, false));
        assert!(are_one(93.6, 94.4, false) && are_one(898.0, 905.0, false) && !are_one(900.0, 950.0, false));
        assert!(!are_one(93.6, 94.4, true) && are_one(900.0, 900.0, true));
    }
}
