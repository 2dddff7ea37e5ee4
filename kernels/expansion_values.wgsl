// Descriptors of one atom: sums over its neighbours, then their invariants. A workgroup for an atom.
//
//   S_sk = sum_(j of s) f T_k,  M_q,lm = sum_j h_q(r_j) C_lm(r^_j),  G = (radial sums, products of two to four M),
//
// with the real spherical harmonics after Racah, C_l,+-m = q_lm(z) times Re or Im (x + iy)^m (l^2 + l + m is the place
// of C_lm), whose q_lm follow from each other by a recursion in l that is stable in single precision; monomials of z
// would lose digits to cancellation.
//
// Neighbours are taken CHUNK at a time: each thread prepares one, then each thread adds up one or more sums over
// the chunk; the order of every sum is that of the list. Nothing is added atomically.
//
// binding 5  descriptors  out, 4 bytes a number: number after number, in each atom after atom of the block
// binding 6  moments      out, FUNCTIONS x COUNT numbers of 4 bytes an atom: M, for the derivatives

@group(0) @binding(5) var<storage, read_write> descriptors: array<f32>;
@group(0) @binding(6) var<storage, read_write> moments: array<f32>;

var<workgroup> kinds: array<u32, CHUNK>;
var<workgroup> terms: array<f32, CHUNK_TERMS>;
var<workgroup> functions: array<f32, CHUNK_FUNCTIONS>;
var<workgroup> basis: array<f32, CHUNK_COUNT>;
var<workgroup> radial_sums: array<f32, RADIAL_SUMS>;
var<workgroup> harmonics: array<f32, SUMS>;
var<workgroup> overlaps: array<f32, PAIRS>;

// The harmonics at a unit vector.
fn fill_basis(at: u32, u: vec3<f32>) {
    var a = 1.0;
    var b = 0.0;
    var place = AT_RECURSION;
    for (var m = 0u; m <= DEGREE; m++) {
        var previous = 0.0;
        var current = number(place);
        place += 1u;
        for (var l = m; l <= DEGREE; l++) {
            let centre = at + l * l + l;
            basis[centre + m] = a * current;
            if (m > 0u) {
                basis[centre - m] = b * current;
            }
            let next = number(place) * u.z * current - number(place + 1u) * previous;
            place += 2u;
            previous = current;
            current = next;
        }
        let next = a * u.x - b * u.y;
        b = a * u.y + b * u.x;
        a = next;
    }
}

// Prepares one neighbour for the sums.
fn prepare(lane: u32, home: vec4<u32>, entry: vec2<u32>, near: bool) {
    let other = neighbor(home, entry);
    let r = length(other.vector);
    kinds[lane] = other.species;
    let f = radial_cutoff(r).x;
    let x = argument(r, RADIAL_RADIUS);
    var state = chebyshev_begin(x);
    for (var k = 0u; k < RADIAL_TERMS; k++) {
        terms[lane * RADIAL_TERMS + k] = f * state.x;
        state = chebyshev_next(x, state);
    }
    if (ANGULAR && near) {
        let f = angular_cutoff(r).x;
        let x = argument(r, ANGULAR_RADIUS);
        var h: array<f32, ANGULAR_ROWS>;
        for (var n = 0u; n < ANGULAR_ROWS; n++) {
            h[n] = f * angular_sum(other.species, n, x).x;
        }
        for (var c = 0u; c < ANGULAR_CHANNELS; c++) {
            let weight = angular_weight(other.species, c);
            for (var n = 0u; n < ANGULAR_ROWS; n++) {
                functions[lane * FUNCTIONS + c * ANGULAR_ROWS + n] = weight * h[n];
            }
        }
        fill_basis(lane * COUNT, other.vector / r);
    }
}

// Sum over m of M_q,lm M_p,lm.
fn product_of_two(q: u32, p: u32, l: u32) -> f32 {
    var sum = 0.0;
    for (var i = l * l; i < (l + 1u) * (l + 1u); i++) {
        sum += harmonics[q * COUNT + i] * harmonics[p * COUNT + i];
    }
    return sum;
}

// Product `product` of three or four sums of function q.
fn product_of_more(product: u32, q: u32) -> f32 {
    var sum = 0.0;
    for (var at = tables[AT_PRODUCT_STARTS + product]; at < tables[AT_PRODUCT_STARTS + product + 1u]; at++) {
        let places = tables[AT_PRODUCTS + 2u * at];
        var value = number(AT_PRODUCTS + 2u * at + 1u);
        for (var shift = 0u; shift < 32u; shift += 8u) {
            let place = (places >> shift) & 255u;
            if (place != 255u) {
                value *= harmonics[q * COUNT + place];
            }
        }
        sum += value;
    }
    return sum;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let atom = atom_of(group, groups);
    if (atom >= frame.block.y) {
        return;
    }
    let row = rows[frame.block.x + atom];
    let home = positions[row.x];
    for (var item = lane; item < RADIAL_SUMS; item += 64u) {
        radial_sums[item] = 0.0;
    }
    for (var item = lane; item < SUMS; item += 64u) {
        harmonics[item] = 0.0;
    }
    for (var item = lane; item < PAIRS; item += 64u) {
        overlaps[item] = 0.0;
    }
    for (var begin = row.y; begin < row.w; begin += CHUNK) {
        let place = begin + lane;
        if (lane < CHUNK && place < row.w) {
            prepare(lane, home, list[place], place < row.z);
        }
        workgroupBarrier();
        let count = min(CHUNK, row.w - begin);
        for (var item = lane; item < RADIAL_SUMS; item += 64u) {
            let species = item / RADIAL_TERMS;
            let k = item % RADIAL_TERMS;
            var sum = 0.0;
            for (var j = 0u; j < count; j++) {
                sum += select(0.0, terms[j * RADIAL_TERMS + k], kinds[j] == species);
            }
            radial_sums[item] += sum;
        }
        if (ANGULAR && begin < row.z) {
            let near = min(CHUNK, row.z - begin);
            for (var item = lane; item < SUMS; item += 64u) {
                let q = item / COUNT;
                let i = item % COUNT;
                var sum = 0.0;
                for (var j = 0u; j < near; j++) {
                    sum += functions[j * FUNCTIONS + q] * basis[j * COUNT + i];
                }
                harmonics[item] += sum;
            }
            if (DISTINCT) {
                for (var item = lane; item < PAIRS; item += 64u) {
                    let q = tables[AT_PAIRS + 2u * item];
                    let p = tables[AT_PAIRS + 2u * item + 1u];
                    var sum = 0.0;
                    for (var j = 0u; j < near; j++) {
                        sum += functions[j * FUNCTIONS + q] * functions[j * FUNCTIONS + p];
                    }
                    overlaps[item] += sum;
                }
            }
        }
        workgroupBarrier();
    }
    workgroupBarrier();

    let stride = frame.block.y;
    let out = frame.block.z + atom;
    for (var item = lane; item < RADIAL_FUNCTIONS; item += 64u) {
        let channel = item / RADIAL_ROWS;
        let n = item % RADIAL_ROWS;
        var value = 0.0;
        for (var s = 0u; s < SPECIES; s++) {
            let weight = number(AT_RADIAL_WEIGHTS + s * RADIAL_CHANNELS + channel);
            let series = AT_RADIAL_SERIES + (s * RADIAL_ROWS + n) * RADIAL_TERMS;
            if (weight != 0.0) {
                var sum = 0.0;
                for (var k = 0u; k < RADIAL_TERMS; k++) {
                    sum += number(series + k) * radial_sums[s * RADIAL_TERMS + k];
                }
                value += weight * sum;
            }
        }
        descriptors[out + stride * tables[AT_ORDER + item]] = value;
    }
    if (ANGULAR) {
        for (var item = lane; item < SUMS; item += 64u) {
            moments[frame.block.w + atom * SUMS + item] = harmonics[item];
        }
        workgroupBarrier();
        for (var item = lane; item < PAIRS * ANGLES; item += 64u) {
            let pair = item / ANGLES;
            let angle = item % ANGLES;
            let q = tables[AT_PAIRS + 2u * pair];
            let p = tables[AT_PAIRS + 2u * pair + 1u];
            var value = 0.0;
            if (CHEBYSHEV) {
                for (var l = 0u; l <= DEGREE; l++) {
                    value += number(AT_ANGLES + angle * (DEGREE + 1u) + l) * product_of_two(q, p, l);
                }
            } else {
                value = product_of_two(q, p, FIRST_ANGLE + angle);
            }
            if (DISTINCT) {
                value = 0.5 * (value - overlaps[pair]);
            }
            descriptors[out + stride * tables[AT_ORDER + RADIAL_FUNCTIONS + item]] = value;
        }
        for (var item = lane; item < PRODUCTS * FUNCTIONS; item += 64u) {
            let place = tables[AT_ORDER + RADIAL_FUNCTIONS + PAIRS * ANGLES + item];
            descriptors[out + stride * place] = product_of_more(item / FUNCTIONS, item % FUNCTIONS);
        }
    }
}
