//! Follows mobile ions from site to site, and counts.
//!
//! An ion arrives at a site when it comes within the site's radius, and belongs to it until it arrives at another
//! (core sets, after N.-V. Buchete and G. Hummer, J. Phys. Chem. B 112, 6057 (2008), doi:10.1021/jp0761665), so looking
//! over a saddle and turning back is no hop.

use super::estimate::Estimate;
use super::hops::Hops;
use super::motion::Moment;
use super::scatter::mean_and_error;
use super::site_grid::SiteGrid;
use super::sites::Sites;
use super::stays::residence;
use crate::system::Vec3;
use std::collections::BTreeMap;

/// Stretches of time for errors, at most; they are joined in pairs beyond.
const STRETCHES: usize = 32;
const NOWHERE: u32 = u32::MAX;

/// Follows mobile ions from site to site.
#[derive(Debug, Clone)]
pub struct HopCounter {
    sites: Sites,
    /// Per mobile element: the sites that are open to it.
    grids: Vec<SiteGrid>,
    ions: Vec<Ion>,
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
    /// Which mobile element.
    kind: usize,
    /// Fractional coordinates in the first frame.
    first: Vec3,
    site: u32,
    image: [i32; 3],
    since: u32,
    /// Did it arrive, or was it there at the beginning?
    arrived: bool,
    last: Option<Vec3>,
}

impl HopCounter {
    /// For the mobile ions of a first frame.
    pub fn new(moment: &Moment<'_>, sites: Sites) -> Self {
        let mobile = moment.species.iter().zip(moment.members).filter(|(species, _)| species.mobile);
        let ion = |kind: usize, atom: usize| Ion {
            atom,
            kind,
            first: moment.place(atom),
            site: NOWHERE,
            image: [0; 3],
            since: 0,
            arrived: false,
            last: None,
        };
        let members = mobile.clone().enumerate();
        let ions = members.flat_map(|(kind, (_, atoms))| atoms.iter().map(move |atom| (kind, *atom)));
        Self {
            ions: ions.map(|(kind, atom)| ion(kind, atom)).collect(),
            grids: mobile.map(|(species, _)| SiteGrid::new(&sites, sites.open_to(species.element))).collect(),
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
            let images = |s: Vec3| Vec3::from_fn(|k, _| if cell.periodic()[k] { s[k].round() } else { 0.0 });
            let unwrapped = s + images(way - s);
            let Some(site) = self.grids[ion.kind].nearest(&self.sites, &s) else { continue };
            let home = unwrapped - self.sites.fractional[site as usize];
            let image = images(home);
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

    /// What was seen; `interval` is the time between frames, fs. A run without hops tells of that too.
    pub fn finish(self, interval: f64) -> Option<Hops> {
        let hops: u64 = self.hopped.iter().map(|n| u64::from(*n)).sum();
        let (frames, ions) = (self.frames as f64, self.ions.len() as f64);
        if self.ions.is_empty() {
            return None;
        }
        // Hops are between frames.
        let steps = frames - 1.0;
        let time = steps * interval / 1e3;
        // Whole stretches only: the last may be short.
        let whole = self.frames / self.span;
        let counts = &self.hopped[..whole.max(1).min(self.hopped.len())];
        // Who has seen no hop might as well have seen one.
        let least = (hops.max(1) as f64).sqrt() / (ions * time);
        let dof = (counts.len() as f64 - 1.0).max(1.0);
        let rate = hops as f64 / (ions * time);
        let rate_error = least.max(scatter(counts) * rate);
        let settled = self.settled.iter().map(|n| f64::from(*n)).sum::<f64>() / (ions * frames);
        let by_time = format!("hops counted; error from {} stretches of time", counts.len());
        let rate = Estimate::counted(rate, rate_error, dof, "1/ps", by_time);
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
            residence: residence(&rate, settled, interval),
            rate,
            length: Estimate::normal(length, length_error, (seen - 1.0).max(1.0), "Å", "root mean square"),
            cosine,
            settled,
            hops,
            interval,
            watched: ions * steps,
            kinds: self.kinds.iter().map(|((a, b, v), n)| (*a, *b, vector(v), *n)).collect(),
            stays: self.stays.iter().map(|(site, n)| (*site, f64::from(*n) * interval / 1e3)).collect(),
            unfinished: (self.ions.iter().filter(|ion| ion.arrived))
                .map(|ion| f64::from(self.frames as u32 - 1 - ion.since) * interval / 1e3)
                .collect(),
            sites: self.sites,
        })
    }
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
