//! Frames in; displacements against a drift reference out.

use super::clock::Clock;
use super::crystal::Crystal;
use super::kinetic::Kinetic;
use super::msd::Msd;
use super::multitau::MultiTau;
use super::series::Series;
use super::unwrap::Unwrapper;
use crate::error::{Error, Result};
use crate::io::Frame;
use crate::system::{Element, Vec3};
use serde::Serialize;

/// What displacements are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftReference {
    /// The simulation cell.
    None,
    /// The centre of mass of all atoms.
    CenterOfMass,
    /// The centre of mass of the atoms that are not mobile.
    Framework,
}

/// What is asked of a trajectory.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The elements that carry the current.
    pub mobile: Vec<Element>,
    /// What displacements are measured against.
    pub reference: DriftReference,
    /// Time between frames, fs, where the files do not say it.
    pub interval: Option<f64>,
}

/// The atoms of one element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Species {
    /// Which element.
    pub element: Element,
    /// How many atoms.
    pub count: usize,
    /// Does it carry the current?
    pub mobile: bool,
}

/// A trajectory being watched: frames are pushed one after another, live or from a file.
#[derive(Debug, Clone)]
pub struct Motion {
    settings: Settings,
    paths: Unwrapper,
    displacements: Vec<Vec3>,
    clock: Clock,
    species: Vec<Species>,
    /// Per species: its atoms.
    members: Vec<Vec<usize>>,
    /// Per atom: its part of the drift reference.
    weights: Vec<f64>,
    watched: Vec<MultiTau>,
    series: Series,
    frames: usize,
    volume: f64,
    kinetic: Kinetic,
    bulk: bool,
    crystal: Option<Crystal>,
    offset: Vec3,
}

/// A frame, and how its atoms have moved.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The frame.
    pub frame: &'a Frame,
    /// How far each atom is from where it was in the first frame, against the drift reference, Å.
    pub displacements: &'a [Vec3],
    /// How far the drift reference itself is from where it was, Å.
    pub drift: Vec3,
    /// How far the crystal was in the first frame from where places are counted from, in fractions of the cell.
    pub offset: Vec3,
    /// The elements of the run.
    pub species: &'a [Species],
    /// Per element: its atoms.
    pub members: &'a [Vec<usize>],
    /// The part of each atom in the drift reference.
    pub weights: &'a [f64],
}

impl Moment<'_> {
    /// Where an atom is in the crystal: its fractional coordinates without drift and offset.
    pub fn place(&self, atom: usize) -> Vec3 {
        self.frame.cell.fractional(&(self.frame.positions[atom] - self.drift)) - self.offset
    }
}

/// One run, watched to its end.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The elements, in the order of their symbols.
    pub species: Vec<Species>,
    /// Mean squared displacements, one per element.
    pub msd: Vec<Msd>,
    /// Collective displacements, one series per element.
    pub series: Series,
    /// Time between frames, fs.
    pub interval: f64,
    /// Number of frames.
    pub frames: usize,
    /// Mean volume, Å³; `None` if the cell is not periodic in three dimensions.
    pub volume: Option<f64>,
    /// Mean kinetic temperature, K, where the frames have velocities.
    pub temperature: Option<f64>,
    /// What displacements were measured against.
    pub reference: DriftReference,
}

impl Moved {
    /// From the first frame to the last, fs.
    pub fn duration(&self) -> f64 {
        self.interval * (self.frames - 1) as f64
    }
}

impl Motion {
    /// Nothing has been seen yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            clock: Clock::new(settings.interval),
            settings,
            paths: Unwrapper::default(),
            displacements: Vec::new(),
            species: Vec::new(),
            members: Vec::new(),
            weights: Vec::new(),
            watched: Vec::new(),
            series: Series::default(),
            frames: 0,
            volume: 0.0,
            kinetic: Kinetic::default(),
            bulk: true,
            crystal: None,
            offset: Vec3::zeros(),
        }
    }

    /// Places are counted from where the crystal is in another frame.
    #[must_use]
    pub fn in_crystal(mut self, crystal: Option<Crystal>) -> Self {
        self.crystal = crystal;
        self
    }

    /// Takes the next frame and tells how its atoms have moved. A frame at the time of the one before (a restart
    /// wrote it twice) is passed over.
    pub fn push<'a>(&'a mut self, frame: &'a Frame) -> Result<Option<Moment<'a>>> {
        if self.frames == 0 {
            self.begin(frame)?;
        }
        if !self.clock.tick(frame, self.frames)? {
            return Ok(None);
        }
        let travelled = self.paths.push(frame)?;
        let drift: Vec3 = travelled.iter().zip(&self.weights).map(|(u, w)| u * *w).sum();
        self.displacements.clear();
        self.displacements.extend(travelled.iter().map(|u| u - drift));
        for (s, members) in self.members.iter().enumerate() {
            self.watched[s].push(members.iter().map(|i| self.displacements[*i]));
            self.series.sums[s].push(members.iter().map(|i| self.displacements[*i]).sum());
        }
        self.frames += 1;
        self.bulk &= frame.cell.is_bulk();
        self.volume += frame.cell.volume();
        if frame.velocities.is_some() && frame.len() > 1 {
            self.kinetic.push(frame)?;
        }
        Ok(Some(Moment {
            frame,
            displacements: &self.displacements,
            drift,
            offset: self.offset,
            species: &self.species,
            members: &self.members,
            weights: &self.weights,
        }))
    }

    /// How many frames were taken.
    pub fn frames(&self) -> usize {
        self.frames
    }

    fn begin(&mut self, frame: &Frame) -> Result<()> {
        if frame.is_empty() {
            return Err(Error::invalid(format!("{}: there are no atoms", frame.origin)));
        }
        if let Some(positions) = frame.text("lammps_positions") {
            return Err(Error::invalid(format!(
                "{}: positions are {positions}, so they cannot be unwrapped\n   \
                 expected a file with the cell, such as a LAMMPS dump of style custom",
                frame.origin
            )));
        }
        let mut elements = frame.species.clone();
        elements.sort_by_key(|element| element.symbol());
        elements.dedup();
        for element in &elements {
            let members: Vec<usize> = (0..frame.len()).filter(|i| frame.species[*i] == *element).collect();
            let mobile = self.settings.mobile.contains(element);
            self.species.push(Species { element: *element, count: members.len(), mobile });
            self.watched.push(MultiTau::new(members.len()));
            self.members.push(members);
        }
        self.series = Series::new(elements.len());
        if let (Some(crystal), true) = (&self.crystal, self.settings.reference != DriftReference::None) {
            self.offset = crystal.offset(frame, &self.settings.mobile)?;
        }
        let present = || elements.iter().map(|e| e.symbol()).collect::<Vec<_>>().join(", ");
        if let Some(absent) = self.settings.mobile.iter().find(|mobile| !elements.contains(mobile)) {
            return Err(Error::invalid(format!(
                "{}: there is no {absent}, which is to be the mobile ion\n   the elements are {}",
                frame.origin,
                present()
            )));
        }
        if self.settings.mobile.is_empty() {
            return Err(Error::invalid(format!("no mobile ion was named; the elements are {}", present())));
        }
        self.weigh(frame)
    }

    /// The parts that atoms have in the drift reference: by mass, of sum one.
    fn weigh(&mut self, frame: &Frame) -> Result<()> {
        let mass = |i: usize| frame.masses.as_ref().map_or(frame.species[i].mass(), |masses| masses[i]);
        let counts = |i: usize| match self.settings.reference {
            DriftReference::None => false,
            DriftReference::CenterOfMass => true,
            DriftReference::Framework => !self.settings.mobile.contains(&frame.species[i]),
        };
        self.weights = (0..frame.len()).map(|i| if counts(i) { mass(i) } else { 0.0 }).collect();
        let total: f64 = self.weights.iter().sum();
        match self.settings.reference {
            DriftReference::None => return Ok(()),
            DriftReference::Framework if total == 0.0 => {
                return Err(Error::invalid(format!(
                    "{}: every atom is mobile, so there is no framework to measure against\n   \
                     expected another drift reference (`--frame`, [analysis] frame): center-of-mass or none",
                    frame.origin
                )));
            }
            DriftReference::CenterOfMass if frame.len() == 1 => {
                return Err(Error::invalid(format!(
                    "{}: one atom does not move against its own centre of mass\n   \
                     expected another drift reference (`--frame`, [analysis] frame): none",
                    frame.origin
                )));
            }
            _ => {}
        }
        self.weights.iter_mut().for_each(|w| *w /= total);
        Ok(())
    }

    /// The displacements of the whole run; refuses fewer than two frames.
    pub fn finish(self) -> Result<Moved> {
        if self.frames < 2 {
            let many = if self.frames == 0 { "no frame" } else { "one frame" };
            return Err(Error::invalid(format!(
                "the trajectory holds {many}: displacements need two or more"
            )));
        }
        let interval = self
            .clock
            .mean(self.frames)
            .ok_or_else(|| Error::Internal("frames without an interval".into()))?;
        Ok(Moved {
            species: self.species,
            msd: self.watched.into_iter().map(MultiTau::finish).collect(),
            series: self.series,
            interval,
            frames: self.frames,
            volume: self.bulk.then_some(self.volume / self.frames as f64),
            temperature: if self.kinetic.frames() == self.frames { self.kinetic.mean() } else { None },
            reference: self.settings.reference,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Cell;

    fn frame(time: f64, positions: &[f64]) -> Frame {
        let elements = ["Li", "O", "O"].map(|s| Element::from_symbol(s).unwrap());
        let cell = Cell::orthorhombic(10.0, 10.0, 10.0).unwrap();
        let positions: Vec<_> = positions.iter().map(|x| Vec3::new(*x, 0.0, 0.0)).collect();
        let mut frame = Frame::new(cell, elements[..positions.len()].to_vec(), positions);
        frame.time = Some(time);
        frame
    }

    fn settings(mobile: &str, reference: DriftReference) -> Settings {
        Settings { mobile: vec![Element::from_symbol(mobile).unwrap()], reference, interval: None }
    }

    #[test]
    fn the_drift_of_the_framework_is_taken_off() {
        for (reference, expected) in [(DriftReference::Framework, 1.0), (DriftReference::None, 9.0)] {
            let mut motion = Motion::new(settings("Li", reference));
            for t in 0..5 {
                let t = f64::from(t);
                // The framework drifts by 2 per frame, lithium by 1 more.
                motion
                    .push(&frame(10.0 * t, &[3.0 * t % 10.0, 2.0 * t % 10.0, (5.0 + 2.0 * t) % 10.0]))
                    .unwrap();
            }
            let moved = motion.finish().unwrap();
            assert!((moved.msd[0].trace(0) - expected).abs() < 1e-12);
            assert_eq!((moved.interval, moved.frames, moved.volume), (10.0, 5, Some(1000.0)));
            assert!((moved.series.sums[0][4].x - 4.0 * expected.sqrt()).abs() < 1e-12);
        }
    }

    #[test]
    fn corners_have_answers() {
        let refuse = |settings: Settings, frames: &[Frame]| {
            let mut motion = Motion::new(settings);
            let pushed = frames.iter().try_for_each(|frame| motion.push(frame).map(|_| ()));
            pushed.and_then(|()| motion.finish().map(|_| ())).unwrap_err().to_string()
        };
        let li = |reference| settings("Li", reference);
        let none = DriftReference::None;
        assert!(refuse(li(none), &[]).contains("holds no frame"));
        assert!(refuse(li(none), &[frame(0.0, &[0.0])]).contains("holds one frame"));
        assert!(refuse(settings("Na", none), &[frame(0.0, &[0.0])]).contains("there is no Na"));
        assert!(
            refuse(li(DriftReference::Framework), &[frame(0.0, &[0.0])]).contains("every atom is mobile")
        );
        assert!(refuse(li(DriftReference::CenterOfMass), &[frame(0.0, &[0.0])]).contains("one atom"));
        let times = [0.0, 1.0, 3.0].map(|t| frame(t, &[0.0]));
        assert!(refuse(li(none), &times).contains("frames are missing"));
        let again = [0.0, 1.0, 2.0, 3.0, 1.0].map(|t| frame(t, &[t]));
        assert!(refuse(li(none), &again).contains("frames from 1 to 3 fs are there twice"));
        let timeless = |step: Option<u64>| Frame { time: None, step, ..frame(0.0, &[0.0]) };
        assert!(refuse(li(none), &[timeless(None)]).contains("--interval"));
        let mut open = [frame(0.0, &[0.0]), frame(1.0, &[0.0])];
        open[1].cell = open[1].cell.with_periodic([true, true, false]).unwrap();
        assert!(refuse(li(none), &open).contains("periodic in other directions"));
        // Steps tell of missing frames where there is no time; a restart wrote one twice, another began to count anew.
        let given = || Settings { interval: Some(50.0), ..li(none) };
        let steps = |steps: &[u64]| steps.iter().map(|step| timeless(Some(*step))).collect::<Vec<_>>();
        let gap = refuse(given(), &steps(&[0, 50, 100, 200]));
        assert!(gap.contains("step 200 where 150 was expected: frames are missing"), "{gap}");
        let back = refuse(given(), &steps(&[0, 50, 100, 150, 50, 100]));
        assert!(back.contains("steps 50 to 150 are there twice"), "{back}");
        // A clock that stands still says nothing; a frame written twice is told by its atoms.
        let still = [0.0, 0.0, 1.0, 2.0].map(|x| frame(0.0, &[x]));
        let message = refuse(li(none), &still);
        assert!(message.contains("says the same time, 0 fs") && message.contains("--interval"), "{message}");
        let mut motion = Motion::new(given());
        for frame in &still {
            motion.push(frame).unwrap();
        }
        let moved = motion.finish().unwrap();
        assert_eq!((moved.frames, moved.interval), (3, 50.0));
        let started = [frame(0.0, &[0.0]), frame(0.0, &[1.0]), frame(50.0, &[2.0])];
        assert!(refuse(given(), &started).contains("frames before it are all at 0 fs"));
        let mut wrapped = frame(0.0, &[0.0]);
        wrapped.info.insert("lammps_positions".into(), crate::io::Value::Text("wrapped".into()));
        assert!(refuse(li(none), &[wrapped]).contains("cannot be unwrapped"));
        let mut motion = Motion::new(given());
        for frame in steps(&[0, 50, 100, 100, 150, 0, 50]) {
            motion.push(&frame).unwrap();
        }
        let moved = motion.finish().unwrap();
        assert_eq!((moved.frames, moved.interval), (6, 50.0));
        // Times of few digits: the interval is that of all of them.
        let mut motion = Motion::new(li(none));
        for k in 0..100 {
            motion.push(&frame((f64::from(k) * 50.0 / 3.0 * 100.0).round() / 100.0, &[0.0])).unwrap();
        }
        assert!((motion.finish().unwrap().interval - 50.0 / 3.0).abs() < 1e-4);
        // What the centre of mass does is no temperature.
        let mut motion = Motion::new(li(none));
        for k in 0..2 {
            let mut drifting = frame(f64::from(k), &[0.0, 3.0]);
            drifting.velocities = Some(vec![Vec3::new(0.01, 0.0, 0.0); 2]);
            motion.push(&drifting).unwrap();
        }
        assert!(motion.finish().unwrap().temperature.unwrap() < 1e-9);
        // An atom that is held takes no part either, and the others have all their directions.
        let mut motion = Motion::new(li(none));
        let mut expected = 0.0;
        for k in 0..2 {
            let mut held = frame(f64::from(k), &[0.0, 3.0]);
            held.velocities = Some(vec![Vec3::new(0.01, 0.0, 0.0), Vec3::zeros()]);
            expected = held.to_system().unwrap().temperature(3);
            motion.push(&held).unwrap();
        }
        assert!((motion.finish().unwrap().temperature.unwrap() / expected - 1.0).abs() < 1e-12);
    }
}
