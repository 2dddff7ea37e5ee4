#!/bin/sh
# The same dynamics on a device and on the CPU: drift at constant energy, diffusion. Tables of docs/gpu.md.
# usage: benches/agreement/run.sh [path of mlmd]; ten minutes and more where a program plays the device.
set -e
mlmd=$(command -v "${1:-mlmd}")
case $mlmd in /*) ;; *) mlmd=$PWD/$mlmd ;; esac
cd "$(dirname "$0")"
"$mlmd" train train.toml --quiet
for device in "cpu double" "cpu mixed" "gpu double"; do
    set -- $device
    for run in nve nvt; do
        "$mlmd" run $run.toml --quiet --set device.kind="$1" --set device.precision="$2" \
            --set output.directory="out/$run-$1-$2"
    done
    # Slope and spread of the conserved energy after the first picosecond.
    awk -F, -v name="$device" 'NR > 1 && $2 >= 1000 {
            n++; t = $2 / 1000; e = $6; if (n == 1) e0 = e; e -= e0
            st += t; se += e; stt += t * t; ste += t * e; see += e * e
        } END {
            slope = (ste - st * se / n) / (stt - st * st / n)
            rest = see / n - (se / n)^2 - slope^2 * (stt / n - (st / n)^2)
            printf "%s: %.4f meV/ps in all, spread %.3f meV\n", name, 1000 * slope, 1000 * sqrt(rest)
        }' "out/nve-$1-$2/T1200K/thermo.csv"
done
