//! Neighbour lists: pairs per second, bytes per atom, and how time grows with the number of atoms.
//!
//! `cargo bench --bench neighbors` prints the table; `-- --large` adds ten million atoms (8 GB).
//! `-- --file CELL --cutoff 6 --threads 1 --repeats 5` times one system and prints one line of JSON, for
//! `neighbors_peers.py`: the file holds 9 + 3 n little-endian doubles, lattice vectors and positions.

#[path = "common/clock.rs"]
mod clock;

use clock::best;
use mlmd::system::Vec3;
use mlmd::{Cell, NeighborList};
use rayon::ThreadPoolBuilder;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value =
        |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1)).cloned();
    let number = |name: &str, default: f64| value(name).map_or(default, |v| v.parse().expect("a number"));
    if let Some(path) = value("--file") {
        let (cell, positions) = read(&path);
        let threads = number("--threads", 1.0) as usize;
        one(&cell, &positions, number("--cutoff", 6.0), threads, number("--repeats", 5.0) as usize);
    } else if arguments.iter().any(|a| a == "--bench") {
        table(arguments.iter().any(|a| a == "--large"));
    } else {
        // Run as a test: only that it works.
        let (cell, positions) = crystal(4, false);
        one(&cell, &positions, 6.0, 1, 1);
    }
}

/// Periodic face-centred cubic copper, 4 m³ atoms displaced by up to 0.2 Å, in the order of its
/// unit cells or in none.
fn crystal(m: u32, shuffled: bool) -> (Cell, Vec<Vec3>) {
    const EDGE: f64 = 3.61;
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut positions = Vec::with_capacity(4 * (m as usize).pow(3));
    for n in 0..m.pow(3) {
        let corner = Vec3::new(f64::from(n % m), f64::from(n / m % m), f64::from(n / (m * m)));
        for [x, y, z] in [[0.0; 3], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]] {
            let kick = Vec3::new(random(), random(), random()).add_scalar(-0.5);
            positions.push((corner + Vec3::new(x, y, z)) * EDGE + 0.4 * kick);
        }
    }
    if shuffled {
        for k in (1..positions.len()).rev() {
            positions.swap(k, (random() * (k + 1) as f64) as usize);
        }
    }
    let edge = f64::from(m) * EDGE;
    (Cell::orthorhombic(edge, edge, edge).expect("a cube"), positions)
}

fn table(large: bool) {
    const CUTOFF: f64 = 6.0;
    let sizes: &[u32] = if large { &[6, 14, 29, 63, 136] } else { &[6, 14, 29, 63] };
    println!("fcc copper with displaced atoms, cutoff {CUTOFF} Å, full list; the quickest of several runs\n");
    println!(
        "{:>9} {:>9} {:>8} {:>6} {:>11} {:>11} {:>9} {:>9} {:>11} {:>11}",
        "atoms", "order", "threads", "pairs", "wall", "cpu", "ns/pair", "Mpairs/s", "reverse", "bytes/atom"
    );
    for (order, shuffled) in [("crystal", false), ("random", true)] {
        for threads in [1, 2] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let mut points = Vec::new();
            for &m in sizes {
                let (cell, positions) = crystal(m, shuffled);
                let atoms = positions.len();
                let repeats = (3_000_000 / atoms).clamp(3, 300);
                let build = || NeighborList::build(&cell, &positions, CUTOFF).expect("a list");
                let (time, list) = pool.install(|| best(repeats, build));
                let (reverse, _) = pool.install(|| best(1, || list.reverse().len()));
                let pairs = list.pairs().len() as f64;
                println!(
                    "{atoms:>9} {order:>9} {threads:>8} {:>6.1} {:>8.3} ms {:>8.3} ms {:>9.2} {:>9.1} {:>8.3} ms {:>11.0}",
                    pairs / atoms as f64,
                    time.wall * 1e3,
                    time.cpu * 1e3,
                    time.cpu / pairs * 1e9,
                    pairs / time.wall * 1e-6,
                    reverse.wall * 1e3,
                    list.memory() as f64 / atoms as f64,
                );
                points.push(((atoms as f64).ln(), time.cpu.ln()));
            }
            println!("{:>18} cpu time grows as atoms^{:.3}\n", "", slope(&points));
        }
    }
}

/// The slope of the straight line through points by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0 / n, sum.1 + p.1 / n));
    let (xy, xx) = points
        .iter()
        .fold((0.0, 0.0), |sum, p| (sum.0 + (p.0 - x) * (p.1 - y), sum.1 + (p.0 - x) * (p.0 - x)));
    xy / xx
}

fn read(path: &str) -> (Cell, Vec<Vec3>) {
    let bytes = std::fs::read(path).expect("the file of the system");
    let numbers: Vec<f64> =
        bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))).collect();
    let rows = [0, 3, 6].map(|k| [numbers[k], numbers[k + 1], numbers[k + 2]]);
    let positions = numbers[9..].chunks_exact(3).map(Vec3::from_column_slice).collect();
    (Cell::new(rows, [true; 3]).expect("a cell"), positions)
}

/// One system, one line of JSON; `sum` is Σ over pairs of i + 3 j + 5 S_a + 7 S_b + 11 S_c.
fn one(cell: &Cell, positions: &[Vec3], cutoff: f64, threads: usize, repeats: usize) {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let build = || NeighborList::build(cell, positions, cutoff).expect("a list");
    let (fresh, mut list) = pool.install(|| best(repeats, build));
    let again = || list.rebuild(cell, positions, cutoff).expect("a list");
    let (reused, ()) = pool.install(|| best(repeats, again));
    let mut sum = 0_i64;
    for i in 0..list.len() {
        for pair in list.neighbors(i) {
            let [a, b, c] = pair.shift.map(i64::from);
            sum += i as i64 + 3 * i64::from(pair.atom) + 5 * a + 7 * b + 11 * c;
        }
    }
    println!(
        "{{\"atoms\": {}, \"pairs\": {}, \"threads\": {threads}, \"wall\": {:e}, \"cpu\": {:e}, \
         \"reused_wall\": {:e}, \"reused_cpu\": {:e}, \"bytes\": {}, \"sum\": {sum}}}",
        positions.len(),
        list.pairs().len(),
        fresh.wall,
        fresh.cpu,
        reused.wall,
        reused.cpu,
        list.memory(),
    );
}
