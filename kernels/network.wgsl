// Energies of the atoms of one species and their derivatives: the networks of a committee, up and down. A workgroup for
// ATOMS atoms, each with PARTS = 64/ATOMS threads that share its tiles of four neurons. What the threads of an atom tell
// each other is in shared memory, atom beside atom: a thread of its own for each atom would keep all that in memory, for
// its places are not known when the kernel is compiled. Between two barriers all threads take equally many turns, the last of
// which may be for nothing: compilers (Direct3D's FXC) refuse barriers that follow loops of different lengths.
//
//   x = G - shift,  y_l = f_l(W_l y_(l-1) + b_l) (input factors and node factors are in W),  E = a y_last,
//   dE/dG by the chain rule; both are means over the members frame.members.x to frame.members.y.
// What the element's atom adds to E is left to the host, in f64.
//
// binding 1  plan         16 bytes an entry, u32. A member has 1 + 2 LAYERS entries: (inputs, bits of a/members, 0, 0),
//                         then for each layer (tiles in, tiles out, first tile of its values, activation) and
//                         (offset of the weights up, of the weights down, of the biases, first tile of the values below)
// binding 2  weights      16 bytes a tile of four: per input (shift, least, most, 0); biases; weights up by tile of
//                         neurons and input, down by tile of inputs and neuron; padded with zeros
// binding 3  descriptors  G: number after number, in each atom after atom of the block
// binding 4  gradients    out, dE/dG in the same places
// binding 5  energies     out, 4 bytes a slot, eV
// binding 6  outside      out, 4 bytes a slot: how many numbers are outside their trained range

@group(0) @binding(1) var<storage, read> plan: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> descriptors: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(5) var<storage, read_write> energies: array<f32>;
@group(0) @binding(6) var<storage, read_write> outside: array<u32>;

fn logistic(x: f32) -> f32 {
    return 1.0 / (1.0 + exp_of(-x));
}

// Value and slope of an activation function, in the order of the names in `network.rs`.
fn activation(kind: u32, x: f32) -> vec2<f32> {
    switch kind {
        case 0u: {
            return vec2<f32>(x, 1.0);
        }
        case 1u: {
            let t = tanh_of(x);
            return vec2<f32>(t, 1.0 - t * t);
        }
        case 2u: {
            let y = logistic(x);
            return vec2<f32>(y, y * (1.0 - y));
        }
        case 3u, 4u: {
            // aenet's 1.7159 tanh(2x/3), twisted by 0.1 x.
            let twist = select(0.0, 0.1, kind == 4u);
            let t = tanh_of(x * (2.0 / 3.0));
            return vec2<f32>(1.7159 * t + twist * x, 1.7159 * (2.0 / 3.0) * (1.0 - t * t) + twist);
        }
        case 5u: {
            return vec2<f32>(max(x, 0.0) + log_one_plus(exp_of(-abs(x))), logistic(x));
        }
        case 6u: {
            return vec2<f32>(max(x, 0.0), select(0.0, 1.0, x > 0.0));
        }
        case 7u: {
            let y = exp_of(-0.5 * x * x);
            return vec2<f32>(y, -x * y);
        }
        case 8u: {
            // Of |x| the part above whole half turns: cos and sin change their signs with each of them.
            let turns = abs(x) * 0.318309886183791;
            let whole = floor(turns);
            let rest = turns - whole;
            let t = cos_sin_pi(min(rest, 1.0 - rest));
            let odd = select(1.0, -1.0, (u32(whole) & 1u) == 1u);
            let cosine = odd * select(t.x, -t.x, rest > 0.5);
            return vec2<f32>(cosine, select(-1.0, 1.0, x < 0.0) * odd * t.y);
        }
        case 9u: {
            let y = logistic(-x);
            return vec2<f32>(y, y * (y - 1.0));
        }
        case 10u: {
            let y = exp_of(-x);
            return vec2<f32>(y, -y);
        }
        default: {
            return vec2<f32>(x * x, 2.0 * x);
        }
    }
}

// Descriptors less their shifts, values and slopes of all layers, and dE/dy times the slopes, of two layers by turns.
var<workgroup> centred: array<f32, ATOMS_INPUTS>;
var<workgroup> values: array<vec4<f32>, ATOMS_TILES>;
var<workgroup> slopes: array<vec4<f32>, ATOMS_TILES>;
var<workgroup> passed: array<vec4<f32>, ATOMS_PASSED>;
var<workgroup> counts: array<u32, 64>;

// How many turns the threads of an atom take for so many things.
fn turns(things: u32) -> u32 {
    return (things + PARTS - 1u) / PARTS;
}

// What a tile of values of an atom passes on to the energy: W^T times what the layer above it, of so many tiles that stand
// from `first` on, passes on.
fn downwards(row: u32, first: u32, tiles: u32, own: u32) -> vec4<f32> {
    var sum = vec4<f32>(0.0, 0.0, 0.0, 0.0);
    for (var o = 0u; o < tiles; o++) {
        let above = passed[(first + o) * ATOMS + own];
        sum += weights[row + 4u * o] * above.x;
        sum += weights[row + 4u * o + 1u] * above.y;
        sum += weights[row + 4u * o + 2u] * above.z;
        sum += weights[row + 4u * o + 3u] * above.w;
    }
    return sum;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let own = lane % ATOMS;
    let part = lane / ATOMS;
    let atom = (group.x + group.y * groups.x) * ATOMS + own;
    // All threads come to all barriers: those beyond the last atom do as it does, and write nothing.
    let here = atom < frame.block.y;
    let stride = frame.block.y;
    let at = frame.block.z + min(atom, frame.block.y - 1u);

    var count = 0u;
    var energy = 0.0;
    for (var member = frame.members.x; member < frame.members.y; member++) {
        let head = plan[member * MEMBER_ENTRIES];
        for (var turn = 0u; turn < turns(INPUTS); turn++) {
            let k = turn * PARTS + part;
            if (k < INPUTS) {
                let value = descriptors[at + k * stride];
                if (member == frame.members.x) {
                    let range = weights[plan[0].x + k];
                    count += select(0u, 1u, value < range.y || value > range.z);
                }
                centred[k * ATOMS + own] = value - weights[head.x + k].x;
            }
        }
        workgroupBarrier();
        for (var layer = 0u; layer < LAYERS; layer++) {
            let shape = plan[member * MEMBER_ENTRIES + 1u + 2u * layer];
            let place = plan[member * MEMBER_ENTRIES + 2u + 2u * layer];
            for (var turn = 0u; turn < turns(shape.y); turn++) {
                let o = turn * PARTS + part;
                if (o < shape.y) {
                    var sum = weights[place.z + o];
                    let row = place.x + o * 4u * shape.x;
                    if (layer == 0u) {
                        for (var k = 0u; k < INPUTS; k++) {
                            sum += weights[row + k] * centred[k * ATOMS + own];
                        }
                    } else {
                        for (var k = 0u; k < shape.x; k++) {
                            let below = values[(place.w + k) * ATOMS + own];
                            sum += weights[row + 4u * k] * below.x;
                            sum += weights[row + 4u * k + 1u] * below.y;
                            sum += weights[row + 4u * k + 2u] * below.z;
                            sum += weights[row + 4u * k + 3u] * below.w;
                        }
                    }
                    let a = activation(shape.w, sum.x);
                    let b = activation(shape.w, sum.y);
                    let c = activation(shape.w, sum.z);
                    let d = activation(shape.w, sum.w);
                    values[(shape.z + o) * ATOMS + own] = vec4<f32>(a.x, b.x, c.x, d.x);
                    slopes[(shape.z + o) * ATOMS + own] = vec4<f32>(a.y, b.y, c.y, d.y);
                }
            }
            workgroupBarrier();
        }
        let last = (NEURON_TILES - 1u) * ATOMS + own;
        let factor = bitcast<f32>(head.y) / f32(frame.members.y - frame.members.x);
        energy += factor * values[last].x;

        var first = 0u;
        if (part == 0u) {
            passed[own] = vec4<f32>(factor, 0.0, 0.0, 0.0) * slopes[last];
        }
        workgroupBarrier();
        for (var layer = LAYERS - 1u; layer > 0u; layer--) {
            let shape = plan[member * MEMBER_ENTRIES + 1u + 2u * layer];
            let place = plan[member * MEMBER_ENTRIES + 2u + 2u * layer];
            for (var turn = 0u; turn < turns(shape.x); turn++) {
                let k = turn * PARTS + part;
                if (k < shape.x) {
                    let sum = downwards(place.y + k * 4u * shape.y, first, shape.y, own);
                    passed[(WIDEST - first + k) * ATOMS + own] = sum * slopes[(place.w + k) * ATOMS + own];
                }
            }
            first = WIDEST - first;
            workgroupBarrier();
        }
        let shape = plan[member * MEMBER_ENTRIES + 1u];
        let place = plan[member * MEMBER_ENTRIES + 2u];
        for (var turn = 0u; turn < turns(shape.x); turn++) {
            let k = turn * PARTS + part;
            if (k < shape.x) {
                let sum = downwards(place.y + k * 4u * shape.y, first, shape.y, own);
                for (var c = 0u; c < 4u && 4u * k + c < INPUTS; c++) {
                    let to = at + (4u * k + c) * stride;
                    if (here && member == frame.members.x) {
                        gradients[to] = sum[c];
                    } else if (here) {
                        gradients[to] += sum[c];
                    }
                }
            }
        }
        workgroupBarrier();
    }
    counts[lane] = count;
    workgroupBarrier();
    if (part == 0u && here) {
        var all = 0u;
        for (var p = 0u; p < PARTS; p++) {
            all += counts[p * ATOMS + own];
        }
        outside[frame.block.x + atom] = all;
        energies[frame.block.x + atom] = energy;
    }
}
