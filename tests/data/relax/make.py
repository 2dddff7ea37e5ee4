"""What ASE finds by minimisation and by the nudged elastic band, for tests/relax.

Run: python3 make.py > ase.json        (ASE 3.29.0)
Everything is in eV and Å, for a Lennard-Jones crystal of argon atoms with epsilon = 0.4 eV, sigma = 2.3 Å, cut off at
5.0 Å and shifted to zero there.
"""
import json
import numpy as np
import ase
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.filters import FrechetCellFilter
from ase.mep import NEB
from ase.optimize import BFGS, FIRE
from ase.units import GPa


def calculator():
    return LennardJones(sigma=2.3, epsilon=0.4, rc=5.0, smooth=False)


def record(atoms):
    return {
        "cell": atoms.cell.tolist(),
        "positions": atoms.positions.tolist(),
        "energy": atoms.get_potential_energy(),
        "volume": atoms.get_volume(),
    }


def crystal(a=3.55):
    return bulk("Ar", "fcc", a=a, cubic=True).repeat(2)


out = {"ase": ase.__version__}

# A sheared, rattled cell with a vacancy, relaxed with its cell at 0 and at 5 GPa.
atoms = crystal()
del atoms[5]
strain = np.array([[0.02, 0.03, 0.0], [0.0, -0.02, 0.01], [0.0, 0.0, 0.01]])
atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
atoms.rattle(0.08, seed=3)
atoms.calc = calculator()
out["start"] = record(atoms)
for name, pressure in [("free", 0.0), ("pressed", 5.0)]:
    one = atoms.copy()
    one.calc = calculator()
    target = FrechetCellFilter(one, scalar_pressure=pressure * GPa)
    assert BFGS(target, logfile=None).run(fmax=1e-5, steps=2000)
    out[name] = record(one)

# The hop of an atom into a vacancy next to it.
start = crystal()
near = [i for i in range(len(start)) if abs(start.get_distance(0, i, mic=True) - 3.55 / 2**0.5) < 1e-6]
hopper = near[0]
end = start.copy()
end.positions[hopper] = start.positions[0]
del start[0]
del end[0]
for one in (start, end):
    one.calc = calculator()
    assert BFGS(one, logfile=None).run(fmax=1e-4, steps=1000)
images = [start.copy() for _ in range(4)] + [end.copy()]
for one in images:
    one.calc = calculator()
path = NEB(images, k=1.0, climb=True, method="improvedtangent")
path.interpolate("idpp", mic=True)
assert FIRE(path, logfile=None).run(fmax=0.005, steps=3000)
energies = [one.get_potential_energy() for one in images]
out["hop"] = {"start": record(start), "end": record(end), "energies": energies}

print(json.dumps(out, indent=1))
