//! A list with a skin holds every pair within the cutoff until it says that it may not.

use crate::systems::{Case, any_case};
use mlmd::neighbors::{VerletList, brute_force};
use mlmd::system::{Mat3, Vec3};
use proptest::prelude::*;

/// The first pair of the definition that the list lacks.
fn missing(case: &Case, list: &VerletList) -> Option<String> {
    let oracle = brute_force::neighbors(&case.cell, &case.positions, case.cutoff).unwrap();
    (0..case.positions.len()).find_map(|i| {
        let row = list.list().neighbors(i);
        let lost = oracle.neighbors(i).iter().find(|pair| row.binary_search(pair).is_err())?;
        Some(format!("{i} → {lost:?}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_pair_is_missed_while_atoms_and_cell_move(
        case in any_case(),
        skin in 0.05..1.0,
        kicks in prop::collection::vec(prop::array::uniform3(-1.0..1.0), 1..40),
        strain in prop::array::uniform9(-0.02..0.02),
    ) {
        let mut case = case;
        let mut list = VerletList::new(case.cutoff, skin);
        prop_assert!(list.update(&case.cell, &case.positions).unwrap());
        let strain = Mat3::from_iterator(strain) * (skin / case.cutoff).min(1.0);
        let mut kept = 0;
        for step in 0..8 {
            // Atoms go ballistic and the cell deforms; every second step it is the cell alone.
            case.cell = case.cell.strained(&strain).unwrap();
            for (r, kick) in case.positions.iter_mut().zip(kicks.iter().cycle()) {
                let free = Vec3::from(*kick) * (0.1 * skin * f64::from(step % 2));
                *r = (Mat3::identity() + strain).tr_mul(r) + free;
            }
            if !list.update(&case.cell, &case.positions).unwrap() {
                kept += 1;
            }
            prop_assert_eq!(missing(&case, &list), None);
        }
        // The first of the small steps is within any skin: a list that is always built anew would pass otherwise.
        prop_assert!(kept > 0);
    }
}

#[test]
fn wrapped_atoms_and_other_systems_are_noticed() {
    let cell = mlmd::Cell::orthorhombic(9.0, 9.0, 9.0).unwrap();
    let mut positions = vec![Vec3::new(8.9, 1.0, 1.0), Vec3::new(0.5, 1.0, 1.0)];
    let mut list = VerletList::new(3.0, 1.0);
    assert!(list.update(&cell, &positions).unwrap());
    assert!(!list.update(&cell, &positions).unwrap());
    positions[0].x -= 9.0;
    assert!(list.update(&cell, &positions).unwrap());
    assert!(!list.update(&cell, &positions).unwrap());
    assert!(list.update(&cell.with_periodic([true, true, false]).unwrap(), &positions).unwrap());
    positions.push(Vec3::new(4.0, 4.0, 4.0));
    assert!(list.update(&cell, &positions).unwrap());
    // A list that could not be built is not taken for complete.
    positions[2].y = f64::NAN;
    assert!(list.update(&cell, &positions).is_err());
    positions[2].y = 4.0;
    assert!(list.update(&cell, &positions).unwrap());
}
