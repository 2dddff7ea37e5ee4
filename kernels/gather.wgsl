// Forces on atoms from forces between pairs, F_i = sum_j p_ij - sum_j p_ji, and energies of repulsion. Sixteen threads for
// an atom; each reads every sixteenth pair of the row and the other half of it through the reverse index, so nothing is
// added atomically and the order of the sum is always the same.
//
// binding 0  size     uniform, 16 bytes: how many atoms
// binding 1  rows     16 bytes a slot: atom, begin, end of the near neighbours, end of all of them
// binding 2  reverse  4 bytes a pair: where (j -> i) stands
// binding 3  pairs    PAIR numbers of 4 bytes a pair: p_ij, and if there are four its energy of repulsion
// binding 4  forces   out, 16 bytes an atom: F_i, eV/angstrom, and its energy of repulsion, eV

@group(0) @binding(0) var<uniform> size: vec4<u32>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> reverse: array<u32>;
@group(0) @binding(3) var<storage, read> pairs: array<f32>;
@group(0) @binding(4) var<storage, read_write> forces: array<vec4<f32>>;

var<workgroup> parts: array<vec4<f32>, 64>;

// p of a pair.
fn force(place: u32) -> vec3<f32> {
    return vec3<f32>(pairs[PAIR * place], pairs[PAIR * place + 1u], pairs[PAIR * place + 2u]);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let slot = (group.x + group.y * groups.x) * 4u + lane / 16u;
    var sum = vec4<f32>(0.0, 0.0, 0.0, 0.0);
    var row = vec4<u32>(0u, 0u, 0u, 0u);
    if (slot < size.x) {
        row = rows[slot];
        for (var place = row.y + lane % 16u; place < row.w; place += 16u) {
            var energy = 0.0;
            if (PAIR == 4u) {
                energy = pairs[PAIR * place + 3u];
            }
            sum += vec4<f32>(force(place) - force(reverse[place]), energy);
        }
    }
    parts[lane] = sum;
    workgroupBarrier();
    if (lane % 16u == 0u && slot < size.x) {
        var total = vec4<f32>(0.0, 0.0, 0.0, 0.0);
        for (var k = 0u; k < 16u; k++) {
            total += parts[lane + k];
        }
        forces[row.x] = total;
    }
}
