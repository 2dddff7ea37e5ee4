// Symmetry functions of one atom. A workgroup for an atom, a thread for a neighbour j:
//
//   radial   G = sum_j rho(r_ij)
//   angular  G = sum_(j<k) rho(r_ij) rho(r_ik) [rho(r_jk)] A(theta_jik), here half the sum over all j and k.
//
// The other neighbours k pass by in tiles; the sums of the threads are added up at the end, in a fixed order.
//
// binding 5  descriptors  out, 4 bytes a number: number after number, in each atom after atom of the block

@group(0) @binding(5) var<storage, read_write> descriptors: array<f32>;

var<workgroup> parts: array<f32, 1024>;

// A sum, and what its additions have lost (Neumaier): networks are fed small differences of large sums. Differences are
// rounded too before more is added: else sum - next + more might become sum + more - next, which is nothing.
fn added(sum: vec2<f32>, more: f32) -> vec2<f32> {
    let next = as_rounded(sum.x + more);
    let lost = select(as_rounded(more - next) + sum.x, as_rounded(sum.x - next) + more, abs(sum.x) >= abs(more));
    return vec2<f32>(next, sum.y + lost);
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
    var sums: array<vec2<f32>, LENGTH>;
    for (var s = 0u; s < LENGTH; s++) {
        sums[s] = vec2<f32>(0.0, 0.0);
    }
    for (var begin = row.y; begin < row.w; begin += 64u) {
        let place = begin + lane;
        let here = place < row.w;
        var own: array<f32, FACTORS>;
        let own_side = side_of(home, place, here);
        let vector = own_side.vector;
        let species = own_side.species;
        let r = length(vector);
        if (here) {
            for (var e = 0u; e < FACTORS; e++) {
                own[e] = rho(e, r).x;
            }
            for (var at = tables[AT_RADIAL_STARTS + species]; at < tables[AT_RADIAL_STARTS + species + 1u]; at++) {
                let entry = AT_RADIAL + at * ENTRY;
                let s = tables[entry];
                sums[s] = added(sums[s], number(entry + 2u) * own[tables[entry + 1u]]);
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
                        let inverse = 1.0 / (r * other.w);
                        let cosine = dot(vector, other.xyz) * inverse;
                        let sine = length(cross(vector, other.xyz)) * inverse;
                        let opposite = length(other.xyz - vector);
                        let class_of = species * SPECIES + tile_species[k];
                        var known = 0xffffffffu;
                        var narrow = 0.0;
                        let end = tables[AT_CLASSES + class_of + 1u];
                        for (var at = tables[AT_CLASSES + class_of]; at < end; at++) {
                            let entry = AT_ANGULAR + at * ENTRY;
                            let e = tables[entry + 1u];
                            let sides = own[e] * tile_rho[k * FACTORS + e];
                            if (sides == 0.0) {
                                continue;
                            }
                            var value = number(entry + 2u) * sides;
                            if (tables[entry + 3u] == 1u) {
                                if (e != known) {
                                    known = e;
                                    narrow = rho(e, opposite).x;
                                }
                                value *= narrow;
                            }
                            let s = tables[entry];
                            sums[s] = added(sums[s], 0.5 * value * angle(entry, cosine, sine).x);
                        }
                    }
                }
            }
        }
    }
    for (var first = 0u; first < LENGTH; first += 16u) {
        workgroupBarrier();
        for (var s = 0u; s < 16u && first + s < LENGTH; s++) {
            parts[s * 64u + lane] = sums[first + s].x + sums[first + s].y;
        }
        workgroupBarrier();
        if (lane < 16u && first + lane < LENGTH) {
            var sum = vec2<f32>(0.0, 0.0);
            for (var t = 0u; t < 64u; t++) {
                sum = added(sum, parts[lane * 64u + t]);
            }
            descriptors[frame.block.z + atom + frame.block.y * (first + lane)] = sum.x + sum.y;
        }
    }
}
