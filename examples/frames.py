#!/usr/bin/env python3
"""Frames of other people, as the inputs of `llzo`, `train-li` and `train-si` look for them.

    git clone https://github.com/zhyan0603/SourceFiles
    git clone https://github.com/materialsvirtuallab/mlearn
    python3 examples/frames.py --llzo SourceFiles --mlearn mlearn

writes `../shared/data/*.extxyz` beside the clone of mlmd (`--output` elsewhere: then say so with `--set`, or change the inputs).
The frames stay their authors' own: Z. Yan, Z. Fan and Y. Zhu, arXiv:2504.15925 (labels of their neuroevolution potential NEPstd, which was
trained on DFT: potentials/llzo/README.md); Y. Zuo et al., J. Phys. Chem. A 124, 731 (2020; DFT).
"""

import argparse
import json
from pathlib import Path

EV_PER_ANGSTROM3_IN_KBAR = 1602.176634

HERE = Path(__file__).resolve().parent


def blocks(path):
    """Frames of an extended XYZ file, each as its lines."""
    lines = path.read_text().splitlines()
    found, at = [], 0
    while at < len(lines) and lines[at].strip():
        end = at + 2 + int(lines[at])
        found.append(lines[at:end])
        at = end
    return found


def llzo(folder, output):
    """Training frames of the model that the authors compare with; all that it has not seen of three other models is for the test."""
    below = folder / "NEP-ZBL"
    known, parts = set(), {"train": [], "test": []}
    for part, kind, name in (
        ("train", "NEP802_iter01", "Active_learning/NEP802/iter01/03.neptrain"),
        ("test", "NEP161_iter03", "Active_learning/NEP161/iter03/03.neptrain"),
        ("test", "NEP207_iter02", "Active_learning/NEP207-ZBL/iter02/03.neptrain"),
        ("test", "NEP25", "NEP_train/NEP25-ZBL_train"),
    ):
        for count, comment, *atoms in blocks(below / name / "train.xyz"):
            if tuple(atoms) not in known:
                known.add(tuple(atoms))
                parts[part].append("\n".join((count, f"{comment} config_type={kind}", *atoms)))
    for part, frames in parts.items():
        write(output / f"LLZO_nep802i1-{part}.extxyz", frames)


def mlearn(folder, output):
    """The split of the authors. Their stress is a pressure, xx yy zz xy yz zx in kbar."""
    for element in ("Li", "Si"):
        for tag, part in (("training", "train"), ("test", "test")):
            frames = json.loads((folder / f"data/{element}/{tag}.json").read_text())
            write(output / f"mlearn_{element}-{part}.extxyz", [of_mlearn(frame) for frame in frames])


def of_mlearn(frame):
    structure, outputs = frame["structure"], frame["outputs"]
    lattice = " ".join(f"{x:.10g}" for row in structure["lattice"]["matrix"] for x in row)
    xx, yy, zz, xy, yz, zx = (-p / EV_PER_ANGSTROM3_IN_KBAR for p in outputs["virial_stress"])
    stress = " ".join(f"{s:.8g}" for s in (xx, xy, zx, xy, yy, yz, zx, yz, zz))
    lines = [
        str(len(structure["sites"])),
        f'Lattice="{lattice}" Properties=species:S:1:pos:R:3:forces:R:3 energy={outputs["energy"]!r} stress="{stress}" '
        f'pbc="T T T" config_type="{frame["group"]}" description="{frame["description"]}"',
    ]
    for site, force in zip(structure["sites"], outputs["forces"], strict=True):
        numbers = " ".join(f"{x:.8f}" for x in (*site["xyz"], *force))
        lines.append(f"{site['species'][0]['element']} {numbers}")
    return "\n".join(lines)


def write(path, frames):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(frames) + "\n")
    print(f"{path}: {len(frames)} frames")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llzo", type=Path, help="clone of SourceFiles")
    parser.add_argument("--mlearn", type=Path, help="clone of mlearn")
    parser.add_argument("--output", type=Path, default=HERE.parents[1] / "shared/data")
    arguments = parser.parse_args()
    if not (arguments.llzo or arguments.mlearn):
        parser.error("nothing to do: --llzo or --mlearn")
    if arguments.llzo:
        llzo(arguments.llzo, arguments.output)
    if arguments.mlearn:
        mlearn(arguments.mlearn, arguments.output)


if __name__ == "__main__":
    main()
