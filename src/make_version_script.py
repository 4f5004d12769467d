# SPDX-License-Identifier: MIT
"""Writes the linker's version script from lists of exported symbols, one for each version node.

usage: make_version_script.py OUTPUT NODE=EXPORTS...
"""
import sys


def read(exports: str) -> list[str]:
    with open(exports, encoding="utf-8") as stream:
        lines = [line.strip() for line in stream]
    symbols = [line for line in lines if line and not line.startswith("#")]
    if symbols != sorted(set(symbols)):
        sys.exit(f"{exports}: not sorted, or a symbol twice")
    return symbols


def main() -> None:
    output, *nodes = sys.argv[1:]
    with open(output, "w", encoding="utf-8") as stream:
        for number, argument in enumerate(nodes):
            node, _, exports = argument.partition("=")
            stream.write(f"{node} {{\nglobal:\n")
            stream.writelines(f"\t{symbol};\n" for symbol in read(exports))
            stream.write("};\n" if number else "local:\n\t*;\n};\n")


main()
