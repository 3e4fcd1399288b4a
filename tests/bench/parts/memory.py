# SPDX-License-Identifier: GPL-2.0-or-later
"""Proportional memory of daemon and sniffer with 1000 leases, without the capture rings."""
import re
from pathlib import Path

from parts.element import Wire
from parts.kit import Wildset
from parts.table import Row

LEASES = 1000
MOST_KIB = 12 * 1024


def pss_kib(pid):
    """(all, rings): a ring is the mapping of a packet socket."""
    total = ring = 0
    in_ring = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            in_ring = "socket:[" in line
        elif line.startswith("Pss:"):
            total += int(line.split()[1])
            ring += int(line.split()[1]) if in_ring else 0
    return total, ring


def rows(bench):
    with Wire(), Wildset(bench, "fw", "f0") as wildset:
        # A few at a time: what is measured is what stays.
        first = bench.numbers(LEASES)
        bench.run([bench.tool("element"), "--names", LEASES, "--first", first, "--gap-us", 1500, "peer", "p0", "fw"])
        leases = wildset.status().get("leases", 0)
        daemon, _ = pss_kib(wildset.process.pid)
        sniffer, ring = pss_kib(wildset.sniffer_pid())
    together = daemon + sniffer - ring
    return [
        Row("memory", f"wildsetd, {leases} leases", f"{daemon / 1024:5.1f} MiB Pss"),
        Row("memory", "sniffer without its rings", f"{(sniffer - ring) / 1024:5.1f} MiB Pss (rings {ring / 1024:.1f} MiB)"),
        Row("memory", "together", f"{together / 1024:5.1f} MiB Pss", "<= 12 MiB", together <= MOST_KIB),
    ]
