#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dxginfo probe, the program: which adapters and rungs it takes, its report, and what may befall its process.

usage: dxginfo_probe.py DXGSIM DXGINFO ADAPTERS, where ADAPTERS is the directory of adapter files
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

DXGSIM, DXGINFO, ADAPTERS = map(os.path.abspath, sys.argv[1:4])
ENV = dict(os.environ, DXGSIM_ADAPTER_PATH=ADAPTERS)

failures = 0
checks = 0


def check(truth, *what):
    global checks, failures
    checks += 1
    if not truth:
        failures += 1
        print("FAIL", *what)


def command(adapters, arguments):
    words = [DXGSIM]
    for adapter in adapters:
        words += ["--adapter", adapter]
    return [*words, "--", DXGINFO, "probe", *arguments]


def probe(adapters, *arguments):
    return subprocess.run(command(adapters, arguments), env=ENV, capture_output=True, text=True, timeout=240)


def verdict_of(done):
    return done.stdout.partition("\nverdict:\n")[2]


def choices():
    # one that works does not make up for another
    done = probe(["rx7900xtx,hws", "foreign", "rx6800,contexts=0"])
    check(done.returncode == 1, "two adapters", done.returncode, done.stderr)
    lines = verdict_of(done).strip().splitlines()
    check(len(lines) == 2 and "hardware queues work" in lines[0] and "would refuse" in lines[1], lines)
    done = probe(["rx7900xtx,hws", "foreign", "rx6800,contexts=0"], "--adapter", "0")
    check(done.returncode == 0, "one adapter of three", done.returncode, done.stdout)
    done = probe(["foreign"])
    check(done.returncode == 3 and "no adapter of AMD's" in done.stdout, "foreign alone", done.returncode, done.stdout)


def rungs():
    def tried(done):
        return re.findall(r"^  => ([a-z ]+): (\w+)", done.stdout, flags=re.M)

    hardware, software, ring = "hardware queue", "software queue", "software queue with ring memory of ours"
    for rung, wanted in (
        ("all", [hardware, software, ring]), ("auto", [hardware]), ("hardware", [hardware]), ("software", [software]),
        ("user-queue", [ring]),
    ):  # fmt: skip
        done = probe(["rx7900xtx,hws"], "--rung", rung)
        check(tried(done) == [(name, "passed") for name in wanted], rung, tried(done), done.stdout)
    # what is not promised is tried only when it is asked for
    done = probe(["rx6800"])
    check("hardware queue: not tried" in done.stdout, done.stdout)
    done = probe(["rx6800"], "--rung", "hardware")
    check(done.returncode in (1, 70) and "step" in verdict_of(done), done.returncode, done.stdout)


def reports(place):
    path = os.path.join(place, "report.txt")
    done = probe(["rx7900xtx,hws"], "-o", path)
    with open(path, encoding="utf-8") as file:
        report = file.read()
    check(done.returncode == 0 and path in done.stderr and path not in done.stdout, done.stdout)
    for text in (
        "This probe is safe", "SUBMITCOMMANDTOHWQUEUE", "WAITFORSYNCHRONIZATIONOBJECTFROMCPU", "driver 32.0.23027.2005",
        "device state   ok", "verdict:", " UTC", "dxginfo 0.", "no self-check hides the adapter",
    ):  # fmt: skip
        check(text in report, f"no '{text}' in the report:", report)
    check("SUBMITCOMMANDTOHWQUEUE" not in done.stdout, "ioctls without -v")
    check("Registry" not in report, "a path in the report")
    check("SUBMITCOMMANDTOHWQUEUE" in probe(["rx7900xtx,hws"], "-v").stdout, "no ioctls with -v")
    check(probe(["rx6800"], "-o", os.path.join(place, "no", "report")).returncode == 1, "a report that cannot be")
    check(probe(["rx6800"], "-o", "/dev/full").returncode == 1, "a full disk")


def children_of(pid):
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry))
    return found


def wait_for(what):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        got = what()
        if got:
            return got
        time.sleep(0.005)
    raise TimeoutError(what)


class Running:
    """A probe whose GPU does nothing, so that its process waits for the fence."""

    def __init__(self, place, timeout):
        self.path = os.path.join(place, "running.txt")
        with open(self.path, "w", encoding="utf-8"):
            pass
        arguments = ["--rung", "software", "--timeout", str(timeout), "-v", "-o", self.path]
        self.process = subprocess.Popen(
            command(["rx6800,submit=lost"], arguments), env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.parent = wait_for(lambda: children_of(self.process.pid))[0]
        wait_for(self.waits)
        self.child = wait_for(lambda: children_of(self.parent))[0]

    def waits(self):
        with open(self.path, encoding="utf-8") as file:
            return re.search(r"^  submission +ok", file.read(), flags=re.M)

    def end(self):
        out, _ = self.process.communicate(timeout=120)
        return self.process.returncode, out

    def gone(self):
        try:
            with open(f"/proc/{self.child}/stat", encoding="utf-8") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True


def accidents(place):
    # the process dies
    running = Running(place, 10)
    os.kill(running.child, signal.SIGKILL)
    status, out = running.end()
    check(status == 1 and "DIED: the process died of signal 9 (Killed) in step fence" in out, status, out)
    check("the adapter still answers" in out, out)
    # it stops where it is, as in a call that never ends
    running = Running(place, 1)
    os.kill(running.child, signal.SIGSTOP)
    begin = time.monotonic()
    status, out = running.end()
    check(status == 1 and re.search(r"HANGS: no end within [0-9.]+ s in step fence", out), status, out)
    check("the adapter still answers" in out and running.gone(), out)
    check(time.monotonic() - begin < 30, "the watch took", time.monotonic() - begin)
    # somebody wants to stop it
    for number in (signal.SIGINT, signal.SIGTERM):
        running = Running(place, 10)
        os.kill(running.parent, number)
        status, out = running.end()
        check(status == 1 and "stopped: stopped by a signal in step fence" in out, status, out)
        check("the report is not complete" in out and running.gone(), out)
        with open(running.path, encoding="utf-8") as file:
            check("the report is not complete" in file.read(), "the report was not closed")
    # the parent dies: its process goes with it
    running = Running(place, 10)
    os.kill(running.parent, signal.SIGKILL)
    running.end()
    wait_for(running.gone)


def main():
    with tempfile.TemporaryDirectory() as place:
        choices()
        rungs()
        reports(place)
        accidents(place)
    print(f"{checks} checks, {failures} failed")
    return 1 if failures else 0


sys.exit(main())
