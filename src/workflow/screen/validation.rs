//! How well models predict whom they have not seen: a family of candidates is left out at a time.

use super::model::{Kind, Known, Model};
use crate::random::{Philox, Purpose};
use rayon::prelude::*;

/// Predictions for groups that were left out, one at a time, by every kind of model.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// What was left out.
    pub groups: Groups,
    /// How many groups.
    pub count: usize,
    /// The root mean square error of the mean of the others: what knowing nothing gives.
    pub trivial: f64,
    /// The kinds of models, as far as enough is known for them.
    pub checks: Vec<Check>,
}

/// What is left out at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// Those that have the same text in a column.
    Column(String),
    /// One candidate.
    Candidates,
    /// A random part of all candidates.
    Parts,
}

/// How well one kind of model predicts.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Which kind.
    pub kind: Kind,
    /// Root mean square error.
    pub rmse: f64,
    /// The part of values within the 95 % interval of their prediction.
    pub coverage: f64,
    /// Who was left out.
    pub left_out: Vec<LeftOut>,
}

/// A value that a model has not seen, and what it said.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Which of the known candidates.
    pub known: usize,
    /// The group that was left out.
    pub group: usize,
    /// The value.
    pub value: f64,
    /// The prediction.
    pub mean: f64,
    /// Its standard deviation, with what features do not explain, and with that of the value.
    pub deviation: f64,
}

/// How the two kinds compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The one with the smaller error.
    pub better: Kind,
    /// Is the difference of their mean squares larger than twice its standard error over the groups?
    pub clear: bool,
}

/// Of more candidates than these not each is left out for itself.
const MOST_GROUPS: usize = 30;
/// Instead as many parts.
const PARTS: usize = 10;

impl Validation {
    /// Leaves out one group at a time. `families` is the column, and what stands there of each.
    pub(super) fn of(known: &Known, families: Option<(&str, Vec<String>)>, seed: u64) -> Self {
        let n = known.values.len();
        let (groups, labels) = match families {
            Some((column, labels)) => (Groups::Column(column.to_string()), labels),
            None if n <= MOST_GROUPS => (Groups::Candidates, (0..n).map(|k| k.to_string()).collect()),
            None => (Groups::Parts, parts(n, seed)),
        };
        let mut names = labels.clone();
        names.sort();
        names.dedup();
        let split = |name: &String| -> [Vec<usize>; 2] {
            let (own, others) = (0..n).partition(|k| labels[*k] == *name);
            [own, others]
        };
        let trivial = names.iter().flat_map(|name| {
            let [own, others] = split(name);
            let mean = others.iter().map(|k| known.values[*k]).sum::<f64>() / others.len() as f64;
            own.into_iter().map(move |k| known.values[k] - mean)
        });
        let trivial = root_mean_square(trivial);
        let check = |kind: Kind| {
            let of_group = |(group, name): (usize, &String)| -> Option<Vec<LeftOut>> {
                let [own, others] = split(name);
                let model = Model::learn(kind, &known.only(&others), seed)?;
                let own_features = known.only(&own).features;
                let tell = |(k, [mean, deviation]): (usize, [f64; 2])| {
                    let variance = deviation.powi(2) + model.noise().powi(2) + known.variances[k];
                    LeftOut { known: k, group, value: known.values[k], mean, deviation: variance.sqrt() }
                };
                Some(own.into_iter().zip(model.at(&own_features)).map(tell).collect())
            };
            let found: Vec<_> = names.par_iter().enumerate().map(of_group).collect();
            Check::of(kind, found.into_iter().flatten().flatten().collect())
        };
        let checks = Kind::ALL.into_iter().filter_map(check).collect();
        Self { groups, count: names.len(), trivial, checks }
    }

    /// The check of a kind; `None` where too little is known.
    pub fn of_kind(&self, kind: Kind) -> Option<&Check> {
        self.checks.iter().find(|check| check.kind == kind)
    }

    /// Which kind predicts better; `None` where too little is known to say.
    pub fn verdict(&self) -> Option<Verdict> {
        let [a, b] = [self.of_kind(Kind::Gaussian)?, self.of_kind(Kind::Forest)?];
        let mut differences = vec![0.0; self.count];
        for (check, sign) in [(a, 1.0), (b, -1.0)] {
            for own in &check.left_out {
                differences[own.group] += sign * (own.value - own.mean).powi(2);
            }
        }
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let better = if mean > 0.0 { Kind::Forest } else { Kind::Gaussian };
        Some(Verdict { better, clear: mean.abs() > 2.0 * (variance / n).sqrt() })
    }
}

impl Check {
    fn of(kind: Kind, left_out: Vec<LeftOut>) -> Option<Self> {
        if left_out.is_empty() {
            return None;
        }
        let rmse = root_mean_square(left_out.iter().map(|own| own.value - own.mean));
        let inside = left_out.iter().filter(|own| (own.value - own.mean).abs() <= 1.96 * own.deviation);
        let coverage = inside.count() as f64 / left_out.len() as f64;
        Some(Self { kind, rmse, coverage, left_out })
    }
}

fn root_mean_square(errors: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = errors.fold((0.0, 0.0), |(sum, count), error| (sum + error * error, count + 1.0));
    (sum / count).sqrt()
}

/// Every candidate is in one of ten parts of the same size.
fn parts(n: usize, seed: u64) -> Vec<String> {
    let mut random = Philox::new(seed, Purpose::Sampling, 3 << 20, 0);
    let mut order: Vec<usize> = (0..n).collect();
    for k in (1..n).rev() {
        order.swap(k, random.below(k as u64 + 1) as usize);
    }
    let mut labels = vec![String::new(); n];
    for (place, k) in order.into_iter().enumerate() {
        labels[k] = (place % PARTS).to_string();
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(count: usize, truth: impl Fn(&[f64]) -> f64) -> Known {
        let mut random = Philox::new(3, Purpose::General, 0, 0);
        let features: Vec<Vec<f64>> =
            (0..count).map(|_| (0..2).map(|_| 3.4 * random.uniform() - 1.7).collect()).collect();
        let values = features.iter().map(|x| truth(x) + 0.1 * random.normal()).collect();
        Known { features, values, variances: vec![0.0; count] }
    }

    /// What is smooth is for a Gaussian process, what has steps for trees, and what has nothing to do with the
    /// features for neither.
    #[test]
    fn each_kind_has_its_own() {
        let smooth = Validation::of(&known(40, |x| (1.5 * x[0]).sin() + x[1]), None, 1);
        assert_eq!((&smooth.groups, smooth.count), (&Groups::Parts, PARTS));
        assert_eq!(smooth.verdict(), Some(Verdict { better: Kind::Gaussian, clear: true }), "{smooth:?}");
        let steps = |x: &[f64]| f64::from(u8::from(x[0] > 0.3)) * 3.0 - f64::from(u8::from(x[0] > 1.0)) * 2.5;
        let steps = Validation::of(&known(40, steps), None, 1);
        assert_eq!(steps.verdict().map(|v| v.better), Some(Kind::Forest), "{steps:?}");
        let nothing = Validation::of(&known(20, |_| 0.0), None, 1);
        assert_eq!((&nothing.groups, nothing.count), (&Groups::Candidates, 20));
        assert!(nothing.verdict().is_some_and(|v| !v.clear), "{nothing:?}");
        assert!(nothing.checks.iter().all(|check| check.rmse > 0.9 * nothing.trivial), "{nothing:?}");
    }

    /// A family whose values lie elsewhere is not predicted from the others, although each of its members alone
    /// would be predicted from the rest of the family.
    #[test]
    fn a_family_is_left_out_as_a_whole() {
        let known = known(20, |x| if x[0] > 0.0 { 5.0 } else { 0.0 });
        let family = |x: &Vec<f64>| if x[0] > 0.0 { "high" } else { "low" }.to_string();
        let families = Some(("family", known.features.iter().map(family).collect()));
        let by_family = Validation::of(&known, families, 1);
        assert_eq!(by_family.count, 2);
        for kind in Kind::ALL {
            let [family, one] =
                [&by_family, &Validation::of(&known, None, 1)].map(|v| v.of_kind(kind).unwrap().rmse);
            assert!(family > 4.0 && one < 2.5, "{kind:?} {family} {one}");
        }
    }

    #[test]
    fn too_little_is_no_check() {
        let few = Validation::of(&known(3, |x| x[0]), None, 1);
        assert!(few.checks.is_empty() && few.verdict().is_none());
    }
}
