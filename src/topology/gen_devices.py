# SPDX-License-Identifier: MIT
"""devices.csv to C: checks every line and writes the table that is compiled in."""
import csv
import re
import sys

TEXTS = ["device_id", "revision", "gfx", "kind", "name"]


def fail(number, text):
    sys.exit(f"devices.csv:{number}: {text}")


def limits(header):
    """The numeric columns and their limits, from devices.h, so that there is one place to change."""
    found = re.findall(r'X\(\w+, "(\w+)", (\d+), (\d+)\)', open(header, encoding="ascii").read())
    return {name: (int(low), int(high)) for name, low, high in found}


def gfx(number, text):
    match = re.fullmatch(r"gfx(\d{1,2})([0-9a-f])([0-9a-f])", text)
    if not match:
        fail(number, f"gfx '{text}'")
    return f"{{{int(match[1])}, {int(match[2], 16)}, {int(match[3], 16)}}}"


def main(source, header, target):
    columns = limits(header)
    lines = [
        (number, text)
        for number, text in enumerate(open(source, encoding="ascii"), 1)
        if text.strip() and not text.startswith("#")
    ]
    names = next(csv.reader([lines[0][1]]))
    if names != TEXTS + list(columns):
        fail(lines[0][0], "the columns are not those of devices.h, in its order")
    seen = set()
    rows = []
    for number, text in lines[1:]:
        fields = next(csv.reader([text]))
        if len(fields) != len(names):
            fail(number, f"{len(fields)} fields, {len(names)} columns")
        row = dict(zip(names, fields))
        if not re.fullmatch(r"0x[0-9A-F]{4}", row["device_id"]) or not re.fullmatch(r"\*|0x[0-9A-F]{2}", row["revision"]):
            fail(number, "device_id or revision")
        key = (row["device_id"], row["revision"])
        if key in seen:
            fail(number, f"{key} is there twice")
        seen.add(key)
        if row["kind"] not in ("dgpu", "apu"):
            fail(number, f"kind '{row['kind']}'")
        if not re.fullmatch(r'[ !#-~]{1,63}', row["name"]) or "\\" in row["name"]:
            fail(number, "name")
        has, values = 0, []
        for bit, (name, (low, high)) in enumerate(columns.items()):
            if row[name] == "":
                continue
            if not row[name].isdigit() or not low <= int(row[name]) <= high:
                fail(number, f"{name} '{row[name]}' is not {low} to {high}")
            has |= 1 << bit
            values.append(f"[{bit}] = {int(row[name])}")
        revision = "DEVICE_ANY_REVISION" if row["revision"] == "*" else row["revision"]
        rows.append(
            f"\t{{{row['device_id']}, {revision}, {gfx(number, row['gfx'])}, DEVICE_KIND_{row['kind'].upper()}, "
            f"\"{row['name']}\", {has:#x}, {{{', '.join(values)}}}}},\n"
        )
    with open(target, "w", encoding="ascii") as out:
        out.write('/* generated from devices.csv */\n#include "topology/devices.h"\n#include "util/compiler.h"\n')
        out.write("const struct device_line device_builtin[] = {\n" + "".join(rows) + "};\n")
        out.write("const size_t device_builtin_count = ARRAY_SIZE(device_builtin);\n")


main(*sys.argv[1:4])
