//! `mlmd info --devices`: what could compute here.

#[cfg(feature = "gpu")]
use super::amounts::bytes;
use super::amounts::{counted, threads};
use super::rows::Rows;
use super::terminal;
use crate::error::Result;
use crate::lanes::instruction_set;
use serde_json::{Value, json};

/// A device as a person and a script want to know it.
struct Device {
    name: String,
    details: String,
    machine: Value,
}

/// Prints the processors and graphics processors of this machine.
pub(super) fn print(as_json: bool) -> Result<()> {
    let devices: Vec<Device> = std::iter::once(processor()).chain(graphics()).collect();
    if as_json {
        let list: Vec<_> = devices.into_iter().map(|device| device.machine).collect();
        return terminal::print(&format!("{:#}\n", Value::from(list)));
    }
    let mut rows = Rows::new("Devices");
    let alone = devices.len() == 1;
    for device in devices {
        rows.push(device.name, device.details);
    }
    if alone {
        rows.push(
            "gpu",
            if cfg!(feature = "gpu") {
                "none: no driver for Vulkan, Metal or Direct3D 12 shows a graphics processor"
            } else {
                "not looked for: this mlmd was built without the feature `gpu`"
            },
        );
    }
    #[cfg(feature = "gpu")]
    if let Some(why) = crate::compute::gpu::unseen_card() {
        rows.push("note", why);
    }
    terminal::print(&rows.to_string())
}

fn processor() -> Device {
    let threads = threads();
    Device {
        name: "cpu".to_string(),
        details: format!("{}, {}", counted(threads, "thread"), instruction_set()),
        machine: json!({ "kind": "cpu", "threads": threads, "instruction_set": instruction_set() }),
    }
}

#[cfg(feature = "gpu")]
fn graphics() -> Vec<Device> {
    let describe = |(number, adapter): (usize, crate::compute::gpu::Adapter)| Device {
        name: format!("gpu {number}"),
        details: format!(
            "{}: {}, {} {}\n{}{} buffers to a kernel, of up to {}",
            adapter.name,
            adapter.kind.name(),
            adapter.interface,
            adapter.driver,
            adapter.memory.map_or(String::new(), |memory| format!("{} of memory, ", bytes(memory))),
            adapter.bindings,
            bytes(adapter.largest_binding),
        ),
        machine: json!({
            "kind": "gpu",
            "number": number,
            "name": adapter.name,
            "sort": adapter.kind.name(),
            "interface": adapter.interface,
            "driver": adapter.driver,
            "memory_bytes": adapter.memory,
            "largest_buffer_bytes": adapter.largest_buffer,
            "largest_binding_bytes": adapter.largest_binding,
            "bindings": adapter.bindings,
        }),
    };
    crate::compute::gpu::adapters().into_iter().enumerate().map(describe).collect()
}

#[cfg(not(feature = "gpu"))]
fn graphics() -> Vec<Device> {
    Vec::new()
}
