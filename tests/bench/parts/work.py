# SPDX-License-Identifier: GPL-2.0-or-later
"""What the dearest answers cost to read, and a name to look up among many patterns."""
from parts.table import Row

DEAREST_US = 5000  # of 64 KiB: a resolver's honest ones of that size take a third of it


def rows(bench):
    told = dict(line.split("\t") for line in bench.run([bench.tool("work")]).splitlines())
    found = []
    for what, nanoseconds in told.items():
        if what.startswith("a name among"):
            found.append(Row("work", what, f"{nanoseconds} ns"))
            continue
        took = int(nanoseconds) / 1000
        found.append(Row("work", f"64 KiB of {what}", f"{took:.0f} us", f"<= {DEAREST_US} us", took <= DEAREST_US))
    few, many = (int(told[f"a name among {count} patterns"]) for count in (10, 50000))
    found.append(Row("work", "50000 patterns instead of 10", f"{many / max(few, 1):.1f} x", "<= 5 x", many <= 5 * few))
    return found
