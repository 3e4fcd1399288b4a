# SPDX-License-Identifier: GPL-2.0-or-later
"""What the captures are made of: DNS messages laid out by hand, packets by scapy, files by hand.

Nothing here asks the clock or chance, so a script makes the same bytes each time.
"""

import calendar
import logging
import os
import socket
import struct
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

# 2026-01-02T03:04:05.678901Z
START_US = calendar.timegm((2026, 1, 2, 3, 4, 5)) * 1_000_000 + 678_901

CLIENT, RESOLVER, SERVER = "192.0.2.10", "192.0.2.53", "198.51.100.7"
CLIENT6, RESOLVER6 = "2001:db8::10", "2001:db8::53"
APEX = "dormammu.lookback.io"
NAME = "eu1.dormammu.lookback.io"

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28, "DNAME": 39, "SVCB": 64, "HTTPS": 65, "TXT": 16,
         "MX": 15, "SRV": 33, "NAPTR": 35}
LINK_NULL, LINK_ETHERNET, LINK_RAW, LINK_SLL, LINK_SLL2 = 0, 1, 101, 113, 276


# --- DNS -----------------------------------------------------------------------------------------

def wire(name):
    """A name in wire format, its case kept; bytes are taken as they are."""
    if isinstance(name, bytes):
        return name
    labels = [label.encode("latin-1") for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner, kind, ttl, rdata, klass=1, length=None):
    """One resource record; `length` lies about the data's length."""
    length = len(rdata) if length is None else length
    return wire(owner) + struct.pack("!HHIH", TYPES.get(kind, kind), klass, ttl, length) + rdata


def a(owner, address=SERVER, ttl=300):
    return record(owner, "A", ttl, socket.inet_pton(socket.AF_INET, address))


def aaaa(owner, address, ttl=300):
    return record(owner, "AAAA", ttl, socket.inet_pton(socket.AF_INET6, address))


def cname(owner, target, ttl=300):
    return record(owner, "CNAME", ttl, wire(target))


def dname(owner, target, ttl=300):
    return record(owner, "DNAME", ttl, wire(target))


def https(owner, priority, target, hints4=(), hints6=(), ttl=300, kind="HTTPS"):
    rdata = struct.pack("!H", priority) + wire(target)
    for key, family, hints in ((4, socket.AF_INET, hints4), (6, socket.AF_INET6, hints6)):
        value = b"".join(socket.inet_pton(family, hint) for hint in hints)
        rdata += struct.pack("!HH", key, len(value)) + value if value else b""
    return record(owner, kind, ttl, rdata)


def query(name=NAME, kind="A", ident=0x1234, klass=1, flags=0x0100):
    return struct.pack("!6H", ident, flags, 1, 0, 0, 0) + question(name, kind, klass)


def question(name, kind="A", klass=1):
    return wire(name) + struct.pack("!HH", TYPES.get(kind, kind), klass)


def answer(records, name=NAME, kind="A", ident=0x1234, klass=1, flags=0x8180, count=None,
           questions=None, additional=()):
    """A response; `count` lies about the number of answers, `questions` replaces the question."""
    questions = [question(name, kind, klass)] if questions is None else questions
    count = len(records) if count is None else count
    return (struct.pack("!6H", ident, flags, len(questions), count, 0, len(additional))
            + b"".join(questions) + b"".join(records) + b"".join(additional))


POINTER = b"\xc0\x0c"  # to the question's name


# --- packets -------------------------------------------------------------------------------------

def is6(address):
    return ":" in address


def packet(source, destination, sport, dport, payload, **ip):
    """The IP packet as bytes."""
    layer = IPv6 if is6(source) else IP
    return bytes(layer(src=source, dst=destination, **ip) / UDP(sport=sport, dport=dport)
                 / Raw(payload))


def protocol_of(data):
    return 0x86DD if data[0] >> 4 == 6 else 0x0800


def ethernet(data, tags=()):
    """Tags from the outside in: ("q", 42) or ("ad", 100)."""
    frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=protocol_of(data))
    for index, (kind, vlan) in enumerate(tags):
        following = {"q": 0x8100, "ad": 0x88A8}
        inner = following[tags[index + 1][0]] if index + 1 < len(tags) else protocol_of(data)
        if index == 0:
            frame.type = following[kind]
        frame = frame / (Dot1Q if kind == "q" else Dot1AD)(vlan=vlan, type=inner)
    return bytes(frame) + data


def sll(data):
    return struct.pack("!HHH8sH", 0, 1, 6, bytes([2, 0, 0, 0, 0, 1, 0, 0]),
                       protocol_of(data)) + data


def sll2(data):
    return struct.pack("!HHIHBB8s", protocol_of(data), 0, 2, 1, 0, 6,
                       bytes([2, 0, 0, 0, 0, 1, 0, 0])) + data


def raw(data):
    return data


def null(data):
    """BSD loopback: the family in the byte order of the machine that captured, here little."""
    return struct.pack("<I", 30 if data[0] >> 4 == 6 else 2) + data


# --- files ---------------------------------------------------------------------------------------

class Scene:
    """Frames in the order in which they are added, each with its time."""

    def __init__(self, link=ethernet, link_type=LINK_ETHERNET, client=CLIENT, resolver=RESOLVER,
                 port=40000, server_port=53):
        self.link, self.link_type = link, link_type
        self.client, self.resolver, self.port = client, resolver, port
        self.server_port = server_port
        self.now_us = START_US
        self.frames = []

    def wait(self, seconds):
        self.now_us += round(seconds * 1_000_000)
        return self

    def frame(self, data, length=None):
        self.frames.append((self.now_us, data, len(data) if length is None else length))
        return self.wait(0.001)

    def packet(self, data, link=None):
        return self.frame((link or self.link)(data))

    def ask(self, message=None, link=None, client=None, resolver=None, port=None, **ip):
        message = query() if message is None else message
        return self.packet(packet(client or self.client, resolver or self.resolver,
                                  port or self.port, self.server_port, message, **ip), link)

    def reply(self, message, link=None, client=None, resolver=None, port=None, **ip):
        return self.packet(packet(resolver or self.resolver, client or self.client, self.server_port,
                                  port or self.port, message, **ip), link)

    def exchange(self, records, name=NAME, kind="A", ident=0x1234, **more):
        """A question and its answer."""
        return (self.ask(query(name, kind, ident))
                .reply(answer(records, name, kind, ident, **more)))


def pcap(scene):
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, scene.link_type)
    for time, frame, length in scene.frames:
        data += struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(frame), length)
        data += frame
    return data


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def pcapng(scene, interfaces=1):
    """Interfaces take turns: libpcap reads several as long as their link type is the same."""
    data = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    data += block(1, struct.pack("<HHI", scene.link_type, 0, 262144)) * interfaces
    for index, (time, frame, length) in enumerate(scene.frames):
        data += block(6, struct.pack("<IIIII", index % interfaces, time >> 32, time & 0xFFFFFFFF,
                                     len(frame), length) + frame)
    return data


CAPTURES = {}


def capture(name):
    """Marks a function that returns a Scene or a file's bytes."""
    def register(function):
        CAPTURES[name] = function
        return function
    return register


def main():
    """Writes all captures of a script into the folder that is named, or beside the script."""
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(sys.argv[0]))
    for name, function in CAPTURES.items():
        made = function()
        data = pcap(made) if isinstance(made, Scene) else made
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
