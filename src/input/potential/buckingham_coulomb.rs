//! `[potential.buckingham-coulomb]`: the usual model of ionic crystals.

use super::truncation;
use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{
    element, energy, inverse_length, length, list, map, number, pair, quantity, table, word,
};
use crate::potential::{
    Buckingham, BuckinghamPair, DampedShifted, Ewald, NetCharge, Potential, Sum, Truncation,
};
use crate::system::Element;
use crate::units::Dimension;

/// `[potential.buckingham-coulomb]`.
#[derive(Debug, Clone, PartialEq)]
pub struct BuckinghamCoulombTable {
    charges: Vec<(Element, f64)>,
    pairs: Vec<Parameters>,
    cutoff: f64,
    truncation: Truncation,
    method: Method,
    coulomb_cutoff: Option<f64>,
    accuracy: f64,
    net_charge: NetCharge,
    damping: f64,
}

/// How the Coulomb energy is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Ewald,
    DampedShifted,
}

/// `[[potential.buckingham-coulomb.pairs]]`.
#[derive(Debug, Clone, PartialEq)]
struct Parameters {
    elements: (Element, Element),
    a: f64,
    rho: f64,
    c: f64,
    d: f64,
}

impl BuckinghamCoulombTable {
    /// The potential these parameters make.
    pub fn build(&self) -> Result<Sum> {
        let elements: Vec<Element> = self.charges.iter().map(|(element, _)| *element).collect();
        let pairs: Vec<_> = self
            .pairs
            .iter()
            .map(|p| {
                let pair = BuckinghamPair { a: p.a, rho: p.rho, c: p.c, d: p.d, cutoff: self.cutoff };
                (p.elements.0, p.elements.1, pair)
            })
            .collect();
        let short = Buckingham::new(&elements, &pairs, self.truncation)?;
        let cutoff = self.coulomb_cutoff.unwrap_or(self.cutoff);
        let long: Box<dyn Potential> = match self.method {
            Method::Ewald => Box::new(Ewald::new(&self.charges, cutoff, self.accuracy, self.net_charge)?),
            Method::DampedShifted => Box::new(DampedShifted::new(&self.charges, self.damping, cutoff)?),
        };
        Sum::new(vec![Box::new(short), long])
    }
}

impl Table for BuckinghamCoulombTable {
    const ABOUT: &'static str =
        "Buckingham and Coulomb: a exp(-r/rho) - c/r^6 + d/r^12 + q1 q2/(4 pi eps0 r).";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const METHODS: &[(&str, Method)] =
            &[("ewald", Method::Ewald), ("damped-shifted", Method::DampedShifted)];
        const NETS: &[(&str, NetCharge)] =
            &[("refuse", NetCharge::Refuse), ("background", NetCharge::Background)];
        Ok(Self {
            charges: keys
                .key("charges", map(element(), number()), "Charge of each element, in units of e.")
                .required([("Li", 1.0), ("O", -2.0)])?,
            cutoff: keys
                .key("cutoff", length().positive(), "Where the Buckingham part ends.")
                .default("10 angstrom")?,
            truncation: truncation::read(keys)?,
            method: keys
                .key(
                    "method",
                    word(METHODS),
                    "How the Coulomb energy is summed: exactly, or fast with errors of some per cent in forces.",
                )
                .default("ewald")?,
            coulomb_cutoff: keys
                .key(
                    "coulomb_cutoff",
                    length().positive(),
                    "Where the Coulomb sum in real space ends, if not at `cutoff`.",
                )
                .optional("12 angstrom")?,
            accuracy: keys
                .key("accuracy", number().between(1e-15, 1e-2), "Relative accuracy of the Ewald sum.")
                .default(1e-8)?,
            net_charge: keys
                .key(
                    "net_charge",
                    word(NETS),
                    "What the Ewald sum does with a charged cell: refuse it, or neutralise it uniformly.",
                )
                .default("refuse")?,
            damping: keys
                .key("damping", inverse_length().positive(), "Damping of the damped shifted sum.")
                .default("0.2 angstrom^-1")?,
            pairs: keys.key("pairs", list(table()), Parameters::ABOUT).required([()])?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        truncation::check(keys, self.truncation, self.cutoff)?;
        let (other, owned): (_, &[&str]) = match self.method {
            Method::Ewald => ("damped-shifted", &["damping"]),
            Method::DampedShifted => ("ewald", &["accuracy", "net_charge"]),
        };
        if let Some(name) = owned.iter().find(|name| keys.has(name)) {
            return Err(keys
                .error(name, format!("`{name}` belongs to `method = \"{other}\"`"))
                .with_help("remove it, or choose that method")
                .into());
        }
        self.build().map(drop).map_err(|e| keys.error("pairs", e.to_string()).into())
    }
}

impl Table for Parameters {
    const ABOUT: &'static str = "Parameters of a pair of elements; pairs that are left out interact by their charges \
        alone.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            elements: keys.key("elements", pair(), "The two elements.").required("Li-O")?,
            a: keys.key("a", energy(), "Strength of the repulsion.").required("426.48 eV")?,
            rho: keys.key("rho", length().positive(), "Range of the repulsion.").required("0.3 angstrom")?,
            c: keys
                .key("c", quantity(Dimension::ENERGY_LENGTH6), "Dispersion.")
                .default("0 eV*angstrom^6")?,
            d: keys
                .key(
                    "d",
                    quantity(Dimension::ENERGY_LENGTH12),
                    "Core, a wall against the collapse of close pairs where c > 0.",
                )
                .default("0 eV*angstrom^12")?,
        })
    }
}
