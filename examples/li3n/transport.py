#!/usr/bin/env python3
"""The table of lithium's motion in this folder's README, as Markdown, from what the run wrote:

    python3 examples/li3n/transport.py [FOLDER...]        (after run.toml; without a folder that of run.toml)

Several folders, such as examples/li3n/out and examples/li3n/out-esnap, make a table each.
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from tables import interval


def row(section):
    """One temperature: D* and its part in the plane and across it, the same of the conductivity, Haven ratio."""
    atoms = sum(species["count"] for species in section["species"].values())
    length = sum(run["duration_ps"] for run in section["runs"])
    cells = [f"{section['temperature_K']:.0f}", f"{atoms}", f"{length:.0f}"]
    tracer, charge = section["tracer"]["Li"], section["charge"]
    cells.append(interval(tracer.get("diffusivity", tracer), 1e5))
    axes = tracer.get("tensor", {})
    cells += [interval(axes[axis], 1e5) if axis in axes else "–" for axis in ("xx", "yy", "zz")]
    cells.append(interval(charge.get("conductivity", charge)))
    axes = charge.get("conductivity_xx_yy_zz") or [{"refused": ""}] * 3
    cells += [interval(axis) for axis in axes]
    cells.append(interval(charge.get("haven_ratio", charge)))
    return cells


if __name__ == "__main__":
    folders = [pathlib.Path(folder) for folder in sys.argv[1:]] or [HERE / "out"]
    for folder in folders:
        done = folder / "result.json"
        if not done.exists():
            sys.exit(f"{done} is not there: mlmd run {HERE / 'run.toml'} makes it")
        result = json.loads(done.read_text())
        if len(folders) > 1:
            print(f"{folder}:\n")
        print(
            "| T (K) | atoms | ps | D* of Li (10⁻⁵ cm²/s) | along x | y | z | σ, collective (S/cm) | along x | y | z | Haven ratio |"
        )
        print("|" + "---|" * 12)
        for section in result["temperatures"]:
            print("|", " | ".join(row(section)), "|")
        print()
        for law in (result.get("arrhenius") or {}).values():
            print(f"- Activation energy of {law['quantity']}: {interval(law.get('activation_energy', law))} eV")
            for flag in law.get("flags", []):
                print(f"  - {flag}")
