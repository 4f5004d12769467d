# SPDX-License-Identifier: MIT
"""The dynamic symbols of a built library are exactly the listed ones, all at version node HSAKMT_1.

usage: exports_check.py EXPORTS LIBRARY SONAME
"""
import subprocess
import sys


def run(*command):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout


def main():
    exports, library, soname = sys.argv[1:]
    with open(exports, encoding="utf-8") as stream:
        wanted = {line.strip() for line in stream if line.strip() and not line.startswith("#")}
    found, good = set(), len(wanted) == 129
    for line in run("nm", "-D", "--defined-only", "--with-symbol-versions", library).splitlines():
        _, kind, name = line.split()
        if kind == "A" and name.split("@")[0] == "HSAKMT_1":
            continue
        symbol, _, version = name.partition("@@")
        if kind != "T" or version != "HSAKMT_1":
            print("not a function at HSAKMT_1:", line)
            good = False
        found.add(symbol)
    for name in sorted(wanted - found):
        print("missing:", name)
    for name in sorted(found - wanted):
        print("not in the list:", name)
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
