#!/usr/bin/env python3
"""Lattice constants, energy against volume, elastic constants of α-Li3N and barriers of a lithium vacancy, as Markdown, by
`mlmd relax`, `evaluate` and `neb` with the potential that ships, beside density functional theory (dft/volumes.extxyz,
dft/hops.extxyz):

    python3 examples/li3n/properties.py [MLMD] [--hops FILE]        (numpy; seconds)

Constants: stresses of cells strained by ±0.5 % whose ions are relaxed. Barriers: 256 atoms, one lithium of the plane missing; and
83 atoms, whose start, saddle and end --hops writes for dft/label.py.
Published: eSNAP of Deng et al., npj Comput. Mater. 5, 75 (2019), evaluated from its public files.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
POTENTIAL = HERE.parent.parent / "potentials" / "li3n"
GPA = 160.21766208
STRAIN = 0.005
A_DFT, C_DFT = 3.635, 3.865  # Å, from E(V) at the c/a of a grid of 16 points
ESNAP = {"C11": 116.8, "C12": 37.5, "C13": 7.9, "C33": 145.7, "C44": 16.7, "C66": 39.7}


def frames(path):
    """Head, symbols and the other columns of every frame of an extended XYZ file of mlmd."""
    lines = path.read_text().splitlines()
    while lines:
        count = int(lines[0])
        rows = [line.split() for line in lines[2 : 2 + count]]
        yield lines[1], [r[0] for r in rows], np.array([r[1:4] for r in rows], float)
        lines = lines[2 + count :]


def matrix(head, key):
    return np.array(re.search(f'{key}="([^"]*)"', head)[1].split(), float).reshape(3, 3)


def energy(head):
    return float(re.search(r"(?:^| )energy=(\S+)", head)[1])


def read(path):
    """Cell, symbols, positions and stress (GPa) of the first frame."""
    head, symbols, positions = next(frames(path))
    return matrix(head, "Lattice"), symbols, positions, GPA * matrix(head, "stress") if "stress=" in head else None


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


def rest(volumes, energies):
    """Volume at rest and bulk modulus (GPa) by the equation of Birch and Murnaghan, a cubic in V^(-2/3)."""
    x = volumes ** (-2 / 3)
    middle, width = x.mean(), np.ptp(x)
    curve = np.polynomial.Polynomial.fit((x - middle) / width, energies, 3, domain=[-1, 1], window=[-1, 1])
    least = min((r.real for r in curve.deriv().roots() if abs(r.imag) < 1e-9), key=lambda r: curve(r))
    v = (middle + width * least) ** -1.5
    return v, GPA * curve.deriv(2)(least) * (2 / 3 * v ** (-5 / 3) / width) ** 2 * v


def volumes(folder):
    """Volumes at rest and bulk moduli, mlmd and DFT; the scatter of the difference of their energies (meV/atom)."""
    given = HERE / "dft" / "volumes.extxyz"
    mlmd("evaluate", POTENTIAL, given, "-o", folder / "volumes.extxyz", "--quiet")
    read = lambda path: np.array([(abs(np.linalg.det(matrix(h, "Lattice"))), energy(h)) for h, _, _ in frames(path)]).T
    (v, own), (_, dft) = read(folder / "volumes.extxyz"), read(given)
    return rest(v, own), rest(v, dft), 1000 * np.std(own - dft) / 4


def repeated(cell, positions, symbols, times):
    """The crystal in a cell of these vectors, in terms of the old."""
    large = np.array(times) @ cell
    reach = range(-6, 7)
    shifts = np.array([[i, j, k] for i in reach for j in reach for k in reach]) @ cell
    sites = (shifts[:, None, :] + positions[None, :, :]).reshape(-1, 3)
    inside = sites @ np.linalg.inv(large) + 1e-6
    kept = np.all((inside >= 0) & (inside < 1), axis=1)
    return large, sites[kept], [s for s, k in zip(symbols * len(shifts), kept) if k]


def hop(folder, cell, positions, symbols, times, across):
    """The barrier (eV) of a lithium that hops into a vacancy of the Li2N plane, from within the plane or across, its length (Å), and
    start, saddle and end of the path."""
    large, sites, names = repeated(cell, positions, symbols, times)

    def distance(i, j):
        d = (sites[j] - sites[i]) @ np.linalg.inv(large)
        return np.linalg.norm((d - np.round(d)) @ large)

    nitrogen = names.index("N")
    height = lambda i: ((sites[i] - sites[nitrogen])[2] / cell[2, 2] + 0.25) % 1.0
    lithium = [i for i, s in enumerate(names) if s == "Li"]
    hole = next(i for i in lithium if height(i) < 0.5)
    other = min((i for i in lithium if i != hole and (height(i) > 0.5) == across), key=lambda i: distance(hole, i))
    ends = []
    for name, moved in (("start", False), ("end", True)):
        there = sites.copy()
        if moved:
            there[other] = sites[hole]
        keep = [i for i in range(len(names)) if i != hole]
        ends.append(folder / f"{name}.extxyz")
        write(ends[-1], large, [names[i] for i in keep], there[keep])
    said = mlmd("neb", POTENTIAL, *ends, "-o", folder / "neb", "--quiet")
    path = list(frames(folder / "neb" / "path.extxyz"))
    saddle = next(frames(folder / "neb" / "saddle.extxyz"))
    return float(re.search(r"forward\s+(\S+) eV", said)[1]), distance(hole, other), (path[0], saddle, path[-1])


def barriers(path):
    """The way up from the start and from the end of every path in a file of starts, saddles and ends, meV."""
    e = 1000 * np.array([energy(head) for head, _, _ in frames(path)]).reshape(-1, 3)
    return [(saddle - start, saddle - end) for start, saddle, end in e]


LARGE, SMALL = 4 * np.eye(3, dtype=int), [[-3, -2, 1], [1, 3, 1], [-2, 1, -1]]


def hops(folder, crystal, out):
    """What hops cost, in lines of Markdown; the images in the small cell go to a file, if one is wanted."""
    images = []
    for across, where in ((False, "from within it"), (True, "from between two planes")):
        barrier, length, _ = hop(folder, *crystal, LARGE, across)
        print(f"- A vacancy in the Li2N plane is filled {where}, {length:.2f} Å, over {1000 * barrier:.1f} meV (256 atoms).")
        if out:
            images += hop(folder, *crystal, SMALL, across)[2]
    for number, (head, symbols, positions) in enumerate(images):
        write(folder / "image.extxyz", matrix(head, "Lattice"), symbols, positions)
        with open(out, "a" if number else "w") as file:
            file.write((folder / "image.extxyz").read_text())
    given = HERE / "dft" / "hops.extxyz"
    if given.exists():
        mlmd("evaluate", POTENTIAL, given, "-o", folder / "hops.extxyz", "--quiet")
        for name, own, dft in zip(("in the plane", "across"), barriers(folder / "hops.extxyz"), barriers(given)):
            words = [f"{way}: {a:.0f} meV, DFT {b:.0f}" for way, a, b in zip(("up from the start", "from the end"), own, dft)]
            print(f"- 83 atoms, {name}, the same three images: {'; '.join(words)}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mlmd", nargs="?", default="mlmd")
    parser.add_argument("--hops", type=pathlib.Path)
    given = parser.parse_args()
    global MLMD
    MLMD = given.mlmd
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        mlmd("relax", POTENTIAL, HERE / "li3n.cif", "--cell", "free", "-o", folder / "rest.extxyz", "--quiet")
        cell, symbols, positions, _ = read(folder / "rest.extxyz")
        (v, b), (v_dft, b_dft), scatter = volumes(folder)
        lengths = np.linalg.norm(cell, axis=1)
        print("| | mlmd | the same DFT | measured at room temperature |\n|---|---|---|---|")
        print(f"| a (Å) | {lengths[0]:.3f} | {A_DFT} | 3.648 |\n| c (Å) | {lengths[2]:.3f} | {C_DFT} | 3.875 |")
        print(f"| volume of Li3N at rest, from E(V) (Å³) | {v:.2f} | {v_dft:.2f} | |")
        print(f"| bulk modulus, from E(V) (GPa) | {b:.1f} | {b_dft:.1f} | |\n")
        print(f"E(V) over ±6 % at fixed c/a follows DFT to {scatter:.2f} meV/atom (root mean square, but for a constant).\n")
        constants = elastic(folder, cell, symbols, positions)
        print("| GPa | " + " | ".join(constants) + " |")
        print("|---|" + "---|" * len(constants))
        print("| mlmd | " + " | ".join(f"{c:.1f}" for c in constants.values()) + " |")
        print("| eSNAP | " + " | ".join(f"{ESNAP[k]:.1f}" for k in constants) + " |\n")
        hops(folder, (cell, positions, symbols), given.hops)


if __name__ == "__main__":
    main()
