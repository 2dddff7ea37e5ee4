//! What is to be computed for an atom of one species, before it is compiled for a precision.

use super::invariants::Invariants;
use super::series;
use crate::descriptors::Cutoff;

/// How the neighbours of one species enter functions of the distance.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    /// How many functions h_n = f(r) Σ_k c_nk T_k they have.
    pub rows: usize,
    /// c, row after row; without it h_n = f(r) T_n.
    pub mixing: Option<Vec<f64>>,
    /// The functions q their h_0, h_1, ... are added to, as the first q and a weight.
    pub targets: Vec<(usize, f64)>,
}

impl Local {
    /// Adds what one species contributes to each function, given its sums Σ_j f T_k.
    pub(crate) fn add_values(&self, sums: &[f64], out: &mut [f64]) {
        for (first, weight) in &self.targets {
            let out = &mut out[*first..first + self.rows];
            if let Some(mixing) = &self.mixing {
                for (out, c) in out.iter_mut().zip(mixing.chunks_exact(sums.len())) {
                    *out += weight * c.iter().zip(sums).map(|(c, sum)| c * sum).sum::<f64>();
                }
            } else {
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out += weight * sum;
                }
            }
        }
    }

    /// The series a with Σ_q g_q h_q = f Σ_k a_k T_k for a neighbour of this species.
    pub(crate) fn combine(&self, g: &[f64], a: &mut [f64]) {
        a.fill(0.0);
        for (first, weight) in &self.targets {
            let g = &g[*first..first + self.rows];
            if let Some(mixing) = &self.mixing {
                for (g, c) in g.iter().zip(mixing.chunks_exact(a.len())) {
                    for (a, c) in a.iter_mut().zip(c) {
                        *a += weight * g * c;
                    }
                }
            } else {
                for (a, g) in a.iter_mut().zip(g) {
                    *a += weight * g;
                }
            }
        }
    }
}

/// Sums over neighbours of functions of the distance: f(r) times Chebyshev polynomials of 2r/R − 1.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// f and R.
    pub cutoff: Cutoff,
    /// How many polynomials there are, from T_0 on.
    pub terms: usize,
    /// How many functions.
    pub functions: usize,
    /// How each species enters.
    pub species: Vec<Local>,
}

impl Part {
    /// The series of the functions that neighbours of one species have, and of their derivatives.
    pub(crate) fn series(&self, local: &Local) -> [Vec<f64>; 2] {
        let mut c = local.mixing.clone().unwrap_or_else(|| {
            let mut identity = vec![0.0; local.rows * self.terms];
            identity.iter_mut().step_by(self.terms + 1).for_each(|c| *c = 1.0);
            identity
        });
        c.truncate(local.rows * self.terms);
        let mut derivatives = vec![0.0; c.len()];
        for (c, b) in c.chunks_exact(self.terms).zip(derivatives.chunks_exact_mut(self.terms)) {
            series::differentiate(self.cutoff.radius, c, b);
        }
        [c, derivatives]
    }
}

/// Everything about one central species.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Functions of the distance, which are descriptors as they are.
    pub radial: Part,
    /// Functions whose sums over harmonics make invariants, and which.
    pub angular: Option<(Part, Invariants)>,
    /// Where each number stands in G: first those of the radial part, then the invariants.
    pub order: Vec<usize>,
}

impl Plan {
    /// How far they reach.
    pub(crate) fn cutoff(&self) -> f64 {
        let angular = self.angular.as_ref().map_or(0.0, |(part, _)| part.cutoff.radius);
        self.radial.cutoff.radius.max(angular)
    }
}
