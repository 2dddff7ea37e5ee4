//! Hops between sites: how long ions stay, where they go, and how much of their motion is undone.
//!
//! An ion arrives at a site when it comes within the site's radius, and belongs to it until it arrives at another
//! (core sets, after N.-V. Buchete and G. Hummer, J. Phys. Chem. B 112, 6057 (2008), doi:10.1021/jp0761665), so looking
//! over a saddle and turning back is no hop. With Γ hops per ion and time of mean squared length a², uncorrelated hops
//! would give the diffusivity Γa²/6; the jump correlation factor f = D*/(Γa²/6) says how much of it is left. Hops that
//! the ion takes back at once show as a negative mean cosine of successive hops.

use super::estimate::Estimate;
use super::motion::Moment;
use super::scatter::mean_and_error;
use super::sites::Sites;
use crate::system::{Element, Vec3};
use std::collections::BTreeMap;

/// Stretches of time for errors, at most; they are joined in pairs beyond.
const STRETCHES: usize = 32;
const NOWHERE: u32 = u32::MAX;

/// Follows mobile ions from site to site.
#[derive(Debug, Clone)]
pub struct HopCounter {
    sites: Sites,
    /// Nearest site of each point of a coarse grid, found when it is first asked for.
    nearest: Vec<u32>,
    points: [usize; 3],
    ions: Vec<Ion>,
    element: Vec<Element>,
    frames: usize,
    /// Per site: frames in which ions belonged to it, in stretches of time.
    occupied: Vec<Vec<u32>>,
    /// Frames in each stretch.
    span: usize,
    /// Hops in each stretch.
    hopped: Vec<u32>,
    settled: Vec<u32>,
    /// From, to, and the vector in hundredths of Å, with how often.
    kinds: BTreeMap<(u32, u32, [i32; 3]), u64>,
    stays: Vec<(u32, u32)>,
    squares: f64,
    cosines: [f64; 2],
    pairs: u64,
}

#[derive(Debug, Clone, Copy)]
struct Ion {
    atom: usize,
    /// Fractional coordinates in the first frame.
    first: Vec3,
    site: u32,
    image: [i32; 3],
    since: u32,
    /// Did it arrive, or was it there at the beginning?
    arrived: bool,
    last: Option<Vec3>,
}

/// Hops of one run or replicas.
#[derive(Debug, Clone)]
pub struct Hops {
    /// The sites.
    pub sites: Sites,
    /// Time between frames, fs.
    pub interval: f64,
    /// Ions times frames that were watched.
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
}

impl HopCounter {
    /// For the mobile ions of a first frame.
    pub fn new(moment: &Moment<'_>, sites: Sites) -> Self {
        let cell = &moment.frame.cell;
        let points = cell.lengths().map(|length| ((length / 0.5).ceil() as usize).clamp(1, 64));
        let mobile = moment.species.iter().zip(moment.members).filter(|(species, _)| species.mobile);
        let atoms: Vec<usize> = mobile.clone().flat_map(|(_, members)| members.iter().copied()).collect();
        let ion = |atom: &usize| Ion {
            atom: *atom,
            first: moment.place(*atom),
            site: NOWHERE,
            image: [0; 3],
            since: 0,
            arrived: false,
            last: None,
        };
        Self {
            nearest: vec![NOWHERE; points.iter().product()],
            points,
            ions: atoms.iter().map(ion).collect(),
            element: mobile.map(|(species, _)| species.element).collect(),
            frames: 0,
            occupied: vec![Vec::new(); sites.len()],
            sites,
            span: 1,
            hopped: Vec::new(),
            settled: Vec::new(),
            kinds: BTreeMap::new(),
            stays: Vec::new(),
            squares: 0.0,
            cosines: [0.0; 2],
            pairs: 0,
        }
    }

    /// Takes the next frame.
    pub fn push(&mut self, moment: &Moment<'_>) {
        let stretch = self.stretch();
        let cell = &moment.frame.cell;
        for k in 0..self.ions.len() {
            let ion = self.ions[k];
            let s = moment.place(ion.atom);
            // The way that was taken tells the image, however the cell breathes meanwhile.
            let way = ion.first + cell.fractional(&moment.displacements[ion.atom]);
            let unwrapped = s + (way - s).map(f64::round);
            let site = self.nearest_site(&s);
            let home = unwrapped - self.sites.fractional[site as usize];
            let image = home.map(f64::round);
            if cell.cartesian(&(home - image)).norm() <= self.sites.radius[site as usize] {
                let image = [image.x as i32, image.y as i32, image.z as i32];
                if ion.site == NOWHERE {
                    let now = &mut self.ions[k];
                    (now.site, now.image, now.since) = (site, image, self.frames as u32);
                } else if (ion.site, ion.image) != (site, image) {
                    self.hop(k, site, image, stretch);
                }
            }
            let site = self.ions[k].site;
            if site != NOWHERE {
                self.occupied[site as usize][stretch] += 1;
                self.settled[stretch] += 1;
            }
        }
        self.frames += 1;
    }

    fn hop(&mut self, k: usize, site: u32, image: [i32; 3], stretch: usize) {
        let ion = self.ions[k];
        let cells = Vec3::from_fn(|k, _| f64::from(image[k] - ion.image[k]));
        let part = self.sites.fractional[site as usize] - self.sites.fractional[ion.site as usize] + cells;
        let vector = self.sites.cell.cartesian(&part);
        if let Some(last) = ion.last {
            let cosine = last.dot(&vector) / (last.norm() * vector.norm()).max(1e-300);
            self.cosines[0] += cosine;
            self.cosines[1] += cosine * cosine;
            self.pairs += 1;
        }
        if ion.arrived {
            self.stays.push((ion.site, self.frames as u32 - ion.since));
        }
        let rounded = [0, 1, 2].map(|k| (100.0 * vector[k]).round() as i32);
        *self.kinds.entry((ion.site, site, rounded)).or_default() += 1;
        self.squares += vector.norm_squared();
        self.hopped[stretch] += 1;
        self.ions[k] =
            Ion { site, image, since: self.frames as u32, arrived: true, last: Some(vector), ..ion };
    }

    /// The stretch of time that the next frame belongs to.
    fn stretch(&mut self) -> usize {
        if self.frames / self.span >= STRETCHES {
            let join = |counts: &mut Vec<u32>| {
                *counts = counts.chunks(2).map(|pair| pair.iter().sum()).collect();
            };
            self.occupied.iter_mut().for_each(join);
            join(&mut self.hopped);
            join(&mut self.settled);
            self.span *= 2;
        }
        let stretch = self.frames / self.span;
        if self.hopped.len() == stretch {
            self.occupied.iter_mut().for_each(|counts| counts.push(0));
            self.hopped.push(0);
            self.settled.push(0);
        }
        stretch
    }

    /// The nearest site of a place. Near the border between two sites the coarse grid may say the wrong one, which is
    /// outside the radius of both.
    fn nearest_site(&mut self, s: &Vec3) -> u32 {
        let at = [0, 1, 2].map(|k| {
            let n = self.points[k];
            ((s[k] - s[k].floor()) * n as f64) as usize % n
        });
        let index = (at[0] * self.points[1] + at[1]) * self.points[2] + at[2];
        if self.nearest[index] == NOWHERE {
            let middle = Vec3::from_fn(|k, _| (at[k] as f64 + 0.5) / self.points[k] as f64);
            let cell = &self.sites.cell;
            let distance =
                |site: &Vec3| cell.cartesian(&(middle - site).map(|x| x - x.round())).norm_squared();
            let all = self.sites.fractional.iter().map(distance).enumerate();
            let nearest = all.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(k, _)| k);
            self.nearest[index] = nearest as u32;
        }
        self.nearest[index]
    }

    /// What was seen; `interval` is the time between frames, fs. A run without hops tells of that too.
    pub fn finish(self, interval: f64) -> Option<Hops> {
        let hops: u64 = self.hopped.iter().map(|n| u64::from(*n)).sum();
        let (frames, ions) = (self.frames as f64, self.ions.len() as f64);
        if self.element.is_empty() {
            return None;
        }
        let time = frames * interval / 1e3;
        // Whole stretches only: the last may be short.
        let whole = self.frames / self.span;
        let counts = &self.hopped[..whole.max(1).min(self.hopped.len())];
        // Who has seen no hop might as well have seen one.
        let least = (hops.max(1) as f64).sqrt() / (ions * time);
        let dof = (counts.len() as f64 - 1.0).max(1.0);
        let rate = hops as f64 / (ions * time);
        let rate_error = least.max(scatter(counts) * rate);
        let relative = rate_error / rate;
        let settled = self.settled.iter().map(|n| f64::from(*n)).sum::<f64>() / (ions * frames);
        let residence = settled / rate;
        let by_time = format!("hops counted; error from {} stretches of time", counts.len());
        let seen = hops.max(1) as f64;
        let mean_square = self.squares / seen;
        let spread: f64 = self
            .kinds
            .iter()
            .map(|((_, _, v), n)| (square(v) - mean_square).powi(2) * *n as f64)
            .sum::<f64>()
            / seen;
        let length = mean_square.sqrt();
        let length_error = (0.5 / length.max(1e-300) * (spread / seen).sqrt()).max(5e-3 / seen.sqrt());
        let cosine = (self.pairs > 1).then(|| {
            let n = self.pairs as f64;
            let mean = self.cosines[0] / n;
            let error = ((self.cosines[1] / n - mean * mean).max(1e-12) / (n - 1.0)).sqrt();
            Estimate::normal(mean, error, n - 1.0, "1", "mean over pairs of successive hops")
        });
        let occupancy = self.occupied.iter().map(|counts| {
            let mean = counts.iter().map(|n| f64::from(*n)).sum::<f64>() / frames;
            let counts = &counts[..whole.max(1).min(counts.len())];
            let error = (scatter(counts) * mean).max(1.0 / (frames * ions));
            Estimate::normal(mean, error, (counts.len() as f64 - 1.0).max(1.0), "1", "mean over time")
        });
        Some(Hops {
            occupancy: occupancy.collect(),
            rate: Estimate::normal(rate, rate_error, dof, "1/ps", by_time.clone()),
            residence: Estimate::normal(residence, relative * residence, dof, "ps", by_time),
            length: Estimate::normal(length, length_error, (seen - 1.0).max(1.0), "Å", "root mean square"),
            cosine,
            settled,
            hops,
            interval,
            watched: ions * frames,
            kinds: self.kinds.iter().map(|((a, b, v), n)| (*a, *b, vector(v), *n)).collect(),
            stays: self.stays.iter().map(|(site, n)| (*site, f64::from(*n) * interval / 1e3)).collect(),
            sites: self.sites,
        })
    }
}

impl Hops {
    /// Adds a replica with the same sites, each counting with its ions and its length.
    pub fn merge(&mut self, other: Self) {
        let parts = [self.watched, other.watched].map(|n| n / (self.watched + other.watched));
        let hops = [self.hops, other.hops].map(|n| n as f64 / (self.hops + other.hops).max(1) as f64);
        self.rate = pooled(&self.rate, &other.rate, parts);
        self.settled = parts[0] * self.settled + parts[1] * other.settled;
        let residence = self.settled / self.rate.value;
        let error = residence * self.rate.relative_error();
        let dof = self.rate.n_effective - 1.0;
        self.residence = Estimate::normal(residence, error, dof, "ps", self.residence.method.clone());
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
        Estimate::normal(value, relative * value, dof, "1", "D* over that of uncorrelated hops, Γa²/6")
    }
}

/// The weighted mean of two independent estimates.
fn pooled(a: &Estimate, b: &Estimate, parts: [f64; 2]) -> Estimate {
    let value = parts[0] * a.value + parts[1] * b.value;
    let error = (parts[0] * a.std_error).hypot(parts[1] * b.std_error);
    Estimate::normal(value, error, a.n_effective + b.n_effective - 2.0, a.unit, a.method.clone())
}

fn vector(hundredths: &[i32; 3]) -> Vec3 {
    Vec3::from_fn(|k, _| f64::from(hundredths[k]) / 100.0)
}

fn square(hundredths: &[i32; 3]) -> f64 {
    vector(hundredths).norm_squared()
}

/// The relative standard error of the mean of counts in successive stretches.
fn scatter(counts: &[u32]) -> f64 {
    let (mean, error) = mean_and_error(counts.iter().map(|count| f64::from(*count)));
    if counts.len() < 2 || mean == 0.0 { 1.0 } else { error / mean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Choice, DriftReference, Motion, Settings, Transport};
    use crate::io::Frame;
    use crate::random::{Philox, Purpose};
    use crate::system::Cell;

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
    ) -> (Hops, Estimate) {
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
        (hops, found.tracers[0].1.as_ref().unwrap().diffusivity.clone())
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
        let (hops, tracer) = watch(n, 2000, (0..32).collect(), &mut |at| {
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
        let f = hops.correlation_factor(&tracer);
        assert!(near(&f, 1.0), "{f}");
        let ions: f64 = hops.occupancy.iter().map(|e| e.value).sum();
        assert!((ions - 32.0).abs() < 0.05, "{ions}");
        assert!(hops.kinds.iter().all(|(_, _, v, _)| (v.norm() - EDGE).abs() < 1e-9));
        // Whole stays of an exponential distribution, cut by the length of the run, are shorter on average.
        let mean = hops.stays.iter().map(|s| s.1).sum::<f64>() / hops.stays.len() as f64;
        assert!((mean / 20.0 - 1.0).abs() < 0.1, "{mean}");
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
        let (hops, tracer) = watch(n, 6000, at, &mut |at| {
            let hole = random.below(2) as usize;
            let from = step(holes[hole], random.below(6) as usize, n);
            let ion = ion_at[from];
            if ion != usize::MAX {
                at[ion] = holes[hole];
                (ion_at[holes[hole]], ion_at[from]) = (ion, usize::MAX);
                holes[hole] = from;
            }
        });
        let f = hops.correlation_factor(&tracer);
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
