//! The legend of a figure, in the corner where it hides the least.

use super::draw::{FLOOR, Plane};
use super::{FAINT, Figure, INK, LEFT, Layer, TOP, escape};
use std::fmt::Write;

/// From the frame to the legend.
const MARGIN: f64 = 8.0;
/// Curves are followed in steps as long as this.
const STEP: f64 = 6.0;

impl Figure {
    /// Draws the legend, if there is one.
    pub(super) fn draw_legend(&self, plane: &Plane, out: &mut String) {
        if self.legend.is_empty() {
            return;
        }
        let longest = self.legend.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) as f64;
        let size = [longest * 6.9 + 34.0, self.legend.len() as f64 * 18.0 + 8.0];
        let [left, top] = self.corner(plane, size);
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"4\" fill=\"#ffffff\" fill-opacity=\"0.85\" stroke=\"{FAINT}\"/>",
            size[0], size[1]
        );
        for (k, (name, colour)) in self.legend.iter().enumerate() {
            let at = top + 17.0 + 18.0 * k as f64;
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

    /// The upper left end of a box of this size in the corner where the least is drawn: of equal ones the first, from the
    /// upper left to the lower right.
    fn corner(&self, plane: &Plane, [width, height]: [f64; 2]) -> [f64; 2] {
        let (left, right) = (LEFT + MARGIN, plane.right - width - MARGIN);
        let (upper, lower) = (TOP + MARGIN, FLOOR - height - MARGIN);
        let drawn: Vec<[f64; 2]> = self.layers.iter().flat_map(|layer| drawn(plane, layer)).collect();
        let hidden = |at: &[f64; 2]| {
            let within = |p: &[f64; 2]| {
                (at[0]..at[0] + width).contains(&p[0]) && (at[1]..at[1] + height).contains(&p[1])
            };
            drawn.iter().filter(|p| within(p)).count()
        };
        let corners = [[left, upper], [right, upper], [left, lower], [right, lower]];
        corners.into_iter().min_by_key(hidden).unwrap_or([left, upper])
    }
}

/// Where on the paper something of a layer is drawn, densely enough to tell what a box would hide.
fn drawn(plane: &Plane, layer: &Layer) -> Vec<[f64; 2]> {
    match layer {
        Layer::Line { points, .. } => along(plane, points),
        Layer::Band { lower, upper, .. } => [along(plane, lower), along(plane, upper)].concat(),
        Layer::Dots { points, .. } => plane.places(points).collect(),
        Layer::Points { points, errors, .. } => {
            let bars = points
                .iter()
                .zip(errors)
                .flat_map(|(p, [low, high])| along(plane, &[[p[0], *low], [p[0], *high]]));
            plane.places(points).chain(bars).collect()
        }
        Layer::Span { .. } | Layer::Map { .. } => Vec::new(),
    }
}

/// Points along a curve.
fn along(plane: &Plane, points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let places: Vec<[f64; 2]> = plane.places(points).collect();
    let mut dense = places.clone();
    for ends in places.windows(2) {
        let [dx, dy] = [ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]];
        let steps = (dx.hypot(dy) / STEP) as usize;
        dense.extend((1..=steps).map(|k| {
            let part = k as f64 / (steps + 1) as f64;
            [ends[0][0] + part * dx, ends[0][1] + part * dy]
        }));
    }
    dense
}

#[cfg(test)]
mod tests {
    use super::super::{COLOURS, Scale};
    use super::*;

    /// Where the legend of a figure with one curve begins: left or right, above or below.
    fn corner(points: Vec<[f64; 2]>) -> [bool; 2] {
        let mut figure = Figure::new("x", Scale::Linear, "y", Scale::Linear);
        figure.line(points, COLOURS[0], false);
        figure.name("a curve", COLOURS[0]);
        let [left, top] = figure.corner(&figure.plane(), [90.0, 26.0]);
        [left < 0.5 * (LEFT + figure.right()), top < 0.5 * (TOP + FLOOR)]
    }

    #[test]
    fn a_legend_lies_where_nothing_else_does() {
        assert_eq!(corner(vec![[1.0, 1.0], [2.0, 2.0]]), [true, true]);
        assert_eq!(corner(vec![[1.0, 2.0], [2.0, 1.0]]), [false, true]);
        // From the lower left up and along the upper edge.
        assert_eq!(corner(vec![[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.5]]), [false, false]);
        // All around but for the lower left.
        assert_eq!(corner(vec![[1.0, 1.9], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0], [1.9, 1.0]]), [true, false]);
    }
}
