//! Frames as tables on a device: what a step needs of them lies there, and a batch is a part of the tables.
//!
//! Derivatives come in blocks of three columns. An atom has two for the strain, one for each atom it sees,
//! itself among them, and at least one that is empty, up to as many as any atom needs. Where a table says
//! "nothing", it points to an empty block. So forces are E and g through three operations without any
//! scattering, each in a fixed order and therefore with the same bits every time:
//!
//! 1. y = J g, for each atom the derivatives of its own energy;
//! 2. the force on an atom is the sum over the blocks, of whatever atom, that are about it: a gather;
//! 3. energy and strain of a frame are sums over its atoms: a product with the matrix of who belongs to it.
//!
//! The adjoints go back through the same tables: a gather, and b = vᵀ J. Both products are made entry by entry
//! and then summed, so a batch takes its part of J twice. As matrix products they would take it once and, where
//! it was measured, up to four times as long: burn's kernels for these are made for matrices with many columns.

use super::features::FrameFeatures;
use super::loss::Target;
use super::place::Place;
use super::tensors::Answer;
use burn::tensor::{Int, Tensor};

/// Columns of a block.
const THREE: usize = 3;

/// Rows of a frame that belong to all of it: its energy, and six components of strain.
const WHOLE: usize = 7;

/// Some frames.
#[derive(Debug, Clone)]
pub struct Tables {
    place: Place,
    /// Blocks of an atom.
    blocks: usize,
    /// The atoms of each species, where there are any.
    species: Vec<Option<Sorted>>,
    /// Which atom, as a number within the frame, each block behind the strain is about: atoms × (blocks − 2).
    seen: Tensor<2, Int>,
    /// The blocks that are about an atom, counted through the frame: atoms × the most there are.
    seeing: Tensor<2, Int>,
    /// Energy and strain of each frame, frames × 7.
    whole: Measures,
    /// Forces, atoms × 3.
    forces: Measures,
    order: Order,
    /// The species of each atom of each frame.
    atoms: Vec<Vec<usize>>,
    /// Where the atoms of each frame begin, among all and among those of each species; and where they end.
    begins: Vec<(usize, Vec<usize>)>,
}

/// The atoms of a species, those of the first frame first.
#[derive(Debug, Clone)]
struct Sorted {
    /// x, atoms × descriptors.
    values: Tensor<2>,
    /// J, atoms × columns × descriptors.
    jacobian: Tensor<3>,
}

/// How rows y become residuals r = y·slope − reference, and these what pulls at y: weight·r.
#[derive(Debug, Clone)]
struct Measures {
    slope: Tensor<2>,
    reference: Tensor<2>,
    weight: Tensor<2>,
}

/// Where atoms stand: once frame after frame, once species after species.
#[derive(Debug, Clone)]
struct Order {
    /// Of every atom of the frames, where it stands among those sorted by species.
    sorted: Tensor<1, Int>,
    /// Of every atom of a species, where it stands among those of the frames.
    places: Vec<Option<Tensor<1, Int>>>,
    /// Of every atom, where its frame begins: atoms × 1.
    begin: Tensor<2, Int>,
    /// Of every atom, which frame it belongs to.
    frame: Tensor<1, Int>,
    /// One where an atom belongs to a frame: frames × atoms.
    belongs: Tensor<2>,
}

impl Order {
    fn new(place: &Place, species: usize, atoms: &[Vec<usize>]) -> Self {
        let mut places = vec![Vec::new(); species];
        let (mut begin, mut frame) = (Vec::new(), Vec::new());
        for (number, atoms) in atoms.iter().enumerate() {
            let first = begin.len() as i32;
            for species in atoms {
                places[*species].push(begin.len() as i32);
                begin.push(first);
                frame.push(number as i32);
            }
        }
        let total = begin.len();
        let mut sorted = vec![0; total];
        for (place, at) in places.iter().flatten().enumerate() {
            sorted[*at as usize] = place as i32;
        }
        let index = |values: Vec<i32>| {
            let shape = [values.len()];
            place.places(values, shape)
        };
        let numbers: Vec<i32> = (0..atoms.len() as i32).collect();
        let belongs = place
            .places(numbers, [atoms.len(), 1])
            .expand([atoms.len(), total])
            .equal(place.places(frame.clone(), [1, total]).expand([atoms.len(), total]));
        Self {
            sorted: index(sorted),
            places: places.into_iter().map(|p| (!p.is_empty()).then(|| index(p))).collect(),
            begin: place.places(begin, [total, 1]),
            frame: index(frame),
            belongs: place.ones(belongs),
        }
    }
}

impl Measures {
    fn part(&self, rows: &Tensor<1, Int>) -> Self {
        let of = |table: &Tensor<2>| table.clone().select(0, rows.clone());
        Self { slope: of(&self.slope), reference: of(&self.reference), weight: of(&self.weight) }
    }

    /// Residuals of rows, and what pulls at the rows: weight·r, of which Huber's penalty beyond δ takes the
    /// sign alone.
    fn pull(&self, rows: Tensor<2>, huber: Option<f64>) -> [Tensor<2>; 2] {
        let residuals = rows * self.slope.clone() - self.reference.clone();
        let bounded = match huber {
            Some(delta) => residuals.clone().clamp(-delta, delta),
            None => residuals.clone(),
        };
        [residuals, bounded * self.weight.clone()]
    }
}

/// How many blocks an atom of these frames needs at most.
pub fn blocks<'a>(frames: impl Iterator<Item = &'a FrameFeatures>) -> usize {
    let columns = frames.flat_map(|frame| &frame.atoms).map(|atom| atom.coordinates.len()).max().unwrap_or(0);
    (columns / THREE).max(2) + 1
}

/// Bytes that the derivatives of a frame take on a device, with so many blocks for each atom.
pub fn bytes(frame: &FrameFeatures, blocks: usize, place: &Place) -> u64 {
    let descriptors: usize = frame.atoms.iter().map(|atom| atom.values.len()).sum();
    (place.size() * THREE * blocks * descriptors) as u64
}

impl Tables {
    /// Frames with what they should lead to, put on a device; `species` is how many there are in all.
    pub fn new(place: &Place, species: usize, frames: &[(&FrameFeatures, &Target)]) -> Self {
        let blocks = blocks(frames.iter().map(|frame| frame.0));
        let atoms: Vec<Vec<usize>> =
            frames.iter().map(|(frame, _)| frame.atoms.iter().map(|atom| atom.species).collect()).collect();
        let total: usize = atoms.iter().map(Vec::len).sum();
        let sorted = (0..species).map(|s| sorted(place, s, blocks, frames)).collect();
        let (seen, seeing, most) = relations(blocks, frames);
        let measure = |rows: fn(&Target) -> Vec<usize>, width: usize| {
            let of = |value: &dyn Fn(&Target, usize) -> f64| {
                let rows = frames.iter().flat_map(|(_, t)| rows(t).into_iter().map(move |row| value(t, row)));
                let values: Vec<f64> = rows.collect();
                let count = values.len() / width;
                place.tensor(values, [count, width])
            };
            Measures {
                slope: of(&|t, row| t.multiples[row] * t.inverse_sigma[row]),
                reference: of(&|t, row| {
                    let offset = if row == 0 { t.offset } else { 0.0 };
                    (t.references[row] - offset) * t.inverse_sigma[row]
                }),
                weight: of(&|t, row| t.shares[row] * t.inverse_sigma[row] * t.multiples[row]),
            }
        };
        Self {
            place: place.clone(),
            blocks,
            species: sorted,
            seen: place.places(seen, [total, blocks - 2]),
            seeing: place.places(seeing, [total, most]),
            whole: measure(whole_rows, WHOLE),
            forces: measure(|t| (1..=THREE * t.atoms).collect(), THREE),
            order: Order::new(place, species, &atoms),
            begins: begins(species, &atoms),
            atoms,
        }
    }

    /// The tables of some of the frames, in the order given.
    pub fn part(&self, frames: &[usize]) -> Self {
        let species = self.species.len();
        let begins = &self.begins;
        let index = |range: &dyn Fn(usize) -> std::ops::Range<usize>| {
            let places: Vec<i32> = frames.iter().flat_map(|f| range(*f)).map(|k| k as i32).collect();
            let count = places.len();
            (count > 0).then(|| self.place.places(places, [count]))
        };
        let sorted = (0..species).map(|s| {
            let rows = index(&|f| begins[f].1[s]..begins[f + 1].1[s])?;
            let Sorted { values, jacobian } = self.species[s].clone()?;
            Some(Sorted { values: values.select(0, rows.clone()), jacobian: jacobian.select(0, rows) })
        });
        let sorted = sorted.collect();
        let atoms: Vec<Vec<usize>> = frames.iter().map(|f| self.atoms[*f].clone()).collect();
        let numbers = self.place.places(frames.iter().map(|f| *f as i32).collect(), [frames.len()]);
        // Every frame has atoms.
        let rows = index(&|f| begins[f].0..begins[f + 1].0).unwrap_or_else(|| numbers.clone());
        Self {
            place: self.place.clone(),
            blocks: self.blocks,
            species: sorted,
            seen: self.seen.clone().select(0, rows.clone()),
            seeing: self.seeing.clone().select(0, rows.clone()),
            whole: self.whole.part(&numbers),
            forces: self.forces.part(&rows),
            order: Order::new(&self.place, species, &atoms),
            begins: self::begins(species, &atoms),
            atoms,
        }
    }

    /// The descriptors of the atoms of each species.
    pub fn values(&self) -> impl Iterator<Item = Option<Tensor<2>>> {
        self.species.iter().map(|sorted| sorted.as_ref().map(|sorted| sorted.values.clone()))
    }

    /// The residuals of all rows, energies and strains before forces, and for each answer of the networks, of
    /// which there is one for every species that there is, the adjoints a and b of its E and g.
    pub fn adjoints(&self, answers: &[Answer], huber: Option<f64>) -> (Tensor<1>, Vec<[Tensor<2>; 2]>) {
        let total: usize = self.atoms.iter().map(Vec::len).sum();
        let columns = THREE * self.blocks;
        let present: Vec<_> = self
            .species
            .iter()
            .zip(&self.order.places)
            .filter_map(|(s, p)| s.as_ref().zip(p.as_ref()))
            .collect();
        // E and y of every atom, frame after frame.
        let of = |((sorted, _), answer): (&(&Sorted, &Tensor<1, Int>), &Answer)| {
            let slopes = answer.slopes.clone().inner().unsqueeze_dim::<3>(1);
            let y = (sorted.jacobian.clone() * slopes).sum_dim(2).squeeze_dim::<2>(2);
            Tensor::cat(vec![answer.energies.clone().inner(), y], 1)
        };
        let each = present.iter().zip(answers).map(of).collect();
        let each = Tensor::cat(each, 0).select(0, self.order.sorted.clone());
        // Rows of frames and of atoms.
        let whole = self.order.belongs.clone().matmul(each.clone().narrow(1, 0, WHOLE));
        let blocks = each.narrow(1, 1, columns).reshape([total * self.blocks, THREE]);
        let forces = gathered(blocks, &self.seeing, &self.order.begin.clone().mul_scalar(self.blocks as i32));
        let forces = forces.sum_dim(1).squeeze_dim::<2>(1);
        let [whole, pull] = self.whole.pull(whole, huber);
        let [forces, forced] = self.forces.pull(forces, huber);
        let residuals = Tensor::cat(vec![whole.flatten::<1>(0, 1), forces.flatten::<1>(0, 1)], 0);
        // And back.
        let pull = pull.select(0, self.order.frame.clone());
        let forced = gathered(forced, &self.seen, &self.order.begin);
        let forced = forced.reshape([total, columns - (WHOLE - 1)]);
        let pull = Tensor::cat(vec![pull, forced], 1);
        let back = |(sorted, places): (&Sorted, &Tensor<1, Int>)| {
            let pull = pull.clone().select(0, places.clone());
            let rows = pull.clone().narrow(1, 1, columns).unsqueeze_dim::<3>(2);
            let b = (sorted.jacobian.clone() * rows).sum_dim(1).squeeze_dim::<2>(1);
            [pull.narrow(1, 0, 1), b]
        };
        (residuals, present.into_iter().map(back).collect())
    }

    /// Predicted minus reference rows of each frame from the residuals that [`Tables::adjoints`] gave: a row
    /// without a label has none.
    pub fn differences(residuals: &[f64], targets: &[&Target]) -> Vec<Vec<f64>> {
        let (mut whole, mut forces) = residuals.split_at(WHOLE * targets.len());
        let frame = |target: &&Target| {
            let take = |from: &mut &[f64], count| from.split_off(..count).unwrap_or_default().to_vec();
            let strain = take(&mut whole, WHOLE);
            let mut rows = vec![strain[0]];
            rows.extend(take(&mut forces, THREE * target.atoms));
            rows.extend(&strain[1..]);
            for (row, inverse) in rows.iter_mut().zip(&target.inverse_sigma) {
                *row /= if *inverse > 0.0 { *inverse } else { 1.0 };
            }
            rows
        };
        targets.iter().map(frame).collect()
    }
}

fn begins(species: usize, atoms: &[Vec<usize>]) -> Vec<(usize, Vec<usize>)> {
    let mut begins = vec![(0, vec![0; species])];
    for atoms in atoms {
        let (mut all, mut each) = begins[begins.len() - 1].clone();
        for species in atoms {
            all += 1;
            each[*species] += 1;
        }
        begins.push((all, each));
    }
    begins
}

/// Rows of a table at places that are counted from where a frame begins: atoms × places × width.
fn gathered(rows: Tensor<2>, places: &Tensor<2, Int>, begin: &Tensor<2, Int>) -> Tensor<3> {
    let ([atoms, count], width) = (places.dims(), rows.dims()[1]);
    let places = (places.clone() + begin.clone().expand([atoms, count])).reshape([atoms * count]);
    rows.select(0, places).reshape([atoms, count, width])
}

/// The energy and the strain of a frame among its rows.
fn whole_rows(target: &Target) -> Vec<usize> {
    let strain = 1 + THREE * target.atoms;
    std::iter::once(0).chain(strain..strain + WHOLE - 1).collect()
}

/// The atoms of a species with their derivatives: those of the strain first, then those of the atoms seen.
fn sorted(
    place: &Place,
    species: usize,
    blocks: usize,
    frames: &[(&FrameFeatures, &Target)],
) -> Option<Sorted> {
    let atoms = || frames.iter().flat_map(|(frame, _)| &frame.atoms).filter(|atom| atom.species == species);
    let (count, width) = (atoms().count(), atoms().next()?.values.len());
    let values: Vec<f64> = atoms().flat_map(|atom| atom.values.iter().copied()).collect();
    let mut jacobian = vec![0.0_f32; count * THREE * blocks * width];
    for (row, atom) in jacobian.chunks_exact_mut(THREE * blocks * width).zip(atoms()) {
        let strain = if atom.jacobian.is_empty() { 0 } else { (WHOLE - 1) * width };
        let (seen, strained) = atom.jacobian.split_at(atom.jacobian.len() - strain);
        row[..strain].copy_from_slice(strained);
        row[strain..strain + seen.len()].copy_from_slice(seen);
    }
    let jacobian = place.tensor(jacobian, [count, THREE * blocks, width]);
    Some(Sorted { values: place.tensor(values, [count, width]), jacobian })
}

/// Which atom each block is about, and which blocks are about each atom, with how many of these there are room for.
fn relations(blocks: usize, frames: &[(&FrameFeatures, &Target)]) -> (Vec<i32>, Vec<i32>, usize) {
    let (mut seen, mut about) = (Vec::new(), Vec::new());
    for (frame, _) in frames {
        let mut of_frame = vec![Vec::new(); frame.atoms.len()];
        for (i, atom) in frame.atoms.iter().enumerate() {
            let strain = if atom.coordinates.is_empty() { 0 } else { WHOLE - 1 };
            let others = atom.coordinates[..atom.coordinates.len() - strain].iter().step_by(THREE);
            let others: Vec<usize> = others.map(|q| *q as usize / THREE).collect();
            for (block, other) in others.iter().enumerate() {
                of_frame[*other].push((i * blocks + 2 + block) as i32);
            }
            let empty = std::iter::repeat_n(i, blocks - 2 - others.len());
            seen.extend(others.iter().copied().chain(empty).map(|k| k as i32));
        }
        about.extend(of_frame);
    }
    let most = about.iter().map(Vec::len).max().unwrap_or(0).max(1);
    // The last block of the first atom of the frame is empty.
    let seeing = about.into_iter().flat_map(|mut list| {
        list.resize(most, blocks as i32 - 1);
        list
    });
    (seen, seeing.collect(), most)
}
