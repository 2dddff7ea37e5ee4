//! Crystal sites: the rows of a CIF multiplied by its symmetry operations.

use super::block::Block;
use super::lexer::Word;
use super::symmetry::Operation;
use crate::error::{Error, Result};
use crate::io::labels::element_of_label;
use crate::system::{Cell, Element, Points, Vec3};

/// Images closer than this are one site, Å: coordinates are often rounded to three decimals, while
/// split sites of disordered crystals are further apart.
const SAME_PLACE: f64 = 0.05;

/// An occupancy this close to one is full: thirds and sixths are written with few digits.
const FULL: f64 = 1e-3;

/// A set of equivalent sites and what may sit on each of them.
#[derive(Debug, Clone)]
pub(super) struct Orbit {
    /// Fractional coordinates in [0, 1), in the order of the operations.
    pub(super) sites: Vec<Vec3>,
    /// Elements with the fraction of the sites each occupies, in the order of the file.
    pub(super) occupants: Vec<(Element, f64)>,
    /// The word in the file that gives the occupancy (or the atom, if none is given).
    pub(super) place: Word,
}

impl Orbit {
    /// Does one element occupy every site?
    pub(super) fn is_ordered(&self) -> bool {
        self.occupants.len() == 1 && self.is_full()
    }

    /// Is every site occupied?
    pub(super) fn is_full(&self) -> bool {
        self.total() > 1.0 - 1.001 * FULL
    }

    pub(super) fn total(&self) -> f64 {
        self.occupants.iter().map(|(_, fraction)| fraction).sum()
    }
}

/// The cell and the orbits of a block, or `None` if it holds no atoms.
pub(super) fn read(block: &mut Block) -> Result<Option<(Cell, Vec<Orbit>)>> {
    let rows = rows(block)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let cell = cell(block)?;
    let operations = operations(block)?;
    let mut known = Points::new(&cell, SAME_PLACE);
    let mut orbits: Vec<Orbit> = Vec::new();
    let mut owner: Vec<usize> = Vec::new();
    for row in rows {
        let (position, _) = cell.wrap(&cell.cartesian(&row.position));
        if let Some(index) = known.nearest(&position).map(|site| owner[site]) {
            join(&mut orbits[index], &row)?;
            continue;
        }
        let mut own = Points::new(&cell, SAME_PLACE);
        let mut sites = Vec::new();
        for operation in &operations {
            let (image, _) = cell.wrap(&cell.cartesian(&operation.apply(&row.position)));
            if own.nearest(&image).is_none() {
                own.push(&image);
                known.push(&image);
                owner.push(orbits.len());
                sites.push(cell.fractional(&image));
            }
        }
        orbits.push(Orbit { sites, occupants: vec![(row.element, row.fraction)], place: row.place });
    }
    Ok(Some((cell, orbits)))
}

/// Puts a further element on the sites of an orbit.
fn join(orbit: &mut Orbit, row: &Row) -> Result<()> {
    match orbit.occupants.iter_mut().find(|(element, _)| *element == row.element) {
        Some((_, fraction)) => *fraction += row.fraction,
        None => orbit.occupants.push((row.element, row.fraction)),
    }
    if orbit.total() > 1.0 + 10.0 * FULL {
        return Err(row
            .place
            .error(format!("the site is occupied {:.4} times", orbit.total()))
            .with_help(format!(
                "expected at most one atom within {SAME_PLACE} angstrom; the site is also on line {}",
                orbit.place.line.number
            ))
            .into());
    }
    Ok(())
}

/// One line of the table of atoms.
struct Row {
    element: Element,
    fraction: f64,
    position: Vec3,
    place: Word,
}

fn rows(block: &mut Block) -> Result<Vec<Row>> {
    let head = block.head.clone();
    let Some(table) = block.table("_atom_site_", "_atom_site_fract_x") else {
        if let Some(word) = block.column("_atom_site_cartn_x").first() {
            return Err(word
                .error("Cartesian coordinates in a CIF")
                .with_help("expected `_atom_site_fract_x`, `_y`, `_z`: fractional coordinates")
                .into());
        }
        return Ok(Vec::new());
    };
    let column = |name: &str| {
        let full = format!("_atom_site_{name}");
        table
            .column(&full)
            .ok_or_else(|| -> Error { head.error(format!("`{full}` is missing in this block")).into() })
    };
    let xyz = [column("fract_x")?, column("fract_y")?, column("fract_z")?];
    let symbol = column("type_symbol").or_else(|_| column("label"))?;
    let occupancy = column("occupancy").ok();
    let flag = column("calc_flag").ok();
    let mut rows = Vec::new();
    for row in table.rows() {
        if flag.is_some_and(|at| row[at].text().eq_ignore_ascii_case("dum")) {
            continue;
        }
        let mut position = Vec3::zeros();
        for (k, at) in xyz.into_iter().enumerate() {
            if row[at].is_absent() {
                return Err(row[at].error("the position of this atom is not known").into());
            }
            position[k] = row[at].real("a fractional coordinate")?;
        }
        let element = element_of_label(row[symbol].text()).ok_or_else(|| -> Error {
            row[symbol]
                .error(format!("`{}` does not begin with the symbol of an element", row[symbol].text()))
                .into()
        })?;
        let stated = occupancy.map(|at| &row[at]).filter(|word| !word.is_absent());
        let fraction = stated.map_or(Ok(1.0), |word| word.real("an occupancy"))?;
        if !(0.0..=1.0 + 10.0 * FULL).contains(&fraction) {
            return Err(stated.unwrap_or(&row[symbol]).error("an occupancy lies between 0 and 1").into());
        }
        if fraction > 0.0 {
            rows.push(Row { element, fraction, position, place: stated.unwrap_or(&row[symbol]).clone() });
        }
    }
    Ok(rows)
}

fn cell(block: &Block) -> Result<Cell> {
    let value = |name: &str, expected: &str| {
        block
            .item(name)
            .ok_or_else(|| -> Error {
                block.head.error(format!("`{name}` is missing in this block")).into()
            })?
            .real(expected)
    };
    let mut lengths = [0.0; 3];
    let mut angles = [0.0; 3];
    for k in 0..3 {
        lengths[k] =
            value(["_cell_length_a", "_cell_length_b", "_cell_length_c"][k], "a length in angstrom")?;
        angles[k] =
            value(["_cell_angle_alpha", "_cell_angle_beta", "_cell_angle_gamma"][k], "an angle in degrees")?;
    }
    Cell::from_lengths_angles(lengths, angles)
        .map_err(|error| block.item("_cell_length_a").unwrap_or(&block.head).error(error.to_string()).into())
}

/// The operations listed under a name.
fn listed(
    block: &Block,
    name: &str,
    parse: fn(&str) -> Result<Operation, String>,
    example: &str,
) -> Result<Vec<Operation>> {
    let mut operations: Vec<Operation> = Vec::new();
    for word in block.column(name) {
        let operation = parse(word.text()).map_err(|message| -> Error {
            word.error(message).with_help(format!("expected an operation such as `{example}`")).into()
        })?;
        if !operations.contains(&operation) {
            operations.push(operation);
        }
    }
    if operations.len() > MOST_OPERATIONS {
        return Err(block
            .head
            .error(format!("{} symmetry operations: no space group has so many", operations.len()))
            .into());
    }
    Ok(operations)
}

/// The operations of a magnetic group: each of its list, followed by each of its centring.
fn magnetic(block: &Block) -> Result<Vec<Operation>> {
    let list = |name| listed(block, name, Operation::parse_magnetic, "-x, y+1/2, -z, -1");
    let operations = list("_space_group_symop_magn_operation_xyz")?;
    let centering = list("_space_group_symop_magn_centering_xyz")?;
    if centering.is_empty() {
        return Ok(operations);
    }
    Ok(centering.iter().flat_map(|after| operations.iter().map(|first| first.then(after))).collect())
}

/// The symmetry operations; a structure that names a space group without listing them is refused,
/// because a name leaves the choice of origin and axes open.
fn operations(block: &Block) -> Result<Vec<Operation>> {
    for name in ["_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz"] {
        let operations = listed(block, name, Operation::parse, "-x, y+1/2, -z")?;
        if !operations.is_empty() {
            return Ok(operations);
        }
    }
    let operations = magnetic(block)?;
    if !operations.is_empty() {
        return Ok(operations);
    }
    for name in [
        "_space_group_it_number",
        "_symmetry_int_tables_number",
        "_space_group_name_h-m_alt",
        "_symmetry_space_group_name_h-m",
        "_space_group_name_hall",
        "_symmetry_space_group_name_hall",
        "_space_group_magn_number_bns",
        "_space_group_magn_name_bns",
    ] {
        let Some(word) = block.item(name).filter(|word| !word.is_absent()) else { continue };
        let trivial = matches!(word.text().replace(' ', "").to_uppercase().as_str(), "1" | "P1" | "1.1");
        if !trivial {
            return Err(word
                .error(format!("space group `{}` without its symmetry operations", word.text()))
                .with_help("expected a list `_space_group_symop_operation_xyz`, which says what the name leaves open")
                .with_help("most programs write it on request; P 1 with all atoms listed is read as it is")
                .into());
        }
    }
    Ok(vec![Operation::identity()])
}

/// 192 operations in the largest space group, and room for supercells that list their translations.
const MOST_OPERATIONS: usize = 5184;
