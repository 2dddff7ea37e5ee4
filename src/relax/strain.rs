//! The coordinates of the cell: a symmetric logarithmic strain.
//!
//! The cell is H = H₀ F with F = e^U, U symmetric: rotations are left out, volumes stay positive, and U adds up
//! where strains commute. It is the coordinate of ASE's `FrechetCellFilter`.

use crate::system::Mat3;
use std::fmt;
use std::str::FromStr;

/// Which strains of the cell are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellFreedom {
    /// None: the cell stays as it is.
    #[default]
    Fixed,
    /// The volume, not the shape.
    Isotropic,
    /// The Cartesian components xx, yy, zz, yz, xz, xy that are true.
    Components([bool; 6]),
}

/// The Cartesian components in the order of Voigt.
const COMPONENTS: [(&str, usize, usize); 6] =
    [("xx", 0, 0), ("yy", 1, 1), ("zz", 2, 2), ("yz", 1, 2), ("xz", 0, 2), ("xy", 0, 1)];

impl CellFreedom {
    /// The lengths along x, y, z.
    pub const AXES: Self = Self::Components([true, true, true, false, false, false]);
    /// Every strain.
    pub const FREE: Self = Self::Components([true; 6]);

    /// Matrices that span the free strains, orthonormal under A:B = Σ A_ij B_ij.
    pub(super) fn basis(self) -> Vec<Mat3> {
        let free = match self {
            Self::Fixed => return Vec::new(),
            Self::Isotropic => return vec![Mat3::identity() / 3.0_f64.sqrt()],
            Self::Components(free) => free,
        };
        let chosen = COMPONENTS.iter().zip(free).filter(|(_, free)| *free);
        chosen
            .map(|((_, i, j), _)| {
                let mut b = Mat3::zeros();
                b[(*i, *j)] = 1.0;
                b[(*j, *i)] = 1.0;
                b.normalize()
            })
            .collect()
    }
}

impl fmt::Display for CellFreedom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed => f.write_str("fixed"),
            Self::Isotropic => f.write_str("isotropic"),
            &Self::AXES => f.write_str("axes"),
            &Self::FREE => f.write_str("free"),
            Self::Components(free) => {
                let names: Vec<_> = COMPONENTS.iter().zip(free).filter(|c| *c.1).map(|c| c.0.0).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

impl FromStr for CellFreedom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fixed" => return Ok(Self::Fixed),
            "isotropic" => return Ok(Self::Isotropic),
            "axes" => return Ok(Self::AXES),
            "free" => return Ok(Self::FREE),
            _ => {}
        }
        let mut free = [false; 6];
        for part in text.split(',') {
            let place = COMPONENTS.iter().position(|(name, ..)| *name == part.trim());
            let place = place.ok_or_else(|| {
                format!("`{text}` is not known: expected fixed, isotropic, axes, free, or strains such as xx,yy,xy")
            })?;
            free[place] = true;
        }
        Ok(Self::Components(free))
    }
}

/// F = e^U of a symmetric U.
pub(super) fn exponential(u: &Mat3) -> Mat3 {
    let eigen = u.symmetric_eigen();
    let stretch = Mat3::from_diagonal(&eigen.eigenvalues.map(f64::exp));
    eigen.eigenvectors * stretch * eigen.eigenvectors.transpose()
}

/// ∂E/∂U where ∂E/∂ε = `gradient` is known for small further strains ε, F → F (1 + ε), `gradient` symmetric.
///
/// From F⁻¹ dF = Σ_k (−1)^k/(k+1)! [U, ·]^k dU: in the axes of U, whose eigenvalues are λ, the component ij is
/// that of `gradient` times sinh(λ_i − λ_j)/(λ_i − λ_j).
pub(super) fn pulled_back(u: &Mat3, gradient: &Mat3) -> Mat3 {
    let eigen = u.symmetric_eigen();
    let q = eigen.eigenvectors;
    let mut g = q.transpose() * gradient * q;
    for i in 0..3 {
        for j in 0..3 {
            let x = eigen.eigenvalues[i] - eigen.eigenvalues[j];
            if x.abs() > 1e-4 {
                g[(i, j)] *= x.sinh() / x;
            } else {
                g[(i, j)] *= 1.0 + x * x / 6.0;
            }
        }
    }
    q * g * q.transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_printed() {
        for name in ["fixed", "isotropic", "axes", "free", "xx,xy", "zz"] {
            assert_eq!(name.parse::<CellFreedom>().unwrap().to_string(), name);
        }
        assert!("xx,ab".parse::<CellFreedom>().unwrap_err().contains("expected fixed, isotropic"));
    }

    /// Against central differences of E(U) = ½ A:(F Fᵀ), a function of the metric of the cell as energies are:
    /// F → F (1 + ε) changes it by (F A F):ε.
    #[test]
    fn the_gradient_is_that_of_the_exponential() {
        let a = Mat3::new(1.0, 0.4, -0.3, 0.4, 2.0, 0.7, -0.3, 0.7, -1.5);
        let u = Mat3::new(0.3, -0.2, 0.1, -0.2, -0.25, 0.15, 0.1, 0.15, 0.05);
        let energy = |u: &Mat3| 0.5 * (a * exponential(u) * exponential(u)).trace();
        let gradient = exponential(&u) * a * exponential(&u);
        let found = pulled_back(&u, &gradient);
        for b in CellFreedom::FREE.basis() {
            let h = 1e-5;
            let difference = (energy(&(u + h * b)) - energy(&(u - h * b))) / (2.0 * h);
            // The error of the difference is of the order h² = 1e-10.
            assert!((found.dot(&b) - difference).abs() < 1e-8, "{} {difference}", found.dot(&b));
        }
    }
}
