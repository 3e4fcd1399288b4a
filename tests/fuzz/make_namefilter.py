#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the corpus of fuzz_namefilter: make_namefilter.py FOLDER (tests/fuzz/corpus)."""

import pathlib
import struct
import sys

ETHERNET, IP, COOKED = 0, 1, 2
CHAIN, SMALL, EXTRA = 4, 8, 16
GRE, VXLAN, IPIP = 2, 8, 32
MACS = bytes.fromhex("020000000001020000000002")
FOUR, SIX = b"\x08\0", b"\x86\xdd"


def name(text):
    labels = text.split(".") if text else []
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def message(question, flags=0x8180, questions=1, records=()):
    head = struct.pack(">6H", 7, flags, questions, len(records), 0, 0)
    return head + name(question) + struct.pack(">2H", 1, 1) + b"".join(records)


def record(kind, data):
    return struct.pack(">3HIH", 0xC00C, kind, 1, 60, len(data)) + data


def udp(payload, source=53, destination=4000):
    return struct.pack(">4H", source, destination, len(payload) + 8, 0) + payload


def ipv4(payload, protocol=17, options=b"", fragment=0):
    words = 5 + len(options) // 4
    head = struct.pack(">BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), 1, fragment, 64, protocol, 0)
    return head + bytes([192, 0, 2, 53, 192, 0, 2, 10]) + options + payload


def ipv6(payload, protocol=17):
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + bytes(15) + b"\1" + bytes(15) + b"\2" + payload


def inputs():
    ours, other = ipv4(udp(message("x.a.b"))), ipv4(udp(message("x.c")))
    long = "a." * 30 + "b"
    cname = message("x.c", records=[record(1, bytes(4)), record(5, name("y.a.b"))])
    yield "below", ETHERNET, 0, 0, ["a.b"], MACS + FOUR + ours
    yield "exact", ETHERNET, 0, 1, ["a.b"], MACS + FOUR + ipv4(udp(message("A.B")))
    yield "foreign", ETHERNET, 0, 0, ["a.b"], MACS + FOUR + other
    yield "derived", ETHERNET | EXTRA, 0, 0, ["a.b", "x.c"], MACS + FOUR + other
    yield "tags", ETHERNET, 0, 0, ["a.b"], MACS + bytes.fromhex("88a8000781000008") + SIX + ipv6(udp(message("x.a.b")))
    yield "mpls", ETHERNET, 0, 0, ["a.b"], MACS + bytes.fromhex("88470001000000010100") + ours
    yield "pppoe", ETHERNET, 0, 0, ["a.b"], MACS + bytes.fromhex("886411000001") + struct.pack(">HH", len(ours) + 2, 0x21) + ours
    yield "four", IP | SMALL, 0, 6, ["a.b", "c", "d.a.b", "aaaa.bbbb.cc"], ours
    yield "long", IP, 0, 1, [long], ipv4(udp(message(long)))
    yield "options", IP, 0, 0, ["a.b"], ipv4(udp(message("x.a.b")), options=b"\1" * 8)
    yield "fragment", IP, 0, 0, ["a.b"], ipv4(udp(message("x.c")), fragment=0x2000)
    yield "two-questions", IP, 0, 0, ["a.b"], ipv4(udp(message("x.a.b", questions=2)))
    yield "question", IP | CHAIN, 0, 0, ["a.b"], ipv4(udp(message("x.c", 0x0100), 4000, 53))
    yield "chain", IP | CHAIN, 0, 0, ["a.b"], ipv4(udp(cname))
    yield "cooked", COOKED, 0, 0, ["a.b"], FOUR + ours
    yield "cooked-tag", COOKED, 0, 0, ["a.b"], b"\x81\0\0\7" + FOUR + ours
    yield "gre", IP, GRE, 0, ["a.b"], ipv4(b"\0\0" + FOUR + ours, 47)
    yield "bridged", IP, GRE, 0, ["a.b"], ipv4(b"\0\0\x65\x58" + MACS + FOUR + ours, 47)
    yield "ip-in-ip", IP, IPIP, 0, ["a.b"], ipv6(ours, 4)
    yield "vxlan", IP, VXLAN, 0, ["a.b"], ipv4(udp(b"\x08" + bytes(7) + MACS + FOUR + ours, 9, 4789))


def main():
    folder = pathlib.Path(sys.argv[1]) / "namefilter"
    folder.mkdir(parents=True, exist_ok=True)
    for title, choice, tunnels, kinds, patterns, frame in inputs():
        names = b"".join(name(pattern) for pattern in patterns)
        (folder / title).write_bytes(bytes([choice, tunnels, len(patterns) << 4 | kinds]) + names + frame)


main()
