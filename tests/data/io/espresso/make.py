#!/usr/bin/env python3
"""Makes the pw.x outputs beside this script: Quantum ESPRESSO 6.7 (Debian's `quantum-espresso`).

    python3 make.py

Three lithium atoms in a crooked cell, a one-electron pseudopotential made on the spot: cheap, and with
forces and stress large enough that a wrong unit or sign cannot hide. ASE's reading of the same files is
written to ase.json (ASE 3.29).
"""
import gzip, json, os, subprocess, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

LD1 = """&input
title='Li', zed=3.0, rel=1, config='[He] 2s1 2p0', iswitch=3, dft='PBE'
/
&inputp
pseudotype=1, file_pseudopw='Li.UPF', author='mlmd', lloc=-1, rcloc=2.0, tm=.true.
nlcc=.true., new_core_ps=.true., rcore=1.2
/
2
2S  1  0  1.00  0.00  2.10  2.10  0.0
2P  2  1  0.00  0.05  2.10  2.10  0.0
"""

INPUT = """&control
 calculation='{kind}', prefix='x', outdir='{dir}/o', pseudo_dir='{dir}', tprnfor=.true., tstress=.true.
 nstep={steps}, forc_conv_thr={force}, dt=20, etot_conv_thr={force}
/
&system
 ibrav=0, nat=3, ntyp=2, ecutwfc={cutoff}, occupations='smearing', smearing='gauss', degauss=0.02 {system}
/
&electrons
 conv_thr=1d-10, electron_maxstep={scf} {electrons}
/
&ions
 ion_temperature='not_controlled'
/
&cell
 press_conv_thr=100, cell_factor=1.5
/
ATOMIC_SPECIES
Li 6.94 Li.UPF
Li2 7.016 Li.UPF
CELL_PARAMETERS {cell_unit}
{cell}
ATOMIC_POSITIONS {unit}
{atoms}
K_POINTS automatic
1 2 2 0 0 0
"""

BOHR = 0.529177210903
ALAT = 8.0  # bohr
CELL = [[4.4, 0.3, 0.0], [0.2, 4.2, -0.1], [0.0, 0.4, 4.6]]
ATOMS = [("Li", [0.0, 0.02, 0.01]), ("Li2", [0.45, 0.55, 0.5]), ("Li", [0.5, 0.02, 0.45])]


def table(rows, scale):
    return "\n".join(" ".join(f"{x * scale:.10f}" for x in row) for row in rows)


def write_input(folder, kind, unit, cell_unit, steps=1, force="1d-4", scf=100, system="", cutoff=16, electrons=""):
    size = {"angstrom": 1.0, "bohr": 1 / BOHR, "alat": 1 / BOHR / ALAT}
    rows = [[sum(s[k] * CELL[k][c] for k in range(3)) for c in range(3)] for _, s in ATOMS]
    if unit == "crystal":
        atoms = [s for _, s in ATOMS]
    else:
        atoms = [[x * size[unit] for x in row] for row in rows]
    lines = "\n".join(f"{name} " + " ".join(f"{x:.10f}" for x in row) for (name, _), row in zip(ATOMS, atoms))
    if cell_unit == "alat":
        system += f", celldm(1)={ALAT}"
    text = INPUT.format(dir=folder, kind=kind, steps=steps, force=force, scf=scf, system=system, cutoff=cutoff,
                        electrons=electrons,
                        cell_unit=cell_unit, cell=table(CELL, size[cell_unit]), unit=unit, atoms=lines)
    with open(f"{folder}/pw.in", "w") as f:
        f.write(text)


RUNS = {
    "relax": dict(kind="relax", unit="crystal", cell_unit="angstrom", steps=4),
    # The cutoff is high enough that the energy follows the stress, whose basis follows the cell.
    "vc-relax": dict(kind="vc-relax", unit="alat", cell_unit="alat", steps=4, force="2d-3", cutoff=40),
    "md": dict(kind="md", unit="bohr", cell_unit="bohr", steps=4, system=", nosym=.true."),
    "vc-md": dict(kind="vc-md", unit="angstrom", cell_unit="angstrom", steps=3, system=", nosym=.true.", cutoff=40),
    "unconverged": dict(kind="scf", unit="crystal", cell_unit="angstrom", scf=2),
    # It prints that it has converged, forces and stress.
    "gave-up": dict(kind="scf", unit="crystal", cell_unit="angstrom", scf=3, electrons=", scf_must_converge=.false."),
}


def ase_says(path):
    import ase.io

    frames = ase.io.read(path, ":", format="espresso-out")
    return [
        {
            "cell": a.cell.tolist(),
            "positions": a.positions.tolist(),
            "symbols": a.get_chemical_symbols(),
            "energy": a.calc.results.get("energy"),
            "forces": a.get_forces().tolist(),
            "stress": a.get_stress(voigt=False).tolist(),
        }
        for a in frames
    ]


def main():
    expected = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ld1.x"], input=LD1, text=True, cwd=folder, check=True, capture_output=True)
        for name, run in RUNS.items():
            write_input(folder, **run)
            with open(f"{folder}/pw.in") as f:
                result = subprocess.run(["pw.x"], stdin=f, cwd=folder, text=True, capture_output=True,
                                        env={**os.environ, "OMP_NUM_THREADS": "1"})
            text = result.stdout.replace(folder, ".")
            with open(f"{HERE}/{name}.out.gz", "wb") as f, gzip.GzipFile("", "wb", 9, f, 0) as g:
                g.write(text.encode())
            with open(f"{folder}/{name}.out", "w") as f:
                f.write(text)
            if name not in ("unconverged", "gave-up"):
                expected[name] = ase_says(f"{folder}/{name}.out")
            print(name, text.count("!    total energy"))
    with open(f"{HERE}/ase.json", "w") as f:
        json.dump(expected, f, indent=None, separators=(",", ":"))


if __name__ == "__main__":
    main()
