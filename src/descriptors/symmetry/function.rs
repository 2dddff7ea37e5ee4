//! The parameters of symmetry functions, and their order.

use crate::descriptors::{Core, Cutoff};
use crate::error::{Error, Result};
use crate::system::Element;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// One symmetry function of a central atom i.
///
/// With ρ the radial factor, A the angular factor and θ the angle j–i–k:
///
/// - radial: G = Σ_j ρ(r_ij);
/// - angular, wide: G = Σ_{j<k} ρ(r_ij) ρ(r_ik) A(θ);
/// - angular, narrow: G = Σ_{j<k} ρ(r_ij) ρ(r_ik) ρ(r_jk) A(θ).
///
/// The sums run over neighbours of the given elements, or over all of them with every term weighted by
/// the atomic numbers Z_j (Z_j Z_k).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SymmetryFunction {
    /// A sum over neighbours.
    Radial {
        /// Their element; `None`: all, weighted by the atomic number.
        of: Option<Element>,
        /// ρ.
        radial: Radial,
    },
    /// A sum over pairs of neighbours, each pair once.
    Angular {
        /// Their elements, in either order; `None`: all, weighted by the product of atomic numbers.
        of: Option<[Element; 2]>,
        /// ρ, the same function for all sides of the triangle.
        radial: Radial,
        /// A.
        angle: Angle,
        /// Does the factor ρ(r_jk) of the side opposite the central atom belong to it?
        narrow: bool,
    },
}

/// The radial factor ρ(r) of a symmetry function.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Radial {
    /// exp(−η (r − r_s)²) f_c(r).
    Gaussian {
        /// η, Å⁻².
        eta: f64,
        /// r_s, Å.
        shift: f64,
        /// f_c.
        cutoff: Cutoff,
    },
    /// C(x) with x = |r − c|/w, zero outside (r_l, r_c), of which c is the middle and w half the width.
    Compact {
        /// r_l, Å; may be negative (−r_c centres the function at the atom).
        left: f64,
        /// r_c, Å.
        right: f64,
        /// C.
        core: CompactCore,
    },
}

/// The angular factor A(θ) of a symmetry function.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Angle {
    /// 2^(1−ζ) (1 + λ cos θ)^ζ, zero where 1 + λ cos θ ≤ 0.
    Power {
        /// λ, usually 1 or −1.
        lambda: f64,
        /// ζ > 0.
        zeta: f64,
    },
    /// C(x) with x = |θ − c|/w, zero outside (θ_l, θ_r), of which c is the middle and w half the width.
    Window {
        /// θ_l, degrees.
        left: f64,
        /// θ_r, degrees.
        right: f64,
        /// C.
        core: Core,
    },
}

/// The core of a compact radial factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct CompactCore {
    /// Its shape.
    pub core: Core,
    /// With (2 − x) x in the place of x: narrower, still flat at both ends.
    pub asymmetric: bool,
}

impl CompactCore {
    /// The names n2p2 gives to compact cores (`subtype`).
    const NAMES: [(&str, Core, bool); 9] = [
        ("e", Core::Exponential, false),
        ("p1", Core::Poly1, false),
        ("p1a", Core::Poly1, true),
        ("p2", Core::Poly2, false),
        ("p2a", Core::Poly2, true),
        ("p3", Core::Poly3, false),
        ("p3a", Core::Poly3, true),
        ("p4", Core::Poly4, false),
        ("p4a", Core::Poly4, true),
    ];

    /// All that n2p2 knows.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.iter().map(|(_, core, asymmetric)| Self { core: *core, asymmetric: *asymmetric })
    }

    /// n2p2's name of it.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES
            .iter()
            .find(|entry| (entry.1, entry.2) == (self.core, self.asymmetric))
            .map(|entry| entry.0)
    }
}

impl FromStr for CompactCore {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::NAMES
            .iter()
            .find(|entry| entry.0 == name)
            .map(|(_, core, asymmetric)| Self { core: *core, asymmetric: *asymmetric })
            .ok_or_else(|| {
                let names = Self::NAMES.map(|entry| entry.0).join(", ");
                Error::invalid(format!("`{name}` is not a compact function; there are {names}"))
            })
    }
}

impl fmt::Display for CompactCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "{:?}{}", self.core, if self.asymmetric { "a" } else { "" }),
        }
    }
}

impl Radial {
    /// Where it becomes zero for good, Å.
    pub fn cutoff(&self) -> f64 {
        match self {
            Self::Gaussian { cutoff, .. } => cutoff.radius,
            Self::Compact { right, .. } => *right,
        }
    }

    /// The same function of a distance in another unit: every length is multiplied by `factor`.
    fn with_lengths(self, factor: f64) -> Self {
        match self {
            Self::Gaussian { eta, shift, cutoff } => Self::Gaussian {
                eta: eta / (factor * factor),
                shift: shift * factor,
                cutoff: Cutoff { radius: cutoff.radius * factor, ..cutoff },
            },
            Self::Compact { left, right, core } => {
                Self::Compact { left: left * factor, right: right * factor, core }
            }
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Gaussian { eta, shift, cutoff } => {
                if !(*eta >= 0.0 && eta.is_finite()) {
                    return Err(Error::invalid(format!("eta must not be negative, but is {eta}")));
                }
                if !shift.is_finite() {
                    return Err(Error::invalid(format!(
                        "the shift of a Gaussian must be finite, not {shift}"
                    )));
                }
                cutoff.check()
            }
            Self::Compact { left, right, .. } => {
                if left.is_finite() && right.is_finite() && left < right && *right > 0.0 {
                    Ok(())
                } else {
                    Err(Error::invalid(format!("({left}, {right}) is not an interval of distances")))
                }
            }
        }
    }
}

impl Angle {
    fn check(&self) -> Result<()> {
        match self {
            Self::Power { lambda, zeta } => {
                if !lambda.is_finite() {
                    return Err(Error::invalid(format!("lambda must be finite, not {lambda}")));
                }
                if !(*zeta > 0.0 && zeta.is_finite()) {
                    return Err(Error::invalid(format!("zeta must be positive, not {zeta}")));
                }
            }
            Self::Window { left, right, .. } => {
                if !(left.is_finite() && right.is_finite() && left < right) {
                    return Err(Error::invalid(format!("({left}, {right}) is not an interval of angles")));
                }
                let center = f64::midpoint(*left, *right);
                if (*left < 0.0 && center != 0.0) || (*right > 180.0 && center != 180.0) {
                    return Err(Error::invalid(format!(
                        "the angles ({left}, {right}) leave [0, 180] degrees and are not centred at 0 or 180"
                    )));
                }
                if right - left > 360.0 {
                    return Err(Error::invalid(format!(
                        "the angles ({left}, {right}) span more than 360 degrees"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl SymmetryFunction {
    /// Its radial factor.
    pub fn radial(&self) -> &Radial {
        match self {
            Self::Radial { radial, .. } | Self::Angular { radial, .. } => radial,
        }
    }

    /// The elements of the neighbours it sums over; none if it sums over all.
    pub fn elements(&self) -> impl Iterator<Item = Element> {
        let (first, second) = match self {
            Self::Radial { of, .. } => (*of, None),
            Self::Angular { of, .. } => (of.map(|e| e[0]), of.map(|e| e[1])),
        };
        first.into_iter().chain(second)
    }

    /// The number of its kind in n2p2 and RuNNer, if it is one of theirs.
    pub fn n2p2_type(&self) -> Option<u32> {
        match self {
            Self::Radial { of, radial: Radial::Gaussian { .. } } => Some(if of.is_some() { 2 } else { 12 }),
            Self::Radial { of, radial: Radial::Compact { core, .. } } => {
                core.name().map(|_| if of.is_some() { 20 } else { 23 })
            }
            Self::Angular { of, radial: Radial::Gaussian { .. }, angle: Angle::Power { .. }, narrow } => {
                match (of.is_some(), narrow) {
                    (true, true) => Some(3),
                    (true, false) => Some(9),
                    (false, true) => Some(13),
                    (false, false) => None,
                }
            }
            Self::Angular {
                of,
                radial: Radial::Compact { core, .. },
                angle: Angle::Window { core: window, .. },
                narrow,
            } => (core.name().is_some() && core.core == *window).then_some(match (of.is_some(), narrow) {
                (true, true) => 21,
                (true, false) => 22,
                (false, true) => 24,
                (false, false) => 25,
            }),
            Self::Angular { .. } => None,
        }
    }

    /// Are the parameters such that there is such a function?
    pub fn check(&self) -> Result<()> {
        self.radial().check()?;
        match self {
            Self::Radial { .. } => Ok(()),
            Self::Angular { angle, .. } => angle.check(),
        }
    }

    /// The same function with the elements of a pair in the order of their atomic numbers.
    fn normalized(mut self) -> Self {
        if let Self::Angular { of: Some(pair), .. } = &mut self {
            pair.sort();
        }
        self
    }

    /// The order in which n2p2 numbers the functions of one central element: by type, then by the
    /// parameters in an order of their own for Gaussian and for compact functions.
    pub fn n2p2_order(&self, other: &Self) -> Ordering {
        let (a, b) = (self.key(), other.key());
        a.iter().zip(&b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(a.len().cmp(&b.len()))
    }

    fn key(&self) -> Vec<f64> {
        // What n2p2 does not have comes after what it has.
        let kind = self.n2p2_type().map_or(1000.0, f64::from);
        let elements: Vec<f64> = self.elements().map(|e| e.number() as f64).collect();
        let mut key = vec![kind];
        match self.radial() {
            Radial::Gaussian { eta, shift, cutoff } => {
                key.extend([cutoff.shape.number() as f64, cutoff.inner, cutoff.radius, *eta, *shift]);
                key.extend(self.angle_key());
                key.extend(elements);
            }
            Radial::Compact { left, right, core } => {
                key.push(f64::from(core.core as u8) * 2.0 + f64::from(u8::from(core.asymmetric)));
                key.extend(elements);
                key.extend([*right, *left]);
                key.extend(self.angle_key());
            }
        }
        key
    }

    fn angle_key(&self) -> Vec<f64> {
        match self {
            Self::Radial { .. } => Vec::new(),
            Self::Angular { angle: Angle::Power { lambda, zeta }, .. } => vec![*zeta, *lambda],
            Self::Angular { angle: Angle::Window { left, right, .. }, .. } => vec![*left, *right],
        }
    }
}

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
    use crate::descriptors::CutoffShape;

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
    fn names_of_cores_go_there_and_back() {
        for core in CompactCore::all() {
            assert_eq!(core.to_string().parse::<CompactCore>().unwrap(), core);
        }
        assert!("p5".parse::<CompactCore>().unwrap_err().to_string().contains("p4a"));
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
