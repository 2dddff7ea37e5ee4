//! Everything that is asked of a trajectory, at once: frames are pushed one after another, from a file or while a run
//! goes on.

use super::crystal::Crystal;
use super::density::DensityMap;
use super::hop_counter::HopCounter;
use super::hops::Hops;
use super::motion::{Motion, Moved, Settings};
use super::radial::{PairCounter, Radial};
use super::sites::Sites;
use super::van_hove::VanHove;
use super::van_hove_counter::VanHoveCounter;
use super::velocity::{Velocities, VelocityCounter};
use crate::error::Result;
use crate::io::Frame;
use crate::system::Cell;

/// What is to be found besides displacements.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Distance to which radial distributions and Van Hove functions go, Å.
    pub within: f64,
    /// Radial distributions, Van Hove functions, velocities, and the density map; displacements alone if false.
    pub structure: bool,
    /// The sites between which hops are counted.
    pub sites: Option<Sites>,
    /// Where places in the crystal are counted from; where it is in the first frame, if that is not said.
    pub crystal: Option<Crystal>,
    /// The cell whose grid the density map has, if that of the first frame is about as large.
    pub grid: Option<Cell>,
}

/// A trajectory, watched.
#[derive(Debug, Clone)]
pub struct Watch {
    wanted: Wanted,
    motion: Motion,
    pairs: PairCounter,
    van_hove: Vec<VanHoveCounter>,
    velocities: Option<VelocityCounter>,
    density: Option<DensityMap>,
    hops: Option<HopCounter>,
    begun: bool,
}

/// What one run, or replicas of it, showed.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Displacements, run by run.
    pub runs: Vec<Moved>,
    /// Radial distribution functions.
    pub radial: Vec<Radial>,
    /// Van Hove's functions of each mobile element.
    pub van_hove: Vec<VanHove>,
    /// What velocities told, where every frame has them.
    pub velocities: Option<Velocities>,
    /// Where the mobile ions were.
    pub density: Option<DensityMap>,
    /// Hops between sites, if these are known.
    pub hops: Option<Hops>,
}

impl Watch {
    /// Nothing has been seen yet.
    pub fn new(settings: Settings, wanted: Wanted) -> Self {
        Self {
            motion: Motion::new(settings).in_crystal(wanted.crystal.clone()),
            pairs: PairCounter::new(wanted.within),
            wanted,
            van_hove: Vec::new(),
            velocities: None,
            density: None,
            hops: None,
            begun: false,
        }
    }

    /// Takes the next frame.
    pub fn push(&mut self, frame: &Frame) -> Result<()> {
        let Some(moment) = self.motion.push(frame)? else { return Ok(()) };
        if !self.begun {
            self.begun = true;
            if self.wanted.structure {
                let mobile = moment.species.iter().enumerate().filter(|(_, species)| species.mobile);
                let of = |(s, species): (usize, &super::Species)| {
                    VanHoveCounter::new(species.element, s, self.wanted.within)
                };
                self.van_hove = mobile.map(of).collect();
                self.velocities = VelocityCounter::new(&moment);
                self.density = DensityMap::new(&moment, self.wanted.grid.as_ref());
            }
            self.hops = self.wanted.sites.clone().map(|sites| HopCounter::new(&moment, sites));
        }
        if self.wanted.structure {
            self.pairs.push(frame)?;
        }
        for counter in &mut self.van_hove {
            counter.push(&moment);
        }
        if let Some(velocities) = &mut self.velocities
            && !velocities.push(&moment)
        {
            self.velocities = None;
        }
        if let Some(density) = &mut self.density {
            density.push(&moment);
        }
        if let Some(hops) = &mut self.hops {
            hops.push(&moment);
        }
        Ok(())
    }

    /// What was seen; refuses fewer than two frames.
    pub fn finish(self) -> Result<Watched> {
        let moved = self.motion.finish()?;
        let interval = moved.interval;
        Ok(Watched {
            radial: self.pairs.finish(),
            van_hove: self.van_hove.into_iter().map(|counter| counter.finish(interval)).collect(),
            velocities: self.velocities.map(|counter| counter.finish(interval)),
            density: self.density,
            hops: self.hops.and_then(|counter| counter.finish(interval)),
            runs: vec![moved],
        })
    }
}

impl Watched {
    /// Adds a replica: the same atoms and the same time between frames, which [`super::Transport`] checks; any length.
    pub fn merge(&mut self, other: Self) {
        for (own, more) in self.radial.iter_mut().zip(&other.radial) {
            own.merge(more);
        }
        for (own, more) in self.van_hove.iter_mut().zip(&other.van_hove) {
            own.merge(more);
        }
        match (&mut self.velocities, other.velocities) {
            (Some(own), Some(more)) => own.merge(more),
            (own, _) => *own = None,
        }
        let same = match (&mut self.density, &other.density) {
            (Some(own), Some(more)) => own.merge(more),
            _ => true,
        };
        if !same {
            self.density = None;
        }
        match (&mut self.hops, other.hops) {
            (Some(own), Some(more)) if own.sites.len() == more.sites.len() => own.merge(more),
            (own @ None, more) => *own = more,
            _ => {}
        }
        self.runs.extend(other.runs);
    }
}
