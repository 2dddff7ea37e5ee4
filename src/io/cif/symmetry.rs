//! Symmetry operations as CIF writes them: `-x+1/2, y, z+1/2`.

use crate::system::{Mat3, Vec3};

/// s' = R s + t in fractional coordinates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    rotation: Mat3,
    translation: Vec3,
}

impl Operation {
    /// x, y, z: what a structure without symmetry has.
    pub(super) fn identity() -> Self {
        Self { rotation: Mat3::identity(), translation: Vec3::zeros() }
    }

    /// Parses a triplet; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').collect();
        if parts.len() != 3 {
            return Err(format!("`{text}` is not a symmetry operation: it has {} of 3 parts", parts.len()));
        }
        let mut operation = Self { rotation: Mat3::zeros(), translation: Vec3::zeros() };
        for (row, part) in parts.iter().enumerate() {
            let (coefficients, shift) = linear(part)
                .ok_or_else(|| format!("`{}` is not a part of a symmetry operation", part.trim()))?;
            operation.rotation.set_row(row, &coefficients.transpose());
            operation.translation[row] = shift;
        }
        let determinant = operation.rotation.determinant();
        if (determinant.abs() - 1.0).abs() > 1e-6 || !operation.translation.iter().all(|t| t.is_finite()) {
            return Err(format!("`{text}` is not a symmetry operation: it does not keep the volume"));
        }
        Ok(operation)
    }

    /// Parses an operation of a magnetic group, whose fourth part says whether it reverses time: no matter where atoms are.
    pub(super) fn parse_magnetic(text: &str) -> Result<Self, String> {
        match text.rsplit_once(',') {
            Some((xyz, reversal)) if matches!(reversal.trim(), "+1" | "-1" | "1") => Self::parse(xyz),
            _ => {
                Err(format!("`{text}` is not an operation of a magnetic group: it does not end in +1 or -1"))
            }
        }
    }

    /// First `self`, then `after`.
    pub(super) fn then(&self, after: &Self) -> Self {
        Self {
            rotation: after.rotation * self.rotation,
            translation: after.rotation * self.translation + after.translation,
        }
    }

    /// The image of fractional coordinates.
    pub(super) fn apply(&self, s: &Vec3) -> Vec3 {
        self.rotation * s + self.translation
    }
}

/// One part, such as `1/2+x-y`: the coefficients of x, y, z and the constant.
fn linear(text: &str) -> Option<(Vec3, f64)> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (mut coefficients, mut constant) = (Vec3::zeros(), 0.0);
    let mut rest = text.as_str();
    let mut first = true;
    // A term is a sign (which only the first may lack), a number, a variable, or number*variable.
    while first || !rest.is_empty() {
        let sign = match rest.chars().next()? {
            '-' => -1.0,
            '+' => 1.0,
            _ if first => 0.0,
            _ => return None,
        };
        first = false;
        rest = &rest[usize::from(sign != 0.0)..];
        let sign = if sign == 0.0 { 1.0 } else { sign };
        let mut factor = None;
        if rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let (value, after) = fraction(rest)?;
            factor = Some(value);
            rest = after.strip_prefix('*').unwrap_or(after);
        }
        let variable = rest.chars().next().and_then(|c| "xyz".find(c.to_ascii_lowercase()));
        match (variable, factor) {
            (Some(axis), _) => {
                coefficients[axis] += sign * factor.unwrap_or(1.0);
                rest = &rest[1..];
            }
            (None, Some(value)) => constant += sign * value,
            (None, None) => return None,
        }
    }
    Some((coefficients, constant))
}

/// A leading `3`, `0.25` or `1/2`, and what follows it.
fn fraction(text: &str) -> Option<(f64, &str)> {
    let number = |text: &'_ str| {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        text[..end].parse::<f64>().ok().map(|value| (value, end))
    };
    let (value, end) = number(text)?;
    let Some(below) = text[end..].strip_prefix('/') else { return Some((value, &text[end..])) };
    let (divisor, end) = number(below)?;
    (divisor != 0.0).then(|| (value / divisor, &below[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_of_every_spelling() {
        let s = Vec3::new(0.1, 0.2, 0.3);
        for (text, expected) in [
            ("x, y, z", [0.1, 0.2, 0.3]),
            ("-y, x-y, z", [-0.2, -0.1, 0.3]),
            ("1/3-x+y, 2/3-X , 1 / 6 + Z", [1.0 / 3.0 + 0.1, 2.0 / 3.0 - 0.1, 1.0 / 6.0 + 0.3]),
            ("+x+0.5,.25-y,z", [0.6, 0.05, 0.3]),
            ("1*x, y+1, z-1/2", [0.1, 1.2, -0.2]),
        ] {
            let image = Operation::parse(text).unwrap().apply(&s);
            assert!((image - Vec3::from(expected)).norm() < 1e-15, "{text}: {image}");
        }
    }

    #[test]
    fn magnetic_operations_follow_each_other() {
        let first = Operation::parse_magnetic("-y,x,z+1/4,-1").unwrap();
        let centering = Operation::parse_magnetic("x+1/2, y+1/2, z+1/2, +1").unwrap();
        let image = first.then(&centering).apply(&Vec3::new(0.1, 0.2, 0.3));
        assert!((image - Vec3::new(0.3, 0.6, 1.05)).norm() < 1e-15, "{image}");
        for text in ["x,y,z", "x,y,z,0", "x,y,+1"] {
            assert!(Operation::parse_magnetic(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_operation_is_refused() {
        for text in [
            "x,y",
            "x,y,w",
            "x,x,z",
            "x,,z",
            "x,y,z+",
            "x,y,z--x",
            "x,y,1/0+z",
            "x1,x2,x3",
            "2x,y,z",
            "x y,y,z",
            "1/2*,y,z",
        ] {
            assert!(Operation::parse(text).is_err(), "{text}");
        }
    }
}
