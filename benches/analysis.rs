//! Transport from a trajectory in memory: mean squared displacements of all atoms, the collective displacement of the
//! charges, D*, σ and the Haven ratio with their errors.
//!
//! `cargo bench --bench analysis` prints one line of JSON for 1,000 atoms and 5,000 frames; `-- --atoms 5000 --frames 20000
//! --threads 1` is the case of `analysis_peers.py`. Half of the atoms walk, the others are the framework. Frames are made
//! one after another, and the time of making them is not counted: memory is that of the analysis.

#[path = "common/clock.rs"]
mod clock;

use clock::best;
use mlmd::analysis::{Choice, DriftReference, Motion, Settings, Transport};
use mlmd::random::{Philox, Purpose};
use mlmd::system::{Cell, Element, Vec3};
use mlmd::{Frame, Result};
use rayon::ThreadPoolBuilder;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map_or(default, |n| n.parse().expect("a whole number"))
    };
    // Run as a test: only that it works.
    let whole = arguments.iter().any(|argument| argument == "--bench" || argument == "--atoms");
    let (atoms, frames) = if whole { (1000, 5000) } else { (20, 300) };
    let (atoms, frames) = (number("--atoms", atoms), number("--frames", frames));
    let threads = number("--threads", 1);
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| one(atoms, frames, threads))
}

fn one(atoms: usize, frames: usize, threads: usize) -> Result<()> {
    let [li, o] = ["Li", "O"].map(|symbol| Element::from_symbol(symbol).expect("an element"));
    let edge = (20.0 * atoms as f64).cbrt();
    let mut frame = Frame::new(
        Cell::orthorhombic(edge, edge, edge)?,
        (0..atoms).map(|i| if i % 2 == 0 { li } else { o }).collect(),
        vec![Vec3::zeros(); atoms],
    );
    let settings = Settings { mobile: vec![li], reference: DriftReference::Framework, interval: Some(50.0) };
    let mut motion = Motion::new(settings);
    let mut random = Philox::new(1, Purpose::General, 0, 0);
    let (mut wall, mut cpu) = (0.0, 0.0);
    let mut count = |time: clock::Time| {
        wall += time.wall;
        cpu += time.cpu;
    };
    for _ in 0..frames {
        for r in frame.positions.iter_mut().step_by(2) {
            *r += Vec3::from_fn(|_, _| 0.6 * (random.uniform() - 0.5));
            *r = r.map(|x| x.rem_euclid(edge));
        }
        let (time, pushed) = best(1, || motion.push(&frame).map(|_| ()));
        count(time);
        pushed?;
    }
    let mut motion = Some(motion);
    let (time, found) = best(1, || {
        let moved = motion.take().expect("it is finished once").finish()?;
        Transport::of(vec![moved], Some(600.0), &[(li, 1.0)], &Choice::default())
    });
    count(time);
    let found = found?;
    let told = |estimate: Option<&mlmd::analysis::Estimate>| {
        estimate.map_or("null".to_string(), |e| format!("[{:e}, {:e}]", e.value, e.std_error))
    };
    let tracer = found.tracers[0].1.as_ref().ok().map(|tracer| &tracer.diffusivity);
    let sigma = found.charge.as_ref().ok().map(|charge| &charge.conductivity);
    println!(
        "{{\"atoms\": {atoms}, \"frames\": {frames}, \"threads\": {threads}, \"seconds\": {wall:.3}, \"cpu_seconds\": {cpu:.3}, \
         \"peak_memory_mb\": {:.1}, \"diffusivity\": {}, \"conductivity\": {}}}",
        peak_memory() / 1e6,
        told(tracer),
        told(sigma)
    );
    Ok(())
}

/// The most memory this process ever had, bytes: `VmHWM` of Linux; 0 elsewhere.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}
