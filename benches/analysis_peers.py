#!/usr/bin/env python3
"""Mean squared displacement and collective displacement: mlmd beside MDAnalysis with tidynamics, on one core each.

    pip install MDAnalysis tidynamics
    cargo bench --bench analysis --no-run
    python3 benches/analysis_peers.py BENCH_BINARY [--atoms 5000] [--frames 20000]

BENCH_BINARY is what cargo built (target/release/deps/analysis-...). mlmd gets wrapped positions frame by frame, unwraps
them, takes the drift off, and finds mean squared displacements of all atoms by element, the collective one, D*,
conductivity and Haven ratio with errors. MDAnalysis gets unwrapped positions of as many atoms in memory and finds
their mean squared displacement (EinsteinMSD, fft=True); tidynamics that of their sum. Neither finds an error. Making the trajectory counts for neither; the processor time is the one to compare.
"""

import argparse
import json
import os
import resource
import subprocess
import time

os.environ["OMP_NUM_THREADS"] = "1"

import MDAnalysis
import numpy as np
import tidynamics
from MDAnalysis.analysis.msd import EinsteinMSD

parser = argparse.ArgumentParser()
parser.add_argument("bench")
parser.add_argument("--atoms", type=int, default=5000)
parser.add_argument("--frames", type=int, default=20000)
arguments = parser.parse_args()

own = json.loads(
    subprocess.run(
        [arguments.bench, "--atoms", str(arguments.atoms), "--frames", str(arguments.frames), "--threads", "1"],
        check=True, capture_output=True, text=True,
    ).stdout
)
print("mlmd      ", json.dumps(own), flush=True)

random = np.random.default_rng(1)
n = arguments.atoms
positions = np.zeros((arguments.frames, n, 3), dtype=np.float32)
at = np.zeros((n, 3))
for frame in positions:
    at += 0.6 * (random.random((n, 3)) - 0.5)
    frame[:] = at
universe = MDAnalysis.Universe.empty(n, trajectory=True)
universe.load_new(positions, dt=0.05)
wall, cpu = time.perf_counter(), time.process_time()
msd = EinsteinMSD(universe, msd_type="xyz", fft=True).run()
collective = tidynamics.msd(positions.sum(axis=1, dtype=float)) / n
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
slope = np.polyfit(np.arange(20, 200) * 50.0, msd.results.timeseries[20:200], 1)[0]
print(
    "MDAnalysis",
    json.dumps(
        {"atoms": n, "frames": arguments.frames, "seconds": round(wall, 3), "cpu_seconds": round(cpu, 3),
         "peak_memory_mb": round(memory, 1), "diffusivity": slope / 6 * 0.1}
    ),
)
print(f"ratio of processor times {cpu / own['cpu_seconds']:.1f}, of memory {memory / own['peak_memory_mb']:.0f}")
