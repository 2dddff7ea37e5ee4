//! Several potentials at once.

use super::{Atoms, Evaluation, Potential};
use crate::error::{Error, Result};
use crate::neighbors::NeighborList;
use crate::system::Element;

/// The sum of potentials, evaluated one after another on the same neighbour list: a network and the
/// repulsion of nuclei, the short-range and the Coulomb part of an ionic model.
#[derive(Debug)]
pub struct Sum {
    terms: Vec<Box<dyn Potential>>,
}

impl Sum {
    /// The sum of at least one potential; they must have an element in common.
    pub fn new(terms: Vec<Box<dyn Potential>>) -> Result<Self> {
        if terms.is_empty() {
            return Err(Error::invalid("a sum of potentials needs at least one of them"));
        }
        let sum = Self { terms };
        if sum.elements().is_some_and(|elements| elements.is_empty()) {
            return Err(Error::invalid(format!(
                "no element is known to every term of the sum: {}",
                sum.description()
            )));
        }
        Ok(sum)
    }
}

impl Potential for Sum {
    fn description(&self) -> String {
        self.terms.iter().map(|t| t.description()).collect::<Vec<_>>().join(" + ")
    }

    fn cutoff(&self) -> f64 {
        self.terms.iter().map(|t| t.cutoff()).fold(0.0, f64::max)
    }

    fn elements(&self) -> Option<Vec<Element>> {
        let mut known = self.terms.iter().filter_map(|t| t.elements());
        let mut common = known.next()?;
        for elements in known {
            common.retain(|e| elements.contains(e));
        }
        Some(common)
    }

    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()> {
        self.terms.iter_mut().try_for_each(|term| term.evaluate(atoms, list, out))
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(Self { terms: self.terms.iter().map(|t| t.boxed_clone()).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{Zbl, ZblReach};

    #[test]
    fn terms_must_have_an_element_in_common() {
        let zbl = |symbols: &[&str]| -> Box<dyn Potential> {
            let elements: Vec<Element> = symbols.iter().map(|s| s.parse().unwrap()).collect();
            Box::new(Zbl::new(&elements, ZblReach::CovalentRadii(0.7)).unwrap())
        };
        let sum = Sum::new(vec![zbl(&["Li", "O", "La"]), zbl(&["La", "Li"])]).unwrap();
        assert_eq!(sum.elements().unwrap().len(), 2);
        assert_eq!(sum.cutoff(), zbl(&["La"]).cutoff().max(zbl(&["La", "O"]).cutoff()));
        let error = Sum::new(vec![zbl(&["Li"]), zbl(&["O"])]).unwrap_err().to_string();
        assert!(error.starts_with("no element is known to every term"), "{error}");
        assert!(Sum::new(Vec::new()).is_err());
    }
}
