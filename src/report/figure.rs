//! Plots as SVG: axes with units, error bars, bands and windows, in colours that colour-blind readers tell apart.

use super::raster::{Raster, colour};
use std::fmt::Write;

/// The palette of Okabe and Ito (2008), without its yellow, which vanishes on white.
pub const COLOURS: [&str; 7] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 18.0;
/// Room for the key of a map.
const KEY: f64 = 92.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 56.0;
const INK: &str = "#222222";
const FAINT: &str = "#e4e4e4";

/// How values lie on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm.
    Log,
    /// Evenly, and whole: places in a list.
    Count,
}

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
        match scale {
            Scale::Log => {
                let [low, high] = range.map(f64::log10);
                let margin = 0.04 * (high - low).max(0.5);
                [10_f64.powf(low - margin), 10_f64.powf(high + margin)]
            }
            Scale::Count => [range[0] - 0.5, range[1] + 0.5],
            Scale::Linear => {
                let margin = 0.05 * (range[1] - range[0]).max(1e-12 + 0.02 * range[1].abs());
                // Zero is a natural end of an axis of times, squares and counts, if it is near.
                let near = [0.1, 0.3][axis] * range[1];
                let low = if (0.0..near).contains(&range[0]) { 0.0 } else { range[0] - margin };
                [low, range[1] + margin]
            }
        }
    }

    /// The plot as an SVG document.
    pub fn svg(&self) -> String {
        let (xr, yr) = (self.range(0), self.range(1));
        let part = |value: f64, range: [f64; 2], scale: Scale| match scale {
            Scale::Linear | Scale::Count => (value - range[0]) / (range[1] - range[0]),
            Scale::Log => (value / range[0]).ln() / (range[1] / range[0]).ln(),
        };
        let right = self.right();
        let x = |value: f64| LEFT + (right - LEFT) * part(value, xr, self.x.1);
        let y = |value: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part(value, yr, self.y.1);
        let path = |points: &[[f64; 2]]| {
            let mut text = String::new();
            for p in points {
                let at = [x(p[0]), y(p[1])];
                if at.iter().all(|v| v.is_finite()) {
                    let _ =
                        write!(text, "{}{:.1},{:.1} ", if text.is_empty() { 'M' } else { 'L' }, at[0], at[1]);
                }
            }
            text
        };
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" role=\"img\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
        );
        let bottom = HEIGHT - BOTTOM;
        for layer in &self.layers {
            if let Layer::Span { from, to, colour } = layer {
                let (a, b) = (x(from.max(xr[0])), x(to.min(xr[1])));
                let _ = writeln!(
                    out,
                    "<rect x=\"{a:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\" fill-opacity=\"0.07\"/>",
                    (b - a).max(0.0),
                    bottom - TOP
                );
            }
        }
        for (value, label) in ticks(xr, self.x.1) {
            let at = x(value);
            let _ = writeln!(
                out,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"{FAINT}\"/>"
            );
            let _ = writeln!(
                out,
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{INK}\">{label}</text>",
                bottom + 18.0
            );
        }
        for (value, label) in ticks(yr, self.y.1) {
            let at = y(value);
            let _ = writeln!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"{FAINT}\"/>"
            );
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{INK}\">{label}</text>",
                LEFT - 7.0,
                at + 4.5
            );
        }
        let _ = writeln!(
            out,
            "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"none\" stroke=\"{INK}\"/>",
            right - LEFT,
            bottom - TOP
        );
        let _ = writeln!(
            out,
            "<clipPath id=\"plot\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/></clipPath>\n<g clip-path=\"url(#plot)\">",
            right - LEFT,
            bottom - TOP
        );
        for layer in &self.layers {
            match layer {
                Layer::Span { .. } => {}
                Layer::Map { x: [x0, x1], y: [y0, y1], raster } => {
                    let _ = writeln!(
                        out,
                        "<image x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"{}\"/>",
                        x(*x0),
                        y(*y1),
                        x(*x1) - x(*x0),
                        y(*y0) - y(*y1),
                        raster.url()
                    );
                }
                Layer::Band { lower, upper, colour } => {
                    let back: Vec<[f64; 2]> = lower.iter().rev().copied().collect();
                    let _ = writeln!(
                        out,
                        "<path d=\"{}{}Z\" fill=\"{colour}\" fill-opacity=\"0.16\"/>",
                        path(upper),
                        path(&back).replacen('M', "L", 1)
                    );
                }
                Layer::Line { points, colour, dashed } => {
                    let dash = if *dashed { " stroke-dasharray=\"6 4\"" } else { "" };
                    let _ = writeln!(
                        out,
                        "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" stroke-linejoin=\"round\"{dash}/>",
                        path(points)
                    );
                }
                Layer::Dots { points, colour } => {
                    let at = points.iter().map(|p| [x(p[0]), y(p[1])]);
                    let each = at.filter(|p| p.iter().all(|v| v.is_finite()));
                    // A few points must be seen, many must be told apart.
                    let size = if points.len() < 400 { 6.0 } else { 3.2 };
                    let text = each.fold(String::new(), |mut text, p| {
                        let _ = write!(text, "M{:.1} {:.1}h0", p[0], p[1]);
                        text
                    });
                    let _ = writeln!(
                        out,
                        "<path d=\"{text}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{size}\" stroke-linecap=\"round\" stroke-opacity=\"0.6\"/>"
                    );
                }
                Layer::Points { points, errors, colour, hollow } => {
                    let fill = if *hollow { "#ffffff" } else { colour };
                    for (k, p) in points.iter().enumerate() {
                        let (px, py) = (x(p[0]), y(p[1]));
                        if let Some([low, high]) = errors.get(k) {
                            let low = if self.y.1 == Scale::Log { low.max(yr[0]) } else { *low };
                            let (a, b) = (y(low), y(*high));
                            let _ = writeln!(
                                out,
                                "<path d=\"M{px:.1},{a:.1} V{b:.1} M{:.1},{a:.1} h8 M{:.1},{b:.1} h8\" stroke=\"{colour}\" stroke-width=\"1.4\" fill=\"none\"/>",
                                px - 4.0,
                                px - 4.0
                            );
                        }
                        let _ = writeln!(
                            out,
                            "<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"4.2\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"1.6\"/>"
                        );
                    }
                }
            }
        }
        out.push_str("</g>\n");
        self.labels(&mut out);
        out.push_str("</svg>\n");
        out
    }

    /// Where the frame ends: a map leaves room for its key.
    fn right(&self) -> f64 {
        WIDTH - if self.key.is_some() { KEY } else { RIGHT }
    }

    fn labels(&self, out: &mut String) {
        let (bottom, right) = (HEIGHT - BOTTOM, self.right());
        if let Some(key) = &self.key {
            key.draw(right, out);
        }
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"14\" fill=\"{INK}\">{}</text>",
            0.5 * (LEFT + right),
            HEIGHT - 12.0,
            escape(&self.x.0)
        );
        let middle = 0.5 * (TOP + bottom);
        let _ = writeln!(
            out,
            "<text transform=\"translate(18 {middle:.1}) rotate(-90)\" text-anchor=\"middle\" font-size=\"14\" fill=\"{INK}\">{}</text>",
            escape(&self.y.0)
        );
        if self.legend.is_empty() {
            return;
        }
        let longest = self.legend.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) as f64;
        let (width, height) = (longest * 6.9 + 34.0, self.legend.len() as f64 * 18.0 + 8.0);
        // Curves of mean squares rise: the upper left corner is free; where they fall, the upper right is.
        let falls = self.falls();
        let left = if falls { right - width - 8.0 } else { LEFT + 8.0 };
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"4\" fill=\"#ffffff\" fill-opacity=\"0.85\" stroke=\"{FAINT}\"/>",
            TOP + 8.0
        );
        for (k, (name, colour)) in self.legend.iter().enumerate() {
            let at = TOP + 25.0 + 18.0 * k as f64;
            let _ = writeln!(
                out,
                "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"3\"/><text x=\"{:.1}\" y=\"{at:.1}\" fill=\"{INK}\">{}</text>",
                left + 7.0,
                left + 23.0,
                at - 4.5,
                at - 4.5,
                left + 28.0,
                escape(name)
            );
        }
    }

    fn falls(&self) -> bool {
        let all = self.layers.iter().filter_map(|layer| match layer {
            Layer::Line { points, .. } | Layer::Points { points, .. } => {
                Some((points.first()?, points.last()?))
            }
            _ => None,
        });
        let steps: Vec<f64> = all.map(|(a, b)| (b[1] - a[1]) * (b[0] - a[0]).signum()).collect();
        steps.iter().filter(|s| **s < 0.0).count() * 2 > steps.len()
    }
}

impl Key {
    /// A bar with the colours, their values, and what they are.
    fn draw(&self, right: f64, out: &mut String) {
        let bottom = HEIGHT - BOTTOM;
        let bar = Raster::of(1, 64, |_, row| colour((63 - row) as f64 / 63.0));
        let left = right + 14.0;
        let _ = writeln!(
            out,
            "<image x=\"{left:.1}\" y=\"{TOP}\" width=\"14\" height=\"{:.1}\" preserveAspectRatio=\"none\" href=\"{}\"/>\n\
             <rect x=\"{left:.1}\" y=\"{TOP}\" width=\"14\" height=\"{:.1}\" fill=\"none\" stroke=\"{INK}\"/>",
            bottom - TOP,
            bar.url(),
            bottom - TOP
        );
        for value in steps([0.0, self.highest]) {
            let at = bottom - (bottom - TOP) * value / self.highest;
            let beyond = if self.cut && (value / self.highest - 1.0).abs() < 1e-9 { "≥ " } else { "" };
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{INK}\">{beyond}{}</text>",
                left + 19.0,
                at + 4.5,
                plain(value)
            );
        }
        let _ = writeln!(
            out,
            "<text transform=\"translate({:.1} {:.1}) rotate(-90)\" text-anchor=\"middle\" font-size=\"14\" fill=\"{INK}\">{}</text>",
            WIDTH - 8.0,
            0.5 * (TOP + bottom),
            escape(&self.label)
        );
    }
}

/// Places of ticks with their labels.
fn ticks(range: [f64; 2], scale: Scale) -> Vec<(f64, String)> {
    match scale {
        Scale::Log => {
            let [low, high] = range.map(f64::log10);
            let decades = high - low;
            if decades < 1.2 {
                return steps(range).into_iter().filter(|v| *v > 0.0).map(|v| (v, plain(v))).collect();
            }
            let every = (decades / 7.0).ceil().max(1.0) as i32;
            // Two or three powers of ten alone are a poor ruler.
            let parts: &[f64] = if decades < 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            (low.floor() as i32..=high.floor() as i32)
                .filter(|k| k % every == 0)
                .flat_map(|k| parts.iter().map(move |part| (*part, k)))
                .map(|(part, k)| (part * 10_f64.powi(k), power_of_ten(part, k)))
                .filter(|(value, _)| (range[0]..=range[1]).contains(value))
                .collect()
        }
        Scale::Linear => steps(range).into_iter().map(|v| (v, plain(v))).collect(),
        Scale::Count => {
            let whole = steps(range).into_iter().filter(|v| v.fract() == 0.0);
            whole.map(|v| (v, plain(v))).collect()
        }
    }
}

/// `0.02`, `500`, `10⁻⁷`, `2·10⁻⁷`.
fn power_of_ten(part: f64, k: i32) -> String {
    if (-2..=3).contains(&k) {
        return plain(part * 10_f64.powi(k));
    }
    let part = if part == 1.0 { String::new() } else { format!("{part}·") };
    format!("{part}10<tspan dy=\"-5\" font-size=\"10\">{}</tspan>", k.to_string().replace('-', "−"))
}

/// Round values, about six of them.
fn steps(range: [f64; 2]) -> Vec<f64> {
    let rough = (range[1] - range[0]) / 6.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
    let first = (range[0] / step).ceil() as i64;
    let last = (range[1] / step).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}

fn plain(value: f64) -> String {
    let rounded = format!("{value:.10}");
    let short = rounded.trim_end_matches('0').trim_end_matches('.');
    let short = if short.is_empty() || short == "-0" { "0" } else { short };
    if value != 0.0 && (value.abs() >= 1e6 || value.abs() < 1e-4) {
        format!("{value:.1e}")
    } else {
        short.replace('-', "−")
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
    fn ticks_are_round() {
        let labels = |range, scale| ticks(range, scale).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(labels([0.0, 10.5], Scale::Linear), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels([0.5, 2.5], Scale::Count), ["1", "2"]);
        assert_eq!(labels([0.05, 200.0], Scale::Log), ["0.1", "1", "10", "100"]);
        assert_eq!(labels([150.0, 6000.0], Scale::Log), ["200", "500", "1000", "2000", "5000"]);
        assert!(labels([1.5e-9, 4e-8], Scale::Log)[0].starts_with("2·10<tspan"));
        assert!(labels([1e-9, 1e-5], Scale::Log)[0].contains("−9"));
    }

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
