#!/usr/bin/env python3
"""Neighbour lists of mlmd, vesin and matscipy on the same cells, in one run.

    pip install ase vesin matscipy
    python3 benches/neighbors_peers.py [--atoms 1000000] [--rounds 3]

Every program lists every pair from both ends with its lattice translation (i, j, S), in double precision.
vesin is given its most favourable use: one object called again and again, memory kept, results not copied.
matscipy has one thread. Times are the quickest of all rounds, in which the programs take turns; the processor
time is the one to compare on a machine that does other work too. Lists are compared by the number of pairs
and a weighted sum of what they say.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import ase
import ase.build
import matscipy.neighbours
import numpy as np
import vesin

ROOT = pathlib.Path(__file__).resolve().parent.parent


def cases(largest):
    """Name, cell and cutoff of each system; displaced by 0.1 Å so that no pair lies on the cutoff."""
    random = np.random.default_rng(1)

    def displaced(atoms, shuffle=False):
        atoms.positions += random.normal(0.0, 0.1, atoms.positions.shape)
        atoms.wrap()
        if shuffle:
            atoms = atoms[random.permutation(len(atoms))]
        return atoms

    copper = ase.build.bulk("Cu", "fcc", a=3.61, cubic=True)
    for size in (1_000, 10_000, 100_000, 1_000_000):
        if size <= largest:
            m = round((size / 4) ** (1 / 3))
            yield f"Cu {4 * m**3}, 6 Å", displaced(copper * (m, m, m)), 6.0
    m = round((min(largest, 100_000) / 4) ** (1 / 3))
    yield f"Cu {4 * m**3}, 6 Å, random order", displaced(copper * (m, m, m), shuffle=True), 6.0
    yield f"Cu {4 * m**3}, 3.2 Å", displaced(copper * (m, m, m)), 3.2
    n = round(min(largest, 100_000) ** (1 / 3))
    primitive = ase.build.bulk("Cu", "fcc", a=3.61)
    yield f"Cu {n**3}, 6 Å, cell of 60°", displaced(primitive * (n, n, n)), 6.0
    yield "Cu 32, 12 Å (cell of 7.2 Å)", displaced(copper * (2, 2, 2)), 12.0


def ours(path, cutoff, threads, repeats):
    command = ["cargo", "bench", "--quiet", "--bench", "neighbors", "--", "--file", str(path)]
    command += ["--cutoff", str(cutoff), "--threads", str(threads), "--repeats", str(repeats)]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    result = json.loads(run.stdout.splitlines()[-1])
    return result["pairs"], result["sum"], result["wall"], result["cpu"]


def digest(i, j, shifts):
    total = int(np.sum(i, dtype=np.int64)) + 3 * int(np.sum(j, dtype=np.int64))
    return len(i), total + int(np.sum(shifts.astype(np.int64) @ np.array([5, 7, 11])))


def timed(work, repeats):
    best = [np.inf, np.inf]
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        best = [min(best[0], time.perf_counter() - wall), min(best[1], time.process_time() - cpu)]
    return (*digest(*result), *best)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--atoms", type=int, default=1_000_000, help="the largest system")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments = arguments.parse_args()

    version = getattr(vesin, "__version__", None)
    if version is None:
        from importlib.metadata import version as of

        version = of("vesin")
    print(f"vesin {version}, matscipy {matscipy.__version__}; ms of wall time (of processor time)\n")
    print(f"{'system':<28} {'pairs/atom':>10} {'':>18} {'one thread':>24} {'two threads':>24}")
    for name, atoms, cutoff in cases(arguments.atoms):
        points, box = atoms.positions.copy(), atoms.cell[:].copy()
        finder = {n: vesin.NeighborList(cutoff=cutoff, full_list=True, n_threads=n) for n in (1, 2)}

        def with_vesin(threads):
            return finder[threads].compute(
                points=points, box=box, periodic=True, quantities="ijS", copy=False
            )

        results = {}
        repeats = max(1, min(50, 300_000 // len(atoms)))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "system"
            path.write_bytes(np.concatenate([box.ravel(), points.ravel()]).astype("<f8").tobytes())
            for _ in range(arguments.rounds):
                turn = {
                    ("mlmd", 1): ours(path, cutoff, 1, repeats),
                    ("vesin", 1): timed(lambda: with_vesin(1), repeats),
                    ("mlmd", 2): ours(path, cutoff, 2, repeats),
                    ("vesin", 2): timed(lambda: with_vesin(2), repeats),
                    ("matscipy", 1): timed(
                        lambda: matscipy.neighbours.neighbour_list("ijS", atoms, cutoff), repeats
                    ),
                }
                for key, (pairs, total, wall, cpu) in turn.items():
                    old = results.get(key, (pairs, total, np.inf, np.inf))
                    assert old[:2] == (pairs, total), f"{key}: not the same list twice"
                    results[key] = (pairs, total, min(old[2], wall), min(old[3], cpu))
        assert len({r[:2] for r in results.values()}) == 1, f"{name}: the lists differ: {results}"

        pairs = results["mlmd", 1][0]
        for program in ("mlmd", "vesin", "matscipy"):
            row = f"{name:<28} {pairs / len(atoms):>10.1f}" if program == "mlmd" else f"{'':<39}"
            row += f" {program:>18}"
            for threads in (1, 2):
                if (program, threads) in results:
                    _, _, wall, cpu = results[program, threads]
                    ratio = results[program, threads][3] / results["mlmd", threads][3]
                    times = f"{wall * 1e3:.2f} ({cpu * 1e3:.2f})"
                    row += f" {times:>17} {ratio:>5.1f}×"
            print(row, flush=True)


if __name__ == "__main__":
    main()
