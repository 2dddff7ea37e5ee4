//! Which processor computes, and what is done when it cannot.

use crate::error::{Error, Result};
use crate::potential::{NeuralModel, Potential, Precision};
use std::sync::Arc;

/// What is asked to compute the forces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// A graphics card where single precision was asked for and there is one that can, else the processor.
    Auto,
    /// The processor.
    Cpu,
    /// A graphics processor, even one that a program plays on the CPU.
    Gpu,
}

/// The processor that computes neural potentials.
///
/// `auto` keeps the precision that was asked for: with `double` it is the processor, whatever cards there are. It
/// never takes a program that plays a graphics processor, which is slower than the processor itself.
#[derive(Debug)]
pub struct Processor {
    kind: DeviceKind,
    precision: Precision,
    /// Numbers of the devices that were asked for; none for the best there is.
    adapters: Vec<usize>,
    #[cfg(feature = "gpu")]
    devices: Vec<Arc<super::gpu::Device>>,
    /// What a person should know about the choice.
    remarks: Vec<String>,
    /// Does something run on the device?
    used: bool,
}

impl Processor {
    /// A choice; devices are looked for when there is something for them to do.
    pub fn new(kind: DeviceKind, precision: Precision) -> Self {
        Self {
            kind,
            precision,
            adapters: Vec::new(),
            #[cfg(feature = "gpu")]
            devices: Vec::new(),
            remarks: Vec::new(),
            used: false,
        }
    }

    /// The same with devices of these numbers, as [`adapters`](super::gpu::adapters()) lists them, instead of the best; a
    /// number that comes twice is opened twice.
    #[must_use]
    pub fn on(mut self, adapters: &[usize]) -> Self {
        self.adapters = adapters.to_vec();
        self
    }

    /// The processor, where `auto` had found a device that turned out not to do.
    pub fn instead(reason: &str, precision: Precision) -> Self {
        let reason = reason.lines().next().unwrap_or_default();
        Self { remarks: vec![format!("device: cpu, for {reason}")], ..Self::new(DeviceKind::Cpu, precision) }
    }

    /// A neural potential that is computed here.
    ///
    /// # Errors
    /// If `gpu` was asked for and there is none, or it cannot; with `auto` the processor does it, which
    /// [`Processor::remarks`] mentions.
    pub fn neural(&mut self, model: &Arc<NeuralModel>) -> Result<Box<dyn Potential>> {
        let asked = match self.kind {
            DeviceKind::Cpu => false,
            DeviceKind::Auto => self.precision == Precision::Mixed,
            DeviceKind::Gpu => true,
        };
        if asked {
            match self.on_device(model) {
                Ok(Some(potential)) => {
                    self.used = true;
                    return Ok(potential);
                }
                Ok(None) => {}
                Err(Error::Device(reason)) if self.kind == DeviceKind::Auto => {
                    self.remarks = vec![format!("device: cpu, for {reason}")];
                }
                // Nothing was computed yet: it is the request that cannot be met.
                Err(Error::Device(reason)) => return Err(Error::invalid(reason)),
                Err(error) => return Err(error),
            }
        }
        if self.kind == DeviceKind::Auto && !asked && !self.adapters.is_empty() {
            self.remarks = vec![
                "device: cpu, for no graphics processor computes in double precision: the adapters are taken with \
                 `precision = \"mixed\"` or `kind = \"gpu\"`"
                    .into(),
            ];
        }
        model.potential(self.precision)
    }

    /// The potential on its devices; nothing where `auto` finds none.
    #[cfg(feature = "gpu")]
    fn on_device(&mut self, model: &Arc<NeuralModel>) -> Result<Option<Box<dyn Potential>>> {
        use super::gpu::{GpuPotential, Kind, unseen_card};
        if self.devices.is_empty() {
            self.devices = self.open()?;
        }
        if self.devices.is_empty() {
            self.remarks = unseen_card().map(|why| format!("device: cpu, for {why}")).into_iter().collect();
            return Ok(None);
        }
        let potential = GpuPotential::across(self.devices.clone(), Arc::clone(model))?;
        let played = self.devices.iter().any(|device| device.kind() == Kind::Software);
        let software = if played { "; slower than `cpu`" } else { "" };
        let descriptions: Vec<_> = self.devices.iter().map(|device| device.description()).collect();
        self.remarks = vec![format!(
            "device: {}, single precision with exact positions{software}",
            descriptions.join(" and ")
        )];
        if played {
            self.remarks.extend(unseen_card());
        }
        Ok(Some(Box::new(potential)))
    }

    /// The devices that were asked for; none where `auto` finds none.
    #[cfg(feature = "gpu")]
    fn open(&self) -> Result<Vec<Arc<super::gpu::Device>>> {
        use super::gpu::{Device, Kind};
        if self.adapters.is_empty() {
            return Ok(chosen(self.kind, Device::open)?.into_iter().collect());
        }
        let devices: Vec<_> =
            self.adapters.iter().map(|number| Device::open_number(*number)).collect::<Result<_>>()?;
        let played = devices.iter().any(|device| device.kind() == Kind::Software);
        Ok(if self.kind == DeviceKind::Auto && played { Vec::new() } else { devices })
    }

    /// There are no devices without the feature `gpu`.
    #[cfg(not(feature = "gpu"))]
    fn on_device(&mut self, _: &Arc<NeuralModel>) -> Result<Option<Box<dyn Potential>>> {
        match self.kind {
            DeviceKind::Gpu => Err(Error::Device(
                "there is no graphics processor: this mlmd was built without the feature `gpu`".into(),
            )),
            _ => Ok(None),
        }
    }

    /// The terms of a sum, of which those that a device computes along with a neural potential are given to it: then
    /// nothing keeps the atoms from staying there.
    ///
    /// # Errors
    /// If the device has no room for that.
    #[cfg(feature = "gpu")]
    pub fn joined(mut terms: Vec<Box<dyn Potential>>) -> Result<Vec<Box<dyn Potential>>> {
        use super::gpu::GpuPotential;
        use crate::potential::Zbl;
        fn find<P: 'static>(terms: &[Box<dyn Potential>]) -> Option<(usize, &P)> {
            terms.iter().enumerate().find_map(|(k, term)| Some((k, term.as_any()?.downcast_ref()?)))
        }
        if let (Some((at, neural)), Some((other, zbl))) = (find::<GpuPotential>(&terms), find::<Zbl>(&terms))
            && !neural.repels()
        {
            terms[at] = Box::new(neural.repelling(zbl.clone())?);
            terms.remove(other);
        }
        Ok(terms)
    }

    /// Nothing is joined where there are no devices.
    #[cfg(not(feature = "gpu"))]
    pub fn joined(terms: Vec<Box<dyn Potential>>) -> Result<Vec<Box<dyn Potential>>> {
        Ok(terms)
    }

    /// To be asked when the potential is complete: is there anything in it that the device that was asked for
    /// computes?
    pub fn check(&self) -> Result<()> {
        if self.kind == DeviceKind::Gpu && !self.used {
            return Err(Error::invalid(
                "nothing in this potential is computed on a graphics processor: only neural potentials are",
            ));
        }
        Ok(())
    }

    /// Does a device compute?
    pub fn uses_device(&self) -> bool {
        self.used
    }

    /// What a person should know about the choice, a line each.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// `cpu`, or the names of the devices.
    pub fn name(&self) -> String {
        #[cfg(feature = "gpu")]
        if self.used {
            let names: Vec<_> = self.devices.iter().map(|device| device.name()).collect();
            return names.join(" + ");
        }
        "cpu".to_string()
    }

    /// `double`, `mixed`, or `single` on a device.
    pub fn precision_name(&self) -> &'static str {
        match self.precision {
            _ if self.used => "single",
            Precision::Double => "double",
            Precision::Mixed => "mixed",
        }
    }
}

/// The device that `open` finds, if what was asked for wants it: `auto` does not want a program that plays one, and does not
/// look where there can be no card.
///
/// # Errors
/// [`Error::Device`] if `gpu` was asked for and there is none, and those of `open`.
#[cfg(feature = "gpu")]
pub fn chosen(
    kind: DeviceKind,
    open: impl FnOnce() -> Result<Option<Arc<super::gpu::Device>>>,
) -> Result<Option<Arc<super::gpu::Device>>> {
    use super::gpu::{Kind, card_possible, unseen_card};
    match kind {
        DeviceKind::Cpu => Ok(None),
        DeviceKind::Auto if !card_possible() => Ok(None),
        // A program is slower than what would take its place.
        DeviceKind::Auto => Ok(open()?.filter(|device| device.kind() != Kind::Software)),
        DeviceKind::Gpu => open()?.map(Some).ok_or_else(|| {
            let why = unseen_card().map_or(String::new(), |why| format!("\n   {why}"));
            Error::Device(format!(
                "there is no graphics processor: no driver for Vulkan, Metal or Direct3D 12 shows one \
                 (`mlmd info --devices` lists what there is){why}"
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_with_nothing_to_do_is_refused() {
        let asked = |kind| Processor::new(kind, Precision::Mixed);
        let complaint = asked(DeviceKind::Gpu).check().unwrap_err().to_string();
        assert!(complaint.starts_with("nothing in this potential"), "{complaint}");
        for kind in [DeviceKind::Auto, DeviceKind::Cpu] {
            assert!(asked(kind).check().is_ok());
            assert_eq!((asked(kind).name().as_str(), asked(kind).precision_name()), ("cpu", "mixed"));
        }
    }
}
