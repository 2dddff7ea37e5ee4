// What sums over the neighbours and their derivatives have in common, for the moments and the
// Artrith-Urban-Ceder descriptors. Constants in capitals are those of one central species; so are the tables.
//
// A part (radial, angular) has CHANNELS x ROWS functions; a neighbour of species s has
//   h_q = w_(s, q / ROWS) f(r) sum_k c_(s, q % ROWS, k) T_k(2r/R - 1).
//
// binding 4  tables  the weights w, the series c, and the sparse tables of the invariants; f32 as bits of u32

@group(0) @binding(4) var<storage, read> tables: array<u32>;

fn number(at: u32) -> f32 {
    return bitcast<f32>(tables[at]);
}

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

// Which atom of the block a workgroup is for.
fn atom_of(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.x + group.y * groups.x;
}
