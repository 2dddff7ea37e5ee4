//! The list holds what its definition says, no more, no less, in the order it promises.

use crate::systems::{Case, any_case, scattered};
use mlmd::neighbors::{Pair, brute_force};
use mlmd::system::{Mat3, Vec3};
use mlmd::{Cell, NeighborList};
use proptest::prelude::*;

fn build(case: &Case) -> NeighborList {
    NeighborList::build(&case.cell, &case.positions, case.cutoff).unwrap()
}

/// Rows of one list that differ from those of the other by more than pairs on the edge of the cutoff.
fn difference(case: &Case, a: &NeighborList, b: &NeighborList) -> Option<String> {
    let edge = |i: usize, pair: &Pair| {
        let r = NeighborList::vector(&case.cell, &case.positions, i, *pair).norm();
        (r - case.cutoff).abs() < 1e-9
    };
    (0..case.positions.len()).find_map(|i| {
        let only = |x: &NeighborList, y: &NeighborList| {
            x.neighbors(i)
                .iter()
                .find(|pair| y.neighbors(i).binary_search(pair).is_err() && !edge(i, pair))
                .map(|pair| format!("{i} → {pair:?} is in one list only"))
        };
        only(a, b).or_else(|| only(b, a))
    })
}

/// A pair whose other half is missing, or not where the reverse index says.
fn one_sided(list: &NeighborList) -> Option<(usize, Pair)> {
    assert_eq!(list.reverse().len(), list.pairs().len());
    (0..list.len()).find_map(|i| {
        let halves = &list.reverse()[list.offsets()[i]..];
        let mut row = list.neighbors(i).iter().zip(halves);
        row.find_map(|(pair, half)| {
            let (j, half) = (pair.atom as usize, *half as usize);
            let other = Pair { atom: i as u32, shift: pair.shift.map(|s| -s) };
            let found =
                (list.offsets()[j]..list.offsets()[j + 1]).contains(&half) && list.pairs()[half] == other;
            (!found).then_some((i, *pair))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_search_finds_what_the_definition_finds(case in any_case()) {
        let oracle = brute_force::neighbors(&case.cell, &case.positions, case.cutoff).unwrap();
        prop_assert_eq!(difference(&case, &build(&case), &oracle), None);
    }

    #[test]
    fn rows_are_sorted_and_every_pair_is_seen_from_both_ends(case in any_case()) {
        let list = build(&case);
        prop_assert!((0..list.len()).all(|i| list.neighbors(i).is_sorted_by(|a, b| a < b)));
        prop_assert_eq!(one_sided(&list), None);
    }

    #[test]
    fn translations_and_turns_change_nothing(
        case in any_case(),
        by in prop::array::uniform3(-20.0..20.0),
        axis in prop::array::uniform3(-3.0..3.0),
    ) {
        let turn = *nalgebra::Rotation3::new(Vec3::from(axis)).matrix();
        let rows = case.cell.rows().map(|row| (turn * Vec3::from(row)).into());
        let moved = Case {
            cell: Cell::new(rows, case.cell.periodic()).unwrap(),
            positions: case.positions.iter().map(|r| turn * (r + Vec3::from(by))).collect(),
            cutoff: case.cutoff,
        };
        prop_assert_eq!(difference(&case, &build(&case), &build(&moved)), None);
    }
}

#[test]
fn any_number_of_threads_builds_the_same_list() {
    let cell =
        Cell::new([[31.0, 0.0, 0.0], [11.0, 29.0, 0.0], [-7.0, 9.0, 33.0]], [true, false, true]).unwrap();
    let positions = scattered(&cell, 1500, 0.5, 1);
    let lists = [1, 2, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let list = NeighborList::build(&cell, &positions, 6.0).unwrap();
            list.reverse();
            list
        })
    });
    for list in &lists[1..] {
        assert_eq!(list.offsets(), lists[0].offsets());
        assert_eq!(list.pairs(), lists[0].pairs());
        assert_eq!(list.reverse(), lists[0].reverse());
    }
    let oracle = brute_force::neighbors(&cell, &positions, 6.0).unwrap();
    assert_eq!(oracle.pairs(), lists[0].pairs());
}

#[test]
fn shells_of_crystals_have_their_textbook_sizes() {
    // Face-centred cubic, a = 4 Å, from its primitive cell of one atom: 12, 6, 24, 12 neighbours at
    // a√(n/2); the cutoff lies between the shells.
    let cell = Cell::new([[0.0, 2.0, 2.0], [2.0, 0.0, 2.0], [2.0, 2.0, 0.0]], [true; 3]).unwrap();
    let mut expected = 0;
    for (n, shell) in [(1, 12), (2, 6), (3, 24), (4, 12)] {
        expected += shell;
        let cutoff = 4.0 * (f64::from(n) / 2.0).sqrt() + 0.01;
        let list = NeighborList::build(&cell, &[Vec3::new(0.3, 0.1, 0.2)], cutoff).unwrap();
        assert_eq!(list.neighbors(0).len(), expected);
    }
}

#[test]
fn pairs_exactly_at_the_cutoff_are_listed_from_both_ends_or_not_at_all() {
    // A crystal whose shell lies on the cutoff up to rounding: each pair is decided by the last bit.
    let cell = Cell::new([[10.1, 0.0, 0.0], [0.0, 10.1, 0.0], [0.0, 0.0, 10.1]], [true; 3]).unwrap();
    let step = 10.1 / 6.0;
    let positions: Vec<Vec3> = (0..216)
        .map(|n| Vec3::new(f64::from(n % 6), f64::from(n / 6 % 6), f64::from(n / 36)) * step)
        .map(|r| r.add_scalar(0.123))
        .collect();
    let list = NeighborList::build(&cell, &positions, step).unwrap();
    for i in 0..list.len() {
        for pair in list.neighbors(i) {
            let back = Pair { atom: i as u32, shift: pair.shift.map(|s| -s) };
            assert!(list.neighbors(pair.atom as usize).contains(&back));
        }
    }
    // The test means something only if rounding did decide.
    let distinct: std::collections::BTreeSet<usize> = (0..216).map(|i| list.neighbors(i).len()).collect();
    assert!(distinct.len() > 1, "{distinct:?}");
}

#[test]
fn molecules_and_vacuum_cost_memory_by_atoms() {
    // Two molecules 10⁷ Å apart in a box of 10⁹ Å, and the same without a box.
    let molecule = [Vec3::zeros(), Vec3::new(0.96, 0.0, 0.0), Vec3::new(-0.24, 0.93, 0.0)];
    let far = Vec3::new(1e7, 2e7, -3e7);
    let positions: Vec<Vec3> = molecule.iter().copied().chain(molecule.map(|r| r + far)).collect();
    for cell in [Cell::isolated(), Cell::orthorhombic(1e9, 1e9, 1e9).unwrap()] {
        let list = NeighborList::build(&cell, &positions, 3.0).unwrap();
        assert!((0..6).all(|i| list.neighbors(i).len() == 2));
    }
    // A droplet in a large periodic box: most bins are empty.
    let droplet = scattered(&Cell::orthorhombic(20.0, 20.0, 20.0).unwrap(), 400, 0.8, 2);
    let cell = Cell::orthorhombic(5000.0, 5000.0, 5000.0).unwrap();
    let list = NeighborList::build(&cell, &droplet, 4.0).unwrap();
    let oracle = brute_force::neighbors(&cell, &droplet, 4.0).unwrap();
    assert_eq!(list.pairs(), oracle.pairs());
}

#[test]
fn no_atoms_and_one_atom() {
    let cell = Cell::orthorhombic(5.0, 5.0, 5.0).unwrap();
    assert!(NeighborList::build(&cell, &[], 3.0).unwrap().is_empty());
    let alone = NeighborList::build(&cell, &[Vec3::new(1.0, 2.0, 3.0)], 3.0).unwrap();
    assert_eq!((alone.len(), alone.pairs().len()), (1, 0));
    assert_eq!(NeighborList::build(&cell, &[Vec3::zeros(); 1], 0.0).unwrap().pairs().len(), 0);
}

#[test]
fn what_cannot_be_listed_is_refused_by_name() {
    let cell = Cell::orthorhombic(5.0, 5.0, 5.0).unwrap();
    let complaint =
        |positions: &[Vec3], cutoff| NeighborList::build(&cell, positions, cutoff).unwrap_err().to_string();
    let places = [Vec3::new(1.0, 1.0, 1.0), Vec3::new(3.0, 1.0, 1.0), Vec3::new(6.0, -4.0, 1.0)];
    assert!(complaint(&places, 3.0).starts_with("atoms 0 and 2 are at the same place"));
    let nan = [Vec3::zeros(), Vec3::new(0.0, f64::NAN, 0.0)];
    assert_eq!(complaint(&nan, 3.0), "the position of atom 1 is not finite");
    assert!(complaint(&places[..2], -1.0).contains("cutoff"));
    assert!(complaint(&places[..2], f64::INFINITY).contains("cutoff"));
    assert!(complaint(&places[..2], 5.0 * 128.0).contains("127"));
    assert!(complaint(&[Vec3::zeros(), Vec3::new(1000.0, 1.0, 0.0)], 3.0).contains("127"));
    // A hundred thousand atoms that were never placed are told at once.
    assert!(complaint(&vec![Vec3::zeros(); 100_000], 3.0).contains("atoms 0 and 1 are"));
}

#[test]
fn each_list_has_a_version_of_its_own() {
    let cell = Cell::orthorhombic(5.0, 5.0, 5.0).unwrap();
    let mut list = NeighborList::build(&cell, &[Vec3::zeros()], 3.0).unwrap();
    let before = list.version();
    list.rebuild(&cell, &[Vec3::zeros()], 3.0).unwrap();
    assert_ne!(list.version(), before);
}

#[test]
fn strained_lists_follow_the_atoms() {
    // r_ij under r → r (1 + ε) is r_ij (1 + ε): shifts of a list stay right as the cell deforms.
    let cell = Cell::new([[6.0, 0.0, 0.0], [1.0, 7.0, 0.0], [0.5, -1.0, 5.0]], [true; 3]).unwrap();
    let positions = scattered(&cell, 20, 0.7, 3);
    let strain = Mat3::new(0.01, 0.02, 0.0, -0.01, 0.03, 0.0, 0.0, 0.02, -0.02);
    let deform = |r: &Vec3| (Mat3::identity() + strain).tr_mul(r);
    let moved: Vec<Vec3> = positions.iter().map(deform).collect();
    let list = NeighborList::build(&cell, &positions, 5.0).unwrap();
    let strained = cell.strained(&strain).unwrap();
    for i in 0..list.len() {
        for pair in list.neighbors(i) {
            let before = NeighborList::vector(&cell, &positions, i, *pair);
            let after = NeighborList::vector(&strained, &moved, i, *pair);
            assert!((after - deform(&before)).norm() < 1e-12);
        }
    }
}

#[test]
fn a_neighbour_shared_by_consecutive_atoms_is_not_mistaken_for_the_other_half() {
    // The last neighbour of one atom is the first of the next: whoever looks for the other half of a pair by
    // walking along the list must notice that the row has ended.
    let cell = Cell::new(
        [
            [4.527514032141009, -2.8059051627085414, -3.6594962235653847],
            [-4.0350443956590505, 0.0, -2.6794808952063054],
            [-5.436657857647394, 4.779330073644327, -1.7902524747270745],
        ],
        [false, false, true],
    )
    .unwrap();
    let positions = vec![
        Vec3::new(9.470451578579972, -10.3290979470297, -14.626126462632417),
        Vec3::new(12.17385085890292, -10.060245757815192, -15.063517413761492),
        Vec3::new(9.04948934869593, -8.065152536427197, -10.866664802365838),
    ];
    let list = NeighborList::build(&cell, &positions, 4.788841656402437).unwrap();
    assert_eq!(one_sided(&list), None);
}
