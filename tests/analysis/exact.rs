//! Trajectories whose answers are known to rounding.

use mlmd::analysis::{Choice, DriftReference, Motion, Settings, Transport};
use mlmd::system::{Element, Vec3};
use mlmd::units::{BOLTZMANN, Dimension, parse};
use mlmd::{Cell, Frame};

/// fs.
const INTERVAL: f64 = 100.0;

/// 256 ions that step by ±1 Å along each axis in each of 85 intervals, with signs that are Walsh functions of the number
/// of the ion, another one for each axis and step: any two of them add up to nothing over the ions, so that the mean
/// squared displacement is 3 Å² times the lag from every origin, without scatter.
fn walsh(edge: f64) -> Vec<Frame> {
    let li = Element::from_symbol("Li").unwrap();
    let cell = Cell::orthorhombic(edge, edge, edge).unwrap();
    let mut positions = vec![Vec3::zeros(); 256];
    let mut frames = vec![Frame::new(cell.clone(), vec![li; 256], positions.clone())];
    for step in 0..85 {
        for (ion, r) in positions.iter_mut().enumerate() {
            *r += Vec3::from_fn(|axis, _| {
                let function = 1 + 3 * step + axis;
                if (ion & function).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }
            });
            *r = cell.wrap(r).0;
        }
        frames.push(Frame::new(cell.clone(), vec![li; 256], positions.clone()));
    }
    frames
}

/// D = ⟨x²⟩/2t along each axis, and the Nernst–Einstein conductivity N e² D/(V k_B T), with units that are parsed. The
/// collective displacement is zero, which is no conductivity.
#[test]
fn a_walk_without_scatter_has_its_diffusivity() {
    let (edge, temperature) = (30.0, 600.0);
    let li = Element::from_symbol("Li").unwrap();
    let settings = Settings { mobile: vec![li], reference: DriftReference::None, interval: Some(INTERVAL) };
    let mut motion = Motion::new(settings);
    for frame in walsh(edge) {
        motion.push(&frame).unwrap();
    }
    let runs = vec![motion.finish().unwrap()];
    let found = Transport::of(runs, Some(temperature), &[(li, 1.0)], &Choice::default()).unwrap();
    let tracer = found.tracers[0].1.as_ref().unwrap();
    let exact = 1.0 / (2.0 * INTERVAL);
    let unit = parse("1 cm^2/s", Dimension::DIFFUSIVITY).unwrap();
    let value = tracer.diffusivity.value;
    assert!((value * unit / exact - 1.0).abs() < 1e-9, "{value} cm²/s");
    for (component, expected) in tracer.tensor.iter().zip([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) {
        assert!((component.value * unit / exact - expected).abs() < 1e-9, "{component}");
    }
    let siemens_per_cm = parse("1 S/cm", Dimension::new([-1, -1, -1, 0, 2])).unwrap();
    let sigma = found.nernst_einstein.unwrap().value;
    let exact = 256.0 * exact / (edge.powi(3) * BOLTZMANN * temperature);
    assert!((sigma * siemens_per_cm / exact - 1.0).abs() < 1e-9, "{sigma} S/cm");
    assert!(found.charge.is_err());
}
