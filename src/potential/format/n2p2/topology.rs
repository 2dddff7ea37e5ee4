//! Widths and activation functions of the networks, as `input.nn` describes them.
//!
//! The keywords per element have changed their meaning between versions of n2p2 (and the present one
//! reads them in part only), so a description can mean several networks. The number of weights in the
//! file decides between them.

use super::function::element;
use super::keywords::{Keyword, Keywords};
use crate::error::Result;
use crate::potential::network::Activation;
use crate::system::Element;

/// One element's network without its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topology {
    /// Neurons of each layer after the input; the last is 1.
    pub(super) widths: Vec<usize>,
    /// One per layer after the input.
    pub(super) activations: Vec<Activation>,
}

impl Topology {
    /// How many weights and biases a network on `inputs` numbers has; `None` if more than memory can hold.
    pub(super) fn parameters(&self, inputs: usize) -> Option<usize> {
        let mut below = inputs;
        let mut sum = 0_usize;
        for &width in &self.widths {
            sum = sum.checked_add(below.checked_add(1)?.checked_mul(width)?)?;
            below = width;
        }
        Some(sum)
    }

    /// Such as `72-25-25-1`.
    pub(super) fn describe(&self, inputs: usize) -> String {
        let widths: Vec<_> = std::iter::once(&inputs).chain(&self.widths).map(ToString::to_string).collect();
        widths.join("-")
    }
}

/// What the networks of `center` can be, the likeliest first; there is at least one.
pub(super) fn read(keywords: &Keywords, center: Element, known: &[Element]) -> Result<Vec<Topology>> {
    let of_element = |name| -> Result<Option<&Keyword>> {
        let mut found = None;
        for keyword in keywords.all(name) {
            if element(keyword, 0, known)? == center {
                found = Some(keyword);
            }
        }
        Ok(found)
    };
    let global = keywords.find("global_hidden_layers_short").map(|k| count(k, 0)).transpose()?;
    let own = of_element("element_hidden_layers_short")?.map(|k| count(k, 1)).transpose()?;
    let Some(hidden) = own.or(global) else {
        return Err(keywords.error(format!(
            "the number of hidden layers is missing for {center}: expected `global_hidden_layers_short`"
        )));
    };
    // Global nodes and functions are for networks as deep as the global one.
    let (mut nodes, mut functions) = (None, None);
    if global == Some(hidden) {
        if let Some(keyword) = keywords.find("global_nodes_short") {
            nodes = Some(counts(keyword, 0, hidden)?);
        }
        if let Some(keyword) = keywords.find("global_activation_short") {
            functions = Some(letters(keyword, 0, hidden + 1)?);
        }
    }
    if let Some(keyword) = of_element("element_activation_short")? {
        let mut own = letters(keyword, 1, hidden + 1)?;
        // n2p2 reads the letters of the hidden layers only; that of the output is the global one.
        if let Some(global) = &functions {
            own[hidden] = global[hidden];
        }
        functions = Some(own);
    }
    let missing = |what: &str| keywords.error(format!("`{what}` is missing for the network of {center}"));
    let activations = functions.ok_or_else(|| missing("global_activation_short"))?;
    let mut candidates = Vec::new();
    let mut push = |mut widths: Vec<usize>| {
        widths.push(1);
        let topology = Topology { widths, activations: activations.clone() };
        if !candidates.contains(&topology) {
            candidates.push(topology);
        }
    };
    match (of_element("element_nodes_short")?, nodes) {
        (None, Some(global)) => push(global),
        (None, None) => return Err(missing("global_nodes_short")),
        (Some(_), global) => {
            for keyword in keywords.all("element_nodes_short") {
                if element(keyword, 0, known)? != center {
                    continue;
                }
                let values = keyword.values();
                if values.len() == hidden + 1 {
                    // `El n1 n2 ...`: one width per hidden layer, of which n2p2 2.3 uses all but the last.
                    let all = counts(keyword, 1, hidden)?;
                    push(all.clone());
                    if let Some(global) = &global {
                        let mut but_last = all;
                        but_last[hidden - 1] = global[hidden - 1];
                        push(but_last);
                    }
                }
            }
            if let Some(widths) =
                global.and_then(|widths| layer_by_layer(keywords, center, known, widths).transpose())
            {
                push(widths?);
            }
            if candidates.is_empty() {
                let keyword = of_element("element_nodes_short")?;
                return Err(keyword.map_or_else(
                    || missing("element_nodes_short"),
                    |k| k.error(format!("expected {hidden} numbers of neurons after the element")).into(),
                ));
            }
        }
    }
    Ok(candidates)
}

/// `El layer n`: one layer a line, as RuNNer and n2p2 before 2.3 have it; `None` if the lines are not so.
fn layer_by_layer(
    keywords: &Keywords,
    center: Element,
    known: &[Element],
    mut widths: Vec<usize>,
) -> Result<Option<Vec<usize>>> {
    for keyword in keywords.all("element_nodes_short") {
        if element(keyword, 0, known)? == center {
            let layer: usize = keyword.value(1, "a number")?.integer("the number of a hidden layer")?;
            let place = layer.checked_sub(1).and_then(|index| widths.get_mut(index));
            let (Some(place), 3) = (place, keyword.values().len()) else { return Ok(None) };
            *place = count(keyword, 2)?;
        }
    }
    Ok(Some(widths))
}

/// The positive number that is the `index`-th word of a keyword.
fn count(keyword: &Keyword, index: usize) -> Result<usize> {
    let word = keyword.value(index, "a number")?;
    let value: u16 = word.integer("a number of layers or neurons, up to 65535")?;
    if value == 0 {
        return Err(word.error("must not be zero").into());
    }
    Ok(usize::from(value))
}

/// The words from the `skip`-th on as positive numbers; there must be `expected` of them.
fn counts(keyword: &Keyword, skip: usize, expected: usize) -> Result<Vec<usize>> {
    check_length(keyword, skip, expected)?;
    (skip..skip + expected).map(|index| count(keyword, index)).collect()
}

/// The words from the `skip`-th on as activation functions; there must be `expected` of them.
fn letters(keyword: &Keyword, skip: usize, expected: usize) -> Result<Vec<Activation>> {
    check_length(keyword, skip, expected)?;
    keyword.values()[skip..]
        .iter()
        .map(|word| {
            let mut letters = word.text.chars();
            let letter = letters.next().and_then(Activation::from_letter);
            letter.filter(|_| letters.next().is_none()).ok_or_else(|| {
                word.error(format!("`{}` is not an activation function", word.text))
                    .with_help("expected one of l t s p r g c S e h for each hidden layer and the output")
                    .into()
            })
        })
        .collect()
}

fn check_length(keyword: &Keyword, skip: usize, expected: usize) -> Result<()> {
    let given = keyword.values().len().saturating_sub(skip);
    if given == expected {
        return Ok(());
    }
    Err(keyword
        .error(format!("{given} values, but {expected} are expected"))
        .with_help("one per hidden layer, and for activation functions one more for the output")
        .into())
}
