# SPDX-License-Identifier: GPL-2.0-or-later
"""Proportional memory of daemon and sniffer with few and with many leases, without the capture rings; listing them."""
import re
import subprocess
import time
from pathlib import Path

from parts.element import Wire
from parts.kit import Wildset
from parts.table import Row

LEASES = 1000
MOST_KIB = 12 * 1024
MANY = 100_000  # each with a name of its own
MANY_MOST_KIB = 60 * 1024
LIST_MOST_S = 1.0
FLOOD_RATE = 20_000


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


def many_rows(bench):
    capture = bench.folder / "many.pcap"
    bench.run([bench.tool("generate"), "--answers", MANY, "--every", 1, capture])
    with Wire(), Wildset(bench, "fw", "f0", latency="normal", most=131_000) as wildset:
        bench.run([bench.tool("flood"), "--rate", FLOOD_RATE, "--frames", 2 * MANY, capture, "p0"], netns="peer")
        time.sleep(1.5)
        leases = wildset.status().get("leases", 0)
        daemon, _ = pss_kib(wildset.process.pid)
        began = time.monotonic()
        listed = subprocess.run([bench.program("bin/wildset"), "list"], stdout=subprocess.PIPE, check=True).stdout
        took = time.monotonic() - began
    return [
        Row("memory", f"wildsetd, {leases} leases", f"{daemon / 1024:5.1f} MiB Pss", f"<= {MANY_MOST_KIB // 1024} MiB",
            daemon <= MANY_MOST_KIB),
        Row("memory", f"`wildset list`, {listed.count(bytes([10])) - 1} addresses", f"{took:5.2f} s", f"<= {LIST_MOST_S:g} s",
            took <= LIST_MOST_S),
    ]


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
        *many_rows(bench),
    ]
