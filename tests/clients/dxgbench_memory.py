#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often the memory calls ask the driver, as dxgbench counts it.  No time is judged.

usage: dxgbench_memory.py DXGSIM DXGBENCH
"""

import json
import subprocess
import sys

DXGSIM, DXGBENCH = sys.argv[1:]
SMALL_BLOCKS = 10000

failures = 0


def check(good, text):
    global failures
    print(("ok   " if good else "FAIL ") + text)
    failures += not good


def measure(adapter, *options):
    command = [DXGSIM, "--adapter", adapter, "--", DXGBENCH, "memory", "--json", f"--count={SMALL_BLOCKS}", *options]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        print(run.stdout[-3000:], run.stderr[-3000:])
    check(run.returncode == 0, f"{adapter}: exit status {run.returncode}")
    try:
        rows = {row["name"]: row for row in json.loads(run.stdout)["rows"]}
    except (ValueError, KeyError) as error:
        sys.exit(f"{adapter}: no report: {error}")
    for row in rows.values():
        if "failed" in row:
            check(False, f"{adapter}: {row['name']}: {row['failed']}")
    return rows


def judge(adapter, rows):
    def done(name, least=1):
        row = rows.get(name, {"operations": 0})
        check(row["operations"] >= least, f"{adapter}: {name}: {row['operations']} operations")
        return row if row["operations"] else None

    done("vram-64k", 1000)
    one, held, freed = (done(name, SMALL_BLOCKS) for name in ("system-4k", "system-4k-held", "system-4k-held-free"))
    if one:
        check(one["ioctls"] <= 64, f"{adapter}: {SMALL_BLOCKS} small blocks in turn: {one['ioctls_by_name']}")
    if held and freed:
        check(held["ioctls"] + freed["ioctls"] <= 64,
              f"{adapter}: {SMALL_BLOCKS} held: {held['ioctls_by_name']}, freed: {freed['ioctls_by_name']}")  # fmt: skip
    row = done("vram-2m")
    if row:
        check(row["most_round_trips"] <= 3, f"{adapter}: 2 MiB of VRAM: at most {row['most_round_trips']} round trips")
        check(row["waits"] == 0, f"{adapter}: ... and {row['waits']} waits")
    row = done("vram-2m-free")
    if row:
        each = row["round_trips"] / row["operations"]
        check(each <= 3, f"{adapter}: ... their free: {each} round trips each: {row['ioctls_by_name']}")
    for name in ("lookup-1", "lookup-4"):
        row = done(name)
        if row:
            check(row["ioctls"] == 0, f"{adapter}: {row['title']}: {row['ioctls']} ioctls")


for adapter, objects in (("rx6800", 1000000), ("rx6800,pending=always", 10000), ("radeon680m", 10000)):
    judge(adapter, measure(adapter, f"--objects={objects}", "--repeat=10"))
sys.exit(1 if failures else 0)
