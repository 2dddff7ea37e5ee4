//! Counts what Van Hove's functions are made of, frame by frame.
//!
//! Lags are 1, 2, 3, 4, 6, 8, 12, ... frames. Each is looked at on frames that lie ever farther apart, so that work grows
//! as the logarithm of the run's length, and so does memory.

use super::motion::Moment;
use super::van_hove::{BIN, Counts, VanHove};
use crate::system::{Cell, Element, Vec3};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// Looks at displacements before the time between them doubles.
const LOOKS: usize = 64;
/// Pairs of ions that are looked at before the time between looks doubles.
const PAIRS: usize = 3_000_000;

/// The ions of one element, watched.
#[derive(Debug, Clone)]
pub struct VanHoveCounter {
    element: Element,
    /// Which species of the run it is.
    species: usize,
    within: f64,
    levels: Vec<Level>,
    frames: usize,
}

/// Every 2^k-th frame, and the lags of two and three of these strides (and of one, at the lowest level).
#[derive(Debug, Clone)]
struct Level {
    kept: VecDeque<Arc<Snapshot>>,
    lags: Vec<Lag>,
}

#[derive(Debug)]
struct Snapshot {
    /// Displacements against the drift reference, Å.
    displacements: Vec<Vec3>,
    /// Fractional coordinates with the drift taken off: the strain of a breathing box is no motion.
    parts: Vec<Vec3>,
}

#[derive(Debug, Clone)]
struct Lag {
    strides: usize,
    own: Looks,
    distinct: Looks,
    counts: Counts,
}

/// Which looks are taken: ever fewer.
#[derive(Debug, Clone)]
struct Looks {
    before: usize,
    taken: usize,
    seen: usize,
    stride: usize,
}

impl Looks {
    fn new(before: usize) -> Self {
        Self { before, taken: 0, seen: 0, stride: 1 }
    }

    fn turn(&mut self) -> bool {
        let turn = self.seen.is_multiple_of(self.stride);
        self.seen += 1;
        if turn {
            self.taken += 1;
            if self.taken.is_multiple_of(self.before) {
                self.stride *= 2;
            }
        }
        turn
    }
}

impl VanHoveCounter {
    /// Watches one species of a run, to a distance, Å, and to the end of the bin it is in.
    pub fn new(element: Element, species: usize, within: f64) -> Self {
        // A last bin that ends within the distance would be half empty.
        let within = (within / BIN - 1e-9).ceil() * BIN;
        Self { element, species, within, levels: Vec::new(), frames: 0 }
    }

    /// Takes the next frame.
    pub fn push(&mut self, moment: &Moment<'_>) {
        let members = &moment.members[self.species];
        let cell = &moment.frame.cell;
        let bulk = cell.is_bulk();
        let part = |i: &usize| cell.fractional(&(moment.frame.positions[*i] - moment.drift));
        let now = Arc::new(Snapshot {
            displacements: members.iter().map(|i| moment.displacements[*i]).collect(),
            parts: if bulk { members.iter().map(part).collect() } else { Vec::new() },
        });
        let bins = (self.within / BIN).round() as usize;
        let often = (PAIRS / (members.len() * members.len()).max(1)).clamp(2, LOOKS / 2);
        let n = self.frames;
        self.frames += 1;
        for l in 0.. {
            if !n.is_multiple_of(1 << l) {
                break;
            }
            if self.levels.len() == l {
                let strides: &[usize] = if l == 0 { &[1, 2, 3] } else { &[2, 3] };
                let lags = strides.iter().map(|strides| Lag {
                    strides: *strides,
                    own: Looks::new(LOOKS),
                    distinct: Looks::new(often),
                    counts: Counts {
                        own: vec![0; bins],
                        distinct: vec![0; if bulk { bins } else { 0 }],
                        ..Counts::default()
                    },
                });
                self.levels.push(Level { kept: VecDeque::new(), lags: lags.collect() });
            }
            let level = &mut self.levels[l];
            for lag in &mut level.lags {
                if let Some(then) = level.kept.len().checked_sub(lag.strides).map(|k| &level.kept[k]) {
                    lag.look(then, &now, cell, self.within);
                }
            }
            level.kept.push_back(Arc::clone(&now));
            if level.kept.len() > 3 {
                level.kept.pop_front();
            }
            if n == 0 {
                break;
            }
        }
        // The first frame belongs to every level: those that come later find it here.
        if n > 0 && n.is_power_of_two() {
            self.begin_level(n.ilog2() as usize);
        }
    }

    /// The frames 0 and 2^k of the new level, from the one below, which keeps frames 0 and 2^(k−1) and 2^k then.
    fn begin_level(&mut self, l: usize) {
        if l == 0 || l >= self.levels.len() {
            return;
        }
        let (below, above) = self.levels.split_at_mut(l);
        if let (Some(first), true) = (below[l - 1].kept.front(), above[0].kept.len() == 1) {
            above[0].kept.push_front(Arc::clone(first));
        }
    }

    /// What was seen; `interval` is the time between frames, fs.
    pub fn finish(self, interval: f64) -> VanHove {
        let mut found = VanHove { element: self.element, times: Vec::new(), counts: Vec::new() };
        for (l, level) in self.levels.into_iter().enumerate() {
            for lag in level.lags.into_iter().filter(|lag| lag.counts.total > 0) {
                found.times.push((lag.strides << l) as f64 * interval);
                found.counts.push(lag.counts);
            }
        }
        found
    }
}

impl Lag {
    fn look(&mut self, then: &Snapshot, now: &Snapshot, cell: &Cell, within: f64) {
        let counts = &mut self.counts;
        if self.own.turn() {
            for (a, b) in then.displacements.iter().zip(&now.displacements) {
                if let Some(count) = counts.own.get_mut(((b - a).norm() / BIN) as usize) {
                    *count += 1;
                }
            }
            counts.total += now.displacements.len() as u64;
        }
        if !now.parts.is_empty() && then.parts.len() == now.parts.len() && self.distinct.turn() {
            let n = now.parts.len() as f64;
            for (count, more) in counts.distinct.iter_mut().zip(pairs(then, now, cell, within)) {
                *count += more;
            }
            counts.pairs += n * (n - 1.0) / cell.volume();
        }
    }
}

/// Counts the others, with all their images, around each ion by distance.
fn pairs(then: &Snapshot, now: &Snapshot, cell: &Cell, within: f64) -> Vec<u64> {
    let heights = cell.heights();
    // A nearest image in fractional coordinates is at most half a cell away; others come into reach one by one.
    let reach = heights.map(|height| (within / height + 0.5).floor() as i32);
    let bins = (within / BIN).round() as usize;
    let shifts: Vec<Vec3> = (-reach[0]..=reach[0])
        .flat_map(|a| (-reach[1]..=reach[1]).map(move |b| (a, b)))
        .flat_map(|(a, b)| (-reach[2]..=reach[2]).map(move |c| [a, b, c]))
        .map(|shift| cell.translation(shift))
        .collect();
    let of = |(i, s): (usize, &Vec3)| {
        let mut counts = vec![0_u64; bins];
        for (_, other) in then.parts.iter().enumerate().filter(|(j, _)| *j != i) {
            let d = s - other;
            let d = cell.cartesian(&d.map(|x| x - x.round()));
            for shift in &shifts {
                let square = (d + shift).norm_squared();
                if square < within * within
                    && let Some(count) = counts.get_mut((square.sqrt() / BIN) as usize)
                {
                    *count += 1;
                }
            }
        }
        counts
    };
    let add = |mut a: Vec<u64>, b: Vec<u64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    now.parts.par_iter().enumerate().map(of).reduce(|| vec![0; bins], add)
}
