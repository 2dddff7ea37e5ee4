//! The nudged elastic band: the path of lowest energy between two minima, and the barrier on it.

use super::band_forces::{Configuration, band_forces, distance, dot, tangent};
use super::fire::Fire;
use super::minimise::told_to_stop;
use super::path::{EvenDistances, Interpolation, aligned, nearest, straight};
use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::system::{System, Vec3};
use rayon::prelude::*;
use std::ops::Range;

/// How a band is made and relaxed.
#[derive(Debug, Clone, PartialEq)]
pub struct BandSettings {
    /// Images between the ends.
    pub images: usize,
    /// Stiffness of the springs between images, eV/Å².
    pub spring: f64,
    /// Does the highest image climb to the saddle point?
    pub climb: bool,
    /// Where the band begins.
    pub interpolation: Interpolation,
    /// Converged when no atom of any image feels a larger force across the path (in the image that climbs: at all), eV/Å.
    pub force: f64,
    /// Gives up after so many steps.
    pub steps: u64,
    /// No atom moves further in a step, Å.
    pub reach: f64,
    /// For each atom, whether it is held along x, y, z; empty if no atom is held.
    pub held: Vec<[bool; 3]>,
}

impl Default for BandSettings {
    /// Seven images with springs of 1 eV/Å² from an IDPP path, with a climbing image, to 0.02 eV/Å.
    fn default() -> Self {
        Self {
            images: 7,
            spring: 1.0,
            climb: true,
            interpolation: Interpolation::Idpp,
            force: 0.02,
            steps: 2000,
            reach: 0.1,
            held: Vec::new(),
        }
    }
}

/// One image of a band.
#[derive(Debug, Clone)]
pub struct Image {
    /// The atoms.
    pub system: System,
    /// Energy, eV.
    pub energy: f64,
    /// Forces of the potential, eV/Å.
    pub forces: Vec<Vec3>,
    /// Length of the path from the start to here, √(Σ |Δr|²) over the atoms summed over the images, Å.
    pub distance: f64,
    /// Slope of the energy along the path, eV/Å.
    pub slope: f64,
}

/// A path of lowest energy.
#[derive(Debug, Clone)]
pub struct Band {
    /// The images, both ends included.
    pub images: Vec<Image>,
    /// The image that climbed.
    pub climbing: Option<usize>,
    /// Largest force across the path that is left, eV/Å.
    pub force: f64,
    /// Steps done.
    pub steps: u64,
    /// Why it is not converged; `None` if it is.
    pub stopped: Option<String>,
    /// Was it told to stop?
    pub interrupted: bool,
}

/// Where the relaxation of a band is.
#[derive(Debug, Clone, Copy)]
pub struct BandState {
    /// Steps done.
    pub step: u64,
    /// Highest energy over that of the start, eV.
    pub barrier: f64,
    /// Largest force across the path, eV/Å.
    pub force: f64,
}

impl Band {
    /// The highest image.
    pub fn top(&self) -> usize {
        let higher = |a: &usize, b: &usize| self.images[*a].energy.total_cmp(&self.images[*b].energy);
        (0..self.images.len()).max_by(higher).unwrap_or(0)
    }

    /// From the start to the highest image, eV.
    pub fn forward(&self) -> f64 {
        self.images[self.top()].energy - self.images[0].energy
    }

    /// From the end to the highest image, eV.
    pub fn backward(&self) -> f64 {
        self.forward() - self.reaction()
    }

    /// From the start to the end, eV.
    pub fn reaction(&self) -> f64 {
        self.images[self.images.len() - 1].energy - self.images[0].energy
    }
}

/// Energies and forces of images.
pub(super) trait Surface {
    /// Those of the images in a range.
    fn evaluate(
        &mut self,
        images: &[Configuration],
        which: Range<usize>,
    ) -> Result<Vec<(f64, Configuration)>>;
}

/// A potential with an engine for each image: neighbour lists last longer that way, and images are computed side
/// by side.
struct Potentials {
    engines: Vec<Engine>,
    systems: Vec<System>,
}

impl Surface for Potentials {
    fn evaluate(
        &mut self,
        images: &[Configuration],
        which: Range<usize>,
    ) -> Result<Vec<(f64, Configuration)>> {
        let pool = self.engines[0].pool();
        let (engines, systems) = (&mut self.engines[which.clone()], &mut self.systems[which.clone()]);
        pool.install(|| {
            let each = engines.par_iter_mut().zip(systems).zip(&images[which]);
            each.map(|((engine, system), positions)| {
                system.positions.clone_from(positions);
                system.images.fill([0; 3]);
                system.wrap();
                let found = engine.evaluate(system)?;
                if !found.energy.is_finite() || !found.forces.iter().all(|f| f.iter().all(|x| x.is_finite()))
                {
                    return Err(Error::Physics("energy or forces of an image are not finite numbers".into()));
                }
                Ok((found.energy, found.forces.clone()))
            })
            .collect()
        })
    }
}

/// What is left after the relaxation of images on any surface.
struct Relaxed {
    energies: Vec<f64>,
    forces: Vec<Configuration>,
    climbing: Option<usize>,
    force: f64,
    steps: u64,
    stopped: Option<String>,
    interrupted: bool,
}

/// The path of lowest energy between two minima, which are taken as they are, in the potential of `engine`.
///
/// `watch` sees every step; where it says [`Error::Interrupted`] the band ends with the reason in [`Band::stopped`].
pub fn band(
    start: &System,
    end: &System,
    engine: &Engine,
    settings: &BandSettings,
    watch: &mut dyn FnMut(BandState) -> Result<()>,
) -> Result<Band> {
    if settings.images == 0 {
        return Err(Error::invalid("a path needs at least one image between its ends"));
    }
    let from: Configuration = (0..start.len()).map(|i| start.unwrapped(i)).collect();
    let to = aligned(start, end)?;
    different(&from, &to)?;
    let mut images = straight(&from, &to, settings.images);
    if settings.interpolation == Interpolation::Idpp {
        let mut even = EvenDistances::new(&start.cell, &from, &to, settings.images)?;
        // A beginning need not be better than this; the unit of the force is Å.
        let rough = BandSettings { climb: false, force: 0.05, steps: 300, spring: 1.0, ..settings.clone() };
        optimise(&mut even, &mut images, &rough, &mut |_| Ok(()))?;
    }
    relax_images(start, images, engine, settings, watch)
}

/// As [`band`], from a path that is known: the images `between` the ends take the place of those that `settings` asks for.
pub fn band_through(
    start: &System,
    between: &[System],
    end: &System,
    engine: &Engine,
    settings: &BandSettings,
    watch: &mut dyn FnMut(BandState) -> Result<()>,
) -> Result<Band> {
    let mut images: Vec<Configuration> = vec![(0..start.len()).map(|i| start.unwrapped(i)).collect()];
    for next in between.iter().chain([end]) {
        images.push(nearest(start, &images[images.len() - 1], next)?);
    }
    different(&images[0], &images[images.len() - 1])?;
    relax_images(start, images, engine, settings, watch)
}

fn different(from: &Configuration, to: &Configuration) -> Result<()> {
    if distance(from, to) < 1e-3 {
        return Err(Error::invalid("the start and the end of the path are the same structure"));
    }
    Ok(())
}

/// Relaxes the images between the ends.
fn relax_images(
    start: &System,
    mut images: Vec<Configuration>,
    engine: &Engine,
    settings: &BandSettings,
    watch: &mut dyn FnMut(BandState) -> Result<()>,
) -> Result<Band> {
    let count = images.len();
    let mut surface = Potentials {
        engines: (0..count)
            .map(|_| Engine::in_pool(engine.potential().boxed_clone(), engine.skin(), engine.pool()))
            .collect::<Result<_>>()?,
        systems: vec![start.clone(); count],
    };
    let relaxed = optimise(&mut surface, &mut images, settings, watch)?;
    let mut length = 0.0;
    let mut band = Vec::with_capacity(count);
    for k in 0..count {
        if k > 0 {
            length += distance(&images[k - 1], &images[k]);
        }
        let along = tangent(&images, &relaxed.energies, k);
        band.push(Image {
            system: surface.systems[k].clone(),
            energy: relaxed.energies[k],
            slope: -dot(&relaxed.forces[k], &along),
            forces: relaxed.forces[k].clone(),
            distance: length,
        });
    }
    let Relaxed { climbing, force, steps, stopped, interrupted, .. } = relaxed;
    Ok(Band { images: band, climbing, force, steps, stopped, interrupted })
}

/// The climb begins when the forces across the path are below this many times the limit, or below [`CLIMB_BELOW`].
const CLIMB_FACTOR: f64 = 5.0;
/// eV/Å.
const CLIMB_BELOW: f64 = 0.2;

/// Relaxes the images between the ends with FIRE on all of them together.
fn optimise(
    surface: &mut dyn Surface,
    images: &mut [Configuration],
    settings: &BandSettings,
    watch: &mut dyn FnMut(BandState) -> Result<()>,
) -> Result<Relaxed> {
    let last = images.len() - 1;
    let (mut energies, mut forces): (Vec<f64>, Vec<Configuration>) =
        surface.evaluate(images, 0..last + 1)?.into_iter().unzip();
    let atoms = images[0].len();
    let mut fire = Fire::new(3 * atoms * (last - 1));
    let (mut step, mut climbs) = (0, false);
    loop {
        let between = 1..last;
        let top = between.clone().max_by(|a, b| energies[*a].total_cmp(&energies[*b]));
        // A path that only rises or falls has no saddle to climb.
        let saddle = top.filter(|k| energies[*k] > energies[0].max(energies[last]));
        let climbing = if climbs { saddle } else { None };
        let mut pull = band_forces(images, &energies, &forces, settings.spring, climbing);
        for image in &mut pull {
            for (f, held) in image.iter_mut().zip(&settings.held) {
                (0..3).filter(|k| held[*k]).for_each(|k| f[k] = 0.0);
            }
        }
        let largest = pull.iter().flatten().map(Vec3::norm).fold(0.0, f64::max);
        let highest = energies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let told = told_to_stop(watch(BandState { step, barrier: highest - energies[0], force: largest }))?;
        let interrupted = told.is_some();
        let enough = || (step == settings.steps).then(|| format!("{step} steps were not enough"));
        let stopped = told.or_else(enough);
        let waiting = settings.climb && !climbs && saddle.is_some();
        if stopped.is_some() || (largest <= settings.force && !waiting) {
            return Ok(Relaxed {
                energies,
                forces,
                climbing,
                force: largest,
                steps: step,
                stopped,
                interrupted,
            });
        }
        if waiting && largest <= (CLIMB_FACTOR * settings.force).max(CLIMB_BELOW) {
            climbs = true;
            // Velocities towards the old saddle would be carried over the new one.
            fire = Fire::new(3 * atoms * (last - 1));
            continue;
        }
        let flat: Vec<f64> = pull.iter().flatten().flat_map(|f| [f.x, f.y, f.z]).collect();
        let moves = fire.step(&flat, |d| {
            let furthest =
                d.chunks_exact(3).map(|v| v.iter().map(|c| c * c).sum::<f64>()).fold(0.0, f64::max);
            if furthest > 0.0 { (settings.reach / furthest.sqrt()).min(1.0) } else { 1.0 }
        });
        for (r, d) in images[between.clone()].iter_mut().flatten().zip(moves.chunks_exact(3)) {
            *r += Vec3::new(d[0], d[1], d[2]);
        }
        for (k, (energy, force)) in between.clone().zip(surface.evaluate(images, between)?) {
            (energies[k], forces[k]) = (energy, force);
        }
        step += 1;
    }
}
