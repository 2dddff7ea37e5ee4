//! `[device]`: where and how precisely forces are computed.

use super::keys::{Keys, Table};
use super::kind::{integer, list, word};
pub use crate::compute::DeviceKind;
use crate::error::Result;
use crate::potential::Precision;

/// What may compute.
pub(super) const KINDS: &[(&str, DeviceKind)] =
    &[("auto", DeviceKind::Auto), ("cpu", DeviceKind::Cpu), ("gpu", DeviceKind::Gpu)];

/// `[device]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// What computes the forces.
    pub kind: DeviceKind,
    /// Numbers of the graphics processors that runs are dealt out to; none for the best one.
    pub adapters: Vec<usize>,
    /// How many threads; `None`: one for each core.
    pub threads: Option<usize>,
    /// How precisely forces are computed.
    pub precision: Precision,
}

impl Table for Device {
    const ABOUT: &'static str = "Where and how precisely forces are computed.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const PRECISIONS: &[(&str, Precision)] =
            &[("double", Precision::Double), ("mixed", Precision::Mixed)];
        Ok(Self {
            kind: keys
                .key(
                    "kind",
                    word(KINDS),
                    "What computes the forces: `gpu` in single precision with exact positions; `auto` a graphics card \
                     where `precision` is \"mixed\" and there is one, else the processor.",
                )
                .default("auto")?,
            adapters: keys
                .key(
                    "adapters",
                    list(integer().at_least(0)),
                    "Graphics processors by their numbers in `mlmd info --devices`, to which the runs of several \
                     temperatures are dealt out in turn; the best one if absent.",
                )
                .optional([0, 1])?
                .map(|numbers| numbers.into_iter().map(|number| number as usize).collect())
                .unwrap_or_default(),
            threads: keys
                .key("threads", integer().at_least(1).at_most(4096), "Threads to use; all cores if absent.")
                .optional(8)?
                .map(|threads| threads as usize),
            precision: keys
                .key(
                    "precision",
                    word(PRECISIONS),
                    "Numbers of 64 bits, or of 32 where that costs little accuracy; of the processor.",
                )
                .default("double")?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.kind == DeviceKind::Cpu && !self.adapters.is_empty() {
            return Err(keys
                .error("adapters", "these are graphics processors, and `kind` is \"cpu\"")
                .with_help("expected `kind = \"gpu\"`, or no `adapters`")
                .into());
        }
        Ok(())
    }
}
