#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The alert rules and the dashboard ask for figures and labels that `wildset metrics` prints, and nothing else.

Where promtool is installed it checks each expression too, and runs the rules' own tests.

    monitoring.py WILDSET
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from prometheus_client.parser import text_string_to_metric_families

import client

FOLDER = pathlib.Path(__file__).parents[2] / "packaging/prometheus"
# What Prometheus and node_exporter add.
FOREIGN = {"node_textfile_mtime_seconds": {"file"}}
ADDED = {"instance", "job"}
WORDS = {"by", "sum", "min", "rate", "increase", "time", "absent", "histogram_quantile"}


def metrics_of(text):
    """Name of each sample to its labels; with it those that each source counts, which come along one by one."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    table = (FOLDER.parents[1] / "source/counter.c").read_text(encoding="utf-8")
    for counter in re.findall(r'\[COUNTER_[A-Z0-9_]+\] = \{"([a-z0-9-]+)"', table):
        found.setdefault("wildset_source_%s_total" % counter.replace("-", "_"), {"source"})
    return found


def rules():
    """Alert, expression, and all text with labels in it."""
    text = (FOLDER / "wildset.rules.yml").read_text(encoding="utf-8")
    for rule in text.split("  - alert: ")[1:]:
        yield rule.split("\n")[0], re.search(r"^    expr: (.*)$", rule, re.M)[1], re.findall(r"\$labels\.(\w+)", rule)


def panels():
    """The same of the dashboard, its variables put in."""
    board = json.loads((FOLDER / "wildset-dashboard.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m").replace("$instance", "fw1")
            yield panel["title"], expression, re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
    variable = next(one for one in board["templating"]["list"] if one["name"] == "instance")
    yield "instance", re.fullmatch(r"label_values\((\w+), instance\)", variable["query"])[1], []


def problems(name, expression, labels, known):
    bare = re.sub(r'"[^"]*"|\[\w+\]', "", expression)
    matched = set(re.findall(r"(\w+)=", bare))
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", bare) for label in re.split(r",\s*", group)}
    bare = re.sub(r"by \([^)]*\)|\{[^}]*\}", "", bare)
    asked = set(re.findall(r"[a-z_]\w+", bare)) - WORDS
    if not asked:
        yield f"{name}: asks for nothing: {expression}"
    had = set(ADDED)
    for metric in asked:
        if metric not in known:
            yield f"{name}: there is no {metric}"
        had |= known.get(metric, set())
    for label in (matched | grouped | set(labels)) - had:
        yield f"{name}: none of {sorted(asked)} has a label {label}"
    if grouped:
        for label in set(labels) - grouped:
            yield f"{name}: {label} is not among what it is grouped by"


def checked_by_promtool(expressions):
    """None, or what promtool says against it."""
    if not shutil.which("promtool"):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "all.yml"
        path.write_text(json.dumps({"groups": [{"name": "all", "rules": [
            {"record": f"r{i}", "expr": expression} for i, expression in enumerate(expressions)]}]}), encoding="utf-8")
        for command in (["check", "rules", path], ["check", "rules", FOLDER / "wildset.rules.yml"],
                        ["test", "rules", FOLDER / "wildset.test.yml"]):
            done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
            if done.returncode:
                yield done.stdout + done.stderr


def main():
    with tempfile.TemporaryDirectory() as folder:
        check = client.Check(sys.argv[1], folder)
        _, result = check.ask(client.packets(client.compact(client.STATUS)), "metrics")
    known = metrics_of(result.stdout) | FOREIGN
    asked = [*rules(), *panels()]
    found = [problem for row in asked for problem in problems(*row, known)]
    tests = (FOLDER / "wildset.test.yml").read_text(encoding="utf-8")
    for alert, _, _ in rules():
        for what in (f"- name: {alert}\n", f"- name: {alert} is silent\n"):
            if what not in tests:
                found.append(f"wildset.test.yml: no test {what!r}")
    for series in set(re.findall(r"series: '(\w+)", tests)) - set(known) - {"up"}:
        found.append(f"wildset.test.yml: there is no {series}")
    found += checked_by_promtool([expression for _, expression, _ in asked])
    assert len(asked) > 30 and list(problems("x", "sum by (y) (rate(wildset_nothing[5m]))", [], known)), asked
    print("\n".join(found) or f"ok  {len(asked)} expressions")
    sys.exit(len(found) > 0)


if __name__ == "__main__":
    main()
