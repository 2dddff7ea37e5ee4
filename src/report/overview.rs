//! The page of a sweep: every candidate, the best first, and those without a result with the reason.

use super::figure::{COLOURS, Figure, Scale};
use super::page::{Cell, Content, Page};
use super::{Law, Report};
use crate::analysis::{Digits, Estimate};

/// What the page of a sweep is made of.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// What the sweep is about.
    pub title: String,
    /// In one line.
    pub lead: String,
    /// The temperature at which candidates are compared, K.
    pub temperature: f64,
    /// The candidates.
    pub candidates: Vec<Shown>,
}

/// A candidate as it is shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// Its formula, if its structure could be read.
    pub formula: String,
    /// `complete`, `partial`, `waiting`, `failed` or `broken`.
    pub state: &'static str,
    /// Why there is no result, or not all of it.
    pub reason: String,
    /// Where its own report is.
    pub link: Option<String>,
    /// Conductivity at the temperature of comparison, S/cm.
    pub conductivity: Option<Estimate>,
    /// Activation energy of σT, eV.
    pub energy: Option<Estimate>,
    /// σ against temperature.
    pub law: Option<Law>,
    /// How many warnings its report has.
    pub warnings: usize,
}

impl Shown {
    /// Takes what matters out of a report.
    pub fn take(&mut self, report: &Report) {
        self.law = report.laws.iter().find(|law| law.key == "conductivity").cloned();
        self.warnings = report.warnings().len();
    }
}

impl Overview {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let value = |shown: &Shown| shown.conductivity.as_ref().map_or(f64::NEG_INFINITY, |e| e.value);
        let mut order: Vec<&Shown> = self.candidates.iter().collect();
        order.sort_by(|a, b| value(b).total_cmp(&value(a)));
        let count = |state: &str| self.candidates.iter().filter(|shown| shown.state == state).count();
        let mut cards = vec![[
            "candidates".to_string(),
            self.candidates.len().to_string(),
            ["complete", "partial", "waiting", "failed", "broken"]
                .iter()
                .filter(|state| count(state) > 0)
                .map(|state| format!("{} {state}", count(state)))
                .collect::<Vec<_>>()
                .join(", "),
        ]];
        if let Some((best, sigma)) = order.first().and_then(|best| Some((best, best.conductivity.as_ref()?)))
        {
            cards.push([
                format!("highest σ at {} K", self.temperature),
                format!("{} S/cm", Digits(sigma.value)),
                format!("{}; 95 %: {} to {}", best.name, Digits(sigma.ci95[0]), Digits(sigma.ci95[1])),
            ]);
        }
        let rows = order.iter().zip(1..).map(|(shown, place)| row(place, shown)).collect();
        let columns = ["", "candidate", "formula", "state", "σ (S/cm)", "Ea (eV)", "warnings", "why not"];
        let mut columns = columns.map(String::from).to_vec();
        columns[4] = format!("σ at {} K (S/cm)", self.temperature);
        let remark = "Below each value its 95 % interval. Each candidate leads to its own report; the numbers are in candidates.csv and candidates.jsonl.";
        Page {
            title: self.title.clone(),
            lead: self.lead.clone(),
            cards,
            warnings: Vec::new(),
            contents: vec![
                Content::Table("Candidates".into(), columns, rows, remark.into()),
                Content::Plots("Plots".into(), vec![self.arrhenius(&order), self.ranking(&order)]),
            ],
        }
        .html()
    }

    /// The laws of the best candidates in one plot.
    fn arrhenius(&self, order: &[&Shown]) -> (String, String, Figure) {
        let mut figure = Figure::new("1000/T (1/K)", Scale::Linear, "σT (S K/cm)", Scale::Log);
        let with_law = order.iter().filter_map(|shown| Some((shown, shown.law.as_ref()?)));
        for (k, (shown, law)) in with_law.take(COLOURS.len()).enumerate() {
            let colour = Figure::colour(k);
            let of = |t: f64, e: &Estimate| ([1000.0 / t, e.value * t], e.ci95.map(|x| x * t));
            let (points, bars): (Vec<_>, Vec<_>) =
                law.points.iter().map(|point| of(point.temperature, &point.estimate)).unzip();
            if let Ok(fit) = &law.fit {
                let ends = points.iter().map(|p| p[0]).chain([1000.0 / self.temperature]);
                let low = ends.clone().fold(f64::INFINITY, f64::min);
                let high = ends.fold(0.0, f64::max);
                let line = [low, high].map(|x| of(1000.0 / x, &fit.at(1000.0 / x)).0);
                figure.line(line.to_vec(), colour, false);
            }
            figure.points(points, bars, colour, false);
            figure.name(shown.name.clone(), colour);
        }
        let caption = format!(
            "Conductivity times temperature with 95 % intervals and Arrhenius fits, to {} K; the {} best at most.",
            self.temperature,
            COLOURS.len()
        );
        ("overview_arrhenius".into(), caption, figure)
    }

    fn ranking(&self, order: &[&Shown]) -> (String, String, Figure) {
        let label = format!("σ at {} K (S/cm)", self.temperature);
        let mut figure = Figure::new("place in the table", Scale::Count, label, Scale::Log);
        let found = order.iter().zip(1..).filter_map(|(shown, place)| {
            let sigma = shown.conductivity.as_ref()?;
            Some(([f64::from(place), sigma.value], sigma.ci95))
        });
        let (points, bars): (Vec<_>, Vec<_>) = found.unzip();
        if !points.is_empty() {
            figure.points(points, bars, Figure::colour(0), false);
        }
        (
            "overview_ranking".into(),
            "Conductivity of the candidates, in the order of the table.".into(),
            figure,
        )
    }
}

fn row(place: usize, shown: &Shown) -> Vec<Cell> {
    let name = shown.link.as_ref().map_or_else(|| Cell::text(&shown.name), |to| Cell::link(&shown.name, to));
    let warnings = if shown.warnings == 0 { "–".to_string() } else { shown.warnings.to_string() };
    vec![
        Cell::text(&place.to_string()),
        name,
        Cell::text(&shown.formula),
        Cell::text(shown.state),
        Cell::estimate(shown.conductivity.as_ref()),
        Cell::estimate(shown.energy.as_ref()),
        Cell::text(&warnings),
        Cell::wide(&shown.reason),
    ]
}
