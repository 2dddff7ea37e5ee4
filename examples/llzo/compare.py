#!/usr/bin/env python3
"""Tables of this study beside the published ones, as Markdown, from what the runs wrote:

    python3 examples/llzo/compare.py        (after run.toml; with slow.toml and heat.toml where they have run)

Published: Z. Yan and Y. Zhu, Chem. Mater. 36, 11551 (2024), arXiv:2504.15925: NEP, 1536 atoms, constant volume; D from their
mean squared displacements over lags of 5 to 20 ps. Their five models and cells differ by 10 to 26 % in D.
"""
import csv
import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from tables import interval

SPREAD = 0.26
# K, between the last tetragonal and the first cubic of the published runs.
TRANSITION = 875
BOLTZMANN = 8.617333262e-5  # eV/K
# K: (D in cm²/s, Nernst-Einstein conductivity in mS/cm, volume of 1536 atoms in Å³)
PUBLISHED = {
    700: (3.26e-8, 2.20, 17652),
    750: (8.36e-8, 5.24, 17703),
    800: (3.65e-7, 21.4, 17756),
    850: (1.11e-6, 61.1, 17812),
    900: (5.22e-6, 270, 17879),
    1000: (8.58e-6, 397, 17992),
    1100: (1.20e-5, 501, 18107),
    1200: (1.42e-5, 541, 18240),
}
# K: a and c of the conventional cell in Å.
LATTICE = {300: (13.077, 12.630), 600: (13.133, 12.722), 800: (13.167, 12.803), 900: (13.08, 13.08), 1200: (13.165, 13.165)}


def slope(points):
    """Activation energy in eV of (T, D, its standard error) and its standard error, by weighted least squares of ln D."""
    x = [1.0 / (BOLTZMANN * t) for t, _, _ in points]
    w = [(d / error) ** 2 for _, d, error in points]
    mean = sum(a * b for a, b in zip(w, x)) / sum(w)
    spread = sum(a * (b - mean) ** 2 for a, b in zip(w, x))
    energy = -sum(a * (b - mean) * math.log(d) for a, b, (_, d, _) in zip(w, x, points)) / spread
    return energy, spread**-0.5


def transport(result, slow):
    """The table of all temperatures; at those of `slow`, which ran longer, by that."""
    sections = {}
    for each in [result, *slow]:
        sections |= {round(section["temperature_K"]): section for section in each.get("temperatures", [])}
    print("| T (K) | D*, mlmd (10⁻⁶ cm²/s) | D, published | off by | σ, Nernst–Einstein (mS/cm) | published | σ, collective (S/cm) | Haven ratio | volume (Å³) | published |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    refusals = []
    for _, section in sorted(sections.items()):
        t = round(section["temperature_K"])
        d, sigma, volume = PUBLISHED.get(t, (math.nan,) * 3)
        atoms = sum(s["count"] for s in section["species"].values())
        own = section["tracer"]["Li"]
        own = own.get("diffusivity", own)
        off = f"{own['value'] / d - 1:+.0%}" if "value" in own else "–"
        charge = section["charge"]
        refusals += [f"At {t} K D* is refused: {own['refused']}."] if "refused" in own else []
        cells = [
            f"{t}",
            interval(own, 1e6),
            f"{1e6 * d:.3g}",
            off,
            interval(section["conductivity_nernst_einstein"], 1e3),
            f"{sigma:g}",
            interval(charge.get("conductivity", charge)),
            interval(charge.get("haven_ratio", charge)),
            f"{section['volume_A3'] * 1536 / atoms:.0f}",
            f"{volume:.0f}",
        ]
        print("|", " | ".join(cells), "|")
    print()
    for refusal in refusals:
        print(refusal, "\n")
    below = [(t, section["tracer"]["Li"].get("diffusivity", {})) for t, section in sections.items() if t < TRANSITION]
    below = [(t, d["value"], d["std_error"]) for t, d in below if "value" in d]
    if len(below) > 1:
        energy, error = slope(below)
        print(f"- Activation energy of D* below the transition: {energy:.2f} ± {error:.2f} eV (standard error)")
    for law in result.get("arrhenius", {}).values():
        print(f"- Activation energy of {law['quantity']}: {interval(law.get('activation_energy', law))} eV")
        for flag in law.get("flags", []):
            print(f"  - {flag}")
    print(
        "\nPublished: 1.227 eV (tetragonal, 700 to 850 K), 0.309 eV (cubic, 900 to 1200 K), transition between 875 and"
        f" 900 K; their models and cells differ by 10 to {SPREAD:.0%} in D."
    )


def heating(path):
    """Means over windows of 25 K on either side, of the three edges in rising order."""
    rows = list(csv.DictReader(path.open()))
    first, last, length = 300.0, 1300.0, 500e3  # K and fs, as heat.toml has them
    begin = float(rows[0]["time_fs"])
    target = lambda row: first + (last - first) * (float(row["time_fs"]) - begin) / length
    print("\n| T (K) | edges (Å) | longest over shortest | published a, c (Å) |")
    print("|---|---|---|---|")
    for t in range(300, 1301, 100):
        near = [row for row in rows if abs(target(row) - t) < 25.0]
        if target(rows[-1]) < t + 20.0 and t < last:
            break
        edges = sorted(sum(float(row[k]) for row in near) / len(near) for k in ("a_A", "b_A", "c_A"))
        known = "{:.3f}, {:.3f}".format(*LATTICE[t]) if t in LATTICE else "–"
        print(f"| {t} | {', '.join(f'{x:.3f}' for x in edges)} | {edges[2] / edges[0]:.3f} | {known} |")


if __name__ == "__main__":
    done = HERE / "out" / "result.json"
    if not done.exists():
        print(f"{done} is not there: mlmd run {HERE / 'run.toml'} makes it\n")
    result = json.loads(done.read_text()) if done.exists() else {}
    slow = [json.loads(path.read_text()) for path in sorted(HERE.glob("out-slow*/result.json"))]
    if result or slow:
        transport(result, slow)
    heated = sorted((HERE / "out-heat").glob("*/thermo.csv"))
    if heated:
        heating(heated[0])
