//! What a run wrote beside its trajectory, for the report.

use crate::report::Trace;
use std::fs;
use std::path::Path;

/// Points of a trace that are worth drawing.
const TRACE_POINTS: usize = 600;

/// Temperature, energy and pressure of the `thermo.csv` beside a trajectory; nothing if there is none or it is
/// another program's.
pub(super) fn thermo(trajectory: &Path) -> Vec<Trace> {
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
