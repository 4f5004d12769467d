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

# ROCr 5.2.3 knows gfx1010..gfx1013 and gfx1030..gfx1035; a GPU of another version it leaves out without a word.
KNOWN_TO_ROCR = {
    "rx6800": ("gfx1030", "AMD Radeon RX 6800"),
    "radeon680m": ("gfx1035", "AMD Radeon 680M"),
}
UNKNOWN_TO_ROCR = {
    "rx7900xtx": "AMD Radeon RX 7900 XTX",
    "rx7600mxt": "AMD Radeon RX 7600M XT",
    "radeon780m": "AMD Radeon 780M",
    "w7900": "AMD Radeon P",  # PRO or Pro W7900
    "rx9070xt": "AMD Radeon RX 9070 XT",
    "strixhalo": "Radeon 8060S",
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
    both = [KNOWN_TO_ROCR["rx6800"], KNOWN_TO_ROCR["radeon680m"]]
    check("the default adapters", *rocminfo([]), both)
    check("the default adapters, library preloaded", *rocminfo([], preload=True), both)
    for name, agent in KNOWN_TO_ROCR.items():
        check(f"{name} alone", *rocminfo([name]), [agent])
    for name, marketing in UNKNOWN_TO_ROCR.items():
        check(f"{name} alone, left out by this old ROCr", *rocminfo([name]), [])
        check(
            f"{name} alone, presented as gfx1030",
            *rocminfo([name], HSA_OVERRIDE_GFX_VERSION="10.3.0"),
            [("gfx1030", marketing)],
        )
    # the adapter that only the compute-only filter shows is found as any other
    run, found = rocminfo(["compute-only"], HSA_OVERRIDE_GFX_VERSION="10.3.0")
    check("compute-only alone", run, found, [("gfx1030", "AMD")])
    check("foreign beside rx6800", *rocminfo(["foreign", "rx6800"]), [KNOWN_TO_ROCR["rx6800"]])
    check("rx6800, an integrated GPU and foreign", *rocminfo(["foreign", "radeon680m", "rx6800"]), both)
    run, found = rocminfo(["foreign"])
    check("foreign alone", run, found, [])
    run, found = rocminfo(["none"])
    check("no virtual GPU", run, found, [])
    check("an old host", *rocminfo(["rx6800,host=27"]), [KNOWN_TO_ROCR["rx6800"]])
    print(f"{passes} passed, {failures} failed")
    return 1 if failures else 0


sys.exit(main())
