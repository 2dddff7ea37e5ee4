//! A descriptor is taught another element: what it said before it says still, new numbers are for
//! neighbours of the new element, and atoms of the new element are described like the others.
//!
//! As long as no atom of the new element is near, the old numbers are what they were; networks that give
//! the new ones no weight at first give the same energies.

use crate::descriptors::{Channels, Moments, MomentsCenter, SymmetryFunction, SymmetryFunctions};
use crate::error::{Error, Result};
use crate::potential::DescriptorSet;
use crate::random::{Philox, Purpose};
use crate::system::Element;

/// A larger descriptor, and where the old one is in it.
#[derive(Debug, Clone)]
pub struct Grown {
    /// The larger descriptor.
    pub set: DescriptorSet,
    /// For each species its number before, if it was there.
    pub species: Vec<Option<usize>>,
    /// For each species and each of its descriptors the number before, if it was there.
    pub inputs: Vec<Vec<Option<usize>>>,
}

/// The descriptor with elements added.
///
/// # Errors
/// For the Chebyshev descriptor, whose weights of all elements depend on how many there are.
pub fn grow(set: &DescriptorSet, added: &[Element]) -> Result<Grown> {
    if added.is_empty() {
        let count = set.elements().len();
        let inputs = (0..count).map(|s| (0..set.len(s)).map(Some).collect()).collect();
        return Ok(Grown { set: set.clone(), species: (0..count).map(Some).collect(), inputs });
    }
    match set {
        DescriptorSet::Symmetry(functions) => symmetry(functions, added),
        DescriptorSet::Moments(moments) => with_moments(moments, added),
        DescriptorSet::Chebyshev(_) => {
            let names: Vec<_> = added.iter().map(|e| e.symbol()).collect();
            Err(Error::invalid(format!(
                "{} cannot be added: in the Chebyshev descriptor of Artrith, Urban and Ceder the weights of \
                 all elements change with their number, so that no network could be kept; train a new \
                 potential, or begin with symmetry functions or moments",
                names.join(", ")
            )))
        }
    }
}

fn symmetry(old: &SymmetryFunctions, added: &[Element]) -> Result<Grown> {
    let elements: Vec<Element> = old.elements().iter().chain(added).copied().collect();
    let mut functions: Vec<Vec<SymmetryFunction>> = (0..old.elements().len())
        .map(|s| {
            let own = old.of(s);
            let more = shapes(own.iter()).flat_map(|shape| over(shape, &elements));
            let more = more.filter(|f| f.elements().any(|e| added.contains(&e)));
            own.iter().copied().chain(more).collect()
        })
        .collect();
    let every = || (0..old.elements().len()).flat_map(|s| old.of(s));
    let fresh: Vec<SymmetryFunction> = shapes(every()).flat_map(|shape| over(shape, &elements)).collect();
    functions.extend(added.iter().map(|_| fresh.clone()));
    let set = SymmetryFunctions::new(elements, functions)?;
    let species: Vec<Option<usize>> =
        set.elements().iter().map(|e| old.elements().iter().position(|o| o == e)).collect();
    let place = |(s, before): (usize, &Option<usize>)| {
        let mut taken = vec![false; before.map_or(0, |b| old.of(b).len())];
        let find = |f: &SymmetryFunction| {
            let own = before.map(|b| old.of(b)).unwrap_or_default();
            let found = own.iter().zip(&taken).position(|(o, taken)| o == f && !taken);
            if let Some(found) = found {
                taken[found] = true;
            }
            found
        };
        set.of(s).iter().map(find).collect()
    };
    let inputs = species.iter().enumerate().map(place).collect();
    Ok(Grown { set: DescriptorSet::Symmetry(set), species, inputs })
}

/// The functions without regard to elements, each once.
fn shapes<'a>(
    functions: impl Iterator<Item = &'a SymmetryFunction>,
) -> impl Iterator<Item = SymmetryFunction> {
    let mut found: Vec<SymmetryFunction> = Vec::new();
    for function in functions {
        let weighted = function.elements().next().is_none();
        let same = |other: &SymmetryFunction| match (*function, *other) {
            (
                SymmetryFunction::Radial { radial: a, of: x },
                SymmetryFunction::Radial { radial: b, of: y },
            ) => a == b && x.is_some() == y.is_some(),
            (
                SymmetryFunction::Angular { radial: a, angle: p, narrow: n, of: x },
                SymmetryFunction::Angular { radial: b, angle: q, narrow: m, of: y },
            ) => (a, p, n, x.is_some()) == (b, q, m, y.is_some()),
            _ => false,
        };
        if weighted || !found.iter().any(same) {
            found.push(*function);
        }
    }
    found.into_iter()
}

/// A shape for each element, or each pair of elements; weighted functions are for all at once.
fn over(shape: SymmetryFunction, elements: &[Element]) -> Vec<SymmetryFunction> {
    match shape {
        SymmetryFunction::Radial { of: Some(_), radial } => {
            elements.iter().map(|e| SymmetryFunction::Radial { of: Some(*e), radial }).collect()
        }
        SymmetryFunction::Angular { of: Some(_), radial, angle, narrow } => {
            let pairs = (0..elements.len()).flat_map(|i| (i..elements.len()).map(move |j| (i, j)));
            pairs
                .map(|(i, j)| SymmetryFunction::Angular {
                    of: Some([elements[i], elements[j]]),
                    radial,
                    angle,
                    narrow,
                })
                .collect()
        }
        weighted => vec![weighted],
    }
}

fn with_moments(old: &Moments, added: &[Element]) -> Result<Grown> {
    let (before, after) = (old.elements.len(), old.elements.len() + added.len());
    let elements: Vec<Element> = old.elements.iter().chain(added).copied().collect();
    let mut centers: Vec<MomentsCenter> =
        old.centers.iter().enumerate().map(|(s, c)| widened(c, s, added.len())).collect();
    for s in before..after {
        centers.push(centers[s % before].clone());
    }
    let inputs = centers
        .iter()
        .enumerate()
        .map(|(s, center)| match old.centers.get(s) {
            Some(small) => places(small, center, before, after),
            None => vec![None; center.len(after)],
        })
        .collect();
    let species = (0..after).map(|s| (s < before).then_some(s)).collect();
    Ok(Grown { set: DescriptorSet::Moments(Moments::new(elements, centers)?), species, inputs })
}

/// The parameters of a central element with room for more elements among the neighbours.
fn widened(center: &MomentsCenter, species: usize, more: usize) -> MomentsCenter {
    let mut center = center.clone();
    let mut random = Philox::new(2, Purpose::General, 0, species as u32);
    let angular = center.angular.as_mut().map(|angular| &mut angular.functions.channels);
    for channels in [Some(&mut center.radial.channels), angular].into_iter().flatten() {
        let mut draw = |n: usize| (0..n).map(|_| 2.0 * random.uniform() - 1.0).collect::<Vec<f64>>();
        match channels {
            Channels::PerElement { .. } => {}
            Channels::Weighted { weights, .. } => weights.iter_mut().for_each(|row| row.extend(draw(more))),
            Channels::Mixed { coefficients } => {
                let (functions, terms) = (coefficients[0].len(), coefficients[0][0].len());
                for _ in 0..more {
                    coefficients.push((0..functions).map(|_| draw(terms)).collect());
                }
            }
        }
    }
    center
}

/// Where the numbers of a central element were before it was widened.
fn places(small: &MomentsCenter, large: &MomentsCenter, before: usize, after: usize) -> Vec<Option<usize>> {
    // New functions of the distance come behind the old ones.
    let [few, many] = [(small, before), (large, after)].map(|(c, n)| c.radial.channels.functions(n));
    let mut places: Vec<Option<usize>> = (0..many).map(|q| (q < few).then_some(q)).collect();
    let (Some(small), Some(large)) = (&small.angular, &large.angular) else { return places };
    let mut offset = few;
    let (pairs, all) = (small.pairs(before), large.pairs(after));
    let [f, g] = [(small, before), (large, after)].map(|(c, n)| c.functions.channels.functions(n));
    let products = small.three.len() + small.four.len();
    let angles = (small.len(before) - products * f) / pairs.len().max(1);
    for pair in &all {
        let found = pairs.iter().position(|p| p == pair);
        places.extend((0..angles).map(|l| found.map(|k| offset + k * angles + l)));
    }
    offset += pairs.len() * angles;
    for product in 0..products {
        places.extend((0..g).map(|q| (q < f).then_some(offset + product * f + q)));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::{CutoffShape, MomentsSize};
    use crate::io::Frame;
    use crate::system::{Cell, Vec3};
    use crate::train::features;
    use crate::train::generate::{SymmetryGrid, chebyshev};

    fn elements(symbols: &[&str]) -> Vec<Element> {
        symbols.iter().map(|s| Element::from_symbol(s).unwrap()).collect()
    }

    fn grid(symbols: &[&str]) -> DescriptorSet {
        let grid = SymmetryGrid {
            radial_cutoff: 4.5,
            radial: 3,
            angular_cutoff: 4.0,
            angular: 2,
            zetas: vec![1.0],
            nearest: 1.5,
            shape: CutoffShape::Poly2,
        };
        grid.build(&elements(symbols)).unwrap()
    }

    /// Six atoms of two elements in a small cell, with or without a third element.
    fn frame(third: bool) -> Frame {
        let [li, n, f] = elements(&["Li", "N", "F"])[..] else { unreachable!() };
        let species = vec![li, n, li, if third { f } else { n }, li, n];
        let mut random = Philox::new(3, Purpose::General, 0, 0);
        let positions = (0..6)
            .map(|k| {
                Vec3::new(f64::from(k % 2), f64::from(k / 2), 1.0) * 2.0
                    + 0.4 * Vec3::from_fn(|_, _| random.uniform())
            })
            .collect();
        Frame::new(Cell::orthorhombic(4.6, 6.3, 4.2).unwrap(), species, positions)
    }

    /// Without atoms of the new element the old numbers are the same bits at their new places; with one
    /// of its atoms the new numbers are not zero.
    #[test]
    fn what_was_said_before_is_said_still() {
        let two = elements(&["Li", "N"]);
        let moments = |elements: Vec<Element>| {
            DescriptorSet::Moments(Moments::standard(elements, 4.5, 4.0, MomentsSize::Medium).unwrap())
        };
        for old in [grid(&["Li", "N"]), moments(two.clone())] {
            let grown = grow(&old, &elements(&["F"])).unwrap();
            let known = frame(false);
            let [before, after] = [&old, &grown.set]
                .map(|set| features::compute(set, &[&known], false, &|| Ok(())).unwrap().remove(0).atoms);
            for (b, a) in before.iter().zip(&after) {
                assert_eq!(grown.species[a.species], Some(b.species));
                let inputs = &grown.inputs[a.species];
                assert_eq!(inputs.len(), a.values.len());
                let mut seen = vec![false; b.values.len()];
                for (place, value) in inputs.iter().zip(&a.values) {
                    if let Some(place) = place {
                        // The same terms, perhaps grouped otherwise.
                        assert!((b.values[*place] - value).abs() <= 1e-12 * value.abs().max(1e-3));
                        seen[*place] = true;
                    }
                }
                assert!(seen.iter().all(|s| *s), "a descriptor got lost");
            }
            let strange =
                features::compute(&grown.set, &[&frame(true)], false, &|| Ok(())).unwrap().remove(0);
            let fresh = strange.atoms.iter().find(|a| grown.species[a.species].is_none()).unwrap();
            assert!(fresh.values.iter().any(|x| x.abs() > 1e-3));
        }
    }

    #[test]
    fn one_element_can_become_two_and_chebyshev_says_why_not() {
        let lithium = elements(&["Li"]);
        let moments = Moments::standard(lithium.clone(), 4.5, 4.0, MomentsSize::Large).unwrap();
        let grown = grow(&DescriptorSet::Moments(moments.clone()), &elements(&["N"])).unwrap();
        let mut places: Vec<usize> = grown.inputs[0].iter().flatten().copied().collect();
        places.sort_unstable();
        assert_eq!(places, (0..moments.len(0)).collect::<Vec<_>>());
        let basis = chebyshev(&lithium, (4.5, 4), (4.0, 2)).unwrap();
        let message = grow(&basis, &elements(&["N"])).unwrap_err().to_string();
        assert!(message.contains("N cannot be added"), "{message}");
        assert_eq!(grow(&basis, &[]).unwrap().set, basis);
    }
}
