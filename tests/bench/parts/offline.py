# SPDX-License-Identifier: GPL-2.0-or-later
"""The cost of an answer that is not ours, from a file in the page cache: user and system time."""
import os
import shutil
import subprocess

from parts.kit import configuration, RESOLVERS
from parts.table import Row, median

FLOOR = "libpcap, empty callback (floor)"
OURS, DNSCAP = "wildset replay", "dnscap -x"
FLOOR_MOST = 2  # times the floor that ours may cost
DNSCAP_LEAST = 50  # times ours that dnscap with a regular expression costs, each on one core
EVERY = 1000  # one answer in so many is ours: 99.9 % are foreign


def cost_ns(bench, command):
    """User and system time of one run, nanoseconds."""
    bench.check_time()
    with open(os.devnull, "w") as nothing:
        process = subprocess.Popen(command, stdout=nothing, stderr=nothing)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        bench.note(f"offline: {' '.join(command)}: exit status {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1e9


def captures(bench):
    """Answers by the number in each file; 0 is for what a program needs to start."""
    files = {}
    for answers in (0, 20_000, 100_000, 1_000_000):
        files[answers] = str(bench.folder / f"{answers}.pcap")
        bench.run([bench.tool("generate"), "--answers", answers, "--every", EVERY, files[answers]])
    return files


def programs(bench):
    """Name, answers in its file, command before and after the file's name."""
    config = bench.folder / "replay.conf"
    config.write_text(configuration("any", "low", 60000, RESOLVERS, "alarms"))
    yield FLOOR, 1_000_000, [bench.tool("floor")], []
    yield OURS, 1_000_000, [bench.program("libexec/wildset/replay"), "--config", str(config)], []
    peers = {
        "PacketQ qname like": (100_000, ["PacketQ", "-s", f"select qname from dns where qname like '%dormammu%'"], []),
        "tcpdump -n": (100_000, ["tcpdump", "-n", "-r"], []),
        DNSCAP: (100_000, ["dnscap", "-x", r"\.dormammu\.lookback\.io", "-w", str(bench.folder / "dnscap"), "-r"], []),
        "tshark -Y": (20_000, ["tshark", "-Y", 'dns.qry.name contains "dormammu"', "-T", "fields", "-e", "dns.a", "-r"], []),
    }
    for name, (answers, before, after) in peers.items():
        if shutil.which(before[0]):
            yield name, answers, before, after
        else:
            bench.note(f"offline: {before[0]} is not on this machine: skipped")


def row(name, each, floor, ours):
    """`each`, `floor` and `ours` are costs of an answer: this program's, libpcap's, wildset's."""
    value, goal, met = f"{each:8.0f} ns/answer  {each / floor:6.2f} x floor", "", None
    if name == OURS:
        goal, met = f"<= {FLOOR_MOST} x floor", each <= FLOOR_MOST * floor
    elif name == DNSCAP:
        value += f"  {each / ours:4.0f} x ours"
        goal, met = f">= {DNSCAP_LEAST} x ours", each >= DNSCAP_LEAST * ours
    return Row("offline", name, value, goal, met)


def rows(bench):
    files = captures(bench)
    chosen = list(programs(bench))
    # Alternating, so that a busy moment of the machine meets all of them.
    costs = {name: [] for name, *_ in chosen}
    starts = {name: [] for name, *_ in chosen}
    for _ in bench.rounds("offline", bench.runs()):
        for name, answers, before, after in chosen:
            costs[name].append(cost_ns(bench, [*before, files[answers], *after]))
            starts[name].append(cost_ns(bench, [*before, files[0], *after]))
    each = {name: (median(costs[name]) - median(starts[name])) / answers for name, answers, _, _ in chosen}
    bench.note("offline: user + system time, start-up (an empty file) taken off, one answer in 1000 ours")
    return [row(name, each[name], each[FLOOR], each[OURS]) for name in each]
