// What every kernel of the dynamics knows: the box, the atoms, and the words by which kernels and host tell each
// other how far a run has come.
//
// Several replicas of one system lie one after another: atom i of replica r is atom r n + i of the buffers. All have
// the same box, elements, masses and timestep. Where kernels have a thread for an atom, a workgroup of 64 works for
// one replica.
//
// binding 0  world    uniform, 192 bytes
// binding 1  control  words of 4 bytes: why to halt, greatest count that had no room in a bin, in a row, steps begun, has
//                     an atom left the box, is any list to be made; from word 8 on for each replica: is its list to be made (1: where the atoms
//                     are, 2: where they were), then for each: does it move (0: no more, or one of its
//                     atoms was lost; more than 1: the greatest count of its own that had no room)

struct World {
    // The rows of the box, angstrom.
    h0: vec4<f32>,
    h1: vec4<f32>,
    h2: vec4<f32>,
    // By how much a unit of velocity along x, y and z moves an atom in a whole step, in 2^-32 of the box.
    d0: vec4<f32>,
    d1: vec4<f32>,
    d2: vec4<f32>,
    // Atoms of a replica, replicas, workgroups for the atoms of a replica, periodic directions as bits.
    atoms: vec4<u32>,
    // Bins along the three vectors, and how many atoms one has room for.
    bins: vec4<u32>,
    // How many bins to look at to each side, and how many neighbours a row has room for.
    reach: vec4<u32>,
    // How many workgroups, along two directions: for all atoms, for all rows. Kernels whose number of workgroups is
    // decided on the device read it here: not every driver can tell them.
    grids: vec4<u32>,
    // Squares of the reach of the list and of how far an atom may go before it is made anew, angstrom^2; the part of
    // the box it may go; the greatest speed in units of velocity.
    limits: vec4<f32>,
    // The sum of half the masses of a replica, as atoms have them; 1 if its momentum is taken off, else 0; two unused.
    whole: vec4<f32>,
}

@group(0) @binding(0) var<uniform> world: World;
@group(0) @binding(1) var<storage, read_write> control: array<atomic<u32>>;

const HALT: u32 = 0u;
const NO_ROOM_IN_BIN: u32 = 1u;
const NO_ROOM_IN_ROW: u32 = 2u;
const BEGUN: u32 = 3u;
const LEFT: u32 = 4u;
const ANY: u32 = 5u;
const REPLICAS: u32 = 8u;

// Why kernels do nothing any more.
const NO_ROOM: u32 = 1u;
const OUTSIDE: u32 = 2u;

fn halted() -> bool {
    return atomicLoad(&control[HALT]) != 0u;
}

// Whether, and where, the list of a replica is to be made.
fn wanted(replica: u32) -> u32 {
    return atomicLoad(&control[REPLICAS + replica]);
}

fn moves(replica: u32) -> bool {
    return atomicLoad(&control[REPLICAS + world.atoms.y + replica]) != 0u;
}

// Stops all kernels, for so many atoms in a bin or in a row of a replica have no room.
fn stop_for_room(word: u32, replica: u32, count: u32) {
    atomicMax(&control[word], count);
    if (moves(replica)) {
        atomicMax(&control[REPLICAS + world.atoms.y + replica], count);
    }
    atomicStore(&control[HALT], NO_ROOM);
}

// A replica, and which of its atoms a thread is for.
struct Place {
    replica: u32,
    // Of the replica, and of all.
    local: u32,
    atom: u32,
    // The workgroup among all, and is there such an atom?
    group: u32,
    here: bool,
}

fn place_of(group: vec3<u32>, groups: vec3<u32>, lane: u32) -> Place {
    let g = group.x + group.y * groups.x;
    let replica = g / world.atoms.z;
    let local = (g % world.atoms.z) * 64u + lane;
    let here = replica < world.atoms.y && local < world.atoms.x;
    return Place(replica, local, replica * world.atoms.x + local, g, here);
}

// A vector of fractional coordinates in angstrom.
fn cartesian(s: vec3<f32>) -> vec3<f32> {
    return s.x * world.h0.xyz + s.y * world.h1.xyz + s.z * world.h2.xyz;
}

// A signed part of the box, from fixed point.
fn part_of_box(d: vec3<u32>) -> vec3<f32> {
    return vec3<f32>(bitcast<vec3<i32>>(d)) * (1.0 / 4294967296.0);
}
