#!/usr/bin/env python3
"""Energies, forces and stresses of frames with the density functional theory of li3n-pbe: Quantum ESPRESSO 6.7, PBE, Γ point.

    apt install quantum-espresso libopenblas0-serial; pip install ase
    python3 examples/li3n/dft/label.py FRAMES... -o LABELLED [--type NAME] [--workers N] [--folder outputs] [--charge -1]

FRAMES is whatever ASE reads, `disagreed.extxyz` of a run above all. Every frame is a calculation of one core for a minute; what is
done lies in the folder, named by the frame's positions, and is not done again: stop it whenever you like. LABELLED is written anew
from the frames that are done, with the 0.0020 eV/Å³ taken off the diagonal of the stress that 45 Ry put there (README.md beside).
"""
import argparse
import concurrent.futures
import hashlib
import pathlib
import os
import re
import shutil
import subprocess

import ase.io
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
RYDBERG, BOHR = 13.605693122994, 0.529177210903  # eV, Å (CODATA 2018)
PULAY = 0.0020  # eV/Å³
MASSES = {"Li": 6.941, "N": 14.0067}
NITROGEN = "N.pbe-n-rrkjus_psl.1.0.0.UPF"  # of Debian's quantum-espresso-data
SETTINGS = """&CONTROL
  {control}, prefix='p', outdir='./tmp', pseudo_dir='{pseudo}', tprnfor=.true., tstress=.true., disk_io='none'
/
&SYSTEM
  ibrav=0, nat={atoms}, ntyp={types}, ecutwfc=45, ecutrho=240, occupations='fixed', nosym=.true., tot_charge={charge}
/
&ELECTRONS
  conv_thr={converged}, mixing_beta=0.4, electron_maxstep=60, diago_david_ndim=4, diago_thr_init=1e-4
/
"""


def pseudopotentials(folder):
    """The folder with both: nitrogen's as packaged, lithium's with three valence electrons made here by ld1.x."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / NITROGEN).exists():
        shutil.copy(pathlib.Path("/usr/share/espresso/pseudo") / NITROGEN, folder)
    if not (folder / "Li.soft.UPF").exists():
        with open(HERE / "Li.ld1.in") as recipe:
            subprocess.run(["ld1.x"], stdin=recipe, stdout=subprocess.DEVNULL, cwd=folder, check=True)
    return folder


def written(frame, pseudo, charge=0, control="calculation='scf'", converged=5e-7, points=None):
    """The input of pw.x, for the Γ point or for `points` in fractions of the reciprocal vectors."""
    files = {"Li": "Li.soft.UPF", "N": NITROGEN}
    symbols = frame.get_chemical_symbols()
    elements = [e for e in files if e in symbols]
    row = lambda v: " ".join(f"{x:.10f}" for x in v)
    return "\n".join([
        SETTINGS.format(
            pseudo=pseudo, atoms=len(frame), types=len(elements), charge=charge, control=control, converged=converged
        ) + ("&IONS\n/\n" if "relax" in control else "") + "ATOMIC_SPECIES",
        *[f"{e} {MASSES[e]} {files[e]}" for e in elements],
        *(["K_POINTS gamma"] if points is None else ["K_POINTS crystal", str(len(points)), *[f"{row(k)} 1" for k in points]]),
        "CELL_PARAMETERS angstrom", *map(row, frame.cell.array),
        "ATOMIC_POSITIONS angstrom", *[f"{s} {row(p)}" for s, p in zip(symbols, frame.positions)], ""])


def read(path, atoms):
    """Energy (eV), forces (eV/Å) and stress (eV/Å³, positive under tension) at the end of an output of pw.x; nothing if it did not
    end well."""
    text = path.read_text(errors="replace") if path.exists() else ""
    if "JOB DONE" not in text or "convergence NOT achieved" in text:
        return None
    energy = RYDBERG * float(re.findall(r"^!\s+total energy\s+=\s+(\S+) Ry", text, re.M)[-1])
    total = text[text.rindex("Forces acting on atoms"):]
    forces = re.findall(r"atom\s+\d+ type\s+\d+\s+force =\s+(\S+)\s+(\S+)\s+(\S+)", total)[:atoms]
    rows = re.search(r"total\s+stress.*\n((?:.*\n){3})", total)[1].splitlines()
    stress = -np.array([r.split()[:3] for r in rows], float) * RYDBERG / BOHR**3
    return energy, np.array(forces, float) * RYDBERG / BOHR, (stress + stress.T) / 2 - PULAY * np.eye(3)


def labelled(frame, label, kind):
    """The frame and its label in extended XYZ."""
    energy, forces, stress = label
    flat = lambda a: " ".join(f"{x:.10g}" for x in np.asarray(a).flatten())
    head = f'Lattice="{flat(frame.cell.array)}" Properties=species:S:1:pos:R:3:forces:R:3 energy={energy:.8f} stress="{flat(stress)}"'
    rows = [" ".join([s, *(f"{x:.8f}" for x in (*p, *f))]) for s, p, f in zip(frame.get_chemical_symbols(), frame.positions, forces)]
    return "\n".join([str(len(frame)), f'{head} pbc="T T T" config_type={kind}', *rows, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", nargs="+", type=pathlib.Path)
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    parser.add_argument("--type", help="the config_type of the labelled frames; their own, or `active`, if absent")
    parser.add_argument("--charge", type=int, default=0, help="of the cell, as where a Li+ is missing")
    parser.add_argument("--workers", type=int, default=1, help="calculations at a time")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("outputs"))
    given = parser.parse_args()
    pseudo = pseudopotentials(given.folder.resolve() / "pseudo")
    frames = [f for path in given.frames for f in ase.io.read(path, ":")]
    names = [hashlib.sha256(np.round(f.positions, 6).tobytes()).hexdigest()[:16] for f in frames]
    # A calculation that is done is known by its positions; that of a charged cell has a name of its own.
    names = [f"{name}{given.charge:+d}" if given.charge else name for name in names]

    def calculate(name, frame):
        folder = given.folder / name
        if read(folder / "pw.out", len(frame)) is None:
            folder.mkdir(exist_ok=True)
            (folder / "pw.in").write_text(written(frame, pseudo, given.charge))
            with open(folder / "pw.out", "w") as out, open(folder / "pw.err", "w") as err:
                alone = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
                subprocess.run(["nice", "-n", "15", "pw.x", "-in", "pw.in"], cwd=folder, stdout=out, stderr=err, env=alone)
        return read(folder / "pw.out", len(frame))

    done = []
    with concurrent.futures.ThreadPoolExecutor(given.workers) as pool:
        for count, (frame, label) in enumerate(zip(frames, pool.map(calculate, names, frames)), 1):
            print(f"{count} of {len(frames)}:", "did not converge" if label is None else f"{label[0] / len(frame):.4f} eV/atom", flush=True)
            if label is not None:
                done.append(labelled(frame, label, given.type or frame.info.get("config_type", "active")))
                given.output.write_text("".join(done))


if __name__ == "__main__":
    main()
