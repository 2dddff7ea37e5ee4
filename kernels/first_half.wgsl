// The first half of a step at constant energy or with a thermostat on all atoms together: what the thermostat left to
// do, kick, drift. A thread for an atom.
//
//   v += s v,  v += F dt/(2 m),  r += v dt

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
    let scale = scales[place.replica];
    var v = rescaled(place.atom, velocity(place.atom), scale.x);
    v = rescaled(place.atom, v, scale.y);
    v = kicked(place.atom, v);
    set_velocity(place.atom, v);
    drift(place.atom, v, 1.0);
    watch(place);
}
