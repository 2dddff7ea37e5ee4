//! Van Hove's correlation functions: where an ion is after a time, and where the others are.
//!
//! G_s(r, t) = ⟨δ(r − |u_i(t)|)⟩ is shown as 4πr²G_s, which integrates to one over all distances. Displacements are
//! unwrapped, so the cell has no part in it. G_d(r, t) = (1/N) ⟨Σ_{i≠j} δ(r − |r_i(t) − r_j(0)|)⟩ / (4πr²ρ) counts every
//! periodic image of every other ion, so its shells are whole at any distance in any cell, beyond half the box too; the
//! images of ion i itself are left out, and ρ = (N − 1)/V with them. It is one where nothing is correlated and begins
//! as g(r) at t = 0 (van Hove, Phys. Rev. 95, 249 (1954), doi:10.1103/PhysRev.95.249).

use crate::system::Element;

/// Width of a bin, Å.
pub(super) const BIN: f64 = 0.1;

/// What was counted at one lag.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) own: Vec<u64>,
    /// Displacements, those beyond the last bin too.
    pub(super) total: u64,
    pub(super) distinct: Vec<u64>,
    /// Σ over looks of N (N − 1)/V.
    pub(super) pairs: f64,
}

/// G_s and G_d of one element.
#[derive(Debug, Clone)]
pub struct VanHove {
    /// Whose.
    pub element: Element,
    /// Lags, fs, ascending.
    pub times: Vec<f64>,
    pub(super) counts: Vec<Counts>,
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
    use crate::analysis::{DriftReference, Motion, PairCounter, Settings, VanHoveCounter};
    use crate::io::Frame;
    use crate::random::{Philox, Purpose};
    use crate::system::{Cell, Vec3};

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
        // To 10 Å, which is the end of the last bin.
        let found = watch(&frames, 9.97);
        assert_eq!(found.curve(0).len(), 100);
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
