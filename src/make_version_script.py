# SPDX-License-Identifier: MIT
"""Writes the linker's version script from the list of exported symbols.

usage: make_version_script.py EXPORTS OUTPUT
"""
import sys


def main() -> None:
    exports, output = sys.argv[1:]
    with open(exports, encoding="utf-8") as stream:
        lines = [line.strip() for line in stream]
    symbols = [line for line in lines if line and not line.startswith("#")]
    if symbols != sorted(set(symbols)):
        sys.exit(f"{exports}: not sorted, or a symbol twice")
    with open(output, "w", encoding="utf-8") as stream:
        stream.write("HSAKMT_1 {\nglobal:\n")
        stream.writelines(f"\t{symbol};\n" for symbol in symbols)
        stream.write("local:\n\t*;\n};\n")


main()
