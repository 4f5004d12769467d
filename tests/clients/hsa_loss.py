#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ROCr and HIP programs that lose their GPU, on our library and the simulator.

usage: hsa_loss.py DXGSIM LIBRARY_DIRECTORY HSA_LOSS HIP_FAULT|- HIP_HANG|- [CASE...]
"""

import os
import re
import signal
import subprocess
import sys
import time

DXGSIM, LIBRARY_DIRECTORY, HSA_LOSS, HIP_FAULT, HIP_HANG, *wanted = sys.argv[1:]

LIMIT = 20
ENDS = 20.0  # seconds in which a program that is lost ends, however busy the machine is; what it took is printed
TIMEOUT = 0.3  # of Windows, where a kernel hangs
REPORTED = 70  # dxgsim's exit status when there is something to report
MODES = {"interrupts": {}, "polling": {"HSA_ENABLE_INTERRUPT": "0"}}


def command(adapters, variables, program):
    line = [DXGSIM]
    for adapter in adapters:
        line += ["--adapter", adapter]
    # set behind the launcher, so that the program alone gets the library
    line += ["--", "env", f"LD_LIBRARY_PATH={LIBRARY_DIRECTORY}"]
    return line + [f"{key}={value}" for key, value in variables.items()] + program


class Failure(Exception):
    pass


def need(condition, what, out="", err=""):
    if not condition:
        raise Failure(f"{what}\n{out[-3000:]}\n{err[-5000:]}")


def ends(process):
    try:
        return process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise Failure(f"it did not end\n{out[-3000:]}\n{err[-5000:]}")


def start(line):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(line, text=True, errors="replace", start_new_session=True, **pipes)


def lives(mode, happenings):
    """What befalls the GPU from outside, by another command, in the middle of each life but the last."""
    count = len(happenings) + 1
    process = start(command(["rx6800", "radeon680m"], MODES[mode], [HSA_LOSS, "lives", str(count)]))
    for happening in happenings:
        line = ""
        while line != "waits\n":
            line = process.stdout.readline()
            if not line:
                raise Failure("it ended\n" + ends(process)[1][-3000:])
        control = subprocess.run([DXGSIM, "--control", str(process.pid)] + happening, capture_output=True, text=True)
        need(control.returncode == 0, "dxgsim --control", control.stdout, control.stderr)
    out, err = ends(process)
    need(process.returncode == 0 and out.endswith("done\n"), f"exit status {process.returncode}", out, err)
    need("the device is lost" in err, "nothing is said of the loss", out, err)


def beside(mode, adapter, program, count, loss):
    """A second program on the same GPU: it has to begin again count - 1 times.  `loss` is what the other one's was."""
    line = command([adapter], MODES[mode], [HSA_LOSS, "beside"] + program)
    process = start(line)
    out, err = ends(process)
    told = re.search(r"(\d+) lives, the command's status is (\S+)", out)
    need(told and out.endswith("done\n"), f"exit status {process.returncode}", out, err)
    need(int(told.group(1)) == count, f"{told.group(1)} lives", out, err)
    need(loss in err if loss else int(told.group(2), 0) == 0, f"status {told.group(2)}", out, err)


def last_words(mode, adapter, program, begins, grace, texts):
    """It ends soon after it lost the GPU, and says what happened."""
    process = start(command([adapter], MODES[mode], program))
    line = process.stdout.readline()
    began = time.monotonic()
    out, err = ends(process)
    took = time.monotonic() - began - grace
    need(line.startswith(begins), line, out, err)
    need(process.returncode == REPORTED and "FAIL" not in out, f"exit status {process.returncode}", out, err)
    need(took < ENDS, f"it took {took:.1f} s", out, err)
    address = line.split()[-1]
    for text in texts:
        text = text.replace("{address}", address)
        need(re.search(text, err), f"no '{text}'", out, err)
    return f"{took * 1000:.0f} ms after the loss"


FAULTED = "node 1: the GPU stopped at a page fault"
HUNG = "node 1: the GPU hung"
BY_CONTROL = ["sh", "-c", '"$0" --control $PPID "$@"', DXGSIM]
CASES = {}
for mode in MODES:
    # whoever waits for faults is told of it by ROCr, everybody by the library
    page_fault = [r"node 1: the GPU stopped at a page fault at {address}, which was to be"]
    if mode == "interrupts":
        page_fault += [r"Memory access fault by GPU node-1 .* on address {address}"]
    else:
        page_fault += [r"HSA_STATUS_ERROR_EXCEPTION"]
    CASES[f"two resets, {mode}"] = lambda mode=mode: lives(mode, [["reset:adapter=0"], ["reset:adapter=0"]])
    CASES[f"another adapter, {mode}"] = lambda mode=mode: lives(mode, [["remove:adapter=0", "plug:adapter=0"]])
    CASES[f"beside an adapter's reset, {mode}"] = lambda mode=mode: beside(
        mode, "rx6800", BY_CONTROL + ["reset:adapter=0"], 2, None
    )
    if HIP_FAULT != "-":
        for access in "read", "write":
            CASES[f"page fault of a {access}, {mode}"] = lambda mode=mode, access=access, texts=page_fault: last_words(
                mode, "rx6800", [HIP_FAULT, access], "the address is", 0, texts
            )
        CASES[f"beside a page fault, {mode}"] = lambda mode=mode: beside(mode, "rx6800", [HIP_FAULT, "write"], 1, FAULTED)
    if HIP_HANG != "-":
        CASES[f"hang, {mode}"] = lambda mode=mode: last_words(
            mode,
            "rx6800,timeout-ms=300",
            [HIP_HANG],
            "the kernel begins",
            TIMEOUT,
            [r"node 1: the GPU hung", r"HSA_STATUS_ERROR_EXCEPTION"],
        )
        CASES[f"beside an engine's reset, {mode}"] = lambda mode=mode: beside(
            mode, "rx6800,timeout-ms=300", [HIP_HANG], 1, HUNG
        )
        CASES[f"beside a hang that resets the adapter, {mode}"] = lambda mode=mode: beside(
            mode, "rx6800,timeout-ms=300,tdr=adapter", [HIP_HANG], 2, HUNG
        )

failures = 0
for name, case in CASES.items():
    if wanted and name not in wanted:
        continue
    began = time.monotonic()
    try:
        told = case()
        print(f"ok   {name}, {time.monotonic() - began:.1f} s{': ' + told if told else ''}", flush=True)
    except Failure as failure:
        failures += 1
        print(f"FAIL {name}: {failure}", flush=True)
sys.exit(1 if failures else 0)
