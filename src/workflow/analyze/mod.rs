//! `mlmd analyze`, and the end of `mlmd run`: trajectories become transport, and a report.

mod group;
mod places;

use super::structure;
use super::traces::thermo;
use crate::analysis::{
    Arrhenius, ArrheniusFit, Choice, Crystal, DriftReference, GreenKubo, Point, Refusal, Settings, Transport,
    Wanted, Watch, Watched, mean_temperature, without_images,
};
use crate::error::{Error, Result};
use crate::input::{Plan, SitesFrom};
use crate::io::{self, Frame, ReadOptions};
use crate::report::{Law, Report, Section};
use crate::system::Element;
use group::{Group, are_one};
use places::FEWEST_HOPS;
use std::path::{Path, PathBuf};

/// What is to be analysed, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// What the report is about.
    pub title: String,
    /// The trajectories with their temperatures, K, where they are known. Those of the same temperature are replicas.
    pub trajectories: Vec<(PathBuf, Option<f64>)>,
    /// Does a thermostat keep these temperatures? Otherwise they are where runs began, and velocities tell what they came to.
    pub thermostatted: bool,
    /// Where the crystal is that sites given as fractions are places in.
    pub start: Option<Crystal>,
    /// How files are read.
    pub reading: ReadOptions,
    /// Mobile ions and drift reference.
    pub settings: Settings,
    /// Charges of the elements, e; none: no conductivity.
    pub charges: Vec<(Element, f64)>,
    /// Were the charges written for these very trajectories, so that an element nowhere to be found is a slip?
    pub all_charged: bool,
    /// How the window of the fits is chosen.
    pub choice: Choice,
    /// How far radial distributions and Van Hove functions go, Å.
    pub within: f64,
    /// The sites between which hops are counted; none: no hops.
    pub sites: Option<SitesFrom>,
    /// Viscosity of a liquid, eV fs/Å³.
    pub viscosity: Option<f64>,
    /// Temperatures to extrapolate to, K.
    pub predict: Vec<f64>,
    /// Names and values for the provenance.
    pub provenance: Vec<(String, String)>,
}

impl Request {
    /// What the `[analysis]` table of an input asks of the trajectories in its output folder; `None` without one.
    pub fn of_plan(plan: &Plan) -> Option<Self> {
        let analysis = plan.analysis.as_ref()?;
        let dynamics = plan.dynamics.as_ref()?;
        let tasks = super::dynamics::tasks(plan).ok()?;
        let trajectories = tasks
            .iter()
            .zip(&dynamics.temperature)
            // A ramp has no temperature.
            .filter(|(_, course)| course.is_constant())
            .map(|(task, course)| (trajectory_in(&task.folder), Some(course.from)))
            .collect();
        Some(Self {
            title: plan.title.clone().unwrap_or_else(|| "Ion transport".to_string()),
            trajectories,
            thermostatted: dynamics.thermostat.is_some(),
            start: structure::build(&plan.structure, plan.dynamics.as_ref(), plan.seed)
                .ok()
                .map(|system| Crystal::of(&Frame::from(&system), &analysis.mobile)),
            reading: ReadOptions::default(),
            settings: Settings {
                mobile: analysis.mobile.clone(),
                reference: analysis.frame,
                interval: Some(dynamics.steps_in(plan.output.trajectory.every) as f64 * dynamics.timestep),
            },
            charges: analysis.charges.clone(),
            all_charged: false,
            choice: Choice { window: analysis.window, ..Choice::default() },
            within: analysis.within,
            sites: analysis.sites.clone(),
            viscosity: analysis.viscosity,
            predict: analysis.arrhenius.as_ref().map_or_else(|| vec![300.0], |a| a.predict.clone()),
            provenance: vec![
                ("structure".into(), plan.structure.file.display().to_string()),
                ("seed".into(), plan.seed.to_string()),
            ],
        })
    }

    /// Reads the trajectories and computes everything; `progress` is told the number of frames read.
    pub fn report(&self, progress: &mut dyn FnMut(u64)) -> Result<Report> {
        if self.trajectories.is_empty() {
            return Err(Error::invalid("there is no trajectory at a constant temperature to analyse"));
        }
        let known: Vec<_> = self.trajectories.iter().map(|(path, _)| path.canonicalize().ok()).collect();
        if let Some(k) = (1..known.len()).find(|k| known[*k].is_some() && known[..*k].contains(&known[*k])) {
            return Err(Error::invalid(format!(
                "{}: this trajectory is there twice; replicas are runs of their own",
                self.trajectories[k].0.display()
            )));
        }
        let mut done = 0;
        let mut tick = || {
            done += 1;
            progress(done);
        };
        let crystal = self.crystal()?;
        let grid = self.first(&self.trajectories[0].0)?.cell;
        let mut groups: Vec<Group> = Vec::new();
        for (path, temperature) in &self.trajectories {
            let sites = self.known_sites(path)?;
            let crystal = self.within(&crystal, path)?;
            let wanted =
                Wanted { within: self.within, structure: true, sites, crystal, grid: Some(grid.clone()) };
            let watched = self.watch(path, wanted, &mut tick)?;
            let given = temperature.is_some();
            let temperature = temperature.or(watched.runs[0].temperature);
            let same = groups.iter_mut().find(|group| match (group.temperature, temperature) {
                (Some(t), Some(own)) => are_one(t, own, given),
                (None, None) => true,
                _ => false,
            });
            match same {
                Some(group) => {
                    group.watched.merge(watched);
                    group.files.push(path.clone());
                }
                None => groups.push(Group {
                    temperature,
                    given,
                    files: vec![path.clone()],
                    watched,
                    without_sites: None,
                }),
            }
        }
        groups.sort_by(|a, b| a.temperature.unwrap_or(0.0).total_cmp(&b.temperature.unwrap_or(0.0)));
        if let Some(SitesFrom::Density(least)) = self.sites {
            for group in &mut groups {
                self.hop_between_peaks(group, least, &crystal, &mut tick)?;
            }
        }
        let sections = groups.into_iter().map(|group| self.section(group)).collect::<Result<Vec<_>>>()?;
        let mut provenance = vec![
            ("mlmd".to_string(), crate::VERSION.to_string()),
            ("command".to_string(), std::env::args().collect::<Vec<_>>().join(" ")),
        ];
        provenance.extend(self.provenance.iter().cloned());
        let charges: Vec<String> = self.charges.iter().map(|(e, z)| format!("{e} {z:+}")).collect();
        if !charges.is_empty() {
            provenance.push(("charges".into(), charges.join(", ")));
        }
        let laws = self.laws(&sections);
        Ok(Report { title: self.title.clone(), provenance, sections, laws })
    }

    fn watch(&self, path: &Path, wanted: Wanted, tick: &mut dyn FnMut()) -> Result<Watched> {
        let mut watch = Watch::new(self.settings.clone(), wanted);
        for (index, frame) in io::open(path, &self.reading)?.enumerate() {
            let frame = frame?;
            if index == 0 {
                self.check_charges(path, &frame.species)?;
            }
            watch.push(&frame)?;
            tick();
        }
        watch.finish().map_err(|error| match error {
            Error::Invalid(message) => Error::invalid(format!("{}: {message}", path.display())),
            other => other,
        })
    }

    /// Without charges of all elements a current is known only relative to those that have none.
    fn check_charges(&self, path: &Path, species: &[Element]) -> Result<()> {
        if self.charges.is_empty() {
            return Ok(());
        }
        let path = path.display();
        let charged = |element: &Element| self.charges.iter().any(|(own, _)| own == element);
        let bare = species.iter().find(|element| !charged(element));
        if let (Some(element), true) = (bare, self.settings.reference != DriftReference::Framework) {
            return Err(Error::invalid(format!(
                "{path}: {element} has no charge\n   expected charges of all elements, unless displacements are measured against the \
                 framework, whose charge does not move"
            )));
        }
        let stranger = self.charges.iter().find(|(element, _)| !species.contains(element));
        match stranger {
            Some((element, _)) if self.all_charged => {
                Err(Error::invalid(format!("{path}: there is no {element}, which has a charge")))
            }
            _ => Ok(()),
        }
    }

    fn section(&self, group: Group) -> Result<Section> {
        let name = group.name();
        let Group { temperature, given, files, watched, without_sites } = group;
        let Watched { runs, radial, van_hove, velocities, density, hops } = watched;
        let measured = mean_temperature(&runs);
        // What was measured is the mean over replicas, not what the first of them had.
        let said = if given { temperature } else { measured.or(temperature) };
        let temperature = if self.thermostatted { said } else { measured.or(said) };
        let frames: usize = runs.iter().map(|run| run.frames).sum();
        let mut transport = Transport::of(runs, temperature, &self.charges, &self.choice)?;
        if let (Some(said), Some(measured)) = (said, measured)
            && frames >= ENOUGH_FRAMES
            && (measured / said - 1.0).abs() > 0.1
        {
            transport.notes.push(format!("velocities are those of {measured:.0} K, and {said} K was said"));
        }
        if transport.volume.is_none() {
            transport.notes.push(
                "the cell is not periodic in three dimensions: there are no radial distributions, densities or Van Hove functions of other ions"
                    .to_string(),
            );
        } else if density.is_none() {
            let note = "cells of the replicas differ by more than a tenth: their densities are not added up";
            transport.notes.push(note.to_string());
        }
        if let Some(note) = self.without_hops(hops.as_ref(), without_sites) {
            transport.notes.push(note);
        }
        let hops = hops.filter(|hops| hops.hops >= FEWEST_HOPS);
        let green_kubo = velocities.as_ref().and_then(|velocities| {
            let charge = transport.charge.as_ref().ok()?;
            let of = |e: &Element| self.charges.iter().find(|(own, _)| own == e).map_or(0.0, |c| c.1);
            let charges: Vec<f64> = velocities.elements.iter().map(of).collect();
            let (volume, temperature) = (transport.volume?, transport.temperature?);
            let found: Result<GreenKubo, Refusal> =
                velocities.green_kubo(&charges, volume, temperature, charge.window.start);
            Some(found)
        });
        let infinite = self.viscosity.zip(transport.temperature).zip(transport.volume).map_or_else(
            Vec::new,
            |((viscosity, temperature), volume)| {
                let tracers = transport.tracers.iter();
                let found = tracers.filter_map(|(element, tracer)| {
                    let plain = &tracer.as_ref().ok()?.diffusivity;
                    Some((*element, without_images(plain, temperature, viscosity, volume)))
                });
                found.collect()
            },
        );
        let thermo = files.first().map(|file| thermo(file)).unwrap_or_default();
        Ok(Section {
            name,
            nominal: said.or(transport.temperature),
            files,
            transport,
            radial,
            van_hove,
            velocities,
            green_kubo,
            density,
            hops,
            infinite,
            thermo,
        })
    }

    fn laws(&self, sections: &[Section]) -> Vec<Law> {
        if sections.len() < 2 {
            return Vec::new();
        }
        let mut laws = Vec::new();
        let mut add = |quantity: String, key: String, points: Vec<Point>, kind: ArrheniusFit| {
            let fit: Result<Arrhenius, Refusal> = Arrhenius::fit(&points, kind, &self.predict);
            laws.push(Law { quantity, key, points, fit });
        };
        for element in &self.settings.mobile {
            let points = sections.iter().filter_map(|section| {
                let (_, tracer) = section.transport.tracers.iter().find(|(e, _)| e == element)?;
                let estimate = tracer.as_ref().ok()?.diffusivity.clone();
                Some(Point { temperature: section.transport.temperature?, estimate })
            });
            let (name, key) = (format!("D* of {element}"), format!("diffusivity_{element}"));
            add(name, key, points.collect(), ArrheniusFit::Diffusivity);
        }
        if !self.charges.is_empty() {
            let points = |einstein: bool| {
                sections
                    .iter()
                    .filter_map(|section| {
                        let transport = &section.transport;
                        let estimate = if einstein {
                            transport.charge.as_ref().ok()?.conductivity.clone()
                        } else {
                            transport.nernst_einstein.as_ref().ok()?.clone()
                        };
                        Some(Point { temperature: transport.temperature?, estimate })
                    })
                    .collect::<Vec<_>>()
            };
            add("σ".into(), "conductivity".into(), points(true), ArrheniusFit::Conductivity);
            let key = "conductivity_nernst_einstein";
            add("σ, Nernst–Einstein".into(), key.into(), points(false), ArrheniusFit::Conductivity);
        }
        laws
    }
}

/// Frames that tell a temperature to better than a tenth, however few atoms there are.
const ENOUGH_FRAMES: usize = 200;

/// The trajectory that a run wrote into a folder; of several formats the one that says most.
pub(super) fn trajectory_in(folder: &Path) -> PathBuf {
    let names = ["trajectory.h5", "trajectory.extxyz", "trajectory.dump"];
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| folder.join(names[0]))
}
