//! The symmetry functions of aenet (`Behler2011`): G1 to G5 of Behler, doi:10.1063/1.3553717.
//!
//! aenet lists functions in any order, but its networks see them in the order of the elements they are
//! for: for each element its radial functions (G1, then G2), then those of its pairs with itself and with
//! all elements after it (G4, then G5).

use super::AenetRecord;
use super::file::{NAMED, PARAMETERS, Setup};
use crate::descriptors::{Angle, Cutoff, CutoffShape, Radial, SymmetryFunction, SymmetryFunctions};
use crate::error::{Error, Result};
use crate::system::Element;

/// How the functions of a file stand in the descriptor, which has an order of its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Orders {
    /// The number in the descriptor of each listed function.
    pub(super) listed: Vec<usize>,
    /// The input of aenet's network that each function of the descriptor is.
    pub(super) inputs: Vec<usize>,
}

/// Functions as a file lists them.
pub(super) struct Listed {
    pub(super) functions: Vec<Row>,
    /// The function of the descriptor that each input of aenet's network is.
    pub(super) inputs: Vec<usize>,
}

/// Kind, parameters and elements (numbers from 1) of a function.
type Row = (i64, [f64; PARAMETERS], [i64; NAMED]);

/// The symmetry functions of all elements.
pub(super) fn read(setups: &[&Setup]) -> Result<(SymmetryFunctions, Vec<Orders>)> {
    let environment = &setups[0].environment;
    for setup in setups {
        if !setup.basis.eq_ignore_ascii_case("behler2011") {
            return Err(Error::invalid(format!(
                "the basis of {} is `{}`: expected Chebyshev or Behler2011, the same for all elements",
                setup.element, setup.basis
            )));
        }
        if setup.environment != *environment {
            return Err(Error::invalid(format!(
                "the elements around {} are in another order than those around {}: which function is for which \
                 of them then depends on the order of elements in aenet's input",
                setup.element, setups[0].element
            )));
        }
    }
    let mut listed = Vec::with_capacity(setups.len());
    for setup in setups {
        let functions = setup.functions.iter().map(|row| function(row, environment));
        let functions = functions.collect::<Result<Vec<_>>>();
        listed.push(functions.map_err(|error| Error::invalid(format!("{}: {error}", setup.element)))?);
    }
    let elements = setups.iter().map(|setup| setup.element).collect();
    let set = SymmetryFunctions::new(elements, listed.clone())?;
    let orders = listed.iter().zip(setups).enumerate().map(|(center, (listed, setup))| {
        // Each listed function is found in the descriptor; equal ones one after the other.
        let mut free: Vec<bool> = vec![true; listed.len()];
        let mut places = Vec::with_capacity(listed.len());
        for function in listed {
            let same = |k: &usize| free[*k] && set.of(center)[*k].n2p2_order(function).is_eq();
            let place = (0..free.len())
                .find(same)
                .ok_or_else(|| Error::Internal(format!("a symmetry function was lost: {function:?}")))?;
            free[place] = false;
            places.push(place);
        }
        let mut inputs = vec![0; listed.len()];
        for (input, row) in network_order(&setup.functions).into_iter().enumerate() {
            inputs[places[row]] = input;
        }
        Ok(Orders { listed: places, inputs })
    });
    let orders = orders.collect::<Result<_>>()?;
    Ok((set, orders))
}

/// The numbers of the listed functions in the order in which aenet's network sees them.
fn network_order(rows: &[Row]) -> Vec<usize> {
    let key = |row: usize| {
        let (kind, _, [first, second]) = rows[row];
        if kind <= 3 { (first, 0, kind) } else { (first.min(second), first.max(second), kind) }
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| key(row));
    order
}

/// A row of the table as a symmetry function.
fn function((kind, parameters, named): &Row, environment: &[Element]) -> Result<SymmetryFunction> {
    let element = |number: i64| {
        let index = usize::try_from(number - 1).ok();
        index.and_then(|index| environment.get(index)).copied().ok_or_else(|| {
            Error::invalid(format!("a symmetry function is for element {number} of {}", environment.len()))
        })
    };
    let radius = parameters[0];
    let gaussian = |eta: f64, shift: f64| {
        let cutoff = Cutoff::new(CutoffShape::Cosine, radius, 0.0)?;
        Ok::<_, Error>(Radial::Gaussian { eta, shift, cutoff })
    };
    let function = match kind {
        1 => SymmetryFunction::Radial { of: Some(element(named[0])?), radial: gaussian(0.0, 0.0)? },
        2 => {
            let radial = gaussian(parameters[2], parameters[1])?;
            SymmetryFunction::Radial { of: Some(element(named[0])?), radial }
        }
        4 | 5 => {
            // A pair has no order: the descriptor has it by atomic number.
            let mut pair = [element(named[0])?, element(named[1])?];
            pair.sort();
            SymmetryFunction::Angular {
                of: Some(pair),
                radial: gaussian(parameters[3], 0.0)?,
                angle: Angle::Power { lambda: parameters[1], zeta: parameters[2] },
                narrow: *kind == 4,
            }
        }
        other => {
            return Err(Error::invalid(format!(
                "symmetry functions G{other} are not supported: expected G1, G2, G4 or G5"
            )));
        }
    };
    function.check()?;
    Ok(function)
}

/// The table of the functions of one element.
pub(super) fn write(functions: &[SymmetryFunction], record: &AenetRecord) -> Result<Listed> {
    let mut rows = Vec::with_capacity(functions.len());
    // What is not a permutation did not come from aenet.
    let mut sorted = record.order.clone();
    sorted.sort_unstable();
    let order: Vec<usize> = if sorted.iter().copied().eq(0..functions.len()) {
        record.order.clone()
    } else {
        (0..functions.len()).collect()
    };
    for &k in &order {
        rows.push(row(&functions[k], &record.environment)?);
    }
    let inputs = network_order(&rows).into_iter().map(|row| order[row]).collect();
    Ok(Listed { functions: rows, inputs })
}

fn row(function: &SymmetryFunction, environment: &[Element]) -> Result<Row> {
    let unknown = || {
        Error::invalid(
            "this potential cannot be written for aenet, whose symmetry functions are Gaussians with the cosine as cutoff function, \
             without inner radius, each for one element or pair of elements: one of this potential is not",
        )
    };
    let number = |element: Element| {
        let place = environment.iter().position(|known| *known == element);
        place.map(|place| place as i64 + 1).ok_or_else(unknown)
    };
    let Radial::Gaussian { eta, shift, cutoff } = *function.radial() else { return Err(unknown()) };
    if cutoff.shape != CutoffShape::Cosine || cutoff.inner != 0.0 {
        return Err(unknown());
    }
    match *function {
        SymmetryFunction::Radial { of: Some(of), .. } if eta == 0.0 && shift == 0.0 => {
            Ok((1, [cutoff.radius, 0.0, 0.0, 0.0], [number(of)?, 0]))
        }
        SymmetryFunction::Radial { of: Some(of), .. } => {
            Ok((2, [cutoff.radius, shift, eta, 0.0], [number(of)?, 0]))
        }
        SymmetryFunction::Angular {
            of: Some([a, b]), angle: Angle::Power { lambda, zeta }, narrow, ..
        } if shift == 0.0 => {
            let kind = if narrow { 4 } else { 5 };
            let (a, b) = (number(a)?, number(b)?);
            Ok((kind, [cutoff.radius, lambda, zeta, eta], [a.min(b), a.max(b)]))
        }
        _ => Err(unknown()),
    }
}
