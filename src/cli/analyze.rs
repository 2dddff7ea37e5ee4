//! `mlmd analyze`: transport from trajectories, and a report.

use super::options::{Reading, length, positive};
use super::progress::Progress;
use super::rows::Rows;
use super::terminal::{self, Terminal};
use crate::analysis::{Choice, DriftReference, LEAST_PEAK, Settings};
use crate::error::{Error, Result};
use crate::input::{Plan, SitesFrom};
use crate::report::Report;
use crate::system::Element;
use crate::units::Dimension;
use crate::workflow::analyze::Request;
use std::path::{Path, PathBuf};

/// Diffusivity, conductivity, Haven ratio and activation energy from trajectories, with a report
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An input file (TOML) instead of trajectories: the analyses its [analysis] table asks for, on the \
                        trajectories of its run.\nTrajectories of one temperature are replicas; several temperatures give \
                        an Arrhenius fit."
)]
pub(super) struct Arguments {
    /// Trajectories, or one input file (TOML)
    #[arg(value_name = "TRAJECTORY", required = true)]
    files: Vec<PathBuf>,
    /// Mobile elements, such as Li
    #[arg(long, value_name = "ELEMENTS", value_delimiter = ',')]
    mobile: Vec<Element>,
    /// Charges of the ions, such as Li=1,N=-3; without them no conductivity
    #[arg(long, value_name = "CHARGES", value_delimiter = ',', value_parser = charge)]
    charges: Vec<(Element, f64)>,
    /// What displacements are measured against [default: framework]
    #[arg(long, value_name = "REFERENCE")]
    frame: Option<Reference>,
    /// Temperature of each trajectory, or one for all, such as "500 K,600 K"; else from the velocities, and those within 1 % are one
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = temperature)]
    temperature: Vec<f64>,
    /// Time between frames, such as "50 fs", where the files do not say it
    #[arg(long, value_name = "TIME", value_parser = time)]
    interval: Option<f64>,
    /// First and last lag of the fits, such as "10 ps,100 ps", instead of those that are chosen
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', num_args = 1, value_parser = time)]
    window: Vec<f64>,
    /// How far radial distributions and Van Hove functions go [default: 8 angstrom]
    #[arg(long, value_name = "LENGTH", value_parser = reach)]
    within: Option<f64>,
    /// Count hops between sites: "density" for the peaks of the ions' own density, or a structure that has them
    #[arg(long, value_name = "density|FILE")]
    sites: Option<PathBuf>,
    /// Viscosity of a liquid, such as "1e-3 Pa*s", for diffusivities in an infinite box; not for solids
    #[arg(long, value_name = "VISCOSITY", value_parser = viscosity)]
    viscosity: Option<f64>,
    /// Temperatures to extrapolate to [default: 300 K]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = temperature)]
    predict: Vec<f64>,
    /// Folder for result.json, report.html, figures and curves [default: analysis; that of the run for an input file]
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Print result.json as well
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Reference {
    None,
    CenterOfMass,
    Framework,
}

fn temperature(text: &str) -> Result<f64, String> {
    positive(text, Dimension::TEMPERATURE)
}

fn time(text: &str) -> Result<f64, String> {
    positive(text, Dimension::TIME)
}

/// As the input's `within`.
fn reach(text: &str) -> Result<f64, String> {
    match length(text)? {
        reach if (0.5..=100.0).contains(&reach) => Ok(reach),
        _ => Err(format!("expected 0.5 to 100 angstrom, not `{text}`")),
    }
}

fn viscosity(text: &str) -> Result<f64, String> {
    positive(text, Dimension::VISCOSITY)
}

fn charge(text: &str) -> Result<(Element, f64), String> {
    let expected = || format!("expected an element and its charge, such as Li=1, not `{text}`");
    let (symbol, charge) = text.split_once('=').ok_or_else(expected)?;
    let element = Element::from_symbol(symbol.trim()).ok_or_else(expected)?;
    charge.trim().parse().ok().filter(|z: &f64| z.is_finite()).map(|z| (element, z)).ok_or_else(expected)
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let (request, folder) = self.request()?;
        let report = run(&request, terminal)?;
        report.write(&folder)?;
        terminal::print(&summary(&report, &folder))?;
        if self.json { terminal::print(&report.json()) } else { Ok(()) }
    }

    fn request(&self) -> Result<(Request, PathBuf)> {
        let is_input = |path: &PathBuf| path.extension().is_some_and(|e| e == "toml");
        if self.files.iter().any(is_input) {
            let [input] = self.files.as_slice() else {
                return Err(Error::invalid("expected one input file, or trajectories"));
            };
            if let Some(option) = self.told() {
                return Err(Error::invalid(format!(
                    "{option} cannot be used with an input file: what is to be analysed stands in its [analysis], \
                     where the results go in its [output]"
                )));
            }
            let plan = Plan::read_file(input, &[])?;
            let request = Request::of_plan(&plan).ok_or_else(|| {
                Error::invalid(format!(
                    "{}: the input has no [analysis] of dynamics\n   expected\n   [analysis]\n   mobile = \"Li\"\n   charges = {{ Li = 1.0, N = -3.0 }}",
                    input.display()
                ))
            })?;
            return Ok((request, plan.output.directory));
        }
        let temperature = match self.temperature.as_slice() {
            [] => vec![None; self.files.len()],
            [one] => vec![Some(*one); self.files.len()],
            many if many.len() == self.files.len() => many.iter().map(|t| Some(*t)).collect(),
            many => {
                return Err(Error::invalid(format!(
                    "--temperature names {} temperatures for {} trajectories: expected one each, or one for all",
                    many.len(),
                    self.files.len()
                )));
            }
        };
        if self.mobile.is_empty() {
            return Err(Error::invalid(
                "--mobile is missing: expected the mobile elements, such as --mobile Li",
            ));
        }
        let repeated = (1..self.mobile.len()).find(|k| self.mobile[..*k].contains(&self.mobile[*k]));
        if let Some(k) = repeated {
            return Err(Error::invalid(format!("--mobile: {} is there twice", self.mobile[k])));
        }
        let window = match self.window.as_slice() {
            [] => None,
            [from, to] if from < to => Some([*from, *to]),
            _ => {
                return Err(Error::invalid(
                    "--window: expected the first and the last lag, such as \"10 ps,100 ps\"",
                ));
            }
        };
        let twice =
            self.charges.iter().enumerate().find(|(k, row)| self.charges[..*k].iter().any(|c| c.0 == row.0));
        if let Some((_, (element, _))) = twice {
            return Err(Error::invalid(format!("--charges: {element} is there twice")));
        }
        let reference = match self.frame {
            Some(Reference::None) => DriftReference::None,
            Some(Reference::CenterOfMass) => DriftReference::CenterOfMass,
            Some(Reference::Framework) | None => DriftReference::Framework,
        };
        let names: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        let request = Request {
            title: format!("Ion transport: {}", names.join(", ")),
            trajectories: self.files.iter().cloned().zip(temperature).collect(),
            thermostatted: true,
            start: None,
            reading: self.reading.options(),
            settings: Settings { mobile: self.mobile.clone(), reference, interval: self.interval },
            charges: self.charges.clone(),
            all_charged: true,
            choice: Choice { window, ..Choice::default() },
            within: self.within.unwrap_or(8.0),
            sites: self.sites.as_ref().map(|path| {
                let density = path.as_os_str() == "density";
                if density { SitesFrom::Density(LEAST_PEAK) } else { SitesFrom::Structure(path.clone()) }
            }),
            viscosity: self.viscosity,
            predict: if self.predict.is_empty() { vec![300.0] } else { self.predict.clone() },
            provenance: vec![("trajectories".into(), names.join(", "))],
        };
        Ok((request, self.output.clone().unwrap_or_else(|| "analysis".into())))
    }

    /// An option that is given and that an input file decides.
    fn told(&self) -> Option<&'static str> {
        let told = [
            ("--mobile", !self.mobile.is_empty()),
            ("--charges", !self.charges.is_empty()),
            ("--frame", self.frame.is_some()),
            ("--temperature", !self.temperature.is_empty()),
            ("--interval", self.interval.is_some()),
            ("--window", !self.window.is_empty()),
            ("--within", self.within.is_some()),
            ("--sites", self.sites.is_some()),
            ("--viscosity", self.viscosity.is_some()),
            ("--predict", !self.predict.is_empty()),
            ("--output", self.output.is_some()),
            ("--from", self.reading.from.is_some()),
            ("--units", self.reading.units.is_some()),
            ("--types", self.reading.types.is_some()),
        ];
        told.iter().find(|row| row.1).map(|row| row.0)
    }
}

/// Analyses with a progress line.
pub(super) fn run(request: &Request, terminal: Terminal) -> Result<Report> {
    let mut progress = Progress::new(terminal, "frames", None);
    request.report(&mut |done| progress.set(done))
}

/// Would a longer run give a number that is refused now?
pub(super) fn wants_longer(report: &Report) -> bool {
    report.sections.iter().map(|section| &section.transport).any(|transport| {
        let tracers = transport.tracers.iter().filter_map(|(_, tracer)| tracer.as_ref().err());
        tracers.chain(transport.charge.as_ref().err()).any(|refusal| refusal.more_time.is_some())
    })
}

/// What was found, for a person.
pub(super) fn summary(report: &Report, folder: &Path) -> String {
    let mut rows = Rows::new(report.title.clone());
    for section in &report.sections {
        let at = |what: &str| format!("{} {what}", section.name);
        for (element, tracer) in &section.transport.tracers {
            let value = tracer.as_ref().map_or_else(ToString::to_string, |t| t.diffusivity.to_string());
            rows.push(at(&format!("D* of {element}")), value);
        }
        match &section.transport.charge {
            Ok(charge) => {
                rows.push(at("σ"), charge.conductivity.to_string());
                rows.push(at("D*/D_σ"), charge.haven.to_string());
            }
            Err(refusal) => rows.push(at("σ"), refusal.to_string()),
        }
        // Why a cross-check cannot be made is for the report to explain.
        if let Some(Ok(found)) = &section.green_kubo {
            rows.push(at("σ, Green–Kubo"), found.conductivity.to_string());
        }
        for (element, value) in &section.infinite {
            rows.push(at(&format!("D* of {element}, infinite box")), value.to_string());
        }
        if let Some(hops) = &section.hops {
            rows.push(at("hops per ion"), hops.rate.to_string());
            rows.push(at("time at a site"), hops.residence.to_string());
        }
    }
    for law in &report.laws {
        match &law.fit {
            Ok(fit) => {
                rows.push(format!("Ea of {}", law.quantity), fit.energy.to_string());
                for (t, estimate) in &fit.predictions {
                    rows.push(format!("{} at {t:.0} K", law.quantity), estimate.to_string());
                }
            }
            Err(refusal) => rows.push(format!("Ea of {}", law.quantity), refusal.to_string()),
        }
    }
    for flag in report.flags() {
        rows.push("note", flag);
    }
    rows.push("report", folder.join("report.html").display().to_string());
    rows.push("numbers", folder.join("result.json").display().to_string());
    rows.to_string()
}
