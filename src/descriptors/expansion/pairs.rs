//! From derivatives with respect to sums over neighbours to what each neighbour has of them: p_ij, and the derivatives
//! with respect to the coefficients of its functions.

use super::angular::{Angular, AngularWork};
use super::harmonics::{self, count};
use super::radial::RadialWork;
use super::series;
use crate::descriptors::{Environment, Vectors};
use crate::lanes::{Kernel, Lanes, Real, Vector};

/// p_ij where there is no angular part.
pub(super) fn add_radial_pairs<T: Real>(
    environment: &Environment<T>,
    radial: &RadialWork<T>,
    pairs: &mut Vectors<T>,
) {
    T::dispatch(Pairs::<T, 0> { angular: None, environment, radial, pairs });
}

/// From derivatives with respect to sums to p_ij.
#[allow(clippy::struct_field_names)]
pub(super) struct Pairs<'a, T, const D: usize> {
    pub(super) angular: Option<(&'a Angular<T>, &'a AngularWork<T>)>,
    pub(super) environment: &'a Environment<T>,
    pub(super) radial: &'a RadialWork<T>,
    pub(super) pairs: &'a mut Vectors<T>,
}

impl<T: Real, const D: usize> Kernel<T> for Pairs<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let Self { angular, environment, radial, pairs } = self;
        for s in 0..environment.species() {
            let all = environment.of_species(s);
            if all.is_empty() {
                continue;
            }
            let slopes = &radial.slopes[radial.shell.of_species(s)];
            let mut near = 0;
            let [px, py, pz] =
                [&mut pairs.x[all.clone()], &mut pairs.y[all.clone()], &mut pairs.z[all.clone()]];
            if let Some((angular, work)) = angular {
                near = work.shell.of_species(s).len();
                add_near::<T, L, D>(lanes, angular, work, s, slopes, [&mut *px, &mut *py, &mut *pz]);
            }
            let vectors = &environment.vectors;
            let [x, y, z] = [&vectors.x[all.clone()], &vectors.y[all.clone()], &vectors.z[all.clone()]];
            let distances = &environment.distances[all];
            for at in (near..distances.len()).step_by(L::WIDTH) {
                let r = lanes.load_some(&distances[at..], T::ONE);
                let slope = lanes.load(&slopes[at..]) / r;
                lanes.add_to_some(lanes.load_some(&x[at..], T::ZERO) * slope, &mut px[at..]);
                lanes.add_to_some(lanes.load_some(&y[at..], T::ZERO) * slope, &mut py[at..]);
                lanes.add_to_some(lanes.load_some(&z[at..], T::ZERO) * slope, &mut pz[at..]);
            }
        }
    }
}

/// From derivatives with respect to sums to those with respect to coefficients of series: Σ_j f T_k Q_n,
/// with Q_n the derivative with respect to h_n of neighbour j.
pub(super) struct Mixing<'a, T, const D: usize> {
    pub(super) angular: &'a Angular<T>,
    pub(super) work: &'a mut AngularWork<T>,
    pub(super) out: &'a mut Vec<f64>,
}

impl<T: Real, const D: usize> Kernel<T> for Mixing<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self, lanes: L) {
        let Self { angular, work, out } = self;
        let (rows, terms, size) = (angular.rows, angular.part.terms, count(D));
        let (mut weights, mut sums) = (std::mem::take(&mut work.terms), std::mem::take(&mut work.lanes));
        sums.resize(terms * L::WIDTH);
        for (s, _) in angular.part.species.iter().enumerate().filter(|(_, local)| local.mixing.is_some()) {
            let here = work.shell.of_species(s);
            let all = here.len();
            let [x, y, z] = &work.directions.components;
            let [x, y, z] = [&x[here.clone()], &y[here.clone()], &z[here.clone()]];
            let (distances, values) = (&work.shell.distances[here.clone()], &work.shell.values[here]);
            let [functions, _] = work.functions(angular, s);
            weights.resize(all);
            let kind = angular.kind[s];
            for n in 0..rows {
                let slopes = &work.species_slopes[(kind * rows + n) * size..][..size];
                for at in (0..all).step_by(L::WIDTH) {
                    let r = [lanes.load(&x[at..]), lanes.load(&y[at..]), lanes.load(&z[at..])];
                    let (mut q, _) = harmonics::polynomial::<T, L, D>(lanes, r, slopes);
                    if angular.invariants.distinct {
                        for m in 0..rows {
                            let touch = lanes.splat(work.species_touch[(kind * rows + n) * rows + m]);
                            q = lanes.load(&functions[m * all + at..]).mul_add(touch, q);
                        }
                    }
                    lanes.store(q * lanes.load(&values[at..]), &mut weights[at..]);
                }
                sums.fill(T::ZERO);
                let radius = T::of(angular.part.cutoff.radius);
                series::accumulate(lanes, radius, distances, &weights, &mut sums);
                out.extend(sums.chunks_exact(L::WIDTH).map(|sum| lanes.load(sum).sum().to_f64()));
            }
        }
        (work.terms, work.lanes) = (weights, sums);
    }
}

/// Adds p_ij of the neighbours of species `s` that are in the shell of the angular part; `radial` is the
/// derivative of the radial part with respect to distances.
#[inline(always)]
fn add_near<T: Real, L: Lanes<T>, const D: usize>(
    lanes: L,
    angular: &Angular<T>,
    work: &AngularWork<T>,
    s: usize,
    radial: &[T],
    [px, py, pz]: [&mut [T]; 3],
) {
    let here = work.shell.of_species(s);
    let (rows, all, size) = (angular.rows, here.len(), count(D));
    let [x, y, z] = &work.directions.components;
    let [x, y, z] = [&x[here.clone()], &y[here.clone()], &z[here.clone()]];
    let inverse = &work.directions.inverse[here];
    let [functions, derivatives] = work.functions(angular, s);
    let kind = angular.kind[s];
    let slopes = &work.species_slopes[kind * rows * size..(kind + 1) * rows * size];
    let touch: &[T] =
        if angular.invariants.distinct { &work.species_touch[kind * rows * rows..] } else { &[] };
    for at in (0..all).step_by(L::WIDTH) {
        let (x, y, z) = (lanes.load(&x[at..]), lanes.load(&y[at..]), lanes.load(&z[at..]));
        // Σ_n dh_n/dr Q_n and Σ_n h_n ∇Q_n.
        let mut along = lanes.load(&radial[at..]);
        let zero = lanes.splat(T::ZERO);
        let (mut ax, mut ay, mut az) = (zero, zero, zero);
        for n in 0..rows {
            let slopes = &slopes[n * size..(n + 1) * size];
            let (mut q, [qx, qy, qz]) = harmonics::polynomial::<T, L, D>(lanes, [x, y, z], slopes);
            if !touch.is_empty() {
                for m in 0..rows {
                    let h = lanes.load(&functions[m * all + at..]);
                    q = h.mul_add(lanes.splat(touch[n * rows + m]), q);
                }
            }
            let h = lanes.load(&functions[n * all + at..]);
            along = lanes.load(&derivatives[n * all + at..]).mul_add(q, along);
            ax = h.mul_add(qx, ax);
            ay = h.mul_add(qy, ay);
            az = h.mul_add(qz, az);
        }
        // Only what is perpendicular to r turns the direction, by 1/r.
        let inverse = lanes.load(&inverse[at..]);
        let projection = x.mul_add(ax, y.mul_add(ay, z * az));
        let slope = along - projection * inverse;
        lanes.add_to_some(x.mul_add(slope, ax * inverse), &mut px[at..]);
        lanes.add_to_some(y.mul_add(slope, ay * inverse), &mut py[at..]);
        lanes.add_to_some(z.mul_add(slope, az * inverse), &mut pz[at..]);
    }
}
