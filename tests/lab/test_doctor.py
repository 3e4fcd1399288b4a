# SPDX-License-Identifier: GPL-2.0-or-later
"""`wildset doctor`: a firewall and a server that are well, and each thing that can be wrong with them."""
import json
import os
import pathlib
import re
import signal
import types

import pytest

import appliance
import endpoint
import lab
import names
from clients import dig
from lab import command, wait_for

DOMAIN = "dormammu.lookback.io"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
# In front of all that accepts.
FORBID = f"""
table inet forbid {{
    chain forward {{
        type filter hook forward priority filter - 10;
        ip daddr {endpoint.address4('forbidden')} reject with icmp type admin-prohibited
    }}
}}
"""


# ---- the place ----

def authority(folder, name):
    command("openssl", "req", "-x509", *KEY, "-days", "2", "-subj", f"/O=Lab/CN={name} CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-out", f"{folder}/{name}-ca.crt",
            "-keyout", f"{folder}/{name}-ca.key")


def certificate(folder, name, ca, subject=f"*.{DOMAIN}", days=2):
    command("openssl", "req", *KEY, "-subj", f"/CN={subject}", "-addext", f"subjectAltName=DNS:{subject}",
            "-out", f"{folder}/{name}.csr", "-keyout", f"{folder}/{name}.key")
    command("openssl", "x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/{ca}-ca.crt",
            "-CAkey", f"{folder}/{ca}-ca.key", "-copy_extensions", "copy", "-days", str(days),
            "-out", f"{folder}/{name}.crt")


def certificates(folder):
    folder.mkdir()
    authority(folder, "good")
    authority(folder, "inspection")
    certificate(folder, "server", "good")
    certificate(folder, "inspection", "inspection")
    certificate(folder, "other", "good", "www.example.net")
    certificate(folder, "expired", "good", days=-1)
    command("openssl", "req", "-x509", *KEY, "-days", "2", "-subj", f"/CN=*.{DOMAIN}", "-addext",
            f"subjectAltName=DNS:*.{DOMAIN}", "-out", f"{folder}/selfsigned.crt", "-keyout",
            f"{folder}/selfsigned.key")


def publish(zone):
    """All names at once; nsd reads its zones again with each one that is published."""
    zone.records["lookback.io"] += [f"{name}.dormammu 300 A {endpoint.address4(name)}"
                                    for name in endpoint.HOSTS]
    zone.publish("lookback.io", "well.dormammu", (f"300 A {endpoint.address4('well')}",
                                                  f"300 AAAA {endpoint.address6('well')}"))


@pytest.fixture(scope="module")
def place():
    network = lab.Network("path")
    try:
        folder = network.folder / "certificates"
        certificates(folder)
        zone = names.Names(network.resolver, network.folder)
        publish(zone)
        wildset = appliance.Wildset(network.firewall, interfaces=["lan"])
        firewall = appliance.Firewall(network.firewall, wildset, "table")
        server = network.server.start("/usr/bin/python3", "-B",
                                      pathlib.Path(__file__).with_name("endpoint.py"), folder,
                                      log="endpoint.log")
        wait_for("the endpoint", lambda: "ready" in server.log.read_text() or server.poll() is not None)
        assert server.poll() is None, server.log.read_text()
        network.server.run("nft", "add table inet way; add chain inet way in "
                           "{ type filter hook input priority 0; }; "
                           f"add rule inet way in ip daddr {endpoint.address4('silent')} drop")
        load(types.SimpleNamespace(firewall=firewall, wildset=wildset))
        wildset.start()
        yield types.SimpleNamespace(network=network, client=network.client, host=network.firewall,
                                    wildset=wildset, firewall=firewall, folder=folder)
        assert wildset.stop() == 0, wildset.log()
    finally:
        network.close()


def load(place, accept=None):
    """The administrator's ruleset; `accept` takes the place of what `wildset rules` prints."""
    text = appliance.RULESET.format(resolver4=lab.RESOLVER4, resolver6=lab.RESOLVER6,
                                    accept=accept or "") + FORBID
    if accept is None:
        text += place.firewall.rules() + appliance.JUMP
    place.firewall.host.run("nft", "-f", "-", text_input=text)


class Findings:
    """What the doctor says: exit status, and its checks by id."""

    def __init__(self, host, *arguments, wrapper=()):
        done = host.run(*wrapper, appliance.WILDSET, "doctor", "--json", *arguments, check=False, timeout=60)
        assert done.returncode in (0, 1), done.stderr
        assert done.stderr == "", done.stderr
        self.status = done.returncode
        self.checks = json.loads(done.stdout)["checks"]
        assert all(check["state"] in ("ok", "warning", "failure") for check in self.checks)
        assert (self.status == 1) == any(check["state"] == "failure" for check in self.checks)

    def of(self, name):
        return [check for check in self.checks if check["id"] == name]

    def has(self, name, state, pattern, advice=""):
        """A finding with this state, text and advice; gives it back."""
        for check in self.of(name):
            if check["state"] == state and re.search(pattern, check["text"]) and \
                    re.search(advice, check.get("advice", "")):
                return check
        raise AssertionError(f"no {state} of {name} says {pattern!r}, {advice!r}:\n" +
                             "\n".join(map(str, self.checks)))

    def worst(self, name):
        states = [check["state"] for check in self.of(name)]
        assert states, f"nothing is said of {name}"
        return max(states, key=("ok", "warning", "failure").index)


def on_firewall(place, *arguments):
    return Findings(place.host, "--config", place.wildset.file, *arguments)


def from_client(place, name, *arguments):
    return Findings(place.client, "--host-only", "--config", place.wildset.file, "--timeout", "2",
                    "--ca", place.folder / "good-ca.crt", *arguments, f"{name}.{DOMAIN}")


# ---- the firewall ----

def test_a_firewall_that_is_well(place):
    dig(place.client, f"well.{DOMAIN}")
    dig(place.client, f"well.{DOMAIN}", "AAAA")
    wait_for("the counters", lambda: place.wildset.status()["sources"][0]["counters"]["learned"] > 0)
    found = on_firewall(place)
    for name in ("configuration", "daemon", "source", "interface", "dns", "resolver", "set", "rules",
                 "sandbox"):
        assert found.worst(name) == "ok", found.of(name)
    assert len(found.of("sandbox")) == 2, "the daemon and its sniffer"
    found.has("sandbox", "ok", r"wildsetd .*CapPrm 3000, CapEff 1000, NoNewPrivs 1, Seccomp 2")
    found.has("sandbox", "ok", r"sniffer .*CapPrm 0, CapEff 0, NoNewPrivs 1, Seccomp 2")
    found.has("interface", "ok", r"^lan is up, link type EN10MB")
    found.has("offload", "ok", r"^lan: LRO is off")
    found.has("resolver", "ok", rf"^{lab.RESOLVER4} on lan: \d+ answers learned")
    found.has("rules", "ok", "all services of lookback are accepted")
    found.has("rules", "ok", "4 rules use inet filter lookback4")
    found.of("clock")
    assert found.status == 0


def test_what_a_person_reads(place):
    done = place.host.run(appliance.WILDSET, "doctor", "--config", place.wildset.file, check=False)
    lines = done.stdout.splitlines()
    assert "\033" not in done.stdout, "no colour but on a terminal"
    assert any(re.match(r"ok       wildsetd [0-9.]+ answers at ", line) for line in lines)
    assert re.match(r"\d+ ok, \d+ warnings?, 0 failures$", lines[-1])
    # On a terminal in colour, unless NO_COLOR says otherwise.
    script = f"{appliance.WILDSET} doctor --config {place.wildset.file}"
    shown = place.host.run("script", "-qec", script, "/dev/null", check=False).stdout
    assert "\033[32mok\033[0m" in shown
    shown = place.host.run("env", "NO_COLOR=1", "script", "-qec", script, "/dev/null", check=False).stdout
    assert "\033" not in shown


def test_no_rule_uses_the_sets(place):
    load(place, accept="tcp dport 9 accept")
    try:
        found = on_firewall(place)
    finally:
        load(place)
    found.has("rules", "failure", "no rule uses inet filter lookback4", "wildset rules lookback")
    found.has("rules", "failure", r"tcp 443 over IPv6 .* is dropped: inet filter forward, by its policy")


def test_one_service_is_left_out(place):
    load(place, accept="tcp dport { 19305, 22466, 443 } accept")
    try:
        found = on_firewall(place)
    finally:
        load(place)
    found.has("rules", "failure", r"^udp 19305-19309 over IPv4 .* is dropped")
    assert not any("tcp" in check["text"] and check["state"] == "failure" for check in found.of("rules")
                   if "over" in check["text"])


def test_marked_and_accepted_by_the_mark(place):
    place.wildset.configure(set4="inet wildset lookback4", set6="inet wildset lookback6")
    place.wildset.reload()
    rules = place.wildset.ask("rules", "--config", place.wildset.file, "--shape", "mark", "lookback")
    try:
        wait_for("the sets", lambda: "inet wildset lookback4" in place.wildset.ask("status"))
        load(place, accept="tcp dport 9 accept")
        place.host.run("nft", "-f", "-", text_input=rules)
        marked = on_firewall(place)
        place.host.run("nft", "insert rule inet filter forward " + appliance.ACCEPT_MARK)
        accepted = on_firewall(place)
    finally:
        place.host.run("nft", "delete table inet wildset", check=False)
        place.wildset.configure(**appliance.Firewall.SETS["table"])
        place.wildset.reload()
        load(place)
    marked.has("rules", "failure", r"udp 19305-19309 over IPv4 .* is dropped")
    accepted.has("rules", "ok", "all services of lookback are accepted")


def test_an_interface_that_is_down(place):
    place.host.ip("link", "add", "spare", "type", "veth", "peer", "name", "spare-in")
    place.wildset.configure(interfaces=["lan", "spare", "absent0"])
    place.wildset.reload()
    try:
        wait_for("both are waited for", lambda: "absent0" in place.wildset.ask("status"))
        found = on_firewall(place)
    finally:
        place.wildset.configure(interfaces=["lan"])
        place.wildset.reload()
        place.host.ip("link", "delete", "spare")
    found.has("interface", "failure", "absent0", "ip link")
    found.has("interface", "failure", "spare", "ip link|is used as soon as")
    wait_for("as before", lambda: "spare" not in place.wildset.ask("status"))


def test_a_set_that_is_missing(place):
    good = place.wildset.file.read_text(encoding="ascii")
    place.wildset.file.write_text(
        good.replace('"inet filter lookback6"', '"inet filter nosuch6"\n    create = false'), encoding="ascii")
    place.wildset.reload()
    try:
        wait_for("the set is missed", lambda: "nosuch6" in place.wildset.ask("status"))
        found = on_firewall(place)
    finally:
        place.wildset.file.write_text(good, encoding="ascii")
        place.wildset.reload()
    found.has("set", "failure", "inet filter nosuch6", "nft 'add set inet filter nosuch6 { type ipv6_addr; flags timeout; }'")
    wait_for("as before", lambda: "nosuch6" not in place.wildset.ask("status"))


def test_the_registry(place):
    """A list that is reached and read, with one host that fits of two; then one that nobody serves."""
    folder = place.network.folder / "lists"
    folder.mkdir()
    (folder / "hosts").write_text(f"well.{DOMAIN}\nother.example\n", encoding="ascii")
    keys = [place.folder / f"server.{kind}" for kind in ("crt", "key")]
    server = place.network.server.start("/usr/bin/python3", "-B",
                                        pathlib.Path(__file__).with_name("registry.py"), *keys, folder,
                                        "8443", log="lists.log")
    wait_for("registry.py", lambda: "ready" in server.log.read_text())
    good = place.wildset.file.read_text(encoding="ascii")

    def found_with(port, outcomes):
        place.wildset.configure(extra=f'registry = "https://well.{DOMAIN}:{port}/hosts"\n'
                                f'    registry-ca = "{place.folder}/good-ca.crt"')
        place.wildset.reload()
        wait_for(f"the list is {outcomes}", lambda: any(
            entry.get("outcome") in outcomes for source in place.wildset.status()["sources"]
            for entry in source.get("lists", ())))
        return on_firewall(place)

    try:
        read, refused = found_with(8443, ("good", "unchanged")), found_with(8444, ("unreachable",))
    finally:
        lab.stop(server)
        place.wildset.configure(extra="")
        place.wildset.file.write_text(good, encoding="ascii")
        place.wildset.reload()
    read.has("registry", "ok", "lookback was fetched: hosts accepted 1, addresses accepted 0, entries outside its names 1",
             "wildset registry lookback")
    read.has("sandbox", "ok", r"registry .*CapPrm 0, CapEff 0, NoNewPrivs 1, Seccomp 2")
    refused.has("registry", "warning", "is unusable: no connection to its server", "wildset registry")


def test_resolvers_is_empty(place):
    """Then the server that /etc/resolv.conf names is believed, and that is nothing to warn of."""
    good = place.wildset.file.read_text(encoding="ascii")
    place.wildset.file.write_text(re.sub(r"resolvers .*", "resolvers = { }", good), encoding="ascii")
    place.wildset.reload()
    try:
        wait_for("it is in force", lambda: place.wildset.status()["trusted"]["default"])
        dig(place.client, f"well.{DOMAIN}")
        found = on_firewall(place)
        found.has("resolver", "ok", rf"^{lab.RESOLVER4} on lan: \d+ answers learned")
        assert found.worst("resolver") == "ok", found.of("resolver")
    finally:
        place.wildset.file.write_text(good, encoding="ascii")
        place.wildset.reload()


def test_a_server_that_is_not_in_resolvers(place):
    place.wildset.configure(resolvers=[lab.SILENT4])
    place.wildset.reload()
    try:
        wait_for("it is refused", lambda: dig(place.client, f"well.{DOMAIN}") and
                 any(seen["untrusted"] for seen in place.wildset.status()["resolvers"]), every=0.1)
        on_firewall(place).has("resolver", "warning", r"from 192\.0\.2\.53 are not trusted",
                               r"resolvers \+= \{ \"192\.0\.2\.53\" \}")
    finally:
        place.wildset.configure(resolvers=[lab.RESOLVER4, lab.RESOLVER6, lab.SILENT4])
        place.wildset.reload()


def test_one_direction(place):
    """A mirror of the port to the resolver, and only of what comes from there."""
    host = place.host
    host.ip("link", "add", "tap", "type", "veth", "peer", "name", "tap-in")
    host.ip("link", "set", "tap", "up")
    host.ip("link", "set", "tap-in", "up")
    command("tc", "-n", host.name, "qdisc", "add", "dev", "dmz", "clsact")
    command("tc", "-n", host.name, "filter", "add", "dev", "dmz", "ingress", "protocol", "all", "u32",
            "match", "u32", "0", "0", "action", "mirred", "egress", "mirror", "dev", "tap-in")
    assert place.wildset.stop() == 0
    place.wildset.configure(interfaces=["tap"])
    try:
        place.wildset.start()
        for _ in range(6):
            dig(place.client, f"well.{DOMAIN}")
        wait_for("the answers are counted", lambda: place.wildset.status()["sources"][0]["counters"]
                 ["matching-answers"] >= 6)
        on_firewall(place).has("dns", "failure", "questions were seen for names of the whitelists: only one direction",
                               "mirror both directions")
    finally:
        assert place.wildset.stop() == 0
        place.wildset.configure(interfaces=["lan"])
        place.wildset.start()
        command("tc", "-n", host.name, "qdisc", "delete", "dev", "dmz", "clsact")
        host.ip("link", "delete", "tap")


def test_a_bad_configuration_and_a_dead_daemon(place):
    bad = place.host.folder / "bad.conf"
    bad.write_text(place.wildset.file.read_text(encoding="ascii").replace("ttl-min", "ttl-mni"),
                   encoding="ascii")
    assert place.wildset.stop() == 0
    try:
        found = Findings(place.host, "--config", bad)
        found.has("configuration", "failure", r"bad.conf:\d+: .*ttl-mni")
        found.has("daemon", "failure", "cannot be reached", "systemctl status wildset")
        assert not found.of("sandbox") and not found.of("dns")
    finally:
        place.wildset.start()


def test_a_stopped_daemon(place):
    """It has the socket and says nothing: the doctor does not wait for ever."""
    place.wildset.program.send_signal(signal.SIGSTOP)
    try:
        found = on_firewall(place)
    finally:
        place.wildset.program.send_signal(signal.SIGCONT)
    found.has("daemon", "failure", "cannot be reached", "does not answer")


def test_not_root(place):
    if os.environ["WILDSET_LAB"] != "root":
        pytest.skip("in a user namespace there is nobody else")
    place.wildset.file.chmod(0o644)
    place.host.folder.chmod(0o755)
    found = Findings(place.host, "--config", place.wildset.file,
                     wrapper=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
    found.has("daemon", "failure", "Permission denied", "group wildset")
    found.has("rules", "warning", "cannot examine the rules", "needs root")


# ---- the way to a server ----

def test_a_server_that_is_well(place):
    found = from_client(place, "well")
    assert found.status == 0
    found.has("name", "ok", rf"well.{DOMAIN} matches \*.{DOMAIN} of whitelist lookback")
    found.has("resolve", "ok", "1 IPv4 address: 198.51.100.101")
    found.has("resolve", "ok", "1 IPv6 address: 2001:db8:100::101")
    found.has("service", "ok", rf"^udp 19305-19309 to 198.51.100.101: all 5 ports answered after .*; it sees"
              rf" this machine as {lab.CLIENT4}, port \d+")
    found.has("service", "ok", rf"^udp 19305-19309 to 2001:db8:100::101: .* as {lab.CLIENT6}, port")
    for service in ("tcp 19305", "tcp 22466", "tcp 443"):
        found.has("service", "ok", f"^{service} to 198.51.100.101: open")
    found.has("tls", "ok", rf"TLS1\.3, the certificate for \*\.{DOMAIN} by \"Lab, good CA\" is valid until")
    found.has("websocket", "ok", "a WebSocket works, and its accept key is right")
    found.has("path", "ok", "over IPv4 a client uses udp 19305-19309, the first of 4")
    found.has("path", "ok", "over IPv6 a client uses udp 19305-19309")


def test_connections_that_hide_their_names_are_told(place):
    """A client begins one to port 853; whether anybody is there does not matter."""
    on_firewall(place).has("encrypted-dns", "ok", "no connection to an encrypted DNS service was seen")
    place.client.run("/usr/bin/python3", "-c", "import socket; s = socket.socket(); s.settimeout(0.2); "
                     f"s.connect_ex(('{endpoint.address4('well')}', 853))")
    wait_for("it is counted", lambda: place.wildset.status()["sources"][0]["counters"]["encrypted-dns"])
    on_firewall(place).has("encrypted-dns", "warning", "1 to port 853 .* and 0 to port 443",
                           "block port 853")


def test_it_is_allowed_on_the_firewall(place):
    """The doctor's own question goes over loopback here, so a client has to ask first."""
    dig(place.client, f"well.{DOMAIN}")
    wait_for("the address", lambda: place.wildset.holds(endpoint.address4("well")))
    found = on_firewall(place, "--ca", place.folder / "good-ca.crt", f"well.{DOMAIN}")
    found.has("allowed", "ok", "^198.51.100.101 is in inet filter lookback4, for another")


@pytest.mark.parametrize("name, expected", [
    ("closed", (("service", "warning", "^udp 19305-19309 .* all 5 ports refused", "nothing listens"),
                ("service", "warning", "^tcp 443 .* refused", "nothing listens"),
                ("path", "failure", "can use no service", ""))),
    ("silent", (("service", "warning", "^udp .* all 5 ports silent", "answers known sessions only"),
                ("service", "warning", "^tcp 22466 .* silent", "a firewall drops it"),
                ("path", "failure", "can use no service", ""))),
    ("forbidden", (("service", "warning", "^udp .* all 5 ports rejected", r"192\.0\.2\.1, a firewall or router, reports"),
                   ("service", "warning", "^tcp 443 .* rejected", r"192\.0\.2\.1, a firewall or router, reports"))),
    ("tcponly", (("service", "ok", "^tcp 19305 .* open", ""),
                 ("path", "warning", "falls back to tcp 19305, number 2 of 4", "lines above"))),
    ("tlsonly", (("service", "warning", "^tcp 19305 .* refused", ""), ("tls", "ok", "is valid until", ""),
                 ("websocket", "ok", "a WebSocket works", ""),
                 ("path", "warning", "falls back to tcp 443, number 4 of 4", ""))),
    ("strip", (("tls", "failure", "signed by \"Lab, inspection CA\", which is not trusted here: TLS inspection",
                "exempt the addresses"),
               ("websocket", "failure", "a proxy has removed it from the request.*via 1.1 inspector",
                "TLS inspection .above."),
               ("path", "failure", "can use no service", ""))),
    ("edge", (("tls", "ok", "is valid until", ""),
              ("websocket", "failure", "a proxy has removed it", "operator's proxy"))),
    ("half", (("websocket", "failure", "its headers were removed from the answer", ""),)),
    ("forged", (("websocket", "failure", "wrong accept key", ""),)),
    ("plain", (("websocket", "warning", r"as if no upgrade had been asked for.*\(status 200, server lab\)",
                "--path"),)),
    ("wrongname", (("tls", "failure", rf"is for www.example.net, not for wrongname.{DOMAIN}", "block page"),)),
    ("expired", (("tls", "failure", r"the certificate expired on 20\d\d-", "clock"),)),
    ("selfsigned", (("tls", "failure", "that is by itself: TLS inspection", "exempt"),)),
    ("mute", (("tls", "failure", "the port is open, but TLS fails: no answer in time", ""),)),
    ("notls", (("tls", "failure", "the port is open, but TLS fails: ", "exempt"),)),
    ("echo", (("service", "warning", "answered, but not by a STUN server", "another program"),)),
])
def test_each_fault_is_named(place, name, expected):
    found = from_client(place, name)
    for finding in expected:
        found.has(*finding)


def test_an_inspection_that_this_machine_trusts(place):
    """The proxy's authority was rolled out to the clients: all is green for a browser."""
    ca = place.folder / "inspection-ca.crt"
    script = ("mount -t tmpfs tmpfs /etc/ssl && mount -t tmpfs tmpfs /usr/local/share &&"
              " mkdir -p /etc/ssl/certs /usr/local/share/ca-certificates &&"
              f" cp {ca} /etc/ssl/certs/ca-certificates.crt && cp {ca} /usr/local/share/ca-certificates/ &&"
              ' exec "$@"')
    found = Findings(place.client, "--host-only", "--config", place.wildset.file, f"strip.{DOMAIN}",
                     wrapper=("unshare", "--mount", "sh", "-c", script, "sh"))
    found.has("tls", "warning", "added to this machine's trusted certificates: TLS inspection",
              "exempt the addresses")
    found.has("websocket", "failure", "a proxy has removed it", "TLS inspection .above.")


def test_names_that_do_not_work(place):
    found = from_client(place, "nosuch")
    found.has("resolve", "failure", "has no address", "getent ahosts")
    assert not found.of("service")
    found = Findings(place.client, "--host-only", "--config", place.wildset.file, "www.lookback.io")
    found.has("name", "failure", "no whitelist has a pattern that matches www.lookback.io", "wildset explain")


def test_wrong_usage(place):
    for arguments in (("a", "b"), ("*.example.net",), ("--path", "/"), ("--timeout", "0", "a.example"),
                      ("--path", "no slash", "a.example"), ("--nonsense",)):
        done = place.host.run(appliance.WILDSET, "doctor", *arguments, check=False)
        assert done.returncode == 64, (arguments, done.stdout)
        assert "usage: wildset doctor" in done.stderr
