#!/usr/bin/env python3
"""Makes the CP2K outputs beside this script: CP2K 2023.1 (Debian's `cp2k`).

    CP2K_DATA_DIR=/usr/share/cp2k python3 make.py

`strain0` to `strain2`: a hydrogen molecule and a helium atom in a crooked cell that is strained and moved
a little from file to file, so that the energies check forces and stress. `molecule`: no periodicity.
`md`: three steps of a dynamics, whose log has the coordinates of the first only.
"""
import gzip, os, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

INPUT = """&GLOBAL
  PROJECT x
  RUN_TYPE {kind}
  PRINT_LEVEL MEDIUM
&END
&MOTION
  &MD
    STEPS 3
    TIMESTEP 0.5
    TEMPERATURE 10
  &END
&END
&FORCE_EVAL
  METHOD QS
  {stress}
  &DFT
    BASIS_SET_FILE_NAME GTH_BASIS_SETS
    POTENTIAL_FILE_NAME GTH_POTENTIALS
    &MGRID
      CUTOFF {cutoff}
      REL_CUTOFF 80
    &END
    &POISSON
      {poisson}
    &END
    &QS
      EPS_DEFAULT 1e-14
    &END
    &SCF
      EPS_SCF 1e-9
      MAX_SCF 60
      SCF_GUESS ATOMIC
    &END
    &XC
      &XC_FUNCTIONAL PADE
      &END
    &END
  &END
  &PRINT
    &FORCES
    &END
    &STRESS_TENSOR
    &END
  &END
  &SUBSYS
    &CELL
      PERIODIC {periodic}
      A {a}
      B {b}
      C {c}
    &END
    &COORD
{atoms}
    &END
    &KIND H
      BASIS_SET DZVP-GTH
      POTENTIAL GTH-PADE-q1
    &END
    &KIND He
      BASIS_SET DZVP-GTH
      POTENTIAL GTH-PADE-q2
    &END
  &END
&END
"""


def run(name, cell, atoms, kind="ENERGY_FORCE", periodic="XYZ", cutoff=800):
    """Cells have three decimals: CP2K 2023.1 prints no more."""
    vectors = [" ".join(f"{x:.3f}" for x in row) for row in cell]
    text = INPUT.format(
        kind=kind, cutoff=cutoff, periodic=periodic, a=vectors[0], b=vectors[1], c=vectors[2],
        stress="STRESS_TENSOR ANALYTICAL" if periodic == "XYZ" else "",
        poisson="" if periodic == "XYZ" else "PERIODIC NONE\n      PSOLVER MT",
        atoms="\n".join(f"{s} " + " ".join(f"{x:.6f}" for x in r) for s, r in atoms),
    )
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/x.inp", "w") as f:
            f.write(text)
        subprocess.run(["cp2k.psmp", "-i", "x.inp", "-o", "x.out"], cwd=folder, check=True, capture_output=True,
                       env={**os.environ, "OMP_NUM_THREADS": "1"})
        with open(f"{folder}/x.out") as f:
            output = f.read()
    kept = [line for line in output.splitlines() if not line.startswith((" MEMORY|", " **"))]
    kept = [line for line in kept if not any(word in line for word in (folder, "PROGRAM", "Hostname", "hostname"))]
    with open(f"{HERE}/{name}.out.gz", "wb") as f, gzip.GzipFile("", "wb", 9, f, 0) as g:
        g.write(("\n".join(kept) + "\n").encode())
    print(name, [line.split()[-1] for line in kept if line.startswith(" ENERGY|")])


CELL = [[4.400, 0.300, 0.000], [0.200, 4.200, -0.100], [0.000, 0.400, 4.600]]
ATOMS = [("H", [0.0, 0.0, 0.1]), ("H", [0.1, 0.2, 0.85]), ("He", [2.2, 2.4, 2.3])]


def main():
    for t in range(3):
        cell = [[x + t * d for x, d in zip(row, change)]
                for row, change in zip(CELL, [[0.02, 0.01, 0.0], [0.0, -0.01, 0.01], [0.0, 0.0, 0.02]])]
        atoms = [(s, [x + t * d for x, d in zip(r, move)])
                 for (s, r), move in zip(ATOMS, [[0.0, 0.01, -0.01], [0.01, 0.0, 0.02], [0.02, -0.02, 0.0]])]
        run(f"strain{t}", cell, atoms)
    box = [[6.0, 0.0, 0.0], [0.0, 6.0, 0.0], [0.0, 0.0, 6.0]]
    run("molecule", box, [("H", [3.0, 3.0, 2.6]), ("H", [3.0, 3.1, 3.4])], periodic="NONE", cutoff=300)
    run("md", CELL, ATOMS, kind="MD", cutoff=300)


if __name__ == "__main__":
    main()
