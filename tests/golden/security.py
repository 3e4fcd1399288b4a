#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each row of docs/security.md's table names tests that hold it, and each of them exists and runs.

    security.py
"""
import pathlib
import re
import sys

TREE = pathlib.Path(__file__).parents[2]


def rows():
    """The table's rows below its head, as lists of cells."""
    text = (TREE / "docs/security.md").read_text(encoding="utf-8")
    section = text[text.index("\n## Who can do what\n"):]
    section = section[:section.index("\n## ", 1)]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def runs(path, name):
    """Whether the file has a test of this name, and does run it."""
    file = TREE / "tests" / path
    if not file.is_file():
        return False
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return re.search(rf"^def {name}\(", text, re.M) is not None
    if file.suffix == ".c":  # its definition, and the row that runs it
        return len(re.findall(rf"\b{name}\b", text)) >= 2 and f"void {name}(void **" in text
    return re.search(rf"(^|\s){re.escape(name)}(\s|;|$)", text, re.M) is not None


def findings():
    table = rows()
    if len(table) < 20:
        yield f"docs/security.md: its table has {len(table)} rows: is it still read right?"
    for row in table:
        tests = re.findall(r"`([^`:]+)::([^`]+)`", row[-1])
        if len(row) != 4 or not tests:
            yield f"docs/security.md: no test beside: {row[0]}: {row[1]}"
        for path, name in tests:
            if not runs(path, name):
                yield f"docs/security.md: {path} has no test {name}: {row[0]}: {row[1]}"


if __name__ == "__main__":
    found = list(findings())
    for line in found:
        print(line)
    sys.exit(bool(found))
