//! The extended Kalman filter over all parameters (Blank and Brown, doi:10.1002/cem.1180080605; for
//! energies and forces: Singraber et al., doi:10.1021/acs.jctc.8b01092).
//!
//! The parameters are a random walk with covariance P; a frame is a measurement of rows y with variances
//! that its shares in the loss decide. With the rows H of the Jacobian, scaled to unit variance:
//! S = 1 + H P Hᵀ, θ ← θ − P Hᵀ S⁻¹ r, P ← P − P Hᵀ S⁻¹ H P + q. An epoch shows every frame once, in an
//! order and with a choice of its force components that seed and epoch decide.

use super::optimizer::{Halt, Memory, Optimizer, Outcome, go_on};
use super::problem::Problem;
use super::tangent::{Networks, Pass};
use crate::error::{Error, Result};
use crate::random::{Philox, Purpose};
use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut, DVector};
use rayon::prelude::*;

/// The filter and its covariance.
#[derive(Debug, Clone)]
pub struct Kalman {
    /// P, n × n; empty before the first epoch.
    covariance: Vec<f64>,
    variance: f64,
    noise: f64,
    share: f64,
    seed: u64,
}

/// Columns that are updated together.
const PANEL: usize = 64;

impl Kalman {
    /// Begins with P = `variance`; every update adds `noise` to the diagonal and uses a `share` of the
    /// force components of its frame.
    pub fn new(variance: f64, noise: f64, share: f64, seed: u64) -> Self {
        Self { covariance: Vec::new(), variance, noise, share, seed }
    }

    /// Takes the measurement `rows` (m × n, row after row) with residuals r.
    fn update(&mut self, theta: &mut [f64], residuals: &[f64], rows: &[f64]) -> Result<()> {
        let (m, n) = (residuals.len(), theta.len());
        // Hᵀ as a matrix of n rows: rows of H are columns here.
        let h = DMatrixView::from_slice(rows, n, m);
        let ht = h.transpose();
        // H P, a panel of columns at a time.
        let mut hp = DMatrix::zeros(m, n);
        hp.as_mut_slice().par_chunks_mut(m * PANEL).zip(self.covariance.par_chunks(n * PANEL)).for_each(
            |(out, p)| {
                let width = p.len() / n;
                let p = DMatrixView::from_slice(p, n, width);
                DMatrixViewMut::from_slice(out, m, width).gemm(1.0, &ht, &p, 0.0);
            },
        );
        let mut s = DMatrix::identity(m, m);
        s.gemm(1.0, &hp, &h, 1.0);
        let factor = s.cholesky().ok_or_else(|| {
            Error::Physics(
                "the Kalman filter lost its covariance: a smaller [optimizer.kalman] variance, or more noise, may help"
                    .into(),
            )
        })?;
        let weighted = factor.solve(&DVector::from_column_slice(residuals));
        for (t, column) in theta.iter_mut().zip(hp.column_iter()) {
            *t -= column.dot(&weighted);
        }
        // P − UᵀU with U = L⁻¹ H P stays symmetric.
        factor.l_dirty().solve_lower_triangular_mut(&mut hp);
        let ut = hp.transpose();
        let (hp, ut, noise) = (&hp, &ut, self.noise);
        self.covariance.par_chunks_mut(n * PANEL).enumerate().for_each(|(panel, p)| {
            let (begin, width) = (panel * PANEL, p.len() / n);
            let u = hp.columns(begin, width);
            let mut p = DMatrixViewMut::from_slice(p, n, width);
            p.gemm(-1.0, ut, &u, 1.0);
            for k in 0..width {
                p[(begin + k, k)] += noise;
            }
        });
        Ok(())
    }
}

impl<'a> Optimizer<Problem<'a>> for Kalman {
    fn epoch(
        &mut self,
        problem: &Problem<'a>,
        theta: &mut Vec<f64>,
        epoch: u64,
        halt: Halt<'_>,
    ) -> Result<Outcome> {
        let before = (self.covariance.clone(), theta.clone());
        let done = self.frames(problem, theta, epoch, halt);
        if matches!(done, Err(Error::Interrupted(_))) {
            (self.covariance, *theta) = before;
        }
        done.map(|()| Outcome::default())
    }
}

impl Kalman {
    /// Learns from every frame.
    fn frames(&mut self, problem: &Problem<'_>, theta: &mut [f64], epoch: u64, halt: Halt<'_>) -> Result<()> {
        let n = theta.len();
        if self.covariance.is_empty() {
            self.covariance = vec![0.0; n * n];
            for k in 0..n {
                self.covariance[k * n + k] = self.variance;
            }
        }
        let mut random = Philox::new(self.seed, Purpose::Training, 2 + epoch, u32::MAX);
        let mut order = problem.train.to_vec();
        for k in (1..order.len()).rev() {
            order.swap(k, random.below(k as u64 + 1) as usize);
        }
        let mut pass = Pass::default();
        for frame in order {
            go_on(halt)?;
            let total = problem.targets[frame].references.len() - 1;
            let count = ((total as f64 * self.share).ceil() as usize).clamp(1, total);
            let chosen = random.choose(total, count);
            let networks = Networks::new(problem.layout, theta);
            let rows = problem.jacobian(&networks, frame, &mut pass, Some(&chosen));
            let (mut residuals, mut rows) = rows;
            // Shares are parts of one; with as many measurements as frames, an energy has variance one.
            let scale = (problem.train.len() as f64).sqrt();
            residuals.iter_mut().chain(&mut rows).for_each(|x| *x *= scale);
            if !residuals.is_empty() {
                self.update(theta, &residuals, &rows)?;
            }
        }
        Ok(())
    }
}

impl Memory for Kalman {
    fn save(&self) -> Result<Vec<f64>> {
        Ok(self.covariance.clone())
    }

    fn load(&mut self, state: &[f64]) -> Result<()> {
        self.covariance = state.to_vec();
        Ok(())
    }
}
