#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dxginfo's list and dump on the simulator, and its exit statuses.

usage: dxginfo.py DXGSIM DXGINFO ADAPTERS, where ADAPTERS is the directory of adapter files
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from random import Random

DXGSIM, DXGINFO, ADAPTERS = map(os.path.abspath, sys.argv[1:4])

AMD = ["rx6800", "radeon680m", "rx7900xtx", "rx7600mxt", "radeon780m", "w7900", "rx9070xt", "strixhalo", "compute-only"]
DISCRETE = ["rx6800", "rx7900xtx", "rx7600mxt", "w7900", "rx9070xt", "compute-only"]
WITH_HWS = ["rx7900xtx", "rx7600mxt", "radeon780m", "w7900", "rx9070xt", "strixhalo", "compute-only"]

# offsets of AMD's part that mean something
KNOWN = [
    0x898, 0x89C, 0xA00, 0xA24, 0xA30, 0xA38, 0xC46, 0xC58, 0xC60, 0xC68, 0xCE4, 0xD04, 0xD60, 0xD84, 0x2A08, 0x2A10,
    0x2E03, 0x2E18, 0x318C, 0x35C4, 0x35D8,
]  # fmt: skip

failures = []
checks = 0


def check(truth, *what):
    global checks
    checks += 1
    if not truth:
        failures.append(" ".join(map(str, what)))
        print("FAIL", *what)


def run(adapters, *arguments, options=(), **environment):
    command = [DXGSIM, *options]
    for adapter in adapters:
        command += ["--adapter", adapter]
    env = dict(os.environ, DXGSIM_ADAPTER_PATH=ADAPTERS)
    env.pop("HSA_OVERRIDE_GFX_VERSION", None)
    env.update(environment)
    return subprocess.run([*command, "--", DXGINFO, *arguments], env=env, capture_output=True, text=True, timeout=120)


def run_in_shell(script, adapters, *arguments):
    command = [DXGSIM, "--adapter", *adapters, "--", "sh", "-c", script, "sh", DXGINFO, *arguments]
    env = dict(os.environ, DXGSIM_ADAPTER_PATH=ADAPTERS)
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)


def expect(status, adapters, *arguments, text="", error="", **more):
    done = run(adapters, *arguments, **more)
    check(
        done.returncode == status and text in done.stdout and error in done.stderr,
        adapters, arguments, f"status {done.returncode}, want {status}, '{text}', '{error}' in:\n{done.stdout}{done.stderr}",
    )  # fmt: skip
    return done


def topology(adapters):
    done = run(adapters, "--json")
    check(done.returncode == 0, adapters, "--json", done.returncode, done.stderr)
    return json.loads(done.stdout)


def comparable(report):
    """Everything but what is of the machine and not of the adapter, or changes from run to run."""
    for adapter in report["adapters"]:
        del adapter["luid"]
    for node in report["nodes"]:
        # of the machine, as is what is made of the LUID where the place on the bus is not known
        names = ["LuidLowPart", "LuidHighPart"]
        if not node["properties"].get("LocationId", {}).get("value"):
            names += ["UniqueID", "KFDGpuID"]
        for name in names:
            node["properties"].pop(name, None)
    for part in ("messages", "kernel", "version"):
        del report[part]
    return report


def differences(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            yield from differences(a.get(key), b.get(key), f"{path}/{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{path}/{i}")
    elif a != b:
        yield f"{path}: {a} and {b}"


def round_trip(spec, place, *options):
    """Dump an adapter, play the dump, and compare what the library makes of the two."""
    path = os.path.join(place, "dumped.ini")
    done = run([spec], "dump", "-o", path, *options)
    check(done.returncode == 0, spec, "dump", done.returncode, done.stderr)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    found = list(differences(comparable(topology([spec])), comparable(topology([path]))))
    check(not found, spec, *options, "differs when it is played:", *found[:20])
    again = os.path.join(place, "again.ini")
    check(run([path], "dump", "-o", again, *options).returncode == 0, spec, "dump of the dump")
    with open(again, encoding="utf-8") as file:
        bytes_of = lambda t: [line for line in t.splitlines() if not line.startswith("#")]  # noqa: E731
        check(bytes_of(file.read()) == bytes_of(text), spec, "the dump of the dump is another")
    return text


def round_trips(place):
    specs = AMD + ["foreign"]
    specs += [name + ",rebar=off" for name in DISCRETE] + [name + ",hws" for name in WITH_HWS]
    specs += ["rx6800,statistics=off", "rx7900xtx,hws,rebar=off", "rx9070xt,atomics=off", "rx6800,host=27"]
    specs += ["foreign,host=27", "rx6800,vram-mib=12288", "rx6800,private=zeroed", "rx6800,private=future"]
    specs += ["rx6800,private=truncated", "rx6800,private=flip:0x1360.0"]
    for spec in specs:
        text = round_trip(spec, place)
        check(max(map(len, text.splitlines())) <= 198, spec, "has lines that are too long")
        if spec in AMD or spec.removesuffix(",hws") in WITH_HWS:
            expect(0, [os.path.join(place, "dumped.ini")], "probe", "--rung", "auto", text="queues work")
    round_trip("rx7900xtx,hws", place, "--all-bytes")
    # values that the file format has no room for are in the bytes all the same
    for patch in (
        "0.0x4360@0x11f8=28", "0.0x4360@0x11f8=00000000", "0.0x4360@0x11fc=ff", "0.0x4360@0x11fd=00", "0.0x4360@0x15bc=5d",
        "0.0x4360@0x15c0=09", "0.0x4360@0x15c8=00000000", "0.0x4360@0x1644=07", "0.0x4360@0x1664=000000000000",
        "0.0x4360@0x1384=00000000", "0.0x4360@0x1390=0100000000000000", "0.0x4360@0x1398=0100000001000000",
        "0.0x4360@0x3368=0100", "0.0x4360@0x3370=ffffffffffffffff", "0.0x4360@0x3778=ff", "0.0x4360@0x3f24=ffffffffffffffff",
        "0.0x4360@0x3f38=ffffffffffffffff", "0.0x4360@0x2c=02000000", "0.0xbc0@0x9b4=ffffffff", "0.0xbc0@0x9b8=ffffffff",
        "3.24@0=0000000000000000", "3.24@16=ffffffffffffffff", "6.12@0=ffffffff", "13.4@0=00000000", "31.28@20=ffffffff",
        "34.12@8=60000000", "49.8@0=0000000000000000", "61.56@16=ffffffffffffffff", "62.64@16=ffffffffffffffff",
        "63.40@16=ffffffffffffffff", "8.2080@0=3b003d0023002200",
    ):  # fmt: skip
        round_trip("rx7900xtx,hws,patch=" + patch, place)


def utf16(text):
    return text.encode("utf-16-le").hex(" ")


def blobs_of(text):
    """The bytes of AMD's two private answers in a dump."""
    blobs = {}
    section = None
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif section and section.startswith("[raw 0 ") and line.startswith("0x"):
            offset, data = line.split(" = ")
            blob = blobs.setdefault(section, bytearray(0x4400))
            data = bytes.fromhex(data)
            blob[int(offset, 16) : int(offset, 16) + len(data)] = data
    return bytes(blobs["[raw 0 0x4360]"]), bytes(blobs["[raw 0 0xbc0]"])


def variant(place, base, more):
    """An adapter file with sections added."""
    path = os.path.join(place, "variant.ini")
    with open(os.path.join(ADAPTERS, base + ".ini"), encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n" + more)
    return path


def nothing_private(place):
    """Paths in every field and in a place nobody knows, and numbers there; those of the GPU stay."""
    more = "[raw 0 0x4360]\n"
    more += f"0x244 = {utf16('SECOND-PATH')}\n"  # of the second GPU
    more += f"0x3001 = {utf16('C:/Users/jane')}\n"  # at an odd offset
    more += f"0x3080 = {utf16('C:/Users/Jürgenson/Иванов')}\n"  # of no single alphabet
    more += f"0x3100 = {b'serial-0123456789-ABC'.hex(' ')}\n"
    more += f"0x3180 = {b'SN98765432'.hex(' ')}\n"
    more += f"0x3200 = {utf16('SN12345678')}\n"
    more += "0x3300 = 01 02 03 04 05 06 07 08\n"
    more += f"\n[raw 0 0xBC0]\n0xa68 = {b'registry/umd'.hex(' ')}\n0x9a0 = aa bb cc dd\n"
    path = variant(place, "rx7900xtx", more)
    for options in ([], ["--all-bytes"]):
        done = run([path], "dump", *options)
        check(done.returncode == 0, "dump of texts", done.stderr)
        large, small = blobs_of(done.stdout)
        for blob in (large, small):
            # 'R', from \Registry, at 0x3c
            for word in ("Registry", "SECOND", "jane", "Users", "rgenson", "Иванов", "SN1234"):
                check(word.encode("utf-16-le") not in blob, word, "is in the dump")
            for word in (b"serial", b"registry", b"SN9876"):
                check(word not in blob, word, "is in the dump")
        check(large[0x960 + 0xA24 : 0x960 + 0xA28] == (100000000).to_bytes(4, "little"), "the counter was removed")
        # a number of unknown meaning may be a serial number: it leaves the machine when it is asked for only
        kept = large[0x3300:0x3308] == bytes(range(1, 9))
        check(kept == bool(options), "unknown bytes", "kept" if kept else "removed", options)
        check(kept or large[0x3300:0x3308] == bytes(8), "unknown bytes are", large[0x3300:0x3308])
        check((small[0x9A0:0x9A4] == b"\xaa\xbb\xcc\xdd") == bool(options), "unknown bytes of the small answer", options)
        check("removed at 0x3c: registry paths" in done.stdout, "no word of the registry paths")
        check(("of unknown meaning" in done.stdout) != bool(options), "no word of what is not known", options)
        check("44332211" not in done.stdout and "88776655" not in done.stdout, "the LUID is in the dump")
        check(os.uname().nodename not in done.stdout or len(os.uname().nodename) < 5, "the host's name is in the dump")


def nothing_private_in_names(place):
    """What stands behind the end of a name, and paths for names."""
    tail = "01 00 02 00 " + utf16("leftover")
    more = f"[raw 8 2080]\n0 = {utf16('AMD Radeon')} 00 00 {tail}\n"
    more += f"0x208 = {utf16('bios-string')}\n"
    more += f"[raw 25 78 1]\n8 = {utf16('Compute')} 00 00 {tail}\n"
    done = run([variant(place, "rx6800", more)], "dump")
    leftover = "leftover".encode("utf-16-le")
    for section in ("[raw 8 0x820]", "[raw 25 0x4e 1]"):
        lines = done.stdout.partition(section)[2].partition("\n[")[0].splitlines()
        data = b"".join(bytes.fromhex(line.split(" = ")[1]) for line in lines if line.startswith("0x"))
        check(data and leftover not in data, section, "has what was behind the name", data)
    check("description = AMD Radeon" in done.stdout, done.stdout[:800])
    check("bios-string".encode("utf-16-le").hex(" ") not in done.stdout, "a string of the BIOS is in the dump")
    for words in ("0x14: behind the name", "0x16: behind the name", "0x208: strings of the BIOS"):
        check("removed at " + words in done.stdout, words, "is not said")
    more = f"[raw 8 2080]\n0 = {utf16(chr(92) + 'Registry' + chr(92) + 'jane')} 00 00\n"
    more += f"[raw 25 78 1]\n8 = {utf16('C:' + chr(92) + 'jane')} 00 00\n"
    path = variant(place, "rx6800", more)
    for arguments in (["dump"], ["list"], ["probe", "--rung", "software"]):
        done = run([path], *arguments)
        check(done.returncode == 0 and "jane" not in done.stdout, arguments, "tells a path:", done.stdout)


def nothing_private_in_messages(place):
    """A device table in the user's home with mistakes, and bytes in it that are no text."""
    home = os.path.join(place, "home", "jane-doe")
    tables = os.path.join(home, "tables")
    os.makedirs(tables, exist_ok=True)
    with open(os.path.join(tables, "mine.csv"), "wb") as file:
        file.write(b"device_id,revision\n\x1b]0;owned\x07\xff\xfe,zz\n")
    for arguments, environment in (
        (["-v"], {"HOME": home}), (["--json"], {"HOME": home}), (["--json"], {"HOME": "/nowhere"}),
        (["probe", "--rung", "software"], {"HOME": home}),
    ):  # fmt: skip
        command = [DXGSIM, "--adapter", "rx6800", "--", DXGINFO, *arguments]
        env = dict(os.environ, DXGSIM_ADAPTER_PATH=ADAPTERS, HSAKMT_DXG_DEVICES_DIR=tables, **environment)
        done = subprocess.run(command, env=env, capture_output=True, timeout=120)
        try:
            out = done.stdout.decode("utf-8")
        except UnicodeDecodeError as error:
            check(False, arguments, "is no UTF-8:", error)
            continue
        check("mine.csv" in out, arguments, "does not tell of the mistake", out)
        check("\x1b" not in out and "\x07" not in out, arguments, "writes control characters")
        check("jane-doe" not in out, arguments, environment, "tells the user's name", out)
        if "--json" in arguments:
            json.loads(out)


def odd_hosts(place):
    """What is strange must come through, and load again."""
    names = {
        "marks": utf16("a=b;c#d \"e\" 'f' [g]"), "comment": utf16("; all of it"), "section": utf16("[raw 0 1]"),
        "long": utf16("x" * 260), "no end": utf16("\u00e9" * 260), "controls": utf16("a\x1b[2J\n\r\t\x07\x7f\x9b\u202eb"),
        "unpaired": "00 d8 41 00 00 dc 00 00", "pair": utf16("\U0001f600"), "blanks": utf16("   "), "only marks": utf16(";;;"),
    }  # fmt: skip
    for what, data in names.items():
        data = bytes.fromhex(data)
        more = "[raw 8 2080]\nfill = 0\n"
        for at in range(0, len(data), 60):
            more += f"{at} = {data[at : at + 60].hex()}\n"
        more += f"[raw 25 78 1]\nfill = 0\n0 = 01 00 00 00\n8 = {data[:64].hex()}\n"
        path = variant(place, "rx6800", more)
        check("engines" in topology([path])["adapters"][0], what)
        done = run([path])
        check(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stdout), what, "controls the terminal")
        round_trip(path, place)
    # more engines than a file can describe
    more = "".join(
        f"[raw 25 78 {i}]\nfill = 0\n0 = {i:02x} 00 00 00 06 00 00 00 {utf16('Copy')}\n" for i in range(64)
    )
    path = variant(place, "foreign", more)
    for spec in (path, path + ",statistics=off"):
        dumped = os.path.join(place, "many.ini")
        check(run([spec], "dump", "-o", dumped).returncode == 0, "64 engines")
        expect(0, [dumped], text="31 copy")
    # all that can be refused is refused, in turn and together
    standard = [(3, 24), (6, 12), (8, 2080), (13, 4), (15, 4), (30, 4), (34, 12), (49, 8), (62, 64), (63, 40)]
    standard += [(25, 78), (61, 56)]
    refusals = [[query] for query in standard] + [standard, [(0, 0xBC0)], [(0, 0x4360)]]
    for refused in refusals:
        for host in ("", ",host=27"):
            path = variant(place, "rx7900xtx", "".join(f"[raw {t} {size}]\nstatus = 0xC0000022\n" for t, size in refused))
            round_trip(path + host, place)
    expect(1, [variant(place, "rx7900xtx", "[raw 31 28]\nstatus = 0xC0000022\n")], "dump", error="does not tell its PCI ids")


def random_answers(place):
    """Whatever the private answers hold, what is written loads again."""
    random = Random(1)
    for _ in range(60):
        spec = random.choice(["rx7900xtx,hws", "rx6800", "radeon680m", "rx9070xt"])
        for _ in range(random.randrange(1, 6)):
            size, limit = random.choice([(0x4360, 0x4360), (0xBC0, 0xBC0)])
            offset = random.choice([random.randrange(limit - 8), 0x960 + random.choice(KNOWN) if size == 0x4360 else 0x98C])
            spec += f",patch=0.{size:#x}@{offset:#x}={random.randbytes(random.randrange(1, 9)).hex()}"
        path = os.path.join(place, "random.ini")
        done = run([spec], "dump", "-o", path, *random.choice([[], ["--all-bytes"]]))
        check(done.returncode == 0, spec, done.stderr)
        found = list(differences(comparable(topology([spec])), comparable(topology([path]))))
        check(not found, spec, "differs when it is played:", *found[:20])


def outputs(place):
    both = ["rx6800", "foreign", "radeon680m"]
    expect(2, both, "dump", error="there are 3 adapters")
    expect(2, both, "dump", "-o", os.path.join(place, "one.ini"), error="there are 3 adapters")
    expect(0, both, "dump", "-o", place, error="amd-radeon-rx-6800-0.ini")
    expect(0, both, "dump", "--adapter", "1", text="vendor = 0x10de")
    # the only one of AMD's is meant
    expect(0, ["foreign", "rx6800"], "dump", text="device = 0x73bf")
    expect(1, ["rx6800"], "dump", "-o", os.path.join(place, "no", "such", "file"), error="No such file or directory")
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [DXGSIM, "--adapter", "rx6800", "--", DXGINFO], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
            env=dict(os.environ, DXGSIM_ADAPTER_PATH=ADAPTERS),
        )  # fmt: skip
        check(done.returncode == 1 and "No space left" in done.stderr, "a full disk:", done.returncode, done.stderr)
    expect(1, ["rx6800"], "dump", "-o", "/dev/full", error="No space left on device")
    # what could not be written whole is not left behind
    path = os.path.join(place, "half.ini")
    done = run_in_shell('trap "" XFSZ; ulimit -f 2; exec "$@"', ["rx6800"], "dump", "-o", path)
    check(done.returncode == 1 and "File too large" in done.stderr, "a limit:", done.returncode, done.stderr)
    check(not os.path.exists(path), "half a file is left")
    with open(path, "w", encoding="utf-8") as file:
        file.write("longer than what comes\n" * 10000)
    link = os.path.join(place, "link.ini")
    os.symlink(path, link)
    expect(0, ["rx6800"], "dump", "-o", link)
    expect(0, [path], text="node 1, gfx1030")


def lists():
    done = expect(0, ["rx6800", "foreign"], text="node 1, gfx1030")
    check("vendor 0x10DE is not AMD" in done.stdout, done.stdout)
    done = expect(0, ["rx6800"], "-v", text="NumFComputeCores")
    # each property of the GPU has its origin
    check(done.stdout.count("[AMD's driver on the host]") > 5 and "[assumed" in done.stdout, done.stdout)
    check("[unknown]" not in done.stdout, "a property has no origin", done.stdout)
    expect(0, ["rx6800,private=zeroed"], text="hidden: self-check 1, answered")
    expect(0, ["rx6800,private=flip:0x1360.0"], text="hidden: self-check 3, device id")
    expect(0, ["rx6800,host=27"], text="does not tell refusals")
    expect(0, ["foreign"], text="no node: vendor 0x10DE")
    expect(0, ["rx6800", "radeon680m"], "list", "--adapter", "1", text="680M")
    expect(2, ["rx6800"], "--adapter", "7", error="there is no adapter 7")
    expect(2, ["rx6800"], "--adapter", "00000000:00000000", error="there is no adapter")
    report = topology(["foreign", "rx6800,private=zeroed", "rx7900xtx,hws"])
    hidden = [adapter.get("hidden", {}).get("reason") for adapter in report["adapters"]]
    check(hidden == ["foreign", "self-check", None], "hidden:", hidden)
    luid = report["adapters"][2]["luid"]
    check(run(["foreign", "rx6800,private=zeroed", "rx7900xtx,hws"], "-a", luid).returncode == 0, "no adapter", luid)
    check(report["adapters"][2]["driver"]["hardware_queue_mask"] == 0x1B, "hardware queue mask", report)
    check([node["gpu"] for node in report["nodes"]] == [False, True], "nodes", report["nodes"])
    properties = report["nodes"][1]["properties"]
    check(properties["NumFComputeCores"]["value"] == 192, properties)
    check(all("origin" in p for p in properties.values()), properties)


def nothing_there():
    for command in ("list", "dump", "probe"):
        expect(3, ["none"], command)
    done = expect(3, ["none"], "--json")
    check(json.loads(done.stdout)["adapters"] == [], done.stdout)
    # without the simulator: this machine's own /dev/dxg, which no test machine has
    if not os.path.exists("/dev/dxg"):
        for command in ("list", "dump", "probe"):
            done = subprocess.run([DXGINFO, command], capture_output=True, text=True, timeout=60)
            check(done.returncode == 3, command, "without /dev/dxg:", done.returncode)
            check("there is none" in done.stdout + done.stderr, done.stdout, done.stderr)
    expect(3, ["rx6800"], options=["--fault", "ioctl=OPEN:errno=EACCES"], text="permission denied")
    expect(3, ["rx6800"], options=["--fault", "ioctl=OPEN:errno=EBADF"], text="no virtual GPU")


def command_lines():
    for arguments in (
        ["frobnicate"], ["list", "dump"], ["--frob"], ["--json", "dump"], ["--output", "x"], ["--all-bytes"],
        ["--rung", "hardware"], ["probe", "--rung", "best"], ["probe", "--timeout", "0"], ["probe", "--timeout", "61"],
        ["probe", "--timeout", "-1"], ["probe", "--json"], ["probe", "--all-bytes"],
    ):  # fmt: skip
        expect(2, ["rx6800"], *arguments, error="Try ")
    bad = {"HSA_OVERRIDE_GFX_VERSION": "gfx"}
    expect(1, ["rx6800"], text="the nodes cannot be read", **bad)
    check("topology_problem" in json.loads(expect(1, ["rx6800"], "--json", **bad).stdout), "no topology_problem")
    expect(1, ["rx6800"], "probe", text="the nodes cannot be read", **bad)
    expect(0, ["rx6800"], "dump", text="device = 0x73bf", **bad)
    expect(0, ["rx6800"], text="gfx1031 by HSA_OVERRIDE_GFX_VERSION", HSA_OVERRIDE_GFX_VERSION="10.3.1")
    expect(0, ["rx6800"], "--help", text="Exit status")
    done = expect(0, ["rx6800"], "--version")
    check(re.match(r"dxginfo \d+\.\d+\.\d+", done.stdout), done.stdout)


def main():
    with tempfile.TemporaryDirectory() as place:
        lists()
        command_lines()
        nothing_there()
        nothing_private(place)
        nothing_private_in_names(place)
        nothing_private_in_messages(place)
        odd_hosts(place)
        random_answers(place)
        outputs(place)
        round_trips(place)
    print(f"{checks} checks, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
