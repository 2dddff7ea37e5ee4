//! The kernels of a loop on a device, compiled.

use super::Drive;
use crate::compute::gpu::device::Device;
use crate::compute::gpu::kernel::{Constants, Kernel, Use, files, source};
use crate::error::{Error, Result};

/// What a step is made of, beside the kernels of the forces.
#[derive(Debug)]
pub(super) struct Programs {
    /// From the velocities to the new positions.
    pub(super) first: Kernel,
    /// Langevin: momentum and drift after friction and noise.
    pub(super) between: Option<[Kernel; 2]>,
    pub(super) begin: Kernel,
    pub(super) bins: Kernel,
    pub(super) search: Kernel,
    pub(super) reverse: Kernel,
    pub(super) second: Kernel,
    /// Nosé–Hoover: kinetic energies and half a step of the chain before all that.
    pub(super) before: Option<[Kernel; 2]>,
    /// Thermostats on all atoms: what they find, and what is left of it at the end.
    pub(super) thermostat: Option<[Kernel; 2]>,
}

const MOVING: [Use; 5] = [Use::Uniform, Use::Write, Use::Write, Use::Write, Use::Read];

impl Programs {
    pub(super) fn new(device: &Device, drive: Drive, row_room: u32) -> Result<Self> {
        use Use::{Read, Uniform, Write};
        let none = Constants::default();
        let kernel = |name, constants: &Constants, parts: &[&str], uses: &[Use]| {
            let text = source(constants, &[&[files::WORLD], parts].concat());
            Kernel::new(device, name, &text, uses)
        };
        let moving = |more: &[Use]| [&MOVING[..], more].concat();
        let (first, between) = if drive == Drive::Langevin {
            let parts =
                [files::MOTION, files::ANGLES, files::INTEGERS, files::PHILOX, files::SUMS, files::LANGEVIN];
            let first = kernel("langevin", &none, &parts, &moving(&[Read, Write]))?;
            let parts = [files::SUMS, files::MOMENTUM, files::TOTAL];
            let momentum = kernel("momentum", &none, &parts, &[Uniform, Write, Read, Write, Write])?;
            let parts = [files::MOTION, files::WATCH, files::LANGEVIN_DRIFT];
            (first, Some([momentum, kernel("langevin drift", &none, &parts, &moving(&[Read, Read]))?]))
        } else {
            let parts = [files::MOTION, files::WATCH, files::RESCALE, files::FIRST_HALF];
            (kernel("first half", &none, &parts, &moving(&[Read, Write]))?, None)
        };
        let left = |name, file| {
            let parts = [files::MOTION, files::WATCH, files::RESCALE, files::SUMS, file];
            kernel(name, &none, &parts, &moving(&[Read, Write, Write]))
        };
        let finish = || {
            let parts = [files::MOTION, files::WATCH, files::RESCALE, files::END_OF_CHUNK];
            kernel("end of chunk", &none, &parts, &moving(&[Read, Write]))
        };
        let found = [Uniform, Write, Read, Read, Write, Write];
        let (before, thermostat) = match drive {
            Drive::Constant | Drive::Langevin => (None, None),
            Drive::Csvr => {
                let parts = [files::SUMS, files::CSVR, files::TOTAL];
                (None, Some([kernel("csvr", &none, &parts, &found)?, finish()?]))
            }
            Drive::NoseHoover { links } => {
                let half = |end: bool| {
                    let mut constants = Constants::default();
                    constants.count("LINKS", links).choice("END", end);
                    let parts = [files::SUMS, files::NOSE_HOOVER, files::TOTAL];
                    kernel("nose-hoover", &constants, &parts, &[&found[..], &[Write]].concat())
                };
                let before = [left("kinetic", files::KINETIC)?, half(false)?];
                (Some(before), Some([half(true)?, finish()?]))
            }
        };
        let mut sums = Constants::default();
        sums.choice("SUMS", thermostat.is_some());
        let parts = [files::MOTION, files::SUMS, files::SECOND_HALF];
        let second = kernel("second half", &sums, &parts, &moving(&[Write]))?;
        let parts = [files::INTEGERS, files::GRID, files::BINS];
        let bins = kernel("bins", &none, &parts, &[Uniform, Write, Read, Write, Write, Write])?;
        Ok(Self {
            first,
            between,
            begin: kernel("begin", &none, &[files::BEGIN], &[Uniform, Write, Write])?,
            bins,
            search: search(device, row_room)?,
            reverse: kernel(
                "reverse",
                &none,
                &[files::REVERSE],
                &[Uniform, Write, Read, Read, Read, Write, Write],
            )?,
            second,
            before,
            thermostat,
        })
    }
}

/// The search for neighbours, for rows of so much room.
pub(super) fn search(device: &Device, row_room: u32) -> Result<Kernel> {
    use Use::{Read, Uniform, Write};
    let memory = device.limits.max_compute_workgroup_storage_size;
    if 8 * row_room + 8 > memory {
        return Err(Error::Device(format!(
            "{}: an atom has more than {} neighbours, for which a workgroup has no room",
            device.name(),
            (memory - 8) / 8
        )));
    }
    let mut constants = Constants::default();
    constants.count("ROOM", row_room as usize);
    let text = source(&constants, &[files::WORLD, files::INTEGERS, files::GRID, files::SEARCH]);
    Kernel::new(device, "search", &text, &[Uniform, Write, Read, Read, Read, Write, Write, Read])
}
