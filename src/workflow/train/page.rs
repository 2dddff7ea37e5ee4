//! `report.html`: what a person wants to see of a training.

use super::Report;
use super::members::Member;
use super::outcome::Predictions;
use super::prepared::Prepared;
use crate::input::train::TrainPlan;
use crate::report::{Curve, FitReport, Table};
use crate::train::checkpoint::CurvePoint;
use crate::units::EV_PER_ANGSTROM3_IN_GPA;
use crate::workflow::{Deviation, ErrorRow, ErrorTable, Worst};
use std::fmt::Write;

/// All that can be told about a training.
pub(super) struct Told<'a> {
    pub(super) plan: &'a TrainPlan,
    pub(super) prepared: &'a Prepared,
    pub(super) request: &'a str,
    pub(super) members: &'a [Member],
    pub(super) report: &'a Report,
}

impl Told<'_> {
    /// The report.
    pub(super) fn page(&self, predictions: &Predictions) -> FitReport {
        let report = self.report;
        let mut tables = vec![self.errors()];
        tables.extend(self.elements());
        let mut details = Vec::new();
        for (name, table) in self.sets() {
            details.extend(worst(&format!("Largest errors of forces, {name}"), &table.worst_forces));
            details.extend(worst(&format!("Largest errors of energies, {name}"), &table.worst_energies));
        }
        FitReport {
            title: self.title(),
            lead: self.lead(),
            cards: self.cards(),
            warnings: self.prepared.warnings.clone(),
            curves: self.curves(),
            parts: predictions.parts.clone(),
            tables,
            details,
            provenance: vec![
                ["mlmd".into(), crate::VERSION.into()],
                ["input and data, SHA-256".into(), self.request.to_string()],
                ["seed".into(), self.plan.seed.to_string()],
                ["training".into(), format!("{} epochs in {:.0} s", report.epochs, report.seconds)],
                ["frames".into(), self.files()],
                ["optimiser".into(), self.plan.optimizer.name().into()],
                ["errors that count alike".into(), self.loss()],
            ],
        }
    }

    fn loss(&self) -> String {
        let loss = &self.plan.loss.0;
        let sizes = [
            ("energy", loss.energy.map(|x| x * 1e3), "meV/atom"),
            ("forces", loss.forces, "eV/Å"),
            ("stress", loss.stress.map(|x| x * EV_PER_ANGSTROM3_IN_GPA), "GPa"),
        ];
        let size = |(name, size, unit): (&str, Option<f64>, &str)| {
            size.map(|size| format!("{name} {} {unit}", digits(size)))
        };
        let mut parts: Vec<String> = sizes.into_iter().filter_map(size).collect();
        parts.extend(loss.huber.map(|huber| format!("linear beyond {huber} of these")));
        parts.push(format!("decay {}", loss.decay));
        parts.join(", ")
    }

    pub(super) fn title(&self) -> String {
        let elements: Vec<_> = self.prepared.set.elements().iter().map(|e| e.symbol()).collect();
        self.plan.title.clone().unwrap_or_else(|| format!("Potential for {}", elements.join("-")))
    }

    fn lead(&self) -> String {
        let p = self.prepared;
        let mut text = format!(
            "{} descriptor to {} Å, {} parameters, {} frames to learn from",
            p.set.name(),
            p.set.cutoff(),
            p.layout.len(),
            p.learning
        );
        if let Some(test) = &self.report.test {
            let _ = write!(text, ", {} to be judged on", test.all.frames);
        }
        if self.members.len() > 1 {
            let _ = write!(text, "; a committee of {}", self.members.len());
        }
        text
    }

    /// Frames of the test, or else those that were held back, first.
    fn judged(&self) -> (&'static str, &ErrorTable) {
        match &self.report.test {
            Some(test) => ("test", test),
            None if self.report.validation.all.frames > 0 => ("validation", &self.report.validation),
            None => ("training", &self.report.learning),
        }
    }

    fn cards(&self) -> Vec<[String; 2]> {
        let (name, table) = self.judged();
        let all = &table.all;
        let mut cards = Vec::new();
        for (what, deviation, unit, scale) in [
            ("energy RMSE", &all.energy, "meV/atom", 1e3),
            ("force RMSE", &all.forces, "eV/Å", 1.0),
            ("stress RMSE", &all.stress, "GPa", 1.0),
        ] {
            if let Some(rmse) = deviation.rmse() {
                cards.push([format!("{what}, {name}"), format!("{} {unit}", digits(rmse * scale))]);
            }
        }
        if all.forces.count > 0 {
            let worst = digits(all.forces.largest);
            cards.push([format!("largest force error, {name}"), format!("{worst} eV/Å")]);
        }
        if let Some((us, _)) = self.report.cost {
            cards.push(["cost on one thread".into(), format!("{} µs per atom and step", digits(us))]);
        }
        cards
    }

    /// Learning curves of all members.
    fn curves(&self) -> Vec<Curve> {
        let weight = |frames: &[usize]| frames.iter().map(|k| self.prepared.samples[*k].weight).sum::<f64>();
        let ratio = |m: &Member| weight(&m.split.train) / weight(&m.split.validation);
        self.members.iter().map(|m| learning(m.curve(), ratio(m))).collect()
    }

    /// Names and tables of the frames there are.
    fn sets(&self) -> Vec<(&'static str, &ErrorTable)> {
        let report = self.report;
        let mut sets = vec![("frames learnt from", &report.learning)];
        sets.extend(report.test.as_ref().map(|test| ("test", test)));
        sets
    }

    /// Errors of all frames and by `config_type`.
    pub(super) fn errors(&self) -> Table {
        let columns = [
            "frames of",
            "config_type",
            "frames",
            "energy RMSE (meV/atom)",
            "MAE",
            "max",
            "force RMSE (eV/Å)",
            "MAE",
            "max",
            "stress RMSE (GPa)",
            "max",
        ];
        let mut table = Table {
            title: "Errors by kind of frame".into(),
            columns: columns.map(String::from).to_vec(),
            rows: Vec::new(),
        };
        let held = (self.report.validation.all.frames > 0).then_some(("validation", &self.report.validation));
        let mut sets = self.sets();
        sets.splice(1..1, held);
        for (name, errors) in sets {
            table.rows.push(error_row(name, "all", &errors.all));
            if errors.types.len() > 1 {
                table.rows.extend(errors.types.iter().map(|(kind, row)| error_row(name, kind, row)));
            }
        }
        table
    }

    /// Errors of forces by element, where there are several.
    pub(super) fn elements(&self) -> Option<Table> {
        let mut rows = Vec::new();
        let held = ("validation", &self.report.validation);
        let mut sets = self.sets();
        sets.insert(1, held);
        for (name, errors) in sets {
            for (element, d) in &errors.elements {
                let [rmse, mae, largest] = figures(d, 1.0);
                rows.push(vec![
                    name.to_string(),
                    element.to_string(),
                    (d.count / 3).to_string(),
                    rmse,
                    mae,
                    largest,
                ]);
            }
        }
        let columns = ["frames of", "element", "atoms", "force RMSE (eV/Å)", "MAE", "max"];
        (self.prepared.set.elements().len() > 1 && !rows.is_empty()).then(|| Table {
            title: "Errors of forces by element".into(),
            columns: columns.map(String::from).to_vec(),
            rows,
        })
    }

    fn files(&self) -> String {
        let data = &self.plan.data;
        let lines = [("", &data.frames), ("validation: ", &data.validate), ("test: ", &data.test)];
        let each = lines.iter().flat_map(|(kind, files)| files.iter().map(move |f| (kind, f)));
        each.map(|(kind, file)| {
            let chosen = file.select.as_ref().map_or(String::new(), |s| format!(" [{s}]"));
            format!("{kind}{}{chosen}", file.file.display())
        })
        .collect::<Vec<_>>()
        .join("\n")
    }
}

fn error_row(name: &str, kind: &str, row: &ErrorRow) -> Vec<String> {
    let mut cells = vec![name.to_string(), kind.to_string(), row.frames.to_string()];
    cells.extend(figures(&row.energy, 1e3));
    cells.extend(figures(&row.forces, 1.0));
    let [rmse, _, largest] = figures(&row.stress, 1.0);
    cells.extend([rmse, largest]);
    cells
}

/// RMSE, MAE and the largest error, or dashes.
fn figures(d: &Deviation, unit: f64) -> [String; 3] {
    let (Some(rmse), Some(mae)) = (d.rmse(), d.mae()) else { return [(); 3].map(|()| "–".to_string()) };
    [rmse, mae, d.largest].map(|x| digits(x * unit))
}

/// Three digits that count.
pub(super) fn digits(x: f64) -> String {
    crate::analysis::Digits(x).to_string()
}

fn worst(title: &str, frames: &[Worst]) -> Option<Table> {
    let columns =
        ["frame", "config_type", "atoms", "energy (meV/atom)", "force RMSE (eV/Å)", "max", "on atom"];
    let row = |w: &Worst| {
        vec![
            w.frame.clone(),
            w.kind.clone().unwrap_or_default(),
            w.formula.clone(),
            w.energy.map_or_else(|| "–".to_string(), |d| format!("{:+.2}", d * 1e3)),
            if w.atom.is_some() { digits(w.forces) } else { "–".into() },
            if w.atom.is_some() { digits(w.largest) } else { "–".into() },
            w.atom.map_or(String::new(), |(atom, element)| format!("{element} {atom}")),
        ]
    };
    (!frames.is_empty()).then(|| Table {
        title: title.to_string(),
        columns: columns.map(String::from).to_vec(),
        rows: frames.iter().map(row).collect(),
    })
}

/// A learning curve; `share` is how much more the frames that train weigh than those that validate, over whose
/// weights both losses are normalised.
fn learning(points: &[CurvePoint], share: f64) -> Curve {
    let mut curve = Curve::default();
    let units = [1e3, 1.0, EV_PER_ANGSTROM3_IN_GPA];
    let mut best = f64::INFINITY;
    for point in points {
        curve.epochs.push(point.epoch as f64);
        curve.loss[0].push(point.loss);
        let sides = [point.train.rms(), point.validation.rms()];
        let held = sides[1].iter().any(Option::is_some);
        if held {
            curve.loss[1].push(point.validation_loss * share);
        }
        for (side, rms) in sides.iter().enumerate() {
            for (k, x) in rms.iter().enumerate() {
                if let Some(x) = x {
                    curve.errors[k][side].push(x * units[k]);
                }
            }
        }
        let judged = if held { point.validation_loss } else { point.loss };
        if judged < best {
            best = judged;
            curve.best = Some(point.epoch as f64);
        }
    }
    curve
}
