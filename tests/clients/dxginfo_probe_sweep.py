#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dxginfo probe, once for every ioctl, with that one failing: the step is named, nothing is left, the next probe works.

usage: dxginfo_probe_sweep.py DXGSIM DXGINFO ADAPTERS FAULT, where ADAPTERS is the directory of adapter files and FAULT
is what becomes of the call, as dxgsim --help says (errno=EINVAL, drop ...)

Calls are counted in each process for itself: the n-th fails in the process that lists the adapters, and in the one that
probes, unless that does not come to it for what failed in the first.  So the calls that only a probe makes are swept by
their names as well.  The simulator's trace tells which calls were struck."""

import os
import re
import subprocess
import sys
import tempfile

DXGSIM, DXGINFO, ADAPTERS = map(os.path.abspath, sys.argv[1:4])
FAULT = sys.argv[4]
ENV = dict(os.environ, DXGSIM_ADAPTER_PATH=ADAPTERS)

MOST_CALLS = 200
FEWEST_CALLS = 20  # of a probe, or the sweep did not sweep
BOUND_S = 120  # for what ends after seconds; no measure of speed

OWN_RING = "user-queue"
LATE = "pending=always,paging-us=1000"  # so that paging is waited for, in every run
WALKS = (
    ("hardware", "rx7900xtx,hws," + LATE),
    ("software", "rx6800," + LATE),
    (OWN_RING, "rx6800,user-queue=required," + LATE),
)

# the probe with the fault, and once more without
TWICE = """
"$1" probe --rung "$2" --timeout 1 -v
echo "status $?"
DXGSIM_FAULTS= exec "$1" probe --rung "$2" --timeout 1
"""

# the step that a call belongs to, wherever it is made ...
STEP_OF = {
    "ENUMADAPTERS3": "adapter",
    "ENUMADAPTERS2": "adapter",
    "QUERYADAPTERINFO": "adapter",
    "CREATEDEVICE": "device",
    "CREATEPAGINGQUEUE": "paging queue",
    "CREATECONTEXTVIRTUAL": "context",
    "CREATEHWQUEUE": "queue",
    "CREATESYNCHRONIZATIONOBJECT": "queue",
    "SUBMITCOMMAND": "submission",
    "SUBMITCOMMANDTOHWQUEUE": "submission",
    "SIGNALSYNCHRONIZATIONOBJECTFROMGPU": "submission",
    "DESTROYHWQUEUE": "teardown",
    "DESTROYCONTEXT": "teardown",
    "DESTROYSYNCHRONIZATIONOBJECT": "teardown",
    "EVICT": "teardown",
    "DESTROYALLOCATION2": "close",
    "FREEGPUVIRTUALADDRESS": "close",
    "DESTROYPAGINGQUEUE": "close",
    "DESTROYDEVICE": "close",
    "CLOSEADAPTER": "close",
}
# ... or, of memory, on the way up: for the ring when that is made, else for the commands
MEMORY_STEP_OF = {
    "RESERVEGPUVIRTUALADDRESS": "address",
    "CREATEALLOCATION": "allocation",
    "MAKERESIDENT": "residency",
    "MAPGPUVIRTUALADDRESS": "mapping",
}
# no need to look for these in the probing process alone: the process that lists makes no more of them
OF_EVERY_PROCESS = ("ENUMADAPTERS3", "ENUMADAPTERS2", "QUERYADAPTERINFO", "CLOSEADAPTER")

# calls that can do without: there is another way, or nothing depends on them
ANOTHER_WAY = {
    "ENUMADAPTERS3",
    "RESERVEGPUVIRTUALADDRESS",
    "WAITFORSYNCHRONIZATIONOBJECTFROMCPU",
    "GETDEVICESTATE",
    "EVICT",
}
# those that send private data in the next form when they are refused
OTHER_FORMS = {"CREATECONTEXTVIRTUAL", "CREATEALLOCATION"}
NO_ROOM = ("errno=ENOMEM", "refuse=0xC0000017")
REFUSALS = ("errno=EINVAL", "refuse", "short")
LOST = ("errno=ENODEV", "refuse=0xC00002B6")  # what is lost is given up
PASSING = ("errno=EINTR", "errno=ENOMEM")  # the signal behind commands is tried again then
RING_FULL_ONCE = "errno=EAGAIN"  # it is tried again
# but not with these, which have let go of their handle when they fail
HANDLE_IS_GONE = {"DESTROYHWQUEUE", "DESTROYCONTEXT", "DESTROYSYNCHRONIZATIONOBJECT"}
UNANSWERED = {"SUBMITCOMMAND", "SUBMITCOMMANDTOHWQUEUE", "SIGNALSYNCHRONIZATIONOBJECTFROMGPU"}

# what is left when the call that was to give it back is struck: the driver takes it at the close
LEFT_BY = {"CLOSEADAPTER": "LEAK adapter ", "FREEGPUVIRTUALADDRESS": "LEAK GPU addresses "}


class Wrong(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Wrong(what)


def step_of(rung, calls):
    """The step that the last of these calls is part of."""
    call, before = calls[-1], calls[:-1]
    down = any(STEP_OF.get(name) == "teardown" for name in before)
    sent = any(STEP_OF.get(name) == "submission" for name in before)
    if call in STEP_OF:
        return STEP_OF[call]
    if call == "GETDEVICESTATE" and down:
        return "device state"
    if down:
        return "close" if call.startswith("WAIT") else "teardown"
    if sent:
        return "fence"
    if rung == OWN_RING and "CREATESYNCHRONIZATIONOBJECT" not in before:
        return "ring memory"
    return MEMORY_STEP_OF.get(call, "paging fence")


class Call:
    """One line of the trace."""

    def __init__(self, match):
        self.pid, self.name = match[1], match[2]
        self.struck, self.changed = bool(match[3]), match[3] == " FAULT"


class Run:
    def __init__(self, rung, adapter, ioctl, nth):
        self.rung = rung
        with tempfile.TemporaryDirectory() as place:
            trace = os.path.join(place, "trace")
            done = subprocess.run(
                [DXGSIM, "--trace", trace, "--status", "--adapter", adapter,
                 "--fault", f"ioctl={ioctl}:nth={nth}:{FAULT}", "--", "sh", "-c", TWICE, "sh", DXGINFO, rung],
                env=ENV, capture_output=True, text=True, timeout=BOUND_S,
            )  # fmt: skip
            with open(trace, encoding="utf-8") as file:
                line = r"^(\d+)/\d+ (\w+)\(.*\](?:( FAULT| \(no message for the fault\)))?$"
                self.calls = [Call(match) for match in re.finditer(line, file.read(), flags=re.M)]
        self.status, self.messages = done.returncode, done.stderr
        self.report, _, rest = done.stdout.partition("\nstatus ")
        self.report_status, _, self.second = rest.partition("\n")
        self.struck = [call for call in self.calls if call.struck]
        self.first_pid = self.calls[0].pid if self.calls else None

    def struck_in_probe(self):
        """What the probing process had called up to the first call that was struck."""
        struck = next((call for call in self.struck if call.pid != self.first_pid), None)
        if not struck:
            return None, []
        mine = [call for call in self.calls if call.pid == struck.pid and call.name[0].isupper()]
        return struck, [call.name for call in mine[: mine.index(struck) + 1]]

    def __str__(self):
        struck = ", ".join(f"{call.name} of {call.pid}" for call in self.struck)
        return f"struck: {struck}\n{self.report}\nstatus {self.report_status}\n{self.second}\n{self.messages}"


def is_harmless(call, step):
    if FAULT == RING_FULL_ONCE and call.name not in HANDLE_IS_GONE:
        return True
    return not call.changed or step in ("device state", "close")


def may_pass(call, step):
    if is_harmless(call, step):
        return True
    if FAULT in LOST:
        # a refusal whose reply has no status does not tell that something is lost
        untold = FAULT.startswith("refuse") and call.name in OTHER_FORMS | {"RESERVEGPUVIRTUALADDRESS"}
        return step == "teardown" or call.name == "GETDEVICESTATE" or untold
    # asked about twice: no room, and memory that was not let go of
    if call.name == "MAKERESIDENT" and FAULT in NO_ROOM or call.name == "MAPGPUVIRTUALADDRESS" and step == "teardown":
        return True
    if call.name == "SIGNALSYNCHRONIZATIONOBJECTFROMGPU" and FAULT in PASSING:
        return True
    return call.name in ANOTHER_WAY or (call.name in OTHER_FORMS and FAULT in REFUSALS)


def may_fail(call, step):
    """The steps one of which may fail."""
    if is_harmless(call, step):
        return ()
    if call.name in UNANSWERED and (FAULT == "drop" or FAULT.startswith("refuse")):
        return ("fence", "result")  # nobody is told before
    return (step,)


def check_probe(run):
    """The outcome of the rung is what the struck call makes it."""
    call, calls = run.struck_in_probe()
    if call and FAULT.startswith("errno=") and FAULT != RING_FULL_ONCE:
        line = rf"^      {call.name} +[0-9]+ us  (?!ok)\w"
        expect(re.search(line, run.report, flags=re.M), f"{call.name} is not reported as failed")
        if step_of(run.rung, calls) == "close":
            line = rf"^  close +FAILED .* {call.name}: \w"
            expect(re.search(line, run.report, flags=re.M), f"closing does not name {call.name}")
    end = re.findall(r"^  => (.*?): (\w+)(?:: (.*))?$", run.report, flags=re.M)
    failed = [step for step in re.findall(r"^  (\w[a-z ]*?) +FAILED", run.report, flags=re.M) if step != "close"]
    expect(len(end) == 1 and end[0][1] in ("passed", "FAILED"), f"ends {end}")
    if end[0][1] == "passed":
        expect(not failed and run.report_status == "0", f"passed with {failed}, status {run.report_status}")
        expect(not call or may_pass(call, step_of(run.rung, calls)), f"{calls[-1:]} failed and the probe passed")
        return
    expect(run.report_status == "1", f"failed with status {run.report_status}")
    expect(call, "the probe failed, but no call of it did")
    step = step_of(run.rung, calls)
    expect(failed and failed[0] in may_fail(call, step), f"{call.name}, step {step}: failed in {failed}")
    expect(f"step {failed[0]}: " in end[0][2], f"the step {failed[0]} is not named: {end[0]}")
    expect(f"step {failed[0]}: " in run.report.partition("\nverdict:")[2], f"{failed[0]} is not in the verdict")
    # no more than one form was refused
    expect("none of the known forms" not in run.report, "forms that were not tried")


def check_simulator(run):
    left = [LEFT_BY[call.name] for call in run.struck if call.name in LEFT_BY and call.changed]
    submitted = any(call.name in UNANSWERED for call in run.calls)
    for finding in re.findall(r"^dxgsim: \d+ (.*)$", run.messages, flags=re.M):
        excused = finding.startswith("NOTE ") or any(finding.startswith(text) for text in left)
        if FAULT in LOST:
            # a fault that only says so does not stop the GPU, nor give up its addresses
            excused |= finding.startswith("LEAK GPU addresses ")
            excused |= submitted and finding.startswith("MISUSE GPU ")
        expect(excused, f"the simulator: {finding}")
    status = re.search(r"ended without a close (\d+), left on the host: (.*)", run.messages)
    expect(status and status.groups() == ("0", "nothing"), "the host is not clean")


def check(run):
    lines = run.report.splitlines()
    expect(not re.search(r"^  => .*: (DIED|HANGS|stopped)", run.report, flags=re.M), "the probe did not end well")
    if any(line.startswith("  => ") for line in lines):
        check_probe(run)
    else:
        # then it is the list of adapters that failed
        expect(run.struck and all(call.pid == run.first_pid for call in run.struck), "nothing was probed")
        expect(run.report_status in ("1", "3"), f"nothing was probed: status {run.report_status}")
        expect(re.search(r"not probed: .|cannot be listed: .|does not open: .", run.report), "and nobody says why")
    expect("verdict:" in run.report, "no verdict")
    check_simulator(run)
    expect(run.status in (0, 70) and " queues work" in run.second, "the next probe failed")


def sweep(rung, adapter, ioctl):
    failures = nth = 0
    while nth < MOST_CALLS:
        nth += 1
        run = Run(rung, adapter, ioctl, nth)
        if not run.struck:
            break
        try:
            check(run)
        except Wrong as wrong:
            failures += 1
            print(f"FAIL {rung}, {FAULT} in {ioctl} number {nth}: {wrong}\n{run}", flush=True)
    return nth - 1, failures


def main():
    bad = 0
    for rung, adapter in WALKS:
        count, failures = sweep(rung, adapter, "ANY")
        if count < FEWEST_CALLS:
            print(f"{count} calls are fewer than a probe makes")
            bad += 1
        for ioctl in [*STEP_OF, *MEMORY_STEP_OF, "WAITFORSYNCHRONIZATIONOBJECTFROMCPU", "GETDEVICESTATE"]:
            more = (0, 0) if ioctl in OF_EVERY_PROCESS else sweep(rung, adapter, ioctl)
            count, failures = count + more[0], failures + more[1]
        print(f"{rung}, {FAULT}: {count} ioctls swept, {failures} failures", flush=True)
        bad += failures
    return 1 if bad else 0


sys.exit(main())
