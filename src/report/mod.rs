//! Numbers to pictures: `result.json`, CSV, SVG and the report in one file.
//!
//! | file | what it holds |
//! |---|---|
//! | `figure` | plots as SVG |
//! | `raster` | pictures of points, for maps |
//! | `panels` | the density of the ions, seen along three edges |
//! | `plots`, `correlations` | the plots of a transport report |
//! | `json` | `result.json`, schema `mlmd.result/1` (docs/result.md) |
//! | `csv` | every curve as CSV |
//! | `html` | the report |
//! | `folder` | the files of a report, in place of those of an earlier one |
//! | `fit` | the report of a potential that was fitted to frames |
//! | `rows` | a table with a row for each candidate, as CSV and as lines of JSON (docs/screening.md) |
//! | `page` | a page of cards, tables and plots |
//! | `overview` | the page of a sweep |

mod correlations;
mod csv;
mod figure;
mod fit;
mod folder;
mod html;
mod json;
mod overview;
mod page;
mod panels;
mod plots;
mod raster;
mod rows;

pub use figure::{COLOURS, Figure, Scale};
pub use fit::{Curve, FitReport, Part, Table};
pub use overview::{Overview, Shown};
pub use page::{Cell, Content, Page};
pub use rows::{Row, csv, json_lines};

use crate::analysis::{
    Arrhenius, DensityMap, Estimate, GreenKubo, Hops, Moved, Point, Radial, Refusal, Transport, VanHove,
    Velocities,
};
use crate::error::Result;
use crate::system::Element;
use std::path::{Path, PathBuf};

/// Everything that is to be told.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it is about.
    pub title: String,
    /// Where it comes from: names and values.
    pub provenance: Vec<(String, String)>,
    /// The temperatures.
    pub sections: Vec<Section>,
    /// Temperature dependence of the diffusivities and of the conductivity.
    pub laws: Vec<Law>,
}

/// One temperature.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its name, and that of its folder: `T0600K`.
    pub name: String,
    /// The temperature it is called by, K: without a thermostat it has another.
    pub nominal: Option<f64>,
    /// The trajectories.
    pub files: Vec<PathBuf>,
    /// Transport.
    pub transport: Transport,
    /// Radial distribution functions.
    pub radial: Vec<Radial>,
    /// Van Hove's functions of the mobile elements.
    pub van_hove: Vec<VanHove>,
    /// What velocities told.
    pub velocities: Option<Velocities>,
    /// The conductivity from the current, where there are velocities.
    pub green_kubo: Option<Result<GreenKubo, Refusal>>,
    /// Where the mobile ions were.
    pub density: Option<DensityMap>,
    /// Hops between sites.
    pub hops: Option<Hops>,
    /// Tracer diffusivities without the drag of periodic images.
    pub infinite: Vec<(Element, Estimate)>,
    /// Traces of the run, where there are any.
    pub thermo: Vec<Trace>,
}

/// A quantity against time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Name with unit.
    pub label: String,
    /// Time (ps) and value.
    pub points: Vec<[f64; 2]>,
}

/// A quantity against temperature.
#[derive(Debug, Clone)]
pub struct Law {
    /// What it is: `D* of Li`, `σ`.
    pub quantity: String,
    /// A key for `result.json`.
    pub key: String,
    /// The points.
    pub points: Vec<Point>,
    /// The law, or why there is none.
    pub fit: Result<Arrhenius, Refusal>,
}

impl Section {
    /// The longest run: the curves of all of them go as far.
    fn longest(&self) -> &Moved {
        let runs = &self.transport.runs;
        runs.iter().max_by_key(|run| run.frames).unwrap_or(&runs[0])
    }

    /// What two ways to the conductivity do not agree on.
    fn disagreement(&self, current: &Estimate) -> Vec<String> {
        let Ok(charge) = &self.transport.charge else { return Vec::new() };
        let sigma = &charge.conductivity;
        let apart = (current.value - sigma.value).abs() / current.std_error.hypot(sigma.std_error);
        if apart < 3.0 {
            return Vec::new();
        }
        vec![format!("it differs from that by Einstein–Helfand by {apart:.1} standard errors")]
    }
}

impl Report {
    /// `result.json` as text.
    pub fn json(&self) -> String {
        // Maps of text and finite numbers always have a form in JSON.
        serde_json::to_string_pretty(&json::result(self)).unwrap_or_default() + "\n"
    }

    /// The report as one HTML file.
    pub fn html(&self) -> String {
        html::page(self)
    }

    /// Writes `result.json`, `report.html`, `figures/*.svg`, and a folder of CSV files for each temperature, in place of those of
    /// an earlier report.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let figures = plots::all(self).into_iter().map(|(name, _, svg)| (format!("figures/{name}.svg"), svg));
        let mut files: Vec<_> = figures.collect();
        for section in &self.sections {
            let tables = csv::of(section).into_iter();
            files.extend(tables.map(|(name, text)| (format!("{}/{name}", section.name), text)));
        }
        files.push(("result.json".to_string(), self.json()));
        files.push(("report.html".to_string(), self.html()));
        folder::write(folder, &files)
    }

    /// All warnings, each with where it comes from, without repetition: flags, and what could not be found.
    pub fn warnings(&self) -> Vec<String> {
        self.told(true).into_iter().map(|(place, flag)| format!("{place}: {flag}")).collect()
    }

    /// The flags alone, each once, after the places where it holds.
    pub fn flags(&self) -> Vec<String> {
        let mut all: Vec<(Vec<String>, String)> = Vec::new();
        for (place, flag) in self.told(false) {
            match all.iter_mut().find(|(_, known)| *known == flag) {
                Some((places, _)) => places.push(place),
                None => all.push((vec![place], flag)),
            }
        }
        all.into_iter().map(|(places, flag)| format!("{}: {flag}", places.join("; "))).collect()
    }

    /// Places and what is said there.
    fn told(&self, refusals: bool) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        // What was not said of what it is made of.
        let own = |flags: &[String], known: &[String]| -> Vec<String> {
            flags.iter().filter(|flag| !known.contains(flag)).cloned().collect()
        };
        let refused = |refusal: &Refusal| if refusals { vec![refusal.to_string()] } else { Vec::new() };
        let mut add = |place: &str, flags: &[String]| {
            for flag in flags {
                let told = (place.to_string(), flag.clone());
                if !all.contains(&told) {
                    all.push(told);
                }
            }
        };
        for section in &self.sections {
            let at = &section.name;
            for (element, tracer) in &section.transport.tracers {
                match tracer {
                    Ok(tracer) => add(&format!("{at}, D* of {element}"), &tracer.diffusivity.flags),
                    Err(refusal) => add(&format!("{at}, D* of {element}"), &refused(refusal)),
                }
            }
            add(at, &section.transport.notes);
            if let Ok(estimate) = &section.transport.nernst_einstein {
                let known = section.transport.tracers.iter().filter_map(|(_, tracer)| tracer.as_ref().ok());
                let known: Vec<String> = known.flat_map(|tracer| tracer.diffusivity.flags.clone()).collect();
                add(&format!("{at}, conductivity by Nernst–Einstein"), &own(&estimate.flags, &known));
            }
            match &section.transport.charge {
                Ok(charge) => {
                    add(&format!("{at}, conductivity"), &charge.conductivity.flags);
                    add(&format!("{at}, Haven ratio"), &own(&charge.haven.flags, &charge.conductivity.flags));
                }
                Err(refusal) => add(&format!("{at}, conductivity"), &refused(refusal)),
            }
            let place = format!("{at}, conductivity by Green–Kubo");
            match &section.green_kubo {
                Some(Ok(green_kubo)) => {
                    add(&place, &green_kubo.conductivity.flags);
                    add(&place, &section.disagreement(&green_kubo.conductivity));
                }
                Some(Err(refusal)) => add(&place, &refused(refusal)),
                None => {}
            }
            if let Some(hops) = &section.hops {
                add(&format!("{at}, time at a site"), &hops.residence.flags);
            }
        }
        for law in &self.laws {
            match &law.fit {
                Ok(fit) => add(&law.quantity, &fit.flags),
                Err(refusal) => add(&law.quantity, &refused(refusal)),
            }
        }
        all
    }
}
