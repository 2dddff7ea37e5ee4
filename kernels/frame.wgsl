// The box and the block of atoms in hand: what every kernel that works on the atoms of one species begins with.
//
// binding 0  frame  uniform, 80 bytes

struct Frame {
    // The rows of H, angstrom.
    h0: vec4<f32>,
    h1: vec4<f32>,
    h2: vec4<f32>,
    // First slot of the species, how many there are, where its descriptors begin, where its moments begin.
    block: vec4<u32>,
    // First member of the committee that counts, the one after the last, and zero twice.
    members: vec4<u32>,
}

@group(0) @binding(0) var<uniform> frame: Frame;

// x, behind a zero that compilers do not know: those of Metal and Direct3D may calculate as with real numbers, of whose
// sums nothing is lost.
fn as_rounded(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ frame.members.z);
}

// Which atom of the block a workgroup is for.
fn atom_of(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.x + group.y * groups.x;
}
