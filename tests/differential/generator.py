#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures by chance: some exchanges of a client and a resolver, each odd in some way, wrapped in some way.

The same seed makes the same capture.
"""

import random
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "captures"))

import wrapped  # noqa: E402
from parts import Connection, framed, piece  # noqa: E402
from scene import (APEX, CLIENT, CLIENT6, LINK_NULL, LINK_RAW, LINK_SLL, LINK_SLL2, RESOLVER, RESOLVER6,  # noqa: E402
                   Scene, a, aaaa, answer, cname, dname, ethernet, https, null, packet, pcap, query, raw, record, sll, sll2)

TTLS = (0, 1, 59, 60, 61, 300, 86400, 86401, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
ODD4 = ("0.0.0.0", "10.1.2.3", "127.0.0.1", "169.254.1.1", "172.31.255.255", "172.32.0.1", "192.168.0.1", "100.64.0.1",
        "100.128.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1",
        "198.20.0.1", "192.88.99.1")
ODD6 = ("::", "::1", "::ffff:198.51.100.1", "fe80::1", "fec0::1", "fc00::1", "fdff::1", "ff02::1", "64:ff9b::a00:1",
        "64:ff9b::c633:6401", "2002:a00:1::1", "2002:c633:6401::1", "100::1", "2001:10::1", "2001:20::1", "2001:2::1",
        "5f00::1")


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.number = 0

    # --- records ---------------------------------------------------------------------------------

    def ttl(self):
        return self.random.choice(TTLS) if self.random.random() < 0.4 else self.random.randrange(0, 100000)

    def address4(self):
        if self.random.random() < 0.08:
            return self.random.choice(ODD4)
        return f"{self.random.choice(['198.51.100', '203.0.113'])}.{self.random.randrange(256)}"

    def address6(self):
        if self.random.random() < 0.08:
            return self.random.choice(ODD6)
        return f"2001:db8:{self.random.randrange(1 << 16):x}::{self.random.randrange(1, 1 << 16):x}"

    def name(self, text):
        """In some case; sometimes by a pointer to the question's name, which only its own name can be."""
        if self.random.random() < 0.3:
            text = "".join(self.random.choice([letter.lower(), letter.upper()]) for letter in text)
        return text

    def owner(self, text, asked):
        return b"\xc0\x0c" if text == asked and self.random.random() < 0.7 else self.name(text)

    def addresses(self, owner, asked, most=4):
        made = []
        for _ in range(self.random.randrange(most + 1)):
            kind = self.random.choice("4446666h")
            who = self.owner(owner, asked)
            if kind == "4":
                made.append(a(who, self.address4(), self.ttl()))
            elif kind == "6":
                made.append(aaaa(who, self.address6(), self.ttl()))
            else:
                made.append(https(who, self.random.choice([0, 1, 1, 2]), self.random.choice([".", "svc.example.net"]),
                                  [self.address4() for _ in range(self.random.randrange(3))],
                                  [self.address6() for _ in range(self.random.randrange(3))], self.ttl(),
                                  self.random.choice(["HTTPS", "SVCB"])))
        return made

    def hop(self, number):
        return self.random.choice([f"hop{number}.example.net", f"h{number}.{APEX}", f"a.b.hop{number}.example.com"])

    def aliases(self, asked):
        """A chain, sometimes with a circle, a branch, an alias of itself; its end."""
        length = self.random.choice([0, 0, 0, 1, 1, 2, 3, 5, 15, 16, 17])
        made, at, names = [], asked, [asked]
        for number in range(length):
            target = self.hop(number)
            made.append(cname(self.owner(at, asked), self.name(target), self.ttl()))
            names.append(target)
            at = target
        if length and self.random.random() < 0.08:
            made.append(cname(self.name(at), self.name(self.random.choice(names)), self.ttl()))
        elif self.random.random() < 0.06:
            made.append(cname(self.owner(self.random.choice(names), asked), "branch.example.net", self.ttl()))
            made.extend(self.addresses("branch.example.net", asked, 2))
        elif self.random.random() < 0.05:
            made.append(cname(self.owner(at, asked), self.name(at), self.ttl()))
        return made, at, names

    def records(self, asked):
        if self.random.random() < 0.08:
            made, end = self.renamed_zone(asked)
        else:
            made, end, names = self.aliases(asked)
            if self.random.random() < 0.1:
                made += self.addresses(self.random.choice(names), asked, 2)
        made += self.addresses(end, asked)
        if self.random.random() < 0.15:
            made += self.addresses("foreign.example.org", asked, 2)
        if self.random.random() < 0.1:
            made.append(record(self.owner(end, asked), "TXT", 300, b"\x03abc"))
        if self.random.random() < 0.05:
            made.append(record(self.owner(end, asked), self.random.choice([46, 48, 250, 999, 65280]), 300,
                               bytes(self.random.randrange(20, 40))))
        if self.random.random() < 0.04:
            made.append(record(self.owner(end, asked), "A", 300, bytes([198, 51, 100, 9]), klass=3))
        if self.random.random() < 0.5:
            self.random.shuffle(made)
        return made

    def renamed_zone(self, asked):
        host, _, zone = asked.partition(".")
        end = f"{host}.edge.example.net"
        made = [dname(zone, "edge.example.net", self.ttl())]
        if self.random.random() < 0.5:
            made.append(cname(self.owner(asked, asked), end, self.ttl()))
        return made, end

    # --- messages --------------------------------------------------------------------------------

    def exchange(self):
        """A question's and an answer's bytes, what the clock does between them, and how they travel."""
        self.number += 1
        asked = self.name(f"n{self.number}.{APEX}" if self.random.random() < 0.9 else "www.example.org")
        kind = self.random.choice(["A", "A", "AAAA", "HTTPS", "SVCB"])
        ident = self.random.randrange(1 << 16)
        told = {"ident": ident}
        name = asked
        chance = self.random.random()
        if chance < 0.04:
            told["flags"] = self.random.choice([0x8182, 0x8183, 0x8185, 0x8380, 0x8980, 0x0100, 0x8580, 0x8187])
        elif chance < 0.06:
            told["ident"] = ident ^ 1
        elif chance < 0.08:
            name = f"other{self.number}.{APEX}"
        elif chance < 0.09:
            told["klass"] = 3
        elif chance < 0.10:
            told["questions"] = []
        records = self.records(asked)
        if self.random.random() < 0.03:
            told["count"] = len(records) + self.random.choice([-1, 1, 5]) if records else 1
        if self.random.random() < 0.1:
            told["additional"] = [record(".", 41, 0, b"", klass=1232)]
        told = {key: value for key, value in told.items() if key != "count" or value >= 0}
        reply = answer(records, name, kind, **told)
        if self.random.random() < 0.05:
            reply += bytes(self.random.randrange(1, 20))
        elif self.random.random() < 0.03:
            reply = reply[:self.random.randrange(12, len(reply) + 1)]
        wait = self.random.choice([0.0, 0.01, 1, 9.9, 10.5]) if self.random.random() < 0.15 else 0.01
        return query(asked, kind, ident), reply, wait

    def send_udp(self, scene, link, six):
        client, resolver = (CLIENT6, RESOLVER6) if six else (CLIENT, RESOLVER)
        port = self.random.randrange(1024, 65536)
        ask, reply, wait = self.exchange()
        if self.random.random() < 0.97:
            scene.packet(packet(client, resolver, port, 53, ask), link)
        scene.wait(wait)
        data = packet(resolver, client, 53, port, reply)
        if self.random.random() < 0.15 and len(data) > 80:
            self.send_pieces(scene, link, data, six)
        else:
            scene.packet(data, link)
            if self.random.random() < 0.05:
                scene.packet(data, link)

    def send_pieces(self, scene, link, data, six):
        transport = data[40 if six else 20:]
        cuts = {8 * self.random.randrange(1, len(transport) // 8) for _ in range(self.random.randrange(1, 4))}
        places, ident = [0, *sorted(cuts), len(transport)], self.random.randrange(1, 1 << 16)
        parts = [piece(transport, start, end, ident, six) for start, end in zip(places, places[1:])]
        if self.random.random() < 0.5:
            self.random.shuffle(parts)
        if self.random.random() < 0.1:
            parts.append(self.random.choice(parts))
        for part in parts:
            scene.packet(part, link)

    def send_tcp(self, scene, link, six):
        client, resolver = (CLIENT6, RESOLVER6) if six else (CLIENT, RESOLVER)
        connection = Connection(scene, self.random.randrange(1024, 65536), client, resolver)
        usual, scene.link = scene.link, link
        connection.open()
        told = b""
        for _ in range(self.random.randrange(1, 4)):
            ask, reply, wait = self.exchange()
            connection.send(True, framed(ask))
            scene.wait(min(wait, 1))
            told += framed(reply)
        places = sorted({0, len(told), *(self.random.randrange(len(told)) for _ in range(self.random.randrange(4)))})
        parts = list(zip(places, places[1:]))
        if self.random.random() < 0.3:
            self.random.shuffle(parts)
        for start, end in parts:
            connection.segment(False, told[start:end], ahead=start)
        connection.next[False] = connection.next[False] + len(told) & 0xFFFFFFFF
        connection.close()
        scene.link = usual

    # --- frames ----------------------------------------------------------------------------------

    def wrapping(self):
        """The file's link layer, and what each exchange is wrapped in."""
        chance = self.random.random()
        if chance < 0.3:
            return 1, [lambda data: ethernet(data, self.tags)]
        if chance < 0.4:
            return self.random.choice([(LINK_SLL, [sll]), (LINK_SLL2, [sll2]), (LINK_RAW, [raw]), (LINK_NULL, [null])])
        if chance < 0.55:
            return 1, [wrapped.gre, lambda data: wrapped.gre(data, flags=0x2000, options=b"\1\2\3\4"),
                       lambda data: ethernet(wrapped.vxlan(data)),
                       lambda data: ethernet(wrapped.outer(data, 41 if data[0] >> 4 == 6 else 4))]
        return 1, [ethernet]

    def capture(self):
        self.tags = [("q", self.random.randrange(1, 4095)) for _ in range(self.random.randrange(3))]
        link_type, links = self.wrapping()
        scene = Scene(link_type=link_type)
        streams = 0
        for _ in range(self.random.randrange(1, 5)):
            link, six, stream = self.random.choice(links), self.random.random() < 0.4, self.random.random() < 0.2
            (self.send_tcp if stream else self.send_udp)(scene, link, six)
            scene.wait(0.2)
            streams += stream
        # wildset reads on where a later segment begins a message; the second reader does not.
        if not streams and self.random.random() < 0.2:
            self.damage(scene)
        return pcap(scene)

    def damage(self, scene):
        """A bit of a frame turns: what a checksum is for."""
        place = self.random.randrange(len(scene.frames))
        now, frame, length = scene.frames[place]
        at = self.random.randrange(len(frame))
        changed = frame[:at] + bytes([frame[at] ^ (1 << self.random.randrange(8))]) + frame[at + 1:]
        scene.frames[place] = (now, changed, length)


def capture_of(seed):
    return Generator(seed).capture()


if __name__ == "__main__":
    sys.stdout.buffer.write(capture_of(int(sys.argv[1])))
