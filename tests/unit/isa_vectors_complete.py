#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every instruction that the interpreter executes, on every generation that has it, is executed by one of the tests.

isa_vectors_complete.py IMPLEMENTED TEST...: the program that prints what is implemented, and the tests, which append what
they have executed to the file that ISA_VECTORS_SEEN names; tables of rows are content with one try of each row then.
"""

import collections
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77

# Generations on which no test has an operation, and why that will do.
EXCEPTIONS = {
    'S_SENDMSGHALT': (['gfx11', 'gfx11.5', 'gfx12'], 'the wave stays where it is: isa_flow.c'),
    'S_SENDMSG_RTN_B32': (['gfx11', 'gfx11.5', 'gfx12'], 'what is asked for is the machine\'s: isa_flow.c'),
    'S_SENDMSG_RTN_B64': (['gfx11', 'gfx11.5', 'gfx12'], 'what is asked for is the machine\'s: isa_flow.c'),
    'S_SUBVECTOR_LOOP_BEGIN': (['gfx11', 'gfx11.5'], 'as on gfx10.3: isa_flow.c'),
    'S_SUBVECTOR_LOOP_END': (['gfx11', 'gfx11.5'], 'as on gfx10.3: isa_flow.c'),
}


def lines_of(text):
    return {tuple(line.split()) for line in text.splitlines() if line.strip()}


def run(test, directory):
    """What @test has executed."""
    path = os.path.join(directory, os.path.basename(test))
    result = subprocess.run([test], env=dict(os.environ, ISA_VECTORS_SEEN=path), capture_output=True, text=True)
    if result.returncode:
        sys.exit(f'{test}:\n{result.stdout}{result.stderr}')
    with open(path, encoding='utf-8') as file:
        return lines_of(file.read())


def main():
    if not shutil.which('llvm-mc-19'):
        return SKIPPED
    implemented = lines_of(subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout)
    seen = set()
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        for names in pool.map(lambda test: run(test, directory), sys.argv[2:]):
            seen |= names
    missing = collections.defaultdict(list)
    for target, operation in sorted(implemented - seen):
        missing[operation].append(target)
    wrong = 0
    for operation, targets in missing.items():
        excepted, _ = EXCEPTIONS.get(operation, ([], ''))
        left = [target for target in targets if target not in excepted]
        if left:
            print(f'{operation} on {", ".join(left)} is executed by no test')
            wrong += 1
    for operation in EXCEPTIONS:
        if operation not in missing:
            print(f'{operation} is no exception any more')
            wrong += 1
    print(f'{len(implemented)} instructions of all generations are implemented, {len(implemented & seen)} executed')
    return 1 if wrong or not implemented else 0


if __name__ == '__main__':
    sys.exit(main())
