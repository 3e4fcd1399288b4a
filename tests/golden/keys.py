#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every key of the configuration is in wildset.conf(5) and in the shipped wildset.conf, with one default.

What the rendered page shows as defaults can be copied into a configuration, which is good.

    keys.py WILDSETD
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).parents[2]


def keys_of_the_code():
    """Key to whether it is used: the table in daemon/config/keys.c."""
    text = (TREE / "daemon/config/keys.c").read_text(encoding="utf-8")
    table = text[text.index("keys[] = {"):]
    rows = re.split(r"\n    \{", table[:table.index("\n};")])[1:]
    return {re.search(r'\.name = "([a-z0-9-]+)"', row)[1]: ".unused = true" not in row for row in rows}


def keys_of_the_page():
    """Key to default, None for what has none: ".It Li KEY = DEFAULT", whose quotes are \\(dq so that they
    can be copied from the rendered page."""
    found = {}
    for line in (TREE / "docs/wildset.conf.5").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"\.It (?:Ic|Li) ([a-z][a-z0-9-]*)(?: = (.*))?", line)
        if match and match[1] != "whitelist":
            found[match[1]] = match[2].replace("\\(dq", '"') if match[2] else None
    return found


def configuration_of(rendered):
    """A configuration of all lines "KEY = DEFAULT" as a person copies them from the rendered page."""
    blocks = {"capture": [], "dnstap": [], "whitelist lookback": ['names = { "*.example.net" }'], "": []}
    block = None
    for line in rendered.splitlines():
        if re.match(r"[A-Z]", line):
            block = {"CAPTURE": "capture", "DNSTAP": "dnstap", "WHITELIST": "whitelist lookback", "LOG": ""}.get(line.strip())
        elif line.startswith("     Outside of the sections"):
            block = ""
        match = re.fullmatch(r"     ([a-z][a-z0-9-]* = \S.*)", line.replace("\xa0", " "))
        if match and block is not None:
            blocks[block].append(match[1].replace("NAME", "lookback"))
    lines = [f"{head} {{\n" + "\n".join(keys) + "\n}" if head else "\n".join(keys)
             for head, keys in blocks.items()]
    return "\n".join(lines), sum(map(len, blocks.values())) - 1


def problems_of_the_rendered_page(wildsetd, defaults):
    page = str(TREE / "docs/wildset.conf.5")
    for renderer in (["mandoc", "-T", "utf8", "-O", "width=200", page],
                     ["sh", "-c", 'groff -K utf8 -T utf8 -P-c -mdoc -rLL=200n "$0" | col -b', page]):
        if not shutil.which(renderer[0] if renderer[0] != "sh" else "groff"):
            continue
        rendered = subprocess.run(renderer, capture_output=True, text=True, check=True).stdout
        rendered = re.sub(r".\x08", "", rendered)
        text, count = configuration_of(rendered)
        if count != defaults:
            yield f"{renderer[0]} shows {count} defaults of {defaults} in wildset.conf(5)"
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(text)
            file.flush()
            said = subprocess.run([wildsetd, "--check", "--config", file.name], capture_output=True, text=True)
        if said.returncode != 0:
            yield f"the defaults as {renderer[0]} shows them are refused: {said.stderr}{text}"


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
    problems += problems_of_the_rendered_page(sys.argv[1], sum(default is not None for default in page.values()))
    print("\n".join(problems) or f"{len(code)} keys: the page and the file know each")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
