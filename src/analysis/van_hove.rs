//! Van Hove's correlation functions: where an ion is after a time, and where the others are.
//!
//! G_s(r, t) = ⟨δ(r − |u_i(t)|)⟩ is shown as 4πr²G_s, which integrates to one over all distances. Displacements are
//! unwrapped, so the cell has no part in it. G_d(r, t) = (1/N) ⟨Σ_{i≠j} δ(r − |r_i(t) − r_j(0)|)⟩ / (4πr²ρ) counts every
//! periodic image of every other ion, so its shells are whole at any distance in any cell, beyond half the box too; the
//! images of ion i itself are left out, and ρ = (N − 1)/V with them. It is one where nothing is correlated and begins
//! as g(r) at t = 0 (van Hove, Phys. Rev. 95, 249 (1954), doi:10.1103/PhysRev.95.249).
//!
//! Lags are 1, 2, 3, 4, 6, 8, 12, ... frames. Each is looked at on frames that lie ever farther apart, so that work grows
//! as the logarithm of the run's length, and so does memory.

use super::motion::Moment;
use crate::system::{Cell, Element, Vec3};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// Width of a bin, Å.
const BIN: f64 = 0.1;
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

/// What was counted at one lag.
#[derive(Debug, Clone, Default)]
struct Counts {
    own: Vec<u64>,
    /// Displacements, those beyond the last bin too.
    total: u64,
    distinct: Vec<u64>,
    /// Σ over looks of N (N − 1)/V.
    pairs: f64,
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

/// G_s and G_d of one element.
#[derive(Debug, Clone)]
pub struct VanHove {
    /// Whose.
    pub element: Element,
    /// Lags, fs, ascending.
    pub times: Vec<f64>,
    counts: Vec<Counts>,
}

impl VanHoveCounter {
    /// Watches one species of a run, to a distance, Å.
    pub fn new(element: Element, species: usize, within: f64) -> Self {
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

impl VanHove {
    /// Adds a replica with the same time between frames.
    pub fn merge(&mut self, other: &Self) {
        for (time, counts) in other.times.iter().zip(&other.counts) {
            if let Some(k) = self.times.iter().position(|t| (t / time - 1.0).abs() < 1e-6) {
                self.counts[k].add(counts);
            } else {
                let k = self.times.partition_point(|t| t < time);
                self.times.insert(k, *time);
                self.counts.insert(k, counts.clone());
            }
        }
    }

    /// Rows of r (middle of the bin, Å), 4πr²G_s (1/Å), and G_d where it was counted, at the k-th lag.
    pub fn curve(&self, k: usize) -> Vec<(f64, f64, Option<f64>)> {
        let counts = &self.counts[k];
        let row = |(bin, own): (usize, &u64)| {
            let (inner, outer) = (bin as f64 * BIN, (bin + 1) as f64 * BIN);
            let shell = 4.0 / 3.0 * std::f64::consts::PI * (outer.powi(3) - inner.powi(3));
            let own = *own as f64 / (counts.total as f64 * BIN);
            let distinct = counts.distinct.get(bin).filter(|_| counts.pairs > 0.0);
            (0.5 * (inner + outer), own, distinct.map(|count| *count as f64 / (shell * counts.pairs)))
        };
        counts.own.iter().enumerate().map(row).collect()
    }

    /// The part of the ions that went farther than the last bin at the k-th lag.
    pub fn beyond(&self, k: usize) -> f64 {
        1.0 - self.counts[k].own.iter().sum::<u64>() as f64 / self.counts[k].total.max(1) as f64
    }
}

impl Counts {
    fn add(&mut self, other: &Self) {
        let add = |a: &mut Vec<u64>, b: &[u64]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        add(&mut self.own, &other.own);
        add(&mut self.distinct, &other.distinct);
        self.total += other.total;
        self.pairs += other.pairs;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{DriftReference, Motion, PairCounter, Settings};
    use crate::io::Frame;
    use crate::random::{Philox, Purpose};

    fn watch(frames: &[Frame], within: f64) -> VanHove {
        let li = Element::from_symbol("Li").unwrap();
        let settings = Settings { mobile: vec![li], reference: DriftReference::None, interval: Some(100.0) };
        let mut motion = Motion::new(settings);
        let mut counter = VanHoveCounter::new(li, 0, within);
        for frame in frames {
            let moment = motion.push(frame).unwrap().unwrap();
            counter.push(&moment);
        }
        counter.finish(100.0)
    }

    fn slanted() -> Cell {
        Cell::new([[12.0, 0.0, 0.0], [4.0, 11.0, 0.0], [-3.0, 2.0, 13.0]], [true; 3]).unwrap()
    }

    /// An ideal gas of walkers in a slanted cell. Displacements after a time are Gaussian, so 4πr²G_s is Maxwell's
    /// distribution; the others are anywhere: G_d = 1 in every shell, to 10 Å, beyond half of the box. Counts are within
    /// five standard errors: those of displacements of ideal walkers are binomial; those of pairs, where a box is
    /// looked at again after a walk shorter than itself, count as a fifth of the pairs.
    #[test]
    fn an_ideal_gas() {
        let li = Element::from_symbol("Li").unwrap();
        let cell = slanted();
        let mut random = Philox::new(3, Purpose::General, 0, 0);
        let mut at: Vec<Vec3> =
            (0..60).map(|_| cell.cartesian(&Vec3::from_fn(|_, _| random.uniform()))).collect();
        let step = 0.5;
        let frames: Vec<Frame> = (0..150)
            .map(|_| {
                for r in &mut at {
                    *r += Vec3::from_fn(|_, _| step * random.normal());
                }
                let wrapped = at.iter().map(|r| cell.wrap(r).0).collect();
                Frame::new(cell.clone(), vec![li; 60], wrapped)
            })
            .collect();
        let found = watch(&frames, 10.0);
        assert_eq!(&found.times[..7], &[100.0, 200.0, 300.0, 400.0, 600.0, 800.0, 1200.0]);
        for (k, time) in found.times.iter().enumerate().take(7) {
            let spread = step * (time / 100.0).sqrt();
            let counts = &found.counts[k];
            for (bin, count) in counts.own.iter().enumerate() {
                // Simpson's rule over the bin.
                let density = |r: f64| {
                    (2.0 / std::f64::consts::PI).sqrt() * r * r / spread.powi(3)
                        * (-0.5 * (r / spread).powi(2)).exp()
                };
                let [a, b, c] = [0.0, 0.5, 1.0].map(|x| density((bin as f64 + x) * BIN));
                let expected = counts.total as f64 * BIN * (a + 4.0 * b + c) / 6.0;
                // Displacements that overlap in time are no new ones.
                let error = (expected * (time / 100.0)).sqrt();
                assert!(
                    (*count as f64 - expected).abs() < 5.0 * error + 5.0,
                    "{time} {bin}: {count} {expected}"
                );
            }
            let whole: f64 = found.curve(k).iter().map(|row| row.1 * BIN).sum();
            assert!((whole + found.beyond(k) - 1.0).abs() < 1e-12);
            for (row, count) in found.curve(k).iter().zip(&counts.distinct).filter(|(row, _)| row.0 > 1.5) {
                let expected = *count as f64 / row.2.unwrap().max(1e-9);
                let error = (5.0 / expected).sqrt();
                assert!(*count == 0 || (row.2.unwrap() - 1.0).abs() < 5.0 * error, "{time}: {row:?}");
            }
        }
    }

    /// A perfect crystal at rest: nothing has moved, and the others are where g(r) has its shells, at every lag.
    #[test]
    fn a_perfect_crystal() {
        let li = Element::from_symbol("Li").unwrap();
        let cell = Cell::orthorhombic(9.09, 9.09, 9.09).unwrap();
        let sites: Vec<Vec3> = (0..27)
            .map(|n| Vec3::new(f64::from(n / 9), f64::from(n / 3 % 3), f64::from(n % 3)) * 3.03)
            .collect();
        let frame = Frame::new(cell, vec![li; 27], sites);
        let found = watch(&vec![frame.clone(); 20], 8.0);
        let mut pairs = PairCounter::new(8.0);
        pairs.push(&frame).unwrap();
        let radial = pairs.finish()[0].curve();
        for k in 0..found.times.len() {
            let curve = found.curve(k);
            assert!((curve[0].1 * BIN - 1.0).abs() < 1e-12 && found.beyond(k) == 0.0);
            for (bin, row) in curve.iter().enumerate() {
                // g(r) has bins half as wide; their counts together are those of the bin.
                let volume = |r: f64, width: f64| (r + 0.5 * width).powi(3) - (r - 0.5 * width).powi(3);
                let both: f64 =
                    radial[2 * bin..2 * bin + 2].iter().map(|g| g[1] * volume(g[0], 0.5 * BIN)).sum();
                assert!((both / volume(row.0, BIN) - row.2.unwrap()).abs() < 1e-9, "{row:?}");
            }
        }
    }

    #[test]
    fn replicas_are_added() {
        let li = Element::from_symbol("Li").unwrap();
        let frame = Frame::new(slanted(), vec![li; 2], vec![Vec3::zeros(), Vec3::new(3.0, 0.0, 0.0)]);
        let (mut a, b) = (watch(&vec![frame.clone(); 3], 5.0), watch(&vec![frame; 9], 5.0));
        let alone = a.counts.clone();
        a.merge(&b);
        assert_eq!(a.times, b.times);
        for (k, own) in alone.iter().enumerate() {
            assert_eq!(a.counts[k].total, own.total + b.counts[k].total);
            assert!((a.counts[k].pairs - own.pairs - b.counts[k].pairs).abs() < 1e-12);
        }
        for k in 0..a.times.len() {
            for (x, y) in a.curve(k).iter().zip(b.curve(k)) {
                assert!(
                    (x.1 - y.1).abs() < 1e-12 && (x.2.unwrap() - y.2.unwrap()).abs() < 1e-12,
                    "{x:?} {y:?}"
                );
            }
        }
    }
}
