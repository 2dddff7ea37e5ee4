//! How long something took, by the wall and by the processors.

use std::time::Instant;

/// Seconds that passed, and seconds that all threads of this process were running.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

/// The quickest of `repeats` runs of `work`, by each of the two clocks.
pub(crate) fn best<T>(repeats: usize, mut work: impl FnMut() -> T) -> (Time, T) {
    let (mut time, mut result) = once(&mut work);
    for _ in 1..repeats {
        let (again, value) = once(&mut work);
        time = Time { wall: time.wall.min(again.wall), cpu: time.cpu.min(again.cpu) };
        result = value;
    }
    (time, result)
}

fn once<T>(work: &mut impl FnMut() -> T) -> (Time, T) {
    let (cpu, wall) = (processor_time(), Instant::now());
    let result = work();
    (Time { wall: wall.elapsed().as_secs_f64(), cpu: processor_time() - cpu }, result)
}

/// Seconds that the threads of this process ran so far; nothing where the system has no such clock.
#[cfg(unix)]
fn processor_time() -> f64 {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(not(unix))]
fn processor_time() -> f64 {
    f64::NAN
}
