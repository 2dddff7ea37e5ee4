// Half a step of a Nosé-Hoover chain (Martyna, Klein and Tuckerman, doi:10.1063/1.463940) by the symmetric splitting of
// Martyna et al. (doi:10.1080/00268979600100761), at the end of a step (END) or at the beginning. A workgroup for a
// replica, of which thread 0 moves the chain. The places of the links are sums over the whole run: they are kept in
// fixed point, 32 bits before and 32 after the point.
//
// binding 2  parts   16 bytes a number of four, two for each workgroup: kinetic energy first
// binding 3  drive   32 bytes for each step and replica: kT at the beginning and at the end of the step, half the step,
//                    (period/2 pi)^2; degrees of freedom, three unused; as bits
// binding 4  scales  out, 8 bytes a replica
// binding 5  chain   12 bytes a link, LINKS for each replica: place (whole, part), bits of its rate

@group(0) @binding(2) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> drive: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> scales: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> chain: array<u32>;

// exp(x) - 1 without cancellation, for the small x of a step.
fn exp_less_one(x: f32) -> f32 {
    if (abs(x) > 0.1) {
        return exp(x) - 1.0;
    }
    return x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x / 720.0)))));
}

// Moves a place by a part of a turn.
fn shift_place(at: u32, change: f32) {
    let down = floor(change);
    let low = u32(min((change - down) * 4294967296.0, 4294967040.0));
    let sum = chain[at + 1u] + low;
    chain[at] = bitcast<u32>(bitcast<i32>(chain[at]) + i32(down) + select(0, 1, sum < low));
    chain[at + 1u] = sum;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let replica = group.x;
    let total = total_of(replica, lane, 0u);
    if (lane != 0u || halted() || !moves(replica)) {
        return;
    }
    let step = atomicLoad(&control[BEGUN]) - select(0u, 1u, END);
    let at = 2u * (step * world.atoms.y + replica);
    let numbers = bitcast<vec4<f32>>(drive[at]);
    let freedom = bitcast<f32>(drive[at + 1u].x);
    let thermal = select(numbers.x, numbers.y, END);
    var rates: array<f32, LINKS>;
    for (var k = 0u; k < LINKS; k++) {
        rates[k] = bitcast<f32>(chain[3u * (replica * LINKS + k) + 2u]);
    }
    var energy = total.x;
    var change = 0.0;
    for (var turn = 0u; turn < 3u; turn++) {
        let time = numbers.z * select(1.3512071919596578, -1.7024143839193153, turn == 1u);
        for (var way = 0u; way < 2u; way++) {
            // From the end of the chain to the atoms, then back.
            for (var n = 0u; n < LINKS; n++) {
                let k = select(n, LINKS - 1u - n, way == 0u);
                let mass = select(1.0, freedom, k == 0u) * thermal * numbers.w;
                var excess = 2.0 * energy - freedom * thermal;
                if (k > 0u) {
                    let below = select(1.0, freedom, k == 1u) * thermal * numbers.w;
                    excess = below * rates[k - 1u] * rates[k - 1u] - thermal;
                }
                var damping = 1.0;
                if (k + 1u < LINKS) {
                    damping = exp(-0.25 * time * rates[k + 1u]);
                }
                rates[k] = (rates[k] * damping + 0.5 * time * excess / mass) * damping;
            }
            if (way == 0u) {
                let scale = exp_less_one(-time * rates[0]);
                change += scale + change * scale;
                energy *= (1.0 + scale) * (1.0 + scale);
                for (var k = 0u; k < LINKS; k++) {
                    shift_place(3u * (replica * LINKS + k), time * rates[k]);
                }
            }
        }
    }
    for (var k = 0u; k < LINKS; k++) {
        chain[3u * (replica * LINKS + k) + 2u] = bitcast<u32>(rates[k]);
    }
    scales[replica] = select(vec2<f32>(0.0, change), vec2<f32>(change, 0.0), END);
}
