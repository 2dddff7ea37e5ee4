// Positions and velocities, and the two things that happen to them: a kick and a drift. All are integers, so that
// nothing is lost in sums however long a run: what single precision rounds is a step's change, never the sum.
//
// A position is a fractional coordinate in 64 bits, 2^-64 of the box: the upper word is what `geometry.wgsl` reads. A
// velocity is a Cartesian component in units of 2^-30 angstrom/fs (1e-9: a hundredth of what the rounding of forces
// does in a step), up to 2 angstrom/fs. Images count the faces an atom has crossed.
//
// binding 2  positions  16 bytes an atom: upper words, species
// binding 3  motion     48 bytes an atom: lower words of the position, bits of the change of velocity by a force of
//                       1 eV/angstrom in half a step; velocity, bits of half the mass in eV per squared unit of
//                       velocity; images, unused
// binding 4  forces     16 bytes an atom, eV/angstrom

@group(0) @binding(2) var<storage, read_write> positions: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> motion: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> forces: array<vec4<f32>>;

fn velocity(atom: u32) -> vec3<i32> {
    return bitcast<vec3<i32>>(motion[3u * atom + 1u].xyz);
}

fn set_velocity(atom: u32, v: vec3<i32>) {
    let old = motion[3u * atom + 1u];
    motion[3u * atom + 1u] = vec4<u32>(bitcast<vec3<u32>>(v), old.w);
}

// An atom that is too fast, or whose force is no number, is lost, and its replica stops.
fn lose(atom: u32) {
    atomicStore(&control[REPLICAS + world.atoms.y + atom / world.atoms.x], 0u);
}

// Is every component a number smaller than a limit? Seen by the bits, in which infinity and what is no number are above
// all that are: compilers may take for granted that there are no others.
fn below(x: vec3<f32>, limit: f32) -> bool {
    let size = bitcast<vec3<u32>>(x) & vec3<u32>(0x7fffffffu);
    return all(size < vec3<u32>(bitcast<u32>(limit)));
}

// v += change, rounded to whole units.
fn changed(atom: u32, v: vec3<i32>, change: vec3<f32>) -> vec3<i32> {
    if (!below(change, world.limits.w) || !below(vec3<f32>(v) + change, world.limits.w)) {
        lose(atom);
        return v;
    }
    return v + vec3<i32>(round(change));
}

// Half a step's kick.
fn kicked(atom: u32, v: vec3<i32>) -> vec3<i32> {
    return changed(atom, v, forces[atom].xyz * bitcast<f32>(motion[3u * atom].w));
}

// Kinetic energy, eV.
fn kinetic(atom: u32, v: vec3<i32>) -> f32 {
    let speed = vec3<f32>(v);
    return bitcast<f32>(motion[3u * atom + 1u].w) * dot(speed, speed);
}

// Moves an atom by `steps` times its velocity.
fn drift(atom: u32, v: vec3<i32>, steps: f32) {
    let speed = steps * vec3<f32>(v);
    let change = speed.x * world.d0.xyz + speed.y * world.d1.xyz + speed.z * world.d2.xyz;
    if (!below(change, 1.0e9)) {
        lose(atom);
        return;
    }
    let old = positions[atom];
    let fine = motion[3u * atom];
    var images = bitcast<vec3<i32>>(motion[3u * atom + 2u].xyz);
    let down = floor(change);
    // A minute step backwards leaves a difference that rounds to one: the greatest f32 below 2^32 instead.
    let low = vec3<u32>(min((change - down) * 4294967296.0, vec3<f32>(4294967040.0)));
    let sum = fine.xyz + low;
    let whole = vec3<i32>(down) + select(vec3<i32>(0), vec3<i32>(1), sum < fine.xyz);
    let now = old.xyz + bitcast<vec3<u32>>(whole);
    let forth = select(vec3<i32>(0), vec3<i32>(1), (whole >= vec3<i32>(0)) & (now < old.xyz));
    let back = select(vec3<i32>(0), vec3<i32>(1), (whole < vec3<i32>(0)) & (now > old.xyz));
    images += forth - back;
    positions[atom] = vec4<u32>(now, old.w);
    motion[3u * atom] = vec4<u32>(sum, fine.w);
    motion[3u * atom + 2u] = vec4<u32>(bitcast<vec3<u32>>(images), 0u);
    // The box of a direction that is not periodic has no other side.
    for (var k = 0u; k < 3u; k++) {
        if ((world.atoms.w & (1u << k)) == 0u && forth[k] != back[k]) {
            atomicStore(&control[LEFT], 1u);
        }
    }
}
