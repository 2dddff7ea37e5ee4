// Half a step of a Nosé-Hoover chain (Martyna, Klein and Tuckerman, doi:10.1063/1.463940) by the symmetric splitting of
// Martyna et al. (doi:10.1080/00268979600100761), at the end of a step (END) or at the beginning. A workgroup for a
// replica, of which thread 0 moves the chain. The places of the links are sums over the whole run: they are kept in
// fixed point, 32 bits before and 32 after the point.
//
// As in `src/md/chain.rs` half a step is cut into parts: one is halved until it turns the fastest of the links by no more
// than TURN, by what there is where it begins and where it ends.
//
// binding 2  parts   16 bytes a number of four, two for each workgroup: kinetic energy first
// binding 3  drive   32 bytes for each step and replica: kT at the beginning and at the end of the step, half the step,
//                    (period/2 pi)^2; degrees of freedom, three unused; as bits
// binding 4  scales  out, 8 bytes a replica
// binding 5  chain   12 bytes a link, LINKS for each replica: place (whole, part), bits of its rate
// binding 6  log     out at the end of a step, 16 bytes for each step and replica: kinetic energy of the chain in the middle
//                    of the step, and sum of its places, the first as often as there are degrees of freedom; both by kT

@group(0) @binding(2) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> drive: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> scales: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> chain: array<u32>;
@group(0) @binding(6) var<storage, read_write> log_of_steps: array<vec4<f32>>;

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

const TURN: f32 = 0.1;
// Halvings at most.
const FINEST: u32 = 14u;

// What the chain keeps warm: degrees of freedom, kT, (period/2 pi)^2.
var<private> bath: vec3<f32>;
var<private> rates: array<f32, LINKS>;

fn weight(k: u32) -> f32 {
    return select(1.0, bath.x, k == 0u);
}

// The force on a link, by its mass.
fn driven(k: u32, energy: f32) -> f32 {
    let mass = weight(k) * bath.y * bath.z;
    if (k == 0u) {
        return (2.0 * energy - bath.x * bath.y) / mass;
    }
    let below = weight(k - 1u) * bath.y * bath.z;
    return (below * rates[k - 1u] * rates[k - 1u] - bath.y) / mass;
}

// The rate of the fastest motion of the links.
fn fastest(energy: f32) -> f32 {
    var rate = inverseSqrt(bath.z);
    for (var k = 0u; k < LINKS; k++) {
        rate = max(rate, max(abs(rates[k]), sqrt(abs(driven(k, energy)))));
    }
    return rate;
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
    bath = vec3<f32>(bitcast<f32>(drive[at + 1u].x), select(numbers.x, numbers.y, END), numbers.w);
    var moved: array<f32, LINKS>;
    for (var k = 0u; k < LINKS; k++) {
        rates[k] = bitcast<f32>(chain[3u * (replica * LINKS + k) + 2u]);
        moved[k] = 0.0;
    }
    if (END) {
        var note = vec4<f32>(0.0);
        for (var k = 0u; k < LINKS; k++) {
            let place = 3u * (replica * LINKS + k);
            note.x += 0.5 * weight(k) * bath.z * rates[k] * rates[k];
            note.y += weight(k) * (f32(bitcast<i32>(chain[place])) + f32(chain[place + 1u]) / 4294967296.0);
        }
        log_of_steps[at / 2u] = note;
    }
    var change = 0.0;
    var rate = fastest(total.x);
    var level = 0u;
    var done = 0u;
    while (done < (1u << FINEST)) {
        let part = numbers.z / f32(1u << level);
        if (level < FINEST && rate * part > TURN) {
            level++;
            continue;
        }
        let kept = rates;
        let places = moved;
        let before = change;
        for (var turn = 0u; turn < 3u; turn++) {
            let time = part * select(1.3512071919596578, -1.7024143839193153, turn == 1u);
            for (var way = 0u; way < 2u; way++) {
                // From the end of the chain to the atoms, then back.
                let energy = total.x * (1.0 + change) * (1.0 + change);
                for (var n = 0u; n < LINKS; n++) {
                    let k = select(n, LINKS - 1u - n, way == 0u);
                    var damping = 1.0;
                    if (k + 1u < LINKS) {
                        damping = exp(-0.25 * time * rates[k + 1u]);
                    }
                    rates[k] = (rates[k] * damping + 0.5 * time * driven(k, energy)) * damping;
                }
                if (way == 0u) {
                    let scale = exp_less_one(-time * rates[0]);
                    change += scale + change * scale;
                    for (var k = 0u; k < LINKS; k++) {
                        moved[k] += time * rates[k];
                    }
                }
            }
        }
        let reached = fastest(total.x * (1.0 + change) * (1.0 + change));
        if (level < FINEST && reached * part > TURN) {
            rates = kept;
            moved = places;
            change = before;
            level++;
            continue;
        }
        rate = reached;
        done += 1u << (FINEST - level);
        // Parts begin where parts of their length do.
        level = FINEST - min(FINEST, countTrailingZeros(done));
    }
    for (var k = 0u; k < LINKS; k++) {
        shift_place(3u * (replica * LINKS + k), moved[k]);
        chain[3u * (replica * LINKS + k) + 2u] = bitcast<u32>(rates[k]);
    }
    scales[replica] = select(vec2<f32>(0.0, change), vec2<f32>(change, 0.0), END);
}
