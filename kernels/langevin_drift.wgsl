// The second part of a step of Langevin dynamics, A of B A O A B: the momentum is taken off, half a drift. A thread for
// an atom.
//
// binding 6  centres  16 bytes a replica: the velocity of its centre of mass

@group(0) @binding(6) var<storage, read> centres: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = place_of(group, groups, lane);
    if (!place.here || halted() || !moves(place.replica)) {
        return;
    }
    let v = changed(place.atom, velocity(place.atom), -centres[place.replica].xyz);
    set_velocity(place.atom, v);
    drift(place.atom, v, 0.5);
    watch(place);
}
