#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What docs/architecture.md names is there: each directory, file, function, struct and macro.

    architecture.py

A row of the way of a packet names functions and files: each function has to be defined in one of these files.
Elsewhere a name has to be defined anywhere in the tree, and a file without a directory stands in the one named
last, or anywhere.  NAME stands for whatever somebody adds.
"""
import pathlib
import re
import sys

TREE = pathlib.Path(__file__).parents[2]
DOCUMENT = TREE / "docs/architecture.md"
SOURCES = "base dnsparse source sniffer dnstap registry setsync daemon client doctor tests/source".split()

CODE = {path: path.read_text(encoding="utf-8")
        for top in SOURCES for path in sorted((TREE / top).rglob("*.[ch]"))}
ELSEWHERE = {path.name for top in "tests packaging docs".split() for path in (TREE / top).rglob("*")}
FILES = {path.name for path in CODE} | ELSEWHERE


def is_defined(name, text):
    """As a function, a variable, a member, an enumerator, a type or a macro."""
    word = re.escape(name)
    return re.search(rf"^\w[\w\s*]*\b{word}\([^;]*?\)\s*\{{|^#define {word}\b|^static .*\b{word}\b.*=|"
                     rf"^(?:struct|enum) {word} \{{|^ +[\w\s*]*\(?\*?{word}\)?(?:\[.*\]|\(.*)?[;,]|"
                     rf"^ +{word}(?: =.*)?,", text, re.M) is not None


def files_of(cell):
    """The sources that a cell names; one without a directory lies beside the one before it."""
    directory, found = None, []
    for name in re.findall(r"`([^`]+\.[ch])`", cell):
        if "/" in name:
            directory = (TREE / name).parent
        found.append(directory / pathlib.PurePath(name).name if directory else TREE / name)
    return found


def wrong_rows(text):
    for row in re.findall(r"^\|.*\|$", text, re.M):
        cells = [cell.strip() for cell in row.replace(r"\|\|", "").strip("|").split("|")]
        if len(cells) != 3 or not files_of(cells[2]):
            continue
        there = [CODE.get(path, "") for path in files_of(cells[2])]
        for name in re.findall(r"`(\w+)`", cells[1]):
            if not any(re.search(rf"^\w[\w\s*]*\b{name}\(", text, re.M) for text in there):
                yield f"{name} is not in {cells[2]}"


def wrong_path(name, directory):
    """Whether nothing has that path; from the directory named last, too."""
    if "NAME" in name:
        return False
    if "/" in name:
        return not any((root / name).exists() for root in (TREE, directory, *directory.parents))
    return not (directory / name).exists() and name not in FILES


def wrong_names(text):
    directory = TREE
    for name in re.findall(r"`([^`\n]+)`", re.sub(r"^    .*$", "", text, flags=re.M)):
        if re.fullmatch(r"[\w.-]+/[\w./-]*|[\w-]+\.(?:[ch]|py|md|txt|catalog)", name):
            if wrong_path(name, directory):
                yield f"{name}: no such file or directory"
            elif (TREE / name).exists() and "/" in name:
                directory = TREE / name if (TREE / name).is_dir() else (TREE / name).parent
            continue
        kind = re.fullmatch(r"(struct|enum) (\w+)", name)
        if kind and not any(f"{name} {{" in text for text in CODE.values()):
            yield f"{name}: no such {kind[1]}"
        word = re.fullmatch(r"(\w+_\w+)(?:\(\)|\[\])?", name)
        if word and not any(is_defined(word[1], text) for text in CODE.values()):
            yield f"{name}: nothing of this name is defined"


def main():
    text = DOCUMENT.read_text(encoding="utf-8")
    wrong = [*wrong_rows(text), *wrong_names(text)]
    print("\n".join(f"docs/architecture.md: {line}" for line in wrong) or "docs/architecture.md names what is there")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
