# SPDX-License-Identifier: MIT
"""The tables of docs/isa.md against what dxgsim --isa-coverage prints.

  isa_coverage_doc.py [--update] DXGSIM DOC [FILE...]

With FILEs, the code objects of tests and programs that have such, also the column of what they use; it depends on their
compilers, so it is compared where these are the ones that the page names.  --update writes the tables."""

import re
import subprocess
import sys
from collections import defaultdict

GENERATIONS = {"gfx103": "gfx10.3", "gfx110": "gfx11", "gfx115": "gfx11.5", "gfx120": "gfx12"}
MARKS = "<!-- isa-coverage: begin -->", "<!-- isa-coverage: end -->"


def run(dxgsim, files):
    result = subprocess.run([dxgsim, "--isa-coverage", *files], capture_output=True, text=True, check=False)
    if result.returncode > 1:  # 1: something is missing
        sys.exit(f"dxgsim --isa-coverage {' '.join(files)}: status {result.returncode} {result.stderr}")
    return result.stdout


def generations(text):
    """By generation the lines of its table, and what is missing."""
    found = {}
    for block in text.strip().split("\n\n"):
        name, _, *lines = block.splitlines()
        rows = [line.split() for line in lines if not line.startswith("  missing of ")]
        found[name] = rows, [line.strip() for line in lines if line.startswith("  missing of ")]
    return found


def used(dxgsim, files):
    """By generation and format the instructions that the code in files has."""
    instructions = defaultdict(lambda: defaultdict(set))
    for line in run(dxgsim, files).splitlines():
        if match := re.match(r"(gfx\d\d\d)", line):
            generation = GENERATIONS[match[1]]
        elif match := re.match(r"  (\w+) +(\w+) +\d+  (implemented|missing)$", line):
            instructions[generation][match[1]].add(match[2])
    return instructions


def compilers(files):
    found = set()
    for path in files:
        with open(path, "rb") as file:
            # of a program also that of its host part, which is the same
            found |= set(re.findall(rb"clang version (\d+\.\d+\.\d+)", file.read()))
    return ", ".join(f"clang {version.decode()}" for version in sorted(found))


def page(tables, instructions, versions):
    lines = [f"Compilers of the test kernels: {versions}.", ""]
    for generation, (rows, missing) in tables.items():
        lines += [f"### {generation}", "", "| format | instructions | executed | in the test kernels | missing |",
                  "|---|---:|---:|---:|---:|"]
        seen = instructions[generation]
        for name, count, implemented, left in rows:
            number = sum(map(len, seen.values())) if name == "all" else len(seen.get(name, ()))
            lines.append(f"| {name} | {count} | {implemented} | {number} | {left} |")
        lines.append("")
        for line in missing:
            name, _, instructions_left = line.removeprefix("missing of ").partition(": ")
            words = instructions_left.split()
            lines.append(f"- {name}: " + ("all" if words == ["all"] else ", ".join(f"`{word}`" for word in words)))
        lines.append("")
    return "\n".join(lines)


def without_used(text):
    return re.sub(r"^(\|[^|]*\|[^|]*\|[^|]*\|)[^|]*(\|.*)$", r"\1 \2", re.sub(r"Compilers of.*\n", "", text), flags=re.M)


def main():
    arguments = sys.argv[1:]
    update = arguments[:1] == ["--update"]
    dxgsim, doc, *files = arguments[update:]
    with open(doc, encoding="utf-8") as file:
        before, _, rest = file.read().partition(MARKS[0] + "\n")
    written, _, after = rest.partition(MARKS[1])
    versions = compilers(files)
    printed = page(generations(run(dxgsim, [])), used(dxgsim, files) if files else defaultdict(dict), versions)
    if update:
        with open(doc, "w", encoding="utf-8") as file:
            file.write(f"{before}{MARKS[0]}\n{printed}{MARKS[1]}{after}")
        return
    if not files or f"Compilers of the test kernels: {versions}.\n" not in written:
        print(f"the column of the test kernels is not compared: {versions or 'there are none'}")
        printed, written = without_used(printed), without_used(written)
    if printed != written:
        lines = zip(written.splitlines() + [""] * 1000, printed.splitlines())
        theirs, ours = next((pair for pair in lines if pair[0] != pair[1]), ("", ""))
        sys.exit(f"{doc} has '{theirs}', it is '{ours}' (isa_coverage_doc.py --update)")


if __name__ == "__main__":
    main()
