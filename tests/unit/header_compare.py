# SPDX-License-Identifier: MIT
"""Compares our header's default layout with the installed one of Debian's libhsakmt-dev 5.2.3.

usage: header_compare.py CC OUR_INCLUDE ACCEPTED [--write]

ACCEPTED lists every difference there may be: "-" only theirs, "+" only ours.  A difference that is not listed
fails, and so does a listed one that is not there.  Exit status 77 (skipped) without that header.
"""
import os
import subprocess
import sys


def facts(*args):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "header_facts.py")
    return set(subprocess.run([sys.executable, script, *args], text=True, stdout=subprocess.PIPE,
                              check=True).stdout.splitlines())


def installed_version():
    query = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libhsakmt-dev"], text=True, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return query.stdout


def main():
    cc, ours_dir, accepted_path = sys.argv[1:4]
    if not os.path.exists("/usr/include/hsakmttypes.h"):
        print("libhsakmt-dev is not installed")
        sys.exit(77)
    if not installed_version().startswith("5.2.3"):
        print(f"libhsakmt-dev is of version {installed_version()}")
        sys.exit(77)
    theirs = facts(cc, "none", "/usr/include", "--", "hsakmt.h")
    ours = facts(cc, "356", ours_dir, "--", "hsakmt/hsakmt.h")
    found = {f"- {line}" for line in theirs - ours} | {f"+ {line}" for line in ours - theirs}
    if sys.argv[4:] == ["--write"]:
        with open(accepted_path, "w", encoding="utf-8") as stream:
            stream.write("# SPDX-License-Identifier: MIT\n"
                         "# Differences between libhsakmt-dev 5.2.3 (-) and our default layout (+): reserved bits\n"
                         "# and bytes put to use since, and newer types.  Checked by header_compare.py.\n")
            stream.writelines(f"{line}\n" for line in sorted(found, key=lambda line: (line[2:], line[0])))
        return
    with open(accepted_path, encoding="utf-8") as stream:
        accepted = {line.rstrip("\n") for line in stream if not line.startswith("#")}
    for line in sorted(found - accepted):
        print("unexpected:", line)
    for line in sorted(accepted - found):
        print("missing:   ", line)
    print(f"{len(theirs & ours)} facts equal, {len(found & accepted)} accepted differences")
    sys.exit(found != accepted)


main()
