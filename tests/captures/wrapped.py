#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Exchanges inside what a mirror port carries: labels, sessions, tunnels, other link layers.

Each wrapping has a name and an address of its own, so that the output says which were read.
"""

import struct

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

from scene import (CLIENT, POINTER, RESOLVER, Scene, a, answer, capture, ethernet, main, packet,
                   protocol_of, query)

LINK_PPP, LINK_PPP_SERIAL, LINK_PPP_ETHER, LINK_HDLC = 9, 50, 51, 104
LINK_80211, LINK_RADIOTAP = 105, 127
LINK_RAW_OPENBSD, LINK_PPI, LINK_NFLOG = 14, 192, 239
MACS = bytes.fromhex("020000000002020000000001")
NEAR, FAR, NEAR6, FAR6 = "203.0.113.1", "203.0.113.2", "2001:db8:f::1", "2001:db8:f::2"


def name_of(number):
    return "n%d.dormammu.lookback.io" % number


def add(scene, number, link):
    address = "198.51.100.%d" % (number + 1)
    return (scene.ask(query(name_of(number), ident=number + 1), link)
            .reply(answer([a(POINTER, address)], name_of(number), ident=number + 1), link))


def each(*links, **more):
    scene = Scene(**more)
    for number, link in enumerate(links):
        add(scene, number, link)
    return scene


def framed(ethertype, *head):
    """Ethernet of another type, and what stands between it and the packet."""
    return lambda data: MACS + struct.pack("!H", ethertype) + b"".join(head) + data


def outer(data, protocol, six=False):
    layer = IPv6(src=NEAR6, dst=FAR6, nh=protocol) if six else IP(src=NEAR, dst=FAR, proto=protocol)
    return bytes(layer / Raw(data))


def over_udp(data, port, **ip):
    return bytes(IP(src=NEAR, dst=FAR, **ip) / UDP(sport=50000, dport=port) / Raw(data))


# --- between link and network --------------------------------------------------------------------

def labels(*numbers):
    """The last one has the bottom-of-stack bit."""
    return b"".join(struct.pack("!I", number << 12 | (index == len(numbers) - 1) << 8 | 64)
                    for index, number in enumerate(numbers))


@capture("mpls.pcap")
def mpls():
    """IPv4 behind one label and three; an Ethernet pseudowire, tagged; 17 labels are refused."""
    return each(framed(0x8847, labels(100)), framed(0x8848, labels(100, 200, 300)),
                lambda data: framed(0x8847, labels(100), b"\0\0\0\1")(ethernet(data, [("q", 42)])),
                framed(0x8847, labels(*range(16, 33))))


def pppoe(data, protocol=b"\0\x21", code=0):
    session = struct.pack("!BBHH", 0x11, code, 7, len(data) + len(protocol))
    return framed(0x8864, session, protocol)(data) + b"padding"


@capture("pppoe.pcap")
def pppoe_session():
    """A session's data; discovery and other protocols are none of ours."""
    return each(pppoe, lambda data: pppoe(data, b"\xc0\x21"), lambda data: pppoe(data, code=0xa7))


# --- tunnels -------------------------------------------------------------------------------------

def gre(data, protocol=None, flags=0, options=b"", six=False):
    protocol = protocol_of(data) if protocol is None else protocol
    return ethernet(outer(struct.pack("!HH", flags, protocol) + options + data, 47, six))


@capture("gre.pcap")
def gre_tunnel():
    """Plain, with key, with all options, over IPv6, bridged; PPTP's version and routing are not."""
    four = b"\1\2\3\4"
    return each(gre,
                lambda data: gre(data, flags=0x2000, options=four),
                lambda data: gre(data, flags=0xB000, options=four * 3),
                lambda data: gre(data, six=True),
                lambda data: gre(ethernet(data, [("q", 9)]), 0x6558),
                lambda data: gre(data, flags=0x2001, options=four),
                lambda data: gre(data, flags=0x4000, options=four))


def erspan_2(data):
    return gre(struct.pack("!HHI", 0x1064, 0x0007, 0) + ethernet(data), 0x88BE, 0x1000, bytes(4))


def erspan_3(data, subheader=b"", kind=0):
    last = kind << 10 | bool(subheader)
    head = struct.pack("!HHIHH", 0x2064, 0x0007, 0, 0, last) + subheader
    return gre(head + (data if kind else ethernet(data)), 0x22EB, 0x1000, bytes(4))


@capture("erspan.pcap")
def erspan():
    """Types I, II, III, III with a subheader, III with IP; II of another version is refused."""
    return each(lambda data: gre(ethernet(data), 0x88BE), erspan_2, erspan_3,
                lambda data: erspan_3(data, bytes(8)), lambda data: erspan_3(data, kind=2),
                lambda data: gre(bytes(8) + ethernet(data), 0x88BE, 0x1000, bytes(4)))


def vxlan(data, flags=8, **ip):
    return over_udp(struct.pack("!II", flags << 24, 42 << 8) + ethernet(data), 4789, **ip)


@capture("vxlan.pcap")
def vxlan_tunnel():
    """As mirroring clouds send it; without a network number it is none."""
    return each(lambda data: ethernet(vxlan(data)), lambda data: ethernet(vxlan(data, flags=0)))


def geneve(data, protocol, options=b"", version=0):
    head = struct.pack("!BBHI", version << 6 | len(options) // 4, 0, protocol, 42 << 8)
    return ethernet(over_udp(head + options + data, 6081))


@capture("geneve.pcap")
def geneve_tunnel():
    """Ethernet, IP, with options; of another version it is not read."""
    return each(lambda data: geneve(ethernet(data), 0x6558), lambda data: geneve(data, 0x0800),
                lambda data: geneve(ethernet(data), 0x6558, bytes(12)),
                lambda data: geneve(data, 0x0800, version=1))


@capture("ipip.pcap")
def ip_in_ip():
    """4 in 4 and 4 in 6; then IPv6, 6 in 4 and 6 in 6."""
    scene = each(lambda data: ethernet(outer(data, 4)), lambda data: ethernet(outer(data, 4, True)))
    scene.client, scene.resolver = "2001:db8::10", "2001:db8::53"
    add(scene, 2, lambda data: ethernet(outer(data, 41)))
    return add(scene, 3, lambda data: ethernet(outer(data, 41, True)))


def tzsp(data, tags=b"\1", protocol=1, kind=0):
    return ethernet(over_udp(struct.pack("!BBH", 1, kind, protocol) + tags + data, 37008))


def wireless(data, control=0x08, flags=0x02, more=b"", pad=b""):
    """An 802.11 data frame with an LLC/SNAP header."""
    head = bytes([control, flags, 0, 0]) + MACS + MACS[:6] + b"\x10\0" + more + pad
    return head + b"\xaa\xaa\3\0\0\0" + struct.pack("!H", protocol_of(data)) + data


@capture("tzsp.pcap")
def tzsp_tunnel():
    """Without tags, with some and padding, 802.11 in it; a keep-alive is none."""
    return each(lambda data: tzsp(ethernet(data)),
                lambda data: tzsp(ethernet(data), b"\x0a\1\5\0\0\x28\2\0\0\1"),
                lambda data: tzsp(wireless(data), protocol=18),
                lambda data: tzsp(ethernet(data), kind=4))


@capture("nested.pcap")
def nested():
    """Eight tunnels in each other are read, nine are not."""
    def inside(depth):
        def link(data):
            for _ in range(depth):
                data = outer(data, 4)
            return ethernet(data)
        return link
    return each(inside(8), inside(9), lambda data: gre(ethernet(vxlan(data)), 0x6558))


@capture("tunnel-in-fragments.pcap")
def tunnel_in_fragments():
    """VXLAN makes packets too long: the outer datagram comes in pieces, the second one first."""
    scene = add(Scene(), 0, lambda data: ethernet(vxlan(data)))
    message = answer([a(POINTER, "198.51.100.2")], name_of(1), ident=2)
    scene.ask(query(name_of(1), ident=2), lambda data: ethernet(vxlan(data)))
    whole = vxlan(packet(RESOLVER, CLIENT, 53, 40000, message))[20:]
    pieces = [bytes(IP(src=NEAR, dst=FAR, proto=17, id=5, frag=at // 8, flags="MF" if more else 0)
                    / Raw(whole[at:end]))
              for at, end, more in ((64, len(whole), False), (0, 64, True))]
    return scene.packet(pieces[0]).packet(pieces[1])


# --- other link layers ---------------------------------------------------------------------------

@capture("ppp.pcap")
def ppp():
    """In HDLC-like framing, without, and with the protocol field compressed."""
    return each(lambda data: b"\xff\3\0\x21" + data, lambda data: b"\0\x21" + data,
                lambda data: b"\x21" + data, link_type=LINK_PPP)


@capture("hdlc.pcap")
def hdlc():
    """Cisco's; its keep-alives are none of ours."""
    return each(lambda data: b"\x0f\0" + struct.pack("!H", protocol_of(data)) + data,
                lambda data: b"\x8f\0\x80\x35" + data, link_type=LINK_HDLC)


@capture("802.11.pcap")
def ieee80211():
    """Data, QoS data, four addresses; protected, a fragment, an aggregate and a null frame not."""
    return each(wireless, lambda data: wireless(data, 0x88, more=b"\0\0"),
                lambda data: wireless(data, flags=0x03, more=MACS[:6]),
                lambda data: wireless(data, flags=0x42),
                lambda data: wireless(data, flags=0x06),
                lambda data: wireless(data, 0x88, more=b"\x80\0"),
                lambda data: wireless(data, 0x48), link_type=LINK_80211)


def radiotap(data, flags=None, present=0, fields=b""):
    if flags is not None:
        present, fields = present | 2, fields + bytes([flags])
    return struct.pack("<BBHI", 0, 0, 8 + len(fields), present) + fields + data


@capture("radiotap.pcap")
def with_radiotap():
    """Bare, behind flags, behind a time and flags and filled up; a bad frame check is no frame."""
    return each(lambda data: radiotap(wireless(data)),
                lambda data: radiotap(wireless(data) + b"FCS!", 0x10),
                lambda data: radiotap(wireless(data, 0x88, more=b"\0\0", pad=b"\0\0"), 0x20, 1,
                                      bytes(8)),
                lambda data: radiotap(wireless(data), 0x40), link_type=LINK_RADIOTAP)


@capture("raw-openbsd.pcap")
def raw_openbsd():
    """Raw IP under OpenBSD's number."""
    return each(lambda data: data, link_type=LINK_RAW_OPENBSD)


def attribute(kind, data):
    return struct.pack("<HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def nflog(data, *attributes, family=2, version=0):
    return struct.pack("!BBH", family, version, 5) + b"".join(attributes) + attribute(9, data)


@capture("nflog.pcap")
def netfilter_log():
    """The packet alone, behind other attributes, of a bridge, IPv6; no IP, another version; a lying
    length, an attribute without one, too many."""
    others = (attribute(1, struct.pack("!HBB", 0x0800, 2, 0)), attribute(10, b"dns\0"),
              attribute(5, struct.pack("!I", 2)), attribute(8, MACS[:7]))
    scene = each(nflog, lambda data: nflog(data, *others), lambda data: nflog(data, family=7),
                 lambda data: nflog(b"\0\1" + data, family=7), lambda data: nflog(data, version=1),
                 lambda data: nflog(b"", struct.pack("<HH", 0xFFFF, 9) + data),
                 lambda data: nflog(data, struct.pack("<HH", 3, 1)),
                 lambda data: nflog(data, *[attribute(1, bytes(4))] * 64), link_type=LINK_NFLOG)
    scene.client, scene.resolver = "2001:db8::10", "2001:db8::53"
    return add(scene, 8, lambda data: nflog(data, family=10))


def ppi(data, kind, fields=b"", version=0, size=None):
    size = 8 + len(fields) if size is None else size
    return struct.pack("<BBHI", version, 0, size, kind) + fields + data


@capture("ppi.pcap")
def per_packet_information():
    """In front of Ethernet, 802.11 with fields, raw IP; itself, an unknown type, lying sizes."""
    return each(lambda data: ppi(ethernet(data), 1), lambda data: ppi(wireless(data), 105, bytes(12)),
                lambda data: ppi(data, 12), lambda data: ppi(ppi(data, 12), 192),
                lambda data: ppi(data, 220), lambda data: ppi(ethernet(data), 1, size=7),
                lambda data: ppi(ethernet(data), 1, size=2000), link_type=LINK_PPI)


if __name__ == "__main__":
    main()
