//! How much memory something takes on a device, before any of it is asked for.

use super::device::Device;
use crate::error::{Error, Result};

/// A buffer: what stands in it, and how many bytes.
pub(crate) type Room = (&'static str, u64);

/// The buffers that atoms take on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    atoms: usize,
    rooms: Vec<Room>,
}

impl Demand {
    /// What so many atoms take.
    pub(super) fn new(atoms: usize, rooms: impl IntoIterator<Item = Room>) -> Self {
        Self { atoms, rooms: rooms.into_iter().collect() }
    }

    /// Bytes of all buffers.
    pub fn bytes(&self) -> u64 {
        self.rooms.iter().map(|(_, bytes)| bytes).sum()
    }

    /// The largest buffer.
    pub(crate) fn largest(&self) -> Room {
        self.rooms.iter().copied().max_by_key(|(_, bytes)| *bytes).unwrap_or_default()
    }
}

impl Device {
    /// Refuses what can never fit. Whether the memory is free just now shows when it is asked for.
    ///
    /// # Errors
    /// [`Error::Device`] with what is needed and what there is, if a kernel cannot be given the largest buffer or the
    /// device has less memory than all of them take.
    pub fn admit(&self, demand: &Demand) -> Result<()> {
        let ((what, largest), most) = (demand.largest(), self.largest_binding());
        let all = demand.bytes();
        let there_is = self.memory().map_or(String::new(), |memory| format!(" of {}", size(memory)));
        let reason = if largest > most {
            format!(
                "the {what} take {}, and a kernel can be given {} at once (all buffers: {}{there_is})",
                size(largest),
                size(most),
                size(all)
            )
        } else if self.memory().is_some_and(|memory| all > memory) {
            format!("they take {}{there_is}, most of it the {what} ({})", size(all), size(largest))
        } else {
            return Ok(());
        };
        Err(Error::Device(format!(
            "{} is too small for {} atoms: {reason}\n   expected fewer atoms, a shorter cutoff, a device with more memory \
             (`mlmd info --devices`), or `--device cpu`",
            self.name(),
            demand.atoms
        )))
    }
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes < 1e9 { format!("{:.0} MB", bytes / 1e6) } else { format!("{:.1} GB", bytes / 1e9) }
}
