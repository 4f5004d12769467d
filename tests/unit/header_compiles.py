# SPDX-License-Identifier: MIT
"""Compiles every public header alone, as C and as C++, in every layout, without a warning.

usage: header_compiles.py INCLUDE_DIR DRM_FLAGS COMPILER...
"""
import os
import shutil
import subprocess
import sys

LAYOUTS = (356, 360, 364, 368, 376, 392, 396)
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]


def compiles(compiler, language, flags, source):
    command = [compiler, "-fsyntax-only", *WARNINGS, *flags, "-x", language, "-"]
    result = subprocess.run(command, input=source, text=True, stderr=subprocess.PIPE, check=False)
    if result.returncode:
        print(f"{' '.join(command)}\n{source}{result.stderr}")
    return result.returncode == 0


def main():
    include, drm_flags, *compilers = sys.argv[1:]
    headers = sorted(os.listdir(os.path.join(include, "hsakmt")))
    good = len(headers) >= 5
    count = 0
    for compiler in filter(shutil.which, compilers):
        language = "c++" if "+" in compiler else "c"
        for layout in LAYOUTS:
            flags = [f"-I{include}", f"-DHSAKMT_LAYOUT={layout}", *drm_flags.split()]
            size = (f"#include <hsakmt/hsakmt.h>\ntypedef char check[sizeof(HsaNodeProperties) == {layout}"
                    " && sizeof(HSA_QUEUE_PRIORITY) == 8 ? 1 : -1];\n")
            good &= compiles(compiler, language, flags, size)
            for header in headers:
                good &= compiles(compiler, language, flags, f"#include <hsakmt/{header}>\nextern int used;\n")
                count += 1
    unknown = subprocess.run([compilers[0], "-fsyntax-only", f"-I{include}", "-DHSAKMT_LAYOUT=400", "-x", "c", "-"],
                             input="#include <hsakmt/layout.h>\n", text=True, stderr=subprocess.PIPE, check=False)
    good &= unknown.returncode != 0
    print(f"{count} compilations")
    sys.exit(not good or not count)


main()
