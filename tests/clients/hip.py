#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A HIP or ROCr program whose kernels run, on our library and the simulator, in all the ways that the table has for it.

usage: hip.py DXGSIM LIBRARY_DIRECTORY NAME PROGRAM [ARGUMENT...]
"""

import re
import subprocess
import sys
import time

DXGSIM, LIBRARY_DIRECTORY, NAME, *PROGRAM = sys.argv[1:]

TIMEOUT = 280
REPORTED = 70  # dxgsim's exit status when there is something to report

# Adapters and variables, and perhaps options of dxgsim and what it prints for them; seeds change what hardware leaves to chance.
PLAIN = (["rx6800"], {})
POLLING = (["rx6800,seed=2"], {"HSA_ENABLE_INTERRUPT": "0"})
BLITS = (["rx6800,seed=3"], {"HSA_ENABLE_SDMA": "0"})
POLLING_BLITS = (["rx6800,seed=4"], {"HSA_ENABLE_INTERRUPT": "0", "HSA_ENABLE_SDMA": "0"})
STRICT_BLITS = (["rx6800,strict=all"], {"HSA_ENABLE_SDMA": "0"})
PROFILED = (["rx6800"], {}, ["--gpu-profile"], r"PROFILE +[1-9]\d* +[1-9].* multiply_kernel<float>")
BOTH = (["rx6800,seed=5", "radeon680m,seed=6"], {})
BOTH_BLITS = (["rx6800,seed=7", "radeon680m,seed=8"], {"HSA_ENABLE_SDMA": "0"})

# Machine, arguments, and what has to be reported, if anything has; {address} is what the program says of it.
CASES = {
    "vectors": [(PLAIN, [], None)],
    "reals": [(PLAIN, [], None)],
    "matrix": [(PROFILED, [], None)],
    "collective": [(PLAIN, [], None)],
    "atomics": [(PLAIN, [], None), (POLLING, [], None)],
    "grid": [(BLITS, [], None)],
    "stack": [(PLAIN, [], None)],
    "hostcall": [
        (PLAIN, [], None),
        (POLLING, [], None),
        (PLAIN, ["fail"], r"s_trap .* wave 1: trap"),
        (POLLING, ["fail"], r"s_trap .* wave 1: trap"),
    ],
    "streams": [(PLAIN, [], None), (POLLING, [], None), (BLITS, [], None), (POLLING_BLITS, [], None)],
    "module": [(PLAIN, [], None)],
    "devices": [(BOTH, [], None), (BOTH_BLITS, [], None)],
    "fault": [
        (PLAIN, ["read"], r"page fault .* global_load_dword .* read of {address} in group 1,0,0 wave 0 lane 13"),
        (PLAIN, ["write"], r"page fault .* global_store_dword .* write of {address} in group 1,0,0 wave 0 lane 13"),
    ],
    "blits": [(STRICT_BLITS, [], None), (POLLING_BLITS, [], None)],
    "sparse": [(PLAIN, [], None)],
    "large": [(PLAIN, [], None)],
}


def run_once(machine, arguments):
    adapters, variables, *options = machine
    command = [DXGSIM] + (options[0] if options else [])
    for adapter in adapters:
        command += ["--adapter", adapter]
    # set behind the launcher, so that the program alone gets the library
    command += ["--", "env", f"LD_LIBRARY_PATH={LIBRARY_DIRECTORY}"]
    command += [f"{key}={value}" for key, value in variables.items()] + PROGRAM + arguments
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT)
    except subprocess.TimeoutExpired as late:
        out, err = (text.decode(errors="replace") if text else "" for text in (late.stdout, late.stderr))
        return subprocess.CompletedProcess(command, "none: it did not end", out, err)


def reported(run, text):
    address = re.search(r"the address is (\S+)", run.stdout)
    text = text.replace("{address}", address.group(1) if address else "(no address)")
    return re.search(text, run.stderr) is not None


failures = 0
for machine, arguments, text in CASES[NAME]:
    start = time.monotonic()
    run = run_once(machine, arguments)
    took = time.monotonic() - start
    if text:
        good = run.returncode == REPORTED and "FAIL" not in run.stdout and reported(run, text)
    else:
        good = run.returncode == 0 and run.stdout.endswith("done\n")
        good = good and (len(machine) < 4 or re.search(machine[3], run.stderr) is not None)
    title = " ".join(machine[0] + [f"{key}={value}" for key, value in machine[1].items()] + arguments)
    print("ok  " if good else "FAIL", f"{title}, {took:.1f} s:", ", ".join(run.stdout.strip().split("\n")), flush=True)
    if not good:
        failures += 1
        print(f"exit status {run.returncode}\n{run.stdout[-3000:]}\n{run.stderr[-5000:]}")
sys.exit(1 if failures else 0)
