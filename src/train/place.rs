//! Where tensors live, and how precise they are: the processor in double or single precision, or a graphics
//! processor in single.

use crate::compute::DeviceKind;
#[cfg(feature = "train-gpu")]
use crate::compute::{chosen, gpu};
use crate::error::{Error, Result};
use burn::tensor::{Bool, DType, Device, Element, Int, Tensor, TensorData};
#[cfg(feature = "train-gpu")]
use std::sync::{Arc, Mutex, PoisonError};

/// A device with the kind of number that is computed with on it.
#[derive(Debug, Clone)]
pub struct Place {
    device: Device,
    dtype: DType,
    /// The device under burn's, if it is a graphics processor.
    #[cfg(feature = "train-gpu")]
    graphics: Option<Arc<gpu::Device>>,
}

impl Place {
    /// The processor, in double precision.
    pub fn processor() -> Self {
        Self::of(Device::flex(), DType::F64)
    }

    /// The processor, in single precision.
    pub fn single() -> Self {
        Self::of(Device::flex(), DType::F32)
    }

    fn of(device: Device, dtype: DType) -> Self {
        Self {
            device,
            dtype,
            #[cfg(feature = "train-gpu")]
            graphics: None,
        }
    }

    /// A graphics processor, in single precision. burn's memory on it is kept until the program ends: to be
    /// called once for a device.
    #[cfg(feature = "train-gpu")]
    pub fn graphics(graphics: Arc<gpu::Device>) -> Result<Self> {
        use burn::tensor::wgpu as runtime;
        let shared = graphics.share();
        let setup = runtime::WgpuSetup {
            instance: shared.instance,
            adapter: shared.adapter,
            device: shared.device,
            queue: shared.queue,
            backend: shared.backend,
        };
        let device = Device::wgpu_options()
            .setup(setup)
            .init()
            .map_err(|error| Error::Device(format!("{}: {error}", graphics.name())))?;
        // burn's runtime panics where the device complains; here that becomes an error of the next read.
        graphics.listen();
        Ok(Self { graphics: Some(graphics), ..Self::of(device, DType::F32) })
    }

    /// The graphics processor of this machine, opened when it is first asked for, if `kind` wants it.
    ///
    /// # Errors
    /// [`Error::Device`] if `gpu` is asked for and there is none, or what there is does not open.
    #[cfg(feature = "train-gpu")]
    pub fn find(kind: DeviceKind) -> Result<Option<Self>> {
        static OPENED: Mutex<Option<Place>> = Mutex::new(None);
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || match &*opened {
            Some(place) => Ok(place.graphics.clone()),
            None => gpu::Device::open_for_tensors(),
        };
        let Some(graphics) = chosen(kind, open)? else { return Ok(None) };
        let place = match opened.take() {
            Some(place) => place,
            None => Self::graphics(graphics)?,
        };
        *opened = Some(place.clone());
        Ok(Some(place))
    }

    /// Without the feature `train-gpu` there is none; an input that asks for one is refused before.
    #[cfg(not(feature = "train-gpu"))]
    pub fn find(_: DeviceKind) -> Result<Option<Self>> {
        Ok(None)
    }

    /// These numbers as a tensor.
    pub fn tensor<E: Element, const D: usize>(&self, values: Vec<E>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), (&self.device, self.dtype))
    }

    /// These places as a tensor.
    pub fn places<const D: usize>(&self, values: Vec<i32>, shape: [usize; D]) -> Tensor<D, Int> {
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }

    /// One where something is true, else zero.
    pub fn ones<const D: usize>(&self, truth: Tensor<D, Bool>) -> Tensor<D> {
        truth.float().cast(self.dtype)
    }

    /// What a tensor holds, once the device is done.
    ///
    /// # Errors
    /// [`Error::Device`] if the device complained of anything since the last time.
    pub fn numbers<const D: usize>(&self, tensor: Tensor<D>) -> Result<Vec<f64>> {
        let read = tensor.try_into_vec_as::<f64>();
        // What the device itself has to say is nearer to the cause.
        self.check()?;
        read.map_err(|error| Error::Device(format!("{}: {error}", self.name())))
    }

    /// Runs work whose panics, if it is done on a graphics processor, become errors: burn's runtime has no other way to
    /// say that the device was lost. What the work was at has to be thrown away then.
    pub fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        #[cfg(feature = "train-gpu")]
        if self.graphics.is_some() {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            return done.unwrap_or_else(|_| {
                self.check()?;
                Err(Error::Device(format!("{}: burn's runtime gave up", self.name())))
            });
        }
        work()
    }

    /// The most bytes that one operation can be given of one tensor.
    pub fn largest(&self) -> u64 {
        #[cfg(feature = "train-gpu")]
        if let Some(graphics) = &self.graphics {
            return graphics.largest_binding();
        }
        u64::MAX
    }

    /// Bytes of a number.
    pub fn size(&self) -> usize {
        if self.dtype == DType::F32 { 4 } else { 8 }
    }

    /// One line for a person.
    pub fn name(&self) -> String {
        #[cfg(feature = "train-gpu")]
        if let Some(graphics) = &self.graphics {
            return graphics.description();
        }
        "cpu".to_string()
    }

    /// Is this a graphics processor?
    pub fn is_graphics(&self) -> bool {
        #[cfg(feature = "train-gpu")]
        return self.graphics.is_some();
        #[cfg(not(feature = "train-gpu"))]
        false
    }

    #[cfg_attr(not(feature = "train-gpu"), expect(clippy::unused_self, clippy::unnecessary_wraps))]
    fn check(&self) -> Result<()> {
        #[cfg(feature = "train-gpu")]
        if let Some(graphics) = &self.graphics {
            return graphics.check();
        }
        Ok(())
    }
}
