# SPDX-License-Identifier: GPL-2.0-or-later
"""What a capture teaches, read a second time: frames by scapy, records by dnspython, rules from the manual.

Shares no code with wildset.  It is slow, and knows only what the generated captures hold: what it finds is the set of
(name, address, TTL) that a right reader grants.
"""

import ipaddress
import logging
import struct
from collections import defaultdict

logging.getLogger("scapy").setLevel(logging.ERROR)

import dns.exception  # noqa: E402
import dns.name  # noqa: E402
import dns.rdata  # noqa: E402
import dns.wire  # noqa: E402
from scapy.layers.inet import IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment  # noqa: E402
from scapy.layers.l2 import GRE, CookedLinux, CookedLinuxV2, Dot1Q, Ether  # noqa: E402, F401
from scapy.layers.vxlan import VXLAN  # noqa: E402, F401
from scapy.packet import NoPayload, Padding, bind_layers  # noqa: E402

LINKS = {1: Ether, 113: CookedLinux, 276: CookedLinuxV2}
for number in (0x9100, 0x9200, 0x9300):  # tags of switches older than 802.1ad
    bind_layers(Ether, Dot1Q, type=number)
    bind_layers(Dot1Q, Dot1Q, type=number)
FAMILIES = [family.to_bytes(4, order) for family in (2, 10, 24, 28, 30) for order in ("little", "big")]
QUESTION_LIFE_US = 10_000_000
CHAIN_MAX = 16
A, CNAME, AAAA, DNAME, SVCB, HTTPS = 1, 5, 28, 39, 64, 65


def frames(data):
    """Of a pcap file in this machine's byte order: time in microseconds and bytes; the link type first."""
    yield struct.unpack_from("<I", data, 20)[0]
    at = 24
    while at < len(data):
        seconds, micro, length, _ = struct.unpack_from("<IIII", data, at)
        yield seconds * 1_000_000 + micro, data[at + 16:at + 16 + length]
        at += 16 + length


def folded_sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def headers(packet):
    """The IP headers, outermost first, each with what follows it, as the frame holds them; and the tags."""
    found, tags = [], []
    while packet and not isinstance(packet, (NoPayload, Padding)):
        if isinstance(packet, (IP, IPv6)):
            found.append(packet.original)
        elif isinstance(packet, Dot1Q):
            tags.append(packet.vlan)
        elif isinstance(packet, GRE) and packet.version != 0:  # PPTP's, or none
            return [], []
        packet = packet.payload
    return found, tags


def is_whole(raw):
    six = raw[0] >> 4 == 6
    size = struct.unpack_from("!H", raw, 4 if six else 2)[0] + (40 if six else 0)
    return raw[0] >> 4 in (4, 6) and size <= len(raw)


class Datagram:
    def __init__(self, source, destination, protocol, data, six):
        self.source, self.destination, self.protocol = source, destination, protocol
        self.data, self.six = data, six

    def sum_is_right(self):
        """RFC 768, 9293, 8200: the pseudo-header and all of it."""
        at = {6: 16, 17: 6}[self.protocol]
        if self.protocol == 17 and self.data[at:at + 2] == b"\0\0":
            return not self.six
        pseudo = self.source + self.destination + struct.pack("!II", len(self.data), self.protocol)
        return folded_sum(pseudo + self.data) == 0xFFFF


class Reader:
    def __init__(self, resolvers, names):
        self.resolvers = {ipaddress.ip_address(text).packed for text in resolvers}
        self.apex = dns.name.from_text(names)
        self.pieces = defaultdict(list)
        self.streams = {}
        self.questions = {}
        self.grants = set()

    def read(self, data):
        capture = frames(data)
        link = next(capture)
        for now, frame in capture:
            self.frame(now, frame, link)
        return longest(self.grants)

    def frame(self, now, frame, link):
        if link == 0:
            if frame[:4] not in FAMILIES:
                return
            frame = frame[4:]
        layer = LINKS.get(link) or (IPv6 if frame[:1] and frame[0] >> 4 == 6 else IP)
        try:
            found, tags = headers(layer(frame))
        except Exception:  # noqa: BLE001: damaged beyond what scapy reads
            return
        if not found or not all(is_whole(raw) for raw in found):
            return
        # What is put together belongs to one tunnel and outer tag. Only the innermost header's sum counts.
        self.senders = (*tags[:1], *(raw[8:24] if raw[0] >> 4 == 6 else raw[12:16] for raw in found[:-1]))
        datagram = self.of_ipv6(found[-1]) if found[-1][0] >> 4 == 6 else self.of_ipv4(found[-1])
        if datagram and datagram.protocol == 17:
            self.udp(now, datagram)
        elif datagram and datagram.protocol == 6:
            self.tcp(now, datagram)

    def of_ipv4(self, raw):
        if len(raw) < 20 or raw[0] >> 4 != 4:
            return None
        size, total = (raw[0] & 15) * 4, struct.unpack_from("!H", raw, 2)[0]
        if size < 20 or total < size or total > len(raw) or folded_sum(raw[:size]) != 0xFFFF:
            return None
        identity, place = struct.unpack_from("!HH", raw, 4)
        source, destination, data = raw[12:16], raw[16:20], raw[size:total]
        if place & 0x3FFF:
            data = self.piece((source, destination, raw[9], identity), (place & 0x1FFF) * 8, place & 0x2000, data)
        return data and Datagram(source, destination, raw[9], data, six=False)

    def of_ipv6(self, raw):
        if len(raw) < 40 or raw[0] >> 4 != 6:
            return None
        total, following = struct.unpack_from("!HB", raw, 4)
        source, destination, data = raw[8:24], raw[24:40], raw[40:40 + total]
        if len(data) < total:
            return None
        if following == 44 and len(data) >= 8:
            following, _, place, identity = struct.unpack_from("!BBHI", data)
            data = self.piece((source, destination, following, identity), place & 0xFFF8, place & 1, data[8:])
        return data and Datagram(source, destination, following, data, six=True)

    def piece(self, key, start, more, data):
        """The whole datagram when this was the last piece missing; none that overlaps (RFC 5722)."""
        key = (*key, self.senders)
        pieces = self.pieces[key]
        if (start, data, bool(more)) in pieces:
            return None
        pieces.append((start, data, bool(more)))
        at, whole = 0, b""
        ordered = sorted(pieces)
        for number, (start, data, more) in enumerate(ordered):
            if start != at or more == (number + 1 == len(ordered)):
                return None
            at, whole = at + len(data), whole + data
        del self.pieces[key]
        return whole

    def udp(self, now, datagram):
        data = datagram.data
        if len(data) < 8:
            return
        source, destination, length = struct.unpack_from("!HHH", data)
        if length < 8 or length > len(data):
            return
        datagram.data = data[:length]
        if datagram.sum_is_right():
            self.message(now, datagram, source, destination, data[8:length], "udp")

    def tcp(self, now, datagram):
        data = datagram.data
        if len(data) < 20:
            return
        source, destination, sequence, _, size, flags = struct.unpack_from("!HHIIBB", data)
        size = (size >> 4) * 4
        if size < 20 or size > len(data) or not datagram.sum_is_right():
            return
        key = (datagram.source, datagram.destination, source, destination, self.senders)
        if flags & 2:
            self.streams[key] = {"next": (sequence + 1) & 0xFFFFFFFF, "ahead": {}, "bytes": b""}
        stream = self.streams.get(key)
        if stream is None or size == len(data):
            return
        stream["ahead"].setdefault(sequence, data[size:])
        while stream["next"] in stream["ahead"]:
            segment = stream["ahead"].pop(stream["next"])
            stream["bytes"] += segment
            stream["next"] = (stream["next"] + len(segment)) & 0xFFFFFFFF
        while len(stream["bytes"]) >= 2:
            length = struct.unpack_from("!H", stream["bytes"])[0]
            if len(stream["bytes"]) < 2 + length:
                break
            self.message(now, datagram, source, destination, stream["bytes"][2:2 + length], "tcp")
            stream["bytes"] = stream["bytes"][2 + length:]

    def message(self, now, datagram, source, destination, data, transport):
        if len(data) < 12:
            return
        identity, flags, questions, answers = struct.unpack_from("!4H", data)
        parser = dns.wire.Parser(data, 12)
        try:
            name, kind, klass = parser.get_name(), *parser.get_struct("!HH")
        except Exception:  # noqa: BLE001: no question that can be read
            return
        if questions != 1 or (flags >> 11) & 15 or klass != 1:
            return
        case = name if transport == "udp" else name.canonicalize()
        written = (case.to_wire(), kind, transport, identity)
        if not flags & 0x8000:
            if destination == 53:
                key = (datagram.source, datagram.destination, source, *written)
                self.questions[key] = (now, None)
            return
        key = (datagram.destination, datagram.source, destination, *written)
        asked = self.questions.get(key)
        if source != 53 or datagram.source not in self.resolvers or asked is None:
            return
        if now - asked[0] > QUESTION_LIFE_US or asked[1] is not None or not name.is_subdomain(self.apex):
            return
        self.answer(key, now, flags, name, parser, answers)

    def answer(self, key, now, flags, name, parser, count):
        if flags & 15 not in (0, 3):
            return
        self.questions[key] = (now, "settled")
        if flags & 15:
            return
        try:
            self.grants |= taught(name, records(parser, count, cut=bool(flags & 0x200)))
        except (ValueError, dns.exception.DNSException):
            pass


def longest(grants):
    """Of each name's address the longest TTL: what a shorter one adds is nothing."""
    most = {}
    for name, address, ttl in grants:
        most[name, address] = max(most.get((name, address), 0), ttl)
    return {(*key, ttl) for key, ttl in most.items()}


def records(parser, count, cut):
    """Owner, type, TTL and rdata of each record of class IN; of a truncated answer those that are whole."""
    found = []
    for _ in range(count):
        try:
            owner = parser.get_name()
            kind, klass, ttl, length = parser.get_struct("!HHIH")
            with parser.restrict_to(length):
                rdata = rdata_of(kind, parser) if klass == 1 else parser.get_remaining()
        except dns.exception.DNSException:
            if cut:
                break
            raise
        if klass == 1 and not isinstance(rdata, bytes):
            found.append((owner, kind, ttl if ttl < 1 << 31 else 0, rdata))
    return found


def rdata_of(kind, parser):
    """Read where something can be learned. In alias mode what follows the target is nobody's (RFC 9460, 2.4.2)."""
    if kind in (SVCB, HTTPS) and parser.wire[parser.current:parser.current + 2] == b"\0\0":
        kind = 0
    if kind not in (A, AAAA, CNAME, DNAME, SVCB, HTTPS):
        return parser.get_remaining()
    return dns.rdata.from_wire_parser(1, kind, parser)


def step(name, found):
    """Where the aliases at a name lead to, each with its TTL; a DNAME where no CNAME was made of it (RFC 6672, 3.1)."""
    has_cname = any(kind == CNAME and owner == name for owner, kind, _, _ in found)
    for owner, kind, ttl, rdata in found:
        if kind == CNAME and owner == name:
            yield rdata.target, ttl
        elif kind == DNAME and not has_cname and name != owner and name.is_subdomain(owner):
            yield dns.name.Name(name.labels[:len(name.labels) - len(owner.labels)] + rdata.target.labels), ttl


def chain(name, found):
    """The names reached from the question's, and the least TTL of all aliases on the way."""
    reached, ways = [name], defaultdict(dict)
    for at in reached:
        for target, ttl in step(at, found):
            if target == at:  # as VMware's NAT writes it, in front of the name's address
                if not any(kind in (A, AAAA) and owner == at for owner, kind, _, _ in found):
                    raise ValueError("a loop")
                continue
            ways[at][target] = min(ttl, ways[at].get(target, ttl))
            if target not in reached:
                reached.append(target)
    if len(reached) > CHAIN_MAX + 1:
        raise ValueError("too long a chain")
    if has_circle(name, ways, set()):
        raise ValueError("a loop")
    least = min([ttl for at in ways for ttl in ways[at].values()], default=1 << 32)
    return reached, least


def has_circle(name, ways, above):
    return name in above or any(has_circle(target, ways, above | {name}) for target in ways[name])


def taught(name, found):
    reached, least = chain(name, found)
    grants = {}
    for owner, kind, ttl, rdata in found:
        if owner in reached:
            for address in addresses(kind, rdata):
                if may_be_granted(address):
                    key = (str(address), kind)  # records that differ in nothing but their TTL are one (RFC 2181, 5.2)
                    grants[key] = min(grants.get(key, ttl), least, ttl)
    text = name.canonicalize().to_text(True)
    return {(text, address, ttl) for (address, _), ttl in grants.items()}


def addresses(kind, rdata):
    if kind in (A, AAAA):
        yield ipaddress.ip_address(rdata.address)
    elif kind in (SVCB, HTTPS) and rdata.priority > 0:
        for key in (4, 6):
            for text in getattr(rdata.params.get(key), "addresses", ()):
                yield ipaddress.ip_address(text)


REFUSED = [ipaddress.ip_network(text) for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "::/96", "::ffff:0:0/96", "100::/64",
    "100:0:0:1::/64", "2001:2::/48", "2001:10::/28", "2001:20::/28", "5f00::/16", "fc00::/7", "fe80::/9", "ff00::/8")]


def may_be_granted(address):
    if address.version == 6 and address in ipaddress.ip_network("64:ff9b::/96"):
        address = ipaddress.ip_address(address.packed[12:])
    elif address.version == 6 and address in ipaddress.ip_network("2002::/16"):
        address = ipaddress.ip_address(address.packed[2:6])
    return not any(address in network for network in REFUSED if network.version == address.version)
