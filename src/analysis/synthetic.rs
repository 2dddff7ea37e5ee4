//! Systems whose transport is known exactly: what the coverage study measures the estimators with.
//!
//! Every system has mobile ions (Li, charge 1) and eight framework atoms (O), and is handed out frame by frame as
//! a reader would: wrapped positions in a periodic box, without image counters.

use super::motion::{DriftReference, Motion, Moved, Settings};
use crate::error::Result;
use crate::io::Frame;
use crate::random::{Philox, Purpose};
use crate::system::{Cell, Element, Vec3};

/// A kind of motion with a known answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Ions walk independently.
    Walks,
    /// Groups of four ions share half of their steps: H_R = 1/(1 + 3/2) = 0.4.
    Concert,
    /// Ions rattle in cages of a cubic lattice and hop between them.
    Cages,
    /// The same, and half of the hops are those of four ions at once: H_R = 1/(½ + 4/2) = 0.4.
    Chains,
    /// Ions fill eight of nine sites of a cubic lattice and hop into vacancies, often back again: D* is less than that of as
    /// many free hops, D_σ is not.
    Vacancies,
    /// The framework drifts, and the ions with it.
    Drift,
    /// The box breathes by a few per cent.
    Breathing,
    /// Ions walk twice as far along x and half as far along z as along y.
    Anisotropic,
    /// Each step keeps three fifths of the one before: velocities last for two frames.
    Inertia,
}

/// A system with a known answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synthetic {
    /// How the ions move.
    pub kind: Kind,
    /// Mobile ions, a multiple of four; among vacancies 192.
    pub ions: usize,
    /// Number of frames.
    pub frames: usize,
    /// Length of a step between frames, Å (standard deviation along each axis); for cages the hop probability,
    /// for vacancies that of trying.
    pub step: f64,
}

/// Time between frames, fs.
pub const INTERVAL: f64 = 100.0;
/// Distance of the cages, Å.
const HOP: f64 = 3.0;
/// Rattling in a cage, Å along each axis.
const RATTLE: f64 = 0.35;
const BOX: f64 = 30.0;
/// Sites along each edge of the lattice with vacancies.
const EDGE: usize = 6;
const SITES: usize = EDGE * EDGE * EDGE;
const VACANT: usize = 24;
/// How much of the hops is not taken back there: simulated once with 2·10⁹ tries, ± 0.0002.
const CORRELATION: f64 = 0.7008;
const ANISOTROPY: [f64; 3] = [2.0, 1.0, 0.5];
/// What a step keeps of the one before.
const KEPT: f64 = 0.6;

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Walks,
        Self::Concert,
        Self::Cages,
        Self::Chains,
        Self::Vacancies,
        Self::Drift,
        Self::Breathing,
        Self::Anisotropic,
        Self::Inertia,
    ];

    /// Do ions rattle in cages and hop?
    pub fn hops(self) -> bool {
        matches!(self, Self::Cages | Self::Chains | Self::Vacancies)
    }
}

impl Synthetic {
    /// The system of a kind that the study uses.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Cages | Kind::Chains => Self { kind, ions: 32, frames: 800, step: 0.04 },
            Kind::Vacancies => Self { kind, ions: SITES - VACANT, frames: 800, step: 0.5 },
            Kind::Inertia => Self { kind, ions: 32, frames: 1000, step: 0.3 },
            _ => Self { kind, ions: 32, frames: 500, step: 0.6 },
        }
    }

    /// The volume, Å³ (its mean, where the box breathes).
    pub fn volume(&self) -> f64 {
        self.edge().powi(3)
    }

    fn edge(&self) -> f64 {
        if self.kind == Kind::Vacancies { EDGE as f64 * HOP } else { BOX }
    }

    /// Hops of an ion per frame, where ions hop.
    pub fn hops(&self) -> f64 {
        if self.kind == Kind::Vacancies {
            // Vacancies try, and find one of the other sites beside them, most of which are full.
            VACANT as f64 * self.step / (SITES - 1) as f64
        } else {
            self.step
        }
    }

    /// D*, cm²/s.
    pub fn diffusivity(&self) -> f64 {
        let per_frame = match self.kind {
            Kind::Cages | Kind::Chains => HOP * HOP * self.hops() / 6.0,
            // What a vacancy brings forward the next one beside it takes back in the mean, so of P, the sum of all ways, each
            // step is independent of those before.
            Kind::Vacancies => HOP * HOP * self.hops() / 6.0 * CORRELATION,
            Kind::Anisotropic => ANISOTROPY.iter().map(|a| (a * self.step).powi(2)).sum::<f64>() / 6.0,
            Kind::Inertia => 0.5 * self.step * self.step * (1.0 + KEPT) / (1.0 - KEPT),
            _ => 0.5 * self.step * self.step,
        };
        per_frame / INTERVAL * 0.1
    }

    /// D*/D_σ.
    pub fn haven(&self) -> f64 {
        match self.kind {
            Kind::Concert | Kind::Chains => 0.4,
            Kind::Vacancies => CORRELATION,
            _ => 1.0,
        }
    }

    /// Lets the system move and watches it; seeds give independent systems.
    pub fn watch(&self, seed: u64) -> Result<Moved> {
        let settings = Settings {
            mobile: Element::from_symbol("Li").into_iter().collect(),
            reference: DriftReference::Framework,
            interval: Some(INTERVAL),
        };
        let mut motion = Motion::new(settings);
        self.run(seed, &mut |frame| motion.push(frame).map(|_| ()))?;
        motion.finish()
    }

    /// Hands out the frames one after another.
    pub fn run(&self, seed: u64, take: &mut dyn FnMut(&Frame) -> Result<()>) -> Result<()> {
        let mut random = Philox::new(seed, Purpose::General, 0, 0);
        let symbols = [("Li", self.ions), ("O", 8)];
        let species = symbols
            .iter()
            .flat_map(|(symbol, n)| std::iter::repeat_n(Element::from_symbol(symbol), *n))
            .flatten()
            .collect::<Vec<_>>();
        // Fractional coordinates: the box may breathe.
        let mut sites: Vec<Vec3> = (0..species.len())
            .map(|_| Vec3::new(random.uniform(), random.uniform(), random.uniform()))
            .collect();
        let mut breath: f64 = 0.0;
        let mut memory = Memory::default();
        match self.kind {
            Kind::Inertia => {
                let normal = |_| Vec3::from_fn(|_, _| self.step * random.normal());
                memory.before = (0..self.ions).map(normal).collect();
            }
            Kind::Vacancies => {
                memory.lattice = Lattice::new(species.len(), &mut random);
                memory.lattice.place(&mut sites);
            }
            _ => {}
        }
        for _ in 0..self.frames {
            // Breathing forgets itself in ten frames; 3 % at most times.
            breath = 0.9 * breath + 0.013 * random.normal();
            let edge = if self.kind == Kind::Breathing { BOX * (1.0 + breath) } else { self.edge() };
            self.step(&mut sites, &mut memory, edge, &mut random);
            let cell = Cell::orthorhombic(edge, edge, edge)?;
            let positions = sites
                .iter()
                .enumerate()
                .map(|(i, s)| {
                    let wiggle = if i >= self.ions {
                        0.1
                    } else if self.kind.hops() {
                        RATTLE
                    } else {
                        0.0
                    };
                    let s = s.map(|x| x.rem_euclid(1.0));
                    s * edge + Vec3::from_fn(|_, _| if wiggle > 0.0 { wiggle * random.normal() } else { 0.0 })
                })
                .collect();
            let mut frame = Frame::new(cell, species.clone(), positions);
            if self.kind == Kind::Vacancies {
                // Some hop so often within a frame that half of this cell is too near.
                frame.images = Some(memory.lattice.turns.clone());
            }
            take(&frame)?;
        }
        Ok(())
    }

    fn step(&self, sites: &mut [Vec3], memory: &mut Memory, edge: f64, random: &mut Philox) {
        if self.kind == Kind::Vacancies {
            memory.lattice.step(self.step, random);
            memory.lattice.place(sites);
            return;
        }
        let normal = |random: &mut Philox| Vec3::from_fn(|_, _| random.normal());
        let drift = if self.kind == Kind::Drift { normal(random) * 0.3 } else { Vec3::zeros() };
        let mut shared = Vec3::zeros();
        for (i, site) in sites.iter_mut().enumerate() {
            let mut u = drift;
            if i < self.ions {
                if i % 4 == 0 {
                    shared = match self.kind {
                        Kind::Chains => hop(0.5 * self.step, random),
                        _ => normal(random),
                    };
                }
                u += match self.kind {
                    Kind::Cages => hop(self.step, random),
                    Kind::Chains => hop(0.5 * self.step, random) + shared,
                    Kind::Concert => (normal(random) + shared) * (0.5_f64.sqrt() * self.step),
                    Kind::Anisotropic => Vec3::from_fn(|k, _| ANISOTROPY[k] * self.step * random.normal()),
                    Kind::Inertia => {
                        let fresh = (1.0 - KEPT * KEPT).sqrt() * self.step;
                        memory.before[i] = memory.before[i] * KEPT + normal(random) * fresh;
                        memory.before[i]
                    }
                    _ => normal(random) * self.step,
                };
            }
            *site += u / edge;
        }
    }
}

/// What a step depends on besides places.
#[derive(Debug, Default)]
struct Memory {
    /// The steps before.
    before: Vec<Vec3>,
    lattice: Lattice,
}

/// Who is where on a periodic cubic lattice.
#[derive(Debug, Default)]
struct Lattice {
    /// The ion at each site, if any.
    ions: Vec<Option<usize>>,
    vacant: Vec<usize>,
    /// How often each atom went round, along each edge.
    turns: Vec<[i32; 3]>,
}

impl Lattice {
    /// Vacancies at random.
    fn new(atoms: usize, random: &mut Philox) -> Self {
        let mut sites: Vec<usize> = (0..SITES).collect();
        for k in (1..SITES).rev() {
            sites.swap(k, random.below(k as u64 + 1) as usize);
        }
        let mut ions = vec![None; SITES];
        for (ion, site) in sites[VACANT..].iter().enumerate() {
            ions[*site] = Some(ion);
        }
        sites.truncate(VACANT);
        Self { ions, vacant: sites, turns: vec![[0; 3]; atoms] }
    }

    /// As many tries as there are vacancies, each with some probability: any vacancy takes the ion of any site beside it.
    fn step(&mut self, probability: f64, random: &mut Philox) {
        for _ in 0..VACANT {
            if random.uniform() >= probability {
                continue;
            }
            let (which, way) = (random.below(VACANT as u64) as usize, random.below(6) as usize);
            let site = self.vacant[which];
            let stride = EDGE.pow(way as u32 / 2);
            let at = site / stride % EDGE;
            let next = if way.is_multiple_of(2) { (at + 1) % EDGE } else { (at + EDGE - 1) % EDGE };
            let from = site - at * stride + next * stride;
            if let Some(ion) = self.ions[from].take() {
                self.ions[site] = Some(ion);
                self.vacant[which] = from;
                self.turns[ion][way / 2] += match (at, next) {
                    (0, last) if last + 1 == EDGE => 1,
                    (last, 0) if last + 1 == EDGE => -1,
                    _ => 0,
                };
            }
        }
    }

    /// Puts the ions where they are, as fractional coordinates.
    fn place(&self, sites: &mut [Vec3]) {
        for (site, ion) in self.ions.iter().enumerate() {
            if let Some(ion) = ion {
                let at = [site % EDGE, site / EDGE % EDGE, site / (EDGE * EDGE)];
                sites[*ion] = Vec3::from_fn(|k, _| (at[k] as f64 + 0.5) / EDGE as f64);
            }
        }
    }
}

/// A hop along an edge of the lattice, with some probability.
fn hop(probability: f64, random: &mut Philox) -> Vec3 {
    let mut hop = Vec3::zeros();
    if random.uniform() < probability {
        let way = random.below(6) as usize;
        hop[way / 2] = if way.is_multiple_of(2) { HOP } else { -HOP };
    }
    hop
}
