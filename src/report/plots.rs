//! The plots of a transport report.

use super::figure::{Figure, Scale};
use super::{Report, Section, correlations, panels};
use crate::analysis::Estimate;

/// Pairs of elements in one picture.
const MOST_PAIRS: usize = 7;

/// Plots: name of the file, caption, picture as SVG.
pub(super) fn all(report: &Report) -> Vec<(String, String, String)> {
    let mut plots = Vec::new();
    let mut add = |name: String, caption: String, figure: Figure| {
        if !figure.is_empty() {
            plots.push((name, caption, figure.svg()));
        }
    };
    if report.laws.iter().any(|law| law.fit.is_ok()) {
        add(
            "arrhenius_conductivity".into(),
            "Conductivity times temperature against 1000/T with 95 % intervals; line and 95 % band of the Arrhenius fit; hollow: extrapolated.".into(),
            arrhenius(report, true),
        );
        add(
            "arrhenius_diffusivity".into(),
            "Tracer diffusivity against 1000/T with 95 % intervals; line and 95 % band of the Arrhenius fit; hollow: extrapolated.".into(),
            arrhenius(report, false),
        );
    }
    add(
        "haven".into(),
        "Haven ratio H_R = D*/D_σ with 95 % intervals; below 1: ions move in concert.".into(),
        haven(report),
    );
    for section in &report.sections {
        let at = &section.name;
        add(
            format!("{at}_msd"),
            format!(
                "{at}: mean squared displacement of each element; shaded: the window of the fit; dashed: the fitted line."
            ),
            msd(section),
        );
        add(
            format!("{at}_charge"),
            format!(
                "{at}: mean squared displacement of the charge dipole per Σz², with its standard error; shaded: the window; dashed: the fitted line."
            ),
            charge(section),
        );
        add(
            format!("{at}_non_gaussian"),
            format!(
                "{at}: non-Gaussian parameter 3⟨u⁴⟩/(5⟨u²⟩²) − 1 of the mobile ions; near zero where they diffuse."
            ),
            non_gaussian(section),
        );
        let some = match section.radial.len() {
            n if n > MOST_PAIRS => format!(", the first {MOST_PAIRS} of {n}; rdf_X_Y.csv has all"),
            _ => String::new(),
        };
        add(format!("{at}_rdf"), format!("{at}: radial distribution functions{some}."), radial(section));
        for (name, caption, figure) in correlations::all(section) {
            add(format!("{at}_{name}"), format!("{at}: {caption}"), figure);
        }
        for (k, trace) in section.thermo.iter().enumerate() {
            let mut figure = Figure::new("time (ps)", Scale::Linear, trace.label.clone(), Scale::Linear);
            figure.line(trace.points.clone(), Figure::colour(k), false);
            add(format!("{at}_thermo_{k}"), format!("{at}: {} during the run.", trace.label), figure);
        }
    }
    for section in &report.sections {
        if let Some(density) = &section.density {
            let caption = format!(
                "{}: density of the mobile ions, integrated along each edge of the cell in turn; also in density.cube.",
                section.name
            );
            plots.push((format!("{}_density", section.name), caption, panels::svg(density)));
        }
    }
    plots
}

fn arrhenius(report: &Report, conductivity: bool) -> Figure {
    let label = if conductivity { "σT (S K/cm)" } else { "D* (cm²/s)" };
    let mut figure = Figure::new("1000/T (1/K)", Scale::Linear, label, Scale::Log);
    let laws = report.laws.iter().filter(|law| law.key.starts_with("conductivity") == conductivity);
    for (k, law) in laws.enumerate() {
        let Ok(fit) = &law.fit else { continue };
        let colour = Figure::colour(k);
        let factor = |t: f64| if conductivity { t } else { 1.0 };
        let all: Vec<f64> =
            law.points.iter().map(|p| p.temperature).chain(fit.predictions.iter().map(|p| p.0)).collect();
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(0.0, f64::max);
        let curve: Vec<(f64, Estimate)> = (0..=60)
            .map(|i| {
                let inverse = 1.0 / high + (1.0 / low - 1.0 / high) * f64::from(i) / 60.0;
                (1.0 / inverse, fit.at(1.0 / inverse))
            })
            .collect();
        let points = |value: &dyn Fn(&Estimate) -> f64| -> Vec<[f64; 2]> {
            curve.iter().map(|(t, e)| [1000.0 / t, value(e) * factor(*t)]).collect()
        };
        figure.band(points(&|e| e.ci95[0]), points(&|e| e.ci95[1]), colour);
        figure.line(points(&|e| e.value), colour, false);
        let of = |t: f64, e: &Estimate| ([1000.0 / t, e.value * factor(t)], e.ci95.map(|x| x * factor(t)));
        let (at, bars) = law.points.iter().map(|p| of(p.temperature, &p.estimate)).unzip();
        figure.points(at, bars, colour, false);
        let (at, bars) = fit.predictions.iter().map(|(t, e)| of(*t, e)).unzip();
        figure.points(at, bars, colour, true);
        let energy = &fit.energy;
        figure.name(format!("{}: {:.3} ± {:.3} eV", law.quantity, energy.value, energy.std_error), colour);
    }
    figure
}

fn haven(report: &Report) -> Figure {
    let mut figure = Figure::new("temperature (K)", Scale::Linear, "Haven ratio D*/D_σ", Scale::Linear);
    let found = report.sections.iter().filter_map(|section| {
        let charge = section.transport.charge.as_ref().ok()?;
        Some(([section.transport.temperature?, charge.haven.value], charge.haven.ci95))
    });
    let (points, errors): (Vec<_>, Vec<_>) = found.unzip();
    if let (Some(first), Some(last)) = (points.first(), points.last()) {
        figure.line(vec![[first[0] - 20.0, 1.0], [last[0] + 20.0, 1.0]], "#888888", true);
        figure.points(points, errors, Figure::colour(0), false);
    }
    figure
}

fn msd(section: &Section) -> Figure {
    let mut figure = Figure::new("time (ps)", Scale::Log, "mean squared displacement (Å²)", Scale::Log);
    let run = section.longest();
    for (k, (species, msd)) in run.species.iter().zip(&section.transport.msd).enumerate() {
        let colour = Figure::colour(k);
        // The last lags are means of few origins.
        let seen = msd.lags.iter().take_while(|lag| **lag <= run.frames * 7 / 10).count();
        let points = (0..seen).map(|i| [msd.lags[i] as f64 * run.interval / 1e3, msd.trace(i)]).collect();
        figure.line(points, colour, false);
        figure.name(species.element.symbol(), colour);
        let tracer = section.transport.tracers.iter().find(|(element, _)| *element == species.element);
        if let Some((_, Ok(tracer))) = tracer {
            let window = &tracer.window;
            figure.span(window.start / 1e3, window.end / 1e3, colour);
            figure.line(line(window, run.duration()), "#000000", true);
        }
    }
    figure
}

fn line(window: &crate::analysis::Window, duration: f64) -> Vec<[f64; 2]> {
    (0..=40)
        .map(|i| {
            let t = window.start / 3.0 * (duration * 1.5 / window.start).powf(f64::from(i) / 40.0);
            [t / 1e3, window.intercept + window.slope * t]
        })
        .filter(|p| p[1] > 0.0)
        .collect()
}

fn charge(section: &Section) -> Figure {
    let mut figure = Figure::new("time (ps)", Scale::Log, "charge displacement ⟨|ΔP|²⟩/Σz² (Å²)", Scale::Log);
    let Ok(charge) = &section.transport.charge else { return figure };
    let curve = |f: &dyn Fn(&[f64; 3]) -> f64| -> Vec<[f64; 2]> {
        charge.curve.iter().map(|c| [c[0] / 1e3, f(c)]).collect()
    };
    let colour = Figure::colour(1);
    figure.band(curve(&|c| (c[1] - c[2]).max(0.1 * c[1])), curve(&|c| c[1] + c[2]), colour);
    figure.line(curve(&|c| c[1]), colour, false);
    figure.span(charge.window.start / 1e3, charge.window.end / 1e3, colour);
    figure.line(line(&charge.window, section.longest().duration()), "#000000", true);
    figure
}

fn non_gaussian(section: &Section) -> Figure {
    let mut figure = Figure::new("time (ps)", Scale::Log, "non-Gaussian parameter", Scale::Linear);
    let run = section.longest();
    let mobile = run.species.iter().zip(&section.transport.msd).filter(|(species, _)| species.mobile);
    for (k, (species, msd)) in mobile.enumerate() {
        let seen = msd.lags.iter().take_while(|lag| **lag <= run.frames / 2).count();
        let points =
            (0..seen).map(|i| [msd.lags[i] as f64 * run.interval / 1e3, msd.non_gaussian[i]]).collect();
        figure.line(points, Figure::colour(k), false);
        figure.name(species.element.symbol(), Figure::colour(k));
    }
    figure
}

fn radial(section: &Section) -> Figure {
    let mut figure = Figure::new("distance (Å)", Scale::Linear, "g(r)", Scale::Linear);
    for (k, radial) in section.radial.iter().enumerate().take(MOST_PAIRS) {
        figure.line(radial.curve().iter().map(|c| [c[0], c[1]]).collect(), Figure::colour(k), false);
        figure.name(format!("{}–{}", radial.a, radial.b), Figure::colour(k));
    }
    figure
}
