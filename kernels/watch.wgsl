// Is the list of a replica still complete? It is made anew once an atom has gone further than half the skin, or so far
// that which image of it is meant would become unclear (see `geometry.wgsl`).
//
// binding 5  anchors  16 bytes an atom: where it was when the list was made, species

@group(0) @binding(5) var<storage, read> anchors: array<vec4<u32>>;

fn watch(place: Place) {
    let d = part_of_box(positions[place.atom].xyz - anchors[place.atom].xyz);
    let way = cartesian(d);
    let part = max(max(abs(d.x), abs(d.y)), abs(d.z));
    if (dot(way, way) > world.limits.y || part > world.limits.z) {
        atomicStore(&control[REPLICAS + place.replica], 1u);
        atomicStore(&control[ANY], 1u);
    }
}
