//! Units: Å, eV, fs, K, e and amu inside; quantities with units at every edge.
//!
//! Files people write carry a unit with every dimensional value: `"300 K"`, `"1 fs"`, `"0.5 GPa"`,
//! `"0.01 fs^-1"`. [`parse`] turns such text into internal units and checks the dimension.
//!
//! Constants are CODATA 2018 (exact SI values of 2019 where they exist).

mod file;

pub use file::FileUnits;

use std::fmt;

/// Boltzmann constant, eV/K.
pub const BOLTZMANN: f64 = 8.617333262145179e-05;
/// 1 amu·Å²/fs² in eV.
pub const AMU_ANGSTROM2_PER_FS2: f64 = 103.64269652680505;
/// 1 eV/Å³ in GPa.
pub const EV_PER_ANGSTROM3_IN_GPA: f64 = 160.217_663_4;
/// Coulomb constant e²/(4πε₀), eV·Å.
pub const COULOMB: f64 = 14.399_645_478_425_67;
/// Hartree energy, eV.
pub const HARTREE: f64 = 27.211_386_245_988;
/// Rydberg energy, eV.
pub const RYDBERG: f64 = HARTREE / 2.0;
/// Bohr radius, Å.
pub const BOHR: f64 = 0.529_177_210_903;
/// Avogadro constant, 1/mol.
pub const AVOGADRO: f64 = 6.022_140_76e23;
/// Elementary charge, coulomb.
pub const ELEMENTARY_CHARGE: f64 = 1.602_176_634e-19;

const JOULE: f64 = 1.0 / ELEMENTARY_CHARGE;
const METRE: f64 = 1e10;
const SECOND: f64 = 1e15;
const PASCAL: f64 = 1e-9 / EV_PER_ANGSTROM3_IN_GPA;
const KILOGRAM: f64 = JOULE * SECOND * SECOND / (METRE * METRE);
const SIEMENS: f64 = 1.0 / (ELEMENTARY_CHARGE * ELEMENTARY_CHARGE) / (SECOND * JOULE);

/// Exponents over the base dimensions length, time, energy, temperature, charge.
///
/// Mass is energy·time²/length², pressure energy/length³, and so on: energy is a base dimension
/// here because electronvolts are what people in this field think in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dimension {
    exponents: [i8; 5],
}

impl Dimension {
    /// A pure number.
    pub const NONE: Self = Self::new([0, 0, 0, 0, 0]);
    /// Å.
    pub const LENGTH: Self = Self::new([1, 0, 0, 0, 0]);
    /// fs.
    pub const TIME: Self = Self::new([0, 1, 0, 0, 0]);
    /// eV.
    pub const ENERGY: Self = Self::new([0, 0, 1, 0, 0]);
    /// K.
    pub const TEMPERATURE: Self = Self::new([0, 0, 0, 1, 0]);
    /// e.
    pub const CHARGE: Self = Self::new([0, 0, 0, 0, 1]);
    /// 1/fs.
    pub const RATE: Self = Self::new([0, -1, 0, 0, 0]);
    /// eV/Å.
    pub const FORCE: Self = Self::new([-1, 0, 1, 0, 0]);
    /// eV/Å³.
    pub const PRESSURE: Self = Self::new([-3, 0, 1, 0, 0]);
    /// eV·fs/Å³.
    pub const VISCOSITY: Self = Self::new([-3, 1, 1, 0, 0]);
    /// Å³.
    pub const VOLUME: Self = Self::new([3, 0, 0, 0, 0]);
    /// Mass, in eV·fs²/Å²; divide by [`AMU_ANGSTROM2_PER_FS2`] for amu (see [`parse_mass`]).
    pub const MASS: Self = Self::new([-2, 2, 1, 0, 0]);
    /// Å²/fs.
    pub const DIFFUSIVITY: Self = Self::new([2, -1, 0, 0, 0]);
    /// Å⁻².
    pub const INVERSE_AREA: Self = Self::new([-2, 0, 0, 0, 0]);
    /// Å⁻¹.
    pub const INVERSE_LENGTH: Self = Self::new([-1, 0, 0, 0, 0]);
    /// eV·Å⁶, the dispersion coefficient of Lennard-Jones and Buckingham.
    pub const ENERGY_LENGTH6: Self = Self::new([6, 0, 1, 0, 0]);
    /// eV·Å¹², the core coefficient of Lennard-Jones and Buckingham.
    pub const ENERGY_LENGTH12: Self = Self::new([12, 0, 1, 0, 0]);

    /// Exponents of length, time, energy, temperature, charge.
    pub const fn new(exponents: [i8; 5]) -> Self {
        Self { exponents }
    }

    /// What to write: an example of a quantity of this dimension, used in error messages.
    pub fn example(self) -> &'static str {
        match self {
            Self::NONE => "a number without a unit",
            Self::LENGTH => "a length such as \"3.4 angstrom\" (angstrom, nm, bohr)",
            Self::TIME => "a time such as \"1 fs\" or \"10 ps\" (fs, ps, ns, s, min, h)",
            Self::ENERGY => "an energy such as \"0.01 eV\" (eV, meV, hartree, Ry, kJ/mol, kcal/mol)",
            Self::TEMPERATURE => "a temperature such as \"300 K\"",
            Self::CHARGE => "a charge such as \"1 e\"",
            Self::RATE => "a rate such as \"0.01 fs^-1\" or \"1/ps\"",
            Self::FORCE => "a force such as \"0.01 eV/angstrom\"",
            Self::PRESSURE => "a pressure such as \"0.5 GPa\" (GPa, bar, atm, Pa, eV/angstrom^3)",
            Self::VISCOSITY => "a viscosity such as \"1 MPa*ns\" (Pa*s, MPa*ns, GPa*ps)",
            Self::VOLUME => "a volume such as \"120 angstrom^3\"",
            Self::MASS => "a mass such as \"6.94 amu\"",
            Self::DIFFUSIVITY => "a diffusivity such as \"1e-5 cm^2/s\"",
            Self::INVERSE_AREA => "an inverse area such as \"0.1 angstrom^-2\"",
            Self::INVERSE_LENGTH => "an inverse length such as \"0.3 angstrom^-1\"",
            Self::ENERGY_LENGTH6 => "a dispersion coefficient such as \"30 eV*angstrom^6\"",
            Self::ENERGY_LENGTH12 => "a core coefficient such as \"100 eV*angstrom^12\"",
            _ => "a quantity of another dimension",
        }
    }

    fn powered(self, power: i8) -> Option<Self> {
        let mut exponents = self.exponents;
        for exponent in &mut exponents {
            *exponent = exponent.checked_mul(power)?;
        }
        Some(Self { exponents })
    }

    fn times(self, other: Self) -> Option<Self> {
        let mut exponents = self.exponents;
        for (exponent, more) in exponents.iter_mut().zip(other.exponents) {
            *exponent = exponent.checked_add(more)?;
        }
        Some(Self { exponents })
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 5] = ["angstrom", "fs", "eV", "K", "e"];
        if *self == Self::NONE {
            return write!(f, "a pure number");
        }
        let mut separator = "";
        for (name, exponent) in NAMES.iter().zip(self.exponents) {
            match exponent {
                0 => continue,
                1 => write!(f, "{separator}{name}")?,
                _ => write!(f, "{separator}{name}^{exponent}")?,
            }
            separator = "*";
        }
        Ok(())
    }
}

/// Unit symbols with their size in internal units; matched exactly first, then without case where
/// that is unambiguous.
const UNITS: &[(&str, f64, Dimension)] = &[
    ("angstrom", 1.0, Dimension::LENGTH),
    ("Å", 1.0, Dimension::LENGTH),
    ("\u{212b}", 1.0, Dimension::LENGTH),
    ("A", 1.0, Dimension::LENGTH),
    ("nm", 10.0, Dimension::LENGTH),
    ("pm", 0.01, Dimension::LENGTH),
    ("um", 1e4, Dimension::LENGTH),
    ("cm", 1e8, Dimension::LENGTH),
    ("m", METRE, Dimension::LENGTH),
    ("bohr", BOHR, Dimension::LENGTH),
    ("fs", 1.0, Dimension::TIME),
    ("ps", 1e3, Dimension::TIME),
    ("ns", 1e6, Dimension::TIME),
    ("us", 1e9, Dimension::TIME),
    ("s", SECOND, Dimension::TIME),
    ("min", 60.0 * SECOND, Dimension::TIME),
    ("h", 3600.0 * SECOND, Dimension::TIME),
    ("eV", 1.0, Dimension::ENERGY),
    ("meV", 1e-3, Dimension::ENERGY),
    ("hartree", HARTREE, Dimension::ENERGY),
    ("Ha", HARTREE, Dimension::ENERGY),
    ("rydberg", RYDBERG, Dimension::ENERGY),
    ("Ry", RYDBERG, Dimension::ENERGY),
    ("J", JOULE, Dimension::ENERGY),
    ("kJ", 1e3 * JOULE, Dimension::ENERGY),
    ("cal", 4.184 * JOULE, Dimension::ENERGY),
    ("kcal", 4184.0 * JOULE, Dimension::ENERGY),
    ("mol", AVOGADRO, Dimension::NONE),
    ("K", 1.0, Dimension::TEMPERATURE),
    ("kelvin", 1.0, Dimension::TEMPERATURE),
    ("e", 1.0, Dimension::CHARGE),
    ("C", 1.0 / ELEMENTARY_CHARGE, Dimension::CHARGE),
    ("amu", AMU_ANGSTROM2_PER_FS2, Dimension::MASS),
    ("u", AMU_ANGSTROM2_PER_FS2, Dimension::MASS),
    ("kg", KILOGRAM, Dimension::MASS),
    ("g", 1e-3 * KILOGRAM, Dimension::MASS),
    ("GPa", 1.0 / EV_PER_ANGSTROM3_IN_GPA, Dimension::PRESSURE),
    ("MPa", 1e-3 / EV_PER_ANGSTROM3_IN_GPA, Dimension::PRESSURE),
    ("kPa", 1e3 * PASCAL, Dimension::PRESSURE),
    ("Pa", PASCAL, Dimension::PRESSURE),
    ("kbar", 0.1 / EV_PER_ANGSTROM3_IN_GPA, Dimension::PRESSURE),
    ("bar", 1e5 * PASCAL, Dimension::PRESSURE),
    ("atm", 101_325.0 * PASCAL, Dimension::PRESSURE),
    ("S", SIEMENS, Dimension::new([0, -1, -1, 0, 2])),
    ("mS", 1e-3 * SIEMENS, Dimension::new([0, -1, -1, 0, 2])),
    ("V", 1.0, Dimension::new([0, 0, 1, 0, -1])),
    ("THz", 1e-3, Dimension::RATE),
    ("Hz", 1.0 / SECOND, Dimension::RATE),
    ("%", 0.01, Dimension::NONE),
    ("deg", std::f64::consts::PI / 180.0, Dimension::NONE),
    ("rad", 1.0, Dimension::NONE),
];

/// A number with a dimension, in internal units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// The value in internal units.
    pub value: f64,
    /// Its dimension.
    pub dimension: Dimension,
}

/// Why a text is not the quantity that was expected; `offset` and `length` count characters of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantityError {
    /// What is wrong.
    pub message: String,
    /// What was expected or what to try.
    pub help: String,
    /// Where the offending part begins, in characters from the start of the text.
    pub offset: usize,
    /// How many characters it has.
    pub length: usize,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.help)
    }
}

impl std::error::Error for QuantityError {}

/// Parses a quantity and checks its dimension; the result is in internal units.
///
/// ```
/// use mlmd::units::{parse, Dimension};
/// assert_eq!(parse("2 ps", Dimension::TIME), Ok(2000.0));
/// assert_eq!(parse("0.01 fs^-1", Dimension::RATE), parse("0.01 1/fs", Dimension::RATE));
/// assert!(parse("300", Dimension::TEMPERATURE).is_err());
/// ```
pub fn parse(text: &str, expected: Dimension) -> Result<f64, QuantityError> {
    let quantity = parse_any(text, expected)?;
    if quantity.dimension == expected {
        return Ok(quantity.value);
    }
    let message = if quantity.dimension == Dimension::NONE {
        format!("`{}` has no unit", text.trim())
    } else {
        format!("`{}` has the unit of another quantity ({})", text.trim(), quantity.dimension)
    };
    Err(whole(text, message, format!("expected {}", expected.example())))
}

/// Parses a mass and returns it in amu.
pub fn parse_mass(text: &str) -> Result<f64, QuantityError> {
    Ok(parse(text, Dimension::MASS)? / AMU_ANGSTROM2_PER_FS2)
}

/// Parses a unit without a number, such as `hartree` or `eV/angstrom`.
pub fn parse_unit(text: &str) -> Result<Quantity, QuantityError> {
    unit_expression(text, 0, Dimension::NONE)
}

fn whole(text: &str, message: String, help: String) -> QuantityError {
    QuantityError { message, help, offset: 0, length: text.chars().count().max(1) }
}

fn parse_any(text: &str, expected: Dimension) -> Result<Quantity, QuantityError> {
    let help = || format!("expected {}", expected.example());
    let trimmed = text.trim_start();
    let lead = text.chars().count() - trimmed.chars().count();
    let number_length = number_prefix(trimmed);
    if number_length == 0 {
        return Err(whole(text, format!("`{}` does not begin with a number", text.trim()), help()));
    }
    let (number, unit) = trimmed.split_at(number_length);
    let value: f64 =
        number.parse().map_err(|_| whole(text, format!("`{number}` is not a number"), help()))?;
    if !value.is_finite() {
        return Err(whole(text, format!("`{number}` is too large for a number"), help()));
    }
    if unit.trim().is_empty() {
        return Ok(Quantity { value, dimension: Dimension::NONE });
    }
    let unit = unit_expression(unit, lead + number.chars().count(), expected)?;
    Ok(Quantity { value: value * unit.value, dimension: unit.dimension })
}

/// Length in bytes of the longest prefix that is a decimal number. `2 e` is two elementary charges,
/// `2e3` two thousand: an exponent needs digits.
fn number_prefix(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let start = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let mut end = digits(start);
    let mut count = end - start;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        count += fraction - end - 1;
        end = fraction;
    }
    if count == 0 {
        return 0;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// Products and quotients of units with integer powers: `eV/angstrom^3`, `fs-1`, `1/fs`, `cm^2 s^-1`.
fn unit_expression(text: &str, offset: usize, expected: Dimension) -> Result<Quantity, QuantityError> {
    let characters: Vec<char> = text.chars().collect();
    let fail = |message: String, at: usize, length: usize, help: String| QuantityError {
        message,
        help,
        offset: offset + at,
        length: length.max(1),
    };
    let expectation = || format!("expected {}", expected.example());
    let mut result = Quantity { value: 1.0, dimension: Dimension::NONE };
    let mut sign: i8 = 1;
    let mut at = 0;
    let mut seen = false;
    while at < characters.len() {
        let c = characters[at];
        match c {
            ' ' | '\t' | '*' | '·' => at += 1,
            '/' => {
                sign = -1;
                at += 1;
            }
            '1' if !seen || sign == -1 => {
                at += 1;
                seen = true;
            }
            c if is_symbol(c) => {
                let start = at;
                while at < characters.len() && is_symbol(characters[at]) {
                    at += 1;
                }
                let symbol: String = characters[start..at].iter().collect();
                let Some((size, dimension)) = lookup(&symbol) else {
                    let near = crate::error::nearest(&symbol, UNITS.iter().map(|unit| unit.0));
                    let help = near
                        .map_or_else(expectation, |near| format!("did you mean `{near}`? {}", expectation()));
                    return Err(fail(format!("unknown unit `{symbol}`"), start, at - start, help));
                };
                let (power, next) = exponent(&characters, at)
                    .ok_or_else(|| fail("not a valid power".into(), at, 1, expectation()))?;
                at = next;
                let power = power * sign;
                let dimension = dimension.powered(power).and_then(|d| result.dimension.times(d));
                let Some(dimension) = dimension else {
                    return Err(fail("power too large".into(), start, at - start, expectation()));
                };
                result.dimension = dimension;
                // Division keeps 1/fs exact where multiplication by a rounded inverse would not be.
                if power < 0 {
                    result.value /= size.powi(i32::from(-power));
                } else {
                    result.value *= size.powi(i32::from(power));
                }
                sign = 1;
                seen = true;
            }
            c => return Err(fail(format!("unexpected `{c}` in a unit"), at, 1, expectation())),
        }
    }
    if sign == -1 || !seen {
        return Err(fail("a unit is missing".into(), 0, characters.len(), expectation()));
    }
    Ok(result)
}

fn is_symbol(c: char) -> bool {
    c.is_alphabetic() || c == '%'
}

/// `^-1`, `-1`, `^2`, `2`, `²` or nothing, after a unit symbol.
fn exponent(characters: &[char], start: usize) -> Option<(i8, usize)> {
    let mut at = start;
    let caret = characters.get(at) == Some(&'^');
    at += usize::from(caret);
    let negative = matches!(characters.get(at), Some('-' | '⁻'));
    at += usize::from(negative);
    let digit = |at: usize| {
        characters.get(at).and_then(|c| match c {
            '¹' => Some(1),
            '²' => Some(2),
            '³' => Some(3),
            c => c.to_digit(10),
        })
    };
    let (mut power, first) = (0, at);
    while let Some(digit) = digit(at).filter(|_| power <= HIGHEST_POWER) {
        power = 10 * power + digit;
        at += 1;
    }
    if at == first {
        return (!caret && !negative).then_some((1, start));
    }
    (power <= HIGHEST_POWER).then_some((if negative { -(power as i8) } else { power as i8 }, at))
}

/// Lengths come with powers up to the core of Lennard-Jones; what is larger is a slip.
const HIGHEST_POWER: u32 = 12;

fn lookup(symbol: &str) -> Option<(f64, Dimension)> {
    if let Some(unit) = UNITS.iter().find(|unit| unit.0 == symbol) {
        return Some((unit.1, unit.2));
    }
    // Long names may be written in any case; symbols of one or two letters must not (mS, MS), except
    // the electronvolt, which has no neighbour.
    let any_case = |unit: &str| unit.len() > 2 || unit == "eV";
    let mut matches = UNITS.iter().filter(|unit| any_case(unit.0) && unit.0.eq_ignore_ascii_case(symbol));
    match (matches.next(), matches.next()) {
        (Some(unit), None) => Some((unit.1, unit.2)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_constants_agree_with_codata() {
        // amu = 1.66053906660e-27 kg, so amu·Å²/fs² = that·1e-20/1e-30 J.
        let expected = 1.660_539_066_60e-27 * 1e10 / ELEMENTARY_CHARGE;
        assert!((AMU_ANGSTROM2_PER_FS2 / expected - 1.0).abs() < 1e-12);
        assert!((BOLTZMANN / (1.380_649e-23 / ELEMENTARY_CHARGE) - 1.0).abs() < 1e-15);
        // e²/(4πε₀) with ε₀ = 8.8541878128e-12 F/m.
        let coulomb = ELEMENTARY_CHARGE / (4.0 * std::f64::consts::PI * 8.854_187_812_8e-12) * 1e10;
        assert!((COULOMB / coulomb - 1.0).abs() < 1e-9);
        assert!((HARTREE * BOHR / COULOMB - 1.0).abs() < 1e-9);
    }

    #[test]
    fn quantities_are_exact_in_internal_units() {
        assert_eq!(parse("1 fs", Dimension::TIME), Ok(1.0));
        assert_eq!(parse("10ps", Dimension::TIME), Ok(10_000.0));
        assert_eq!(parse("-2.5e2 K", Dimension::TEMPERATURE), Ok(-250.0));
        assert_eq!(parse("3.4 Å", Dimension::LENGTH), Ok(3.4));
        assert_eq!(parse("2 e", Dimension::CHARGE), Ok(2.0));
        assert_eq!(parse("0.25", Dimension::NONE), Ok(0.25));
        assert_eq!(parse("10 %", Dimension::NONE), Ok(0.1));
    }

    #[test]
    fn compound_units_have_several_spellings() {
        let expected = parse("0.01 1/fs", Dimension::RATE).unwrap();
        for text in ["0.01 fs^-1", "0.01 fs-1", "0.01/fs", "0.01 fs⁻¹", "10 /ps", "10 THz"] {
            assert!((parse(text, Dimension::RATE).unwrap() / expected - 1.0).abs() < 1e-15, "{text}");
        }
        let force = parse("1 kJ/mol/nm", Dimension::FORCE).unwrap();
        assert!((force - 0.010_364_269_656_e-1).abs() < 1e-12);
        let d = parse("1e-5 cm^2/s", Dimension::DIFFUSIVITY).unwrap();
        assert!((d / 1e-4 - 1.0).abs() < 1e-12);
        let p = parse("160.2176634 GPa", Dimension::PRESSURE).unwrap();
        assert!((p - 1.0).abs() < 1e-15);
        assert!((parse_mass("6.94 amu").unwrap() - 6.94).abs() < 1e-14);
        assert_eq!(parse("2 eV*angstrom^12", Dimension::ENERGY_LENGTH12), Ok(2.0));
        assert_eq!(parse("2 eV Å¹²", Dimension::ENERGY_LENGTH12), Ok(2.0));
        assert!((parse("1 kg m^2 s^-2", Dimension::ENERGY).unwrap() / JOULE - 1.0).abs() < 1e-14);
    }

    #[test]
    fn mistakes_are_located_and_explained() {
        let e = parse("300 kelvn", Dimension::TEMPERATURE).unwrap_err();
        assert_eq!((e.offset, e.length), (4, 5));
        assert!(e.help.contains("`kelvin`"));
        let e = parse("300", Dimension::TEMPERATURE).unwrap_err();
        assert!(e.message.contains("has no unit") && e.help.contains("\"300 K\""));
        let e = parse("300 fs", Dimension::TEMPERATURE).unwrap_err();
        assert!(e.message.contains("another quantity"));
        for bad in
            ["", "K", "1..2 K", "1 K/", "1e999 K", "1 K^", "1 K^99", "1 K^9 K^99", "1 $", "nan K", "inf K"]
        {
            assert!(parse(bad, Dimension::TEMPERATURE).is_err(), "{bad}");
        }
    }
}
