# SPDX-License-Identifier: GPL-2.0-or-later
"""A firewall with capture ports alone, and a peer that puts frames onto their wires as bytes."""
import itertools
import pathlib
import shutil
import socket
import tempfile

from scapy.all import DNS, DNSQR, DNSRR, IP, UDP, Ether, raw

import appliance
import lab

PORT = 40000
ZONE = "dormammu.lookback.io"


def ethernet(packet):
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet


def question(name, identity):
    return (IP(src=lab.CLIENT4, dst=lab.SILENT4) / UDP(sport=PORT, dport=53) /
            DNS(id=identity, rd=1, qd=DNSQR(qname=name)))


def answer(name, identity, data, kind="A"):
    return (IP(src=lab.SILENT4, dst=lab.CLIENT4) / UDP(sport=53, dport=PORT) /
            DNS(id=identity, qr=1, rd=1, ra=1, qd=DNSQR(qname=name),
                an=DNSRR(rrname=name, type=kind, ttl=300, rdata=data)))


class Taps:
    """`tap0` is there from the start; what a test adds comes over `cable`."""

    def __init__(self, interfaces, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wildset-taps-"))
        self.identities = itertools.count(1)
        self.hosts = [lab.Host("firewall", self.folder)]
        self.firewall = self.hosts[0]
        self.hosts.append(lab.Host("peer", self.folder))
        self.peer = self.hosts[1]
        self.cable("tap0")
        self.wildset = appliance.Wildset(self.firewall, interfaces=interfaces, **settings)
        self.wildset.start()

    def cable(self, name):
        """Both ends have this name, and are up."""
        self.peer.ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", "firewall")
        for host in (self.peer, self.firewall):
            host.ip("link", "set", name, "up")

    def close(self):
        status, log = self.wildset.stop(), self.wildset.log()
        for host in reversed(self.hosts):
            host.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert status == 0, log

    def send(self, interface, *frames):
        """One right behind the other."""
        bytes_of = [raw(frame) for frame in frames]
        with self.peer.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind((interface, 0))
            for frame in bytes_of:
                sock.send(frame)

    def exchange(self, name, data, kind="A"):
        """A question and its answer, as IP packets."""
        identity = next(self.identities)
        return [question(name, identity), answer(name, identity, data, kind)]

    def learns(self, address, send):
        """Each time another name, sent until the address is in the set: an interface may just be on its
        way."""
        for number in itertools.count():
            send(self.exchange(f"n{number}.{ZONE}", address))
            try:
                lab.wait_for(address, lambda: self.wildset.holds(address), timeout=0.5)
                return
            except AssertionError:
                if number == 20:
                    raise

    def learns_over(self, interface, address):
        self.learns(address, lambda packets: self.send(interface, *map(ethernet, packets)))

    def interface(self, name):
        """As `status --json` has it; {} while no sniffer runs."""
        for source in self.wildset.status()["sources"]:
            for interface in source["interfaces"]:
                if interface["interface"] == name:
                    return interface
        return {}
