// What sums over the neighbours and their derivatives have in common, for the moments and the
// Artrith-Urban-Ceder descriptors. Constants in capitals are those of one central species; so are the tables.
//
// A part (radial, angular) has CHANNELS x ROWS functions; a neighbour of species s has
//   h_q = w_(s, q / ROWS) f(r) sum_k c_(s, q % ROWS, k) T_k(2r/R - 1).
//
// The tables (`tables.wgsl`) hold the weights w, the series c, and the sparse tables of the invariants.

fn radial_cutoff(r: f32) -> vec2<f32> {
    return cutoff(RADIAL_SHAPE, r, RADIAL_RADIUS, RADIAL_START, RADIAL_SCALE);
}

fn angular_cutoff(r: f32) -> vec2<f32> {
    return cutoff(ANGULAR_SHAPE, r, ANGULAR_RADIUS, ANGULAR_START, ANGULAR_SCALE);
}

// Beyond the radius f is zero; the polynomials need not grow there.
fn argument(r: f32, radius: f32) -> f32 {
    return clamp(2.0 * r / radius - 1.0, -1.0, 1.0);
}

fn angular_weight(species: u32, channel: u32) -> f32 {
    return number(AT_ANGULAR_WEIGHTS + species * ANGULAR_CHANNELS + channel);
}

// Where the series of function n of a neighbour begins.
fn angular_series(species: u32, n: u32) -> u32 {
    return AT_ANGULAR_SERIES + (species * ANGULAR_ROWS + n) * ANGULAR_TERMS;
}

// sum_k c_k T_k(x) of function n of a neighbour, and its derivative by x.
fn angular_sum(species: u32, n: u32, x: f32) -> vec2<f32> {
    let series = angular_series(species, n);
    var sum = vec2<f32>(0.0, 0.0);
    var state = chebyshev_begin(x);
    for (var k = 0u; k < ANGULAR_TERMS; k++) {
        sum += number(series + k) * state.xy;
        state = chebyshev_next(x, state);
    }
    return sum;
}

// T_0 and its derivative, T_(-1) = T_1 and its derivative: where the recursion begins.
fn chebyshev_begin(x: f32) -> vec4<f32> {
    return vec4<f32>(1.0, 0.0, x, 1.0);
}

// T_(k+1) = 2 x T_k - T_(k-1), and its derivative.
fn chebyshev_next(x: f32, state: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(2.0 * x * state.xy - state.zw + vec2<f32>(0.0, 2.0 * state.x), state.xy);
}
