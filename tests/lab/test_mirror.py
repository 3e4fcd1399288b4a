# SPDX-License-Identifier: GPL-2.0-or-later
"""What a wire carries and a socket does not show: TCP, fragments, wrappings, one direction, duplicates.

The kernel makes the first ones; the rest are frames sent as bytes.
"""
import contextlib
import json
import socket
import struct
import time

import pytest
from scapy.all import DNS, DNSQR, DNSRR, IP, TCP, UDP, Ether, raw
from scapy.contrib.mpls import MPLS
from scapy.layers.l2 import Dot1AD, Dot1Q
from scapy.layers.ppp import PPP, PPPoE

import appliance
import lab
import names
from clients import dig
from lab import wait_for


def counter(world, name):
    return world.wildset.status()["sources"][0]["counters"][name]


def big(owner):
    return {names.big_address(owner, number) for number in range(1, 229)}


def is_learned_whole(world, owner):
    held = world.wildset.elements()
    return all(address in held for address in big(owner))


@contextlib.contextmanager
def packet_socket(host, interface):
    with host.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0))
        yield sock


@contextlib.contextmanager
def wire(world):
    """Sends frames past both stacks: on the mirror port itself; or on the client's wire, where what the
    client says comes in to the firewall, and what it is told goes out."""
    if world.mode == "mirror":
        with packet_socket(world.network.switch, "monitor") as sock:
            yield lambda frame: sock.send(bytes(frame))
        return
    with packet_socket(world.client, "lan") as client, packet_socket(world.network.firewall, "lan") as firewall:
        def send(frame):
            told = not isinstance(frame, bytes) and frame[IP].dst == lab.CLIENT4
            return (firewall if told else client).send(bytes(frame))
        yield send


ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")


def question(name, port, identity=7):
    return (IP(src=lab.CLIENT4, dst=lab.SILENT4) / UDP(sport=port, dport=53) /
            DNS(id=identity, rd=1, qd=DNSQR(qname=name)))


def answer(name, address, port, identity=7):
    return (IP(src=lab.SILENT4, dst=lab.CLIENT4) / UDP(sport=53, dport=port) /
            DNS(id=identity, qr=1, rd=1, ra=1, qd=DNSQR(qname=name),
                an=DNSRR(rrname=name, type="A", ttl=300, rdata=address)))


# ---- by the kernel ------------------------------------------------------------------------------

def test_an_answer_over_tcp_is_learned(world):
    before = counter(world, "tcp-segments")
    assert set(dig(world.client, "tcp.dormammu.lookback.io", "A", "+tcp")) == big("tcp")
    wait_for("all addresses", lambda: is_learned_whole(world, "tcp"))
    wait_for("segments are counted", lambda: counter(world, "tcp-segments") > before)
    assert counter(world, "tcp-conflicts") == 0


def test_over_tcp_because_udp_was_too_small(world):
    """The resolver cuts its answer, so dig asks again over TCP, as any client does."""
    assert set(dig(world.client, "cut.dormammu.lookback.io", "A", "+bufsize=512")) == big("cut")
    wait_for("all addresses", lambda: is_learned_whole(world, "cut"))


@pytest.mark.parametrize("server", [lab.RESOLVER4, lab.RESOLVER6])
def test_an_answer_in_fragments_is_learned_whole(world, server):
    """A small MTU on the way: three pieces and more, over IPv4 and IPv6."""
    before = counter(world, "reassembled")
    world.resolver.ip("link", "set", "lan", "mtu", "1280")
    try:
        found = dig(world.client, "pieces.dormammu.lookback.io", "A", "+bufsize=4096", "+ignore", f"@{server}")
    finally:
        world.resolver.ip("link", "set", "lan", "mtu", "1500")
    assert set(found) == big("pieces")
    wait_for("it was put together", lambda: counter(world, "reassembled") > before)
    wait_for("all addresses", lambda: is_learned_whole(world, "pieces"))


def test_merged_segments_are_read_counted_and_explained(world):
    """veth hands the sender's segments on as one frame, as GRO makes it of several."""
    assert set(dig(world.client, "merged.dormammu.lookback.io", "A", "+tcp")) == big("merged")
    wait_for("all addresses", lambda: is_learned_whole(world, "merged"))
    interface = world.network.interface
    wait_for("they are counted", lambda: any(
        entry["interface"] == interface and entry["merged"] > 0
        for entry in world.wildset.status()["sources"][0]["interfaces"]))
    assert f"ethtool -K {interface} gro off" in world.wildset.ask("status")


# ---- frames as bytes ----------------------------------------------------------------------------

WRAPPINGS = {
    "in-8021q": lambda packet: ETHER / Dot1Q(vlan=42) / packet,
    "in-8021ad": lambda packet: ETHER / Dot1AD(vlan=7) / Dot1Q(vlan=42) / packet,
    "in-mpls": lambda packet: ETHER / MPLS(label=100, s=0, ttl=64) / MPLS(label=200, s=1, ttl=64) / packet,
    "in-pppoe": lambda packet: ETHER / PPPoE(sessionid=5) / PPP(proto=0x21) / packet,
}


@pytest.mark.parametrize("kind", WRAPPINGS)
def test_a_wrapped_answer_is_learned_and_its_wrapping_counted(world, kind):
    number = 100 + list(WRAPPINGS).index(kind)
    name, address = f"{kind}.dormammu.lookback.io", f"198.51.120.{number}"
    before = counter(world, kind)
    with wire(world) as send:
        send(WRAPPINGS[kind](question(name, 41000 + number)))
        send(WRAPPINGS[kind](answer(name, address, 41000 + number)))
    wait_for(address, lambda: world.wildset.holds(address))
    wait_for("both are counted", lambda: counter(world, kind) >= before + 2)
    assert f"{kind} " in world.wildset.ask("status")


def test_duplicates_cost_a_counter_and_no_alarm(world):
    """Each frame twice, as a port does it that mirrors both directions: no refusal, to nobody."""
    name, address = "twice.dormammu.lookback.io", "198.51.120.9"
    alarms, sights, duplicates = (counter(world, "alarms"), counter(world, "repeated-sights"),
                                  world.wildset.refused("duplicate"))
    with watching(world) as watch, wire(world) as send:
        wait_for("watch shows something", lambda: send(ETHER / answer("unasked.dormammu.lookback.io",
                 "203.0.113.73", 41098)) and watch(), every=0.2)
        for packet in (question(name, 41009), answer(name, address, 41009)):
            send(ETHER / packet)
            send(ETHER / packet)
        wait_for(address, lambda: world.wildset.holds(address))
        wait_for("the question's", lambda: counter(world, "repeated-sights") > sights)
        wait_for("the answer's", lambda: world.wildset.refused("duplicate") > duplicates)
        assert "duplicate" not in [event.get("reason") for event in watch()]
    assert counter(world, "alarms") == alarms
    assert "duplicate" not in world.wildset.ask("explain", "--json", name)


def test_a_forged_tcp_copy_is_an_alarm_in_log_and_watch(world):
    """The same bytes of a stream once more, with another address in them."""
    name = "copy.dormammu.lookback.io"
    client, server = IP(src=lab.CLIENT4, dst=lab.SILENT4), IP(src=lab.SILENT4, dst=lab.CLIENT4)

    def framed(packet):
        message = raw(packet[DNS])
        return struct.pack("!H", len(message)) + message

    def to_client(flags, seq, data=b""):
        return ETHER / server / TCP(sport=53, dport=41010, flags=flags, seq=seq, ack=101) / data

    def to_server(flags, seq, data=b""):
        return ETHER / client / TCP(sport=41010, dport=53, flags=flags, seq=seq, ack=501) / data

    with watching(world) as watch, wire(world) as send:
        # Whatever it shows, it is connected then.
        wait_for("watch shows something", lambda: send(ETHER / answer("unasked.dormammu.lookback.io",
                 "203.0.113.73", 41099)) and watch(), every=0.2)
        send(to_server("S", 100))
        send(to_client("SA", 500))
        send(to_server("PA", 101, framed(question(name, 41010))))
        send(to_client("PA", 501, framed(answer(name, "198.51.120.10", 41010))))
        send(to_client("PA", 501, framed(answer(name, "203.0.113.71", 41010))))
        wait_for("the true one", lambda: world.wildset.holds("198.51.120.10"))
        wait_for("the alarm in the log", lambda: "TCP retransmission with different data" in world.wildset.log())
        wait_for("the alarm in watch", lambda: any(event.get("reason") == "other-bytes" for event in watch()))
    assert not world.wildset.holds("203.0.113.71")
    wait_for("it is counted", lambda: counter(world, "tcp-conflicts") > 0)


@contextlib.contextmanager
def watching(world):
    path = world.network.folder / "watch.log"
    path.unlink(missing_ok=True)  # what an earlier one showed says nothing of this one
    program = world.network.firewall.start(appliance.WILDSET, "watch", "--json", log=path.name)
    try:
        yield lambda: [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()
                       if line.startswith("{")]
    finally:
        lab.stop(program)


# ---- connections that hide their names ----------------------------------------------------------

def syn(destination, port, number=0):
    return (ETHER / IP(src=lab.CLIENT4, dst=destination) /
            TCP(sport=1024 + number % 60000, dport=port, flags="S", seq=number))


def test_encrypted_dns_is_counted(world):
    tls, https = counter(world, "encrypted-dns"), counter(world, "encrypted-dns-https")
    quic = (ETHER / IP(src=lab.CLIENT4, dst=lab.SILENT4) / UDP(sport=4000, dport=853) /
            (b"\xc3\0\0\0\1" + bytes(40)))
    with wire(world) as send:
        send(syn(lab.SILENT4, 853))
        send(quic)
        send(syn("1.1.1.1", 443))
        send(syn(lab.SILENT4, 443))
    wait_for("port 853", lambda: counter(world, "encrypted-dns") == tls + 2)
    wait_for("port 443 of a public resolver", lambda: counter(world, "encrypted-dns-https") == https + 1)
    assert "DNS over TLS or QUIC" in world.wildset.ask("status")


def test_a_flood_of_them_costs_no_answer(world):
    """They are counted, and come near no ring: what is to be learned is learned meanwhile."""
    flood = 20000
    before, address = counter(world, "encrypted-dns"), "198.51.120.11"
    frames = [bytes(syn(lab.SILENT4, 853, number)) for number in range(64)]
    with wire(world) as send:
        for number in range(flood):
            send(frames[number % 64])
            if number == flood // 2:
                send(ETHER / question("flood.dormammu.lookback.io", 41011))
                send(ETHER / answer("flood.dormammu.lookback.io", address, 41011))
    wait_for(address, lambda: world.wildset.holds(address))
    wait_for("they are counted", lambda: counter(world, "encrypted-dns") >= before + flood * 9 // 10)
    assert all(entry["dropped"] == 0 for entry in world.wildset.status()["sources"][0]["interfaces"])


# ---- one direction ------------------------------------------------------------------------------

def test_one_direction_only_is_said_with_the_setting(world):
    """Comes last: a new sniffer that sees only the answers."""
    world.wildset.stop()
    world.wildset.start()
    before = len(world.wildset.log())
    with wire(world) as send:
        for number in range(8):
            send(ETHER / answer("oneway.dormammu.lookback.io", "203.0.113.72", 42000 + number))
            time.sleep(0.9)

    def said():
        text = world.wildset.ask("status")
        return "only one direction is captured" in text and "require-query = false" in text
    wait_for("status says it", said)
    wait_for("the log says it", lambda: "require-query = false" in world.wildset.log()[before:])
    assert not world.wildset.holds("203.0.113.72")
