//! Vectors of the width the machine has, for loops the compiler does not turn into good vector code.
//!
//! A [`Kernel`] is written once over [`Lanes`], the instruction set, and [`Vector`], its registers; it is
//! compiled for each instruction set and the best one is chosen at run time (AVX-512, AVX2 with FMA, NEON,
//! or one number at a time). Everything a kernel calls must be `#[inline(always)]`, or it is compiled for
//! the baseline: no closures around vectors, which cannot be marked so, hence no `map` over arrays of them.
//!
//! Unlike the rest of the crate kernels fuse multiplications with additions where the machine can: it
//! halves the number of instructions. Sums are taken lane by lane, so their last bits depend on the
//! instruction set (never on the number of threads).

use super::Real;
use pulp::{Arch, Simd, WithSimd};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};
use std::sync::OnceLock;

/// A register of [`Lanes::WIDTH`] numbers.
pub trait Vector<T>:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    /// `self`·b + c, rounded once where the machine can.
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// The smaller number of each lane.
    fn min(self, other: Self) -> Self;

    /// The larger number of each lane.
    fn max(self, other: Self) -> Self;

    /// The sum of the lanes.
    fn sum(self) -> T;
}

/// An instruction set, for numbers of precision `T`.
pub trait Lanes<T: Real>: Copy {
    /// Its registers.
    type Vector: Vector<T>;

    /// How they lie in memory.
    type Stored: Copy;

    /// How many numbers they hold; a power of two, at most 16.
    const WIDTH: usize;

    /// The same number in every lane.
    fn splat(self, value: T) -> Self::Vector;

    /// The first [`Lanes::WIDTH`] numbers of a slice.
    fn load(self, from: &[T]) -> Self::Vector;

    /// Writes the lanes to the beginning of a slice.
    fn store(self, vector: Self::Vector, to: &mut [T]);

    /// A slice as registers; what does not fill one is left out. A loop over several such slices of one
    /// length needs no test for every load, which `load` makes.
    fn view(self, from: &[T]) -> &[Self::Stored];

    /// As [`Lanes::view`], to be written.
    fn view_mut(self, to: &mut [T]) -> &mut [Self::Stored];

    /// One register of a view.
    fn read(self, from: Self::Stored) -> Self::Vector;

    /// What to put into a view.
    fn stored(self, vector: Self::Vector) -> Self::Stored;

    /// The same number in every lane, rounded from double precision.
    #[inline(always)]
    fn of(self, value: f64) -> Self::Vector {
        self.splat(T::of(value))
    }

    /// Adds the lanes to the beginning of a slice.
    #[inline(always)]
    fn add_to(self, vector: Self::Vector, to: &mut [T]) {
        let to = &mut to[..Self::WIDTH];
        self.store(self.load(to) + vector, to);
    }

    /// As [`Lanes::load`], of a slice that may be shorter; `fill` stands for what is missing.
    #[inline(always)]
    fn load_some(self, from: &[T], fill: T) -> Self::Vector {
        if from.len() >= Self::WIDTH {
            return self.load(from);
        }
        let mut whole = [fill; 16];
        for (to, from) in whole.iter_mut().zip(from) {
            *to = *from;
        }
        self.load(&whole)
    }

    /// As [`Lanes::store`], to a slice that may be shorter than the vector.
    #[inline(always)]
    fn store_some(self, vector: Self::Vector, to: &mut [T]) {
        if to.len() >= Self::WIDTH {
            return self.store(vector, to);
        }
        let mut whole = [T::ZERO; 16];
        self.store(vector, &mut whole);
        to.copy_from_slice(&whole[..to.len()]);
    }

    /// As [`Lanes::add_to`], to a slice that may be shorter than the vector.
    #[inline(always)]
    fn add_to_some(self, vector: Self::Vector, to: &mut [T]) {
        if to.len() >= Self::WIDTH {
            return self.add_to(vector, to);
        }
        let mut whole = [T::ZERO; 16];
        self.store(vector, &mut whole);
        for (to, from) in to.iter_mut().zip(whole) {
            *to += from;
        }
    }
}

/// A computation that is compiled for every instruction set; [`Real::dispatch`] runs it.
pub trait Kernel<T: Real> {
    /// Its result.
    type Output;

    /// The computation; implementations are `#[inline(always)]`.
    fn run<L: Lanes<T>>(self, lanes: L) -> Self::Output;
}

/// The instruction set of this machine, found once.
fn machine() -> Arch {
    static MACHINE: OnceLock<Arch> = OnceLock::new();
    *MACHINE.get_or_init(Arch::new)
}

/// The instruction set that kernels use on this machine.
pub fn instruction_set() -> &'static str {
    match machine() {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V4(_) => "AVX-512",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(_) => "AVX2 and FMA",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "Neon",
        _ => "the least common instruction set",
    }
}

/// Implements the traits above for one precision with the operations `pulp` has for it.
macro_rules! implement {
    ($real:ident, $Lanes:ident, $Register:ident, $register:ident, $width:ident, $dispatch:ident,
     $splat:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $mul_add:ident, $neg:ident, $min:ident, $max:ident, $sum:ident,
     $view:ident, $view_mut:ident) => {
        #[derive(Clone, Copy)]
        pub(super) struct $Lanes<S: Simd>(S);

        #[derive(Clone, Copy)]
        pub(super) struct $Register<S: Simd>(S, S::$register);

        impl<S: Simd> Add for $Register<S> {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(self.0, self.0.$add(self.1, other.1))
            }
        }

        impl<S: Simd> Sub for $Register<S> {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(self.0, self.0.$sub(self.1, other.1))
            }
        }

        impl<S: Simd> Mul for $Register<S> {
            type Output = Self;
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                Self(self.0, self.0.$mul(self.1, other.1))
            }
        }

        impl<S: Simd> Div for $Register<S> {
            type Output = Self;
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                Self(self.0, self.0.$div(self.1, other.1))
            }
        }

        impl<S: Simd> Neg for $Register<S> {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self(self.0, self.0.$neg(self.1))
            }
        }

        impl<S: Simd> AddAssign for $Register<S> {
            #[inline(always)]
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl<S: Simd> Vector<$real> for $Register<S> {
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                Self(self.0, self.0.$mul_add(self.1, b.1, c.1))
            }

            #[inline(always)]
            fn min(self, other: Self) -> Self {
                Self(self.0, self.0.$min(self.1, other.1))
            }

            #[inline(always)]
            fn max(self, other: Self) -> Self {
                Self(self.0, self.0.$max(self.1, other.1))
            }

            #[inline(always)]
            fn sum(self) -> $real {
                self.0.$sum(self.1)
            }
        }

        impl<S: Simd> Lanes<$real> for $Lanes<S> {
            type Vector = $Register<S>;

            type Stored = S::$register;

            const WIDTH: usize = S::$width;

            #[inline(always)]
            fn splat(self, value: $real) -> $Register<S> {
                $Register(self.0, self.0.$splat(value))
            }

            #[inline(always)]
            fn load(self, from: &[$real]) -> $Register<S> {
                $Register(self.0, S::$view(&from[..Self::WIDTH]).0[0])
            }

            #[inline(always)]
            fn store(self, vector: $Register<S>, to: &mut [$real]) {
                S::$view_mut(&mut to[..Self::WIDTH]).0[0] = vector.1;
            }

            #[inline(always)]
            fn view(self, from: &[$real]) -> &[S::$register] {
                S::$view(from).0
            }

            #[inline(always)]
            fn view_mut(self, to: &mut [$real]) -> &mut [S::$register] {
                S::$view_mut(to).0
            }

            #[inline(always)]
            fn read(self, from: S::$register) -> $Register<S> {
                $Register(self.0, from)
            }

            #[inline(always)]
            fn stored(self, vector: $Register<S>) -> S::$register {
                vector.1
            }
        }

        /// Runs a kernel with the best instructions this machine has.
        pub(super) fn $dispatch<K: Kernel<$real>>(kernel: K) -> K::Output {
            struct Adapter<K>(K);
            impl<K: Kernel<$real>> WithSimd for Adapter<K> {
                type Output = K::Output;
                #[inline(always)]
                fn with_simd<S: Simd>(self, simd: S) -> K::Output {
                    self.0.run($Lanes(simd))
                }
            }
            machine().dispatch(Adapter(kernel))
        }
    };
}

implement!(
    f32,
    Single,
    SingleRegister,
    f32s,
    F32_LANES,
    dispatch_single,
    splat_f32s,
    add_f32s,
    sub_f32s,
    mul_f32s,
    div_f32s,
    mul_add_e_f32s,
    neg_f32s,
    min_f32s,
    max_f32s,
    reduce_sum_f32s,
    as_simd_f32s,
    as_mut_simd_f32s
);
implement!(
    f64,
    Double,
    DoubleRegister,
    f64s,
    F64_LANES,
    dispatch_double,
    splat_f64s,
    add_f64s,
    sub_f64s,
    mul_f64s,
    div_f64s,
    mul_add_e_f64s,
    neg_f64s,
    min_f64s,
    max_f64s,
    reduce_sum_f64s,
    as_simd_f64s,
    as_mut_simd_f64s
);

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Runs a kernel one number at a time, as a machine without vectors would.
    pub(crate) fn run_scalar<K: Kernel<f64>>(kernel: K) -> K::Output {
        kernel.run(Double(pulp::Scalar))
    }

    struct Polynomial<'a, T>(&'a [T]);

    impl<T: Real> Kernel<T> for Polynomial<'_, T> {
        type Output = (T, Vec<T>);

        #[inline(always)]
        fn run<L: Lanes<T>>(self, lanes: L) -> Self::Output {
            let mut out = self.0.to_vec();
            let mut sum = lanes.splat(T::ZERO);
            for (from, to) in self.0.chunks(L::WIDTH).zip(out.chunks_mut(L::WIDTH)) {
                let x = lanes.load_some(from, T::ZERO);
                sum += x;
                lanes.add_to_some((-x).mul_add(x, lanes.of(3.0)) - x * x, to);
            }
            (sum.sum(), out)
        }
    }

    #[test]
    fn vectors_compute_what_numbers_do() {
        // Small integers: exact in any order, fused or not.
        for n in [0, 1, 2, 3, 7, 8, 9, 16, 31, 40] {
            let x: Vec<f64> = (0..n).map(|i| f64::from(i % 11) - 5.0).collect();
            let expected: Vec<f64> = x.iter().map(|x| x + 3.0 - 2.0 * x * x).collect();
            assert_eq!(f64::dispatch(Polynomial(&x)), (x.iter().sum(), expected.clone()));
            assert_eq!(run_scalar(Polynomial(&x)), (x.iter().sum(), expected.clone()));
            let y: Vec<f32> = x.iter().map(|x| *x as f32).collect();
            let (sum, out) = f32::dispatch(Polynomial(&y));
            assert_eq!(f64::from(sum), x.iter().sum::<f64>());
            assert_eq!(out.iter().map(|x| f64::from(*x)).collect::<Vec<_>>(), expected);
        }
    }
}
