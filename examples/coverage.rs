//! The coverage study: do the 95 % intervals of transport hold the truth in 95 of 100 simulations?
//!
//!     cargo run --release --example coverage -- [REPEATS]
//!
//! Simulates systems whose answers are known, lets the estimators look at each, and counts. The table it prints is
//! the one in docs/coverage.md. `width` is the mean length of the interval in standard deviations of the estimates
//! over 3.92 (1: exactly as long as the estimates scatter); `best` is that length over the one that the best achievable
//! error would have: [`best`] for walkers, [`hops_counted`] for the tracer diffusivity of ions that hop.

use mlmd::analysis::synthetic::{INTERVAL, Kind, Synthetic};
use mlmd::analysis::{Arrhenius, ArrheniusFit, Choice, Estimate, Point, Transport, Window};
use mlmd::system::Element;
use mlmd::units::{BOLTZMANN, ELEMENTARY_CHARGE};
use nalgebra::DMatrix;
use rayon::prelude::*;

const TEMPERATURE: f64 = 600.0;

/// What was found in one system: quantity, estimate (or a refusal), truth, relative Cramér–Rao bound.
type Found = (&'static str, Option<Estimate>, f64, f64);

/// The relative Cramér–Rao bound of the slope of a mean squared displacement whose intercept is not known: walkers with as
/// many independent components, observed for a duration at the lags of a window (Å²/fs and fs drop out).
fn best(lags: &[f64], duration: f64, components: f64) -> f64 {
    let k = lags.len();
    let covariance = DMatrix::from_fn(k, k, |a, b| {
        let (n, m) = (lags[a].min(lags[b]), lags[a].max(lags[b]));
        2.0 * n * (n * (m - n / 3.0) + INTERVAL * INTERVAL / 3.0) / (components * (duration - n))
    });
    let design = DMatrix::from_fn(k, 2, |row, column| if column == 0 { lags[row] } else { 1.0 });
    let solved = covariance.lu().solve(&design).expect("a covariance is regular");
    let inverse = (design.transpose() * solved).try_inverse().expect("two lags or more");
    inverse[(0, 0)].sqrt()
}

/// The relative error of who sees every hop and knows its length: that of a number of independent events, of which those
/// of four ions count four times, so that the variance is larger by 1/H_R.
fn hops_counted(system: &Synthetic) -> f64 {
    1.0 / (system.haven() * system.ions as f64 * system.frames as f64 * system.hops()).sqrt()
}

/// The standard error of the activation energy (eV), and the relative one of a value at another temperature, by relative
/// errors at some temperatures.
fn propagated(points: &[(f64, f64)], at: f64) -> (f64, f64) {
    let x = |t: f64| 1.0 / (BOLTZMANN * t);
    let whole: f64 = points.iter().map(|(_, e)| 1.0 / (e * e)).sum();
    let middle = points.iter().map(|(t, e)| x(*t) / (e * e)).sum::<f64>() / whole;
    let energy = 1.0 / points.iter().map(|(t, e)| (x(*t) - middle).powi(2) / (e * e)).sum::<f64>();
    (energy.sqrt(), (1.0 / whole + energy * (x(at) - middle).powi(2)).sqrt())
}

fn one(system: &Synthetic, seed: u64) -> Vec<Found> {
    let li = Element::from_symbol("Li").expect("lithium is an element");
    let moved = system.watch(seed).expect("synthetic frames are sound");
    let found =
        Transport::of(vec![moved], Some(TEMPERATURE), &[(li, 1.0)], &Choice::default()).expect("one run");
    let (truth, haven) = (system.diffusivity(), system.haven());
    let tracer = found.tracers[0].1.as_ref().ok();
    let charge = found.charge.as_ref().ok();
    let lags = |window: &Window| -> Vec<f64> {
        let all = found.runs[0].msd[0].lags.iter().map(|lag| *lag as f64 * INTERVAL);
        all.filter(|t| *t >= window.start && *t <= window.end).collect()
    };
    let frames = system.frames as f64 - 1.0;
    let dimensions = if system.kind == Kind::Anisotropic { 5.25 * 5.25 / (16.0 + 1.0 + 0.0625) } else { 3.0 };
    // Of four that share half of their steps each knows a quarter of the squares of the others.
    let walkers = system.ions as f64 / if system.kind == Kind::Concert { 1.75 } else { 1.0 };
    let own = match system.kind {
        Kind::Cages | Kind::Chains | Kind::Vacancies => hops_counted(system),
        _ => tracer.map_or(0.0, |t| best(&lags(&t.window), frames * INTERVAL, dimensions * walkers)),
    };
    let all = charge.map_or(0.0, |c| best(&lags(&c.window), frames * INTERVAL, dimensions));
    vec![
        ("D*", tracer.map(|t| t.diffusivity.clone()), truth, own),
        ("D_σ", charge.map(|c| c.diffusivity.clone()), truth / haven, all),
        ("H_R", charge.map(|c| c.haven.clone()), haven, all),
    ]
}

/// Temperatures of the Arrhenius study with hop probabilities of 0.25 eV.
fn arrhenius(seed: u64) -> Vec<Found> {
    let li = Element::from_symbol("Li").expect("lithium is an element");
    let probability = |t: f64| 0.25 * (-0.25 / BOLTZMANN * (1.0 / t - 1.0 / 1000.0)).exp();
    let of = |t: f64| Synthetic { step: probability(t), frames: 800, ..Synthetic::of(Kind::Cages) };
    let (mut tracers, mut charges) = (Vec::new(), Vec::new());
    let (mut counted, mut collective) = (Vec::new(), Vec::new());
    for (k, t) in [600.0, 700.0, 800.0, 900.0, 1000.0].into_iter().enumerate() {
        let moved = of(t).watch(seed * 5 + k as u64).expect("synthetic frames are sound");
        let found = Transport::of(vec![moved], Some(t), &[(li, 1.0)], &Choice::default()).expect("one run");
        counted.push((t, hops_counted(&of(t))));
        if let Ok(tracer) = &found.tracers[0].1 {
            tracers.push(Point { temperature: t, estimate: tracer.diffusivity.clone() });
        }
        if let Ok(charge) = found.charge {
            let lags = found.runs[0].msd[0].lags.iter().map(|lag| *lag as f64 * INTERVAL);
            let lags: Vec<f64> =
                lags.filter(|l| *l >= charge.window.start && *l <= charge.window.end).collect();
            collective.push((t, best(&lags, 799.0 * INTERVAL, 3.0)));
            charges.push(Point { temperature: t, estimate: charge.conductivity });
        }
    }
    let sigma = of(300.0).diffusivity() * 10.0 * 32.0 * ELEMENTARY_CHARGE * 1e23
        / (of(300.0).volume() * BOLTZMANN * 300.0);
    let tracer = Arrhenius::fit(&tracers, ArrheniusFit::Diffusivity, &[300.0]).ok();
    let charge = Arrhenius::fit(&charges, ArrheniusFit::Conductivity, &[300.0]).ok();
    let (own, own_far) = propagated(&counted, 300.0);
    let (all, all_far) = propagated(&collective, 300.0);
    vec![
        ("Ea (D*)", tracer.as_ref().map(|a| a.energy.clone()), 0.25, own / 0.25),
        ("D*(300 K)", tracer.map(|a| a.predictions[0].1.clone()), of(300.0).diffusivity(), own_far),
        ("Ea (σT)", charge.as_ref().map(|a| a.energy.clone()), 0.25, all / 0.25),
        ("σ(300 K)", charge.map(|a| a.predictions[0].1.clone()), sigma, all_far),
    ]
}

fn report(name: &str, systems: &[Vec<Found>]) {
    for (q, (quantity, _, truth, _)) in systems[0].iter().enumerate() {
        let found: Vec<(&Estimate, f64)> =
            systems.iter().filter_map(|s| s[q].1.as_ref().map(|e| (e, s[q].3))).collect();
        let n = found.len() as f64;
        let held = found.iter().filter(|(e, _)| e.holds(*truth)).count() as f64;
        let mean = found.iter().map(|(e, _)| e.value).sum::<f64>() / n;
        let scatter = (found.iter().map(|(e, _)| (e.value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        // The interval of a value extrapolated over orders of magnitude is long on one side: its logarithm tells.
        let far = quantity.contains("300");
        let length = |e: &Estimate| {
            if far { (e.ci95[1] / e.ci95[0]).ln() } else { (e.ci95[1] - e.ci95[0]) / truth }
        };
        let mut scatter = scatter / truth;
        if far {
            let logs: Vec<f64> = found.iter().map(|(e, _)| (e.value / truth).ln()).collect();
            let middle = logs.iter().sum::<f64>() / n;
            scatter = (logs.iter().map(|l| (l - middle).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        }
        let length = found.iter().map(|(e, _)| length(e)).sum::<f64>() / n / 3.92;
        let bound = found.iter().map(|(_, b)| b).sum::<f64>() / n;
        println!(
            "| {name} | {quantity} | {n} | {:.1} | {:.3} | {scatter:.3} | {:.2} | {:.2} |",
            100.0 * held / n,
            mean / truth,
            length / scatter,
            length / bound,
        );
    }
}

fn main() {
    let repeats: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1000);
    println!("| system | quantity | answered | held, % | mean/truth | scatter/truth | width | best |");
    println!("|---|---|---|---|---|---|---|---|");
    for kind in Kind::ALL {
        let system = Synthetic::of(kind);
        let systems: Vec<_> = (0..repeats).into_par_iter().map(|seed| one(&system, seed)).collect();
        report(&format!("{kind:?}"), &systems);
    }
    for kind in [Kind::Cages, Kind::Chains] {
        let system = Synthetic { frames: 400, step: 0.03, ..Synthetic::of(kind) };
        let systems: Vec<_> = (0..repeats).into_par_iter().map(|seed| one(&system, seed)).collect();
        report(&format!("{kind:?}, short"), &systems);
    }
    let systems: Vec<_> = (0..repeats).into_par_iter().map(arrhenius).collect();
    report("Cages, 600 to 1000 K", &systems);
}
