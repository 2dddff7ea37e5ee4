//! The coverage study: do the 95 % intervals of transport hold the truth in 95 of 100 simulations?
//!
//!     cargo run --release --example coverage -- [REPEATS]
//!
//! Simulates systems whose answers are known, lets the estimators look at each, and counts. The table it prints is
//! the one in docs/coverage.md. `width` is the mean length of the interval in standard deviations of the estimates
//! over 3.92 (1: exactly as long as the estimates scatter); `best` compares that scatter with the Cramér–Rao bound of
//! an ideal walk observed at the first lag of the window, √(2/(d N T/t)).

use mlmd::analysis::synthetic::{Kind, Synthetic};
use mlmd::analysis::{Arrhenius, ArrheniusFit, Choice, Estimate, Point, Transport};
use mlmd::system::Element;
use mlmd::units::BOLTZMANN;
use rayon::prelude::*;

const TEMPERATURE: f64 = 600.0;

/// What was found in one system: quantity, estimate (or a refusal), truth, relative Cramér–Rao bound.
type Found = (&'static str, Option<Estimate>, f64, f64);

fn one(system: &Synthetic, seed: u64) -> Vec<Found> {
    let li = Element::from_symbol("Li").expect("lithium is an element");
    let moved = system.watch(seed).expect("synthetic frames are sound");
    let duration = moved.duration();
    let found =
        Transport::of(vec![moved], Some(TEMPERATURE), &[(li, 1.0)], &Choice::default()).expect("one run");
    let (truth, haven) = (system.diffusivity(), system.haven());
    let tracer = found.tracers[0].1.as_ref().ok();
    let charge = found.charge.as_ref().ok();
    let bound = |window: Option<f64>, walkers: f64| {
        window.map_or(0.0, |start| (2.0 / (3.0 * walkers * duration / start)).sqrt())
    };
    let (own, all) = (
        bound(tracer.map(|t| t.window.start), system.ions as f64),
        bound(charge.map(|c| c.window.start), 1.0),
    );
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
    for (k, t) in [600.0, 700.0, 800.0, 900.0, 1000.0].into_iter().enumerate() {
        let moved = of(t).watch(seed * 5 + k as u64).expect("synthetic frames are sound");
        let found = Transport::of(vec![moved], Some(t), &[(li, 1.0)], &Choice::default()).expect("one run");
        if let Ok(tracer) = &found.tracers[0].1 {
            tracers.push(Point { temperature: t, estimate: tracer.diffusivity.clone() });
        }
        if let Ok(charge) = found.charge {
            charges.push(Point { temperature: t, estimate: charge.conductivity });
        }
    }
    let sigma = of(300.0).diffusivity() * 10.0 * 32.0 * 1.602176634e-19 * 1e23
        / (Synthetic::volume() * BOLTZMANN * 300.0);
    let tracer = Arrhenius::fit(&tracers, ArrheniusFit::Diffusivity, &[300.0]).ok();
    let charge = Arrhenius::fit(&charges, ArrheniusFit::Conductivity, &[300.0]).ok();
    vec![
        ("Ea (D*)", tracer.as_ref().map(|a| a.energy.clone()), 0.25, 0.0),
        ("D*(300 K)", tracer.map(|a| a.predictions[0].1.clone()), of(300.0).diffusivity(), 0.0),
        ("Ea (σT)", charge.as_ref().map(|a| a.energy.clone()), 0.25, 0.0),
        ("σ(300 K)", charge.map(|a| a.predictions[0].1.clone()), sigma, 0.0),
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
        let width = found.iter().map(|(e, _)| e.ci95[1] - e.ci95[0]).sum::<f64>() / n / 3.92 / scatter;
        let bound = found.iter().map(|(_, b)| b).sum::<f64>() / n;
        let best = if bound > 0.0 { format!("{:.2}", scatter / truth / bound) } else { "–".into() };
        println!(
            "| {name} | {quantity} | {n} | {:.1} | {:.3} | {:.3} | {width:.2} | {best} |",
            100.0 * held / n,
            mean / truth,
            scatter / truth,
        );
    }
}

fn main() {
    let repeats: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1000);
    println!(
        "| system | quantity | answered | held, % | mean/truth | scatter/truth | width | scatter/bound |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for kind in Kind::ALL {
        let system = Synthetic::of(kind);
        let systems: Vec<_> = (0..repeats).into_par_iter().map(|seed| one(&system, seed)).collect();
        report(&format!("{kind:?}"), &systems);
    }
    let systems: Vec<_> = (0..repeats).into_par_iter().map(arrhenius).collect();
    report("Cages, 600 to 1000 K", &systems);
}
