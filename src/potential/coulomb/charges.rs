//! Which element carries which charge.

use crate::error::{Error, Result};
use crate::potential::pair::{Kinds, PairTable, PairTerm};
use crate::system::Element;

/// A charge (e) for each element.
#[derive(Debug, Clone)]
pub(super) struct Charges {
    elements: Vec<Element>,
    values: Vec<f64>,
}

impl Charges {
    pub(super) fn new(charges: &[(Element, f64)]) -> Result<Self> {
        let mut sorted = charges.to_vec();
        sorted.sort_by_key(|(element, _)| *element);
        for pair in sorted.windows(2) {
            if pair[0].0 == pair[1].0 {
                return Err(Error::invalid(format!("{} has two charges", pair[0].0)));
            }
        }
        if let Some((element, charge)) = sorted.iter().find(|(_, q)| !q.is_finite()) {
            return Err(Error::invalid(format!("the charge {charge} of {element} is not a finite number")));
        }
        let (elements, values) = sorted.into_iter().unzip();
        Ok(Self { elements, values })
    }

    /// A term for every pair of elements, from the product of their charges.
    pub(super) fn table<T: PairTerm>(&self, term: impl Fn(f64) -> T) -> PairTable<T> {
        let mut table = PairTable::new(Kinds::Elements(self.elements.clone()));
        for (k, a) in self.values.iter().enumerate() {
            for (l, b) in self.values.iter().enumerate().skip(k) {
                table.set(k, l, term(a * b));
            }
        }
        table
    }

    /// The charge of every atom, into `out`.
    pub(super) fn assign(&self, species: &[Element], out: &mut Vec<f64>) -> Result<()> {
        out.clear();
        for element in species {
            let kind = self
                .elements
                .binary_search(element)
                .map_err(|_| Error::invalid(format!("no charge is given for {element}")))?;
            out.push(self.values[kind]);
        }
        Ok(())
    }

    /// The charges as people write them: `Li +1, O -2`.
    pub(super) fn describe(&self) -> String {
        let each = self.elements.iter().zip(&self.values).map(|(e, q)| format!("{e} {q:+}"));
        each.collect::<Vec<_>>().join(", ")
    }
}
