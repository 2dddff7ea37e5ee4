//! One network: its value E(x), its input gradient g = ∂E/∂x, and the derivatives of both with respect to
//! the parameters.
//!
//! The derivative of g along a direction v of the inputs is that of the directional derivative
//! Ė = v·g, so one forward pass of the tangent and one backward pass give ∂(v·g)/∂θ for all θ
//! (Pearlmutter, doi:10.1162/neco.1994.6.1.147). With z_l = W_l t_{l−1} + b_l, t_l = f(z_l), u_L = 1,
//! d_l = u_l ∘ f'(z_l), u_{l−1} = W_lᵀ d_l, and dots for derivatives along v:
//!
//! - ∂E/∂W_l = d_l ⊗ t_{l−1}, ∂E/∂b_l = d_l, g = u_0;
//! - ∂Ė/∂W_l = d_l ⊗ ṫ_{l−1} + ḋ_l ⊗ t_{l−1}, ∂Ė/∂b_l = ḋ_l, with ḋ_l = u̇_l ∘ f' + u_l ∘ f'' ∘ ż_l.

use super::layout::{Layout, NetworkLayout};
use crate::potential::Activation;

/// The networks of all species with fixed parameters, ready for many atoms.
#[derive(Debug)]
pub struct Networks<'a> {
    layout: &'a Layout,
    theta: &'a [f64],
    /// The weights of each layer with a row per input, species after species.
    transposed: Vec<Vec<Vec<f64>>>,
}

/// What is known of the atom in hand.
#[derive(Debug, Default, Clone)]
pub struct Pass {
    layers: Vec<LayerPass>,
    input: Vec<f64>,
    /// g = ∂E/∂x.
    pub gradient: Vec<f64>,
    direction: Vec<f64>,
    below: Vec<f64>,
    above: Vec<f64>,
}

#[derive(Debug, Default, Clone)]
struct LayerPass {
    values: Vec<f64>,
    slopes: Vec<f64>,
    curvatures: Vec<f64>,
    /// u and d of the module's text.
    above: Vec<f64>,
    deltas: Vec<f64>,
    /// ż, ṫ and ḋ.
    sums_dot: Vec<f64>,
    values_dot: Vec<f64>,
    deltas_dot: Vec<f64>,
}

impl<'a> Networks<'a> {
    /// Takes the parameters θ.
    pub fn new(layout: &'a Layout, theta: &'a [f64]) -> Self {
        let transpose = |network: &NetworkLayout| {
            let layer = |l: &super::layout::LayerLayout| {
                let mut t = vec![0.0; l.inputs * l.outputs];
                for (row, weights) in theta[l.weights..l.biases].chunks_exact(l.inputs).enumerate() {
                    for (column, w) in weights.iter().enumerate() {
                        t[column * l.outputs + row] = *w;
                    }
                }
                t
            };
            network.layers.iter().map(layer).collect()
        };
        Self { layout, theta, transposed: layout.networks.iter().map(transpose).collect() }
    }

    /// E of an atom; its input gradient is left in `pass`.
    pub fn evaluate(&self, species: usize, x: &[f64], pass: &mut Pass) -> f64 {
        let layers = &self.layout.networks[species].layers;
        pass.layers.resize_with(layers.len(), LayerPass::default);
        pass.input.clear();
        pass.input.extend_from_slice(x);
        for (l, (layer, transposed)) in layers.iter().zip(&self.transposed[species]).enumerate() {
            let (before, rest) = pass.layers.split_at_mut(l);
            let input = before.last().map_or(&pass.input, |below| &below.values);
            let LayerPass { values, slopes, curvatures, .. } = &mut rest[0];
            values.clear();
            values.extend_from_slice(&self.theta[layer.biases..layer.biases + layer.outputs]);
            multiply(transposed, input, values);
            slopes.resize(layer.outputs, 0.0);
            curvatures.resize(layer.outputs, 0.0);
            for ((value, slope), curvature) in values.iter_mut().zip(slopes).zip(curvatures) {
                (*value, *slope, *curvature) = derivatives(layer.activation, *value);
            }
        }
        pass.above.clear();
        pass.above.push(1.0);
        for (layer, state) in layers.iter().zip(&mut pass.layers).rev() {
            state.above.clone_from(&pass.above);
            state.deltas.clear();
            state.deltas.extend(state.above.iter().zip(&state.slopes).map(|(u, s)| u * s));
            pass.below.clear();
            pass.below.resize(layer.inputs, 0.0);
            multiply(&self.theta[layer.weights..layer.biases], &state.deltas, &mut pass.below);
            std::mem::swap(&mut pass.above, &mut pass.below);
        }
        pass.gradient.clone_from(&pass.above);
        pass.layers.last().map_or(0.0, |state| state.values[0])
    }

    /// Adds `scale`·∂E/∂θ of the atom last evaluated with `pass`.
    pub fn add_value_gradient(&self, species: usize, pass: &Pass, scale: f64, out: &mut [f64]) {
        for (l, layer) in self.layout.networks[species].layers.iter().enumerate() {
            let state = &pass.layers[l];
            let input = if l == 0 { &pass.input } else { &pass.layers[l - 1].values };
            for (row, d) in state.deltas.iter().enumerate() {
                let d = scale * d;
                let begin = layer.weights + row * layer.inputs;
                add(d, input, &mut out[begin..begin + layer.inputs]);
                out[layer.biases + row] += d;
            }
        }
    }

    /// Adds `scale`·∂(v·g)/∂θ of the atom last evaluated with `pass`.
    pub fn add_tangent_gradient(
        &self,
        species: usize,
        pass: &mut Pass,
        v: impl Iterator<Item = f64>,
        scale: f64,
        out: &mut [f64],
    ) {
        let layers = &self.layout.networks[species].layers;
        pass.direction.clear();
        pass.direction.extend(v);
        for (l, transposed) in self.transposed[species].iter().enumerate() {
            let (before, rest) = pass.layers.split_at_mut(l);
            let input = before.last().map_or(&pass.direction, |below| &below.values_dot);
            let LayerPass { sums_dot, values_dot, slopes, .. } = &mut rest[0];
            sums_dot.clear();
            sums_dot.resize(slopes.len(), 0.0);
            multiply(transposed, input, sums_dot);
            values_dot.clear();
            values_dot.extend(sums_dot.iter().zip(&*slopes).map(|(z, s)| z * s));
        }
        pass.above.clear();
        pass.above.push(0.0);
        for (l, layer) in layers.iter().enumerate().rev() {
            let state = &mut pass.layers[l];
            state.deltas_dot.clear();
            for k in 0..layer.outputs {
                let curved = state.above[k] * state.curvatures[k] * state.sums_dot[k];
                state.deltas_dot.push(pass.above[k] * state.slopes[k] + curved);
            }
            if l > 0 {
                pass.below.clear();
                pass.below.resize(layer.inputs, 0.0);
                multiply(&self.theta[layer.weights..layer.biases], &state.deltas_dot, &mut pass.below);
                std::mem::swap(&mut pass.above, &mut pass.below);
            }
            let (before, rest) = pass.layers.split_at(l);
            let (input, input_dot) = before
                .last()
                .map_or((&pass.input, &pass.direction), |below| (&below.values, &below.values_dot));
            let state = &rest[0];
            for (row, (d, d_dot)) in state.deltas.iter().zip(&state.deltas_dot).enumerate() {
                let (d, d_dot) = (scale * d, scale * d_dot);
                let begin = layer.weights + row * layer.inputs;
                let out_row = &mut out[begin..begin + layer.inputs];
                for ((o, x), x_dot) in out_row.iter_mut().zip(input).zip(input_dot) {
                    *o += d * x_dot + d_dot * x;
                }
                out[layer.biases + row] += d_dot;
            }
        }
    }
}

/// y += Σ_k x_k row_k, rows of the length of y.
fn multiply(rows: &[f64], x: &[f64], y: &mut [f64]) {
    for (row, x) in rows.chunks_exact(y.len()).zip(x) {
        add(*x, row, y);
    }
}

/// y += a x.
fn add(a: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// f, f' and f'' at x.
pub fn derivatives(activation: Activation, x: f64) -> (f64, f64, f64) {
    let (value, slope) = activation.at(x);
    let curvature = match activation {
        Activation::Linear | Activation::Relu => 0.0,
        Activation::Tanh => -2.0 * value * slope,
        Activation::ScaledTanh | Activation::TwistedTanh => {
            let t = (2.0 / 3.0 * x).tanh();
            -2.0 * t * (1.0 - t * t) * 1.7159 * 4.0 / 9.0
        }
        Activation::Logistic => slope * (1.0 - 2.0 * value),
        Activation::ReverseLogistic => slope * (2.0 * value - 1.0),
        Activation::Softplus => slope * (1.0 - slope),
        Activation::Gaussian => (x * x - 1.0) * value,
        Activation::Cosine => -value,
        Activation::Exponential => value,
        Activation::Harmonic => 2.0,
    };
    (value, slope, curvature)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f'' is the derivative of f': central differences with step h err by h²/6 f'''' + ε/h.
    #[test]
    fn curvatures_are_derivatives_of_slopes() {
        let h = 1e-5;
        for a in Activation::all() {
            for x in (-30..30).map(|i| f64::from(i) * 0.1 + 0.05) {
                let difference = (a.at(x + h).1 - a.at(x - h).1) / (2.0 * h);
                let (_, _, curvature) = derivatives(a, x);
                assert!((curvature - difference).abs() < 1e-8 * difference.abs().max(1.0), "{a:?}''({x})");
            }
        }
    }

    /// Both parameter gradients against central differences in every parameter.
    #[test]
    fn parameter_gradients_are_derivatives() {
        let layout = Layout::new(&[5, 4], &[6, 3], Activation::Tanh);
        let theta = layout.initial(3, 0);
        let x = [0.3, -1.2, 0.7, 0.1, 0.9];
        let v = [1.0, 0.5, -0.3, 0.2, -0.8];
        let at = |theta: &[f64]| {
            let mut pass = Pass::default();
            let e = Networks::new(&layout, theta).evaluate(0, &x, &mut pass);
            (e, pass.gradient.iter().zip(v).map(|(g, v)| g * v).sum::<f64>())
        };
        let networks = Networks::new(&layout, &theta);
        let mut pass = Pass::default();
        networks.evaluate(0, &x, &mut pass);
        let (mut de, mut dg) = (vec![0.0; layout.len()], vec![0.0; layout.len()]);
        networks.add_value_gradient(0, &pass, 1.0, &mut de);
        networks.add_tangent_gradient(0, &mut pass, v.into_iter(), 1.0, &mut dg);
        let h = 1e-5;
        for k in 0..layout.len() {
            let moved = |h: f64| {
                let mut theta = theta.clone();
                theta[k] += h;
                at(&theta)
            };
            let (plus, minus) = (moved(h), moved(-h));
            assert!((de[k] - (plus.0 - minus.0) / (2.0 * h)).abs() < 1e-8, "dE/dθ{k}");
            assert!((dg[k] - (plus.1 - minus.1) / (2.0 * h)).abs() < 1e-8, "dg/dθ{k}");
        }
    }
}
