//! The descriptor as [`Moments`](crate::descriptors::Moments).

use super::header::Header;
use super::products::{Many, unit};
use crate::descriptors::{
    AngularInvariants, Channels, Coupling, Cutoff, CutoffShape, FourProduct, MomentsCenter, RadialFunctions,
    Resolution,
};
use std::f64::consts::PI;

impl Header {
    /// For each number of [`Moments`](crate::descriptors::Moments): its place in the file, and by what it is larger there.
    pub(super) fn order(&self) -> Vec<(usize, f64)> {
        let [radial, angular] = self.functions;
        let mut order: Vec<_> = (0..radial).map(|n| (n, 1.0)).collect();
        for n in 0..angular {
            order.extend((1..=self.degree).map(|l| (radial + (l - 1) * angular + n, unit(l))));
        }
        // Products of three before those of four.
        for four in [false, true] {
            for (p, product) in self.products.iter().enumerate() {
                if (*product == Many::Four) == four {
                    let first = radial + (self.degree + p) * angular;
                    order.extend((0..angular).map(|n| (first + n, product.factor())));
                }
            }
        }
        order
    }

    /// The descriptor of a central element; coefficients are those of all pairs.
    pub(super) fn center(&self, center: usize, radial: &[f64], angular: &[f64]) -> MomentsCenter {
        let functions = |part: usize, all: &[f64]| RadialFunctions {
            cutoff: Cutoff { shape: CutoffShape::Cosine, radius: self.cutoffs[part], inner: 0.0 },
            channels: self.channels(part, center, all),
        };
        let three = self.products.iter().filter_map(|product| match product {
            Many::Three(degrees) => Some(*degrees),
            Many::Four => None,
        });
        let four = self.products.iter().filter(|product| **product == Many::Four);
        let invariants = AngularInvariants {
            functions: functions(1, angular),
            degree: self.degree,
            coupling: Coupling::Itself,
            resolution: Resolution::Legendre { from: 1 },
            distinct: false,
            three: three.collect(),
            four: four.map(|_| FourProduct { degrees: [1; 4], through: 0 }).collect(),
        };
        MomentsCenter { radial: functions(0, radial), angular: (self.degree > 0).then_some(invariants) }
    }

    /// The series of the functions that a central element sees its neighbours through.
    fn channels(&self, part: usize, center: usize, all: &[f64]) -> Channels {
        let (species, terms) = (self.elements.len(), self.terms[part]);
        let basis: Vec<Vec<f64>> = (0..=terms / 2).map(|k| in_distances(k, terms)).collect();
        let series = |neighbor: usize, n: usize| {
            let mut sum = vec![0.0; terms];
            for (k, term) in basis.iter().enumerate() {
                let at = (n * basis.len() + k) * species * species + center * species + neighbor;
                for (sum, term) in sum.iter_mut().zip(term) {
                    *sum += all[at] * term;
                }
            }
            sum
        };
        let of = |neighbor: usize| (0..self.functions[part]).map(|n| series(neighbor, n)).collect();
        Channels::Mixed { coefficients: (0..species).map(of).collect() }
    }
}

/// The series of ½ (T_2k(1 − r/R) + 1) in T_q(2r/R − 1), `terms` of them, by Gauss's quadrature, which is exact for so
/// many nodes as terms, of which there are more than 2k.
fn in_distances(k: usize, terms: usize) -> Vec<f64> {
    let angle = |j: usize| PI * (j as f64 + 0.5) / terms as f64;
    let value = |j: usize| {
        let y = 0.5 * (1.0 - angle(j).cos());
        0.5 * ((2.0 * k as f64 * y.acos()).cos() + 1.0)
    };
    let coefficient = |q: usize| {
        let sum: f64 = (0..terms).map(|j| value(j) * (q as f64 * angle(j)).cos()).sum();
        sum * if q == 0 { 1.0 } else { 2.0 } / terms as f64
    };
    (0..terms).map(coefficient).collect()
}
