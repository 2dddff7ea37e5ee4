//! How far predictions are from references: over all frames, by kind of frame, by element, frame by frame.

use super::Deviation;
use crate::io::Frame;
use crate::system::Element;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Predicted minus reference labels of one frame.
#[derive(Debug, Clone, Default)]
pub struct Differences {
    /// Of the energy per atom, eV, if the frame has a reference.
    pub energy: Option<f64>,
    /// Of the force components, atom after atom, eV/Å; empty without references.
    pub forces: Vec<f64>,
    /// Of the stress components, GPa; empty without references.
    pub stress: Vec<f64>,
}

/// Errors of energies per atom, force components and stress components over some frames.
#[derive(Debug, Clone, Copy, Default)]
pub struct ErrorRow {
    /// How many frames.
    pub frames: u64,
    /// Energy per atom, eV.
    pub energy: Deviation,
    /// Force components, eV/Å.
    pub forces: Deviation,
    /// The six independent stress components, GPa.
    pub stress: Deviation,
}

/// Errors of many frames: all, by `config_type`, by element, and the worst frames.
#[derive(Debug, Clone, Default)]
pub struct ErrorTable {
    /// Over all frames.
    pub all: ErrorRow,
    /// By `config_type`, for frames that have one.
    pub types: BTreeMap<String, ErrorRow>,
    /// Force components by element, eV/Å.
    pub elements: BTreeMap<Element, Deviation>,
    /// The frames with the largest root mean square errors of the forces, worst first.
    pub worst_forces: Vec<Worst>,
    /// The frames with the largest errors of the energy per atom, worst first.
    pub worst_energies: Vec<Worst>,
}

/// A frame with large errors.
#[derive(Debug, Clone)]
pub struct Worst {
    /// File, line and index.
    pub frame: String,
    /// Its `config_type`.
    pub kind: Option<String>,
    /// Its formula.
    pub formula: String,
    /// Error of the energy per atom, eV, where there is a reference.
    pub energy: Option<f64>,
    /// Root mean square error of the force components, eV/Å.
    pub forces: f64,
    /// Largest error of a force component, eV/Å.
    pub largest: f64,
    /// The atom that has it, counted from 0, and its element.
    pub atom: Option<(usize, Element)>,
}

/// How many of the worst frames are kept.
const WORST: usize = 10;

impl ErrorRow {
    fn push(&mut self, differences: &Differences, index: u64) {
        self.frames += 1;
        if let Some(d) = differences.energy {
            self.energy.push(d, index);
        }
        differences.forces.iter().for_each(|d| self.forces.push(*d, index));
        differences.stress.iter().for_each(|d| self.stress.push(*d, index));
    }

    /// The row as JSON; the units are in the names.
    pub fn json(&self) -> Value {
        let milli = |x: Option<f64>| x.map(|x| x * 1e3);
        let largest = |d: &Deviation| d.rmse().map(|_| d.largest);
        json!({
            "frames": self.frames,
            "energy_rmse_mev_per_atom": milli(self.energy.rmse()),
            "energy_mae_mev_per_atom": milli(self.energy.mae()),
            "energy_max_mev_per_atom": milli(largest(&self.energy)),
            "force_rmse_ev_per_angstrom": self.forces.rmse(),
            "force_mae_ev_per_angstrom": self.forces.mae(),
            "force_max_ev_per_angstrom": largest(&self.forces),
            "stress_rmse_gpa": self.stress.rmse(),
            "stress_mae_gpa": self.stress.mae(),
            "stress_max_gpa": largest(&self.stress),
        })
    }
}

impl ErrorTable {
    /// Adds a frame; `index` is its number in the tables.
    pub fn push(&mut self, frame: &Frame, differences: &Differences, index: u64) {
        self.all.push(differences, index);
        let kind = frame.config_type();
        if let Some(kind) = &kind {
            self.types.entry(kind.to_string()).or_default().push(differences, index);
        }
        let mut own = Deviation::default();
        for (k, d) in differences.forces.iter().enumerate() {
            own.push(*d, k as u64);
            self.elements.entry(frame.species[k / 3]).or_default().push(*d, index);
        }
        let atom = (own.frame / 3) as usize;
        let worst = || Worst {
            frame: frame.origin.to_string(),
            kind: kind.as_deref().map(str::to_string),
            formula: frame.formula(),
            energy: differences.energy,
            forces: own.rmse().unwrap_or(0.0),
            largest: own.largest,
            atom: (own.count > 0).then(|| (atom, frame.species[atom])),
        };
        if let Some(rms) = own.rmse() {
            insert(&mut self.worst_forces, rms.abs(), |w| w.forces.abs(), worst);
        }
        if let Some(d) = differences.energy {
            insert(&mut self.worst_energies, d.abs(), |w| w.energy.unwrap_or(0.0).abs(), worst);
        }
    }

    /// The table as JSON; the units are in the names.
    pub fn json(&self) -> Value {
        let types: Map<_, _> = self.types.iter().map(|(k, row)| (k.clone(), row.json())).collect();
        let elements: Map<_, _> =
            self.elements.iter().map(|(e, d)| (e.symbol().to_string(), json!(d.rmse()))).collect();
        let worst = |frames: &[Worst]| frames.iter().map(Worst::json).collect::<Vec<_>>();
        json!({
            "all": self.all.json(),
            "by_config_type": types,
            "force_rmse_by_element": elements,
            "worst_frames_by_force": worst(&self.worst_forces),
            "worst_frames_by_energy": worst(&self.worst_energies),
        })
    }
}

impl Worst {
    fn json(&self) -> Value {
        json!({
            "frame": self.frame,
            "config_type": self.kind,
            "formula": self.formula,
            "energy_mev_per_atom": self.energy.map(|d| d * 1e3),
            "force_rmse_ev_per_angstrom": self.forces,
            "force_max_ev_per_angstrom": self.largest,
            "atom_of_max": self.atom.map(|a| a.0),
        })
    }
}

/// Puts a frame where its error belongs among the worst, if it is one of them. Not a number is worst of all.
fn insert(list: &mut Vec<Worst>, size: f64, of: impl Fn(&Worst) -> f64, make: impl FnOnce() -> Worst) {
    let place = list.partition_point(|w| of(w).total_cmp(&size).is_ge());
    if place < WORST {
        list.insert(place, make());
        list.truncate(WORST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::Value as Info;
    use crate::system::{Cell, Vec3};

    fn frame(index: usize, kind: Option<&str>) -> Frame {
        let [li, n] = ["Li", "N"].map(|s| Element::from_symbol(s).unwrap());
        let mut frame = Frame::new(Cell::isolated(), vec![li, n], vec![Vec3::zeros(); 2]);
        frame.origin.index = index;
        if let Some(kind) = kind {
            frame.info.insert("config_type".into(), Info::Text(kind.into()));
        }
        frame
    }

    #[test]
    fn errors_are_sorted_by_kind_element_and_size() {
        let mut table = ErrorTable::default();
        for k in 0..30_usize {
            // Sizes go up and down.
            let size = (k * 7 % 30) as f64;
            let differences = Differences {
                energy: Some(-0.001 * size),
                forces: vec![0.0, 0.0, 0.1, 0.0, size, 0.0],
                stress: Vec::new(),
            };
            table.push(&frame(k, (k % 2 == 0).then_some("even")), &differences, k as u64);
        }
        assert_eq!((table.all.frames, table.types["even"].frames, table.types.len()), (30, 15, 1));
        let worst: Vec<f64> = table.worst_forces.iter().map(|w| w.largest).collect();
        assert_eq!(worst, (20..30).rev().map(f64::from).collect::<Vec<_>>());
        assert_eq!(table.worst_forces[0].atom.unwrap().0, 1);
        assert_eq!(table.worst_energies[0].energy, Some(-0.029));
        assert_eq!(table.worst_energies[0].frame, table.worst_forces[0].frame);
        let [lithium, nitrogen] = ["Li", "N"].map(|s| table.elements[&Element::from_symbol(s).unwrap()]);
        assert!((lithium.rmse().unwrap() - 0.1 / 3.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(nitrogen.largest, 29.0);
        assert_eq!(table.all.json()["stress_rmse_gpa"], Value::Null);
        // A prediction that is not a number comes first.
        let broken = Differences { forces: vec![f64::NAN; 6], ..Differences::default() };
        table.push(&frame(99, None), &broken, 99);
        assert!(table.worst_forces[0].frame.contains("frame 99"));
    }
}
