# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains that go on in answers of their own, and what the kernel's filter makes of them."""
import pytest

from lab import wait_for
from taps import ZONE, Taps, ethernet


@pytest.fixture
def following():
    place = Taps(["tap0"])
    yield place
    place.close()


def open_chain(taps, name, target, address):
    """The chain, and what its end is asked for and answers, without a moment in between."""
    taps.send("tap0", *map(ethernet, taps.exchange(name, target, "CNAME") + taps.exchange(target, address)))
    wait_for(address, lambda: taps.wildset.holds(address), timeout=5)


def filter_of(taps):
    interface = taps.interface("tap0")
    return interface.get("filter"), interface.get("filter_reason")


def test_no_question_is_lost_when_a_chain_goes_on(following):
    assert filter_of(following) == ("port 53", "following")
    open_chain(following, f"first.{ZONE}", "a.cdn.example.net", "203.0.113.1")
    open_chain(following, f"second.{ZONE}", "b.cdn.example.net", "203.0.113.2")
    open_chain(following, "b.cdn.example.net", "c.cdn.example.net", "203.0.113.3")
    for number in range(20):
        following.learns_over("tap0", f"203.0.113.{10 + number}")
    assert filter_of(following) == ("port 53", "following"), "chains go on here"


def test_the_names_are_enough_where_chains_end_at_addresses(following):
    for number in range(16):
        following.learns_over("tap0", f"203.0.113.{10 + number}")
    wait_for("names alone", lambda: filter_of(following) == ("names", None), timeout=5)
    following.learns_over("tap0", "203.0.113.40")
    # The next chain widens it; later names are not lost again.
    identity = following.exchange(f"late.{ZONE}", "d.cdn.example.net", "CNAME")
    following.send("tap0", *map(ethernet, identity))
    wait_for("port 53", lambda: filter_of(following) == ("port 53", "following"), timeout=5)
    open_chain(following, f"later.{ZONE}", "e.cdn.example.net", "203.0.113.41")
