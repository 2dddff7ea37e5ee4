//! Plots of what moves together: Van Hove's functions, velocities, currents, stays.

use super::Section;
use super::figure::{Figure, Scale};
use crate::analysis::{Hops, VanHove, Velocities};

/// Lags that are drawn as curves.
const CURVES: usize = 6;
/// Values of 4πr²G_s beyond this (1/Å) have one colour: a rattling ion is a narrow peak that would hide the rest.
const HIGHEST_SELF: f64 = 1.0;
/// The same for G_d.
const HIGHEST_DISTINCT: f64 = 3.0;
/// Columns of a map, along the logarithm of time.
const COLUMNS: usize = 240;

/// Plots of one temperature: name, caption, picture.
pub(super) fn all(section: &Section) -> Vec<(String, String, Figure)> {
    let mut plots = Vec::new();
    let longest =
        0.5 * section.transport.runs.iter().map(crate::analysis::Moved::duration).fold(0.0, f64::max);
    for van_hove in &section.van_hove {
        let element = van_hove.element;
        // Lags beyond half of the run are means of few looks.
        let seen = van_hove.times.iter().take_while(|t| **t <= longest).count();
        if seen < 2 {
            continue;
        }
        let own = "4πr²G_s(r, t) (1/Å)";
        let text = |cut: f64| {
            format!("how far {element} is after a time, {own}; it integrates to one over r; cut at {cut:.1}.")
        };
        let (lines, shades) = (text(2.0 * HIGHEST_SELF), text(HIGHEST_SELF));
        plots.push((format!("van_hove_self_{element}"), lines, curves(van_hove, seen, own, false)));
        plots.push((format!("van_hove_self_map_{element}"), shades, map(van_hove, seen, own, false)));
        if van_hove.curve(0).iter().all(|row| row.2.is_none()) {
            continue;
        }
        let others = "G_d(r, t)";
        let text = |cut: f64| {
            format!(
                "where other {element} ions are after a time around the place of one, {others}; a peak that grows at r = 0 is one ion taking the place of another; cut at {cut:.1}."
            )
        };
        let (lines, shades) = (text(1.5 * HIGHEST_DISTINCT), text(HIGHEST_DISTINCT));
        plots.push((format!("van_hove_distinct_{element}"), lines, curves(van_hove, seen, others, true)));
        plots.push((format!("van_hove_distinct_map_{element}"), shades, map(van_hove, seen, others, true)));
    }
    if let Some(velocities) = &section.velocities {
        plots.push((
            "vacf".into(),
            "velocity autocorrelation of each element.".into(),
            correlation(velocities),
        ));
        plots.push((
            "vdos".into(),
            format!(
                "vibrational density of states of each element, each of integral one; frames at this distance hold up to {:.1} THz, and what vibrates faster is folded back into the picture: for a spectrum store frames every 10 fs or less.",
                velocities.highest_frequency()
            ),
            density(velocities),
        ));
    }
    if let Some(Ok(found)) = &section.green_kubo {
        let mut figure = Figure::new("time (ps)", Scale::Linear, "σ (S/cm)", Scale::Linear);
        let curve = |f: &dyn Fn(&[f64; 3]) -> f64| -> Vec<[f64; 2]> {
            found.curve.iter().map(|c| [c[0] / 1e3, f(c)]).collect()
        };
        figure.band(curve(&|c| c[1] - c[2]), curve(&|c| c[1] + c[2]), Figure::colour(0));
        figure.line(curve(&|c| c[1]), Figure::colour(0), false);
        figure.name("Green–Kubo, integral up to t", Figure::colour(0));
        if let Ok(charge) = &section.transport.charge {
            let sigma = charge.conductivity.value;
            figure.line(vec![[0.0, sigma], [found.until / 1e3, sigma]], Figure::colour(1), true);
            figure.name("Einstein–Helfand", Figure::colour(1));
        }
        plots.push((
            "green_kubo".into(),
            "conductivity from the current: integral of its correlation, with its standard error.".into(),
            figure,
        ));
    }
    if let Some(hops) = &section.hops {
        plots.push((
            "stays".into(),
            "part of the stays at a site that last longer than a time (Kaplan and Meier, with those that the end of the run cut); dashed: exponential with the mean residence time."
                .into(),
            stays(hops),
        ));
    }
    plots
}

/// A few lags, evenly on a logarithmic scale.
fn some(seen: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = (0..CURVES).map(|i| i * (seen - 1) / (CURVES - 1)).collect();
    chosen.dedup();
    chosen
}

fn curves(van_hove: &VanHove, seen: usize, label: &str, distinct: bool) -> Figure {
    let mut figure = Figure::new("distance r (Å)", Scale::Linear, label, Scale::Linear);
    for (n, k) in some(seen).into_iter().enumerate() {
        let row = |(r, own, other): &(f64, f64, Option<f64>)| {
            let value = if distinct {
                other.unwrap_or(0.0).min(1.5 * HIGHEST_DISTINCT)
            } else {
                own.min(2.0 * HIGHEST_SELF)
            };
            [*r, value]
        };
        figure.line(van_hove.curve(k).iter().map(row).collect(), Figure::colour(n), false);
        figure.name(format!("{} ps", crate::analysis::Digits(van_hove.times[k] / 1e3)), Figure::colour(n));
    }
    figure
}

fn map(van_hove: &VanHove, seen: usize, label: &str, distinct: bool) -> Figure {
    let mut figure = Figure::new("time (ps)", Scale::Log, "distance r (Å)", Scale::Linear);
    let times = &van_hove.times[..seen];
    let (first, last) = (times[0] / 1e3, times[seen - 1] / 1e3);
    let curves: Vec<Vec<(f64, f64, Option<f64>)>> = (0..seen).map(|k| van_hove.curve(k)).collect();
    let rows = curves[0].len();
    let end = 2.0 * curves[0][rows - 1].0 - if rows > 1 { curves[0][rows - 2].0 } else { 0.0 };
    let end = 0.5 * (end + curves[0][rows - 1].0);
    let nearest = |column: usize| {
        let t = first * (last / first).powf((column as f64 + 0.5) / COLUMNS as f64) * 1e3;
        let distance = |k: &usize| (times[*k] / t).ln().abs();
        (0..seen).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
    };
    let of_column: Vec<usize> = (0..COLUMNS).map(nearest).collect();
    let highest = if distinct { HIGHEST_DISTINCT } else { HIGHEST_SELF };
    figure.map([first, last], [0.0, end], [COLUMNS, rows], highest, label, |column, row| {
        let (_, own, other) = curves[of_column[column]][row];
        if distinct { other.unwrap_or(f64::NAN) } else { own }
    });
    figure
}

fn correlation(velocities: &Velocities) -> Figure {
    let mut figure = Figure::new("time (ps)", Scale::Linear, "velocity autocorrelation", Scale::Linear);
    for (e, element) in velocities.elements.iter().enumerate() {
        let curve: Vec<[f64; 2]> =
            velocities.correlation(e).iter().map(|[t, c]| [t / 1e3, *c]).take_while(|p| p[0] < 2.0).collect();
        figure.line(curve, Figure::colour(e), false);
        figure.name(element.symbol(), Figure::colour(e));
    }
    figure
}

fn density(velocities: &Velocities) -> Figure {
    let mut figure =
        Figure::new("frequency (THz)", Scale::Linear, "density of states (1/THz)", Scale::Linear);
    for (e, element) in velocities.elements.iter().enumerate() {
        let curve = velocities.density_of_states(e);
        // Beyond the last frequency that holds a thousandth of the peak there is nothing to see.
        let peak = curve.iter().map(|p| p[1]).fold(0.0, f64::max);
        let seen = curve.iter().rposition(|p| p[1] > 2e-3 * peak).map_or(0, |k| k + 2);
        figure.line(curve.into_iter().take(seen).collect(), Figure::colour(e), false);
        figure.name(element.symbol(), Figure::colour(e));
    }
    figure
}

fn stays(hops: &Hops) -> Figure {
    let mut figure = Figure::new("time at a site (ps)", Scale::Linear, "part that stays longer", Scale::Log);
    if hops.stays.is_empty() {
        return figure;
    }
    let (all, n) = (hops.lasting(), hops.stays.len() as f64);
    let every = all.len().div_ceil(300).max(1);
    let curve: Vec<[f64; 2]> = all.into_iter().step_by(every).filter(|row| row[1] > 0.0).collect();
    if let Some(last) = curve.last().copied() {
        let mean = hops.residence.value;
        figure.line(curve, Figure::colour(0), false);
        let free = (0..=40).map(|k| last[0] * f64::from(k) / 40.0).map(|t| [t, (-t / mean).exp()]);
        figure.line(free.filter(|p| p[1] > 0.3 / n).collect(), "#000000", true);
    }
    figure
}
