#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's rocminfo and ROCr, unmodified, on our library and the simulator.

usage: rocminfo.py DXGSIM LIBRARY_DIRECTORY

Exit 77 (skipped) where rocminfo is not installed.
"""

import os
import re
import shutil
import subprocess
import sys

DXGSIM, LIBRARY_DIRECTORY = sys.argv[1:]

ADAPTERS = {
    "rx6800": ("gfx1030", "AMD Radeon RX 6800"),
    "radeon680m": ("gfx1035", "AMD Radeon 680M"),
    "rx7900xtx": ("gfx1100", "AMD Radeon RX 7900 XTX"),
    "rx7600mxt": ("gfx1102", "AMD Radeon RX 7600M XT"),
    "radeon780m": ("gfx1103", "AMD Radeon 780M"),
    "w7900": ("gfx1100", "AMD Radeon P"),  # PRO or Pro W7900
    "rx9070xt": ("gfx1201", "AMD Radeon RX 9070 XT"),
    "strixhalo": ("gfx1151", "Radeon 8060S"),
    "compute-only": ("gfx1201", "AMD"),
}

failures = 0
passes = 0


def rocminfo(adapters, preload=False, **environment):
    command = [DXGSIM]
    for adapter in adapters:
        command += ["--adapter", adapter]
    env = dict(os.environ, **environment)
    library = os.path.join(LIBRARY_DIRECTORY, "libhsakmt.so.1")
    # set behind the launcher, so that the program alone gets the library
    variable = f"LD_PRELOAD={library}" if preload else f"LD_LIBRARY_PATH={LIBRARY_DIRECTORY}"
    if preload:
        command += ["--", "sh", "-c", f'LD_PRELOAD="{library}:$LD_PRELOAD" exec rocminfo']
    else:
        command += ["--", "env", variable, "rocminfo"]
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    agents = re.split(r"^Agent \d+ *$", run.stdout, flags=re.M)[1:]
    found = []
    for text in agents:
        fields = dict(
            (key.strip(), value.strip()) for key, value in re.findall(r"^  ([A-Z][\w ]*?): +(.*?) *$", text, flags=re.M)
        )
        found.append((fields.get("Device Type"), fields.get("Name"), fields.get("Marketing Name")))
    return run, found


def known_to_rocr():
    """The adapters whose gfx version this ROCr has in its table; the others it leaves out without a word."""
    for directory in ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/opt/rocm/lib"):
        path = os.path.join(directory, "libhsa-runtime64.so.1")
        if os.path.exists(path):
            with open(path, "rb") as stream:
                text = stream.read()
            return {name for name, (gfx, _) in ADAPTERS.items() if gfx.encode() + b"\0" in text}
    return set()


def check(title, run, found, gpus):
    global failures, passes
    problems = []
    if run.returncode != 0:
        problems.append(f"exit status {run.returncode}")
    if [kind for kind, _, _ in found].count("CPU") < 1:
        problems.append("no CPU agent")
    got = [(name, marketing) for kind, name, marketing in found if kind == "GPU"]
    if len(got) != len(gpus) or any(
        g[0] != want[0] or want[1] not in (g[1] or "") for g, want in zip(got, gpus)
    ):
        problems.append(f"GPU agents {got}, wanted {gpus}")
    if problems:
        failures += 1
        print(f"FAIL {title}: {'; '.join(problems)}\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}")
    else:
        passes += 1
        print(f"ok   {title}")
    return run


def main():
    if not shutil.which("rocminfo"):
        print("rocminfo is not installed")
        return 77
    known = known_to_rocr()
    if "rx6800" not in known or "radeon680m" not in known:
        print("this ROCr does not know the adapters of the test")
        return 77
    both = [ADAPTERS["rx6800"], ADAPTERS["radeon680m"]]
    check("the default adapters", *rocminfo([]), both)
    check("the default adapters, library preloaded", *rocminfo([], preload=True), both)
    for name, (gfx, marketing) in ADAPTERS.items():
        if name in known:
            check(f"{name} alone", *rocminfo([name]), [(gfx, marketing)])
        else:
            check(f"{name} alone, of a gfx version this ROCr leaves out", *rocminfo([name]), [])
        check(
            f"{name} alone, presented as gfx1030",
            *rocminfo([name], HSA_OVERRIDE_GFX_VERSION="10.3.0"),
            [("gfx1030", marketing)],
        )
    check("foreign beside rx6800", *rocminfo(["foreign", "rx6800"]), [ADAPTERS["rx6800"]])
    check("rx6800, an integrated GPU and foreign", *rocminfo(["foreign", "radeon680m", "rx6800"]), both)
    check("foreign alone", *rocminfo(["foreign"]), [])
    check("no virtual GPU", *rocminfo(["none"]), [])
    check("an old host", *rocminfo(["rx6800,host=27"]), [ADAPTERS["rx6800"]])
    check("no statistics, paging that is never pending", *rocminfo(["rx6800,statistics=off,pending=never"]), [ADAPTERS["rx6800"]])
    check("paging that is always pending", *rocminfo(["rx6800,pending=always,paging-fence=1000"]), [ADAPTERS["rx6800"]])
    check("hardware scheduling", *rocminfo(["rx7900xtx,hws"], HSA_OVERRIDE_GFX_VERSION="10.3.0"), [("gfx1030", "AMD Radeon RX 7900 XTX")])
    check("without resizable BAR", *rocminfo(["rx6800,rebar=off"]), [ADAPTERS["rx6800"]])
    check("asynchronous messages", *rocminfo(["rx6800,async"]), [ADAPTERS["rx6800"]])
    print(f"{passes} passed, {failures} failed")
    return 1 if failures else 0


sys.exit(main())
