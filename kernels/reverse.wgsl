// Where the other half of each pair stands, and empty bins for the next time. A workgroup for a slot, a thread for a
// pair: (j -> i) is sought by bisection among the near and then among the far neighbours of j; its vector is the
// negative of that of (i -> j), to the last bit.
//
// binding 2  rows     16 bytes a slot
// binding 3  list     8 bytes a pair
// binding 4  slots    4 bytes an atom: its slot
// binding 5  reverse  out, 4 bytes a pair
// binding 6  counts   out, 4 bytes a bin

@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> list: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> slots: array<u32>;
@group(0) @binding(5) var<storage, read_write> reverse: array<u32>;
@group(0) @binding(6) var<storage, read_write> counts: array<u32>;

fn negative(packed: u32) -> u32 {
    let x = (0u - packed) & 0x3ffu;
    let y = (0u - (packed >> 10u)) & 0x3ffu;
    let z = (0u - (packed >> 20u)) & 0x3ffu;
    return x | (y << 10u) | (z << 20u);
}

// The place of an entry between two places, or the second of them.
fn seek(first: u32, last: u32, entry: vec2<u32>) -> u32 {
    var low = first;
    var high = last;
    while (low < high) {
        let middle = (low + high) / 2u;
        let here = list[middle];
        if (here.x < entry.x || (here.x == entry.x && here.y < entry.y)) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    if (low < last && all(list[low] == entry)) {
        return low;
    }
    return last;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let slot = group.x + group.y * world.grids.z;
    let atoms = world.atoms.x * world.atoms.y;
    let bins = world.bins.x * world.bins.y * world.bins.z * world.atoms.y;
    if (!halted()) {
        for (var bin = slot * 64u + lane; bin < bins; bin += world.grids.z * world.grids.w * 64u) {
            counts[bin] = 0u;
        }
    }
    if (slot >= atoms || halted()) {
        return;
    }
    let row = rows[slot];
    if (wanted(row.x / world.atoms.x) == 0u) {
        return;
    }
    for (var at = row.y + lane; at < row.w; at += 64u) {
        let pair = list[at];
        let other = rows[slots[pair.x]];
        let sought = vec2<u32>(row.x, negative(pair.y));
        var place = seek(other.y, other.z, sought);
        if (place == other.z) {
            place = seek(other.z, other.w, sought);
        }
        reverse[at] = place;
    }
}
