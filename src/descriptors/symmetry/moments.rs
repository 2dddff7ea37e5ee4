//! Wide angular functions with integer ζ as sums over one neighbour.
//!
//! Without a factor of r_jk the double sum over neighbours factors by the addition theorem: with
//! (1 + λ cos θ)^ζ = Σ_l c_l P_l(cos θ) and u_j = f(r_ij) e^(−η (r_ij − r_s)²),
//!
//! Σ_{j,k} u_j u_k P_l(cos θ_jk) = Σ_m w_lm M_lm M_lm,   M_lm = Σ_j u_j Y_lm(r̂_j),
//!
//! with the harmonics Y_lm and weights w_lm of [`super::harmonics`]. Functions that differ in λ and ζ
//! share the moments. The terms j = k are subtracted.

use super::envelope::Samples;
use super::exponentials::Exponentials;
use super::grid::{self, Sums, Tile};
use super::harmonics::{self, Basis, Field, Harmonics};
use super::scratch::Scratch;
use super::shell::{Class, Shell};
use crate::descriptors::Vectors;
use crate::lanes::{Buffer, Real};

/// Functions that share envelope and shift.
#[derive(Debug, Clone)]
pub(super) struct MomentSet<T> {
    /// The harmonics up to the largest ζ.
    pub(super) basis: Basis<T>,
    /// Which of the envelopes sampled at the neighbours it is.
    pub(super) samples: usize,
    /// r_s, Å.
    pub(super) shift: T,
    pub(super) exponentials: Exponentials<T>,
    /// −2η of each exponential.
    pub(super) widths: Vec<T>,
    /// The classes of neighbours there are moments of.
    pub(super) classes: Vec<Class>,
    pub(super) tiles: Vec<Tile>,
    pub(super) products: Vec<Product<T>>,
}

/// Functions that are sums over the same product of moments, Σ_m M_lm M′_lm.
#[derive(Debug, Clone)]
pub(super) struct Product<T> {
    /// Which exponential.
    pub(super) channel: usize,
    /// Of which two classes (indices into `classes`).
    pub(super) classes: (usize, usize),
    pub(super) functions: Vec<Expansion<T>>,
}

/// A function as coefficients of Legendre polynomials.
#[derive(Debug, Clone)]
pub(super) struct Expansion<T> {
    pub(super) function: usize,
    /// c_l times the norm (times ½ if the classes are one).
    pub(super) coefficients: Vec<T>,
    /// What Σ_j u_j² is subtracted with: Σ_l c_l if the classes are one, else 0.
    pub(super) diagonal: T,
}

/// Moments of one atom and what its neighbours contribute.
#[derive(Debug, Default)]
pub(super) struct Moments<T> {
    classes: Vec<ClassMoments<T>>,
}

#[derive(Debug, Default)]
struct ClassMoments<T> {
    harmonics: Harmonics<T>,
    /// u_j of each channel, array after array.
    weights: Buffer<T>,
    /// M_lm of each channel.
    moments: Vec<T>,
    /// Σ_j u_j² of each channel.
    diagonal: Vec<T>,
    /// ∂E/∂M_lm of each channel.
    slopes: Vec<T>,
    /// ∂E/∂u_j = `diagonal_slopes` · u_j from the subtracted terms.
    diagonal_slopes: Vec<T>,
}

impl<T: Real> MomentSet<T> {
    /// The values of all functions of the set.
    pub(super) fn values(
        &self,
        shell: &Shell<T>,
        samples: &[Samples<T>],
        moments: &mut Moments<T>,
        scratch: &mut Scratch<T>,
        values: &mut [T],
    ) {
        let (channels, terms) = (self.exponentials.len(), self.basis.len());
        moments.classes.resize_with(self.classes.len(), ClassMoments::default);
        for (class, of) in self.classes.iter().zip(&mut moments.classes) {
            let places = shell.places(*class);
            let n = places.len();
            let ([s, ..], basis) = scratch.parts(n, terms * n);
            shell.squares(self.shift, places.clone(), s);
            of.weights.resize(channels * n);
            self.exponentials.evaluate(s, &mut of.weights);
            let envelope = &samples[self.samples].values[places.clone()];
            of.diagonal.clear();
            for weights in of.weights.chunks_exact_mut(n.max(1)) {
                for (u, f) in weights.iter_mut().zip(envelope) {
                    *u *= *f;
                }
            }
            for channel in 0..channels {
                let weights = &of.weights[channel * n..][..n];
                of.diagonal.push(grid::dot(weights, weights));
            }
            self.basis.evaluate(shell, places, &mut of.harmonics, basis);
            of.moments.resize(channels * terms, T::ZERO);
            T::dispatch(Sums {
                tiles: &self.tiles,
                n,
                e: &of.weights,
                p: basis,
                columns: terms,
                grid: &mut of.moments,
            });
        }
        for product in &self.products {
            let (a, b) = (&moments.classes[product.classes.0], &moments.classes[product.classes.1]);
            let at = product.channel * terms;
            let power = self.basis.power(&a.moments[at..][..terms], &b.moments[at..][..terms]);
            for expansion in &product.functions {
                let mut value = -expansion.diagonal * a.diagonal[product.channel];
                for (c, p) in expansion.coefficients.iter().zip(&power) {
                    value += *c * *p;
                }
                values[expansion.function] = value;
            }
        }
    }

    /// Adds Σ g ∂G/∂r_ij = `along` r_ij + `forces`.
    pub(super) fn gradients(
        &self,
        shell: &Shell<T>,
        samples: &[Samples<T>],
        moments: &mut Moments<T>,
        g: &[T],
        along: &mut [T],
        forces: &mut Vectors<T>,
    ) {
        let (channels, terms) = (self.exponentials.len(), self.basis.len());
        for of in &mut moments.classes {
            of.slopes.clear();
            of.slopes.resize(channels * terms, T::ZERO);
            of.diagonal_slopes.clear();
            of.diagonal_slopes.resize(channels, T::ZERO);
        }
        for product in &self.products {
            let mut by_power = [T::ZERO; harmonics::MOST + 1];
            let mut by_diagonal = T::ZERO;
            for expansion in &product.functions {
                let g = g[expansion.function];
                by_diagonal += g * expansion.diagonal;
                for (slope, c) in by_power.iter_mut().zip(&expansion.coefficients) {
                    *slope += g * *c;
                }
            }
            let (a, b) = product.classes;
            let range = product.channel * terms..(product.channel + 1) * terms;
            let classes = &mut moments.classes;
            classes[a].diagonal_slopes[product.channel] += -(by_diagonal + by_diagonal);
            for (to, from) in [(a, b), (b, a)] {
                let mut slopes = std::mem::take(&mut classes[to].slopes);
                self.basis.power_slopes(
                    &by_power,
                    &classes[from].moments[range.clone()],
                    &mut slopes[range.clone()],
                );
                classes[to].slopes = slopes;
            }
        }
        let samples = &samples[self.samples];
        for (class, of) in self.classes.iter().zip(&moments.classes) {
            let places = shell.places(*class);
            T::dispatch(Field {
                degree: self.basis.degree(),
                harmonics: &of.harmonics,
                slopes: &of.slopes,
                diagonal_slopes: &of.diagonal_slopes,
                weights: &of.weights,
                widths: &self.widths,
                shift: self.shift,
                log_slopes: &samples.log_slopes[places.clone()],
                shell,
                places,
                along,
                forces,
            });
        }
    }
}
