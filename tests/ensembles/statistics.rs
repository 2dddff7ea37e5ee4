//! Tests of distributions on samples that are correlated in time.

/// Mean of numbers.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// How many samples are worth one independent one: how much more the means of twenty blocks scatter than those of
/// independent samples would. Good to a third, and blind to nothing faster than a block.
pub(crate) fn inefficiency(values: &[f64]) -> f64 {
    const BLOCKS: usize = 20;
    let size = values.len() / BLOCKS;
    let blocks: Vec<f64> = values.chunks_exact(size).take(BLOCKS).map(mean).collect();
    (size as f64 * variance(&blocks) / variance(values)).max(1.0)
}

fn variance(values: &[f64]) -> f64 {
    let average = mean(values);
    values.iter().map(|x| (x - average).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// The mean with its standard error.
pub(crate) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    (mean(values), (variance(values) * inefficiency(values) / values.len() as f64).sqrt())
}

/// The mean is within four standard errors of what is expected, and these are at most a fraction `known` of it.
pub(crate) fn check_mean(what: &str, values: &[f64], expected: f64, known: f64) {
    let (mean, error) = mean_and_error(values);
    eprintln!("{what}: {mean} ± {error}, expected {expected}");
    assert!((mean - expected).abs() < 4.0 * error, "{what}: {mean} ± {error}, expected {expected}");
    assert!(error < known * expected.abs(), "{what}: {mean} ± {error} tells too little about {expected}");
}

/// The test of Kolmogorov and Smirnov: the largest distance of the distribution of the samples from the one expected is
/// below what one in a thousand sets of as many independent samples exceeds, 1.95/√n. There must be a hundred.
pub(crate) fn check_distribution(what: &str, values: &[f64], expected: impl Fn(f64) -> f64) {
    let independent = values.len() as f64 / inefficiency(values);
    assert!(independent > 100.0, "{what}: {independent} independent samples are too few");
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let distance = |(k, x): (usize, &f64)| {
        let p = expected(*x);
        (p - k as f64 / n).max((k + 1) as f64 / n - p)
    };
    let largest = sorted.iter().enumerate().map(distance).fold(0.0, f64::max);
    let limit = 1.95 / independent.sqrt();
    eprintln!("{what}: distance {largest}, limit {limit} for {independent} samples");
    assert!(largest < limit, "{what}: distance {largest}, limit {limit} for {independent} samples");
}

/// The most likely b of ln p₂(x)/p₁(x) = a + b x given as many samples of p₁ as of p₂: Newton's method on the likelihood
/// of telling them apart (Shirts, doi:10.1021/ct300688p).
fn slope(first: &[f64], second: &[f64]) -> f64 {
    let all = || first.iter().map(|x| (*x, 0.0)).chain(second.iter().map(|x| (*x, 1.0)));
    let n = (first.len() + second.len()) as f64;
    let centre = all().map(|(x, _)| x).sum::<f64>() / n;
    let width = (all().map(|(x, _)| (x - centre).powi(2)).sum::<f64>() / n).sqrt();
    let (mut a, mut b) = (0.0, 0.0);
    for _ in 0..30 {
        let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
        for (x, label) in all() {
            let x = (x - centre) / width;
            let p = 1.0 / (1.0 + (-a - b * x).exp());
            g = [g[0] + label - p, g[1] + (label - p) * x];
            let q = p * (1.0 - p);
            h = [h[0] + q, h[1] + q * x, h[2] + q * x * x];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        let step = [(h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant];
        (a, b) = (a + step[0], b + step[1]);
        if step[0].abs() + step[1].abs() < 1e-10 {
            break;
        }
    }
    b / width
}

/// The ratio of two distributions is exponential, and its slope is within four standard errors of what is expected; the
/// error is that of the jackknife over twelve blocks, and at most a fifth of what is expected.
pub(crate) fn check_ratio(what: &str, first: &[f64], second: &[f64], expected: f64) {
    const BLOCKS: usize = 12;
    let whole = slope(first, second);
    let without = |values: &[f64], block: usize| {
        let size = values.len() / BLOCKS;
        let (before, rest) = values.split_at(block * size);
        [before, &rest[size..]].concat()
    };
    let parts: Vec<f64> =
        (0..BLOCKS).map(|block| slope(&without(first, block), &without(second, block))).collect();
    let average = mean(&parts);
    let error = (parts.iter().map(|s| (s - average).powi(2)).sum::<f64>() * (BLOCKS - 1) as f64
        / BLOCKS as f64)
        .sqrt();
    eprintln!("{what}: slope {whole} ± {error}, expected {expected}");
    assert!((whole - expected).abs() < 4.0 * error, "{what}: {whole} ± {error}, expected {expected}");
    assert!(error < 0.2 * expected.abs(), "{what}: {whole} ± {error} tells too little about {expected}");
}

/// Independent normal numbers pass, and numbers of another width, or with another ratio, do not.
#[test]
fn the_tests_can_tell() {
    let normal = |seed: u64, centre: f64, width: f64| -> Vec<f64> {
        let mut random = mlmd::random::Philox::new(seed, mlmd::random::Purpose::General, 0, 0);
        (0..1200).map(|_| centre + width * random.normal()).collect()
    };
    // Normal numbers of width 1 about ±d/2: ln p₂/p₁ = d x.
    let (left, right) = (normal(1, -0.5, 1.0), normal(2, 0.5, 1.0));
    check_ratio("normal numbers", &left, &right, 1.0);
    check_mean("normal numbers", &left, -0.5, 0.1);
    let logistic = |x: f64| 1.0 / (1.0 + (-1.702 * x).exp());
    // The logistic curve is within 0.01 of the normal distribution.
    check_distribution("normal numbers", &normal(3, 0.0, 1.0), logistic);
    let fails = |test: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).is_err();
    assert!(fails(&|| check_ratio("another slope", &left, &right, 1.5)));
    assert!(fails(&|| check_distribution("another width", &normal(4, 0.0, 0.7), logistic)));
    assert!(fails(&|| check_mean("another mean", &left, -0.65, 0.1)));
}
