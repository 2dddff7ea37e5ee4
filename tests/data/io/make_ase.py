"""Makes the files `ase.*` of this folder with ASE, and `ase.json`: what ASE holds.

    pip install ase==3.29.0
    python make_ase.py
"""

import json
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms, FixScaled

HERE = Path(__file__).parent
rng = np.random.default_rng(20240229)


def crystal(shift=0.0):
    """Five atoms in a triclinic cell, elements not grouped."""
    cell = [[4.1, 0.0, 0.2], [-1.3, 3.9, 0.0], [0.4, 0.7, 5.2 + shift]]
    atoms = Atoms("Li2NLiO", cell=cell, pbc=True)
    atoms.set_scaled_positions(rng.random((5, 3)))
    return atoms


def labelled(atoms):
    stress = rng.normal(size=6) * 0.01
    atoms.calc = SinglePointCalculator(
        atoms,
        energy=float(rng.normal()) - 20,
        forces=rng.normal(size=(len(atoms), 3)),
        stress=stress,
    )
    return atoms


def facts(atoms):
    """What a reader has to find."""
    out = {
        "symbols": atoms.get_chemical_symbols(),
        "cell": atoms.cell.array.tolist(),
        "pbc": atoms.pbc.tolist(),
        "positions": atoms.positions.tolist(),
    }
    results = atoms.calc.results if atoms.calc else {}
    for key in ("energy", "forces", "stress", "charges"):
        if key in results:
            out[key] = np.asarray(results[key]).tolist()
    if atoms.has("momenta"):
        out["velocities"] = (atoms.get_velocities() * units.fs).tolist()
    if atoms.has("masses"):
        out["masses"] = atoms.get_masses().tolist()
    return out


def main():
    written = {}

    def write(name, images, **options):
        ase.io.write(HERE / name, images, **options)
        again = ase.io.read(HERE / name, ":", format=options["format"])
        written[name] = [facts(atoms) for atoms in again]

    rich = labelled(crystal())
    rich.set_velocities(rng.normal(size=(5, 3)))
    masses = rich.get_masses()
    masses[0] = 6.015
    rich.set_masses(masses)
    rich.set_tags([1, 2, 3, 4, 5])
    rich.new_array("label", np.array(["a", "bb", "c", "d", "e"]))
    rich.info.update(
        config_type="strained cell",
        quotes='he said "hi" [x] {y}',
        flag=True,
        count=7,
        value=-1.5e-7,
        vector=np.array([1.0, 2.0, 3.5]),
        matrix=np.arange(4.0).reshape(2, 2) + 0.5,
        nested={"a": [1, "two"], "b": None},
        words=["x", "y"],
    )
    rich.info["a key"] = "spaced"
    rich.set_constraint(FixAtoms([1]))
    slab = crystal()
    slab.pbc = [True, False, True]
    molecule = Atoms("OH2", positions=[[0, 0, 0.1], [0, 0.76, -0.48], [0, -0.76, -0.48]])
    molecule.calc = SinglePointCalculator(molecule, energy=-14.2, charges=np.array([-0.8, 0.4, 0.4]))
    write("ase.extxyz", [rich, slab, molecule], format="extxyz")
    write("ase.plain.xyz", [molecule, crystal()], format="xyz")

    atoms = crystal()
    atoms.set_constraint([FixAtoms([0]), FixScaled(2, [True, False, True])])
    write("ase.selective.poscar", atoms, format="vasp", direct=True)
    write("ase.cartesian.poscar", crystal(), format="vasp", direct=False)
    write("ase.vasp4.poscar", crystal(), format="vasp", direct=True, vasp5=False)
    moving = crystal()
    moving.set_velocities(rng.normal(size=(5, 3)) * 0.01)
    write("ase.velocities.poscar", moving, format="vasp", direct=True)
    write("ase.fixed.xdatcar", [crystal(), crystal(), crystal()], format="vasp-xdatcar")

    with open(HERE / "ase.json", "w") as out:
        json.dump(written, out, indent=1)
        out.write("\n")


main()
