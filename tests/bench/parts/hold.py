# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the first packet to a fresh name passes when a late one waits (`hold`), beside a wildset that only watches
and the bare prototype, which does so too.

Through the firewall and with a mirror port, TCP and UDP, the first answer (IPv4) and the last one (IPv6, asked over
IPv4), on the machine as it is and with both CPUs busy; what a flood of new connections costs; what is saved where
packets wait.
"""
import contextlib
import itertools
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from parts.kit import Missing, Program, Prototype, Wildset, inside, nft, on_cpu_ns
from parts.race import Street, by_getaddrinfo, resolver_files
from parts.table import Row
from parts.kit import RESOLVER

QUEUE, MARK = 5757, "0x10000000"
STATEMENT = f" queue flags bypass to {QUEUE}"
HOLD = 'hold = "250ms"\n'
GAP_US = 20000
FLOOD_RATE, FLOOD_SECONDS = 20000, 5
WATCHERS = {"prototype": None, "watching": "", "hold": HOLD}  # what the configuration has besides


class Holding(Street):
    """The street, with the rules of `wildset rules --hold` in front of its filter.  Where the kernel has no queue
    statement of nft, the rule marks the packet and a chain of iptables right behind queues it."""

    def load(self, bench, wildset):
        text = subprocess.run([bench.program("bin/wildset"), "rules", "--hold", "--config", wildset.config, "--shape",
                               "mark"], check=True, stdout=subprocess.PIPE, text=True).stdout
        if not self.has_statement():
            text = text.replace(STATEMENT, f" meta mark set meta mark or {MARK}")
        nft("fw", text)
        if not self.has_statement():
            self.queue_marked()

    def has_statement(self):
        nft("fw", "add table inet try; add chain inet try try")
        done = subprocess.run(inside("fw", ["nft", "add rule inet try try" + STATEMENT]), stderr=subprocess.DEVNULL)
        nft("fw", "delete table inet try")
        return done.returncode == 0

    def queue_marked(self):
        for iptables in ("iptables-nft", "ip6tables-nft"):
            subprocess.run(inside("fw", [iptables, "-t", "mangle", "-A", "FORWARD", "-m", "mark", "--mark",
                                         f"{MARK}/{MARK}", "-j", "NFQUEUE", "--queue-num", QUEUE, "--queue-bypass"]),
                           check=True)


@contextlib.contextmanager
def busy(bench):
    """One program on each CPU that never sleeps, with the priority of what is measured."""
    spin = [sys.executable, "-c", "while True: pass"]
    with contextlib.ExitStack() as stack:
        for _ in range(os.cpu_count()):
            stack.enter_context(Program(bench, None, spin, ready=None))
        yield


@contextlib.contextmanager
def scene(bench, watcher, mirror=False, is_busy=False):
    """Who watches, and the network; the client can ask and connect."""
    with contextlib.ExitStack() as stack:
        street = stack.enter_context(Holding(mirror))
        wildset = stack.enter_context(
            Prototype(bench, "fw", street.interface) if watcher == "prototype" else
            Wildset(bench, "fw", street.interface, outside=WATCHERS[watcher]))
        if WATCHERS[watcher]:
            street.load(bench, wildset)
        stack.enter_context(Program(bench, "srv", [bench.tool("acceptor")]))
        # A datagram that arrives is answered by an error, each of them.
        for name in ("net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0"):
            subprocess.run(inside("srv", ["sysctl", "-qw", name]), check=True)
        stack.enter_context(resolver_files(bench))
        stack.enter_context(Program(bench, "res", [bench.tool("responder"), RESOLVER]))
        if is_busy:
            stack.enter_context(busy(bench))
        yield street, wildset


def figure_of(mirror, protocol, family, is_busy):
    return ", ".join(("mirror port" if mirror else "firewall", protocol.upper(),
                      "IPv4" if family == "ipv4" else "IPv6", "both CPUs busy" if is_busy else "as it is"))


def one_case(bench, names, watcher, case):
    """(names, lost, of these in stalls, the daemon's figures)"""
    mirror, protocol, family, is_busy = case
    options = [family, f"gap-us={GAP_US}", *(["udp"] if protocol == "udp" else [])]
    with scene(bench, watcher, mirror, is_busy) as (_, wildset):
        count, lost, stalled = by_getaddrinfo(bench, names, *options)
        return count, lost, stalled, {} if watcher == "prototype" else wildset.status().get("hold", {})


def added(runs):
    return tuple(sum(run[part] for run in runs) for part in range(3))


def told(runs):
    count, lost, stalled = added(runs)
    return f"{lost} of {count} lost" + (f", {stalled} more in stalls" if stalled else "")


def waits_told(runs):
    """Of the last run: how many came, and how long they waited."""
    figures = runs[-1][3]
    outcomes, waits = figures.get("outcomes", {}), figures.get("waits", {})
    parts = [f"{key.replace('_', ' ')} {value}" for key, value in outcomes.items() if value]
    if waits.get("count"):
        parts.append(f"wait p50 {waits['median_us']} us, p99 {waits['p99_us']} us")
    return f" ({', '.join(parts)})" if parts else ""


# ---- a flood ----

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def syn(source, destination, port):
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    tcp = struct.pack(">HHIIBBHHH", port, 443, 1, 0, 0x50, 2, 64000, 0, 0)
    tcp = tcp[:16] + struct.pack(">H", checksum(addresses + struct.pack(">HH", 6, len(tcp)) + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses
    return ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:] + tcp


def write_flood(path, gateway, sources):
    """SYNs to addresses that nobody asked for."""
    ethernet = bytes.fromhex(gateway.replace(":", "")) + b"\2\0\0\0\0\7\x08\0"
    frames = [ethernet + syn(f"10.99.1.{20 + i % sources}", f"198.19.{i % 200}.{i // 200 % 250}", 1024 + i % 60000)
              for i in range(20000)]
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            out.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def flooded(bench, names, sources):
    """(names, lost, in stalls, figures), and the share of a CPU that daemon and sniffer took."""
    file = bench.folder / "flood.pcap"
    with scene(bench, "hold") as (_, wildset):
        by_getaddrinfo(bench, 50, "ipv6")  # until it is known that packets come
        time.sleep(1.5)
        gateway = subprocess.run(inside("fw", ["cat", "/sys/class/net/f0/address"]), check=True, stdout=subprocess.PIPE,
                                 text=True).stdout.strip()
        write_flood(file, gateway, sources)
        flood = [bench.tool("flood"), "--rate", FLOOD_RATE, "--frames", FLOOD_RATE * FLOOD_SECONDS, "--cpu", "1", file,
                 "c0"]
        before, began = sum(map(on_cpu_ns, wildset.pids())), time.monotonic()
        with subprocess.Popen(inside("client", flood), stdout=subprocess.DEVNULL) as flooding:
            runs = [by_getaddrinfo(bench, names, "ipv6", f"gap-us={GAP_US}")]
            while flooding.poll() is None:
                runs.append(by_getaddrinfo(bench, names, "ipv6", f"gap-us={GAP_US}"))
        took_ns = sum(map(on_cpu_ns, wildset.pids())) - before
        share = took_ns / (time.monotonic() - began) / 1e9
        return (*added(runs), wildset.status().get("hold", {})), share


def flood_rows(bench, names):
    rows = []
    for sources in (1, 200):
        figure = f"{FLOOD_RATE} SYNs a second from {sources} address{'es' if sources > 1 else ''}"
        if not is_chosen(bench, figure):
            continue
        run, share = flooded(bench, names, sources)
        rows.append(Row("hold", figure, f"{told([run])}, daemon and sniffer {100 * share:.1f} % of a CPU" +
                        waits_told([run]), "none, <= 3 %" if sources == 1 else "",
                        run[1] == 0 and share <= 0.03 if sources == 1 else None))
    return rows


# ---- all of it ----

def is_chosen(bench, figure):
    return any(text in figure for text in bench.options.case or [""])


def cost_rows(bench, names):
    """What names cost, watched and waited for: daemon and sniffer together."""
    rows = []
    for watcher in WATCHERS:
        figure = f"CPU for one name: {watcher}"
        if not is_chosen(bench, figure):
            continue
        with scene(bench, watcher) as (_, wildset):
            by_getaddrinfo(bench, 50, "ipv6")
            time.sleep(1.5)
            before = sum(map(on_cpu_ns, wildset.pids()))
            by_getaddrinfo(bench, names, "ipv6")
            took = sum(map(on_cpu_ns, wildset.pids())) - before
        rows.append(Row("hold", figure, f"{took / names / 1000:.0f} us"))
    return rows


def rows(bench):
    names, found = bench.names(50), {}
    cases = list(itertools.product((False, True), ("tcp", "udp"), ("ipv4", "ipv6"), (False, True)))
    for _ in bench.rounds("hold", bench.options.runs or 1):
        for case, watcher in itertools.product(cases, WATCHERS):
            figure = f"{figure_of(*case)}: {watcher}"
            if is_chosen(bench, figure):
                found.setdefault(figure, []).append(one_case(bench, names, watcher, case))
    result = []
    for figure, runs in found.items():
        waits = figure.endswith(": hold")
        lost = sum(run[1] for run in runs)
        result.append(Row("hold", figure, told(runs) + waits_told(runs), "none" if waits else "",
                          lost == 0 if waits else None))
    for watcher in WATCHERS:
        runs = [run for figure, all_runs in found.items() if figure.endswith(f": {watcher}") for run in all_runs]
        if runs:
            result.append(Row("hold", f"all together: {watcher}", told(runs)))
    result += cost_rows(bench, names) + flood_rows(bench, names)
    if not result:
        raise Missing("hold: no figure has that in its name")
    return result
