//! Symmetry functions as lines of `input.nn`.

use super::keywords::Keyword;
use crate::descriptors::{Angle, CompactCore, Cutoff, Radial, SymmetryFunction};
use crate::error::{Error, Result};
use crate::system::Element;
use std::fmt::Write;

/// What `cutoff_type` says for all functions: shape and inner radius. The radius is each function's own.
pub(super) type CutoffKind = Cutoff;

/// Reads the words of a `symfunction_short` line in order.
struct Words<'a> {
    keyword: &'a Keyword,
    next: usize,
}

impl Words<'_> {
    fn real(&mut self, expected: &str) -> Result<f64> {
        self.next += 1;
        self.keyword.value(self.next - 1, expected)?.real(expected)
    }

    fn element(&mut self, known: &[Element]) -> Result<Element> {
        self.next += 1;
        element(self.keyword, self.next - 1, known)
    }

    fn core(&mut self) -> Result<CompactCore> {
        self.next += 1;
        let word = self.keyword.value(self.next - 1, "a compact function")?;
        word.text.parse().map_err(|error: Error| word.error(error.to_string()).into())
    }

    fn is_at_end(&self) -> bool {
        self.keyword.values().len() <= self.next
    }
}

/// The element that the `index`-th word of a keyword names, which must be one of the `known` ones.
pub(super) fn element(keyword: &Keyword, index: usize, known: &[Element]) -> Result<Element> {
    let word = keyword.value(index, "an element")?;
    let element: Element = word.text.parse().map_err(|error: Error| word.error(error.to_string()))?;
    if known.contains(&element) {
        return Ok(element);
    }
    let names: Vec<_> = known.iter().map(|element| element.symbol()).collect();
    let message = format!("{element} is not among the `elements` of this potential");
    Err(word.error(message).with_help(format!("expected one of {}", names.join(", "))).into())
}

/// The central element and the function of a `symfunction_short` line.
pub(super) fn read(
    keyword: &Keyword,
    known: &[Element],
    cutoff: CutoffKind,
) -> Result<(Element, SymmetryFunction)> {
    let center = element(keyword, 0, known)?;
    let kind = keyword.value(1, "the type of the symmetry function")?;
    let mut words = Words { keyword, next: 2 };
    let gaussian = |eta, shift, radius| Radial::Gaussian { eta, shift, cutoff: Cutoff { radius, ..cutoff } };
    let function = match kind.integer("the type of the symmetry function")? {
        2 | 12 => {
            let of = if kind.text == "2" { Some(words.element(known)?) } else { None };
            let (eta, shift) = (words.real("eta")?, words.real("r_s")?);
            SymmetryFunction::Radial { of, radial: gaussian(eta, shift, words.real("the cutoff radius")?) }
        }
        type_ @ (3 | 9) => {
            let of = Some([words.element(known)?, words.element(known)?]);
            let (eta, lambda, zeta) = (words.real("eta")?, words.real("lambda")?, words.real("zeta")?);
            let radius = words.real("the cutoff radius")?;
            let shift = if words.is_at_end() { 0.0 } else { words.real("r_s")? };
            let angle = Angle::Power { lambda, zeta };
            SymmetryFunction::Angular { of, radial: gaussian(eta, shift, radius), angle, narrow: type_ == 3 }
        }
        13 => {
            let (eta, shift) = (words.real("eta")?, words.real("r_s")?);
            let angle = Angle::Power { lambda: words.real("lambda")?, zeta: words.real("zeta")? };
            let radial = gaussian(eta, shift, words.real("the cutoff radius")?);
            SymmetryFunction::Angular { of: None, radial, angle, narrow: true }
        }
        type_ @ (20 | 23) => {
            let of = if type_ == 20 { Some(words.element(known)?) } else { None };
            let (left, right) = (words.real("the inner radius")?, words.real("the outer radius")?);
            SymmetryFunction::Radial { of, radial: Radial::Compact { left, right, core: words.core()? } }
        }
        type_ @ (21 | 22 | 24 | 25) => {
            let weighted = type_ >= 24;
            let of = if weighted { None } else { Some([words.element(known)?, words.element(known)?]) };
            let (left, right) = (words.real("the inner radius")?, words.real("the outer radius")?);
            let angles = [words.real("the left angle, degrees")?, words.real("the right angle, degrees")?];
            let core = words.core()?;
            SymmetryFunction::Angular {
                of,
                radial: Radial::Compact { left, right, core },
                angle: Angle::Window { left: angles[0], right: angles[1], core: core.core },
                narrow: matches!(type_, 21 | 24),
            }
        }
        other => {
            return Err(kind
                .error(format!("there is no symmetry function of type {other}"))
                .with_help("expected 2, 3, 9, 12, 13 or 20 to 25")
                .into());
        }
    };
    function.check().map_err(|error| keyword.error(error.to_string()))?;
    Ok((center, function))
}

/// The words of a `symfunction_short` line after the central element, or `None` for a function that n2p2
/// does not have.
pub(super) fn write(function: &SymmetryFunction) -> Option<String> {
    let mut text = format!("{:<2}", function.n2p2_type()?);
    for element in function.elements() {
        let _ = write!(text, " {element:<2}");
    }
    let angle = match function {
        SymmetryFunction::Radial { .. } => None,
        SymmetryFunction::Angular { angle, .. } => Some(angle),
    };
    let weighted = function.elements().next().is_none();
    // Shortest decimals that read back as the same numbers.
    let _ = match (function.radial(), angle) {
        (Radial::Gaussian { eta, shift, cutoff }, None) => {
            write!(text, " {eta:?} {shift:?} {:?}", cutoff.radius)
        }
        (Radial::Gaussian { eta, shift, cutoff }, Some(Angle::Power { lambda, zeta })) => {
            if weighted {
                write!(text, " {eta:?} {shift:?} {lambda:?} {zeta:?} {:?}", cutoff.radius)
            } else {
                write!(text, " {eta:?} {lambda:?} {zeta:?} {:?} {shift:?}", cutoff.radius)
            }
        }
        (Radial::Compact { left, right, core }, None) => write!(text, " {left:?} {right:?} {core}"),
        (Radial::Compact { left, right, core }, Some(Angle::Window { left: from, right: to, .. })) => {
            write!(text, " {left:?} {right:?} {from:?} {to:?} {core}")
        }
        _ => return None,
    };
    Some(text)
}
