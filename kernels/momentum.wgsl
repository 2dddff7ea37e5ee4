// The velocity of the centre of mass of a replica, which Langevin dynamics takes off where no atom is fixed. A workgroup
// for a replica.
//
// binding 2  parts    16 bytes a number of four, two for each workgroup, as `langevin.wgsl` leaves them
// binding 3  centres  out, 16 bytes a replica: the velocity of its centre of mass, in units of velocity
// binding 4  log      out, 16 bytes for each step and replica: kinetic energy before friction and noise, and after

@group(0) @binding(2) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> centres: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> log_of_steps: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let replica = group.x;
    let after = total_of(replica, lane, 0u);
    let before = total_of(replica, lane, 1u);
    if (lane != 0u || halted()) {
        return;
    }
    let centre = world.whole.y * after.xyz / world.whole.x;
    centres[replica] = vec4<f32>(centre, 0.0);
    let at = atomicLoad(&control[BEGUN]) * world.atoms.y + replica;
    log_of_steps[at] = vec4<f32>(before.x, after.w - world.whole.x * dot(centre, centre), 0.0, 0.0);
}
