// Elementary functions with the accuracy of f32: drivers promise much less for exp, cos, tanh and acos. (cos and sin are
// in `angles.wgsl`.)

// exp: 2^n e^rest with the rest below ln(2)/2 by its series, to 1e-8. ln(2) is in two parts, n times the first is exact;
// what is left of x is rounded, or compilers might join the parts to an ln(2) of one, which costs two digits.
fn exp_of(x: f32) -> f32 {
    let n = round(clamp(x, -87.0, 88.0) * 1.44269504);
    let z = as_rounded(clamp(x, -87.0, 88.0) - n * 0.693145752) - n * 1.42860677e-6;
    let high = 1.0 / 24.0 + z * (1.0 / 120.0 + z * (1.0 / 720.0 + z * (1.0 / 5040.0)));
    let series = 1.0 + z * (1.0 + z * (0.5 + z * (1.0 / 6.0 + z * high)));
    return select(series * bitcast<f32>(u32(i32(n) + 127) << 23u), 0.0, x < -87.0);
}

// ln(1 + x) for x in [0, 1]: 2 artanh(x/(2 + x)) by its series, to 1e-8.
fn log_one_plus(x: f32) -> f32 {
    let s = x / (2.0 + x);
    let s2 = s * s;
    let high = 1.0 / 9.0 + s2 * (1.0 / 11.0 + s2 * (1.0 / 13.0 + s2 * (1.0 / 15.0)));
    return 2.0 * s * (1.0 + s2 * (1.0 / 3.0 + s2 * (1.0 / 5.0 + s2 * (1.0 / 7.0 + s2 * high))));
}

// tanh: from exp, and by its series where that would cancel.
fn tanh_of(x: f32) -> f32 {
    let a = min(abs(x), 20.0);
    let e = exp_of(-2.0 * a);
    let far = (1.0 - e) / (1.0 + e);
    let x2 = x * x;
    let near = a * (1.0 + x2 * (-1.0 / 3.0 + x2 * (2.0 / 15.0 + x2 * (-17.0 / 315.0 + x2 * (62.0 / 2835.0)))));
    let value = select(far, near, a < 0.25);
    return select(value, -value, x < 0.0);
}

// A smooth descent on [0, 1] and its derivative. Cores: 0 cosine, 1 exponential, 2 to 5 polynomials.
fn core(kind: u32, x: f32) -> vec2<f32> {
    let y = 1.0 - x;
    let y2 = y * y;
    let x2 = x * x;
    switch kind {
        case 0u: {
            let t = cos_sin_pi(0.5 * x);
            return vec2<f32>(t.x * t.x, -3.14159265358979 * t.x * t.y);
        }
        case 1u: {
            let z = 1.0 / max((1.0 + x) * y, 1e-3);
            let value = exp_of(1.0 - z);
            return vec2<f32>(value, -2.0 * x * z * z * value);
        }
        case 2u: {
            return vec2<f32>(y2 * (1.0 + 2.0 * x), -6.0 * x * y);
        }
        case 3u: {
            return vec2<f32>(y2 * y * (1.0 + x * (3.0 + 6.0 * x)), -30.0 * x2 * y2);
        }
        case 4u: {
            return vec2<f32>(y2 * y2 * (1.0 + x * (4.0 + x * (10.0 + 20.0 * x))), -140.0 * x2 * x * y2 * y);
        }
        default: {
            let rest = 1.0 + x * (5.0 + x * (15.0 + x * (35.0 + 70.0 * x)));
            return vec2<f32>(y2 * y2 * y * rest, -630.0 * x2 * x2 * y2 * y2);
        }
    }
}

// f_c(r) and its derivative. `shape` is 0 to 5 for the core between `start` and `radius`, 6 for a step,
// 7 for norm tanh^3(1 - r/radius); `scale` is 1/(radius - start) or, for 7, norm.
fn cutoff(shape: u32, r: f32, radius: f32, start: f32, scale: f32) -> vec2<f32> {
    if (r >= radius) {
        return vec2<f32>(0.0, 0.0);
    }
    if (shape == 6u) {
        return vec2<f32>(1.0, 0.0);
    }
    if (shape == 7u) {
        let t = tanh_of(1.0 - r / radius);
        return vec2<f32>(scale * t * t * t, -3.0 * scale / radius * t * t * (1.0 - t * t));
    }
    return core(shape, clamp((r - start) * scale, 0.0, 1.0)) * vec2<f32>(1.0, scale);
}
