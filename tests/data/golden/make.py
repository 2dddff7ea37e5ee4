#!/usr/bin/env python3
"""Makes expected.json: what n2p2, aenet and NEP_CPU say about the potentials beside this script.

    MLMD_WRITE_GOLDEN=1 cargo test --test golden own::potentials_are_those_of_their_seeds
    python3 make.py NNP_PREDICT [LIBRARY...] LIBAENET
    python3 make.py --nep

NNP_PREDICT is n2p2's program `nnp-predict` (2.3), LIBAENET aenet's shared library (2.0.4, `make lib`), and
the libraries before it those it needs and was not linked with (its L-BFGS-B, BLAS).
The first command writes the potentials, which are mlmd's own, initialised from fixed seeds. The last writes those in `nep`
and what NEP_CPU says of them, by calorine (4.1, `pip install calorine`).
Energies in eV, forces in eV/Å, positions in Å; symmetry functions as n2p2 prints them: scaled, nine digits.
"""

import ctypes
import json
import math
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def structures():
    """Atoms at random places, none nearer than 1.5 Å to another; digits few, so that all read the same."""
    draw = random.Random(5)

    def place(count, elements, cell, box):
        def vector(a, b):
            best = math.inf
            for s in [(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)]:
                if cell is None and s != (0, 0, 0):
                    continue
                d = [b[x] - a[x] + (sum(s[r] * cell[r][x] for r in range(3)) if cell else 0) for x in range(3)]
                best = min(best, math.dist(d, (0, 0, 0)))
            return best

        positions = []
        while len(positions) < count:
            u = [draw.random() for _ in range(3)]
            rows = cell or [[box, 0, 0], [0, box, 0], [0, 0, box]]
            r = [round(sum(u[k] * rows[k][x] for k in range(3)), 4) for x in range(3)]
            if all(vector(r, other) > 1.5 for other in positions):
                positions.append(r)
        species = [elements[k % len(elements)] for k in range(count)]
        return {"cell": cell, "species": species, "positions": positions}

    slanted = [[5.2, 0.0, 0.0], [1.1, 4.9, 0.0], [-0.7, 0.8, 5.4]]
    wide = [[6.1, 0.0, 0.0], [0.0, 6.4, 0.3], [0.4, 0.0, 5.8]]
    made = {}
    for n, elements in enumerate((["Li"], ["Li", "O"], ["Li", "O", "Zr"]), 1):
        made[f"crystal-{n}"] = place(9, elements, slanted if n == 2 else wide, None)
        made[f"cluster-{n}"] = place(7, elements, None, 4.5)
    return made


def by_n2p2(program, potential, structure):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for file in potential.iterdir():
            shutil.copy(file, folder)
        lines = ["begin"]
        for row in structure["cell"] or []:
            lines.append("lattice " + " ".join(map(repr, row)))
        for element, r in zip(structure["species"], structure["positions"]):
            lines.append("atom " + " ".join(map(repr, r)) + f" {element} 0.0 0.0 0.0 0.0 0.0")
        lines += ["energy 0.0", "charge 0.0", "end", ""]
        (folder / "input.data").write_text("\n".join(lines))
        subprocess.run([program, "1"], cwd=folder, check=True, stdout=subprocess.DEVNULL)

        def rows(name):
            text = (folder / name).read_text().splitlines()
            return [line.split() for line in text if line.strip() and not line.startswith("#")]

        functions, atom = [], None
        for line in (folder / "structure.out").read_text().splitlines():
            if line.startswith("G "):
                functions.append(atom := [])
            elif atom is not None:
                words = line.replace(":", " ").split()
                if len(words) == 2 and words[0].isdigit():
                    atom.append(float(words[1]))
                elif not line.startswith("-"):
                    atom = None
        energy = float(rows("energy.out")[0][3])
        forces = [[float(x) for x in row[5:8]] for row in rows("nnforces.out")]
    return {"energy": energy, "forces": forces, "functions": functions}


def by_aenet(libraries, potential, structure):
    """In a process of its own: aenet keeps one set of potentials in global variables."""
    request = json.dumps([libraries, str(potential), structure])
    done = subprocess.run([sys.executable, __file__, "--aenet"], input=request, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def aenet_main():
    libraries, potential, structure = json.load(sys.stdin)
    *others, library = libraries
    for other in others:
        ctypes.CDLL(other, mode=ctypes.RTLD_GLOBAL)
    aenet = ctypes.CDLL(library)
    files = {path.stem: path for path in sorted(Path(potential).glob("*.nn"))}
    names = list(files)
    status = ctypes.c_int()
    symbols = (ctypes.c_char_p * len(names))(*[name.encode() for name in names])
    aenet.aenet_init(len(names), symbols, ctypes.byref(status))
    for k, name in enumerate(names, 1):
        aenet.aenet_load_potential(k, str(files[name]).encode(), ctypes.byref(status))
        assert status.value == 0, (name, status.value)
    cutoff = ctypes.c_double.in_dll(aenet, "aenet_Rc_max").value
    positions, cell = structure["positions"], structure["cell"]
    n = len(positions)
    types = [names.index(element) + 1 for element in structure["species"]]
    reach = range(-3, 4) if cell else range(1)
    energy, forces = 0.0, (ctypes.c_double * (3 * n))()
    for i in range(n):
        near, kinds, places = [], [], []
        for j in range(n):
            for s in [(a, b, c) for a in reach for b in reach for c in reach]:
                shift = [sum(s[r] * cell[r][x] for r in range(3)) if cell else 0.0 for x in range(3)]
                r = [positions[j][x] + shift[x] for x in range(3)]
                distance = math.dist(r, positions[i])
                if 1e-6 < distance < cutoff:
                    near += r
                    kinds.append(types[j])
                    places.append(j + 1)
        count = len(kinds)
        result = ctypes.c_double()
        aenet.aenet_atomic_energy_and_forces(
            (ctypes.c_double * 3)(*positions[i]), types[i], i + 1, count, (ctypes.c_double * (3 * count))(*near),
            (ctypes.c_int * count)(*kinds), (ctypes.c_int * count)(*places), n, ctypes.byref(result), forces,
            ctypes.byref(status),
        )
        assert status.value == 0, status.value
        energy += result.value
    print()
    print(json.dumps({"energy": energy, "forces": [list(forces[3 * i : 3 * i + 3]) for i in range(n)]}))


# Name: version, elements, radial and angular cutoff, n_max, basis_size, l_max, neurons, zbl.
NEPS = {
    "shared-3": ("nep3", ["Li", "O", "Zr"], (4.5, 3.8), (3, 2), (5, 4), (4, 2, 0), 5, None),
    "products-1": ("nep4", ["Li"], (4.2, 4.2), (2, 3), (8, 6), (4, 1, 1, 1, 1, 1, 1), 4, None),
    "degrees-2": ("nep4", ["O", "Li"], (5.0, 3.5), (4, 1), (3, 9), (8, 2, 1), 4, None),
    "radial-2": ("nep4", ["Li", "O"], (4.5, 4.0), (5, 0), (6, 0), (0, 0, 0), 4, None),
    "universal-3": ("nep4_zbl", ["Zr", "Li", "O"], (4.5, 3.6), (2, 2), (4, 4), (3, 2, 0), 4, (0.9, 2.3)),
    "listed-2": ("nep5_zbl", ["Li", "O"], (4.5, 3.6), (2, 2), (4, 4), (2, 0, 0), 4, (0, 0)),
}


def nep_text(seed, version, elements, cutoffs, n_max, basis, l_max, neurons, zbl):
    """A file of random numbers, as GPUMD's nep writes them."""
    draw = random.Random(seed)
    species, products = len(elements), sum(bool(flag) for flag in l_max[1:])
    functions = [n + 1 for n in n_max]
    inputs = functions[0] + functions[1] * (l_max[0] + products)
    head = [f"{version} {species} {' '.join(elements)} "]
    if zbl:
        head.append(f"zbl {zbl[0]} {zbl[1]}")
    head.append(f"cutoff {cutoffs[0]} {cutoffs[1]} 100 50")
    head.append(f"n_max {n_max[0]} {n_max[1]}")
    head.append(f"basis_size {basis[0]} {basis[1]}")
    head.append("l_max " + " ".join(map(str, l_max)))
    head.append(f"ANN {neurons} 0")
    numbers = []
    for _ in range(1 if version.startswith("nep3") else species):
        numbers += [draw.gauss(0, 0.5) for _ in range(neurons * (inputs + 2))]
        numbers += [draw.gauss(0, 0.5)] if version.startswith("nep5") else []
    numbers.append(draw.gauss(0, 0.5))
    numbers += [draw.gauss(0, 0.3) for n, k in zip(functions, basis) for _ in range(species**2 * n * (k + 1))]
    numbers += [draw.uniform(0.05, 0.5) for _ in range(inputs)]
    if zbl == (0, 0):
        for _ in range(species * (species + 1) // 2):
            numbers += [draw.uniform(0.5, 1.0), draw.uniform(1.8, 2.5)]
            numbers += [draw.uniform(0.1, 0.5) if k % 2 == 0 else draw.uniform(0.2, 3.0) for k in range(8)]
    return "\n".join(head + [f"{number:15.7e}" for number in numbers]) + "\n"


def by_nep(potential, structure):
    from _nepy import NEPY

    positions = structure["positions"]
    rows = structure["cell"] or [[30.0, 0.0, 0.0], [0.0, 30.0, 0.0], [0.0, 0.0, 30.0]]
    cell = [rows[r][x] for x in range(3) for r in range(3)]
    places = [r[x] for x in range(3) for r in positions]
    count = len(positions)
    nep = NEPY(str(potential), count, cell, structure["species"], places, [1.0] * count)
    energies, forces, _ = nep.get_potential_forces_and_virials()
    return {"energy": sum(energies), "forces": [[forces[x * count + i] for x in range(3)] for i in range(count)]}


def neps():
    expected = json.loads((HERE / "expected.json").read_text())
    (HERE / "nep").mkdir(exist_ok=True)
    for seed, (name, parameters) in enumerate(NEPS.items(), 80):
        potential = HERE / "nep" / f"{name}.txt"
        potential.write_text(nep_text(seed, *parameters))
        expected["results"][f"nep/{name}"] = [
            {"structure": which, **by_nep(potential, expected["structures"][which])}
            for which in (f"crystal-{name[-1]}", f"cluster-{name[-1]}")
        ]
    write(expected["structures"], expected["results"])


def main():
    program, *libraries = (str(Path(argument).resolve()) for argument in sys.argv[1:])
    made = structures()
    results = {}
    for potential in sorted((HERE / "n2p2").iterdir()):
        results[f"n2p2/{potential.name}"] = [
            {"structure": name, **by_n2p2(program, potential, made[name])} for name in ("crystal-2", "cluster-2")
        ]
    for potential in sorted((HERE / "aenet").iterdir()):
        n = potential.name[-1]
        results[f"aenet/{potential.name}"] = [
            {"structure": name, **by_aenet(libraries, potential, made[name])} for name in (f"crystal-{n}", f"cluster-{n}")
        ]
    old = json.loads((HERE / "expected.json").read_text())["results"]
    write(made, results | {name: value for name, value in old.items() if name.startswith("nep/")})


def write(made, results):
    """One line for each structure and result."""
    text = ['{"structures": {']
    text.append(",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in made.items()))
    text.append('}, "results": {')
    entries = []
    for name, value in results.items():
        entries.append(f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(one) for one in value) + "]")
    text.append(",\n".join(entries) + "}}")
    (HERE / "expected.json").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    {"--aenet": aenet_main, "--nep": neps}.get(sys.argv[1], main)()
