//! Point defects: vacancies, substitutions, interstitials.
//!
//! Which of the equivalent atoms or sites are taken is drawn from a seed: the same seed gives the same
//! structure on every machine. Each of several changes of one structure has a stream of its own ([`Lot`]), so that where
//! one goes says nothing of where the next does. Charges are the caller's business: nothing here compensates one
//! defect by another.

use super::voids::VoidGrid;
use super::{Element, System, Vec3};
use crate::error::{Error, Result};
use crate::random::{Philox, Purpose};

/// How many of several candidates are meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// So many.
    Count(usize),
    /// This part of them, from 0 to 1, rounded to the nearest whole number.
    Fraction(f64),
}

/// What decides where defects go. A seed alone is that of a first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// Same seed, same places.
    pub seed: u64,
    /// How many changes of the structure went before. With one stream for all, an element that is as frequent as
    /// another would be replaced at the same places of its list.
    pub ordinal: u64,
}

impl From<u64> for Lot {
    fn from(seed: u64) -> Self {
        Self { seed, ordinal: 0 }
    }
}

impl Lot {
    fn stream(self) -> Philox {
        Philox::new(self.seed, Purpose::Defects, self.ordinal, 0)
    }
}

impl Amount {
    /// The number out of `total` candidates, which `what` names in the error.
    fn of(self, total: usize, what: &str) -> Result<usize> {
        match self {
            Self::Count(count) if count <= total => Ok(count),
            Self::Count(count) => {
                Err(Error::invalid(format!("{count} {what} are wanted, but there are only {total}")))
            }
            Self::Fraction(f) if (0.0..=1.0).contains(&f) => Ok((f * total as f64).round() as usize),
            Self::Fraction(f) => {
                Err(Error::invalid(format!("a fraction of {f} of the {what} is not between 0 and 1")))
            }
        }
    }
}

impl System {
    /// Removes some atoms of `element`, drawn by `lot`; returns which (indices before removal).
    pub fn vacancies(&mut self, element: Element, amount: Amount, lot: impl Into<Lot>) -> Result<Vec<usize>> {
        let removed = self.draw(element, amount, lot.into())?;
        let mut kept = vec![true; self.len()];
        for &i in &removed {
            kept[i] = false;
        }
        retain(&mut self.species, &kept);
        retain(&mut self.positions, &kept);
        retain(&mut self.images, &kept);
        retain(&mut self.velocities, &kept);
        retain(&mut self.masses, &kept);
        Ok(removed)
    }

    /// Turns some atoms of element `from` into `to`, drawn by `lot`; returns which.
    ///
    /// They get the standard mass of their new element and keep their velocities.
    pub fn substitute(
        &mut self,
        from: Element,
        to: Element,
        amount: Amount,
        lot: impl Into<Lot>,
    ) -> Result<Vec<usize>> {
        let changed = self.draw(from, amount, lot.into())?;
        for &i in &changed {
            self.species[i] = to;
            self.masses[i] = to.mass();
        }
        Ok(changed)
    }

    /// Adds atoms of `element` at rest on some of the given sites (fractional coordinates), drawn by
    /// `seed`; returns the indices of the new atoms, which follow the others in the order of the sites.
    ///
    /// A site nearer than `minimum` (Å) to another atom is refused.
    pub fn interstitials(
        &mut self,
        element: Element,
        sites: &[Vec3],
        amount: Amount,
        minimum: f64,
        lot: impl Into<Lot>,
    ) -> Result<Vec<usize>> {
        let count = amount.of(sites.len(), "interstitial sites")?;
        let chosen = lot.into().stream().choose(sites.len(), count);
        let mut positions = self.positions.clone();
        for &site in &chosen {
            let (r, _) = self.cell.wrap(&self.cell.cartesian(&sites[site]));
            let nearest = positions
                .iter()
                .map(|other| self.cell.shortest(&(other - r)).norm())
                .enumerate()
                .min_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((other, distance)) = nearest
                && distance < minimum
            {
                return Err(Error::invalid(format!(
                    "interstitial site {} at {:?} is {distance:.3} angstrom from atom {other}, nearer than {minimum} angstrom",
                    site + 1,
                    <[f64; 3]>::from(sites[site])
                )));
            }
            positions.push(r);
        }
        Ok(self.append(element, &positions[self.len()..]))
    }

    /// Adds atoms of `element` at rest where there is most room; returns their indices.
    ///
    /// Each goes to the largest void that is left: the point farthest from all atoms, found on a grid and
    /// refined; of voids that are equally large one is drawn by `lot`. A fraction counts
    /// the atoms of `element` already there. If some would come nearer than `minimum` (Å) to another
    /// atom, none is added. The system must be periodic in three dimensions.
    pub fn fill_voids(
        &mut self,
        element: Element,
        amount: Amount,
        minimum: f64,
        lot: impl Into<Lot>,
    ) -> Result<Vec<usize>> {
        let count = match amount {
            Amount::Count(count) => count,
            Amount::Fraction(_) => {
                let present = self.species.iter().filter(|s| **s == element).count();
                amount.of(present, &format!("{element} atoms"))?
            }
        };
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut noise = lot.into().stream();
        let mut grid = VoidGrid::new(&self.cell, &self.positions)?;
        for placed in 0..count {
            let (r, distance) = grid.largest(&mut noise);
            if distance < minimum {
                return Err(Error::invalid(format!(
                    "only {placed} of {count} {element} atoms fit: the largest void left is {distance:.3} angstrom \
                     from the nearest atom, less than {minimum} angstrom"
                )));
            }
            grid.insert(r);
        }
        let positions = grid.into_positions();
        Ok(self.append(element, &positions[self.len()..]))
    }

    /// Some of the atoms of an element, in ascending order.
    fn draw(&self, element: Element, amount: Amount, lot: Lot) -> Result<Vec<usize>> {
        let all: Vec<usize> = (0..self.len()).filter(|i| self.species[*i] == element).collect();
        let count = amount.of(all.len(), &format!("{element} atoms"))?;
        Ok(lot.stream().choose(all.len(), count).into_iter().map(|k| all[k]).collect())
    }

    fn append(&mut self, element: Element, positions: &[Vec3]) -> Vec<usize> {
        let first = self.len();
        self.positions.extend(positions);
        let n = self.positions.len();
        self.species.resize(n, element);
        self.images.resize(n, [0; 3]);
        self.velocities.resize(n, Vec3::zeros());
        self.masses.resize(n, element.mass());
        (first..n).collect()
    }
}

fn retain<T>(values: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    values.retain(|_| *kept.next().unwrap_or(&true));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Cell;

    fn element(symbol: &str) -> Element {
        Element::from_symbol(symbol).unwrap()
    }

    /// Rock salt, 64 atoms, lattice constant 4 Å.
    fn rock_salt() -> System {
        let cell = Cell::orthorhombic(4.0, 4.0, 4.0).unwrap();
        let fcc = [[0.0, 0.0, 0.0], [0.0, 2.0, 2.0], [2.0, 0.0, 2.0], [2.0, 2.0, 0.0]].map(Vec3::from);
        let positions = fcc.into_iter().chain(fcc.map(|r| r + Vec3::new(2.0, 0.0, 0.0))).collect();
        let species = [[element("Li"); 4], [element("F"); 4]].concat();
        System::new(cell, species, positions).unwrap().repeated([2, 2, 2]).unwrap()
    }

    #[test]
    fn vacancies_take_the_atoms_they_name() {
        let before = rock_salt();
        let mut after = before.clone();
        after.velocities = (0..64).map(|i| Vec3::new(f64::from(i), 0.0, 0.0)).collect();
        let removed = after.vacancies(element("Li"), Amount::Fraction(0.25), 5).unwrap();
        assert_eq!(removed.len(), 8);
        assert_eq!(after.formula(), "F32Li24");
        let left: Vec<usize> = (0..64).filter(|i| !removed.contains(i)).collect();
        for (k, &i) in left.iter().enumerate() {
            assert_eq!(after.positions[k], before.positions[i]);
            assert_eq!(after.velocities[k].x, i as f64);
            assert_eq!((after.species[k], after.masses[k]), (before.species[i], before.masses[i]));
        }
        let mut again = before.clone();
        assert_eq!(again.vacancies(element("Li"), Amount::Count(8), 5).unwrap(), removed);
        assert_ne!(before.clone().vacancies(element("Li"), Amount::Count(8), 6).unwrap(), removed);
    }

    #[test]
    fn substitution_changes_element_and_mass() {
        let mut system = rock_salt();
        let changed = system.substitute(element("F"), element("Cl"), Amount::Count(3), 1).unwrap();
        assert_eq!(system.formula(), "Cl3F29Li32");
        assert!(changed.iter().all(|i| system.masses[*i] == element("Cl").mass()));
    }

    /// Two dopants of 2000 structures, drawn by one seed each. One of the 32 fluorides has 12 nearest neighbours of its
    /// kind (2√2 Å), so by chance 12/31 of the pairs are neighbours; of two different elements one of the 32 Li has 6
    /// nearest F (2 Å), 6/32. Four standard errors of 2000 draws are 0.044 and 0.035. One stream for both takes the
    /// same place of both lists: neighbours always.
    #[test]
    fn two_changes_know_nothing_of_each_other() {
        let structures = 2000;
        let count = |first: [&str; 2], second: [&str; 2], distance: f64| {
            let near = (0..structures).filter(|seed| {
                let mut system = rock_salt();
                let mut place = |[from, to]: [&str; 2], ordinal| {
                    let lot = Lot { seed: *seed, ordinal };
                    system.substitute(element(from), element(to), Amount::Count(1), lot).unwrap()[0]
                };
                let [a, b] = [place(first, 0), place(second, 1)];
                let way = system.positions[a] - system.positions[b];
                system.cell.shortest(&way).norm() < distance + 0.1
            });
            near.count() as f64 / structures as f64
        };
        let like = count(["F", "Cl"], ["F", "Br"], 8_f64.sqrt());
        assert!((like - 12.0 / 31.0).abs() < 0.044, "{like}");
        let unlike = count(["Li", "Na"], ["F", "Cl"], 2.0);
        assert!((unlike - 6.0 / 32.0).abs() < 0.035, "{unlike}");
    }

    /// A first change is where it always was.
    #[test]
    fn a_seed_alone_is_that_of_the_first_change() {
        let first = Lot { seed: 5, ordinal: 0 };
        let draw = |lot: Lot| rock_salt().vacancies(element("Li"), Amount::Count(8), lot).unwrap();
        assert_eq!(draw(first), rock_salt().vacancies(element("Li"), Amount::Count(8), 5).unwrap());
        assert_eq!(draw(first), [1, 8, 18, 24, 34, 35, 40, 50]);
        assert_ne!(draw(first), draw(Lot { ordinal: 1, ..first }));
    }

    /// The octahedral voids of a hexagonal close packing, a/√2 from six atoms, are larger than its tetrahedral ones by less
    /// than the points of the grid are apart. Each is as likely as the others, wherever the points lie.
    #[test]
    fn the_largest_voids_are_equally_likely() {
        let (a, c) = (3.2_f64, 3.2 * (8.0_f64 / 3.0).sqrt());
        let cell = Cell::new([[a, 0.0, 0.0], [-a / 2.0, a * 0.75_f64.sqrt(), 0.0], [0.0, 0.0, c]], [true; 3])
            .unwrap();
        let positions = vec![Vec3::zeros(), Vec3::new(0.0, a / 3_f64.sqrt(), c / 2.0)];
        let crystal =
            System::new(cell, vec![element("Mg"); 2], positions).unwrap().repeated([2, 2, 1]).unwrap();
        let mut hits = std::collections::BTreeMap::new();
        for seed in 0..400 {
            let mut filled = crystal.clone();
            let new = filled.fill_voids(element("H"), Amount::Count(1), 1.5, seed).unwrap()[0];
            let r = filled.positions[new];
            let nearest = crystal.positions.iter().map(|other| crystal.cell.shortest(&(other - r)).norm());
            assert!((nearest.fold(f64::INFINITY, f64::min) - a / 2_f64.sqrt()).abs() < 1e-3);
            let s = crystal.cell.fractional(&r);
            *hits.entry([0, 1, 2].map(|k| (s[k] * 24.0).round() as i32 % 24)).or_insert(0) += 1;
        }
        assert_eq!(hits.len(), 8, "{hits:?}");
        // Of each 50, with a standard deviation of √(400·7/64) = 6.6: within four of them.
        assert!(hits.values().all(|n| (50_i32 - n).abs() <= 26), "{hits:?}");
    }

    #[test]
    fn interstitials_sit_where_they_are_told() {
        let mut system = rock_salt();
        let sites = [[0.125; 3], [0.375; 3], [1.125, 0.125, 0.375]].map(Vec3::from);
        let new = system.interstitials(element("Li"), &sites, Amount::Count(3), 1.5, 0).unwrap();
        assert_eq!(new, [64, 65, 66]);
        assert!((system.positions[66] - Vec3::new(1.0, 1.0, 3.0)).norm() < 1e-12);
        let again = system.interstitials(element("Li"), &sites[..1], Amount::Count(1), 1.5, 0);
        assert!(again.unwrap_err().to_string().contains("from atom 64"));
        assert_eq!(system.len(), 67);
    }

    /// The largest voids of rock salt are the 64 cube centres, a√3/4 from their eight neighbours.
    #[test]
    fn voids_are_filled_in_the_middle() {
        let mut system = rock_salt();
        let new = system.fill_voids(element("Li"), Amount::Fraction(0.25), 1.5, 2).unwrap();
        assert_eq!(new.len(), 8);
        for &i in &new {
            let offset = system.positions[i].map(|x| (x - 1.0).rem_euclid(2.0));
            assert!(offset.iter().all(|x| x.min(2.0 - x) < 2e-3), "{}", system.positions[i]);
        }
        // Drawn, not taken in order: they do not fill one corner.
        assert!(new.iter().any(|i| system.positions[*i].x > 4.0));
        assert!(new.iter().any(|i| system.positions[*i].x < 4.0));
        let full = rock_salt().fill_voids(element("Li"), Amount::Count(65), 1.5, 2).unwrap_err();
        assert!(full.to_string().contains("only 64 of 65 Li atoms fit"), "{full}");
    }

    #[test]
    fn impossible_amounts_are_explained() {
        let mut system = rock_salt();
        let e = system.vacancies(element("Li"), Amount::Count(33), 0).unwrap_err().to_string();
        assert_eq!(e, "33 Li atoms are wanted, but there are only 32");
        assert!(system.vacancies(element("Li"), Amount::Fraction(1.5), 0).is_err());
        assert!(system.vacancies(element("Li"), Amount::Fraction(f64::NAN), 0).is_err());
        assert!(system.vacancies(element("Og"), Amount::Fraction(0.5), 0).unwrap().is_empty());
        let mut molecule = System::new(Cell::isolated(), vec![element("O")], vec![Vec3::zeros()]).unwrap();
        assert!(molecule.fill_voids(element("H"), Amount::Count(1), 1.0, 0).is_err());
    }
}
