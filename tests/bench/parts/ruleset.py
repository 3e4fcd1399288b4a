# SPDX-License-Identifier: GPL-2.0-or-later
"""The same way with a large ruleset around it: the time must not grow."""
from parts.element import Wire, middle, text, times
from parts.kit import Wildset, nft
from parts.table import Row

ELEMENTS, SETS, RULES = 100_000, 1_000, 10_000


def large_ruleset():
    """Elements in the very set, other sets, and rules that no packet of ours meets."""
    for start in range(0, ELEMENTS, 5000):
        listed = ", ".join(f"203.{112 + (n >> 16)}.{n >> 8 & 255}.{n & 255} timeout 1h"
                           for n in range(start, start + 5000))
        nft("fw", f"add element inet wildset lookback4 {{ {listed} }}")
    sets = "\n".join(f"set s{n} {{ type ipv4_addr; elements = {{ 192.0.2.{n % 256} }}; }}" for n in range(SETS))
    rules = "\n".join(f"ip saddr 100.{64 + (n >> 8)}.{n & 255}.1 tcp dport {n + 1} counter drop" for n in range(RULES))
    nft("fw", f"table inet others {{\n{sets}\nchain many {{\n{rules}\n}}\n}}")


def rows(bench):
    names, runs = bench.names(100), bench.runs(3)
    small, large = [], []
    # Alternating; a ruleset of its own each time, since taking the large one down is slow as well.
    for _ in bench.rounds("ruleset", runs):
        with Wire(), Wildset(bench, "fw", "f0", most=200_000):
            small.append(times(bench, names))
        with Wire():
            large_ruleset()
            with Wildset(bench, "fw", "f0", most=200_000):
                large.append(times(bench, names))
    empty, full = middle(small), middle(large)
    ratio = full.p50 / empty.p50
    return [
        Row("ruleset", "wildset, an empty set and no other", text(empty)),
        Row("ruleset", f"{ELEMENTS} elements, {SETS} other sets, {RULES} rules", f"{text(full)}  {ratio:5.2f} x empty",
            "does not grow: <= 1.2 x", ratio <= 1.2),
    ]
