//! `report.html`: how the potential learnt.

use super::record::{Record, Round};
use super::{TRAINING, round_name};
use crate::report::{Cell, Content, Figure, Page, Scale};
use std::fmt::Write;

const COLUMNS: [&str; 13] = [
    "round",
    "frames learnt from",
    "force RMSE, held back (eV/Å)",
    "force RMSE, test (eV/Å)",
    "energy RMSE, held back (meV/atom)",
    "energy RMSE, test (meV/atom)",
    "looks",
    "too far apart",
    "apart in the median (eV/Å)",
    "stopped runs",
    "computed",
    "force RMSE of these before (eV/Å)",
    "apart in these (eV/Å)",
];

/// The page.
pub(super) fn page(title: &str, record: &Record, limit: f64) -> Page {
    let mut cards = Vec::new();
    if let Some(last) = record.rounds.last() {
        cards.push([
            "rounds".into(),
            record.rounds.len().to_string(),
            format!("{} frames learnt from", last.frames),
        ]);
        cards.push([
            "looks at which the committee is not sure".into(),
            percent(last.disagreed()),
            format!("{} is wanted", percent(limit)),
        ]);
        if let Some(force) = last.test_force.or(last.validation_force) {
            let what = if last.test_force.is_some() { "test" } else { "frames held back" };
            cards.push([format!("force RMSE, {what}"), format!("{force:.4} eV/Å"), String::new()]);
        }
    }
    let stopped = record
        .rounds
        .iter()
        .flat_map(|round| round.stopped.iter().map(move |why| format!("round {}: {why}", round.round)));
    let failures = record.rounds.iter().filter_map(|round| round.failure.clone());
    let columns = COLUMNS.map(String::from).to_vec();
    let rows = record.rounds.iter().map(row).collect();
    let remark = "Before its frames were learnt, the committee was off by so much, and its members were apart by so much: \
                  where the second is far below the first, the committee is surer than it should be.";
    Page {
        title: title.to_string(),
        lead: record.enough.clone().unwrap_or_else(|| "not at its end".into()),
        cards,
        warnings: stopped.chain(failures).collect(),
        contents: vec![
            Content::Plots("By round".into(), vec![sureness(record, limit), errors(record)]),
            Content::Table("Rounds".into(), columns, rows, remark.into()),
        ],
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn row(round: &Round) -> Vec<Cell> {
    let number = |x: Option<f64>| x.map_or_else(|| Cell::text("–"), Cell::number);
    vec![
        Cell::link(&round.round.to_string(), &format!("{}/{TRAINING}/report.html", round_name(round.round))),
        Cell::text(&round.frames.to_string()),
        number(round.validation_force),
        number(round.test_force),
        number(round.validation_energy),
        number(round.test_energy),
        Cell::text(&round.looks.to_string()),
        Cell::text(&format!("{} ({})", round.beyond, percent(round.disagreed()))),
        Cell::number(round.median),
        Cell::text(&round.stopped.len().to_string()),
        Cell::text(&computed(round)),
        number(round.new_force),
        number(round.new_spread),
    ]
}

/// How many frames were computed.
fn computed(round: &Round) -> String {
    let mut text = round.labelled.to_string();
    for (count, what) in [(round.failed, "failed"), (round.steep, "too steep")] {
        if count > 0 {
            // Writing into a string cannot fail.
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}

type Plot = (String, String, Figure);
type Quantity = fn(&Round) -> Option<f64>;

/// Where the committee is not sure.
fn sureness(record: &Record, limit: f64) -> Plot {
    let mut figure = Figure::new(
        "frames learnt from",
        Scale::Linear,
        "looks at which members are too far apart (%)",
        Scale::Linear,
    );
    let points: Vec<[f64; 2]> =
        record.rounds.iter().map(|round| [round.frames as f64, 100.0 * round.disagreed()]).collect();
    let ends = [points.first(), points.last()].map(|point| point.map_or(0.0, |p| p[0]));
    figure.line(ends.map(|x| [x, 100.0 * limit]).to_vec(), Figure::colour(1), true);
    figure.line(points.clone(), Figure::colour(0), false);
    figure.dots(points, Figure::colour(0));
    let caption =
        "Share of looks at which the members are further apart than allowed; dashed: what is wanted.";
    ("disagreed".into(), caption.into(), figure)
}

/// How far off it is.
fn errors(record: &Record) -> Plot {
    let mut figure = Figure::new("frames learnt from", Scale::Linear, "force RMSE (eV/Å)", Scale::Linear);
    let curves: [(&str, Quantity); 4] = [
        ("held back", |r| r.validation_force),
        ("test", |r| r.test_force),
        ("new, before", |r| r.new_force),
        ("new, members apart", |r| r.new_spread),
    ];
    for (k, (name, of)) in curves.into_iter().enumerate() {
        let points: Vec<[f64; 2]> =
            record.rounds.iter().filter_map(|round| Some([round.frames as f64, of(round)?])).collect();
        if points.is_empty() {
            continue;
        }
        figure.line(points.clone(), Figure::colour(k), false);
        figure.dots(points, Figure::colour(k));
        figure.name(name, Figure::colour(k));
    }
    let caption = "Errors of the forces on frames held back and of the test, and on the frames of each round before they were learnt, \
                   with how far the members were apart there.";
    ("errors".into(), caption.into(), figure)
}
