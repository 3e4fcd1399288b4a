# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is outside grants nothing: what the stack would refuse does not teach.

    client --- lan|box|wan --- outside        and a mirror port, where a test wants one

The stranger on `outside` puts a forged question and a forged answer onto the wire, both towards the
box.  The configuration is what an administrator starts with: the interface, and at most a resolver.
"""
import itertools
import pathlib
import shutil
import socket
import tempfile
import time

import pytest
from scapy.all import DNS, DNSQR, DNSRR, IP, TCP, UDP, Ether, IPv6, Raw, fragment, raw
from scapy.layers.inet6 import IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import Dot1Q
from scapy.layers.vxlan import VXLAN

import appliance
import lab
from lab import wait_for

ZONE = "dormammu.lookback.io"
CLIENT, INSIDE = {4: "192.0.2.10", 6: "2001:db8:a::10"}, {4: "192.0.2.53", 6: "2001:db8:a::53"}
BOX = {4: "192.0.2.1", 6: "2001:db8:a::1"}
WAN = {4: "198.51.100.1", 6: "2001:db8:f::1"}
PUBLIC = {4: "8.8.8.8", 6: "2001:4860:4860::8888"}
ELSEWHERE = "10.1.1.1"  # a client behind no interface that the box knows of
FORGED = {4: "203.0.113.66", 6: "2001:db8:100::66"}
CONFIGURATION = """
capture {{
    interfaces = {{ {interfaces} }}
    {capture}
}}
whitelist lookback {{
    names = {{ "dormammu.lookback.io", "*.dormammu.lookback.io" }}
    resolve = false
}}
log = "debug"
"""


class Wildset(appliance.Wildset):
    """With the shipped defaults of everything that a test does not name."""

    def configure(self, **settings):
        self.settings |= {"set4": "inet wildset lookback4", "set6": "inet wildset lookback6"} | settings
        self.file.write_text(CONFIGURATION.format(
            interfaces=appliance.quoted(self.settings["interfaces"]), capture=self.settings["capture"]))


class Place:
    """Wires without stacks behind them: a test speaks for everybody but the box."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wildset-outside-"))
        self.numbers = itertools.count(1)
        self.box = lab.Host("box", self.folder)
        self.peer = lab.Host("peer", self.folder)
        self.sockets = {}
        self.cable("lan", f"{BOX[4]}/24", f"{BOX[6]}/64")
        self.cable("wan", f"{WAN[4]}/24", f"{WAN[6]}/64")
        self.box.gateway("198.51.100.254", "2001:db8:f::fe")
        self.wildset = None

    def cable(self, name, *addresses):
        self.peer.ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", "box")
        self.peer.ip("link", "set", name, "up")
        self.box.address(name, *addresses)

    def start(self, interfaces, capture=""):
        self.wildset = Wildset(self.box, interfaces=interfaces, capture=capture)
        self.wildset.start()
        self.wait_until_read(interfaces)
        return self.wildset

    def wait_until_read(self, interfaces):
        def read():
            found = {entry["interface"]: entry["state"] for source in self.wildset.status()["sources"]
                     for entry in source["interfaces"]}
            return all(found.get(name) == "up" for name in interfaces)
        wait_for("the interfaces are read", read)

    def socket(self, host, interface):
        key = host.name, interface
        if key not in self.sockets:
            with host.entered():
                self.sockets[key] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
                self.sockets[key].bind((interface, 0))
        return self.sockets[key]

    def comes_in(self, interface, *frames):
        for frame in frames:
            self.socket(self.peer, interface).send(raw(frame))

    def goes_out(self, interface, *frames):
        for frame in frames:
            self.socket(self.box, interface).send(raw(frame))

    def name(self):
        return f"n{next(self.numbers)}.{ZONE}"

    def learns(self, exchange, address):
        """`exchange(name)` sends a question and its answer; until it is learned, for the sniffer may
        just be giving way to another."""
        for _ in range(12):
            exchange(self.name())
            try:
                wait_for(address, lambda: self.wildset.holds(address), timeout=0.5)
                return
            except AssertionError:
                pass
        raise AssertionError(f"{address} is not learned\n{self.wildset.log()[-3000:]}")

    def refuses(self, exchange, address, *reasons):
        """Sent until something has refused it three times, and it never stands in the set."""
        def count():
            return sum(self.wildset.refused(reason) for reason in reasons)
        before = count()

        def refused():
            exchange(self.name())
            return count() >= before + 3
        try:
            wait_for(f"three more of {reasons}", refused, every=0.3)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.wildset.ask('status', '--json')}\n"
                                 f"{self.wildset.log()[-3000:]}") from None
        assert not self.wildset.holds(address), self.wildset.log()[-3000:]

    def close(self):
        status, log = (self.wildset.stop(), self.wildset.log()) if self.wildset else (0, "")
        for sock in self.sockets.values():
            sock.close()
        for host in (self.peer, self.box):
            host.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert status == 0, log
        assert "runtime error" not in log and "AddressSanitizer" not in log, log


@pytest.fixture
def place():
    made = Place()
    yield made
    made.close()


def ip(family, source, destination):
    return IPv6(src=source, dst=destination) if family == 6 else IP(src=source, dst=destination)


def question(family, name, client, server, port=40000, identity=7):
    return (Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / ip(family, client, server) /
            UDP(sport=port, dport=53) /
            DNS(id=identity, rd=1, qd=DNSQR(qname=name, qtype="AAAA" if family == 6 else "A")))


def answer(family, name, client, server, address, port=40000, identity=7):
    kind = "AAAA" if family == 6 else "A"
    return (Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:04") / ip(family, server, client) /
            UDP(sport=53, dport=port) /
            DNS(id=identity, qr=1, rd=1, ra=1, qd=DNSQR(qname=name, qtype=kind),
                an=DNSRR(rrname=name, type=kind, ttl=300, rdata=address)))


# What an administrator may begin with; the resolver inside is believed by name, or only the public one.
SETUPS = {
    "interface": (["wan"], ""),
    "both": (["lan", "wan"], ""),
    "any": (["any"], ""),
    "inside resolver": (["lan", "wan"], 'resolvers = { "192.0.2.53", "2001:db8:a::53" }'),
    "inside resolver, any": (["any"], 'resolvers = { "192.0.2.53", "2001:db8:a::53" }'),
    "anybody": (["lan", "wan"], 'resolvers = { "0.0.0.0/0", "::/0" }'),
}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("setup", SETUPS)
def test_a_forged_pair_from_outside_grants_nothing(place, setup, family):
    place.start(*SETUPS[setup])
    for client in (CLIENT[family], WAN[family]):
        for server in (PUBLIC[family], INSIDE[family]):
            def exchange(name):
                place.comes_in("wan", question(family, name, client, server),
                               answer(family, name, client, server, FORGED[family]))
            place.refuses(exchange, FORGED[family], "wrong-way", "impossible-source", "no-question",
                          "untrusted-resolver")


def test_a_forged_pair_over_tcp_from_outside_grants_nothing(place):
    place.start(["lan", "wan"], 'resolvers = { "0.0.0.0/0" }')

    def framed(message):
        data = raw(message)
        return Raw(len(data).to_bytes(2, "big") + data)

    def exchange(name):
        there, back = Ether() / IP(src=CLIENT[4], dst=PUBLIC[4]), Ether() / IP(src=PUBLIC[4], dst=CLIENT[4])
        asked, told = question(4, name, "192.0.2.9", PUBLIC[4]), answer(4, name, "192.0.2.9", PUBLIC[4], FORGED[4])
        port = 50000 + next(place.numbers)
        place.comes_in("wan", there / TCP(sport=port, dport=53, flags="S", seq=100),
                       back / TCP(sport=53, dport=port, flags="SA", seq=500, ack=101),
                       there / TCP(sport=port, dport=53, flags="PA", seq=101, ack=501) / framed(asked[DNS]),
                       back / TCP(sport=53, dport=port, flags="PA", seq=501, ack=101) / framed(told[DNS]))
    place.refuses(exchange, FORGED[4], "wrong-way", "no-question", "impossible-source")


# ---- what passes as it should -------------------------------------------------------------------

def exchanges(place, family, address, legs, client=None, server=None):
    """`legs`: for each interface whether its question comes in."""
    client, server = client or CLIENT[family], server or PUBLIC[family]

    def exchange(name):
        for interface, question_comes_in in legs:
            send = place.comes_in if question_comes_in else place.goes_out
            send(interface, question(family, name, client, server))
        for interface, question_comes_in in reversed(legs):
            send = place.goes_out if question_comes_in else place.comes_in
            send(interface, answer(family, name, client, server, address))
    return exchange


LEGS = {
    "both legs": [("lan", True), ("wan", False)],
    "the client's leg": [("lan", True)],
    "upstream": [("wan", False)],
}


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("interfaces", [["lan", "wan"], ["any"]])
def test_a_firewall_learns_from_either_leg(place, interfaces, family):
    place.start(interfaces)
    for number, legs in enumerate(LEGS.values(), 1):
        address = f"203.0.113.{number}" if family == 4 else f"2001:db8:100::{number:x}"
        place.learns(exchanges(place, family, address, legs), address)


@pytest.mark.parametrize("interfaces", [["lan"], ["any"]])
def test_a_resolver_on_the_box_teaches(place, interfaces):
    place.start(interfaces, f'resolvers = {{ "{BOX[4]}" }}')
    place.learns(exchanges(place, 4, "203.0.113.1", [("lan", True)], server=BOX[4]), "203.0.113.1")


def ask_here(place, name, server):
    place.box.run("dig", "+tries=1", "+time=1", f"@{server}", name, check=False)


@pytest.mark.parametrize("interfaces", [["lo"], ["any"]])
def test_loopback_teaches_though_both_come_in(place, interfaces):
    """libpcap shows what is sent there once, as it comes back in; nobody else can send there."""
    script = pathlib.Path(__file__).with_name("liar.py")
    place.box.start("/usr/bin/python3", "-B", script, "127.0.0.53", "truth", log="liar.log")
    wait_for("the resolver is ready", lambda: "ready" in (place.folder / "liar.log").read_text())
    place.start(interfaces, 'resolvers = { "127.0.0.53" }')
    place.learns(lambda name: ask_here(place, name, "127.0.0.53"), FORGED[4])


@pytest.mark.parametrize("interfaces", [["inner", "outer"], ["any"]])
def test_a_bridge_teaches(place, interfaces):
    """A transparent firewall: the ports show the direction, the bridge itself has no addresses."""
    place.box.ip("link", "add", "br0", "type", "bridge", "stp_state", "0")
    place.cable("inner")
    place.cable("outer")
    for name in ("inner", "outer"):
        place.box.ip("link", "set", name, "master", "br0")
    place.box.ip("link", "set", "br0", "up")
    place.start(interfaces)

    def exchange(name):  # the bridge forwards each to the other side
        place.comes_in("inner", question(4, name, CLIENT[4], PUBLIC[4]))
        place.comes_in("outer", answer(4, name, CLIENT[4], PUBLIC[4], "203.0.113.2"))
    place.learns(exchange, "203.0.113.2")

    def forged(name):
        place.comes_in("outer", question(4, name, ELSEWHERE, PUBLIC[4]),
                       answer(4, name, ELSEWHERE, PUBLIC[4], FORGED[4]))
    place.refuses(forged, FORGED[4], "wrong-way")


def test_a_bridge_is_no_mirror_port(place):
    """It shows both as coming in, from all its ports: whoever is outside could forge both."""
    place.box.ip("link", "add", "br0", "type", "bridge", "stp_state", "0")
    place.cable("outer")
    place.box.ip("link", "set", "outer", "master", "br0")
    place.box.ip("link", "set", "br0", "up")
    place.start(["br0"])

    def forged(name):
        place.comes_in("outer", question(4, name, ELSEWHERE, PUBLIC[4]),
                       answer(4, name, ELSEWHERE, PUBLIC[4], FORGED[4]))
    place.refuses(forged, FORGED[4], "wrong-way")


@pytest.mark.parametrize("interfaces", [["pod0"], ["wan"], ["any"]])
def test_a_container_host_learns(place, interfaces):
    """A container behind a bridge with an address; its interface came after wildset."""
    place.box.ip("link", "add", "docker0", "type", "bridge", "stp_state", "0")
    place.box.address("docker0", "172.17.0.1/16")
    place.box.sysctl("ipv4/ip_forward", 1)
    if interfaces == ["pod0"]:
        place.cable("pod0")
        place.box.ip("link", "set", "pod0", "master", "docker0")
    place.start(interfaces)
    if interfaces != ["pod0"]:
        place.cable("pod0")
        place.box.ip("link", "set", "pod0", "master", "docker0")
    legs = [("pod0", True), ("wan", False)]
    place.learns(exchanges(place, 4, "203.0.113.4", legs, client="172.17.0.2"), "203.0.113.4")


# ---- mirror ports -------------------------------------------------------------------------------

def both_come_in(place, address, question_port, answer_port=None, client=ELSEWHERE, server=PUBLIC[4]):
    def exchange(name):
        place.comes_in(question_port, question(4, name, client, server))
        place.comes_in(answer_port or question_port, answer(4, name, client, server, address))
    return exchange


def ports_of(place):
    return {port["interface"]: (port["taken"], port["why"]) for source in place.wildset.status()["sources"]
            for port in source.get("mirrors", ())}


def test_an_evident_mirror_port_teaches(place):
    place.cable("tap")
    place.start(["tap"])
    place.learns(both_come_in(place, "203.0.113.5", "tap"), "203.0.113.5")
    assert ports_of(place) == {"tap": (True, "no-addresses")}
    assert "tap has no addresses and does not forward: it is treated as a mirror port" in place.wildset.log()
    assert "mirror port" in place.wildset.ask("status")


def test_a_tap_with_two_ports_teaches(place):
    """One for each direction, over UDP and over TCP."""
    place.cable("tap0")
    place.cable("tap1")
    place.start(["tap0", "tap1"])
    place.learns(both_come_in(place, "203.0.113.6", "tap0", "tap1"), "203.0.113.6")

    def over_tcp(name):
        there, back = Ether() / IP(src=CLIENT[4], dst=PUBLIC[4]), Ether() / IP(src=PUBLIC[4], dst=CLIENT[4])
        port = 51000 + next(place.numbers)

        def framed(packet):
            data = raw(packet[DNS])
            return Raw(len(data).to_bytes(2, "big") + data)
        place.comes_in("tap0", there / TCP(sport=port, dport=53, flags="S", seq=100))
        place.comes_in("tap1", back / TCP(sport=53, dport=port, flags="SA", seq=500, ack=101))
        asked = framed(question(4, name, CLIENT[4], PUBLIC[4]))
        place.comes_in("tap0", there / TCP(sport=port, dport=53, flags="PA", seq=101, ack=501) / asked)
        told = framed(answer(4, name, CLIENT[4], PUBLIC[4], "203.0.113.7"))
        # A blind forger's, which acknowledges what was never sent: the logic that sees it still works.
        forged = framed(answer(4, name, CLIENT[4], PUBLIC[4], FORGED[4]))
        place.comes_in("tap1", back / TCP(sport=53, dport=port, flags="PA", seq=501, ack=0x70000000) / forged)
        place.comes_in("tap1", back / TCP(sport=53, dport=port, flags="PA", seq=501,
                                          ack=101 + len(asked)) / told)
    place.learns(over_tcp, "203.0.113.7")
    assert not place.wildset.holds(FORGED[4])


def test_a_mirror_port_of_a_firewall_is_named(place):
    """What forwards is no mirror port by itself: an interface outside has no addresses before its lease."""
    place.box.sysctl("ipv4/ip_forward", 1)
    place.cable("tap")
    place.start(["tap", "lan", "wan"])
    place.refuses(both_come_in(place, FORGED[4], "tap"), FORGED[4], "wrong-way")
    assert ports_of(place) == {"tap": (False, "forwards")}
    assert 'add mirror = { "tap" }' in place.wildset.log()
    for _ in range(30):
        both_come_in(place, FORGED[4], "tap")(place.name())
    wait_for("status names the line", lambda: 'mirror = { "tap" }' in place.wildset.ask("status"))
    place.wildset.configure(capture='mirror = { "tap" }')
    place.wildset.reload()
    place.learns(both_come_in(place, "203.0.113.8", "tap"), "203.0.113.8")
    assert ports_of(place) == {"tap": (True, "named")}


def test_none_is_taken_when_the_configuration_says_so(place):
    place.cable("tap")
    place.start(["tap"], "mirror = { }")
    place.refuses(both_come_in(place, FORGED[4], "tap"), FORGED[4], "wrong-way")
    assert ports_of(place) == {}


def test_a_mirrors_answer_does_not_answer_another_interfaces_question(place):
    """Nor the other way round."""
    place.cable("tap")
    place.start(["tap", "lan"])

    def question_on_lan(name):
        place.comes_in("lan", question(4, name, CLIENT[4], PUBLIC[4]))
        place.comes_in("tap", answer(4, name, CLIENT[4], PUBLIC[4], FORGED[4]))

    def question_on_tap(name):
        place.comes_in("tap", question(4, name, CLIENT[4], PUBLIC[4]))
        place.goes_out("lan", answer(4, name, CLIENT[4], PUBLIC[4], FORGED[4]))
    place.refuses(question_on_lan, FORGED[4], "wrong-way")
    place.refuses(question_on_tap, FORGED[4], "wrong-way")


def test_a_client_on_a_mirror_can_answer_itself_and_is_told_on(place):
    """What remains: both come in there, and the forged one is first.  The true one then is an alarm."""
    place.cable("tap")
    place.start(["tap"])
    place.learns(both_come_in(place, FORGED[4], "tap"), FORGED[4])
    name = place.name()
    both_come_in(place, FORGED[4], "tap")(name)
    place.comes_in("tap", answer(4, name, ELSEWHERE, PUBLIC[4], "203.0.113.18"))
    wait_for("the alarm names the client", lambda: f"{name}, resolver {PUBLIC[4]}, client {ELSEWHERE}"
             in place.wildset.log())
    assert not place.wildset.holds("203.0.113.18")


def test_an_interface_that_loses_its_addresses_is_no_mirror_port(place):
    """Whoever answers for DHCP outside could make one of it."""
    place.start(["wan"])
    place.box.ip("address", "flush", "dev", "wan")
    wait_for("it is said", lambda: ports_of(place) == {"wan": (False, "had-addresses")})
    place.refuses(both_come_in(place, FORGED[4], "wan"), FORGED[4], "wrong-way")


def test_a_mirror_port_that_gets_an_address_is_none_any_more(place):
    place.cable("tap")
    place.start(["tap"])
    place.learns(both_come_in(place, "203.0.113.9", "tap"), "203.0.113.9")
    place.box.address("tap", "10.9.0.1/24")
    wait_for("it is noticed", lambda: not ports_of(place))
    the_old_one_has_ended(place)
    place.refuses(both_come_in(place, FORGED[4], "tap"), FORGED[4], "wrong-way")


def the_old_one_has_ended(place):
    """It drains for 10 s, by the plan that it had."""
    wait_for("a second sniffer is ready", lambda: place.wildset.log().count("is ready") >= 2)
    time.sleep(11)


# ---- sources ------------------------------------------------------------------------------------

def test_an_impossible_source_does_not_teach(place):
    """An exchange that would do by its directions; but nobody with this address can be out there."""
    place.start(["lan", "wan"], 'resolvers = { "0.0.0.0/0" }')
    for server in (INSIDE[4], BOX[4], WAN[4], "127.0.0.1", "224.0.0.9"):
        place.refuses(exchanges(place, 4, FORGED[4], [("wan", False)], client=WAN[4], server=server), FORGED[4],
                      "impossible-source")


def test_who_comes_with_a_new_address_is_known(place):
    """The address is ours from then on, and its network is behind that interface."""
    place.start(["lan", "wan"], 'resolvers = { "0.0.0.0/0" }')
    place.learns(exchanges(place, 4, "203.0.113.10", [("wan", False)], server="10.7.0.2"), "203.0.113.10")
    place.box.address("lan", "10.7.0.1/24")
    wait_for("it is noticed", lambda: "interfaces or addresses have changed" in place.wildset.log())
    the_old_one_has_ended(place)
    place.refuses(exchanges(place, 4, FORGED[4], [("wan", False)], server="10.7.0.2"), FORGED[4],
                  "impossible-source")


# ---- %interface ---------------------------------------------------------------------------------

@pytest.mark.parametrize("interfaces", [["lan", "wan"], ["any"]])
def test_a_resolver_is_believed_on_its_interface_alone(place, interfaces):
    place.start(interfaces, 'resolvers = { "8.8.8.8%wan" }')
    place.refuses(exchanges(place, 4, FORGED[4], [("lan", False)]), FORGED[4], "untrusted-resolver",
                  "wrong-way")
    place.learns(exchanges(place, 4, "203.0.113.11", [("wan", False)]), "203.0.113.11")
    assert "on wan)" in place.wildset.log()


def test_with_any_an_interface_made_anew_is_known(place):
    place.start(["any"], 'resolvers = { "8.8.8.8%ppp7" }')
    place.cable("ppp7", "10.8.0.1/24")
    place.learns(exchanges(place, 4, "203.0.113.12", [("ppp7", False)]), "203.0.113.12")


def test_tags_are_read_with_any(place):
    """The tag that the kernel took out of the frame; the mirror port is found with "any" too."""
    place.cable("tap")
    place.start(["any"], "vlans = { 42 }")

    def exchange(name):
        for frame in (question(4, name, ELSEWHERE, PUBLIC[4]),
                      answer(4, name, ELSEWHERE, PUBLIC[4], "203.0.113.13")):
            place.comes_in("tap", Ether(src=frame.src, dst=frame.dst) / Dot1Q(vlan=42) / frame.payload)
    place.learns(exchange, "203.0.113.13")


# ---- sent back ----------------------------------------------------------------------------------

def test_a_forgery_that_the_box_sends_back_is_none(place):
    """A client forges its own answer, and the box, which checks no sources, hands it on to it: what goes
    out came in by the same interface.  Before or after the question."""
    place.start(["lan"], 'resolvers = { "0.0.0.0/0" }')
    for server in (PUBLIC[4], WAN[4]):
        def exchange(name, late=False):
            frames = [lambda: place.comes_in("lan", question(4, name, CLIENT[4], server))]
            forged = answer(4, name, CLIENT[4], server, FORGED[4])
            frames.insert(1 if late else 0, lambda: (place.comes_in("lan", forged), place.goes_out("lan", forged)))
            for frame in frames:
                frame()
        place.refuses(exchange, FORGED[4], "wrong-way", "impossible-source")
        place.refuses(lambda name: exchange(name, late=True), FORGED[4], "wrong-way", "impossible-source")


def test_a_question_that_is_sent_back_has_no_side(place):
    place.start(["wan"], 'resolvers = { "0.0.0.0/0" }')

    def exchange(name):
        asked = question(4, name, "10.1.1.1", PUBLIC[4])
        place.comes_in("wan", asked)
        place.goes_out("wan", asked)
        place.comes_in("wan", answer(4, name, "10.1.1.1", PUBLIC[4], FORGED[4]))
    place.refuses(exchange, FORGED[4], "wrong-way")


# ---- what comes in parts ------------------------------------------------------------------------

IDENTITIES = itertools.count(4711)


def pieces(frame):
    """The IP packet in several, the answer's address in the last."""
    if IPv6 in frame:
        whole = frame[IPv6].copy()
        whole = IPv6(src=whole.src, dst=whole.dst) / IPv6ExtHdrFragment(id=next(IDENTITIES)) / whole.payload
        return [Ether() / piece for piece in fragment6(whole, 96)]
    frame[IP].id = next(IDENTITIES)
    return [Ether() / piece for piece in fragment(IP(raw(frame[IP])), 64)]


@pytest.mark.parametrize("family", [4, 6])
def test_a_datagrams_pieces_are_not_mixed(place, family):
    """The first from outside, the last from inside, where its server is believed."""
    place.start(["lan", "wan"], f'resolvers = {{ "{INSIDE[family]}%lan", "{PUBLIC[family]}" }}')
    for server in (INSIDE[family], PUBLIC[family]):
        def exchange(name):
            place.goes_out("lan", question(family, name, WAN[family], server))
            parts = pieces(answer(family, name, WAN[family], server, FORGED[family]))
            assert len(parts) > 1
            place.comes_in("wan", *parts[:-1])
            place.comes_in("lan", parts[-1])
        for _ in range(3):
            exchange(place.name())
        good = "203.0.113.14" if family == 4 else "2001:db8:100::14"

        def whole(name):
            place.goes_out("lan", question(family, name, WAN[family], INSIDE[family]))
            place.comes_in("lan", *pieces(answer(family, name, WAN[family], INSIDE[family], good)))
        place.learns(whole, good)
        assert not place.wildset.holds(FORGED[family])


def test_both_legs_put_pieces_together(place):
    place.start(["lan", "wan"])

    def exchange(name):
        asked = question(4, name, CLIENT[4], PUBLIC[4])
        place.comes_in("lan", asked)
        place.goes_out("wan", asked)
        parts = pieces(answer(4, name, CLIENT[4], PUBLIC[4], "203.0.113.15"))
        for part in parts:  # as a router hands them on
            place.comes_in("wan", part)
            place.goes_out("lan", part)
    place.learns(exchange, "203.0.113.15")
    wait_for("each leg by itself",
             lambda: place.wildset.status()["sources"][0]["counters"]["reassembled"] >= 2)


def test_a_streams_segments_are_not_mixed(place):
    """The question's host inside; the answer's first bytes from outside, the last from inside."""
    place.start(["lan", "wan"], 'resolvers = { "192.0.2.53%lan" }')

    def send(name, address, first):
        there, back = Ether() / IP(src=WAN[4], dst=INSIDE[4]), Ether() / IP(src=INSIDE[4], dst=WAN[4])
        port = 52000 + next(place.numbers)
        asked = raw(question(4, name, WAN[4], INSIDE[4])[DNS])
        told = raw(answer(4, name, WAN[4], INSIDE[4], address)[DNS])
        asked, told = (len(data).to_bytes(2, "big") + data for data in (asked, told))
        place.goes_out("lan", there / TCP(sport=port, dport=53, flags="S", seq=100))
        place.comes_in("lan", back / TCP(sport=53, dport=port, flags="SA", seq=500, ack=101))
        place.goes_out("lan", there / TCP(sport=port, dport=53, flags="PA", seq=101, ack=501) / Raw(asked))
        place.comes_in(first, back / TCP(sport=53, dport=port, flags="A", seq=501,
                                         ack=101 + len(asked)) / Raw(told[:-6]))
        place.comes_in("lan", back / TCP(sport=53, dport=port, flags="PA", seq=501 + len(told) - 6,
                                         ack=101 + len(asked)) / Raw(told[-6:]))
    for _ in range(3):
        send(place.name(), FORGED[4], "wan")
    place.learns(lambda name: send(name, "203.0.113.16", "lan"), "203.0.113.16")
    assert not place.wildset.holds(FORGED[4])


def test_a_tunnels_pieces_are_of_one_peer(place):
    """Two tunnels that are believed; the pieces of one packet come out of both."""
    place.start(["lan"], 'decapsulate = { "vxlan from 192.0.2.2", "vxlan from 192.0.2.3" }')

    def wrapped(peer, packet):
        return (Ether() / IP(src=peer, dst=BOX[4]) / UDP(sport=4000, dport=4789) / VXLAN(vni=7, flags=0x08) /
                packet)

    def exchange(name, address, peers):
        place.comes_in("lan", wrapped("192.0.2.2", question(4, name, CLIENT[4], PUBLIC[4])))
        parts = pieces(answer(4, name, CLIENT[4], PUBLIC[4], address))
        for number, part in enumerate(parts):
            place.comes_in("lan", wrapped(peers[number == len(parts) - 1], part))
    for _ in range(3):
        exchange(place.name(), FORGED[4], ("192.0.2.2", "192.0.2.3"))
    place.learns(lambda name: exchange(name, "203.0.113.17", ("192.0.2.2", "192.0.2.2")), "203.0.113.17")
    assert not place.wildset.holds(FORGED[4])
