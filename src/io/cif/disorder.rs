//! Which atom sits where when a crystal only says how often: random occupations by seed.

use super::sites::Orbit;
use crate::error::Result;
use crate::io::Frame;
use crate::io::points::Points;
use crate::random::{Philox, Purpose};
use crate::system::{Cell, SupercellMatrix, System, Vec3};

/// Atoms are not put closer than this to each other, Å: split sites of one moving ion are closer, and
/// real atoms other than hydrogen never are.
const CLOSEST: f64 = 1.2;
/// The same where one of the two is hydrogen.
const CLOSEST_HYDROGEN: f64 = 0.6;

/// A site of the supercell.
struct Site {
    orbit: usize,
    position: Vec3,
    /// What sits here, as an index into the occupants of the orbit.
    occupant: Option<usize>,
    /// Sites so near that not every pair of atoms may sit on both, with the distance.
    close: Vec<(usize, f64)>,
}

/// The atoms of one cell, or of a supercell of it: every orbit holds each of its elements on a number of
/// sites that is nearest to its fraction, drawn at random, without two atoms in each other's core.
///
/// The error says how many atoms stayed too close.
pub(super) fn resolve(
    cell: &Cell,
    supercell: Option<SupercellMatrix>,
    orbits: &[Orbit],
    seed: u64,
) -> Result<Frame, String> {
    let (cell, mut sites) = sites(cell, supercell, orbits).map_err(|error| error.to_string())?;
    let mut random = Philox::new(seed, Purpose::Occupancies, 0, 0);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); orbits.len()];
    for (index, site) in sites.iter().enumerate() {
        members[site.orbit].push(index);
    }
    for (orbit, members) in orbits.iter().zip(&members) {
        let fractions: Vec<f64> = orbit.occupants.iter().map(|(_, fraction)| *fraction).collect();
        let mut free = members.clone();
        for (occupant, count) in apportion(&fractions, members.len()).into_iter().enumerate() {
            for _ in 0..count {
                let place = free.swap_remove(random.below(free.len() as u64) as usize);
                sites[place].occupant = Some(occupant);
            }
        }
    }
    separate(&mut sites, orbits, &members, &mut random)?;
    let atoms = sites.iter().filter_map(|site| {
        let (element, _) = orbits[site.orbit].occupants[site.occupant?];
        Some((element, site.position))
    });
    let (species, positions) = atoms.unzip();
    Ok(Frame::new(cell, species, positions))
}

/// How many of `total` sites each fraction gets: the sum nearest to its own fraction, the parts by
/// largest remainder (the first of equal ones wins).
fn apportion(fractions: &[f64], total: usize) -> Vec<usize> {
    let exact: Vec<f64> = fractions.iter().map(|fraction| fraction * total as f64).collect();
    let mut counts: Vec<usize> = exact.iter().map(|x| (x + 1e-9).floor() as usize).collect();
    let wanted = (exact.iter().sum::<f64>().round() as usize).min(total);
    while counts.iter().sum::<usize>() < wanted {
        let mut best = 0;
        for i in 1..counts.len() {
            if exact[i] - counts[i] as f64 > exact[best] - counts[best] as f64 + 1e-9 {
                best = i;
            }
        }
        counts[best] += 1;
    }
    counts
}

/// The sites of the supercell in the order that the atoms of an ordered crystal have there.
fn sites(cell: &Cell, supercell: Option<SupercellMatrix>, orbits: &[Orbit]) -> Result<(Cell, Vec<Site>)> {
    let owners: Vec<usize> =
        orbits.iter().enumerate().flat_map(|(index, orbit)| orbit.sites.iter().map(move |_| index)).collect();
    let positions = orbits.iter().flat_map(|orbit| &orbit.sites).map(|s| cell.cartesian(s)).collect();
    // Any element of an orbit will do: only the places count.
    let species = owners.iter().map(|owner| orbits[*owner].occupants[0].0).collect();
    let mut crystal = System::new(cell.clone(), species, positions)?;
    if let Some(matrix) = supercell {
        crystal = crystal.supercell(matrix)?;
    }
    let mut sites: Vec<Site> = Vec::with_capacity(crystal.len());
    let mut points = Points::new(&crystal.cell, CLOSEST);
    for (index, position) in crystal.positions.iter().enumerate() {
        let orbit = owners[index % owners.len()];
        let mut close = Vec::new();
        for other in points.near(position) {
            // Two full sites are as the file has them: nothing can be chosen there.
            if orbits[orbit].is_ordered() && orbits[sites[other].orbit].is_ordered() {
                continue;
            }
            let distance = points.distance(other, position);
            sites[other].close.push((index, distance));
            close.push((other, distance));
        }
        points.push(position);
        sites.push(Site { orbit, position: *position, occupant: None, close });
    }
    Ok((crystal.cell.clone(), sites))
}

/// Swaps occupations within orbits until no two atoms are too close.
fn separate(
    sites: &mut [Site],
    orbits: &[Orbit],
    members: &[Vec<usize>],
    random: &mut Philox,
) -> Result<(), String> {
    let hydrogen = |site: &Site| {
        site.occupant.is_some_and(|occupant| orbits[site.orbit].occupants[occupant].0.number() == 1)
    };
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
            let orbit = &members[sites[i].orbit];
            for _ in 0..TRIES {
                let j = orbit[random.below(orbit.len() as u64) as usize];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_nearest_to_the_fractions() {
        assert_eq!(apportion(&[0.5, 0.5], 5), [3, 2]);
        assert_eq!(apportion(&[0.333, 0.333], 6), [2, 2]);
        assert_eq!(apportion(&[0.542], 24), [13]);
        assert_eq!(apportion(&[0.448], 96), [43]);
        assert_eq!(apportion(&[1.0], 7), [7]);
        assert_eq!(apportion(&[0.1, 0.1, 0.8], 4), [1, 0, 3]);
    }
}
