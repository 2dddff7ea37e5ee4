#!/usr/bin/env python3
"""Elastic constants of α-Li3N and the barrier of a lithium vacancy in the Li2N plane, as Markdown, by `mlmd relax` and
`mlmd neb` with the potential that ships:

    python3 examples/li3n/properties.py [MLMD]        (numpy; seconds)

Constants: stresses of cells strained by ±0.5 % whose ions are relaxed. Barrier: 256 atoms, one lithium of the plane missing.
Published: eSNAP of Deng et al., npj Comput. Mater. 5, 75 (2019), evaluated from its public files.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
POTENTIAL = HERE.parent.parent / "potentials" / "li3n"
MLMD = sys.argv[1] if len(sys.argv) > 1 else "mlmd"
GPA = 160.21766208
STRAIN = 0.005
ESNAP = {"C11": 116.8, "C12": 37.5, "C13": 7.9, "C33": 145.7, "C44": 16.7, "C66": 39.7}


def read(path):
    """Cell, symbols, positions and stress (GPa) of the one frame of an extended XYZ file of mlmd."""
    lines = path.read_text().splitlines()
    numbers = lambda key: np.array(re.search(f'{key}="([^"]*)"', lines[1])[1].split(), float).reshape(3, 3)
    atoms = [line.split() for line in lines[2:]]
    symbols, positions = [a[0] for a in atoms], np.array([a[1:4] for a in atoms], float)
    return numbers("Lattice"), symbols, positions, GPA * numbers("stress") if "stress=" in lines[1] else None


def write(path, cell, symbols, positions):
    lattice = " ".join(f"{x:.12f}" for x in cell.flatten())
    rows = [f"{s} {x:.12f} {y:.12f} {z:.12f}" for s, (x, y, z) in zip(symbols, positions)]
    head = f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="T T T"'
    path.write_text("\n".join([str(len(symbols)), head, *rows, ""]))


def mlmd(*words):
    run = subprocess.run([MLMD, *map(str, words)], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return run.stdout


def elastic(folder, cell, symbols, positions):
    """C_ij in GPa: the difference of the stresses of two opposite strains over twice the strain."""

    def stress(strain):
        f = np.eye(3) + strain
        write(folder / "strained.extxyz", cell @ f, symbols, positions @ f)
        mlmd("relax", POTENTIAL, folder / "strained.extxyz", "-o", folder / "out.extxyz", "--fmax", "1e-3 eV/angstrom", "--quiet")
        return read(folder / "out.extxyz")[3]

    def column(a, b):
        strain = np.zeros((3, 3))
        strain[a, b] += 0.5 * STRAIN
        strain[b, a] += 0.5 * STRAIN
        return (stress(strain) - stress(-strain)) / (2 * STRAIN)

    x, z, yz, xy = column(0, 0), column(2, 2), column(1, 2), column(0, 1)
    return {"C11": x[0, 0], "C12": x[1, 1], "C13": x[2, 2], "C33": z[2, 2], "C44": yz[1, 2], "C66": xy[0, 1]}


def vacancy(folder, cell, symbols, positions):
    """The barrier of the hop of a lithium into a vacancy beside it in the plane, eV."""
    n = 4
    shifts = np.array([[i, j, k] for i in range(n) for j in range(n) for k in range(n)]) @ cell
    large, names = n * cell, symbols * n**3
    sites = (shifts[:, None, :] + positions[None, :, :]).reshape(-1, 3)

    def distance(i, j):
        d = (sites[j] - sites[i]) @ np.linalg.inv(large)
        return np.linalg.norm((d - np.round(d)) @ large)

    nitrogen = next(i for i, s in enumerate(names) if s == "N")
    height = lambda i: (abs(sites[i] - sites[nitrogen])[2] / cell[2, 2] + 0.25) % 1.0
    plane = [i for i, s in enumerate(names) if s == "Li" and height(i) < 0.5]
    hole = plane[0]
    other = min((i for i in plane[1:]), key=lambda i: distance(hole, i))
    ends = []
    for name, moved in (("start", False), ("end", True)):
        there = sites.copy()
        if moved:
            there[other] = sites[hole]
        keep = [i for i in range(len(names)) if i != hole]
        ends.append(folder / f"{name}.extxyz")
        write(ends[-1], large, [names[i] for i in keep], there[keep])
    said = mlmd("neb", POTENTIAL, *ends, "-o", folder / "neb", "--quiet")
    return float(re.search(r"forward\s+(\S+) eV", said)[1]), distance(hole, other)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        mlmd("relax", POTENTIAL, HERE / "li3n.cif", "--cell", "free", "-o", folder / "rest.extxyz", "--quiet")
        crystal = read(folder / "rest.extxyz")[:3]
        constants = elastic(folder, *crystal)
        print("| GPa | " + " | ".join(constants) + " |")
        print("|---|" + "---|" * len(constants))
        print("| mlmd | " + " | ".join(f"{c:.1f}" for c in constants.values()) + " |")
        print("| eSNAP | " + " | ".join(f"{ESNAP[k]:.1f}" for k in constants) + " |")
        barrier, length = vacancy(folder, *crystal)
        print(f"\nA vacancy in the Li2N plane hops by {length:.2f} Å over {1000 * barrier:.1f} meV.")


if __name__ == "__main__":
    main()
