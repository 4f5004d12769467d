# SPDX-License-Identifier: MIT
"""The library's folders include only what is on their own floor or below, in no circle; it knows of no simulator,
and the simulator shares with it nothing but the words of the kernel's interface.

usage: floors_check.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# From the bottom up; abi stands apart: it is thunk's.
FLOORS = [["util"], ["dxg"], ["pm4", "kmd"], ["gsp"], ["memory", "event"], ["topology", "queue"], ["thunk"]]
FLOOR = {folder: number for number, floor in enumerate(FLOORS) for folder in floor}
ASIDE = "abi"
SHARED = re.compile(r"dxg/uapi\w*\.h|util/compiler\.h")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
SIMULATOR = re.compile(r"dxgsim|simulat", re.IGNORECASE)


def lines(root, *patterns):
    for pattern in patterns:
        for path in sorted(root.rglob(pattern)):
            with open(path, encoding="utf-8") as stream:
                for number, line in enumerate(stream, 1):
                    yield path, f"{path}:{number}", line


def includes(root):
    for path, place, line in lines(root, "*.[ch]", "*.def"):
        found = INCLUDE.match(line)
        if found:
            yield path, place, found[1]


def may_include(folder, other):
    if folder == other:
        return True
    if ASIDE in (folder, other):
        return (folder, other) in {(ASIDE, "util"), ("thunk", ASIDE)}
    return folder in FLOOR and FLOOR[folder] >= FLOOR.get(other, len(FLOORS))


def library(root):
    seen = set()
    for path, place, header in includes(root / "src"):
        folder, other = path.relative_to(root / "src").parts[0], header.split("/")[0]
        if "/" not in header:
            yield f'{place}: "{header}" does not name its folder'
        elif not may_include(folder, other):
            yield f'{place}: {folder} includes "{header}" from above'
        elif folder != other and (other, folder) in seen:
            yield f'{place}: {folder} includes "{header}", and {other} includes {folder}'
        else:
            seen.add((folder, other))
    for folder in ("src", "include"):
        for _, place, line in lines(root / folder, "*.[ch]", "*.def", "*.py", "*.txt", "*.csv", "meson.build"):
            if SIMULATOR.search(line):
                yield f"{place}: knows of a simulator"


def simulator(root):
    for path, place, header in includes(root / "tools/dxgsim"):
        beside = "/" not in header and (path.parent / header).exists()
        if not beside and not header.startswith("dxgsim/") and not SHARED.fullmatch(header):
            yield f'{place}: the simulator includes "{header}" of the library'


def main():
    root = pathlib.Path(sys.argv[1])
    if not list(includes(root / "src")) or not list(includes(root / "tools/dxgsim")):
        sys.exit(f"{root}: nothing to check")
    found = [*library(root), *simulator(root)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
