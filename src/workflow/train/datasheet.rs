//! `datasheet.md`: what whoever uses the potential must know, ready for `potentials/NAME/README.md`.

use super::members::Member;
use super::page::{Told, digits};
use super::prepared::Prepared;
use crate::compute::{Engine, Options};
use crate::digest;
use crate::error::Result;
use crate::input::train::FrameFile;
use crate::io::{Frame, Value};
use crate::potential::{NeuralModel, NeuralPotential, Precision};
use crate::workflow::{Spread, bench, closest, sample};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Atoms that the cost is measured with, steps at a time, and how long at least.
const ATOMS: usize = 256;
const STEPS: u64 = 5;
const MEASURED: Duration = Duration::from_millis(500);

/// Time per atom and step on one thread, µs, of the quickest step (whatever else the machine does, it only makes steps longer), on
/// copies of the first frame, and how many atoms these have.
/// `None` for a frame that cannot be repeated to a fair size.
pub(super) fn cost(model: &NeuralModel, prepared: &Prepared) -> Result<Option<(f64, usize)>> {
    let Some(sample) = prepared.samples.first() else { return Ok(None) };
    let system = sample::enlarged(&sample.frame.to_system()?, ATOMS)?;
    if system.len() < ATOMS {
        return Ok(None);
    }
    let potential = NeuralPotential::new(Arc::new(model.clone()), Precision::Double);
    let options = Options { threads: 1, ..Options::default() };
    let mut engine = Engine::new(Box::new(potential), options)?;
    let (begin, mut quickest) = (Instant::now(), Duration::MAX);
    while begin.elapsed() < MEASURED {
        let timing = bench::run(&mut engine, &system, STEPS, &mut |_| ())?;
        quickest = timing.steps.first().copied().unwrap_or(quickest).min(quickest);
    }
    Ok(Some((quickest.as_secs_f64() * 1e6 / system.len() as f64, system.len())))
}

/// The data sheet; `potential` is the file that was written.
pub(super) fn text(told: &Told<'_>, model: &NeuralModel, potential: &Path) -> Result<String> {
    let Told { plan, prepared, request, report, .. } = told;
    let mut out = format!("# {}\n\n", told.title());
    let elements: Vec<_> = prepared.set.elements().iter().map(|e| e.symbol()).collect();
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(out, "- **{name}:** {value}");
    };
    fact("Elements", elements.join(", "));
    let numbers: Vec<_> = (0..elements.len()).map(|s| prepared.set.len(s).to_string()).collect();
    fact(
        "Descriptor",
        format!("{}, {} numbers ({})", prepared.set.name(), numbers.join(" + "), elements.join(", ")),
    );
    fact("Cutoff", format!("{} Å", prepared.set.cutoff()));
    fact("Networks", networks(model));
    if let Some((us, atoms)) = report.cost {
        fact(
            "Cost",
            format!(
                "{} µs per atom and step (one thread, double precision, {atoms} atoms, `mlmd bench`)",
                digits(us)
            ),
        );
    }
    fact("Potential, SHA-256", format!("`{}`", digest::of_file(potential)?));
    fact(
        "Made by",
        format!("mlmd {} `train`, seed {}, input and data SHA-256 `{}`", crate::VERSION, plan.seed, request),
    );
    if let Some(transfer) = &plan.transfer {
        fact("Begun from", format!("`{}`", transfer.potential.display()));
    }
    fact(
        "Licence",
        plan.output
            .licence
            .clone()
            .unwrap_or_else(|| "not stated; `[output] licence` of the input states it".into()),
    );

    let training = "training, validation";
    out.push_str("\n## Frames\n\n");
    if let Some(source) = &plan.data.source {
        let _ = writeln!(out, "{source}\n");
    }
    out.push_str("| file | used for | SHA-256 |\n|---|---|---|\n");
    let validate = !plan.data.validate.is_empty();
    for (files, used) in [
        (&plan.data.frames, if validate { "training" } else { training }),
        (&plan.data.validate, "validation"),
        (&plan.data.test, "test"),
    ] {
        for file in files {
            let _ = writeln!(out, "| {} | {used} | `{}` |", named(file), digest::of_file(&file.file)?);
        }
    }
    out.push('\n');
    out.push_str(&split(told));
    out.push('\n');
    ranges(&mut out, prepared)?;

    out.push_str("\n## Errors\n\n");
    out.push_str(&told.errors().markdown());
    if let Some(table) = told.elements() {
        let _ = write!(out, "\n{}", table.markdown());
    }
    out.push_str(
        "\nErrors of forces are over components. Frames of the validation, which are among those learnt from, told the epoch; those of the test, where \
         there are any, decided nothing.\n",
    );
    Ok(out)
}

fn named(file: &FrameFile) -> String {
    let name = file
        .file
        .file_name()
        .map_or_else(|| file.file.display().to_string(), |n| n.to_string_lossy().into_owned());
    let chosen = file.select.as_ref().map_or(String::new(), |s| format!(", frames {s}"));
    let weight = if file.weight == 1.0 { String::new() } else { format!(", weight {}", file.weight) };
    format!("`{name}`{chosen}{weight}")
}

fn networks(model: &NeuralModel) -> String {
    let first = &model.members()[0];
    let shape = |network: &crate::potential::Network| {
        let widths = network.layers().iter().map(|l| l.outputs().to_string());
        let hidden = network.layers().first().map_or("", |l| l.activation.name());
        format!("{}-{} {hidden}", network.inputs(), widths.collect::<Vec<_>>().join("-"))
    };
    let each: Vec<_> =
        model.elements().iter().zip(first).map(|(e, a)| format!("{e} {}", shape(&a.network))).collect();
    let parameters: usize = first.iter().map(|a| a.network.parameters()).sum();
    let members = match model.members().len() {
        1 => String::new(),
        n => format!(", a committee of {n}"),
    };
    format!("{}; {parameters} parameters{members}", each.join(", "))
}

fn split(told: &Told<'_>) -> String {
    let Told { plan, prepared, members, report, .. } = told;
    let Some(Member { split: first, .. }) = members.first() else { return String::new() };
    let mut text = format!("{} frames train, {} validate", first.train.len(), first.validation.len());
    if prepared.learning == prepared.training && !first.validation.is_empty() {
        let _ = write!(text, " (drawn by seed {} from every config_type", plan.seed);
        text += if members.len() > 1 && plan.data.rotate {
            "; every member validates on another part)"
        } else {
            ")"
        };
    }
    if let Some(test) = &report.test {
        let _ = write!(text, ", {} test", test.all.frames);
    }
    text + ". `train.json` has the indices.\n"
}

/// Where the frames are: what a user must not leave.
fn ranges(out: &mut String, prepared: &Prepared) -> Result<()> {
    let frames = || prepared.samples[..prepared.learning].iter().map(|s| &s.frame);
    let (mut volume, mut force, mut distance, mut atoms) =
        (Spread::default(), Spread::default(), Spread::default(), Spread::default());
    let mut temperature = Spread::default();
    for frame in frames() {
        atoms.push(frame.len() as f64);
        if frame.cell.is_bulk() {
            volume.push(frame.cell.volume() / frame.len() as f64);
        }
        for f in frame.forces.iter().flatten() {
            force.push(f.norm());
        }
        if let Some(pair) = closest(&frame.cell, &frame.positions)? {
            distance.push(pair.distance);
        }
        if let Some(t) = temperature_of(frame) {
            temperature.push(t);
        }
    }
    let mut line = |name: &str, spread: &Spread, unit: &str, mean: bool| {
        if !spread.is_empty() {
            let middle = if mean { format!(", mean {}", digits(spread.mean())) } else { String::new() };
            let _ = writeln!(out, "- {name}: {} to {}{unit}{middle}", digits(spread.min), digits(spread.max));
        }
    };
    line("Atoms in a frame", &atoms, "", false);
    line("Volume per atom", &volume, " Å³", true);
    line("Nearest distance in a frame", &distance, " Å", false);
    line("Force on an atom", &force, " eV/Å", false);
    line("Temperature, as the frames state it", &temperature, " K", false);
    if !volume.is_empty() {
        let middle = volume.mean();
        let [low, high] = [volume.min, volume.max].map(|v| 100.0 * ((v / middle).cbrt() - 1.0));
        let _ = writeln!(
            out,
            "- Cube root of these volumes against that of their mean: {low:+.1} % to {high:+.1} %"
        );
    }
    Ok(())
}

fn temperature_of(frame: &Frame) -> Option<f64> {
    let found = frame.info.iter().find(|(key, _)| {
        matches!(key.to_ascii_lowercase().as_str(), "temperature" | "temp" | "t" | "temperature_k")
    });
    match found?.1 {
        Value::Real(t) => Some(*t),
        Value::Integer(t) => Some(*t as f64),
        _ => None,
    }
}
