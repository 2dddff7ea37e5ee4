//! The density of the mobile ions as three pictures: the cell seen along each of its edges.

use super::raster::{Raster, colour};
use crate::analysis::{DensityMap, Projection};
use std::fmt::Write;

/// Width and height of a panel with its margins.
const PANEL: f64 = 226.0;
const MARGIN: f64 = 14.0;
const TITLE: f64 = 26.0;
/// Points of a picture along its longer side.
const POINTS: f64 = 240.0;

/// Three panels side by side, each with colours from zero to its highest value.
pub(super) fn svg(density: &DensityMap) -> String {
    let (width, height) = (3.0 * PANEL, PANEL + TITLE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" role=\"img\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (along, name) in ["a", "b", "c"].iter().enumerate() {
        panel(&density.projection(along), along as f64 * PANEL, name, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

fn panel(seen: &Projection, left: f64, name: &str, out: &mut String) {
    let [[ax, _], [bx, by]] = seen.edges;
    let low = bx.min(0.0);
    let (wide, high) = (ax.max(ax + bx) - low, by);
    let scale = (PANEL - 2.0 * MARGIN) / wide.max(high);
    let points = POINTS / wide.max(high);
    let (columns, rows) = ((points * wide).ceil() as usize, (points * high).ceil() as usize);
    let highest = seen.values.iter().copied().fold(1e-300, f64::max);
    let raster = Raster::of(columns.max(1), rows.max(1), |column, row| {
        let x = low + (column as f64 + 0.5) / columns as f64 * wide;
        let y = (1.0 - (row as f64 + 0.5) / rows as f64) * high;
        let v = y / by;
        let u = (x - v * bx) / ax;
        if !(0.0..1.0).contains(&u) {
            return [255, 255, 255, 0];
        }
        colour(between(seen, u, v) / highest)
    });
    let (x0, y0) = (left + 0.5 * (PANEL - scale * wide), TITLE + 0.5 * (PANEL - MARGIN - scale * high));
    let _ = writeln!(
        out,
        "<image x=\"{x0:.1}\" y=\"{y0:.1}\" width=\"{:.1}\" height=\"{:.1}\" preserveAspectRatio=\"none\" href=\"{}\"/>",
        scale * wide,
        scale * high,
        raster.url()
    );
    let corner = |u: f64, v: f64| {
        format!("{:.1},{:.1}", x0 + scale * (u * ax + v * bx - low), y0 + scale * (high - v * by))
    };
    let _ = writeln!(
        out,
        "<polygon points=\"{} {} {} {}\" fill=\"none\" stroke=\"#222222\"/>\n\
         <text x=\"{:.1}\" y=\"18\" text-anchor=\"middle\" fill=\"#222222\">along {name}, up to {} per Å²</text>",
        corner(0.0, 0.0),
        corner(1.0, 0.0),
        corner(1.0, 1.0),
        corner(0.0, 1.0),
        left + 0.5 * PANEL,
        crate::analysis::Digits(highest)
    );
}

/// The value at fractional coordinates, linear between the points of the grid.
fn between(seen: &Projection, u: f64, v: f64) -> f64 {
    let (x, y) = (u * seen.columns as f64, v * seen.rows as f64);
    let (px, py) = (x - x.floor(), y - y.floor());
    let value = |dx: usize, dy: usize| {
        seen.values[(y as usize + dy) % seen.rows * seen.columns + (x as usize + dx) % seen.columns]
    };
    (1.0 - py) * ((1.0 - px) * value(0, 0) + px * value(1, 0))
        + py * ((1.0 - px) * value(0, 1) + px * value(1, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_between_those_of_the_grid() {
        let values = vec![1.0, 3.0, 5.0, 7.0];
        let seen = Projection { columns: 2, rows: 2, values, edges: [[4.0, 0.0], [-1.0, 3.0]] };
        assert_eq!(between(&seen, 0.0, 0.0), 1.0);
        assert_eq!(between(&seen, 0.25, 0.25), 4.0);
        // Beyond the last point the first one follows.
        assert_eq!(between(&seen, 0.75, 0.0), 2.0);
        let mut out = String::new();
        panel(&seen, 0.0, "a", &mut out);
        assert!(out.contains("<polygon") && !out.contains("NaN"));
    }
}
