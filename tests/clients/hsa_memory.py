#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A ROCr program that uses every memory pool and locks its own memory, on our library and the simulator.

usage: hsa_memory.py DXGSIM LIBRARY_DIRECTORY HSA_MEMORY
"""

import re
import subprocess
import sys

DXGSIM, LIBRARY_DIRECTORY, PROGRAM = sys.argv[1:]

failures = 0
for adapters, bar in (
    (["rx6800"], "0"),
    (["radeon680m"], "0"),
    (["rx6800,rebar=on"], "0"),
    (["rx6800,rebar=on"], "all"),
    (["rx6800,rebar=off"], "0"),
    (["rx6800", "radeon680m"], "0"),
    (["rx6800,pending=always", "radeon680m,pending=always"], "0"),
):
    command = [DXGSIM]
    for adapter in adapters:
        command += ["--adapter", adapter]
    # set behind the launcher, so that the program alone gets the library
    command += ["--", "env", f"LD_LIBRARY_PATH={LIBRARY_DIRECTORY}", f"HSAKMT_DXG_BAR={bar}", PROGRAM]
    command.append(str(len(adapters)))
    run = subprocess.run(command, capture_output=True, text=True)
    pools = re.search(r"(\d+) pools, (\d+) of them for the CPU", run.stdout)
    # only then the CPU reaches VRAM, too
    good = run.returncode == 0 and pools and (pools[1] == pools[2]) == (bar == "all")
    print("ok  " if good else "FAIL", " and ".join(adapters), f"HSAKMT_DXG_BAR={bar}:", run.stdout.strip().split("\n")[-1])
    if not good:
        failures += 1
        print(f"exit status {run.returncode}\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}")
sys.exit(1 if failures else 0)
