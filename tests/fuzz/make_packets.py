#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the corpora of fuzz_frame and fuzz_pipeline: make_packets.py FOLDER (tests/fuzz/corpus)."""

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


def main():
    folder = pathlib.Path(sys.argv[1])
    for noun in ("frame", "pipeline"):
        (folder / noun).mkdir(parents=True, exist_ok=True)
    for title, link, data in frames():
        (folder / "frame" / title).write_bytes(bytes([link, 0]) + data)
    for title, plan, data in sequences():
        (folder / "pipeline" / title).write_bytes(bytes([plan]) + data)


main()
