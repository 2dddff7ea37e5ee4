//! Sums over neighbours of functions of the distance alone.

use super::plan::Part;
use super::series::{self, Cut};
use super::shell::Shell;
use crate::descriptors::Environment;
use crate::lanes::{Buffer, Kernel, Lanes, Real, Vector};

/// What is known of the atom in hand.
#[derive(Debug, Default)]
pub(crate) struct RadialWork<T> {
    pub shell: Shell<T>,
    counts: Vec<usize>,
    /// Σ_j f T_k for each species and term.
    pub sums: Vec<f64>,
    /// Derivative of Σ g·G with respect to the distance of each neighbour in the shell.
    pub slopes: Buffer<T>,
    /// Lane-wise sums.
    lanes: Buffer<T>,
    /// The series whose slopes are wanted and its derivative, for each species.
    series: [Vec<T>; 2],
}

impl Part {
    /// The sum of every function.
    pub(crate) fn values<T: Real>(
        &self,
        environment: &Environment<T>,
        work: &mut RadialWork<T>,
        out: &mut [f64],
    ) {
        T::dispatch(Sums { part: self, environment, work: &mut *work });
        out.fill(0.0);
        // Of the many elements that a potential may know, few are near an atom.
        for (s, (local, sums)) in self.species.iter().zip(work.sums.chunks_exact(self.terms)).enumerate() {
            if !work.shell.of_species(s).is_empty() {
                local.add_values(sums, out);
            }
        }
    }

    /// Derivatives of Σ g·(sums) with respect to each distance, in `work.slopes`.
    pub(crate) fn slopes<T: Real>(&self, g: &[f64], work: &mut RadialWork<T>) {
        let (mut a, mut b) = ([0.0; MAX_TERMS], [0.0; MAX_TERMS]);
        let (a, b) = (&mut a[..self.terms], &mut b[..self.terms]);
        let [values, derivatives] = &mut work.series;
        values.resize(self.terms * self.species.len(), T::ZERO);
        derivatives.resize(self.terms * self.species.len(), T::ZERO);
        let series = values.chunks_exact_mut(self.terms).zip(derivatives.chunks_exact_mut(self.terms));
        for (s, (local, (values, derivatives))) in self.species.iter().zip(series).enumerate() {
            // What belongs to species that are not there is not looked at.
            if work.shell.of_species(s).is_empty() {
                continue;
            }
            local.combine(g, a);
            series::differentiate(self.cutoff.radius, a, b);
            values.iter_mut().zip(&*a).for_each(|(to, a)| *to = T::of(*a));
            derivatives.iter_mut().zip(&*b).for_each(|(to, b)| *to = T::of(*b));
        }
        T::dispatch(Slopes { part: self, work });
    }
}

/// The largest number of terms.
pub(crate) const MAX_TERMS: usize = 64;

struct Sums<'a, T> {
    part: &'a Part,
    environment: &'a Environment<T>,
    work: &'a mut RadialWork<T>,
}

impl<T: Real> Kernel<T> for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let Self { part, environment, work } = self;
        let RadialWork { shell, counts, sums, lanes: lane_sums, .. } = work;
        counts.clear();
        for s in 0..environment.species() {
            counts.push(environment.of_species(s).len());
        }
        shell.fill(lanes, environment, counts, &part.cutoff);
        lane_sums.resize(part.terms * L::WIDTH);
        sums.clear();
        let radius = T::of(part.cutoff.radius);
        for s in 0..environment.species() {
            let here = shell.of_species(s);
            if here.is_empty() {
                sums.resize(sums.len() + part.terms, 0.0);
                continue;
            }
            lane_sums.fill(T::ZERO);
            let (distances, values) = (&shell.distances[here.clone()], &shell.values[here]);
            series::accumulate(lanes, radius, distances, values, lane_sums);
            for sum in lane_sums.chunks_exact(L::WIDTH) {
                sums.push(lanes.load(sum).sum().to_f64());
            }
        }
    }
}

struct Slopes<'a, T> {
    part: &'a Part,
    work: &'a mut RadialWork<T>,
}

impl<T: Real> Kernel<T> for Slopes<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let RadialWork { shell, slopes, series: [values, derivatives], .. } = self.work;
        slopes.resize(shell.distances.len());
        let radius = T::of(self.part.cutoff.radius);
        let series = values.chunks_exact(self.part.terms).zip(derivatives.chunks_exact(self.part.terms));
        for (s, (a, b)) in series.enumerate() {
            let here = shell.of_species(s);
            let cut = Cut {
                distances: &shell.distances[here.clone()],
                values: &shell.values[here.clone()],
                slopes: &shell.slopes[here.clone()],
            };
            series::slopes(lanes, radius, a, b, cut, &mut slopes[here]);
        }
    }
}
