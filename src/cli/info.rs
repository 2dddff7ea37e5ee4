//! `mlmd info`: what is in a file.

use super::devices;
use super::models;
use super::options::Reading;
use super::progress::Progress;
use super::rows::Rows;
use super::terminal::{self, Terminal};
use crate::error::Result;
use crate::io::ReadOptions;
use crate::potential::is_potential;
use crate::workflow::Spread;
use crate::workflow::info::{self, FileInfo};
use crate::workflow::models::describe;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Say what is in a file: structures, their cells, distances and labels; or a potential
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file
    #[arg(value_name = "FILE", required_unless_present = "devices")]
    file: Option<PathBuf>,
    /// List the processors and graphics processors of this machine instead
    #[arg(long, conflicts_with = "file")]
    devices: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Arguments {
    pub(super) fn execute(self, terminal: Terminal) -> Result<()> {
        let Some(file) = &self.file else {
            return devices::print(self.json);
        };
        if self.reading.from.is_none() && is_potential(file) {
            let description = describe(file, self.reading.units)?;
            if self.json {
                return terminal::print_json(&models::machine(&description));
            }
            return terminal::print(&models::human(&description));
        }
        let mut progress = Progress::new(terminal, "frames", None);
        // Looking at a file must not need what only a use of it needs.
        let reading = ReadOptions { stand_in_elements: true, ..self.reading.options() };
        let info = info::frames(file, &reading, &mut |done| progress.set(done))?;
        drop(progress);
        if self.json {
            return terminal::print_json(&machine(&info));
        }
        terminal::print(&human(&info))
    }
}

/// The summary as a person reads it.
fn human(info: &FileInfo) -> String {
    let several = info.frames > 1;
    let frames = if several { format!(", {} frames", info.frames) } else { String::new() };
    let mut rows = Rows::new(format!("{}: {}{frames}", info.path.display(), info.format.info().title));
    let (atoms, total) = (info.atoms, total_atoms(info));
    rows.push(
        "atoms",
        match (several, atoms.min == atoms.max) {
            (false, _) => format!("{}", atoms.min),
            (true, true) => format!("{} per frame", atoms.min),
            (true, false) => format!("{} to {} per frame, {total} in all", atoms.min, atoms.max),
        },
    );
    rows.push("formula", formulas(info));
    rows.push("cell", cell(info));
    if !info.volume_per_atom.is_empty() {
        let whole = if several { String::new() } else { format!("{:.2} Å³, ", info.first.cell.volume()) };
        rows.push("volume", format!("{whole}{} Å³/atom", range(&info.volume_per_atom, 3)));
        rows.push("density", format!("{} g/cm³", range(&info.density, 3)));
    }
    if let Some((closest, frame, [first, second])) = &info.closest {
        let [a, b] = closest.atoms;
        let at = if several { format!(" of frame {frame}") } else { String::new() };
        let atoms =
            if a == b { format!("atom {a}{at} and its image") } else { format!("atoms {a} and {b}{at}") };
        rows.push(
            "shortest",
            format!("{:.3} Å, {first}-{second} ({atoms}, counted from 0)", closest.distance),
        );
    }
    if let Some((count, complaint)) = &info.faulty {
        let more =
            if *count > 1 { format!(" ({} more frames have faults)", count - 1) } else { String::new() };
        rows.push("fault", format!("{complaint}{more}"));
    }
    labels(info, &mut rows);
    properties(info, &mut rows);
    rows.to_string()
}

fn total_atoms(info: &FileInfo) -> u64 {
    (info.atoms.mean() * info.frames as f64).round() as u64
}

/// "(12 of 20 frames)" where not all have something.
fn part(info: &FileInfo, count: u64) -> String {
    if count == info.frames { String::new() } else { format!(" ({count} of {} frames)", info.frames) }
}

fn labels(info: &FileInfo, rows: &mut Rows) {
    if !info.energy.is_empty() {
        rows.push("energy", format!("{} eV/atom{}", range(&info.energy, 4), part(info, info.energy.count)));
    }
    let (force, frames) = &info.force;
    if !force.is_empty() {
        let (rms, max) = (force.rms(), force.max);
        rows.push("forces", format!("RMS {rms:.4}, largest {max:.4} eV/Å{}", part(info, *frames)));
    }
    if !info.pressure.is_empty() {
        let pressure = range(&info.pressure, 3);
        rows.push("stress", format!("pressure {pressure} GPa{}", part(info, info.pressure.count)));
    }
    if !info.temperature.is_empty() {
        let temperature = range(&info.temperature, 1);
        rows.push("velocities", format!("{temperature} K{}", part(info, info.temperature.count)));
    }
    let (charge, frames) = &info.charge;
    if !charge.is_empty() {
        rows.push("charges", format!("{} e{}", range(charge, 3), part(info, *frames)));
    }
    if !info.time.is_empty() {
        rows.push("time", format!("{} fs{}", range(&info.time, 3), part(info, info.time.count)));
    }
}

/// What a reader took for granted and says so, with the name of its row.
const REMARKS: [(&str, &str); 3] =
    [("lammps_units", "units"), ("lammps_types", "elements"), ("lammps_positions", "positions")];

fn properties(info: &FileInfo, rows: &mut Rows) {
    for (name, row) in REMARKS {
        if let Some(text) = info.first.text(name) {
            rows.push(row, text.to_string());
        }
    }
    for (name, groups) in info.grouping() {
        let groups: Vec<_> = groups.iter().map(|(value, count)| format!("{value} ({count})")).collect();
        rows.push(name, groups.join(", "));
    }
    let remarks = REMARKS.iter().map(|(name, _)| *name);
    let grouped: Vec<_> = info.grouping().map(|(name, _)| name).chain(remarks).collect();
    let others = info.properties.iter().filter(|(name, _)| !grouped.contains(&name.as_str()));
    let names: Vec<_> = others.map(|(name, count)| format!("{name}{}", part(info, *count))).collect();
    if !names.is_empty() {
        rows.push("also", names.join(", "));
    }
}

/// How many formulas are listed before the rest is summed up.
const FORMULAS: usize = 6;

fn formulas(info: &FileInfo) -> String {
    if let [(formula, _)] = &info.formulas[..] {
        return formula.clone();
    }
    let mut parts: Vec<_> =
        info.formulas.iter().take(FORMULAS).map(|(formula, count)| format!("{formula} ({count})")).collect();
    if info.formulas.len() > FORMULAS {
        parts.push(format!("and {} more", info.formulas.len() - FORMULAS));
    }
    parts.join(", ")
}

fn cell(info: &FileInfo) -> String {
    let cell = &info.first.cell;
    let periodic = cell.periodic();
    let along: Vec<_> =
        ["a", "b", "c"].iter().zip(periodic).filter(|(_, yes)| *yes).map(|(name, _)| *name).collect();
    let periodicity = match along.len() {
        0 => "not periodic".to_string(),
        3 => "periodic".to_string(),
        _ => format!("periodic along {}", along.join(" and ")),
    };
    if cell.present() == [false; 3] {
        return format!("none, {periodicity}");
    }
    let ([a, b, c], [alpha, beta, gamma]) = (cell.lengths(), cell.angles());
    let angles = match [alpha, beta, gamma].map(|angle| (angle * 1000.0).round() / 1000.0) {
        [90.0, 90.0, 90.0] => "right angles".to_string(),
        [alpha, beta, gamma] => format!("angles {alpha} {beta} {gamma}°"),
    };
    let varies = if info.cell_varies { " (frame 0; it varies)" } else { "" };
    format!("{a:.4} × {b:.4} × {c:.4} Å, {angles}, {periodicity}{varies}")
}

/// `1.2 to 3.4`, or one number where they are the same to the digits shown.
fn range(spread: &Spread, digits: usize) -> String {
    let (low, high) = (format!("{:.digits$}", spread.min), format!("{:.digits$}", spread.max));
    if low == high { low } else { format!("{low} to {high}") }
}

/// The summary as a program reads it: Å, eV, GPa, K, fs; absent where the file has nothing.
fn machine(info: &FileInfo) -> Value {
    let formulas: BTreeMap<&str, u64> =
        info.formulas.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    let elements: Vec<_> = info.elements.iter().map(|element| element.symbol()).collect();
    let cell = &info.first.cell;
    let closest = info.closest.as_ref().map(
        |(closest, frame, _)| json!({ "angstrom": closest.distance, "atoms": closest.atoms, "frame": frame }),
    );
    let groups: BTreeMap<_, _> = info.grouping().collect();
    json!({
        "file": info.path.display().to_string(),
        "kind": "structures",
        "format": info.format.info().name,
        "frames": info.frames,
        "atoms": { "min": info.atoms.min as u64, "max": info.atoms.max as u64, "total": total_atoms(info) },
        "elements": elements,
        "formulas": formulas,
        "cell": cell.rows(),
        "periodic": cell.periodic(),
        "cell_varies": info.cell_varies,
        "volume_angstrom3_per_atom": spread(&info.volume_per_atom),
        "density_g_per_cm3": spread(&info.density),
        "shortest_distance": closest,
        "faulty_frames": info.faulty.as_ref().map_or(0, |faulty| faulty.0),
        "energy_ev_per_atom": spread(&info.energy),
        "force_ev_per_angstrom": spread(&info.force.0),
        "pressure_gpa": spread(&info.pressure),
        "temperature_k": spread(&info.temperature),
        "time_fs": spread(&info.time),
        "charge_e": spread(&info.charge.0),
        "properties": info.properties,
        "groups": groups,
    })
}

fn spread(spread: &Spread) -> Value {
    if spread.is_empty() {
        return Value::Null;
    }
    json!({ "count": spread.count, "min": spread.min, "max": spread.max, "mean": spread.mean(), "rms": spread.rms() })
}
