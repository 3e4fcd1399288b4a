#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One exchange over IPv4 and one over IPv6, in every wrapping that is read."""

import struct

from scapy.layers.inet import IP, UDP, IPOption_NOP, IPOption_Router_Alert
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                PadN, RouterAlert)
from scapy.packet import Raw

from scene import (CLIENT, CLIENT6, LINK_NULL, LINK_RAW, LINK_SLL, LINK_SLL2, POINTER, RESOLVER,
                   RESOLVER6, Scene, a, aaaa, answer, capture, ethernet, main, null, packet, pcapng,
                   protocol_of, query, raw, sll, sll2)


def both(scene):
    scene.exchange([a(POINTER)])
    scene.client, scene.resolver = CLIENT6, RESOLVER6
    return scene.exchange([aaaa(POINTER, "2001:db8:5::7")], kind="AAAA", ident=2)


def tagged(*tags):
    return lambda data: ethernet(data, list(tags))


@capture("vlan.pcap")
def vlan():
    return both(Scene(tagged(("q", 42))))


@capture("qinq.pcap")
def qinq():
    return both(Scene(tagged(("ad", 100), ("q", 42))))


@capture("tags.pcap")
def tags():
    """Each kind of tag, three deep, eight deep; nine are refused.  The filter looks at the outermost."""
    def stack(*pairs):
        return lambda data: (ethernet(data)[:12] + b"".join(struct.pack("!HH", kind, vlan)
                             for kind, vlan in pairs) + struct.pack("!H", protocol_of(data)) + data)
    stacks = [stack((0x8100, 100)), stack((0x88A8, 100)), stack((0x9100, 100)), stack((0x9200, 100)),
              stack((0x9300, 100)),
              stack((0x88A8, 42), (0x8100, 100)), stack((0x9100, 100), (0x88A8, 42), (0x8100, 42)),
              stack(*[(0x8100, 100)] * 8), stack(*[(0x8100, 100)] * 9)]
    scene = Scene()
    for number, link in enumerate(stacks):
        name = "n%d.dormammu.lookback.io" % number
        scene.ask(query(name, ident=number), link)
        scene.reply(answer([a(POINTER, "198.51.100.%d" % (number + 1))], name, ident=number), link)
    return scene


@capture("cut-by-mirror.pcap")
def cut_by_mirror():
    """A mirror session that keeps the first 72 bytes: the headers agree, the rest is not there."""
    scene = Scene()
    scene.exchange([a(POINTER)])
    scene.frames = [(time, frame[:72], 72) for time, frame, _ in scene.frames]
    return scene.exchange([a(POINTER, "198.51.100.8")], ident=2)


@capture("sll.pcap")
def cooked():
    return both(Scene(sll, LINK_SLL))


@capture("sll2.pcap")
def cooked_2():
    return both(Scene(sll2, LINK_SLL2))


@capture("raw.pcap")
def raw_ip():
    return both(Scene(raw, LINK_RAW))


@capture("null.pcap")
def bsd_loopback():
    return both(Scene(null, LINK_NULL))


@capture("plain.pcapng")
def next_generation():
    return pcapng(both(Scene()), interfaces=2)


@capture("padded.pcap")
def padded():
    """Ethernet fills short frames up: bytes behind the IP packet are nobody's."""
    return both(Scene(lambda data: ethernet(data) + b"\0" * 20))


@capture("ipv4-options.pcap")
def ipv4_options():
    options = [IPOption_Router_Alert(), IPOption_NOP(), IPOption_NOP(), IPOption_NOP(),
               IPOption_NOP()]
    return (Scene().ask(options=options).reply(answer([a(POINTER)]), options=options))


def over6(scene, headers):
    """A question, and its answer behind extension headers."""
    scene.client, scene.resolver = CLIENT6, RESOLVER6
    reply = answer([aaaa(POINTER, "2001:db8:5::7")], kind="AAAA")
    data = bytes(IPv6(src=RESOLVER6, dst=CLIENT6) / headers / UDP(sport=53, dport=40000)
                 / Raw(reply))
    return scene.ask(query(kind="AAAA")).packet(data)


@capture("ipv6-extensions.pcap")
def ipv6_extensions():
    return over6(Scene(), IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN(optdata=b"")])
                 / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]))


@capture("ipv6-atomic-fragment.pcap")
def ipv6_atomic_fragment():
    """RFC 6946: a fragment header on a packet that is whole."""
    return over6(Scene(), IPv6ExtHdrFragment(id=7, offset=0, m=0))


@capture("fragments.pcap")
def fragments():
    """An answer in two IPv4 fragments, the first of which ends inside a record."""
    data = packet(RESOLVER, CLIENT, 53, 40000, answer([a(POINTER)]))[20:]
    cut = 56
    first = bytes(IP(src=RESOLVER, dst=CLIENT, proto=17, id=9, flags="MF") / Raw(data[:cut]))
    rest = bytes(IP(src=RESOLVER, dst=CLIENT, proto=17, id=9, frag=cut // 8) / Raw(data[cut:]))
    return Scene().ask().packet(first).packet(rest)


if __name__ == "__main__":
    main()
