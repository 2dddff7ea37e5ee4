//! What a file is, by its content and by its name.

use crate::support::shared;
use mlmd::io::{self, Format, ReadOptions, WriteOptions};
use std::io::Read;

#[test]
fn files_of_every_program_are_recognised_without_their_names() {
    for (name, format) in [
        ("LLZO_nep802i1-test.extxyz", Format::ExtendedXyz),
        ("formats/POSCAR.neb0", Format::Poscar),
        ("formats/Li.XDATCAR.gz", Format::Xdatcar),
        ("formats/OUTCAR.Ge", Format::Outcar),
        ("formats/OUTCAR.ch4", Format::Outcar),
        ("formats/OUTCAR.h2o.md", Format::Outcar),
        ("formats/vasprun.Ge.xml", Format::Vasprun),
        ("formats/vasprun.h2o.md.xml", Format::Vasprun),
        ("formats/Li6MnO4.cif", Format::Cif),
        ("formats/argyrodite.cif", Format::Cif),
        ("formats/latp.cif", Format::Cif),
        ("formats/li3ps4.cif", Format::Cif),
        ("formats/na3ps4.cif", Format::Cif),
        ("formats/conf.waterion.lmp", Format::LammpsData),
        ("formats/cu2s_144.data", Format::LammpsData),
        ("golden/lammps/data.li3n", Format::LammpsData),
        ("formats/traj.dump", Format::LammpsDump),
        ("golden/lammps/li3n_esnap.dump", Format::LammpsDump),
        ("formats/rutile_72.xsf", Format::Xsf),
        ("golden/aenet/structures/cluster_48_nonperiodic.xsf", Format::Xsf),
        ("golden/n2p2/Cu2S_sets/input.data", Format::N2p2),
        ("formats/pw.02.out", Format::QuantumEspresso),
        ("formats/pw.Al.out", Format::QuantumEspresso),
        ("formats/pw.Li3N.out.gz", Format::QuantumEspresso),
        ("formats/cp2k.out", Format::Cp2k),
        ("formats/cp2k.2025.out", Format::Cp2k),
    ] {
        let Some(path) = shared(name) else { continue };
        let mut head = Vec::new();
        mlmd::text::open(&path).unwrap().take(1 << 16).read_to_end(&mut head).unwrap();
        assert_eq!(Format::detect("nameless".as_ref(), &head).unwrap(), format, "{name}");
    }
}

#[test]
fn files_that_are_not_read_are_told_by_name() {
    for (head, expected) in [
        (&b"- of UlmASE-Trajectory "[..], "`ase convert`"),
        (b"T\0\0\0CORD", "a DCD trajectory"),
        (b"T\0\0\0\0\0\0\0CORD", "a DCD trajectory"),
        (b"CDF\x01\0\0", "a netCDF trajectory"),
        (b"\x93NUMPY\x01\0", "an array of NumPy"),
    ] {
        let message = Format::detect("a.xyz".as_ref(), head).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn content_wins_over_the_name_and_a_request_over_both() {
    let text = "1\nProperties=species:S:1:pos:R:3\nLi 0 0 0\n";
    let options = ReadOptions::default();
    assert_eq!(io::open_text("POSCAR", text, &options).unwrap().format(), Format::ExtendedXyz);
    let options = ReadOptions { format: Some(Format::Poscar), ..options };
    assert_eq!(io::open_text("a.xyz", text, &options).unwrap().format(), Format::Poscar);
    assert!(io::open_text("a.xyz", text, &options).unwrap().next().unwrap().is_err());
}

#[test]
fn what_cannot_be_opened_is_said_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let open = |path: &std::path::Path| io::open(path, &ReadOptions::default()).map(|_| ()).unwrap_err();
    let missing = open(&directory.path().join("missing.xyz"));
    assert!(missing.to_string().contains("missing.xyz: cannot open: "), "{missing}");
    assert_eq!(missing.exit_code(), 2);
    let folder = open(directory.path());
    assert!(folder.to_string().ends_with("is a folder, expected a file"), "{folder}");
    let path = directory.path().join("broken.xyz.gz");
    std::fs::write(&path, [0x1f, 0x8b, 8, 0, 1, 2, 3]).unwrap();
    assert_eq!(open(&path).exit_code(), 2);
    let written = io::create(&directory.path().join("a.txt"), None, &WriteOptions::default());
    assert!(written.err().unwrap().to_string().contains("does not say which format to write"));
    let written = io::create(&directory.path().join("OUTCAR"), None, &WriteOptions::default());
    assert!(written.err().unwrap().to_string().contains("mlmd does not write VASP OUTCAR"));
}

/// A writer must not lose frames in silence: `/dev/full` is a disk without room.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_reported() {
    let frame =
        io::open_text("a.xyz", "1\n\nLi 0 0 0\n", &ReadOptions::default()).unwrap().next().unwrap().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for name in ["full.xyz", "full.xyz.gz"] {
        let path = directory.path().join(name);
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let mut out = io::create(&path, None, &WriteOptions::default()).unwrap();
        out.write(&frame).unwrap();
        let error = out.finish().unwrap_err();
        assert!(error.to_string().contains("cannot write: No space left on device"), "{error}");
        assert_eq!(error.exit_code(), 4);
    }
}
