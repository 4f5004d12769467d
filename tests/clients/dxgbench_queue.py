#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What queues ask of the driver, as dxgbench counts it, and that it prints all it measures.  No time is judged.

usage: dxgbench_queue.py DXGSIM DXGBENCH
"""

import json
import subprocess
import sys

DXGSIM, DXGBENCH = sys.argv[1:]
REPEAT = 5

# The completion thread looks at devices at its own pace, and memory that went out of use is given back.
ASIDE = ("GETDEVICESTATE", "EVICT", "MAPGPUVIRTUALADDRESS", "DESTROYALLOCATION2", "FREEGPUVIRTUALADDRESS")
SUBMITS = ("SUBMITCOMMANDTOHWQUEUE", "SUBMITCOMMAND")
WAITS = ("SUBMITWAITFORSYNCOBJECTSTOHWQUEUE", "WAITFORSYNCHRONIZATIONOBJECTFROMGPU")
SIGNALS = "SIGNALSYNCHRONIZATIONOBJECTFROMGPU"
TOLD = "WAITFORSYNCHRONIZATIONOBJECTFROMCPU"

# name: operations, submissions
ROWS = {name: (REPEAT, REPEAT) for name in (
    "ring-call", "ring-thread", "ring-store-soon", "ring-call-quiet", "ring-thread-quiet", "ring-store", "ring-look",
    "chain-1-signals", "wake", "wake-spin")}  # fmt: skip
for length in (16, 256):
    for kind in ("", "-signals"):
        ROWS[f"chain-{length}{kind}"] = (length * REPEAT, REPEAT)
        ROWS[f"chain-{length}{kind}-each"] = (length * REPEAT, length * REPEAT)
ROWS["dependency"] = ROWS["dependency-cpu"] = (REPEAT, 2 * REPEAT)
IDLE = ("idle-call", "idle-store", "idle-look")

failures = 0


def check(good, text):
    global failures
    print(("ok   " if good else "FAIL ") + text)
    failures += not good


def start(adapter, *options):
    # how long kernels take decides how many are submitted together, and is not left to a busy machine
    command = [DXGSIM, "--adapter", adapter + ",kernels=skip", "--", DXGBENCH, "queue", f"--repeat={REPEAT}", "--seconds=1", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(adapter, run):
    output, errors = run.communicate()
    if run.returncode:
        print(output[-3000:], errors[-3000:])
    check(run.returncode == 0, f"{adapter}: exit status {run.returncode}")
    return output


def judge_calls(adapter, row, submissions, hardware):
    name, calls = row["name"], dict(row["ioctls_by_name"])
    for aside in ASIDE:
        calls.pop(aside, None)
    submits = sum(calls.pop(submit, 0) for submit in SUBMITS)
    check(submits == submissions == row["submissions"],
          f"{adapter}: {name}: {submits} submissions, {row['submissions']} counted, of {submissions}")  # fmt: skip
    signals = calls.pop(SIGNALS, 0)
    check(signals == (0 if hardware else submissions), f"{adapter}: {name}: {signals} signals behind them")
    waits = sum(calls.pop(wait, 0) for wait in WAITS)
    # where kernels take their time the other queue's work is mostly not over when the barrier is translated
    least = 1 if name == "dependency" and "dispatch-us" in adapter else 0
    check(least <= waits <= (REPEAT if name == "dependency" else 0),
          f"{adapter}: {name}: {waits} waits by the scheduler")  # fmt: skip
    told = calls.pop(TOLD, 0)
    check(told <= (REPEAT if name == "wake" else 0), f"{adapter}: {name}: {told} requests to be told")
    check(not calls, f"{adapter}: {name}: and no other call: {calls}")


def judge(adapter, output, limits):
    try:
        report = json.loads(output)
        rows = {row["name"]: row for row in report["rows"]}
    except (ValueError, KeyError) as error:
        sys.exit(f"{adapter}: no report: {error}")
    hardware = ",hws" in adapter
    check(report["host"] == "dxgsim", f"{adapter}: on {report['host']}")
    check(set(rows) == {*ROWS, *IDLE}, f"{adapter}: rows {sorted(set(rows) ^ {*ROWS, *IDLE})}")
    for name, (operations, submissions) in ROWS.items():
        row = rows.get(name, {"operations": 0})
        check(row["operations"] == operations and "failed" not in row,
              f"{adapter}: {name}: {row['operations']} operations, {row.get('failed', 'all well')}")  # fmt: skip
        if row["operations"] == operations:
            judge_calls(adapter, row, submissions, hardware)
    for name, limit in limits.items():
        row = rows[name]
        each = row["command_bytes"] / row["operations"]
        check(each <= limit, f"{adapter}: {name}: {each} bytes of commands each, at most {limit}")
    for name in IDLE:
        row = rows.get(name, {"operations": 0})
        check(row["operations"] == 1 and row["ioctls"] == 0, f"{adapter}: {name}: {row.get('ioctls')} ioctls")
    for name, row in rows.items():
        other = row.get("alternative_to")
        check(other is None or other in rows, f"{adapter}: {name} stands beside {other}")
        stored = name.startswith("ring-store") or name == "ring-look"
        check(("bound_ns" in row) == stored, f"{adapter}: {name}: bound {row.get('bound_ns')}")
    bound = rows["ring-store"]["bound_ns"], rows["ring-look"]["bound_ns"]
    check(0 < bound[0] <= bound[1] <= 100000000, f"{adapter}: stores are seen within {bound} ns")


def judge_text(adapter, output):
    for words in ("dispatches, each with a signal", "... rung one by one", "per second", '"bound": how late'):
        check(words in output, f"{adapter}: prints {words}")
    check("not measured" not in output, f"{adapter}: and nothing that was not measured")


GFX11 = {"chain-256": 170, "chain-256-signals": 210}
# They sleep mostly, so all run at once.  Engines with Windows' timeout end submissions by what kernels took: not here.
runs = [(adapter, limits, start(adapter, "--json")) for adapter, limits in (
    ("rx7900xtx,hws,dispatch-us=50", GFX11),
    ("rx9070xt", {}),
    ("rx9070xt,hws", {}),
)]  # fmt: skip
text = start("rx6800")
for adapter, limits, run in runs:
    judge(adapter, finish(adapter, run), limits)
judge_text("rx6800", finish("rx6800", text))
sys.exit(1 if failures else 0)
