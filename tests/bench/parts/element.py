# SPDX-License-Identifier: GPL-2.0-or-later
"""From the answer on the wire to the element in the set, seen by an independent observer."""
import os
from collections import namedtuple

from parts.kit import Netns, Prototype, Wildset, ip, nft
from parts.table import Row, median, percentile

# microseconds; `late`: not there after 100 ms; `stalled`: taken out, the machine stood still meanwhile
Times = namedtuple("Times", "p50 p99 worst late stalled")

# Filter chains that let a probe pass only to an address of the set; wildset takes the sets over.
RULESET = """
table inet wildset {
    set lookback4 { type ipv4_addr; flags timeout; size 400000; }
    set lookback6 { type ipv6_addr; flags timeout; size 400000; }
    chain probe {
        type filter hook output priority 0;
        udp dport != 9 accept
        ip daddr @lookback4 accept
        drop
    }
}
"""


class Wire(Netns):
    """peer:p0 ---- f0:fw, where the watcher listens on f0."""

    def __init__(self):
        super().__init__("peer", "fw")

    def __enter__(self):
        super().__enter__()
        self.pair("peer", "p0", "fw", "f0")
        ip("-n", "fw", "addr", "add", "10.99.1.1/24", "dev", "f0")
        ip("-n", "fw", "route", "add", "local", "198.18.0.0/15", "dev", "lo")
        nft("fw", RULESET)
        return self


def times(bench, names):
    first = bench.numbers(names)
    lines = bench.run([bench.tool("element"), "--names", names, "--first", first, "peer", "p0", "fw"]).splitlines()
    seen = [(int(ns), int(stalled)) for ns, stalled in map(str.split, lines)]
    calm = [ns / 1000 for ns, stalled in seen if ns >= 0 and not stalled]
    late = sum(1 for ns, stalled in seen if ns < 0 and not stalled)
    if not calm:
        return Times(float("nan"), float("nan"), float("nan"), late, len(seen))
    return Times(median(calm), percentile(calm, 0.99), max(calm), late, sum(stalled for _, stalled in seen))


def watchers(bench):
    return {
        "prototype, always awake": lambda: Prototype(bench, "fw", "f0"),
        "wildset, latency = low": lambda: Wildset(bench, "fw", "f0", latency="low"),
        "prototype": lambda: Prototype(bench, "fw", "f0", low=False),
        "wildset, latency = normal": lambda: Wildset(bench, "fw", "f0", latency="normal"),
    }


def middle(runs):
    return Times(*(median(column) for column in zip(*runs)))


def text(each):
    line = f"p50 {each.p50:6.1f} us  p99 {each.p99:7.1f} us  max {each.worst:8.1f} us"
    if each.late:
        line += f"  later than 100 ms: {each.late:g}"
    if each.stalled:
        line += f"  (+{each.stalled:g} in stalls)"
    return line


def can_hold(bench):
    if os.access("/dev/cpu_dma_latency", os.W_OK):
        return True
    bench.note("element: /dev/cpu_dma_latency cannot be opened here: the figures with it are left out")
    return False


def rows(bench):
    names, runs, found = bench.names(100), bench.runs(3), {}
    makers = watchers(bench)
    if not can_hold(bench):
        makers.pop("prototype, always awake")
    with Wire():
        for _ in bench.rounds("element", runs):
            for name, make in makers.items():
                with make():
                    found.setdefault(name, []).append(times(bench, names))
    result = []
    each = {name: middle(all_runs) for name, all_runs in found.items()}
    for name, values in each.items():
        base = {"wildset, latency = low": "prototype, always awake",
                "wildset, latency = normal": "prototype"}.get(name)
        if base not in each:
            result.append(Row("element", name, text(values)))
            continue
        ratio = values.p50 / each[base].p50
        result.append(Row("element", name, f"{text(values)}  {ratio:5.2f} x prototype", "<= 2 x prototype", ratio <= 2))
    bench.note(f"element: {names} fresh names a run, 40 a second of 8 clients, question 200 us before the answer, "
               "always awake: cpu_dma_latency held, real time; "
               f"medians of {runs} runs that alternate")
    return result
