// Where atoms are, and who their neighbours are: the part that every kernel over neighbours begins with.
//
// Positions are fractional coordinates of the box H in fixed point, 2^32 to a lattice vector: they wrap by
// themselves, a difference of two is exact, and its rounding to f32 is relative to the difference, not to the
// position. With s the wrapped difference and s' about what it was when the list was made (to 1/8, which stands
// in the list), the fractional vector of a pair is s + round(s' - s): right for cells of any size, as long as
// neither atom has moved by more than a fifth of the cell since.
//
// (binding 0, the frame, is in `frame.wgsl`)
// binding 1  positions  16 bytes an atom: fixed-point coordinates, species
// binding 2  rows       16 bytes a slot: atom, begin, end of the near neighbours, end of all of them
// binding 3  list       8 bytes a pair: neighbour j, fractional vector in eighths (3 signed numbers of 10 bits)
//
// A slot is a place in the order of atoms by species; near neighbours are those that angular sums need.

@group(0) @binding(1) var<storage, read> positions: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> list: array<vec2<u32>>;

struct Neighbor {
    // r_ij, angstrom.
    vector: vec3<f32>,
    species: u32,
}

// Neighbour `entry` of the atom at `home`.
fn neighbor(home: vec4<u32>, entry: vec2<u32>) -> Neighbor {
    let away = positions[entry.x];
    let d = vec3<f32>(bitcast<vec3<i32>>(away.xyz - home.xyz)) * (1.0 / 4294967296.0);
    let about = vec3<f32>(
        f32(bitcast<i32>(entry.y << 22u) >> 22u),
        f32(bitcast<i32>(entry.y << 12u) >> 22u),
        f32(bitcast<i32>(entry.y << 2u) >> 22u),
    ) * 0.125;
    let s = d + round(about - d);
    return Neighbor(s.x * frame.h0.xyz + s.y * frame.h1.xyz + s.z * frame.h2.xyz, away.w);
}
