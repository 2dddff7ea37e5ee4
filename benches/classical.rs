//! Time of one evaluation of the classical potentials, in atoms per second; the neighbour list is given.
//!
//! `cargo bench --bench classical`; `RAYON_NUM_THREADS=1` for one thread.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mlmd::potential::{
    Atoms, Buckingham, BuckinghamPair, DampedShifted, Ewald, LennardJones, LennardJonesPair, NetCharge, Sum,
    Truncation,
};
use mlmd::system::Vec3;
use mlmd::{Cell, Element, Evaluation, NeighborList, Potential, Result, System};

/// Face-centred cubic argon, rattled.
fn argon(cells: u32) -> Result<System> {
    let a = 5.3;
    let sites = [[0.0; 3], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
    let positions = sites.map(|s| a * Vec3::from(s)).to_vec();
    let unit = System::new(Cell::orthorhombic(a, a, a)?, vec!["Ar".parse()?; 4], positions)?;
    let mut system = unit.repeated([cells; 3])?;
    system.rattle(0.1, 1)?;
    Ok(system)
}

/// Antifluorite Li2O, rattled.
fn oxide(cells: u32) -> Result<System> {
    let (a, li, o): (_, Element, Element) = (4.62, "Li".parse()?, "O".parse()?);
    let oxygen = [[0.0; 3], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]].map(Vec3::from);
    let lithium = (0..8).map(|n| Vec3::new(f64::from(n & 1), f64::from(n >> 1 & 1), f64::from(n >> 2)));
    let lithium = lithium.map(|v| v.map(|x| 0.25 + 0.5 * x));
    let positions = oxygen.into_iter().chain(lithium).map(|s| a * s).collect();
    let species = [[o; 4].as_slice(), &[li; 8]].concat();
    let mut system = System::new(Cell::orthorhombic(a, a, a)?, species, positions)?.repeated([cells; 3])?;
    system.rattle(0.1, 1)?;
    Ok(system)
}

fn measure(c: &mut Criterion, name: &str, potential: &mut dyn Potential, system: &System) -> Result<()> {
    let list = NeighborList::build(&system.cell, &system.positions, potential.cutoff())?;
    let atoms = Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
    let mut out = Evaluation::default();
    let mut group = c.benchmark_group("classical");
    group.throughput(Throughput::Elements(system.len() as u64)).sample_size(10);
    group.bench_function(format!("{name}, {} atoms", system.len()), |b| {
        b.iter(|| {
            out.reset(system.len());
            potential.evaluate(atoms, &list, &mut out).expect("the system suits the potential");
        });
    });
    Ok(())
}

fn evaluations(c: &mut Criterion) -> Result<()> {
    let pair = LennardJonesPair { epsilon: 0.0104, sigma: 3.4, cutoff: 8.5 };
    measure(c, "Lennard-Jones", &mut LennardJones::alike(pair, Truncation::Shifted)?, &argon(14)?)?;

    let (li, o): (Element, Element) = ("Li".parse()?, "O".parse()?);
    let charges = [(li, 1.0), (o, -2.0)];
    let pair = |a, rho, c| BuckinghamPair { a, rho, c, d: 0.0, cutoff: 9.0 };
    let pairs = [(li, o, pair(426.480, 0.3, 0.0)), (o, o, pair(22764.3, 0.149, 27.89))];
    let short = Buckingham::new(&[li, o], &pairs, Truncation::Shifted)?;
    let long = Ewald::new(&charges, 9.0, 1e-8, NetCharge::Refuse)?;
    let mut exact = Sum::new(vec![short.boxed_clone(), Box::new(long)])?;
    for cells in [2, 4, 6] {
        measure(c, "Buckingham + Ewald", &mut exact, &oxide(cells)?)?;
    }
    let fast = DampedShifted::new(&charges, 0.2, 12.0)?;
    let mut fast = Sum::new(vec![Box::new(short), Box::new(fast)])?;
    measure(c, "Buckingham + damped shifted", &mut fast, &oxide(6)?)
}

fn all(c: &mut Criterion) {
    evaluations(c).expect("the systems and parameters are valid");
}

criterion_group!(benches, all);
criterion_main!(benches);
