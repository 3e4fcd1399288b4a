# SPDX-License-Identifier: GPL-2.0-or-later
"""The sniffer's memory, its rings counted, when hostile flows come that are each another one: questions, answers that
nobody asked for, TCP streams, fragments. On one interface, and on two that get the same."""
import re
from pathlib import Path

from parts.kit import Netns, RESOLVERS, SUFFIX, Wildset
from parts.table import Row

FLOWS, FLOWS_FULL = 25_000, 2_500_000
MOST_KIB = 64 * 1024


def configuration(interfaces):
    listed = ", ".join(f'"{interface}"' for interface in interfaces)
    resolvers = ", ".join(f'"{resolver}"' for resolver in RESOLVERS)
    return f"""capture {{
    interfaces = {{ {listed} }}
    resolvers  = {{ {resolvers} }}
    checksums  = "ignore"
}}
whitelist lookback {{
    benchmark-addresses = true
    names             = {{ "*.{SUFFIX}" }}
    private-addresses = true
}}
log = "alarms"
"""


def most_kib(pid):
    """What was resident at most: its own memory, its libraries and its rings."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))


def measure(bench, count, flows):
    interfaces = [f"f{number}" for number in range(count)]
    with Netns("peer", "fw") as network:
        for number, interface in enumerate(interfaces):
            network.pair("peer", f"p{number}", "fw", interface)
        wildset = Wildset(bench, "fw", interfaces[0])
        wildset.config.write_text(configuration(interfaces))
        with wildset:
            pid = wildset.sniffer_pid()
            for number in range(count):
                bench.run([bench.program("tests/unit_sniffer_test_flows"), flows, "send", f"p{number}"], netns="peer")
            status = wildset.status()
            ended = status["sources"][0]["pid"] != pid
            counters = status["sources"][0]["counters"]
            if ended or counters["questions"] == 0 or counters["tcp-segments"] == 0 or counters["fragments"] == 0:
                bench.note(f"flows: the sniffer {'was started again' if ended else 'did not see them all'}: {counters}")
            return most_kib(status["sources"][0]["pid"]), sum(entry["buffer"] for entry in status["sources"][0]["interfaces"])


def rows(bench):
    flows = FLOWS_FULL if bench.options.full else FLOWS
    result = []
    for count in (1, 2):
        kib, rings = measure(bench, count, flows)
        result.append(Row("flows", f"sniffer, {count} interface{'s' if count > 1 else ''}",
                          f"{kib / 1024:5.1f} MiB at most (rings {rings / 2**20:.0f} MiB)", "< 64 MiB", kib < MOST_KIB))
    bench.note(f"flows: {4 * flows} on each interface, a quarter of each kind; resident at most, the rings in it")
    return result
