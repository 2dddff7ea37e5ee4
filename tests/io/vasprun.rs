//! VASP vasprun.xml.

use crate::support::{complaint, frames, recognised, shared};
use mlmd::io::{self, ColumnValues, Format, ReadOptions, Value};
use mlmd::system::Vec3;

pub(crate) const STEP: &str = r#" <calculation>
  <scstep><energy><i name="e_fr_energy"> -1.0 </i><i name="e_0_energy"> -0.9 </i></energy></scstep>
  <scstep><energy><i name="e_fr_energy"> -2.0 </i><i name="e_wo_entrp"> ****** </i><i name="e_0_energy"> -1.5 </i></energy></scstep>
  <structure>
   <crystal>
    <varray name="basis" ><v> 4 0 0 </v><v> 0 5 0 </v><v> 0 0 6 </v></varray>
    <varray name="rec_basis" ><v> 9 9 9 </v><v> 9 9 9 </v><v> 9 9 9 </v></varray>
   </crystal>
   <varray name="positions" >
    <v> 0.0 0.0 0.0 </v>
    <v> 0.5 0.5 0.5 </v>
   </varray>
  </structure>
  <varray name="forces" >
   <v> 1.0 2.0 3.0 </v>
   <v> -1.0 -2.0 -3.0 </v>
  </varray>
  <varray name="stress" ><v> 10 4 6 </v><v> 4 20 5 </v><v> 6 5 30 </v></varray>
  <energy><i name="e_fr_energy"> -3.0 </i><i name="e_0_energy"> 0.0 </i></energy>
 </calculation>
"#;

pub(crate) fn vasprun(steps: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <incar><i type="string" name="SYSTEM"> alpha-Li3N &amp; more</i></incar>
 <parameters><i name="PSTRESS"> 0.0 </i><i name="NELM"> 60 </i><i name="IBRION"> 0 </i><i name="POTIM"> 2.0 </i></parameters>
 <atominfo>
  <atoms> 2 </atoms>
  <array name="atoms" ><set><rc><c>Li</c><c> 1</c></rc><rc><c>r </c><c> 2</c></rc></set></array>
  <array name="atomtypes" ><set><rc><c> 1</c><c>Li</c></rc></set></array>
 </atominfo>
 <structure name="initialpos" >
  <varray name="positions" ><v> 0 0 0 </v><v> .5 .5 .5 </v></varray>
  <varray type="logical" name="selective" ><v type="logical" > T T F </v><v type="logical" > F F F </v></varray>
 </structure>
{steps}</modeling>
"#
    )
}

#[test]
fn real_files_are_read() {
    for (name, energies, force) in [
        ("vasprun.Ge.xml", vec![-33.36836054], [-0.05644767, 0.10894589, 0.29689164]),
        (
            "vasprun.h2o.md.xml",
            vec![-28.38622624, -28.43874406, -28.46658469],
            [-0.14198623, -0.57372915, 0.35651545],
        ),
    ] {
        let Some(path) = shared(&format!("formats/{name}")) else { return };
        recognised(&path, Format::Vasprun);
        let read = io::read_all(&path, &ReadOptions::default()).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-8;
        assert!(
            read.len() == energies.len()
                && read.iter().zip(&energies).all(|(f, e)| close(f.energy.unwrap(), *e))
        );
        assert_eq!(read[0].forces.as_ref().unwrap()[0], Vec3::from(force));
    }
}

#[test]
fn steps_are_read_with_the_right_signs() {
    let read = frames("vasprun.xml", &vasprun(&STEP.repeat(2))).unwrap();
    assert_eq!(read.len(), 2);
    let frame = &read[1];
    assert_eq!((frame.formula().as_str(), frame.energy), ("LiZr", Some(-2.5)));
    assert_eq!(frame.info["free_energy"], Value::Real(-3.0));
    assert_eq!((frame.step, frame.time, frame.origin.line), (Some(2), Some(4.0), 34));
    assert_eq!(frame.positions[1], Vec3::new(2.0, 2.5, 3.0));
    assert_eq!(
        frame.columns["move_mask"].values,
        ColumnValues::Flags(vec![true, true, false, false, false, false])
    );
    let stress = frame.stress.unwrap() * 1602.176634;
    assert!((stress[(0, 0)] + 10.0).abs() < 1e-12 && (stress[(1, 2)] + 5.0).abs() < 1e-12);
}

#[test]
fn pressure_times_volume_is_not_part_of_the_energy() {
    let text = vasprun(STEP).replace("PSTRESS\"> 0.0", "PSTRESS\"> 16.02176634");
    // 1.602176634 GPa × 120 Å³ = 1.2 eV.
    let energy = frames("vasprun.xml", &text).unwrap()[0].energy.unwrap();
    assert!((energy - (-2.5 - 1.2)).abs() < 1e-12);
}

#[test]
fn a_truncated_file_gives_its_whole_steps_and_then_an_error() {
    let text = vasprun(&STEP.repeat(2));
    for marker in ["</calculation>", "<v> -1.0 -2.0 -3.0", "</modeling>"] {
        let cut = &text[..text.rfind(marker).unwrap()];
        let mut read = io::open_text("vasprun.xml", cut, &ReadOptions::default()).unwrap();
        assert!(read.next().unwrap().is_ok());
        if marker == "</modeling>" {
            assert!(read.next().unwrap().is_ok());
        }
        let message = read.next().unwrap().unwrap_err().to_string();
        let line = cut.lines().count();
        assert!(
            message.starts_with(&format!("vasprun.xml:{line}:"))
                || message.starts_with(&format!("vasprun.xml:{}:", line + 1)),
            "{message}"
        );
        assert!(message.contains("the file ends here"), "{message}");
    }
}

#[test]
fn mistakes_are_located() {
    let good = vasprun(STEP);
    for (from, to, expected) in [
        ("<c>Li</c><c> 1", "<c>Xx</c><c> 1", "vasprun.xml:7:36: `Xx` is not the symbol of an element"),
        (
            "-1.0 -2.0 -3.0",
            "-1.0 ***** -3.0",
            "vasprun.xml:29:13: stars stand where the number was too large for VASP's format",
        ),
        ("-1.0 -2.0 -3.0", "-1.0 two -3.0", "vasprun.xml:29:13: `two` is not a number"),
        ("-1.0 -2.0 -3.0", "-1.0 nan -3.0", "vasprun.xml:29:13: `nan` is not a finite number"),
        ("-1.0 -2.0 -3.0", "-1.0 -2.0", "vasprun.xml:29:17: a component of a vector is missing"),
        ("   <v> -1.0 -2.0 -3.0 </v>\n", "", "vasprun.xml:14:1: the step has 1 forces for 2 atoms"),
        ("    <v> 0.5 0.5 0.5 </v>\n", "", "vasprun.xml:14:1: the step has 1 positions for 2 atoms"),
        ("<v> 0 0 6 </v>", "", "vasprun.xml:14:1: the step has 2 lattice vectors, not three"),
        ("<v> 0 0 6 </v>", "<v> 0 5 0 </v>", "vasprun.xml:14:1: the lattice vectors lie in one plane"),
        ("> -3.0 <", "> low <", "vasprun.xml:32:34: `low` is not a number"),
        ("calculation>", "calculations>", "vasprun.xml:35:1: the file ends here"),
    ] {
        assert_eq!(complaint("vasprun.xml", &good.replace(from, to)), expected, "{from} -> {to}");
    }
    let broken = complaint("vasprun.xml", &good.replace("</structure>", "</crystal>"));
    assert!(broken.starts_with("vasprun.xml:13:1: broken XML: "), "{broken}");
}
