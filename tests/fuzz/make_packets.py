#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpora: make_packets.py FOLDER (tests/fuzz/corpus).

Those of fuzz_frame, fuzz_pipeline, fuzz_streams and fuzz_fragments; what is wrapped and what comes in
parts is taken from the captures of the golden tests.
"""

import pathlib
import struct
import sys

ETHERNET, COOKED, COOKED2, RAW, NULL, LOOP = 0, 1, 2, 3, 6, 7
FRAME, QUESTION, ANSWER = 0, 1, 2
MACS = bytes.fromhex("020000000001020000000002")
EXTENSIONS = bytes.fromhex("3c00010400000000" "2b00010400000000" "3300040000000000"
                           "2c01000000000001" "00000001" "1100000000000001")


def name(text):
    labels = text.split(".") if text else []
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def message(flags, question, kind, records=(), number=7, questions=1):
    head = struct.pack(">6H", number, flags, questions, len(records), 0, 0)
    return head + name(question) + struct.pack(">2H", kind, 1) + b"".join(records)


def record(owner, kind, ttl, data):
    return name(owner) + struct.pack(">2HIH", kind, 1, ttl, len(data)) + data


def udp(payload, source=53, destination=4000):
    return struct.pack(">4H", source, destination, len(payload) + 8, 0) + payload


def ipv4(payload, options=b"", fragment=0):
    words = 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), 1, fragment, 64, 17, 0)
    return head + bytes([192, 0, 2, 53, 192, 0, 2, 10]) + options + payload


def ipv6(payload, extensions=b"", first=17):
    head = struct.pack(">IHBB", 6 << 28, len(extensions) + len(payload), first, 64)
    return head + bytes(15) + b"\1" + bytes(15) + b"\2" + extensions + payload


def frames():
    answer = udp(message(0x8180, "a", 1, [record("a", 1, 60, b"\xc6\x33\x64\x07")]))
    four, six = ipv4(answer), ipv6(answer)
    yield "ethernet", ETHERNET, MACS + b"\x08\0" + four + bytes(4)
    yield "tagged", ETHERNET, MACS + bytes.fromhex("88a8000781000008" "86dd") + six
    yield "cooked", COOKED, bytes(14) + b"\x08\0" + four
    yield "cooked2", COOKED2, b"\x86\xdd" + bytes(18) + six
    yield "options", RAW, ipv4(answer, b"\1" * 8)
    yield "fragment", RAW, ipv4(answer, fragment=0x2000)
    yield "extensions", RAW, ipv6(answer, EXTENSIONS, 0)
    yield "null", NULL, b"\2\0\0\0" + four
    yield "loop", LOOP, b"\0\0\0\x18" + six


def packets(*steps):
    return b"".join(struct.pack(">BBH", kind, wait, len(data)) + data for kind, wait, data in steps)


def sequences():
    address = b"\xc6\x33\x64\x07"
    ask = message(0x0100, "x.a", 1)
    one = message(0x8180, "x.a", 1, [record("x.a", 1, 60, address)])
    two = message(0x8180, "x.a", 1, [record("x.a", 1, 60, b"\xcb\x00\x71\x42")])
    chain = message(0x8180, "x.a", 1, [record("x.a", 5, 60, name("b")), record("b", 1, 9, address)])
    opened = message(0x8180, "x.a", 1, [record("x.a", 5, 60, name("c.d"))])
    follow_ask = message(0x0100, "c.d", 1, number=8)
    follow = message(0x8180, "c.d", 1, [record("c.d", 1, 60, address)], number=8)
    cut = message(0x8380, "x.a", 1, [record("x.a", 1, 60, address)])
    error = message(0x8182, "x.a", 1)
    whole = MACS + b"\x08\0" + ipv4(udp(one))
    yield "learned", 0, packets((QUESTION, 0, ask), (ANSWER, 1, one), (ANSWER, 1, one))
    yield "alarm", 0, packets((QUESTION, 0, ask), (ANSWER, 1, one), (ANSWER, 1, two))
    yield "again", 0, packets((QUESTION, 0, ask), (QUESTION, 6, ask), (ANSWER, 1, one),
                              (ANSWER, 1, two))
    yield "chain", 1, packets((QUESTION, 0, ask), (ANSWER, 1, chain))
    yield "across", 0, packets((QUESTION, 0, ask), (ANSWER, 1, opened), (QUESTION, 1, follow_ask),
                               (ANSWER, 1, follow))
    yield "truncated", 0, packets((QUESTION, 0, ask), (ANSWER, 1, cut), (ANSWER, 1, one))
    yield "error", 0, packets((QUESTION, 0, ask), (ANSWER, 1, error), (ANSWER, 255, one))
    yield "one-direction", 2, packets((ANSWER, 0, one), (FRAME, 1, whole), (ANSWER, 1, two))
    yield "bound", 8, packets((QUESTION, 0, ask), (ANSWER, 1, one), (ANSWER + 3, 1, one),
                              (ANSWER, 1, one))


# --- from the golden tests' captures -------------------------------------------------------------

CAPTURES = pathlib.Path(__file__).resolve().parent.parent / "captures"
TUNNELS = 0x80
# The place of each link type in fuzz_frame's table.
PLACES = {1: 0, 9: 9, 50: 10, 51: 11, 104: 12, 105: 13, 127: 14, 14: 15, 192: 16, 239: 17}
WRAPPED = ("mpls", "pppoe", "gre", "erspan", "vxlan", "geneve", "ipip", "tzsp", "nested", "gtp",
           "gre-udp", "vxlan-gpe", "tunnel-numbers",
           "etag", "vntag", "sgt", "fabricpath", "pbb", "snap", "nsh", "ppp",
           "hdlc", "raw-openbsd", "nflog", "ppi", "802.11", "radiotap", "tcp", "fragments-tiny")
PARTS = ("tcp", "tcp-order", "tcp-conflict", "tcp-blind", "tcp-lost", "fragments-tiny",
         "fragments-overlap", "tunnel-in-fragments", "tunnel-peers", "udp-gro", "early")


def read_pcap(name):
    data = (CAPTURES / (name + ".pcap")).read_bytes()
    link, at = struct.unpack_from("<I", data, 20)[0], 24
    while at < len(data):
        seconds, micros, size, _ = struct.unpack_from("<IIII", data, at)
        yield link, seconds * 1_000_000 + micros, data[at + 16:at + 16 + size]
        at += 16 + size


def wrapped_frames():
    for name in WRAPPED:
        for number, (link, _, frame) in enumerate(read_pcap(name)):
            if number % 2 == 1:
                yield "%s-%d" % (name, number), PLACES[link] | TUNNELS, frame


def captured_sequences():
    for name in PARTS:
        yield name, 64, packets(*((FRAME, 0, frame) for _, _, frame in read_pcap(name)))


def segments():
    """Streams as fuzz_streams reads them."""
    one = struct.pack("!H", 20) + bytes(range(2)) + b"\x81\x80\0\1" + bytes(14)
    syn, fin, rst, ack = 0x02 << 2, 0x01 << 2, 0x04 << 2, 0x10 << 2

    def segment(place, data=b"", flags=0, wait=0, stream=0, acknowledges=0):
        return struct.pack("!BBHHH", flags | stream, wait, place, acknowledges, len(data)) + data

    def to_server(place, data=b"", flags=0, **more):
        return segment(place, data, flags | 0x20, **more)

    begin = segment(99, flags=syn)
    yield "whole", begin + segment(100, one) + segment(122, one, fin)
    yield "two", begin + segment(100, one + one)
    yield "cut", begin + segment(100, one[:1]) + segment(101, one[1:] + one[:1]) + segment(123, one[1:])
    yield "order", begin + segment(110, one[10:]) + segment(105, one[5:12]) + segment(100, one[:6])
    yield "conflict", begin + segment(100, one) + segment(100, one[:-1] + b"x")
    yield "middle", segment(110, one[10:]) + segment(122, one)
    yield "lost", begin + segment(150, one) + segment(180, one, wait=60)
    yield "blind", begin + segment(9, flags=rst) + segment(7000, flags=syn) + segment(100, one)
    yield "again", begin + segment(100, one, fin) + segment(4999, flags=syn, wait=20) + segment(5000, one)
    yield "nonsense", begin + segment(100, b"\0\3abc") + segment(105, one)
    opened = to_server(999, flags=syn) + segment(99, flags=syn | ack, acknowledges=1000)
    ask = to_server(1000, one, ack, acknowledges=100)
    yield "both", opened + ask + segment(100, one, ack, acknowledges=1022)
    yield "unacknowledged", opened + ask + segment(100, one) + segment(100, one, ack, acknowledges=1022)
    yield "guessed", (opened + ask + to_server(60000, one, ack, acknowledges=9) +
                      segment(100, one, ack, acknowledges=1022))
    # Two starts, of which the server answers the second.
    yield "claimed", (to_server(999, flags=syn) + to_server(4999, flags=syn) +
                      segment(99, flags=syn | ack, acknowledges=5000) +
                      to_server(5000, one, ack, acknowledges=100) + segment(100, one, ack, acknowledges=5022))
    yield "late-claim", (opened + ask + to_server(4999, flags=syn) +
                         to_server(5000, one, ack, wait=20, acknowledges=100) +
                         segment(100, one, ack, acknowledges=5022))
    yield "reset-both", opened + ask + segment(100, flags=rst | ack, acknowledges=1022) + opened + ask
    yield "several", begin + segment(99, flags=syn, stream=1) + segment(100, one, stream=1) + segment(100, one)


def fragments():
    """Datagrams as fuzz_fragments reads them."""
    more, much_later = 0x80, 0x20

    def piece(datagram, place, data):
        return struct.pack("!BHH", datagram, place, len(data)) + data

    first, last = piece(more, 0, b"12345678"), piece(0, 1, b"abc")
    yield "order", first + last + last
    yield "backwards", last + first
    yield "overlap", piece(more, 0, b"1234567812345678") + piece(more, 1, b"abcdefgh") + last
    yield "copies", first + first + last
    yield "late", first + piece(much_later, 1, b"abc")
    yield "lying", first + piece(0, 2, b"abc") + piece(0, 3, b"abc")
    yield "far", piece(0, 8191, b"x" * 8)
    yield "two", first + piece(more | 1, 0, b"87654321") + piece(1, 1, b"xyz") + last


def main():
    folder = pathlib.Path(sys.argv[1])
    for noun in ("frame", "pipeline", "streams", "fragments"):
        (folder / noun).mkdir(parents=True, exist_ok=True)
    for title, link, data in frames():
        (folder / "frame" / title).write_bytes(bytes([link, 0]) + data)
    for title, link, data in wrapped_frames():
        (folder / "frame" / title).write_bytes(bytes([link, 0]) + data)
    for title, data in segments():
        (folder / "streams" / title).write_bytes(data)
    for title, data in fragments():
        (folder / "fragments" / title).write_bytes(data)
    for title, plan, data in [*sequences(), *captured_sequences()]:
        (folder / "pipeline" / title).write_bytes(bytes([plan]) + data)


main()
