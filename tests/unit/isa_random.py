# SPDX-License-Identifier: MIT
"""Random programs, compiled for GPUs and executed by dxgsim's shader processors, leave in memory what they do when the host
executes them.

  isa_random.py RUN [--clang CLANG] [--seed FIRST] [--count SEEDS] [--programs N] [--all] [--variants] [--keep FOLDER]

RUN is isa_random_run.  A seed makes a file of N programs, which is compiled for one processor, one size of waves and one
level of optimisation, which go with the seed; --all: for and at all of them; --variants: by options of the compiler that
seeds choose as well.  Programs have no undefined behaviour and one right result (isa_random.h), so whoever differs is wrong."""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TARGETS = [(processor, wave) for processor in ("gfx1030", "gfx1100", "gfx1151", "gfx1201") for wave in (32, 64)]
LEVELS = ("-O0", "-O1", "-O2", "-O3")
# warnings are of no use for what nobody has written
COMMON = ["-std=gnu17", "-w", "-ffp-contract=off", "-fwrapv", "-fno-math-errno", f"-I{HERE}"]
HOST = ["-O0", "-fPIC", "-shared", "-fno-strict-aliasing", "-Xclang", "-ffloat16-excess-precision=none", "-x", "c"]
GPU = ["-target", "amdgcn-amd-amdhsa", "-nogpulib", "-fvisibility=protected", "-mcode-object-version=5", "-fno-strict-aliasing", "-x", "c"]

# what else compilers make of the same programs
VARIANTS = [[], ["-mcumode"], ["-mllvm", "-amdgpu-atomic-optimizer-strategy=DPP"],
            ["-mllvm", "-amdgpu-load-store-vectorizer=0"], ["-mllvm", "-structurizecfg-skip-uniform-regions"],
            ["-mllvm", "-amdgpu-use-divergent-register-indexing"]]

BITS = {"i8": 8, "u8": 8, "i16": 16, "u16": 16, "i32": 32, "u32": 32, "i64": 64, "u64": 64}
INTEGERS = list(BITS)
FLOATS = ["f16", "f32", "f64"]
VECTORS = ["u16x2", "i16x2", "u32x2", "u8x4", "f16x2", "f32x2"]
ELEMENT = {"u16x2": "u16", "i16x2": "i16", "u32x2": "u32", "u8x4": "u8", "f16x2": "f16", "f32x2": "f32"}
# where types come from more often than once: what GPUs have most instructions for
WEIGHTED = ["i32"] * 4 + ["u32"] * 5 + ["i64"] * 2 + ["u64"] * 3 + ["i16"] * 2 + ["u16"] * 2 + ["i8", "u8"] + ["f32"] * 4 + \
    ["f64"] * 3 + ["f16"] * 3 + VECTORS
FLOAT_CONSTANTS = ["0.0f", "1.0f", "-1.0f", "0.5f", "-2.0f", "4.0f", "3.25f", "-0.15915494f", "0.1f", "1.5f", "100.0f",
                   "-7.75f", "0x1p-14f", "2047.0f", "0.333333f", "65504.0f", "0x1p-24f", "-0.0f", "1e10f", "0x1p-126f",
                   "0x1p-149f", "0x1.fffffep127f", "__builtin_inff()", "-__builtin_inff()", "16777217.0f"]


def unsigned(kind):
    return "u" + kind[1:]


class Program:
    """The text of one program: functions, pieces between which lanes have to do with each other, and the kernel."""

    def __init__(self, rng, number):
        self.rng = rng
        self.number = number
        self.functions = []
        self.calls = []
        self.text = []
        self.scope = {}
        self.arrays = []
        self.writable = {}
        self.depth = 0
        self.names = 0
        self.memory = True
        self.in_loop = False
        self.pure = False

    def pick(self, *choices):
        return self.rng.choice(choices)

    def chance(self, percent):
        return self.rng.randrange(100) < percent

    def name(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    # ---- expressions ----

    def constant(self, kind):
        if kind in FLOATS:
            # LLVM makes a pair with -0 one with 0
            choices = [text for text in FLOAT_CONSTANTS if kind != "f16" or text != "-0.0f"]
            return f"({kind})({self.rng.choice(choices)})"
        if kind in VECTORS:
            return f"(({kind}){{{', '.join(self.constant(ELEMENT[kind]) for _ in range(int(kind[-1])))}}})"
        bits = BITS[kind]
        value = self.pick(0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 65, -1, -2, -16, -17, 255, 256, 0xffff, 1 << (bits - 1),
                          (1 << (bits - 1)) - 1, self.rng.getrandbits(bits), self.rng.getrandbits(bits), 1 << self.rng.randrange(bits))
        return f"({kind}){value % (1 << bits):#x}ull"

    def leaf(self, kind):
        choices = [name for name, its in self.scope.items() if its == kind]
        if choices and self.chance(75):
            name = self.rng.choice(choices)
            # bit fields are promoted to int whatever they are declared as
            return f"({kind}){name}" if name[0] == "b" else name
        arrays = [array for array in self.arrays if array[1] == kind]
        if arrays and self.chance(50):
            name, _, size = self.rng.choice(arrays)
            return f"{name}[{self.index(size)}]"
        if self.memory and self.chance(25):
            return self.load(kind)
        others = [name for name, its in self.scope.items() if its in BITS]
        if others and self.chance(60):
            return self.converted(kind, self.rng.choice(others), None)
        return self.constant(kind)

    def index(self, size):
        ints = [name for name, its in self.scope.items() if its in ("u32", "i32", "u16", "u8", "u64")]
        if ints and self.chance(70):
            return f"{self.rng.choice(ints)} & {size - 1}"
        return str(self.rng.randrange(size))

    def load(self, kind):
        ints = [name for name, its in self.scope.items() if its in ("u32", "i32", "u64")]
        at = self.rng.choice(ints) if ints and self.chance(70) else str(self.rng.randrange(1000))
        if kind in ("u32", "i32") and self.chance(60):
            return f"({kind})in[{at} & 1023]"
        scale = {"u8": 1, "i8": 1, "i16": 2, "u16": 2}.get(kind, 4)
        if kind in FLOATS:
            raw = {"f16": "u16", "f32": "u32", "f64": "u64"}[kind]
            return f"{kind}_of_bits(LOAD_AT({raw}, in, ({at} & 1000) * 4))"
        if kind == "f16x2":
            return f"f16x2_of_bits(LOAD_AT(u32, in, ({at} & 1000) * 4))"
        if kind == "f32x2":
            return f"((f32x2){{{self.load('f32')}, {self.load('f32')}}})"
        if kind in VECTORS or kind in ("u64", "i64"):
            scale = self.pick(4, 8)
        return f"LOAD_AT({kind}, in, ({at} & {4000 // scale // 4 * 4 // 2}) * {scale})"

    def converted(self, kind, text, source):
        """An integer expression as another type."""
        if kind in FLOATS:
            if kind == "f16":
                return f"(f16)(i16)({text})"
            return f"({kind})({text})"
        if kind == "f16x2":
            return f"f16x2_of_bits((u32)({text}))"
        if kind == "f32x2":
            return f"(f32x2)((f32)({text}))"
        if kind in ("u16x2", "i16x2", "u8x4"):
            return f"{kind}_of_bits((u32)({text}))"
        if kind == "u32x2":
            return f"u32x2_of_bits((u64)({text}))"
        return f"({kind})({text})"

    def condition(self, depth):
        what = self.rng.randrange(10)
        if depth > 0 and what < 2:
            return f"({self.condition(depth - 1)} {self.pick('&&', '||', '!=')} {self.condition(depth - 1)})"
        if what == 2:
            return f"!{self.condition(max(depth - 1, 0))}"
        if what == 3:
            kind = self.rng.choice(FLOATS)
            return f"is_class_{kind}({self.expression(kind, depth - 1)}, {self.rng.getrandbits(10):#x})"
        if what in (4, 5):
            kind = self.rng.choice(FLOATS)
            a, b = self.expression(kind, depth - 1), self.expression(kind, depth - 1)
            if self.chance(20):
                return f"UNORDERED({a}, {b})"
            text = f"({a} {self.pick('<', '<=', '>', '>=', '==', '!=')} {b})"
            return "!" + text if self.chance(30) else text
        kind = self.rng.choice(INTEGERS)
        if what == 6:
            return f"({self.expression(kind, depth - 1)} & {self.constant(kind)})"
        return f"({self.expression(kind, depth - 1)} {self.pick('<', '<=', '>', '>=', '==', '!=')} {self.expression(kind, depth - 1)})"

    def expression(self, kind, depth):
        if depth <= 0 or self.chance(8):
            return self.leaf(kind)
        if self.chance(10):
            return f"({self.condition(depth - 1)} ? {self.expression(kind, depth - 1)} : {self.expression(kind, depth - 1)})"
        callable_ones = [f for f in self.calls if f[1] == kind]
        if callable_ones and self.chance(20) and not self.in_loop:
            name, _, parameters = self.rng.choice(callable_ones)
            if "%" in name:
                name = name % self.leaf("u32")
            return f"{name}({', '.join(['in'] + [self.expression(p, depth - 2) for p in parameters])})"
        if kind in FLOATS:
            return self.float_expression(kind, depth)
        if kind in VECTORS:
            return self.vector_expression(kind, depth)
        return self.integer_expression(kind, depth)

    def integer_expression(self, kind, depth):
        bits = BITS[kind]

        def sub(its=kind):
            return self.expression(its, depth - 1)

        what = self.rng.randrange(100)
        if what < 26:
            return f"({kind})({sub()} {self.pick('+', '-', '*', '&', '|', '^', '+', '-')} {sub()})"
        if what < 34:
            # signed ones to the left as unsigned
            count = f"({sub('u32')} & {bits - 1})" if self.chance(60) else str(self.rng.randrange(bits))
            if self.chance(50):
                return f"({kind})(({unsigned(kind)}){sub()} << {count})"
            return f"({kind})({sub()} >> {count})"
        if what < 38:
            return f"{self.pick('div', 'rem')}_{kind}({sub()}, {sub()})"
        if what < 41:
            if bits == 64 and self.chance(50):
                return f"({kind})not_64((u64)({sub()}))"
            return f"({kind})({'-' if bits == 64 else self.pick('~', '-')}{sub()})"
        if what < 51:
            return f"({kind})({sub(self.rng.choice(INTEGERS))})"
        if what < 56:
            its = self.rng.choice(FLOATS)
            if self.chance(30):
                raw = {"f16": "u16", "f32": "u32", "f64": "u64"}[its]
                return f"({kind})bits_of_{its}({sub(its)})"
            return f"{kind}_of_{its}({sub(its)})"
        if what < 60:
            its = self.rng.choice(VECTORS[:4] + ["f16x2"])
            if its != "f16x2" and self.chance(50):
                return f"({kind})({sub(its)})[{self.index(int(its[-1]))}]"
            return f"({kind})bits_of_{its}({sub(its)})"
        if what < 80:
            two = ["min", "max", "abs_diff", "add_sat", "sub_sat", "rotate"]
            three = ["clamp", "add_carry", "sub_borrow", "mul_overflow", "bitselect"]
            one = ["ones", "reverse"]
            which = self.rng.choice(two * 2 + three + one)
            if which == "mul_overflow" and bits == 64:
                which = "add_carry"
            count = 2 if which in two else 3 if which in three else 1
            return f"{which}_{kind}({', '.join(sub() for _ in range(count))})"
        if kind in ("u32", "i32"):
            return self.word_expression(kind, sub)
        if bits == 64:
            return self.wide_expression(kind, sub)
        return f"({kind})({sub('u32')} >> {self.rng.randrange(25)})"

    def word_expression(self, kind, sub):
        small = str(self.rng.randrange(32))
        text = self.rng.choice([
            lambda: f"clz32({sub('u32')})", lambda: f"ctz32({sub('u32')})",
            lambda: f"mul_hi_u32({sub('u32')}, {sub('u32')})", lambda: f"mul_hi_i32({sub('i32')}, {sub('i32')})",
            lambda: f"mad24_u32({sub('u32')}, {sub('u32')}, {sub('u32')})",
            lambda: f"mad24_i32({sub('i32')}, {sub('i32')}, {sub('i32')})",
            lambda: f"mul24_hi({sub('u32')}, {sub('u32')})", lambda: f"mul24_hi_i32({sub('i32')}, {sub('i32')})",
            lambda: f"ubfe({sub('u32')}, {self.pick(small, sub('u32'))}, {self.pick(small, sub('u32'))})",
            lambda: f"sbfe({sub('u32')}, {self.pick(small, sub('u32'))}, {self.pick(small, sub('u32'))})",
            lambda: f"alignbit({sub('u32')}, {sub('u32')}, {self.pick(small, sub('u32'))})",
            lambda: f"alignbyte({sub('u32')}, {sub('u32')}, {self.pick(small, sub('u32'))})",
            lambda: f"perm({sub('u32')}, {sub('u32')}, {self.pick(sub('u32'), '0x0c030705', '0x06040200', '0x0d0b0a00')})",
            lambda: f"{self.pick('lerp', 'sad_u8', 'sad_hi_u8', 'sad_u16', 'msad_u8')}({sub('u32')}, {sub('u32')}, {sub('u32')})",
            lambda: f"__builtin_bswap32({sub('u32')})",
            lambda: f"{self.pick('udot4', 'udot4_sat', 'udot8', 'sdot4', 'sdot4_sat', 'sdot8')}({sub('u32')}, {sub('u32')}, {sub('u32')})",
            lambda: f"mqsad_32({sub('u64')}, {sub('u32')}, ((u32x4){{{sub('u32')}, {sub('u32')}, {sub('u32')}, {sub('u32')}}}))",
            lambda: f"cvt_pk_i16_of({sub('i32')}, {sub('i32')})", lambda: f"cvt_pk_u16_of({sub('u32')}, {sub('u32')})",
            lambda: f"cvt_pk_u8({sub('f32')}, {sub('u32')}, {sub('u32')})",
            lambda: f"cvt_pkrtz_of({sub('f32')}, {sub('f32')})",
            lambda: self.exponent(sub),
            lambda: f"({sub('u32')} << {small}) + {sub('u32')}", lambda: f"({sub('u32')} + {sub('u32')}) << {small}",
            lambda: f"({sub('u32')} ^ {sub('u32')}) + {sub('u32')}", lambda: f"({sub('u32')} & {sub('u32')}) | {sub('u32')}",
            lambda: f"({sub('u32')} << {small}) | {sub('u32')}", lambda: f"({sub('u32')} ^ {sub('u32')}) ^ {sub('u32')}",
            lambda: f"~({sub('u32')} {self.pick('&', '|', '^')} {sub('u32')})", lambda: f"{sub('u32')} {self.pick('&', '|')} ~{sub('u32')}",
            lambda: f"min_i32(max_i32({sub('i32')}, -{small}), {small}00)",
            lambda: f"(u32)({sub('u16')}) * (u32)({sub('u16')}) + {sub('u32')}",
            lambda: f"(i32)({sub('i16')}) * (i32)({sub('i16')}) + {sub('i32')}",
            lambda: f"table[{sub('u32')} & 15]",
            lambda: f"BUFFER_{self.pick(8, 16, 32, 128)}(in, {sub('u32')})" if self.memory else sub("u32"),
        ])()
        return f"({kind})({text})"

    def exponent(self, sub):
        kind = self.rng.choice(FLOATS)
        return f"frexp_exp_{kind}({sub(kind)})"

    def wide_expression(self, kind, sub):
        text = self.rng.choice([
            lambda: f"clz64({sub('u64')})", lambda: f"ctz64({sub('u64')})",
            lambda: f"mul_hi_u64({sub('u64')}, {sub('u64')})", lambda: f"mul_hi_i64({sub('i64')}, {sub('i64')})",
            lambda: f"mad_wide_u64({sub('u32')}, {sub('u32')}, {sub('u64')})",
            lambda: f"mad_wide_i64({sub('i32')}, {sub('i32')}, {sub('i64')})",
            lambda: f"shift_128({sub('u64')}, {sub('u64')}, {sub('u32')})",
            lambda: f"{self.pick('qsad', 'mqsad')}({sub('u64')}, {sub('u32')}, {sub('u64')})",
            lambda: f"__builtin_bswap64({sub('u64')})",
            lambda: f"((u64){sub('u32')} << 32 | {sub('u32')})",
            lambda: f"not_64({sub('u64')} {self.pick('&', '|', '^')} {sub('u64')})",
            lambda: f"{sub('u64')} {self.pick('&', '|')} not_64({sub('u64')})",
        ])()
        return f"({kind})({text})"

    def float_expression(self, kind, depth):
        def sub(its=kind):
            return self.expression(its, depth - 1)

        what = self.rng.randrange(100)
        if what < 35:
            return f"{self.pick('add', 'sub', 'mul')}_{kind}({sub()}, {sub()})"
        if what < 43:
            return f"fma_{kind}({sub()}, {sub()}, {sub()})"
        if what < 46:
            return f"fdiv_{kind}({sub()}, {sub()})"
        if what < 48:
            return f"sqrt_{kind}({sub()})"
        if what < 56:
            return f"{self.pick('fabs', 'floor', 'ceil', 'trunc', 'rint', 'fsat', 'fabs')}_{kind}({sub()})"
        if what < 62:
            return f"{self.pick('fmin', 'fmax', 'copysign')}_{kind}({sub()}, {sub()})"
        if what < 64:
            return f"fclamp_{kind}({sub()}, {sub()}, {sub()})"
        if what < 68:
            return f"unsigned_zero_f16(-{sub()})" if kind == "f16" else f"(-{sub()})"
        if what < 78:
            its = self.rng.choice([f for f in FLOATS if f != kind])
            if kind == "f16" and its == "f32":
                return f"narrow_f32({sub(its)})"
            return f"({kind})({sub(its)})"
        if what < 86:
            its = self.rng.choice(INTEGERS)
            if kind == "f16":
                return f"(f16)({its})(i16)({sub(its)})" if its != "u64" and its != "u32" else f"(f16)(u16)((u16)({sub(its)}) >> 1)"
            return f"({kind})({sub(its)})"
        if what < 90:
            raw = {"f16": "u16", "f32": "u32", "f64": "u64"}[kind]
            return f"{kind}_of_bits(({raw})({sub(raw)}))"
        if what < 92:
            return f"ldexp_{kind}({sub()}, ({sub('i32')} % 300))"
        if what < 94:
            return f"frexp_mant_{kind}({sub()})"
        if kind == "f32":
            if self.chance(50):
                return f"fma_mix({sub('f16')}, {sub('f16')}, {sub()})"
            return f"({sub('f32x2')})[{self.index(2)}]"
        if kind == "f16":
            if self.chance(50):
                return f"fma_mix_low({sub()}, {sub('f32')}, {sub()})"
            return f"({sub('f16x2')})[{self.index(2)}]"
        return f"mul_f64({sub()}, 0.5)"

    def vector_expression(self, kind, depth):
        def sub(its=kind):
            return self.expression(its, depth - 1)

        element, count = ELEMENT[kind], int(kind[-1])
        what = self.rng.randrange(100)
        if what < 15:
            return f"(({kind}){{{', '.join(sub(element) for _ in range(count))}}})"
        if what < 25:
            return f"__builtin_shufflevector({sub()}, {sub()}, {', '.join(str(self.rng.randrange(2 * count)) for _ in range(count))})"
        if kind == "f16x2":
            if what < 40:
                return f"fma_f16x2({sub()}, {sub()}, {sub()})"
            if what < 50:
                return f"(-{sub()})"
            return f"{self.pick('add', 'sub', 'mul', 'fmin', 'fmax')}_f16x2({sub()}, {sub()})"
        if kind == "f32x2":
            if what < 40:
                return f"(-{sub()})"
            return f"({sub()} {self.pick('+', '-', '*')} {sub()})"
        if what < 35:
            return f"__builtin_elementwise_{self.pick('min', 'max', 'add_sat', 'sub_sat')}({sub()}, {sub()})"
        if what < 45:
            count_bits = BITS[element]
            return f"({sub()} {'>>'} ({sub()} & ({element}){count_bits - 1}))"
        if what < 52 and kind[0] == "u":
            return f"({sub()} << ({sub()} & ({element}){BITS[element] - 1}))"
        if what < 58:
            return f"({sub()} * {sub()} + {sub()})"
        if what < 62 and kind in ("u16x2", "i16x2"):
            its = "i16x2" if kind == "u16x2" else "u16x2"
            return f"(({kind}){sub(its)})"
        return f"({sub()} {self.pick('+', '-', '*', '&', '|', '^')} {sub()})"

    # ---- statements ----

    def line(self, text):
        self.text.append("\t" * self.depth + text)

    def tamed(self, kind, text):
        if kind in FLOATS or kind in ("f16x2", "f32x2"):
            return f"tame_{kind}({text})"
        return text

    def assign(self):
        names = list(self.writable)
        if not names:
            return
        name = self.rng.choice(names)
        kind = self.writable[name]
        value = self.tamed(kind, self.expression(kind, self.pick(1, 2, 2, 3)))
        if kind in INTEGERS and self.chance(25):
            self.line(f"{name} {self.pick('+', '-', '^', '|', '&')}= ({kind})({value});")
        elif kind in VECTORS and self.chance(20):
            self.line(f"{name}[{self.index(int(kind[-1]))}] = {self.tamed(ELEMENT[kind], self.expression(ELEMENT[kind], 1))};")
        else:
            self.line(f"{name} = {value};")

    def store_array(self):
        if not self.arrays:
            self.assign()
            return
        name, kind, size = self.rng.choice(self.arrays)
        self.line(f"{name}[{self.index(size)}] = {self.tamed(kind, self.expression(kind, 2))};")

    def block(self, statements):
        self.depth += 1
        saved = dict(self.scope), dict(self.writable), list(self.arrays)
        for _ in range(statements):
            self.statement()
        self.scope, self.writable, self.arrays = saved
        self.depth -= 1

    def condition_statement(self):
        self.line(f"if ({self.condition(2)}) {{")
        self.block(self.rng.randrange(1, 4))
        if self.chance(50):
            self.line("} else {")
            self.block(self.rng.randrange(1, 4))
        self.line("}")

    def switch_statement(self):
        self.line(f"switch ({self.expression('u32', 1)} % {self.rng.randrange(3, 7)}) {{")
        for case in self.rng.sample(range(7), self.rng.randrange(2, 5)):
            self.line(f"case {case}: {{")
            self.block(self.rng.randrange(1, 3))
            self.line("}")
            if self.chance(70):
                self.line("break;")
        self.line("default: {")
        self.block(1)
        self.line("}")
        self.line("}")

    def loop_statement(self):
        was, self.in_loop = self.in_loop, True
        counter = self.name("n")
        shape = self.rng.randrange(3)
        bound = f"({self.expression('u32', 1)} & {self.pick(1, 3, 7)}) + {self.rng.randrange(3)}"
        if shape == 0:
            self.line(f"for (u32 {counter} = 0; {counter} < {self.rng.randrange(1, 6)}; {counter}++) {{")
        elif shape == 1:
            self.line(f"for (u32 {counter} = 0, end_{counter} = {bound}; {counter} < end_{counter}; {counter}++) {{")
        else:
            self.line(f"for (u32 {counter} = {bound}; {counter}-- && {self.condition(1)};) {{")
        saved = dict(self.scope)
        self.scope[counter] = "u32"
        self.block(self.rng.randrange(1, 4))
        self.depth += 1
        if self.chance(50):
            self.line(f"if ({self.condition(1)})")
            self.line(f"\t{self.pick('break', 'continue')};")
            self.block(self.rng.randrange(1, 3))
        self.depth -= 1
        self.scope = saved
        self.line("}")
        self.in_loop = was

    def declare(self):
        what = self.rng.randrange(10)
        if what < 6:
            kind = self.rng.choice(WEIGHTED)
            name = self.name("v")
            self.line(f"{kind} {name} = {self.tamed(kind, self.expression(kind, 2))};")
            self.scope[name] = self.writable[name] = kind
        elif what < 9:
            kind = self.rng.choice(INTEGERS + ["u32", "u64", "f32", "f64", "u16x2"])
            name, size = self.name("a"), self.pick(2, 4, 8, 16)
            self.line(f"{kind} {name}[{size}];")
            self.line(f"for (u32 j = 0; j < {size}; j++)")
            self.line(f"\t{name}[j] = {self.converted(kind, 'j * ' + self.leaf('u32'), 'u32')};")
            self.arrays.append((name, kind, size))
        else:
            name = self.name("b")
            fields = [(self.pick("u32", "i32", "u16", "i64", "u64"), self.rng.randrange(1, 15)) for _ in range(4)]
            self.line(f"struct {{ {' '.join(f'{t} f{i} : {n};' for i, (t, n) in enumerate(fields))} }} {name};")
            for i, (kind, _) in enumerate(fields):
                self.line(f"{name}.f{i} = ({kind})({self.leaf('u32')});")
                self.scope[f"{name}.f{i}"] = self.writable[f"{name}.f{i}"] = kind

    def own(self):
        """Memory of the item itself."""
        if not self.memory or self.pure:
            self.assign()
            return
        kind = self.rng.choice(["u32", "u32", "u16", "u8", "u64", "i32", "u32x2", "u16x2"])
        size = {"u8": 1, "u16": 2, "u64": 8, "u32x2": 8}.get(kind, 4)
        slot = self.rng.randrange(64 // size)
        what = self.rng.randrange(12)
        if what == 10:
            self.line(f"STORE_THREE(own, {self.rng.randrange(14)}, {', '.join(self.expression('u32', 1) for _ in range(3))});")
        elif what == 11:
            names = [n for n, k in self.writable.items() if k == "u32"]
            if names:
                self.line(f"{self.rng.choice(names)} += LOAD_THREE(own, {self.rng.randrange(14)});")
        elif what < 3:
            self.line(f"STORE_AT({kind}, own, {slot * size}, {self.expression(kind, 2)});")
        elif what < 6:
            kind = self.pick("u32", "i32", "u64", "i64")
            size = BITS[kind] // 8
            where = f"({kind} OWN_SPACE *)own + {self.rng.randrange(64 // size)}"
            result = [n for n, k in self.writable.items() if k == kind and "." not in n]
            function = self.pick("add", "sub", "and", "or", "xor", "min", "max", "exchange", "compare")
            value = self.expression(kind, 1)
            if function == "compare":
                call = f"COMPARE_EXCHANGE({kind}, {where}, {self.expression(kind, 1)}, {value})"
            elif function == "exchange":
                call = f"__atomic_exchange_n({where}, {value}, __ATOMIC_RELAXED)"
            else:
                call = f"__atomic_fetch_{function}({where}, {value}, __ATOMIC_RELAXED)"
            self.line(f"{self.rng.choice(result)} = {call};" if result and self.chance(70) else f"(void){call};")
        elif what < 8:
            kind = self.pick("u32", "u64", "i32", "i64")
            functions = ["add", "xor", "min", "max", "or", "and"]
            function = self.rng.choice(functions)
            at = functions.index(function) * 4 + INTEGERS.index(kind) % 4 * 24
            if kind in ("u64", "i64"):
                where = f"({kind} GLOBAL *)(shared + {at // 2 * 2}) + ({self.leaf('u32')} & 1)"
            else:
                where = f"({kind} GLOBAL *)(shared + {at}) + ({self.leaf('u32')} & 3)"
            self.line(f"(void)__atomic_fetch_{function}({where}, {self.expression(kind, 1)}, __ATOMIC_RELAXED);")
        else:
            names = [n for n, k in self.writable.items() if k == kind]
            if names:
                self.line(f"{self.rng.choice(names)} = LOAD_OWN({kind}, own, {slot * size});")

    def statement(self):
        what = self.rng.randrange(100)
        if what < 45 or self.depth > 4:
            self.assign()
        elif what < 55:
            self.store_array()
        elif what < 65:
            self.declare()
        elif what < 75:
            self.own()
        elif what < 87:
            self.condition_statement()
        elif what < 91:
            self.switch_statement()
        elif self.depth < 3:
            self.loop_statement()
        else:
            self.assign()

    # ---- functions ----

    def begin(self, scope):
        self.text, self.scope, self.writable, self.arrays = [], dict(scope), dict(scope), []
        self.depth, self.in_loop = 1, False

    def function(self, kind=None, parameters=None):
        kind = kind or self.rng.choice(WEIGHTED)
        parameters = parameters or [self.rng.choice(WEIGHTED) for _ in range(self.rng.randrange(1, 6))]
        self.begin({f"p{i}": its for i, its in enumerate(parameters)})
        self.pure, calls = True, self.calls
        for _ in range(self.rng.randrange(1, 5)):
            self.statement()
            if self.chance(15):
                self.line(f"if ({self.condition(1)})")
                self.line(f"\treturn {self.expression(kind, 1)};")
        self.line(f"return {self.expression(kind, 2)};")
        name = f"function_{self.number}_{len(self.functions)}"
        head = ", ".join(["const IN_SPACE u32 *in"] + [f"{its} p{i}" for i, its in enumerate(parameters)])
        shape = self.pick("NOINLINE", "NOINLINE", "static")
        self.functions.append(f"{shape} UNUSED {kind} {name}({head})\n{{\n" + "\n".join(self.text) + "\n}\n")
        self.calls = calls + [(name, kind, parameters)]
        self.pure = False
        return name, kind, parameters

    def pointers(self):
        """Functions that are called by address: which of them, lanes do not agree upon."""
        name, kind, parameters = self.function()
        other, _, _ = self.function(kind, parameters)
        types = ", ".join(["const IN_SPACE u32 *"] + parameters)
        self.functions.append(f"static {kind} (*const pointers_{self.number}[2])({types}) = {{{name}, {other}}};\n")
        self.calls = self.calls + [(f"pointers_{self.number}[%s & 1]", kind, parameters)]

    FIELDS = {f"s->{name}[{i}]": kind for name, kind in
              {"u": "u32", "l": "u64", "d": "f64", "f": "f32", "h": "f16", "p": "u16x2", "q": "f16x2"}.items()
              for i in range(4 if name == "u" else 2)}

    # where the memory of an item is, and which pointers a piece is given to it
    SPACES = {"GLOBAL": "GLOBAL", "generic GLOBAL": "", "LOCAL": "LOCAL", "generic LOCAL": ""}

    @staticmethod
    def call(name, space):
        """Of a piece, on the GPU."""
        own = "own + number * OWN_WORDS"
        if space.endswith("GLOBAL"):
            return f"{name}(&item, (const IN_SPACE u32 *)in, {'(u32 *)' * (space != 'GLOBAL')}({own}), shared, id);\n"
        return (f"for (u32 i = 0; i < OWN_WORDS; i++)\n\tlds_own[id * OWN_WORDS + i] = ({own})[i];\n"
                f"{name}(&item, (const IN_SPACE u32 *)in, {'(u32 *)' * (space != 'LOCAL')}(lds_own + id * OWN_WORDS), shared, id);\n"
                f"for (u32 i = 0; i < OWN_WORDS; i++)\n\t({own})[i] = lds_own[id * OWN_WORDS + i];\n")

    def piece(self, index, uniform):
        self.begin(self.FIELDS)
        if not uniform:
            self.scope["id"] = "u32"
        self.pure = uniform
        for _ in range(self.rng.randrange(4, 14)):
            self.statement()
        self.pure = False
        name = f"piece_{self.number}_{index}"
        space = "GLOBAL" if uniform else self.rng.choice(list(self.SPACES))
        shape = self.pick("INLINE", "INLINE", "NOINLINE")
        self.functions.append(
            f"#undef OWN_SPACE\n#define OWN_SPACE {self.SPACES[space]}\n"
            f"{shape} void {name}(struct item *s, const IN_SPACE u32 *in, OWN_SPACE u32 *own, GLOBAL u32 *shared, u32 id)\n{{\n"
            "\t(void)in, (void)own, (void)shared, (void)id;\n" + "\n".join(self.text) + "\n}\n")
        return name, space

    # ---- waves and groups ----

    def wave_operation(self, items):
        """GPU's and host's text of an operation: an expression of old and src, and a call of the model."""
        rng = self.rng
        full = items % 64 == 0
        ctrl = rng.choice([rng.randrange(256), 0x100 + rng.randrange(1, 16), 0x110 + rng.randrange(1, 16),
                           0x120 + rng.randrange(1, 16), 0x140, 0x141, 0x150 + rng.randrange(16), 0x160 + rng.randrange(16)])
        rows, banks, bound = self.pick(15, 15, rng.randrange(16)), self.pick(15, 15, rng.randrange(16)), rng.randrange(2)
        pattern = self.pick(0x8000 | rng.randrange(256), rng.randrange(0x8000))
        select8 = sum(rng.randrange(8) << (3 * i) for i in range(8))
        low, high = rng.getrandbits(32), rng.getrandbits(32)
        flip = rng.randrange(32)
        lane = rng.randrange(8)
        choices = [
            (f"WAVE_DPP(old, src, {ctrl:#x}, {rows}, {banks}, {bound})", f"wave_dpp(&w, {ctrl:#x}, {rows}, {banks}, {bound})", True),
            (f"WAVE_SWIZZLE(old, src, {pattern:#x})", f"wave_swizzle(&w, {pattern:#x})", True),
            ("WAVE_BPERMUTE(old, src)", "wave_bpermute(&w)", True),
            (f"WAVE_PERMUTE(old, src, {flip})", f"wave_permute(&w, {flip})", True),
            ("WAVE_FIRST(old, src)", "wave_reduce(&w, 0)", True),
            ("WAVE_BALLOT(old, src)", "wave_reduce(&w, 1)", True),
            ("WAVE_COUNT(old, src)", "wave_count(&w)", True),
            (f"WAVE_READLANE(old, src, {lane})", f"wave_readlane(&w, {lane})", False),
            (f"WAVE_DPP8(old, src, {select8:#x})", f"wave_dpp8(&w, {select8:#x})", not full),
        ]
        if full:
            choices += [
                (f"WAVE_PERMLANE(old, src, {low:#x}u, {high:#x}u)", f"wave_permlane(&w, {low:#x}u, {high:#x}u, 0)", False),
                (f"WAVE_PERMLANEX(old, src, {low:#x}u, {high:#x}u)", f"wave_permlane(&w, {low:#x}u, {high:#x}u, 16)", False),
            ]
        return rng.choice(choices + choices[:1] * 4)

    def across(self, items):
        gpu, host, divergent = self.wave_operation(items)
        saved = self.scope, self.arrays, self.memory
        self.scope, self.arrays, self.memory = dict(self.FIELDS), [], False
        calls, self.calls = self.calls, []
        src, old = self.expression("u32", 1), self.expression("u32", 1)
        when = self.condition(1) if divergent and self.chance(40) else "1"
        self.scope, self.arrays, self.memory = saved
        self.calls = calls
        to = f"s->u[{self.rng.randrange(4)}]"
        how = self.pick("^=", "+=", "=", "-=", "&=", "|=")
        device = ("{\n\tstruct item *s = &item;\n\tif (" + when + ") {\n\t\tu32 old = " + old + ", src = " + src +
                  ";\n\t\t(void)old;\n\t\t" + to + " " + how + " " + gpu + ";\n\t}\n}\n")
        model = ("{\n\tstatic struct wave w;\n\tw.items = " + str(items) + ";\n\tfor (u32 i = 0; i < " + str(items) +
                 "; i++) {\n\t\tstruct item *s = &item[i];\n\t\tw.active[i] = !!(" + when + ");\n\t\tw.old[i] = " + old +
                 ";\n\t\tw.src[i] = " + src + ";\n\t}\n\t" + host + ";\n\tFOR_ACTIVE(&w, i)\n\t{\n\t\tstruct item *s = &item[i];\n"
                 "\t\t" + to + " " + how + " w.dst[i];\n\t}\n}\n")
        return device, model

    def exchange(self, items):
        """Through LDS, to another item and wave."""
        kind = self.pick("u8", "u16", "u32", "u64", "u32x4", "i16", "i8")
        member = {"u64": "l", "u32x4": "u"}.get(kind, "u")
        step = self.rng.choice([n for n in range(1, 2 * items, 2) if _coprime(n, items)])
        add = self.rng.randrange(items)
        offset = self.rng.randrange(0, 3) * 4
        if kind == "u32x4":
            put, take = "(u32x4){s->u[0], s->u[1], s->u[2], s->u[3]}", "s->u[0] = x.x, s->u[1] = x.y, s->u[2] ^= x.z, s->u[3] += x.w"
            offset = 0
        else:
            i, j = self.rng.randrange(2), self.rng.randrange(2)
            put, take = f"({kind})s->{member}[{i}]", f"s->{member}[{j}] ^= ({'u64' if member == 'l' else 'u32'})x"
        read = f"(id * {step} + {add}) % {items}"
        device = (f"{{\n\tstruct item *s = &item;\n\t{kind} x;\n\tLDS({kind})[id] = {put};\n\tsync();\n\tx = LDS({kind})[{read}];\n"
                  f"\t{take};\n\tsync();\n}}\n")
        model = (f"{{\n\tstatic {kind} lds[ITEMS_MAX];\n\tfor (u32 id = 0; id < {items}; id++) {{\n\t\tstruct item *s = &item[id];\n"
                 f"\t\tlds[id] = {put};\n\t}}\n\tfor (u32 id = 0; id < {items}; id++) {{\n\t\tstruct item *s = &item[id];\n"
                 f"\t\t{kind} x = lds[{read}];\n\t\t{take};\n\t}}\n}}\n")
        return device, model

    def histogram(self, items):
        """Atomics in LDS whose order does not matter."""
        kind = self.pick("u32", "i32", "u64", "i64")
        member = "l" if kind[1:] == "64" else "u"
        function = self.pick("add", "sub", "xor", "min", "max", "or", "and")
        first = self.rng.getrandbits(BITS[kind] - 1)
        i, j = self.rng.randrange(2), self.rng.randrange(2)
        at, value = f"s->u[{i}] & 15", f"({kind})s->{member}[{j}]"
        take = f"s->{member}[{i}] += ({unsigned(kind)})"
        device = (f"{{\n\tstruct item *s = &item;\n\tif (id < 16)\n\t\tLDS({kind})[id] = ({kind}){first}ull;\n\tsync();\n"
                  f"\t(void)__atomic_fetch_{function}(LDS({kind}) + ({at}), {value}, __ATOMIC_RELAXED);\n\tsync();\n"
                  f"\t{take}LDS({kind})[id & 15];\n\tsync();\n}}\n")
        model = (f"{{\n\t{kind} lds[16];\n\tfor (u32 i = 0; i < 16; i++)\n\t\tlds[i] = ({kind}){first}ull;\n"
                 f"\tfor (u32 id = 0; id < {items}; id++) {{\n\t\tstruct item *s = &item[id];\n"
                 f"\t\t(void)__atomic_fetch_{function}(lds + ({at}), {value}, __ATOMIC_RELAXED);\n\t}}\n"
                 f"\tfor (u32 id = 0; id < {items}; id++) {{\n\t\tstruct item *s = &item[id];\n\t\t{take}lds[id & 15];\n\t}}\n}}\n")
        return device, model

    # ---- the whole ----

    def write(self):
        items = self.pick(64, 64, 128, 192, 72, 104, 136)
        for _ in range(self.rng.randrange(4)):
            self.function()
        if self.chance(25):
            self.pointers()
        device, model = [], []
        for index in range(self.rng.randrange(2, 5)):
            uniform = self.chance(30)
            name, space = self.piece(index, uniform)
            if uniform:
                device.append(f"{name}(&common, (const IN_SPACE u32 *)in, own, shared, 7);\n")
                model.append(f"{name}(&common, in, own, shared, 7);\n")
                device.append("item.u[1] ^= common.u[0], item.l[0] += common.l[1], item.f[1] = common.f[0];\n")
                model.append(f"for (u32 id = 0; id < {items}; id++)\n\titem[id].u[1] ^= common.u[0], item[id].l[0] += common.l[1], "
                             "item[id].f[1] = common.f[0];\n")
            else:
                device.append(self.call(name, space))
                model.append(f"for (u32 id = 0; id < {items}; id++)\n\t{name}(&item[id], in, own + (group * {items} + id) * OWN_WORDS, "
                             "shared, id);\n")
            for _ in range(self.rng.randrange(4)):
                one = self.pick(self.across, self.across, self.across, self.exchange, self.histogram)(items)
                device.append(one[0])
                model.append(one[1])
        constants = ", ".join(f"{self.rng.getrandbits(32):#x}u" for _ in range(16))
        # from where all lanes read: constant memory has scalar loads
        space = self.pick("GLOBAL", "CONSTANT", "")
        functions = "\n".join(self.functions)
        shape = self.pick((items, 1, 1), (items, 1, 1), (8, items // 8, 1), (items // 8, 2, 4))
        flat = "__builtin_amdgcn_workitem_id_x()"
        if shape[1] > 1:
            flat += f" + __builtin_amdgcn_workitem_id_y() * {shape[0]}"
        if shape[2] > 1:
            flat += f" + __builtin_amdgcn_workitem_id_z() * {shape[0] * shape[1]}"
        return shape, (
            f"#undef IN_SPACE\n#define IN_SPACE {space}\n#undef table\n#define table table_{self.number}\n"
            f"static const u32 table[16] = {{{constants}}};\n\n{functions}\n#if DEVICE\n"
            f"__attribute__((amdgpu_kernel))\n"
            f"void kernel_{self.number}(const GLOBAL u32 *in, GLOBAL u32 *out, GLOBAL u32 *own, GLOBAL u32 *shared)\n{{\n"
            f"u32 id = {flat}, group = __builtin_amdgcn_workgroup_id_x(), number = group * {items} + id;\n"
            "struct item item, common;\nitem_init(&item, number);\nitem_init(&common, group + 1000);\n"
            + "".join(device) +
            "item.u[0] ^= common.u[3];\nitem_out(out + number * OUT_WORDS, &item);\n}\n#else\n"
            f"static void program_{self.number}(u32 wave, u32 group, const u32 *in, u32 *out, u32 *own, u32 *shared)\n{{\n"
            "static struct item item[ITEMS_MAX];\nstruct item common;\nwave_size = wave;\n"
            f"for (u32 id = 0; id < {items}; id++)\n\titem_init(&item[id], group * {items} + id);\nitem_init(&common, group + 1000);\n"
            + "".join(model) +
            f"for (u32 id = 0; id < {items}; id++) {{\n\titem[id].u[0] ^= common.u[3];\n"
            f"\titem_out(out + (group * {items} + id) * OUT_WORDS, &item[id]);\n}}\n}}\n#endif\n")


def _coprime(a, b):
    while b:
        a, b = b, a % b
    return a == 1


def source(seed, programs):
    rng = random.Random(seed)
    texts = [Program(rng, number).write() for number in range(programs)]
    table = ",\n".join(f"\t{{{{{x}, {y}, {z}}}, program_{number}}}" for number, ((x, y, z), _) in enumerate(texts))
    return (f"/* seed {seed} */\n#include \"isa_random.h\"\n\n" + "\n".join(text for _, text in texts) +
            "\n#if !DEVICE\nconst struct {\n\tu32 size[3];\n\tvoid (*run)(u32, u32, const u32 *, u32 *, u32 *, u32 *);\n"
            f"}} random_programs[] = {{\n{table}\n}};\nconst u32 random_count = {programs};\n#endif\n")


def run(command, **options):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)


def compiles(command):
    """False: it is the compiler that does not survive it."""
    result = run(command)
    if result.returncode and "PLEASE" not in result.stdout and "fatal error" not in result.stdout:
        sys.exit(f"not compiled:\n{' '.join(command)}\n{result.stdout[-4000:]}")
    return result.returncode == 0


def try_seed(options, seed, builds, folder):
    """The output of the runner, and whether all is well."""
    text = folder / f"{seed}.c"
    text.write_text(source(seed, options.programs), encoding="ascii")
    host = folder / f"{seed}.so"
    compiles([options.clang, *COMMON, *HOST, str(text), "-o", str(host), "-lm"])
    objects = []
    for (processor, wave), level in builds:
        path = folder / f"{seed}{level}-{processor}-{wave}.co"
        option = "-mwavefrontsize64" if wave == 64 else "-mno-wavefrontsize64"
        variant = random.Random(f"{seed} {level} {processor} {wave}").choice(VARIANTS) if options.variants else []
        command = [options.clang, *COMMON, *GPU, *variant, f"-mcpu={processor}", option, level, str(text), "-o", str(path)]
        if compiles(command):
            objects.append(str(path))
        else:
            print(f"seed {seed}: the compiler does not survive {' '.join(command)}")
    if not objects:
        return subprocess.CompletedProcess([], 0, "0 work-groups, 0 instructions")
    result = run([options.run, str(host), *objects])
    if result.returncode == 0 and not options.keep:
        for path in [text, host, *objects]:
            os.unlink(path)
    return result


def builds_of(options, seed):
    if options.all:
        return [(target, level) for level in LEVELS for target in TARGETS]
    return [(TARGETS[seed % len(TARGETS)], LEVELS[(seed + seed // len(TARGETS)) % len(LEVELS)])]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--clang", default="clang-19")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--programs", type=int, default=3)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--variants", action="store_true")
    parser.add_argument("--keep")
    options = parser.parse_args()
    failed, groups, instructions = [], 0, 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(options.keep or temporary)
        folder.mkdir(exist_ok=True)
        for seed in range(options.seed, options.seed + options.count):
            result = try_seed(options, seed, builds_of(options, seed), folder)
            if result.returncode:
                failed.append(seed)
                more = " --all" * options.all + " --variants" * options.variants
                print(f"seed {seed}:\n{result.stdout}again: {sys.argv[0]} {options.run} --seed {seed} --count 1 "
                      f"--programs {options.programs}{more} --keep FOLDER\n", flush=True)
            else:
                words = result.stdout.split()
                groups, instructions = groups + int(words[0]), instructions + int(words[2])
    print(f"{options.count} seeds of {options.programs} programs, {groups} work-groups, {instructions} instructions of waves")
    if failed:
        sys.exit(f"these seeds differ: {failed}")
    if not groups:
        sys.exit("nothing was executed")


if __name__ == "__main__":
    main()
