#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processes that come and go in every way leave the simulated host as they found it.

usage: churn.py [--seed N] [--adapter SPEC]... [--pidns] DXGSIM CHURN SECONDS PROCESSES

One run of dxgsim in which CHURN (churn.c) keeps so many processes for so long; then nothing may be left on the host, of the
simulator on this machine, or in its temporary files, and nothing may have been found but what was left to the kernel."""

import argparse
import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little") or 1)
parser.add_argument("--adapter", action="append", default=[])
parser.add_argument("--pidns", action="store_true")
parser.add_argument("dxgsim")
parser.add_argument("churn")
parser.add_argument("seconds")
parser.add_argument("processes")
arguments = parser.parse_args()


def left_on_this_machine():
    """Names that the simulator could have left where names outlive processes."""
    names = set(os.listdir("/dev/shm"))
    with open("/proc/net/unix") as sockets:
        names.update(line.split()[-1] for line in sockets)
    return {name for name in names if re.search("dxg|hsakmt", name)}


def fail(what):
    sys.exit(f"{what}\nstatus {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-8000:]}\n{findings[-4000:]}")


print(f"seed {arguments.seed}", flush=True)
before = left_on_this_machine()
with tempfile.TemporaryDirectory() as place:
    report = os.path.join(place, "report")
    command = [os.path.abspath(arguments.dxgsim), *(f"--adapter={spec}" for spec in arguments.adapter),
               "--status", "--report", report, "--",
               os.path.abspath(arguments.churn), arguments.seconds, arguments.processes, str(arguments.seed)]  # fmt: skip
    if arguments.pidns:
        command.append("pidns")
    done = subprocess.run(command, env=dict(os.environ, TMPDIR=place), capture_output=True, text=True)
    with open(report) as file:
        findings = file.read()
    os.unlink(report)
    if done.returncode == SKIPPED:
        print(done.stderr, end="")
        sys.exit(SKIPPED)
    if done.returncode:
        fail("the churn failed")
    print(done.stdout, end="")
    status = re.search(r"^dxgsim: status: processes (\d+), ended without a close (\d+), left on the host: (.*)$",
                       done.stderr, re.MULTILINE)  # fmt: skip
    if not status or status[3] != "nothing":
        fail("something is left on the host")
    print(f"{status[1]} processes came to /dev/dxg, {status[2]} ended there without a close")
    if int(status[1]) < int(arguments.processes) or int(status[2]) < int(status[1]) / 20:
        fail("too few came, or too few were killed, to prove anything")
    if re.search(r"^\d+ (?!NOTE )", findings, re.MULTILINE):
        fail("the simulator found something")
    if os.listdir(place):
        fail(f"files left: {os.listdir(place)}")
left = left_on_this_machine() - before
if left:
    sys.exit(f"left on this machine: {left}")
