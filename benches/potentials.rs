//! Energy, forces and virial of neural potentials: time per atom on one core, in double and mixed precision.
//!
//! Cells and potentials of the published side-by-side comparison are read from `../shared/data` where it is
//! there. `cargo bench --bench potentials [-- name]`.

use mlmd::io::{ReadOptions, read_all};
use mlmd::neighbors::NeighborList;
use mlmd::potential::{Atoms, LoadOptions, NeuralPotential, Precision, load};
use mlmd::units::FileUnits;
use mlmd::{Evaluation, Potential, System};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A potential and a cell to evaluate it on.
struct Case {
    name: &'static str,
    potential: &'static str,
    cell: &'static str,
    units: Option<FileUnits>,
    /// What the peer gives for the energy of the cell, in the unit of its files.
    peer_energy: f64,
}

/// How far the list reaches beyond the cutoff, Å.
const SKIN: f64 = 2.0;

fn cases() -> Vec<Case> {
    let electronvolt = FileUnits { energy: 1.0, length: 1.0 };
    let atomic = FileUnits { energy: mlmd::units::HARTREE, length: mlmd::units::BOHR };
    vec![
        Case {
            name: "cu2s_4608",
            potential: "golden/n2p2/Cu2S_low-chalcocite_144",
            cell: "bench/cu2s_4608.data",
            units: Some(electronvolt),
            peer_energy: -18_356.993_018_839_86,
        },
        Case {
            name: "li_4320",
            potential: "golden/n2p2/mlearn_Li",
            cell: "bench/li_4320.data",
            units: Some(atomic),
            peer_energy: -291.077_109_695_189_6 * mlmd::units::HARTREE,
        },
        Case {
            name: "tio2_rutile_3240",
            potential: "golden/aenet/pot_15t-15t",
            cell: "bench/tio2_rutile_3240.xsf",
            units: None,
            peer_energy: -2_691_853.695_050_474,
        },
    ]
}

fn main() {
    let only = std::env::args().skip(1).find(|a| !a.starts_with('-'));
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !data.is_dir() {
        println!("skipped: {} is not there", data.display());
        return;
    }
    println!(
        "{:<18} {:>7} {:>9} {:>12} {:>12} {:>12} {:>14}",
        "cell", "atoms", "precision", "median µs", "least µs", "bytes/atom", "dE/E to peer"
    );
    for case in cases().into_iter().filter(|c| only.as_ref().is_none_or(|o| c.name.contains(o.as_str()))) {
        if let Err(error) = measure(&case, &data) {
            println!("{:<18} {error}", case.name);
        }
    }
}

fn measure(case: &Case, data: &Path) -> mlmd::Result<()> {
    let options = LoadOptions { units: case.units };
    let model = Arc::new(load(data.join(case.potential), &options)?);
    let path: PathBuf = data.join(case.cell);
    let options = ReadOptions { units: case.units, ..ReadOptions::default() };
    let system = read_all(&path, &options)?[0].to_system()?;
    let system = sorted(&system);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    for precision in [Precision::Double, Precision::Mixed] {
        let mut potential = NeuralPotential::new(Arc::clone(&model), precision);
        let (mut times, energy) = pool.install(|| -> mlmd::Result<_> {
            let list = NeighborList::build(&system.cell, &system.positions, potential.cutoff() + SKIN)?;
            let atoms = Atoms { cell: &system.cell, species: &system.species, positions: &system.positions };
            let mut out = Evaluation::default();
            let mut times = Vec::new();
            for _ in 0..9 {
                out.reset(system.len());
                let begin = cpu_seconds();
                potential.evaluate(atoms, &list, &mut out)?;
                times.push(1e6 * (cpu_seconds() - begin) / system.len() as f64);
            }
            // The first evaluation cuts blocks and allocates.
            times.remove(0);
            Ok((times, out.energy))
        })?;
        times.sort_by(f64::total_cmp);
        println!(
            "{:<18} {:>7} {:>9} {:>12.3} {:>12.3} {:>12.0} {:>14.1e}",
            case.name,
            system.len(),
            format!("{precision:?}").to_lowercase(),
            times[times.len() / 2],
            times[0],
            potential.memory() as f64 / system.len() as f64,
            (energy - case.peer_energy) / case.peer_energy,
        );
    }
    Ok(())
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

/// CPU time of this thread; wall time where the system does not tell.
fn cpu_seconds() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .map_or_else(|| START.get_or_init(Instant::now).elapsed().as_secs_f64(), |ns| ns * 1e-9)
}
