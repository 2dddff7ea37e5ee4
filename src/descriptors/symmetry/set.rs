//! The symmetry functions of a potential, in n2p2's order.

use super::function::SymmetryFunction;
use crate::error::{Error, Result};
use crate::system::Element;

/// The symmetry functions of a potential: for each element, those of a central atom of that element.
///
/// ```
/// use mlmd::descriptors::{Cutoff, CutoffShape, Radial, SymmetryFunction, SymmetryFunctions};
/// use mlmd::system::Element;
/// let li: Element = "Li".parse().unwrap();
/// let cutoff = Cutoff::new(CutoffShape::Cosine, 6.0, 0.0).unwrap();
/// let gaussian = |eta| SymmetryFunction::Radial {
///     of: Some(li),
///     radial: Radial::Gaussian { eta, shift: 0.0, cutoff },
/// };
/// let set = SymmetryFunctions::new(vec![li], vec![vec![gaussian(0.5), gaussian(0.1)]]).unwrap();
/// assert_eq!(set.of(0), [gaussian(0.1), gaussian(0.5)]);
/// assert_eq!(set.cutoff(), 6.0);
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct SymmetryFunctions {
    elements: Vec<Element>,
    functions: Vec<Vec<SymmetryFunction>>,
}

/// What a file holds before it is checked.
#[derive(serde::Serialize, serde::Deserialize)]
struct Unchecked {
    elements: Vec<Element>,
    functions: Vec<Vec<SymmetryFunction>>,
}

impl TryFrom<Unchecked> for SymmetryFunctions {
    type Error = Error;

    fn try_from(set: Unchecked) -> Result<Self> {
        Self::new(set.elements, set.functions)
    }
}

impl From<SymmetryFunctions> for Unchecked {
    fn from(set: SymmetryFunctions) -> Self {
        Self { elements: set.elements, functions: set.functions }
    }
}

impl SymmetryFunctions {
    /// The functions of each element, checked and brought into n2p2's order: elements by atomic number,
    /// functions by [`SymmetryFunction::n2p2_order`] (equal ones stay in the order given).
    pub fn new(elements: Vec<Element>, functions: Vec<Vec<SymmetryFunction>>) -> Result<Self> {
        if elements.len() != functions.len() {
            return Err(Error::invalid(format!(
                "{} elements, but symmetry functions for {}",
                elements.len(),
                functions.len()
            )));
        }
        let mut sets: Vec<_> = elements.into_iter().zip(functions).collect();
        sets.sort_by_key(|(element, _)| *element);
        if let Some(twice) = sets.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::invalid(format!("the element {} is there twice", twice[0].0)));
        }
        for (center, functions) in &mut sets {
            for function in functions.iter_mut() {
                function
                    .check()
                    .map_err(|e| Error::invalid(format!("in a symmetry function of {center}: {e}")))?;
                *function = function.normalized();
            }
            functions.sort_by(SymmetryFunction::n2p2_order);
        }
        let (elements, functions): (Vec<_>, Vec<_>) = sets.into_iter().unzip();
        let known = |element: Element| elements.contains(&element);
        for (center, functions) in elements.iter().zip(&functions) {
            if let Some(stranger) = functions.iter().flat_map(SymmetryFunction::elements).find(|e| !known(*e))
            {
                return Err(Error::invalid(format!(
                    "a symmetry function of {center} sums over {stranger}, which is none of the elements"
                )));
            }
        }
        Ok(Self { elements, functions })
    }

    /// The elements by atomic number; their positions are the species numbers of the descriptor.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The functions of a central atom of species `center`, in n2p2's order.
    pub fn of(&self, center: usize) -> &[SymmetryFunction] {
        &self.functions[center]
    }

    /// The same functions with every length multiplied by `factor`, as from bohr to Å. The order stays.
    pub fn with_lengths(&self, factor: f64) -> Self {
        let mut set = self.clone();
        for function in set.functions.iter_mut().flatten() {
            match function {
                SymmetryFunction::Radial { radial, .. } | SymmetryFunction::Angular { radial, .. } => {
                    *radial = radial.with_lengths(factor);
                }
            }
        }
        set
    }

    /// How far the farthest-reaching function reaches, Å.
    pub fn cutoff(&self) -> f64 {
        self.functions.iter().flatten().map(|f| f.radial().cutoff()).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::symmetry::{Angle, Radial};
    use crate::descriptors::{Core, Cutoff, CutoffShape};

    fn element(symbol: &str) -> Element {
        symbol.parse().expect("an element")
    }

    fn gaussian(eta: f64, shift: f64) -> Radial {
        let cutoff = Cutoff { shape: CutoffShape::Poly2, radius: 6.0, inner: 0.0 };
        Radial::Gaussian { eta, shift, cutoff }
    }

    fn compact(left: f64, right: f64, name: &str) -> Radial {
        Radial::Compact { left, right, core: name.parse().expect("a core") }
    }

    fn power(of: [&str; 2], eta: f64, lambda: f64, zeta: f64, narrow: bool) -> SymmetryFunction {
        let angle = Angle::Power { lambda, zeta };
        SymmetryFunction::Angular { of: Some(of.map(element)), radial: gaussian(eta, 0.0), angle, narrow }
    }

    #[test]
    fn the_order_is_that_of_n2p2() {
        // The order of the golden Cu2S potential: eta before shift before element for type 2, and
        // eta, zeta, lambda, elements for 3 and 9.
        let two =
            |of, eta, shift| SymmetryFunction::Radial { of: Some(element(of)), radial: gaussian(eta, shift) };
        let sorted = [
            two("S", 2.0, 1.5),
            two("Cu", 2.0, 1.5),
            two("S", 2.0, 2.0),
            power(["S", "S"], 0.01, -1.0, 1.0, true),
            power(["S", "Cu"], 0.01, -1.0, 1.0, true),
            power(["S", "S"], 0.01, 1.0, 1.0, true),
            power(["S", "S"], 0.01, -1.0, 6.0, true),
            power(["S", "S"], 0.04, -1.0, 1.0, true),
            power(["S", "S"], 0.01, -1.0, 1.0, false),
        ];
        let mut given = sorted.to_vec();
        given.reverse();
        if let SymmetryFunction::Angular { of: Some(pair), .. } = &mut given[4] {
            pair.reverse();
        }
        let set = SymmetryFunctions::new(vec![element("Cu"), element("S")], vec![Vec::new(), given]).unwrap();
        assert_eq!(set.elements(), [element("S"), element("Cu")]);
        assert_eq!(set.of(0), sorted);
        assert!(set.of(1).is_empty());
    }

    #[test]
    fn compact_functions_are_ordered_by_subtype_and_elements_first() {
        let make = |of: &str, left, right, name| SymmetryFunction::Radial {
            of: Some(element(of)),
            radial: compact(left, right, name),
        };
        let sorted = [
            make("H", 0.0, 5.0, "e"),
            make("H", 0.0, 5.0, "p1"),
            make("H", 0.0, 5.0, "p1a"),
            make("H", -5.0, 5.0, "p2"),
            make("H", 0.0, 5.0, "p2"),
            make("H", 0.0, 6.0, "p2"),
            make("O", 0.0, 5.0, "p2"),
        ];
        let given = sorted.iter().rev().copied().collect();
        let set = SymmetryFunctions::new(vec![element("H"), element("O")], vec![given, Vec::new()]).unwrap();
        assert_eq!(set.of(0), sorted);
        assert_eq!(set.cutoff(), 6.0);
    }

    #[test]
    fn every_kind_has_its_number() {
        let window = Angle::Window { left: 0.0, right: 90.0, core: Core::Poly2 };
        let li = element("Li");
        let (g, c) = (gaussian(1.0, 0.0), compact(0.0, 5.0, "p2a"));
        let power = Angle::Power { lambda: 1.0, zeta: 2.5 };
        let angular = |of: bool, radial, angle, narrow| {
            SymmetryFunction::Angular { of: of.then_some([li, li]), radial, angle, narrow }.n2p2_type()
        };
        assert_eq!(SymmetryFunction::Radial { of: Some(li), radial: g }.n2p2_type(), Some(2));
        assert_eq!(SymmetryFunction::Radial { of: None, radial: g }.n2p2_type(), Some(12));
        assert_eq!(SymmetryFunction::Radial { of: Some(li), radial: c }.n2p2_type(), Some(20));
        assert_eq!(SymmetryFunction::Radial { of: None, radial: c }.n2p2_type(), Some(23));
        assert_eq!(angular(true, g, power, true), Some(3));
        assert_eq!(angular(true, g, power, false), Some(9));
        assert_eq!(angular(false, g, power, true), Some(13));
        assert_eq!(angular(false, g, power, false), None);
        assert_eq!(angular(true, c, window, true), Some(21));
        assert_eq!(angular(true, c, window, false), Some(22));
        assert_eq!(angular(false, c, window, true), Some(24));
        assert_eq!(angular(false, c, window, false), Some(25));
        assert_eq!(angular(true, g, window, true), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let window = Angle::Window { left: 0.0, right: 90.0, core: Core::Poly1 };
        let functions = vec![
            SymmetryFunction::Radial { of: None, radial: gaussian(1.0 / 3.0, 0.1) },
            power(["H", "H"], 0.1, -1.0, 4.0, true),
            SymmetryFunction::Angular {
                of: None,
                radial: compact(-4.0, 4.0, "p1a"),
                angle: window,
                narrow: false,
            },
        ];
        let set = SymmetryFunctions::new(vec![element("H")], vec![functions]).unwrap();
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<SymmetryFunctions>(&text).unwrap(), set);
        let broken = text.replace("4.0", "-9.0");
        assert!(serde_json::from_str::<SymmetryFunctions>(&broken).is_err());
    }

    #[test]
    fn impossible_functions_are_refused() {
        let li = element("Li");
        let refused = |function| {
            let message = SymmetryFunctions::new(vec![li], vec![vec![function]]).unwrap_err().to_string();
            assert!(message.contains("Li"), "{message}");
        };
        refused(SymmetryFunction::Radial { of: Some(li), radial: gaussian(-1.0, 0.0) });
        refused(SymmetryFunction::Radial { of: Some(li), radial: gaussian(f64::NAN, 0.0) });
        refused(SymmetryFunction::Radial { of: Some(li), radial: compact(5.0, 5.0, "p1") });
        refused(SymmetryFunction::Radial { of: Some(element("N")), radial: gaussian(1.0, 0.0) });
        refused(power(["Li", "Li"], 1.0, 1.0, 0.0, true));
        for (left, right) in [(-10.0, 50.0), (150.0, 200.0), (90.0, 90.0), (-200.0, 200.0)] {
            let angle = Angle::Window { left, right, core: Core::Poly1 };
            refused(SymmetryFunction::Angular {
                of: None,
                radial: compact(0.0, 5.0, "p1"),
                angle,
                narrow: true,
            });
        }
    }
}
