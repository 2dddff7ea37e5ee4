// Numbers that a descriptor looks up.
//
// binding 4  tables  words: counts, places, and the bits of f32

@group(0) @binding(4) var<storage, read> tables: array<u32>;

fn number(at: u32) -> f32 {
    return bitcast<f32>(tables[at]);
}
