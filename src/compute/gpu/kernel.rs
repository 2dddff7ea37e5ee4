//! From the text of a kernel to something that can be run.

use super::device::Device;
use crate::error::{Error, Result};
use std::fmt::Write;
use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, BindGroupLayoutDescriptor,
    BindGroupLayoutEntry, BindingType, Buffer, BufferBindingType, ComputePass, ComputePipeline,
    ComputePipelineDescriptor, PipelineCompilationOptions, PipelineLayoutDescriptor, ShaderModuleDescriptor,
    ShaderRuntimeChecks, ShaderSource, ShaderStages,
};

/// What is checked while kernels run: indices, for a smallest of two numbers each. A count of the turns of every loop,
/// against endless ones, would keep loops over constants from being unrolled.
const CHECKS: ShaderRuntimeChecks =
    ShaderRuntimeChecks { bounds_checks: true, ..ShaderRuntimeChecks::unchecked() };

/// What a kernel does with a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The same few numbers for every thread.
    Uniform,
    /// It reads.
    Read,
    /// It writes, and may read.
    Write,
}

/// A kernel, compiled for a device.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    pipeline: ComputePipeline,
    layout: BindGroupLayout,
}

/// The constants a kernel is compiled with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Constants(String);

impl Constants {
    /// A count or an offset.
    pub(super) fn count(&mut self, name: &str, value: usize) -> &mut Self {
        let _ = writeln!(self.0, "const {name}: u32 = {value}u;");
        self
    }

    /// A real number.
    pub(super) fn real(&mut self, name: &str, value: f64) -> &mut Self {
        let _ = writeln!(self.0, "const {name}: f32 = {:?};", value as f32);
        self
    }

    /// A choice.
    pub(super) fn choice(&mut self, name: &str, value: bool) -> &mut Self {
        let _ = writeln!(self.0, "const {name}: bool = {value};");
        self
    }
}

/// A kernel's text: its constants, and the files it is made of.
pub(super) fn source(constants: &Constants, files: &[&str]) -> String {
    let mut text = constants.0.clone();
    for file in files {
        text.push('\n');
        text.push_str(file);
    }
    text
}

impl Kernel {
    /// Compiles a text whose binding `n` is used as `uses[n]` says.
    pub(super) fn new(device: &Device, name: &'static str, text: &str, uses: &[Use]) -> Result<Self> {
        let entries: Vec<_> = uses
            .iter()
            .enumerate()
            .map(|(binding, usage)| BindGroupLayoutEntry {
                binding: binding as u32,
                visibility: ShaderStages::COMPUTE,
                ty: BindingType::Buffer {
                    ty: match usage {
                        Use::Uniform => BufferBindingType::Uniform,
                        Use::Read => BufferBindingType::Storage { read_only: true },
                        Use::Write => BufferBindingType::Storage { read_only: false },
                    },
                    has_dynamic_offset: false,
                    min_binding_size: None,
                },
                count: None,
            })
            .collect();
        let compile = || {
            let gpu = &device.handle;
            let shader =
                ShaderModuleDescriptor { label: Some(name), source: ShaderSource::Wgsl(text.into()) };
            // SAFETY: the kernels come with this program and nothing of them is made from input but numbers. Their
            // loops count to an end that does not move or halve a range, and what they divide by is a constant or at least one.
            #[allow(unsafe_code)]
            let module = unsafe { gpu.create_shader_module_trusted(shader, CHECKS) };
            let layout = gpu.create_bind_group_layout(&BindGroupLayoutDescriptor {
                label: Some(name),
                entries: &entries,
            });
            let pipeline_layout = gpu.create_pipeline_layout(&PipelineLayoutDescriptor {
                label: Some(name),
                bind_group_layouts: &[Some(&layout)],
                ..PipelineLayoutDescriptor::default()
            });
            let pipeline = gpu.create_compute_pipeline(&ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some("main"),
                // Every kernel writes what it reads.
                compilation_options: PipelineCompilationOptions {
                    zero_initialize_workgroup_memory: false,
                    ..PipelineCompilationOptions::default()
                },
                cache: None,
            });
            Self { pipeline, layout }
        };
        device.guarded(compile).map_err(|error| Error::Internal(format!("the kernel `{name}`: {error}")))
    }

    /// Gives the kernel its buffers, in the order of their bindings.
    pub(super) fn bind(&self, device: &Device, buffers: &[&Buffer]) -> BindGroup {
        let entries: Vec<_> = buffers
            .iter()
            .enumerate()
            .map(|(binding, buffer)| BindGroupEntry {
                binding: binding as u32,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        device.handle.create_bind_group(&BindGroupDescriptor {
            label: None,
            layout: &self.layout,
            entries: &entries,
        })
    }

    /// Runs the kernel in `count` workgroups.
    pub(super) fn run(&self, device: &Device, pass: &mut ComputePass<'_>, bound: &BindGroup, count: u32) {
        if count > 0 {
            let [x, y] = device.grid(count);
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, bound, &[]);
            pass.dispatch_workgroups(x, y, 1);
        }
    }
}

impl Kernel {
    /// Runs the kernel in as many workgroups as three words of a buffer say, from byte `at` on.
    pub(super) fn run_indirect(
        &self,
        pass: &mut ComputePass<'_>,
        bound: &BindGroup,
        arguments: &Buffer,
        at: u64,
    ) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, bound, &[]);
        pass.dispatch_workgroups_indirect(arguments, at);
    }
}

/// The files of `kernels/`.
pub(super) mod files {
    /// The box and the block of atoms in hand.
    pub(crate) const FRAME: &str = include_str!("../../../kernels/frame.wgsl");
    /// Positions and neighbours.
    pub(crate) const GEOMETRY: &str = include_str!("../../../kernels/geometry.wgsl");
    /// cos and sin.
    pub(crate) const ANGLES: &str = include_str!("../../../kernels/angles.wgsl");
    /// Other elementary functions.
    pub(crate) const FUNCTIONS: &str = include_str!("../../../kernels/functions.wgsl");
    /// Numbers that descriptors look up.
    pub(crate) const TABLES: &str = include_str!("../../../kernels/tables.wgsl");
    /// What every kernel of a descriptor begins with.
    pub(crate) const SHARED: [&str; 5] = [FRAME, GEOMETRY, TABLES, ANGLES, FUNCTIONS];
    /// What comes in and goes out where forces between pairs are computed, the repulsion of nuclei included.
    pub(crate) const PAIR_FORCES: [&str; 2] =
        [include_str!("../../../kernels/repulsion.wgsl"), include_str!("../../../kernels/pair_forces.wgsl")];
    /// What the kernels of expansions share.
    pub(crate) const EXPANSION: &str = include_str!("../../../kernels/expansion.wgsl");
    /// Descriptors of expansions.
    pub(crate) const EXPANSION_VALUES: &str = include_str!("../../../kernels/expansion_values.wgsl");
    /// Their derivatives.
    pub(crate) const EXPANSION_PAIRS: &str = include_str!("../../../kernels/expansion_pairs.wgsl");
    /// What the kernels of symmetry functions share.
    pub(crate) const SYMMETRY: &str = include_str!("../../../kernels/symmetry.wgsl");
    /// Symmetry functions.
    pub(crate) const SYMMETRY_VALUES: &str = include_str!("../../../kernels/symmetry_values.wgsl");
    /// Their derivatives.
    pub(crate) const SYMMETRY_PAIRS: &str = include_str!("../../../kernels/symmetry_pairs.wgsl");
    /// Networks.
    pub(crate) const NETWORK: &str = include_str!("../../../kernels/network.wgsl");
    /// Forces on atoms.
    pub(crate) const GATHER: &str = include_str!("../../../kernels/gather.wgsl");
    /// Sums.
    pub(crate) const REDUCE: &str = include_str!("../../../kernels/reduce.wgsl");
    /// What the kernels of the dynamics know.
    pub(crate) const WORLD: &str = include_str!("../../../kernels/world.wgsl");
    /// Kick and drift.
    pub(crate) const MOTION: &str = include_str!("../../../kernels/motion.wgsl");
    /// Is a list complete?
    pub(crate) const WATCH: &str = include_str!("../../../kernels/watch.wgsl");
    /// What thermostats on all atoms leave to do.
    pub(crate) const RESCALE: &str = include_str!("../../../kernels/rescale.wgsl");
    /// The first half of a step.
    pub(crate) const FIRST_HALF: &str = include_str!("../../../kernels/first_half.wgsl");
    /// The second half.
    pub(crate) const SECOND_HALF: &str = include_str!("../../../kernels/second_half.wgsl");
    /// What is left to do where somebody looks.
    pub(crate) const END_OF_CHUNK: &str = include_str!("../../../kernels/end_of_chunk.wgsl");
    /// Are lists made?
    pub(crate) const BEGIN: &str = include_str!("../../../kernels/begin.wgsl");
    /// Products of integers.
    pub(crate) const INTEGERS: &str = include_str!("../../../kernels/integers.wgsl");
    /// Bins of the search for neighbours.
    pub(crate) const GRID: &str = include_str!("../../../kernels/grid.wgsl");
    /// Atoms into bins.
    pub(crate) const BINS: &str = include_str!("../../../kernels/bins.wgsl");
    /// Rows of the list.
    pub(crate) const SEARCH: &str = include_str!("../../../kernels/search.wgsl");
    /// The other half of each pair.
    pub(crate) const REVERSE: &str = include_str!("../../../kernels/reverse.wgsl");
    /// Sums over a workgroup.
    pub(crate) const SUMS: &str = include_str!("../../../kernels/sums.wgsl");
    /// Sums over a replica.
    pub(crate) const TOTAL: &str = include_str!("../../../kernels/total.wgsl");
    /// Rescaling of all velocities.
    pub(crate) const CSVR: &str = include_str!("../../../kernels/csvr.wgsl");
    /// Kinetic energies at the beginning of a step.
    pub(crate) const KINETIC: &str = include_str!("../../../kernels/kinetic.wgsl");
    /// Chains of fictitious masses.
    pub(crate) const NOSE_HOOVER: &str = include_str!("../../../kernels/nose_hoover.wgsl");
    /// Random numbers.
    pub(crate) const PHILOX: &str = include_str!("../../../kernels/philox.wgsl");
    /// Friction and noise.
    pub(crate) const LANGEVIN: &str = include_str!("../../../kernels/langevin.wgsl");
    /// The motion of the centre of mass.
    pub(crate) const MOMENTUM: &str = include_str!("../../../kernels/momentum.wgsl");
    /// The drift after friction and noise.
    pub(crate) const LANGEVIN_DRIFT: &str = include_str!("../../../kernels/langevin_drift.wgsl");
}
