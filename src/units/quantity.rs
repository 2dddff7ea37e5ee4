//! Text such as `"0.5 GPa"` to a number in internal units.

use super::table::{lookup, symbols};
use super::{AMU_ANGSTROM2_PER_FS2, Dimension};
use std::fmt;

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
    let celsius = expected == Dimension::TEMPERATURE && quantity.dimension == Dimension::CHARGE;
    let why = if celsius { "C is the coulomb, and degrees Celsius are not read; " } else { "" };
    Err(whole(text, message, format!("{why}expected {}", expected.example())))
}

/// A number with a unit, whatever it is of; `None` if the text is something else.
pub fn quantity(text: &str) -> Option<Quantity> {
    parse_any(text, Dimension::NONE).ok().filter(|quantity| quantity.dimension != Dimension::NONE)
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
                    if matches!(symbol.as_str(), "atom" | "atoms") {
                        let help = format!("what is of one atom is written without it; {}", expectation());
                        return Err(fail(format!("`{symbol}` is no unit"), start, at - start, help));
                    }
                    let near = crate::error::nearest(&symbol, symbols());
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

#[cfg(test)]
mod tests {
    use super::super::table::JOULE;
    use super::*;

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
    fn what_looks_like_a_unit_is_told() {
        let per_atom = parse("5 meV/atom", Dimension::ENERGY).unwrap_err().to_string();
        assert!(
            per_atom.starts_with("`atom` is no unit: what is of one atom is written without it"),
            "{per_atom}"
        );
        let celsius = parse("1300 C", Dimension::TEMPERATURE).unwrap_err().to_string();
        assert!(celsius.contains("degrees Celsius are not read; expected"), "{celsius}");
        assert_eq!(quantity("1000 fs"), quantity("1 ps"));
        assert_eq!((quantity("5"), quantity("csvr")), (None, None));
    }

    /// Every unit is as large as the SI says, or CODATA 2018 where it is measured.
    #[test]
    fn units_have_their_size_in_the_si() {
        let e = 1.602_176_634e-19;
        let (hartree, pressure) = (4.359_744_722_207_1e-18, e * 1e30);
        let lengths: &[(&str, f64)] = &[
            ("angstrom Å \u{212b} A", 1e-10),
            ("nm", 1e-9),
            ("pm", 1e-12),
            ("um", 1e-6),
            ("cm", 1e-2),
            ("m", 1.0),
            ("bohr", 5.291_772_109_03e-11),
        ];
        let times: &[(&str, f64)] = &[
            ("fs", 1e-15),
            ("ps", 1e-12),
            ("ns", 1e-9),
            ("us", 1e-6),
            ("s", 1.0),
            ("min", 60.0),
            ("h", 3600.0),
        ];
        let energies: &[(&str, f64)] = &[
            ("eV", e),
            ("meV", 1e-3 * e),
            ("hartree Ha", hartree),
            ("rydberg Ry", 0.5 * hartree),
            ("J", 1.0),
            ("kJ", 1e3),
            ("cal", 4.184),
            ("kcal", 4184.0),
        ];
        let masses: &[(&str, f64)] = &[("amu u", 1.660_539_066_60e-27), ("kg", 1.0), ("g", 1e-3)];
        let pressures: &[(&str, f64)] = &[
            ("GPa", 1e9),
            ("MPa", 1e6),
            ("kPa", 1e3),
            ("Pa", 1.0),
            ("kbar", 1e8),
            ("bar", 1e5),
            ("atm", 101_325.0),
        ];
        let conductance = Dimension::new([0, -1, -1, 0, 2]);
        let numbers: &[(&str, f64)] =
            &[("mol", 6.022_140_76e23), ("%", 0.01), ("deg", std::f64::consts::PI / 180.0), ("rad", 1.0)];
        let all = [
            (Dimension::LENGTH, 1e-10, lengths),
            (Dimension::TIME, 1e-15, times),
            (Dimension::ENERGY, e, energies),
            (Dimension::MASS, e * 1e-10, masses),
            (Dimension::PRESSURE, pressure, pressures),
            (Dimension::TEMPERATURE, 1.0, &[("K kelvin", 1.0)]),
            (Dimension::CHARGE, e, &[("e", e), ("C", 1.0)]),
            (conductance, e / 1e-15, &[("S", 1.0), ("mS", 1e-3)]),
            (Dimension::new([0, 0, 1, 0, -1]), 1.0, &[("V", 1.0)]),
            (Dimension::RATE, 1e15, &[("THz", 1e12), ("Hz", 1.0)]),
            (Dimension::NONE, 1.0, numbers),
        ];
        let mut seen = 0;
        for (dimension, internal, units) in all {
            for (names, size) in units {
                for name in names.split(' ') {
                    let found = parse(&format!("1 {name}"), dimension).unwrap() * internal;
                    // The most digits that CODATA gives, of the hartree and the atomic mass.
                    assert!((found / size - 1.0).abs() < 1e-10, "{name}: {found} SI, not {size}");
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, symbols().count());
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
