# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains that go on in answers of their own, and what the kernel's filter makes of them."""
import os
import signal
import time

import pytest

from lab import wait_for
from taps import ZONE, Taps, ethernet

CROWD = 200  # exchanges, in far less than a second


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
    answers_end_at_addresses(following, 10)
    answers_end_at_addresses(following, 30)
    assert filter_of(following) == ("port 53", "following"), "chains go on here"


def answers_end_at_addresses(taps, number):
    """So many that this is taken for what is usual here."""
    for address in range(number, number + 16):
        packets = taps.exchange(f"n{address}.{ZONE}", f"203.0.113.{address}")
        taps.send("tap0", *map(ethernet, packets))
    wait_for("the last one", lambda: taps.wildset.holds(f"203.0.113.{number + 15}"), timeout=5)


def is_narrow_after_a_crowd(taps):
    """Of foreign packets, more than being woken for each is worth."""
    packets = [ethernet(packet) for packet in taps.exchange("www.example.org", "203.0.113.200")]
    taps.send("tap0", *packets * CROWD)
    return filter_of(taps) == ("names", None)


def narrow(taps, number):
    answers_end_at_addresses(taps, number)
    wait_for("names alone", lambda: is_narrow_after_a_crowd(taps), every=0.5)


def test_few_packets_all_pass_wherever_chains_end(following):
    answers_end_at_addresses(following, 10)
    for number in range(2):
        time.sleep(1)
        open_chain(following, f"late{number}.{ZONE}", f"late{number}.cdn.example.net", f"203.0.113.{30 + number}")
        assert filter_of(following) == ("port 53", "following")


def test_the_names_are_enough_where_chains_end_at_addresses(following):
    narrow(following, 10)
    following.learns_over("tap0", "203.0.113.40")
    # The next chain widens it; later names are not lost again.
    identity = following.exchange(f"late.{ZONE}", "d.cdn.example.net", "CNAME")
    following.send("tap0", *map(ethernet, identity))
    wait_for("port 53", lambda: filter_of(following) == ("port 53", "following"), timeout=5)
    open_chain(following, f"later.{ZONE}", "e.cdn.example.net", "203.0.113.41")


def follow_known(taps, name, address):
    """What is asked for is the end of a chain that was seen before."""
    taps.send("tap0", *map(ethernet, taps.exchange(name, address)))
    wait_for(address, lambda: taps.wildset.holds(address), timeout=5)


def sniffer(taps):
    sources = taps.wildset.status()["sources"]
    return sources[0]["pid"] if sources and sources[0]["state"] == "running" else None


def test_a_new_sniffer_knows_where_chains_went_on(following):
    open_chain(following, f"before.{ZONE}", "f.cdn.example.net", "203.0.113.50")
    for number, signum in enumerate((signal.SIGHUP, signal.SIGKILL)):
        before = sniffer(following)
        if signum == signal.SIGHUP:
            following.wildset.reload()
        else:
            os.kill(before, signum)
        wait_for("another sniffer", lambda: sniffer(following) not in (None, before), timeout=15)
        follow_known(following, "f.cdn.example.net", f"203.0.113.{51 + number}")
    narrow(following, 60)
    follow_known(following, "f.cdn.example.net", "203.0.113.55")
    assert filter_of(following) == ("names", None), "it is a name like those of the patterns"
