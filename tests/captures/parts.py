#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages that come in parts: IP fragments and TCP segments, in good order and in bad."""

import struct

from scapy.layers.inet import IP, TCP, fragment
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN,
                                RouterAlert)
from scapy.packet import Raw

from scene import (CLIENT, CLIENT6, POINTER, RESOLVER, RESOLVER6, Scene, a, aaaa, answer, capture,
                   ethernet, main, packet, query, record)

NAMES = ["n%d.dormammu.lookback.io" % number for number in range(10)]


def reply_to(number, extra=()):
    address = "198.51.100.%d" % (number + 1)
    return answer([a(POINTER, address), *extra], NAMES[number], ident=number + 1)


def text(size):
    """A record that is long and teaches nothing."""
    return record(POINTER, "TXT", 300, bytes([255]) * size)


# --- merged datagrams -----------------------------------------------------------------------------

def folded(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def merged(messages, answers=False, six=False, kind="bare", port=40000):
    """Several datagrams of a flow as UDP GRO hands them on: with a bare sum, or (a list of them) with
    the first one's own, which may be bare too; "good" is one datagram whose payload only looks like several."""
    client, server = (CLIENT6, RESOLVER6) if six else (CLIENT, RESOLVER)
    way = (server, client, 53, port) if answers else (client, server, port, 53)
    whole, first = packet(*way, b"".join(messages)), packet(*way, messages[0])
    at = 46 if six else 26
    addresses = whole[8:40] if six else whole[12:20]
    bare = folded(addresses + struct.pack("!HH", 17, len(whole) - at + 6))
    first_bare = folded(addresses + struct.pack("!HH", 17, len(first) - at + 6))
    sums = {"bare": struct.pack("!H", bare), "list": first[at:at + 2], "good": whole[at:at + 2],
            "bare list": struct.pack("!H", first_bare)}
    return whole[:at] + sums[kind] + whole[at + 2:]


def both(number, kind="A"):
    """The question and the answer of a number's name, for one type of address."""
    ident = 2 * number + (2 if kind == "A" else 3)
    data = (a(POINTER, "198.51.100.%d" % (number + 1)) if kind == "A"
            else aaaa(POINTER, "2001:db8:5::%d" % (number + 1)))
    return query(NAMES[number], kind, ident), answer([data], NAMES[number], kind, ident)


def merge_exchanges(scene, pairs, **more):
    """All questions in one frame, then all answers in another."""
    questions, answers = zip(*pairs)
    scene.packet(merged(questions, **more))
    return scene.packet(merged(answers, answers=True, **more))


FOREIGN = (query("www.example.net", ident=99), answer([a(POINTER, "203.0.113.1")], "www.example.net",
                                                      ident=99))


@capture("udp-gro.pcap")
def merged_datagrams():
    """Two of a name; the same over IPv6; lists; behind a foreign name; 64, and one too many; and what
    is one datagram on the wire: a second message behind the first, padding."""
    scene = Scene()
    merge_exchanges(scene, [both(0), both(0, "AAAA")])
    merge_exchanges(scene, [both(1, "AAAA"), both(1)], six=True)
    merge_exchanges(scene, [FOREIGN, both(2)])
    merge_exchanges(scene, [both(3), both(3, "AAAA")], kind="list")
    merge_exchanges(scene, [FOREIGN, both(4)], kind="list")
    merge_exchanges(scene, [both(5), *[FOREIGN] * 62, both(5, "AAAA"), both(6)])
    merge_exchanges(scene, [both(7), both(7, "AAAA")], kind="good")
    merge_exchanges(scene, [both(9), both(9, "AAAA")], kind="bare list")
    scene.packet(merged([both(8)[0], bytes(64)]))
    scene.packet(merged([both(8)[1], bytes(64)], answers=True))
    return scene


# --- fragments -----------------------------------------------------------------------------------

def pieces(message, cuts, ident, six=False):
    """The datagram cut at these places; each piece is (start, packet)."""
    source, destination = (RESOLVER6, CLIENT6) if six else (RESOLVER, CLIENT)
    data = packet(source, destination, 53, 40000, message)[40 if six else 20:]
    cuts = [0, *cuts, len(data)]
    for start, end in zip(cuts, cuts[1:]):
        yield piece(data, start, end, ident, six)


def piece(data, start, end, ident, six=False):
    more, part = end < len(data), Raw(data[start:end])
    if six:
        return bytes(IPv6(src=RESOLVER6, dst=CLIENT6)
                     / IPv6ExtHdrFragment(nh=17, id=ident, offset=start // 8, m=more) / part)
    return bytes(IP(src=RESOLVER, dst=CLIENT, proto=17, id=ident, frag=start // 8,
                    flags="MF" if more else 0) / part)


@capture("fragments-order.pcap")
def fragments_order():
    """4 KiB with EDNS in three pieces: in order, last first, each twice; the same over IPv6."""
    scene = Scene()
    orders = ([0, 1, 2], [2, 1, 0], [1, 1, 0, 0, 2, 2])
    for number, order in enumerate(orders):
        message = reply_to(number, [text(255)] * 14)
        parts = list(pieces(message, [1480, 2960], number + 1))
        scene.ask(query(NAMES[number], ident=number + 1))
        for index in order:
            scene.packet(parts[index])
    scene.client, scene.resolver = CLIENT6, RESOLVER6
    message = answer([aaaa(POINTER, "2001:db8:5::7"), *[text(255)] * 14], NAMES[3], "AAAA", 4)
    scene.ask(query(NAMES[3], "AAAA", 4))
    for part in reversed(list(pieces(message, [1448, 2896], 77, six=True))):
        scene.packet(part)
    return scene


@capture("fragments-tiny.pcap")
def fragments_tiny():
    """Eight bytes each: the UDP header alone in the first one."""
    message = reply_to(0)
    size = len(message) + 8
    scene = Scene().ask(query(NAMES[0], ident=1))
    for part in pieces(message, range(8, size, 8), 1):
        scene.packet(part)
    return scene


@capture("fragments-overlap.pcap")
def fragments_overlap():
    """A second piece over the first one's end is no datagram any more; the next one is."""
    data = packet(RESOLVER, CLIENT, 53, 40000, reply_to(0))[20:]
    scene = Scene().ask(query(NAMES[0], ident=1))
    for start, end in ((0, 48), (40, len(data)), (48, len(data))):
        scene.packet(piece(data, start, end, 1))
    scene.ask(query(NAMES[1], ident=2))
    for part in pieces(reply_to(1), [48], 2):
        scene.packet(part)
    return scene


@capture("fragments-hole.pcap")
def fragments_hole():
    """One whose middle never comes, one whose middle comes 11 s later, one with a wrong header."""
    scene = Scene().ask(query(NAMES[0], ident=1))
    first, _, last = pieces(reply_to(0), [24, 48], 1)
    scene.packet(first).packet(last)
    scene.ask(query(NAMES[1], ident=2))
    first, middle, last = pieces(reply_to(1), [24, 48], 2)
    scene.packet(first).packet(last).wait(11).packet(middle)
    scene.ask(query(NAMES[2], ident=3))
    first, last = pieces(reply_to(2), [48], 3)
    return scene.packet(first[:10] + b"\x12\x34" + first[12:]).packet(last)


@capture("fragments-mirrored.pcap")
def fragments_mirrored():
    """Each piece twice, as when both directions of a port are mirrored: no overlap, no alarm."""
    scene = Scene().ask(query(NAMES[0], ident=1))
    for part in pieces(reply_to(0, [text(255)] * 14), [1480, 2960], 1):
        scene.packet(part)
    scene.client, scene.resolver = CLIENT6, RESOLVER6
    message = answer([aaaa(POINTER, "2001:db8:5::7"), *[text(255)] * 14], NAMES[1], "AAAA", 2)
    scene.ask(query(NAMES[1], "AAAA", 2))
    for part in pieces(message, [1448, 2896], 77, six=True):
        scene.packet(part)
    scene.frames = [frame for frame in scene.frames for _ in range(2)]
    return scene


def piece_behind_extensions(data, start, end, ident):
    """Hop-by-hop options in front of the fragment header; behind it, in the first one, destination's."""
    more, options = end < len(data), bytes([17, 0, 1, 4, 0, 0, 0, 0])
    whole = options + data
    start, end = (start, end + 8) if start == 0 else (start + 8, end + 8)
    return bytes(IPv6(src=RESOLVER6, dst=CLIENT6)
                 / IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN(optdata=b"")])
                 / IPv6ExtHdrFragment(nh=60, id=ident, offset=start // 8, m=more)
                 / Raw(whole[start:end]))


@capture("fragments-extensions.pcap")
def fragments_extensions():
    """IPv6 in pieces behind and in front of extension headers, the last piece first."""
    scene = Scene(client=CLIENT6, resolver=RESOLVER6).ask(query(NAMES[0], "AAAA", 1))
    message = answer([aaaa(POINTER, "2001:db8:5::7"), text(255)], NAMES[0], "AAAA", 1)
    data = packet(RESOLVER6, CLIENT6, 53, 40000, message)[40:]
    scene.packet(piece_behind_extensions(data, 160, len(data), 5))
    return scene.packet(piece_behind_extensions(data, 0, 160, 5))


@capture("fragments-overlap6.pcap")
def fragments_overlap6():
    """RFC 5722: one that overlaps makes all of them void, those that come later too."""
    scene = Scene(client=CLIENT6, resolver=RESOLVER6).ask(query(NAMES[0], "AAAA", 1))
    message = answer([aaaa(POINTER, "2001:db8:5::7")], NAMES[0], "AAAA", 1)
    data = packet(RESOLVER6, CLIENT6, 53, 40000, message)[40:]
    for start, end in ((0, 48), (40, 64), (48, len(data))):
        scene.packet(piece(data, start, end, 9, six=True))
    return scene


# --- TCP -----------------------------------------------------------------------------------------

def framed(message):
    return struct.pack("!H", len(message)) + message


class Connection:
    """One connection to port 53: each side's sequence number is where its next byte goes."""

    def __init__(self, scene, port=40000, client=CLIENT, resolver=RESOLVER):
        self.scene, self.port, self.client, self.resolver = scene, port, client, resolver
        self.next = {True: 1000, False: 0xFFFFFFF0}  # the server's numbers wrap

    def open(self):
        self.segment(True, flags="S")
        self.segment(False, flags="SA")
        self.next = {side: number + 1 & 0xFFFFFFFF for side, number in self.next.items()}
        return self.segment(True, flags="A")

    def segment(self, asks, data=b"", ahead=0, flags="PA", bare=False, ack=None):
        """Sent `ahead` bytes past what has been sent; does not move on. `ack`: what a host would not say."""
        ack = self.next[not asks] + ("S" in flags) if ack is None else ack
        ends = (self.client, self.resolver) if asks else (self.resolver, self.client)
        ports = (self.port, self.scene.server_port) if asks else (self.scene.server_port, self.port)
        layer = IPv6 if ":" in self.client else IP
        options = [("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]
        made = bytes(layer(src=ends[0], dst=ends[1])
                     / TCP(sport=ports[0], dport=ports[1], flags=flags, options=options,
                           seq=self.next[asks] + ahead & 0xFFFFFFFF, ack=ack & 0xFFFFFFFF if "A" in flags else 0)
                     / Raw(data))
        self.scene.packet(left_to_offload(made) if bare else made)
        return self

    def send(self, asks, data, **more):
        self.segment(asks, data, **more)
        self.next[asks] = self.next[asks] + len(data) & 0xFFFFFFFF
        return self

    def ask(self, number):
        return self.send(True, framed(query(NAMES[number], ident=number + 1)))

    def reply(self, number, **more):
        return self.send(False, framed(reply_to(number)), **more)

    def close(self):
        return self.segment(True, flags="FA").segment(False, flags="FA")


def left_to_offload(data):
    """The checksum as the kernel leaves it to an interface: the pseudo-header's sum alone."""
    size = len(data) - 20
    total = sum(struct.unpack("!4H", data[12:20])) + data[9] + size
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    at = 36 if data[9] == 6 else 26
    return data[:at] + struct.pack("!H", total) + data[at + 2:]


def without_header_sum(data):
    """The IPv4 header's checksum as some senders leave it to an interface."""
    return data[:10] + b"\0\0" + data[12:]


@capture("bare-checksums.pcap")
def bare_checksums():
    """Sums that an interface fills in later, each kind in a question and in an answer, once among
    whole ones; in fragments; and a header's sum that is wrong and not 0."""
    scene = Scene()
    kinds = [left_to_offload, without_header_sum,
             lambda data: without_header_sum(left_to_offload(data)), bytes]
    for number, change in enumerate(kinds):
        scene.packet(change(packet(CLIENT, RESOLVER, 40000, 53,
                                   query(NAMES[number], ident=number + 1))))
        scene.packet(change(packet(RESOLVER, CLIENT, 53, 40000, reply_to(number))))
    for number, change in ((4, without_header_sum), (5, lambda data: data[:10] + b"\0\1" + data[12:])):
        scene.ask(query(NAMES[number], ident=number + 1))
        for part in pieces(reply_to(number, [text(255)] * 14), [1480, 2960], number + 1):
            scene.packet(change(part))
    return scene


@capture("tcp.pcap")
def tcp():
    """A connection as dig opens it, over IPv4 and IPv6."""
    scene = Scene()
    Connection(scene).open().ask(0).reply(0).close()
    Connection(scene, 40001, CLIENT6, RESOLVER6).open().ask(1).reply(1).close()
    return scene


@capture("tcp-both-53.pcap")
def tcp_both_53():
    """A forwarder that asks from port 53, over TCP and UDP: the messages say who is who."""
    scene = Scene(port=53)
    Connection(scene, 53).open().ask(0).reply(0).close()
    return scene.ask(query(NAMES[1], ident=2)).reply(reply_to(1))


@capture("tcp-cuts.pcap")
def tcp_cuts():
    """Two messages in one segment; a length prefix cut in two; one byte a segment."""
    scene = Scene()
    connection = Connection(scene).open().ask(0).ask(1)
    connection.send(False, framed(reply_to(0)) + framed(reply_to(1)))
    connection.ask(2).ask(3)
    both = framed(reply_to(2)) + framed(reply_to(3))
    cut = len(framed(reply_to(2))) + 1
    connection.send(False, both[:cut]).send(False, both[cut:])
    connection.ask(4)
    for byte in framed(reply_to(4)):
        connection.send(False, bytes([byte]))
    return scene


@capture("tcp-order.pcap")
def tcp_order():
    """Out of order, overlapping, sent again: each answer once."""
    scene = Scene()
    connection = Connection(scene).open().ask(0).ask(1)
    both = framed(reply_to(0)) + framed(reply_to(1))
    for start, end in ((60, 90), (90, len(both)), (30, 70), (0, 40), (0, len(both)), (60, 90)):
        connection.segment(False, both[start:end], ahead=start)
    return scene


@capture("tcp-conflict.pcap")
def tcp_conflict():
    """Sent again with another address: the first copy counts, and it is an alarm."""
    scene = Scene()
    connection = Connection(scene).open().ask(0)
    forged = framed(answer([a(POINTER, "203.0.113.66")], NAMES[0], ident=1))
    connection.segment(False, framed(reply_to(0))).segment(False, forged)
    connection.segment(False, framed(reply_to(0))[:30], ahead=0)
    connection.next[False] += len(forged)
    connection.ask(1)
    return connection.reply(1).scene


@capture("tcp-conflict-cut.pcap")
def tcp_conflict_cut():
    """A forged copy in other pieces: of what was delivered, of what waits, and over both."""
    scene = Scene()
    connection = Connection(scene).open().ask(0).ask(1).reply(0)
    forged = framed(answer([a(POINTER, "203.0.113.66")], NAMES[0], ident=1))
    connection.segment(False, forged[-7:], ahead=-7)
    waits = framed(reply_to(1))
    connection.segment(False, waits[20:40], ahead=20)
    connection.segment(False, bytes(10), ahead=25)
    return connection.segment(False, forged[-4:] + waits, ahead=-4).scene


@capture("tcp-keep-alive.pcap")
def tcp_keep_alive():
    """Keep-alives with an octet of garbage and without, and a probe of a closed window: no alarm."""
    scene = Scene()
    connection = Connection(scene).open().ask(0).reply(0)
    for side in (True, False):
        connection.segment(side, b"\x5a", ahead=-1).segment(side, flags="A", ahead=-1)
    connection.ask(1)
    data = framed(reply_to(1))
    connection.segment(False, data[:1]).segment(False, data[:1])
    return connection.send(False, data).scene


@capture("tcp-unasked.pcap")
def tcp_unasked():
    """An answer whose question was not asked, or over UDP only; then one that was."""
    scene = Scene()
    connection = Connection(scene).open().reply(0)
    scene.ask(query(NAMES[1], ident=2))
    connection.reply(1)
    return connection.ask(2).reply(2).scene


@capture("tcp-reset.pcap")
def tcp_reset():
    """A reset in the right place ends it in the midst of a message; the ports are used again."""
    scene = Scene()
    connection = Connection(scene).open().ask(0)
    data = framed(reply_to(0))
    connection.send(False, data[:30]).segment(False, flags="R").send(False, data[30:])
    connection.next = {True: 700000, False: 800000}
    return connection.open().ask(1).reply(1).close().scene


@capture("tcp-idle.pcap")
def tcp_idle():
    """Half a message, and the rest of it more than a minute later: it is forgotten, the next is not."""
    scene = Scene()
    connection = Connection(scene).open().ask(0)
    data = framed(reply_to(0))
    connection.send(False, data[:30])
    scene.wait(61)
    connection.ask(0).send(False, data[30:])
    return connection.ask(1).reply(1).scene


@capture("tcp-middle.pcap")
def tcp_middle():
    """The capture begins in the midst of a message: the next one is found."""
    scene = Scene()
    connection = Connection(scene)
    connection.send(True, framed(query(NAMES[0], ident=1))[9:])
    connection.send(False, framed(reply_to(0))[20:])
    return connection.ask(1).reply(1).scene


@capture("tcp-split-prefix.pcap")
def tcp_split_prefix():
    """Length and message in segments of their own: joined on the way, then idle for a minute; while
    nothing is known a blind answer is tried, which acknowledges nothing."""
    scene = Scene()
    connection = Connection(scene)

    def apart(asks, message):
        data = framed(message)
        connection.send(asks, data[:2]).send(asks, data[2:])
    for number in range(4):
        if number == 2:
            scene.wait(75)
        apart(True, query(NAMES[number], ident=number + 1))
        if number % 2 == 0:
            forged = framed(answer([a(POINTER, "203.0.113.66")], NAMES[number], ident=number + 1))
            connection.segment(False, forged, ahead=9000000, ack=5000000)
            connection.segment(False, forged, ack=5000000)
        apart(False, reply_to(number))
    return scene


@capture("tcp-lost.pcap")
def tcp_lost():
    """The capture lost a segment: five seconds later the stream goes on without it."""
    scene = Scene()
    connection = Connection(scene).open().ask(0).ask(1).ask(2)
    connection.next[False] += 50
    connection.reply(1)
    scene.wait(6)
    return connection.reply(2).scene


@capture("tcp-blind.pcap")
def tcp_blind():
    """A reset, a SYN and data from somebody who only knows addresses and ports change nothing."""
    scene = Scene()
    connection = Connection(scene).open().ask(0)
    connection.segment(False, flags="R", ahead=70000).segment(False, flags="SA", ahead=900000, ack=5000000)
    forged = framed(answer([a(POINTER, "203.0.113.66")], NAMES[0], ident=1))
    connection.segment(False, forged, ahead=900001, ack=5000000)
    return connection.reply(0).scene


@capture("tcp-checksum.pcap")
def tcp_checksum():
    """Left to an interface that merges segments it is taken; wrong, it is not."""
    scene = Scene()
    connection = Connection(scene).open().ask(0).reply(0, bare=True)
    connection.ask(1)
    data = framed(reply_to(1))
    made = bytes(IP(src=RESOLVER, dst=CLIENT)
                 / TCP(sport=53, dport=40000, flags="PA", seq=connection.next[False], chksum=0x1234)
                 / Raw(data))
    return scene.packet(made)


@capture("tcp-truncated-first.pcap")
def tcp_truncated_first():
    """The answer over UDP was cut short, so the client asks again over TCP."""
    scene = Scene()
    scene.ask(query(NAMES[0], ident=1)).reply(answer([], NAMES[0], ident=1, flags=0x8380))
    message = framed(reply_to(0, [text(255)] * 20))
    connection = Connection(scene).open().ask(0)
    for start in range(0, len(message), 1448):
        connection.send(False, message[start:start + 1448])
    return scene


@capture("resolver-port.pcap")
def resolver_at_another_port():
    """Over UDP, in fragments and over TCP, to 5335; at last to 5336, where nobody is said to be."""
    scene = Scene(server_port=5335)
    scene.exchange([a(POINTER, "198.51.100.81")], ident=81)
    large = packet(RESOLVER, CLIENT, 5335, 40000, answer([text(255)] * 8 + [a(POINTER, "198.51.100.82")],
                                                         ident=82))
    scene.ask(query(ident=82))
    for piece in fragment(IP(large), fragsize=1400):
        scene.packet(bytes(piece))
    Connection(scene).open().ask(0).reply(0).close()
    scene.server_port = 5336
    return scene.exchange([a(POINTER, "198.51.100.83")], ident=83)


@capture("tcp-merged.pcap")
def tcp_merged():
    """GRO makes one frame of many segments, longer than any link carries."""
    scene = Scene()
    message = framed(reply_to(0, [text(255)] * 60))
    return Connection(scene).open().ask(0).send(False, message, bare=True).scene


@capture("tcp-mirrored.pcap")
def tcp_mirrored():
    """Each packet twice, as when both directions of a port are mirrored."""
    scene = Scene()
    Connection(scene).open().ask(0).reply(0).close()
    scene.frames = [frame for frame in scene.frames for _ in range(2)]
    return scene


# --- order ---------------------------------------------------------------------------------------

@capture("early.pcap")
def early():
    """Answers in front of their questions: one in time, its copy too, one too late, a forged one."""
    scene = Scene()
    scene.reply(reply_to(0)).reply(reply_to(0)).ask(query(NAMES[0], ident=1))
    scene.reply(reply_to(1)).wait(0.05).ask(query(NAMES[1], ident=2))
    scene.reply(reply_to(2), resolver="192.0.2.99").ask(query(NAMES[2], ident=3))
    return scene


if __name__ == "__main__":
    main()
