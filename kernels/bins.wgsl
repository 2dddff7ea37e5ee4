// Sorts the atoms of the replicas whose list is to be made into bins, and remembers where they are. A thread for an atom.
// The order within a bin is whatever it comes to: rows are sorted.
//
// binding 2  positions  16 bytes an atom
// binding 3  anchors    out, 16 bytes an atom: the positions the list is made for, species
// binding 4  counts     4 bytes a bin: how many atoms are in it; zero before
// binding 5  members    out, 4 bytes for each that a bin has room for: its atoms

@group(0) @binding(2) var<storage, read> positions: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> anchors: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> members: array<u32>;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let place = place_of(group, vec3<u32>(world.grids.xy, 1u), lane);
    if (!place.here || wanted(place.replica) == 0u) {
        return;
    }
    if (wanted(place.replica) == 1u) {
        anchors[place.atom] = positions[place.atom];
    }
    let bin = number_of(place.replica, bin_of(anchors[place.atom].xyz));
    let at = atomicAdd(&counts[bin], 1u);
    if (at < world.bins.w) {
        members[bin * world.bins.w + at] = place.atom;
    } else {
        stop_for_room(NO_ROOM_IN_BIN, place.replica, at + 1u);
    }
}
