#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job, shown: fresh names are asked for, their addresses appear in the set, the client connects.

Started by packaging/run inside `enter`.  The times come from a watcher that knows nothing of wildset:
it reads the kernel's time stamps of the DNS answers on the watched interface and listens to the
kernel's own announcements of new set elements.
"""
import contextlib
import os
import pathlib
import re
import socket
import struct
import threading
import time

import appliance
import holding
import lab
import names

# seconds: the sniffer tells its counters each second, and status shows what was told
COUNTERS_EVERY = 1.2

NFNLGRP_NFTABLES = 7
NEWSETELEM = 10 << 8 | 12  # subsystem nf_tables, NFT_MSG_NEWSETELEM
SO_TIMESTAMPNS = 35
PORT = 19305

# What a client meets: one address, both families, an alias out of the zone.
KINDS = ("A", "AAAA", "A+AAAA", "CNAME")
NAMES = 100  # in each of the two networks
SHOWN = 12
RETRANSMITTED = 0.5  # seconds: a first packet that was lost is sent again after one


class Watcher:
    """When an address was in an answer on the wire, and when in the kernel's set.  The wire is read
    only afterwards, by the kernel's time stamps: nobody is to be woken who is not woken in real life."""

    def __init__(self, host, interface):
        self.answers, self.elements = [], []
        with host.entered():
            self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
            self.wire.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.wire.bind((interface, 0))
            self.kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
            self.kernel.bind((0, 1 << (NFNLGRP_NFTABLES - 1)))
        self.wire.setblocking(False)
        threading.Thread(target=self.watch_kernel, daemon=True).start()

    def watch_kernel(self):
        while True:
            message = self.kernel.recv(65536)
            now = time.clock_gettime_ns(time.CLOCK_REALTIME)
            if struct.unpack_from("=H", message, 4)[0] == NEWSETELEM:
                self.elements.append((now, message))

    def read_wire(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, ancillary, _, _ = self.wire.recvmsg(2048, 64)
                if b"\x00\x35" in frame[34:56]:  # port 53, behind an IPv4 or an IPv6 header
                    seconds, nanoseconds = struct.unpack("ll", ancillary[0][2])
                    self.answers.append((seconds * 10**9 + nanoseconds, frame[42:]))

    def microseconds(self, address):
        """From the answer to the announcement, or None while one of them has not been seen."""
        self.read_wire()
        key = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
        answered = next((when for when, data in self.answers if key in data), None)
        entered = next((when for when, data in self.elements if key in data), None)
        return None if answered is None or entered is None else (entered - answered) // 1000


def shipped_configuration(settings):
    """packaging/wildset.conf with the lab's interface and resolver, and with hold; there is no vendor to ask."""
    text = (pathlib.Path(__file__).parents[2] / "packaging" / "wildset.conf").read_text(encoding="utf-8")
    values = {key: f"{{ {appliance.quoted(settings[key])} }}" for key in ("interfaces", "resolvers")}
    for key, value in (values | {"registry": '""', "resolve": "false", "hold": '"250ms"'}).items():
        text, found = re.subn(rf"(?m)^( *)(?:# )?{key} *= *(?:\{{[^}}]*\}}|.*)", rf"\1{key} = {value}", text)
        if found != 1:
            raise lab.LabError(f"packaging/wildset.conf: {found} lines set {key}, wanted one")
    return text


class ShippedWildset(appliance.Wildset):
    def configure(self, **settings):
        self.settings |= settings
        self.file.write_text(shipped_configuration(self.settings), encoding="utf-8")


def publish(zone, mode):
    """Names that nobody has asked for yet, each with addresses of its own."""
    fresh = []
    for number in range(1, NAMES + 1):
        kind = KINDS[number % len(KINDS) - 1]
        owner = f"{mode[0]}{number}"
        four = f"300 A 198.51.100.{100 + number}"
        six = f"300 AAAA 2001:db8:100:{mode[0] == 'm':x}::{number:x}"
        if kind == "CNAME":
            zone.records["example.net"].append(f"{owner} {four}")
            records = [f"300 CNAME {owner}.example.net."]
        else:
            records = [record for record in (four, six) if record.split()[1] in kind.split("+")]
        zone.records["lookback.io"] += [f"{owner}.dormammu {record}" for record in records]
        fresh.append((f"{owner}.dormammu.lookback.io", kind))
    zone.write("example.net")
    zone.publish("lookback.io", "changed", ["300 TXT now"])
    return fresh


def first_connection(client, name):
    """As any program does it: getaddrinfo, then connect; gives the address and the seconds."""
    with client.entered():
        family, kind, _, _, target = socket.getaddrinfo(name, PORT, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as sock:
            sock.settimeout(3)
            start = time.monotonic()
            try:
                sock.connect(target)
            except OSError:
                return target[0], None
            return target[0], time.monotonic() - start


def verdict(seconds):
    if seconds is None:
        return "BLOCKED"
    if seconds > RETRANSMITTED:
        return f"passed at the second try, after {seconds:.1f} s"
    return f"passed in {seconds * 1000:.1f} ms"


def show(name, kind, address, microseconds, seconds):
    waited = "no element" if microseconds is None else f"element after {microseconds} us"
    print(f"  {name:28} {kind:7} {address:20} {waited:22} first connection {verdict(seconds)}",
          flush=True)


def show_names(network, zone, watcher):
    """The first ones one by one, the others as fast as they come; returns how many first connections were lost."""
    lost = 0
    fresh = publish(zone, network.mode)
    for number, (name, kind) in enumerate(fresh):
        address, seconds = first_connection(network.client, name)
        if number < SHOWN:
            with contextlib.suppress(AssertionError):
                lab.wait_for("the element", lambda a=address: watcher.microseconds(a) is not None, 1)
            show(name, kind, address, watcher.microseconds(address), seconds)
        lost += seconds is None or seconds > RETRANSMITTED
    print(f"  ... and {len(fresh) - SHOWN} more names: {lost} of {len(fresh)} first connections lost")
    return lost


def show_outside(network, watcher):
    name = "www.lookback.io"
    address, seconds = first_connection(network.client, name)
    show(name, "A", address, watcher.microseconds(address), seconds)
    print("  (outside the patterns: it resolves, and has to stay blocked)")
    return seconds is not None


def show_set(text):
    """Without most of its elements."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if "expires" in line)
    shown = "\n".join(lines[:first + SHOWN // 2])
    print(shown)
    print(f"\t\t\t     ... and {text.count('expires') - shown.count('expires')} more")


def demonstrate(mode, title):
    network = lab.Network(mode)
    try:
        zone = names.Names(network.resolver, network.folder)
        network.serve()
        if mode == "mirror":  # so that it is evident, on a machine that forwards
            for version in ("ipv4", "ipv6"):
                network.firewall.sysctl(f"{version}/conf/mirror/forwarding", 0)
        wildset = ShippedWildset(network.firewall, interfaces=[network.interface])
        appliance.Firewall(network.firewall, wildset, "mark").load()
        holding.Rules(network.firewall, wildset, "mark").load()
        wildset.start()
        watcher = Watcher(network.firewall, network.interface)
        print(f"\n{title}\n", flush=True)
        wrong = show_outside(network, watcher)
        lost = show_names(network, zone, watcher)
        for family in (4, 6):
            print(f"\n# nft list set {wildset.settings[f'set{family}']}")
            show_set(wildset.show(family))
        time.sleep(COUNTERS_EVERY)
        print("\n# wildset status")
        print(wildset.ask("status"), end="", flush=True)
        return wrong, lost
    finally:
        network.close()


def main():
    lab.prepare()
    print("client -- firewall (drops by default; wildset's set opens it) -- server, real programs on each.\n"
          "wildset runs with the shipped configuration and hold = \"250ms\", and sees the DNS answers to the client.")
    results = [demonstrate("path", "== the DNS crosses the firewall"),
               demonstrate("mirror", "== the DNS does not: a switch mirrors it to a port of the firewall")]
    lost = sum(lost for _, lost in results)
    wrong = any(wrong for wrong, _ in results)
    if lost:
        print(f"\nA packet waits for 250 ms at most. Load here: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs: a"
              " machine that stands still for longer loses some.  tests/bench measures it.")
    print("\nThe names outside the patterns", "were NOT blocked." if wrong else "stayed blocked.")
    print(f"{lost} of {len(results) * NAMES} first connections lost")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
