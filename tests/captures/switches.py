#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What switches put in front of a packet and mirror ports show: tags that are no VLAN's, an outer frame,
LLC with SNAP, service headers.

Each exchange has a name and an address of its own, so that the output says which were read.
"""

import struct

from scene import capture, ethernet, main, protocol_of
from tunnels import nsh
from wrapped import MACS, each, framed

ETAG, VNTAG, SGT, FABRICPATH, ITAG, NSH = 0x893F, 0x8926, 0x8909, 0x8903, 0x88E7, 0x894F


def tagged(ethertype, tag):
    """The tag, then the packet's own EtherType; what is no packet starts with its own."""
    return lambda data: framed(ethertype, tag + struct.pack("!H", protocol_of(data)))(data)


def vlan(data, number=42):
    return struct.pack("!HHH", 0x8100, number, protocol_of(data)) + data


def cut(link, size):
    return lambda data: link(data)[:size]


@capture("etag.pcap")
def port_extender():
    """802.1BR: plain, with a VLAN inside; cut within the tag."""
    tag = bytes.fromhex("200120020000")
    return each(tagged(ETAG, tag), lambda data: framed(ETAG, tag)(vlan(data)), cut(tagged(ETAG, tag), 18))


@capture("vntag.pcap")
def interface_tag():
    """Cisco's VN-Tag, the same."""
    tag = bytes.fromhex("80010002")
    return each(tagged(VNTAG, tag), lambda data: framed(VNTAG, tag)(vlan(data)),
                cut(tagged(VNTAG, tag), 17))


@capture("sgt.pcap")
def security_group():
    """Cisco metadata, behind a VLAN too and in front of one."""
    tag = bytes.fromhex("010100010064")
    return each(tagged(SGT, tag),
                lambda data: framed(0x8100, struct.pack("!HH", 42, SGT), tag,
                                    struct.pack("!H", protocol_of(data)))(data),
                lambda data: framed(SGT, tag)(vlan(data)))


@capture("fabricpath.pcap")
def fabricpath():
    """A whole frame in an outer one; tagged inside; eight in each other, and too many."""
    def deep(depth):
        def link(data):
            frame = ethernet(data)
            for _ in range(depth):
                frame = framed(FABRICPATH, b"\0\x60")(frame)
            return frame
        return link
    return each(deep(1), lambda data: framed(FABRICPATH, b"\0\x60")(ethernet(data, [("q", 42)])),
                deep(7), deep(9))


@capture("pbb.pcap")
def provider_backbone():
    """802.1ah: an I-tag with the customer's frame, behind a B-tag too."""
    tag = struct.pack("!I", 0x00000123)
    return each(lambda data: framed(ITAG, tag)(ethernet(data)),
                lambda data: framed(0x88A8, struct.pack("!HH", 7, ITAG), tag)(ethernet(data, [("q", 42)])))


@capture("snap.pcap")
def subnetwork_access():
    """802.3 with LLC and SNAP: RFC 1042, 802.1H, behind a VLAN; another LLC, and one that is short."""
    def llc(data, head=b"\xaa\xaa\3\0\0\0", front=b""):
        inner = head + struct.pack("!H", protocol_of(data)) + data
        return MACS + front + struct.pack("!H", len(inner)) + inner
    return each(llc, lambda data: llc(data, b"\xaa\xaa\3\0\0\xf8"),
                lambda data: llc(data, front=struct.pack("!HH", 0x8100, 42)),
                lambda data: llc(data, b"\x42\x42\3\0\0\0"),
                lambda data: MACS + b"\0\3\xaa\xaa\3")


@capture("nsh.pcap")
def service_header():
    """IP, Ethernet, MPLS and another one inside, with metadata; maintenance, a version, a lying size."""
    return each(lambda data: framed(NSH)(nsh(data, 1)), lambda data: framed(NSH)(nsh(ethernet(data), 3)),
                lambda data: framed(NSH)(nsh(struct.pack("!I", 100 << 12 | 0x140) + data, 5)),
                lambda data: framed(NSH)(nsh(nsh(data, 1), 4)),
                lambda data: framed(NSH)(nsh(data, 1, 6)),
                lambda data: framed(NSH)(nsh(data, 1, flags=0x2000)),
                lambda data: framed(NSH)(nsh(data, 1, flags=0x4000)),
                lambda data: framed(NSH)(struct.pack("!HBBI", 1, 2, 1, 0) + data))


@capture("trill.pcap")
def not_read():
    """A wrapping that is not read: one frame in five, the others are exchanges; ARP is nobody's."""
    scene = each(*[ethernet] * 10)
    for number in range(30):
        scene.frame(framed(0x0806)(bytes(28)))
    for number in range(16):
        scene.frame(framed(0x22F3, bytes(6))(ethernet(b"E" + bytes(27))))
    return scene


if __name__ == "__main__":
    main()
