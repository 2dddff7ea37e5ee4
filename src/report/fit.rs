//! The report of a fit: learning curves, predictions against references, tables of errors.

use super::figure::{Figure, Scale};
use super::page::{Cell, Content, Page};
use std::collections::HashSet;
use std::fmt::Write;

/// What is to be told about a potential that was fitted to frames.
#[derive(Debug, Clone, Default)]
pub struct FitReport {
    /// What it is about.
    pub title: String,
    /// In one line: what was fitted to what.
    pub lead: String,
    /// Names and values that matter most.
    pub cards: Vec<[String; 2]>,
    /// What was odd about the frames or the training.
    pub warnings: Vec<String>,
    /// Learning curves by member.
    pub curves: Vec<Curve>,
    /// Frames that trained, that were unseen, and so on; drawn in this order.
    pub parts: Vec<Part>,
    /// Tables of errors and of the worst frames.
    pub tables: Vec<Table>,
    /// Tables after the plots.
    pub details: Vec<Table>,
    /// Where it comes from: names and values.
    pub provenance: Vec<[String; 2]>,
}

/// The learning curve of a member.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// Epochs.
    pub epochs: Vec<f64>,
    /// Loss over frames that train, and over those that validate.
    pub loss: [Vec<f64>; 2],
    /// Errors of energies (meV/atom), forces (eV/Å) and stresses (GPa), each of frames that train and of
    /// those that validate; empty without labels.
    pub errors: [[Vec<f64>; 2]; 3],
    /// The epoch whose parameters were taken.
    pub best: Option<f64>,
}

/// Some frames: reference and prediction.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Energies per atom beyond those of the elements (meV), force components (eV/Å) and stress components
    /// (GPa), each as reference and prediction.
    pub points: [Vec<[f64; 2]>; 3],
}

/// A table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its heading.
    pub title: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Its cells.
    pub rows: Vec<Vec<String>>,
}

/// A quantity: name, and name with unit.
const QUANTITIES: [(&str, &str); 3] =
    [("energy", "energy (meV/atom)"), ("force", "force (eV/Å)"), ("stress", "stress (GPa)")];

impl FitReport {
    /// The plots: name of the file, caption, picture.
    pub fn figures(&self) -> Vec<(String, String, Figure)> {
        let mut figures = Vec::new();
        let mut add = |name: String, caption: String, figure: Figure| {
            if !figure.is_empty() {
                figures.push((name, caption, figure));
            }
        };
        let dashed =
            "solid: frames that train; dashed: frames that validate; circle: the epoch that was taken";
        add(
            "learning_loss".into(),
            format!(
                "Loss against epochs, that of validation as if as many frames validated as train; {dashed}."
            ),
            self.learning("loss", |c| &c.loss),
        );
        for (k, (name, label)) in QUANTITIES.into_iter().enumerate() {
            add(
                format!("learning_{name}"),
                format!("Root mean square error of the {name} against epochs; {dashed}."),
                self.learning(&format!("RMSE of the {label}"), |c| &c.errors[k]),
            );
        }
        for (k, (name, label)) in QUANTITIES.into_iter().enumerate() {
            let what = if k == 0 {
                "Energies beyond those of the elements"
            } else {
                ["", "Force components", "Stress components"][k]
            };
            add(
                format!("parity_{name}"),
                format!(
                    "{what}: potential against reference. Where points lie on top of each other one is drawn."
                ),
                self.parity(k, label),
            );
        }
        for (k, (name, label)) in QUANTITIES.into_iter().enumerate() {
            add(
                format!("errors_{name}"),
                format!(
                    "Share of {} whose error is larger than this.",
                    ["energies", "force components", "stress components"][k]
                ),
                self.distribution(k, label),
            );
        }
        figures
    }

    fn learning(&self, label: &str, of: impl Fn(&Curve) -> &[Vec<f64>; 2]) -> Figure {
        let mut figure = Figure::new("epoch", Scale::Linear, label, Scale::Log);
        let single = self.curves.len() == 1;
        for (member, curve) in self.curves.iter().enumerate() {
            for (side, values) in of(curve).iter().enumerate() {
                let points: Vec<[f64; 2]> = curve
                    .epochs
                    .iter()
                    .zip(values)
                    .filter(|(_, y)| **y > 0.0)
                    .map(|(x, y)| [*x, *y])
                    .collect();
                if points.is_empty() {
                    continue;
                }
                let colour = Figure::colour(if single { side } else { member });
                let at = curve.best.and_then(|best| points.iter().find(|p| p[0] == best).copied());
                figure.line(fewer(points, 600), colour, side == 1);
                if let Some(at) = at.filter(|_| side == 1) {
                    figure.points(vec![at], Vec::new(), colour, true);
                }
                if single {
                    figure.name(["training", "validation"][side], colour);
                } else if side == 0 && member < 7 {
                    figure.name(format!("member {}", member + 1), colour);
                }
            }
        }
        figure
    }

    fn parity(&self, k: usize, label: &str) -> Figure {
        let mut figure = Figure::new(
            format!("reference {label}"),
            Scale::Linear,
            format!("potential {label}"),
            Scale::Linear,
        );
        let all = || self.parts.iter().flat_map(|part| &part.points[k]);
        let finite = || all().flatten().filter(|x| x.is_finite());
        let [low, high] = [
            finite().copied().fold(f64::INFINITY, f64::min),
            finite().copied().fold(f64::NEG_INFINITY, f64::max),
        ];
        if low >= high {
            return figure;
        }
        figure.line(vec![[low, low], [high, high]], "#888888", true);
        for (part, colour) in self.parts.iter().zip((0..).map(Figure::colour)) {
            if !part.points[k].is_empty() {
                figure.dots(thinned(&part.points[k], [low, high]), colour);
                figure.name(&part.name, colour);
            }
        }
        figure
    }

    fn distribution(&self, k: usize, label: &str) -> Figure {
        let mut figure =
            Figure::new(format!("error of the {label}"), Scale::Log, "share of larger errors", Scale::Log);
        for (part, colour) in self.parts.iter().zip((0..).map(Figure::colour)) {
            let mut errors: Vec<f64> = part.points[k]
                .iter()
                .map(|p| (p[1] - p[0]).abs())
                .filter(|x| x.is_finite() && *x > 0.0)
                .collect();
            if errors.len() < 10 {
                continue;
            }
            errors.sort_unstable_by(f64::total_cmp);
            let n = errors.len();
            let points: Vec<_> = (0..n).map(|i| [errors[i], (n - i) as f64 / n as f64]).collect();
            // What lies below the hundredth part of the largest is nobody's concern.
            let first = points.partition_point(|p| p[0] < 1e-2 * errors[n - 1]);
            figure.line(quantiles(&points[first..]), colour, false);
            figure.name(&part.name, colour);
        }
        figure
    }

    /// The report as one HTML file, without network and scripts.
    pub fn html(&self) -> String {
        let mut contents: Vec<Content> = self.tables.iter().map(Table::content).collect();
        contents.push(Content::Plots("Plots".into(), self.figures()));
        contents.extend(self.details.iter().map(Table::content));
        let provenance =
            self.provenance.iter().map(|[name, value]| vec![Cell::text(name), Cell::wide(value)]);
        contents.push(Content::Table("Provenance".into(), Vec::new(), provenance.collect(), String::new()));
        let cards = self.cards.iter().map(|[name, value]| [name.clone(), value.clone(), String::new()]);
        let page = Page {
            title: self.title.clone(),
            lead: self.lead.clone(),
            cards: cards.collect(),
            warnings: self.warnings.clone(),
            contents,
        };
        page.html()
    }
}

impl Table {
    fn content(&self) -> Content {
        let rows = self.rows.iter().map(|row| row.iter().map(|cell| Cell::text(cell)).collect());
        Content::Table(self.title.clone(), self.columns.clone(), rows.collect(), String::new())
    }

    /// The table as Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            format!("| {} |\n", cells.iter().map(|c| c.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
        };
        let mut text = line(&self.columns);
        let _ = writeln!(text, "|{}", "---|".repeat(self.columns.len()));
        self.rows.iter().for_each(|row| text.push_str(&line(row)));
        text
    }
}

/// The most points of a cloud.
const POINTS: usize = 3000;
/// Points that stay because nothing is farther from the diagonal.
const WORST: usize = 20;

/// Of points that cannot be told apart on paper one; coarser for clouds that are still too large. The
/// worst points stay in any case.
fn thinned(points: &[[f64; 2]], [low, high]: [f64; 2]) -> Vec<[f64; 2]> {
    let finite = |p: &&[f64; 2]| p.iter().all(|x| x.is_finite());
    let mut worst: Vec<[f64; 2]> = points.iter().filter(finite).copied().collect();
    worst.sort_by(|a, b| (b[1] - b[0]).abs().total_cmp(&(a[1] - a[0]).abs()));
    worst.truncate(WORST);
    let mut cells = 290.0;
    loop {
        let mut seen = HashSet::new();
        let mut new = |p: &&[f64; 2]| seen.insert(p.map(|x| ((x - low) / (high - low) * cells) as i32));
        let left: Vec<[f64; 2]> =
            worst.iter().chain(points.iter().filter(finite)).filter(&mut new).copied().collect();
        if left.len() <= POINTS || cells < 20.0 {
            return left;
        }
        cells *= 0.8;
    }
}

/// Every so many points of a curve, the last one included.
fn fewer(points: Vec<[f64; 2]>, most: usize) -> Vec<[f64; 2]> {
    let step = points.len().div_ceil(most).max(1);
    let last = points.len() - 1;
    points.into_iter().enumerate().filter(|(k, _)| k % step == 0 || *k == last).map(|(_, p)| p).collect()
}

/// Points of a falling curve, about evenly spaced by the logarithm of the share that is left.
fn quantiles(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut out: Vec<[f64; 2]> = Vec::new();
    for p in points {
        if out.last().is_none_or(|q| p[1] < 0.97 * q[1]) {
            out.push(*p);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> FitReport {
        let cloud = |n: usize| {
            (0..n)
                .map(|k| ((k * 37) % 1000) as f64 / 500.0 - 1.0)
                .map(|x| [x, x + 0.01 * (40.0 * x).sin()])
                .collect::<Vec<_>>()
        };
        FitReport {
            title: "Li <test>".into(),
            cards: vec![["force".into(), "1 eV/Å".into()]],
            warnings: vec!["a & b".into()],
            curves: vec![Curve {
                epochs: (1..=2000).map(f64::from).collect(),
                loss: [vec![1.0; 2000], vec![2.0; 2000]],
                errors: [
                    [vec![1.0; 2000], vec![2.0; 2000]],
                    [Vec::new(), Vec::new()],
                    [Vec::new(), Vec::new()],
                ],
                best: Some(7.0),
            }],
            parts: vec![Part { name: "training".into(), points: [cloud(40), cloud(50_000), Vec::new()] }],
            details: Vec::new(),
            tables: vec![Table {
                title: "t".into(),
                columns: vec!["a".into()],
                rows: vec![vec!["1 | 2".into()]],
            }],
            ..FitReport::default()
        }
    }

    /// The page is well formed, every plot that has something to show is in it, and it stays small.
    #[test]
    fn the_page_is_well_formed_and_small() {
        let report = report();
        let names: Vec<String> = report.figures().into_iter().map(|f| f.0).collect();
        assert_eq!(
            names,
            [
                "learning_loss",
                "learning_energy",
                "parity_energy",
                "parity_force",
                "errors_energy",
                "errors_force"
            ]
        );
        let page = report.html();
        assert!(page.len() < 200_000, "{}", page.len());
        assert!(page.contains("Li &lt;test&gt;") && !page.contains("NaN") && !page.contains("<script"));
        let body = &page[page.find("<main>").unwrap()..page.find("</body>").unwrap()];
        let mut reader = quick_xml::Reader::from_str(body);
        reader.config_mut().check_end_names = true;
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
        assert_eq!(report.tables[0].markdown(), "| a |\n|---|\n| 1 \\| 2 |\n");
    }

    #[test]
    fn clouds_are_thinned_and_keep_their_ends() {
        let points: Vec<[f64; 2]> = (0..100_000).map(|k| [f64::from(k % 1000), f64::from(k / 100)]).collect();
        let left = thinned(&points, [0.0, 999.0]);
        assert!(left.len() <= POINTS && left.len() > POINTS / 3, "{}", left.len());
        let worst = |points: &[[f64; 2]]| points.iter().map(|p| (p[1] - p[0]).abs()).fold(0.0, f64::max);
        assert_eq!(worst(&left), worst(&points));
        assert_eq!(thinned(&[[0.0, 1.0], [500.0, 1.0], [999.0, 998.0]], [0.0, 999.0]).len(), 3);
    }
}
