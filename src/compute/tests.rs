//! The engine against a plain sum over the pairs of the definition.

use super::{Engine, Options};
use crate::error::{Error, Result};
use crate::neighbors::{NeighborList, brute_force};
use crate::potential::{Atoms, Evaluation, Extrapolation, Potential, Uncertainty};
use crate::random::{Philox, Purpose};
use crate::system::{Cell, Element, Mat3, System, Vec3};

/// A soft repulsion, Σ over pairs of ½ Z_i Z_j (r_c − r)², which tells atoms and elements apart.
#[derive(Debug, Clone)]
struct Soft {
    cutoff: f64,
    elements: Option<Vec<Element>>,
}

impl Potential for Soft {
    fn description(&self) -> String {
        "soft repulsion".into()
    }

    fn cutoff(&self) -> f64 {
        self.cutoff
    }

    fn elements(&self) -> Option<Vec<Element>> {
        self.elements.clone()
    }

    fn evaluate(&mut self, atoms: Atoms<'_>, list: &NeighborList, out: &mut Evaluation) -> Result<()> {
        let charge = |i: usize| atoms.species[i].number() as f64;
        for i in 0..list.len() {
            for pair in list.neighbors(i) {
                let r = NeighborList::vector(atoms.cell, atoms.positions, i, *pair);
                let strength = charge(i) * charge(pair.atom as usize);
                let overlap = (self.cutoff - r.norm()).max(0.0);
                let force = -strength * overlap * r.normalize();
                // Every pair is met twice: half the energy each time, and the force on one end.
                out.atomic_energies[i] += 0.25 * strength * overlap * overlap;
                out.forces[i] += force;
                out.virial -= 0.5 * r * force.transpose();
            }
        }
        out.energy += out.atomic_energies.iter().sum::<f64>();
        for (i, element) in atoms.species.iter().enumerate() {
            if element.symbol() == "N" {
                out.extrapolation.push(Extrapolation {
                    atom: i as u32,
                    descriptor: 0,
                    value: atoms.positions[i].x,
                    range: [0.0; 2],
                });
            }
        }
        Ok(())
    }

    fn uncertainty(&mut self, atoms: Atoms<'_>, _: &NeighborList) -> Result<Option<Uncertainty>> {
        let forces = atoms.species.iter().map(|element| element.number() as f64).collect();
        Ok(Some(Uncertainty { energy: 0.0, forces }))
    }

    fn boxed_clone(&self) -> Box<dyn Potential> {
        Box::new(self.clone())
    }
}

fn engine(cutoff: f64, threads: usize) -> Engine {
    let soft = Soft { cutoff, elements: None };
    Engine::new(Box::new(soft), Options { skin: 0.6, threads }).unwrap()
}

/// Li and N at random in a slanted cell.
fn mixture(atoms: u32) -> System {
    let edge = 2.2 * f64::from(atoms.max(1)).cbrt();
    let rows = [[edge, 0.0, 0.0], [0.3 * edge, edge, 0.0], [-0.2 * edge, 0.1 * edge, edge]];
    let cell = Cell::new(rows, [true; 3]).unwrap();
    let mut random = Philox::new(1, Purpose::General, 0, 0);
    let mut uniform = || Vec3::new(random.uniform(), random.uniform(), random.uniform());
    let positions = (0..atoms).map(|_| cell.cartesian(&uniform())).collect();
    let symbols = ["Li", "N", "Li", "Li"];
    let species = (0..atoms).map(|i| Element::from_symbol(symbols[i as usize % 4]).unwrap()).collect();
    System::new(cell, species, positions).unwrap()
}

/// Moves every atom a little, as a step of dynamics would, and wraps; the cell breathes and shears.
fn step(system: &mut System, n: u64) {
    let strain = Mat3::new(1.0, 0.5, 0.0, 0.0, -1.0, 0.0, 0.3, 0.0, 1.0) * 4e-4 * (n as f64 / 5.0).sin();
    system.cell = system.cell.strained(&strain).unwrap();
    for (i, r) in system.positions.iter_mut().enumerate() {
        let mut random = Philox::new(2, Purpose::General, n, i as u32);
        let kick = Vec3::new(random.uniform(), random.uniform(), random.uniform());
        *r = (Mat3::identity() + strain).tr_mul(r) + 0.06 * kick;
    }
    system.wrap();
}

/// What the definition gives, summed in the order of the system.
fn reference(system: &System, cutoff: f64) -> Evaluation {
    let list = brute_force::neighbors(&system.cell, &system.positions, cutoff).unwrap();
    let mut out = Evaluation::default();
    out.reset(system.len());
    let atoms = Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
    Soft { cutoff, elements: None }.evaluate(atoms, &list, &mut out).unwrap();
    out
}

#[test]
fn results_are_those_of_the_definition_in_the_order_of_the_system() {
    let mut system = mixture(150);
    let mut engine = engine(3.1, 2);
    for n in 0..40 {
        let expected = reference(&system, 3.1);
        let got = engine.evaluate(&system).unwrap();
        // Sums of some hundred terms of magnitude 10: round-off stays below 1e-11.
        assert!((got.energy - expected.energy).abs() < 1e-11 * expected.energy.abs(), "step {n}");
        assert!((got.virial - expected.virial).amax() < 1e-11 * expected.virial.amax());
        for i in 0..system.len() {
            assert!((got.forces[i] - expected.forces[i]).amax() < 1e-10, "step {n}, atom {i}");
            assert!((got.atomic_energies[i] - expected.atomic_energies[i]).abs() < 1e-10);
        }
        let nitrogen: Vec<u32> = got.extrapolation.iter().map(|e| e.atom).collect();
        assert!(nitrogen.iter().copied().eq((0..150).filter(|i| i % 4 == 1)));
        step(&mut system, n);
    }
    // Atoms crossed the faces of the cell at nearly every step, which is no reason to build a list: they moved
    // on average by 0.05 Å a step in the same direction, and the skin is 0.6 Å.
    assert!((4..=12).contains(&engine.builds()), "{}", engine.builds());
    let spread = engine.uncertainty(&system).unwrap().unwrap();
    assert!(spread.forces.iter().zip(&system.species).all(|(f, e)| *f == e.number() as f64));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    // Large enough that every loop is shared.
    let mut system = mixture(10_000);
    let mut engines = [1, 2, 4].map(|threads| engine(2.5, threads));
    for n in 0..2 {
        let results = engines.each_mut().map(|engine| engine.evaluate(&system).unwrap().clone());
        assert_eq!(results[0], results[1]);
        assert_eq!(results[0], results[2]);
        step(&mut system, n);
    }
}

#[test]
fn work_taken_up_from_an_anchor_has_the_bits_of_work_that_never_stopped() {
    let mut system = mixture(200);
    let mut steady = engine(3.0, 1);
    let mut resumed: Option<Engine> = None;
    for n in 0..30 {
        let expected = steady.evaluate(&system).unwrap().clone();
        if let Some(resumed) = &mut resumed {
            assert_eq!(*resumed.evaluate(&system).unwrap(), expected, "step {n}");
        }
        if n % 7 == 3 {
            let mut fresh = engine(3.0, 2);
            fresh.restore(&steady.anchor().unwrap(), &system).unwrap();
            resumed = Some(fresh);
        }
        step(&mut system, n);
    }
    assert!(steady.builds() > 2);
}

#[test]
fn one_engine_serves_systems_of_any_size() {
    let mut engine = engine(3.0, 1);
    for atoms in [20, 150, 3, 0, 20] {
        let system = mixture(atoms);
        let expected = reference(&system, 3.0);
        let got = engine.evaluate(&system).unwrap();
        assert!((got.energy - expected.energy).abs() <= 1e-11 * expected.energy);
        assert_eq!(got.forces.len(), atoms as usize);
    }
}

#[test]
fn what_cannot_be_computed_is_refused_in_the_order_of_the_system() {
    let mut system = mixture(60);
    let known = Some(vec![Element::from_symbol("Li").unwrap(), Element::from_symbol("P").unwrap()]);
    let mut strict =
        Engine::new(Box::new(Soft { cutoff: 3.0, elements: known }), Options::default()).unwrap();
    assert_eq!(
        strict.evaluate(&system).unwrap_err().to_string(),
        "atom 1 is N, which the potential does not know; it knows Li, P"
    );

    let mut engine = engine(3.0, 1);
    engine.evaluate(&system).unwrap();
    let place = system.positions[41];
    system.positions[7] = place;
    let complaint = engine.evaluate(&system).unwrap_err();
    assert!(complaint.to_string().starts_with("atoms 7 and 41 are at the same place"), "{complaint}");
    system.positions[7] = Vec3::new(0.0, f64::NAN, 0.0);
    let complaint = engine.evaluate(&system).unwrap_err();
    assert!(matches!(complaint, Error::Physics(_)));
    assert!(complaint.to_string().contains("atom 7"), "{complaint}");
    // An engine outlives what it refused.
    let system = mixture(60);
    assert_eq!(engine.evaluate(&system).unwrap().forces.len(), 60);

    let soft = || Box::new(Soft { cutoff: 3.0, elements: None });
    assert!(Engine::new(soft(), Options { skin: -1.0, threads: 1 }).is_err());
    assert!(Engine::new(soft(), Options { skin: f64::NAN, threads: 1 }).is_err());
}
