// The counter-based generator Philox4x32-10 (Salmon et al., doi:10.1145/2063384.2063405), integer for integer that of
// `src/random.rs`, and normal deviates from it.

// The random function of a counter and a key.
fn philox(start: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
    var counter = start;
    var key = seed;
    for (var turn = 0u; turn < 10u; turn++) {
        let first = product(0xD2511F53u, counter.x);
        let second = product(0xCD9E8D57u, counter.z);
        counter = vec4<u32>(second.y ^ counter.y ^ key.x, second.x, first.y ^ counter.w ^ key.y, first.x);
        key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

// Two normal deviates from two words (Box and Muller, doi:10.1214/aoms/1177706645). The radius comes from the upper 24
// bits of a word and half a unit more, which is never zero and reaches 5.9; the angle from the other word: its upper two
// bits are the quarter. A driver's logarithm may be a little above zero for u just below one.
fn normal_pair(words: vec2<u32>) -> vec2<f32> {
    let u = (f32(words.x >> 8u) + 0.5) * (1.0 / 16777216.0);
    let radius = sqrt(max(-2.0 * log(u), 0.0));
    let t = cos_sin_pi(f32((words.y >> 6u) & 0xffffffu) * (0.5 / 16777216.0));
    let quarter = words.y >> 30u;
    let turned = select(t, vec2<f32>(-t.y, t.x), (quarter & 1u) == 1u);
    return radius * select(turned, -turned, quarter >= 2u);
}

// The three normal deviates of an atom: from the first block of its stream at a step for a purpose.
fn normal_vector(atom: u32, stream: vec4<u32>) -> vec3<f32> {
    let words = philox(vec4<u32>(0u, atom, stream.z, stream.w), stream.xy);
    let one = normal_pair(words.xy);
    return vec3<f32>(one.x, one.y, normal_pair(words.zw).x);
}
