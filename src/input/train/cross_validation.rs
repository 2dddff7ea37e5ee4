//! `[cross_validation]`: every part of the frames is predicted by a potential trained on the others.

use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{integer, text};

/// `[cross_validation]`.
#[derive(Debug, Clone)]
pub struct CrossValidation {
    /// How many parts, drawn by the seed from every `config_type`.
    pub folds: Option<usize>,
    /// The property of frames whose values are the parts.
    pub leave_out: Option<String>,
}

impl Table for CrossValidation {
    const ABOUT: &'static str = "Instead of one potential one for each part of the frames, trained on the others: errors that a random split does not flatter.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            folds: keys
                .key(
                    "folds",
                    integer().at_least(2).at_most(1000),
                    "So many parts, drawn by the seed from every config_type; 5 if neither key is given.",
                )
                .optional(5)?
                .map(|folds| folds as usize),
            leave_out: keys
                .key("leave_out", text(), "A part is all frames with the same value of this property.")
                .optional("config_type")?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        if self.folds.is_some() && self.leave_out.is_some() {
            let message = "`folds` and `leave_out` exclude each other";
            return Err(keys.error("leave_out", message).into());
        }
        Ok(())
    }
}
