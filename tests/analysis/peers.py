"""What other programs find in a trajectory: MDAnalysis with tidynamics, pymatgen-analysis-diffusion, kinisi.

Reads an extended XYZ file of Li on a framework of O in a constant orthorhombic box with wrapped positions, unwraps
it, takes the drift of the framework off, and prints one JSON object. Programs that are not installed are left out.
The first argument is the file, the second the time between frames (fs), the third kinisi's start of diffusion (fs).
"""

import json
import os
import sys
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
warnings.filterwarnings("ignore")
try:
    import numpy as np
except ImportError:
    print("{}")
    sys.exit(0)


def read(path):
    frames, symbols, edge = [], None, None
    with open(path) as file:
        while line := file.readline():
            n = int(line)
            header = file.readline()
            edge = np.array(header.split('Lattice="')[1].split('"')[0].split(), float).reshape(3, 3)
            rows = [file.readline().split() for _ in range(n)]
            symbols = np.array([row[0] for row in rows])
            frames.append([[float(x) for x in row[1:4]] for row in rows])
    return np.array(frames), symbols, edge


def unwrap(wrapped, edges):
    steps = np.diff(wrapped, axis=0)
    steps -= edges * np.round(steps / edges)
    return np.concatenate([np.zeros_like(wrapped[:1]), np.cumsum(steps, axis=0)])


path, interval, start = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
wrapped, symbols, cell = read(path)
moved = unwrap(wrapped, np.diag(cell))
drift = moved[:, symbols == "O"].mean(axis=1, keepdims=True)
mobile = (moved - drift)[:, symbols == "Li"]
found = {}

try:
    import tidynamics

    found["tidynamics"] = np.mean([tidynamics.msd(mobile[:, i]) for i in range(mobile.shape[1])], axis=0).tolist()
    found["collective"] = (tidynamics.msd(mobile.sum(axis=1)) / mobile.shape[1]).tolist()
except ImportError:
    pass

try:
    import MDAnalysis
    from MDAnalysis.analysis.msd import EinsteinMSD

    universe = MDAnalysis.Universe.empty(mobile.shape[1], trajectory=True)
    universe.load_new(mobile.astype(np.float32), dt=interval / 1e3)
    msd = EinsteinMSD(universe, msd_type="xyz", fft=True).run()
    found["mdanalysis"] = np.asarray(msd.results.timeseries).tolist()
except ImportError:
    pass

try:
    from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer
    from pymatgen.core import Lattice, Structure

    first = Structure(Lattice(cell), list(symbols), wrapped[0], coords_are_cartesian=True)
    analyzer = DiffusionAnalyzer(first, moved.transpose(1, 0, 2), "Li", 600, interval, 1, smoothed="max", min_obs=30)
    found["pymatgen"] = {
        "lags": (np.asarray(analyzer.dt) / interval).tolist(),
        "msd": np.asarray(analyzer.msd).tolist(),
        "diffusivity": float(analyzer.diffusivity),
        "std_dev": float(analyzer.diffusivity_std_dev),
        "haven_ratio": float(analyzer.haven_ratio),
        "conductivity_mS_per_cm": float(analyzer.conductivity),
    }
except ImportError:
    pass

try:
    import scipp as sc
    from ase import Atoms
    from kinisi.analyze import DiffusionAnalyzer as Kinisi

    atoms = [Atoms(list(symbols), positions=r, cell=cell, pbc=True) for r in wrapped]
    kinisi = Kinisi.from_ase(
        atoms,
        "Li",
        time_step=sc.scalar(interval, unit="fs"),
        step_skip=sc.scalar(1),
        dt=sc.array(dims=["time interval"], values=np.arange(1, len(atoms) // 2) * interval, unit="fs"),
        progress=False,
    )
    kinisi.diffusion(
        sc.scalar(start, unit="fs"), progress=False, random_state=np.random.RandomState(1), n_samples=500
    )
    samples = np.asarray(kinisi.D.values)
    found["kinisi"] = {
        "lags": (np.asarray(kinisi.dt.values) / interval).tolist(),
        "msd": np.asarray(kinisi.msd.values).tolist(),
        "diffusivity": float(samples.mean()),
        "std_error": float(samples.std()),
        "interval": [float(np.percentile(samples, p)) for p in (2.5, 97.5)],
    }
except ImportError:
    pass

print(json.dumps(found))
