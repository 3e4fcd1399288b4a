# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is believed where nobody is named: the servers that the system names and well-known public ones,
and nobody else, whoever asks them."""
import json
import os
import pathlib
import types

import pytest

import appliance
import lab
from lab import wait_for

DOMAIN = "dormammu.lookback.io"
LIE = "203.0.113.66"  # what each server here says for every name
PUBLIC = ("9.9.9.9", "1.1.1.1", "8.8.8.8", "2620:fe::fe")
ANOTHER = "192.0.2.55"  # a resolver of the site, of which the firewall is not told
STRANGER = "203.0.113.53"  # somebody's own, out there
RESOLV_CONF = pathlib.Path("/run/lab", pathlib.Path("/etc/resolv.conf").resolve().name)


def serve(host, interface, address, port=53):
    if interface:
        host.address(interface, f"{address}/{128 if ':' in address else 32}")
    script = pathlib.Path(__file__).with_name("liar.py")
    program = host.start("/usr/bin/python3", "-B", script, address, "lie", port,
                         log=f"dns-{address}-{port}.log")
    wait_for(f"the server on {address}", lambda: "ready" in program.log.read_text())


@pytest.fixture(scope="module")
def place():
    network = lab.Network("path")
    text = RESOLV_CONF.read_text(encoding="ascii")
    try:
        firewall, resolver = network.firewall, network.resolver
        for address in (*PUBLIC, ANOTHER):
            firewall.ip("route", "add", address, "via", "2001:db8:53::53" if ":" in address else lab.RESOLVER4)
            serve(resolver, "lo", address)
        serve(resolver, None, lab.RESOLVER4)
        serve(network.server, None, STRANGER)
        wildset = appliance.Wildset(firewall, interfaces=["any"], resolvers=[])
        wildset.start()
        yield types.SimpleNamespace(network=network, client=network.client, host=firewall, wildset=wildset)
        assert wildset.stop() == 0, wildset.log()
    finally:
        RESOLV_CONF.write_text(text, encoding="ascii")
        network.close()


def taught_by(place, name):
    """The server from which an address of this name was learned."""
    return [lease["resolver"] for lease in place.wildset.list() if lease["name"] == name]


def forget(place):
    if place.wildset.holds(LIE):
        place.wildset.ask("forget", LIE)


def ask(host, name, server, *prefix):
    return host.run(*prefix, "dig", "+short", "+time=2", "+tries=2", f"@{server}", name, "A").stdout.split()


@pytest.mark.parametrize("server", (lab.RESOLVER4, *PUBLIC))
def test_the_systems_and_public_servers_are_believed(place, server):
    forget(place)
    name = f"m{server.replace(':', '-').replace('.', '-')}.{DOMAIN}"
    assert ask(place.client, name, server) == [LIE]
    wait_for("it is learned", lambda: taught_by(place, name) == [server])


def test_a_users_own_server_is_not_believed(place):
    """On this very machine, without privileges."""
    forget(place)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    before = place.wildset.refused("untrusted-resolver")
    name = f"x.{DOMAIN}"
    assert ask(place.host, name, STRANGER, *(nobody if os.environ["WILDSET_LAB"] == "root" else ())) == [LIE]
    wait_for("it is refused", lambda: place.wildset.refused("untrusted-resolver") > before)
    assert not place.wildset.holds(LIE)


def test_a_clients_own_server_is_not_believed(place):
    forget(place)
    before = place.wildset.refused("untrusted-resolver")
    assert ask(place.client, f"y.{DOMAIN}", STRANGER) == [LIE]
    wait_for("it is refused", lambda: place.wildset.refused("untrusted-resolver") > before)
    assert not place.wildset.holds(LIE)


def test_who_is_believed_is_said(place):
    said = rf"trusted resolvers: {lab.RESOLVER4} (/etc/resolv.conf), "
    assert said in place.wildset.log()
    assert said in place.wildset.ask("status")
    assert "capture.resolvers is not set" in place.wildset.log()
    trusted = place.wildset.status()["trusted"]
    assert trusted["default"] and trusted["public"] > 100 and trusted["named"] == []
    assert trusted["system"] == [{"resolver": lab.RESOLVER4, "file": "/etc/resolv.conf"}]


def test_any_interface_is_no_trouble_that_lasts(place):
    assert place.wildset.status()["warnings"] == []


def finding(place, server):
    return next((seen for seen in place.wildset.status()["resolvers"]
                 if seen["resolver"] == server and "finding" in seen), None)


def test_a_server_that_clients_ask_is_found_with_the_line_to_add(place):
    """Advice is a question of fact, told once in the log; what fits no question is worth none."""
    assert ask(place.client, f"again.{DOMAIN}", STRANGER) == [LIE]
    wait_for("it is found", lambda: finding(place, STRANGER))
    said = finding(place, STRANGER)
    assert said["finding"] == "unnamed" and not said["believed"] and said["answers"] == 0
    assert said["clients"] == 2 and said["untrusted"] >= 3
    ready = f'resolvers += {{ "{STRANGER}" }}'
    assert place.wildset.log().count(ready) == 1
    text = place.wildset.host.run(appliance.WILDSET, "status", check=False).stdout
    assert f"answers for again.{DOMAIN} from {STRANGER} are not trusted" in text
    assert "only if it is your resolver" in text and ready in text
    doctor = json.loads(place.host.run(appliance.WILDSET, "doctor", "--json", "--config", place.wildset.file,
                                       check=False, timeout=60).stdout)
    assert any(check["id"] == "resolver" and ready in check.get("advice", "") for check in doctor["checks"])


def test_the_line_added_is_right(place):
    """After it the default ones are still believed, and it is nobody's finding any more."""
    forget(place)
    assert ask(place.client, f"site.{DOMAIN}", ANOTHER) == [LIE]
    wait_for("it is found", lambda: finding(place, ANOTHER))
    assert not place.wildset.holds(LIE)
    place.wildset.configure(capture=f'resolvers += {{ "{ANOTHER}" }}')
    place.wildset.reload()
    try:
        wait_for("it is in force", lambda: place.wildset.status()["trusted"]["named"] == [ANOTHER])
        assert finding(place, ANOTHER) is None
        for number, server in enumerate((ANOTHER, "9.9.9.9", lab.RESOLVER4)):
            forget(place)
            name = f"added{number}.{DOMAIN}"
            wait_for(f"{server} is believed",
                     lambda: ask(place.client, name, server) and taught_by(place, name) == [server], every=0.3)
    finally:
        place.wildset.configure(capture="")
        place.wildset.reload()
        wait_for("it is as before", lambda: place.wildset.status()["trusted"]["named"] == [])


def told(place):
    return place.wildset.log().count("trusted resolvers: ")


def test_a_server_that_the_system_names_later_is_believed_then(place):
    """And a file that changes all the time makes neither a storm of lines nor of sniffers."""
    forget(place)
    assert ask(place.client, f"early.{DOMAIN}", ANOTHER) == [LIE]
    sniffer, lines = place.wildset.sniffers(), told(place)
    RESOLV_CONF.write_text(f"nameserver {ANOTHER}\nnameserver {lab.RESOLVER4}\n", encoding="ascii")
    wait_for("it is said", lambda: told(place) == lines + 1, timeout=15)
    wait_for("another sniffer reads", lambda: place.wildset.sniffers() != sniffer)
    assert not place.wildset.holds(LIE)
    assert ask(place.client, f"later.{DOMAIN}", ANOTHER) == [LIE]
    wait_for("it is learned", lambda: taught_by(place, f"later.{DOMAIN}") == [ANOTHER])

    sniffer = place.wildset.sniffers()
    for number in range(14):
        RESOLV_CONF.write_text(f"nameserver 192.0.2.{100 + number}\n", encoding="ascii")
        lab.time.sleep(1)
    assert told(place) == lines + 1
    assert place.wildset.sniffers() == sniffer


def test_the_system_is_not_asked_where_resolvers_are_named(place):
    """Anybody on purpose, too: believed, and warned of."""
    for resolvers, believed in (([lab.RESOLVER4], False), (["0.0.0.0/0", "::/0"], True)):
        place.wildset.configure(resolvers=resolvers)
        place.wildset.ask("reload")
        assert place.wildset.status()["trusted"]["named"] == resolvers
        forget(place)
        name = f"{'any' if believed else 'named'}.{DOMAIN}"

        def learned():
            ask(place.client, name, "9.9.9.9")
            return taught_by(place, name)
        if believed:
            wait_for("it is learned", learned)
        else:
            lab.time.sleep(0.5)
            assert not learned()
        assert bool(place.wildset.status()["warnings"]) == believed
    assert "trusts nearly any server" in place.wildset.log()


def test_a_resolver_at_another_port_is_believed_where_it_is_named(place):
    """What passes the kernel's filter, too; and its port 53 is another one's."""
    serve(place.network.resolver, None, lab.RESOLVER4, port=5335)
    place.wildset.configure(resolvers=[f"{lab.RESOLVER4}@5335"])
    place.wildset.ask("reload")
    assert place.wildset.status()["trusted"]["named"] == [f"{lab.RESOLVER4}@5335"]
    forget(place)
    for name, options in (("udp", ()), ("tcp", ("+tcp",))):
        assert place.client.run("dig", "+short", "-p", "5335", *options, f"@{lab.RESOLVER4}", f"{name}.{DOMAIN}",
                                "A").stdout.split()
        wait_for("it is learned", lambda: taught_by(place, f"{name}.{DOMAIN}") == [lab.RESOLVER4])
    before = place.wildset.refused("untrusted-resolver")
    assert ask(place.client, f"fiftythree.{DOMAIN}", lab.RESOLVER4) == [LIE]
    wait_for("it is refused", lambda: place.wildset.refused("untrusted-resolver") > before)
    assert not taught_by(place, f"fiftythree.{DOMAIN}")
