// The sum of what the threads of a workgroup have, always in the same order.

var<workgroup> lanes: array<vec4<f32>, 64>;

// Known to all threads.
fn sum_of_lanes(lane: u32, value: vec4<f32>) -> vec4<f32> {
    workgroupBarrier();
    lanes[lane] = value;
    for (var half = 32u; half > 0u; half = half >> 1u) {
        workgroupBarrier();
        if (lane < half) {
            lanes[lane] += lanes[lane + half];
        }
    }
    workgroupBarrier();
    return lanes[0];
}
