//! The report: one HTML file that needs no network and no script.

use super::figure::escape;
use super::page::{END, card, head, warnings};
use super::{Report, Section, plots};
use crate::analysis::{Digits, Estimate, Refusal};
use std::fmt::Write;

pub(super) const STYLE: &str = "
:root { color-scheme: light; }
body { font: 16px/1.5 Helvetica, Arial, sans-serif; color: #222; background: #f6f6f4; margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 27px; margin: 8px 0 2px; } h2 { font-size: 20px; margin: 36px 0 10px; }
.lead { color: #555; margin: 0 0 18px; } .note { color: #555; font-size: 13px; margin: 6px 2px 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(230px, 1fr)); gap: 14px; }
.card { background: #fff; border: 1px solid #ddd; border-radius: 8px; padding: 14px 16px; }
.card .name { color: #555; font-size: 14px; } .card .value { font-size: 24px; margin: 2px 0; }
.card .interval { color: #555; font-size: 13px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr)); gap: 16px; }
figure { background: #fff; border: 1px solid #ddd; border-radius: 8px; margin: 0; padding: 10px; }
figure svg { width: 100%; height: auto; display: block; } figcaption { color: #555; font-size: 13px; padding: 4px 6px; }
.scroll { overflow-x: auto; background: #fff; border: 1px solid #ddd; border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 8px 12px; border-bottom: 1px solid #eee; vertical-align: top; white-space: nowrap; }
th { background: #fafafa; font-weight: 600; white-space: normal; } td.wide { white-space: normal; min-width: 260px; }
td small { color: #666; display: block; } sup, sub { line-height: 0; }
ul.warnings { background: #fff7e6; border: 1px solid #e6c98a; border-radius: 8px; padding: 12px 16px 12px 34px; margin: 0; }
.refused { color: #8a4b00; white-space: normal; }
";

pub(super) fn page(report: &Report) -> String {
    let mut out = head(&report.title, &lead(report));
    cards(report, &mut out);
    warnings(&report.warnings(), &mut out);
    table(report, &mut out);
    laws(report, &mut out);
    more(report, &mut out);
    out.push_str("<h2>Plots</h2>\n<div class=\"figures\">\n");
    for (name, caption, svg) in plots::all(report) {
        out.push_str(&embedded(&name, &caption, &svg));
    }
    out.push_str("</div>\n<h2>How the numbers were made</h2>\n");
    out.push_str(METHODS);
    out.push_str("<h2>Provenance</h2>\n<div class=\"scroll\"><table>\n");
    for (name, value) in &report.provenance {
        let _ = writeln!(out, "<tr><th>{}</th><td class=\"wide\">{}</td></tr>", escape(name), escape(value));
    }
    out.push_str("</table></div>\n");
    out.push_str(END);
    out
}

/// A plot with its caption. Every plot of a page needs its own name for what it clips to.
pub(super) fn embedded(name: &str, caption: &str, svg: &str) -> String {
    let svg = svg.replace("\"plot\"", &format!("\"{name}\"")).replace("#plot", &format!("#{name}"));
    format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escape(caption))
}

const METHODS: &str = "<p>D* is the slope of the mean squared displacement divided by 6, by generalised least squares \
with the covariance of overlapping displacements; its error is the scatter of the ions or of stretches of time. The \
window begins where ions have moved by half a hop and the line passes a χ² test. D<sub>σ</sub> is the same for the \
charge dipole ΣzᵢUᵢ, normalised by Σz² of the mobile ions: σ = Σz²e²D<sub>σ</sub>/(Vk<sub>B</sub>T). Nernst–Einstein \
puts D* in its place. Haven ratio H<sub>R</sub> = D*/D<sub>σ</sub>; some authors print its inverse σ/σ<sub>NE</sub>. \
Activation energies are weighted fits of ln D* and ln σT against 1/T; extrapolations carry the covariance of both \
parameters. Intervals are those that hold the truth in 95 of 100 repetitions. Van Hove: 4πr²G<sub>s</sub> integrates to \
one; G<sub>d</sub> counts all periodic images of the other ions, so its shells are whole at any distance, and is one where \
nothing is correlated. Green–Kubo: the current correlation is integrated to where the charge displacement is \
diffusive.</p>\n";

fn lead(report: &Report) -> String {
    let temperatures: Vec<String> = report
        .sections
        .iter()
        .map(|s| s.transport.temperature.map_or_else(|| s.name.clone(), |t| format!("{t:.0} K")))
        .collect();
    let run = report.sections.first().map(|section| &section.transport.runs[0]);
    let atoms = run.map_or(String::new(), |run| {
        let list: Vec<String> = run.species.iter().map(|s| format!("{} {}", s.count, s.element)).collect();
        format!("{}; drift taken off: {:?}", list.join(", "), run.reference)
    });
    format!("{}: {atoms}", temperatures.join(", "))
        .replace("CenterOfMass", "centre of mass")
        .replace("Framework", "framework")
        .replace("None", "none")
}

fn cards(report: &Report, out: &mut String) {
    let mut cards: Vec<(String, &Estimate)> = Vec::new();
    for law in &report.laws {
        if let Ok(fit) = &law.fit {
            cards.push((format!("activation energy, {}", law.quantity), &fit.energy));
            for (t, estimate) in &fit.predictions {
                cards.push((format!("{} at {t:.0} K, extrapolated", law.quantity), estimate));
            }
        }
    }
    if cards.is_empty()
        && let Some(section) = report.sections.first()
    {
        for (element, tracer) in &section.transport.tracers {
            if let Ok(tracer) = tracer {
                cards.push((format!("D* of {element}"), &tracer.diffusivity));
            }
        }
        if let Ok(charge) = &section.transport.charge {
            cards.push(("conductivity".into(), &charge.conductivity));
            cards.push(("Haven ratio D*/D_σ".into(), &charge.haven));
        }
    }
    if cards.is_empty() {
        return;
    }
    out.push_str("<div class=\"cards\">\n");
    for (name, estimate) in cards {
        let [low, high] = estimate.ci95;
        let value = format!("{}{}", number(estimate.value), escape(&unit(estimate)));
        card(&name, &value, &format!("95 %: {} to {}", number(low), number(high)), out);
    }
    out.push_str("</div>\n");
}

/// A number with its power of ten raised.
pub(super) fn number(value: f64) -> String {
    let text = Digits(value).to_string();
    match text.split_once('e') {
        Some((digits, power)) => format!("{digits}·10<sup>{}</sup>", power.replace('-', "−")),
        None => text.replace('-', "−"),
    }
}

fn unit(estimate: &Estimate) -> String {
    if estimate.unit == "1" { String::new() } else { format!(" {}", estimate.unit) }
}

fn cell(estimate: &Estimate) -> String {
    let [low, high] = estimate.ci95;
    format!("<td>{}<small>{} to {}</small></td>", number(estimate.value), number(low), number(high))
}

fn refused(refusal: &Refusal) -> String {
    format!("<td class=\"refused\">{}</td>", escape(&refusal.to_string()))
}

fn table(report: &Report, out: &mut String) {
    let Some(first) = report.sections.first() else { return };
    out.push_str(
        "<h2>By temperature</h2>\n<div class=\"scroll\"><table>\n<tr><th>T (K)</th><th>run (ps)</th>",
    );
    for (element, _) in &first.transport.tracers {
        let _ = write!(out, "<th>D* of {element} (cm²/s)</th><th>window (ps)</th>");
    }
    out.push_str("<th>D<sub>σ</sub> (cm²/s)</th><th>σ (S/cm)</th><th>σ<sub>NE</sub> (S/cm)</th><th>H<sub>R</sub></th></tr>\n");
    for section in &report.sections {
        row(section, out);
    }
    out.push_str("</table></div>\n<p class=\"note\">Below each value its 95 % interval.</p>\n");
}

fn row(section: &Section, out: &mut String) {
    let transport = &section.transport;
    let temperature = transport.temperature.map_or_else(|| section.name.clone(), |t| format!("{t:.0}"));
    let time: Vec<String> =
        transport.runs.iter().map(|run| Digits(run.duration() / 1e3).to_string()).collect();
    let _ = write!(out, "<tr><td>{temperature}</td><td>{}</td>", time.join(" + "));
    for (_, tracer) in &transport.tracers {
        match tracer {
            Ok(tracer) => {
                let window = &tracer.window;
                let _ = write!(
                    out,
                    "{}<td>{} to {}</td>",
                    cell(&tracer.diffusivity),
                    Digits(window.start / 1e3),
                    Digits(window.end / 1e3)
                );
            }
            Err(reason) => {
                let _ = write!(out, "{}<td></td>", refused(reason));
            }
        }
    }
    let nernst = transport.nernst_einstein.as_ref().map_or_else(refused, cell);
    match &transport.charge {
        Ok(charge) => {
            let _ = write!(
                out,
                "{}{}{nernst}{}",
                cell(&charge.diffusivity),
                cell(&charge.conductivity),
                cell(&charge.haven)
            );
        }
        Err(reason) => {
            let _ = write!(out, "{}<td></td>{nernst}<td></td>", refused(reason));
        }
    }
    out.push_str("</tr>\n");
}

/// What not every report has: hops, conductivity from the current, diffusivities of an infinite box. A column for each
/// quantity that some temperature has.
fn more(report: &Report, out: &mut String) {
    let mut names: Vec<String> = Vec::new();
    let mut rows: Vec<Vec<(String, String)>> = Vec::new();
    for section in &report.sections {
        let mut row: Vec<(String, String)> = Vec::new();
        if let Some(hops) = &section.hops {
            row.push(("sites".into(), format!("<td>{}</td>", hops.sites.len())));
            row.push(("hops per ion (1/ps)".into(), cell(&hops.rate)));
            row.push(("time at a site (ps)".into(), cell(&hops.residence)));
            row.push(("length of a hop (Å)".into(), cell(&hops.length)));
            if let Some(cosine) = &hops.cosine {
                row.push(("⟨cos⟩ of successive hops".into(), cell(cosine)));
            }
            if let [(_, Ok(tracer))] = section.transport.tracers.as_slice() {
                row.push((
                    "jump correlation factor".into(),
                    cell(&hops.correlation_factor(&tracer.diffusivity)),
                ));
            }
        }
        if let Some(found) = &section.green_kubo {
            let value = found.as_ref().map_or_else(refused, |found| cell(&found.conductivity));
            row.push(("σ by Green–Kubo (S/cm)".into(), value));
        }
        for (element, value) in &section.infinite {
            row.push((format!("D* of {element}, infinite box (cm²/s)"), cell(value)));
        }
        for (name, _) in &row {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        rows.push(row);
    }
    if names.is_empty() {
        return;
    }
    out.push_str("<h2>Hops and currents</h2>\n<div class=\"scroll\"><table>\n<tr><th>run</th>");
    for name in &names {
        let _ = write!(out, "<th>{}</th>", escape(name));
    }
    out.push_str("</tr>\n");
    for (section, row) in report.sections.iter().zip(rows) {
        let _ = write!(out, "<tr><td>{}</td>", escape(&section.name));
        for name in &names {
            let value = row.iter().find(|(own, _)| own == name);
            out.push_str(value.map_or("<td>–</td>", |(_, value)| value));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table></div>\n");
}

fn laws(report: &Report, out: &mut String) {
    if report.laws.iter().all(|law| law.fit.is_err()) {
        return;
    }
    out.push_str("<h2>Temperature dependence</h2>\n<div class=\"scroll\"><table>\n<tr><th>quantity</th><th>E<sub>a</sub> (eV)</th><th>prefactor</th><th>χ²/degrees of freedom</th><th>E<sub>a</sub> without one temperature (eV)</th></tr>\n");
    for law in &report.laws {
        let Ok(fit) = &law.fit else { continue };
        let without: Vec<String> =
            fit.influence.iter().map(|i| format!("{:.0} K: {:.3}", i.temperature, i.energy)).collect();
        let _ = writeln!(
            out,
            "<tr><td>{}</td>{}<td>{} {}<small>{} to {}</small></td><td>{:.1}/{}</td><td class=\"wide\">{}</td></tr>",
            escape(&law.quantity),
            cell(&fit.energy),
            number(fit.prefactor.value),
            fit.prefactor.unit,
            number(fit.prefactor.ci95[0]),
            number(fit.prefactor.ci95[1]),
            fit.chi2,
            fit.dof,
            if without.is_empty() { "–".to_string() } else { without.join(", ") }
        );
    }
    out.push_str("</table></div>\n");
}
