//! `mlmd run`: the main job.

use super::amounts::{bytes, counted, duration};
use super::options::{Device, Restart};
use super::rows::Rows;
use super::simulate::{made, simulate};
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::input::{Barostat, Dynamics, Plan, Thermostat};
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use crate::workflow::dynamics::{RunFolder, residence, tasks};
use crate::workflow::run::{self, Outlook, Setup};
use std::path::PathBuf;

/// Run the simulation that an input file describes
#[derive(Debug, clap::Args)]
#[command(after_help = "`mlmd help input` explains the input file.")]
pub(super) struct Arguments {
    /// Input file (TOML)
    input: PathBuf,
    /// Change a value of the input: --set dynamics.temperature="400 K"
    #[arg(long, value_name = "TABLE.KEY=VALUE")]
    set: Vec<String>,
    /// Check everything, print what the run would take, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Where forces are computed, instead of what the input says
    #[arg(long, value_name = "DEVICE")]
    device: Option<Device>,
    /// Graphics processors that runs are dealt out to, by their numbers in `mlmd info --devices`, instead of what the
    /// input says
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    adapters: Option<Vec<usize>>,
    /// What to do with results that are already there: `fresh` deletes them, by default the run goes on
    #[arg(long, value_name = "HOW")]
    restart: Option<Restart>,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let mut plan = Plan::read_file(&self.input, &self.set)?;
        if let Some(device) = self.device {
            plan.device.kind = device.kind();
        }
        if let Some(adapters) = self.adapters {
            plan.device.adapters = adapters;
        }
        let mut setup = Setup::new(plan)?;
        let input = std::fs::read_to_string(&self.input).map_err(Error::io(&self.input, "read"))?;
        let fresh = matches!(self.restart, Some(Restart::Fresh));
        if self.dry_run {
            let earlier = earlier(&setup, &input, &self.set, fresh)?;
            setup.rehearse()?;
            let outlook = setup.measure()?;
            return terminal::print(&describe(&setup, &outlook, earlier)?);
        }
        if setup.plan.dynamics.is_none() && setup.plan.relax.is_none() {
            setup.processor.remarks().iter().for_each(|remark| terminal.note(remark));
            return terminal::print(&evaluation(&mut setup)?);
        }
        simulate(&mut setup, &input, &self.set, fresh, terminal)
    }
}

/// What becomes of results that are there; those of another input are refused.
fn earlier(setup: &Setup, input: &str, sets: &[String], fresh: bool) -> Result<Option<&'static str>> {
    let (device, files) = (setup.processor.name(), run::files(&setup.plan)?);
    let made = made(setup, input, sets, &device, &files);
    match RunFolder::goes_on(&setup.plan.output.directory, made) {
        Ok(false) => Ok(None),
        Ok(true) if !fresh => Ok(Some("the run goes on from what is there")),
        Err(other) if !fresh => Err(other),
        _ => Ok(Some("what is there is deleted")),
    }
}

/// What the run would do and take.
fn describe(setup: &Setup, outlook: &Outlook, earlier: Option<&str>) -> Result<String> {
    let (plan, system) = (&setup.plan, &setup.system);
    let mut rows = Rows::new(plan.title.clone().unwrap_or_else(|| "The input is valid.".to_string()));
    rows.push(
        "structure",
        format!("{}: {} atoms, {}", plan.structure.file.display(), system.len(), system.formula()),
    );
    let ([a, b, c], [alpha, beta, gamma]) = (system.cell.lengths(), system.cell.angles());
    if system.cell.present() != [false; 3] {
        rows.push("cell", format!("{a:.3} × {b:.3} × {c:.3} Å, {alpha:.2} {beta:.2} {gamma:.2}°"));
    }
    let potential = setup.engine.potential();
    rows.push("potential", potential.description());
    rows.push("neighbours", format!("{:.1} per atom within {} Å", outlook.neighbors, potential.cutoff()));
    if let Some(memory) = outlook.memory {
        rows.push("memory", format!("{} after the first evaluation", bytes(memory)));
    }
    for share in outlook.on_device.iter().flat_map(|tried| &tried.shares) {
        let of = share.memory.map_or(String::new(), |memory| format!(" of {}", bytes(memory)));
        let (taken, device) = (bytes(share.bytes), &share.device);
        rows.push("", format!("{taken}{of} for {} on {device}", counted(share.tasks, "run")));
    }
    let (name, how) = speed(setup, outlook);
    rows.push(name, how);
    for remark in setup.processor.remarks() {
        rows.push("device", remark.trim_start_matches("device: "));
    }
    match &plan.dynamics {
        Some(dynamics) => describe_dynamics(plan, dynamics, outlook, &mut rows),
        None => rows.push("dynamics", "none: the structure is evaluated as it is"),
    }
    if let Some(remark) = setup.unused_velocities() {
        rows.push("velocities", remark.trim_start_matches("velocities: "));
    }
    if let Some(earlier) = earlier {
        rows.push("", earlier);
    }
    if let Some(remark) = residence(&setup.engine, &tasks(plan)?) {
        rows.push("integration", remark.trim_start_matches("integration: "));
    }
    Ok(rows.to_string())
}

/// How long a step takes on the path that the run will take.
fn speed(setup: &Setup, outlook: &Outlook) -> (&'static str, String) {
    let per_atom = outlook.step.as_secs_f64() * 1e6 / setup.system.len() as f64;
    let step = duration(outlook.step);
    if let Some(tried) = &outlook.on_device {
        let runs = tried.together as f64;
        let (runs, of) =
            (per_atom / runs, if runs > 1.0 { format!(" of {runs} runs") } else { String::new() });
        return ("step", format!("{step}{of}, atoms stay on the device: {runs:.3} µs per atom"));
    }
    if setup.processor.uses_device() {
        return (
            "forces",
            format!("{step}, fetched from the device at every step: {per_atom:.3} µs per atom"),
        );
    }
    let threads = counted(setup.threads(), "thread");
    ("forces", format!("{step} on {threads}: {per_atom:.3} µs per atom"))
}

fn describe_dynamics(plan: &Plan, dynamics: &Dynamics, outlook: &Outlook, rows: &mut Rows) {
    let lanes = outlook.together;
    let runs = dynamics.temperature.len();
    let temperatures: Vec<_> = dynamics.temperature.iter().map(ToString::to_string).collect();
    let many = if runs == 1 { "1 run".to_string() } else { format!("{runs} runs") };
    rows.push("dynamics", format!("{many} at {} K, {}", temperatures.join(", "), ensemble(dynamics)));
    let (equilibration, production) = (dynamics.equilibration_steps(), dynamics.production_steps());
    rows.push("steps", format!("{equilibration} + {production} of {} fs in each run", dynamics.timestep));
    // Runs are equally long: so many go one after another in the busiest lane.
    let steps = runs.div_ceil(lanes) as f64 * (equilibration + production) as f64;
    let together = match lanes {
        1 => String::new(),
        _ => format!(", {lanes} runs at a time: {} for each of their steps", duration(outlook.side_by_side)),
    };
    let what = if outlook.on_device.is_some() { "steps" } else { "forces" };
    rows.push(
        "time",
        format!("about {} for all {what}{together}", duration(outlook.side_by_side.mul_f64(steps))),
    );
    let output = &plan.output;
    // Rows begin with the production; checkpoints are written during the equilibration as well, and at the end.
    let rows_of = |every: f64| production / dynamics.steps_in(every) + 1;
    let checkpoints = (equilibration + production).div_ceil(dynamics.steps_in(output.checkpoint.every));
    rows.push(
        "output",
        format!(
            "{}: {} frames, {} thermo rows, {} checkpoints in each run",
            output.directory.display(),
            rows_of(output.trajectory.every),
            rows_of(output.thermo.every),
            checkpoints,
        ),
    );
}

fn ensemble(dynamics: &Dynamics) -> String {
    let thermostat = match &dynamics.thermostat {
        None => "constant energy".to_string(),
        Some(Thermostat::Langevin(table)) => format!("langevin thermostat of {} fs^-1", table.friction),
        Some(Thermostat::NoseHoover(table)) => format!("nose-hoover thermostat of {} fs", table.time),
        Some(Thermostat::Csvr(table)) => format!("csvr thermostat of {} fs", table.time),
    };
    let (name, pressure, time) = match &dynamics.barostat {
        None => return thermostat,
        Some(Barostat::CRescale(table)) => ("c-rescale", table.pressure, table.time),
        Some(Barostat::Mtk(table)) => ("mtk", table.pressure, table.time),
    };
    let [from, to] = [pressure.from, pressure.to].map(|p| format!("{:.4}", p * EV_PER_ANGSTROM3_IN_GPA));
    let target = if from == to { from } else { format!("{from} to {to}") };
    format!("{thermostat}, {name} barostat of {time} fs at {target} GPa")
}

/// Energy, forces and stress of the structure.
fn evaluation(setup: &mut Setup) -> Result<String> {
    let system = &setup.system;
    let found = setup.engine.evaluate(system)?;
    let largest = found.forces.iter().map(nalgebra::Vector3::norm).fold(0.0, f64::max);
    let squares: f64 = found.forces.iter().map(nalgebra::Vector3::norm_squared).sum();
    if !found.energy.is_finite() || !squares.is_finite() {
        return Err(Error::Physics("energy or forces of the structure are not finite numbers".to_string()));
    }
    let n = system.len() as f64;
    let title = setup.plan.title.clone().unwrap_or_else(|| setup.plan.structure.file.display().to_string());
    let mut rows = Rows::new(format!("{title}: {}, {} atoms", system.formula(), system.len()));
    rows.push("energy", format!("{:.6} eV, {:.6} eV/atom", found.energy, found.energy / n));
    rows.push("forces", format!("RMS {:.6}, largest {largest:.6} eV/Å", (squares / n).sqrt()));
    if system.cell.is_bulk() {
        let stress = found.stress(system.cell.volume()) * EV_PER_ANGSTROM3_IN_GPA;
        let voigt = crate::system::VOIGT.map(|at| format!("{:.4}", stress[at]));
        rows.push("stress", format!("{} GPa (xx yy zz yz xz xy)", voigt.join(" ")));
        rows.push("pressure", format!("{:.4} GPa", -stress.trace() / 3.0));
    }
    let extrapolating = found.extrapolation.len();
    if extrapolating > 0 {
        rows.push("warning", format!("{extrapolating} descriptors are outside their trained range"));
    }
    Ok(rows.to_string())
}
