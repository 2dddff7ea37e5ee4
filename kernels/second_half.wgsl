// The second half of a step: the kick by the new forces, and the kinetic energies of the workgroups. A thread for an
// atom. The lists that were to be made have been made.
//
// binding 5  parts  out, 16 bytes a number of four, two for each workgroup: kinetic energy, eV, and three zeros

@group(0) @binding(5) var<storage, read_write> parts: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = place_of(group, groups, lane);
    let stopped = halted();
    var energy = 0.0;
    if (place.here && !stopped && moves(place.replica)) {
        let v = kicked(place.atom, velocity(place.atom));
        set_velocity(place.atom, v);
        energy = kinetic(place.atom, v);
    }
    if (place.here && !stopped && place.local == 0u) {
        atomicStore(&control[REPLICAS + place.replica], 0u);
        // Every replica does; all of them say the same.
        atomicStore(&control[ANY], 0u);
    }
    if (SUMS) {
        let sum = sum_of_lanes(lane, vec4<f32>(energy, 0.0, 0.0, 0.0));
        if (lane == 0u && place.replica < world.atoms.y) {
            parts[2u * place.group] = sum;
        }
    }
}
