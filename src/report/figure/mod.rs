//! Plots as SVG: axes with units, error bars, bands and windows, in colours that colour-blind readers tell apart.

mod axis;
mod draw;
mod legend;

pub use axis::Scale;

use super::raster::{Raster, colour};

/// The palette of Okabe and Ito (2008), without its yellow, which vanishes on white.
pub const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = 18.0;
/// Room for the key of a map.
const KEY: f64 = 92.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 56.0;
const INK: &str = "#222222";
const FAINT: &str = "#e4e4e4";

/// One thing that is drawn.
#[derive(Debug, Clone)]
enum Layer {
    Line { points: Vec<[f64; 2]>, colour: &'static str, dashed: bool },
    Points { points: Vec<[f64; 2]>, errors: Vec<[f64; 2]>, colour: &'static str, hollow: bool },
    Band { lower: Vec<[f64; 2]>, upper: Vec<[f64; 2]>, colour: &'static str },
    Span { from: f64, to: f64, colour: &'static str },
    Dots { points: Vec<[f64; 2]>, colour: &'static str },
    Map { x: [f64; 2], y: [f64; 2], raster: Raster },
}

/// What the colours of a map mean.
#[derive(Debug, Clone)]
struct Key {
    label: String,
    highest: f64,
    /// Are there values beyond?
    cut: bool,
}

/// A plot.
#[derive(Debug, Clone)]
pub struct Figure {
    x: (String, Scale),
    y: (String, Scale),
    layers: Vec<Layer>,
    legend: Vec<(String, &'static str)>,
    key: Option<Key>,
}

impl Figure {
    /// Nothing is drawn yet; labels carry their units.
    pub fn new(x: impl Into<String>, x_scale: Scale, y: impl Into<String>, y_scale: Scale) -> Self {
        Self {
            x: (x.into(), x_scale),
            y: (y.into(), y_scale),
            layers: Vec::new(),
            legend: Vec::new(),
            key: None,
        }
    }

    /// The colour of the n-th thing.
    pub fn colour(n: usize) -> &'static str {
        COLOURS[n % COLOURS.len()]
    }

    /// A curve.
    pub fn line(&mut self, points: Vec<[f64; 2]>, colour: &'static str, dashed: bool) {
        self.layers.push(Layer::Line { points, colour, dashed });
    }

    /// Points with the ends of their error bars.
    pub fn points(
        &mut self,
        points: Vec<[f64; 2]>,
        errors: Vec<[f64; 2]>,
        colour: &'static str,
        hollow: bool,
    ) {
        self.layers.push(Layer::Points { points, errors, colour, hollow });
    }

    /// The region between two curves.
    pub fn band(&mut self, lower: Vec<[f64; 2]>, upper: Vec<[f64; 2]>, colour: &'static str) {
        self.layers.push(Layer::Band { lower, upper, colour });
    }

    /// Many small points: a path of dots, which takes few bytes for each.
    pub fn dots(&mut self, points: Vec<[f64; 2]>, colour: &'static str) {
        self.layers.push(Layer::Dots { points, colour });
    }

    /// A stretch of the x axis.
    pub fn span(&mut self, from: f64, to: f64, colour: &'static str) {
        self.layers.push(Layer::Span { from, to, colour });
    }

    /// A map of values in colours over a rectangle, `columns` by `rows`, the lowest row first. Values from 0 to `highest`
    /// have colours of their own, those beyond that of `highest`; NaN is left white.
    pub fn map(
        &mut self,
        x: [f64; 2],
        y: [f64; 2],
        [columns, rows]: [usize; 2],
        highest: f64,
        label: impl Into<String>,
        value: impl Fn(usize, usize) -> f64,
    ) {
        let pixel = |column, row| {
            let value: f64 = value(column, rows - 1 - row);
            if value.is_nan() { [255; 4] } else { colour(value / highest) }
        };
        let cut = (0..rows).any(|row| (0..columns).any(|column| value(column, row) > highest));
        self.layers.push(Layer::Map { x, y, raster: Raster::of(columns, rows, pixel) });
        self.key = Some(Key { label: label.into(), highest, cut });
    }

    /// An entry of the legend.
    pub fn name(&mut self, text: impl Into<String>, colour: &'static str) {
        self.legend.push((text.into(), colour));
    }

    /// Is there nothing to see?
    pub fn is_empty(&self) -> bool {
        !self.layers.iter().any(|layer| !matches!(layer, Layer::Span { .. }))
    }

    fn range(&self, axis: usize) -> [f64; 2] {
        let scale = if axis == 0 { self.x.1 } else { self.y.1 };
        let mut range = [f64::INFINITY, f64::NEG_INFINITY];
        let mut take = |value: f64| {
            if value.is_finite() && (scale != Scale::Log || value > 0.0) {
                range = [range[0].min(value), range[1].max(value)];
            }
        };
        for layer in &self.layers {
            match layer {
                Layer::Line { points, .. } | Layer::Dots { points, .. } => {
                    for p in points {
                        take(p[axis]);
                    }
                }
                Layer::Points { points, errors, .. } => {
                    for p in points {
                        take(p[axis]);
                    }
                    if axis == 1 {
                        errors.iter().flatten().for_each(|e| take(*e));
                    }
                }
                Layer::Band { lower, upper, .. } => lower.iter().chain(upper).for_each(|p| take(p[axis])),
                Layer::Span { .. } => {}
                Layer::Map { x, y, .. } => {
                    let ends = if axis == 0 { x } else { y };
                    for end in ends {
                        take(*end);
                    }
                }
            }
        }
        if range[0] > range[1] {
            range = [1.0, 10.0];
        }
        if self.key.is_some() {
            // A map fills its frame.
            return range;
        }
        scale.around(range, [0.1, 0.3][axis])
    }

    /// Where the frame ends: a map leaves room for its key.
    fn right(&self) -> f64 {
        WIDTH - if self.key.is_some() { KEY } else { RIGHT }
    }
}

/// Text inside XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_is_well_formed() {
        let mut figure = Figure::new("t (ps) < 3", Scale::Log, "MSD (Å²)", Scale::Log);
        figure.line(vec![[0.1, 1.0], [10.0, 0.0], [100.0, 50.0]], COLOURS[0], true);
        figure.points(vec![[1.0, 2.0]], vec![[1.5, 3.0]], COLOURS[1], false);
        figure.band(vec![[1.0, 1.0], [2.0, 1.0]], vec![[1.0, 2.0], [2.0, 3.0]], COLOURS[2]);
        figure.span(1.0, 20.0, COLOURS[0]);
        figure.name("a & b", COLOURS[0]);
        let mut map = Figure::new("t (ps)", Scale::Log, "r (Å)", Scale::Linear);
        map.map([0.1, 10.0], [0.0, 5.0], [3, 2], 2.0, "G & g", |column, row| {
            if column == 2 { f64::NAN } else { (column + 3 * row) as f64 }
        });
        for svg in [figure.svg(), map.svg()] {
            let mut reader = quick_xml::Reader::from_str(&svg);
            while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
            assert!(!svg.contains("NaN") && !svg.contains("inf"));
        }
        assert!(map.svg().contains("≥ 2") && !map.is_empty());
    }
}
