//! Larger cells of the same crystal.

use super::{Cell, System, Vec3};
use crate::error::{Error, Result};

/// The new lattice vectors as integer combinations of the old: row k is a'_k = Σ_l M_kl a_l.
pub type SupercellMatrix = [[i32; 3]; 3];

/// Integer elimination stays far from overflow with entries up to this size.
const LARGEST_ENTRY: u32 = 100_000;
/// Some tens of gigabytes with lists of neighbours; more is a slip.
const MOST_ATOMS: u128 = 100_000_000;

impl System {
    /// `times` copies along each lattice vector.
    pub fn repeated(&self, times: [u32; 3]) -> Result<Self> {
        let mut matrix = [[0; 3]; 3];
        for k in 0..3 {
            matrix[k][k] = i32::try_from(times[k])
                .map_err(|_| Error::invalid(format!("{} copies are too many", times[k])))?;
        }
        self.supercell(matrix)
    }

    /// The crystal in the cell H' = M·H; it holds |det M| times the atoms.
    ///
    /// Any integer matrix will do whose determinant is not zero; a negative one gives the cell the other
    /// handedness. Copies of the whole cell follow one another, the atoms of each in their order; the
    /// copies are sorted by their lattice translation, the last index fastest, so that a diagonal matrix
    /// orders atoms as ASE's `repeat` does. Velocities and masses are copied with the atoms; images
    /// count anew from the new positions.
    pub fn supercell(&self, matrix: SupercellMatrix) -> Result<Self> {
        if let Some(entry) = matrix.iter().flatten().find(|x| x.unsigned_abs() > LARGEST_ENTRY) {
            return Err(Error::invalid(format!(
                "the supercell matrix has the entry {entry}; entries beyond {LARGEST_ENTRY} are refused"
            )));
        }
        let rows = matrix.map(|row| row.map(i128::from));
        let determinant = determinant(&rows);
        if determinant == 0 {
            return Err(Error::invalid(format!(
                "the supercell matrix {matrix:?} has the determinant 0: its rows do not span a cell"
            )));
        }
        let periodic = self.cell.periodic();
        for k in (0..3).filter(|k| !periodic[*k]) {
            let stays = (0..3).all(|l| {
                let one = i32::from(k == l);
                matrix[k][l] == one && matrix[l][k] == one
            });
            if !stays {
                let axis = ["a", "b", "c"][k];
                return Err(Error::invalid(format!(
                    "the supercell matrix {matrix:?} changes the cell along {axis}, where the system is not periodic"
                )));
            }
        }
        let copies = determinant.unsigned_abs();
        let atoms = copies * self.len() as u128;
        if atoms > MOST_ATOMS || copies > MOST_ATOMS {
            return Err(Error::invalid(format!(
                "the supercell would have {atoms} atoms; at most {MOST_ATOMS} are made"
            )));
        }

        let old = self.cell.rows();
        let mut new = [[0.0; 3]; 3];
        for k in 0..3 {
            for x in 0..3 {
                new[k][x] = (0..3).map(|l| f64::from(matrix[k][l]) * old[l][x]).sum();
            }
        }
        let cell = Cell::new(new, periodic)?;
        let translations = translations(&rows, determinant);
        let mut positions = Vec::with_capacity(atoms as usize);
        for n in &translations {
            let shift = self.cell.cartesian(&Vec3::from_iterator(n.iter().map(|n| *n as f64)));
            positions.extend(self.positions.iter().map(|r| cell.wrap(&(r + shift)).0));
        }
        let times = translations.len();
        Ok(Self {
            cell,
            species: self.species.repeat(times),
            images: vec![[0; 3]; positions.len()],
            positions,
            velocities: self.velocities.repeat(times),
            masses: self.masses.repeat(times),
            step: self.step,
            time: self.time,
        })
    }
}

type Integers = [[i128; 3]; 3];

fn determinant(m: &Integers) -> i128 {
    (0..3).map(|k| m[0][k] * cofactor(m, 0, k)).sum()
}

/// The signed minor that belongs to row `i` and column `j`.
fn cofactor(m: &Integers, i: usize, j: usize) -> i128 {
    let (i1, i2, j1, j2) = ((i + 1) % 3, (i + 2) % 3, (j + 1) % 3, (j + 2) % 3);
    m[i1][j1] * m[i2][j2] - m[i1][j2] * m[i2][j1]
}

/// One lattice translation for each copy, such that n·M⁻¹ lies in [0, 1)³: in exact arithmetic.
fn translations(m: &Integers, determinant: i128) -> Vec<[i128; 3]> {
    // The rows of M span the same lattice as those of its Hermite normal form h, in which every class of
    // translations has exactly one member with 0 ≤ n_k < h_kk.
    let h = hermite(*m);
    let mut all = Vec::with_capacity(determinant.unsigned_abs() as usize);
    for i in 0..h[0][0] {
        for j in 0..h[1][1] {
            for k in 0..h[2][2] {
                let n = [i, j, k];
                // n M⁻¹ = n adj(M)/det M; what is whole in it leads back into the cell.
                let whole = [0, 1, 2].map(|c| {
                    let numerator: i128 = (0..3).map(|l| n[l] * cofactor(m, c, l)).sum();
                    (numerator * determinant.signum()).div_euclid(determinant.abs())
                });
                all.push([0, 1, 2].map(|l| n[l] - (0..3).map(|c| whole[c] * m[c][l]).sum::<i128>()));
            }
        }
    }
    all.sort_unstable();
    all
}

/// An upper triangular matrix with a positive diagonal whose rows span the same lattice.
fn hermite(mut m: Integers) -> Integers {
    for column in 0..3 {
        // Euclid's algorithm on the entries of this column until one of them is left.
        for row in column + 1..3 {
            while m[row][column] != 0 {
                let quotient = m[column][column].div_euclid(m[row][column]);
                for l in 0..3 {
                    m[column][l] -= quotient * m[row][l];
                }
                m.swap(column, row);
            }
        }
        if m[column][column] < 0 {
            m[column] = m[column].map(|x| -x);
        }
    }
    m
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Element;
    use proptest::prelude::*;

    fn crystal() -> System {
        let cell = Cell::new([[3.0, 0.1, 0.0], [-0.4, 4.0, 0.2], [0.3, 0.5, 5.0]], [true; 3]).unwrap();
        let species = ["Li", "N"].map(|s| Element::from_symbol(s).unwrap()).to_vec();
        let mut system =
            System::new(cell, species, vec![Vec3::new(0.1, 0.2, 0.3), Vec3::new(1.0, 2.0, 3.0)]).unwrap();
        system.velocities = vec![Vec3::x(), Vec3::y()];
        system.masses[1] = 15.0;
        system
    }

    /// The order in which `ase.Atoms.repeat((2, 1, 2))` puts the copies.
    #[test]
    fn diagonal_supercells_have_the_order_of_ase() {
        let unit = crystal();
        let big = unit.repeated([2, 1, 2]).unwrap();
        let shifts = [[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]];
        assert_eq!(big.len(), 8);
        for (copy, shift) in shifts.into_iter().enumerate() {
            for atom in 0..2 {
                let i = 2 * copy + atom;
                assert_eq!(big.positions[i], unit.positions[atom] + unit.cell.translation(shift));
                assert_eq!(big.velocities[i], unit.velocities[atom]);
                assert_eq!(big.masses[i], unit.masses[atom]);
                assert_eq!(big.species[i], unit.species[atom]);
            }
        }
        assert!((big.cell.volume() / unit.cell.volume() - 4.0).abs() < 1e-14);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Every atom of the supercell is one of the crystal, and no two are the same.
        #[test]
        fn a_supercell_is_the_same_crystal(entries in proptest::array::uniform9(-3_i32..=3)) {
            let m = [0, 1, 2].map(|k| [entries[3 * k], entries[3 * k + 1], entries[3 * k + 2]]);
            let unit = crystal();
            let rows = m.map(|row| row.map(i128::from));
            let det = determinant(&rows);
            if det == 0 {
                prop_assert!(unit.supercell(m).is_err());
                return Ok(());
            }
            let big = unit.supercell(m).unwrap();
            let copies = det.unsigned_abs() as usize;
            prop_assert_eq!(big.len(), 2 * copies);
            prop_assert!((big.cell.volume() / unit.cell.volume() - copies as f64).abs() < 1e-9);
            prop_assert_eq!(big.cell.matrix().determinant() < 0.0, det < 0);
            for i in 0..big.len() {
                let s = unit.cell.fractional(&(big.positions[i] - unit.positions[i % 2]));
                prop_assert!(s.iter().all(|x| (x - x.round()).abs() < 1e-9));
                let inside = big.cell.fractional(&big.positions[i]);
                prop_assert!(inside.iter().all(|x| (-1e-12..1.0).contains(x)));
                for j in 0..i {
                    let d = big.cell.shortest(&(big.positions[i] - big.positions[j]));
                    prop_assert!(d.norm() > 0.1, "{} and {} coincide", i, j);
                }
            }
        }
    }

    #[test]
    fn impossible_supercells_are_explained() {
        let unit = crystal();
        let message = |m| unit.supercell(m).unwrap_err().to_string();
        assert!(message([[1, 0, 0], [2, 0, 0], [0, 0, 1]]).contains("determinant 0"));
        assert!(message([[100_000, 0, 0], [0, 100_000, 0], [0, 0, 1]]).contains("20000000000 atoms"));
        assert!(message([[i32::MIN, 0, 0], [0, 1, 0], [0, 0, 1]]).contains("-2147483648"));
        // Long rows that span a single copy.
        assert_eq!(unit.supercell([[3000, 3001, 0], [1, 1, 2999], [0, 0, 1]]).unwrap().len(), 2);
        assert!(unit.repeated([0, 1, 1]).is_err());
        let slab = System::new(
            unit.cell.with_periodic([true, true, false]).unwrap(),
            unit.species.clone(),
            unit.positions.clone(),
        )
        .unwrap();
        assert_eq!(slab.repeated([3, 2, 1]).unwrap().len(), 12);
        assert!(slab.repeated([1, 1, 2]).unwrap_err().to_string().contains("along c"));
        assert!(slab.supercell([[1, 0, 1], [0, 1, 0], [0, 0, 1]]).is_err());
    }
}
