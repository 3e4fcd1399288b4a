# SPDX-License-Identifier: GPL-2.0-or-later
"""From an answer to a connection: what gets through the firewall, and what does not."""
import re

import pytest

from clients import dig, getent, is_blocked, reaches, udp_echo
from lab import wait_for


@pytest.mark.parametrize("name,address", [
    ("www.lookback.io", "198.51.100.91"),
    ("notdormammu.lookback.io", "198.51.100.90"),
    ("dormammu.lookback.io.evil.example", "198.51.100.92"),
])
def test_a_name_outside_the_patterns_stays_blocked(world, name, address):
    assert is_blocked(world.client, f"http://{name}:19305/")
    assert dig(world.client, name) == [address], "the name resolves: it is the rules that blocked"
    assert not world.wildset.holds(address)


@pytest.mark.parametrize("option,address", [
    ("-4", "198.51.100.11"),
    ("-6", "2001:db8:100::11"),
])
def test_a_name_below_the_wildcard_connects(world, option, address):
    for port in (19305, 22466):
        url = f"http://eu1.dormammu.lookback.io:{port}/"
        assert reaches(world.client, url, option) == address.replace("198", "::ffff:198", 1)
    reaches(world.client, "https://eu1.dormammu.lookback.io/", option, "--cacert", world.crt)
    assert world.wildset.holds(address)


def test_what_the_resolver_library_asks_is_granted(world):
    """getaddrinfo asks for both families at once, from one port."""
    addresses = getent(world.client, "eu1.dormammu.lookback.io")
    assert addresses == {"198.51.100.11", "2001:db8:100::11"}
    wait_for("both families", lambda: all(world.wildset.holds(address) for address in addresses))


@pytest.mark.parametrize("name,address", [
    ("four.dormammu.lookback.io", "198.51.100.14"),
    ("six.dormammu.lookback.io", "2001:db8:100::16"),
])
def test_only_the_services_are_let_through(world, name, address):
    dig(world.client, name, "AAAA" if ":" in address else "A")
    wait_for(f"{address} in the set", lambda: world.wildset.holds(address))
    for port in range(19305, 19310):
        assert udp_echo(world.client, address, port), f"UDP {port} is a service"
    assert is_blocked(world.client, f"http://{name}:8080/")


def test_nothing_is_open_before_the_answer(world):
    """The address alone opens nothing: the client never asked for the name."""
    url = "http://before.dormammu.lookback.io:19305/"
    assert is_blocked(world.client, url, "--resolve", "before.dormammu.lookback.io:19305:198.51.100.64")
    reaches(world.client, url)


def test_the_apex_connects(world):
    reaches(world.client, "http://dormammu.lookback.io:19305/", "-4")
    reaches(world.client, "http://dormammu.lookback.io:19305/", "-6")


def test_two_labels_below_the_wildcard_connect(world):
    reaches(world.client, "http://a.b.dormammu.lookback.io:19305/")


def test_every_address_of_an_answer_is_granted(world):
    addresses = dig(world.client, "many.dormammu.lookback.io")
    assert len(addresses) == 3
    wait_for("all three", lambda: all(world.wildset.holds(address) for address in addresses))


def test_case_of_the_question_does_not_matter(world):
    """As a resolver that mixes case against forgery asks."""
    dig(world.client, "lOnG.DoRmAmMu.LoOkBaCk.Io")
    wait_for("the address", lambda: world.wildset.holds("198.51.100.66"))


def test_an_alias_out_of_the_zone_connects(world):
    assert reaches(world.client, "http://out.dormammu.lookback.io:19305/", "-4").endswith("203.0.113.20")
    assert reaches(world.client, "http://out.dormammu.lookback.io:19305/", "-6") == "2001:db8:100::20"
    assert world.wildset.elements()["203.0.113.20"][2] == "out.dormammu.lookback.io"


def test_the_least_ttl_of_a_chain_of_aliases_counts(world):
    """Three aliases of 300 s, and an address of 2 s at the end."""
    dig(world.client, "hop.dormammu.lookback.io")
    timeout = wait_for("203.0.113.33", lambda: world.wildset.elements().get("203.0.113.33"))[0]
    assert timeout <= 2


def test_hints_of_an_https_record_are_granted(world):
    assert "ipv4hint=198.51.100.44" in dig(world.client, "hint.dormammu.lookback.io", "HTTPS")[0]
    wait_for("both hints", lambda: world.wildset.holds("198.51.100.44")
             and world.wildset.holds("2001:db8:100::44"))
    reaches(world.client, "http://hint.dormammu.lookback.io:19305/", "--resolve",
            "hint.dormammu.lookback.io:19305:198.51.100.44")


def test_the_target_of_an_https_alias_is_followed(world):
    """The alias's target is asked for by its own name, which no pattern covers."""
    assert dig(world.client, "far.example.net") == ["203.0.113.40"]
    assert not world.wildset.holds("203.0.113.40")
    assert dig(world.client, "alias.dormammu.lookback.io", "HTTPS") == ["0 far.example.net."]
    dig(world.client, "far.example.net")
    wait_for("the target's address", lambda: world.wildset.holds("203.0.113.40"))


def test_answers_over_ipv6_count(world):
    dig(world.client, "anycast.dormammu.lookback.io", "A", "@2001:db8:53::53")
    wait_for("the address", lambda: world.wildset.holds("198.51.100.65"))


@pytest.mark.parametrize("name,address,reason", [
    ("inner.dormammu.lookback.io", "127.0.0.1", "special-address"),
    ("local.dormammu.lookback.io", "10.1.2.3", "private-address"),
])
def test_special_and_private_addresses_are_refused(world, name, address, reason):
    assert dig(world.client, name) == [address]
    wait_for("the refusal is counted", lambda: world.wildset.refused(reason) == 1)
    assert not world.wildset.holds(address)


def test_the_set_shows_address_time_and_name(world):
    reaches(world.client, "http://shown.dormammu.lookback.io:19305/")
    shown = " ".join(world.wildset.show().split())
    assert re.search(r"198\.51\.100\.67 timeout (5m|4m59s\d+ms) expires 4m5\d"
                     r's(\d+ms)? comment "shown\.dormammu\.lookback\.io"', shown), shown
