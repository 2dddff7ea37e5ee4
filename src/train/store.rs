//! Descriptors of all frames, with as many Jacobians as a bound on memory allows; the others are made
//! anew whenever they are asked for, which takes time instead of memory and gives the same bits.

use super::features::{self, FrameFeatures};
use crate::descriptors::Scaling;
use crate::error::Result;
use crate::io::Frame;
use crate::potential::DescriptorSet;
use std::borrow::Cow;

/// The features of all frames of a training.
#[derive(Debug, Clone, Default)]
pub struct Store {
    frames: Vec<FrameFeatures>,
    recipe: Option<Recipe>,
}

/// What it takes to make a Jacobian again.
#[derive(Debug, Clone)]
struct Recipe {
    set: DescriptorSet,
    /// The frames whose Jacobians are not held.
    sources: Vec<Option<Frame>>,
    kept: Option<Vec<Vec<usize>>>,
    scalings: Vec<Scaling>,
}

impl Store {
    /// Features that are all held.
    pub fn held(frames: Vec<FrameFeatures>) -> Self {
        Self { frames, recipe: None }
    }

    /// Descriptors of `frames`, and with `derivatives` their Jacobians, of which no more than `most` bytes
    /// are held: those of the first frames. `estimated` is what all would take; `done` is told
    /// after each, and may end it with an error.
    pub fn compute(
        set: &DescriptorSet,
        frames: &[&Frame],
        derivatives: bool,
        (estimated, most): (usize, usize),
        done: &(dyn Fn() -> Result<()> + Sync),
    ) -> Result<Self> {
        let held = if derivatives && estimated > most {
            (frames.len() as f64 * most as f64 / estimated as f64) as usize
        } else {
            frames.len()
        };
        let mut all = features::compute(set, &frames[..held], derivatives, done)?;
        all.extend(features::compute(set, &frames[held..], false, done)?);
        let mut store = Self { frames: all, recipe: None };
        // The estimate is from a few frames; the bound is kept exactly.
        let mut sizes: Vec<usize> = store.frames.iter().map(FrameFeatures::memory).collect();
        let mut total: usize = sizes[..held].iter().sum();
        let mut place = held;
        while derivatives && total > most && place > 0 {
            place -= 1;
            total -= sizes[place];
            store.frames[place].forget_jacobian();
            sizes[place] = 0;
        }
        if place < frames.len() && derivatives {
            let source = |(k, frame): (usize, &&Frame)| (k >= place).then(|| (*frame).clone());
            let sources = frames.iter().enumerate().map(source).collect();
            store.recipe = Some(Recipe { set: set.clone(), sources, kept: None, scalings: Vec::new() });
        }
        Ok(store)
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How many frames have their Jacobian in memory, or need none.
    pub fn in_memory(&self) -> usize {
        let missing = |recipe: &Recipe| recipe.sources.iter().filter(|s| s.is_some()).count();
        self.frames.len() - self.recipe.as_ref().map_or(0, missing)
    }

    /// The features of a frame; the Jacobian may be missing.
    pub fn values(&self, frame: usize) -> &FrameFeatures {
        &self.frames[frame]
    }

    /// The features of a frame with its Jacobian.
    pub fn frame(&self, frame: usize) -> Cow<'_, FrameFeatures> {
        let Some(recipe) = &self.recipe else { return Cow::Borrowed(&self.frames[frame]) };
        let Some(source) = &recipe.sources[frame] else { return Cow::Borrowed(&self.frames[frame]) };
        let made = features::compute(&recipe.set, &[source], true, &|| Ok(()));
        let mut made = made.expect("the descriptors of this frame were computed before");
        let mut features = made.pop().expect("one frame gives one set of features");
        for atom in &mut features.atoms {
            if let Some(kept) = &recipe.kept {
                atom.keep(&kept[atom.species]);
            }
            if let Some(scaling) = recipe.scalings.get(atom.species) {
                atom.scale(scaling);
            }
        }
        Cow::Owned(features)
    }

    /// Leaves only these descriptors of each species. To be called before [`Store::scale`].
    pub fn keep(&mut self, kept: &[Vec<usize>]) {
        for atom in self.frames.iter_mut().flat_map(|frame| &mut frame.atoms) {
            atom.keep(&kept[atom.species]);
        }
        if let Some(recipe) = &mut self.recipe {
            recipe.kept = Some(kept.to_vec());
        }
    }

    /// Scales the descriptors of each species.
    pub fn scale(&mut self, scalings: &[Scaling]) {
        for atom in self.frames.iter_mut().flat_map(|frame| &mut frame.atoms) {
            atom.scale(&scalings[atom.species]);
        }
        if let Some(recipe) = &mut self.recipe {
            recipe.scalings = scalings.to_vec();
        }
    }
}
