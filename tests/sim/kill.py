#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program killed at random moments leaves the simulated host clean.

usage: kill.py [--seed N] [--kills N] [--adapter SPEC]... DXGSIM KILL_OFTEN CLIENT [ARGUMENT...]

In one run of dxgsim CLIENT is started and killed many times (kill_often.c); then nothing may be left on the host, nor
of the simulator on this machine, and CLIENT must work."""

import argparse
import os
import re
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
parser.add_argument("--kills", type=int, default=200)
parser.add_argument("--adapter", action="append", default=[])
parser.add_argument("dxgsim")
parser.add_argument("kill_often")
parser.add_argument("client", nargs=argparse.REMAINDER)
arguments = parser.parse_args()
launcher = [os.path.abspath(arguments.dxgsim), *(f"--adapter={spec}" for spec in arguments.adapter)]


def left_on_this_machine():
    """Names that the simulator could have left where names outlive processes."""
    names = set(os.listdir("/dev/shm"))
    with open("/proc/net/unix") as sockets:
        names.update(line.split()[-1] for line in sockets)
    return {name for name in names if re.search("dxg|hsakmt", name)}


def run(place, *command):
    report = os.path.join(place, "report")
    done = subprocess.run(
        [*launcher, "--status", "--report", report, "--", *command],
        env=dict(os.environ, TMPDIR=place),
        capture_output=True,
        text=True,
    )
    with open(report) as file:
        findings = file.read()
    os.unlink(report)
    return done, findings


def fail(what, done, findings):
    sys.exit(f"{what}\nstatus {done.returncode}\n{done.stdout}{done.stderr[-4000:]}\n{findings[-4000:]}")


print(f"seed {arguments.seed}", flush=True)
before = left_on_this_machine()
with tempfile.TemporaryDirectory() as place:
    done, findings = run(place, arguments.kill_often, str(arguments.seed), str(arguments.kills), *arguments.client)
    if done.returncode:
        fail("the run with kills failed", done, findings)
    print(done.stdout, end="")
    status = re.search(r"^dxgsim: status: processes (\d+), ended without a close (\d+), left on the host: (.*)$",
                       done.stderr, re.MULTILINE)  # fmt: skip
    if not status or status[3] != "nothing":
        fail("something is left on the host", done, findings)
    killed = int(re.search(r"killed (\d+) of", done.stdout)[1])
    found = int(status[2])
    print(f"{status[1]} processes came to /dev/dxg, {found} were killed there, "
          f"{findings.count('took back')} of them with something on the host")  # fmt: skip
    if killed < arguments.kills or found < arguments.kills / 10:
        fail("the kills came too late, or too early, to prove anything", done, findings)
    if re.search(r"^\d+ (?!NOTE )", findings, re.MULTILINE):
        fail("the simulator found something", done, findings)
    done, findings = run(place, *arguments.client)
    if done.returncode or findings:
        fail("the next run failed", done, findings)
    if os.listdir(place):
        fail(f"files left: {os.listdir(place)}", done, findings)
left = left_on_this_machine() - before
if left:
    sys.exit(f"left on this machine: {left}")
