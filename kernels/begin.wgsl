// Between the two halves of a step: counts it, and decides whether lists are made. One thread.
//
// binding 2  arguments  out, 12 bytes for each of three kernels: how many workgroups `bins`, `search` and `reverse` have

@group(0) @binding(2) var<storage, read_write> arguments: array<u32>;

@compute @workgroup_size(1)
fn main() {
    var any = false;
    if (!halted()) {
        atomicAdd(&control[BEGUN], 1u);
        if (atomicLoad(&control[LEFT]) != 0u) {
            atomicStore(&control[HALT], OUTSIDE);
        } else {
            any = atomicLoad(&control[ANY]) != 0u;
        }
    }
    let atoms = select(vec2<u32>(0u, 0u), world.grids.xy, any);
    let rows = select(vec2<u32>(0u, 0u), world.grids.zw, any);
    arguments[0] = atoms.x;
    arguments[1] = atoms.y;
    arguments[2] = 1u;
    arguments[3] = rows.x;
    arguments[4] = rows.y;
    arguments[5] = 1u;
}
