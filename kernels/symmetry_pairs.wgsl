// Forces between one atom and its neighbours from the derivatives of its energy with respect to its symmetry
// functions. A workgroup for an atom, a thread for a neighbour j, which alone computes
//
//   p_ij = sum_s g_s dG_s/dr_ij:  radial, and for every other neighbour k
//   rho_j' rho_k rho_jk A r^_ij + rho_j rho_k rho_jk A' (r^_ik - cos r^_ij)/r_ij + rho_j rho_k rho_jk' A r^_kj.
//
// The virial of the atom is - sum_j r_ij (x) p_ij.
//
// binding 5  gradients  dE/dG, laid out as the descriptors
// binding 6  pairs      out, 16 bytes a pair: p_ij (eV/angstrom) and a zero
// binding 7  virials    out, 9 numbers of 4 bytes a slot, eV

@group(0) @binding(5) var<storage, read> gradients: array<f32>;
@group(0) @binding(6) var<storage, read_write> pairs: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> virials: array<f32>;

var<workgroup> g: array<f32, LENGTH>;
var<workgroup> stretch: array<f32, 576>;

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
    for (var s = lane; s < LENGTH; s += 64u) {
        g[s] = gradients[frame.block.z + atom + frame.block.y * s];
    }
    var w0 = vec3<f32>(0.0, 0.0, 0.0);
    var w1 = vec3<f32>(0.0, 0.0, 0.0);
    var w2 = vec3<f32>(0.0, 0.0, 0.0);
    workgroupBarrier();
    for (var begin = row.y; begin < row.w; begin += 64u) {
        let place = begin + lane;
        let here = place < row.w;
        var own: array<vec2<f32>, FACTORS>;
        var vector = vec3<f32>(1.0, 0.0, 0.0);
        var species = 0u;
        if (here) {
            let other = neighbor(home, list[place]);
            vector = other.vector;
            species = other.species;
        }
        let r = length(vector);
        let u = vector / r;
        var p = vec3<f32>(0.0, 0.0, 0.0);
        var along = 0.0;
        if (here) {
            for (var e = 0u; e < FACTORS; e++) {
                own[e] = rho(e, r);
            }
            for (var at = tables[AT_RADIAL_STARTS + species]; at < tables[AT_RADIAL_STARTS + species + 1u]; at++) {
                let entry = AT_RADIAL + at * ENTRY;
                along += g[tables[entry]] * number(entry + 2u) * own[tables[entry + 1u]].y;
            }
        }
        if (begin < row.z) {
            for (var first = row.y; first < row.z; first += TILE) {
                workgroupBarrier();
                fill_tile(lane, first, row.z, home);
                workgroupBarrier();
                let count = min(TILE, row.z - first);
                if (place < row.z) {
                    for (var k = 0u; k < count; k++) {
                        if (first + k == place) {
                            continue;
                        }
                        let other = tile[k];
                        let v = other.xyz / other.w;
                        let cosine = dot(u, v);
                        let sine = length(cross(u, v));
                        let across = vector - other.xyz;
                        let opposite = length(across);
                        let class_of = species * SPECIES + tile_species[k];
                        var known = 0xffffffffu;
                        var narrow = vec2<f32>(1.0, 0.0);
                        // What multiplies r^_ij, the turn of r^_ij, and r^_kj.
                        var by_side = 0.0;
                        var by_angle = 0.0;
                        var by_opposite = 0.0;
                        let end = tables[AT_CLASSES + class_of + 1u];
                        for (var at = tables[AT_CLASSES + class_of]; at < end; at++) {
                            let entry = AT_ANGULAR + at * ENTRY;
                            let e = tables[entry + 1u];
                            let side = tile_rho[k * FACTORS + e];
                            if (side == 0.0 || own[e].x == 0.0) {
                                continue;
                            }
                            let weight = g[tables[entry]] * number(entry + 2u) * side;
                            let a = angle(entry, cosine, sine);
                            if (tables[entry + 3u] == 1u) {
                                if (e != known) {
                                    known = e;
                                    narrow = rho(e, opposite);
                                }
                                by_side += weight * own[e].y * narrow.x * a.x;
                                by_angle += weight * own[e].x * narrow.x * a.y;
                                by_opposite += weight * own[e].x * narrow.y * a.x;
                            } else {
                                by_side += weight * own[e].y * a.x;
                                by_angle += weight * own[e].x * a.y;
                            }
                        }
                        along += by_side - by_angle * cosine / r;
                        p += by_angle / r * v;
                        if (by_opposite != 0.0) {
                            p += by_opposite / opposite * across;
                        }
                    }
                }
            }
        }
        if (here) {
            p += along * u;
            pairs[place] = vec4<f32>(p, 0.0);
            w0 -= vector.x * p;
            w1 -= vector.y * p;
            w2 -= vector.z * p;
        }
    }
    for (var c = 0u; c < 3u; c++) {
        stretch[lane * 9u + c] = w0[c];
        stretch[lane * 9u + 3u + c] = w1[c];
        stretch[lane * 9u + 6u + c] = w2[c];
    }
    workgroupBarrier();
    if (lane < 9u) {
        var sum = 0.0;
        for (var t = 0u; t < 64u; t++) {
            sum += stretch[t * 9u + lane];
        }
        virials[slot * 9u + lane] = sum;
    }
}
