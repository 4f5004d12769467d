#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exit statuses of the dxgsim launcher: the program's own, 128 + signal, 70 for findings, 64 for usage.

usage: launcher.py DXGSIM LEAKER, where LEAKER opens an adapter and closes /dev/dxg without closing it."""
import subprocess
import sys
import tempfile

dxgsim, leaker = sys.argv[1:3]


def run(*arguments):
    done = subprocess.run([dxgsim, *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def expect(want, *arguments, text=""):
    status, out, err = run(*arguments)
    if status != want or text not in out + err:
        sys.exit(f"{arguments}: status {status}, want {want} and '{text}' in:\n{out}{err}")


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
expect(70, "--", leaker, text="LEAK adapter")
expect(0, "--", leaker, "exit", text="NOTE adapter")
expect(1, "--adapter", "none", "--", leaker, text="Bad file descriptor")
expect(1, "--fault", "ioctl=OPEN:errno=ENOMEM", "--", leaker, text="Cannot allocate memory")
expect(0, "--", "sh", "-c", "lsmod | grep -q amdgpu")
with tempfile.NamedTemporaryFile() as trace:
    run("--trace", trace.name, "--", leaker)
    lines = trace.read().decode()
    if "ENUMADAPTERS3(" not in lines or "[CREATEPROCESS]" not in lines:
        sys.exit("trace: " + lines)
