// The bins that atoms are sorted into to find neighbours: parallelepipeds along the vectors of the box, at least as
// high as the list reaches where the box is.

// In which bin a position is, along the three vectors.
fn bin_of(position: vec3<u32>) -> vec3<i32> {
    return vec3<i32>(
        i32(product(position.x, world.bins.x).y),
        i32(product(position.y, world.bins.y).y),
        i32(product(position.z, world.bins.z).y),
    );
}

// The number of a bin among those of all replicas.
fn number_of(replica: u32, bin: vec3<i32>) -> u32 {
    let at = vec3<u32>(bin);
    return ((replica * world.bins.z + at.z) * world.bins.y + at.y) * world.bins.x + at.x;
}
