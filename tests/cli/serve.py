"""Programs that have mlmd compute forces: `serve.py ase|ipi MLMD POTENTIAL FRAME` prints what they were told, as JSON.

Exit code 77 where the program is not installed."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

which, mlmd, potential, frame = sys.argv[1:]
try:
    import ase.io
    import numpy as np

    if which == "ipi":
        import ipi
        from ipi.utils.units import unit_to_user
    else:
        from ase.calculators.socketio import SocketIOCalculator
except ImportError:
    sys.exit(77)

atoms = ase.io.read(frame, 0)
name = f"mlmd_{os.getpid()}"


def serve():
    return subprocess.Popen([mlmd, "serve", potential, frame, "--unix", name, "-q"], stdout=subprocess.PIPE, text=True)


def with_ase():
    """Three frames of a crystal that moves and is strained; the second is the first in other images of the cell."""
    told = []
    with SocketIOCalculator(unixsocket=name) as calculator:
        client = serve()
        for shift, strain in ((0.0, 0.0), (2.0, 0.0), (0.0, 0.02)):
            at = atoms.copy()
            at.positions[::3] += shift * at.cell[1]
            at.set_cell(at.cell.array @ (np.eye(3) + strain * np.array([[1, 0.3, 0], [0.3, 0, 0], [0, 0, -0.5]])), scale_atoms=True)
            at.calc = calculator
            told.append({"cell": at.cell.tolist(), "positions": at.positions.tolist(), "energy": at.get_potential_energy(),
                         "forces": at.get_forces().tolist(), "stress": at.get_stress(voigt=False).tolist()})
    print(json.dumps({"told": told, "said": client.communicate(timeout=60)[0]}))


INPUT = """<simulation verbosity='quiet'>
  <output prefix='out'>
    <properties stride='1' filename='table'> [step, conserved{{electronvolt}}, potential{{electronvolt}}] </properties>
  </output>
  <total_steps>{steps}</total_steps>
  <ffsocket mode='unix' name='mlmd' pbc='false'><address>{name}</address></ffsocket>
  <system>
    <initialize nbeads='1'><file mode='xyz' units='angstrom'> init.xyz </file></initialize>
    <forces><force forcefield='mlmd'/></forces>
    <motion mode='dynamics'><dynamics mode='nve'><timestep units='femtosecond'> 0.5 </timestep></dynamics></motion>
  </system>
</simulation>
"""


def with_ipi(steps=40):
    """Velocity Verlet from rest. i-PI wants the first vector of the cell along x and the second in the plane of x and y."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lengths = " ".join(f"{x:.12f}" for x in atoms.cell.cellpar())
        rows = [f"{s} {x:.12f} {y:.12f} {z:.12f}" for s, (x, y, z) in zip(atoms.symbols, atoms.positions)]
        (folder / "init.xyz").write_text("\n".join([str(len(atoms)), f"# CELL(abcABC): {lengths} cell{{angstrom}}", *rows, ""]))
        (folder / "input.xml").write_text(INPUT.format(name=name, steps=steps))
        server = subprocess.Popen(["i-pi", "input.xml"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        client = serve()
        said = client.communicate(timeout=120)[0]
        if client.returncode:
            server.kill()
        log = server.communicate(timeout=60)[0]
        assert server.returncode == 0, log
        table = np.loadtxt(folder / "out.table")
    electronvolt = unit_to_user("energy", "electronvolt", 1.0)
    print(json.dumps({"said": said, "electronvolt": electronvolt, "conserved": table[:, 1].tolist(), "potential": table[:, 2].tolist()}))


with_ase() if which == "ase" else with_ipi()
