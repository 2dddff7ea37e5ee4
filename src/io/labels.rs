//! Elements from the labels that programs give to atoms: `Li1+`, `Fe2`, `O_h`, `N `.

use crate::system::Element;

/// The element whose symbol begins a label, the longer symbol first; `D` and `T` are hydrogen.
///
/// Capitals do not count in labels: `LI1` is lithium, and `CA` is calcium, not an α carbon.
pub(super) fn element_of_label(label: &str) -> Option<Element> {
    let mut letters = label.trim().chars().take_while(char::is_ascii_alphabetic);
    let first = letters.next()?.to_ascii_uppercase();
    if let Some(second) = letters.next() {
        let two: String = [first, second.to_ascii_lowercase()].iter().collect();
        if let Some(element) = Element::from_symbol(&two) {
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
        ] {
            assert_eq!(element_of_label(label).map(Element::symbol), Some(symbol), "{label}");
        }
        for label in ["", "48h", "Xx", "*", "Q1"] {
            assert_eq!(element_of_label(label), None, "{label}");
        }
    }
}
