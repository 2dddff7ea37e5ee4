//! Distribution functions of statistics: what intervals are made of.
//!
//! Formulas are those of Abramowitz and Stegun, *Handbook of Mathematical Functions* (1964), chapters 6 and 26.

/// ln Γ(x) for x > 0: recurrence up to 8, then Stirling's series (relative error below 1e-13).
pub fn ln_gamma(mut x: f64) -> f64 {
    let mut product = 1.0;
    while x < 8.0 {
        product *= x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y * (1.0 / 1680.0 - y / 1188.0)))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - product.ln()
}

/// ψ(x) = d ln Γ/dx for x > 0.
pub fn digamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 8.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    sum + x.ln() - 0.5 / x - y * (1.0 / 12.0 - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y / 240.0)))
}

/// ψ'(x) for x > 0.
pub fn trigamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < 8.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    sum + 1.0 / x + 0.5 * y + y / x * (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y / 30.0)))
}

/// The regularised lower incomplete gamma function P(a, x): series below a + 1, continued fraction above.
pub fn gamma_p(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return (front * sum).min(1.0);
    }
    // Lentz's method for the continued fraction of Q(a, x).
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..10_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / nonzero(an * d + b, tiny);
        c = nonzero(b + an / c, tiny);
        let factor = d * c;
        h *= factor;
        if (factor - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - front * h
}

fn nonzero(x: f64, tiny: f64) -> f64 {
    if x.abs() < tiny { tiny } else { x }
}

/// The probability that χ² with `dof` degrees of freedom exceeds x.
pub fn chi_square_tail(x: f64, dof: f64) -> f64 {
    1.0 - gamma_p(0.5 * dof, 0.5 * x)
}

/// The x that χ² with `dof` degrees of freedom stays below with probability p.
pub fn chi_square_quantile(p: f64, dof: f64) -> f64 {
    // Wilson and Hilferty's approximation, then Newton's method on ln x, which stays positive.
    let h = 2.0 / (9.0 * dof);
    let cube = 1.0 - h + normal_quantile(p) * h.sqrt();
    if dof > 1e5 {
        // Its error is of the order dof^-2 here.
        return dof * cube.powi(3);
    }
    let a = 0.5 * dof;
    let mut x = if cube > 0.1 { dof * cube.powi(3) } else { 2.0 * ((p.ln() + ln_gamma(a + 1.0)) / a).exp() };
    for _ in 0..60 {
        let error = gamma_p(a, 0.5 * x) - p;
        let ln_slope = a * (0.5 * x).ln() - 0.5 * x - ln_gamma(a);
        let step = (error / ln_slope.exp()).clamp(-1.0, 1.0);
        x *= (-step).exp();
        if step.abs() < 1e-13 {
            break;
        }
    }
    x
}

/// The x that a standard normal deviate stays below with probability p.
///
/// A rational approximation (Abramowitz and Stegun 26.2.23) sharpened by Newton steps on the error function
/// written as P(1/2, x²/2).
pub fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p).max(1e-300);
    let t = (-2.0 * tail.ln()).sqrt();
    let mut x = t
        - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for _ in 0..4 {
        let upper = 0.5 * (1.0 - x.signum() * gamma_p(0.5, 0.5 * x * x));
        let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        if density > 1e-280 {
            x += (upper - tail) / density;
        }
    }
    if p < 0.5 { -x } else { x }
}

/// The x with P(|t| < x) = 95 % for Student's t with `dof` degrees of freedom.
///
/// Exact for 1 and 2, the expansion 26.7.5 of Abramowitz and Stegun above (error below 0.4 % from 3 on).
pub fn student_95(dof: f64) -> f64 {
    const Z: f64 = 1.959963984540054;
    if dof < 1.5 {
        return 12.706204736;
    }
    if dof < 2.5 {
        return 4.30265273;
    }
    let z = Z;
    let z3 = z.powi(3);
    let z5 = z.powi(5);
    let z7 = z.powi(7);
    let z9 = z.powi(9);
    z + (z3 + z) / (4.0 * dof)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * dof.powi(2))
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * dof.powi(3))
        + (79.0 * z9 + 776.0 * z7 + 1482.0 * z5 - 1920.0 * z3 - 945.0 * z) / (92160.0 * dof.powi(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tabulated quantiles: χ² from Abramowitz and Stegun table 26.8, t from 26.10, normal from 26.1.
    #[test]
    fn tables() {
        for (p, dof, x) in [
            (0.025, 1.0, 0.000982069),
            (0.975, 1.0, 5.02389),
            (0.025, 3.0, 0.215795),
            (0.975, 10.0, 20.4832),
            (0.025, 100.0, 74.2219),
            (0.975, 100.0, 129.561),
        ] {
            assert!((chi_square_quantile(p, dof) / x - 1.0).abs() < 3e-6, "{p} {dof}");
            assert!((chi_square_tail(x, dof) - (1.0 - p)).abs() < 1e-6);
        }
        for (dof, t) in
            [(1.0, 12.706), (2.0, 4.303), (3.0, 3.182), (5.0, 2.571), (10.0, 2.228), (60.0, 2.000)]
        {
            assert!((student_95(dof) / t - 1.0).abs() < 4e-3, "{dof}: {}", student_95(dof));
        }
        assert!((normal_quantile(0.975) - 1.959963984540054).abs() < 1e-12);
        assert!((normal_quantile(0.001) + 3.090232306167813).abs() < 1e-10);
    }

    /// Γ(1/2) = √π; ψ(1) = −γ; ψ'(1) = π²/6.
    #[test]
    fn known_values() {
        let pi = std::f64::consts::PI;
        assert!((ln_gamma(0.5) - 0.5 * pi.ln()).abs() < 1e-12);
        assert!((ln_gamma(11.0) - 3628800_f64.ln()).abs() < 1e-12);
        assert!((digamma(1.0) + 0.5772156649015329).abs() < 1e-9);
        assert!((trigamma(1.0) - pi * pi / 6.0).abs() < 1e-8);
    }
}
