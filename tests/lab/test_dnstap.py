# SPDX-License-Identifier: GPL-2.0-or-later
"""What the site's resolver tells of its own answers (dnstap), where the wire shows nothing: DNS over TLS and
HTTPS, and a cached answer.  A real unbound on the firewall, real clients, and programs that are no resolvers."""
import os
import pathlib
import socket
import struct
import types

import pytest

import appliance
import lab
from lab import wait_for

SOCKET = "/run/wildset/dnstap.sock"
DOMAIN = "dormammu.lookback.io"
TYPE = b"protobuf:dnstap.Dnstap"
UNBOUND = """
server:
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: "{folder}/unbound.pid"
    use-syslog: no
    do-daemonize: no
    interface: 127.0.0.1@5300
    interface: {address}@853
    interface: {address}@443
    tls-service-key: "{key}"
    tls-service-pem: "{pem}"
    access-control: 0.0.0.0/0 allow
    module-config: "iterator"
    local-zone: "{domain}." static
    local-data: "tls.{domain}. 300 A 198.51.100.71"
    local-data: "https.{domain}. 300 A 198.51.100.72"
    local-data: "six.{domain}. 300 AAAA 2001:db8:100::73"
    local-data: "plain.{domain}. 300 A 198.51.100.74"
    local-data: "again.{domain}. 300 A 198.51.100.75"
    local-data: "other.example. 300 A 198.51.100.76"
remote-control:
    control-enable: no
dnstap:
    dnstap-enable: yes
    dnstap-socket-path: "{socket}"
    dnstap-log-client-response-messages: yes
    dnstap-log-client-query-messages: yes
"""
FIREWALL4 = "192.0.2.1"


def configured(peers):
    return f'dnstap {{ socket = "{SOCKET}" peers = {{ "{peers}" }} }}'


@pytest.fixture(scope="module")
def place():
    network = lab.Network("path")
    firewall = network.firewall
    pem, key = lab.certificate(firewall.folder)
    address = next(line.split()[3].split("/")[0] for line in
                   firewall.run("ip", "-o", "-4", "address", "show", "dev", "lan").stdout.splitlines())
    wildset = appliance.Wildset(firewall, interfaces=["lan"], outside=configured("root"))
    try:
        wildset.start()
        wait_for("the socket", pathlib.Path(SOCKET).exists)
        file = firewall.folder / "unbound.conf"
        file.write_text(UNBOUND.format(folder=firewall.folder, address=address, key=key, pem=pem, domain=DOMAIN,
                                       socket=SOCKET), encoding="ascii")
        firewall.start("unbound", "-d", "-c", file, log="unbound-dnstap.log")
        wait_for("unbound is connected", lambda: counter(wildset, "dnstap-connections") >= 1)
        yield types.SimpleNamespace(client=network.client, firewall=firewall, wildset=wildset, address=address)
        assert wildset.stop() == 0, wildset.log()
        assert not pathlib.Path(SOCKET).exists(), "the socket goes with its daemon"
    finally:
        network.close()


def source(wildset):
    return next((source for source in wildset.status()["sources"] if source["source"] == "dnstap"), {})


def counter(wildset, name):
    return source(wildset).get("counters", {}).get(name, 0)


def leases(wildset, address):
    return [lease for lease in wildset.list() if lease["address"] == address]


def granted(place, address):
    wait_for(f"{address} in the set", lambda: place.wildset.holds(address))
    lease, = leases(place.wildset, address)
    return lease


def test_an_answer_over_tls_is_granted(place):
    done = place.client.run("kdig", "+tls", "+short", f"@{place.address}", f"tls.{DOMAIN}", "A")
    assert done.stdout.split() == ["198.51.100.71"]
    lease = granted(place, "198.51.100.71")
    assert (lease["client"], lease["resolver"], lease["source"]) == (lab.CLIENT4, place.address, "dnstap")


def test_an_answer_over_https_is_granted(place):
    place.client.run("kdig", "+https", "+short", f"@{place.address}", f"https.{DOMAIN}", "A")
    assert granted(place, "198.51.100.72")["source"] == "dnstap"


def test_an_answer_for_ipv6_addresses_is_granted(place):
    place.client.run("kdig", "+tls", "+short", f"@{place.address}", f"six.{DOMAIN}", "AAAA")
    assert granted(place, "2001:db8:100::73")["source"] == "dnstap"


def test_a_name_off_the_list_is_counted_and_not_granted(place):
    before = counter(place.wildset, "foreign-answers")
    place.client.run("kdig", "+tls", "+short", f"@{place.address}", "other.example", "A")
    wait_for("the answer is told", lambda: counter(place.wildset, "foreign-answers") > before)
    assert not place.wildset.holds("198.51.100.76")


def test_ages_and_frames_are_in_status(place):
    place.client.run("kdig", "+tls", "+short", f"@{place.address}", f"tls.{DOMAIN}", "A")
    wait_for("queries are counted as another kind", lambda: counter(place.wildset, "dnstap-other-kind") >= 1)
    counters = source(place.wildset)["counters"]
    ages = sum(value for name, value in counters.items() if name.startswith("dnstap-age-"))
    assert ages == counters["dnstap-frames"] - counters["dnstap-other-kind"] > 0
    assert "frames; answers were told within 10 ms: " in place.wildset.ask("status")


# ---- who is no resolver, or lies ----

def control(kind):
    field = struct.pack("!II", 1, len(TYPE)) + TYPE
    body = struct.pack("!I", kind) + (field if kind in (2, 4) else b"")
    return struct.pack("!II", 0, len(body)) + body


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def response(name, address):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    return (struct.pack("!6H", 7, 0x8180, 1, 1, 0, 0) + labels + struct.pack("!HH", 1, 1) +
            struct.pack("!HHHIH", 0xC00C, 1, 1, 300, 4) + socket.inet_aton(address))


def frame(dns, kind=6):
    message = (field(1, kind) + field(2, 1) + field(3, 3) + field(4, socket.inet_aton(lab.CLIENT4)) +
               field(5, socket.inet_aton("192.0.2.1")) + field(6, 1234) + field(7, 853) + field(14, dns))
    body = field(14, message) + field(15, 1)
    return struct.pack("!I", len(body)) + body


def send(*parts):
    """As a stream without a handshake; returns what the other side has to say at its end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tap:
        tap.settimeout(5)
        tap.connect(SOCKET)
        try:
            for part in parts:
                tap.sendall(part)
            tap.shutdown(socket.SHUT_WR)
            while tap.recv(4096):
                pass
        except OSError:
            pass


def test_a_frame_as_unbound_sends_it_is_taken(place):
    """So that those below are refused for what is wrong in them."""
    send(control(2), frame(response(f"own.{DOMAIN}", "198.51.100.80")), control(3))
    assert granted(place, "198.51.100.80")["client"] == lab.CLIENT4


@pytest.mark.parametrize("lie", (
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xff" * 4096,
    frame(response(f"early.{DOMAIN}", "198.51.100.81")),
    control(2) + struct.pack("!I", 1 << 30),
    control(2) + struct.pack("!II", 0, 1 << 20),
    control(2) + control(2),
    control(2).replace(b"dnstap", b"dnsTAP"),
), ids=("http", "garbage", "data first", "huge frame", "huge control frame", "two starts", "other content"))
def test_what_is_no_dnstap_ends_its_connection(place, lie):
    before = counter(place.wildset, "dnstap-broken")
    send(lie)
    wait_for("it is counted", lambda: counter(place.wildset, "dnstap-broken") == before + 1)
    assert not place.wildset.holds("198.51.100.81")


@pytest.mark.parametrize("content", (b"\x0b", b"\x72\xff\xff\xff\xff\x0f", b"\x80" * 11, b"\x00\x00"),
                         ids=("a group", "a length past the end", "an endless number", "field 0"))
def test_a_frame_that_is_no_message_is_counted(place, content):
    before = counter(place.wildset, "dnstap-malformed")
    good = frame(response(f"behind.{DOMAIN}", "198.51.100.82"))
    send(control(2), struct.pack("!I", len(content)), content, good, control(3))
    wait_for("it is counted", lambda: counter(place.wildset, "dnstap-malformed") == before + 1)
    granted(place, "198.51.100.82")


@pytest.mark.parametrize("dns,why", (
    (response(f"query.{DOMAIN}", "198.51.100.83").replace(b"\x81\x80", b"\x01\x00", 1), "malformed"),
    (response(f"error.{DOMAIN}", "198.51.100.83").replace(b"\x81\x80", b"\x81\x85", 1), "not-noerror"),
    (response(f"special.{DOMAIN}", "127.0.0.1"), "special-address"),
    (response(f"private.{DOMAIN}", "10.1.2.3"), "private-address"),
))
def test_what_no_answer_on_the_wire_could_do_dnstap_cannot(place, dns, why):
    before = place.wildset.refused(why)
    send(control(2), frame(dns), control(3))
    wait_for("it is refused", lambda: place.wildset.refused(why) == before + 1)
    assert not place.wildset.holds("198.51.100.83")


@pytest.mark.parametrize("kind", (5, 4, 2, 8))
def test_only_answers_to_clients_teach(place, kind):
    before = counter(place.wildset, "dnstap-other-kind")
    send(control(2), frame(response(f"kind.{DOMAIN}", "198.51.100.84"), kind), control(3))
    wait_for("it is counted", lambda: counter(place.wildset, "dnstap-other-kind") > before)
    assert not place.wildset.holds("198.51.100.84")


def test_too_many_connections_are_refused(place):
    taps = []
    try:
        for _ in range(12):
            tap = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            tap.connect(SOCKET)
            taps.append(tap)
        wait_for("they are counted", lambda: counter(place.wildset, "dnstap-too-many") >= 4)
    finally:
        for tap in taps:
            tap.close()


def test_who_stands_still_halfway_is_ended(place):
    before = counter(place.wildset, "dnstap-broken")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tap:
        tap.connect(SOCKET)
        tap.sendall(control(2) + struct.pack("!I", 100) + b"half")
        wait_for("it is ended", lambda: counter(place.wildset, "dnstap-broken") == before + 1, timeout=20)


def test_the_process_has_nothing(place):
    status = pathlib.Path(f"/proc/{source(place.wildset)['pid']}/status").read_text(encoding="ascii")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert [int(fields[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")] == [0, 0, 0, 0]
    assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"


def test_the_word_of_nobody_that_is_named_is_not_heard(place):
    """Last: from here on the resolver itself is somebody else's."""
    before = counter(place.wildset, "dnstap-strangers")
    place.wildset.configure(outside=configured("65534"))
    place.wildset.reload()
    wait_for("its process is a new one", lambda: "reload" in place.wildset.log())
    wait_for("unbound is refused", lambda: counter(place.wildset, "dnstap-strangers") > before)
    send(control(2), frame(response(f"stranger.{DOMAIN}", "198.51.100.85")), control(3))
    place.client.run("kdig", "+tls", "+short", f"@{place.address}", f"again.{DOMAIN}", "A")
    wait_for("a second one too", lambda: counter(place.wildset, "dnstap-strangers") > before + 1)
    assert not place.wildset.holds("198.51.100.85") and not place.wildset.holds("198.51.100.75")
    assert "name its user in dnstap { peers = { } }" in place.wildset.log()


def test_without_a_socket_nothing_is_started(place):
    place.wildset.configure(outside="")
    place.wildset.reload()
    wait_for("the socket is gone", lambda: not os.path.exists(SOCKET))
    wait_for("no process", lambda: "pid" not in source(place.wildset))


def test_it_is_begun_by_a_reload_too(place):
    """In the daemon's sandbox; unbound has tried again all the time."""
    place.wildset.configure(outside=configured("root"))
    place.wildset.reload()
    wait_for("unbound is back", lambda: counter(place.wildset, "dnstap-connections") >= 1)
    place.client.run("kdig", "+tls", "+short", f"@{place.address}", f"again.{DOMAIN}", "A")
    granted(place, "198.51.100.75")
