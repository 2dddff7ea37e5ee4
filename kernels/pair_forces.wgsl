// What comes in and what goes out where forces between pairs are computed, whatever the descriptor: a workgroup of
// 64 threads for an atom, a thread for a neighbour at a time. The virial of the atom is - sum_j r_ij (x) p_ij; the
// parts of the threads are added up in their order.
//
// binding 5  gradients  dE/dG, laid out as the descriptors
// binding 6  pairs      out, PAIR numbers of 4 bytes a pair: p_ij, eV/angstrom, and with REPULSION half of its energy, eV
// binding 7  virials    out, 9 numbers of 4 bytes a slot, eV

@group(0) @binding(5) var<storage, read> gradients: array<f32>;
@group(0) @binding(6) var<storage, read_write> pairs: array<f32>;
@group(0) @binding(7) var<storage, read_write> virials: array<f32>;

var<workgroup> g: array<f32, LENGTH>;
var<workgroup> stretch: array<f32, 576>;

// dE/dG of one of the descriptors of an atom of the block.
fn gradient(atom: u32, number_of: u32) -> f32 {
    return gradients[frame.block.z + atom + frame.block.y * number_of];
}

// - sum r (x) p over the neighbours of one thread.
struct Stretch {
    x: vec3<f32>,
    y: vec3<f32>,
    z: vec3<f32>,
}

// Writes the force between a pair, with the repulsion of its nuclei, and adds what it does to the virial.
fn keep(place: u32, species: u32, vector: vec3<f32>, descriptors: vec3<f32>, sum: ptr<function, Stretch>) {
    var p = descriptors;
    if (REPULSION) {
        let r = length(vector);
        let u = 0.5 * repulsion(species, r);
        pairs[PAIR * place + PAIR - 1u] = u.x;
        p += u.y / r * vector;
    }
    for (var c = 0u; c < 3u; c++) {
        pairs[PAIR * place + c] = p[c];
    }
    (*sum).x -= vector.x * p;
    (*sum).y -= vector.y * p;
    (*sum).z -= vector.z * p;
}

// Adds up the parts of all threads of the workgroup.
fn finish_virial(lane: u32, slot: u32, part: Stretch) {
    for (var c = 0u; c < 3u; c++) {
        stretch[lane * 9u + c] = part.x[c];
        stretch[lane * 9u + 3u + c] = part.y[c];
        stretch[lane * 9u + 6u + c] = part.z[c];
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
