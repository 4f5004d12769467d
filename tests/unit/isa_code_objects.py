# SPDX-License-Identifier: MIT
"""Every instruction of code objects, as compilers write it, is for dxgsim's decoder what it is for LLVM's: length, name and
operands.

  isa_code_objects.py PRINT OBJDUMP FILE...

PRINT is isa_decode_print; a FILE is a code object or a program with bundles of them inside."""

import re
import struct
import subprocess
import sys
import tempfile

import isa_decode
import isa_fields

# EF_AMDGPU_MACH of ELF files; source: LLVM, "User Guide for AMDGPU Backend"
GENERATIONS = {
    "gfx10.3": {0x36: "gfx1030", 0x37: "gfx1031", 0x38: "gfx1032", 0x39: "gfx1033", 0x3E: "gfx1034", 0x3D: "gfx1035",
                0x45: "gfx1036"},
    "gfx11": {0x41: "gfx1100", 0x46: "gfx1101", 0x47: "gfx1102", 0x44: "gfx1103"},
    "gfx11.5": {0x43: "gfx1150", 0x4A: "gfx1151"},
    "gfx12": {0x48: "gfx1200", 0x4E: "gfx1201"},
}
MAGIC = b"__CLANG_OFFLOAD_BUNDLE__"
EM_AMDGPU = 224


def code_objects(path):
    """The ELF files for GPUs in a file."""
    with open(path, "rb") as file:
        content = file.read()
    if content[:4] == b"\x7fELF" and struct.unpack_from("<H", content, 18)[0] == EM_AMDGPU:
        yield content
        return
    for start in re.finditer(MAGIC, content):
        at = start.start()
        (count,) = struct.unpack_from("<Q", content, start.end())
        place = start.end() + 8
        for _ in range(count):
            offset, size, name = struct.unpack_from("<QQQ", content, place)
            target = content[place + 24:place + 24 + name]
            place += 24 + name
            if size and not target.startswith(b"host"):
                yield content[at + offset:at + offset + size]


def processor_of(content):
    """Generation and processor."""
    machine = struct.unpack_from("<I", content, 48)[0] & 0xFF
    for generation, machines in GENERATIONS.items():
        if machine in machines:
            return generation, machines[machine]
    sys.exit(f"code for a processor that is not simulated, {machine:#x}")


def disassemble(objdump, content):
    """By their words name and operands of all instructions."""
    with tempfile.NamedTemporaryFile(suffix=".co") as file:
        file.write(content)
        file.flush()
        text = subprocess.run([objdump, "-d", file.name], capture_output=True, text=True, check=True).stdout
    lines = {}
    for line in text.splitlines():
        match = isa_decode.LINE.match(line)
        if match and match[1] != ".long":
            lines[tuple(int(word, 16) for word in match[4].split())] = (match[1], re.sub(r" *<.*>$", "", match[2]))
    return lines


def compare(program, generation, lines):
    words = list(lines)
    problems = []
    for encoding, our in zip(words, isa_decode.decode(program, generation, words)):
        name, operands = lines[encoding]
        length, our_name, fields = (our.split("|") + ["", ""])[:3]
        if (length, our_name) != (str(len(encoding)), isa_decode.full_name(name, operands)):
            problems.append(f"{isa_decode.hexadecimal(encoding)}: {length} {our_name}, LLVM: {len(encoding)} {name}")
            continue
        problems += [f"{isa_decode.hexadecimal(encoding)}: {name} {operands}: {what}" for what in
                     isa_fields.check(generation, isa_decode.kind_of(fields), name, fields, operands)]
    return problems


def main():
    program, objdump, *files = sys.argv[1:]
    failed = False
    for path in files:
        found = 0
        for content in code_objects(path):
            generation, processor = processor_of(content)
            lines = disassemble(objdump, content)
            if not lines:
                sys.exit(f"{path}: nothing disassembled for {processor}")
            problems = compare(program, generation, lines)
            print(f"{path}: {processor}, {len(lines)} different instructions, {len(problems)} problems")
            if problems:
                print("\n".join(problems))
            failed |= bool(problems)
            found += 1
        if not found:
            sys.exit(f"{path}: no code objects")
    sys.exit(failed)


if __name__ == "__main__":
    main()
