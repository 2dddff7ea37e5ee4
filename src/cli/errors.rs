//! Errors of a potential as text: by kind of frame, by element, and the worst frames.

use crate::workflow::{Deviation, ErrorRow, ErrorTable, Worst};
use std::fmt::Write;

/// The head of the columns that [`row`] fills.
pub(super) fn head(text: &mut String) {
    let _ = writeln!(
        text,
        "  {:<30}{:>7}{:>22}{:>22}{:>20}\n  {:<30}{:>7}{:>11}{:>11}{:>11}{:>11}{:>10}{:>10}",
        "",
        "",
        "energy, meV/atom",
        "force, eV/Å",
        "stress, GPa",
        "",
        "frames",
        "RMSE",
        "largest",
        "RMSE",
        "largest",
        "RMSE",
        "largest"
    );
}

/// One line of errors.
pub(super) fn row(text: &mut String, name: &str, row: &ErrorRow) {
    let frames = if row.frames > 0 { row.frames.to_string() } else { String::new() };
    let _ = writeln!(
        text,
        "  {name:<30}{frames:>7}{}{}{}",
        pair(&row.energy, 1e3, 11, 3),
        pair(&row.forces, 1.0, 11, 5),
        pair(&row.stress, 1.0, 10, 4)
    );
}

/// RMSE and largest error.
fn pair(deviation: &Deviation, unit: f64, width: usize, digits: usize) -> String {
    deviation.rmse().map_or_else(
        || format!("{:>width$}{:>width$}", "-", "-"),
        |rmse| {
            // A blank of their own keeps numbers apart that are larger than anybody hopes.
            let narrower = width - 1;
            format!(" {:>narrower$.digits$} {:>narrower$.digits$}", rmse * unit, deviation.largest * unit)
        },
    )
}

/// A table by kind of frame and by element, where there are several.
pub(super) fn details(text: &mut String, table: &ErrorTable) {
    if table.types.len() > 1 {
        for (kind, errors) in &table.types {
            row(text, &format!("  {kind}"), errors);
        }
    }
    if table.elements.len() > 1 {
        for (element, forces) in &table.elements {
            row(text, &format!("  on {element}"), &ErrorRow { forces: *forces, ..ErrorRow::default() });
        }
    }
}

/// How many of the worst frames are shown; the report and the JSON have more.
const SHOWN: usize = 5;

/// The worst frames by force and by energy.
pub(super) fn worst(text: &mut String, table: &ErrorTable) {
    for (name, list) in [
        ("largest errors of forces", &table.worst_forces),
        ("largest errors of energies", &table.worst_energies),
    ] {
        if !list.is_empty() {
            let _ = writeln!(text, "  {name}:");
        }
        for worst in list.iter().take(SHOWN) {
            line(text, worst);
        }
    }
}

fn line(text: &mut String, worst: &Worst) {
    let kind = worst.kind.as_ref().map_or(String::new(), |kind| format!(", {kind}"));
    let atom = worst.atom.map(|(atom, element)| {
        format!("{:.4} eV/Å ({:.4} on {element} {atom})", worst.forces, worst.largest)
    });
    let energy = worst.energy.map(|d| format!("{:+.2} meV/atom", d * 1e3));
    let parts: Vec<String> = energy.into_iter().chain(atom).collect();
    let _ = writeln!(text, "    {}: {}; {}{kind}", worst.frame, parts.join(", "), worst.formula);
}
