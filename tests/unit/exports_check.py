# SPDX-License-Identifier: MIT
"""The dynamic symbols of a built library are exactly the listed ones, each at the version node of its list.

usage: exports_check.py LIBRARY SONAME NODE=COUNT=EXPORTS...
"""
import subprocess
import sys


def run(*command):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout


def main():
    library, soname, *lists = sys.argv[1:]
    wanted, nodes, good = set(), set(), True
    for argument in lists:
        node, count, exports = argument.split("=", 2)
        with open(exports, encoding="utf-8") as stream:
            names = {line.strip() for line in stream if line.strip() and not line.startswith("#")}
        good = good and len(names) == int(count)
        nodes.add(node)
        wanted |= {f"{name}@@{node}" for name in names}
    found = set()
    for line in run("nm", "-D", "--defined-only", "--with-symbol-versions", library).splitlines():
        _, kind, name = line.split()
        if kind == "A" and name.split("@")[0] in nodes:
            continue
        if kind != "T":
            print("not a function:", line)
            good = False
        found.add(name)
    for name in sorted(wanted - found):
        print("missing:", name)
    for name in sorted(found - wanted):
        print("not in a list:", name)
    dynamic = run("readelf", "-dW", library)
    for need in (f"Library soname: [{soname}]", "NODELETE", "BIND_NOW"):
        if need not in dynamic:
            print("dynamic section lacks", need)
            good = False
    if "GNU_RELRO" not in run("readelf", "-lW", library):
        print("no RELRO segment")
        good = False
    print(f"{len(found)} symbols")
    sys.exit(not good or found != wanted)


main()
