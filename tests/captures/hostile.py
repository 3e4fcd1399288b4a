#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages and packets that lie, each followed by a good exchange that must still be learned."""

import struct

from scapy.layers.inet import IP
from scapy.packet import Raw

from scene import (APEX, CLIENT, NAME, POINTER, RESOLVER, Scene, a, answer, capture, cname,
                   ethernet, main, packet, query, question, record)

GOOD = "198.51.100.7"
BAD = "198.51.100.66"


def then_good(scene):
    return scene.wait(1).exchange([a(POINTER, GOOD)], ident=0x7777)


def hostile(*messages):
    """Each message answers a question of its own."""
    scene = Scene()
    for ident, message in enumerate(messages):
        scene.ask(query(ident=ident))
        scene.reply(struct.pack("!H", ident) + message[2:])
    return then_good(scene)


@capture("cut-message.pcap")
def cut_message():
    """Cut in the record's data, its header, its owner, the question, the header."""
    whole = answer([a(POINTER, BAD)])
    return hostile(whole[:-1], whole[:-4], whole[:-9], whole[:-15], whole[:20], whole[:11],
                   whole[:2])


@capture("lying-lengths.pcap")
def lying_lengths():
    """RDLENGTH too long, too short, of 0; a label past the end."""
    data = bytes([198, 51, 100, 66])
    return hostile(answer([record(POINTER, "A", 300, data, length=5)]),
                   answer([record(POINTER, "A", 300, data, length=3)]),
                   answer([record(POINTER, "A", 300, b"")]),
                   answer([record(POINTER, "AAAA", 300, data)]),
                   answer([a(b"\x3fshort", BAD)]),
                   answer([record(POINTER, "CNAME", 300, b"\x05ab")]))


@capture("lying-counts.pcap")
def lying_counts():
    """More records than there are, two questions, none."""
    two = [question(NAME), question(APEX)]
    return hostile(answer([a(POINTER, BAD)], count=2),
                   answer([a(POINTER, BAD)], count=65535),
                   answer([a(NAME, BAD)], questions=two),
                   answer([a(NAME, BAD)], questions=[]))


@capture("loose-ends.pcap")
def loose_ends():
    """What hosts take, since the answer section is whole: padding, a record behind the last one
    counted, counts of records that are not there, an OPT record that is cut."""
    scene = Scene()
    opt = record("", 41, 0, b"", klass=1232)

    def loose(host, behind=b"", records=(), **counts):
        records = [a(POINTER, "198.51.100.%d" % host), *records]
        message = bytearray(answer(records, ident=host, count=1))
        struct.pack_into("!HH", message, 8, counts.get("authority", 0), counts.get("additional", 0))
        scene.ask(query(ident=host)).reply(bytes(message) + behind)
    loose(1, bytes(64))
    loose(2, b"\xff")
    loose(3, records=[a(POINTER, BAD)])
    loose(4, additional=1)
    loose(5, authority=1)
    loose(6, opt[:-3], additional=1)
    loose(7, b"\xc0\xff\xff" + opt, additional=2)
    return scene


@capture("pointers.pcap")
def pointers():
    """Compression that points to itself, forward, in a circle, past the end; reserved label types."""
    end = len(answer([]))
    return hostile(answer([a(struct.pack("!H", 0xC000 | end), BAD)]),
                   answer([a(struct.pack("!H", 0xC000 | (end + 2)), BAD)]),
                   answer([a(b"\x01a" + struct.pack("!H", 0xC000 | end), BAD)]),
                   answer([a(b"\xff\xff", BAD)]),
                   answer([a(b"\x41bit\0", BAD)]),
                   answer([a(b"\x81x\0", BAD)]))


@capture("question-pointer.pcap")
def question_pointer():
    """A question whose name is a pointer: there is nothing in front of it to point to."""
    pointed = POINTER + struct.pack("!HH", 1, 1)
    return hostile(answer([a(NAME, BAD)], questions=[pointed]))


@capture("loops.pcap")
def loops():
    """Aliases in a circle, at once and after a step, also beside an address."""
    return hostile(answer([cname(POINTER, NAME)]),
                   answer([cname(POINTER, "x.example"), cname("x.example", NAME)]),
                   answer([cname(POINTER, "x.example"), cname("x.example", "y.example"),
                           cname("y.example", "x.example"), a("x.example", BAD)]),
                   answer([cname(POINTER, "x.example"), cname("x.example", NAME),
                           a(POINTER, BAD)]))


@capture("long-chain.pcap")
def long_chain():
    """Sixteen steps are allowed, seventeen are not."""
    def chain(steps, address):
        names = [NAME] + ["n%d.example" % step for step in range(steps)]
        return answer([cname(*pair) for pair in zip(names, names[1:])] + [a(names[-1], address)])
    return hostile(chain(16, "198.51.100.16"), chain(17, "198.51.100.17"))


@capture("many-aliases.pcap")
def many_aliases():
    """More aliases than any chain has, beside it; DNAME records that make 64 KiB of work."""
    beside = [cname("n%d.example" % number, "x.example") for number in range(65)]
    dnames = [record(b"\xc0\x10", "DNAME", 300, b"\xc0\x10") for _ in range(65)]
    return hostile(answer([a(POINTER, BAD)] + beside), answer([a(POINTER, BAD)] + dnames))


@capture("long-names.pcap")
def long_names():
    """Names of 255 bytes are names, of 256 bytes are not; so are labels of 63 and 64 bytes."""
    tail = b"\x08dormammu\x08lookback\x02io\0"
    room = 255 - len(tail)
    longest = b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + b"\x3f" + b"c" * 63
    longest += bytes([room - len(longest) - 1]) + b"d" * (room - len(longest) - 1)
    scene = Scene()
    scene.exchange([a(POINTER, GOOD)], longest + tail, ident=1)
    scene.exchange([a(POINTER, BAD)], b"\x01x" + longest + tail, ident=2)
    scene.exchange([a(POINTER, BAD)], b"\x40" + b"a" * 64 + tail, ident=3)
    return then_good(scene)


@capture("odd-names.pcap")
def odd_names():
    """Bytes that must not reach a terminal as they are."""
    return (Scene()
            .exchange([a(POINTER, GOOD)], b"\x08\x1b[31mred\x08dormammu\x08lookback\x02io\0")
            .exchange([a(POINTER, GOOD)], b"\x06a.b\"\\\n\x08dormammu\x08lookback\x02io\0", ident=2)
            .exchange([a(POINTER, GOOD)], b"\x03\x00\xff \x08dormammu\x08lookback\x02io\0", ident=3))


@capture("classes.pcap")
def classes():
    """Class CHAOS, opcode STATUS, and class ANY in a record."""
    return (Scene()
            .ask(query(ident=1, klass=3)).reply(answer([a(POINTER, BAD)], ident=1, klass=3))
            .ask(query(ident=2)).reply(answer([a(POINTER, BAD)], ident=2, flags=0x9180))
            .ask(query(ident=3)).reply(answer([record(POINTER, "A", 300, bytes([198, 51, 100, 66]),
                                                      klass=255)], ident=3))
            .wait(1).exchange([a(POINTER, GOOD)], ident=0x7777))


@capture("bad-checksum.pcap")
def bad_checksum():
    """UDP's wrong, IPv4's wrong: dropped by every host.  None at all over IPv4 is allowed."""
    def damaged(offset):
        data = bytearray(packet(RESOLVER, CLIENT, 53, 40000, answer([a(POINTER, BAD)])))
        data[offset] ^= 0x55
        return bytes(data)
    unsummed = bytearray(packet(RESOLVER, CLIENT, 53, 40000, answer([a(POINTER, GOOD)])))
    unsummed[26:28] = b"\0\0"
    return Scene().ask().packet(damaged(26)).packet(damaged(10)).packet(bytes(unsummed))


@capture("lying-headers.pcap")
def lying_headers():
    """IP and UDP lengths that disagree with what is there; versions and header lengths of nonsense."""
    good = packet(RESOLVER, CLIENT, 53, 40000, answer([a(POINTER, BAD)]))

    def changed(offset, value):
        data = bytearray(good)
        data[offset:offset + len(value)] = value
        return bytes(data)
    scene = Scene().ask()
    scene.packet(changed(2, b"\xff\xff"))          # IP longer than the frame
    scene.packet(changed(2, b"\x00\x14"))          # IP: its header only
    scene.packet(changed(24, b"\xff\xff"))         # UDP longer than the packet
    scene.packet(changed(24, b"\x00\x07"))         # UDP shorter than its header
    scene.packet(changed(0, b"\x44"))              # header of four words
    scene.packet(changed(0, b"\x4f"))              # header of fifteen words
    scene.packet(changed(0, b"\x55"))              # version 5
    scene.frame(ethernet(good)[:13]).frame(b"").frame(ethernet(good)[:30])
    return then_good(scene)


@capture("trimmed.pcap")
def trimmed():
    """IP's length leaves more than UDP's says: a socket trims the rest, also where the answer's last
    bytes stand in it."""
    def longer(payload, more):
        udp = packet(RESOLVER, CLIENT, 53, 40000, payload)[20:]
        return bytes(IP(src=RESOLVER, dst=CLIENT, proto=17) / Raw(udp + more))
    whole = answer([a(POINTER, "198.51.100.1")], ident=1)
    cut = answer([a(POINTER, BAD)], ident=2)
    return (Scene().ask(query(ident=1)).packet(longer(whole, bytes(12)))
            .ask(query(ident=2)).packet(longer(cut[:-2], cut[-2:]))
            .wait(1).exchange([a(POINTER, GOOD)], ident=0x7777))


@capture("authenticated.pcap")
def authenticated():
    """An authentication header between IPv4 and UDP, in front of the question and the answer."""
    def behind_ah(data):
        header = bytes([17, 4, 0, 0]) + struct.pack("!2I", 1, 1) + bytes(range(12))
        return bytes(IP(src=IP(data).src, dst=IP(data).dst, proto=51) / Raw(header + data[20:]))
    return (Scene().packet(behind_ah(packet(CLIENT, RESOLVER, 40000, 53, query())))
            .packet(behind_ah(packet(RESOLVER, CLIENT, 53, 40000, answer([a(POINTER, GOOD)])))))


@capture("cut-by-snaplen.pcap")
def cut_by_snaplen():
    """Whole on the wire, cut in the capture: not learned, and not called malformed."""
    frame = ethernet(packet(RESOLVER, CLIENT, 53, 40000, answer([a(POINTER, BAD)])))
    return then_good(Scene().ask().frame(frame[:68], len(frame)))


if __name__ == "__main__":
    main()
