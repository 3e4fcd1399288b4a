# SPDX-License-Identifier: GPL-2.0-or-later
"""What time does: ends, extensions, changed answers, connections that outlive their element."""
import time

from clients import connection, dig, fetch, is_blocked, reaches
from lab import wait_for


def test_after_the_lifetime_a_new_connection_is_blocked(world):
    url = "http://short.dormammu.lookback.io:19305/"
    address = reaches(world.client, url).rpartition(":")[2]
    wait_for("the element has ended", lambda: not world.wildset.holds(address), timeout=5)
    # Without a new answer: curl is told the address that it had.
    assert is_blocked(world.client, url, "--resolve", f"short.dormammu.lookback.io:19305:{address}")
    reaches(world.client, url)


def test_a_changed_answer_is_followed(world):
    url = "http://moving.dormammu.lookback.io:19305/"
    old, new = "198.51.100.72", "198.51.100.172"
    assert reaches(world.client, url).endswith(f":{old}")
    world.names.publish("lookback.io", "moving.dormammu", [f"1 A {new}"])
    wait_for("the resolver has the new one", lambda: dig(
        world.client, "moving.dormammu.lookback.io") == [new])
    assert reaches(world.client, url).endswith(f":{new}")
    wait_for("the old one has ended", lambda: not world.wildset.holds(old))
    world.names.publish("lookback.io", "moving.dormammu", [f"1 A {old}"])


def test_an_established_connection_survives_the_end(world):
    """The rules say `ct state established accept`."""
    dig(world.client, "kept.dormammu.lookback.io")
    held = connection(world.client, "198.51.100.71")
    assert fetch(held).endswith("198.51.100.71")
    wait_for("the element has ended", lambda: not world.wildset.holds("198.51.100.71"), timeout=5)
    assert fetch(held).endswith("198.51.100.71")
    held.close()
    assert is_blocked(world.client, "http://kept.dormammu.lookback.io:19305/", "--resolve",
                      "kept.dormammu.lookback.io:19305:198.51.100.71")


def test_asking_again_keeps_the_element_without_a_gap(world):
    """Over three lifetimes, asked often: the address is in the set at every look."""
    dig(world.client, "steady.dormammu.lookback.io")
    wait_for("the address", lambda: world.wildset.holds("198.51.100.73"))
    end = time.monotonic() + 6
    while time.monotonic() < end:
        dig(world.client, "steady.dormammu.lookback.io")
        assert world.wildset.holds("198.51.100.73")
