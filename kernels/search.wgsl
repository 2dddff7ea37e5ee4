// The neighbours of one atom: every image within reach of every atom in the bins around. A workgroup for a slot, four
// threads for a bin. What is found is then put in order (near before far, then by atom and image) by counting, for
// each neighbour, how many come before it: the list does not depend on who found what first.
//
// With d the wrapped difference of two positions and c the faces that the wrap has skipped, the image in the cell n has
// the fractional vector d + c + n.
//
// binding 2  anchors  16 bytes an atom: fixed-point coordinates, species
// binding 3  counts   4 bytes a bin
// binding 4  members  4 bytes for each that a bin has room for
// binding 5  rows     16 bytes a slot: atom (stays); out: begin, end of the near neighbours, end of all of them
// binding 6  list     out, 8 bytes a pair: neighbour, fractional vector in eighths
// binding 7  near     4 bytes a species: the square of how far its near neighbours are

@group(0) @binding(2) var<storage, read> anchors: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> counts: array<u32>;
@group(0) @binding(4) var<storage, read> members: array<u32>;
@group(0) @binding(5) var<storage, read_write> rows: array<vec4<u32>>;
@group(0) @binding(6) var<storage, read_write> list: array<vec2<u32>>;
@group(0) @binding(7) var<storage, read> near: array<f32>;

var<workgroup> found: array<vec2<u32>, ROOM>;
var<workgroup> count: atomic<u32>;
var<workgroup> near_count: atomic<u32>;

// In the second word of what was found, beside the thirty bits of the vector: is it far?
const FAR: u32 = 0x40000000u;

// The faces that the wrapped difference of two coordinates has skipped.
fn skipped(other: u32, home: u32) -> i32 {
    let upper = ((other - home) >> 31u) == 1u;
    if (other >= home) {
        return select(0, 1, upper);
    }
    return select(-1, 0, upper);
}

fn before(a: vec2<u32>, b: vec2<u32>) -> bool {
    let far_a = a.y & FAR;
    let far_b = b.y & FAR;
    if (far_a != far_b) {
        return far_a < far_b;
    }
    return a.x < b.x || (a.x == b.x && a.y < b.y);
}

// Which bin a number that may be outside stands for, and in which image: (bin, image); a bin of -1 is none.
fn turned(raw: i32, bins: u32, periodic: bool) -> vec2<i32> {
    let n = i32(bins);
    if (raw >= 0 && raw < n) {
        return vec2<i32>(raw, 0);
    }
    if (!periodic) {
        return vec2<i32>(-1, 0);
    }
    // Towards minus infinity.
    let image = select(raw / n, -((n - 1 - raw) / n), raw < 0);
    return vec2<i32>(raw - image * n, image);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let slot = group.x + group.y * world.grids.z;
    let atom = rows[min(slot, world.atoms.x * world.atoms.y - 1u)].x;
    let replica = atom / world.atoms.x;
    let busy = slot < world.atoms.x * world.atoms.y && wanted(replica) != 0u;
    if (lane == 0u) {
        atomicStore(&count, 0u);
        atomicStore(&near_count, 0u);
    }
    workgroupBarrier();
    let home = anchors[atom];
    let bin = bin_of(home.xyz);
    let side = vec3<i32>(world.reach.xyz);
    let across = 2u * world.reach.xyz + vec3<u32>(1u);
    let around = select(0u, across.x * across.y * across.z, busy);
    let closest = near[home.w];
    for (var item = lane / 4u; item < around; item += 16u) {
        let step = vec3<u32>(item % across.x, (item / across.x) % across.y, item / (across.x * across.y));
        let raw = bin + vec3<i32>(step) - side;
        let x = turned(raw.x, world.bins.x, (world.atoms.w & 1u) != 0u);
        let y = turned(raw.y, world.bins.y, (world.atoms.w & 2u) != 0u);
        let z = turned(raw.z, world.bins.z, (world.atoms.w & 4u) != 0u);
        if (min(min(x.x, y.x), z.x) < 0) {
            continue;
        }
        let image = vec3<i32>(x.y, y.y, z.y);
        let there = number_of(replica, vec3<i32>(x.x, y.x, z.x));
        let end = min(counts[there], world.bins.w);
        for (var k = lane % 4u; k < end; k += 4u) {
            let other = members[there * world.bins.w + k];
            if (other == atom && all(image == vec3<i32>(0))) {
                continue;
            }
            let away = anchors[other];
            let faces = image + vec3<i32>(
                skipped(away.x, home.x), skipped(away.y, home.y), skipped(away.z, home.z)
            );
            let s = part_of_box(away.xyz - home.xyz) + vec3<f32>(faces);
            let vector = cartesian(s);
            let square = dot(vector, vector);
            if (square < world.limits.x) {
                let eighths = bitcast<vec3<u32>>(vec3<i32>(round(8.0 * s))) & vec3<u32>(0x3ffu);
                let is_far = square >= closest;
                let at = atomicAdd(&count, 1u);
                if (at < ROOM) {
                    let packed = eighths.x | (eighths.y << 10u) | (eighths.z << 20u);
                    found[at] = vec2<u32>(other, packed | select(0u, FAR, is_far));
                }
                if (!is_far) {
                    atomicAdd(&near_count, 1u);
                }
            }
        }
    }
    workgroupBarrier();
    let total = atomicLoad(&count);
    let kept = min(total, ROOM);
    let begin = slot * ROOM;
    for (var k = lane; k < kept; k += 64u) {
        let own = found[k];
        var rank = 0u;
        for (var other = 0u; other < kept; other++) {
            rank += select(0u, 1u, before(found[other], own));
        }
        list[begin + rank] = vec2<u32>(own.x, own.y & ~FAR);
    }
    if (lane == 0u && busy) {
        rows[slot] = vec4<u32>(atom, begin, begin + min(atomicLoad(&near_count), kept), begin + kept);
        if (total > ROOM) {
            stop_for_room(NO_ROOM_IN_ROW, replica, total);
        }
    }
}
