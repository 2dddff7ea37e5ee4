//! The neighbours of the atoms of a frame, ready to be looked at after small displacements.

use super::features::{neighbors, species_of};
use crate::descriptors::Environment;
use crate::error::Result;
use crate::io::Frame;
use crate::neighbors::NeighborList;
use crate::system::{Element, VOIGT};

/// The largest change of a distance that a displacement may bring, Å.
const SKIN: f64 = 1e-3;

/// The neighbours of all atoms of one frame.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The atoms of each species.
    pub members: Vec<Vec<u32>>,
    /// Where the neighbours of each species of each atom begin, and where the last end.
    starts: Vec<u32>,
    /// Which atom each neighbour is.
    places: Vec<u32>,
    /// r_ij, Å.
    vectors: Vec<[f64; 3]>,
    cutoff: f64,
}

/// Coordinates q + h·v of all atoms and of a strain.
#[derive(Debug, Clone, Copy)]
pub struct Displacement<'a> {
    /// v: 3N components of positions, six of a symmetric strain.
    pub direction: &'a [f64],
    /// h.
    pub step: f64,
}

impl Surroundings {
    /// The neighbours within `cutoff` of every atom; those of one species are sorted by distance.
    pub fn new(frame: &Frame, elements: &[Element], cutoff: f64) -> Result<Self> {
        let list = neighbors(cutoff + SKIN, frame)?;
        let species: Vec<usize> =
            frame.species.iter().map(|e| species_of(elements, *e, frame)).collect::<Result<_>>()?;
        let mut members = vec![Vec::new(); elements.len()];
        for (i, s) in species.iter().enumerate() {
            members[*s].push(i as u32);
        }
        let mut all = Self { members, starts: vec![0], cutoff, ..Self::default() };
        for i in 0..frame.len() {
            let vector = |pair| NeighborList::vector(&frame.cell, &frame.positions, i, pair);
            let mut near: Vec<_> = list.neighbors(i).iter().map(|p| (p.atom, vector(*p))).collect();
            near.sort_by(|a, b| {
                let key = |n: &(u32, crate::system::Vec3)| (species[n.0 as usize], n.1.norm());
                let ((s, a), (t, b)) = (key(a), key(b));
                s.cmp(&t).then(a.total_cmp(&b))
            });
            for s in 0..elements.len() {
                for (place, r) in near.iter().filter(|n| species[n.0 as usize] == s) {
                    all.places.push(*place);
                    all.vectors.push([r.x, r.y, r.z]);
                }
                all.starts.push(all.places.len() as u32);
            }
        }
        Ok(all)
    }

    /// Number of atoms.
    pub fn len(&self) -> usize {
        self.members.iter().map(Vec::len).sum()
    }

    /// Are there no atoms?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Heap memory, bytes.
    pub fn memory(&self) -> usize {
        28 * self.places.len() + 4 * (self.starts.len() + self.len())
    }

    /// The environment of atom `i`, and which atom each neighbour is.
    pub fn fill(
        &self,
        i: usize,
        displacement: Option<Displacement<'_>>,
        environment: &mut Environment<f64>,
        places: &mut Vec<u32>,
    ) {
        let strained = displacement.map(|d| {
            let [xx, yy, zz, yz, xz, xy] =
                [0, 1, 2, 3, 4, 5].map(|s| d.step * d.direction[3 * self.len() + s]);
            [[xx, 0.5 * xy, 0.5 * xz], [0.5 * xy, yy, 0.5 * yz], [0.5 * xz, 0.5 * yz, zz]]
        });
        let species = self.members.len();
        environment.starts.clear();
        environment.distances.clear();
        for component in [&mut environment.vectors.x, &mut environment.vectors.y, &mut environment.vectors.z]
        {
            component.clear();
        }
        places.clear();
        for s in 0..species {
            environment.starts.push(environment.distances.len());
            let here = self.starts[i * species + s] as usize..self.starts[i * species + s + 1] as usize;
            for (place, d) in self.places[here.clone()].iter().zip(&self.vectors[here]) {
                let mut r = *d;
                if let (Some(Displacement { direction, step }), Some(strain)) = (displacement, &strained) {
                    for a in 0..3 {
                        let moved = direction[3 * *place as usize + a] - direction[3 * i + a];
                        r[a] +=
                            step * moved + strain[a][0] * d[0] + strain[a][1] * d[1] + strain[a][2] * d[2];
                    }
                }
                let distance = (r[0] * r[0] + r[1] * r[1] + r[2] * r[2]).sqrt();
                if distance < self.cutoff {
                    environment.vectors.x.push(r[0]);
                    environment.vectors.y.push(r[1]);
                    environment.vectors.z.push(r[2]);
                    environment.distances.push(distance);
                    places.push(*place);
                }
            }
        }
        environment.starts.push(environment.distances.len());
    }

    /// The step along `direction` that changes no vector r_ij by more than `most` Å; `None` if it changes
    /// none.
    pub fn step(&self, direction: &[f64], most: f64) -> Option<f64> {
        let (moves, strain) = direction.split_at(3 * self.len());
        let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let largest = moves.chunks_exact(3).map(norm).fold(0.0, f64::max);
        let bound = 2.0 * largest + norm(strain) * (self.cutoff + SKIN);
        (bound > 0.0 && bound.is_finite()).then(|| most / bound)
    }
}

/// Adds the derivatives of an atom's energy, `pairs` being those with respect to r_ij, to the rows of the
/// coordinates and the strain.
pub fn add_pairs(
    rows: &mut [f64],
    atoms: usize,
    i: usize,
    environment: &Environment<f64>,
    places: &[u32],
    pairs: &crate::descriptors::Vectors<f64>,
) {
    let mut own = [0.0; 3];
    let mut strain = [0.0; 6];
    for (j, place) in places.iter().enumerate() {
        let p = [pairs.x[j], pairs.y[j], pairs.z[j]];
        let r = [environment.vectors.x[j], environment.vectors.y[j], environment.vectors.z[j]];
        for a in 0..3 {
            rows[3 * *place as usize + a] += p[a];
            own[a] += p[a];
        }
        for (s, (a, b)) in VOIGT.into_iter().enumerate() {
            strain[s] += 0.5 * (r[a] * p[b] + r[b] * p[a]);
        }
    }
    for a in 0..3 {
        rows[3 * i + a] -= own[a];
    }
    for (row, s) in rows[3 * atoms..].iter_mut().zip(strain) {
        *row += s;
    }
}
