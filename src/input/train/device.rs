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
    /// How precise tensors are; `None`: double on the processor, single on a graphics processor.
    pub precision: Option<TrainPrecision>,
}

/// How precise the loss and its gradient are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainPrecision {
    /// Sixteen digits.
    Double,
    /// Seven digits.
    Single,
}

const PRECISIONS: &[(&str, TrainPrecision)] =
    &[("double", TrainPrecision::Double), ("single", TrainPrecision::Single)];

impl Table for TrainDevice {
    const ABOUT: &'static str = "What trains, and how precisely.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            kind: keys
                .key(
                    "kind",
                    word(KINDS),
                    "`cpu`: same seed, same bits; `gpu`: Adam and AdamW, by an mlmd built with the feature `train-gpu`; `auto` \
                     a graphics card where there is one and it trains the same parameters, else the processor.",
                )
                .default("cpu")?,
            precision: keys
                .key(
                    "precision",
                    word(PRECISIONS),
                    "Of the loss and its gradient. Absent: double on the processor, single on a graphics processor, which has \
                     no other. `single` on the processor is Adam and AdamW by the tensor operations that a graphics \
                     processor would do.",
                )
                .optional("single")?,
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
        let graphics = self.kind == DeviceKind::Gpu;
        let refuse =
            |key: &str, message: &str, help: &str| Err(keys.error(key, message).with_help(help).into());
        let (key, place) = match self.precision {
            Some(TrainPrecision::Double) if graphics => {
                return refuse(
                    "device.precision",
                    "graphics processors train in single precision",
                    "expected \"single\", or `kind = \"cpu\"`, which has both",
                );
            }
            _ if graphics => ("device.kind", "on the processor"),
            Some(TrainPrecision::Single) => ("device.precision", "in double precision"),
            _ => return Ok(()),
        };
        let Some(table) = optimizer.first_order() else {
            return refuse(
                key,
                &format!("this optimiser works {place} only"),
                "[optimizer.adam] and [optimizer.adamw] train on a graphics processor and in single precision; without \
                 [device] all train",
            );
        };
        if table.mixing && matches!(descriptor, Some(DescriptorChoice::Moments(_))) {
            return refuse(
                key,
                &format!("the mixed channels of [descriptor.moments] are trained {place} only"),
                "`mixing = false` in the table of the optimiser keeps them as they are; without [device] they are trained",
            );
        }
        if graphics && !cfg!(feature = "train-gpu") {
            return refuse(
                key,
                "this mlmd was built without the feature `train-gpu`: it trains on the processor only",
                "`cargo build --release --features train-gpu` builds one that has it; `kind = \"cpu\"` needs none",
            );
        }
        Ok(())
    }
}
