//! `mlmd analyze`, and the end of `mlmd run`: trajectories become transport, and a report.

use crate::analysis::{
    Arrhenius, ArrheniusFit, Choice, Motion, Moved, PairCounter, Point, Radial, Refusal, Settings, Transport,
};
use crate::error::{Error, Result};
use crate::input::Plan;
use crate::io::{self, ReadOptions};
use crate::report::{Law, Report, Section, Trace};
use crate::system::Element;
use std::fs;
use std::path::{Path, PathBuf};

/// What is to be analysed, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// What the report is about.
    pub title: String,
    /// The trajectories with their temperatures, K, where they are known. Those of the same temperature are replicas.
    pub trajectories: Vec<(PathBuf, Option<f64>)>,
    /// How files are read.
    pub reading: ReadOptions,
    /// Mobile ions and drift reference.
    pub settings: Settings,
    /// Charges of the elements, e; none: no conductivity.
    pub charges: Vec<(Element, f64)>,
    /// How the window of the fits is chosen.
    pub choice: Choice,
    /// Temperatures to extrapolate to, K.
    pub predict: Vec<f64>,
    /// Names and values for the provenance.
    pub provenance: Vec<(String, String)>,
}

/// Distances to which pairs are counted, Å.
const PAIRS_WITHIN: f64 = 8.0;

/// Points of a trace that are worth drawing.
const TRACE_POINTS: usize = 600;

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
            reading: ReadOptions::default(),
            settings: Settings {
                mobile: analysis.mobile.clone(),
                reference: analysis.frame,
                interval: Some(dynamics.steps_in(plan.output.trajectory.every) as f64 * dynamics.timestep),
            },
            charges: analysis.charges.clone(),
            choice: Choice::default(),
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
        let mut done = 0;
        let mut watched = Vec::new();
        for (path, temperature) in &self.trajectories {
            let (moved, radial) = self.watch(path, &mut || {
                done += 1;
                progress(done);
            })?;
            let temperature = temperature.or(moved.temperature);
            watched.push(Watched { path: path.clone(), temperature, moved, radial });
        }
        let sections = self.sections(watched)?;
        let mut provenance = vec![
            ("mlmd".to_string(), env!("CARGO_PKG_VERSION").to_string()),
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

    fn watch(&self, path: &Path, tick: &mut dyn FnMut()) -> Result<(Moved, Vec<Radial>)> {
        let mut motion = Motion::new(self.settings.clone());
        let mut pairs = PairCounter::new(PAIRS_WITHIN);
        for frame in io::open(path, &self.reading)? {
            let frame = frame?;
            motion.push(&frame)?;
            pairs.push(&frame)?;
            tick();
        }
        let moved = motion.finish().map_err(|error| match error {
            Error::Invalid(message) => Error::invalid(format!("{}: {message}", path.display())),
            other => other,
        })?;
        Ok((moved, pairs.finish()))
    }

    /// Runs of the same temperature go together, in ascending order; what has no temperature stands alone.
    fn sections(&self, watched: Vec<Watched>) -> Result<Vec<Section>> {
        let mut groups: Vec<(Option<f64>, Vec<Watched>)> = Vec::new();
        for one in watched {
            // Temperatures that were measured scatter by more than this; those that were given are the same number.
            let same = groups.iter_mut().find(|(t, _)| match (t, one.temperature) {
                (Some(t), Some(own)) => (*t - own).abs() < 0.5,
                (None, None) => true,
                _ => false,
            });
            match same {
                Some((_, group)) => group.push(one),
                None => groups.push((one.temperature, vec![one])),
            }
        }
        groups.sort_by(|a, b| a.0.unwrap_or(0.0).total_cmp(&b.0.unwrap_or(0.0)));
        groups
            .into_iter()
            .map(|(temperature, group)| {
                let thermo = group.first().map(|one| thermo(&one.path)).unwrap_or_default();
                let radial = group.first().map(|one| one.radial.clone()).unwrap_or_default();
                let files = group.iter().map(|one| one.path.clone()).collect();
                let runs = group.into_iter().map(|one| one.moved).collect();
                let name = temperature.map_or_else(|| "run".to_string(), |t| format!("T{t:04.0}K"));
                let transport = Transport::of(runs, temperature, &self.charges, &self.choice)?;
                Ok(Section { name, files, transport, radial, thermo })
            })
            .collect()
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

struct Watched {
    path: PathBuf,
    temperature: Option<f64>,
    moved: Moved,
    radial: Vec<Radial>,
}

/// The trajectory that a run wrote into a folder; of several formats the one that says most.
fn trajectory_in(folder: &Path) -> PathBuf {
    let names = ["trajectory.h5", "trajectory.extxyz", "trajectory.dump"];
    let found = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    found.unwrap_or_else(|| folder.join(names[1]))
}

/// Temperature, energy and pressure of the `thermo.csv` beside a trajectory; nothing if there is none or it is
/// another program's.
fn thermo(trajectory: &Path) -> Vec<Trace> {
    let Ok(text) = fs::read_to_string(trajectory.with_file_name("thermo.csv")) else { return Vec::new() };
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()).collect();
    let column = |name: &str| header.iter().position(|h| *h == name);
    let Some(time) = column("time_fs") else { return Vec::new() };
    let step = rows.len().div_ceil(TRACE_POINTS).max(1);
    let wanted = [
        ("temperature_K", "temperature (K)"),
        ("potential_energy_eV", "potential energy (eV)"),
        ("pressure_GPa", "pressure (GPa)"),
    ];
    wanted
        .iter()
        .filter_map(|(name, label)| {
            let at = column(name)?;
            let points: Vec<[f64; 2]> = rows
                .iter()
                .step_by(step)
                .filter_map(|row| Some([row.get(time)? / 1e3, *row.get(at)?]))
                .filter(|p| p.iter().all(|x| x.is_finite()))
                .collect();
            (points.len() > 1).then(|| Trace { label: (*label).to_string(), points })
        })
        .collect()
}
