# SPDX-License-Identifier: MIT
"""Prints everything about a thunk header that a compiled program depends on.

usage: header_facts.py CC LAYOUT|none INCLUDE_DIR... -- HEADER

One line per fact: size of every type, offset and size of every field, bits of every bit-field, value of every
enumerator, object-like macro and UUID.  Types, fields and enumerators are read from the preprocessed header
itself, so two headers can be compared without a list that would have to be kept.
"""
import re
import subprocess
import sys
import tempfile


def preprocess(cc, flags, header, *extra):
    source = f"#include <{header}>\n"
    return subprocess.run([cc, *flags, "-E", *extra, "-x", "c", "-"], input=source, text=True,
                          capture_output=True, check=True).stdout


def own_text(text):
    """The part of the preprocessed text that comes from thunk headers."""
    keep, out = False, []
    for line in text.splitlines():
        if line.startswith("# "):
            keep = "hsakmt" in line.split('"')[1]
        elif keep and not line.startswith("#"):
            out.append(line)
    return "\n".join(out)


def tokens(text):
    return re.findall(r"[A-Za-z_]\w*|0[xX][0-9a-fA-F]+\w*|\d+\w*|[{}()\[\];:,=*]|[^\sA-Za-z_]", text)


class Parser:
    """Just enough C: typedefs of structs, unions and enums, nested and anonymous."""

    def __init__(self, toks):
        self.toks, self.pos = toks, 0
        self.types, self.fields, self.enumerators = [], [], []

    def peek(self):
        return self.toks[self.pos] if self.pos < len(self.toks) else None

    def take(self):
        self.pos += 1
        return self.toks[self.pos - 1]

    def skip_to(self, end):
        depth = 0
        while True:
            token = self.take()
            if token in "{([":
                depth += 1
            elif token in "})]":
                depth -= 1
            elif token == end and depth == 0:
                return

    def enum_body(self):
        while self.peek() != "}":
            self.enumerators.append(self.take())
            while self.peek() not in (",", "}"):
                self.take()
            if self.peek() == ",":
                self.take()
        self.take()

    def body(self):
        """Members up to the closing brace: list of (path, is_bitfield)."""
        members = []
        while self.peek() != "}":
            while self.peek() in ("__extension__", "const", "volatile"):
                self.take()
            if self.peek() in ("struct", "union") and "{" in self.toks[self.pos + 1:self.pos + 3]:
                while self.take() != "{":
                    pass
                inner = self.body()
                if self.peek() == ";":
                    members += inner
                else:
                    name = self.take()
                    members += [(name, False)] + [(f"{name}.{path}", bits) for path, bits in inner]
                self.skip_to(";")
                continue
            declaration = []
            while self.peek() != ";":
                declaration.append(self.take())
            self.take()
            bits = ":" in declaration
            end = declaration.index(":") if bits else len(declaration)
            if "[" in declaration:
                end = min(end, declaration.index("["))
            members.append((declaration[end - 1], bits))
        self.take()
        return members

    def parse(self):
        while self.peek() is not None:
            while self.peek() == "__extension__":
                self.take()
            if self.peek() != "typedef":
                self.take()
                continue
            self.take()
            kind = self.peek()
            if kind in ("struct", "union", "enum") and "{" in self.toks[self.pos + 1:self.pos + 3]:
                while self.take() != "{":
                    pass
                members = self.enum_body() or [] if kind == "enum" else self.body()
                name = self.take()
                self.types.append(name)
                self.fields += [(name, path, bits) for path, bits in members]
                self.skip_to(";")
                continue
            declaration = []
            while self.peek() != ";":
                declaration.append(self.take())
            self.take()
            end = declaration.index("[") if "[" in declaration else len(declaration)
            self.types.append(declaration[end - 1])


def main():
    cc, layout, *rest = sys.argv[1:]
    split = rest.index("--")
    flags = [f"-I{path}" for path in rest[:split]] + ([] if layout == "none" else [f"-DHSAKMT_LAYOUT={layout}"])
    header = rest[split + 1]
    text = own_text(preprocess(cc, flags, header))
    parser = Parser(tokens(text))
    parser.parse()
    if len(parser.types) < 50 or len(parser.fields) < 200 or len(parser.enumerators) < 100:
        sys.exit(f"{header}: too little found, the parser does not understand it")
    uuids = re.findall(r"static\s+const\s+HSA_UUID\s+(\w+)", text)
    macros = []
    for match in re.finditer(r"^#define (\w+) (\S.*)$", preprocess(cc, flags, header, "-dM"), re.M):
        if re.match(r"(HSA|INVALID_)", match[1]) and re.match(r"[-(]?\d", match[2]):
            macros.append(match[1])

    code = ["#include <stddef.h>", "#include <stdio.h>", "#include <string.h>", f"#include <{header}>",
            "static void bits(const char *name, const void *p, size_t n)",
            "{ printf(\"%s\", name); while (n--) printf(\" %02x\", ((const unsigned char *)p)[n]); puts(\"\"); }",
            "int main(void)", "{"]
    for name in sorted(set(parser.types)):
        code.append(f'printf("size {name} %zu\\n", sizeof({name}));')
    for name, path, is_bits in parser.fields:
        if is_bits:
            code.append(f'{{ {name} x; memset(&x, 0, sizeof(x)); x.{path} = -1;'
                        f' bits("bits {name}.{path}", &x, sizeof(x)); }}')
        else:
            code.append(f'printf("field {name}.{path} %zu %zu\\n", offsetof({name}, {path}),'
                        f' sizeof((({name} *)0)->{path}));')
    for name in parser.enumerators:
        code.append(f'printf("enum {name} %lld\\n", (long long){name});')
    for name in sorted(macros):
        code.append(f'printf("macro {name} %llu\\n", (unsigned long long)({name}));')
    for name in uuids:
        code.append(f'bits("uuid {name}", &{name}, sizeof({name}));')
    code += ["return 0;", "}"]
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/facts.c", "w", encoding="utf-8") as stream:
            stream.write("\n".join(code))
        subprocess.run([cc, "-w", *flags, "-o", f"{work}/facts", f"{work}/facts.c"], check=True)
        sys.stdout.write(subprocess.run([f"{work}/facts"], text=True, capture_output=True, check=True).stdout)


main()
