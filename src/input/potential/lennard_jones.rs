//! `[potential.lennard-jones]`.

use super::truncation;
use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{energy, length, list, pair, table};
use crate::potential::{LennardJones, LennardJonesPair, Truncation};
use crate::system::Element;

/// `[potential.lennard-jones]`: for all atoms alike, or for pairs of elements.
#[derive(Debug, Clone, PartialEq)]
pub struct LennardJonesTable {
    /// ε of all atoms, eV.
    epsilon: Option<f64>,
    /// σ of all atoms, Å.
    sigma: Option<f64>,
    /// Parameters of pairs of elements.
    pairs: Vec<Parameters>,
    cutoff: f64,
    truncation: Truncation,
}

/// `[[potential.lennard-jones.pairs]]`.
#[derive(Debug, Clone, PartialEq)]
struct Parameters {
    elements: (Element, Element),
    epsilon: f64,
    sigma: f64,
}

impl LennardJonesTable {
    /// The potential these parameters make.
    pub fn build(&self) -> Result<LennardJones> {
        let cutoff = self.cutoff;
        if let (Some(epsilon), Some(sigma)) = (self.epsilon, self.sigma) {
            return LennardJones::alike(LennardJonesPair { epsilon, sigma, cutoff }, self.truncation);
        }
        let pairs: Vec<_> = self
            .pairs
            .iter()
            .map(|p| {
                let pair = LennardJonesPair { epsilon: p.epsilon, sigma: p.sigma, cutoff };
                (p.elements.0, p.elements.1, pair)
            })
            .collect();
        LennardJones::new(&pairs, self.truncation)
    }
}

impl Table for LennardJonesTable {
    const ABOUT: &'static str = "Lennard-Jones: 4 epsilon ((sigma/r)^12 - (sigma/r)^6).";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            epsilon: keys
                .key("epsilon", energy().positive(), "Depth of the well, for all atoms alike.")
                .optional("0.0104 eV")?,
            sigma: keys
                .key("sigma", length().positive(), "Where the energy is zero, for all atoms alike.")
                .optional("3.4 angstrom")?,
            cutoff: keys
                .key("cutoff", length().positive(), "Where the interaction ends.")
                .required("8.5 angstrom")?,
            truncation: truncation::read(keys)?,
            pairs: keys.key("pairs", list(table()), Parameters::ABOUT).optional([()])?.unwrap_or_default(),
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        truncation::check(keys, self.truncation, self.cutoff)?;
        let (epsilon, sigma, pairs) = (keys.has("epsilon"), keys.has("sigma"), keys.has("pairs"));
        if pairs && (epsilon || sigma) {
            let name = if epsilon { "epsilon" } else { "sigma" };
            return Err(keys
                .error(name, format!("`{name}` is for all atoms alike, `pairs` for different elements"))
                .with_help("remove one of the two")
                .into());
        }
        if !(pairs || epsilon && sigma) {
            return Err(keys
                .error("", "the parameters are incomplete")
                .with_help("expected `epsilon` and `sigma`, or `pairs` for different elements")
                .into());
        }
        self.build().map(drop).map_err(|e| keys.error("pairs", e.to_string()).into())
    }
}

impl Table for Parameters {
    const ABOUT: &'static str = "Parameters of a pair of elements; those of different elements may be left to the \
        Lorentz-Berthelot rules.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            elements: keys.key("elements", pair(), "The two elements.").required("Li-O")?,
            epsilon: keys.key("epsilon", energy().positive(), "Depth of the well.").required("0.01 eV")?,
            sigma: keys
                .key("sigma", length().positive(), "Where the energy is zero.")
                .required("2.1 angstrom")?,
        })
    }
}
