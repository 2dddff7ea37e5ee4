//! The lines with words, before the numbers.

use super::LISTED;
use super::products::{Many, PRODUCTS};
use crate::error::{Error, Result};
use crate::system::Element;
use crate::text::{Line, Lines, Token};

/// How networks belong to elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// 3: one for all.
    Shared,
    /// 4: one for each element.
    Each,
    /// 5: one for each, with a constant of its own.
    EachWithBias,
}

/// How the repulsion of nuclei ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ends {
    /// There is none.
    Nowhere,
    /// Between these distances, Å, for all pairs, with the universal screening function.
    Within([f64; 2]),
    /// As the last numbers of the file say for each pair, with its screening function.
    Listed,
}

/// All before the numbers.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) version: Version,
    pub(super) elements: Vec<Element>,
    pub(super) repulsion: Ends,
    /// Radial and angular, Å.
    pub(super) cutoffs: [f64; 2],
    /// How many functions of the distance there are, radial and angular.
    pub(super) functions: [usize; 2],
    /// Of how many terms each is made.
    pub(super) terms: [usize; 2],
    /// The largest degree of products of two.
    pub(super) degree: usize,
    /// Products of more, in the order of the file.
    pub(super) products: Vec<Many>,
    pub(super) neurons: usize,
}

impl Header {
    pub(super) fn read(lines: &mut Lines) -> Result<Self> {
        let line = lines.expect_line("a first line such as `nep4 2 Li N`")?;
        let mut words = line.tokens();
        let (version, repels) = kind(words.expect("the kind of the potential")?)?;
        let count: usize = words.expect("the number of elements")?.integer("the number of elements")?;
        let symbols: Vec<_> = words.by_ref().collect();
        if count == 0 || symbols.len() != count {
            let message = format!("the number of elements is {count}, but there are {}", symbols.len());
            return Err(line.error(message).into());
        }
        let mut elements: Vec<Element> = Vec::with_capacity(count);
        for word in symbols {
            let element = word.text.parse().map_err(|error: Error| word.error(error.to_string()))?;
            if elements.contains(&element) {
                return Err(word.error(format!("{element} is there twice")).into());
            }
            elements.push(element);
        }
        let repulsion = if repels { ends(&keyword(lines, "zbl")?)? } else { Ends::Nowhere };
        let cutoffs = cutoffs(&keyword(lines, "cutoff")?, count)?;
        let functions = two_counts(&keyword(lines, "n_max")?, MOST)?;
        let terms = two_counts(&keyword(lines, "basis_size")?, MOST_TERMS)?.map(|terms| 2 * (terms - 1) + 1);
        let (degree, products) = invariants(&keyword(lines, "l_max")?)?;
        let line = keyword(lines, "ANN")?;
        let words = line.split();
        let neurons = bounded(words.get(1), &line, "the number of neurons", 1..=MOST)?;
        if words.len() != 3 || words[2].text != "0" {
            return Err(line.error("expected `ANN`, the number of neurons, and 0: one hidden layer").into());
        }
        Ok(Self { version, elements, repulsion, cutoffs, functions, terms, degree, products, neurons })
    }

    /// How many numbers describe an atom.
    pub(super) fn inputs(&self) -> usize {
        self.functions[0] + self.functions[1] * (self.degree + self.products.len())
    }

    /// Pairs of elements.
    pub(super) fn pairs(&self) -> usize {
        self.elements.len() * (self.elements.len() + 1) / 2
    }

    /// How many coefficients the radial or the angular functions of all pairs have.
    pub(super) fn coefficients(&self, part: usize) -> usize {
        self.functions[part] * (self.terms[part] / 2 + 1) * self.elements.len().pow(2)
    }

    /// How many numbers follow.
    pub(super) fn numbers(&self) -> usize {
        let (inputs, species) = (self.inputs(), self.elements.len());
        let network = (inputs + 2) * self.neurons;
        let networks = match self.version {
            Version::Shared => network,
            Version::Each => species * network,
            Version::EachWithBias => species * (network + 1),
        };
        let repulsion = if self.repulsion == Ends::Listed { LISTED * self.pairs() } else { 0 };
        networks + 1 + self.coefficients(0) + self.coefficients(1) + inputs + repulsion
    }
}

/// More of anything is a mistake.
const MOST: usize = 1 << 12;

/// The largest index of a term, of which there are at most 17 in GPUMD: twice as many and one are series that
/// [`Moments`](crate::descriptors::Moments) can have.
const MOST_TERMS: usize = 31;

/// Names of what the fields of `l_max` switch on, as complaints have them.
const SWITCHES: &str =
    "`l_max` with the largest degree of three-body terms and up to six switches of four- and five-body ones";

/// What the first word says, and whether nuclei repel each other.
fn kind(word: Token<'_>) -> Result<(Version, bool)> {
    let refuse = |what: &str| {
        let message = format!("`{}` {what}", word.text);
        Err(word.error(message).with_help("expected nep3, nep4 or nep5, with or without _zbl").into())
    };
    let plain = word.text.strip_suffix("_zbl");
    let repels = plain.is_some();
    match plain.unwrap_or(word.text) {
        "nep3" => Ok((Version::Shared, repels)),
        "nep4" => Ok((Version::Each, repels)),
        "nep5" => Ok((Version::EachWithBias, repels)),
        text if text.contains("dipole") || text.contains("polarizability") => {
            refuse("holds no energies of atoms")
        }
        text if text.contains("charge") || text.contains("vdw") => {
            refuse("adds long-range interactions, which mlmd does not have")
        }
        text if text.ends_with("_temperature") => refuse("depends on the temperature of electrons"),
        _ => refuse("is no kind of neuroevolution potential that mlmd knows"),
    }
}

/// The next line, which begins with a keyword.
fn keyword(lines: &mut Lines, name: &str) -> Result<Line> {
    let line = lines.expect_line(&format!("a line with `{name}`"))?;
    match line.tokens().next() {
        Some(word) if word.text == name => Ok(line),
        Some(word) => Err(word.error(format!("expected `{name}` here")).into()),
        None => Err(line.missing(&format!("`{name}`"))),
    }
}

/// `zbl` inner outer.
fn ends(line: &Line) -> Result<Ends> {
    let words = line.split();
    match words[1..] {
        [inner, outer] => {
            let [from, to] = [inner.real("a distance in angstrom")?, outer.real("a distance in angstrom")?];
            if [from, to] == [0.0; 2] {
                return Ok(Ends::Listed);
            }
            if !(0.0..to).contains(&from) {
                return Err(outer
                    .error("the repulsion ends farther out than it begins to be switched off")
                    .into());
            }
            Ok(Ends::Within([from, to]))
        }
        [_, _, factor] => Err(factor
            .error("ends of the repulsion at a multiple of covalent radii are not read by mlmd")
            .with_help("expected `zbl` and two distances")
            .into()),
        _ => Err(line
            .error("expected `zbl` and two distances, between which the repulsion is switched off")
            .into()),
    }
}

/// `cutoff` radial angular, and how many neighbours there may be, which does not matter here.
fn cutoffs(line: &Line, elements: usize) -> Result<[f64; 2]> {
    let words = line.split();
    if words.len() != 5 && words.len() != 2 * elements + 3 {
        let message =
            "expected `cutoff`, the radial and the angular one, and how many neighbours there are in each";
        return Err(line.error(message).into());
    }
    let mut cutoffs = [0.0; 2];
    for (at, word) in words[1..words.len() - 2].iter().enumerate() {
        let radius = word.real("a cutoff in angstrom")?;
        if radius <= 0.0 {
            return Err(word.error("a cutoff is positive").into());
        }
        if at >= 2 && radius != cutoffs[at % 2] {
            let message = format!(
                "another cutoff than {} angstrom: one for all elements is what mlmd reads",
                cutoffs[at % 2]
            );
            return Err(word.error(message).into());
        }
        cutoffs[at % 2] = radius;
    }
    Ok(cutoffs)
}

/// A keyword and the largest indices of the radial and of the angular functions or terms: one less than there are.
fn two_counts(line: &Line, most: usize) -> Result<[usize; 2]> {
    let words = line.split();
    if words.len() != 3 {
        return Err(line.error("expected two integers here, radial and angular").into());
    }
    let count =
        |at: usize| bounded(words.get(at), line, "a largest index", 0..=most).map(|largest| largest + 1);
    Ok([count(1)?, count(2)?])
}

/// The largest degree of products of two, and the products of more.
fn invariants(line: &Line) -> Result<(usize, Vec<Many>)> {
    let words = line.split();
    if !(2..=2 + PRODUCTS.len()).contains(&words.len()) {
        return Err(line.error(format!("expected {SWITCHES}")).into());
    }
    let degree = bounded(words.get(1), line, "the largest degree", 0..=MOST)?;
    let mut products = Vec::new();
    for (word, (product, _)) in words[2..].iter().zip(PRODUCTS) {
        // Written as 0 or 1, or as 0 or the degree.
        let on: usize = word.integer("0 where there are no such terms")?;
        let needed = if let Many::Three(degrees) = product { degrees[2] } else { 1 };
        if on != 0 && needed > degree {
            return Err(word.error(format!("terms of degree {needed}, but the largest is {degree}")).into());
        }
        if on != 0 {
            products.push(product);
        }
    }
    Ok((degree, products))
}

fn bounded(
    word: Option<&Token<'_>>,
    line: &Line,
    what: &str,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize> {
    let word = word.ok_or_else(|| line.missing(what))?;
    let value: usize = word.integer(what)?;
    if !range.contains(&value) {
        return Err(word
            .error(format!("{what} is {value}, expected {} to {}", range.start(), range.end()))
            .into());
    }
    Ok(value)
}
