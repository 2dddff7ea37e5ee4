"""Do probabilities and intervals of `mlmd screen` hold? The tables of docs/screening.md, from made-up candidates.

python3 tests/sweep/calibration.py target/release/mlmd     (numpy; a minute)
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PROGRAM = Path(sys.argv[1]).resolve()
SIGMA = "sigma_300K_S_cm"


def screen(folder, known, logarithms, errors, *arguments):
    """Writes the tables of a screening and runs it; `known` is a list of columns, for more candidates than were simulated."""
    with open(folder / "candidates.csv", "w") as out:
        out.write(f"candidate,state,{SIGMA},{SIGMA}_low,{SIGMA}_high\n")
        for i, (x, error) in enumerate(zip(logarithms, errors)):
            value, low, high = (float(10 ** (x + sign * 1.959964 * error)) for sign in (0, -1, 1))
            out.write(f"c{i},complete,{value!r},{low!r},{high!r}\n")
    with open(folder / "known.csv", "w") as out:
        out.write("candidate," + ",".join(f"x{k}" for k in range(len(known))) + "\n")
        for i, row in enumerate(zip(*known)):
            out.write(f"c{i}," + ",".join(repr(float(x)) for x in row) + "\n")
    command = [PROGRAM, "screen", *arguments, "-q"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def table(path):
    with open(path) as lines:
        return list(csv.DictReader(lines))


def ranks(folder):
    """Candidates whose true values have a spread, and errors that are equal or differ: is the likeliest best the best?"""
    random = np.random.default_rng(3)
    print("candidates, spread, error, differing: said, was, ranks within their 95 % intervals")
    for n, spread, error, differ in (
        (4, 1, 0.3, 0), (10, 1, 0.1, 0), (10, 0.3, 0.3, 0), (10, 0.3, 0.3, 1), (40, 0.3, 0.3, 0), (40, 0.3, 0.3, 1),
    ):
        said, was, inside = [], [], []
        for _ in range(400):
            errors = error * np.exp(0.7 * random.standard_normal(n)) if differ else np.full(n, error)
            truth = spread * random.standard_normal(n)
            found = truth + errors * random.standard_normal(n)
            screen(folder, [np.zeros(n)], found - 4, errors, "known.csv", "--candidates", "candidates.csv", "-o", "out")
            rank = (-truth).argsort().argsort() + 1
            best = {}
            for row in table(folder / "out/ranking.csv"):
                i = int(row["candidate"][1:])
                best[i] = float(row["probability_best"])
                inside.append(int(row["rank_low"]) <= rank[i] <= int(row["rank_high"]))
            first = max(best, key=best.get)
            said.append(best[first])
            was.append(rank[first] == 1)
        print(f"{n}, {spread}, {error}, {differ}: {np.mean(said):.2f}, {np.mean(was):.2f}, {np.mean(inside):.3f}", flush=True)


def intervals(folder):
    """Values of a smooth function that were not simulated: do they lie within the 95 % intervals of the predictions?"""
    random = np.random.default_rng(7)
    print("simulated, features: new values within their 95 % intervals")
    for n, dimension in ((4, 1), (6, 1), (8, 2), (12, 3), (25, 3)):
        inside = []
        for repeat in range(40):
            x = random.uniform(-1, 1, (n + 10, dimension))
            y = np.sin(2 * x[:, 0]) + (0.5 * x[:, 1] if dimension > 1 else 0)
            y = y + 0.15 * random.standard_normal(n + 10)
            found = y + 0.05 * random.standard_normal(n + 10)
            features = [f"x{k}" for k in range(dimension)]
            (folder / "plan.toml").write_text(
                f'table = "known.csv"\ncandidates = "candidates.csv"\nseed = {repeat + 1}\n[surrogate]\n'
                f'features = {features}\nbatch = 10\nmodel = "gaussian-process"\n'
            )
            screen(folder, x.T, found[:n], np.full(n, 0.05), "plan.toml")
            for row in table(folder / "screen/proposals.csv"):
                i = int(row["candidate"][1:])
                inside.append(float(row[f"{SIGMA}_low"]) <= 10 ** y[i] <= float(row[f"{SIGMA}_high"]))
        print(f"{n}, {dimension}: {np.mean(inside):.3f}", flush=True)


with tempfile.TemporaryDirectory() as temporary:
    intervals(Path(temporary))
    ranks(Path(temporary))
