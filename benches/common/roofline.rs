//! What a graphics processor does at best: bytes that it moves and operations in single precision, a second.

use std::time::{Duration, Instant};

/// The two limits of a kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roof {
    /// Operations a second; a multiplication with an addition counts as two.
    pub(crate) flops: f64,
    /// Bytes a second, read and written.
    pub(crate) bytes: f64,
}

impl Roof {
    /// The least time for so many operations and bytes, s.
    pub(crate) fn time(&self, flops: f64, bytes: f64) -> f64 {
        (flops / self.flops).max(bytes / self.bytes)
    }
}

/// Every thread moves a vector of four.
const COPY: &str = "
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> sink: array<vec4<f32>>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let i = id.x;
    if i < arrayLength(&source) { sink[i] = source[i] + vec4<f32>(1.0); }
}";

/// Every thread works on eight vectors that do not wait for each other.
const MULTIPLY: &str = "
@group(0) @binding(0) var<storage, read> source: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> sink: array<vec4<f32>>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let a = source[id.x % arrayLength(&source)];
    let b = vec4<f32>(0.999);
    var x0 = a; var x1 = a + b; var x2 = a - b; var x3 = a * b;
    var x4 = b; var x5 = -a; var x6 = b - a; var x7 = a * a;
    for (var k = 0u; k < 256u; k++) {
        x0 = fma(x0, b, a); x1 = fma(x1, b, a); x2 = fma(x2, b, a); x3 = fma(x3, b, a);
        x4 = fma(x4, b, a); x5 = fma(x5, b, a); x6 = fma(x6, b, a); x7 = fma(x7, b, a);
    }
    sink[id.x % arrayLength(&sink)] = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
}";

/// Operations of a thread of `MULTIPLY`.
const OPERATIONS: f64 = 256.0 * 8.0 * 4.0 * 2.0;

const MEASURE: Duration = Duration::from_millis(500);

/// The limits of the adapter of this name; nothing if it cannot be opened.
pub(crate) fn measure(name: &str) -> Option<Roof> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let adapter = found.into_iter().find(|adapter| adapter.get_info().name == name)?;
    let limits = adapter.limits();
    // Larger than any cache, where a kernel can be given as much.
    let bytes = limits.max_storage_buffer_binding_size.min(1 << 29) / 4096 * 4096;
    let bytes = if adapter.get_info().device_type == wgpu::DeviceType::Cpu { bytes / 4 } else { bytes };
    let groups = (bytes / 4096).min(u64::from(limits.max_compute_workgroups_per_dimension));
    let bytes = 4096 * groups;
    let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).ok()?;
    let buffer = || {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        })
    };
    let (source, sink) = (buffer(), buffer());
    let time = |text: &str, groups: u32| {
        let kernel =
            wgpu::ShaderModuleDescriptor { label: None, source: wgpu::ShaderSource::Wgsl(text.into()) };
        // As mlmd's kernels are compiled: a count of the turns of a loop would be most of its work.
        let checks =
            wgpu::ShaderRuntimeChecks { bounds_checks: true, ..wgpu::ShaderRuntimeChecks::unchecked() };
        // SAFETY: the loop of the two kernels above ends, and indices are checked.
        #[allow(unsafe_code)]
        let module = unsafe { device.create_shader_module_trusted(kernel, checks) };
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: None,
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let entries = [&source, &sink].map(wgpu::Buffer::as_entire_binding);
        let entries: Vec<_> = (0..)
            .zip(entries)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let bound = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let run = |times: u32| {
            let clock = Instant::now();
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &bound, &[]);
            (0..times).for_each(|_| pass.dispatch_workgroups(groups, 1, 1));
            drop(pass);
            queue.submit([encoder.finish()]);
            device.poll(wgpu::PollType::wait_indefinitely()).ok()?;
            Some(clock.elapsed())
        };
        run(1)?;
        let mut times = 1;
        loop {
            let spent = run(times)?;
            if spent > MEASURE || times > 1 << 12 {
                return Some(spent.as_secs_f64() / f64::from(times));
            }
            times *= 2;
        }
    };
    let groups = groups as u32;
    let moved = 2.0 * bytes as f64 / time(COPY, groups)?;
    let busy = groups.min(1 << 13);
    let done = OPERATIONS * 256.0 * f64::from(busy) / time(MULTIPLY, busy)?;
    Some(Roof { flops: done, bytes: moved })
}
