//! What trains: the processor, or a graphics processor.

use super::Listener;
use crate::compute::DeviceKind;
use crate::error::{Error, Result};
use crate::input::train::TrainPlan;
use crate::potential::DescriptorSet;
use crate::train::displaced::mixing;
use crate::train::place::Place;

/// The graphics processor that trains on this descriptor, if one was asked for and is there.
pub(super) fn choose(
    plan: &TrainPlan,
    set: &DescriptorSet,
    listener: &dyn Listener,
) -> Result<Option<Place>> {
    let kind = plan.device.kind;
    let Some(table) = plan.optimizer.first_order().filter(|_| kind != DeviceKind::Cpu) else {
        return Ok(None);
    };
    // A training that goes on from a potential keeps its descriptor on any device.
    if table.mixing && plan.transfer.is_none() && !mixing(set).is_empty() {
        if kind == DeviceKind::Gpu {
            return Err(Error::invalid(
                "the descriptor has mixed channels, which are trained on the processor only; expected \
                 `mixing = false` in the table of the optimiser, or `[device] kind = \"cpu\"`",
            ));
        }
        listener.note("device: cpu, which trains the mixed channels of the descriptor too");
        return Ok(None);
    }
    match Place::find(kind) {
        Err(Error::Device(reason)) => given_up(kind, reason, listener).map(|()| None),
        found => found,
    }
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
