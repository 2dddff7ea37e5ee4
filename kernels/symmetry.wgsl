// What symmetry functions (Behler and Parrinello) and their derivatives have in common. Constants in capitals are
// those of one central species; so are the tables.
//
// A radial factor is exp(o - eta (r - shift)^2) f_c(r) or a compact function; o makes up for functions that are
// minute and scaled by as much. Functions come with a norm that holds 2^(1 - zeta), their scaling, and atomic
// numbers where they are weights.
//
// The tables (`tables.wgsl`) hold the radial factors (RHO words each); for each species of neighbours the radial
// functions, for each pair of species the angular ones (ENTRY words each).

const RHO: u32 = 8u;
const ENTRY: u32 = 8u;

// Radial factor `index` at r, and its derivative.
fn rho(index: u32, r: f32) -> vec2<f32> {
    let at = AT_RHO + index * RHO;
    let kind = tables[at];
    let radius = number(at + 1u);
    if (r >= radius) {
        return vec2<f32>(0.0, 0.0);
    }
    if (kind >= 16u) {
        // Compact: 16 + core, + 8 if it is asymmetric.
        let scale = number(at + 3u);
        let x = (r - number(at + 2u)) * scale;
        let a = abs(x);
        if (a >= 1.0) {
            return vec2<f32>(0.0, 0.0);
        }
        let lopsided = (kind & 8u) != 0u;
        let value = core(kind & 7u, select(a, (2.0 - a) * a, lopsided));
        let slope = value.y * select(1.0, 2.0 - 2.0 * a, lopsided) * scale;
        return vec2<f32>(value.x, select(-slope, slope, x > 0.0));
    }
    let eta = number(at + 4u);
    let x = r - number(at + 5u);
    let e = exp_of(number(at + 6u) - eta * x * x);
    let f = cutoff(kind, r, radius, number(at + 2u), number(at + 3u));
    return e * vec2<f32>(f.x, f.y - 2.0 * eta * x * f.x);
}

// The angular factor of an entry and its derivative with respect to cos, given cos and sin.
fn angle(at: u32, cosine: f32, sine: f32) -> vec2<f32> {
    let kind = tables[at + 4u];
    if (kind < 16u) {
        // (1 + lambda cos)^zeta; kind 0 with an integer zeta, 1 with any.
        let lambda = number(at + 5u);
        let q = 1.0 + lambda * cosine;
        if (q <= 0.0) {
            return vec2<f32>(0.0, 0.0);
        }
        var power = 1.0;
        if (kind == 0u) {
            var base = q;
            for (var rest = tables[at + 6u] - 1u; rest > 0u; rest = rest >> 1u) {
                if ((rest & 1u) == 1u) {
                    power *= base;
                }
                base *= base;
            }
            return vec2<f32>(power * q, lambda * f32(tables[at + 6u]) * power);
        }
        let zeta = number(at + 6u);
        power = exp((zeta - 1.0) * log(q));
        return vec2<f32>(power * q, lambda * zeta * power);
    }
    // C(theta). Drivers' acos is coarse: one step of Newton's method makes it exact to rounding.
    var theta = acos(clamp(cosine, -1.0, 1.0)) * 0.318309886183791;
    theta = clamp(theta, 0.0, 1.0);
    let half = cos_sin_pi(min(theta, 1.0 - theta));
    let c = select(half.x, -half.x, theta > 0.5);
    theta = 3.14159265358979 * theta + (sine * c - cosine * half.y);
    let scale = number(at + 6u);
    let x = (theta - number(at + 5u)) * scale;
    if (abs(x) >= 1.0) {
        return vec2<f32>(0.0, 0.0);
    }
    let value = core(kind & 7u, abs(x));
    let slope = select(-value.y, value.y, x > 0.0) * scale;
    return vec2<f32>(value.x, -slope / max(sine, 1e-6));
}

// A neighbour k as all threads see it: r_ik, |r_ik|, and its radial factors.
var<workgroup> tile: array<vec4<f32>, TILE>;
var<workgroup> tile_species: array<u32, TILE>;
var<workgroup> tile_rho: array<f32, TILE_RHO>;

// Reads the neighbours from `begin` on into the tile.
fn fill_tile(lane: u32, begin: u32, end: u32, home: vec4<u32>) {
    if (lane < TILE && begin + lane < end) {
        let other = neighbor(home, list[begin + lane]);
        let r = length(other.vector);
        tile[lane] = vec4<f32>(other.vector, r);
        tile_species[lane] = other.species;
        for (var e = 0u; e < FACTORS; e++) {
            tile_rho[lane * FACTORS + e] = rho(e, r).x;
        }
    }
}

// The neighbour at a place of the list, or a stand-in where the row has ended: threads that have none go along.
fn side_of(home: vec4<u32>, place: u32, here: bool) -> Neighbor {
    if (here) {
        return neighbor(home, list[place]);
    }
    return Neighbor(vec3<f32>(1.0, 0.0, 0.0), 0u);
}
