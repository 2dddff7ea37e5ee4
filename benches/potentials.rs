//! Energy, forces and virial of neural potentials, in double and mixed precision: processor time per atom and
//! step on one thread, what two threads gain, and how it grows with the system.
//!
//! First the potentials that ship, on the cell of their golden case repeated; then cells and potentials of the
//! side-by-side comparison with other programs, read from `../shared/data` where it is there.
//! `cargo bench --bench potentials [-- name] [--large]`; `--large` goes on to a million atoms.

#[path = "common/clock.rs"]
mod clock;

use clock::best;
use mlmd::io::{ReadOptions, read_all};
use mlmd::lanes::{Kernel, Lanes, Real, Vector};
use mlmd::neighbors::NeighborList;
use mlmd::potential::{Atoms, LoadOptions, NeuralModel, NeuralPotential, Precision, load};
use mlmd::units::FileUnits;
use mlmd::{Evaluation, Potential, System};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A potential and a cell to evaluate it on.
struct Case {
    name: String,
    potential: PathBuf,
    cell: PathBuf,
    units: Option<FileUnits>,
    /// How often the cell is repeated along each axis.
    times: u32,
    /// What another program gives for the energy of the cell, in the unit of its files.
    peer_energy: Option<f64>,
}

/// How far the list reaches beyond the cutoff, Å.
const SKIN: f64 = 2.0;

/// The folders in `potentials/`.
fn shipped() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("potentials");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    let case = |folder: PathBuf| Case {
        name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        cell: folder.join("golden.extxyz"),
        potential: folder,
        units: None,
        times: 3,
        peer_energy: None,
    };
    folders.into_iter().map(case).collect()
}

/// What was measured beside n2p2 and aenet.
fn compared() -> Vec<Case> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !data.is_dir() {
        println!("skipped: no {} to compare with", data.display());
        return Vec::new();
    }
    let electronvolt = FileUnits { energy: 1.0, length: 1.0 };
    let atomic = FileUnits { energy: mlmd::units::HARTREE, length: mlmd::units::BOHR };
    let case = |name: &str, potential: &str, cell: &str, units, energy| Case {
        name: name.into(),
        potential: data.join(potential),
        cell: data.join(cell),
        units,
        times: 1,
        peer_energy: Some(energy),
    };
    vec![
        case(
            "cu2s_4608",
            "golden/n2p2/Cu2S_low-chalcocite_144",
            "bench/cu2s_4608.data",
            Some(electronvolt),
            -18_356.993_018_839_86,
        ),
        case(
            "li_4320",
            "golden/n2p2/mlearn_Li",
            "bench/li_4320.data",
            Some(atomic),
            -291.077_109_695_189_6 * mlmd::units::HARTREE,
        ),
        case(
            "tio2_rutile_3240",
            "golden/aenet/pot_15t-15t",
            "bench/tio2_rutile_3240.xsf",
            None,
            -2_691_853.695_050_474,
        ),
    ]
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let only = arguments.iter().find(|a| !a.starts_with('-'));
    println!(
        "multiplications and additions in registers, one core: {:.0} GFLOP/s in double, {:.0} in single precision",
        (0..5).map(|_| f64::dispatch(Peak(1.0))).fold(0.0, f64::max),
        (0..5).map(|_| f32::dispatch(Peak(1.0))).fold(0.0, f64::max),
    );
    let large = arguments.iter().any(|a| a == "--large");
    for case in shipped().into_iter().chain(compared()) {
        if only.is_none_or(|o| case.name.contains(o.as_str()))
            && let Err(error) = measure(&case, large)
        {
            println!("{:<18} {error}", case.name);
        }
    }
}

/// Multiplications and additions per second in registers, in thousands of millions.
struct Peak<T>(T);

impl<T: Real> Kernel<T> for Peak<T> {
    type Output = f64;

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) -> f64 {
        const CHAINS: usize = 12;
        const STEPS: usize = 2_000_000;
        let (a, b) = (lanes.of(0.999), lanes.splat(self.0));
        let mut sums = [lanes.of(0.5); CHAINS];
        // No closure here: it would not be compiled with the instructions of the kernel.
        let begin = Instant::now();
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = sum.mul_add(a, b);
            }
        }
        let seconds = begin.elapsed().as_secs_f64();
        assert!(sums.iter().all(|sum| sum.sum().is_finite()));
        (2 * CHAINS * STEPS * L::WIDTH) as f64 / seconds * 1e-9
    }
}

fn measure(case: &Case, large: bool) -> mlmd::Result<()> {
    let model = Arc::new(load(&case.potential, &LoadOptions { units: case.units })?);
    let options = ReadOptions { units: case.units, ..ReadOptions::default() };
    let system = read_all(&case.cell, &options)?[0].to_system()?;
    let system = sorted(&system.repeated([case.times; 3])?);
    println!("\n{}, {} atoms; µs of processor time per atom and step", case.name, system.len());
    for precision in [Precision::Double, Precision::Mixed] {
        let of = |system: &System, threads, repeats| evaluate(&model, precision, system, threads, repeats);
        let one = of(&system, 1, 9)?;
        let off = case.peer_energy.map(|peer| format!(", energy off by {:.1e}", one.energy / peer - 1.0));
        println!(
            "  {precision:?}: {:.2}, {:.0} bytes per atom{}",
            one.cpu,
            one.bytes,
            off.unwrap_or_default()
        );
        let double = sorted(&system.repeated([2, 2, 1])?);
        let (alone, together) = (of(&double, 1, 3)?, of(&double, 2, 3)?);
        println!("    two threads, {} atoms: {:.2} times as fast", double.len(), alone.wall / together.wall);
        print!("    by size:");
        for times in if large { vec![1, 2, 3, 6] } else { vec![1, 2, 3] } {
            let larger = sorted(&system.repeated([times; 3])?);
            print!(" {} atoms {:.2};", larger.len(), of(&larger, 1, if times > 2 { 1 } else { 2 })?.cpu);
        }
        println!();
    }
    Ok(())
}

/// What an evaluation takes, per atom.
struct Cost {
    /// µs.
    cpu: f64,
    wall: f64,
    /// eV, of the whole system.
    energy: f64,
    bytes: f64,
}

/// The quickest of `repeats` evaluations, after one that cuts blocks and allocates.
fn evaluate(
    model: &Arc<NeuralModel>,
    precision: Precision,
    system: &System,
    threads: usize,
    repeats: usize,
) -> mlmd::Result<Cost> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("some threads");
    pool.install(|| {
        let mut potential = NeuralPotential::new(Arc::clone(model), precision);
        let list = NeighborList::build(&system.cell, &system.positions, potential.cutoff() + SKIN)?;
        let atoms = Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
        let mut out = Evaluation::default();
        out.reset(system.len());
        potential.evaluate(atoms, &list, &mut out)?;
        let (time, result) = best(repeats, || {
            out.reset(system.len());
            potential.evaluate(atoms, &list, &mut out).map(|()| out.energy)
        });
        let per_atom = 1e6 / system.len() as f64;
        let bytes = potential.memory() as f64 / system.len() as f64;
        Ok(Cost { cpu: time.cpu * per_atom, wall: time.wall * per_atom, energy: result?, bytes })
    })
}

/// The atoms in the order in which the engine computes them.
fn sorted(system: &System) -> System {
    let mut order = mlmd::neighbors::Order::default();
    order.sort(&system.cell, &system.positions);
    let mut result = system.clone();
    order.arrange(&system.species, &mut result.species);
    order.arrange(&system.positions, &mut result.positions);
    result
}
