// Forces between one atom and its neighbours, from the derivatives of its energy. A workgroup for an atom.
//
// With g = dE/dG: dE/dM from the invariants, and for every neighbour
//   p_ij = sum_n [ h_n' Q_n r^ + h_n (grad Q_n - r^ (r^ . grad Q_n))/r ] + r^ d/dr [ f sum_k a_k T_k ],
// where Q_n(r^) = sum_lm dE/dM_n,lm C_lm(r^) and a_k = dE/dS_sk.
//
// (bindings 5 to 7 are in `pair_forces.wgsl`)
// binding 8  moments  M of every atom

@group(0) @binding(8) var<storage, read> moments: array<f32>;

var<workgroup> harmonics: array<f32, SUMS>;
var<workgroup> slopes: array<f32, SUMS>;
var<workgroup> weights: array<f32, PAIR_WEIGHTS>;
var<workgroup> touches: array<f32, PAIRS>;
var<workgroup> species_slopes: array<f32, SPECIES_SLOPES>;
var<workgroup> species_touch: array<f32, SPECIES_TOUCH>;
var<workgroup> series: array<f32, RADIAL_SUMS>;

// Q = sum_lm c_lm C_lm and its gradient, with x, y and z taken as independent; the c_lm begin at `at`.
fn polynomial(at: u32, u: vec3<f32>) -> vec4<f32> {
    var q = 0.0;
    var gradient = vec3<f32>(0.0, 0.0, 0.0);
    // (x + iy)^(m - 1) and (x + iy)^m.
    var below = vec2<f32>(0.0, 0.0);
    var here = vec2<f32>(1.0, 0.0);
    var place = AT_RECURSION;
    for (var m = 0u; m <= DEGREE; m++) {
        // q_lm and its derivative, of which v and w are the sums that go with the two parts of (x + iy)^m.
        var previous = vec2<f32>(0.0, 0.0);
        var current = vec2<f32>(number(place), 0.0);
        var v = vec2<f32>(0.0, 0.0);
        var w = vec2<f32>(0.0, 0.0);
        place += 1u;
        for (var l = m; l <= DEGREE; l++) {
            let centre = at + l * l + l;
            v += species_slopes[centre + m] * current;
            if (m > 0u) {
                w += species_slopes[centre - m] * current;
            }
            let alpha = number(place);
            let next = alpha * vec2<f32>(u.z * current.x, u.z * current.y + current.x) - number(place + 1u) * previous;
            place += 2u;
            previous = current;
            current = next;
        }
        let factor = f32(m);
        q += here.x * v.x + here.y * w.x;
        gradient.x += factor * (below.x * v.x + below.y * w.x);
        gradient.y += factor * (below.x * w.x - below.y * v.x);
        gradient.z += here.x * v.y + here.y * w.y;
        below = here;
        here = vec2<f32>(here.x * u.x - here.y * u.y, here.x * u.y + here.y * u.x);
    }
    return vec4<f32>(q, gradient);
}

// Which of the pairs of functions q and p make, or none.
fn pair_of(q: u32, p: u32) -> u32 {
    return tables[AT_PAIR_OF + q * FUNCTIONS + p];
}

// dE/dM_q,lm of the products of two and of more.
fn slope_of(q: u32, i: u32) -> f32 {
    let l = tables[AT_DEGREES + i];
    var slope = 0.0;
    for (var p = 0u; p < FUNCTIONS; p++) {
        let pair = pair_of(q, p);
        if (pair != 0xffffffffu) {
            // The derivative of a square is twice its root.
            let twice = select(1.0, 2.0, q == p);
            slope += twice * weights[pair * (DEGREE + 1u) + l] * harmonics[p * COUNT + i];
        }
    }
    for (var at = tables[AT_SLOPE_STARTS + i]; at < tables[AT_SLOPE_STARTS + i + 1u]; at++) {
        let product = tables[AT_SLOPES + 3u * at];
        let places = tables[AT_SLOPES + 3u * at + 1u];
        var value = number(AT_SLOPES + 3u * at + 2u)
            * g[RADIAL_FUNCTIONS + PAIRS * ANGLES + product * FUNCTIONS + q];
        for (var shift = 0u; shift < 24u; shift += 8u) {
            let place = (places >> shift) & 255u;
            if (place != 255u) {
                value *= harmonics[q * COUNT + place];
            }
        }
        slope += value;
    }
    return slope;
}

// p_ij of the angular part, and what it adds along r.
fn angular_pair(species: u32, r: f32, u: vec3<f32>) -> vec4<f32> {
    let f = angular_cutoff(r);
    let x = argument(r, ANGULAR_RADIUS);
    var h: array<f32, ANGULAR_ROWS>;
    var dh: array<f32, ANGULAR_ROWS>;
    for (var n = 0u; n < ANGULAR_ROWS; n++) {
        let sum = angular_sum(species, n, x);
        h[n] = f.x * sum.x;
        dh[n] = f.y * sum.x + f.x * sum.y * (2.0 / ANGULAR_RADIUS);
    }
    var along = 0.0;
    var across = vec3<f32>(0.0, 0.0, 0.0);
    for (var n = 0u; n < ANGULAR_ROWS; n++) {
        let q = polynomial((species * ANGULAR_ROWS + n) * COUNT, u);
        var value = q.x;
        if (DISTINCT) {
            for (var m = 0u; m < ANGULAR_ROWS; m++) {
                value += species_touch[(species * ANGULAR_ROWS + n) * ANGULAR_ROWS + m] * h[m];
            }
        }
        along += dh[n] * value;
        across += h[n] * q.yzw;
    }
    return vec4<f32>((across - u * dot(u, across)) / r, along);
}

// d/dr of the radial part.
fn radial_slope(species: u32, r: f32) -> f32 {
    let f = radial_cutoff(r);
    let x = argument(r, RADIAL_RADIUS);
    var sum = vec2<f32>(0.0, 0.0);
    var state = chebyshev_begin(x);
    for (var k = 0u; k < RADIAL_TERMS; k++) {
        sum += series[species * RADIAL_TERMS + k] * state.xy;
        state = chebyshev_next(x, state);
    }
    return f.y * sum.x + f.x * sum.y * (2.0 / RADIAL_RADIUS);
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
    let slot = frame.block.x + atom;
    let row = rows[slot];
    let home = positions[row.x];
    for (var item = lane; item < LENGTH; item += 64u) {
        g[item] = gradient(atom, tables[AT_ORDER + item]);
    }
    if (ANGULAR) {
        for (var item = lane; item < SUMS; item += 64u) {
            harmonics[item] = moments[frame.block.w + atom * SUMS + item];
        }
    }
    workgroupBarrier();
    for (var item = lane; item < RADIAL_SUMS; item += 64u) {
        let species = item / RADIAL_TERMS;
        let k = item % RADIAL_TERMS;
        var sum = 0.0;
        for (var c = 0u; c < RADIAL_CHANNELS; c++) {
            let weight = number(AT_RADIAL_WEIGHTS + species * RADIAL_CHANNELS + c);
            if (weight != 0.0) {
                for (var n = 0u; n < RADIAL_ROWS; n++) {
                    let c_nk = number(AT_RADIAL_SERIES + (species * RADIAL_ROWS + n) * RADIAL_TERMS + k);
                    sum += weight * c_nk * g[c * RADIAL_ROWS + n];
                }
            }
        }
        series[item] = sum;
    }
    if (ANGULAR) {
        let half = select(1.0, 0.5, DISTINCT);
        for (var item = lane; item < PAIR_WEIGHTS; item += 64u) {
            let first = RADIAL_FUNCTIONS + (item / (DEGREE + 1u)) * ANGLES;
            let l = item % (DEGREE + 1u);
            var weight = 0.0;
            if (CHEBYSHEV) {
                for (var n = 0u; n < ANGLES; n++) {
                    weight += g[first + n] * number(AT_ANGLES + n * (DEGREE + 1u) + l);
                }
            } else if (l >= FIRST_ANGLE) {
                weight = g[first + l - FIRST_ANGLE];
            }
            weights[item] = half * weight;
        }
        for (var item = lane; item < PAIRS; item += 64u) {
            var sum = 0.0;
            for (var n = 0u; n < ANGLES; n++) {
                sum += g[RADIAL_FUNCTIONS + item * ANGLES + n];
            }
            touches[item] = -0.5 * sum;
        }
        workgroupBarrier();
        for (var item = lane; item < SUMS; item += 64u) {
            slopes[item] = slope_of(item / COUNT, item % COUNT);
        }
        workgroupBarrier();
        for (var item = lane; item < SPECIES_SLOPES; item += 64u) {
            let i = item % COUNT;
            let n = (item / COUNT) % ANGULAR_ROWS;
            let species = item / (COUNT * ANGULAR_ROWS);
            var sum = 0.0;
            for (var c = 0u; c < ANGULAR_CHANNELS; c++) {
                sum += angular_weight(species, c) * slopes[(c * ANGULAR_ROWS + n) * COUNT + i];
            }
            species_slopes[item] = sum;
        }
        if (DISTINCT) {
            for (var item = lane; item < SPECIES_TOUCH; item += 64u) {
                let m = item % ANGULAR_ROWS;
                let n = (item / ANGULAR_ROWS) % ANGULAR_ROWS;
                let species = item / (ANGULAR_ROWS * ANGULAR_ROWS);
                var sum = 0.0;
                for (var c = 0u; c < ANGULAR_CHANNELS; c++) {
                    for (var d = 0u; d < ANGULAR_CHANNELS; d++) {
                        let q = c * ANGULAR_ROWS + n;
                        let p = d * ANGULAR_ROWS + m;
                        let pair = pair_of(q, p);
                        if (pair != 0xffffffffu) {
                            let both = angular_weight(species, c) * angular_weight(species, d);
                            sum += both * select(1.0, 2.0, q == p) * touches[pair];
                        }
                    }
                }
                species_touch[item] = sum;
            }
        }
    }
    workgroupBarrier();

    let zero = vec3<f32>(0.0, 0.0, 0.0);
    var stretched = Stretch(zero, zero, zero);
    for (var place = row.y + lane; place < row.w; place += 64u) {
        let other = neighbor(home, list[place]);
        let r = length(other.vector);
        let u = other.vector / r;
        var along = radial_slope(other.species, r);
        var p = vec3<f32>(0.0, 0.0, 0.0);
        if (ANGULAR && place < row.z) {
            let angular = angular_pair(other.species, r, u);
            along += angular.w;
            p = angular.xyz;
        }
        p += u * along;
        keep(place, other.species, other.vector, p, &stretched);
    }
    finish_virial(lane, slot, stretched);
}
