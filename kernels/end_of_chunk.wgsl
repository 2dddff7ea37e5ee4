// Velocities as they are at the end of a step: what the thermostat has left to the beginning of the next is done where
// somebody looks. A thread for an atom.

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
    set_velocity(place.atom, rescaled(place.atom, velocity(place.atom), scales[place.replica].x));
}
