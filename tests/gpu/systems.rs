//! Systems of every kind: small and slanted cells, molecules, lone atoms, elements that are absent.

use super::support::{TIGHT, both, device, disordered, elements, engines, random_model, random_networks};
use mlmd::descriptors::{
    AngularInvariants, Channels, Chebyshev, ChebyshevCenter, Coupling, Cutoff, CutoffShape, Moments,
    MomentsCenter, MomentsSize, RadialFunctions, Resolution,
};
use mlmd::potential::{Activation, DescriptorSet};
use mlmd::system::Vec3;
use mlmd::{Cell, System};

fn moments(symbols: &[&str], size: MomentsSize) -> DescriptorSet {
    DescriptorSet::Moments(Moments::standard(elements(symbols), 5.0, 4.0, size).unwrap())
}

fn chebyshev(symbols: &[&str], order: usize) -> DescriptorSet {
    let all = elements(symbols);
    let center = |c: usize| {
        let mut environment = all.clone();
        environment.rotate_left(c);
        ChebyshevCenter {
            environment,
            radial_cutoff: 5.0,
            radial_order: 9 + c,
            angular_cutoff: 4.2,
            angular_order: order,
        }
    };
    let centers = (0..all.len()).map(center).collect();
    DescriptorSet::Chebyshev(Chebyshev::new(all, centers).unwrap())
}

/// Moments of a kind the standard sizes do not have: channels by element, pairs within channels, angles in
/// Chebyshev polynomials, and a central element without any angular part.
fn unusual() -> DescriptorSet {
    let functions = |channels| RadialFunctions {
        cutoff: Cutoff { shape: CutoffShape::Tanh, radius: 4.5, inner: 0.0 },
        channels,
    };
    let angular = AngularInvariants {
        functions: functions(Channels::PerElement { orders: 3 }),
        degree: 5,
        coupling: Coupling::WithinChannels,
        resolution: Resolution::Chebyshev,
        distinct: true,
        three: vec![[1, 1, 2], [2, 3, 3]],
        four: vec![],
    };
    let radial = functions(Channels::Weighted { orders: 4, weights: vec![vec![1.0, 0.5], vec![-1.0, 2.0]] });
    let centers = vec![
        MomentsCenter { radial: radial.clone(), angular: Some(angular) },
        MomentsCenter { radial, angular: None },
    ];
    DescriptorSet::Moments(Moments::new(elements(&["Li", "N"]), centers).unwrap())
}

#[test]
fn generated_potentials_of_one_to_four_elements() {
    let Some(device) = device() else { return };
    let four = ["Li", "P", "S", "Cl"];
    let cases = [
        (moments(&four, MomentsSize::Medium), &four[..]),
        (moments(&four[..2], MomentsSize::Large), &four[..2]),
        (moments(&four[..1], MomentsSize::Small), &four[..1]),
        (chebyshev(&four, 4), &four[..]),
        (chebyshev(&four[..3], 12), &four[..3]),
        (unusual(), &["Li", "N"][..]),
    ];
    for (descriptor, symbols) in cases {
        let what = format!("{} of {}", descriptor.name(), symbols.join(", "));
        let system = disordered(40, symbols, 3);
        let model = random_model(descriptor, 1, &system);
        both(&mut engines(&device, model), &system, TIGHT, &what);
    }
}

/// Networks without hidden layers, deep ones with an activation function each, and some so wide that a workgroup has room for
/// four atoms, two and one; alone and as a committee.
#[test]
fn networks_of_every_shape() {
    use Activation::{Cosine, Gaussian, Logistic, ScaledTanh, Softplus, Tanh, TwistedTanh};
    let Some(device) = device() else { return };
    let symbols = ["Li", "N"];
    // More atoms than a workgroup has, and not a multiple of it.
    let system = disordered(30, &symbols, 6);
    for (hidden, members) in [
        (&[][..], 2),
        (&[(33, Softplus)][..], 1),
        (&[(6, Logistic), (21, TwistedTanh), (1, ScaledTanh), (13, Gaussian), (5, Cosine)][..], 3),
        (&[(300, Tanh), (300, Softplus)][..], 1),
        (&[(20, Tanh), (900, Tanh)][..], 2),
        (&[(1100, Tanh), (40, Tanh)][..], 1),
    ] {
        let model = random_networks(moments(&symbols, MomentsSize::Small), members, &system, hidden);
        both(&mut engines(&device, model), &system, TIGHT, &format!("{hidden:?}"));
    }
}

#[test]
fn cells_of_every_shape_and_what_is_in_them() {
    let Some(device) = device() else { return };
    let symbols = ["Li", "N"];
    let model = random_model(moments(&symbols, MomentsSize::Small), 1, &disordered(40, &symbols, 3));
    let mut engines = engines(&device, model);
    let [li, n] = elements(&symbols)[..] else { panic!() };
    let mut check = |cell: Cell, positions: &[[f64; 3]], what: &str| {
        let species = (0..positions.len()).map(|i| if i % 3 == 1 { n } else { li }).collect();
        let positions = positions.iter().copied().map(Vec3::from).collect();
        both(&mut engines, &System::new(cell, species, positions).unwrap(), TIGHT, what);
    };
    // Much smaller than the cutoff, and as slanted as a primitive cell is.
    let primitive = Cell::new([[0.0, 2.1, 2.2], [2.0, 0.0, 2.1], [2.1, 2.2, 0.0]], [true; 3]).unwrap();
    check(primitive.clone(), &[[0.3, 0.1, -0.2]], "one atom in a primitive cell");
    check(primitive, &[[0.3, 0.1, -0.2], [2.2, 2.0, 1.9]], "two atoms in a primitive cell");
    let molecule = [[0.0, 0.0, 0.0], [1.9, 0.2, 0.1], [0.4, 2.0, -0.3], [-1.5, -1.2, 400.0]];
    check(Cell::isolated(), &molecule[..3], "a molecule");
    check(Cell::isolated(), &molecule, "a molecule, and an atom far away");
    check(Cell::isolated(), &molecule[..1], "a lone atom");
    let slab = Cell::new([[4.0, 0.0, 0.0], [1.0, 4.2, 0.0], [0.5, 0.3, 9.0]], [true, true, false]).unwrap();
    // Beyond the vector that does not repeat, too.
    check(slab, &[[0.0, 0.0, 0.0], [2.0, 2.0, 1.0], [1.0, 3.0, 11.0], [3.0, 1.0, 12.5]], "a slab");
    // Another handedness.
    let left = Cell::new([[0.0, 6.0, 0.0], [5.5, 0.0, 0.5], [0.0, 0.0, 6.1]], [true; 3]).unwrap();
    check(left, &[[0.1, 0.0, 0.0], [2.5, 2.4, 0.3], [0.2, 3.0, 3.1]], "a left-handed cell");
}

#[test]
fn no_atoms_and_no_neighbours_are_no_trouble() {
    let Some(device) = device() else { return };
    let symbols = ["Li", "N"];
    let model = random_model(chebyshev(&symbols, 3), 1, &disordered(40, &symbols, 3));
    let mut engines = engines(&device, model);
    let cell = Cell::orthorhombic(30.0, 30.0, 30.0).unwrap();
    let empty = System::new(cell.clone(), vec![], vec![]).unwrap();
    assert_eq!(engines[0].evaluate(&empty).unwrap().energy, 0.0);
    let apart = [0.0, 10.0, 20.0].map(|x| Vec3::new(x, 0.0, 0.0)).to_vec();
    let system = System::new(cell, elements(&["N"; 3]), apart).unwrap();
    both(&mut engines, &system, TIGHT, "three atoms far from each other");
    // Sizes that change from one evaluation to the next.
    for atoms in [50, 7, 90, 1] {
        both(&mut engines, &disordered(atoms, &symbols, 8), TIGHT, &format!("{atoms} atoms"));
    }
}

#[test]
fn the_same_atoms_anywhere_have_the_same_forces() {
    let Some(device) = device() else { return };
    let symbols = ["Li", "N"];
    let mut system = disordered(40, &symbols, 3);
    let model = random_model(moments(&symbols, MomentsSize::Small), 1, &system);
    let [mut gpu, _] = engines(&device, model);
    let before = gpu.evaluate(&system).unwrap().clone();
    // Far across the origin, not wrapped: fixed-point positions wrap by themselves.
    for r in &mut system.positions {
        *r += Vec3::new(123.0, -456.0, 78.9);
    }
    let after = gpu.evaluate(&system).unwrap();
    // Positions are rounded to 2⁻³² of the cell, and forces change by some eV/Å² times that.
    for (a, b) in before.forces.iter().zip(&after.forces) {
        assert!((a - b).amax() < 2e-5, "{a} {b}");
    }
}
