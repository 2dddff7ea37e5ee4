//! Minimisation as a job of its own, and as the first stage of a run.

use crate::compute::Engine;
use crate::error::{Error, Result};
use crate::input::Plan;
use crate::io::{self, ColumnValues, Format, Frame, Precision, ReadOptions, Value, WriteOptions};
use crate::relax::{Relaxation, Settings, State, relax};
use crate::system::System;
use std::fs;
use std::path::Path;

/// The name of the relaxed structure in the folder of a run.
pub const RELAXED: &str = "relaxed.extxyz";

/// Relaxes a system; every step goes to `watch`, and as a frame into `trajectory`, if there is one.
pub fn run(
    system: &System,
    engine: &mut Engine,
    settings: &Settings,
    trajectory: Option<&Path>,
    watch: &mut dyn FnMut(&State<'_>) -> Result<()>,
) -> Result<Relaxation> {
    let options = WriteOptions::default();
    let mut output = trajectory.map(|path| io::create(path, None, &options)).transpose()?;
    let done = relax(system, engine, settings, &mut |state| {
        if let Some(output) = &mut output {
            let mut frame = Frame::at_rest(state.system);
            frame.energy = Some(state.energy);
            frame.step = Some(state.step);
            output.write(&frame)?;
        }
        watch(state)
    });
    // What was written stays readable, however the minimisation ended.
    let finished = output.map_or(Ok(()), io::WriteFrames::finish);
    let done = done?;
    finished.map(|()| done)
}

/// The structure with energy, forces and stress, and how it was made.
pub fn frame(done: &Relaxation, engine: &mut Engine) -> Result<Frame> {
    let mut frame = Frame::at_rest(&done.system);
    let found = engine.evaluate(&done.system)?;
    frame.energy = Some(found.energy);
    frame.forces = Some(found.forces.clone());
    frame.stress = done.system.cell.is_bulk().then(|| found.stress(done.system.cell.volume()));
    frame.info.insert("relax_steps".into(), Value::Integer(done.steps as i64));
    frame.info.insert("relax_converged".into(), Value::Flag(done.stopped.is_none()));
    Ok(frame)
}

/// Writes one frame so that it reads back as the same bits.
pub fn write(frame: &Frame, path: &Path) -> Result<()> {
    let mut output = io::create_whole(path, None, &WriteOptions { precision: Precision::Seventeen })?;
    output.write(frame)?;
    output.finish()
}

/// The column of a frame that says which atoms may move.
const MOVE_MASK: &str = "move_mask";

/// What the file of a structure says of atoms that must not move stays true of what it becomes.
pub fn mark(relaxed: &mut Frame, before: &Frame) {
    if let Some(mask) = before.columns.get(MOVE_MASK) {
        relaxed.columns.insert(MOVE_MASK.into(), mask.clone());
    }
}

/// Refuses flags about lattice vectors that say another thing than the same flags about x, y and z, which are what a
/// minimisation holds.
pub fn check_axes(frame: &Frame) -> Result<()> {
    let Some(axes) = frame.text("move_mask_axes") else { return Ok(()) };
    Err(Error::invalid(format!(
        "{}: selective dynamics holds some atoms along {axes} that are not x, y or z\n   \
         expected atoms that are free or held in all directions, or a cell whose vectors lie along the axes",
        frame.origin
    )))
}

/// Which coordinates a file says must not move (`move_mask`, selective dynamics); empty if it says nothing.
pub fn held(frame: &Frame) -> Vec<[bool; 3]> {
    let Some(column) = frame.columns.get(MOVE_MASK) else { return Vec::new() };
    let ColumnValues::Flags(free) = &column.values else { return Vec::new() };
    match column.width {
        1 => free.iter().map(|free| [!free; 3]).collect(),
        3 => free.chunks_exact(3).map(|free| [!free[0], !free[1], !free[2]]).collect(),
        _ => Vec::new(),
    }
}

/// How the stage of a run ended.
#[derive(Debug)]
pub enum Stage {
    /// The run has none.
    None,
    /// It had been done before: its result was read.
    Read,
    /// It was done now.
    Done(Box<Relaxation>),
}

/// The stage `[relax]` of a run: relaxes the structure into [`RELAXED`] in the folder of the run, or reads what is
/// there from before, and returns the structure to go on with. Either way it is the structure in the file, so that a
/// run that goes on has the same bits.
pub fn stage(
    plan: &Plan,
    system: &System,
    engine: &mut Engine,
    watch: &mut dyn FnMut(&State<'_>) -> Result<()>,
) -> Result<(System, Stage)> {
    let Some(table) = &plan.relax else { return Ok((system.clone(), Stage::None)) };
    let folder = &plan.output.directory;
    let path = folder.join(RELAXED);
    let stage = if path.exists() {
        Stage::Read
    } else {
        let mut settings = table.settings();
        let fixed = plan.dynamics.as_ref().and_then(|dynamics| dynamics.fixed.as_ref());
        if let Some(fixed) = fixed.filter(|fixed| !fixed.is_empty()) {
            settings.freedom.held = vec![[false; 3]; system.len()];
            for atom in fixed {
                settings.freedom.held[*atom] = [true; 3];
            }
        }
        let done = run(system, engine, &settings, None, watch)?;
        if let Some(reason) = &done.stopped {
            if done.interrupted {
                return Err(Error::Interrupted(reason.clone()));
            }
            return Err(Error::Physics(format!(
                "[relax] has not converged: {reason} (largest force {:.3e} eV/Å)",
                done.force
            )));
        }
        fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
        // Under its own name only when it is whole.
        let writing = folder.join("relaxed.writing.extxyz");
        write(&frame(&done, engine)?, &writing)?;
        fs::rename(&writing, &path).map_err(Error::io(&path, "write"))?;
        Stage::Done(Box::new(done))
    };
    let options = ReadOptions { format: Some(Format::ExtendedXyz), ..ReadOptions::default() };
    let frame = io::open(&path, &options)?.next().transpose()?;
    let missing = || Error::invalid(format!("{}: the file holds no structure; delete it", path.display()));
    let relaxed = frame.ok_or_else(missing)?.to_system()?;
    if relaxed.species != system.species {
        return Err(Error::invalid(format!(
            "{}: these are not the atoms of this run; delete the file, or use `--restart fresh`",
            path.display()
        )));
    }
    Ok((relaxed, stage))
}
