//! `[device]` of a training: what computes the loss and where it falls.

use super::{DescriptorChoice, OptimizerChoice};
use crate::compute::DeviceKind;
use crate::error::Result;
use crate::input::device::KINDS;
use crate::input::keys::{Keys, Table};
use crate::input::kind::word;

/// `[device]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainDevice {
    /// What trains.
    pub kind: DeviceKind,
}

impl Table for TrainDevice {
    const ABOUT: &'static str = "What trains.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            kind: keys
                .key(
                    "kind",
                    word(KINDS),
                    "`cpu` in double precision: same seed, same bits; `gpu` in single precision: Adam and AdamW, by an \
                     mlmd built with the feature `train-gpu`; `auto` a graphics card where there is one and it trains \
                     the same parameters, else the processor.",
                )
                .default("cpu")?,
        })
    }
}

impl TrainDevice {
    /// Can what was asked for train this? `keys` are those of the whole input.
    pub(super) fn check(
        &self,
        keys: &Keys<'_>,
        optimizer: &OptimizerChoice,
        descriptor: Option<&DescriptorChoice>,
    ) -> Result<()> {
        if self.kind != DeviceKind::Gpu {
            return Ok(());
        }
        let refuse =
            |message: &str, help: &str| Err(keys.error("device.kind", message).with_help(help).into());
        let Some(table) = optimizer.first_order() else {
            return refuse(
                "this optimiser works on the processor only",
                "[optimizer.adam] and [optimizer.adamw] train on a graphics processor; `kind = \"cpu\"` is for all",
            );
        };
        if table.mixing && matches!(descriptor, Some(DescriptorChoice::Moments(_))) {
            return refuse(
                "the mixed channels of [descriptor.moments] are trained on the processor only",
                "`mixing = false` in the table of the optimiser keeps them as they are; `kind = \"cpu\"` trains them",
            );
        }
        if !cfg!(feature = "train-gpu") {
            return refuse(
                "this mlmd was built without the feature `train-gpu`: it trains on the processor only",
                "`cargo build --release --features train-gpu` builds one that has it; `kind = \"cpu\"` needs none",
            );
        }
        Ok(())
    }
}
