# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel's filter lets through to the sniffer: names, and tunnels."""
import struct

import pytest
from scapy.all import IP, UDP, IPv6, raw

import lab
from lab import wait_for
from taps import ZONE, Taps, ethernet

OUTER = IP(src="192.0.2.200", dst="192.0.2.201")
OUTER6 = IPv6(src="2001:db8::1", dst="2001:db8::2")
TUNNELS = "decapsulate = { " + ", ".join(
    f'"{kind} from {sender}"' for kind in ("gre", "erspan", "vxlan", "geneve", "ipip", "tzsp")
    for sender in ("192.0.2.128/25", OUTER6.src)) + " }"
VERSION_6 = {lab.CLIENT4: lab.CLIENT6, lab.SILENT4: lab.RESOLVER6}
FOREIGN = 40  # exchanges


@pytest.fixture(scope="module")
def taps():
    place = Taps(["tap0"], capture=TUNNELS, extra='follow = "answer"')
    yield place
    place.close()


def received(taps):
    """As of a report that came later than this."""
    sums = []
    for _ in range(2):
        before = taps.wildset.status()["sources"][0]["counters"]["frames"]
        taps.learns_over("tap0", "203.0.113.99")
        wait_for("a report", lambda: taps.wildset.status()["sources"][0]["counters"]["frames"] != before)
        sums.append(taps.interface("tap0")["received"])
    return sums[-1]


def gre(flags, protocol, options=b""):
    return lambda inner: IP(src=OUTER.src, dst=OUTER.dst, proto=47) / (
        struct.pack("!HH", flags, protocol) + options + raw(inner))


def over_udp(port, header):
    return lambda inner: OUTER / UDP(sport=50000, dport=port, chksum=0) / (header + raw(ethernet(inner)))


def over_ipv6(packet):
    """The same, had both hosts spoken IPv6."""
    datagram = packet[UDP].copy()
    del datagram.chksum
    return IPv6(src=VERSION_6[packet.src], dst=VERSION_6[packet.dst]) / datagram


WRAPPINGS = {
    "gre": gre(0, 0x0800),
    "gre-key": gre(0x2000, 0x0800, b"\0\0\0\7"),
    "gre-checksum-key-sequence": gre(0x3000, 0x0800, b"\0\0\0\7\0\0\0\1"),
    "gre-ethernet": lambda inner: gre(0, 0x6558)(ethernet(inner)),
    "erspan-1": lambda inner: gre(0, 0x88BE)(ethernet(inner)),
    "erspan-2": lambda inner: gre(0x1000, 0x88BE, b"\0\0\0\1" + bytes.fromhex("1001000100000000"))(
        ethernet(inner)),
    "erspan-3": lambda inner: gre(0x1000, 0x22EB, b"\0\0\0\1" + bytes.fromhex("200100010000000000000000"))(
        ethernet(inner)),
    "vxlan": over_udp(4789, bytes.fromhex("0800000000000700")),
    "geneve": over_udp(6081, bytes.fromhex("0000655800000700")),
    "tzsp": over_udp(37008, bytes.fromhex("0100000101")),
    "ipip": lambda inner: IP(src=OUTER.src, dst=OUTER.dst, proto=4) / inner,
    "4in6": lambda inner: IPv6(src=OUTER6.src, dst=OUTER6.dst, nh=4) / inner,
    "6in4": lambda inner: IP(src=OUTER.src, dst=OUTER.dst, proto=41) / over_ipv6(inner),
    "6in6": lambda inner: IPv6(src=OUTER6.src, dst=OUTER6.dst, nh=41) / over_ipv6(inner),
}
PLAIN = ("gre", "gre-ethernet", "vxlan", "ipip", "4in6", "6in4", "6in6")


@pytest.mark.parametrize("number,name", enumerate(WRAPPINGS, start=101))
def test_a_tunnel_passes(taps, number, name):
    wrap = WRAPPINGS[name]
    taps.learns(f"203.0.113.{number}",
                lambda packets: taps.send("tap0", *[ethernet(wrap(packet)) for packet in packets]))


def test_a_vxlan_of_the_kernel_passes(taps):
    for host, own, other in ((taps.peer, 1, 2), (taps.firewall, 2, 1)):
        host.address("tap0", f"192.0.2.{128 + own}/29")
        host.ip("link", "add", "overlay", "type", "vxlan", "id", "7", "dstport", "4789", "local",
                f"192.0.2.{128 + own}", "remote", f"192.0.2.{128 + other}")
        host.ip("link", "set", "overlay", "up")
    taps.learns_over("overlay", "203.0.113.150")


def test_foreign_names_stay_in_the_kernel(taps):
    assert taps.interface("tap0")["filter"] == "names"
    assert "filter_reason" not in taps.interface("tap0")
    before = received(taps)
    for _ in range(FOREIGN):
        packets = taps.exchange("www.lookback.io", "203.0.113.90")
        taps.send("tap0", *map(ethernet, packets))
        for name in PLAIN:
            taps.send("tap0", *[ethernet(WRAPPINGS[name](packet)) for packet in packets])
    # What is sent to look at the counter, and noise of two kernels that meet.
    assert received(taps) - before < FOREIGN


def test_an_ethertype_that_is_not_read_is_named(taps):
    """The kernel lets a sample through: MACsec here, which nobody but the switches can read."""
    frame = bytes.fromhex("020000000002020000000001" "88e5") + bytes(60)
    for _ in range(10):
        taps.send("tap0", *[frame] * 600)
    wait_for("a report", lambda: taps.interface("tap0").get("ethertype"))
    wait_for("about 6000", lambda: 2000 < taps.interface("tap0")["ethertype_frames"] < 12000)
    assert taps.interface("tap0")["ethertype"] == "0x88e5"
    received = taps.interface("tap0").get("frames", 0)
    if received:  # where sysfs is this network's
        assert "frames have EtherType 0x88e5, MACsec" in taps.wildset.ask("status")
