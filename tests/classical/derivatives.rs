//! Every classical potential obeys what every potential must: one sweep through the shared check.

use crate::support::{element, triclinic_oxide};
use mlmd::potential::check::{Settings, check};
use mlmd::potential::{
    Buckingham, BuckinghamPair, DampedShifted, Ewald, LennardJones, LennardJonesPair, NetCharge, Sum,
    Truncation, Zbl, ZblReach,
};
use mlmd::system::Vec3;
use mlmd::{Cell, Potential, System};

/// All of them, with parameters that make every term matter at the distances of the oxide, and whether they
/// end smoothly.
fn potentials() -> Vec<(bool, Box<dyn Potential>)> {
    let (li, o) = (element("Li"), element("O"));
    let lj = |epsilon, sigma, cutoff| LennardJonesPair { epsilon, sigma, cutoff };
    let buckingham = |a, rho, c, d| BuckinghamPair { a, rho, c, d, cutoff: 6.3 };
    let charges = [(li, 1.0), (o, -2.0)];
    let charged = [(li, 0.9), (o, -2.0)];
    let mut all: Vec<(bool, Box<dyn Potential>)> = Vec::new();
    for (smooth, truncation) in [
        (false, Truncation::Cut),
        (false, Truncation::Shifted),
        (true, Truncation::ForceShifted),
        (true, Truncation::Smooth { from: 4.0 }),
    ] {
        let alike = LennardJones::alike(lj(0.1, 1.9, 6.7), truncation);
        all.push((smooth, Box::new(alike.unwrap())));
        let pairs = [(li, li, lj(0.02, 2.1, 5.5)), (o, o, lj(0.05, 2.8, 6.5))];
        all.push((smooth, Box::new(LennardJones::new(&pairs, truncation).unwrap())));
        let pairs = [(li, o, buckingham(630.0, 0.29, 0.5, 0.01)), (o, o, buckingham(2e4, 0.15, 28.0, 0.0))];
        all.push((smooth, Box::new(Buckingham::new(&[li, o], &pairs, truncation).unwrap())));
    }
    let ewald = |charges, net| Ewald::new(charges, 6.0, 1e-13, net).unwrap();
    let zbl = |reach| Zbl::new(&[li, o], reach).unwrap();
    all.push((false, Box::new(DampedShifted::new(&charges, 0.25, 7.0).unwrap())));
    all.push((true, Box::new(ewald(&charged, NetCharge::Background))));
    all.push((true, Box::new(zbl(ZblReach::Fixed { inner: 1.5, outer: 2.6 }))));
    let sum = Sum::new(vec![
        Box::new(ewald(&charges, NetCharge::Refuse)),
        Box::new(zbl(ZblReach::CovalentRadii(1.1))),
    ]);
    all.push((true, Box::new(sum.unwrap())));
    all
}

fn sweep(system: &System) {
    for (smooth, mut potential) in potentials() {
        let report = check(&mut *potential, system, Settings::default()).unwrap();
        assert!(report.passed(), "{}\n{report}", potential.description());
        // The comparisons say something: there are forces, and where no pair crosses an unsmoothed cutoff
        // derivatives are known to six digits at least (to nine mostly).
        for claim in &report.claims[2..4] {
            let worst = claim.worst.as_ref().unwrap();
            let blunt = worst.tolerance > 1e-6 * worst.expected.abs().max(1.0);
            assert!(worst.expected != 0.0 && !(smooth && (blunt || claim.rough > 0)), "{report}");
        }
    }
}

#[test]
fn in_a_triclinic_cell_smaller_than_the_cutoff() {
    sweep(&triclinic_oxide());
}

#[test]
fn in_an_isolated_molecule() {
    let bulk = triclinic_oxide();
    sweep(&System::new(Cell::isolated(), bulk.species, bulk.positions).unwrap());
}

/// The check is worth something only if it notices what is wrong.
#[test]
fn a_wrong_potential_does_not_pass() {
    #[derive(Debug, Clone)]
    struct Wrong {
        inner: LennardJones,
        what: &'static str,
    }
    impl Potential for Wrong {
        fn description(&self) -> String {
            self.what.into()
        }
        fn cutoff(&self) -> f64 {
            self.inner.cutoff()
        }
        fn elements(&self) -> Option<Vec<mlmd::Element>> {
            None
        }
        fn evaluate(
            &mut self,
            atoms: mlmd::potential::Atoms<'_>,
            list: &mlmd::NeighborList,
            out: &mut mlmd::Evaluation,
        ) -> mlmd::Result<()> {
            self.inner.evaluate(atoms, list, out)?;
            match self.what {
                "force" => out.forces[0].x *= 1.0 + 1e-7,
                "virial" => out.virial[(1, 2)] += 1e-6,
                "energy" => out.atomic_energies[1] += 1e-9,
                "axis" => out.energy += 1e-6 * atoms.positions[0].x,
                "order" => out.forces.swap(0, 1),
                "precision" => {
                    out.energy = f64::from(out.energy as f32);
                    out.forces.iter_mut().for_each(|f| *f = f.map(|x| f64::from(x as f32)));
                }
                _ => {}
            }
            Ok(())
        }
        fn boxed_clone(&self) -> Box<dyn Potential> {
            Box::new(self.clone())
        }
    }
    let pair = LennardJonesPair { epsilon: 0.1, sigma: 1.9, cutoff: 6.7 };
    let inner = LennardJones::alike(pair, Truncation::ForceShifted).unwrap();
    let system = triclinic_oxide();
    let passes = |what| {
        let mut potential = Wrong { inner: inner.clone(), what };
        check(&mut potential, &system, Settings::default()).unwrap().passed()
    };
    assert!(passes("nothing"));
    // Single precision is no mistake: its own round-off is the measure.
    assert!(passes("precision"));
    for what in ["force", "virial", "energy", "axis", "order"] {
        assert!(!passes(what), "a wrong {what} was not noticed");
    }
}

#[test]
fn a_system_without_atoms_is_refused() {
    let empty = System::new(Cell::isolated(), Vec::new(), Vec::<Vec3>::new()).unwrap();
    let mut potential = potentials().remove(0).1;
    assert!(check(&mut *potential, &empty, Settings::default()).is_err());
}
