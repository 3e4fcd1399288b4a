#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seeds of dname, pattern, wire, answer, query, system and queued: run it here after adding one."""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
A, NS, CNAME, MX, AAAA, SRV, NAPTR, DNAME, OPT, HTTPS = 1, 2, 5, 15, 28, 33, 35, 39, 41, 65
TRUNCATED = 0x0200


def name(text):
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def rr(owner, rtype, ttl, rdata, rclass=1):
    return owner + struct.pack(">HHIH", rtype, rclass, ttl, len(rdata)) + rdata


def message(question, qtype, answer=(), authority=(), additional=(), flags=0x8180):
    counts = struct.pack(">HHHHHH", 0x1234, flags, 1, len(answer), len(authority), len(additional))
    records = b"".join([*answer, *authority, *additional])
    return counts + name(question) + struct.pack(">HH", qtype, 1) + records


def param(key, value):
    return struct.pack(">HH", key, len(value)) + value


V4, V6 = bytes([198, 51, 100, 7]), bytes.fromhex("20010db8000000000000000000000007")
HERE = b"\xc0\x0c"
EU1 = "eu1.dormammu.lookback.io"
SVC = b"\0\1\0" + param(1, b"\2h2") + param(4, V4 + V4) + param(6, V6)
MANDATORY = b"\0\1" + name("pool.example") + param(0, b"\0\1\0\3") + param(1, b"\2h2") + param(3, b"\1\xbb")
EDNS = rr(b"\0", OPT, 0, b"", 1232)

ANSWERS = {
    "a": message(EU1, A, [rr(HERE, A, 300, V4)], additional=[EDNS]),
    "branches": message(EU1, A, [rr(HERE, CNAME, 60, name("a.example")), rr(HERE, CNAME, 60, name("b.example")),
                                 rr(name("a.example"), A, 60, V4), rr(name("b.example"), CNAME, 60, name("c.example")),
                                 rr(name("c.example"), A, 60, V4), rr(HERE, A, 60, V4)]),
    "itself": message(EU1, A, [rr(HERE, CNAME, 5, HERE), rr(HERE, A, 5, V4)]),
    "targets": message(EU1, SRV, [rr(HERE, SRV, 60, b"\0\1\0\2\x4b\x69" + name("s.example")),
                                  rr(HERE, MX, 60, b"\0\1" + HERE), rr(HERE, MX, 60, b"\0\1\2mx" + HERE),
                                  rr(HERE, NAPTR, 60, b"\0\1\0\2\1s\0\0" + name("n.example"))]),
    "padded": message(EU1, A, [rr(HERE, A, 300, V4)]) + bytes(64),
    "aaaa": message(EU1, AAAA, [rr(HERE, AAAA, 300, V6)]),
    "cname": message(EU1, A, [rr(HERE, CNAME, 60, b"\2lb\xc0\x10"), rr(b"\xc0\x36", A, 60, V4)]),
    "cname-order": message(EU1, A, [rr(name("lb.example"), A, 60, V4), rr(HERE, CNAME, 60, name("lb.example"))]),
    "cname-loop": message(EU1, A, [rr(HERE, CNAME, 60, HERE)]),
    "cname-two": message(EU1, A, [rr(HERE, CNAME, 60, name("a")), rr(HERE, CNAME, 60, name("b"))]),
    "dname": message(EU1, A, [rr(b"\xc0\x10", DNAME, 60, name("new.example")),
                              rr(name("eu1.new.example"), A, 60, V4)]),
    "dname-grows": message(EU1, A, [rr(b"\xc0\x10", DNAME, 60, name("x.dormammu.lookback.io"))]),
    "chain-17": message("n0", A, [rr(name(f"n{i}"), CNAME, 60, name(f"n{i + 1}")) for i in range(17)]),
    "https": message(EU1, HTTPS, [rr(HERE, HTTPS, 300, SVC)]),
    "https-alias": message(EU1, HTTPS, [rr(HERE, HTTPS, 300, b"\0\0" + name("pool.example"))]),
    "https-mandatory": message(EU1, HTTPS, [rr(HERE, HTTPS, 300, MANDATORY)]),
    "https-hint-cut": message(EU1, HTTPS, [rr(HERE, HTTPS, 300, b"\0\1\0" + param(4, b"\1\2\3"))]),
    "svcb-rdata": SVC,
    "svcb-rdata-mandatory": MANDATORY,
    "stray": message(EU1, A, [rr(name("evil.example"), A, 300, V4)]),
    "ttl-top-bit": message(EU1, A, [rr(HERE, A, 0x80000001, V4)]),
    "truncated": message(EU1, A, [rr(HERE, A, 300, V4)] * 3, flags=0x8180 | TRUNCATED)[:-9],
    "authority": message(EU1, A, [], [rr(b"\xc0\x10", NS, 60, b"\2ns\xc0\x10")], [EDNS]),
    "badvers": message(EU1, A, additional=[rr(b"\0", OPT, 1 << 24, b"", 1232)]),
    "nxdomain": message(EU1, A, flags=0x8183),
    "class-ch": message(EU1, A, [rr(HERE, A, 300, V4, 3)]),
    "pointer-self": message(EU1, A, [rr(b"\xc0\x2a", A, 300, V4)]),
    "pointer-forward": message(EU1, A, [rr(b"\xc0\x2c", A, 300, V4)]),
    "pointer-header": message(EU1, A, [rr(b"\xc0\x00", A, 300, V4)]),
    "rdlength-lies": message(EU1, A, [rr(HERE, A, 300, V4)])[:-6] + b"\0\5" + V4,
    "bytes-behind": message(EU1, A, [rr(HERE, A, 300, V4)]) + b"\0",
}
WIRES = {
    "query": message(EU1, A, flags=0x0100),
    "response-0x20": message("Eu1.dORMAMMU.LookBack.IO", A),
    "apex": message("dormammu.lookback.io", A),
    "lookalike": message("notdormammu.lookback.io", A),
    "suffixed": message("dormammu.lookback.io.evil.example", A),
    "derived": message("LB.example.net", AAAA),
    "root": message("", NS),
    "longest": message(".".join(["a" * 63] * 3 + ["a" * 61]), A),
    "no-question": b"\0\1\x80\0" + bytes(8),
    "pointer": b"\0\1\x80\0\0\1" + bytes(6) + b"\xc0\x0c\0\1\0\1",
    "two-questions": b"\0\1\x80\0\0\2" + bytes(6) + (name(EU1) + b"\0\1\0\1") * 2,
}
DNAMES = {
    "wire": name(EU1),
    "wire-dot": b"\3a.b\2IO\0",
    "wire-binary": b"\4\0\xff\\\"\1 \0",
    "wire-longest": b"\1a" * 127 + b"\0",
    "wire-too-long": b"\1a" * 128 + b"\0",
    "wire-pointer": b"\1a\xc0\0",
    "struct": bytes([26]) + name(EU1),
    "text": EU1.encode(),
    "text-final-dot": b"A.example.",
    "text-escapes": b"a\\.b\\000\\255\\\\.example",
    "text-bad-escape": b"a\\256.example",
    "text-root": b".",
    "text-empty-label": b"a..b",
    "text-longest": b".".join([b"a" * 63] * 3 + [b"a" * 61]),
}
PATTERNS = {
    "lookback": b"eu1.dormammu.lookback.io\ndormammu.lookback.io\n*.dormammu.lookback.io",
    "apex": b"dormammu.lookback.io\ndormammu.lookback.io\n*.dormammu.lookback.io",
    "lookalike": b"notdormammu.lookback.io\n*.dormammu.lookback.io",
    "any": b"x.example\n*\n*.example\nx.example\n.",
    "bad": b"x.example\n*.\n*.*\na.*\n**\n\\*.example\n*..",
    "nested": b"a.b.c.d\n*.d\n*.c.d\n*.b.c.d\na.b.c.d\n*.a.b.c.d",
    "case": b"A.B.C\n*.b.c\na.B.c",
    "wire": b"\2eu\2io\0\n*.io\nio",
    "escapes": b"a\\.b.io\n*.io\n*.b.io\na\\046b.io",
}


def asked(answer, mode=b"\0", question=EU1):
    """Bytes without a bit set mix no case: the question is as it stands in `answer`; the id is message's."""
    return mode + b"\x12\x34" + bytes(32) + name(question) + answer


QUERIES = {
    "answered": asked(ANSWERS["a"]),
    "aaaa-edns": asked(ANSWERS["aaaa"], mode=b"\3"),
    "mixed-case": b"\0\x12\x34" + b"\x5a" * 32 + name(EU1) + ANSWERS["a"],
    "other-case": asked(message(EU1.title(), A)),
    "other-name": asked(message("eu2.dormammu.lookback.io", A)),
    "other-type": asked(message(EU1, NS)),
    "other-id": asked(b"\0" + ANSWERS["a"][1:]),
    "nxdomain": asked(ANSWERS["nxdomain"]),
    "truncated": asked(ANSWERS["truncated"]),
    "servfail": asked(message(EU1, A, flags=0x8182)),
    "no-question": asked(b"\x12\x34\x81\x81" + bytes(8)),
    "no-question-noerror": asked(b"\x12\x34\x81\x80" + bytes(8)),
    "two-questions": asked(b"\x12\x34\x81\x80\0\2" + bytes(6) + (name(EU1) + b"\0\1\0\1") * 2),
    "a-question": asked(message(EU1, A, flags=0x0100)),
    "notify": asked(message(EU1, A, flags=0xa180)),
    "root": asked(message("", A), question=""),
    "longest": asked(b"", question=".".join(["a" * 63] * 3 + ["a" * 61])),
}
SYSTEM_FILES = {
    "resolv.conf": b"# by hand\nsearch example.net\nnameserver 192.0.2.53\nnameserver\t2001:db8::53 # second\n",
    "resolv-zone": b"nameserver fe80::1%lo\nnameserver fe80::1%nowhere0\nnameserver fe80::1%\noptions edns0\n",
    "resolv-many": b"nameserver 192.0.2.1\n" * 12,
    "hosts": b"127.0.0.1 localhost\n198.51.100.7\tEU1.example.net eu1 # here\n2001:db8::7 eu1.example.net\n",
    "hosts-escape": b"198.51.100.7 e\\1171.example.net\n::1 x\\\n",
    "hosts-many": b"192.0.2.1 eu1.example.net\n" * 20,
    "hosts-long": b"192.0.2.1 " + b"eu1.example.com " * 62 + b"a.net eu1.example.network\n",
    "no-end": b"\r\n \v\f192.0.2.1 eu1.example.net",
}



def netlink(kind, body):
    """One message, in the byte order of the machine that made the corpus (little-endian)."""
    return (struct.pack("<IHHII", 16 + len(body), kind, 0, 0, 0) + body).ljust(16 + (len(body) + 3) // 4 * 4, b"\0")


def attribute(kind, value):
    return (struct.pack("<HH", 4 + len(value), kind) + value).ljust((7 + len(value)) // 4 * 4, b"\0")


def queued(number, payload, *others):
    body = attribute(1, struct.pack(">IHB", number, 0x0800, 2)) + b"".join(others) + attribute(10, payload)
    return netlink(0x0300, b"\2\0\x16\x7d" + body)


IPV4 = b"\x45" + bytes(11) + bytes([192, 0, 2, 10]) + V4 + bytes(20)
IPV6 = b"\x60" + bytes(7) + V6[:15] + b"\x10" + V6
QUEUED = {
    "ipv4": queued(1, IPV4),
    "ipv6": queued(2, IPV6, attribute(5, b"\0\0\0\7"), attribute(0x8009, b"x" * 5)),
    "two": queued(3, IPV4) + queued(4, IPV6),
    "error": netlink(2, struct.pack("<i", -2) + bytes(16)),
    "acknowledged": netlink(2, bytes(20)) + queued(1, IPV4),
    "no-number": netlink(0x0300, bytes(4) + attribute(10, IPV4)),
    "short-header": queued(5, IPV4[:19]) + queued(6, IPV6[:39]),
    "version-5": queued(7, b"\x55" + IPV4[1:]),
    "attribute-too-long": netlink(0x0300, bytes(4) + b"\xff\xff\1\0"),
    "attribute-too-short": netlink(0x0300, bytes(4) + b"\3\0\1\0"),
    "cut": queued(8, IPV4)[:-6],
    "length-0": bytes(16),
    "other": netlink(0x0301, bytes(8)),
}

for noun, seeds in {"queued": QUEUED, "answer": ANSWERS, "wire": WIRES, "dname": DNAMES, "pattern": PATTERNS,
                    "query": QUERIES, "system": SYSTEM_FILES}.items():
    (CORPUS / noun).mkdir(parents=True, exist_ok=True)
    for seed, content in seeds.items():
        (CORPUS / noun / seed).write_bytes(content)
