#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The house has floors and no circles: what may include what, by folder, and who calls whom, by the linker.

    graph.py BUILD-DIRECTORY

Fails with the names: an include that runs upwards, headers that include each other in a circle, files whose
objects need each other in a circle, what a file exports and no other uses, a folder with more nouns than a person
keeps in mind.  What is known to be wrong stands in KNOWN, and has to leave it when it is mended.
"""
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(__file__).parents[2]

# The lowest first; folders of one line know nothing of each other.  A file may have a floor of its own.
FLOORS = """
base
dnsparse/names
dnsparse/answers
source
sniffer/plan
sniffer/decode
sniffer/filter
sniffer/reassembly
sniffer/pipeline
sniffer/live
sniffer
dnstap/peers
dnstap
registry/plan
registry/resolve
registry/fetch
registry/list
registry
setsync/policy
setsync/leases/names
setsync/kernel
setsync/leases
setsync/setsync_types
setsync/setsync_state
setsync/sets
setsync/writer
setsync/grant
setsync/upkeep
setsync/state
setsync
daemon/config
daemon/sources daemon/outputs daemon/hold
daemon/control
daemon
client
client/commands
client/main
doctor/rules
doctor
doctor/host
doctor/checks
doctor/main
"""

# A noun is a header and the source of its name.  More in one folder and nobody finds the way in it.
NOUNS_MOST = 22

# Each is a sentence that this test would say.
KNOWN = """
"""


def nouns():
    """Noun to the paths of its header and source."""
    found = {}
    tops = {line.split()[0].split("/")[0] for line in FLOORS.split("\n") if line}
    for top in tops:
        for path in sorted((TREE / top).rglob("*.[ch]")):
            noun = str(path.relative_to(TREE).with_suffix(""))
            found.setdefault(noun, []).append(path)
    return found


def floors():
    """Folder or noun to the number of its floor, and its neighbours there."""
    found = {}
    for number, line in enumerate(FLOORS.split("\n")):
        for place in line.split():
            found[place] = number
    return found


def place_of(noun, floor):
    return noun if noun in floor else noun.rpartition("/")[0]


def includes(path, known):
    for name in re.findall(r'^#include "([^"]+)\.h"', path.read_text(encoding="utf-8"), re.M):
        if name in known:
            yield name


def upward(found):
    floor = floors()
    for noun, paths in found.items():
        here = place_of(noun, floor)
        if here not in floor:
            yield f"{here}: the folder has no floor in tests/house/graph.py"
            continue
        for path in paths:
            for other in includes(path, found):
                there = place_of(other, floor)
                if there in floor and there != here and floor[there] >= floor[here]:
                    yield f"{path.relative_to(TREE)} includes {other}.h, which is not below it"


def circles(edges):
    """Groups of nodes that reach each other, by Tarjan, without recursion."""
    index, low, stack, on, found = {}, {}, [], set(), []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(edges[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(edges.get(other, ()))))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        on.discard(group[-1])
                    if len(group) > 1:
                        found.append(sorted(group))
    return sorted(found)


def header_circles(found):
    edges = {noun: [other for path in paths if path.suffix == ".h" for other in includes(path, found)]
             for noun, paths in found.items()}
    for group in circles(edges):
        yield f"headers in a circle: {' '.join(group)}"


def symbols(build):
    """Of each object: its noun, its letter in nm and its name; several targets may build the same source."""
    objects = {}
    for path in sorted(build.rglob("*.c.o")):
        match = re.fullmatch(r"(.*)/CMakeFiles/[^/]+\.dir/(.*)\.c\.o", str(path.relative_to(build)))
        objects[str(path)] = match and str(pathlib.PurePath(match[1]) / match[2])
    said = subprocess.run(["nm", "-A", *objects], capture_output=True, text=True, check=True).stdout
    for path, _, line in (line.partition(":") for line in said.splitlines()):
        if "__" not in line:  # what a sanitizer adds
            yield (objects[path], *line.split()[-2:])


def link_problems(build, found):
    """Which object needs a symbol of which, and what none does.  Tests are users, too."""
    defined, needed, used = {}, {}, set()
    for noun, letter, symbol in symbols(build):
        if letter == "U":
            used.add(symbol)
            if noun in found:
                needed.setdefault(noun, set()).add(symbol)
        elif letter in "TDBR" and noun in found and symbol != "main":
            defined[symbol] = noun
    if len(needed) < 100:
        yield f"only {len(needed)} objects in {build}: are they still found?"
    edges = {noun: {defined[symbol] for symbol in wanted if defined.get(symbol, noun) != noun}
             for noun, wanted in needed.items()}
    for group in circles(edges):
        yield f"objects in a circle: {' '.join(group)}"
    for symbol in defined.keys() - used:
        yield f"{defined[symbol]}: no other file uses {symbol}: make it static, or take it out"


def crowded(found):
    count = {}
    for noun in found:
        folder = noun.rpartition("/")[0]
        count[folder] = count.get(folder, 0) + 1
    for folder, number in sorted(count.items()):
        if number > NOUNS_MOST:
            yield f"{folder}: {number} nouns in one folder, at most {NOUNS_MOST}"


def main():
    found = nouns()
    build = pathlib.Path(sys.argv[1]).resolve()
    said = sorted(set([*upward(found), *header_circles(found), *link_problems(build, found), *crowded(found)]))
    known = [line for line in KNOWN.splitlines() if line]
    problems = [line for line in said if line not in known]
    problems += [f"KNOWN in tests/house/graph.py: mended, take it out: {line}" for line in known if line not in said]
    print("\n".join(problems) or f"{len(found)} nouns: no include runs upwards, no circle, nothing exported for nobody")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
