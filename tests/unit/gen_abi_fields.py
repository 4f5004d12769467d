# SPDX-License-Identifier: MIT
"""Writes the table of tests/data/hsakmt-layouts.csv as C initialisers for abi_layouts.c.

usage: gen_abi_fields.py TABLE OUTPUT
"""
import sys


def main():
    table, output = sys.argv[1:]
    with open(table, encoding="utf-8") as stream:
        lines = [line.strip().split(",") for line in stream if not line.startswith("#")]
    with open(output, "w", encoding="utf-8") as stream:
        stream.write("/* SPDX-License-Identifier: MIT */\n")
        for structure, field, size, *offsets in lines[1:]:
            if field == "sizeof":
                continue
            values = ", ".join("-1" if value == "-" else value for value in offsets)
            stream.write(f'{{"{structure}", "{field}", offsetof({structure}, {field}), {size}, {{{values}}}}},\n')


main()
