#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tunnels by sender, by number and by port: each is told which ones are meant.

Each exchange has a name and an address of its own, so that the output says which were read.
"""

import struct

from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from scene import capture, ethernet, main, packet, protocol_of, query
from wrapped import each, name_of

NAMED, STRANGER, FAR = "203.0.113.1", "203.0.113.66", "203.0.113.2"


def over_ip(data, protocol, sender=NAMED):
    return bytes(IP(src=sender, dst=FAR, proto=protocol) / Raw(data))


def over_udp(data, port, sender=NAMED):
    return bytes(IP(src=sender, dst=FAR) / UDP(sport=50000, dport=port) / Raw(data))


def vxlan(data, sender=NAMED, number=42, port=4789):
    return over_udp(struct.pack("!II", 8 << 24, number << 8) + ethernet(data), port, sender)


def geneve(data, sender=NAMED, number=42, port=6081):
    return over_udp(struct.pack("!BBHI", 0, 0, protocol_of(data), number << 8) + data, port, sender)


def gre(data, sender=NAMED, key=7):
    return over_ip(struct.pack("!HHI", 0x2000, protocol_of(data), key) + data, 47, sender)


def erspan(data, sender=NAMED, session=5):
    head = struct.pack("!HHI", 0x1000, 0x88BE, 1) + struct.pack("!HHI", 0x1000, session, 0)
    return over_ip(head + ethernet(data), 47, sender)


def tzsp(data, sender=NAMED):
    return over_udp(b"\1\0\0\1\1" + ethernet(data), 37008, sender)


def gtp(data, sender=NAMED, teid=9, flags=0x30, options=b"", kind=255):
    return over_udp(struct.pack("!BBHI", flags, kind, len(options + data), teid) + options + data,
                    2152, sender)


KINDS = (vxlan, geneve, gre, erspan, tzsp, gtp, lambda data, sender: over_ip(data, 4, sender))


@capture("tunnel-peers.pcap")
def peers():
    """Each kind from the named sender, then from a stranger; a stranger's inside the named one's,
    and the other way round; the stranger's datagram in pieces."""
    def by(sender):
        return [lambda data, kind=kind: ethernet(kind(data, sender)) for kind in KINDS]
    def nested(inner, outer):
        return lambda data: ethernet(vxlan(over_ip(data, 4, inner), outer))
    scene = each(*by(NAMED), *by(STRANGER), nested(STRANGER, NAMED), nested(NAMED, STRANGER),
                 nested(NAMED, NAMED))
    whole = vxlan(packet(scene.client, scene.resolver, scene.port, 53,
                         query(name_of(17), ident=18)), STRANGER)[20:]
    for at, more in ((64, False), (0, True)):
        part = whole[at:at + 64] if more else whole[at:]
        scene.packet(bytes(IP(src=STRANGER, dst=FAR, proto=17, id=5, frag=at // 8,
                              flags="MF" if more else 0) / Raw(part)))
    return scene


@capture("tunnel-numbers.pcap")
def numbers():
    """The number that is named, and another one; a key that is not there; type I has no session."""
    def bare(data):
        return over_ip(struct.pack("!HH", 0, protocol_of(data)) + data, 47)
    def first(data):
        return over_ip(struct.pack("!HH", 0, 0x88BE) + ethernet(data), 47)
    return each(*[lambda data, kind=kind, number=number: ethernet(kind(data, NAMED, number))
                  for kind, number in ((vxlan, 42), (vxlan, 43), (geneve, 42), (geneve, 43), (gre, 7),
                                       (gre, 8), (erspan, 5), (erspan, 6), (gtp, 9), (gtp, 10))],
                lambda data: ethernet(bare(data)), lambda data: ethernet(first(data)))


@capture("tunnel-ports.pcap")
def ports():
    """VXLAN on both usual ports, on one that is named and on one that is not; Geneve on VXLAN's."""
    return each(*[lambda data, port=port: ethernet(vxlan(data, port=port))
                  for port in (4789, 8472, 5000, 5001)],
                lambda data: ethernet(geneve(data, port=4789)),
                lambda data: ethernet(geneve(data, port=6081)))


@capture("gtp.pcap")
def mobile():
    """Plain, numbered, with an extension header, two; GTP', an echo, a lying length, no end of
    extensions."""
    container = b"\1\x09\0\0"  # of a PDU session; then comes no other
    return each(lambda data: ethernet(gtp(data)),
                lambda data: ethernet(gtp(data, flags=0x32, options=b"\0\1\0\0")),
                lambda data: ethernet(gtp(data, flags=0x34, options=b"\0\0\0\x85" + container)),
                lambda data: ethernet(gtp(data, flags=0x36, options=b"\0\1\0\x85\1\0\0\x20\2" + bytes(7))),
                lambda data: ethernet(gtp(data, flags=0x20)),
                lambda data: ethernet(gtp(data, kind=1)),
                lambda data: ethernet(over_udp(struct.pack("!BBHI", 0x30, 255, 0xFFFF, 9) + data, 2152)),
                lambda data: ethernet(gtp(data, flags=0x34, options=b"\0\0\0\x85" + b"\1\0\0\x85" * 17)),
                lambda data: ethernet(gtp(data, flags=0x34, options=b"\0\0\0\x85\0\0\0\0")))


@capture("gre-udp.pcap")
def gre_over_udp():
    """RFC 8086, plain and with a key; on another port it is nothing."""
    def over(data, port, head):
        return ethernet(over_udp(head + data, port))
    return each(lambda data: over(data, 4754, struct.pack("!HH", 0, protocol_of(data))),
                lambda data: over(data, 4754, struct.pack("!HHI", 0x2000, protocol_of(data), 7)),
                lambda data: over(ethernet(data), 4754, struct.pack("!HH", 0, 0x6558)),
                lambda data: over(data, 4755, struct.pack("!HH", 0, protocol_of(data))))


def gpe(data, following, flags=0x0C):
    return ethernet(over_udp(struct.pack("!BHBI", flags, 0, following, 42 << 8) + data, 4790))


def nsh(data, following, words=2, flags=0):
    """Base and service path header, and metadata of another kind."""
    return struct.pack("!HBBI", flags | words, 2, following, 5 << 8 | 255) + bytes(words * 4 - 8) + data


@capture("vxlan-gpe.pcap")
def generic():
    """IP, Ethernet, NSH with IP in it; as plain VXLAN; another version, an unknown protocol."""
    return each(lambda data: gpe(data, 1), lambda data: gpe(ethernet(data), 3),
                lambda data: gpe(nsh(data, 1), 4), lambda data: gpe(ethernet(data), 0, 0x08),
                lambda data: gpe(data, 1, 0x1C), lambda data: gpe(data, 9))


if __name__ == "__main__":
    main()
