//! Expansions (moments, Artrith–Urban–Ceder) as kernels want them.

use super::kernel::Constants;
use super::tables::{Tables, cutoff_numbers};
use crate::descriptors::{Angles, Part, Plan};
use crate::error::{Error, Result};

/// The kernels' constants and tables for one central species.
pub(super) struct Expansion {
    pub(super) constants: Constants,
    pub(super) tables: Tables,
    /// How many numbers are kept of an atom between values and derivatives.
    pub(super) kept: usize,
    /// How far angular sums reach, Å.
    pub(super) near: f64,
}

/// Stands for no function of the basis.
const NONE: u32 = 255;

impl Expansion {
    /// Translates the plan of a species whose neighbours are of `species` species; `memory` is how many bytes a
    /// workgroup may share.
    pub(super) fn new(plan: &Plan, species: usize, memory: usize) -> Result<Self> {
        let (mut constants, mut tables) = (Constants::default(), Tables::default());
        constants.count("SPECIES", species).count("LENGTH", plan.order.len());
        let radial = functions("RADIAL", &plan.radial, &mut constants, &mut tables);
        let at_order = tables.here();
        plan.order.iter().for_each(|place| tables.count(*place));
        constants.count("AT_ORDER", at_order);
        constants.count("RADIAL_FUNCTIONS", plan.radial.functions);
        constants.count("RADIAL_SUMS", species * plan.radial.terms);
        constants.choice("ANGULAR", plan.angular.is_some());

        let Some((part, invariants)) = &plan.angular else {
            absent(&mut constants);
            let chunk = chunk_of(memory, radial.terms + 1, 2 * species * radial.terms)?;
            sizes(&mut constants, chunk, radial.terms, 1, 1);
            return Ok(Self { constants, tables, kept: 0, near: 0.0 });
        };
        let angular = functions("ANGULAR", part, &mut constants, &mut tables);
        let (functions, degree) = (invariants.functions, invariants.degree);
        let count = (degree + 1) * (degree + 1);
        constants.count("FUNCTIONS", functions).count("DEGREE", degree).count("COUNT", count);
        constants.count("SUMS", functions * count);
        constants.choice("DISTINCT", invariants.distinct);

        let at_degrees = tables.here();
        (0..=degree).for_each(|l| (0..=2 * l).for_each(|_| tables.count(l)));
        let at_recursion = recursion(degree, &mut tables);
        constants.count("AT_DEGREES", at_degrees).count("AT_RECURSION", at_recursion);

        let at_pairs = tables.here();
        for (q, p) in &invariants.pairs {
            tables.count(*q);
            tables.count(*p);
        }
        let at_pair_of = tables.here();
        for q in 0..functions {
            for p in 0..functions {
                let pair = invariants.pairs.iter().position(|pair| *pair == (q.min(p), q.max(p)));
                tables.words.push(pair.map_or(u32::MAX, |pair| pair as u32));
            }
        }
        constants.count("AT_PAIRS", at_pairs).count("AT_PAIR_OF", at_pair_of);
        let (chebyshev, first, angles) = match &invariants.angles {
            Angles::Legendre(first) => (false, *first, degree + 1 - first),
            Angles::Chebyshev(rows) => (true, 0, rows.len()),
        };
        let at_angles = match &invariants.angles {
            Angles::Legendre(_) => 0,
            Angles::Chebyshev(rows) => tables.reals(rows.iter().flatten().copied()),
        };
        constants.choice("CHEBYSHEV", chebyshev).count("FIRST_ANGLE", first).count("ANGLES", angles);
        constants.count("AT_ANGLES", at_angles);
        let pairs = invariants.pairs.len();
        constants.count("PAIRS", pairs).count("PAIR_WEIGHTS", pairs * (degree + 1));

        // Products as they are, and by the harmonic they are differentiated by.
        let mut slopes: Vec<Vec<(usize, [u32; 4], f64)>> = vec![Vec::new(); count];
        for (index, product) in invariants.products.iter().enumerate() {
            for (c, places) in product.terms() {
                for (f, place) in places.iter().enumerate() {
                    let mut others = [NONE; 4];
                    let rest = places.iter().enumerate().filter(|(other, _)| *other != f);
                    others.iter_mut().zip(rest).for_each(|(to, (_, other))| *to = *other);
                    slopes[*place as usize].push((index, others, c));
                }
            }
        }
        let products: Vec<Vec<_>> = invariants.products.iter().map(|p| p.terms().collect()).collect();
        let [starts, entries] = tables.lists(&products, |tables, (c, places)| {
            let mut all = [NONE; 4];
            all.iter_mut().zip(*places).for_each(|(to, place)| *to = *place);
            tables.words.push(packed(all));
            tables.real(*c);
        });
        constants.count("PRODUCTS", products.len());
        constants.count("AT_PRODUCT_STARTS", starts).count("AT_PRODUCTS", entries);
        let [starts, entries] = tables.lists(&slopes, |tables, (product, others, c)| {
            tables.count(*product);
            tables.words.push(packed(*others));
            tables.real(*c);
        });
        constants.count("AT_SLOPE_STARTS", starts).count("AT_SLOPES", entries);
        constants.count("SPECIES_SLOPES", species * angular.rows * count);
        constants.count("SPECIES_TOUCH", species * angular.rows * angular.rows);

        // What both kernels share whatever the size of a chunk, in words, and what a chunk takes a neighbour.
        let fixed = species * radial.terms + functions * count + pairs;
        let back = plan.order.len()
            + 2 * functions * count
            + pairs * (degree + 2)
            + species * angular.rows * (count + angular.rows)
            + species * radial.terms
            + 576;
        if 4 * back > memory {
            return Err(too_large(4 * back, memory));
        }
        let chunk = chunk_of(memory, 1 + radial.terms + functions + count, fixed)?;
        sizes(&mut constants, chunk, radial.terms, functions, count);
        Ok(Self { constants, tables, kept: functions * count, near: part.cutoff.radius })
    }
}

/// The recursion of the real spherical harmonics after Racah, C_l,±m = q_lm(z) Re, Im (x + iy)^m: for each m first
/// q_mm, then for l from m on the factors in q_(l+1),m = α z q_lm − β q_(l−1),m. Says where it stands.
fn recursion(degree: usize, tables: &mut Tables) -> usize {
    let here = tables.here();
    // q_mm = √(2/(2m)!) (2m − 1)!!, without the √2 for m = 0.
    let mut first = 1.0;
    for m in 0..=degree {
        tables.real(if m == 0 { 1.0 } else { first * 2.0_f64.sqrt() });
        for l in m..=degree {
            let next = (((l + 1 - m) * (l + 1 + m)) as f64).sqrt();
            tables.reals([(2 * l + 1) as f64 / next, (((l - m) * (l + m)) as f64).sqrt() / next]);
        }
        first *= ((2 * m + 1) as f64 / (2 * m + 2) as f64).sqrt();
    }
    here
}

/// How many functions a part has.
struct Shape {
    rows: usize,
    terms: usize,
}

/// Weights and series of a part.
fn functions(name: &str, part: &Part, constants: &mut Constants, tables: &mut Tables) -> Shape {
    let rows = part.species.first().map_or(1, |local| local.rows);
    let channels = part.functions / rows;
    let at_weights = tables.here();
    for local in &part.species {
        let mut weights = vec![0.0; channels];
        for (first, weight) in &local.targets {
            weights[first / rows] += weight;
        }
        tables.reals(weights);
    }
    let at_series = tables.here();
    for local in &part.species {
        tables.reals(part.series(local)[0].iter().copied());
    }
    let (shape, start, scale) = cutoff_numbers(&part.cutoff);
    constants
        .count(&format!("{name}_ROWS"), rows)
        .count(&format!("{name}_TERMS"), part.terms)
        .count(&format!("{name}_CHANNELS"), channels)
        .count(&format!("AT_{name}_WEIGHTS"), at_weights)
        .count(&format!("AT_{name}_SERIES"), at_series)
        .count(&format!("{name}_SHAPE"), shape)
        .real(&format!("{name}_RADIUS"), part.cutoff.radius)
        .real(&format!("{name}_START"), start)
        .real(&format!("{name}_SCALE"), scale);
    Shape { rows, terms: part.terms }
}

/// Constants for kernels that have no angular part, so that they compile.
fn absent(constants: &mut Constants) {
    for name in ["ROWS", "TERMS", "CHANNELS"] {
        constants.count(&format!("ANGULAR_{name}"), 1);
    }
    constants.count("AT_ANGULAR_WEIGHTS", 0).count("AT_ANGULAR_SERIES", 0).count("ANGULAR_SHAPE", 0);
    constants.real("ANGULAR_RADIUS", 1.0).real("ANGULAR_START", 0.0).real("ANGULAR_SCALE", 1.0);
    for name in
        ["FUNCTIONS", "COUNT", "SUMS", "PAIRS", "ANGLES", "PAIR_WEIGHTS", "SPECIES_SLOPES", "SPECIES_TOUCH"]
    {
        constants.count(name, 1);
    }
    for name in [
        "DEGREE",
        "FIRST_ANGLE",
        "PRODUCTS",
        "AT_DEGREES",
        "AT_RECURSION",
        "AT_PAIRS",
        "AT_PAIR_OF",
        "AT_ANGLES",
        "AT_PRODUCT_STARTS",
        "AT_PRODUCTS",
        "AT_SLOPE_STARTS",
        "AT_SLOPES",
    ] {
        constants.count(name, 0);
    }
    constants.choice("DISTINCT", false).choice("CHEBYSHEV", false);
}

/// The largest number of neighbours that can be taken at once.
fn chunk_of(memory: usize, each: usize, fixed: usize) -> Result<usize> {
    [64, 32, 16, 8, 4]
        .into_iter()
        .find(|chunk| 4 * (chunk * each + fixed) <= memory)
        .ok_or_else(|| too_large(4 * (4 * each + fixed), memory))
}

fn too_large(needed: usize, memory: usize) -> Error {
    Error::Device(format!(
        "the descriptor needs {needed} bytes that a workgroup of the device shares, of which there are {memory}"
    ))
}

fn sizes(constants: &mut Constants, chunk: usize, terms: usize, functions: usize, count: usize) {
    constants
        .count("CHUNK", chunk)
        .count("CHUNK_TERMS", chunk * terms)
        .count("CHUNK_FUNCTIONS", chunk * functions)
        .count("CHUNK_COUNT", chunk * count);
}

/// Four small numbers in a word.
fn packed(places: [u32; 4]) -> u32 {
    places.iter().enumerate().map(|(k, place)| place << (8 * k)).sum()
}
