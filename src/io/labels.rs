//! Elements from the labels that programs give to atoms: `Li1+`, `Fe2`, `O_h`, `N `.

use crate::system::Element;

/// The element whose symbol begins a label, the longer symbol first; `D` and `T` are hydrogen.
///
/// Capitals do not count in labels: `LI1` is lithium, and `CA` is calcium, not an α carbon. But `NO2` is a nitrogen, and `Va`
/// and `Vac` are vacancies, of no element.
pub(super) fn element_of_label(label: &str) -> Option<Element> {
    let mut letters = label.trim().chars().take_while(char::is_ascii_alphabetic);
    let first = letters.next()?.to_ascii_uppercase();
    let name = label.trim().split(|c: char| !c.is_ascii_alphabetic()).next()?.to_ascii_lowercase();
    if matches!(name.as_str(), "va" | "vac") {
        return None;
    }
    if let Some(second) = letters.next() {
        let two: String = [first, second.to_ascii_lowercase()].iter().collect();
        let element = Element::from_symbol(&two);
        // In capitals the second letter may stand for something else; no crystal holds what is heavier than einsteinium.
        if let Some(element) = element.filter(|e| second.is_lowercase() || e.number() <= 99) {
            return Some(element);
        }
    }
    match first {
        'D' | 'T' => Element::from_number(1),
        _ => Element::from_symbol(&first.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_real_files() {
        for (label, symbol) in [
            ("Li1+", "Li"),
            ("O2-", "O"),
            ("Cl", "Cl"),
            ("LI1", "Li"),
            ("D", "H"),
            ("Fe-up", "Fe"),
            ("N ", "N"),
            ("H_ps", "H"),
            ("Ow1", "O"),
            ("C1A", "C"),
            ("NO2", "N"),
            ("No", "No"),
            ("V1", "V"),
        ] {
            assert_eq!(element_of_label(label).map(Element::symbol), Some(symbol), "{label}");
        }
        for label in ["", "48h", "Xx", "*", "Q1", "Va", "Vac2", "VA1"] {
            assert_eq!(element_of_label(label), None, "{label}");
        }
    }
}
