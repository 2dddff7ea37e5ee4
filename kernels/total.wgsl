// The sum over the workgroups of a replica of one of the two numbers of four that each has left.

// The threads share the workgroups; the sum is known to thread 0.
fn total_of(replica: u32, lane: u32, which: u32) -> vec4<f32> {
    var sum = vec4<f32>(0.0, 0.0, 0.0, 0.0);
    for (var g = lane; g < world.atoms.z; g += 64u) {
        sum += parts[2u * (replica * world.atoms.z + g) + which];
    }
    return sum_of_lanes(lane, sum);
}
