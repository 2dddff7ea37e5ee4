//! The energy along a path, drawn.

use crate::relax::{Band, Image};
use std::fmt::Write;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 50.0;
const MARGIN: f64 = 18.0;
/// Points of the curve between two images.
const BETWEEN: usize = 24;

/// Images as dots, and through them the cubic curves that have their energies and slopes.
pub(super) fn svg(band: &Band) -> String {
    let images = &band.images;
    let zero = images[0].energy;
    let curve: Vec<(f64, f64)> = images.windows(2).flat_map(|pair| cubic(&pair[0], &pair[1], zero)).collect();
    let longest = images.last().map_or(1.0, |image| image.distance);
    let (mut low, mut high) =
        curve.iter().fold((0.0_f64, 0.0_f64), |(low, high), (_, e)| (low.min(*e), high.max(*e)));
    let room = 0.08 * (high - low).max(1e-6);
    (low, high) = (low - room, high + room);
    let x = |s: f64| LEFT + (WIDTH - LEFT - MARGIN) * s / longest;
    let y = |e: f64| MARGIN + (HEIGHT - BOTTOM - MARGIN) * (high - e) / (high - low);

    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    // Writing into a string cannot fail.
    for (tick, digits) in ticks(low, high) {
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {0:.1}H{1:.1}\" stroke=\"#e4e4e4\"/><text x=\"{2}\" y=\"{3:.1}\" \
             text-anchor=\"end\">{tick:.digits$}</text>",
            y(tick),
            WIDTH - MARGIN,
            LEFT - 8.0,
            y(tick) + 4.5
        );
    }
    for (tick, digits) in ticks(0.0, longest) {
        let _ = writeln!(
            out,
            "<path d=\"M{0:.1} {1}v5\" stroke=\"#444\"/><text x=\"{0:.1}\" y=\"{2}\" \
             text-anchor=\"middle\">{tick:.digits$}</text>",
            x(tick),
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 20.0
        );
    }
    let _ = writeln!(
        out,
        "<path d=\"M{LEFT} {MARGIN}V{0}H{1}\" fill=\"none\" stroke=\"#444\"/>",
        HEIGHT - BOTTOM,
        WIDTH - MARGIN
    );
    let mut line = String::new();
    for (index, (s, e)) in curve.iter().enumerate() {
        let _ = write!(line, "{}{:.1} {:.1}", if index == 0 { "M" } else { "L" }, x(*s), y(*e));
    }
    let _ = writeln!(out, "<path d=\"{line}\" fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\"/>");
    for (index, image) in images.iter().enumerate() {
        let fill = if band.climbing == Some(index) { "#c0392b" } else { "#1f5fa8" };
        let (cx, cy) = (x(image.distance), y(image.energy - zero));
        let _ = writeln!(out, "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"4.5\" fill=\"{fill}\"/>");
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">path length (Å)</text>\n\
         <text transform=\"translate(18 {:.1}) rotate(-90)\" text-anchor=\"middle\">energy (eV)</text>\n</svg>",
        0.5 * (LEFT + WIDTH - MARGIN),
        HEIGHT - 10.0,
        0.5 * (HEIGHT - BOTTOM + MARGIN)
    );
    out
}

/// The cubic curve between two images.
fn cubic(a: &Image, b: &Image, zero: f64) -> Vec<(f64, f64)> {
    let h = b.distance - a.distance;
    (0..=BETWEEN)
        .map(|k| {
            let t = k as f64 / BETWEEN as f64;
            let (t2, t3) = (t * t, t * t * t);
            let e = (2.0 * t3 - 3.0 * t2 + 1.0) * (a.energy - zero)
                + (t3 - 2.0 * t2 + t) * h * a.slope
                + (3.0 * t2 - 2.0 * t3) * (b.energy - zero)
                + (t3 - t2) * h * b.slope;
            (a.distance + t * h, e)
        })
        .collect()
}

/// Round numbers within bounds, with the decimals that tell them apart.
fn ticks(low: f64, high: f64) -> Vec<(f64, usize)> {
    let rough = (high - low) / 5.0;
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(rough);
    let digits = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|k| (k as f64 * step, digits)).collect()
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn ticks_are_round_and_inside() {
        let values = |low, high| ticks(low, high).into_iter().map(|t| t.0).collect::<Vec<_>>();
        assert_eq!(values(0.0, 4.9), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(
            ticks(-0.04, 0.46).iter().map(|t| format!("{:.*}", t.1, t.0)).collect::<Vec<_>>(),
            ["0.0", "0.1", "0.2", "0.3", "0.4"]
        );
    }
}
