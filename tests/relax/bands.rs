//! Paths between minima.

use crate::support::{LATTICE, fcc, relaxed, shifted, without};
use mlmd::System;
use mlmd::relax::{BandSettings, Freedom, Interpolation, Settings, band};
use mlmd::system::Vec3;

const TIGHT: f64 = 1e-4;

/// A crystal with a vacancy, before and after a neighbour has hopped into it; both relaxed. And which atom hops.
fn hop() -> (System, System, usize) {
    let crystal = fcc(LATTICE, 2);
    let nearest = LATTICE / 2.0_f64.sqrt();
    let near = |i: &usize| (crystal.cell.shortest(&crystal.positions[*i]).norm() - nearest).abs() < 1e-6;
    let hopper = (1..crystal.len()).find(near).unwrap();
    let start = without(&crystal, 0);
    let mut end = start.clone();
    end.positions[hopper - 1] = crystal.positions[0];
    let settings = Settings { force: TIGHT, ..Settings::default() };
    let relax = |system: &System| relaxed(system, &mut shifted(), &settings).system;
    (relax(&start), relax(&end), hopper - 1)
}

/// By symmetry the saddle is where the atom sits half-way: the barrier is the energy of the crystal relaxed around an
/// atom held there.
#[test]
fn the_saddle_of_a_vacancy_hop_is_half_way() {
    let (start, end, hopper) = hop();
    let settings = BandSettings { images: 5, force: 0.005, ..BandSettings::default() };
    let mut highest = Vec::new();
    let done = band(&start, &end, &shifted(), &settings, &mut |state| {
        highest.push(state.barrier);
        Ok(())
    })
    .unwrap();
    assert_eq!(done.stopped, None);
    assert_eq!((done.top(), done.climbing), (3, Some(3)));

    // From the perfect lattice, so that both sides are alike to the last bit but one.
    let crystal = fcc(LATTICE, 2);
    let mut middle = without(&crystal, 0);
    let half = 0.5 * crystal.cell.shortest(&(crystal.positions[0] - middle.positions[hopper]));
    middle.positions[hopper] += half;
    middle.wrap();
    let mut held = vec![[false; 3]; middle.len()];
    held[hopper] = [true; 3];
    let freedom = Freedom { held, ..Freedom::default() };
    let around = relaxed(&middle, &mut shifted(), &Settings { freedom, force: TIGHT, ..Settings::default() });
    let mut engine = shifted();
    let at_rest = engine.evaluate(&start).unwrap().energy;
    let expected = around.energy - at_rest;
    // What is left of the energy is of the order of force²/stiffness, (0.005 eV/Å)²·31/(5 eV/Å²).
    assert!((done.forward() - expected).abs() < 2e-4, "{} {expected}", done.forward());
    assert!((done.backward() - expected).abs() < 2e-4);
    assert!(done.reaction().abs() < 1e-6);
    assert!(expected > 0.5, "{expected}");
    // The path is symmetric, and flat where it begins, ends and turns.
    let n = done.images.len();
    for k in 0..n {
        let twin = &done.images[n - 1 - k];
        assert!((done.images[k].energy - twin.energy).abs() < 5e-3, "{k}");
    }
    for k in [0, 3, n - 1] {
        assert!(done.images[k].slope.abs() < 0.02, "{k}: {}", done.images[k].slope);
    }
    let distances: Vec<f64> = done.images.iter().map(|image| image.distance).collect();
    assert!(distances.windows(2).all(|pair| pair[1] > pair[0]), "{distances:?}");
    assert!(highest.last().unwrap() >= &(expected - 2e-4));
}

/// Of a straight path that is not relaxed all is known: its length, the energies of its ends, and that slopes add up to
/// energies, here by Simpson's rule over intervals of a fortieth of it.
#[test]
fn slopes_of_a_straight_path_add_up_to_its_energies() {
    let (start, mut end, hopper) = hop();
    // Not quite in the vacancy, so that the ends differ.
    end.positions[hopper] += Vec3::new(0.1, -0.05, 0.02);
    let interpolation = Interpolation::Linear;
    let settings = BandSettings { images: 39, steps: 0, interpolation, ..BandSettings::default() };
    let done = band(&start, &end, &shifted(), &settings, &mut |_| Ok(())).unwrap();
    let image = |k: usize| &done.images[k];
    let mut engine = shifted();
    let [first, last] = [&start, &end].map(|system| engine.evaluate(system).unwrap().energy);
    assert!((done.reaction() - (last - first)).abs() < 1e-9 && (last - first).abs() > 0.01, "{last} {first}");
    let highest = (0..41).map(|k| image(k).energy).fold(first, f64::max);
    assert!((done.forward() - (highest - first)).abs() < 1e-9, "{}", done.forward());
    assert!((done.backward() - (highest - last)).abs() < 1e-9, "{}", done.backward());
    let moved = |i: usize| start.cell.shortest(&(end.positions[i] - start.positions[i])).norm_squared();
    let length = (0..start.len()).map(moved).sum::<f64>().sqrt();
    assert!((image(40).distance / length - 1.0).abs() < 1e-9, "{}", image(40).distance);
    let mut sum = 0.0;
    for k in (0..40).step_by(2) {
        let step = image(k + 1).distance - image(k).distance;
        sum += step / 3.0 * (image(k).slope + 4.0 * image(k + 1).slope + image(k + 2).slope);
        let risen = image(k + 2).energy - first;
        assert!((sum - risen).abs() < 1e-3 * done.forward(), "image {k}: {sum}, risen by {risen}");
    }
}

/// Two atoms change places: straight lines lead through each other, even distances around.
#[test]
fn even_distances_lead_atoms_around_each_other() {
    let start = fcc(LATTICE, 2);
    let nearest = LATTICE / 2.0_f64.sqrt();
    let near = |i: &usize| (start.cell.shortest(&start.positions[*i]).norm() - nearest).abs() < 1e-6;
    let other = (1..start.len()).find(near).unwrap();
    let mut end = start.clone();
    // Not quite: exactly on one line no side is better than the other.
    end.positions[0] =
        start.positions[0] + start.cell.shortest(&start.positions[other]) + Vec3::new(0.2, 0.1, 0.3);
    end.positions[other] = start.positions[0] + Vec3::new(-0.1, 0.2, 0.1);
    end.wrap();
    let closest = |interpolation| {
        let settings = BandSettings { interpolation, steps: 0, images: 7, ..BandSettings::default() };
        let done = band(&start, &end, &shifted(), &settings, &mut |_| Ok(())).unwrap();
        assert!(done.stopped.is_some());
        let distance = |s: &System| s.cell.shortest(&(s.positions[0] - s.positions[other])).norm();
        done.images.iter().map(|image| distance(&image.system)).fold(f64::INFINITY, f64::min)
    };
    let (straight, even) = (closest(Interpolation::Linear), closest(Interpolation::Idpp));
    assert!(straight < 0.25 * nearest && even > 0.6 * nearest, "{straight} {even}");
}

#[test]
fn paths_between_what_cannot_be_connected_are_refused() {
    let start = fcc(LATTICE, 2);
    let settings = BandSettings::default();
    let refused =
        |end: &System| band(&start, end, &shifted(), &settings, &mut |_| Ok(())).unwrap_err().to_string();
    assert!(refused(&start).contains("the same structure"));
    assert!(refused(&without(&start, 1)).contains("32 atoms and ends with 31"));
    assert!(refused(&fcc(1.01 * LATTICE, 2)).contains("cells at the start and at the end"));
    let mut other = start.clone();
    other.species[4] = "Kr".parse().unwrap();
    assert!(refused(&other).contains("atom 4 is Ar at the start of the path and Kr"));
}
