// Sums of the virials of 1024 slots each, to be added up in f64 by whoever reads them.
//
// binding 0  size     uniform, 16 bytes: how many slots
// binding 1  virials  9 numbers of 4 bytes a slot
// binding 2  sums     out, 9 numbers of 4 bytes a workgroup

@group(0) @binding(0) var<uniform> size: vec4<u32>;
@group(0) @binding(1) var<storage, read> virials: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

var<workgroup> parts: array<f32, 576>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    for (var c = 0u; c < 9u; c++) {
        var sum = 0.0;
        for (var k = 0u; k < 16u; k++) {
            let slot = group.x * 1024u + k * 64u + lane;
            if (slot < size.x) {
                sum += virials[slot * 9u + c];
            }
        }
        parts[lane * 9u + c] = sum;
    }
    workgroupBarrier();
    if (lane < 9u) {
        var sum = 0.0;
        for (var t = 0u; t < 64u; t++) {
            sum += parts[t * 9u + lane];
        }
        sums[group.x * 9u + lane] = sum;
    }
}
