#!/usr/bin/env python3
"""Writes llzo.xyz: tetragonal Li7La3Zr2O12, 192 atoms, as measured by J. Awaka, N. Kijima, H. Hayakawa and J. Akimoto,
J. Solid State Chem. 182, 2046 (2009), doi:10.1016/j.jssc.2009.05.020 (I4_1/acd, origin choice 2)."""

from ase.io import write
from ase.spacegroup import crystal

SITES = [
    ("Li", (0, 0.25, 0.375)),
    ("Li", (0.1813, 0.4313, 0.125)),
    ("Li", (0.0796, 0.0863, 0.8099)),
    ("La", (0, 0.25, 0.125)),
    ("La", (0.1270, 0, 0.25)),
    ("Zr", (0, 0, 0)),
    ("O", (-0.0335, 0.0546, 0.1528)),
    ("O", (0.0536, 0.8520, 0.5336)),
    ("O", (0.1499, 0.0272, 0.4458)),
]

atoms = crystal(
    [symbol for symbol, _ in SITES],
    [site for _, site in SITES],
    spacegroup=142,
    setting=2,
    cellpar=[13.134, 13.134, 12.663, 90, 90, 90],
)
assert len(atoms) == 192
for name in list(atoms.arrays):
    if name not in ("numbers", "positions"):
        del atoms.arrays[name]
atoms.info.clear()
write("llzo.xyz", atoms, format="extxyz")
