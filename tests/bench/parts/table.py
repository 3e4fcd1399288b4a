# SPDX-License-Identifier: GPL-2.0-or-later
"""The one table that the bench prints, and the arithmetic of its cells."""
import statistics
from collections import namedtuple

# goal: what section 8 wants, "" where it promises nothing; met: True, False, None when there is no goal.
Row = namedtuple("Row", "part figure value goal met", defaults=("", None))


def median(values):
    return statistics.median(values)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def verdict(met):
    return {True: "reached", False: "MISSED", None: ""}[met]


def print_table(rows, notes):
    cells = [("part", "figure", "value", "goal", "")]
    previous = None
    for row in rows:
        cells.append((row.part if row.part != previous else "", row.figure, row.value, row.goal, verdict(row.met)))
        previous = row.part
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    for number, line in enumerate(cells):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths).rstrip())
    for note in notes:
        print(f"note: {note}")
