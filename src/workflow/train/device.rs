//! What trains: the processor, or a graphics processor.

use super::Listener;
use crate::compute::DeviceKind;
use crate::error::{Error, Result};
use crate::input::train::{TrainPlan, TrainPrecision};
use crate::potential::DescriptorSet;
use crate::train::displaced::mixing;
use crate::train::place::Place;

/// Where tensors do all of the training on this descriptor: on the graphics processor, if one was asked for and is
/// there, or in single precision on the processor. `None`: the processor trains in double precision, in its own ways.
pub(super) fn choose(
    plan: &TrainPlan,
    set: &DescriptorSet,
    listener: &dyn Listener,
) -> Result<Option<Place>> {
    let single = plan.device.precision == Some(TrainPrecision::Single);
    let kind = match plan.device.precision {
        // No graphics processor has it.
        Some(TrainPrecision::Double) => DeviceKind::Cpu,
        _ => plan.device.kind,
    };
    let Some(table) = plan.optimizer.first_order().filter(|_| kind != DeviceKind::Cpu || single) else {
        return Ok(None);
    };
    // A training that goes on from a potential keeps its descriptor on any device.
    if table.mixing && plan.transfer.is_none() && !mixing(set).is_empty() {
        if kind == DeviceKind::Gpu || single {
            return Err(Error::invalid(
                "the descriptor has mixed channels, which are trained on the processor in double precision only; \
                 expected `mixing = false` in the table of the optimiser, or no [device]",
            ));
        }
        listener.note("device: cpu, which trains the mixed channels of the descriptor too");
        return Ok(None);
    }
    let found = match Place::find(kind) {
        Err(Error::Device(reason)) => given_up(kind, reason, listener).map(|()| None),
        found => found,
    };
    Ok(found?.or_else(|| single.then(Place::single)))
}

/// What is done when the device cannot: `auto` goes on without it.
pub(super) fn given_up(kind: DeviceKind, reason: String, listener: &dyn Listener) -> Result<()> {
    match kind {
        DeviceKind::Auto => {
            listener.note(&format!("device: cpu, for {reason}"));
            Ok(())
        }
        // Nothing was computed yet: it is the request that cannot be met.
        DeviceKind::Cpu | DeviceKind::Gpu => Err(Error::invalid(reason)),
    }
}
