# SPDX-License-Identifier: GPL-2.0-or-later
"""Advice is followed as an administrator would, to the letter where it is a command or a line of the
configuration, and then what it was about is well.  tests/golden/advice.py has the list of all advice."""
import re
import subprocess

import pytest

import appliance
import conftest
from clients import dig, is_blocked, reaches
from lab import wait_for

EU1, EU1_ADDRESS = "eu1.dormammu.lookback.io", "198.51.100.11"
HOME = {"set4": "inet filter lookback4", "set6": "inet filter lookback6", "extra": ""}


@pytest.fixture(scope="module")
def place():
    world = conftest.build("path")
    try:
        world.firewall.load()
        world.wildset.start()
        yield world
        assert world.wildset.stop() == 0, world.wildset.log()
    finally:
        world.network.close()


@pytest.fixture(autouse=True)
def as_before(place):
    yield
    place.wildset.configure(**HOME, names=["dormammu.lookback.io", "*.dormammu.lookback.io"],
                            interfaces=["lan"], resolvers=["192.0.2.53", "2001:db8:53::53", "192.0.2.54"])
    reload(place)
    place.firewall.load()
    wait_for("all is well", lambda: is_well(place))


def reload(place):
    place.wildset.ask("reload")


def configure(place, **settings):
    place.wildset.configure(**settings)
    reload(place)


def advice(place, about):
    """What status says, as one line; waited for."""
    def lines():
        return [line for line in place.wildset.ask("status").splitlines()
                if line.startswith("! ") and about in line]
    return wait_for(f"advice about {about}", lambda: next(iter(lines()), None))


def is_well(place):
    return "! inet" not in place.wildset.ask("status")


def learns(place, name=EU1, address=EU1_ADDRESS):
    wait_for(f"{name} is learned", lambda: dig(place.client, name) and place.wildset.holds(address), every=0.1)


def shell(place, command):
    return place.firewall.host.run("sh", "-euc", command).stdout


def test_a_set_that_the_administrator_is_to_make(place):
    configure(place, set4="inet filter mine4", extra="create = false")
    command = re.search(r"`(nft 'add set inet filter mine4 [^']*')`", advice(place, "mine4: does not exist")).group(1)
    shell(place, command)
    wait_for("the set is used", lambda: is_well(place))
    learns(place)


@pytest.mark.parametrize("shape", ["{ type ipv6_addr; flags timeout; }", "{ type ipv4_addr; }",
                                   "{ type ipv4_addr . inet_service; flags timeout; }"])
def test_a_set_that_is_something_else(place, shape):
    """It stays, with what is in it; another one is made beside it."""
    shell(place, f"nft 'add set inet filter other4 {shape}'")
    before = shell(place, "nft list set inet filter other4")
    configure(place, set4="inet filter other4")
    said = advice(place, "inet filter other4")
    assert "name another set of that table" in said and "delete" not in said
    configure(place, set4="inet filter another4")
    learns(place)
    assert shell(place, "nft list set inet filter other4") == before


def test_a_wrong_set_that_wildset_is_not_to_make(place):
    shell(place, "nft 'add set inet filter other4 { type ipv6_addr; flags timeout; }'")
    configure(place, set4="inet filter other4", extra="create = false")
    shape = re.search(r"make another one, `([^`]*)`", advice(place, "inet filter other4")).group(1)
    shell(place, f"nft 'add set inet filter right4 {shape}'")
    configure(place, set4="inet filter right4")
    learns(place)


def test_a_table_that_is_another_programs(place):
    """nft owns it for as long as it runs."""
    with subprocess.Popen(place.firewall.host.argv("nft", "-i"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True) as owner:
        owner.stdin.write("add table inet owned { flags owner; }\n"
                          "add set inet owned lookback4 { type ipv4_addr; flags timeout; }\n")
        owner.stdin.flush()
        wait_for("the table", lambda: "lookback4" in place.firewall.host.run("nft", "list", "ruleset").stdout)
        configure(place, set4="inet owned lookback4")
        said = advice(place, "inet owned lookback4")
        assert "name a set in another table" in said and "delete" not in said
        configure(place, set4="inet filter lookback4")
        learns(place)
        owner.stdin.close()


def test_an_interface_without_a_link(place):
    """Up, but nothing at the other end: setting it up once more does nothing, and the other end does."""
    host = place.firewall.host
    host.ip("link", "add", "spare", "type", "veth", "peer", "name", "far-end")
    host.ip("link", "set", "spare", "up")
    try:
        configure(place, interfaces=["lan", "spare"])
        said = advice(place, "spare is down, or has no link")
        assert "NO-CARRIER" in host.run("ip", "link", "show", "spare").stdout and "NO-CARRIER" in said
        host.ip("link", "set", "far-end", "up")
        wait_for("the link", lambda: "spare is down" not in place.wildset.ask("status"), timeout=15)
        host.ip("link", "set", "spare", "down")
        shell(place, re.search(r"else `([^`]*)`", advice(place, "spare is down")).group(1))
        wait_for("the link", lambda: "spare is down" not in place.wildset.ask("status"), timeout=15)
    finally:
        configure(place, interfaces=["lan"])
        host.ip("link", "delete", "spare")


def explained(place, subject):
    return place.firewall.host.run(appliance.WILDSET, "explain", subject, check=False).stdout


@pytest.mark.parametrize("name,address,extra,follow", [
    ("local.dormammu.lookback.io", "10.1.2.3", "", "private-addresses = true"),
    (EU1, EU1_ADDRESS, 'refuse = { "198.51.100.11/32" }', "")])
def test_a_name_whose_addresses_are_refused(place, name, address, extra, follow):
    configure(place, extra=extra)
    wait_for("it is refused", lambda: dig(place.client, name) and "were refused" in explained(place, name), every=0.1)
    said = explained(place, name)
    assert "Query it on a client" not in said and address in said
    assert (follow or "remove its prefix from refuse") in said
    configure(place, extra=follow)
    learns(place, name, address)


def test_an_address_in_the_administrators_interval(place):
    """It is let through, by no doing of wildset's: explain says both."""
    shell(place, """nft -f - <<'END'
table inet filter {
    set wide4 { type ipv4_addr; flags interval, timeout; auto-merge; elements = { 198.51.100.64/27 }; }
}
END""")
    configure(place, set4="inet filter wide4")
    wait_for("the set is used", lambda: is_well(place))
    said = explained(place, "198.51.100.70")
    assert "is allowed" in said and "an interval not managed by wildset" in said and "not allowed" not in said


@pytest.mark.parametrize("pattern,finding,name,address", [
    ("*.dormammu.lookback.io", "matches the names below it but not", "dormammu.lookback.io", "198.51.100.1"),
    ("b.dormammu.lookback.io", "matches that name only", "a.b.dormammu.lookback.io", "198.51.100.12"),
    ("eu1.dormammu.lookback.io", "is below this name", "dormammu.lookback.io", "198.51.100.1"),
    ("eu1.dormammu.lookback.io", "is beside this name", "four.dormammu.lookback.io", "198.51.100.14")])
def test_a_name_beside_the_pattern(place, pattern, finding, name, address):
    configure(place, names=[pattern])
    line = re.search(rf'{re.escape(pattern)} {finding}.*add "([^"]*)"', explained(place, name)).group(1)
    configure(place, names=[pattern, line])
    learns(place, name, address)


def test_a_star_before_the_pattern(place):
    name, pattern = "a.b.dormammu.lookback.io", "b.dormammu.lookback.io"
    configure(place, names=[pattern])
    prefix = re.search(r'matches that name only.*or "([^"]*)" before the pattern', explained(place, name)).group(1)
    configure(place, names=[prefix + pattern])
    learns(place, name, "198.51.100.12")


def test_a_full_set(place):
    configure(place, extra="max-addresses = 2")
    dig(place.client, "many.dormammu.lookback.io")
    assert "raise max-addresses" in advice(place, "inet filter lookback4 is full")
    configure(place, extra="max-addresses = 9")
    learns(place, "many.dormammu.lookback.io", "198.51.100.23")
    assert is_well(place)


def test_a_resolver_that_is_not_believed(place):
    configure(place, resolvers=["192.0.2.54"])
    wait_for("it asks", lambda: dig(place.client, EU1) and "not trusted" in place.wildset.ask("status"), every=0.1)
    line = re.search(r"`(resolvers \+= \{ [^}]* \})`", advice(place, "not trusted")).group(1)
    good = place.wildset.file.read_text(encoding="ascii")
    place.wildset.file.write_text(good.replace("whitelist lookback", f"capture {{\n {line}\n}}\nwhitelist lookback", 1),
                                  encoding="ascii")
    reload(place)
    learns(place)


def test_the_rules_as_they_say(place):
    """From a ruleset that drops: what `wildset rules` prints is loaded, and its last line done."""
    shell(place, "nft 'flush ruleset; table inet filter { chain forward { type filter hook forward priority filter;"
          " policy drop; ct state established,related accept; meta l4proto { tcp, udp } th dport 53 accept; }; }'")
    learns(place)
    url = f"http://{EU1}:19305/"
    assert is_blocked(place.client, url)
    ruleset = place.firewall.rules()
    place.firewall.host.run("nft", "-f", "-", text_input=ruleset)
    shell(place, re.search(r"^# +(nft insert rule .*)$", ruleset, re.M).group(1))
    reaches(place.client, url, "-4")
