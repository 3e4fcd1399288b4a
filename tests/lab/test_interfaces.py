# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces that are not there yet, go down, vanish, come back as something else: reported, waited
for, picked up again, and the others never notice."""
import fcntl
import os
import struct

import pytest
from scapy.all import raw

from lab import wait_for
from taps import Taps, ethernet

TUNSETIFF, TUNSETLINK = 0x400454CA, 0x400454CD
IFF_TUN, IFF_TAP, IFF_NO_PI = 0x0001, 0x0002, 0x1000
ARPHRD_PPP = 512  # libpcap takes such in cooked mode


@pytest.fixture(scope="module")
def taps():
    place = Taps(["tap0", "late0"])
    yield place
    place.close()


def is_state(taps, name, state):
    wait_for(f"{name} is {state}", lambda: taps.interface(name).get("state") == state, timeout=15)


def is_read_as(taps, name, link_type):
    """Both at once: for a moment after it has vanished its last state is still told."""
    wait_for(f"{name} is up and {link_type}", lambda: taps.interface(name).get("state") == "up" and
             taps.interface(name)["link_type"] == link_type, timeout=15)


def test_one_that_is_not_there_is_waited_for(taps):
    is_state(taps, "late0", "waiting")
    assert "there is no interface late0" in taps.wildset.ask("status")
    taps.learns_over("tap0", "203.0.113.1")


def test_it_is_read_as_soon_as_it_is_there(taps):
    taps.cable("late0")
    is_read_as(taps, "late0", "EN10MB")
    taps.learns_over("late0", "203.0.113.2")
    taps.learns_over("tap0", "203.0.113.3")


def test_one_that_goes_down_comes_back(taps):
    taps.firewall.ip("link", "set", "late0", "down")
    is_state(taps, "late0", "down")
    taps.learns_over("tap0", "203.0.113.4")
    taps.firewall.ip("link", "set", "late0", "up")
    is_state(taps, "late0", "up")
    taps.learns_over("late0", "203.0.113.5")


def test_one_that_is_down_from_the_start_is_said_to_be(taps):
    """It is there, so its name is right: a cable or `ip link set up` is what it needs."""
    taps.firewall.ip("link", "set", "late0", "down")
    is_state(taps, "late0", "down")
    before = taps.wildset.sniffers()
    taps.wildset.ask("reload")
    wait_for("another sniffer", lambda: taps.wildset.sniffers() not in (before, []))
    is_state(taps, "late0", "down")
    said = taps.wildset.ask("status")
    assert "late0 is down, or has no link" in said and "no interface late0" not in said
    taps.firewall.ip("link", "set", "late0", "up")
    is_state(taps, "late0", "up")


def test_one_whose_carrier_goes_comes_back(taps):
    taps.peer.ip("link", "set", "late0", "down")
    is_state(taps, "late0", "down")
    taps.learns_over("tap0", "203.0.113.6")
    taps.peer.ip("link", "set", "late0", "up")
    is_state(taps, "late0", "up")
    taps.learns_over("late0", "203.0.113.7")


def test_one_that_vanishes_comes_back(taps):
    taps.peer.ip("link", "delete", "late0")
    wait_for("it is missed", lambda: taps.interface("late0").get("state") in ("down", "waiting"))
    taps.learns_over("tap0", "203.0.113.8")
    taps.cable("late0")
    is_state(taps, "late0", "up")
    taps.learns_over("late0", "203.0.113.9")
    taps.learns_over("tap0", "203.0.113.10")


def test_one_that_was_renamed_is_given_up_and_its_successor_read(taps):
    taps.firewall.ip("link", "set", "late0", "down")
    taps.firewall.ip("link", "set", "late0", "name", "early0")
    taps.peer.ip("link", "delete", "late0")
    taps.cable("late0")
    is_state(taps, "late0", "up")
    taps.learns_over("late0", "203.0.113.11")


def test_one_that_is_renamed_while_it_is_read_is_let_go_at_once(taps):
    """Its packets are not those of the interface that the configuration names."""
    def rename(before, after):
        for step in (["down"], ["name", after]):
            taps.firewall.ip("link", "set", before, *step)
        taps.firewall.ip("link", "set", after, "up")
    is_state(taps, "late0", "up")
    rename("late0", "other0")
    wait_for("it is waited for", lambda: taps.interface("late0").get("state") == "waiting", timeout=3)
    assert "there is no interface late0" in taps.wildset.ask("status")
    for number in range(3):
        taps.send("late0", *map(ethernet, taps.exchange(f"r{number}.dormammu.lookback.io", "203.0.113.70")))
    taps.learns_over("tap0", "203.0.113.71")
    assert not taps.wildset.holds("203.0.113.70")
    rename("other0", "late0")
    is_state(taps, "late0", "up")
    taps.learns_over("late0", "203.0.113.72")


def test_one_that_takes_the_name_of_another_is_read(taps):
    """Two interfaces change their names in one go."""
    taps.cable("spare0")
    for interface, name in (("late0", "gone0"), ("spare0", "late0")):
        taps.firewall.ip("link", "set", interface, "down")
        taps.firewall.ip("link", "set", interface, "name", name)
    for interface in ("late0", "gone0"):
        taps.firewall.ip("link", "set", interface, "up")
    taps.learns("203.0.113.73", lambda packets: taps.send("spare0", *map(ethernet, packets)))
    for number in range(3):
        taps.send("late0", *map(ethernet, taps.exchange(f"s{number}.dormammu.lookback.io", "203.0.113.74")))
    taps.learns_over("tap0", "203.0.113.75")
    assert not taps.wildset.holds("203.0.113.74")
    taps.peer.ip("link", "delete", "spare0")
    taps.firewall.ip("link", "set", "gone0", "down")
    taps.firewall.ip("link", "set", "gone0", "name", "late0")
    taps.firewall.ip("link", "set", "late0", "up")
    is_state(taps, "late0", "up")


def test_one_that_comes_back_with_another_link_type(taps):
    """Ethernet once, IP packets without a link layer now."""
    taps.peer.ip("link", "delete", "late0")
    with taps.firewall.entered():
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"late0", IFF_TUN | IFF_NO_PI))
    try:
        taps.firewall.ip("link", "set", "late0", "up")
        is_read_as(taps, "late0", "RAW")
        taps.learns("203.0.113.12", lambda packets: [os.write(tun, raw(packet)) for packet in packets])
        taps.learns_over("tap0", "203.0.113.13")
    finally:
        os.close(tun)
    wait_for("it is missed", lambda: taps.interface("late0").get("state") in ("down", "waiting"))
    taps.learns_over("tap0", "203.0.113.14")


def test_one_whose_link_type_changes_in_place(taps):
    """The same interface, taken down and up: its index stays, the link layer is another."""
    with taps.firewall.entered():
        tap = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", b"late0", IFF_TAP | IFF_NO_PI))

    def send(packets):
        for packet in packets:
            os.write(tap, raw(ethernet(packet)))
    try:
        taps.firewall.ip("link", "set", "late0", "up")
        is_read_as(taps, "late0", "EN10MB")
        taps.learns("203.0.113.15", send)
        taps.firewall.ip("link", "set", "late0", "down")
        fcntl.ioctl(tap, TUNSETLINK, ARPHRD_PPP)
        taps.firewall.ip("link", "set", "late0", "up")
        is_read_as(taps, "late0", "LINUX_SLL")
        taps.learns("203.0.113.16", send)
        taps.learns_over("tap0", "203.0.113.17")
    finally:
        os.close(tap)
