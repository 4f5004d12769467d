# SPDX-License-Identifier: MIT
"""Runtimes of every generation find the library by the names that a package may install it under.

usage: rocr7_search.py DXGSIM LIBRARY GENERATION CLIENT [GENERATION CLIENT...]

Each client runs with a search path that has only librocdxg.so.1, only librocdxg.so, both, or neither.
"""
import os
import subprocess
import sys
import tempfile

VERSIONED, PLAIN = "librocdxg.so.1", "librocdxg.so"
SETS = [{VERSIONED}, {PLAIN}, {VERSIONED, PLAIN}, set()]
# only the newest runtime asks for the name with the version
ASKS_BOTH = {"latest"}


def run(dxgsim, client, generation, directory):
    # of this program's environment the search path alone is replaced; what is done with a GPU is not what this is about
    command = [dxgsim, "-a", "foreign", "--", "env", f"LD_LIBRARY_PATH={directory}", client, generation, "0"]
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def main():
    dxgsim, library, *rest = sys.argv[1:]
    good = True
    for generation, client in zip(rest[::2], rest[1::2]):
        wanted = {VERSIONED, PLAIN} if generation in ASKS_BOTH else {PLAIN}
        for names in SETS:
            with tempfile.TemporaryDirectory() as directory:
                for name in names:
                    os.symlink(os.path.abspath(library), os.path.join(directory, name))
                result = run(dxgsim, client, generation, directory)
            found = bool(names & wanted)
            if (result.returncode == 0) != found or result.returncode not in (0, 1):
                good = False
                print(f"{generation} with {sorted(names)}: exit {result.returncode}, found should be {found}")
                print(result.stdout)
            # a library that is not there is a message and a failed step, not a crash
            if not found and PLAIN not in result.stdout:
                good = False
                print(f"{generation} with {sorted(names)}: no word of {PLAIN}:\n{result.stdout}")
    sys.exit(not good)


main()
