// Forces between one atom and its neighbours from the derivatives of its energy with respect to its symmetry
// functions. A workgroup for an atom, a thread for a neighbour j, which alone computes
//
//   p_ij = sum_s g_s dG_s/dr_ij:  radial, and for every other neighbour k
//   rho_j' rho_k rho_jk A r^_ij + rho_j rho_k rho_jk A' (r^_ik - cos r^_ij)/r_ij + rho_j rho_k rho_jk' A r^_kj.
//
// (all bindings are in `geometry.wgsl`, `tables.wgsl` and `pair_forces.wgsl`)

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
        g[s] = gradient(atom, s);
    }
    let zero = vec3<f32>(0.0, 0.0, 0.0);
    var stretched = Stretch(zero, zero, zero);
    workgroupBarrier();
    for (var begin = row.y; begin < row.w; begin += 64u) {
        let place = begin + lane;
        let here = place < row.w;
        var own: array<vec2<f32>, FACTORS>;
        let own_side = side_of(home, place, here);
        let vector = own_side.vector;
        let species = own_side.species;
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
            keep(place, species, vector, p, &stretched);
        }
    }
    finish_virial(lane, slot, stretched);
}
