//! `mlmd evaluate`: a potential on frames, and its errors where the frames carry references.

use super::amounts::counted;
use super::errors;
use super::options::{PotentialChoice, Reading};
use super::progress::Progress;
use super::terminal::{self, Terminal};
use crate::error::{Error, Result};
use crate::io::same_file;
use crate::workflow::evaluate::{self, Report, Request};
use crate::workflow::{Deviation, ErrorRow, Spread};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// Evaluate a potential on frames: energies, forces, stress, and errors against references
#[derive(Debug, clap::Args)]
#[command(after_help = "References are the energies, forces and stresses that the frames carry.\n\
                        Errors of forces are over components, of stress over the six independent ones.")]
pub(super) struct Arguments {
    #[command(flatten)]
    potential: PotentialChoice,
    /// Files of frames, in any format mlmd reads
    #[arg(required = true, value_name = "FRAMES")]
    frames: Vec<PathBuf>,
    /// Write the frames with energy, forces and stress of the potential (extended XYZ, 17 digits)
    #[arg(short, long, value_name = "OUT.extxyz")]
    output: Option<PathBuf>,
    /// Write the errors as JSON into a file, `-` for standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let files: Vec<_> = self.frames.iter().map(PathBuf::as_path).collect();
        if let Some(json) = self.json.as_ref().filter(|json| json.as_os_str() != "-")
            && files.iter().copied().chain(self.output.as_deref()).any(|other| same_file(other, json))
        {
            let json = json.display();
            return Err(Error::invalid(format!("--json {json}: this file is one of the frames")));
        }
        let (potential, _) = self.potential.load(&files, &self.reading, terminal)?;
        let request = Request {
            files: self.frames,
            reading: self.reading.options(),
            output: self.output,
            threads: self.potential.threads(),
        };
        let mut progress = Progress::new(terminal, "frames", None);
        let report = evaluate::run(&*potential, &request, &mut |done| progress.set(done))?;
        drop(progress);
        if report.extrapolating.1 > 0 {
            let (atoms, frames) = report.extrapolating;
            terminal.warn(&format!(
                "{} of {} are outside the trained range of the potential",
                counted(atoms, "atom"),
                counted(frames, "frame")
            ));
        }
        let Some(path) = self.json else {
            return terminal::print(&table(&potential.description(), &report));
        };
        let result = machine(&report);
        if path.as_os_str() == "-" {
            return terminal::print_json(&result);
        }
        std::fs::write(&path, crate::io::json(&result)?).map_err(Error::io(path, "write"))?;
        terminal::print(&table(&potential.description(), &report))
    }
}

/// The keys of this object are a contract.
fn machine(report: &Report) -> Value {
    let ErrorRow { energy, forces: force, stress, .. } = &report.errors.all;
    let scaled = |value: Option<f64>, factor: f64| value.map(|value| value * factor);
    let table = report.errors.json();
    json!({
        "frames": report.frames,
        "atoms": report.atoms,
        "energy_rmse_mev_per_atom": scaled(energy.rmse(), 1e3),
        "force_rmse_ev_per_angstrom": force.rmse(),
        "energy_mae_mev_per_atom": scaled(energy.mae(), 1e3),
        "force_mae_ev_per_angstrom": force.mae(),
        "stress_rmse_gpa": stress.rmse(),
        "stress_mae_gpa": stress.mae(),
        "energy_max_mev_per_atom": energy.rmse().map(|_| energy.largest * 1e3),
        "force_max_ev_per_angstrom": force.rmse().map(|_| force.largest),
        "frames_with_energy": energy.count,
        "extrapolating_atoms": report.extrapolating.0,
        "energy_std_mev_per_atom": scaled(mean(&report.committee[0]), 1e3),
        "force_std_ev_per_angstrom": mean(&report.committee[1]),
        "stress_max_gpa": stress.rmse().map(|_| stress.largest),
        "by_config_type": table["by_config_type"],
        "force_rmse_by_element": table["force_rmse_by_element"],
        "worst_frames_by_force": table["worst_frames_by_force"],
        "worst_frames_by_energy": table["worst_frames_by_energy"],
    })
}

/// The mean, where there is one.
fn mean(spread: &Spread) -> Option<f64> {
    (!spread.is_empty()).then(|| spread.mean())
}

fn table(potential: &str, report: &Report) -> String {
    let mut text =
        format!("{potential}\n{}, {}\n", counted(report.frames, "frame"), counted(report.atoms, "atom"));
    let all = &report.errors.all;
    if let [Some(energy), Some(force)] = report.committee.each_ref().map(mean) {
        let _ = writeln!(
            text,
            "Standard deviation over the committee: energy {:.3} meV/atom, force {force:.5} eV/Å on average, \
             {:.5} at most",
            energy * 1e3,
            report.committee[1].max
        );
    }
    if all.energy.count + all.forces.count + all.stress.count == 0 {
        text.push_str("The frames carry no references to compare with.\n");
        return text;
    }
    let _ =
        writeln!(text, "\n  {:<22}{:>11}{:>11}{:>11}{:>11}  in frame", "", "RMSE", "MAE", "mean", "largest");
    let mut row = |name: &str, deviation: &Deviation, factor: f64, digits: usize| {
        let (Some(rmse), Some(mae), Some(mean)) = (deviation.rmse(), deviation.mae(), deviation.mean())
        else {
            return;
        };
        let numbers = [rmse, mae, mean, deviation.largest].map(|x| format!("{:>11.digits$}", x * factor));
        let _ = writeln!(text, "  {name:<22}{}  {}", numbers.concat(), deviation.frame);
    };
    row("energy   meV/atom", &all.energy, 1e3, 3);
    row("force    eV/Å", &all.forces, 1.0, 5);
    row("stress   GPa", &all.stress, 1.0, 4);
    if report.errors.types.len() > 1 || report.errors.elements.len() > 1 {
        text.push('\n');
        errors::head(&mut text);
        errors::row(&mut text, "all", all);
        errors::details(&mut text, &report.errors);
    }
    if report.frames > 1 {
        text.push('\n');
        errors::worst(&mut text, &report.errors);
    }
    text
}
