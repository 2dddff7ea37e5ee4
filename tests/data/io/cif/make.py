#!/usr/bin/env python3
"""Makes the CIF files beside this script with pymatgen 2026.10 and ASE 3.29.

    python3 make.py

`truth.json` holds every structure with all atoms of the cell: the structure the file was written from, not a
reading of the file. Fractional coordinates, elements, lengths and angles.
"""
import json
import os
import warnings

import numpy as np
from ase.spacegroup import crystal
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifWriter

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))

# name: space group, lattice (a, b, c, alpha, beta, gamma), elements, positions
CRYSTALS = {
    # α-Li3N (Rabenau & Schulz): hexagonal, special positions 1/3, 2/3.
    "li3n": (191, (3.648, 3.648, 3.875, 90, 90, 120), ["Li", "Li", "N"], [[0, 0, 0.5], [1 / 3, 2 / 3, 0], [0, 0, 0]]),
    # γ-Li3PO4.
    "li3po4": (62, (10.490, 6.120, 4.9266, 90, 90, 90), ["Li", "Li", "P", "O", "O", "O"],
               [[0.1639, 0.5013, 0.3013], [0.4237, 0.75, 0.2056], [0.4114, 0.25, 0.3081], [0.3417, 0.0431, 0.2057],
                [0.0506, 0.25, 0.2937], [0.0896, 0.75, 0.1227]]),
    # Garnet Ia-3d, 230: 96 operations times the centring.
    "garnet": (230, (12.97, 12.97, 12.97, 90, 90, 90), ["La", "Zr", "O"],
               [[0.125, 0, 0.25], [0, 0, 0], [0.28, 0.1, 0.195]]),
    # Monoclinic with an oblique angle.
    "monoclinic": (14, (5.12, 5.21, 5.31, 90, 99.2, 90), ["Zr", "O", "O"],
                   [[0.2754, 0.0395, 0.2083], [0.07, 0.3317, 0.3447], [0.4496, 0.7569, 0.4792]]),
    # Triclinic P-1.
    "triclinic": (2, (5.0, 6.1, 7.3, 81.0, 97.5, 103.2), ["Li", "Fe", "P"],
                  [[0.11, 0.23, 0.37], [0.5, 0.5, 0.5], [0.71, 0.05, 0.92]]),
    # Rhombohedral R-3m on hexagonal axes.
    "licoo2": (166, (2.816, 2.816, 14.054, 90, 90, 120), ["Co", "Li", "O"], [[0, 0, 0], [0, 0, 0.5], [0, 0, 0.2605]]),
}


def main():
    os.chdir(HERE)
    truth = {}
    for name, (group, cell, elements, positions) in CRYSTALS.items():
        lattice = Lattice.from_parameters(*cell)
        structure = Structure.from_spacegroup(group, lattice, elements, positions)
        truth[name] = {
            "cell": list(cell), "symbols": [site.specie.symbol for site in structure],
            "positions": structure.frac_coords.tolist(),
        }
        CifWriter(structure, symprec=0.01, refine_struct=False).write_file(f"{name}.cif")
    # Oxidation states as labels, written by pymatgen.
    spinel = Structure.from_spacegroup(227, Lattice.cubic(8.24), ["Li+", "Mn3.5+", "O2-"],
                                       [[0.125] * 3, [0.5] * 3, [0.2632] * 3])
    CifWriter(spinel, symprec=0.01).write_file("spinel.cif")
    # Rounded coordinates: 0.333 and 0.667 for thirds, whose images fall 0.004 Å apart.
    with open("li3n.cif") as f:
        text = f.read().replace("0.33333333", "0.333").replace("0.66666667", "0.667")
    with open("rounded.cif", "w") as f:
        f.write(text)
    truth["rounded"] = truth["li3n"]
    # ASE writes P 1 with its own layout, two blocks to a file.
    a = crystal(["Na", "Cl"], [(0, 0, 0), (0.5, 0.5, 0.5)], spacegroup=225, cellpar=[5.64, 5.64, 5.64, 90, 90, 90])
    b = crystal(["Si"], [(0, 0, 0)], spacegroup=227, cellpar=[5.43, 5.43, 5.43, 90, 90, 90])
    import ase.io
    ase.io.write("two.cif", [a, b], format="cif")
    for index, atoms in enumerate([a, b]):
        truth[f"two/{index}"] = {"cell": atoms.cell.cellpar().tolist(), "symbols": atoms.get_chemical_symbols(),
                                 "positions": atoms.get_scaled_positions().tolist()}
    with open("truth.json", "w") as f:
        json.dump(truth, f, separators=(",", ":"))
    print({name: len(t["symbols"]) for name, t in truth.items()}, np.__version__)


if __name__ == "__main__":
    main()
