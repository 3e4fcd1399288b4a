#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Well-formed answers: what they teach and what they do not."""

import struct

from scene import (APEX, NAME, POINTER, Scene, a, aaaa, answer, capture, cname, dname, https, main,
                   query, record, wire)


@capture("plain-a.pcap")
def plain_a():
    """The wildcard's name, the apex, and the first one again: an extension."""
    return (Scene().exchange([a(POINTER)])
            .exchange([a(POINTER, "198.51.100.8")], APEX, ident=2)
            .wait(120).exchange([a(POINTER)], ident=3))


@capture("aaaa.pcap")
def plain_aaaa():
    return (Scene().exchange([aaaa(POINTER, "2001:db8:5::7"), aaaa(POINTER, "2001:db8:5::8")],
                             kind="AAAA"))


@capture("cname.pcap")
def cname_out_of_the_zone():
    """Two steps away; the least TTL of the chain counts."""
    return Scene().exchange([cname(POINTER, "lb.example.net", 300),
                             cname("lb.example.net", "host-7.example.com", 90),
                             a("host-7.example.com", ttl=3600)])


@capture("cname-order.pcap")
def cname_in_odd_order():
    return Scene().exchange([a("host-7.example.com", ttl=3600),
                             cname("lb.example.net", "host-7.example.com", 90),
                             cname(POINTER, "lb.example.net", 300)])


@capture("dname.pcap")
def dname_of_the_zone():
    """RFC 6672: the resolver sends the CNAME that the DNAME stands for along with it."""
    return (Scene()
            .exchange([dname(APEX, "edge.example.net", 600),
                       cname(POINTER, "eu1.edge.example.net", 600),
                       a("eu1.edge.example.net")])
            .exchange([dname(APEX, "edge.example.net", 600),
                       a("eu2.edge.example.net", "198.51.100.8")],
                      "eu2." + APEX, ident=2))


@capture("https.pcap")
def https_hints():
    """Hints of the service mode; of the alias mode (priority 0) there are none to take."""
    return (Scene()
            .exchange([https(POINTER, 1, ".", ["198.51.100.7"], ["2001:db8:5::7"])], kind="HTTPS")
            .exchange([https(POINTER, 0, "edge.example.net", ["198.51.100.66"])], kind="HTTPS",
                      ident=2)
            .exchange([https("_x." + APEX, 1, ".", ["198.51.100.9"], kind="SVCB")],
                      "_x." + APEX, "SVCB", ident=3))


@capture("case.pcap")
def case_0x20():
    """A server that was seen to keep the case: the second answer, in another one, has no question."""
    mixed = "eU1.DoRmAmMu.LoOkBaCk.Io"
    return (Scene().exchange([a(POINTER)], mixed)
            .ask(query(mixed, ident=2))
            .reply(answer([a(POINTER, "198.51.100.8")], NAME, ident=2)))


@capture("case-lowered.pcap")
def case_lowered():
    """A server that writes questions in lower case, as every client takes it; then one that keeps
    the case, whose name an answer in lower case is not believed to have."""
    mixed = "eU1.DoRmAmMu.LoOkBaCk.Io"
    scene = Scene()
    for ident in (1, 2):
        scene.ask(query(mixed, ident=ident))
        scene.reply(answer([a(POINTER, "198.51.100.%d" % ident)], NAME, ident=ident))
    scene.exchange([a(POINTER, "198.51.100.3")], mixed, ident=3)
    return (scene.ask(query(mixed, ident=4))
            .reply(answer([a(POINTER, "198.51.100.66")], NAME, ident=4))
            .reply(answer([a(POINTER, "198.51.100.4")], mixed, ident=4)))


@capture("foreign.pcap")
def foreign_names():
    scene = Scene()
    for ident, name in enumerate(("www.example.org", "lookback.io", "io", ".")):
        scene.exchange([a(POINTER)], name, ident=ident)
    return scene


@capture("near-misses.pcap")
def near_misses():
    """Names that look like ours and are not, and one that is, at the end."""
    scene = Scene()
    names = ("notdormammu.lookback.io",
             "dormammu.lookback.io.evil.example",
             "dormammu.lookback.iot",
             # Labels with dots inside are one label each.
             b"\x14dormammu.lookback.io\0",
             b"\x11dormammu.lookback\x02io\0",
             b"\x0ceu1.dormammu\x08lookback\x02io\0",
             "dormammu.lookback.example.io")
    for ident, name in enumerate(names):
        scene.exchange([a(POINTER)], name, ident=ident)
    return scene.exchange([a(POINTER)], "a.b.c." + APEX, ident=99)


@capture("branches.pcap")
def branches():
    """Two aliases at one name, an address beside an alias, and an alias to itself as VMware's NAT
    writes it: clients differ in what they use of it, and each uses some."""
    return (Scene()
            .exchange([cname(POINTER, "one.example.net"), cname(POINTER, "two.example.net"),
                       a("one.example.net", "198.51.100.1"), a("two.example.net", "198.51.100.2")])
            .exchange([cname(POINTER, "three.example.net"), a(POINTER, "198.51.100.3"),
                       a("three.example.net", "198.51.100.4")], ident=2)
            .exchange([cname(POINTER, POINTER, 5), a(POINTER, "198.51.100.6")], ident=3))


@capture("targets.pcap")
def targets_of_services():
    """SRV, MX and NAPTR records name the hosts that are asked for next; what others own, and the
    root, which stands for no service, lead nowhere."""
    def srv(target, owner=POINTER):
        return record(owner, "SRV", 300, struct.pack("!3H", 10, 20, 19305) + wire(target))
    naptr = struct.pack("!2H", 10, 20) + b"\1a\0\0" + wire("naptr.example.net")
    return (Scene()
            .exchange([srv("srv.example.net"), srv("."), srv("foreign.example.net", "www.example")],
                      "_x._udp." + APEX, "SRV", 1)
            .exchange([a(POINTER, "198.51.100.1")], "srv.example.net", ident=2)
            .exchange([record(POINTER, "MX", 300, b"\0\x0a" + wire("mx.example.net"))], APEX, "MX", 3)
            .exchange([a(POINTER, "198.51.100.2")], "mx.example.net", ident=4)
            .exchange([record(POINTER, "NAPTR", 300, naptr)], APEX, "NAPTR", 5)
            .exchange([a(POINTER, "198.51.100.3")], "naptr.example.net", ident=6)
            .exchange([a(POINTER, "198.51.100.66")], "foreign.example.net", ident=7))


@capture("off-chain.pcap")
def owners_off_the_chain():
    """Records that nobody asked for ride along: only the chain's names teach."""
    return Scene().exchange([a("www.victim.example", "198.51.100.66"),
                             cname(POINTER, "lb.example.net"),
                             a("lb.example.net")],
                            additional=[a("lb.example.net", "198.51.100.68")])


@capture("special.pcap")
def special_addresses():
    """None of the first may be granted; documentation ranges, which stand for all others, may."""
    four = ["0.0.0.1", "127.0.0.1", "169.254.169.254", "192.0.0.8", "224.0.0.251", "255.255.255.255",
            "198.51.100.7"]
    six = ["::", "::1", "::ffff:198.51.100.7", "fe80::1", "fec0::1", "ff02::fb", "100::1",
           "64:ff9b::127.0.0.1", "64:ff9b::198.51.100.7", "2002:7f00:1::1", "2001:db8:5::7"]
    return (Scene().exchange([a(POINTER, address) for address in four])
            .exchange([aaaa(POINTER, address) for address in six], kind="AAAA", ident=2))


@capture("private.pcap")
def private_addresses():
    four = ["10.1.2.3", "172.16.0.1", "172.32.0.1", "192.168.1.1", "100.64.0.1", "203.0.113.5"]
    six = ["fc00::1", "fd12:3456::1", "64:ff9b::10.0.0.1", "2002:c0a8:101::1", "2001:db8:5::7"]
    return (Scene().exchange([a(POINTER, address) for address in four])
            .exchange([aaaa(POINTER, address) for address in six], kind="AAAA", ident=2))


@capture("embedded.pcap")
def embedded_addresses():
    """10.1.2.3 as tunnels and translators hold it, 198.51.100.7 likewise; and addresses for benchmarks."""
    six = ["::ffff:0:10.1.2.3", "2001:0:c633:6407::ffff:f5fe:fdfc", "2001:db8:5::200:5efe:10.1.2.3",
           "2001:db8:64::10.1.2.3", "fd00:64::10.1.2.3", "2001:db8:6:a01:2:300::",
           "::ffff:0:198.51.100.7", "2001:0:c633:6407::ffff:39cc:9bf8", "2001:db8:5::5efe:198.51.100.7",
           "2001:db8:64::198.51.100.7", "fd00:64::198.51.100.7", "2001:db8:6:c633:64:700::"]
    return (Scene().exchange([aaaa(POINTER, address) for address in six], kind="AAAA")
            .exchange([a(POINTER, "198.18.0.1"), a(POINTER, "198.51.100.7")], ident=2))


@capture("lifetimes.pcap")
def lifetimes():
    """TTL 0, one below ttl-min, one past ttl-max, and one with the top bit set, which is 0."""
    return Scene().exchange([a(POINTER, "198.51.100.1", 0), a(POINTER, "198.51.100.2", 5),
                             a(POINTER, "198.51.100.3", 10_000_000),
                             a(POINTER, "198.51.100.4", 0x80000001)])


@capture("expiry.pcap")
def expiry():
    """The lease has ended when the name is asked for again: granted anew, not extended."""
    return Scene().exchange([a(POINTER, ttl=60)]).wait(3600).exchange([a(POINTER, ttl=60)], ident=2)


@capture("capacity.pcap")
def capacity():
    """Five addresses for a place for three: those nearest to their end make room."""
    scene = Scene()
    for number in range(1, 6):
        scene.exchange([a(POINTER, "198.51.100.%d" % number, 1000 - number)], ident=number)
        scene.wait(1)
    return scene.exchange([a(POINTER, "198.51.100.1")], ident=6)


@capture("derived.pcap")
def derived_names():
    """The chain's end is asked in a question of its own; after the chain's TTL it is foreign."""
    return (Scene().exchange([cname(POINTER, "lb.example.net", 60)])
            .exchange([a(POINTER)], "lb.example.net", ident=2)
            .exchange([a(POINTER, "198.51.100.66")], "other.example.net", ident=3)
            .wait(120).exchange([a(POINTER, "198.51.100.67")], "lb.example.net", ident=4))


@capture("derived-https.pcap")
def derived_https():
    """An alias by HTTPS record, then the addresses of its target."""
    return (Scene().exchange([https(POINTER, 0, "edge.example.net")], kind="HTTPS")
            .exchange([aaaa(POINTER, "2001:db8:5::7")], "edge.example.net", "AAAA", ident=2))


@capture("chain-match.pcap")
def chain_match():
    """A vendor's own name that leads through ours: only match = "chain" learns it."""
    return Scene().exchange([cname(POINTER, NAME), cname(NAME, "lb.example.net"),
                             a("lb.example.net")], "live.customer.example")


@capture("chain-match-branches.pcap")
def chain_match_branches():
    """What does not lead through our name is not ours: an address in front of it, another branch."""
    return Scene().exchange([a(POINTER, "198.51.100.66"), cname(POINTER, NAME),
                             cname(POINTER, "other.example.net"), cname(NAME, "lb.example.net"),
                             a("lb.example.net"), a("other.example.net", "198.51.100.67"),
                             a(NAME, "198.51.100.8")], "live.customer.example")


@capture("several-whitelists.pcap")
def several_whitelists():
    """One name that two whitelists want, and one that only one wants."""
    return (Scene().exchange([a(POINTER)])
            .exchange([a(POINTER, "198.51.100.8")], "www.example.org", ident=2))


@capture("long-answer.pcap")
def long_answer():
    """Forty addresses: more than one message to the daemon, still one answer."""
    return Scene().exchange([a(POINTER, "198.51.100.%d" % number) for number in range(1, 41)])


if __name__ == "__main__":
    main()
