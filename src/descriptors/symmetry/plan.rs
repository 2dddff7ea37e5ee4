//! How the functions of one central element are computed together: what they share is found once.

use super::angles::AngleFactor;
use super::angular::{AngularGroup, AngularSet, Entry};
use super::envelope::Envelope;
use super::exponentials::Exponentials;
use super::grid;
use super::harmonics::{self, Basis};
use super::moments::{Expansion, MomentSet, Product};
use super::radial::RadialGroup;
use super::shell::Class;
use super::{Radial, SymmetryFunction};
use crate::lanes::Real;
use crate::system::Element;

/// The functions of one central element, grouped; sums over triplets are of precision `U`.
#[derive(Debug, Clone)]
pub(super) struct Plan<T, U> {
    /// Number of functions.
    pub(super) len: usize,
    /// Distinct envelopes, and whether each is weighted with the atomic number.
    pub(super) envelopes: Vec<(Envelope, bool)>,
    pub(super) radial: Vec<RadialGroup<T>>,
    pub(super) moments: Vec<MomentSet<T>>,
    pub(super) angular: Vec<AngularSet<U>>,
}

/// Above this factor single precision is given minute functions in units of their own.
const MINUTE: f64 = 1e15;

/// A function while groups are made.
#[derive(Clone, Copy)]
struct Member {
    function: usize,
    /// Factor on G that is not part of a product.
    norm: f64,
    classes: (Class, Class),
    narrow: bool,
    samples: usize,
    shift: f64,
    eta: f64,
    /// None: a radial function.
    angle: Option<AngleFactor>,
}

impl<T: Real, U: Real> Plan<T, U> {
    /// A plan for `functions`, each times its factor.
    pub(super) fn new(elements: &[Element], functions: &[SymmetryFunction], factors: &[f64]) -> Self {
        let mut envelopes = Vec::new();
        let members: Vec<Member> = functions
            .iter()
            .zip(factors)
            .enumerate()
            .map(|(index, (function, factor))| member(index, function, *factor, elements, &mut envelopes))
            .collect();
        let (radial, angular): (Vec<_>, Vec<_>) = members.into_iter().partition(|m| m.angle.is_none());
        let (separable, others): (Vec<_>, Vec<_>) = angular.into_iter().partition(separates);
        Self {
            len: functions.len(),
            radial: split(radial, |a, b| (a.classes, a.samples, a.shift) == (b.classes, b.samples, b.shift))
                .iter()
                .map(|group| radial_group(group))
                .collect(),
            moments: split(separable, |a, b| (a.samples, a.shift) == (b.samples, b.shift))
                .iter()
                .map(|group| moment_set(group))
                .collect(),
            angular: split(others, |a, b| {
                let radius = |m: &Member| envelopes[m.samples].0.radius();
                (a.classes, a.narrow, radius(a)) == (b.classes, b.narrow, radius(b))
            })
            .iter()
            .map(|list| angular_set(list, &envelopes))
            .collect(),
            envelopes,
        }
    }
}

fn member(
    index: usize,
    function: &SymmetryFunction,
    factor: f64,
    elements: &[Element],
    envelopes: &mut Vec<(Envelope, bool)>,
) -> Member {
    // An element that is not in the list has no neighbours: species number one past the last.
    let class =
        |of: Element| Class::Species(elements.iter().position(|e| *e == of).unwrap_or(elements.len()));
    let (classes, narrow, angle, norm) = match function {
        SymmetryFunction::Radial { of, .. } => {
            let class = of.map_or(Class::All, class);
            ((class, class), false, None, 1.0)
        }
        SymmetryFunction::Angular { of, angle, narrow, .. } => {
            let classes = of.map_or((Class::All, Class::All), |[a, b]| (class(a), class(b)));
            let (angle, norm) = AngleFactor::of(angle);
            ((classes.0.min(classes.1), classes.0.max(classes.1)), *narrow, Some(angle), norm)
        }
    };
    let key = (Envelope::of(function.radial()), classes.0 == Class::All);
    let samples = position(envelopes, &key);
    let (eta, shift) = match function.radial() {
        Radial::Gaussian { eta, shift, .. } => (*eta, *shift),
        Radial::Compact { .. } => (0.0, 0.0),
    };
    Member { function: index, norm: norm * factor, classes, narrow, samples, shift, eta, angle }
}

/// Does the sum over pairs of neighbours factor into sums over one?
fn separates(member: &Member) -> bool {
    match member.angle {
        Some(AngleFactor::Integer { lambda, zeta }) => {
            !member.narrow && lambda.abs() <= 1.0 && zeta as usize <= harmonics::MOST
        }
        _ => false,
    }
}

/// Index of an entry, which is appended if it is new.
fn position<K: PartialEq + Clone>(list: &mut Vec<K>, key: &K) -> usize {
    list.iter().position(|entry| entry == key).unwrap_or_else(|| {
        list.push(key.clone());
        list.len() - 1
    })
}

/// Members that are alike, together; groups in the order of their first members.
fn split(members: Vec<Member>, alike: impl Fn(&Member, &Member) -> bool) -> Vec<Vec<Member>> {
    let mut groups: Vec<Vec<Member>> = Vec::new();
    for member in members {
        match groups.iter_mut().find(|group| alike(&group[0], &member)) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups
}

/// The distinct widths of a group with the logarithms of their scales, ascending.
///
/// With functions scaled by 10¹⁰⁰ because they are as small, single precision works on multiples of them.
/// `factors` is how many exponentials a function is a product of.
fn widths<T: Real>(group: &[Member], factors: f64) -> Vec<(f64, f64)> {
    let mut widths: Vec<f64> = group.iter().map(|m| m.eta).collect();
    widths.sort_by(f64::total_cmp);
    widths.dedup();
    let single = T::EPSILON > T::of(1e-10);
    widths
        .into_iter()
        .map(|eta| {
            let most = group.iter().filter(|m| m.eta == eta).map(|m| m.norm.abs()).fold(0.0, f64::max);
            let offset = if single && eta > 0.0 && most > MINUTE { most.ln() / factors } else { 0.0 };
            (eta, offset)
        })
        .collect()
}

/// The exponentials of a group, −2η of each, and of each member its exponential and remaining norm.
fn channels<T: Real>(group: &[Member], factors: f64) -> (Exponentials<T>, Vec<T>, Vec<(usize, f64)>) {
    let widths = widths::<T>(group, factors);
    let members = group
        .iter()
        .map(|m| {
            let channel = widths.iter().position(|w| w.0 == m.eta).unwrap_or(0);
            (channel, m.norm * (-widths[channel].1 * factors).exp())
        })
        .collect();
    (Exponentials::new(&widths), widths.iter().map(|w| T::of(-2.0 * w.0)).collect(), members)
}

fn radial_group<T: Real>(group: &[Member]) -> RadialGroup<T> {
    let (exponentials, widths, members) = channels::<T>(group, 1.0);
    let entries = group
        .iter()
        .zip(&members)
        .map(|(m, (channel, norm))| Entry { at: *channel, function: m.function, norm: *norm })
        .collect();
    RadialGroup {
        class: group[0].classes.0,
        samples: group[0].samples,
        shift: T::of(group[0].shift),
        tiles: grid::tiles(exponentials.len(), 1, |_, _| true),
        exponentials,
        widths,
        entries,
    }
}

fn angular_set<T: Real>(list: &[Member], envelopes: &[(Envelope, bool)]) -> AngularSet<T> {
    let groups = split(list.to_vec(), |a, b| (a.samples, a.shift) == (b.samples, b.shift))
        .iter()
        .map(|group| angular_group(group, envelopes))
        .collect();
    AngularSet {
        classes: list[0].classes,
        radius: envelopes[list[0].samples].0.radius(),
        narrow: list[0].narrow,
        groups,
    }
}

fn angular_group<T: Real>(group: &[Member], envelopes: &[(Envelope, bool)]) -> AngularGroup<T> {
    let (exponentials, widths, members) = channels::<T>(group, 1.0);
    let mut angles = Vec::new();
    for angle in group.iter().filter_map(|m| m.angle) {
        position(&mut angles, &angle);
    }
    let entries: Vec<Entry> = group
        .iter()
        .zip(&members)
        .map(|(m, (channel, norm))| {
            let column = angles.iter().position(|a| Some(*a) == m.angle).unwrap_or(0);
            Entry { at: channel * angles.len() + column, function: m.function, norm: *norm }
        })
        .collect();
    let wanted = |a: usize, b: usize| entries.iter().any(|e| e.at == a * angles.len() + b);
    AngularGroup {
        envelope: envelopes[group[0].samples].0,
        samples: group[0].samples,
        shift: T::of(group[0].shift),
        tiles: grid::tiles(exponentials.len(), angles.len(), wanted),
        exponentials,
        widths,
        angles,
        entries,
    }
}

fn moment_set<T: Real>(group: &[Member]) -> MomentSet<T> {
    let (exponentials, widths, members) = channels::<T>(group, 2.0);
    let mut classes: Vec<Class> = Vec::new();
    let mut products: Vec<Product<T>> = Vec::new();
    let mut degree = 0;
    for (m, (channel, norm)) in group.iter().zip(&members) {
        let Some(AngleFactor::Integer { lambda, zeta }) = m.angle else { continue };
        degree = degree.max(zeta as usize);
        let pair = (position(&mut classes, &m.classes.0), position(&mut classes, &m.classes.1));
        // Each pair of one class is met twice in the double sum.
        let norm = if pair.0 == pair.1 { 0.5 * norm } else { *norm };
        let coefficients = legendre(lambda, zeta as usize);
        let expansion = Expansion {
            function: m.function,
            diagonal: T::of(if pair.0 == pair.1 { norm * coefficients.iter().sum::<f64>() } else { 0.0 }),
            coefficients: coefficients.iter().map(|c| T::of(norm * c)).collect(),
        };
        match products.iter_mut().find(|p| (p.channel, p.classes) == (*channel, pair)) {
            Some(product) => product.functions.push(expansion),
            None => products.push(Product { channel: *channel, classes: pair, functions: vec![expansion] }),
        }
    }
    let basis = Basis::new(degree);
    MomentSet {
        samples: group[0].samples,
        shift: T::of(group[0].shift),
        tiles: grid::tiles(exponentials.len(), basis.len(), |_, _| true),
        exponentials,
        widths,
        basis,
        classes,
        products,
    }
}

/// Coefficients of (1 + λx)^ζ in Legendre polynomials.
///
/// Multiplying by 1 + λx with (2l + 1) x P_l = (l + 1) P_(l+1) + l P_(l−1), ζ times.
fn legendre(lambda: f64, zeta: usize) -> Vec<f64> {
    let mut c = vec![1.0];
    for _ in 0..zeta {
        let mut next = c.clone();
        next.push(0.0);
        for (l, c) in c.iter().enumerate() {
            let part = lambda * c / (2 * l + 1) as f64;
            next[l + 1] += part * (l + 1) as f64;
            if l > 0 {
                next[l - 1] += part * l as f64;
            }
        }
        c = next;
    }
    c
}
