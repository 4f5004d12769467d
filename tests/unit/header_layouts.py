# SPDX-License-Identifier: MIT
"""Checks the structures that changed over the generations, in every layout, against a table of offsets.

usage: header_layouts.py CC OUR_INCLUDE TABLE
"""
import os
import subprocess
import sys


def facts(compiler, layout, include):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "header_facts.py")
    return subprocess.run([sys.executable, script, compiler, layout, include, "--", "hsakmt/hsakmt.h"], text=True,
                          stdout=subprocess.PIPE, check=True).stdout.splitlines()


def main():
    compiler, include, table = sys.argv[1:]
    with open(table, encoding="utf-8") as stream:
        lines = [line.strip().split(",") for line in stream if not line.startswith("#")]
    layouts = lines[0][3:]
    good = len(layouts) == 7 and len(lines) > 90
    for column, layout in enumerate(layouts, 3):
        wanted = set()
        for line in lines[1:]:
            structure, field, size = line[:3]
            if field == "sizeof":
                wanted.add(f"size {structure} {line[column]}")
            elif line[column] != "-":
                wanted.add(f"field {structure}.{field} {line[column]} {size}")
        structures = {line[0] for line in lines[1:]}
        # bit-fields and nested parts have a dot more
        found = {fact for fact in facts(compiler, layout, include)
                 if fact.split()[0] in ("size", "field") and fact.count(".") <= 1
                 and fact.split()[1].split(".")[0] in structures}
        for fact in sorted(wanted ^ found):
            print(layout, "header lacks" if fact in wanted else "table lacks", fact)
            good = False
    sys.exit(not good)


main()
