#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dxginfo where its surroundings are unkind: closed streams, signals, limits, readers that go away, a host that hangs.

usage: dxginfo_surroundings.py DXGSIM DXGINFO ADAPTERS, where ADAPTERS is the directory of adapter files
"""

import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

DXGSIM, DXGINFO, ADAPTERS = map(os.path.abspath, sys.argv[1:4])
ENV = dict(os.environ, DXGSIM_ADAPTER_PATH=ADAPTERS)
F_SETPIPE_SZ = 1031  # Linux: fcntl.h
BOUND_S = 120  # for what ends after seconds; no measure of speed

failures = 0
checks = 0


def check(truth, *what):
    global checks, failures
    checks += 1
    if not truth:
        failures += 1
        print("FAIL", *what)


def command(script, adapter, *arguments, options=()):
    """`script` runs on the simulated machine and "$@" in it is dxginfo with its arguments."""
    return [DXGSIM, *options, "--adapter", adapter, "--", "sh", "-c", script, "sh", DXGINFO, *arguments]


def run(script, adapter, *arguments, options=()):
    return subprocess.run(
        command(script, adapter, *arguments, options=options), env=ENV, capture_output=True, text=True, timeout=BOUND_S
    )


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def is_whole(report):
    """From its first line to its verdict, and nobody else's bytes in it."""
    return report.startswith("This probe is safe") and "hardware queues work" in report.partition("\nverdict:\n")[2]


def closed_streams(place):
    path = os.path.join(place, "closed.txt")
    for closed, wanted in (("<&-", 0), (">&-", 1), ("2>&-", 0), ("<&- >&-", 1), ("<&- >&- 2>&-", 1)):
        done = run(f'exec "$@" {closed}', "rx7900xtx,hws", "probe", "--rung", "auto", "-o", path)
        check(done.returncode == wanted, closed, done.returncode, done.stderr)
        check(is_whole(read(path)), closed, read(path))
    done = run('exec "$@" >&-', "rx6800", "list")
    check(done.returncode == 1 and "standard output" in done.stderr, done.returncode, done.stderr)
    done = run('exec "$@" >/dev/full', "rx6800", "probe")
    check(done.returncode == 1 and "standard output: No space left" in done.stderr, done.returncode, done.stderr)


def readers_that_go(place):
    path = os.path.join(place, "head.txt")
    run('"$@" | head -n 1', "rx7900xtx,hws", "probe", "--rung", "auto", "-o", path)
    check(is_whole(read(path)), "with a reader that goes away:", read(path))
    # a reader who looks at something else for longer than a step may take
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, F_SETPIPE_SZ, 4096)
    process = subprocess.Popen(
        command('exec "$@"', "rx7900xtx,hws", "probe", "-v", "--timeout", "1"),
        env=ENV, stdout=write_end, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write_end)
    time.sleep(7)
    with os.fdopen(read_end, encoding="utf-8") as file:
        out = file.read()
    check(process.wait(timeout=BOUND_S) == 0 and is_whole(out), "with a pipe that is full for long:", out[-2000:])


def ignored_signals():
    done = run('trap "" CHLD; exec "$@"', "rx7900xtx,hws", "probe", "--rung", "auto")
    check(done.returncode == 0 and is_whole(done.stdout), "SIGCHLD ignored:", done.returncode, done.stdout)
    done = run('trap "" CHLD; exec "$@"', "rx6800,contexts=0", "probe", "--rung", "software")
    check("FAILED: self-check 15" in done.stdout, "SIGCHLD ignored:", done.returncode, done.stdout)


class Waiting:
    """A probe whose GPU does nothing, so that it waits for the fence."""

    def __init__(self, place, script):
        self.path = os.path.join(place, "waiting.txt")
        self.pids = os.path.join(place, "pid")
        for path in (self.path, self.pids):
            if os.path.exists(path):
                os.unlink(path)
        words = command(
            'echo $$ >"$0"; ' + script, "rx6800,submit=lost", "probe", "--rung", "software", "--timeout", "2", "-o", self.path
        )
        words[words.index("-c") + 2] = self.pids
        self.process = subprocess.Popen(words, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + BOUND_S
        while not os.path.exists(self.path) or not re.search(r"^  submission +ok", read(self.path), flags=re.M):
            if time.monotonic() > deadline:
                raise TimeoutError(script)
            time.sleep(0.005)
        self.pid = int(read(self.pids))

    def end(self, number):
        os.kill(self.pid, number)
        out, _ = self.process.communicate(timeout=BOUND_S)
        return self.process.returncode, read(self.path), out


def terminal_closed(place):
    # whoever runs this may ignore it, as nohup does, and programs would inherit that
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # the report says that it is not whole, and the process that probed is ended in good order
    status, report, out = Waiting(place, 'exec "$@"').end(signal.SIGHUP)
    check(status == 1 and "stopped by a signal in step fence" in report, status, report, out)
    check("the report is not complete" in report, report)
    # what was not seen to the end is not known to fail
    verdict = report.partition("\nverdict:\n")[2]
    check("refuse" not in verdict and "not known" in verdict, verdict)
    # as with nohup
    for number, name in ((signal.SIGHUP, "HUP"), (signal.SIGINT, "INT"), (signal.SIGTERM, "TERM")):
        status, report, out = Waiting(place, f'trap "" {name}; exec "$@"').end(number)
        check("the fence did not move" in report and "not complete" not in report, name, "was ignored:", status, report)


def limits(place):
    for count in range(4, 24):
        for arguments in (["probe", "--rung", "auto"], ["dump"], []):
            done = run(f'ulimit -n {count}; exec "$@"', "rx7900xtx,hws", *arguments)
            check(done.returncode in (0, 1, 3), count, "files:", arguments, done.returncode, done.stdout, done.stderr)
            check("DIED" not in done.stdout and "HANGS" not in done.stdout, count, "files:", done.stdout)
    # a program with AddressSanitizer in it cannot live with so little
    if run('ulimit -v 400000; exec "$@"', "rx6800", "--version").returncode:
        return
    for kib in (2000, 4000, *range(5000, 6600, 200), 8000, 10000, 12000, 16000, 24000, 32000, 48000, 64000, 100000):
        for arguments in (["probe", "--rung", "auto"], ["dump"], ["--json"]):
            done = run(f'ulimit -v {kib}; exec "$@"', "rx7900xtx,hws", *arguments)
            # 127: not even the loader has room, or the simulator
            check(done.returncode >= 0 and done.returncode not in (134, 139), kib, "KiB:", arguments, done.returncode, done.stderr)
            check("DIED" not in done.stdout and "HANGS" not in done.stdout, kib, "KiB:", done.stdout)


def one_kind_of_queue():
    """Nothing is said of the kinds that were not to be tried."""
    done = run('exec "$@"', "rx7900xtx,hws,hwqueue=refused", "probe", "--rung", "hardware")
    verdict = done.stdout.partition("\nverdict:\n")[2]
    check(done.returncode == 1 and "this kind of queue does not work: self-check 10" in verdict, done.returncode, verdict)


def two_at_once(place):
    script = '"$@" >"$0.1" 2>&1 & first=$!; "$@" >"$0.2" 2>&1; second=$?; wait $first && exit $second'
    words = command(script, "rx7900xtx,hws", "probe", options=["--status"])
    words[words.index("-c") + 2] = os.path.join(place, "two")
    done = subprocess.run(words, env=ENV, capture_output=True, text=True, timeout=BOUND_S)
    check(done.returncode == 0 and "left on the host: nothing" in done.stderr, done.returncode, done.stderr)
    for number in "12":
        report = read(os.path.join(place, "two." + number))
        check(is_whole(report) and report.count("passed") == 3, report)


def hung_host(place):
    """Every answer takes longer than a step may, so that the first question is the last."""
    path = os.path.join(place, "hung.txt")
    for arguments in (["probe", "--timeout", "1", "-o", path], ["list"], ["dump"]):
        begin = time.monotonic()
        done = run('exec "$@"', "rx6800", *arguments, options=["--rtt-us", "10000000"])
        took = time.monotonic() - begin
        check(done.returncode == 1, arguments, "status", done.returncode, done.stderr)
        check(re.search(r"has not come back from .* for \d+ s: the host does not answer", done.stderr), arguments, done.stderr)
        check(took < 60, arguments, "took", took)
    check("the host does not answer" in read(path), read(path))


def times():
    """A step that was not timed by itself has no time of its own; the others have."""
    done = run('exec "$@"', "rx7900xtx,hws,paging-us=30000", "probe", "--rung", "auto")
    steps = dict(re.findall(r"^  (\w[a-z ]*?) +ok +(.*)$", done.stdout, flags=re.M))
    for name in ("device", "context", "allocation", "residency", "mapping"):
        check(steps[name] == "timed with the next", name, steps[name])
    for name in ("paging queue", "queue", "address", "paging fence", "fence", "result", "teardown"):
        check(re.match(r"[0-9.]+ ms", steps[name]), name, steps[name])
    check(float(steps["paging fence"].split()[0]) >= 30, "the paging fence came too soon:", steps["paging fence"])


def main():
    with tempfile.TemporaryDirectory() as place:
        closed_streams(place)
        readers_that_go(place)
        ignored_signals()
        terminal_closed(place)
        limits(place)
        one_kind_of_queue()
        two_at_once(place)
        hung_host(place)
        times()
    print(f"{checks} checks, {failures} failed")
    return 1 if failures else 0


sys.exit(main())
