//! The state of a training in a file: a line of JSON, the arrays as little-endian numbers, and the SHA-256
//! of all before it. Written under another name, then renamed: a kill leaves the one before.

use super::loss::Errors;
use crate::error::{Error, Result};
use crate::io;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// What is known after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Epochs done.
    pub epoch: u64,
    /// Loss over the frames that train, with the decay.
    pub loss: f64,
    /// Errors of the frames that train.
    pub train: Errors,
    /// Loss over the frames that validate.
    pub validation_loss: f64,
    /// Errors of the frames that validate.
    pub validation: Errors,
    /// Seconds since the training began, interruptions not counted.
    pub seconds: f64,
}

/// All that the rest of the training of one member of a committee depends on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// What the training was asked for: another request must not go on from here.
    pub request: String,
    /// Which member of the committee this is.
    pub member: usize,
    /// Its learning curve so far.
    pub curve: Vec<CurvePoint>,
    /// Its best validation loss so far.
    pub best_loss: f64,
    /// The epoch of that.
    pub best_epoch: u64,
    /// Has it come to its end?
    pub finished: bool,
    /// θ now.
    pub theta: Vec<f64>,
    /// θ of the best epoch.
    pub best: Vec<f64>,
    /// What the optimiser remembers.
    pub optimizer: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    magic: String,
    request: String,
    member: usize,
    curve: Vec<CurvePoint>,
    best_loss: Option<f64>,
    best_epoch: u64,
    finished: bool,
    lengths: [usize; 3],
}

const MAGIC: &str = "mlmd training 2";

impl Checkpoint {
    /// A member that begins with these parameters.
    pub fn begin(request: &str, member: usize, theta: Vec<f64>) -> Self {
        Self {
            request: request.to_string(),
            member,
            best_loss: f64::INFINITY,
            best: theta.clone(),
            theta,
            ..Self::default()
        }
    }

    /// Writes the checkpoint.
    pub fn write(&self, path: &Path) -> Result<()> {
        let arrays = [&self.theta, &self.best, &self.optimizer];
        let header = Header {
            magic: MAGIC.into(),
            request: self.request.clone(),
            member: self.member,
            curve: self.curve.clone(),
            best_loss: self.best_loss.is_finite().then_some(self.best_loss),
            best_epoch: self.best_epoch,
            finished: self.finished,
            lengths: arrays.map(Vec::len),
        };
        let mut bytes = serde_json::to_vec(&header).map_err(|e| Error::Internal(e.to_string()))?;
        bytes.push(b'\n');
        for x in arrays.into_iter().flatten() {
            bytes.extend_from_slice(&x.to_le_bytes());
        }
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        io::replace(path, bytes)
    }

    /// Reads a checkpoint, if there is one.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let Some(bytes) = io::read_if_there(path)? else { return Ok(None) };
        Self::parse(&bytes).map(Some).ok_or_else(|| {
            Error::invalid(format!(
                "{}: this checkpoint is damaged or was written by another version; `--restart fresh` begins anew",
                path.display()
            ))
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        if Sha256::digest(body)[..] != *hash {
            return None;
        }
        let end = body.iter().position(|b| *b == b'\n')?;
        let header: Header =
            serde_json::from_slice(&body[..end]).ok().filter(|h: &Header| h.magic == MAGIC)?;
        let (numbers, rest) = body[end + 1..].as_chunks::<8>();
        let mut numbers = numbers.iter().map(|b| f64::from_le_bytes(*b));
        let total: usize = header.lengths.iter().sum();
        if !rest.is_empty() || numbers.len() != total {
            return None;
        }
        let [theta, best, optimizer] = header.lengths.map(|n| numbers.by_ref().take(n).collect());
        Some(Self {
            request: header.request,
            member: header.member,
            curve: header.curve,
            best_loss: header.best_loss.unwrap_or(f64::INFINITY),
            best_epoch: header.best_epoch,
            finished: header.finished,
            theta,
            best,
            optimizer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_written_is_read_back_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        assert_eq!(Checkpoint::read(&path).unwrap(), None);
        let made = Checkpoint {
            request: "x\ny".into(),
            best_loss: f64::INFINITY,
            theta: vec![0.1, -0.0, 1e-310],
            optimizer: vec![f64::MAX],
            ..Checkpoint::default()
        };
        made.write(&path).unwrap();
        assert_eq!(Checkpoint::read(&path).unwrap(), Some(made));
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(Checkpoint::read(&path).unwrap_err().to_string().contains("damaged"));
    }
}
