// Stochastic rescaling of all velocities of a replica (Bussi, Donadio and Parrinello, doi:10.1063/1.2408420): a
// workgroup for a replica.
//
//   K' = a K + b + d sqrt(K),  v <- sign(e + sqrt(K)) sqrt(K'/K) v,
//
// where a - 1, b, d and e hold what the host has drawn for this step in double precision: c = exp(-dt/tau),
// a = c, b = (1 - c) (kT/2) (xi^2 + sum of the others), d = 2 xi sqrt(c (1 - c) kT/2), e = xi sqrt((1 - c) kT/(2 c)).
// What is applied is the change of the velocities, whose rounding is small beside them.
//
// binding 2  parts   16 bytes a number of four, two for each workgroup: kinetic energy first
// binding 3  drive   32 bytes for each step and replica: a - 1, b, d, e as bits, and four that others use
// binding 4  scales  out, 8 bytes a replica
// binding 5  log     out, 16 bytes for each step and replica: K and the change, as a part of the velocities

@group(0) @binding(2) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> drive: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> scales: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> log_of_steps: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let replica = group.x;
    let total = total_of(replica, lane, 0u);
    if (lane != 0u || halted()) {
        return;
    }
    let at = (atomicLoad(&control[BEGUN]) - 1u) * world.atoms.y + replica;
    let coefficients = bitcast<vec4<f32>>(drive[2u * at]);
    let energy = total.x;
    var change = 0.0;
    if (energy > 0.0) {
        let root = sqrt(energy);
        let relative = coefficients.x + (coefficients.y + coefficients.z * root) / energy;
        let factor = sqrt(max(1.0 + relative, 0.0));
        // sqrt(1 + x) - 1 without cancellation.
        change = select(-factor - 1.0, relative / (factor + 1.0), coefficients.w + root >= 0.0);
    }
    scales[replica] = vec2<f32>(change, 0.0);
    log_of_steps[at] = vec4<f32>(energy, change, 0.0, 0.0);
}
