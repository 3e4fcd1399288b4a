# SPDX-License-Identifier: GPL-2.0-or-later
"""The registry source: lists over HTTPS, names over DNS, and everything that befalls both."""
import contextlib
import json
import pathlib
import re
import signal
import socket
import threading
import time

import pytest

import lab
import names
from appliance import WILDSET
from clients import dig
from lab import wait_for
from test_operation import process_status

PORT, EXPIRED_PORT, PROXY_PORT = 8443, 8444, 3128
URL = f"https://registry.lookback.io:{PORT}"
HOSTS = [{"host": "reg1.dormammu.lookback.io", "ip": ["203.0.113.101"]}, "reg2.dormammu.lookback.io:443",
         "https://reg3.dormammu.lookback.io/x", "203.0.113.102", "203.0.113.0/24",
         "*.dormammu.lookback.io", "other.example", {"host": "evil.example", "ip": "203.0.113.103"},
         "10.9.8.7", "no host"]
GOOD = ("good", "unchanged")  # the next poll is a second away
pytestmark = pytest.mark.parametrize("world", ["path"], indirect=True, scope="module")


class Registry:
    """The server, what it serves, and wildset as it is told to poll it."""

    def __init__(self, world):
        self.world = world
        self.folder = world.network.folder / "registry"
        self.folder.mkdir()
        self.certificates = self.make_certificates()
        self.serve(HOSTS)
        self.program = self.start("registry", PORT, PROXY_PORT)

    def start(self, certificate, *ports):
        crt, key = (self.folder.parent / name for name in (f"{certificate}.crt", "registry.key"))
        script = pathlib.Path(__file__).with_name("registry.py")
        program = self.world.network.server.start("/usr/bin/python3", "-B", script, crt, key,
                                                  self.folder, *ports, log=f"{certificate}.log")
        wait_for("registry.py is ready", lambda: "ready" in program.log.read_text())
        return program

    def make_certificates(self):
        """A CA of the test's own, and two of the server's certificates by it: one ended yesterday."""
        folder = self.folder.parent
        for name, subject in (("ca", "/CN=lab CA"), ("registry", "/CN=registry.lookback.io")):
            lab.command("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                        "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.csr"))
        extensions = folder / "extensions"
        extensions.write_text("subjectAltName=DNS:registry.lookback.io\n", encoding="ascii")
        ca = folder / "ca.crt"
        lab.command("openssl", "x509", "-req", "-days", "2", "-in", str(folder / "ca.csr"),
                    "-signkey", str(folder / "ca.key"), "-out", str(ca))
        for name, days in (("registry", "2"), ("expired", "-1")):
            lab.command("openssl", "x509", "-req", "-days", days, "-in", str(folder / "registry.csr"),
                        "-CA", str(ca), "-CAkey", str(folder / "ca.key"), "-CAcreateserial",
                        "-extfile", str(extensions), "-out", str(folder / f"{name}.crt"))
        return ca

    def serve(self, hosts, name="hosts"):
        text = hosts if isinstance(hosts, str) else json.dumps(hosts)
        (self.folder / name).write_text(text, encoding="ascii")

    def poll(self, path="hosts", **settings):
        lines = {"registry": f'"{URL}/{path}"', "registry-ca": f'"{self.certificates}"',
                 "registry-interval": '"1s"', "registry-addresses": "true"}
        lines |= {key.replace("_", "-"): value for key, value in settings.items()}
        more = "\n    ".join(f"{key} = {value}" for key, value in lines.items())
        before = self.status()
        self.world.wildset.configure(extra=more)
        self.world.wildset.reload()
        wait_for("another registry process", lambda: self.status() and self.status().get("pid") and
                 self.status()["pid"] != (before or {}).get("pid") and self.report(), timeout=20)

    def status(self):
        return next((source for source in self.world.wildset.status()["sources"]
                     if source["source"] == "registry"), None)

    def report(self):
        lists = (self.status() or {}).get("lists") or [None]
        return lists[0]

    def becomes(self, *outcomes, timeout=20):
        wait_for(f"the list is {outcomes}", lambda: self.report() and
                 self.report()["outcome"] in outcomes, timeout=timeout, every=0.1)
        return self.report()

    def requests(self):
        done = self.world.network.firewall.run("curl", "--silent", "--noproxy", "*", "--cacert",
                                               self.certificates, f"{URL}/log")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def connects(self):
        """How often the proxy was asked for the registry."""
        return self.requests().count({"connect": f"registry.lookback.io:{PORT}"})


@pytest.fixture(scope="module")
def registry(world):
    place = Registry(world)
    yield place
    world.wildset.configure(extra="", resolve="false")
    world.wildset.reload()


def test_hosts_and_addresses_of_the_list_are_allowed(world, registry):
    registry.poll()
    report = registry.becomes(*GOOD)
    assert report["hosts"] == 3 and report["addresses"] == 3
    for address in ("198.51.100.201", "2001:db8:100::201", "198.51.100.202", "203.0.113.41",
                    "203.0.113.101", "203.0.113.102"):
        wait_for(f"{address} is allowed", lambda a=address: world.wildset.holds(a))
    leases = {lease["address"]: lease for lease in world.wildset.list()}
    assert leases["198.51.100.201"]["source"] == "registry"
    assert leases["198.51.100.201"]["name"] == "reg1.dormammu.lookback.io"
    assert leases["203.0.113.41"]["owner"] == "lb2.example.net"
    assert leases["203.0.113.101"]["record"] == "LIST"
    assert leases["203.0.113.102"]["name"] == "*.dormammu.lookback.io"
    for refused in ("203.0.113.103", "10.9.8.7", "203.0.113.0"):
        assert not world.wildset.holds(refused)


def test_what_is_not_taken_is_counted_and_told(world, registry):
    report = registry.report()
    assert report["prefixes"] == 1 and report["wildcards"] == 1
    assert report["outside"] == 3, "other.example, evil.example and its address"
    log = world.wildset.log()
    for reason in ("prefix-entry", "wildcard-entry", "outside-patterns: other.example", "private-address"):
        assert reason in log, reason
    assert "3 outside `names`" in log
    assert "registry" in world.wildset.ask("status")


def test_an_unchanged_list_is_not_sent_again(registry):
    registry.becomes("unchanged")
    tags = [request["tag"] for request in registry.requests() if request.get("path") == "/hosts"]
    assert tags[-1], "If-None-Match"


def test_a_server_without_etags_is_asked_by_date(registry):
    registry.poll("dated")
    assert registry.becomes("unchanged")["hosts"] == 3
    last = [request for request in registry.requests() if request.get("path") == "/dated"][-1]
    assert last["since"] == "Mon, 02 Mar 2026 03:04:05 GMT" and last["tag"] is None
    registry.poll()
    registry.becomes(*GOOD)


def test_a_short_record_is_resolved_again_before_it_ends(world, registry):
    world.names.publish("lookback.io", "reg2.dormammu", ["2 A 198.51.100.203"])
    wait_for("the new address", lambda: world.wildset.holds("198.51.100.203"), timeout=15)
    wait_for("the old one ends", lambda: not world.wildset.holds("198.51.100.202"), timeout=15)


def test_the_process_has_nothing(world, registry):
    status = process_status(registry.status()["pid"])
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


# Each leaves the last good list in force, and says what is wrong once.
FAULTS = {"500": "status", "nothing-here": "status", "endless": "too-large",
          "plain-http": "redirect", "circle": "redirect", "bomb": "too-large", "cut": "broken",
          "login": "page", "utf8": "malformed", "deep": "too-deep", "million": "too-long",
          "empty": "empty", "half": "shrunken",
          "drip": "timeout", "429": "status"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_takes_nothing_away(world, registry, fault):
    wait_for("a good list", lambda: registry.report()["outcome"] in GOOD, timeout=15)
    (registry.folder / "fault").write_text(f"/{fault}", encoding="ascii")
    try:
        report = registry.becomes(FAULTS[fault], timeout=30)
    finally:
        (registry.folder / "fault").unlink()
    assert report["failures"] >= 1
    assert report["hosts"] == 3, "the last good list stays"
    assert world.wildset.holds("203.0.113.102")
    assert "remains in use until" in world.wildset.log()


def test_retry_after_is_heard(registry):
    """The last fault was 429 with Retry-After: 4."""
    wait_for("it is asked again", lambda: registry.requests()[-1]["path"] == "/hosts" and
             registry.report()["outcome"] in GOOD, timeout=15)
    times = [request["time"] for request in registry.requests() if request.get("path") == "/hosts"]
    assert max(after - before for before, after in zip(times[-8:], times[-7:])) > 3.5


def test_a_packed_list_and_a_redirect(registry):
    registry.poll("moved")
    assert registry.becomes(*GOOD)["hosts"] == 3
    registry.poll("packed")
    assert registry.becomes(*GOOD)["hosts"] == 3


def test_the_wrong_certificate_is_not_believed(registry):
    """Of a CA that nobody trusts, then for another name."""
    registry.poll()
    registry.becomes(*GOOD)
    registry.poll(registry_ca='""')
    assert registry.becomes("untrusted")["hosts"] == 3, "the kept list"
    registry.poll(registry=f'"https://www.lookback.io:{PORT}/hosts"')
    assert registry.becomes("untrusted")["hosts"] == 0, "another list's is not this one's"


def test_a_certificate_that_has_ended_is_not_believed(world, registry):
    program = registry.start("expired", EXPIRED_PORT)
    try:
        registry.poll(registry=f'"https://registry.lookback.io:{EXPIRED_PORT}/hosts"')
        assert registry.becomes("untrusted")["hosts"] == 0
    finally:
        lab.stop(program)
    assert "expired" in world.wildset.log()


def test_a_proxy_from_the_environment(world, registry):
    registry.poll()
    world.wildset.stop()
    proxy = {"https_proxy": f"http://registry.lookback.io:{PROXY_PORT}"}
    world.wildset.start(env=proxy)
    registry.becomes(*GOOD)
    connects = registry.connects()
    assert connects
    world.wildset.stop()
    world.wildset.start(env=proxy | {"no_proxy": "example.net,.lookback.io"})
    registry.becomes("unchanged")
    assert registry.connects() == connects, "no_proxy"
    world.wildset.stop()
    world.wildset.start()
    registry.becomes(*GOOD)


def test_the_last_good_list_outlives_a_restart(world, registry):
    """The registry is gone and so are the sets: what was kept is enough."""
    registry.becomes("unchanged")
    world.wildset.stop()
    registry.program.send_signal(signal.SIGSTOP)
    world.firewall.load()
    (world.network.firewall.folder / "leases").unlink(missing_ok=True)
    try:
        world.wildset.start()
        wait_for("the addresses", lambda: world.wildset.holds("203.0.113.102") and
                 world.wildset.holds("198.51.100.201"), timeout=15)
        assert registry.report()["kept"] is True
    finally:
        registry.program.send_signal(signal.SIGCONT)
    registry.becomes("unchanged", timeout=40)


def test_what_leaves_the_list_ends_and_what_stays_does_not(world, registry):
    """TTLs of two seconds, addresses of the list for three polls: nothing lasts that is not refreshed."""
    stays, leaves = "198.51.100.204", "198.51.100.205"
    listed_stays, listed_leaves = "203.0.113.104", "203.0.113.105"
    world.names.publish("lookback.io", "stays.dormammu", [f"2 A {stays}"])
    world.names.publish("lookback.io", "leaves.dormammu", [f"2 A {leaves}"])
    staying = ["stays.dormammu.lookback.io", listed_stays]
    registry.serve([*staying, "leaves.dormammu.lookback.io", listed_leaves], "leaving")
    registry.poll("leaving")
    everything = {stays, leaves, listed_stays, listed_leaves}
    wait_for("all are allowed", lambda: everything <= set(world.wildset.elements()))

    registry.serve(staying, "leaving")
    wait_for("one host", lambda: registry.report()["hosts"] == 1, timeout=15)
    left = time.monotonic()

    def only_those_that_stay():
        held = set(world.wildset.elements())
        assert {stays, listed_stays} <= held, "refreshed all the time"
        return not held & {leaves, listed_leaves} and time.monotonic() - left > 5
    wait_for("the others end", only_those_that_stay, timeout=15)


def test_without_a_good_list_for_registry_keep_the_last_one_ends(world, registry):
    registry.poll(registry_keep='"3s"')
    registry.becomes(*GOOD)
    wait_for("its address", lambda: world.wildset.holds("203.0.113.102"))
    (registry.folder / "fault").write_text("/500", encoding="ascii")
    try:
        registry.becomes("status")
        assert registry.report()["hosts"] == 3, "kept for a while"
        wait_for("the list ends", lambda: registry.report()["hosts"] == 0, timeout=15)
        assert "no valid list for registry-keep" in world.wildset.log()
        wait_for("its address ends", lambda: not world.wildset.holds("203.0.113.102"), timeout=15)
    finally:
        (registry.folder / "fault").unlink()
    assert registry.becomes(*GOOD)["hosts"] == 3
    wait_for("its address is back", lambda: world.wildset.holds("203.0.113.102"))


def test_names_are_resolved_without_any_list(world, registry):
    world.wildset.configure(extra="", resolve="true")
    world.wildset.reload()
    wait_for("the apex", lambda: any(lease["address"] == "198.51.100.1" and lease["source"] == "registry"
                                     for lease in world.wildset.list()), timeout=15)


def show(world, *arguments, text_input=None):
    return world.network.firewall.run(WILDSET, "registry", "--config", world.wildset.file, *arguments,
                                      check=False, text_input=text_input)


def test_the_client_shows_each_entry(world, registry):
    registry.poll()
    done = show(world, "--json", "lookback")
    assert done.returncode == 0, done.stderr
    entries = {entry["entry"]: entry for entry in map(json.loads, done.stdout.splitlines())}
    first = entries["reg1.dormammu.lookback.io"]
    assert first["verdict"] == "accepted"
    assert {"198.51.100.201", "2001:db8:100::201"} == {found["address"] for found in first["addresses"]}
    assert entries["203.0.113.101"]["name"] == "reg1.dormammu.lookback.io"
    for entry, reason in (("other.example", "outside-patterns"), ("203.0.113.0/24", "prefix-entry"),
                          ("10.9.8.7", "private-address"), ("*.dormammu.lookback.io", "wildcard-entry")):
        assert (entries[entry]["verdict"], entries[entry]["reason"]) == ("refused", reason)
    done = show(world)
    assert '"other.example", "evil.example" }' in done.stderr, "a ready names line"


def test_the_client_reads_files_and_says_what_is_wrong(world, registry):
    assert show(world, "--file", "-", text_input="reg1.dormammu.lookback.io # one\n").returncode == 0
    assert show(world, "--file", "-", text_input="other.example\n").returncode == 1
    done = show(world, "--file", "-", text_input="<html>")
    assert done.returncode == 1 and "web page" in done.stderr
    done = show(world, "--url", f"{URL}/500")
    assert done.returncode == 1 and "500" in done.stderr
    assert show(world, "--url", "http://registry.lookback.io/").returncode == 64
    assert show(world, "nowhere").returncode == 64


LIES = ("id", "case", "question", "silent", "servfail", "truncated")


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_resolver_gets_nothing_in(world, registry, lie):
    """Asked first; what it says falsely is not believed, and the name is resolved all the same: over TCP,
    or by the next server."""
    world.resolver.ip("address", "replace", "192.0.2.55/27", "dev", "lan")
    liar = world.resolver.start("/usr/bin/python3", "-B", pathlib.Path(__file__).with_name("liar.py"),
                                "192.0.2.55", lie, log=f"liar-{lie}.log")
    wait_for("the liar listens", lambda: "ready" in liar.log.read_text())
    world.wildset.configure(extra="", resolve="true", names=["reg1.dormammu.lookback.io"],
                            outside='registry-resolvers = { "192.0.2.55", "192.0.2.53" }')
    try:
        world.wildset.reload()
        wait_for("the right address", lambda: any(
            lease["address"] == "198.51.100.201" and lease["source"] == "registry"
            and lease["left"] > 60 for lease in world.wildset.list()), timeout=20)
        assert not world.wildset.holds("203.0.113.66")
        if lie in ("id", "case", "question"):
            wait_for("it is counted", lambda: registry.status()["lookups"].get("mismatches", 0) > 0)
    finally:
        lab.stop(liar)
        world.wildset.configure(names=["dormammu.lookback.io", "*.dormammu.lookback.io"], resolve="false",
                                outside="")
        world.wildset.reload()


def test_a_long_list_stays_small_in_memory(registry):
    """Section by section of a real list: 500 servers with addresses; 16 MiB is promised."""
    registry.serve([{"host": f"s{i}.dormammu.lookback.io", "ip": f"203.0.113.{i % 256}", "region": "eu"}
                    for i in range(500)], "long")
    registry.poll("long")
    assert registry.becomes(*GOOD)["hosts"] == 500
    process = pathlib.Path(f"/proc/{registry.status()['pid']}")
    if "libasan" in (process / "maps").read_text():
        return  # a sanitizer's memory is its own; the other build is measured
    rollup = (process / "smaps_rollup").read_text()
    pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    print(f"registry process: {pss} KiB Pss")
    assert pss <= 16 * 1024, rollup


@contextlib.contextmanager
def names_asked(host):
    """When each of the names r000, r001, ... was asked for first by this host, as they come."""
    first, ended = {}, threading.Event()
    with host.entered():
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))  # ETH_P_ALL
    tap.settimeout(0.1)

    def look():
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                for name in re.findall(rb"\x04(r\d{3})\x08dormammu", tap.recv(2048).lower()):
                    first.setdefault(name, time.monotonic())

    reader = threading.Thread(target=look)
    reader.start()
    try:
        yield first
    finally:
        ended.set()
        reader.join()
        tap.close()


def test_a_long_list_is_asked_for_bit_by_bit(world, registry):
    """Ten names each 200 ms, so at most 60 in any second, whatever a list holds."""
    registry.serve([f"r{i:03}.dormammu.lookback.io" for i in range(1000)], "many")
    with names_asked(world.network.firewall) as first:
        registry.poll("many")
        wait_for("150 names are asked for", lambda: len(first) > 150, timeout=30)
    times = sorted(first.values())
    fastest = min(later - earlier for earlier, later in zip(times, times[61:]))
    assert fastest > 0.9, f"61 names within {fastest:.3f} s"


def test_the_prefix_of_dns64_is_found_and_only_refuses(world):
    """A client behind NAT64: its own prefix holds a private address, which is let in until it is known."""
    lab.stop(world.names.unbound)
    world.names.unbound = world.names.serve_clients("dns64 iterator")

    def asks(name):
        return dig(world.client, f"{name}.dormammu.lookback.io", "AAAA")

    def found():
        return [whitelist.get("dns64") for whitelist in world.wildset.status()["whitelists"]]

    try:
        assert asks("local") == ["2001:db8:64::a01:203"]
        wait_for("what is private is let in", lambda: world.wildset.holds("2001:db8:64::a01:203"))
        assert found() == [None]
        world.wildset.configure(extra='dns64 = { "discover" }', resolve="false", outside="")
        world.wildset.reload()
        wait_for("the prefix is known", lambda: found() == [[names.DNS64]])
        wait_for("what is private is taken out", lambda: not world.wildset.holds("2001:db8:64::a01:203"))
        assert f"DNS64 prefixes found: {names.DNS64}" in world.wildset.ask("status")
        before = world.wildset.refused("private-address")
        assert asks("local") and asks("four") == ["2001:db8:64::c633:640e"]
        wait_for("what is not stays allowed", lambda: world.wildset.holds("2001:db8:64::c633:640e"))
        assert not world.wildset.holds("2001:db8:64::a01:203")
        assert world.wildset.refused("private-address") > before
    finally:
        lab.stop(world.names.unbound)
        world.names.unbound = world.names.serve_clients()
        world.wildset.configure(extra="", outside="", resolve="false")
        world.wildset.reload()
