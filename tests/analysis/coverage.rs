//! The coverage study in small: `examples/coverage.rs` is the whole of it.

use mlmd::analysis::synthetic::{INTERVAL, Kind, Synthetic};
use mlmd::analysis::{Choice, DriftReference, Motion, Settings, Transport};
use mlmd::random::{Philox, Purpose};
use mlmd::system::{Element, Vec3};
use mlmd::{Cell, Frame};
use rayon::prelude::*;

const REPEATS: u64 = 70;

/// 70 systems of each of seven kinds: the 95 % intervals hold the truth in 95 % of the 490 cases within three standard
/// errors of such a count (3.0 %), and the mean is right within four standard errors of its scatter.
#[test]
fn intervals_hold_the_truth() {
    let li = Element::from_symbol("Li").unwrap();
    let cases: Vec<(Kind, u64)> = [
        Kind::Concert,
        Kind::Cages,
        Kind::Chains,
        Kind::Vacancies,
        Kind::Drift,
        Kind::Breathing,
        Kind::Inertia,
    ]
    .into_iter()
    .flat_map(|kind| (0..REPEATS).map(move |seed| (kind, 1000 + seed)))
    .collect();
    let found: Vec<[(bool, f64); 3]> = cases
        .par_iter()
        .map(|(kind, seed)| {
            let system = Synthetic::of(*kind);
            let moved = system.watch(*seed).unwrap();
            let found = Transport::of(vec![moved], Some(600.0), &[(li, 1.0)], &Choice::default()).unwrap();
            let (truth, haven) = (system.diffusivity(), system.haven());
            let tracer = &found.tracers[0].1.as_ref().unwrap().diffusivity;
            let charge = found.charge.as_ref().unwrap();
            [(tracer, truth), (&charge.diffusivity, truth / haven), (&charge.haven, haven)]
                .map(|(estimate, truth)| (estimate.holds(truth), estimate.value / truth))
        })
        .collect();
    let n = found.len() as f64;
    for (quantity, name) in ["D*", "D_σ", "H_R"].into_iter().enumerate() {
        let held = found.iter().filter(|f| f[quantity].0).count() as f64 / n;
        assert!((held - 0.95).abs() < 0.030, "{name}: {held}");
        let mean = found.iter().map(|f| f[quantity].1).sum::<f64>() / n;
        let scatter = (found.iter().map(|f| (f[quantity].1 - mean).powi(2)).sum::<f64>() / n).sqrt();
        // A ratio and a fit with a known intercept have a bias of second order: a fifth of the scatter is allowed.
        assert!((mean - 1.0).abs() < 0.2 * scatter + 4.0 * scatter / n.sqrt(), "{name}: {mean} ± {scatter}");
    }
}

/// What directions and pairs of elements contribute to the conductivity adds up to it, to rounding, rattling or not, and
/// each has the sign and size that is known.
#[test]
fn parts_of_the_conductivity_add_up() {
    let [li, o] = ["Li", "O"].map(|symbol| Element::from_symbol(symbol).unwrap());
    for kind in [Kind::Cages, Kind::Vacancies, Kind::Walks, Kind::Inertia] {
        let moved = Synthetic::of(kind).watch(3).unwrap();
        let choice = Choice::default();
        let found = Transport::of(vec![moved], Some(600.0), &[(li, 1.0), (o, -2.0)], &choice).unwrap();
        let charge = found.charge.unwrap();
        let sigma = charge.conductivity.value;
        let directions = charge.directions.iter().map(|d| d.value).sum::<f64>() / 3.0;
        let pairs: f64 =
            charge.cross.iter().map(|c| c.conductivity.value * if c.a == c.b { 1.0 } else { 2.0 }).sum();
        assert!((directions / sigma - 1.0).abs() < 1e-9, "{kind:?}: {directions} {sigma}");
        assert!((pairs / sigma - 1.0).abs() < 1e-9, "{kind:?}: {pairs} {sigma}");
        // σ = σ_NE/H_R, and 1/H_R is the inverse of H_R.
        let (plain, haven) = (found.nernst_einstein.unwrap().value, charge.haven.value);
        assert!((plain / haven / sigma - 1.0).abs() < 1e-9, "{kind:?}: {plain} {haven} {sigma}");
        assert!((haven * charge.inverse_haven.value - 1.0).abs() < 1e-12, "{kind:?}");
        // Nothing diffuses but lithium.
        assert!((charge.cross[0].conductivity.value / sigma - 1.0).abs() < 0.05, "{kind:?}");
    }
}

/// Ions that rattle and do not hop have no diffusivity, and the refusal says how much longer to run.
#[test]
fn rattling_is_no_diffusion() {
    let caged = Synthetic { step: 0.0, frames: 400, ..Synthetic::of(Kind::Cages) };
    let slow = Synthetic { step: 0.001, ..caged };
    for system in [caged, slow] {
        let found = Transport::of(vec![system.watch(1).unwrap()], None, &[], &Choice::default()).unwrap();
        let refusal = found.tracers[0].1.as_ref().unwrap_err().to_string();
        assert!(refusal.starts_with("not diffusive within this run"), "{refusal}");
        assert!(refusal.contains("at least") && refusal.contains("more"), "{refusal}");
    }
}

/// Ions that fly straight on have no diffusivity, however different their velocities are.
#[test]
fn flying_is_no_diffusion() {
    let li = Element::from_symbol("Li").unwrap();
    let cell = Cell::orthorhombic(40.0, 40.0, 40.0).unwrap();
    for seed in 0..40 {
        let mut random = Philox::new(seed, Purpose::General, 0, 0);
        let velocities: Vec<Vec3> = (0..24).map(|_| Vec3::from_fn(|_, _| 0.5 * random.normal())).collect();
        let settings =
            Settings { mobile: vec![li], reference: DriftReference::None, interval: Some(INTERVAL) };
        let mut motion = Motion::new(settings);
        for k in 0..400 {
            let positions =
                velocities.iter().map(|v| (v * f64::from(k)).map(|x| x.rem_euclid(40.0))).collect();
            motion.push(&Frame::new(cell.clone(), vec![li; 24], positions)).unwrap();
        }
        let runs = vec![motion.finish().unwrap()];
        let found = Transport::of(runs, Some(600.0), &[(li, 1.0)], &Choice::default()).unwrap();
        assert!(found.tracers[0].1.is_err() && found.charge.is_err(), "seed {seed}");
    }
}

/// Replicas of unequal length together are better than the longest alone, and agree with the truth.
#[test]
fn replicas_are_taken_together() {
    let system = Synthetic::of(Kind::Walks);
    let half = Synthetic { frames: 300, ..system };
    let runs = vec![system.watch(1).unwrap(), half.watch(2).unwrap(), system.watch(3).unwrap()];
    let of = |runs| Transport::of(runs, None, &[], &Choice::default()).unwrap().tracers[0].1.clone().unwrap();
    let (one, all) = (of(vec![runs[0].clone()]), of(runs));
    assert!(all.diffusivity.std_error < one.diffusivity.std_error);
    let error = (all.diffusivity.value - system.diffusivity()).abs();
    assert!(error < 4.0 * all.diffusivity.std_error, "{}", all.diffusivity);
    // One of two frames has a single lag, and is used beside one of eight.
    let few = |frames, seed| Synthetic { frames, ..system }.watch(seed).unwrap();
    let window = Some([INTERVAL, 3.0 * INTERVAL]);
    for charges in [&[][..], &[(Element::from_symbol("Li").unwrap(), 1.0)]] {
        let choice = Choice { window, ..Choice::default() };
        let found = Transport::of(vec![few(8, 1), few(2, 2)], Some(600.0), charges, &choice).unwrap();
        assert!(found.notes.is_empty() && found.runs.len() == 2);
    }
}

/// Concert is told from chance by what the estimates themselves scatter: of 40 runs of walkers that are alone one in two
/// hundred may be said to move together, so hardly more than one, and groups of four that share half of their steps are
/// in a long run.
#[test]
fn concert_is_told_from_chance() {
    let flagged = |system: Synthetic, seed| {
        let found = Transport::of(vec![system.watch(seed).unwrap()], None, &[], &Choice::default()).unwrap();
        let flags = found.tracers[0].1.as_ref().unwrap().diffusivity.flags.clone();
        flags.iter().any(|flag| flag.starts_with("ions move in concert"))
    };
    assert!((0..40).filter(|seed| flagged(Synthetic::of(Kind::Walks), 500 + seed)).count() <= 2);
    assert!(flagged(Synthetic { ions: 400, frames: 6000, ..Synthetic::of(Kind::Concert) }, 1));
}
