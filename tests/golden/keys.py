#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every key of the configuration is in wildset.conf(5) and in the shipped wildset.conf, with one default.

    keys.py
"""

import pathlib
import re
import sys

TREE = pathlib.Path(__file__).parents[2]


def keys_of_the_code():
    """Key to whether it is used: the table in daemon/config_keys.c."""
    text = (TREE / "daemon/config_keys.c").read_text(encoding="utf-8")
    table = text[text.index("keys[] = {"):]
    rows = re.split(r"\n    \{", table[:table.index("\n};")])[1:]
    return {re.search(r'\.name = "([a-z0-9-]+)"', row)[1]: ".unused = true" not in row for row in rows}


def value_of(mdoc):
    """What `Ns = Ns` is followed by, as it is written in the configuration."""
    value = re.sub(r"Qq ((?:[^{}\s]+ ?)+)", lambda found: f'"{found[1].strip()}" ', mdoc)
    value = value.replace("\\&", "").replace("Cm ", "").strip()
    return re.sub(r"\s+", " ", value)


def keys_of_the_page():
    """Key to default, None for what has none."""
    found = {}
    for line in (TREE / "docs/wildset.conf.5").read_text(encoding="utf-8").splitlines():
        if not line.startswith(".It Ic ") or line.startswith(".It Ic whitelist"):
            continue
        for item in line.removeprefix(".It Ic ").split(" , Ic "):
            key, _, default = item.partition(" Ns = Ns ")
            found[key] = value_of(default) if default else None
    return found


def keys_of_the_file():
    """Key to default; None where the file sets something."""
    found = {}
    for line in (TREE / "packaging/wildset.conf").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"\s*(# )?([a-z][a-z0-9-]*) = (.*)", line)
        if match:
            found[match[2]] = match[3] if match[1] else None
    return found


def main():
    code, page, file = keys_of_the_code(), keys_of_the_page(), keys_of_the_file()
    text = (TREE / "docs/wildset.conf.5").read_text(encoding="utf-8")
    problems = []
    for key, used in code.items():
        if key not in page and (used or not re.search(rf"\.Ic [^\n]*\b{key}\b", text)):
            problems.append(f"wildset.conf(5) says nothing of {key}")
        if key not in file:
            problems.append(f"packaging/wildset.conf says nothing of {key}")
        default = (page.get(key) or "").replace("NAME", "lookback")
        shown = file.get(key)
        if key in page and shown is not None and shown != default:
            problems.append(f"{key}: its default is {default} in wildset.conf(5), {shown} in wildset.conf")
    problems += [f"wildset.conf(5) has {key}, which is no key" for key in page if key not in code]
    problems += [f"packaging/wildset.conf has {key}, which is no key" for key in file if key not in code]
    print("\n".join(problems) or f"{len(code)} keys: the page and the file know each")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
