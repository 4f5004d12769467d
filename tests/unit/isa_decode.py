# SPDX-License-Identifier: MIT
"""dxgsim's decoder of instructions against LLVM's: random words of every format and generation, met with the same length
and name; every row of the tables; and the fields of instructions that an assembler wrote.

  isa_decode.py PRINT TABLES OBJDUMP

PRINT is isa_decode_print, TABLES the directory of the .def files."""

import random
import re
import struct
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict

import isa_fields

GENERATIONS = {
    "gfx10.3": ("gfx1030", ["gfx10.def"]),
    "gfx11": ("gfx1100", ["gfx11.def"]),
    "gfx11.5": ("gfx1150", ["gfx11.def", "gfx11_5.def"]),
    "gfx12": ("gfx1201", ["gfx12.def"]),
}

DPP8, DPP8_FI, SDWA, DPP16, LITERAL = 233, 234, 249, 250, 255


class Layout:
    """Where a format has its prefix, its opcode and its operands: (kind, first bit, width), bits counted through all
    words."""

    def __init__(self, words, prefix, opcode, fields):
        self.words, self.prefix, self.opcode, self.fields = words, prefix, opcode, fields


def layouts(generation):
    """By format; opcode: first bit, width."""
    gfx10, gfx12 = generation == "gfx10.3", generation == "gfx12"
    table = {
        "SOP2": Layout(1, 0x80000000, (23, 7), [("ssrc", 0, 8), ("ssrc", 8, 8), ("sdst", 16, 7)]),
        "SOPK": Layout(1, 0xB0000000, (23, 5), [("any", 0, 16), ("sdst", 16, 7)]),
        "SOP1": Layout(1, 0xBE800000, (8, 8), [("ssrc", 0, 8), ("sdst", 16, 7)]),
        "SOPC": Layout(1, 0xBF000000, (16, 7), [("ssrc", 0, 8), ("ssrc", 8, 8)]),
        "SOPP": Layout(1, 0xBF800000, (16, 7), [("any", 0, 16)]),
        "VOP1": Layout(1, 0x7E000000, (9, 8), [("src", 0, 9), ("vgpr", 17, 8)]),
        "VOP2": Layout(1, 0, (25, 6), [("src", 0, 9), ("vgpr", 9, 8), ("vgpr", 17, 8)]),
        "VOPC": Layout(1, 0x7C000000, (17, 8), [("src", 0, 9), ("vgpr", 9, 8)]),
        "VOP3": Layout(2, 0xD4000000, (16, 10), [
            ("vgpr", 0, 8), ("zero", 8, 3), ("zero", 11, 4), ("zero", 15, 1),
            ("src", 32, 9), ("src", 41, 9), ("src", 50, 9), ("zero", 59, 2), ("zero", 61, 3)]),
        "VOP3P": Layout(2, 0xCC000000, (16, 7), [
            ("vgpr", 0, 8), ("zero", 8, 3), ("zero", 11, 3), ("ones", 14, 1), ("zero", 15, 1),
            ("src", 32, 9), ("src", 41, 9), ("src", 50, 9), ("ones", 59, 2), ("zero", 61, 3)]),
        "EXP": Layout(2, 0xF8000000, (0, 0), [
            ("any", 0, 4), ("any", 4, 6), ("zero", 10, 1), ("zero", 11, 1), ("zero", 12, 1),
            ("vgpr", 32, 8), ("vgpr", 40, 8), ("vgpr", 48, 8), ("vgpr", 56, 8)]),
        "DS": Layout(2, 0xD8000000, (18, 8), [
            ("any", 0, 8), ("any", 8, 8), ("ones", 17, 1),
            ("vgpr", 32, 8), ("vgpr", 40, 8), ("vgpr", 48, 8), ("vgpr", 56, 8)]),
    }
    if gfx10:
        table["VINTRP"] = Layout(1, 0xC8000000, (16, 2), [
            ("vgpr", 0, 8), ("any", 8, 2), ("any", 10, 6), ("vgpr", 18, 8)])
        table["SMEM"] = Layout(2, 0xF4000000, (18, 8), [
            ("any", 0, 6), ("sdst", 6, 7), ("zero", 14, 1), ("zero", 16, 1), ("any", 32, 21), ("sdst", 57, 7)])
        flat = [("any", 0, 11), ("zero", 11, 1), ("zero", 12, 1), ("zero", 13, 1), ("zero", 16, 1), ("zero", 17, 1)]
        table["BUFFER"] = Layout(2, 0xE0000000, (18, 8), [
            ("any", 0, 12), ("zero", 12, 4), ("zero", 16, 1),
            ("vgpr", 32, 8), ("vgpr", 40, 8), ("any", 48, 5), ("zero", 54, 2), ("ssrc", 56, 8)])
        table["TBUFFER"] = Layout(2, 0xE8000000, (16, 3), [
            ("any", 0, 12), ("zero", 12, 4), ("any", 19, 7),
            ("vgpr", 32, 8), ("vgpr", 40, 8), ("any", 48, 5), ("zero", 54, 2), ("ssrc", 56, 8)])
        table["IMAGE"] = Layout(5, 0xF0000000, (18, 7), [
            ("any", 1, 2), ("any", 3, 3), ("zero", 7, 1), ("any", 8, 4), ("zero", 12, 2), ("zero", 15, 3),
            ("zero", 25, 1), ("vgpr", 32, 8), ("vgpr", 40, 8), ("any", 48, 5), ("any", 53, 5), ("zero", 62, 2),
            ("any", 64, 96)])
    elif not gfx12:
        table["SMEM"] = Layout(2, 0xF4000000, (18, 8), [
            ("any", 0, 6), ("sdst", 6, 7), ("zero", 13, 1), ("zero", 14, 1), ("any", 32, 21), ("sdst", 57, 7)])
        flat = [("any", 0, 12), ("zero", 12, 1), ("zero", 13, 3)]
        table["BUFFER"] = Layout(2, 0xE0000000, (18, 8), [
            ("any", 0, 12), ("zero", 12, 3),
            ("vgpr", 32, 8), ("vgpr", 40, 8), ("any", 48, 5), ("zero", 53, 3), ("ssrc", 56, 8)])
        table["TBUFFER"] = Layout(2, 0xE8000000, (15, 4), [
            ("any", 0, 12), ("zero", 12, 3), ("any", 19, 7),
            ("vgpr", 32, 8), ("vgpr", 40, 8), ("any", 48, 5), ("zero", 53, 3), ("ssrc", 56, 8)])
        table["IMAGE"] = Layout(3, 0xF0000000, (18, 8), [
            ("any", 0, 1), ("any", 2, 3), ("zero", 7, 1), ("any", 8, 4), ("zero", 12, 3), ("zero", 15, 3),
            ("vgpr", 32, 8), ("vgpr", 40, 8), ("any", 48, 5), ("zero", 53, 2), ("zero", 55, 1), ("any", 58, 5),
            ("any", 64, 32)])
    else:
        table["SMEM"] = Layout(2, 0xF4000000, (13, 6), [
            ("any", 0, 6), ("sdst", 6, 7), ("zero", 21, 2), ("zero", 23, 2), ("any", 32, 24), ("sdst", 57, 7)])
        flat = [("vgpr", 32, 8), ("zero", 49, 1), ("zero", 50, 2), ("zero", 52, 3), ("vgpr", 55, 8),
                ("vgpr", 64, 8), ("any", 72, 24)]
        table["BUFFER"] = Layout(3, 0xC4000000, (14, 8), [
            ("sdst", 0, 7), ("zero", 22, 1), ("vgpr", 32, 8), ("sgpr4", 41, 9), ("zero", 50, 2), ("zero", 52, 3),
            ("zero", 62, 2), ("vgpr", 64, 8), ("any", 72, 23)])
        table["TBUFFER"] = Layout(3, 0xC4200000, (14, 4), [
            ("sdst", 0, 7), ("zero", 22, 1), ("vgpr", 32, 8), ("sgpr4", 41, 9), ("zero", 50, 2), ("zero", 52, 3),
            ("any", 55, 7), ("zero", 62, 2), ("vgpr", 64, 8), ("any", 72, 23)])
        table["IMAGE"] = Layout(3, 0xD0000000, (14, 8), [
            ("any", 0, 3), ("zero", 4, 3), ("any", 22, 4), ("vgpr", 32, 8), ("sgpr8", 41, 9), ("zero", 50, 5),
            ("zero", 55, 1), ("vgpr", 56, 8), ("any", 64, 32)])
        table["SAMPLE"] = Layout(3, 0xE4000000, (14, 8), [
            ("any", 0, 3), ("zero", 3, 4), ("zero", 13, 1), ("any", 22, 4), ("vgpr", 32, 8), ("sgpr8", 41, 9),
            ("zero", 50, 5), ("sgpr4", 55, 9), ("any", 64, 32)])
    if not gfx10:
        table["VOPD"] = Layout(2, 0xC8000000, (22, 4), [
            ("second", 17, 5), ("src", 0, 9), ("vgpr", 9, 8), ("src", 32, 9), ("vgpr", 41, 8), ("any", 49, 7),
            ("vgpr", 56, 8)])
        table["VINTERP"] = Layout(2, 0xCD000000, (16, 5), [
            ("vgpr", 0, 8), ("any", 8, 3), ("zero", 11, 4), ("zero", 15, 1),
            ("vsrc", 32, 9), ("vsrc", 41, 9), ("vsrc", 50, 9), ("zero", 61, 3)])
        table["LDSDIR"] = Layout(1, 0xCE000000, (20, 2), [
            ("vgpr", 0, 8), ("any", 8, 2), ("any", 10, 6), ("any", 16, 4)])
    for number, name in enumerate(("FLAT", "SCRATCH", "GLOBAL")):
        saddr = "saddr" if number else "null"
        if gfx12:
            table[name] = Layout(3, 0xEC000000 | number << 24, (14, 8), flat + [(saddr, 0, 7)])
        else:
            table[name] = Layout(2, 0xDC000000 | number << (14 if gfx10 else 16), (18, 7), flat + [
                ("vgpr", 32, 8), ("vgpr", 40, 8), (saddr, 48, 7), ("zero", 55, 1), ("vgpr", 56, 8)])
    return table


def rows(tables, names):
    found = []
    for name in names:
        with open(f"{tables}/{name}", encoding="ascii") as text:
            for match in re.finditer(r'^X\((\w+), (0x[0-9a-f]+), \w+, "(.+)"\)$', text.read(), re.M):
                found.append((match[1], int(match[2], 16), match[3]))
    return found


class Random:
    """Values of fields: what is allowed more often than chance would have it."""

    def __init__(self, generation):
        self.random = random.Random("isa_decode " + generation)
        self.sparse, self.register = 0, 0
        self.null = 125 if generation == "gfx10.3" else 124

    def scalar(self):
        return self.random.choice((self.random.randrange(106), self.random.randrange(106), 106, 107, 124, 125, 126, 127,
                                   self.random.randrange(128, 209), self.random.randrange(240, 249), LITERAL))

    def value(self, kind, width):
        r = self.random
        if kind == "second":
            return r.choice((*range(13), 16, 17, 18))
        if kind == "ones":
            return r.choice((0, (1 << width) - 1)) if r.random() < 0.9 else r.getrandbits(width)
        if r.random() < self.sparse and kind != "null":
            return self.register if kind == "src" else 0
        if kind == "any":
            return 0 if r.random() < 0.2 else r.getrandbits(width)
        if kind == "zero":
            return r.getrandbits(width) if r.random() < 0.15 else 0
        if kind == "vgpr":
            return 0 if r.random() < 0.4 else r.randrange(128) if r.random() < 0.8 else r.getrandbits(width)
        if kind == "vsrc":
            return 256 + r.getrandbits(8)
        if kind == "src":
            choice = r.random()
            return 0 if choice < 0.25 else 256 + r.randrange(128) if choice < 0.6 else self.scalar()
        if kind == "ssrc":
            return self.scalar()
        if kind == "sdst":
            return r.choice((0, 124, 125, r.randrange(0, 100, 4), r.randrange(128)))
        if kind == "null":
            return self.null if r.random() < 0.9 else r.randrange(128)
        if kind == "saddr":
            return r.choice((124, 125, 125, 127, r.randrange(0, 100, 2)))
        if kind == "sgpr4":
            return r.randrange(0, 100, 4)
        if kind == "sgpr8":
            return r.randrange(0, 100, 4)
        raise ValueError(kind)

    def extra(self, first, layout):
        """The word that a first source of @first stands for."""
        r = self.random
        if first == DPP16:
            ctrl = r.choice((r.randrange(256), r.randrange(0x101, 0x110), r.randrange(0x111, 0x120),
                             r.randrange(0x121, 0x130), 0x140, 0x141, r.randrange(0x150, 0x160),
                             r.randrange(0x160, 0x170)))
            modifiers = self.value("zero", 4) if layout.words == 1 else 0  # VOP3 has its own
            return (r.randrange(128) | ctrl << 8 | self.value("zero", 2) << 18 | modifiers << 20 |
                    r.getrandbits(8) << 24)
        if first == SDWA:
            second = r.randrange(7) << 24 | self.value("zero", 3) << 27 if len(layout.fields) > 2 else 0
            return (r.randrange(128) | r.randrange(7) << 8 | r.randrange(3) << 11 | self.value("zero", 3) << 13 |
                    r.randrange(7) << 16 | self.value("zero", 3) << 19 | second)
        return r.getrandbits(32) & (0xFFFFFF7F if first in (DPP8, DPP8_FI) else 0xFFFFFFFF)

    def encode(self, layout, opcode, first=None):
        self.sparse = self.random.choice((0, 0.3, 0.6, 0.8, 0.95))
        self.register = self.random.choice((0, 256))
        value = layout.prefix | (opcode & (1 << layout.opcode[1]) - 1) << layout.opcode[0]
        for kind, bit, width in layout.fields:
            value |= self.value(kind, width) << bit
        if first is not None:  # src0
            bit = 32 if layout.words == 2 else 0
            value = value & ~(511 << bit) | first << bit
        words = [value >> 32 * i & 0xFFFFFFFF for i in range(layout.words)]
        return words + [self.extra(first, layout)]


# struct isa_row and struct isa_inst number them so
FORMATS = ("SOP1", "SOP2", "SOPK", "SOPC", "SOPP", "SMEM", "VOP1", "VOP2", "VOPC", "VOP3", "VOP3P", "VOPD", "VINTRP",
           "VINTERP", "LDSDIR", "DS", "FLAT", "GLOBAL", "SCRATCH", "BUFFER", "TBUFFER", "IMAGE", "SAMPLE", "EXP")
E32, E64, IS_DPP16, IS_DPP8, IS_SDWA, E64_DPP16, E64_DPP8 = range(7)
FIRST = {IS_DPP16: (DPP16,), IS_DPP8: (DPP8, DPP8_FI), IS_SDWA: (SDWA,), E64_DPP16: (DPP16,), E64_DPP8: (DPP8, DPP8_FI)}


def ways(generation, formats, row):
    """How an instruction is written: by variant its layout and opcode."""
    encoding, opcode, _ = row
    layout = formats[encoding]
    if generation == "gfx10.3" and encoding in ("IMAGE", "TBUFFER"):  # a bit of the opcode is elsewhere
        prefix = layout.prefix | (opcode >> 7 if encoding == "IMAGE" else opcode >> 3 << 53)
        return {E32: (Layout(layout.words, prefix, layout.opcode, layout.fields), opcode)}
    if encoding in ("VOP3", "VOP3P"):
        small, vop3 = None, layout
    elif encoding in ("VOP1", "VOP2", "VOPC"):
        sources = 1 if encoding == "VOP1" else 3 if "cndmask" in row[2] or "_ci_" in row[2] else 2
        unused = {41: 2, 50: 3}
        vop3 = formats["VOP3"]
        vop3 = Layout(2, vop3.prefix, vop3.opcode, [field for field in vop3.fields if unused.get(field[1], 0) <= sources])
        small = layout
    else:
        return {E32: (layout, opcode)}
    wide = opcode + {"VOP1": 0x180, "VOP2": 0x100}.get(encoding, 0)
    found = {E64: (vop3, wide)}
    if generation != "gfx10.3":
        found |= {E64_DPP16: (vop3, wide), E64_DPP8: (vop3, wide)}
    if small:
        found |= {E32: (small, opcode), IS_DPP16: (small, opcode), IS_DPP8: (small, opcode)}
    if small and generation == "gfx10.3":
        found[IS_SDWA] = (small, opcode)
    return found


def encodings(generation, formats, chance, row, variants, count):
    """Lists of words of a row."""
    for variant, (layout, opcode) in ways(generation, formats, row).items():
        if variants is None or variant in variants:
            for number in range(count):
                first = FIRST.get(variant, (None,))
                yield chance.encode(layout, opcode, first[number % len(first)])


def words_by_chance(generation, chance):
    """Lists of words: opcodes by chance, and words by chance."""
    for layout in layouts(generation).values():
        for _ in range(100):
            yield chance.encode(layout, chance.random.getrandbits(10))
    for _ in range(2000):
        words = [chance.random.getrandbits(32) for _ in range(6)]
        yield [words[0] ^ is_sdwa(words[0])] + words[1:]


def is_sdwa(word):
    """The words that follow it can be such that LLVM's printer ends the program."""
    return word >> 31 == 0 and word & 511 == SDWA


PAD = [0xBF800007] * 5  # s_nop 7: whatever is before it, decoding is in step again after these


def elf_file(text):
    """An ELF file of nothing but these bytes of code."""
    names = b"\0.text\0.shstrtab\0"
    sections = b"".join(struct.pack("<IIQQQQIIQQ", *section) for section in (
        (0,) * 10,
        (1, 1, 6, 0, 64, len(text), 0, 0, 256, 0),
        (7, 3, 0, 0, 64 + len(text), len(names), 0, 0, 1, 0)))
    header = b"\x7fELF\x02\x01\x01\x40\x03" + bytes(7)
    header += struct.pack("<HHIQQQIHHHHHH", 1, 224, 1, 0, 0, 64 + len(text) + len(names), 0, 64, 0, 0, 64, 3, 2)
    return header + text + names + sections


# name, operands, address and words
LINE = re.compile(r"\t(\S+) *(.*?) *// ([0-9A-F]+):((?: [0-9A-F]{8})+)")


def disassemble(objdump, cpu, lists):
    """For each list of words the length in words, name and operands of its first instruction; None: there is none."""
    found, starts, words = [None] * len(lists), {}, []
    for number, encoding in enumerate(lists):
        starts[4 * len(words)] = number
        words += encoding + PAD
    with tempfile.NamedTemporaryFile(suffix=".o") as file:
        file.write(elf_file(b"".join(word.to_bytes(4, "little") for word in words)))
        file.flush()
        result = subprocess.run([objdump, "-d", "-z", "--triple=amdgcn", "--mcpu=" + cpu, file.name],
                                capture_output=True, text=True, check=True)
    for line in result.stdout.splitlines():
        match = LINE.match(line)
        if match and match[1] != ".long" and int(match[3], 16) in starts:
            found[starts[int(match[3], 16)]] = (len(match[4]) // 9, match[1], match[2])
    return found


def decode(program, generation, lists):
    text = "".join(generation + " " + " ".join(f"{word:x}" for word in words) + "\n" for words in lists)
    result = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    lines = result.stdout.splitlines()
    if len(lists) != len(lines):
        sys.exit(f"{generation}: {len(lines)} answers to {len(lists)} questions")
    return lines


def hexadecimal(words):
    return " ".join(f"{word:08x}" for word in words)


def full_name(name, operands):
    """Of VOPD both names."""
    second = re.search(r":: (\S+)", operands)
    return f"{name} :: {second[1]}" if second else name


FIELDS_OF_EACH = 2  # comparing them takes longest


class Comparison:
    """What was met.  Where LLVM errs: scalar destinations of more than seven bits, which it takes for constants; source 249,
    which it takes for 248 where there is no SDWA; v_nop, which may have a DPP word whatever it permutes."""

    def __init__(self, generation, program, tables, objdump):
        self.generation, self.program, self.objdump = generation, program, objdump
        self.cpu, names = GENERATIONS[generation]
        self.table = rows(tables, names)
        self.cut_off = []  # encodings without their last word
        self.agreed, self.only_ours, self.refused, self.strange, self.problems = Counter(), {}, 0, 0, []

    def run(self, lists):
        lists = [words[:1] + [word ^ is_sdwa(word) for word in words[1:]] for words in lists]
        theirs = disassemble(self.objdump, self.cpu, lists)
        ours = decode(self.program, self.generation, [(words + PAD)[:6] for words in lists])
        for words, their, our in zip(lists, theirs, ours):
            length, name, fields = (our.split("|") + ["", ""])[:3]
            if not their and length == "0":
                self.refused += 1
            elif not their:
                self.only_ours[kind_of(fields)] = words
            elif (length, name) == (str(their[0]), full_name(their[1], their[2])):
                kind = kind_of(fields)
                self.agreed[kind] += 1
                if self.agreed[kind] == 1 and their[0] > 1:
                    self.cut_off.append(words[:their[0] - 1])
                if self.agreed[kind] <= FIELDS_OF_EACH and not re.search(r"Invalid|^src_", their[2]):  # no destination
                    self.problems += [f"{self.generation}: {hexadecimal(words)}: {name} {their[2]}: {what}" for what in
                                      isa_fields.check(self.generation, kind, name, fields, their[2])]
                second = re.search(r" y_opcode=(\d+)", fields)
                if second:
                    self.agreed["VOPD", int(second[1]), E32] += 1
            elif "Invalid immediate" in their[2] or name == "v_nop" or (length == "0" and "0.15915494" in their[2]):
                self.strange += 1
            else:
                self.problems.append(f"{self.generation}: {hexadecimal(words)}: {length} {name}, "
                                     f"LLVM: {their[0]} {full_name(their[1], their[2])}")

    def met(self):
        return {kind[:2] for kind in self.agreed}

    def missing(self):
        """By row the variants that LLVM refused whenever they came."""
        missing = defaultdict(set)
        for encoding, opcode, variant in self.only_ours:
            if (encoding, opcode, variant) not in self.agreed:
                missing[encoding, opcode].add(variant)
        return missing


def kind_of(fields):
    """Format, opcode and variant; VOPD: of the first half."""
    match = re.match(r"format=(\d+) opcode=(\d+) variant=(\d+)", fields)
    return (FORMATS[int(match[1])], int(match[2]), int(match[3]))


# What chance does not find: instructions of nothing but zeros, or with as many operands as image_bvh_intersect_ray.
SPECIAL = {
    "gfx10.3": [[0], [0xF1989F01, 0x00010409], [0xF19C9F01, 0x00010409]],
    "gfx11": [[0], [0xF0648F80, 0x00010409], [0xF0688F80, 0x00010409]],
    "gfx11.5": [[0], [0xF0648F80, 0x00010409], [0xF0688F80, 0x00010409]],
    "gfx12": [[0], [0xD3C64010, 0x12000804, 0x0F0C0B09], [0xD3C68010, 0x12000804, 0x0F0C0B09]],
}
# LLVM has the larger formats of v_mov_b16 only where it is told to name the halves of registers.
ONLY_OURS = {"v_mov_b16": {E64, E64_DPP16, E64_DPP8}}


def check(generation, program, tables, objdump):
    comparison = Comparison(generation, program, tables, objdump)
    formats, chance = layouts(generation), Random(generation)
    lists = list(words_by_chance(generation, chance)) + SPECIAL[generation]
    for row in comparison.table:
        lists += encodings(generation, formats, chance, row, None, 3)
    comparison.run(lists)
    for _ in range(3):
        missing, met = comparison.missing(), comparison.met()
        lists = []
        for row in comparison.table:
            lists += encodings(generation, formats, chance, row, missing[row[:2]] if row[:2] in met else None, 12)
        comparison.run(lists)
    problems = comparison.problems
    names = {row[:2]: row[2] for row in comparison.table}
    for kind, variants in sorted(comparison.missing().items()):
        for variant in variants - ONLY_OURS.get(names[kind], set()):
            words = hexadecimal(comparison.only_ours[(*kind, variant)])
            problems.append(f"{generation}: {names[kind]}, variant {variant}, is refused by LLVM: {words}")
    for words, our in zip(comparison.cut_off, decode(program, generation, comparison.cut_off)):
        if our != "more words":
            problems.append(f"{generation}: {hexadecimal(words)}, which is cut off: {our}")
    met = comparison.met()
    problems += [f"{generation}: {row} was never met" for row in comparison.table if row[:2] not in met]
    print(f"{generation}: {sum(comparison.agreed.values())} agreed on, {comparison.refused} refused by both, "
          f"{comparison.strange} in which LLVM errs, {len(problems)} problems")
    return problems


def main():
    problems = [problem for generation in GENERATIONS for problem in check(generation, *sys.argv[1:])]
    print("\n".join(problems))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
