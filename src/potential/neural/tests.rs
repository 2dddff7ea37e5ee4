//! The whole of a neural potential: derivatives, invariance, blocks, committees.

use super::*;
use crate::descriptors::{
    Angle, Chebyshev, ChebyshevCenter, CompactCore, Core, Cutoff, CutoffShape, Moments, MomentsSize, Radial,
    Scaling, ScalingKind, Statistics, SymmetryFunction, SymmetryFunctions,
};
use crate::potential::check::{Settings, check};
use crate::potential::reference::ReferencePotential;
use crate::potential::{Activation, AtomicNetwork, Layer, Network, Output};
use crate::random::{Philox, Purpose};
use crate::system::{Cell, System};
use crate::units::FileUnits;

const CUTOFF: f64 = 4.0;

fn element(symbol: &str) -> Element {
    Element::from_symbol(symbol).unwrap()
}

/// A few symmetry functions of every range for lithium and nitrogen.
fn functions() -> SymmetryFunctions {
    let elements = vec![element("Li"), element("N")];
    let cutoff = Cutoff::new(CutoffShape::Cosine, CUTOFF, 0.0).unwrap();
    let gaussian = |eta: f64, shift: f64| Radial::Gaussian { eta, shift, cutoff };
    let mut all = Vec::new();
    for &e in &elements {
        for (eta, shift) in [(0.5, 0.0), (2.0, 1.5)] {
            all.push(SymmetryFunction::Radial { of: Some(e), radial: gaussian(eta, shift) });
        }
        for &f in &elements {
            for (narrow, zeta) in [(true, 2.0), (false, 1.0)] {
                if e <= f {
                    let angle = Angle::Power { lambda: 1.0, zeta };
                    all.push(SymmetryFunction::Angular {
                        of: Some([e, f]),
                        radial: gaussian(0.1, 0.0),
                        angle,
                        narrow,
                    });
                }
            }
        }
    }
    SymmetryFunctions::new(elements, vec![all.clone(), all]).unwrap()
}

/// A committee with random weights, so that energies are of the order of an electronvolt per atom.
fn model(members: u64) -> Arc<NeuralModel> {
    let statistics = Statistics { min: 0.0, max: 0.3, mean: 0.5, spread: 0.7 };
    with_networks(DescriptorSet::Symmetry(functions()), statistics, members)
}

/// The same on moments: sums over some tens of neighbours, products of up to four of them.
fn moments_model(size: MomentsSize) -> Arc<NeuralModel> {
    let elements = vec![element("Li"), element("N")];
    let moments = Moments::standard(elements, CUTOFF, 0.9 * CUTOFF, size).unwrap();
    let statistics = Statistics { min: -50.0, max: 50.0, mean: 0.5, spread: 30.0 };
    with_networks(DescriptorSet::Moments(moments), statistics, 1)
}

fn with_networks(descriptor: DescriptorSet, statistics: Statistics, members: u64) -> Arc<NeuralModel> {
    let member = |seed: u64| {
        (0..2_u32)
            .map(|center| {
                let inputs = descriptor.len(center as usize);
                let mut random = Philox::new(seed, Purpose::General, 0, center);
                let mut draw = |n: usize| (0..n).map(|_| random.normal() * 0.5).collect::<Vec<f64>>();
                let layers = vec![
                    Layer { weights: draw(inputs * 6), biases: draw(6), activation: Activation::Tanh },
                    Layer { weights: draw(6), biases: draw(1), activation: Activation::Linear },
                ];
                AtomicNetwork {
                    scaling: Scaling::new(ScalingKind::Sigma, [0.0, 1.0], vec![statistics; inputs]).unwrap(),
                    network: Network::new(inputs, layers, false).unwrap(),
                    output: Output { scale: 0.8, shift: -0.3, reference: f64::from(center) },
                }
            })
            .collect()
    };
    let units = FileUnits { energy: 1.0, length: 1.0 };
    let members = (0..members).map(member).collect();
    Arc::new(NeuralModel::new(units, descriptor, members).unwrap())
}

/// Atoms without a lattice in a slanted cell that is smaller than twice the cutoff.
fn disordered(atoms: usize) -> System {
    let edge = (atoms as f64 * 14.0).cbrt();
    let rows = [[edge, 0.0, 0.0], [0.3 * edge, 0.95 * edge, 0.0], [-0.1 * edge, 0.2 * edge, 1.05 * edge]];
    let cell = Cell::new(rows, [true; 3]).unwrap();
    let mut random = Philox::new(3, Purpose::General, 0, 0);
    let mut positions: Vec<Vec3> = Vec::new();
    while positions.len() < atoms {
        let r = cell.cartesian(&Vec3::from_fn(|_, _| random.uniform()));
        if positions.iter().all(|other| cell.shortest(&(r - other)).norm() > 1.4) {
            positions.push(r);
        }
    }
    let species = (0..atoms).map(|i| element(if i % 3 == 0 { "N" } else { "Li" })).collect();
    System::new(cell, species, positions).unwrap()
}

fn evaluate(potential: &mut NeuralPotential, system: &System, list: &NeighborList) -> Evaluation {
    let mut out = Evaluation::default();
    out.reset(system.len());
    let atoms = Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
    potential.evaluate(atoms, list, &mut out).unwrap();
    out
}

#[test]
fn forces_and_virial_are_derivatives_and_nothing_depends_on_the_frame() {
    for members in [1, 3] {
        let mut potential = NeuralPotential::new(model(members), Precision::Double);
        let report = check(&mut potential, &disordered(14), Settings::default()).unwrap();
        assert!(report.passed(), "{report}");
    }
}

#[test]
fn moments_make_a_potential() {
    let system = disordered(14);
    for size in [MomentsSize::Small, MomentsSize::Medium] {
        let model = moments_model(size);
        let mut potential = NeuralPotential::new(Arc::clone(&model), Precision::Double);
        let report = check(&mut potential, &system, Settings::default()).unwrap();
        assert!(report.passed(), "{report}");
        // By its definition, and in single precision.
        let list = NeighborList::build(&system.cell, &system.positions, CUTOFF).unwrap();
        let double = evaluate(&mut potential, &system, &list);
        let mut definition = Evaluation::default();
        definition.reset(system.len());
        let atoms = Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
        ReferencePotential::new((*model).clone()).evaluate(atoms, &list, &mut definition).unwrap();
        let mixed = evaluate(&mut NeuralPotential::new(model, Precision::Mixed), &system, &list);
        let largest = double.forces.iter().map(Vec3::norm).fold(0.0, f64::max);
        assert!((double.energy - definition.energy).abs() < 1e-10 * double.energy.abs());
        assert!((double.virial - definition.virial).norm() < 1e-10 * double.virial.norm().max(largest));
        for ((a, b), c) in double.forces.iter().zip(&definition.forces).zip(&mixed.forces) {
            assert!((a - b).norm() < 1e-10 * largest, "{a} {b}");
            assert!((a - c).norm() < 2e-5 * largest, "{a} {c}");
        }
    }
}

/// A radial factor: a Gaussian with the `case`-th cutoff shape, with or without an inner cutoff, or every
/// third time a function of compact support.
fn radial(case: usize, random: &mut Philox) -> Radial {
    let cores: Vec<_> = CompactCore::all().collect();
    if case % 3 == 2 {
        let left = 1.5 * random.uniform();
        return Radial::Compact {
            left,
            right: CUTOFF - 0.5 * random.uniform(),
            core: cores[case % cores.len()],
        };
    }
    let shape = CutoffShape::ALL[case / 3 % CutoffShape::ALL.len()];
    let inner = if case.is_multiple_of(2) { 0.0 } else { 0.4 };
    let cutoff = Cutoff::new(shape, CUTOFF, inner).unwrap();
    Radial::Gaussian { eta: 0.1 + random.uniform(), shift: 2.0 * random.uniform(), cutoff }
}

/// An angular factor that goes with a radial one.
fn angle(case: usize, radial: Radial) -> Angle {
    if matches!(radial, Radial::Compact { .. }) {
        let core = [Core::Poly1, Core::Poly2, Core::Exponential][case % 3];
        let (left, right) = [(40.0, 150.0), (-90.0, 90.0), (0.0, 120.0), (60.0, 300.0)][case % 4];
        return Angle::Window { left, right, core };
    }
    let zeta = [1.0, 2.0, 3.5, 8.0, 16.0][case % 5];
    Angle::Power { lambda: if case.is_multiple_of(2) { 1.0 } else { -1.0 }, zeta }
}

/// Symmetry functions of every type (radial; angular, narrow and wide; with and without the element of the
/// neighbours) with factors that are drawn.
fn drawn_functions(case: usize) -> SymmetryFunctions {
    let mut random = Philox::new(17, Purpose::General, 0, case as u32);
    let elements = vec![element("Li"), element("N")];
    let mut functions = Vec::new();
    for k in 0..3 {
        let radial = radial(case + 7 * k, &mut random);
        let angle = angle(case + k, radial);
        for of in [None, Some(elements[k % 2])] {
            functions.push(SymmetryFunction::Radial { of, radial });
        }
        for (of, narrow) in [(None, true), (Some([elements[0], elements[k % 2]]), false)] {
            functions.push(SymmetryFunction::Angular { of, radial, angle, narrow });
            functions.push(SymmetryFunction::Angular { of, radial, angle, narrow: !narrow });
        }
    }
    SymmetryFunctions::new(elements, vec![functions.clone(), functions]).unwrap()
}

/// The Chebyshev descriptor with orders that are drawn.
fn drawn_chebyshev(case: usize) -> Chebyshev {
    let elements = vec![element("Li"), element("N")];
    let center = ChebyshevCenter {
        environment: elements.clone(),
        radial_cutoff: CUTOFF,
        radial_order: case % 7,
        angular_cutoff: CUTOFF - 0.1 * (case % 5) as f64,
        angular_order: case % 6,
    };
    Chebyshev::new(elements, vec![center.clone(), center]).unwrap()
}

/// Moments of either size with every cutoff shape.
fn drawn_moments(case: usize) -> Moments {
    let size = [MomentsSize::Small, MomentsSize::Medium][case % 2];
    let mut moments =
        Moments::standard(vec![element("Li"), element("N")], CUTOFF, 0.9 * CUTOFF, size).unwrap();
    for center in &mut moments.centers {
        // A hard cutoff is refused.
        let shape = CutoffShape::ALL[1 + case % (CutoffShape::ALL.len() - 1)];
        center.radial.cutoff.shape = shape;
        let angular = center.angular.as_mut().unwrap();
        angular.functions.cutoff.shape = shape;
        angular.functions.cutoff.inner = if case.is_multiple_of(2) { 0.0 } else { 0.3 };
    }
    moments
}

/// Forces and stress are derivatives of the energy, and nothing depends on origin, axes, order or cell, for
/// generated combinations of types of descriptors and cutoffs. Where a cutoff is not smooth, or a compact
/// function ends within reach, the check itself knows that a derivative is rough.
#[test]
fn every_combination_of_descriptor_and_cutoff_has_exact_derivatives() {
    let system = disordered(8);
    let settings = Settings { atoms: 2, ..Settings::default() };
    let compare = |descriptor: DescriptorSet, spread: f64, what: &str| {
        let statistics = Statistics { min: -50.0, max: 50.0, mean: 0.5, spread };
        let model = with_networks(descriptor, statistics, 1);
        let mut potential = NeuralPotential::new(model, Precision::Double);
        let report = check(&mut potential, &system, settings).unwrap();
        assert!(report.passed(), "{what}: {report}");
    };
    for case in 0..36 {
        let functions = DescriptorSet::Symmetry(drawn_functions(case));
        compare(functions, 0.7, &format!("symmetry functions {case}"));
    }
    for case in 0..14 {
        compare(DescriptorSet::Chebyshev(drawn_chebyshev(case)), 5.0, &format!("Chebyshev {case}"));
    }
    for case in 0..16 {
        compare(DescriptorSet::Moments(drawn_moments(case)), 30.0, &format!("moments {case}"));
    }
}

/// Single precision holds seven digits; sums over some tens of terms and a network lose less than one.
#[test]
fn mixed_precision_agrees_with_double() {
    let system = disordered(60);
    let list = NeighborList::build(&system.cell, &system.positions, CUTOFF + 0.5).unwrap();
    let double = evaluate(&mut NeuralPotential::new(model(2), Precision::Double), &system, &list);
    let mixed = evaluate(&mut NeuralPotential::new(model(2), Precision::Mixed), &system, &list);
    let largest = double.forces.iter().map(Vec3::norm).fold(0.0, f64::max);
    for (a, b) in double.forces.iter().zip(&mixed.forces) {
        assert!((a - b).norm() < 1e-5 * largest, "{a} {b}");
    }
    assert!((double.energy - mixed.energy).abs() < 1e-5 * 60.0);
    assert!((double.virial - mixed.virial).norm() < 1e-5 * double.virial.norm().max(largest));
}

/// A run that goes on from a checkpoint cuts its blocks at another time than one that was not interrupted.
#[test]
fn results_do_not_depend_on_when_blocks_were_cut() {
    let mut system = disordered(60);
    let list = NeighborList::build(&system.cell, &system.positions, CUTOFF + 1.0).unwrap();
    let mut aged = NeuralPotential::new(model(1), Precision::Double);
    evaluate(&mut aged, &system, &list);
    for (i, r) in system.positions.iter_mut().enumerate() {
        r.x += 0.15 * (i as f64).sin();
        r.z += 0.1 * (i as f64).cos();
    }
    let fresh = evaluate(&mut NeuralPotential::new(model(1), Precision::Double), &system, &list);
    assert_eq!(evaluate(&mut aged, &system, &list), fresh);
}

/// The committee is the mean of its members, and its uncertainty their standard deviation.
#[test]
fn a_committee_is_the_mean_of_its_members() {
    let system = disordered(20);
    let list = NeighborList::build(&system.cell, &system.positions, CUTOFF).unwrap();
    let whole = model(3);
    let mut committee = NeuralPotential::new(Arc::clone(&whole), Precision::Double);
    let mean = evaluate(&mut committee, &system, &list);
    let parts: Vec<Evaluation> = (0..3)
        .map(|m| {
            let member = Arc::new(whole.member(m).unwrap());
            evaluate(&mut NeuralPotential::new(member, Precision::Double), &system, &list)
        })
        .collect();
    let energy = parts.iter().map(|p| p.energy).sum::<f64>() / 3.0;
    assert!((mean.energy - energy).abs() < 1e-12 * energy.abs());
    let atoms = Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
    let spread = committee.uncertainty(atoms, &list).unwrap().unwrap();
    let variance = parts.iter().map(|p| (p.energy - energy).powi(2)).sum::<f64>() / 2.0;
    assert!((spread.energy - variance.sqrt()).abs() < 1e-10);
    for i in 0..20 {
        let average = parts.iter().map(|p| p.forces[i]).sum::<Vec3>() / 3.0;
        assert!((mean.forces[i] - average).norm() < 1e-12);
        let variance = parts.iter().map(|p| (p.forces[i] - average).norm_squared()).sum::<f64>() / 2.0;
        assert!((spread.forces[i] - variance.sqrt()).abs() < 1e-10);
    }
    let mut alone = NeuralPotential::new(model(1), Precision::Double);
    assert_eq!(alone.uncertainty(atoms, &list).unwrap(), None);
}

#[test]
fn extrapolation_names_atom_descriptor_value_and_range() {
    let system = disordered(20);
    let list = NeighborList::build(&system.cell, &system.positions, CUTOFF).unwrap();
    for precision in [Precision::Double, Precision::Mixed] {
        let found = evaluate(&mut NeuralPotential::new(model(1), precision), &system, &list).extrapolation;
        // The trained range of this model is 0 to 0.3, and dense environments exceed it.
        assert!(!found.is_empty() && found.is_sorted_by_key(|e| (e.atom, e.descriptor)));
        for e in &found {
            assert_eq!(e.range, [0.0, 0.3]);
            assert!(e.value > 0.3 || e.value < 0.0, "{e:?}");
        }
    }
}

#[test]
fn unknown_elements_are_refused() {
    let mut system = disordered(6);
    system.species[4] = element("O");
    let list = NeighborList::build(&system.cell, &system.positions, CUTOFF).unwrap();
    let mut out = Evaluation::default();
    out.reset(6);
    let atoms = Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
    let error =
        NeuralPotential::new(model(1), Precision::Double).evaluate(atoms, &list, &mut out).unwrap_err();
    assert!(error.to_string().contains("atom 4 is O"), "{error}");
}
