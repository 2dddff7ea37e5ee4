// Velocities as the step before left them, and the kinetic energies of the workgroups: what a Nosé-Hoover chain begins
// a step with. A thread for an atom.
//
// binding 7  parts  out, 16 bytes a number of four, two for each workgroup: kinetic energy, eV, and three zeros

@group(0) @binding(7) var<storage, read_write> parts: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = place_of(group, groups, lane);
    var energy = 0.0;
    if (place.here && !halted() && moves(place.replica)) {
        let v = rescaled(place.atom, velocity(place.atom), scales[place.replica].x);
        set_velocity(place.atom, v);
        energy = kinetic(place.atom, v);
    }
    let sum = sum_of_lanes(lane, vec4<f32>(energy, 0.0, 0.0, 0.0));
    if (lane == 0u && place.replica < world.atoms.y) {
        parts[2u * place.group] = sum;
    }
}
