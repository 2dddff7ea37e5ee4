//! What the surrogate found, for people: its validation and its proposals as text, tables and a plot.

use super::join::Measured;
use super::model::Kind;
use super::outcome::plain;
use super::surrogate::{Forecast, Proposal};
use super::validation::{Check, Groups, LeftOut};
use crate::analysis::Digits;
use crate::report::{COLOURS, Cell, Content, Figure, Row, Scale};

impl Forecast {
    /// In one sentence what was done to see how good it is.
    pub fn procedure(&self) -> String {
        let check = &self.validation;
        let how = match &check.groups {
            Groups::Column(column) => format!("one {column} of {} left out at a time", check.count),
            Groups::Candidates => "one candidate left out at a time".to_string(),
            Groups::Parts => format!("one random part of {} left out at a time", check.count),
        };
        let lacking = match self.unknown.len() {
            0 => String::new(),
            n => format!("; {n} candidates lack a feature"),
        };
        format!("{} from {} candidates, {how}{lacking}", self.target, self.known.len())
    }

    /// For each kind of model its name, its error, and how often its intervals hold; the last is what knowing nothing
    /// gives.
    pub fn checks(&self) -> Vec<[String; 3]> {
        let unit = if self.log { " decades" } else { "" };
        let error = |rmse: f64| format!("{}{unit}", Digits(rmse));
        let row = |kind: Kind| {
            let name = if kind == self.kind { format!("{} (used)", kind.name()) } else { kind.name().into() };
            match self.validation.of_kind(kind) {
                Some(check) => [name, error(check.rmse), format!("{:.0} %", 100.0 * check.coverage)],
                None => [name, "–".into(), "–".into()],
            }
        };
        let mut rows = Kind::ALL.map(row).to_vec();
        if self.validation.trivial.is_finite() {
            rows.push(["mean of the others".into(), error(self.validation.trivial), String::new()]);
        }
        rows
    }

    /// What follows from the validation.
    pub fn verdict(&self) -> String {
        let Some(verdict) = self.validation.verdict() else {
            return "too few candidates to leave some out and see how well the others predict them"
                .to_string();
        };
        let used = self.validation.of_kind(self.kind).map_or(f64::INFINITY, |check| check.rmse);
        let name = verdict.better.name();
        let mut text = match (verdict.clear, self.chosen) {
            (true, true) => format!("the {name} predicts better and is used"),
            (true, false) => format!("the {name} predicts better"),
            (false, true) => "neither predicts clearly better; the Gaussian process is used, whose uncertainty grows away from \
                              what is known"
                .to_string(),
            (false, false) => "neither predicts clearly better".to_string(),
        };
        if used >= self.validation.trivial {
            text += "; it predicts no better than the mean of the others: these features do not help";
        }
        text
    }

    /// Who is not proposed as nobody knows the cost.
    pub fn unpriced(&self) -> Option<String> {
        let (column, names) = self.unpriced.as_ref().filter(|(_, names)| !names.is_empty())?;
        Some(format!("Not proposed, as {column} is not known: {}", names.join(", ")))
    }

    /// A row for each proposal.
    pub(super) fn proposal_rows(&self, names: &[String]) -> Vec<Row> {
        let row = |proposal: &Proposal| {
            let mut row = Row::default();
            let [low, value, high] = self.interval(proposal);
            row.set("candidate", names[proposal.candidate].clone());
            row.set(&self.target, value);
            row.set(&format!("{}_low", self.target), low);
            row.set(&format!("{}_high", self.target), high);
            row.set("acquisition", proposal.acquisition);
            row.set("cost", proposal.cost);
            row
        };
        self.batch.iter().map(row).collect()
    }

    /// A row for each candidate that was left out, by each model.
    pub(super) fn validation_rows(&self, names: &[String]) -> Vec<Row> {
        let row = |kind: Kind, own: &LeftOut| {
            let mut row = Row::default();
            let [[_, value, _], [low, mean, high]] = self.compared(own);
            row.set("candidate", names[self.known[own.known]].clone());
            row.set("model", kind.name());
            row.set("left_out_with_group", own.group + 1);
            row.set(&self.target, value);
            row.set("predicted", mean);
            row.set("predicted_low", low);
            row.set("predicted_high", high);
            row
        };
        let checks = &self.validation.checks;
        checks.iter().flat_map(|check| check.left_out.iter().map(move |own| row(check.kind, own))).collect()
    }

    /// Low end, value and high end of a prediction.
    pub fn interval(&self, proposal: &Proposal) -> [f64; 3] {
        let [value, deviation] = proposal.prediction;
        plain(Measured { value, deviation }, self.log)
    }

    /// A value and what was predicted for it, each with its ends.
    fn compared(&self, own: &LeftOut) -> [[f64; 3]; 2] {
        [(own.value, 0.0), (own.mean, own.deviation)]
            .map(|(value, deviation)| plain(Measured { value: self.sign * value, deviation }, self.log))
    }

    /// The parts of a page.
    pub(super) fn contents(&self, names: &[String]) -> Vec<Content> {
        let columns = ["model", "error (root mean square)", "values within the 95 % interval"];
        let rows = self.checks().into_iter().map(|row| row.map(|text| Cell::text(&text)).to_vec());
        let heading = "How well others are predicted".to_string();
        let remark = format!("{}: {}.", self.procedure(), self.verdict());
        let mut contents =
            vec![Content::Table(heading, columns.map(String::from).to_vec(), rows.collect(), remark)];
        let plots: Vec<_> = self.validation.checks.iter().map(|check| self.plot(check)).collect();
        if !plots.is_empty() {
            contents.push(Content::Plots("Left out and predicted".into(), plots));
        }
        contents.push(self.proposal_table(names));
        contents
    }

    /// What a model predicted against what was found.
    fn plot(&self, check: &Check) -> (String, String, Figure) {
        let scale = if self.log { Scale::Log } else { Scale::Linear };
        let mut figure = Figure::new(self.target.clone(), scale, format!("predicted {}", self.target), scale);
        let compared = check.left_out.iter().map(|own| self.compared(own));
        let (points, bars): (Vec<_>, Vec<_>) =
            compared.map(|[[_, value, _], [low, mean, high]]| ([value, mean], [low, high])).unzip();
        let values = points.iter().flatten().copied();
        let ends = [values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max)];
        let colour = if check.kind == self.kind { COLOURS[0] } else { COLOURS[1] };
        figure.points(points, bars, colour, check.kind != self.kind);
        figure.name(check.kind.name(), colour);
        figure.line(ends.map(|end| [end; 2]).to_vec(), COLOURS[6], true);
        let caption = format!(
            "Each candidate, predicted by a {} that has not seen its group, with 95 % intervals: the nearer to the dashed line \
             the better.",
            check.kind.name()
        );
        (format!("validation_{}", check.kind.name().replace(' ', "_")), caption, figure)
    }

    fn proposal_table(&self, names: &[String]) -> Content {
        let columns = ["candidate", &self.target, "acquisition", "cost"].map(String::from).to_vec();
        let rows = self.batch.iter().map(|proposal| {
            let [low, value, high] = self.interval(proposal);
            vec![
                Cell::text(&names[proposal.candidate]),
                Cell::interval(value, [low, high]),
                Cell::number(proposal.acquisition),
                proposal.cost.map_or_else(|| Cell::text("–"), Cell::number),
            ]
        });
        let unpriced = self.unpriced().map_or(String::new(), |text| format!(" {text}."));
        let remark = format!(
            "Predictions of the {} with 95 % intervals. Each acquisition is taken as if the candidates above had turned out as \
             predicted.{unpriced}",
            self.kind.name()
        );
        Content::Table("Simulate next".into(), columns, rows.collect(), remark)
    }
}
