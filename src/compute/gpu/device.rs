//! A graphics processor opened for computing.

use super::adapters::{self, Kind};
use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wgpu::{
    Buffer, BufferDescriptor, BufferUsages, CommandBuffer, ErrorFilter, Features, Instance,
    InstanceDescriptor, InstanceFlags, Limits, MapMode, PollType,
};

/// A graphics processor with its queue of work.
///
/// Whatever goes wrong on it (no memory left, the driver gives up, the card is pulled out) becomes an
/// [`Error::Device`] of the next call, never a panic.
#[derive(Debug)]
pub struct Device {
    pub(super) handle: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) limits: Limits,
    #[cfg(feature = "train-gpu")]
    origin: (Instance, wgpu::Adapter),
    name: String,
    kind: Kind,
    memory: Option<u64>,
    /// The first complaint that nobody was asking for.
    fault: Arc<Mutex<Option<String>>>,
}

/// The parts of an opened device.
#[cfg(feature = "train-gpu")]
pub(crate) struct Shared {
    pub(crate) instance: Instance,
    pub(crate) adapter: wgpu::Adapter,
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) backend: wgpu::Backend,
}

/// How long results may take to be handed over once the device has finished.
const PATIENCE: Duration = Duration::from_secs(10);

/// Storage buffers a kernel is given at most: WebGPU's default, which every device offers.
const BINDINGS: u32 = 8;

impl Device {
    /// Opens the best device there is, of several such the one a scheduler gave to this job; a program that plays one is
    /// the last choice. Nothing where there is none.
    ///
    /// # Errors
    /// [`Error::Device`] if it cannot be opened, or is no match for the kernels.
    pub fn open() -> Result<Option<Arc<Self>>> {
        Self::open_with(|_| Features::empty(), |limits| limits)
    }

    /// Opens the same device, which gives kernels so many bytes at once.
    #[cfg(test)]
    pub(crate) fn open_narrow(binding: u64) -> Result<Option<Arc<Self>>> {
        let narrow = |limits| Limits { max_storage_buffer_binding_size: binding, ..limits };
        Self::open_with(|_| Features::empty(), narrow)
    }

    /// Opens the same device with all that it can do, which burn's kernels make use of.
    #[cfg(feature = "train-gpu")]
    pub fn open_for_tensors() -> Result<Option<Arc<Self>>> {
        let unwanted = Features::MAPPABLE_PRIMARY_BUFFERS | Features::all_experimental_mask();
        Self::open_with(|all| all.difference(unwanted), |limits| limits)
    }

    /// Opens the device of this number, in the order of [`adapters()`](adapters::adapters): anew each time, so that one
    /// that is opened twice works as two.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none, and those of [`Device::open`].
    pub fn open_number(number: usize) -> Result<Arc<Self>> {
        let instance = instance();
        let mut found = adapters::enumerate(&instance);
        if number >= found.len() {
            return Err(Error::invalid(format!(
                "adapters: there is no graphics processor {number}\n   expected numbers that `mlmd info --devices` shows: \
                 there are {} of them, the first is 0",
                found.len()
            )));
        }
        Self::of(instance, found.swap_remove(number), |_| Features::empty(), |limits| limits)
    }

    fn open_with(
        features: impl Fn(Features) -> Features,
        limits: impl Fn(Limits) -> Limits,
    ) -> Result<Option<Arc<Self>>> {
        let instance = instance();
        let mut found = adapters::enumerate(&instance);
        let Some(described) = found.first().map(adapters::describe) else { return Ok(None) };
        found.retain(|adapter| {
            let other = adapters::describe(adapter);
            (other.kind, &other.driver) == (described.kind, &described.driver)
        });
        let adapter = found.swap_remove(adapters::given(found.len(), |name| std::env::var(name).ok()));
        Self::of(instance, adapter, features, limits).map(Some)
    }

    /// Opens an adapter; `instance` is where it was found.
    #[cfg_attr(not(feature = "train-gpu"), allow(clippy::needless_pass_by_value, unused_variables))]
    fn of(
        instance: Instance,
        adapter: wgpu::Adapter,
        features: impl Fn(Features) -> Features,
        limits: impl Fn(Limits) -> Limits,
    ) -> Result<Arc<Self>> {
        let described = adapters::describe(&adapter);
        let limits = limits(adapter.limits());
        if limits.max_storage_buffers_per_shader_stage < BINDINGS {
            return Err(Error::Device(format!(
                "{} hands {} buffers to a kernel, of the {BINDINGS} that are needed",
                described.name, limits.max_storage_buffers_per_shader_stage
            )));
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("mlmd"),
            required_features: features(adapter.features()),
            required_limits: limits.clone(),
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| Error::Device(format!("{} cannot be opened: {error}", described.name)))?;
        let (name, kind, memory) = (described.name, described.kind, described.memory);
        let opened = Self {
            handle: device,
            queue,
            limits,
            #[cfg(feature = "train-gpu")]
            origin: (instance, adapter),
            name,
            kind,
            memory,
            fault: Arc::default(),
        };
        opened.listen();
        Ok(Arc::new(opened))
    }

    /// Keeps what the device complains of for [`Device::check`].
    pub(crate) fn listen(&self) {
        let remember = {
            let fault = Arc::clone(&self.fault);
            move |what: String| {
                fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
            }
        };
        let lost = remember.clone();
        self.handle.on_uncaptured_error(Arc::new(move |error: wgpu::Error| remember(explain(&error))));
        self.handle
            .set_device_lost_callback(move |_, message| lost(format!("the device was lost: {message}")));
    }

    /// What burn's runtime needs to compute on this device.
    #[cfg(feature = "train-gpu")]
    pub(crate) fn share(&self) -> Shared {
        let (instance, adapter) = self.origin.clone();
        let backend = adapter.get_info().backend;
        Shared { instance, adapter, device: self.handle.clone(), queue: self.queue.clone(), backend }
    }

    /// Its memory, bytes, where the driver says so.
    pub fn memory(&self) -> Option<u64> {
        self.memory
    }

    /// The most bytes of a buffer that a kernel can be given.
    pub(crate) fn largest_binding(&self) -> u64 {
        self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size)
    }

    /// The name the driver gives.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What sort of processor it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// One line for a person, such as `NVIDIA H200 (graphics card)`.
    pub fn description(&self) -> String {
        format!("{} ({})", self.name, self.kind.name())
    }

    /// Loses the device.
    #[cfg(test)]
    pub(crate) fn lose(&self) {
        self.handle.destroy();
    }

    /// Asks for a buffer that no device gives, as a program does that knows nothing of limits.
    #[cfg(all(test, feature = "train-gpu"))]
    pub(crate) fn exceed(&self) {
        let size = (self.limits.max_buffer_size + 4).next_multiple_of(4);
        let usage = BufferUsages::STORAGE;
        let _ = self.handle.create_buffer(&BufferDescriptor {
            label: None,
            size,
            usage,
            mapped_at_creation: false,
        });
    }

    /// The complaint there was, if any.
    pub(crate) fn check(&self) -> Result<()> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.map_or(Ok(()), |what| Err(Error::Device(format!("{}: {what}", self.name))))
    }

    /// Runs `make` and turns what the device says against it into an error.
    pub(super) fn guarded<T>(&self, make: impl FnOnce() -> T) -> Result<T> {
        let invalid = self.handle.push_error_scope(ErrorFilter::Validation);
        let memory = self.handle.push_error_scope(ErrorFilter::OutOfMemory);
        let made = make();
        let complaints = [pollster::block_on(memory.pop()), pollster::block_on(invalid.pop())];
        match complaints.into_iter().flatten().next() {
            Some(error) => Err(Error::Device(format!("{}: {}", self.name, explain(&error)))),
            None => Ok(made),
        }
    }

    /// A buffer of at least `bytes` bytes for `what`.
    ///
    /// # Errors
    /// [`Error::Device`] if a kernel cannot be given as much, or the memory is not there.
    pub(super) fn buffer(&self, what: &'static str, bytes: u64, usage: BufferUsages) -> Result<Buffer> {
        let most = if usage.contains(BufferUsages::STORAGE) {
            self.largest_binding()
        } else {
            self.limits.max_buffer_size
        };
        // Every size is a multiple of the largest element, and nothing is empty.
        let size = bytes.max(16).next_multiple_of(16);
        if size > most {
            return Err(Error::Device(format!(
                "{}: the {what} take {} MB, and a kernel can be given {} MB at once: the system is too large for \
                 this device",
                self.name,
                size / 1_000_000,
                most / 1_000_000
            )));
        }
        let descriptor = BufferDescriptor { label: Some(what), size, usage, mapped_at_creation: false };
        self.guarded(|| self.handle.create_buffer(&descriptor))
    }

    /// A buffer that holds these words and does not change.
    pub(super) fn constant(&self, what: &'static str, words: &[u32]) -> Result<Buffer> {
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
        let buffer = self.buffer(what, 4 * words.len() as u64, usage)?;
        self.write(&buffer, words);
        Ok(buffer)
    }

    /// Sends words to the beginning of a buffer.
    pub(super) fn write(&self, buffer: &Buffer, words: &[u32]) {
        if !words.is_empty() {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            self.queue.write_buffer(buffer, 0, &bytes);
        }
    }

    /// Runs commands, waits for them, and hands the words of `staging` to `read`.
    pub(super) fn finish<T>(
        &self,
        commands: CommandBuffer,
        staging: &Buffer,
        bytes: u64,
        read: impl FnOnce(Words<'_>) -> T,
    ) -> Result<T> {
        self.queue.submit([commands]);
        let slice = staging.slice(..bytes.max(4));
        let (sender, receiver) = std::sync::mpsc::channel();
        slice.map_async(MapMode::Read, move |result| {
            // The receiver outlives the wait below.
            let _ = sender.send(result);
        });
        let waited = self.handle.poll(PollType::wait_indefinitely());
        self.check()?;
        waited.map_err(|error| Error::Device(format!("{}: {error}", self.name)))?;
        // Another thread that waits for the device may be the one that is told, a moment later.
        match receiver.recv_timeout(PATIENCE) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Error::Device(format!("{}: {error}", self.name))),
            Err(_) => return Err(Error::Device(format!("{}: the results never came", self.name))),
        }
        let view =
            slice.get_mapped_range().map_err(|error| Error::Device(format!("{}: {error}", self.name)))?;
        let result = read(Words(&view));
        drop(view);
        staging.unmap();
        Ok(result)
    }

    /// Gives back the memory of buffers that were destroyed and that nothing uses any more.
    pub(super) fn tidy(&self) {
        // A device that is lost says so to whoever computes on it next.
        let _ = self.handle.poll(PollType::Poll);
    }

    /// How many workgroups along two directions make `count` of them or a few more.
    pub(super) fn grid(&self, count: u32) -> [u32; 2] {
        let most = self.limits.max_compute_workgroups_per_dimension.max(1);
        [count.min(most), count.div_ceil(most)]
    }
}

/// Where devices are looked for.
fn instance() -> Instance {
    let mut descriptor = InstanceDescriptor::new_without_display_handle();
    // Numbers of workgroups that kernels write are those of `grid` or zero: checking them would cost a kernel each.
    descriptor.flags.remove(InstanceFlags::VALIDATION_INDIRECT_CALL);
    Instance::new(descriptor)
}

/// What a device wrote.
#[derive(Clone, Copy)]
pub(super) struct Words<'a>(&'a [u8]);

impl Words<'_> {
    /// The word at a place.
    pub(super) fn word(&self, at: usize) -> u32 {
        let bytes = &self.0[4 * at..4 * at + 4];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// The number at a place.
    pub(super) fn number(&self, at: usize) -> f64 {
        f64::from(f32::from_bits(self.word(at)))
    }
}

/// What a person can do something about comes first.
fn explain(error: &wgpu::Error) -> String {
    match error {
        wgpu::Error::OutOfMemory { .. } => "there is not enough memory on the device".to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgpu::CommandEncoderDescriptor;

    /// The device of this machine, or `None` after saying that the test is skipped.
    fn device() -> Option<Arc<Device>> {
        let device = Device::open().unwrap();
        if device.is_none() {
            eprintln!("skipped: there is no graphics processor, not even one that a program plays");
        }
        device
    }

    #[test]
    fn what_does_not_fit_is_refused_with_numbers() {
        let Some(device) = device() else { return };
        let most = device.limits.max_storage_buffer_binding_size;
        let complaint = device.buffer("forces", most + 16, BufferUsages::STORAGE).unwrap_err().to_string();
        assert!(
            matches!(device.buffer("forces", 100, BufferUsages::STORAGE), Ok(buffer) if buffer.size() == 112)
        );
        assert!(complaint.contains("the forces take") && complaint.contains("too large"), "{complaint}");
    }

    #[test]
    fn a_device_that_is_lost_is_an_error_and_no_panic() {
        let Some(device) = device() else { return };
        let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let staging = device.buffer("results", 64, usage).unwrap();
        let copy = |device: &Device| {
            let source = device.constant("numbers", &[7; 16])?;
            let mut encoder = device.handle.create_command_encoder(&CommandEncoderDescriptor { label: None });
            encoder.copy_buffer_to_buffer(&source, 0, &staging, 0, 64);
            device.finish(encoder.finish(), &staging, 64, |words| words.word(15))
        };
        // A source of copies is declared as such: this one is not, which the device says.
        assert!(matches!(copy(&device), Err(Error::Device(_))));
        device.handle.destroy();
        assert!(matches!(copy(&device), Err(Error::Device(_))));
    }
}
