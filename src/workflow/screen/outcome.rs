//! Everything a screening found: a table, and a page.

use super::join::{Joined, Measured};
use super::pareto::{Front, Member};
use super::score::{Scored, Scores};
use super::surrogate::Forecast;
use crate::analysis::Digits;
use crate::error::{Error, Result};
use crate::input::{ScoreTerm, ScreenPlan};
use crate::report::{COLOURS, Cell, Content, Figure, Page, Row, Scale, csv, json_lines};
use std::fs;
use std::path::Path;

/// What a screening found.
#[derive(Debug)]
pub struct Outcome {
    /// What it is about.
    pub title: String,
    /// The ranking, the best first.
    pub ranking: Vec<Ranked>,
    /// Who is not ranked, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Whom to simulate next.
    pub forecast: Option<Forecast>,
    /// Names of the candidates, by the numbers that proposals use.
    pub names: Vec<String>,
    /// How the score was made, in words.
    pub formula: String,
    terms: Vec<ScoreTerm>,
    objectives: Vec<(String, bool, bool)>,
    pairs: Vec<Vec<f64>>,
}

/// A candidate of the ranking.
#[derive(Debug)]
pub struct Ranked {
    /// Its name.
    pub name: String,
    /// The score with what its repetitions say.
    scored: Scored,
    /// Its place among the objectives.
    member: Option<Member>,
    /// How likely it is better than the one below it.
    pub beats_next: Option<f64>,
}

/// Columns of `ranking.csv`, `proposals.csv` and `validation.csv` besides those of the tables.
pub(super) const RESERVED: [&str; 20] = [
    "candidate",
    "rank",
    "score",
    "score_std_error",
    "probability_best",
    "mean_rank",
    "rank_low",
    "rank_high",
    "probability_better_than_next",
    "on_pareto_front",
    "probability_on_front",
    "reason",
    "acquisition",
    "cost",
    "better",
    "model",
    "left_out_with_group",
    "predicted",
    "predicted_low",
    "predicted_high",
];

/// How the numbers of the page are made.
const METHOD: &str = "Each column is standardised by the mean and the standard deviation of the candidates that are ranked, \
after the logarithm where log10 stands before it. Probabilities come from 10 000 repetitions of the ranking, in which every value \
with an interval is drawn anew from what it could as well be: a normal distribution as wide (of logarithms, where these count), \
nearer to the mean of all candidates where intervals are as wide as their spread, as the highest of many values is so partly by \
luck. Values of one candidate are drawn independently of each other. Candidates with the same score share their ranks. The Pareto front holds whom no other beats in one objective without losing in another.";

impl Ranked {
    /// The score and its standard deviation.
    pub fn score(&self) -> [f64; 2] {
        [self.scored.score, self.scored.ranks.deviation]
    }

    /// What repeated rankings say.
    pub fn ranks(&self) -> &super::Ranks {
        &self.scored.ranks
    }

    /// Is it on the Pareto front?
    pub fn on_front(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.on_front)
    }
}

impl Outcome {
    pub(super) fn new(
        plan: &ScreenPlan,
        joined: &Joined,
        excluded: Vec<Option<String>>,
        terms: &[ScoreTerm],
        scores: Scores,
        front: Front,
        forecast: Option<Forecast>,
    ) -> Self {
        let mut left_out: Vec<(String, String)> = Vec::new();
        for (candidate, reason) in excluded.into_iter().enumerate() {
            left_out.extend(reason.map(|reason| (joined.names[candidate].clone(), reason)));
        }
        for (candidate, column) in &scores.missing {
            let mut reason = format!("{column} is not known");
            if let Some(why) = joined.lacking(*candidate, column) {
                reason = format!("{reason}: {why}");
            }
            left_out.push((joined.names[*candidate].clone(), reason));
        }
        let pairs = scores.pairs;
        let beats_next = |place: usize| pairs.get(place).and_then(|own| own.get(place + 1)).copied();
        let formula = terms
            .iter()
            .zip(&scores.scales)
            .map(|(term, [mean, deviation])| {
                let column = if term.log { format!("log10 {}", term.column) } else { term.column.clone() };
                let sign = |negative: bool| if negative { '−' } else { '+' };
                let (weight, mean) = (term.weight, *mean);
                format!(
                    "{} {} × ({column} {} {})/{}",
                    sign(weight < 0.0),
                    weight.abs(),
                    sign(mean >= 0.0),
                    Digits(mean.abs()),
                    Digits(*deviation)
                )
            })
            .collect::<Vec<_>>()
            .join(" ");
        let formula = formula.strip_prefix("+ ").unwrap_or(&formula).to_string();
        let ranking = scores
            .scored
            .into_iter()
            .zip(front.members)
            .enumerate()
            .map(|(place, (scored, member))| Ranked {
                name: joined.names[scored.candidate].clone(),
                scored,
                member,
                beats_next: beats_next(place),
            })
            .collect();
        Self {
            title: plan.title.clone().unwrap_or_else(|| "Screening".to_string()),
            ranking,
            left_out,
            forecast,
            names: joined.names.clone(),
            formula,
            terms: terms.to_vec(),
            objectives: front.objectives,
            pairs,
        }
    }

    /// Writes `ranking.csv`, `ranking.jsonl`, `pairs.csv`, `proposals.csv`, `validation.csv` and `screen.html`.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            fs::write(&path, text).map_err(Error::io(path, "write"))
        };
        let rows = self.rows();
        write("ranking.csv", csv(&rows))?;
        write("ranking.jsonl", json_lines(&rows))?;
        write("pairs.csv", csv(&self.pair_rows()))?;
        if let Some(forecast) = &self.forecast {
            write("proposals.csv", csv(&forecast.proposal_rows(&self.names)))?;
            write("validation.csv", csv(&forecast.validation_rows(&self.names)))?;
        }
        write("screen.html", self.page().html())
    }

    /// The ranks by the scores; the same score has the same rank.
    pub fn places(&self) -> Vec<usize> {
        let score = |k: usize| self.ranking[k].scored.score;
        let first = |k: usize| (0..k).rev().take_while(|other| score(*other) == score(k)).last().unwrap_or(k);
        (0..self.ranking.len()).map(|k| first(k) + 1).collect()
    }

    /// A row for each candidate, those that are not ranked with the reason.
    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (ranked, place) in self.ranking.iter().zip(self.places()) {
            let (mut row, ranks) = (Row::default(), ranked.ranks());
            row.set("candidate", ranked.name.clone());
            row.set("rank", place);
            row.set("score", ranked.scored.score);
            row.set("score_std_error", ranks.deviation);
            row.set("probability_best", ranks.best);
            row.set("mean_rank", ranks.mean);
            row.set("rank_low", ranks.interval[0]);
            row.set("rank_high", ranks.interval[1]);
            row.set("probability_better_than_next", ranked.beats_next);
            row.set("on_pareto_front", ranked.on_front());
            row.set("probability_on_front", ranked.member.as_ref().map(|member| member.probability));
            for (term, measured) in self.terms.iter().zip(&ranked.scored.values) {
                row.set(&term.column, plain(*measured, term.log)[1]);
            }
            row.set("reason", "");
            rows.push(row);
        }
        for (name, reason) in &self.left_out {
            let mut row = Row::default();
            row.set("candidate", name.clone());
            row.set("reason", reason.clone());
            rows.push(row);
        }
        rows
    }

    /// How likely each of the best is better than each other of them.
    fn pair_rows(&self) -> Vec<Row> {
        let names = || self.ranking.iter().map(|ranked| &ranked.name);
        let row = |(name, own): (&String, &Vec<f64>)| {
            let mut row = Row::default();
            row.set("better", name.clone());
            names().zip(own).for_each(|(other, probability)| row.set(other, *probability));
            row
        };
        names().zip(&self.pairs).map(row).collect()
    }

    fn page(&self) -> Page {
        let mut cards = vec![[
            "candidates".to_string(),
            (self.ranking.len() + self.left_out.len()).to_string(),
            format!("{} ranked, {} left out", self.ranking.len(), self.left_out.len()),
        ]];
        if let Some(best) = self.ranking.first() {
            cards.push([
                "best".to_string(),
                best.name.clone(),
                format!("it is the best with a probability of {:.2}", best.ranks().best),
            ]);
        }
        let mut contents = vec![self.ranking_table()];
        let plots: Vec<_> = self.pareto_plot().into_iter().chain([self.score_plot()]).collect();
        contents.push(Content::Plots("Plots".into(), plots));
        if let Some(forecast) = &self.forecast {
            contents.extend(forecast.contents(&self.names));
        }
        if !self.left_out.is_empty() {
            let rows =
                self.left_out.iter().map(|(name, why)| vec![Cell::text(name), Cell::wide(why)]).collect();
            let columns = ["candidate", "reason"].map(String::from).to_vec();
            contents.push(Content::Table("Not ranked".into(), columns, rows, String::new()));
        }
        contents.push(Content::Text("How the score was made".into(), METHOD.to_string()));
        Page {
            title: self.title.clone(),
            lead: format!("score = {}", self.formula),
            cards,
            warnings: Vec::new(),
            contents,
        }
    }

    fn ranking_table(&self) -> Content {
        let mut columns: Vec<String> =
            ["rank", "candidate", "score", "P(best)", "ranks, 95 %", "P(better than next)", "Pareto front"]
                .map(String::from)
                .to_vec();
        columns.extend(self.terms.iter().map(|term| term.column.clone()));
        let rows = self.ranking.iter().zip(self.places()).map(|(ranked, place)| {
            let ranks = ranked.ranks();
            let [low, high] = ranks.interval;
            let member = ranked.member.as_ref();
            let front = member.map_or("–".to_string(), |member| {
                format!("{} ({:.2})", if member.on_front { "yes" } else { "no" }, member.probability)
            });
            let mut row = vec![
                Cell::text(&format!("{place}")),
                Cell::text(&ranked.name),
                Cell::text(&format!("{:.2} ± {:.2}", ranked.scored.score, ranks.deviation)),
                Cell::text(&format!("{:.2}", ranks.best)),
                Cell::text(&if low == high { low.to_string() } else { format!("{low} to {high}") }),
                Cell::text(&ranked.beats_next.map_or("–".to_string(), |p| format!("{p:.2}"))),
                Cell::text(&front),
            ];
            row.extend(self.terms.iter().zip(&ranked.scored.values).map(|(term, measured)| {
                let [low, value, high] = plain(*measured, term.log);
                if measured.deviation > 0.0 {
                    Cell::interval(value, [low, high])
                } else {
                    Cell::number(value)
                }
            }));
            row
        });
        let remark = "Below each value its 95 % interval, where the tables have one.";
        Content::Table("Ranking".into(), columns, rows.collect(), remark.into())
    }

    /// The first two objectives against each other.
    fn pareto_plot(&self) -> Option<(String, String, Figure)> {
        let [(x, x_high, x_log), (y, y_high, y_log)] = self.objectives.get(..2)? else { return None };
        let scale = |log: bool| if log { Scale::Log } else { Scale::Linear };
        let mut figure = Figure::new(x.clone(), scale(*x_log), y.clone(), scale(*y_log));
        for (on_front, colour, name) in [(false, COLOURS[6], "others"), (true, COLOURS[1], "Pareto front")] {
            let members = self.ranking.iter().filter_map(|ranked| ranked.member.as_ref());
            let found = members.filter(|member| member.on_front == on_front).map(|member| {
                let [[_, x, _], [low, y, high]] =
                    [plain(member.values[0], *x_log), plain(member.values[1], *y_log)];
                ([x, y], [low, high])
            });
            let (points, bars): (Vec<_>, Vec<_>) = found.unzip();
            if !points.is_empty() {
                figure.points(points, bars, colour, !on_front);
                figure.name(name, colour);
            }
        }
        let goal = |high: &bool| if *high { "high" } else { "low" };
        let caption = format!(
            "{x} ({} is good) against {y} ({} is good) with its 95 % intervals; {} objectives in all.",
            goal(x_high),
            goal(y_high),
            self.objectives.len()
        );
        Some(("pareto".into(), caption, figure))
    }

    fn score_plot(&self) -> (String, String, Figure) {
        let mut figure = Figure::new("rank", Scale::Count, "score", Scale::Linear);
        let found = self.ranking.iter().zip(1..).map(|(ranked, place)| {
            let [score, deviation] = ranked.score();
            ([f64::from(place), score], [score - 1.96 * deviation, score + 1.96 * deviation])
        });
        let (points, bars): (Vec<_>, Vec<_>) = found.unzip();
        if !points.is_empty() {
            figure.points(points, bars, COLOURS[0], false);
        }
        ("scores".into(), "Scores with 95 % intervals, in the order of the ranking.".into(), figure)
    }
}

/// Low end, value and high end as they are in the tables.
pub(super) fn plain(measured: Measured, log: bool) -> [f64; 3] {
    let half = 1.96 * measured.deviation;
    [-half, 0.0, half].map(|d| if log { 10_f64.powf(measured.value + d) } else { measured.value + d })
}
