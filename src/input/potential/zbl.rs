//! `[potential.zbl]`.

use crate::error::Result;
use crate::input::keys::{Keys, Table};
use crate::input::kind::{length, number};
use crate::potential::{Zbl, ZblReach};
use crate::system::Element;

/// `[potential.zbl]`: the repulsion of nuclei between all elements that there are.
#[derive(Debug, Clone, PartialEq)]
pub struct ZblTable {
    factor: f64,
    inner: Option<f64>,
    outer: Option<f64>,
}

impl ZblTable {
    /// The repulsion between atoms of these elements.
    pub fn build(&self, elements: &[Element]) -> Result<Zbl> {
        let reach = match (self.inner, self.outer) {
            (Some(inner), Some(outer)) => ZblReach::Fixed { inner, outer },
            _ => ZblReach::CovalentRadii(self.factor),
        };
        Zbl::new(elements, reach)
    }
}

impl Table for ZblTable {
    const ABOUT: &'static str = "Repulsion of nuclei at short distances (Ziegler, Biersack, Littmark), added to what \
        else there is.";

    fn read(keys: &mut Keys<'_>) -> Result<Self> {
        Ok(Self {
            factor: keys
                .key(
                    "factor",
                    number().between(0.1, 2.0),
                    "Ends at this factor times the sum of the covalent radii; smoothed from half of that on.",
                )
                .default(0.7)?,
            inner: keys
                .key(
                    "inner",
                    length().positive(),
                    "Where smoothing begins, instead of `factor`; together with `outer`.",
                )
                .optional("1 angstrom")?,
            outer: keys
                .key(
                    "outer",
                    length().positive(),
                    "Where the repulsion ends, instead of `factor`; together with `inner`.",
                )
                .optional("2 angstrom")?,
        })
    }

    fn check(&self, keys: &Keys<'_>) -> Result<()> {
        match (self.inner, self.outer) {
            (Some(inner), Some(outer)) if inner >= outer => {
                Err(keys.error("inner", "smoothing begins beyond the end of the repulsion").into())
            }
            (Some(_), Some(_)) if keys.has("factor") => Err(keys
                .error("factor", "`factor` and `inner`, `outer` exclude each other")
                .with_help("remove one of the two")
                .into()),
            (Some(_), None) => Err(keys.error("inner", "`outer` is missing").into()),
            (None, Some(_)) => Err(keys.error("outer", "`inner` is missing").into()),
            _ => Ok(()),
        }
    }
}
