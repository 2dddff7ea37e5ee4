//! Hops between sites: how long ions stay, where they go, and how much of their motion is undone.
//!
//! With Γ hops per ion and time of mean squared length a², uncorrelated hops
//! would give the diffusivity Γa²/6; the jump correlation factor f = D*/(Γa²/6) says how much of it is left. Hops that
//! the ion takes back at once show as a negative mean cosine of successive hops.

use super::estimate::Estimate;
use super::sites::Sites;
use super::special::student_95;
use super::stays::residence;
use crate::system::Vec3;

/// Hops of one run or replicas.
#[derive(Debug, Clone)]
pub struct Hops {
    /// The sites.
    pub sites: Sites,
    /// Time between frames, fs.
    pub interval: f64,
    /// Ions times steps between frames that were watched.
    pub watched: f64,
    /// Number of hops.
    pub hops: u64,
    /// Hops per ion, 1/ps.
    pub rate: Estimate,
    /// Mean time at a site, ps.
    pub residence: Estimate,
    /// Root mean squared length of a hop, Å.
    pub length: Estimate,
    /// Mean cosine of the angle between successive hops of an ion.
    pub cosine: Option<Estimate>,
    /// Per site: mean number of ions.
    pub occupancy: Vec<Estimate>,
    /// Part of the time in which ions belong to a site.
    pub settled: f64,
    /// From, to, vector (Å), and how often.
    pub kinds: Vec<(u32, u32, Vec3, u64)>,
    /// Site and length (ps) of every stay that was seen from arrival to departure.
    pub stays: Vec<(u32, f64)>,
    /// Lengths (ps) of the stays that were seen from arrival on and had no end.
    pub unfinished: Vec<f64>,
}

impl Hops {
    /// Adds a replica with the same sites, each counting with its ions and its length.
    pub fn merge(&mut self, other: Self) {
        let parts = [self.watched, other.watched].map(|n| n / (self.watched + other.watched));
        let hops = [self.hops, other.hops].map(|n| n as f64 / (self.hops + other.hops).max(1) as f64);
        let rate = pooled(&self.rate, &other.rate, parts);
        self.rate =
            Estimate::counted(rate.value, rate.std_error, rate.n_effective - 1.0, rate.unit, rate.method);
        self.settled = parts[0] * self.settled + parts[1] * other.settled;
        self.residence = residence(&self.rate, self.settled, self.interval);
        self.length = pooled(&self.length, &other.length, hops);
        self.cosine = match (&self.cosine, &other.cosine) {
            (Some(a), Some(b)) => Some(pooled(a, b, hops)),
            (a, b) => a.clone().or(b.clone()),
        };
        for (own, more) in self.occupancy.iter_mut().zip(&other.occupancy) {
            *own = pooled(own, more, parts);
        }
        for (a, b, v, n) in other.kinds {
            match self.kinds.iter_mut().find(|kind| (kind.0, kind.1, kind.2) == (a, b, v)) {
                Some(kind) => kind.3 += n,
                None => self.kinds.push((a, b, v, n)),
            }
        }
        self.stays.extend(other.stays);
        self.unfinished.extend(other.unfinished);
        self.hops += other.hops;
        self.watched += other.watched;
    }

    /// f = D*/(Γa²/6) with the errors of all three.
    pub fn correlation_factor(&self, diffusivity: &Estimate) -> Estimate {
        // 1/ps Å² are 1e-4 cm²/s.
        let free = self.rate.value * self.length.value.powi(2) / 6.0 * 1e-4;
        let relative = (diffusivity.relative_error().powi(2)
            + self.rate.relative_error().powi(2)
            + 4.0 * self.length.relative_error().powi(2))
        .sqrt();
        let value = diffusivity.value / free;
        let dof = self.rate.n_effective.min(diffusivity.n_effective).max(2.0) - 1.0;
        let method = "D* over that of uncorrelated hops, Γa²/6";
        let mut factor = Estimate::normal(value, relative * value, dof, "1", method);
        // A ratio of positive numbers: its logarithm is nearer to normal than itself.
        let half = student_95(dof) * relative;
        factor.ci95 = [value * (-half).exp(), value * half.exp()];
        factor
    }
}

/// The weighted mean of two independent estimates.
fn pooled(a: &Estimate, b: &Estimate, parts: [f64; 2]) -> Estimate {
    let value = parts[0] * a.value + parts[1] * b.value;
    let error = (parts[0] * a.std_error).hypot(parts[1] * b.std_error);
    Estimate::normal(value, error, a.n_effective + b.n_effective - 2.0, a.unit, a.method.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Choice, DriftReference, HopCounter, Motion, Settings, Transport};
    use crate::io::Frame;
    use crate::random::{Philox, Purpose};
    use crate::system::{Cell, Element};

    const EDGE: f64 = 3.0;

    /// The sites of a simple cubic lattice of n³ sites.
    fn lattice(n: usize) -> (Cell, Vec<Vec3>) {
        let cell = Cell::orthorhombic(n as f64 * EDGE, n as f64 * EDGE, n as f64 * EDGE).unwrap();
        let sites = (0..n * n * n)
            .map(|k| {
                Vec3::new((k / (n * n)) as f64, (k / n % n) as f64, (k % n) as f64)
                    .map(|x| (x + 0.02) / n as f64)
            })
            .collect();
        (cell, sites)
    }

    /// Lets ions hop on sites and watches them; `next` moves the ions, given as sites.
    fn watch(
        n: usize,
        frames: usize,
        mut at: Vec<usize>,
        next: &mut dyn FnMut(&mut Vec<usize>),
    ) -> (Hops, Transport) {
        let [li, o] = ["Li", "O"].map(|s| Element::from_symbol(s).unwrap());
        let (cell, sites) = lattice(n);
        let species = [vec![li; at.len()], vec![o]].concat();
        let settings =
            Settings { mobile: vec![li], reference: DriftReference::Framework, interval: Some(1000.0) };
        let (mut motion, mut counter) = (Motion::new(settings), None);
        let mut random = Philox::new(8, Purpose::General, 1, 0);
        for _ in 0..frames {
            let mut positions: Vec<Vec3> = at
                .iter()
                .map(|k| cell.cartesian(&sites[*k]) + Vec3::from_fn(|_, _| 0.2 * random.normal()))
                .collect();
            positions.push(Vec3::zeros());
            let frame = Frame::new(cell.clone(), species.clone(), positions);
            let moment = motion.push(&frame).unwrap().unwrap();
            let start =
                || HopCounter::new(&moment, Sites::new(sites.clone(), cell.clone(), "given").unwrap());
            counter.get_or_insert_with(start).push(&moment);
            next(&mut at);
        }
        let hops = counter.unwrap().finish(1000.0).unwrap();
        let moved = motion.finish().unwrap();
        let found = Transport::of(vec![moved], None, &[], &Choice::default()).unwrap();
        (hops, found)
    }

    fn factor(hops: &Hops, found: &Transport) -> Estimate {
        hops.correlation_factor(&found.tracers[0].1.as_ref().unwrap().diffusivity)
    }

    fn step(site: usize, way: usize, n: usize) -> usize {
        let mut at = [site / (n * n), site / n % n, site % n];
        let k = way / 2;
        at[k] = (at[k] + if way.is_multiple_of(2) { 1 } else { n - 1 }) % n;
        (at[0] * n + at[1]) * n + at[2]
    }

    /// Ions that do not know of each other hop to any of six neighbours with a probability of 5 % per ps: the rate, the
    /// residence time, the length, the number of ions per site, and f = 1 within four standard errors.
    #[test]
    fn independent_hops_are_uncorrelated() {
        let (n, hop) = (4, 0.05);
        let mut random = Philox::new(8, Purpose::General, 0, 0);
        let (hops, found) = watch(n, 2000, (0..32).collect(), &mut |at| {
            for site in at {
                if random.uniform() < hop {
                    *site = step(*site, random.below(6) as usize, n);
                }
            }
        });
        let near = |e: &Estimate, truth: f64| (e.value - truth).abs() < 4.0 * e.std_error;
        assert!(near(&hops.rate, hop), "{}", hops.rate);
        assert!(near(&hops.residence, 1.0 / hop), "{}", hops.residence);
        assert!((hops.length.value - EDGE).abs() < 1e-6 && hops.settled > 0.999);
        assert!(near(hops.cosine.as_ref().unwrap(), 0.0), "{:?}", hops.cosine);
        let f = factor(&hops, &found);
        assert!(near(&f, 1.0), "{f}");
        // Every hop is one of an ion in a time, and Γa²/6 is the diffusivity without correlation.
        assert!((hops.rate.value * 32.0 * 1999.0 / hops.hops as f64 - 1.0).abs() < 1e-12, "{}", hops.rate);
        assert!((hops.residence.value * hops.rate.value / hops.settled - 1.0).abs() < 1e-12);
        let [per_ps, unit] = ["1 angstrom^2/ps", "1 cm^2/s"]
            .map(|text| crate::units::parse(text, crate::units::Dimension::DIFFUSIVITY).unwrap());
        let free = hops.rate.value * EDGE * EDGE / 6.0 * per_ps / unit;
        let f = hops.correlation_factor(&Estimate::normal(free, 0.0, 1e9, "cm²/s", "test"));
        assert!((f.value - 1.0).abs() < 1e-9, "{f}");
        // Γ and a² have errors that know nothing of each other.
        let relative = hops.rate.relative_error().hypot(2.0 * hops.length.relative_error());
        assert!((f.std_error / relative - 1.0).abs() < 1e-9, "{f}");
        let ions: f64 = hops.occupancy.iter().map(|e| e.value).sum();
        assert!((ions - 32.0).abs() < 0.05, "{ions}");
        assert!(hops.kinds.iter().all(|(_, _, v, _)| (v.norm() - EDGE).abs() < 1e-9));
        // Stays that the end cut count too: in the first tenth of the run the part that lasts is that of a geometric distribution
        // within four binomial errors.
        let arrivals = (hops.stays.len() + hops.unfinished.len()) as f64;
        for [t, part] in hops.lasting().into_iter().filter(|row| row[0] <= 60.0) {
            let truth = (1.0 - hop).powf(t);
            let error = (truth * (1.0 - truth) / arrivals).sqrt();
            assert!((part - truth).abs() <= 4.0 * error, "{t}: {part} {truth}");
        }
        // Whole stays of an exponential distribution, cut by the length of the run, are shorter on average.
        let mean = hops.stays.iter().map(|s| s.1).sum::<f64>() / hops.stays.len() as f64;
        assert!((mean / 20.0 - 1.0).abs() < 0.1, "{mean}");
    }

    /// In runs as long as ions stay on average, whole stays are half as long and less; with those that the end cut the part that
    /// lasts is right, within four binomial errors. Few hops have an interval that stays positive, and a residence time whose
    /// upper end is further away than its lower one.
    #[test]
    fn short_runs_have_no_shorter_stays() {
        let (n, hop, frames) = (4, 0.05, 21);
        let mut random = Philox::new(8, Purpose::General, 3, 0);
        let mut all: Option<Hops> = None;
        for _ in 0..40 {
            let (hops, _) = watch(n, frames, (0..32).collect(), &mut |at| {
                for site in at {
                    if random.uniform() < hop {
                        *site = step(*site, random.below(6) as usize, n);
                    }
                }
            });
            match &mut all {
                Some(all) => all.merge(hops),
                None => all = Some(hops),
            }
        }
        let hops = all.unwrap();
        let arrivals = (hops.stays.len() + hops.unfinished.len()) as f64;
        for [t, part] in hops.lasting().into_iter().filter(|row| row[0] <= 10.0) {
            let truth = (1.0 - hop).powf(t);
            // Half of the ions that arrived are still in sight after half of the run.
            let error = (2.0 * truth * (1.0 - truth) / arrivals).sqrt();
            assert!((part - truth).abs() <= 4.0 * error, "{t}: {part} {truth}");
        }
        let mean = hops.stays.iter().map(|s| s.1).sum::<f64>() / hops.stays.len() as f64;
        assert!(mean < 10.0, "{mean}");
        // Of 21 frames hops are between 20 pairs: one in 21 would be missed otherwise, two standard errors of 1300 hops.
        let exact = hops.hops as f64 / (40.0 * 32.0 * 20.0);
        assert!((hops.rate.value / exact - 1.0).abs() < 1e-12, "{} {exact}", hops.rate);
        assert!((hops.residence.value - 20.0).abs() < 4.0 * hops.residence.std_error, "{}", hops.residence);

        let few = residence(&Estimate::counted(0.1, 0.1 / 2.0_f64.sqrt(), 31.0, "1/ps", "two"), 1.0, 1000.0);
        assert!(few.ci95[0] > 0.0 && few.ci95[1] - few.value > few.value - few.ci95[0], "{few}");
        assert!(few.flags.is_empty() && residence(&few.scaled(0.3, "1/ps"), 1.0, 1000.0).flags.len() == 1);
    }

    /// Diffusion by vacancies on a simple cubic lattice: an ion that changed places with a vacancy is likely to change
    /// back, f = 0.6531 (K. Compaan and Y. Haven, Trans. Faraday Soc. 52, 786 (1956), doi:10.1039/TF9565200786), and
    /// ⟨cos θ⟩ = (f − 1)/(f + 1) = −0.21. Two vacancies among 216 sites are nearly alone: f may differ by their part of
    /// the sites, a per cent.
    #[test]
    fn vacancies_have_the_correlation_factor_of_the_books() {
        let n = 6;
        let mut random = Philox::new(12, Purpose::General, 0, 0);
        let mut holes: Vec<usize> = vec![0, 129];
        let at: Vec<usize> = (0..n * n * n).filter(|k| !holes.contains(k)).collect();
        let mut ion_at = vec![usize::MAX; n * n * n];
        for (ion, site) in at.iter().enumerate() {
            ion_at[*site] = ion;
        }
        // One change of places per frame, so that none is missed.
        let (hops, found) = watch(n, 6000, at, &mut |at| {
            let hole = random.below(2) as usize;
            let from = step(holes[hole], random.below(6) as usize, n);
            let ion = ion_at[from];
            if ion != usize::MAX {
                at[ion] = holes[hole];
                (ion_at[holes[hole]], ion_at[from]) = (ion, usize::MAX);
                holes[hole] = from;
            }
        });
        let f = factor(&hops, &found);
        assert!((f.value - 0.6531).abs() < 4.0 * f.std_error + 0.01 && f.std_error < 0.05, "{f}");
        let cosine = hops.cosine.as_ref().unwrap();
        assert!((cosine.value + 0.2098).abs() < 4.0 * cosine.std_error + 0.02, "{cosine}");
        assert!(hops.rate.value > 0.003, "{}", hops.rate);

        // A replica as long that saw no hop halves the rate.
        let rate = Estimate::normal(0.0, 1e-5, 10.0, "1/ps", "none");
        let mut half = hops.clone();
        half.merge(Hops { hops: 0, rate, ..hops.clone() });
        assert!((half.rate.value / hops.rate.value - 0.5).abs() < 1e-12 && half.hops == hops.hops);

        let mut twice = hops.clone();
        twice.merge(hops.clone());
        assert!((twice.rate.value / hops.rate.value - 1.0).abs() < 1e-12 && twice.hops == 2 * hops.hops);
        assert!((twice.rate.std_error * 2.0_f64.sqrt() / hops.rate.std_error - 1.0).abs() < 1e-12);
        assert_eq!(twice.kinds.len(), hops.kinds.len());
    }
}
