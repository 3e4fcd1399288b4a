# SPDX-License-Identifier: GPL-2.0-or-later
"""Tunnels without a named sender: entered where a mirror port brings them, and nowhere else."""
import time

import pytest

from taps import Taps, ethernet
from test_tunnels import KINDS, by_a_stranger


@pytest.mark.parametrize("interfaces", [["tap0", "tap1"], ["any"]])
def test_anybodys_tunnel_teaches_on_a_mirror_port_alone(interfaces):
    place = Taps(interfaces, capture='mirror = { "tap0" } decapsulate = { "vxlan" }', extra='follow = "answer"')
    try:
        place.cable("tap1")
        place.firewall.address("tap1", "192.0.2.65/27")

        def send(interface):
            return lambda packets: place.send(
                interface, *[ethernet(by_a_stranger(KINDS["vxlan"](packet))) for packet in packets])
        place.learns("203.0.113.1", send("tap0"))
        for turn in range(5):
            send("tap1")(place.exchange(f"o{turn}.dormammu.lookback.io", "203.0.114.1"))
            time.sleep(0.2)
        place.learns("203.0.113.2", send("tap0"))
        assert not place.wildset.holds("203.0.114.1")
    finally:
        place.close()
