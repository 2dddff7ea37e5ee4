// The first part of a step of Langevin dynamics, B A O of B A O A B (Leimkuhler and Matthews, doi:10.1093/amrx/abs010):
// kick, half a drift, friction and noise. A thread for an atom.
//
//   v += F dt/(2 m),  r += v dt/2,  v += (c - 1) v + sqrt((1 - c^2) kT/m) xi
//
// binding 5  drive  32 bytes for each step and replica: c - 1 and the noise for an atom whose kick is one, as bits, two
//                   unused; then the key of the generator and the place of the step in it
// binding 6  parts  out, 16 bytes a number of four, two for each workgroup: momentum (sums of half a mass times a
//                   velocity) and kinetic energy after friction and noise; kinetic energy before

@group(0) @binding(5) var<storage, read> drive: array<vec4<u32>>;
@group(0) @binding(6) var<storage, read_write> parts: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = place_of(group, groups, lane);
    var after = vec4<f32>(0.0, 0.0, 0.0, 0.0);
    var before = 0.0;
    if (place.here && !halted() && moves(place.replica)) {
        let at = 2u * (atomicLoad(&control[BEGUN]) * world.atoms.y + place.replica);
        let strength = bitcast<vec2<f32>>(drive[at].xy);
        var v = kicked(place.atom, velocity(place.atom));
        drift(place.atom, v, 0.5);
        before = kinetic(place.atom, v);
        let noise = strength.y * sqrt(bitcast<f32>(motion[3u * place.atom].w));
        let xi = normal_vector(place.local, drive[at + 1u]);
        v = changed(place.atom, v, strength.x * vec3<f32>(v) + noise * xi);
        set_velocity(place.atom, v);
        let mass = bitcast<f32>(motion[3u * place.atom + 1u].w);
        after = vec4<f32>(mass * vec3<f32>(v), kinetic(place.atom, v));
    }
    let sum = sum_of_lanes(lane, after);
    let first = sum_of_lanes(lane, vec4<f32>(before, 0.0, 0.0, 0.0));
    if (lane == 0u && place.replica < world.atoms.y) {
        parts[2u * place.group] = sum;
        parts[2u * place.group + 1u] = first;
    }
}
