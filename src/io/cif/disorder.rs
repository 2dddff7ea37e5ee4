//! Which atom sits where when a crystal only says how often: random occupations by seed.

use super::apportion::apportion;
use super::sites::Orbit;
use crate::error::Result;
use crate::io::Frame;
use crate::random::{Philox, Purpose};
use crate::system::{Cell, Element, Points, SupercellMatrix, System, Vec3};

/// Atoms are not put closer than this to each other, Å: split sites of one moving ion are closer, and
/// real atoms other than hydrogen never are.
const CLOSEST: f64 = 1.2;
/// The same where one of the two is hydrogen.
const CLOSEST_HYDROGEN: f64 = 0.6;
/// Occupancies that differ by less are the same.
const SAME_FRACTION: f64 = 1e-6;

/// Sites that may hold the same elements equally often, whether or not symmetry makes them equivalent: a structure that
/// is listed atom by atom has many orbits of one site.
struct Kind {
    /// Elements with the fraction of the sites each occupies; fractions that come to nearly one come to one.
    occupants: Vec<(Element, f64)>,
    /// Is there nothing to be drawn?
    is_ordered: bool,
}

/// A site of the supercell.
struct Site {
    kind: usize,
    position: Vec3,
    /// What sits here.
    occupant: Option<Element>,
    /// Sites so near that not every pair of atoms may sit on both, with the distance.
    close: Vec<(usize, f64)>,
}

/// The atoms of one cell, or of a supercell of it: as many of each element as is nearest to what the occupancies come to
/// ([`apportion`]), on sites drawn at random, without two atoms in each other's core.
///
/// The error says how many atoms stayed too close.
pub(super) fn resolve(
    cell: &Cell,
    supercell: Option<SupercellMatrix>,
    orbits: &[Orbit],
    seed: u64,
) -> Result<Frame, String> {
    let (kinds, kind_of) = kinds(orbits);
    let (cell, mut sites) =
        sites(cell, supercell, orbits, &kinds, &kind_of).map_err(|error| error.to_string())?;
    let mut random = Philox::new(seed, Purpose::Occupancies, 0, 0);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); kinds.len()];
    for (index, site) in sites.iter().enumerate() {
        members[site.kind].push(index);
    }
    for (members, counts) in members.iter().zip(counts(&kinds, &members)) {
        let mut free = members.clone();
        for (element, count) in counts {
            for _ in 0..count {
                let place = free.swap_remove(random.below(free.len() as u64) as usize);
                sites[place].occupant = Some(element);
            }
        }
    }
    separate(&mut sites, &members, &mut random)?;
    let atoms = sites.iter().filter_map(|site| Some((site.occupant?, site.position)));
    let (species, positions) = atoms.unzip();
    Ok(Frame::new(cell, species, positions))
}

/// The kinds of site, and which kind each orbit is of.
fn kinds(orbits: &[Orbit]) -> (Vec<Kind>, Vec<usize>) {
    let mut kinds: Vec<Kind> = Vec::new();
    let of = orbits.iter().map(|orbit| {
        let mut occupants = orbit.occupants.clone();
        occupants.sort_by_key(|(element, _)| *element);
        if orbit.is_full() {
            let total = orbit.total();
            for (_, fraction) in &mut occupants {
                *fraction /= total;
            }
        }
        let alike = |kind: &Kind| {
            let mut pairs = kind.occupants.iter().zip(&occupants);
            kind.occupants.len() == occupants.len()
                && pairs.all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < SAME_FRACTION)
        };
        kinds.iter().position(alike).unwrap_or_else(|| {
            kinds.push(Kind { occupants, is_ordered: orbit.is_ordered() });
            kinds.len() - 1
        })
    });
    let of = of.collect();
    (kinds, of)
}

/// How many sites of each kind each of its elements gets.
fn counts(kinds: &[Kind], members: &[Vec<usize>]) -> Vec<Vec<(Element, usize)>> {
    let mut elements: Vec<Element> =
        kinds.iter().flat_map(|kind| &kind.occupants).map(|(element, _)| *element).collect();
    elements.sort_unstable();
    elements.dedup();
    let row = |(kind, members): (&Kind, &Vec<usize>)| -> Vec<f64> {
        let share = |element: &Element| kind.occupants.iter().find(|o| o.0 == *element).map_or(0.0, |o| o.1);
        let shares: Vec<f64> = elements.iter().map(share).collect();
        let empty = (1.0 - shares.iter().sum::<f64>()).max(0.0);
        shares.iter().chain([&empty]).map(|share| share * members.len() as f64).collect()
    };
    let table: Vec<Vec<f64>> = kinds.iter().zip(members).map(row).collect();
    apportion(&table).iter().map(|row| elements.iter().copied().zip(row.iter().copied()).collect()).collect()
}

/// The sites of the supercell in the order that the atoms of an ordered crystal have there.
fn sites(
    cell: &Cell,
    supercell: Option<SupercellMatrix>,
    orbits: &[Orbit],
    kinds: &[Kind],
    kind_of: &[usize],
) -> Result<(Cell, Vec<Site>)> {
    let owners: Vec<usize> =
        orbits.iter().zip(kind_of).flat_map(|(orbit, kind)| orbit.sites.iter().map(|_| *kind)).collect();
    let positions = orbits.iter().flat_map(|orbit| &orbit.sites).map(|s| cell.cartesian(s)).collect();
    // Any element of a kind will do: only the places count.
    let species = owners.iter().map(|kind| kinds[*kind].occupants[0].0).collect();
    let mut crystal = System::new(cell.clone(), species, positions)?;
    if let Some(matrix) = supercell {
        crystal = crystal.supercell(matrix)?;
    }
    let mut sites: Vec<Site> = Vec::with_capacity(crystal.len());
    let mut points = Points::new(&crystal.cell, CLOSEST);
    for (index, position) in crystal.positions.iter().enumerate() {
        let kind = owners[index % owners.len()];
        let mut close = Vec::new();
        for other in points.near(position) {
            // Two full sites are as the file has them: nothing can be chosen there.
            if kinds[kind].is_ordered && kinds[sites[other].kind].is_ordered {
                continue;
            }
            let distance = points.distance(other, position);
            sites[other].close.push((index, distance));
            close.push((other, distance));
        }
        points.push(position);
        sites.push(Site { kind, position: *position, occupant: None, close });
    }
    Ok((crystal.cell.clone(), sites))
}

/// Swaps occupations of sites of one kind until no two atoms are too close.
fn separate(sites: &mut [Site], members: &[Vec<usize>], random: &mut Philox) -> Result<(), String> {
    let hydrogen = |site: &Site| site.occupant.is_some_and(|element| element.number() == 1);
    let clashes = |sites: &[Site], index: usize| {
        let site = &sites[index];
        if site.occupant.is_none() {
            return 0;
        }
        let too_close = |&&(other, distance): &&(usize, f64)| {
            let other = &sites[other];
            let limit = if hydrogen(site) || hydrogen(other) { CLOSEST_HYDROGEN } else { CLOSEST };
            other.occupant.is_some() && distance < limit
        };
        site.close.iter().filter(too_close).count()
    };
    let mut left = 0;
    for _ in 0..ROUNDS {
        let bad: Vec<usize> = (0..sites.len()).filter(|&i| clashes(sites, i) > 0).collect();
        left = bad.len();
        if bad.is_empty() {
            return Ok(());
        }
        for i in bad {
            let alike = &members[sites[i].kind];
            for _ in 0..TRIES {
                let j = alike[random.below(alike.len() as u64) as usize];
                let (mine, theirs) = (sites[i].occupant, sites[j].occupant);
                if mine == theirs {
                    continue;
                }
                let before = clashes(sites, i) + clashes(sites, j);
                (sites[i].occupant, sites[j].occupant) = (theirs, mine);
                // Moves that change nothing are kept: they are how a crowded lattice rearranges.
                if clashes(sites, i) + clashes(sites, j) <= before {
                    break;
                }
                (sites[i].occupant, sites[j].occupant) = (mine, theirs);
            }
        }
    }
    Err(format!(
        "no arrangement was found in which all atoms are at least {CLOSEST} angstrom apart \
         ({CLOSEST_HYDROGEN} for hydrogen): {left} atoms are still too close; the occupancies of the \
         split sites may exclude each other in this supercell"
    ))
}

/// How often the clashing atoms are gone through, and how many swaps each of them tries.
const ROUNDS: usize = 500;
const TRIES: usize = 20;
