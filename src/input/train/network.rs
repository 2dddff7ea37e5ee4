//! `[network]`: what turns descriptors into energies.

use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{integer, list, word};
use crate::potential::Activation;

/// `[network]`.
#[derive(Debug, Clone)]
pub struct NetworkTable {
    /// Neurons of the hidden layers.
    pub hidden: Vec<usize>,
    /// What a hidden neuron does.
    pub activation: Activation,
    /// Were these written, rather than left to be what they are?
    pub shaped: bool,
    /// How many networks are trained, of which the potential is the mean; none: one, or as many as the potential of
    /// `[transfer]` has.
    pub members: Option<usize>,
}

impl Table for NetworkTable {
    const ABOUT: &'static str = "One network for each element.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        const ACTIVATIONS: &[(&str, Activation)] = &[
            ("tanh", Activation::Tanh),
            ("logistic", Activation::Logistic),
            ("softplus", Activation::Softplus),
            ("scaled-tanh", Activation::ScaledTanh),
            ("twisted-tanh", Activation::TwistedTanh),
        ];
        let shaped = keys.has("hidden") || keys.has("activation");
        let hidden = keys
            .key("hidden", list(integer().at_least(1).at_most(1000)), "Neurons of the hidden layers.")
            .default([40, 40])?;
        Ok(Self {
            hidden: hidden.into_iter().map(|n| n as usize).collect(),
            activation: keys
                .key("activation", word(ACTIVATIONS), "What a hidden neuron does with its sum. `softplus` goes on straight where `tanh` is flat, and errs less on surroundings that are rare.")
                .default("softplus")?,
            members: keys
                .key(
                    "members",
                    integer().at_least(1).at_most(64),
                    "A committee of so many; the potential is their mean. 1 if absent, with [transfer] as many as that potential has.",
                )
                .optional(4)?
                .map(|members| members as usize),
            shaped,
        })
    }
}
