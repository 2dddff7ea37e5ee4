//! Neuroevolution potentials, as GPUMD trains and writes them: `nep.txt`.
//!
//! A NEP (Z. Fan et al., J. Chem. Phys. 157, 114801 (2022), doi:10.1063/5.0106617; a network for each element: K. Song et
//! al., Nat. Commun. 15, 10208 (2024), doi:10.1038/s41467-024-54554-x) is a network on moments of the density of
//! neighbours, and every number it is made of is one of [`Moments`] times a constant:
//!
//! - Its functions of the distance are ½ (T_k(x) + 1) f_c(r), x = 2(1 − r/R)² − 1. Since T_k(2y² − 1) = T_2k(y), a sum of
//!   K + 1 of them is a series of 2K + 1 polynomials T_q(2r/R − 1), without anything left out.
//! - Spherical harmonics there have unit norm, so that products of two moments are (2l + 1)/4π times those of Racah's,
//!   and products of three √Π(2l + 1)/(4π)^(3/2) (l₁ l₂ l₃; 0 0 0) times those that are one for a single neighbour.
//!
//! With `_zbl` in its name a repulsion of nuclei belongs to it ([`Repulsion`]).
//!
//! So a NEP becomes a native potential, and runs, trains on and goes to devices like one. What a file does not hold is
//! the range of the descriptors it was trained on: `q_scaler` is the inverse of its width, not where it lies.

mod header;
mod moments;
mod products;

use crate::descriptors::{Moments, Scaling, ScalingKind, Statistics};
use crate::error::{Error, Result};
use crate::potential::model::{AtomicNetwork, DescriptorSet, NeuralModel, Output};
use crate::potential::network::{Activation, Layer, Network};
use crate::potential::repulsion::{Repulsion, RepulsionPair};
use crate::text::{Line, Lines};
use crate::units::FileUnits;
use header::{Ends, Header, Version};
use std::path::Path;

/// The name that such a file has in a folder.
pub(super) const FILE: &str = "nep.txt";

/// Numbers of the repulsion of a pair where they are listed: its two ends, and four terms of its screening function.
const LISTED: usize = 10;

/// Is this the beginning of such a file? `nep` and the number of the version.
pub(super) fn begins(bytes: &[u8]) -> bool {
    matches!(bytes, [b'n', b'e', b'p', version, ..] if version.is_ascii_digit())
}

/// Reads a `nep.txt`.
pub(super) fn read(path: &Path) -> Result<NeuralModel> {
    let mut lines = Lines::open(path)?;
    let header = Header::read(&mut lines)?;
    let mut numbers = Numbers { lines, line: None, at: 0 };
    let (inputs, species) = (header.inputs(), header.elements.len());
    let mut networks = Vec::new();
    for _ in 0..if header.version == Version::Shared { 1 } else { species } {
        let weights = numbers.take(header.neurons * inputs, "a weight of the first layer")?;
        let biases = numbers.take(header.neurons, "a bias of the first layer")?;
        let outputs = numbers.take(header.neurons, "a weight of the second layer")?;
        let extra = usize::from(header.version == Version::EachWithBias);
        let own = numbers.take(extra, "the bias of an element")?.iter().sum::<f64>();
        networks.push((weights, biases, outputs, own));
    }
    let bias = numbers.take(1, "the bias of all atoms")?[0];
    let radial = numbers.take(header.coefficients(0), "a coefficient of the radial functions")?;
    let angular = numbers.take(header.coefficients(1), "a coefficient of the angular functions")?;
    let scaler = numbers.take(inputs, "the scale of a descriptor")?;
    let repulsion = header.repulsion(&mut numbers)?;
    numbers.finish(&header)?;

    let order = header.order();
    let centers = (0..species).map(|center| header.center(center, &radial, &angular)).collect();
    let moments = Moments::new(header.elements.clone(), centers)
        .map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
    let atoms = (0..species).map(|center| {
        let (weights, biases, outputs, own) = &networks[if networks.len() == 1 { 0 } else { center }];
        let rows = weights.chunks_exact(inputs);
        let first = rows.flat_map(|row| order.iter().map(|(d, factor)| row[*d] * scaler[*d] * factor));
        let negative = |numbers: &[f64]| numbers.iter().map(|number| -number).collect();
        let layers = vec![
            Layer { weights: first.collect(), biases: negative(biases), activation: Activation::Tanh },
            Layer { weights: outputs.clone(), biases: vec![-bias - own], activation: Activation::Linear },
        ];
        let unknown = Statistics { min: f64::NEG_INFINITY, max: f64::INFINITY, mean: 0.0, spread: 0.0 };
        Ok(AtomicNetwork {
            scaling: Scaling::new(ScalingKind::None, [0.0, 1.0], vec![unknown; inputs])?,
            network: Network::new(inputs, layers, false)?,
            output: Output::default(),
        })
    });
    let member = atoms.collect::<Result<_>>()?;
    NeuralModel::new(FileUnits { energy: 1.0, length: 1.0 }, DescriptorSet::Moments(moments), vec![member])?
        .repelling(repulsion)
        .map_err(|error| Error::invalid(format!("{}: {error}", path.display())))
}

impl Header {
    /// The repulsion of nuclei, of which numbers may tell.
    fn repulsion(&self, numbers: &mut Numbers) -> Result<Option<Repulsion>> {
        Ok(match self.repulsion {
            Ends::Nowhere => None,
            Ends::Within([inner, outer]) => Some(Repulsion::universal(&self.elements, inner, outer)),
            Ends::Listed => {
                let all = numbers.take(LISTED * self.pairs(), "a number of the repulsion of nuclei")?;
                let mut repulsion = Repulsion::universal(&self.elements, 0.0, 0.0);
                for (pair, row) in repulsion.pairs.iter_mut().zip(all.chunks_exact(LISTED)) {
                    let screening = [2, 4, 6, 8].map(|at| [row[at], row[at + 1]]);
                    *pair = RepulsionPair { inner: row[0], outer: row[1], screening, ..*pair };
                }
                Some(repulsion)
            }
        })
    }
}

/// The numbers behind the header, usually one in a line.
struct Numbers {
    lines: Lines,
    line: Option<Line>,
    /// How many words of the line are read.
    at: usize,
}

impl Numbers {
    fn take(&mut self, count: usize, what: &str) -> Result<Vec<f64>> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let line = match self.line.take() {
                Some(line) => line,
                None => self.lines.expect_line(what)?,
            };
            let words = line.split();
            let rest = words.iter().skip(self.at).take(count - numbers.len());
            let before = numbers.len();
            for word in rest {
                numbers.push(word.real(what)?);
            }
            self.at += numbers.len() - before;
            if self.at < words.len() {
                self.line = Some(line);
            } else {
                self.at = 0;
            }
        }
        Ok(numbers)
    }

    /// Nothing is left.
    fn finish(mut self, header: &Header) -> Result<()> {
        let line = match self.line.take() {
            Some(line) => Some(line),
            None => loop {
                match self.lines.next_line()? {
                    Some(line) if line.is_blank() => {}
                    other => break other,
                }
            },
        };
        match line
            .as_ref()
            .and_then(|line| line.split().get(self.at).copied().map(|word| word.error("a number more")))
        {
            Some(error) => Err(error
                .with_help(format!("the first lines describe a potential of {} numbers", header.numbers()))
                .into()),
            None => Ok(()),
        }
    }
}
