// (cos, sin) of pi*x for x in [0, 1/2]: Taylor series on [0, pi/4], to 1e-9.
fn cos_sin_pi(x: f32) -> vec2<f32> {
    let swap = x > 0.25;
    let z = 3.14159265358979 * select(x, 0.5 - x, swap);
    let z2 = z * z;
    let s = z * (1.0 + z2 * (-1.0 / 6.0 + z2 * (1.0 / 120.0 + z2 * (-1.0 / 5040.0 + z2 / 362880.0))));
    let c = 1.0 + z2 * (-0.5 + z2 * (1.0 / 24.0 + z2 * (-1.0 / 720.0 + z2 * (1.0 / 40320.0 - z2 / 3628800.0))));
    return select(vec2<f32>(c, s), vec2<f32>(s, c), swap);
}
