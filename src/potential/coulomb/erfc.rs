//! The complementary error function.

use crate::lanes::Real;
use std::f64::consts::PI;

/// erfc x and e^(−x²) for x ≥ 0, to about 1e-15 relative (the exponential's rounding, which grows as x²).
///
/// Rational approximations of W. J. Cody, Math. Comp. 23, 631 (1969), doi:10.1090/S0025-5718-1969-0247736-4.
#[inline(always)]
pub(super) fn erfc_and_gaussian(x: f64) -> (f64, f64) {
    let x2 = x * x;
    let gaussian = Real::exp(-x2);
    // All three are computed and one is chosen: without branches a loop becomes vector code.
    let small = 1.0 - x * ratio(x2, &SMALL);
    let middle = gaussian * ratio(x, &MIDDLE);
    let u = 1.0 / x2;
    let large = gaussian * (1.0 / PI.sqrt() - u * ratio(u, &LARGE)) / x;
    let beyond = if x <= 4.0 { middle } else { large };
    (if x <= 0.46875 { small } else { beyond }, gaussian)
}

/// P(x)/Q(x), coefficients of the highest power first.
#[inline(always)]
fn ratio<const N: usize>(x: f64, coefficients: &[[f64; 2]; N]) -> f64 {
    let [mut p, mut q] = coefficients[0];
    for [a, b] in &coefficients[1..] {
        p = p * x + a;
        q = q * x + b;
    }
    p / q
}

/// erf(x)/x in powers of x², x ≤ 0.46875.
const SMALL: [[f64; 2]; 5] = [
    [0.18577770618460315, 1.0],
    [3.1611237438705655, 23.601290952344122],
    [113.86415415105016, 244.02463793444417],
    [377.485237685302, 1282.6165260773723],
    [3209.3775891384694, 2844.236833439171],
];

/// e^(x²) erfc x in powers of x, 0.46875 ≤ x ≤ 4.
const MIDDLE: [[f64; 2]; 9] = [
    [2.1531153547440383e-08, 1.0],
    [0.5641884969886701, 15.744926110709835],
    [8.883149794388377, 117.6939508913125],
    [66.11919063714163, 537.1811018620099],
    [298.6351381974001, 1621.3895745666903],
    [881.952221241769, 3290.7992357334597],
    [1712.0476126340707, 4362.619090143247],
    [2051.0783778260716, 3439.3676741437216],
    [1230.3393547979972, 1230.3393548037495],
];

/// x² (1/√π − x e^(x²) erfc x) in powers of 1/x², x ≥ 4.
const LARGE: [[f64; 2]; 6] = [
    [0.016315387137302097, 1.0],
    [0.30532663496123236, 2.568520192289822],
    [0.36034489994980445, 1.8729528499234604],
    [0.12578172611122926, 0.5279051029514285],
    [0.016083785148742275, 0.06051834131244132],
    [0.0006587491615298378, 0.0023352049762686918],
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of mpmath with 30 digits (`mp.erfc(mp.mpf(x))`).
    #[test]
    fn agrees_with_arbitrary_precision() {
        for (x, expected) in ERFC {
            let (value, gaussian) = erfc_and_gaussian(x);
            // The argument of the exponential is rounded: an error of x² half units is inherent.
            let tolerance = (4.0 + x * x) * f64::EPSILON;
            assert!((value / expected - 1.0).abs() < tolerance, "erfc({x}) = {value}");
            assert!((gaussian / (-x * x).exp() - 1.0).abs() < tolerance);
        }
    }

    const ERFC: [(f64, f64); 21] = [
        (0.0, 1.0),
        (1e-08, 0.9999999887162083),
        (0.1, 0.887537083981715),
        (0.3, 0.6713732405408726),
        (0.46875, 0.507386526782062),
        (0.46876, 0.5073774688931535),
        (0.5, 0.4795001221869535),
        (0.75, 0.28884436634648486),
        (1.0, 0.15729920705028513),
        (1.5, 0.033894853524689274),
        (2.0, 0.004677734981047266),
        (2.75, 0.00010062192211963684),
        (3.5, 7.430983723414128e-07),
        (4.0, 1.541725790028002e-08),
        (4.0001, 1.5404564743590145e-08),
        (4.5, 1.9661604415428876e-10),
        (5.0, 1.537459794428035e-12),
        (5.5, 7.357847917974398e-15),
        (6.0, 2.1519736712498913e-17),
        (7.5, 2.776649386030569e-26),
        (10.0, 2.088487583762545e-45),
    ];
}
