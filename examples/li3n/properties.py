#!/usr/bin/env python3
"""Lattice constants, energy against volume, elastic constants of α-Li3N and barriers of a lithium vacancy, as Markdown, by
`mlmd relax`, `evaluate` and `neb` with the potential that ships, beside density functional theory (dft/volumes.extxyz,
dft/elastic.extxyz, dft/hops.extxyz) and, where its folder is given, the published eSNAP in LAMMPS (esnap.py):

    python3 examples/li3n/properties.py [MLMD] [--esnap FOLDER] [--hops FILE]        (numpy; seconds)

Constants: stresses of cells strained by ±0.5 % whose ions are relaxed. Barriers: 256 atoms, one lithium of the plane missing; and
83 atoms, whose start, saddle and end --hops writes for dft/label.py.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
DFT = HERE / "dft"
POTENTIAL = HERE.parent.parent / "potentials" / "li3n"
GPA = 160.21766208
STRAIN = 0.005
A_DFT, C_DFT = 3.635, 3.865  # Å, from E(V) at the c/a of a grid of 16 points


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


class Mlmd:
    """The potential that ships."""

    name = "mlmd"

    def __init__(self, folder):
        self.folder = folder
        mlmd("relax", POTENTIAL, HERE / "li3n.cif", "--cell", "free", "-o", folder / "rest.extxyz", "--quiet")
        self.cell, self.symbols, self.positions, _ = read(folder / "rest.extxyz")

    def lattice(self):
        return np.linalg.norm(self.cell, axis=1)[[0, 2]]

    def stress(self, strain):
        """Of the strained crystal (GPa), its ions relaxed."""
        f = np.eye(3) + strain
        write(self.folder / "strained.extxyz", self.cell @ f, self.symbols, self.positions @ f)
        out = self.folder / "out.extxyz"
        mlmd("relax", POTENTIAL, self.folder / "strained.extxyz", "-o", out, "--fmax", "1e-3 eV/angstrom", "--quiet")
        return read(out)[3]

    def energies(self, path):
        """Of the frames of a file, eV."""
        mlmd("evaluate", POTENTIAL, path, "-o", self.folder / "evaluated.extxyz", "--quiet")
        return np.array([energy(head) for head, _, _ in frames(self.folder / "evaluated.extxyz")])


class Dft:
    """The density functional theory that it learnt: what dft/label.py and dft/elastic.py wrote."""

    name = "the same DFT"

    def lattice(self):
        return np.array([A_DFT, C_DFT])

    def stress(self, strain):
        rest = np.array([[A_DFT, 0, 0], [-A_DFT / 2, A_DFT * np.sqrt(3) / 2, 0], [0, 0, C_DFT]])
        for head, _, _ in frames(DFT / "elastic.extxyz"):
            if np.allclose(np.linalg.solve(rest, matrix(head, "Lattice")), np.eye(3) + strain, atol=1e-6):
                return GPA * matrix(head, "stress")
        sys.exit(f"{DFT}/elastic.extxyz has no cell with the strain\n{strain}")

    def energies(self, path):
        return np.array([energy(head) for head, _, _ in frames(path)])


class Esnap:
    """The published potential in LAMMPS, through ASE: 108 atoms of the crystal, as LAMMPS wants room for its cutoff."""

    name = "eSNAP"

    def __init__(self, potential, folder):
        import esnap
        from ase.filters import FrechetCellFilter

        self.calculator = lambda: esnap.calculator(potential.resolve(), folder)
        self.rest = self.repeated(DFT / "volumes.extxyz")[3]
        self.relaxed(FrechetCellFilter(self.rest))

    def repeated(self, path):
        import ase.io

        out = [frame if len(frame) > 4 else frame.repeat((3, 3, 3)) for frame in ase.io.read(path, ":")]
        for frame in out:
            frame.calc = self.calculator()
        return out

    def relaxed(self, atoms):
        from ase.optimize import BFGS

        if not BFGS(atoms, logfile=None).run(fmax=1e-3, steps=500):
            sys.exit("eSNAP: did not relax")

    def lattice(self):
        return self.rest.cell.lengths()[[0, 2]] / 3

    def stress(self, strain):
        strained = self.rest.copy()
        strained.calc = self.calculator()
        strained.set_cell(self.rest.cell.array @ (np.eye(3) + strain), scale_atoms=True)
        self.relaxed(strained)
        return GPA * strained.get_stress(voigt=False)

    def energies(self, path):
        """Per four atoms where they are a crystal."""
        return np.array([f.get_potential_energy() / (27 if len(f) == 108 else 1) for f in self.repeated(path)])


def elastic(source):
    """C_ij in GPa: the difference of the stresses of two opposite strains over twice the strain."""

    def column(a, b):
        strain = np.zeros((3, 3))
        strain[a, b] += 0.5 * STRAIN
        strain[b, a] += 0.5 * STRAIN
        return (source.stress(strain) - source.stress(-strain)) / (2 * STRAIN)

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


LARGE, SMALL = 4 * np.eye(3, dtype=int), [[-3, -2, 1], [1, 3, 1], [-2, 1, -1]]


def table(corner, sources, rows):
    """Rows of a name, a value for every source and how to write it, and what more there is to say."""
    print(f"| {corner} | " + " | ".join(sources) + " |\n|---|" + "---|" * len(sources))
    for name, values, style, *more in rows:
        print(f"| {name} | " + " | ".join([*(format(v, style) for v in values), *more]) + " |")
    print()


def hops(folder, own, sources, out):
    """What hops cost; the images in the small cell go to a file, if one is wanted."""
    crystal, images = (own.cell, own.positions, own.symbols), []
    for across, where in ((False, "from within it"), (True, "from between two planes")):
        barrier, length, _ = hop(folder, *crystal, LARGE, across)
        print(f"- A vacancy in the Li2N plane is filled {where}, {length:.2f} Å, over {1000 * barrier:.1f} meV (mlmd, 256 atoms).")
        if out:
            images += hop(folder, *crystal, SMALL, across)[2]
    for number, (head, symbols, positions) in enumerate(images):
        write(folder / "image.extxyz", matrix(head, "Lattice"), symbols, positions)
        with open(out, "a" if number else "w") as file:
            file.write((folder / "image.extxyz").read_text())
    print()
    e = [1000 * source.energies(DFT / "hops.extxyz").reshape(2, 3) for source in sources]
    rows = [
        (f"{where}, from its {end}", [paths[row, 1] - paths[row, column] for paths in e], ".0f")
        for row, where in enumerate(("in the plane", "across"))
        for end, column in (("start", 0), ("end", 2))
    ]
    table("meV, 83 atoms, the same images", [s.name for s in sources], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mlmd", nargs="?", default="mlmd")
    parser.add_argument("--esnap", type=pathlib.Path, help="folder of the published potential; wants ASE and LAMMPS, as esnap.py")
    parser.add_argument("--hops", type=pathlib.Path)
    given = parser.parse_args()
    global MLMD
    MLMD = given.mlmd
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sources = [Mlmd(folder), Dft()] + ([Esnap(given.esnap, folder)] if given.esnap else [])
        a, c = np.transpose([source.lattice() for source in sources])
        crystals = DFT / "volumes.extxyz"
        volumes = np.array([abs(np.linalg.det(matrix(head, "Lattice"))) for head, _, _ in frames(crystals)])
        curves = [source.energies(crystals) for source in sources]
        v, b = np.transpose([rest(volumes, curve) for curve in curves])
        rows = [
            ("a (Å)", a, ".3f", "3.648"),
            ("c (Å)", c, ".3f", "3.875"),
            ("volume of Li3N at rest, from E(V) (Å³)", v, ".2f", ""),
            ("bulk modulus, from E(V) (GPa)", b, ".1f", ""),
            ("E(V) over ±6 %: scatter about that of DFT (meV/atom)", [250 * np.std(e - curves[1]) for e in curves], ".2f", ""),
        ]
        constants = [elastic(source) for source in sources]
        rows += [(f"{name} (GPa)", [column[name] for column in constants], ".1f", "") for name in constants[0]]
        table("", [*(source.name for source in sources), "measured at room temperature"], rows)
        hops(folder, sources[0], sources, given.hops)


if __name__ == "__main__":
    main()
