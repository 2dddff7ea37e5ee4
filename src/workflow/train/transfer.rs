//! A training that goes on from a potential: its descriptor, scaling, networks and reference energies are
//! kept; elements that it does not know get networks of their own.

use super::Listener;
use crate::descriptors::{Scaling, ScalingKind, Statistics};
use crate::error::{Error, Result};
use crate::input::train::{NetworkTable, TrainPlan, TransferTable};
use crate::io::Frame;
use crate::potential::{Activation, DescriptorSet, LoadOptions, NeuralModel, load};
use crate::system::Element;
use crate::train::dataset::Sample;
use crate::train::features::{AtomFeatures, FrameFeatures};
use crate::train::grow::{Grown, grow};
use crate::train::layout::{Layout, Shape};
use crate::train::store::Store;
use crate::train::{references, scaling};

/// The potential a training begins with, and where it is in the descriptor of the new one.
pub(super) struct Start {
    pub(super) set: DescriptorSet,
    /// Energy unit of the networks, eV.
    pub(super) unit: f64,
    old: NeuralModel,
    species: Vec<Option<usize>>,
    inputs: Vec<Vec<Option<usize>>>,
}

impl Start {
    /// Reads the potential and adds the elements of the frames that it does not know.
    pub(super) fn load(
        table: &TransferTable,
        network: &NetworkTable,
        elements: &[Element],
        listener: &dyn Listener,
    ) -> Result<Self> {
        let old = load(&table.potential, &LoadOptions { units: table.units })?;
        let refuse = |why: &str| Error::invalid(format!("{}: {why}", table.potential.display()));
        if old.repulsion().is_some() {
            return Err(refuse(
                "a repulsion of nuclei belongs to this potential, which training cannot go on beside",
            ));
        }
        let first = &old.members()[0];
        for member in old.members() {
            for (a, b) in member.iter().zip(first) {
                if a.scaling != b.scaling || shape_of(&a.network, 0) != shape_of(&b.network, 0) {
                    return Err(refuse(
                        "the members of this committee differ in scaling or in the shapes of their networks; \
                         a training can go on from one of them",
                    ));
                }
            }
        }
        let unit = old.output_in_ev(&first[0]).0;
        for atom in old.members().iter().flatten() {
            let linear = atom.network.layers().last().is_some_and(|l| l.activation == Activation::Linear);
            if !linear {
                return Err(refuse("the last layer of a network is not linear; its unit cannot be changed"));
            }
        }
        let added: Vec<Element> = elements.iter().filter(|e| !old.elements().contains(e)).copied().collect();
        if added.is_empty() && network.shaped {
            return Err(Error::invalid(
                "[network] `hidden` and `activation` are of no use with [transfer] where no element is new: networks keep their \
                 shapes; remove them",
            ));
        }
        let (count, wanted) = (old.members().len(), network.members.unwrap_or(old.members().len()));
        if count != wanted {
            listener.note(&format!(
                "{} has {count} member{}, {wanted} {} trained: {}",
                table.potential.display(),
                if count == 1 { "" } else { "s" },
                if wanted == 1 { "is" } else { "are" },
                if wanted < count { "the first of them" } else { "several begin with the same networks" }
            ));
        }
        let Grown { set, species, inputs } =
            grow(&old.descriptor_in_angstrom(), &added).map_err(|error| refuse(&error.to_string()))?;
        let names = |elements: &[Element]| elements.iter().map(|e| e.symbol()).collect::<Vec<_>>().join(", ");
        listener.note(&format!(
            "going on from {}: descriptor, scaling and networks of {} are kept{}",
            table.potential.display(),
            names(old.elements()),
            if added.is_empty() {
                String::new()
            } else {
                format!(
                    "; {} is new: networks of its own, and inputs of weight zero in the others",
                    names(&added)
                )
            }
        ));
        Ok(Self { set, unit, old, species, inputs })
    }

    /// The statistics that scalings are made of: those of the potential for what it knows (their range
    /// widened to the new frames where the scaling does not depend on it), those of the frames for the rest.
    pub(super) fn statistics(&self, frames: &[&FrameFeatures]) -> Result<Vec<Vec<Statistics>>> {
        (0..self.species.len())
            .map(|s| {
                let found = scaling::of_species(s, self.set.len(s), frames);
                let Some(before) = self.species[s] else {
                    return found.ok_or_else(|| {
                        let element = self.set.elements()[s];
                        Error::invalid(format!("no frame that trains has an atom of {element}"))
                    });
                };
                let old = &self.old.members()[0][before].scaling;
                let merge = |(k, place): (usize, &Option<usize>)| {
                    let new = found.as_ref().map(|found| found[k]);
                    match (place.map(|place| old.statistics()[place]), new) {
                        (Some(old_one), Some(new)) if keeps_its_map(old.kind()) => Statistics {
                            min: old_one.min.min(new.min),
                            max: old_one.max.max(new.max),
                            ..old_one
                        },
                        (Some(old_one), _) => old_one,
                        (None, Some(new)) => as_kind(new, old.kind()),
                        // Never seen: the new element is not near this one. Any map will do.
                        (None, None) => as_kind(NOTHING, old.kind()),
                    }
                };
                Ok(self.inputs[s].iter().enumerate().map(merge).collect())
            })
            .collect()
    }

    /// Which descriptors are used: all that the potential has, and new ones that vary.
    pub(super) fn kept(&self, statistics: &[Vec<Statistics>]) -> Vec<Vec<usize>> {
        let of = |(inputs, statistics): (&Vec<Option<usize>>, &Vec<Statistics>)| {
            let varies = |s: &Statistics| s.max - s.min > 1e-9 * s.mean.abs().max(1e-6);
            let each = inputs.iter().zip(statistics).enumerate();
            each.filter(|(_, (input, s))| input.is_some() || varies(s)).map(|(k, _)| k).collect()
        };
        self.inputs.iter().zip(statistics).map(of).collect()
    }

    /// The same with only these descriptors left.
    pub(super) fn after_pruning(mut self, kept: &[Vec<usize>]) -> Self {
        for (inputs, kept) in self.inputs.iter_mut().zip(kept) {
            *inputs = kept.iter().map(|k| inputs[*k]).collect();
        }
        self
    }

    /// Scalings of the kind that the potential has.
    pub(super) fn scalings(&self, statistics: Vec<Vec<Statistics>>) -> Result<Vec<Scaling>> {
        let first = &self.old.members()[0];
        let each = self.species.iter().zip(statistics);
        each.map(|(before, statistics)| {
            let like = &first[before.unwrap_or(0)].scaling;
            let statistics = match before {
                None if like.kind() == ScalingKind::SecondMoment => scaling::second_moments(statistics),
                _ => statistics,
            };
            Scaling::new(like.kind(), like.target(), statistics)
        })
        .collect()
    }

    /// Energies of the elements: given, those of the potential, or for new elements by least squares. Frames whose energies have
    /// another zero (another program, functional or pseudopotential) get all of them anew, so that what networks know stays.
    pub(super) fn references(
        &self,
        plan: &TrainPlan,
        samples: &[Sample],
        features: &Store,
        layout: &Layout,
        listener: &dyn Listener,
    ) -> Result<Vec<f64>> {
        let elements = self.set.elements();
        let theta = self.initial(layout, vec![0.0; layout.len()], 0);
        let known: Vec<_> = (0..elements.len())
            .map(|s| self.species[s].map(|_| layout.network(s, &theta)).transpose())
            .collect::<Result<_>>()?;
        // What the potential's networks say of the atoms it knows does not have to be explained by energies of elements.
        let rest = |(k, sample): (usize, &Sample)| {
            let of = |atom: &AtomFeatures| {
                let network = known[atom.species].as_ref()?;
                Some(self.unit * network.value_and_gradient(&atom.values).0)
            };
            let said: f64 = features.values(k).atoms.iter().filter_map(of).sum();
            let mut sample = Sample { frame: bare(&sample.frame), weight: sample.weight };
            sample.frame.energy = sample.frame.energy.map(|energy| energy - said);
            sample
        };
        let rest: Vec<Sample> = samples.iter().enumerate().map(rest).collect();
        let given = |element: &Element| {
            let given = plan.data.references.as_ref()?;
            given.iter().find(|(e, _)| e == element).map(|row| row.1)
        };
        let first = &self.old.members()[0];
        let kept: Vec<Option<f64>> = elements
            .iter()
            .zip(&self.species)
            .map(|(e, before)| given(e).or_else(|| before.map(|s| self.old.output_in_ev(&first[s]).1)))
            .collect();
        let references = references::complete(&rest, elements, &kept);
        let mut off: Vec<f64> = rest
            .iter()
            .filter(|sample| sample.frame.energy.is_some())
            .map(|sample| references::residual(sample, elements, &references))
            .collect();
        off.sort_unstable_by(f64::total_cmp);
        let off = off.get(off.len() / 2).copied().unwrap_or(0.0);
        if off.abs() < OTHER_ZERO || plan.data.references.is_some() {
            return Ok(references);
        }
        listener.note(&format!(
            "energies of the frames are {off:+.2} eV/atom from what the potential says, another zero: its energies of the \
             elements are replaced"
        ));
        // Where compositions leave something open, it stays as it was.
        Ok(references::adjusted(&rest, elements, &references))
    }

    /// Networks of the shapes that the potential has; new ones as `[network]` says.
    pub(super) fn layout(&self, plan: &TrainPlan, set: &DescriptorSet) -> Layout {
        let first = &self.old.members()[0];
        let shapes: Vec<Shape> = self
            .species
            .iter()
            .enumerate()
            .map(|(s, before)| match before {
                Some(before) => shape_of(&first[*before].network, set.len(s)),
                None => Shape::new(set.len(s), &plan.network.hidden, plan.network.activation),
            })
            .collect();
        Layout::of(&shapes)
    }

    /// The parameters of the potential at their places in θ; those of new elements stay as drawn.
    pub(super) fn initial(&self, layout: &Layout, mut theta: Vec<f64>, member: usize) -> Vec<f64> {
        let old = &self.old.members()[member % self.old.members().len()];
        for (s, network) in layout.networks.iter().enumerate() {
            let Some(before) = self.species[s] else { continue };
            let source = &old[before];
            let last = network.layers.len() - 1;
            for (l, (to, from)) in network.layers.iter().zip(source.network.layers()).enumerate() {
                let inputs = from.weights.len() / from.outputs();
                let mut factor = if source.network.normalize_nodes() { 1.0 / inputs as f64 } else { 1.0 };
                if l == last {
                    factor *= self.old.output_in_ev(source).0 / self.unit;
                }
                for row in 0..to.outputs {
                    for k in 0..to.inputs {
                        let place = if l == 0 { self.inputs[s][k] } else { Some(k) };
                        theta[to.weights + row * to.inputs + k] =
                            place.map_or(0.0, |p| from.weights[row * inputs + p] * factor);
                    }
                    theta[to.biases + row] = from.biases[row] * factor;
                }
            }
        }
        theta
    }
}

fn shape_of(network: &crate::potential::Network, inputs: usize) -> Shape {
    Shape { inputs, layers: network.layers().iter().map(|l| (l.outputs(), l.activation)).collect() }
}

/// Energies that are off by more than this (eV/atom) have another zero; what a potential errs by is far less.
const OTHER_ZERO: f64 = 0.5;

/// A frame with nothing but its atoms and its energy.
fn bare(frame: &Frame) -> Frame {
    Frame { energy: frame.energy, ..Frame::new(frame.cell.clone(), frame.species.clone(), Vec::new()) }
}

/// How many networks are trained: as many as wanted, or as the potential has that the training goes on from.
pub(super) fn members(plan: &TrainPlan) -> Result<usize> {
    match (plan.network.members, &plan.transfer) {
        (Some(members), _) => Ok(members),
        (None, None) => Ok(1),
        (None, Some(table)) => {
            load(&table.potential, &LoadOptions { units: table.units }).map(|old| old.members().len())
        }
    }
}

/// Does the map not depend on the smallest and the largest value?
fn keeps_its_map(kind: ScalingKind) -> bool {
    !matches!(kind, ScalingKind::Range | ScalingKind::CenteredRange)
}

/// Of a descriptor that no frame has.
const NOTHING: Statistics = Statistics { min: 0.0, max: 0.0, mean: 0.0, spread: 1.0 };

/// Statistics with the standard deviation, in the form that a kind of scaling has.
fn as_kind(s: Statistics, kind: ScalingKind) -> Statistics {
    match kind {
        ScalingKind::SecondMoment => Statistics { spread: s.spread * s.spread + s.mean * s.mean, ..s },
        _ => s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::CutoffShape;
    use crate::potential::{AtomicNetwork, Layer, Network, Output, PotentialFormat, save};
    use crate::train::generate::SymmetryGrid;
    use crate::units::FileUnits;

    struct Silent;
    impl Listener for Silent {
        fn note(&self, _: &str) {}
        fn warn(&self, _: &str) {}
        fn described(&self, _: usize) {}
        fn epoch(&self, _: usize, _: &crate::train::checkpoint::CurvePoint, _: bool) {}
    }

    /// Networks of two elements with units, scales and normalised nodes as n2p2 may have them come out as
    /// plain ones with the same energies; the columns of the added element have weight zero.
    #[test]
    fn networks_are_taken_over_with_their_energies() {
        let elements: Vec<Element> = ["Li", "N"].map(|s| Element::from_symbol(s).unwrap()).into();
        let grid = SymmetryGrid {
            radial_cutoff: 8.0,
            radial: 3,
            angular_cutoff: 8.0,
            angular: 1,
            zetas: vec![1.0],
            nearest: 3.0,
            shape: CutoffShape::Cosine,
        };
        let set = grid.build(&elements).unwrap();
        let atom = |s: usize| {
            let inputs = set.len(s);
            let numbers =
                |n: usize| (0..n).map(|k| ((k * 7 + s) % 11) as f64 * 0.1 - 0.5).collect::<Vec<_>>();
            let layers = vec![
                Layer { weights: numbers(3 * inputs), biases: numbers(3), activation: Activation::Softplus },
                Layer { weights: numbers(3), biases: vec![0.2], activation: Activation::Linear },
            ];
            let statistics =
                (0..inputs).map(|k| Statistics { min: 0.0, max: 2.0, mean: 0.1 * k as f64, spread: 0.5 });
            AtomicNetwork {
                scaling: Scaling::new(ScalingKind::CenteredRange, [0.0, 1.0], statistics.collect()).unwrap(),
                network: Network::new(inputs, layers, s == 1).unwrap(),
                output: Output { scale: 2.0 + s as f64, shift: -0.5, reference: -3.0 },
            }
        };
        let units = FileUnits { energy: 27.2, length: 0.53 };
        let old = NeuralModel::new(units, set.clone(), vec![vec![atom(0), atom(1)]]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.mlmd");
        save(&old, &path, PotentialFormat::Native).unwrap();
        let table = TransferTable { potential: path, units: None };
        let mut all = elements.clone();
        all.push(Element::from_symbol("F").unwrap());
        std::fs::write(folder.path().join("f.xyz"), "").unwrap();
        let text = "[[data.frames]]\nfile = \"f.xyz\"\n[descriptor.symmetry]\n[network]\nhidden = [2]\n[loss]\nenergy = \"1 meV\"\n";
        let plan = TrainPlan::read_text("in.toml", text, folder.path(), &[]).unwrap();
        let start = Start::load(&table, &plan.network, &all, &Silent).unwrap();
        let layout = start.layout(&plan, &start.set);
        let theta = start.initial(&layout, layout.initial(1, 0), 0);
        let new = start.set.elements();
        assert_eq!(new.iter().map(|e| e.symbol()).collect::<Vec<_>>(), ["Li", "N", "F"]);
        for s in 0..2 {
            let (a, b) = (old.members()[0][s].clone(), layout.network(s, &theta).unwrap());
            let x: Vec<f64> = (0..set.len(s)).map(|k| 0.3 * k as f64 - 0.4).collect();
            // Whatever the new inputs are: their weights are zero.
            let wide: Vec<f64> = start.inputs[s].iter().map(|p| p.map_or(7.0, |p| x[p])).collect();
            let (scale, shift) = old.output_in_ev(&a);
            let expected = scale * a.network.value_and_gradient(&x).0 + shift;
            let found = start.unit * b.value_and_gradient(&wide).0 + shift;
            assert!((expected - found).abs() < 1e-12 * expected.abs(), "{expected} {found}");
        }
        assert_eq!(layout.networks[2].layers[0].outputs, 2);
    }
}
