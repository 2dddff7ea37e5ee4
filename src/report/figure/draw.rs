//! What a figure looks like.

use super::axis::{plain, steps, ticks};
use super::{BOTTOM, FAINT, Figure, HEIGHT, INK, Key, LEFT, Layer, Scale, TOP, WIDTH, escape};
use crate::report::raster::{Raster, colour};
use std::fmt::Write;

/// The frame of a plot: where values lie on the paper.
pub(super) struct Plane {
    ranges: [[f64; 2]; 2],
    scales: [Scale; 2],
    pub(super) right: f64,
}

/// Where the lower axis is.
pub(super) const FLOOR: f64 = HEIGHT - BOTTOM;

impl Plane {
    fn x(&self, value: f64) -> f64 {
        LEFT + (self.right - LEFT) * self.scales[0].part(value, self.ranges[0])
    }

    fn y(&self, value: f64) -> f64 {
        FLOOR - (FLOOR - TOP) * self.scales[1].part(value, self.ranges[1])
    }

    /// Where points lie, those that lie anywhere.
    pub(super) fn places<'a>(&'a self, points: &'a [[f64; 2]]) -> impl Iterator<Item = [f64; 2]> + 'a {
        let at = points.iter().map(|p| [self.x(p[0]), self.y(p[1])]);
        at.filter(|p| p.iter().all(|v| v.is_finite()))
    }

    fn path(&self, points: &[[f64; 2]]) -> String {
        let mut text = String::new();
        for p in self.places(points) {
            let _ = write!(text, "{}{:.1},{:.1} ", if text.is_empty() { 'M' } else { 'L' }, p[0], p[1]);
        }
        text
    }

    /// Ticks with their lines, and the frame.
    fn grid(&self, out: &mut String) {
        for (value, label) in ticks(self.ranges[0], self.scales[0]) {
            let at = self.x(value);
            let _ = writeln!(
                out,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{FLOOR}\" stroke=\"{FAINT}\"/>"
            );
            let _ = writeln!(
                out,
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"{INK}\">{label}</text>",
                FLOOR + 18.0
            );
        }
        for (value, label) in ticks(self.ranges[1], self.scales[1]) {
            let at = self.y(value);
            let _ = writeln!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"{FAINT}\"/>",
                self.right
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
            self.right - LEFT,
            FLOOR - TOP
        );
    }

    /// Draws one layer.
    fn draw(&self, layer: &Layer, out: &mut String) {
        match layer {
            Layer::Span { from, to, colour } => {
                let (a, b) = (self.x(from.max(self.ranges[0][0])), self.x(to.min(self.ranges[0][1])));
                let _ = writeln!(
                    out,
                    "<rect x=\"{a:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\" fill-opacity=\"0.07\"/>",
                    (b - a).max(0.0),
                    FLOOR - TOP
                );
            }
            Layer::Map { x: [x0, x1], y: [y0, y1], raster } => {
                let _ = writeln!(
                    out,
                    "<image x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"{}\"/>",
                    self.x(*x0),
                    self.y(*y1),
                    self.x(*x1) - self.x(*x0),
                    self.y(*y0) - self.y(*y1),
                    raster.url()
                );
            }
            Layer::Band { lower, upper, colour } => {
                let back: Vec<[f64; 2]> = lower.iter().rev().copied().collect();
                let _ = writeln!(
                    out,
                    "<path d=\"{}{}Z\" fill=\"{colour}\" fill-opacity=\"0.16\"/>",
                    self.path(upper),
                    self.path(&back).replacen('M', "L", 1)
                );
            }
            Layer::Line { points, colour, dashed } => {
                let dash = if *dashed { " stroke-dasharray=\"6 4\"" } else { "" };
                let _ = writeln!(
                    out,
                    "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" stroke-linejoin=\"round\"{dash}/>",
                    self.path(points)
                );
            }
            Layer::Dots { points, colour } => {
                // A few points must be seen, many must be told apart.
                let size = if points.len() < 400 { 6.0 } else { 3.2 };
                let text = self.places(points).fold(String::new(), |mut text, p| {
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
                    let (px, py) = (self.x(p[0]), self.y(p[1]));
                    if let Some([low, high]) = errors.get(k) {
                        let low =
                            if self.scales[1] == Scale::Log { low.max(self.ranges[1][0]) } else { *low };
                        let (a, b) = (self.y(low), self.y(*high));
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
}

impl Figure {
    /// The plot as an SVG document.
    pub fn svg(&self) -> String {
        let plane = self.plane();
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" role=\"img\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
        );
        let (below, above): (Vec<_>, Vec<_>) =
            self.layers.iter().partition(|layer| matches!(layer, Layer::Span { .. }));
        for layer in below {
            plane.draw(layer, &mut out);
        }
        plane.grid(&mut out);
        let _ = writeln!(
            out,
            "<clipPath id=\"plot\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/></clipPath>\n<g clip-path=\"url(#plot)\">",
            plane.right - LEFT,
            FLOOR - TOP
        );
        for layer in above {
            plane.draw(layer, &mut out);
        }
        out.push_str("</g>\n");
        self.labels(&mut out);
        self.draw_legend(&plane, &mut out);
        out.push_str("</svg>\n");
        out
    }

    /// Where values lie on the paper.
    pub(super) fn plane(&self) -> Plane {
        Plane { ranges: [self.range(0), self.range(1)], scales: [self.x.1, self.y.1], right: self.right() }
    }

    fn labels(&self, out: &mut String) {
        let right = self.right();
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
        let middle = 0.5 * (TOP + FLOOR);
        let _ = writeln!(
            out,
            "<text transform=\"translate(18 {middle:.1}) rotate(-90)\" text-anchor=\"middle\" font-size=\"14\" fill=\"{INK}\">{}</text>",
            escape(&self.y.0)
        );
    }
}

impl Key {
    /// A bar with the colours, their values, and what they are.
    fn draw(&self, right: f64, out: &mut String) {
        let bar = Raster::of(1, 64, |_, row| colour((63 - row) as f64 / 63.0));
        let left = right + 14.0;
        let _ = writeln!(
            out,
            "<image x=\"{left:.1}\" y=\"{TOP}\" width=\"14\" height=\"{:.1}\" preserveAspectRatio=\"none\" href=\"{}\"/>\n\
             <rect x=\"{left:.1}\" y=\"{TOP}\" width=\"14\" height=\"{:.1}\" fill=\"none\" stroke=\"{INK}\"/>",
            FLOOR - TOP,
            bar.url(),
            FLOOR - TOP
        );
        for value in steps([0.0, self.highest]) {
            let at = FLOOR - (FLOOR - TOP) * value / self.highest;
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
            0.5 * (TOP + FLOOR),
            escape(&self.label)
        );
    }
}
