# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose tunnels teach: the named sender's, and on an interface that is no mirror port nobody else's."""
import time

import pytest
from scapy.all import IP, UDP, IPv6, raw

import appliance
from taps import Taps, ethernet
from test_kernelfilter import OUTER, OUTER6, WRAPPINGS, over_udp

STRANGER, STRANGER6 = "203.0.113.66", "2001:db8:bad::66"
TYPES = ("gre", "erspan", "vxlan", "geneve", "ipip", "tzsp", "gtp")
NAMED = "decapsulate = { " + ", ".join(
    f'"{kind} from {sender}"' for kind in TYPES for sender in (OUTER.src, OUTER6.src)) + " }"


def gtp(inner):
    data = raw(inner)
    return OUTER / UDP(sport=50000, dport=2152, chksum=0) / (
        b"\x30\xff" + len(data).to_bytes(2, "big") + bytes(4) + data)


KINDS = WRAPPINGS | {"vxlan-8472": over_udp(8472, bytes.fromhex("0800000000000700")), "gtp": gtp}


def by_a_stranger(packet):
    """The same, had he sent it."""
    packet.src = STRANGER6 if isinstance(packet, IPv6) else STRANGER
    return type(packet)(raw(packet))


@pytest.fixture(scope="module")
def taps():
    place = Taps(["tap0"], capture=NAMED, extra='follow = "answer"')
    yield place
    place.close()


@pytest.mark.parametrize("number,kind", enumerate(KINDS, start=1))
def test_the_named_sender_teaches_and_a_stranger_does_not(taps, number, kind):
    wrap = KINDS[kind]
    stranger, named = f"203.0.114.{number}", f"203.0.113.{100 + number}"
    for turn in range(3):
        packets = taps.exchange(f"s{turn}-{kind}.dormammu.lookback.io", stranger)
        taps.send("tap0", *[ethernet(by_a_stranger(wrap(packet))) for packet in packets])
    taps.learns(named, lambda packets: taps.send("tap0", *[ethernet(wrap(packet)) for packet in packets]))
    assert not taps.wildset.holds(stranger)


def test_a_strangers_tunnels_are_counted(taps):
    def strange():
        return taps.wildset.status()["sources"][0]["counters"]["strange-tunnels"]
    before, end = strange(), time.monotonic() + 10
    while strange() <= before and time.monotonic() < end:
        packets = taps.exchange("counted.dormammu.lookback.io", "203.0.114.99")
        taps.send("tap0", *[ethernet(by_a_stranger(KINDS["vxlan"](packet))) for packet in packets])
        time.sleep(0.2)
    assert strange() > before
    assert not taps.wildset.holds("203.0.114.99")


def started(taps, capture, *options):
    """What --check or a start says of a configuration."""
    config = taps.folder / "tried.conf"
    config.write_text(f'capture {{\n    interfaces = {{ "tap0" }}\n    {capture}\n}}\n'
                      'whitelist lookback { names = { "*.dormammu.lookback.io" } }\n')
    return taps.firewall.run(appliance.WILDSETD, "--config", config, *options, check=False)


@pytest.mark.parametrize("kind", TYPES)
def test_anybodys_tunnel_is_refused_without_a_mirror_port(taps, kind):
    """As configurations of before had it: --check and the start say what to add."""
    for options in (["--check"], ["--control", str(taps.folder / "other.sock"), "--state", ""]):
        done = started(taps, f'mirror = {{ }} decapsulate = {{ "{kind}" }}', *options)
        assert done.returncode == 78
        assert f':3: capture: decapsulate: "{kind}"' in done.stderr
        assert f'decapsulate = {{ "{kind} from ADDRESS" }}' in done.stderr
        assert 'mirror = { "tap0" }' in done.stderr


def test_the_advice_is_good(taps):
    for capture in ('mirror = { } decapsulate = { "vxlan from 198.51.100.7" }',
                    'mirror = { "tap0" } decapsulate = { "vxlan" }',
                    'decapsulate = { "vxlan" }'):  # tap0 is evident
        assert started(taps, capture, "--check").returncode == 0
    taps.firewall.address("tap0", "192.0.2.65/27")
    assert started(taps, 'decapsulate = { "vxlan" }', "--check").returncode == 78
    taps.firewall.ip("address", "del", "192.0.2.65/27", "dev", "tap0")
