#!/usr/bin/env python3
"""Strained cells of α-Li3N with the density functional theory of label.py, their ions relaxed: what properties.py takes the elastic
constants of DFT from.

    python3 examples/li3n/dft/elastic.py [-o examples/li3n/dft/elastic.extxyz] [--folder outputs] [--strain 0.005] [--grid N]

The crystal has four atoms here and the k-points that fold onto the Γ point of the 84 atoms of the frames, the same theory for
minutes of a core; or a grid of N × N × N. What is done lies in the folder and is not done again.
"""
import argparse
import itertools
import os
import pathlib
import re
import subprocess

import ase
import numpy as np

import label

HERE = pathlib.Path(__file__).resolve().parent
A, C = 3.635, 3.865  # Å, at rest
SUPERCELL = np.array([[-3, -2, 1], [1, 3, 1], [-2, 1, -1]])  # of 84 atoms
CONTROL = "calculation='relax', forc_conv_thr=2e-5, etot_conv_thr=1e-6"
COMPONENTS = {"xx": (0, 0), "zz": (2, 2), "yz": (1, 2), "xy": (0, 1)}


def crystal():
    cell = np.array([[A, 0, 0], [-A / 2, A * np.sqrt(3) / 2, 0], [0, 0, C]])
    sites = [[0, 0, 0], [0, 0, 0.5], [1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0]]
    return ase.Atoms("NLi3", scaled_positions=sites, cell=cell, pbc=True)


def folded(supercell):
    """The k-points of the crystal that are reciprocal vectors of the supercell, in fractions: its determinant counts them."""
    inverse = np.linalg.inv(supercell)
    reach = range(-6, 7)
    points = {tuple(np.round(np.mod(inverse @ m + 1e-9, 1.0) - 1e-9, 8)) for m in itertools.product(reach, repeat=3)}
    assert len(points) == round(abs(np.linalg.det(supercell)))
    return sorted(points)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=pathlib.Path, default=HERE / "elastic.extxyz")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("outputs"))
    parser.add_argument("--strain", type=float, default=0.005)
    parser.add_argument("--grid", type=int)
    given = parser.parse_args()
    pseudo = label.pseudopotentials(given.folder.resolve() / "pseudo")
    points = folded(SUPERCELL if given.grid is None else given.grid * np.eye(3))
    frames = []
    for (name, (a, b)), sign in itertools.product(COMPONENTS.items(), (1, -1)):
        strain = np.zeros((3, 3))
        strain[a, b] += 0.5 * sign * given.strain
        strain[b, a] += 0.5 * sign * given.strain
        frame = crystal()
        frame.set_cell(frame.cell.array @ (np.eye(3) + strain), scale_atoms=True)
        folder = given.folder / f"elastic-{name}{sign * given.strain:+g}{f'-{given.grid}' if given.grid else ''}"
        if label.read(folder / "pw.out", len(frame)) is None:
            folder.mkdir(parents=True, exist_ok=True)
            text = label.written(frame, pseudo, control=CONTROL, converged=1e-10, points=points)
            (folder / "pw.in").write_text(text)
            with open(folder / "pw.out", "w") as out:
                alone = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
                subprocess.run(["nice", "-n", "15", "pw.x", "-in", "pw.in"], cwd=folder, stdout=out, env=alone, check=True)
        result = label.read(folder / "pw.out", len(frame))
        if result is None:
            raise SystemExit(f"{folder}: did not converge")
        last = re.findall(r"ATOMIC_POSITIONS.*\n((?:\w+ .*\n){4})", (folder / "pw.out").read_text())
        if last:
            frame.positions = [[float(x) for x in row.split()[1:4]] for row in last[-1].splitlines()]
        print(f"{name} {sign * given.strain:+g}: largest force {abs(result[1]).max():.1e} eV/Å", flush=True)
        frames.append(label.labelled(frame, result, f"strain-{name}"))
    given.output.write_text("".join(frames))


if __name__ == "__main__":
    main()
