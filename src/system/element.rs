//! The chemical elements.

use crate::error::{Error, Result, nearest};
use std::fmt;
use std::str::FromStr;

/// A chemical element, by its atomic number.
///
/// ```
/// use mlmd::system::Element;
/// let li: Element = "Li".parse().unwrap();
/// assert_eq!((li.number(), li.symbol(), li.mass()), (3, "Li", 6.94));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element(u8);

impl Element {
    /// The element with this atomic number.
    pub fn from_number(number: usize) -> Option<Self> {
        (1..=TABLE.len()).contains(&number).then_some(Self(number as u8))
    }

    /// The element with this symbol; case counts (Co is not CO).
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        TABLE.iter().position(|entry| entry.0 == symbol).map(|index| Self(index as u8 + 1))
    }

    /// The element whose standard weight is within 0.1 amu of `mass`, and nearest to it: how LAMMPS
    /// files that give masses alone are read.
    pub fn from_mass(mass: f64) -> Option<Self> {
        (1..=TABLE.len())
            .map(|number| Self(number as u8))
            .map(|element| ((element.mass() - mass).abs(), element))
            .filter(|(difference, _)| *difference < 0.1)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, element)| element)
    }

    /// Atomic number, 1 to 118.
    pub fn number(self) -> usize {
        usize::from(self.0)
    }

    /// Symbol, such as `Li`.
    pub fn symbol(self) -> &'static str {
        TABLE[self.number() - 1].0
    }

    /// Standard atomic weight in amu.
    pub fn mass(self) -> f64 {
        TABLE[self.number() - 1].1
    }

    /// Covalent radius in Å, where one is known: hydrogen to curium.
    pub fn covalent_radius(self) -> Option<f64> {
        COVALENT_RADII.get(self.number() - 1).copied()
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

impl FromStr for Element {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_symbol(text).ok_or_else(|| {
            let hint = nearest(text, TABLE.iter().map(|entry| entry.0))
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            Error::invalid(format!("`{text}` is not the symbol of an element{hint}"))
        })
    }
}

impl serde::Serialize for Element {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.symbol())
    }
}

impl<'de> serde::Deserialize<'de> for Element {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let symbol = String::deserialize(deserializer)?;
        symbol.parse().map_err(serde::de::Error::custom)
    }
}

/// Symbols and standard atomic weights (IUPAC 2016; the mass number of the longest-lived isotope for
/// elements without one), the values ASE uses.
#[rustfmt::skip]
const TABLE: [(&str, f64); 118] = [
    ("H", 1.008), ("He", 4.002602), ("Li", 6.94), ("Be", 9.0121831), ("B", 10.81), ("C", 12.011),
    ("N", 14.007), ("O", 15.999), ("F", 18.998403163), ("Ne", 20.1797), ("Na", 22.98976928),
    ("Mg", 24.305), ("Al", 26.9815385), ("Si", 28.085), ("P", 30.973761998), ("S", 32.06), ("Cl", 35.45),
    ("Ar", 39.948), ("K", 39.0983), ("Ca", 40.078), ("Sc", 44.955908), ("Ti", 47.867), ("V", 50.9415),
    ("Cr", 51.9961), ("Mn", 54.938044), ("Fe", 55.845), ("Co", 58.933194), ("Ni", 58.6934),
    ("Cu", 63.546), ("Zn", 65.38), ("Ga", 69.723), ("Ge", 72.63), ("As", 74.921595), ("Se", 78.971),
    ("Br", 79.904), ("Kr", 83.798), ("Rb", 85.4678), ("Sr", 87.62), ("Y", 88.90584), ("Zr", 91.224),
    ("Nb", 92.90637), ("Mo", 95.95), ("Tc", 97.90721), ("Ru", 101.07), ("Rh", 102.9055), ("Pd", 106.42),
    ("Ag", 107.8682), ("Cd", 112.414), ("In", 114.818), ("Sn", 118.71), ("Sb", 121.76), ("Te", 127.6),
    ("I", 126.90447), ("Xe", 131.293), ("Cs", 132.90545196), ("Ba", 137.327), ("La", 138.90547),
    ("Ce", 140.116), ("Pr", 140.90766), ("Nd", 144.242), ("Pm", 144.91276), ("Sm", 150.36),
    ("Eu", 151.964), ("Gd", 157.25), ("Tb", 158.92535), ("Dy", 162.5), ("Ho", 164.93033),
    ("Er", 167.259), ("Tm", 168.93422), ("Yb", 173.054), ("Lu", 174.9668), ("Hf", 178.49),
    ("Ta", 180.94788), ("W", 183.84), ("Re", 186.207), ("Os", 190.23), ("Ir", 192.217), ("Pt", 195.084),
    ("Au", 196.966569), ("Hg", 200.592), ("Tl", 204.38), ("Pb", 207.2), ("Bi", 208.9804),
    ("Po", 208.98243), ("At", 209.98715), ("Rn", 222.01758), ("Fr", 223.01974), ("Ra", 226.02541),
    ("Ac", 227.02775), ("Th", 232.0377), ("Pa", 231.03588), ("U", 238.02891), ("Np", 237.04817),
    ("Pu", 244.06421), ("Am", 243.06138), ("Cm", 247.07035), ("Bk", 247.07031), ("Cf", 251.07959),
    ("Es", 252.083), ("Fm", 257.09511), ("Md", 258.09843), ("No", 259.101), ("Lr", 262.11),
    ("Rf", 267.122), ("Db", 268.126), ("Sg", 271.134), ("Bh", 270.133), ("Hs", 269.1338),
    ("Mt", 278.156), ("Ds", 281.165), ("Rg", 281.166), ("Cn", 285.177), ("Nh", 286.182), ("Fl", 289.19),
    ("Mc", 289.194), ("Lv", 293.204), ("Ts", 293.208), ("Og", 294.214),
];

/// Covalent radii from crystal structures, by atomic number: Cordero et al., Dalton Trans. 2832 (2008),
/// doi:10.1039/b801115j (carbon sp³; manganese, iron and cobalt low spin).
#[rustfmt::skip]
const COVALENT_RADII: [f64; 96] = [
    0.31, 0.28, 1.28, 0.96, 0.84, 0.76, 0.71, 0.66, 0.57, 0.58, 1.66, 1.41, 1.21, 1.11, 1.07, 1.05, 1.02,
    1.06, 2.03, 1.76, 1.70, 1.60, 1.53, 1.39, 1.39, 1.32, 1.26, 1.24, 1.32, 1.22, 1.22, 1.20, 1.19, 1.20,
    1.20, 1.16, 2.20, 1.95, 1.90, 1.75, 1.64, 1.54, 1.47, 1.46, 1.42, 1.39, 1.45, 1.44, 1.42, 1.39, 1.39,
    1.38, 1.39, 1.40, 2.44, 2.15, 2.07, 2.04, 2.03, 2.01, 1.99, 1.98, 1.98, 1.96, 1.94, 1.92, 1.92, 1.89,
    1.90, 1.87, 1.87, 1.75, 1.70, 1.62, 1.51, 1.44, 1.41, 1.36, 1.36, 1.32, 1.45, 1.46, 1.48, 1.40, 1.50,
    1.50, 2.60, 2.21, 2.15, 2.06, 2.00, 1.96, 1.90, 1.87, 1.80, 1.69,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        for (symbol, number) in
            [("H", 1), ("Li", 3), ("O", 8), ("Zr", 40), ("La", 57), ("Au", 79), ("Og", 118)]
        {
            assert_eq!(Element::from_symbol(symbol).map(Element::number), Some(number));
        }
        assert_eq!(Element::from_number(0), None);
        assert_eq!(Element::from_number(119), None);
        assert_eq!(Element::from_mass(6.941), Element::from_symbol("Li"));
        assert_eq!(Element::from_mass(5.5), None);
        assert!("li".parse::<Element>().unwrap_err().to_string().contains("`Li`"));
    }
}
