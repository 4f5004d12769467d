#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exit statuses of the dxgsim launcher: the program's own, 128 + signal, 70 for findings, 64 for usage.

usage: launcher.py DXGSIM LEAKER ADAPTERS, where LEAKER does what dxgsim reports and ADAPTERS is the directory of
adapter files."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

dxgsim, leaker, adapters = map(os.path.abspath, sys.argv[1:4])


def run(*arguments):
    done = subprocess.run([dxgsim, *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def expect(want, *arguments, text=""):
    status, out, err = run(*arguments)
    if status != want or text not in out + err:
        sys.exit(f"{arguments}: status {status}, want {want} and '{text}' in:\n{out}{err}")


def modifiers(lines):
    """The names in 'NAME=VALUES, NAME=VALUES   text'."""
    return {name for line in lines for name in re.findall(r"(?:^|, )([a-z-]+)(?==|\[)", line.strip())}


def check_help():
    """Every modifier is told by --help and by the README beside the adapters; argp has not broken the lines."""
    _, text, _ = run("--help")
    long = [line for line in text.splitlines() if len(line) > 79]
    table = text[text.index("Modifiers of an adapter") : text.index("A fault SPEC")]
    told = modifiers(re.findall(r"^  ([a-z-]+=.*)$", table, re.M))
    readme = (pathlib.Path(adapters) / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("## Modifiers") : readme.index("## Breaking")]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.M)
    listed = modifiers(row.replace("`", "") for row in rows)
    if long or "  -a, --adapter=" not in text or told != listed or len(told) < 25:
        sys.exit(f"--help: {long}\n{text}\nmodifiers only there or only in the README: {told ^ listed}")


expect(0, "--", "true")
expect(3, "--", "sh", "-c", "exit 3")
expect(137, "--", "sh", "-c", "kill -9 $$")
expect(127, "--", "/nonexistent/program")
expect(64, text="no command")
expect(64, "--adapter", "nosuch", "--", "true", text="no adapter 'nosuch'")
expect(64, "--adapter", "rx6800,hws", "--", "true", text="no hardware scheduling")
expect(64, "--fault", "ioctl=X:errno=EIO", "--", "true", text="unknown ioctl")
expect(64, "--rtt-us", "-1", "--", "true")
expect(0, "--list-adapters", text="AMD Radeon RX 6800")
expect(0, "--help", text="errno=NAME")
expect(0, "--help", text="paging-fence=N")
expect(0, "--help", text="  drop  ")
check_help()
expect(64, "--fault", "ioctl=ANY:drop=2", "--", "true", text="unknown word 'drop'")
expect(64, "--trace", "/nonexistent/trace", "--", "true", text="No such file or directory")
expect(64, "--report", "/nonexistent/report", "--", "true", text="No such file or directory")
expect(70, "--", leaker, text="LEAK adapter")
expect(0, "--", leaker, "exit", text="NOTE adapter")
expect(0, "--", leaker, "clean")
expect(70, "--", leaker, "range", text="LEAK GPU addresses")
expect(70, "--", leaker, "twice", text="MISUSE CLOSEADAPTER")
expect(0, "--adapter", "rx6800", "--", leaker, "private")
expect(70, "--adapter", "foreign", "--", leaker, "private", text="AMD private query sent to vendor 0x10de")
expect(1, "--adapter", "none", "--", leaker, text="Bad file descriptor")
expect(1, "--fault", "ioctl=OPEN:errno=ENOMEM", "--", leaker, text="Cannot allocate memory")
expect(0, "--", "sh", "-c", "lsmod | grep -q amdgpu")
# what was found out about one machine's engines is not for another, unless somebody wants that
for told, got in (("", ""), ("other", "other"), (None, "fresh")):
    os.environ.pop("HSAKMT_DXG_PROBE", None)
    if told is not None:
        os.environ["HSAKMT_DXG_PROBE"] = told
    expect(0, "--", "sh", "-c", "echo =$HSAKMT_DXG_PROBE=", text=f"={got}=\n")
with tempfile.NamedTemporaryFile() as trace:
    run("--trace", trace.name, "--", leaker)
    lines = trace.read().decode()
    if "ENUMADAPTERS3(" not in lines or "[CREATEPROCESS]" not in lines:
        sys.exit("trace: " + lines)
expect(0, "--trace", "/dev/stderr", "--", leaker, "clean", text="ENUMADAPTERS3(")
traced = ("--trace", "/dev/stderr", "--fault")
expect(0, *traced, "ioctl=ENUMADAPTERS3:drop", "--", leaker, "clean", text="] (no message for the fault)\n")
expect(1, *traced, "ioctl=ENUMADAPTERS3:errno=EIO", "--", leaker, "clean", text="[] FAULT\n")

# what befalls the host: at a time, before a call, from outside
gone = "remove:adapter=0"
expect(64, "--fault", "remove:adapter=0:errno=EIO", "--", "true", text="not a part of this happening")
expect(64, "--fault", "reset:ioctl=NONE", "--", "true", text="unknown ioctl 'NONE'")
expect(64, "--fault", "reset:nth=2", "--", "true", text="missing 'ioctl='")
expect(0, "--help", text="\n  after-ms=N ")
expect(0, "--help", text="\n  power=mains|battery|unknown ")
expect(0, "--fault", gone + ":after-ms=20", "--", leaker, "watch", text="holding")
expect(0, "--fault", gone + ":ioctl=ENUMADAPTERS2:nth=3", "--", leaker, "watch")
expect(0, "--fault", "remove:adapter=9", "--", leaker, "clean", text="NOTE remove:adapter=9: there is no such")
# who leaves while the host sleeps waits until it is awake
asleep = ("--fault", "resume:after-ms=60", "--fault", "sleep:ioctl=ENUMADAPTERS3", "--", leaker)
expect(0, *asleep, "exit", text="NOTE adapter")
expect(0, *asleep, "clean")
# a program cannot give back what has gone, but what it can close it has to
lost = ("--adapter", "rx6800", "--fault", gone + ":ioctl=ENUMADAPTERS2", "--", leaker, "lost")
expect(70, *lost, text="LEAK device")
if "LEAK allocation" in (said := run(*lost)[2]) or "LEAK adapter" not in said or "paging" in said:
    sys.exit(said)
expect(70, *lost[:2], *lost[4:], text="LEAK allocation")


def control(want, pid, *happenings, text=""):
    expect(want, "--control", str(pid), *happenings, text=text)


with subprocess.Popen([dxgsim, "--", leaker, "watch"], stdout=subprocess.PIPE) as running:
    running.stdout.readline()
    control(64, running.pid, "vanish", text="vanish: no such happening")
    control(64, running.pid, "starve", text="ms=N is missing")
    control(64, running.pid, text="no happening")
    control(1, running.pid, "power=mains", "plug:adapter=0", text="plug:adapter=0: that is so already")
    control(1, running.pid, "reset:adapter=2", text="there is no such adapter")
    child = open(f"/proc/{running.pid}/task/{running.pid}/children").read().split()[0]
    control(0, child, gone)
    if running.wait(timeout=30):
        sys.exit(f"watch: {running.returncode}")
    control(1, running.pid, gone, text="is not there")
control(1, os.getpid(), gone, text="is in no simulation")
control(64, "this", gone, text="the number of a process")

# a request to end is for the program, and the launcher ends after it
with tempfile.TemporaryDirectory() as place:
    command = [dxgsim, "--report", os.path.join(place, "report"), "--", "sh", "-c", "echo; exec sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        running.stdout.readline()
        running.terminate()
        if running.wait(timeout=30) != 143:
            sys.exit(f"terminated: {running.returncode}")

# relative names are the launcher's, wherever the program goes
with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    os.mkdir("elsewhere")
    shutil.copy(os.path.join(adapters, "rx6800.ini"), "mine.ini")
    expect(
        70, "--report", "report", "--trace", "trace", "--adapter", "mine.ini,rebar=off",
        "--", "sh", "-c", f"cd elsewhere && exec {leaker}", text="LEAK adapter",
    )  # fmt: skip
    if os.listdir("elsewhere") or "LEAK adapter" not in open("report").read() or not os.path.getsize("trace"):
        sys.exit("report or trace went elsewhere")


def status(processes, unclosed, left):
    return f"status: processes {processes}, ended without a close {unclosed}, left on the host: {left}\n"


# all processes of a run are one machine's
expect(0, "--status", "--", "true", text=status(0, 0, "nothing"))
expect(0, "--status", "--", "sh", "-c", f"{leaker} clean; {leaker} clean", text=status(2, 0, "nothing"))
expect(0, "--status", "--", leaker, "exit", text=status(1, 0, "nothing"))
# exec() closes /dev/dxg, and nobody sees it
expect(0, "--status", "--", leaker, "become", text=status(1, 1, "nothing"))
expect(0, "--status", "--", leaker, "become", text="took back 2 devices")
# a machine inside, told of in two ways, is another one
expect(0, "--status", "--", dxgsim, "--status", "--", leaker, "clean", text=status(0, 0, "nothing"))
expect(0, "--status", "--", dxgsim, "--status", "--", leaker, "clean", text=status(1, 0, "nothing"))
other = "DXGSIM_ADAPTERS=radeon780m"
expect(0, "--status", "--", "env", other, leaker, "clean", text=status(0, 0, "nothing"))

with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    os.mkfifo("said")
    start = f"{leaker} hold >said 2>/dev/null & read line <said && "
    expect(0, "--status", "--", "sh", "-c", start + "kill -9 $!; wait $!; true", text=status(1, 1, "nothing"))
    # two have 300 MiB each where there are 512: what has to go for it is told
    start_vram = f"{leaker} vram >said 2>/dev/null & read line <said; "
    both = f"{start_vram} first=$!; {start_vram} kill -9 $first $!; wait $first; wait $!; true"
    paged = f"VRAM of adapter 0: paged in 0 bytes, out {88 << 20}\n"
    expect(0, "--adapter", "rx6800,vram-mib=512", "--status", "--", "sh", "-c", both, text=paged)
    # killed, it is gone for who comes next, not only in the end
    next_one = "kill -9 $!; wait $!; " + leaker + " clean"
    expect(0, "--status", "--", "sh", "-c", start + next_one, text="took back 2 devices")
    # who outlives the command keeps what it has
    expect(0, "--status", "--", "sh", "-c", start + "echo $! >pid", text=status(1, 0, "2 devices"))
    os.kill(int(open("pid").read()), signal.SIGKILL)
    done = run("--status", "--", "sh", "-c", start + "echo $! >pid")
    os.kill(int(open("pid").read()), signal.SIGKILL)
    if f"NOTE process {open('pid').read().strip()} goes on and has 2 devices" not in done[2]:
        sys.exit(done[2])
    os.chdir("/")

# nothing is left where names outlive processes
with tempfile.TemporaryDirectory() as place:
    os.environ["TMPDIR"] = place
    expect(70, "--", leaker, text="LEAK adapter")
    if os.listdir(place):
        sys.exit(f"left: {os.listdir(place)}")
