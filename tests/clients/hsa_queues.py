#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ROCr and HIP programs with queues and copies, on our library and the simulator.

usage: hsa_queues.py DXGSIM LIBRARY_DIRECTORY HSA_QUEUES HIP_COPY|- [CASE...]
"""

import subprocess
import sys

DXGSIM, LIBRARY_DIRECTORY, HSA_QUEUES, HIP_COPY, *wanted = sys.argv[1:]

BARRIERS = ["barriers", "ring", "persistent"]
GIB = str(1 << 30)
SMALL = str(5 << 20)

# name, adapters, variables, program and arguments; without SDMA ROCr copies by kernels of its own
CASES = [
    ("barriers with interrupts", ["rx6800"], {}, [HSA_QUEUES] + BARRIERS),
    ("barriers without interrupts", ["rx6800"], {"HSA_ENABLE_INTERRUPT": "0"}, [HSA_QUEUES] + BARRIERS),
    ("barriers without SDMA", ["rx6800"], {"HSA_ENABLE_SDMA": "0"}, [HSA_QUEUES] + BARRIERS),
    (
        "barriers with neither",
        ["rx6800"],
        {"HSA_ENABLE_SDMA": "0", "HSA_ENABLE_INTERRUPT": "0"},
        [HSA_QUEUES] + BARRIERS,
    ),
    ("barriers on an APU", ["radeon680m"], {}, [HSA_QUEUES] + BARRIERS),
    ("barriers without atomics", ["rx6800,atomics=off"], {}, [HSA_QUEUES] + BARRIERS),
    ("barriers, doorbells looked at", ["rx6800"], {"HSAKMT_DXG_DOORBELL": "look"}, [HSA_QUEUES] + BARRIERS),
    ("copies with interrupts", ["rx6800"], {}, [HSA_QUEUES, "copies", GIB]),
    ("copies without interrupts", ["rx6800"], {"HSA_ENABLE_INTERRUPT": "0"}, [HSA_QUEUES, "copies", SMALL]),
    ("copies without atomics", ["rx6800,atomics=off"], {}, [HSA_QUEUES, "copies", SMALL]),
    (
        "copies without atomics and interrupts",
        ["rx6800,atomics=off"],
        {"HSA_ENABLE_INTERRUPT": "0"},
        [HSA_QUEUES, "copies", SMALL],
    ),
    ("copies, doorbells looked at", ["rx6800"], {"HSAKMT_DXG_DOORBELL": "look"}, [HSA_QUEUES, "copies", SMALL]),
    ("copies on an APU", ["radeon680m"], {}, [HSA_QUEUES, "copies", SMALL]),
    ("copies without SDMA", ["rx6800"], {"HSA_ENABLE_SDMA": "0"}, [HSA_QUEUES, "copies", SMALL]),
    ("all of it", ["rx6800", "radeon680m"], {}, [HSA_QUEUES] + BARRIERS + ["copies", SMALL] + BARRIERS),
]
if HIP_COPY != "-":
    CASES += [
        ("hip copies", ["rx6800"], {}, [HIP_COPY]),
        ("hip copies without interrupts", ["rx6800"], {"HSA_ENABLE_INTERRUPT": "0"}, [HIP_COPY]),
        ("hip copies without atomics", ["rx6800,atomics=off"], {}, [HIP_COPY]),
        ("hip copies on an APU", ["radeon680m"], {}, [HIP_COPY]),
    ]

failures = 0
for name, adapters, variables, program in CASES:
    if wanted and name not in wanted:
        continue
    command = [DXGSIM]
    for adapter in adapters:
        command += ["--adapter", adapter]
    # set behind the launcher, so that the program alone gets the library
    command += ["--", "env", f"LD_LIBRARY_PATH={LIBRARY_DIRECTORY}"]
    command += [f"{key}={value}" for key, value in variables.items()] + program
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=200)
        good = run.returncode == 0 and run.stdout.endswith("done\n")
        told = f"exit status {run.returncode}\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
        last = ", ".join(run.stdout.strip().split("\n")[:-1])
    except subprocess.TimeoutExpired as late:
        good, told, last = False, f"no end\n{late.stdout}\n{late.stderr}", ""
    print("ok  " if good else "FAIL", name + ":", last, flush=True)
    if not good:
        failures += 1
        print(told)
sys.exit(1 if failures else 0)
