//! Which graphics processors there are.

use std::path::Path;
use wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};

/// A graphics processor as one of its drivers shows it. A card with two drivers appears twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// The name the driver gives, such as `NVIDIA H200`.
    pub name: String,
    /// What sort of processor it is.
    pub kind: Kind,
    /// The interface it is driven through: `vulkan`, `metal` or `dx12`.
    pub interface: &'static str,
    /// Name and version of the driver, as far as it tells.
    pub driver: String,
    /// Its memory, bytes, where the driver says so (Vulkan).
    pub memory: Option<u64>,
    /// The largest buffer that can be made, bytes.
    pub largest_buffer: u64,
    /// The largest part of a buffer that a kernel can be given, bytes.
    pub largest_binding: u64,
    /// How many buffers a kernel can be given.
    pub bindings: u32,
}

/// Sorts of processors, the ones to prefer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A card with memory of its own.
    Discrete,
    /// Part of the processor chip, sharing its memory.
    Integrated,
    /// A share of a card, given to a virtual machine.
    Virtual,
    /// The driver does not say.
    Unknown,
    /// No graphics processor at all: a program that plays one on the CPU.
    Software,
}

impl Kind {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discrete => "graphics card",
            Self::Integrated => "integrated graphics",
            Self::Virtual => "virtual graphics",
            Self::Unknown => "graphics of unknown kind",
            Self::Software => "software, on the CPU",
        }
    }
}

/// The graphics processors of this machine, the ones to prefer first; none where no driver is installed.
pub fn adapters() -> Vec<Adapter> {
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
    enumerate(&instance).iter().map(describe).collect()
}

/// The same as `wgpu` knows them. Among equals the order is that of the driver, which is that of the numbers that
/// schedulers give.
pub(super) fn enumerate(instance: &Instance) -> Vec<wgpu::Adapter> {
    let mut found = pollster::block_on(instance.enumerate_adapters(Backends::PRIMARY));
    found.sort_by_key(kind);
    found
}

/// What the kernel of Linux shows where there is a card, of any maker, or one lent by Windows.
const FILES: [&str; 5] = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0", "/dev/mali0"];

/// May there be a card? Where there is none drivers need not be asked, which takes a tenth of a second and makes some of them
/// print what they miss.
pub fn card_possible() -> bool {
    !cfg!(target_os = "linux") || FILES.iter().any(|file| Path::new(file).exists())
}

/// What to say where the kernel of Linux shows a card that can compute and no driver does, which is usual in containers;
/// nothing where there is no card, or one was found.
pub fn unseen_card() -> Option<String> {
    let file = shown(Path::new("/")).filter(|_| cfg!(target_os = "linux"))?;
    adapters().iter().all(|adapter| adapter.kind == Kind::Software).then(|| unseen(&file))
}

/// The file by which a card is shown below the root of the file system: one of NVIDIA, one lent by Windows, or of any
/// maker what programs may compute on. (A screen without that is no card.)
fn shown(root: &Path) -> Option<String> {
    let nodes = std::fs::read_dir(root.join("dev/dri")).into_iter().flatten().flatten();
    let nodes = nodes.filter_map(|node| node.file_name().into_string().ok());
    let node = nodes.filter(|name| name.starts_with("renderD")).min();
    let known = ["/dev/nvidiactl", "/dev/dxg"].into_iter().find(|file| root.join(&file[1..]).exists());
    known.map(str::to_string).or_else(|| node.map(|name| format!("/dev/dri/{name}")))
}

fn unseen(file: &str) -> String {
    let container = if file.contains("nvidia") {
        ", in a container also NVIDIA_DRIVER_CAPABILITIES with `graphics`"
    } else {
        ""
    };
    format!(
        "{file} stands for a graphics processor, but no driver for Vulkan shows it: this takes the Vulkan loader (libvulkan1) \
         and the driver's ICD file{container} (docs/gpu.md, \"When no card is found\")"
    )
}

fn kind(adapter: &wgpu::Adapter) -> Kind {
    match adapter.get_info().device_type {
        DeviceType::DiscreteGpu => Kind::Discrete,
        DeviceType::IntegratedGpu => Kind::Integrated,
        DeviceType::VirtualGpu => Kind::Virtual,
        DeviceType::Other => Kind::Unknown,
        DeviceType::Cpu => Kind::Software,
    }
}

pub(super) fn describe(adapter: &wgpu::Adapter) -> Adapter {
    let (info, limits) = (adapter.get_info(), adapter.limits());
    Adapter {
        name: info.name,
        kind: kind(adapter),
        interface: info.backend.to_str(),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
        memory: memory(adapter),
        largest_buffer: limits.max_buffer_size,
        largest_binding: limits.max_storage_buffer_binding_size,
        bindings: limits.max_storage_buffers_per_shader_stage,
    }
}

/// The memory of a device, bytes: the largest heap, of a card with memory of its own the largest of these.
#[cfg(any(windows, target_os = "linux", target_os = "android", target_os = "freebsd"))]
#[allow(unsafe_code)]
fn memory(adapter: &wgpu::Adapter) -> Option<u64> {
    // SAFETY: the handle is only asked what it is, while the adapter that owns it is borrowed; nothing is destroyed.
    let vulkan = unsafe { adapter.as_hal::<wgpu::hal::api::Vulkan>() }?;
    let instance = vulkan.shared_instance().raw_instance();
    // SAFETY: instance and physical device belong together and both live as long as the adapter.
    let properties = unsafe { instance.get_physical_device_memory_properties(vulkan.raw_physical_device()) };
    let heaps = properties.memory_heaps.iter().take(properties.memory_heap_count as usize);
    // VK_MEMORY_HEAP_DEVICE_LOCAL_BIT is the first.
    let shared = !matches!(kind(adapter), Kind::Discrete | Kind::Virtual);
    heaps.filter(|heap| shared || heap.flags.as_raw() & 1 != 0).map(|heap| heap.size).max()
}

/// Other interfaces do not say.
#[cfg(not(any(windows, target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn memory(_: &wgpu::Adapter) -> Option<u64> {
    None
}

/// Where schedulers say which graphics processors of a machine a job has, the narrowest first. Vulkan does not look there.
const GIVEN: [&str; 4] =
    ["SLURM_STEP_GPUS", "SLURM_JOB_GPUS", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"];

/// Which of so many equal cards a job is to use: the first of those that it was given, by the numbers of the
/// machine. Where there are not as many, the others are hidden, and the first that can be seen is one of its own.
pub(super) fn given(count: usize, variable: impl Fn(&str) -> Option<String>) -> usize {
    let number = |name: &&str| {
        let text = variable(name)?;
        let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<usize>().ok()
    };
    GIVEN.iter().find_map(number).filter(|number| *number < count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_without_a_driver_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(shown(root.path()), None);
        let dri = root.path().join("dev/dri");
        std::fs::create_dir_all(&dri).unwrap();
        std::fs::write(dri.join("card0"), "").unwrap();
        assert_eq!(shown(root.path()), None, "a screen is no card");
        for (file, expected, capabilities) in [
            ("dev/dri/renderD129", "/dev/dri/renderD129", false),
            ("dev/dri/renderD128", "/dev/dri/renderD128", false),
            ("dev/dxg", "/dev/dxg", false),
            ("dev/nvidiactl", "/dev/nvidiactl", true),
        ] {
            std::fs::write(root.path().join(file), "").unwrap();
            assert_eq!(shown(root.path()).as_deref(), Some(expected));
            let text = unseen(expected);
            assert!(text.starts_with(expected) && text.contains("libvulkan1"), "{text}");
            assert_eq!(text.contains("NVIDIA_DRIVER_CAPABILITIES"), capabilities, "{text}");
            assert!(!text.contains('\n'), "{text}");
        }
    }

    #[test]
    fn a_job_uses_the_card_that_it_was_given() {
        let of = |count: usize, set: &[(&str, &str)]| {
            given(count, |name| set.iter().find(|own| own.0 == name).map(|own| own.1.to_string()))
        };
        assert_eq!(of(4, &[]), 0);
        assert_eq!(of(4, &[("SLURM_JOB_GPUS", "2,3")]), 2);
        assert_eq!(of(4, &[("SLURM_JOB_GPUS", "0-3"), ("SLURM_STEP_GPUS", "1")]), 1);
        // Slurm shows the job its own card only.
        assert_eq!(of(1, &[("SLURM_JOB_GPUS", "3"), ("CUDA_VISIBLE_DEVICES", "0")]), 0);
        assert_eq!(of(4, &[("CUDA_VISIBLE_DEVICES", "GPU-8932f937")]), 0);
    }
}
