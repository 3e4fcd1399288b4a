#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The dispatcher, and what status, list, explain, watch and forget make of a daemon's replies, good ones and others.

    client.py WILDSET
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from prometheus_client.parser import text_string_to_metric_families

PACKET = 65536

STATUS = {
    "protocol": 1, "version": "9.9", "uptime": 93784, "leases": 1,
    "sources": [{
        "source": "sniffer", "state": "running", "pid": 4711, "restarts": 0, "violations": 0,
        "counters": {"answers": 1200345, "matching-answers": 1032, "learned": 1010, "alarms": 0,
                     "questions": 1031, "repeated-sights": 6, "tcp-lost": 0, "fragments": 4,
                     "reassembled": 2, "tcp-segments": 9, "in-8021q": 12, "in-mpls": 0,
                     "in-vxlan": 3, "cut-before": 5, "encrypted-dns": 2},
        "refused": {"no-question": 2, "duplicate": 20},
        "interfaces": [{"interface": "eth1", "state": "up", "link_type": "EN10MB",
                        "filter": "port 53", "filter_reason": "following",
                        "promiscuous": True, "received": 2400690, "dropped": 7,
                        "interface_dropped": 0, "merged": 8, "cut": 1, "frames": 5000000,
                        "ethertype": "0x88e5", "ethertype_frames": 612345}]}],
    "sets": [{"set": "inet wildset lookback4", "state": "ready", "leases": 2, "covered": 1,
              "capacity": 4096, "full": 0}],
    "granted": 12, "extended": 998, "expired": 11, "evicted": 0, "forgotten": 0,
    "refused": {"special-address": 1, "no-question": 1},
    "feeds": [{"whitelist": "lookback", "feed": "/var/lib/wildset/feeds/lookback.txt",
               "addresses": 3, "written": "2026-01-02T03:04:05.678901Z"}],
    "whitelists": [{"whitelist": "lookback", "leases4": 1, "leases6": 0, "pattern_count": 2}],
    "transactions": {"count": 1010, "failed": 0, "elements": 12},
    "latency": {"count": 1010, "sum_us": 50500, "median_us": 41, "p99_us": 160,
                "buckets": [{"below_us": 10, "count": 0}, {"below_us": 40, "count": 500},
                            {"below_us": 80, "count": 500}, {"count": 10}]},
    "hold": {"state": "ready", "queue": 5757, "most_us": 250000, "least_us": 0, "waiting": 1,
             "ready_for": 93700, "granted_since": 12, "packets": 400, "missed": 2, "pauses": 0,
             "outcomes": {"at_once": 300, "found": 90, "without": 7, "time_up": 3, "no_room": 0,
                          "not_held": 0, "overrun": 0, "dropped": 0},
             "waits": {"count": 100, "sum_us": 40000, "median_us": 320, "p99_us": 1200,
                       "buckets": [{"below_us": 320, "count": 50}, {"count": 50}]},
             "catch_ups": {"count": 80, "mean_us": 200, "most_us": 900}},
    "warnings": [],
}
STATUS_TEXT = """\
wildset 9.9 degraded: 1 address allowed now, up for 1d 2h
! 5 DNS packets had been truncated before they were captured: their headers are complete, the payload is \
not: turn truncation (packet slicing) off where they are mirrored
! eth1: the kernel dropped 7 of 2400690 packets, the sniffer could not keep up: answers may be missed; \
give it a CPU of its own, or mirror DNS traffic only
! eth1: 1 packets were longer than the 64 KiB that are kept of one, and not read whole: an offload \
merges that many into one: `ethtool -K eth1 gro off lro off`
! eth1: 8 packets were merged before they were captured (GRO, LRO), and there is room for few such at \
once: `ethtool -K eth1 gro off lro off` where the interface only watches
! eth1: about 12 % of the frames have EtherType 0x88e5, MACsec: encrypted by the switches, which wildset \
does not read: DNS in them is not seen: have them mirrored without it, or report which device makes them

SOURCE   STATE     PID  RESTARTS  ANSWERS  MATCHING  LEARNED  ALARMS
sniffer  running  4711         0  1200345      1032     1010       0

INTERFACE  STATE  LINK    FILTER              PROMISCUOUS  RECEIVED  DROPPED  BY INTERFACE
eth1       up     EN10MB  port 53: following  yes           2400690        7             0

SET                     STATE  ADDRESSES  CAPACITY
inet wildset lookback4  ready          2      4096
inet wildset lookback4: 1 address is already present as elements not managed by wildset

FEED                                 WHITELIST  ADDRESSES  STATE
/var/lib/wildset/feeds/lookback.txt  lookback           3  written

granted 12, extended 998, expired 11, evicted 0, forgotten 0
refused: special-address 1, no-question 3, duplicate 20
packets came as: fragments 4, reassembled 2, tcp-segments 9, in-8021q 12, in-vxlan 3
- 6 queries seen twice within 100 ms: usual where a port mirrors both directions, on a bridge \
and with "any"; it costs nothing
- 2 connections to port 853: DNS over TLS or QUIC, whose names cannot be read
- eth1: 8 packets were longer than its MTU: offloads (GRO, LRO) had merged several into one; they are \
read, but where an interface only watches it is better without: `ethtool -K eth1 gro off lro off`
from packet to element: median 41 us, 99 % within 160 us, of 1010 answers
first packets wait (queue 5757, at most 250 ms): ready, 1 now; 400 came, 300 at once, 90 waited and \
found, 7 without, time up 3; wait: median 320 us, 99 % within 1200 us
"""
METRICS = """\
wildset_up 1
wildset_build_info{version="9.9"} 1
wildset_uptime_seconds 93784
wildset_granted_total 12
wildset_whitelist_ipv4_addresses{whitelist="lookback"} 1
wildset_set_addresses{set="inet wildset lookback4"} 2
wildset_set_ready{set="inet wildset lookback4"} 1
wildset_feed_addresses{whitelist="lookback",feed="/var/lib/wildset/feeds/lookback.txt"} 3
wildset_source_running{source="sniffer"} 1
wildset_interface_up{source="sniffer",interface="eth1"} 1
wildset_interface_dropped_packets_total{source="sniffer",interface="eth1"} 7
wildset_source_answers_total{source="sniffer"} 1.200345e+06
wildset_source_matching_answers_total{source="sniffer"} 1032
wildset_refused_total{source="daemon",reason="no-question"} 1
wildset_refused_total{source="sniffer",reason="no-question"} 2
wildset_transactions_failed_total 0
wildset_packet_to_element_seconds_bucket{le="1e-05"} 0
wildset_packet_to_element_seconds_bucket{le="4e-05"} 500
wildset_packet_to_element_seconds_bucket{le="8e-05"} 1000
wildset_packet_to_element_seconds_bucket{le="+Inf"} 1010
wildset_packet_to_element_seconds_sum 0.0505
wildset_packet_to_element_seconds_count 1010
wildset_hold_ready 1
wildset_hold_waiting_packets 1
wildset_hold_missed_packets_total 2
wildset_hold_pauses_total 0
wildset_hold_catch_ups_total 80
wildset_hold_packets_total{outcome="found"} 90
wildset_hold_packets_total{outcome="time_up"} 3
wildset_hold_wait_seconds_bucket{le="0.00032"} 50
wildset_hold_wait_seconds_bucket{le="+Inf"} 100
wildset_hold_wait_seconds_sum 0.04
wildset_hold_wait_seconds_count 100
"""
LEASES = [
    {"address": "198.51.100.7", "set": "inet wildset lookback4", "whitelist": "lookback",
     "name": "eu1.dormammu.lookback.io", "left": 598, "source": "sniffer"},
    {"address": "2001:db8:5::7", "set": "inet wildset lookback6", "whitelist": "lookback",
     "name": "a.dormammu.lookback.io", "left": 3, "source": "registry", "element": "foreign"},
]
LIST_TEXT = """\
ADDRESS        NAME                        LEFT  SOURCE             WHITELIST
198.51.100.7   eu1.dormammu.lookback.io  9m 58s  sniffer            lookback
2001:db8:5::7  a.dormammu.lookback.io        3s  registry, covered  lookback
"""
END = {"protocol": 1, "end": True}
ALLOWED = {
    "protocol": 1, "name": "eu2.dormammu.lookback.io", "allowed": True,
    "leases": [{
        "address": "198.51.100.8", "set": "inet wildset lookback4", "element": "present",
        "element_left": 598, "expires": "2026-01-02T03:14:05.000000Z", "left": 598,
        "clients": ["192.0.2.10", "192.0.2.11"],
        "claims": [{
            "whitelist": "lookback", "name": "eu2.dormammu.lookback.io", "owner": "lb.example.net",
            "pattern": "*.dormammu.lookback.io", "record": "A", "ttl": 300, "source": "sniffer",
            "resolver": "192.0.2.53", "first_seen": "2026-01-02T03:04:05.000000Z",
            "last_seen": "2026-01-02T03:04:07.000000Z", "left": 598,
            "expires": "2026-01-02T03:14:05.000000Z"}]}],
    "leases_left_out": 3,
    "whitelists": [{"whitelist": "lookback", "set4": "inet wildset lookback4",
                    "set6": "inet wildset lookback6", "pattern": "*.dormammu.lookback.io"}],
    "recent": [],
}
ALLOWED_TEXT = """\
eu2.dormammu.lookback.io is allowed:
  198.51.100.8 in inet wildset lookback4 for another 9m 58s; the kernel has it, for 9m 58s
    whitelist lookback: *.dormammu.lookback.io matches eu2.dormammu.lookback.io
      TTL 300 s, A record of lb.example.net, the end of its alias chain, learned by the sniffer from \
resolver 192.0.2.53
      first seen 2026-01-02T03:04:05.000000Z, last seen 2026-01-02T03:04:07.000000Z, ends in 9m 58s
    asked for by 192.0.2.10, 192.0.2.11
  and 3 more: `wildset list` shows all
"""
REFUSED_NAME = {
    "protocol": 1, "name": "dormammu.lookback.io", "allowed": False, "leases": [],
    "leases_below": 1,
    "whitelists": [
        {"whitelist": "lookback", "problem": "inet wildset lookback4: does not exist",
         "near": [{"pattern": "*.dormammu.lookback.io", "near": "apex"}]},
        {"whitelist": "b", "near": []}, {"whitelist": "c", "near": []}],
    "recent": [{"time": "2026-01-02T03:04:05.000000Z", "event": "refused",
                "name": "dormammu.lookback.io", "client": "192.0.2.10",
                "reason": "outside-patterns"}],
    "recent_left_out": 2,
}
REFUSED_NAME_TEXT = """\
dormammu.lookback.io is not allowed:
  whitelist lookback: no pattern matches it
    *.dormammu.lookback.io matches the names below it but not the name itself: add \
"dormammu.lookback.io" to names
  whitelist b, c: no pattern matches it or is similar
  Add names in the configuration, wildset.conf(5), then `systemctl reload wildset`.
  1 address of names below it is allowed: `wildset list` shows them.
! whitelist lookback: inet wildset lookback4: does not exist: see `wildset status`
Recent events, newest first:
  2026-01-02T03:04:05.000000Z refused of dormammu.lookback.io, client 192.0.2.10: \
outside-patterns: no whitelist has a pattern for the name
  and 2 more
"""
REFUSED_ADDRESS = {
    "protocol": 1, "address": "10.1.2.3", "allowed": False, "leases": [],
    "whitelists": [{"whitelist": "a", "reason": "private-address"}, {"whitelist": "b"},
                   {"whitelist": "c", "reason": "private-address"}],
    "recent": [],
    "waits": [{"time": "2026-01-02T03:04:05.000000Z", "event": "waited", "address": "10.1.2.3",
               "client": "192.0.2.10", "outcome": "without", "waited_us": 420}],
}
REFUSED_ADDRESS_TEXT = """\
10.1.2.3 is not allowed:
  whitelist b: may allow it, but no answer with this address was learned, or it has expired
  whitelist a, c: refused: it is a private address, and `private-addresses` is false; set \
private-addresses = true if clients should reach it
  Addresses are allowed by their names: run `wildset explain NAME` for the name that has this address.
Recent events, newest first:
  2026-01-02T03:04:05.000000Z a packet from 192.0.2.10 waited 420 us: without
"""
EVENTS = [
    {"time": "2026-01-02T03:04:05.678901Z", "verdict": "granted", "whitelist": "lookback",
     "set": "inet wildset lookback4", "name": "eu2.dormammu.lookback.io", "owner": "lb.example.net",
     "record": "A", "address": "198.51.100.8", "ttl": 300, "lifetime": 900, "client": "192.0.2.10",
     "event": "granted"},
    {"protocol": 1, "lost": 17},
    {"time": "2026-01-02T03:04:06.678901Z", "reason": "extra-answer",
     "name": "eu2.dormammu.lookback.io", "addresses": ["203.0.113.9"],
     "earlier": ["198.51.100.8"], "event": "alarm"},
    {"time": "2026-01-02T03:04:07.678901Z", "address": "198.51.100.8", "client": "192.0.2.10",
     "outcome": "found", "waited_us": 420, "event": "waited"},
]
WATCH_TEXT = """\
TIME                         EVENT      ADDRESS          RECORD  LIFETIME  \
NAME                      SET                     NOTE
2026-01-02T03:04:05.678901Z  granted    198.51.100.8     A            900  \
eu2.dormammu.lookback.io  inet wildset lookback4  owner lb.example.net; client 192.0.2.10
-- 17 events were lost here: they were not read fast enough --
2026-01-02T03:04:06.678901Z  alarm                                         \
eu2.dormammu.lookback.io                          extra-answer: 203.0.113.9; before: 198.51.100.8
2026-01-02T03:04:07.678901Z  waited     198.51.100.8                       \
                                                  client 192.0.2.10; found after 420 us
"""


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def packets(text):
    """As the protocol cuts a long reply: all packets but the last are full ones."""
    data = text.encode()
    if len(data) % PACKET == 0:
        data += b" "
    return [data[at:at + PACKET] for at in range(0, len(data), PACKET)]


class Daemon:
    """Hears one request, sends packets, closes."""

    def __init__(self, folder, replies):
        self.path = os.path.join(folder, "control.sock")
        self.request = None
        self.replies = replies
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listening.bind(self.path)
        self.listening.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        connection = self.listening.accept()[0]
        self.request = json.loads(connection.recv(PACKET))
        try:
            for packet in self.replies:
                connection.send(packet)
        except OSError:
            pass
        connection.close()

    def end(self):
        self.thread.join()
        self.listening.close()
        os.unlink(self.path)


class Check:
    def __init__(self, wildset, folder):
        self.wildset, self.folder, self.failed = wildset, folder, False

    def run(self, *arguments):
        return subprocess.run([self.wildset, *arguments], capture_output=True, text=True,
                              timeout=30)

    def ask(self, replies, *arguments):
        daemon = Daemon(self.folder, replies)
        result = self.run(*arguments, "--socket", daemon.path)
        daemon.end()
        return daemon.request, result

    def expect(self, what, got, wanted):
        if got == wanted:
            print("ok  %s" % what)
            return
        self.failed = True
        print("not %s\n  got    %r\n  wanted %r" % (what, got, wanted))

    def holds(self, what, text, part):
        self.expect(what, part if part in text else text, part)


def check_dispatcher(check):
    result = check.run("dance")
    check.expect("an unknown command is wrong usage", (result.returncode, result.stdout), (64, ""))
    check.holds("it is named", result.stderr, 'unknown command "dance"')
    check.holds("the others are listed", result.stderr, "\n  replay ")
    check.expect("no command is wrong usage", check.run().returncode, 64)
    result = check.run("help")
    check.expect("help is help", (result.returncode, result.stderr), (0, ""))
    check.holds("help lists", result.stdout, "\n  status ")
    check.holds("the version", check.run("--version").stdout, "wildset ")
    for command in ("status", "list", "explain", "watch", "rules", "forget", "metrics", "replay"):
        result = check.run("help", command)
        check.expect("help %s" % command, (result.returncode, result.stdout.split("[")[0]),
                     (0, "usage: wildset %s " % command))
        check.expect("%s --nonsense is wrong usage" % command,
                     check.run(command, "--nonsense").returncode, 64)
    check.holds("the command is named", check.run("list", "--nonsense").stderr,
                "wildset list: unrecognized option '--nonsense'\nusage: wildset list ")
    for command in ("status", "watch", "metrics"):
        check.holds("%s of something is wrong usage" % command, check.run(command, "x").stderr,
                    "wildset %s: takes no argument\nusage: " % command)
    check.expect("replay of nothing is wrong usage", check.run("replay").returncode, 64)
    check.expect("forget of nothing is wrong usage", check.run("forget").returncode, 64)


def check_status(check):
    request, result = check.ask(packets(compact(STATUS)), "status")
    check.expect("status asks", request, {"protocol": 1, "command": "status"})
    check.expect("status in words", (result.returncode, result.stdout), (1, STATUS_TEXT))
    _, result = check.ask(packets(compact(STATUS)), "status", "--json")
    told = json.loads(result.stdout)
    check.expect("status --json is one object with the findings of the text",
                 (result.returncode, told.pop("health"),
                  ["! {text}: {advice}".format(**finding) for finding in told.pop("findings")], told),
                 (1, "degraded", [line for line in STATUS_TEXT.splitlines() if line[0:1] == "!"], STATUS))
    for size in (PACKET - 1, PACKET, PACKET + 1, 3 * PACKET):
        long = dict(STATUS, warnings=[])
        long["warnings"] = ["x" * (size - len(compact(long)) - 2)]
        assert len(compact(long)) == size
        _, result = check.ask(packets(compact(long)), "status", "--json")
        told = json.loads(result.stdout or "{}")
        check.expect("a reply of %d bytes" % size, {key: told.get(key) for key in long}, long)


def samples(text):
    """As Prometheus' own reader has them: (name, labels) to value.  A family in two places, a sample
    without its family or a value that is no number is an error."""
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), names
    assert all(family.documentation and family.type != "unknown" for family in families), names
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families for sample in family.samples}


def check_metrics(check):
    request, result = check.ask(packets(compact(STATUS)), "metrics")
    check.expect("metrics asks", request, {"protocol": 1, "command": "status"})
    got, wanted = samples(result.stdout), samples_of(METRICS)
    check.expect("metrics as Prometheus reads them", {key: got.get(key) for key in wanted}, wanted)
    if shutil.which("promtool"):
        lint = subprocess.run(["promtool", "check", "metrics"], input=result.stdout, text=True,
                              capture_output=True)
        check.expect("promtool has nothing to say", (lint.returncode, lint.stdout + lint.stderr), (0, ""))
    odd = dict(STATUS, version='a"b\\c\nd', sources=[dict(STATUS["sources"][0], counters={
        "brand-new": 5, 'x"} 1\ny': 1})])
    _, result = check.ask(packets(compact(odd)), "metrics")
    got = samples(result.stdout)
    check.expect("labels are escaped", got.get(("wildset_build_info", (("version", 'a"b\\c\nd'),))), 1)
    check.expect("a new counter comes along", got.get(
        ("wildset_source_brand_new_total", (("source", "sniffer"),))), 5)
    check.expect("what is no name does not", "x\"" in result.stdout, False)
    file = os.path.join(check.folder, "wildset.prom")
    _, result = check.ask(packets(compact(STATUS)), "metrics", "--output", file)
    check.expect("metrics --output", (result.returncode, result.stdout), (0, ""))
    with open(file, encoding="ascii") as text:
        check.expect("the file holds them", samples(text.read())[("wildset_up", ())], 1)
    check.expect("everybody may read it", os.stat(file).st_mode & 0o777, 0o644)
    result = check.run("metrics", "--output", file, "--socket", os.path.join(check.folder, "none"))
    check.expect("no daemon is an error", result.returncode, 1)
    with open(file, encoding="ascii") as text:
        check.expect("and wildset_up is 0", samples(text.read()), {("wildset_up", ()): 0})
    check.expect("no draft is left", sorted(os.listdir(check.folder)), ["wildset.prom"])
    os.unlink(file)
    result = check.run("metrics", "--output", os.path.join(check.folder, "no/file"), "--socket", "/none")
    check.holds("a file that cannot be is explained", result.stderr, "no/file: No such file")


def samples_of(text):
    found = {}
    for line in text.splitlines():
        head, value = line.rsplit(" ", 1)
        name, _, labels = head.partition("{")
        found[name, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels)))] = float(value)
    return found


def read_terminal(fd):
    """All of it: a read gives what has come so far, and at the end an error."""
    said = b""
    try:
        while part := os.read(fd, 65536):
            said += part
    except OSError:
        pass
    return said


def check_colours(check):
    """A terminal sees them unless it said NO_COLOR; a pipe never does."""
    for variables, coloured in (({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False),
                                ({"TERM": "xterm", "NO_COLOR": "1"}, False)):
        daemon = Daemon(check.folder, packets(compact(STATUS)))
        us, them = os.openpty()
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        subprocess.run([check.wildset, "status", "--socket", daemon.path], stdout=them,
                       env=environment | variables, check=False)
        daemon.end()
        os.close(them)
        said = read_terminal(us).decode()
        os.close(us)
        check.expect("colours with %s" % variables, "\033[" in said, coloured)
        check.expect("the same words", re.sub(r"\033\[\d+m|\r", "", said), STATUS_TEXT)


def rows_of(leases):
    keys = ("set", "address", "name", "left", "source", "whitelist", "element")
    text = "".join("\t".join(str(lease.get(key, "")) for key in keys) + "\n" for lease in leases)
    return compact({"protocol": 1, "rows": text}).encode()


def check_list(check):
    rows = [rows_of(LEASES)]
    end = [compact(END).encode()]
    request, result = check.ask(rows + end, "list", "lookback")
    check.expect("list asks", request,
                 {"protocol": 1, "command": "list", "whitelist": "lookback", "as": "rows"})
    check.expect("list in columns", (result.returncode, result.stdout), (0, LIST_TEXT))
    leaving = {"set": "inet wildset lookback4", "address": "198.51.100.9", "left": 3, "element": "leaving"}
    _, result = check.ask([rows_of([leaving])] + end, "list")
    check.expect("what has yet to go is told", result.stdout.splitlines()[1].split(), ["198.51.100.9", "3s", "leaving"])
    for bad in ("x", "\t\n", "a\tb\n", "a\t" + "9" * 99 + "\t\t\t\t\t\n", "\t" * 20 + "\n"):
        _, result = check.ask([compact({"protocol": 1, "rows": bad}).encode()] + end, "list")
        check.expect("rows that are none do no harm", result.returncode in (0, 1), True)
    lines = [compact(lease).encode() for lease in LEASES]
    request, result = check.ask(lines + end, "list", "--json")
    check.expect("list --json asks", request, {"protocol": 1, "command": "list"})
    check.expect("list --json is one object a line",
                 [json.loads(line) for line in result.stdout.splitlines()], LEASES)
    _, result = check.ask([rows_of(LEASES[::-1]), rows_of(LEASES[:1])] + end, "list")
    check.expect("in any order, and one twice: sorted, and once", (result.returncode, result.stdout),
                 (0, LIST_TEXT))
    _, result = check.ask(end, "list")
    check.expect("an empty list is no error", (result.returncode, result.stdout), (0, ""))
    _, result = check.ask(rows, "list")
    check.expect("a list without its end is an error", (result.returncode, result.stdout),
                 (1, LIST_TEXT))
    _, result = check.ask([b'{"protocol":1,"error":"there is no whitelist"}'], "list", "x")
    check.expect("the daemon's error", (result.returncode, result.stderr),
                 (1, "wildset: there is no whitelist\n"))


MORE_LEASES = [
    {"address": "198.51.100.7", "set": "inet wildset a4", "whitelist": "a", "name": "b.example.net",
     "left": 30, "source": "sniffer", "client": "192.0.2.11", "clients": ["192.0.2.10", "192.0.2.11"]},
    {"address": "198.51.100.9", "set": "inet wildset a4", "whitelist": "a", "name": "a.example.net",
     "left": 100, "source": "registry"},
    {"address": "198.51.100.8", "set": "inet wildset b4", "whitelist": "b", "name": "c.example.org",
     "left": 9, "source": "sniffer", "client": "2001:db8::10"},
    {"address": "2001:db8:5::7", "set": "inet wildset b6", "whitelist": "b", "name": "example.net",
     "left": 9, "source": "state", "element": "foreign"},
]


def check_list_options(check):
    end = [compact(END).encode()]
    as_json = [compact(lease).encode() for lease in MORE_LEASES] + end
    as_rows = [rows_of(MORE_LEASES[::-1])] + end

    def endings(*options):
        """The last bytes of the addresses, in order: as JSON and in columns they must be the same."""
        _, result = check.ask(as_json, "list", "--json", *options)
        said = [json.loads(line)["address"][-1] for line in result.stdout.splitlines()]
        _, result = check.ask(as_json if "--client" in options else as_rows, "list", *options)
        rows = [line.split()[0][-1] for line in result.stdout.splitlines()[1:]]
        check.expect("list %s in both forms" % " ".join(options), rows, said)
        return "".join(said)

    for options, wanted in (
            ((), "7987"),
            (("--sort", "address"), "7897"), (("--sort", "-address"), "7987"),
            (("--sort", "left"), "8779"), (("--sort", "-left"), "9787"),
            (("--sort", "name"), "9787"), (("--sort", "source"), "9787"),
            (("--sort", "whitelist"), "7987"),
            (("--sort", "left", "--limit", "2"), "87"), (("--limit", "99"), "7987"),
            (("--name", "*.example.net"), "79"), (("--name", "EXAMPLE.net."), "7"), (("--name", "*"), "7987"),
            (("--source", "sniffer"), "78"), (("--source", "state"), "7"),
            (("--client", "192.0.2.10"), "7"), (("--client", "192.0.2.0/24"), "7"),
            (("--client", "2001:db8::/32"), "8"),
            (("--client", "192.0.2.11", "--name", "*.example.org"), "")):
        check.expect("list %s" % " ".join(options), endings(*options), wanted)
    request, _ = check.ask(as_json, "list", "--client", "192.0.2.10", "a")
    check.expect("who asked is no row", request, {"protocol": 1, "command": "list", "whitelist": "a"})
    _, result = check.ask(as_rows, "list", "--name", "nobody.example")
    check.holds("nothing that matches is said", result.stderr, "matches the options")
    for option, bad in (("--sort", "size"), ("--sort", ""), ("--limit", "0"), ("--limit", "-1"),
                        ("--limit", "4294967297"), ("--name", "a..b"), ("--source", "nobody"), ("--client", "host")):
        result = check.run("list", option, bad)
        check.expect("list %s %r is wrong usage" % (option, bad), (result.returncode, option in result.stderr),
                     (64, True))
    many = [{"address": "198.18.%d.%d" % (i >> 8, i & 255), "set": "inet wildset a4", "whitelist": "a",
             "name": "n%d.example.net" % i, "left": i * 7919 % 10000, "source": "sniffer"} for i in range(10000)]
    replies = [rows_of(many[i:i + 40]) for i in range(0, len(many), 40)]
    _, result = check.ask(replies + replies[:9] + end, "list", "--sort", "-left", "--limit", "3")
    check.expect("the first of many, some told twice",
                 [line.split()[1] for line in result.stdout.splitlines()[1:]],
                 [lease["name"] for lease in sorted(many, key=lambda lease: -lease["left"])[:3]])


def check_forget(check):
    request, result = check.ask([b'{"protocol":1,"forgotten":2}'], "forget", "a.example")
    check.expect("forget asks for a name", request,
                 {"protocol": 1, "command": "forget", "name": "a.example"})
    check.expect("forget says how many", (result.returncode, result.stdout), (0, "2 revoked\n"))
    request, result = check.ask([b'{"protocol":1,"forgotten":0}'], "forget", "2001:db8::1")
    check.expect("forget asks for an address", request,
                 {"protocol": 1, "command": "forget", "address": "2001:db8::1"})
    check.expect("nothing forgotten", result.returncode, 1)
    _, result = check.ask([b'{"protocol":1,"forgotten":1}'], "forget", "--json", "192.0.2.1")
    check.expect("forget --json", json.loads(result.stdout), {"forgotten": 1})


def check_explain(check):
    request, result = check.ask(packets(compact(ALLOWED)), "explain", "eu2.dormammu.lookback.io")
    check.expect("explain asks for a name", request,
                 {"protocol": 1, "command": "explain", "name": "eu2.dormammu.lookback.io"})
    check.expect("allowed, in words", (result.returncode, result.stdout), (0, ALLOWED_TEXT))
    for element, says in (("absent", "missing from the kernel set"),
                          ("foreign", "the kernel has it as an element not managed by wildset, permanently")):
        reply = json.loads(compact(ALLOWED))
        reply["leases"][0]["element"] = element
        del reply["leases"][0]["element_left"]
        _, result = check.ask(packets(compact(reply)), "explain", "a")
        check.holds("an element that is %s" % element, result.stdout, says)
    _, result = check.ask(packets(compact(REFUSED_NAME)), "explain", "dormammu.lookback.io")
    check.expect("a name that is not, in words", (result.returncode, result.stdout),
                 (1, REFUSED_NAME_TEXT))
    request, result = check.ask(packets(compact(REFUSED_ADDRESS)), "explain", "10.1.2.3")
    check.expect("explain asks for an address", request,
                 {"protocol": 1, "command": "explain", "address": "10.1.2.3"})
    check.expect("an address that is not, in words", (result.returncode, result.stdout),
                 (1, REFUSED_ADDRESS_TEXT))
    _, result = check.ask(packets(compact(ALLOWED)), "explain", "--json", "a.example")
    check.expect("explain --json", (result.returncode, json.loads(result.stdout)), (0, ALLOWED))
    check.expect("explain of nothing is wrong usage", check.run("explain").returncode, 64)


def check_watch(check):
    begin = [b'{"protocol":1,"watching":true}']
    lines = [compact(event).encode() for event in EVENTS]
    request, result = check.ask(begin + lines, "watch")
    check.expect("watch asks", request, {"protocol": 1, "command": "watch"})
    check.expect("watch in columns", (result.returncode, result.stdout), (1, WATCH_TEXT))
    check.holds("the daemon's end is told", result.stderr, "wildsetd exited")
    _, result = check.ask(begin + lines, "watch", "--json")
    check.expect("watch --json is one object a line",
                 [json.loads(line) for line in result.stdout.splitlines()], EVENTS)
    _, result = check.ask([b'{"protocol":1,"error":"as many as may"}'], "watch")
    check.expect("watch is refused", (result.returncode, result.stdout, result.stderr),
                 (1, "", "wildset: as many as may\n"))
    check.expect("watch of something is wrong usage", check.run("watch", "x").returncode, 64)


def check_bad_daemons(check):
    for what, replies, says in (
            ("another protocol", [b'{"protocol":2,"version":"2"}'],
             "wildsetd speaks protocol 2, this wildset speaks 1"),
            ("no JSON", [b"hello"], "reply is invalid"),
            ("no object", [b"[1]"], "reply is invalid"),
            ("nothing", [], "cannot reach wildsetd"),
            ("half a reply", [b'{"protocol":1,"x":"' + b"x" * (PACKET - 19)], "reply is invalid"),
            ("too much", [b"x" * PACKET] * 70, "reply is invalid")):
        _, result = check.ask(replies, "status")
        check.expect("%s is an error" % what, (result.returncode, result.stdout), (2, ""))
        check.holds("%s is explained" % what, result.stderr, says)
    result = check.run("status", "--socket", os.path.join(check.folder, "none.sock"))
    check.expect("no daemon is failing", result.returncode, 2)
    check.holds("no daemon is explained", result.stderr,
                "is it running? try `systemctl status wildset`")
    result = check.run("status", "--socket", "/" + "x" * 200)
    check.expect("a path that is too long is failing", result.returncode, 2)


def check_replay_input(check):
    """A capture on the standard input, and packed ones, as the advice has it."""
    here = pathlib.Path(__file__).parent
    capture, config = here / "../captures/plain-a.pcap", here / "lookback.conf"
    command = [check.wildset, "replay", "--json", "--config", config]
    wanted = subprocess.run([*command, capture], capture_output=True, check=True).stdout
    with open(capture, "rb") as file:
        said = subprocess.run([*command, "-"], stdin=file, capture_output=True, check=True).stdout
    check.expect("replay reads a file from the standard input", said, wanted)
    packed = os.path.join(check.folder, "a.pcap.gz")
    pathlib.Path(packed).write_bytes(gzip.compress(capture.read_bytes()))
    result = subprocess.run([*command, packed], capture_output=True, text=True, check=False)
    advice = "zcat %s | wildset replay -" % packed
    check.expect("a packed capture is said to be one", (result.returncode, "`%s`" % advice in result.stderr),
                 (1, True))
    unpacked = subprocess.run(["zcat", packed], capture_output=True, check=True).stdout
    said = subprocess.run([*command, "-"], input=unpacked, capture_output=True, check=True).stdout
    check.expect("and the advice reads it", said, wanted)
    os.unlink(packed)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check = Check(sys.argv[1], folder)
        check_dispatcher(check)
        check_status(check)
        check_colours(check)
        check_replay_input(check)
        check_metrics(check)
        check_list(check)
        check_list_options(check)
        check_forget(check)
        check_explain(check)
        check_watch(check)
        check_bad_daemons(check)
        sys.exit(check.failed)


if __name__ == "__main__":
    main()
