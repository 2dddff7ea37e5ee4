//! Which element an atom type of LAMMPS is.

use crate::error::Diagnostic;
use crate::io::{Frame, ReadOptions, Value};
use crate::system::Element;
use std::collections::{BTreeSet, HashMap};

/// The elements of the types 1, 2, ..., as far as they are known, and their masses.
#[derive(Debug, Clone, Default)]
pub(in crate::io) struct Types {
    stated: Option<Vec<Element>>,
    stand_ins: bool,
    labels: HashMap<String, usize>,
    named: HashMap<usize, Element>,
    masses: HashMap<usize, f64>,
    used_stand_ins: BTreeSet<usize>,
}

impl Types {
    pub(in crate::io) fn new(options: &ReadOptions) -> Self {
        Self { stated: options.elements.clone(), stand_ins: options.stand_in_elements, ..Self::default() }
    }

    /// Notes the label of a type (`Atom Type Labels`).
    pub(in crate::io) fn label(&mut self, number: usize, label: &str) {
        self.labels.insert(label.to_string(), number);
        if let Some(element) = Element::from_symbol(label) {
            self.named.insert(number, element);
        }
    }

    /// Notes the mass of a type and the comment behind it.
    ///
    /// A comment names the element if it is a symbol and the mass does not speak against it: `N` behind
    /// 14.007 is nitrogen, `Na` behind 12.011 is somebody's name for an aromatic carbon.
    ///
    /// The error says that the mass is that of another element than the stated one: types in the wrong
    /// order. Isotopes pass, and a mass of exactly 1 beside a stated element is a place holder.
    pub(in crate::io) fn mass(&mut self, number: usize, mass: f64, comment: &str) -> Result<(), String> {
        if let Some(stated) = self.stated.as_ref().and_then(|stated| stated.get(number.checked_sub(1)?)) {
            if mass == 1.0 {
                return Ok(());
            }
            if let Some(other) = Element::from_mass(mass).filter(|other| other != stated) {
                return Err(format!(
                    "type {number} was stated to be {stated}, but its mass {mass} is that of {other}"
                ));
            }
        }
        self.masses.insert(number, mass);
        if self.named.contains_key(&number) {
            return Ok(());
        }
        let symbol = comment.split_whitespace().next().and_then(Element::from_symbol);
        let named = symbol.filter(|element| (element.mass() - mass).abs() < 1.0);
        if let Some(element) = named.or_else(|| Element::from_mass(mass)) {
            self.named.insert(number, element);
        }
        Ok(())
    }

    /// The number of a type given by number or label.
    pub(in crate::io) fn number(&self, text: &str) -> Option<usize> {
        text.parse().ok().filter(|number| *number > 0).or_else(|| self.labels.get(text).copied())
    }

    /// The element of a type.
    pub(in crate::io) fn element(&mut self, number: usize) -> Option<Element> {
        if let Some(stated) = &self.stated {
            return stated.get(number.checked_sub(1)?).copied();
        }
        let stand_in = || {
            self.used_stand_ins.insert(number);
            Element::from_number(number)
        };
        self.named.get(&number).copied().or_else(|| self.stand_ins.then(stand_in).flatten())
    }

    /// Did the user state the elements?
    pub(in crate::io) fn are_stated(&self) -> bool {
        self.stated.is_some()
    }

    /// Do elements only stand in for types?
    pub(in crate::io) fn stand_in(&self) -> bool {
        !self.used_stand_ins.is_empty()
    }

    /// The mass the file gives to a type.
    pub(in crate::io) fn mass_of(&self, number: usize) -> Option<f64> {
        self.masses.get(&number).copied()
    }

    /// Completes an error about a type whose element is not known.
    pub(in crate::io) fn explain(&self, number: usize, error: Diagnostic) -> Diagnostic {
        match &self.stated {
            Some(stated) => error.with_help(format!(
                "elements were stated for {} types; state one for each, in order: `--types Li,N`",
                stated.len()
            )),
            None => match self.mass_of(number) {
                Some(mass) => error.with_help(format!(
                    "its mass {mass} is that of no element: state the elements of the types in order, `--types Li,N`"
                )),
                None => error.with_help(
                    "the file gives neither masses nor names: state the elements of the types in order, `--types Li,N`",
                ),
            },
        }
    }

    /// Writes down in a frame which elements only stand in for types.
    pub(in crate::io) fn note(&self, frame: &mut Frame) {
        if !self.used_stand_ins.is_empty() {
            let numbers: Vec<String> = self.used_stand_ins.iter().map(ToString::to_string).collect();
            let text =
                format!("not known: types {} shown as the elements of these numbers", numbers.join(", "));
            frame.info.insert("lammps_types".into(), Value::Text(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_source_names_the_element() {
        let symbol = |types: &mut Types, number| types.element(number).map(Element::symbol);
        let mut types = Types::default();
        types.mass(1, 6.941, "").unwrap();
        types.mass(2, 14.007, "N of the framework").unwrap();
        types.mass(3, 12.011, "Na").unwrap();
        types.mass(4, 1.5, "").unwrap();
        assert_eq!(symbol(&mut types, 1), Some("Li"));
        assert_eq!(symbol(&mut types, 2), Some("N"));
        assert_eq!(symbol(&mut types, 3), Some("C"));
        assert_eq!(symbol(&mut types, 4), None);
        assert_eq!(symbol(&mut types, 5), None);
        types.label(4, "H");
        types.label(5, "opls_1");
        assert_eq!((types.number("H"), types.number("opls_1"), types.number("0")), (Some(4), Some(5), None));
        assert_eq!(symbol(&mut types, 4), Some("H"));
        let options = ReadOptions {
            elements: Some(vec![Element::from_symbol("O").unwrap()]),
            ..ReadOptions::default()
        };
        let mut types = Types::new(&options);
        let swapped = types.mass(1, 6.941, "Li").unwrap_err();
        assert_eq!(swapped, "type 1 was stated to be O, but its mass 6.941 is that of Li");
        types.mass(1, 17.999, "an isotope").unwrap();
        assert_eq!(types.mass_of(1), Some(17.999));
        types.mass(1, 1.0, "a place holder").unwrap();
        assert_eq!(symbol(&mut types, 1), Some("O"));
        assert_eq!(symbol(&mut types, 2), None);
        assert_eq!(symbol(&mut types, 0), None);
    }
}
