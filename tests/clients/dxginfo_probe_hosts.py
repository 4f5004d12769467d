#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dxginfo probe on every AMD adapter and on hosts that differ, or are broken, in one way each.

usage: dxginfo_probe_hosts.py DXGSIM DXGINFO ADAPTERS, where ADAPTERS is the directory of adapter files

Every case says what becomes of each kind of queue: it passes, or which step fails, which self-check that breaks and in
what words.  Whatever the outcome, the simulated host must have been used rightly and must be left empty."""

import configparser
import glob
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

DXGSIM, DXGINFO, ADAPTERS = map(os.path.abspath, sys.argv[1:4])
ENV = dict(os.environ, DXGSIM_ADAPTER_PATH=ADAPTERS)

AT_A_TIME = 2
BOUND_S = 120  # for what ends after seconds; no measure of speed

HARDWARE, SOFTWARE, OWN_RING = "hardware queue", "software queue", "software queue with ring memory of ours"
RUNGS = (HARDWARE, SOFTWARE, OWN_RING)
WORKS = {
    HARDWARE: "hardware queues work",
    SOFTWARE: "software queues work",
    OWN_RING: "software queues work when they bring their own ring memory",
}
STEPS = (
    "open", "adapter", "address space", "device", "paging queue", "context", "ring memory", "queue", "address",
    "allocation", "residency", "mapping", "paging fence", "commands", "submission", "fence", "result", "teardown",
    "device state", "close",
)  # fmt: skip
ALWAYS = ("teardown", "device state", "close")

AMD = 0x1002

# exit statuses
GOOD, BAD, NO_DEVICE = 0, 1, 3

PASSES = "passes"
NOT_TRIED = "not tried"


class Fails(NamedTuple):
    step: str
    rule: int
    words: str
    state: str = "active"  # the device's afterwards


class Hidden(NamedTuple):
    rule: int  # 0: it was no self-check
    words: str


class Node(NamedTuple):
    hardware: object
    software: object
    own_ring: object


class Case(NamedTuple):
    adapters: tuple  # specs
    nodes: tuple  # a Node or Hidden for each of AMD's
    unfinished: int = 0  # queues destroyed with work in them, and rightly so: it would never end
    refused: tuple = ()  # (ioctl, how often a rung sees it refused), before it is taken if the rung passes
    says: tuple = ()  # (what the report says, how often)
    faults: tuple = ()  # specs
    nothing: str = "there is no adapter of AMD's to probe"  # the verdict when there is no node


FORMS = ": the driver takes the private data in none of the known forms"
REFUSED = "refused (INVALID_PARAMETER, or a reason that the host does not tell)"
NO_CONTEXT = Fails("context", 15, REFUSED + FORMS)
NO_HWQUEUE = Fails("queue", 10, REFUSED)
TOO_SMALL = "refused (BUFFER_TOO_SMALL)" + FORMS
LOST = Fails("fence", 10, "the fence did not move within 1000 ms, the device is active, the commands were not executed")
UNWRITTEN = Fails("result", 10, "the fence passed, but the GPU wrote nothing that the CPU can see")
FAULTED = Fails("fence", 11, "the GPU stopped at a page fault at 0x", "page fault at 0x")
HUNG = Fails("fence", 11, "the GPU hung: the GPU did not get through the commands", "hung")
SLOW = "not done within 1000 ms"

CONTEXT, ALLOCATION = "CREATECONTEXTVIRTUAL", "CREATEALLOCATION"


def every_rung(outcome):
    return Node(outcome, outcome, outcome)


def soft(outcome):
    """An adapter without hardware scheduling."""
    return Node(NOT_TRIED, outcome, outcome)


def case(adapters, *nodes, **more):
    return Case(tuple(adapters.split(" ")), nodes, **more)


def every_adapter():
    """As it is, and with hardware scheduling where Windows offers it."""
    for path in sorted(glob.glob(os.path.join(ADAPTERS, "*.ini"))):
        name = os.path.basename(path).removesuffix(".ini")
        adapter = configparser.ConfigParser()
        adapter.read(path)
        if int(adapter["adapter"]["vendor"], 0) != AMD:
            continue
        yield case(name, soft(PASSES))
        if adapter.getboolean("chip", "hws_capable", fallback=False):
            yield case(name + ",hws", every_rung(PASSES))


def harmless():
    """Hosts that are different, and with which everything works."""
    for spec, refused in (
        ("rebar=off", ()),
        ("host=27", ()),
        ("async=off", ()),
        ("map-guest=off", ()),
        ("pending=always", ()),
        ("pending=never", ()),
        ("paging-fence=1000", ()),
        ("paging-fence=0x4000000000000000", ()),
        ("paging-us=100000", ()),
        ("pending=always,paging-us=100000", ()),
        ("statistics=off", ()),
        ("atomics=off", ()),
        ("cpu-visible=ignored", ()),
        ("vram-mib=256", ()),
        ("contexts=1", ()),
        ("context-reply=rewritten", ()),
        ("allocation-reply=rewritten", ()),
        ("sdma=hangs", ()),
        ("timeout-ms=10000", ()),
        ("context=long", ((CONTEXT, 1),)),
        ("checksum=enforced", ((ALLOCATION, 1),)),
        ("allocation-version=9", ((ALLOCATION, 2),)),
        ("context=long,checksum=enforced,host=27", ((CONTEXT, 1), (ALLOCATION, 1))),
    ):
        yield case("rx6800," + spec, soft(PASSES), refused=refused)
        yield case("rx7900xtx,hws," + spec, every_rung(PASSES), refused=refused)


def ring_memory():
    """RDNA2 on hosts where software queues need ring memory of the client's, and others on such hosts."""
    for name in ("rx6800", "radeon680m"):
        for more in ("", ",host=27", ",context=long,checksum=enforced"):
            yield case(f"{name},user-queue=required{more}", Node(NOT_TRIED, LOST, PASSES), unfinished=1)
    yield case("rx7900xtx,hws,user-queue=required", Node(PASSES, LOST, PASSES), unfinished=1)


def promised_in_vain():
    promise = "the driver promises hardware queues for engine"
    yield case("rx7900xtx,hws,hwqueue=refused", Node(NO_HWQUEUE, PASSES, PASSES), says=((promise, 1),))
    yield case("rx9070xt,hws,hwqueue=refused,host=27", Node(NO_HWQUEUE, PASSES, PASSES), says=((promise, 1),))
    yield case("rx7900xtx,hwqueue=refused", soft(PASSES), says=((promise, 0),))


def refused():
    for name, node in (("rx6800", soft), ("rx7900xtx,hws", every_rung)):
        yield case(name + ",contexts=0", node(NO_CONTEXT), refused=((CONTEXT, 2),))
    # ring memory is an allocation too, and comes first
    no_memory = Fails("allocation", 15, TOO_SMALL)
    no_ring = Fails("ring memory", 15, TOO_SMALL)
    yield case("rx6800,allocation-version=3", Node(NOT_TRIED, no_memory, no_ring), refused=((ALLOCATION, 3),))
    yield case("rx7900xtx,hws,allocation-version=3", Node(no_memory, no_memory, no_ring), refused=((ALLOCATION, 3),))


def never_done():
    for name, node, rungs in (("rx6800", soft, 2), ("rx7900xtx,hws", every_rung, 3)):
        yield case(name + ",submit=lost", node(LOST), unfinished=rungs)
        yield case(name + ",submit=unwritten", node(UNWRITTEN))
        yield case(name + ",submit=fault", node(FAULTED))
    yield case("rx6800,submit=hangs", soft(LOST), unfinished=2)
    # Windows' GPU timeout ends it first, but not on an engine that is exempt
    yield case("rx6800,submit=hangs,timeout-ms=200", soft(HUNG))
    yield case("rx7900xtx,submit=hangs,timeout-ms=200", soft(LOST), unfinished=2)
    late, no_ring = Fails("paging fence", 10, SLOW), Fails("ring memory", 10, SLOW)
    yield case("rx6800,pending=always,paging-us=2000000", Node(NOT_TRIED, late, no_ring))


def hidden():
    for name in ("rx6800", "rx7900xtx,hws"):
        for spec, rule, words in (
            ("private=truncated", 3, "device id"),
            ("private=zeroed", 1, "answered: the 0x4360 query left the buffer as it was"),
            ("private=unanswered", 1, "answered: the 0x4360 query left the buffer as it was"),
            ("private=unanswered,host=27", 1, "answered: the 0x4360 query left the buffer as it was"),
            ("private=future", 2, "proxy: in the 0x4360 answer version 0x20000"),
            ("private=flip:0x1360.0", 3, "device id"),
        ):
            yield case(f"{name},{spec}", Hidden(rule, words))


def several():
    """Every adapter for itself."""
    yield case("foreign")
    yield case("none", nothing="/dev/dxg cannot be used: it has no virtual GPU")
    yield case("foreign rx6800", soft(PASSES))
    yield case("rx7900xtx,hws foreign compute-only", every_rung(PASSES), soft(PASSES))
    yield case("rx6800 radeon680m rx7900xtx,hws", soft(PASSES), soft(PASSES), every_rung(PASSES))
    yield case("rx6800,contexts=0 rx7900xtx,hws", soft(NO_CONTEXT), every_rung(PASSES))
    yield case("rx7900xtx,hws,submit=fault foreign rx6800", every_rung(FAULTED), soft(PASSES))
    yield case("rx6800,private=zeroed radeon680m", Hidden(1, "answered"), soft(PASSES))
    mixed = (every_rung(PASSES), Node(NOT_TRIED, LOST, PASSES))
    yield case("rx7900xtx,hws radeon680m,user-queue=required", *mixed, unfinished=1)


def unreadable():
    """What the list of adapters does not tell."""
    failed = "Cannot allocate memory"
    for fault, words in (
        ("ioctl=OPEN:errno=ENOMEM", f"/dev/dxg cannot be used: {failed}"),
        ("ioctl=OPEN:errno=EACCES", "/dev/dxg cannot be used: permission denied"),
        ("ioctl=ENUMADAPTERS3:errno=ENOMEM", f"the adapters cannot be listed: {failed}"),
        ("ioctl=QUERYADAPTERINFO:count=0:errno=ENOMEM", "of 1 adapter 1 does not tell whose it is"),
    ):
        yield case("rx6800", faults=(fault,), nothing=words)
    # the second list is that of the nodes
    fault = "ioctl=ENUMADAPTERS3:nth=2:errno=ENOMEM"
    yield case("rx6800", Hidden(0, f"the nodes cannot be read: {failed}"), faults=(fault,))
    # the query for the name
    nameless = (("node 1, adapter 0, (no name):", 2),)
    yield case("rx6800", soft(PASSES), faults=("ioctl=QUERYADAPTERINFO:nth=3:errno=ENOMEM",), says=nameless)


class Wrong(Exception):
    pass


def expect(truth, what):
    if not truth:
        raise Wrong(what)


def best(node):
    return next((rung for rung, outcome in zip(RUNGS, node) if outcome == PASSES), None)


def expected_exit(nodes):
    if not nodes:
        return NO_DEVICE
    return GOOD if all(isinstance(node, Node) and best(node) for node in nodes) else BAD


def sections(report):
    """What the report says of each adapter, in order, and what it says of each rung."""
    body = report.partition("\nverdict:")[0]
    for block in re.split(r"^(?=node \d+, adapter|adapter \d+, .*: not probed)", body, flags=re.M)[1:]:
        rungs = {}
        for text in re.split(rf"^ (?=(?:{HARDWARE}|{SOFTWARE}|{OWN_RING}):$)", block, flags=re.M)[1:]:
            name, _, rest = text.partition(":")
            rungs[name] = rest
        yield block, rungs


def outcome_of_step(rung, step, wanted):
    if step == "ring memory" and rung != OWN_RING:
        return "skipped"
    if wanted == PASSES or STEPS.index(step) < STEPS.index(wanted.step) or step in ALWAYS:
        return "ok"
    return "FAILED" if step == wanted.step else "skipped"


def check_rung(case, rung, text, wanted):
    steps = re.findall(r"^  (\w[a-z ]*?) +(ok|FAILED|skipped) *(?:[0-9.]+ ms)?(?:  (.*))?$", text, flags=re.M)
    end = re.search(r"^  => (.*?): (\w+)(?:: (.*))?$", text, flags=re.M)
    told = {name: words for name, _, words in steps}
    is_not = [(name, outcome_of_step(rung, name, wanted)) for name in STEPS]
    expect([step[:2] for step in steps] == is_not, f"{rung}: steps {steps}")
    expect(end and end[1] == rung, f"{rung}: {end}")
    if wanted == PASSES:
        expect(end[2] == "passed" and not end[3], f"{rung}: {end[0]}")
        expect(told["device state"] == "active", f"{rung}: device state {told['device state']}")
    else:
        begin = f"self-check {wanted.rule}, probe, {rung}, step {wanted.step}: "
        expect(end[2] == "FAILED" and end[3].startswith(begin + wanted.words), f"{rung}: {end[0]}")
        expect(told[wanted.step] and told[wanted.step] in end[3], f"{rung}: the step says '{told[wanted.step]}'")
        expect(told["device state"].startswith(wanted.state), f"{rung}: device state {told['device state']}")
    for ioctl, count in case.refused:
        calls = re.findall(rf"^      {ioctl} +\d+ us  (ok)?", text, flags=re.M)
        expect(calls == [""] * count + ["ok"] * (len(calls) - count), f"{rung}: {ioctl}: {calls}")
        expect(len(calls) > count or wanted != PASSES, f"{rung}: {ioctl}: {calls}")


def check_node(case, wanted, block, rungs, verdict):
    if isinstance(wanted, Hidden):
        words = f"self-check {wanted.rule}, {wanted.words}" if wanted.rule else wanted.words
        expect(not rungs and ": not probed: " + words in block, block)
        expect(verdict.startswith("no node, ") and ": hidden: " + words in verdict, verdict)
        return
    tried = [rung for rung, outcome in zip(RUNGS, wanted) if outcome != NOT_TRIED]
    expect(list(rungs) == tried, f"tried: {list(rungs)}")
    if HARDWARE not in tried:
        expect(f" {HARDWARE}: not tried, the driver does not promise them" in block, block)
    for rung, outcome in zip(RUNGS, wanted):
        if outcome != NOT_TRIED:
            check_rung(case, rung, rungs[rung], outcome)
    if best(wanted):
        expect(verdict.endswith(": " + WORKS[best(wanted)]), verdict)
    else:
        fails = wanted[RUNGS.index(tried[0])]
        words = f"self-check {fails.rule}: probe, {tried[0]}, step {fails.step}: {fails.words}"
        expect(": node would refuse queues: " + words in verdict, verdict)


def check_simulator(case, messages):
    findings = re.findall(r"^dxgsim: \d+ (.*)$", messages, flags=re.M)
    for finding in findings:
        expect(re.match(r"NOTE .* is destroyed with 1 jobs unfinished", finding), f"the simulator: {finding}")
    expect(len(findings) == case.unfinished, f"unfinished: {findings}")
    status = re.search(r"ended without a close (\d+), left on the host: (.*)", messages)
    expect(status and status.groups() == ("0", "nothing"), f"the host: {messages}")


def check(case):
    command = [DXGSIM, "--status", *(f"--adapter={spec}" for spec in case.adapters)]
    command += [f"--fault={spec}" for spec in case.faults]
    command += ["--", DXGINFO, "probe", "--timeout", "1", "-v"]
    try:
        done = subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=BOUND_S)
    except subprocess.TimeoutExpired as late:
        return f"does not end\n{late.stdout}"
    report = done.stdout
    try:
        expect(done.returncode == expected_exit(case.nodes), f"exit status {done.returncode}")
        check_simulator(case, done.stderr)
        verdicts = [line.strip() for line in report.partition("\nverdict:\n")[2].splitlines()]
        blocks = list(sections(report))
        expect(len(blocks) == len(verdicts) == len(case.nodes), f"{len(blocks)} nodes, verdicts {verdicts}")
        for wanted, (block, rungs), verdict in zip(case.nodes, blocks, verdicts):
            check_node(case, wanted, block, rungs, verdict)
        if not case.nodes:
            expect("verdict: " + case.nothing in report, "no verdict")
        for text, count in case.says:
            expect(report.count(text) == count, f"'{text}' is said {report.count(text)} times")
    except Wrong as wrong:
        return f"{wrong}\n{report}{done.stderr}"
    return None


def main():
    cases = [
        case
        for group in (
            every_adapter, harmless, ring_memory, promised_in_vain, refused, never_done, hidden, several, unreadable,
        )
        for case in group()
    ]  # fmt: skip
    # those that wait first, so that the others fill the gaps
    cases.sort(key=lambda case: -case.unfinished)
    failures = 0
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for case, problem in zip(cases, pool.map(check, cases)):
            if problem:
                failures += 1
                print(f"FAIL {' '.join(case.adapters + case.faults)}: {problem}", flush=True)
    print(f"{len(cases)} hosts, {failures} failed")
    return 1 if failures or not cases else 0


sys.exit(main())
