//! Energies of the elements, such that what is left to a network is small: least squares of
//! E/N = Σ_e x_e E_e over frames of composition x.

use super::dataset::Sample;
use crate::system::Element;
use nalgebra::{DMatrix, DVector};
use std::borrow::Borrow;

/// Reference energies (eV) of `elements` by least squares over the frames that have an energy; where the
/// compositions leave some combination open, the smallest solution.
pub fn fit(samples: &[Sample], elements: &[Element]) -> Vec<f64> {
    solve(samples, elements, &vec![1.0; samples.len()])
}

/// Energies of `elements` of which some are known, the others by least squares of what is left.
pub fn complete(samples: &[Sample], elements: &[Element], known: &[Option<f64>]) -> Vec<f64> {
    let open: Vec<Element> =
        elements.iter().zip(known).filter(|(_, k)| k.is_none()).map(|(e, _)| *e).collect();
    if open.is_empty() {
        return known.iter().flatten().copied().collect();
    }
    let given: Vec<f64> = known.iter().map(|k| k.unwrap_or(0.0)).collect();
    let mut found = fit(&beyond(samples, elements, &given), &open).into_iter();
    known.iter().map(|k| k.or_else(|| found.next()).unwrap_or(0.0)).collect()
}

/// Energies of `elements` near given ones: what the frames tell of them is added, and where their compositions leave
/// something open the given ones stay.
pub fn adjusted(samples: &[Sample], elements: &[Element], given: &[f64]) -> Vec<f64> {
    let by = fit(&beyond(samples, elements, given), elements);
    given.iter().zip(by).map(|(given, by)| given + by).collect()
}

/// The same frames with what their energies are beyond those of the elements.
fn beyond(samples: &[Sample], elements: &[Element], references: &[f64]) -> Vec<Sample> {
    let one = |sample: &Sample| {
        let rest = residual(sample, elements, references) * sample.frame.len() as f64;
        let mut sample = sample.clone();
        sample.frame.energy = sample.frame.energy.map(|_| rest);
        sample
    };
    samples.iter().map(one).collect()
}

/// E/N − Σ_e x_e E_e of every frame, eV, with energies of the elements that a few odd frames do not pull
/// towards themselves: least absolute differences by reweighted least squares.
pub fn robust_residuals<S: Borrow<Sample>>(samples: &[S], elements: &[Element]) -> Vec<f64> {
    let mut weights = vec![1.0; samples.len()];
    let mut rest = Vec::new();
    for _ in 0..20 {
        let references = solve(samples, elements, &weights);
        rest = samples.iter().map(|sample| residual(sample.borrow(), elements, &references)).collect();
        weights = rest.iter().map(|r: &f64| 1.0 / r.abs().max(1e-4)).collect();
    }
    rest
}

/// E/N − Σ_e x_e E_e of a frame; zero if it has no energy.
pub fn residual(sample: &Sample, elements: &[Element], references: &[f64]) -> f64 {
    let fractions = composition(sample, elements);
    let expected: f64 = fractions.iter().zip(references).map(|(x, e)| x * e).sum();
    sample.frame.energy.map_or(0.0, |energy| energy / sample.frame.len() as f64 - expected)
}

fn composition(sample: &Sample, elements: &[Element]) -> Vec<f64> {
    let n = sample.frame.len() as f64;
    let count = |e: &Element| sample.frame.species.iter().filter(|s| *s == e).count() as f64;
    elements.iter().map(|e| count(e) / n).collect()
}

fn solve<S: Borrow<Sample>>(samples: &[S], elements: &[Element], weights: &[f64]) -> Vec<f64> {
    let known: Vec<_> = samples
        .iter()
        .map(Borrow::borrow)
        .zip(weights)
        .filter(|(s, _): &(&Sample, _)| s.frame.energy.is_some())
        .collect();
    let mut matrix = DMatrix::zeros(elements.len(), elements.len());
    let mut right = DVector::zeros(elements.len());
    for (sample, weight) in known {
        let x = DVector::from_vec(composition(sample, elements));
        let energy = sample.frame.energy.unwrap_or(0.0) / sample.frame.len() as f64;
        matrix += *weight * &x * x.transpose();
        right += *weight * energy * x;
    }
    let scale = matrix.trace().max(f64::MIN_POSITIVE);
    let svd = matrix.svd(true, true);
    svd.solve(&right, 1e-10 * scale).map_or_else(|_| vec![0.0; elements.len()], |x| x.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::Frame;
    use crate::system::{Cell, Vec3};

    fn sample(lithium: usize, nitrogen: usize, energy: f64) -> Sample {
        let [li, n] = ["Li", "N"].map(|s| Element::from_symbol(s).unwrap());
        let species = [vec![li; lithium], vec![n; nitrogen]].concat();
        let positions = vec![Vec3::zeros(); species.len()];
        let frame = Frame { energy: Some(energy), ..Frame::new(Cell::isolated(), species, positions) };
        Sample { frame, weight: 1.0 }
    }

    #[test]
    fn energies_of_the_elements_are_found_again() {
        let elements = ["Li", "N"].map(|s| Element::from_symbol(s).unwrap());
        let energy = |li: usize, n: usize| -2.0 * li as f64 - 5.0 * n as f64;
        let mut samples: Vec<_> =
            [(3, 1), (1, 1), (2, 0), (6, 2)].map(|(a, b)| sample(a, b, energy(a, b))).into();
        let found = fit(&samples, &elements);
        assert!((found[0] + 2.0).abs() < 1e-9 && (found[1] + 5.0).abs() < 1e-9, "{found:?}");
        // One composition only: the total is right, however it is shared out.
        let one = fit(&samples[..1], &elements);
        assert!((3.0 * one[0] + one[1] + 11.0).abs() < 1e-9, "{one:?}");
        // With one of them known the other one follows.
        let found = complete(&samples, &elements, &[Some(-2.5), None]);
        assert!(found[0] == -2.5 && (found[1] + 4.3).abs() < 0.5, "{found:?}");
        // Given energies are corrected by the frames, and stay where these leave it open.
        let found = adjusted(&samples, &elements, &[-0.3, -3.1]);
        assert!((found[0] + 2.0).abs() < 1e-9 && (found[1] + 5.0).abs() < 1e-9, "{found:?}");
        let one = adjusted(&samples[..1], &elements, &[-2.3, -4.1]);
        assert!(
            (3.0 * one[0] + one[1] + 11.0).abs() < 1e-9 && (one[0] - one[1] - 1.8).abs() < 0.1,
            "{one:?}"
        );
        // A frame in another unit stands out and does not pull the others.
        samples.push(sample(3, 1, energy(3, 1) / 27.2114));
        let rest = robust_residuals(&samples, &elements);
        assert!(rest[..4].iter().all(|r| r.abs() < 0.05) && rest[4] > 2.0, "{rest:?}");
    }
}
