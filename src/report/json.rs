//! `result.json`: what a screening workflow reads. docs/result.md describes it.

use super::{Law, Report, Section};
use crate::analysis::{Estimate, Hops, Refusal};
use serde_json::{Map, Value, json};

/// The name and version of the schema.
pub(super) const SCHEMA: &str = "mlmd.result/1";

pub(super) fn result(report: &Report) -> Value {
    let provenance: Map<String, Value> =
        report.provenance.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let laws: Map<String, Value> = report.laws.iter().map(|l| (l.key.clone(), law(l))).collect();
    json!({
        "schema": SCHEMA,
        "title": report.title,
        "temperatures": report.sections.iter().map(section).collect::<Vec<_>>(),
        "arrhenius": laws,
        "warnings": report.warnings(),
        "provenance": provenance,
    })
}

fn estimate(found: &Estimate) -> Value {
    json!(found)
}

fn refusal(refusal: &Refusal) -> Value {
    json!({ "refused": refusal.reason, "more_time_ps": refusal.more_time.map(|t| t / 1e3) })
}

fn or_refusal<T>(found: &Result<T, Refusal>, tell: impl Fn(&T) -> Value) -> Value {
    match found {
        Ok(found) => tell(found),
        Err(reason) => refusal(reason),
    }
}

fn section(section: &Section) -> Value {
    let transport = &section.transport;
    let run = &transport.runs[0];
    let species: Map<String, Value> = run
        .species
        .iter()
        .map(|s| (s.element.to_string(), json!({ "count": s.count, "mobile": s.mobile })))
        .collect();
    let tracers: Map<String, Value> = transport
        .tracers
        .iter()
        .map(|(element, tracer)| {
            let value = or_refusal(tracer, |tracer| {
                let names = ["xx", "yy", "zz", "yz", "xz", "xy"];
                let tensor: Map<String, Value> =
                    names.iter().zip(&tracer.tensor).map(|(n, e)| ((*n).to_string(), estimate(e))).collect();
                json!({
                    "diffusivity": estimate(&tracer.diffusivity),
                    "tensor": tensor,
                    "window": tracer.window,
                    "relative_error_rule_of_thumb": tracer.rule_of_thumb,
                })
            });
            (element.to_string(), value)
        })
        .collect();
    let charge = or_refusal(&transport.charge, |charge| {
        let cross: Map<String, Value> = charge
            .cross
            .iter()
            .map(|cross| (format!("{}-{}", cross.a, cross.b), estimate(&cross.conductivity)))
            .collect();
        json!({
            "diffusivity": estimate(&charge.diffusivity),
            "conductivity": estimate(&charge.conductivity),
            "conductivity_xx_yy_zz": charge.directions.iter().map(estimate).collect::<Vec<_>>(),
            "haven_ratio": estimate(&charge.haven),
            "inverse_haven_ratio": estimate(&charge.inverse_haven),
            "onsager": cross,
            "window": charge.window,
        })
    });
    json!({
        "name": section.name,
        "temperature_K": transport.temperature,
        "volume_A3": transport.volume,
        "species": species,
        "drift_reference": run.reference,
        "runs": transport.runs.iter().zip(&section.files).map(|(run, file)| json!({
            "file": file.display().to_string(),
            "frames": run.frames,
            "interval_fs": run.interval,
            "duration_ps": run.duration() / 1e3,
        })).collect::<Vec<_>>(),
        "tracer": tracers,
        "conductivity_nernst_einstein": or_refusal(&transport.nernst_einstein, estimate),
        "charge": charge,
        "conductivity_green_kubo": section.green_kubo.as_ref().map(|found| or_refusal(found, |found| {
            json!({ "conductivity": estimate(&found.conductivity), "until_ps": found.until / 1e3 })
        })),
        "diffusivity_infinite_box": section.infinite.iter()
            .map(|(element, found)| (element.to_string(), estimate(found)))
            .collect::<Map<String, Value>>(),
        "hops": section.hops.as_ref().map(|found| hops(found, section)),
    })
}

fn hops(hops: &Hops, section: &Section) -> Value {
    // The sum over mobile elements has a meaning of its own only if there is one.
    let factor = match section.transport.tracers.as_slice() {
        [(_, Ok(tracer))] => Some(hops.correlation_factor(&tracer.diffusivity)),
        _ => None,
    };
    json!({
        "sites": hops.sites.len(),
        "sites_from": hops.sites.origin,
        "hops": hops.hops,
        "rate": estimate(&hops.rate),
        "residence_time": estimate(&hops.residence),
        "length": estimate(&hops.length),
        "mean_cosine": hops.cosine.as_ref().map(estimate),
        "correlation_factor": factor.as_ref().map(estimate),
        "settled": hops.settled,
    })
}

fn law(law: &Law) -> Value {
    or_refusal(&law.fit, |fit| {
        json!({
            "quantity": law.quantity,
            "activation_energy": estimate(&fit.energy),
            "prefactor": estimate(&fit.prefactor),
            "predictions": fit.predictions.iter().map(|(t, e)| json!({ "temperature_K": t, "estimate": estimate(e) })).collect::<Vec<_>>(),
            "chi_square": fit.chi2,
            "degrees_of_freedom": fit.dof,
            "vogel_tammann_fulcher": fit.vtf.as_ref().map(|v| json!({
                "t0": estimate(&v.t0), "energy": estimate(&v.energy), "chi_square": v.chi2, "advantage_aic": v.advantage,
            })),
            "influence": fit.influence.iter().map(|i| json!({
                "temperature_K": i.temperature, "energy_without_eV": i.energy, "shift_in_std_errors": i.shift,
            })).collect::<Vec<_>>(),
            "flags": fit.flags,
        })
    })
}
