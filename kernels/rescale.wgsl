// What a thermostat on all atoms has found: by how much to change all velocities of a replica.
//
// binding 6  scales  8 bytes a replica: what is to be added to each velocity as a part of it, at the end of the step
//                    and at the beginning of the next

@group(0) @binding(6) var<storage, read_write> scales: array<vec2<f32>>;

fn rescaled(atom: u32, v: vec3<i32>, factor: f32) -> vec3<i32> {
    if (factor == 0.0) {
        return v;
    }
    return changed(atom, v, factor * vec3<f32>(v));
}
