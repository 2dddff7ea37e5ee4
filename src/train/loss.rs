//! What counts as an error, and how much.

use super::dataset::{Labels, Sample};
use crate::system::{Mat3, VOIGT};

/// How far off a label may be to count as much as another: the loss is
/// ½ [⟨ρ(ΔE/(N σ_E))⟩ + ⟨ρ(ΔF/σ_F)⟩ + ⟨ρ(Δσ/σ_S)⟩] + ½ λ |θ|², each mean weighted over the frames that
/// train, with ρ(x) = x², or Huber's 2δ|x| − δ² beyond δ.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Loss {
    /// σ_E, eV per atom; `None` leaves energies out.
    pub energy: Option<f64>,
    /// σ_F, eV/Å; `None` leaves forces out.
    pub forces: Option<f64>,
    /// σ_S, eV/Å³; `None` leaves stresses out.
    pub stress: Option<f64>,
    /// δ.
    pub huber: Option<f64>,
    /// λ: how much large weights cost.
    pub decay: f64,
}

impl Loss {
    /// The labels it needs.
    pub fn labels(&self) -> Labels {
        Labels { energy: self.energy.is_some(), forces: self.forces.is_some(), stress: self.stress.is_some() }
    }

    /// ρ(x).
    pub fn penalty(&self, x: f64) -> f64 {
        match self.huber {
            Some(delta) if x.abs() > delta => 2.0 * delta * x.abs() - delta * delta,
            _ => x * x,
        }
    }

    /// ρ'(x)/(2x): one, or less beyond δ.
    pub fn factor(&self, x: f64) -> f64 {
        match self.huber {
            Some(delta) if x.abs() > delta => delta / x.abs(),
            _ => 1.0,
        }
    }
}

/// The rows of a frame, which are its energy, 3N force components and six stress components: what the
/// reference says, and how much each counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Number of atoms.
    pub atoms: usize,
    /// Sum of the energies of the elements and shifts, eV.
    pub offset: f64,
    /// What a sum over networks is multiplied by to become the physical row.
    pub multiples: Vec<f64>,
    /// Reference values: eV, eV/Å, eV/Å³.
    pub references: Vec<f64>,
    /// 1/σ of each row; zero where it does not count.
    pub inverse_sigma: Vec<f64>,
    /// Share of each row in its mean.
    pub shares: Vec<f64>,
}

impl Target {
    /// The target of a frame; `scale` is the energy unit of network outputs in eV, `offset` the energy
    /// that is not the networks'; `totals` are [`totals`] over the frames that train.
    pub fn new(sample: &Sample, loss: &Loss, totals: [f64; 3], scale: f64, offset: f64) -> Self {
        let frame = &sample.frame;
        let n = frame.len();
        let mut target = Self {
            atoms: n,
            offset,
            multiples: vec![-scale; 3 * n + 7],
            references: vec![0.0; 3 * n + 7],
            inverse_sigma: vec![0.0; 3 * n + 7],
            shares: vec![0.0; 3 * n + 7],
        };
        target.multiples[0] = scale;
        if let (Some(sigma), Some(energy)) = (loss.energy, frame.energy) {
            target.references[0] = energy;
            target.inverse_sigma[0] = 1.0 / (sigma * n as f64);
            target.shares[0] = sample.weight / totals[0];
        }
        if let (Some(sigma), Some(forces)) = (loss.forces, &frame.forces) {
            for (k, f) in forces.iter().flat_map(|f| f.iter()).enumerate() {
                target.references[1 + k] = *f;
                target.inverse_sigma[1 + k] = 1.0 / sigma;
                target.shares[1 + k] = sample.weight / totals[1];
            }
        }
        let stress = stress_of(sample);
        for (s, at) in VOIGT.into_iter().enumerate() {
            let row = 1 + 3 * n + s;
            target.multiples[row] = if frame.cell.is_bulk() { scale / frame.cell.volume() } else { 0.0 };
            if let (Some(sigma), Some(stress)) = (loss.stress, stress) {
                target.references[row] = stress[at];
                target.inverse_sigma[row] = 1.0 / sigma;
                target.shares[row] = sample.weight / totals[2];
            }
        }
        target
    }
}

/// The stress of a frame, if it has one: what does not repeat in all directions has no volume, whatever its file says.
pub fn stress_of(sample: &Sample) -> Option<&Mat3> {
    sample.frame.stress.as_ref().filter(|_| sample.frame.cell.is_bulk())
}

/// Sums of weights over the rows of energies, forces and stresses; not every frame has a stress.
pub fn totals<'a>(samples: impl Iterator<Item = &'a Sample>) -> [f64; 3] {
    let mut totals = [0.0; 3];
    for sample in samples {
        totals[0] += sample.weight;
        totals[1] += sample.weight * 3.0 * sample.frame.len() as f64;
        totals[2] += if stress_of(sample).is_some() { sample.weight * 6.0 } else { 0.0 };
    }
    totals.map(|t: f64| t.max(f64::MIN_POSITIVE))
}

/// Sums of squares of differences: of energies per atom, forces and stresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Errors {
    squares: [f64; 3],
    counts: [u64; 3],
}

impl Errors {
    /// Adds the differences of a frame, in the order of a [`Target`]'s rows.
    pub fn push(&mut self, target: &Target, differences: &[f64]) {
        let n = target.atoms;
        for (row, (d, inverse)) in differences.iter().zip(&target.inverse_sigma).enumerate() {
            if *inverse > 0.0 {
                let (kind, d) = match row {
                    0 => (0, d / n as f64),
                    row if row <= 3 * n => (1, *d),
                    _ => (2, *d),
                };
                self.squares[kind] += d * d;
                self.counts[kind] += 1;
            }
        }
    }

    /// Root mean squares: eV/atom, eV/Å, eV/Å³, where there is anything to compare.
    pub fn rms(&self) -> [Option<f64>; 3] {
        [0, 1, 2].map(|k| (self.counts[k] > 0).then(|| (self.squares[k] / self.counts[k] as f64).sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::Frame;
    use crate::system::{Cell, Element, Vec3};

    fn sample(atoms: usize, weight: f64) -> Sample {
        let cell = Cell::orthorhombic(5.0, 6.0, 7.0).unwrap();
        let li = Element::from_symbol("Li").unwrap();
        let mut frame = Frame::new(cell, vec![li; atoms], vec![Vec3::zeros(); atoms]);
        frame.energy = Some(-3.0 * atoms as f64);
        frame.forces = Some(vec![Vec3::zeros(); atoms]);
        frame.stress = Some(Mat3::zeros());
        Sample { frame, weight }
    }

    /// Where energies per atom, forces and stresses are off by their σ everywhere, each kind counts one half, whatever
    /// frames weigh and however many atoms they have; and errors are σ.
    #[test]
    fn errors_of_sigma_count_one_half_for_each_kind() {
        let loss =
            Loss { energy: Some(0.002), forces: Some(0.05), stress: Some(0.01), huber: None, decay: 0.0 };
        let samples = [sample(2, 1.0), sample(7, 2.5), sample(3, 0.5)];
        let totals = totals(samples.iter());
        let (mut sum, mut errors) = (0.0, Errors::default());
        for sample in &samples {
            let n = sample.frame.len();
            let target = Target::new(sample, &loss, totals, 1.0, 0.0);
            let differences = [vec![0.002 * n as f64], vec![-0.05; 3 * n], vec![0.01; 6]].concat();
            sum += target.penalty(&loss, &differences);
            errors.push(&target, &differences);
        }
        assert!((sum - 1.5).abs() < 1e-12, "{sum}");
        for (found, sigma) in errors.rms().into_iter().zip([0.002, 0.05, 0.01]) {
            assert!((found.unwrap() / sigma - 1.0).abs() < 1e-12, "{found:?}");
        }
    }

    /// Huber's penalty has no jump, and the factor is half of its slope over x.
    #[test]
    fn the_factor_is_the_slope_of_the_penalty() {
        for huber in [None, Some(1.5)] {
            let loss = Loss { energy: None, forces: None, stress: None, huber, decay: 0.0 };
            for x in [-4.0, -1.6, -1.4, 0.3, 1.4999, 1.5001, 3.0] {
                let h = 1e-5;
                let slope = (loss.penalty(x + h) - loss.penalty(x - h)) / (2.0 * h);
                assert!((2.0 * loss.factor(x) * x - slope).abs() < 1e-9, "{huber:?} at {x}: {slope}");
            }
            let jump = loss.penalty(1.5 + 1e-9) - loss.penalty(1.5 - 1e-9);
            assert!(jump.abs() < 1e-8, "{huber:?}: {jump}");
        }
    }
}
