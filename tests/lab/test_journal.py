# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit trail in systemd's own journal: journald runs in the lab's private /run, and takes
wildsetd's stderr as it does from a service."""
import glob
import json
import os
import pathlib
import signal
import socket
import subprocess

import pytest

import lab
from clients import dig
from lab import wait_for

JOURNALD = "/usr/lib/systemd/systemd-journald"
STREAM = "/run/systemd/journal/stdout"
HEADER = b"wildsetd\nwildset.service\n6\n1\n0\n0\n0\n"  # identifier, unit, priority, prefixes, forwarding

CATALOG = pathlib.Path(__file__).parents[2] / "packaging/systemd/wildset.catalog"
# The same for each way that DNS takes.
pytestmark = pytest.mark.parametrize("world", ["path"], indirect=True, scope="module")


class Journal:
    def __init__(self, folder):
        for path in ("/run/systemd/journal", "/run/log/journal"):
            pathlib.Path(path).mkdir(parents=True, exist_ok=True)
        with open(folder / "journald.log", "ab") as out:
            self.program = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out)
        wait_for("journald listens", lambda: pathlib.Path(STREAM).exists())

    def stream(self):
        """What systemd gives a service as stderr, and the variable that says so."""
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.connect(STREAM)
        stream.send(HEADER)
        status = os.fstat(stream.fileno())
        return stream, f"{status.st_dev}:{status.st_ino}"

    def entries(self, *matches):
        done = subprocess.run(["journalctl", "--directory", *glob.glob("/run/log/journal/*"),
                               "--no-pager", "--all", "-o", "json", *matches],
                              capture_output=True, text=True, check=False)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def close(self):
        self.program.send_signal(signal.SIGCONT)
        lab.stop(self.program)


@pytest.fixture(scope="module")
def journal(world):
    journal = Journal(world.network.folder)
    world.wildset.stop()
    stream, name = journal.stream()
    world.wildset.start(stderr=stream, env={"JOURNAL_STREAM": name})
    stream.close()
    yield journal
    world.wildset.stop()
    journal.close()
    world.wildset.start()


def entry(journal, *matches):
    return wait_for(f"an entry with {matches}", lambda: journal.entries(*matches))[0]


def test_a_grant_is_found_by_its_address(world, journal):
    dig(world.client, "eu1.dormammu.lookback.io")
    found = entry(journal, "WILDSET_ADDRESS=198.51.100.11", "WILDSET_EVENT=granted")
    assert found["MESSAGE"].startswith("granted 198.51.100.11 in inet filter lookback4 for 300 s: "
                                       "eu1.dormammu.lookback.io (A, resolver 192.0.2.53, client")
    assert found["PRIORITY"] == "6" and found["SYSLOG_IDENTIFIER"] == "wildsetd"
    assert found["_COMM"] == "wildsetd"
    for field, value in {"NAME": "eu1.dormammu.lookback.io", "WHITELIST": "lookback",
                         "CLIENT": lab.CLIENT4, "RESOLVER": lab.RESOLVER4, "RECORD": "A",
                         "SET": "inet filter lookback4", "INTERFACE": "lan", "SOURCE": "sniffer",
                         "PATTERN": "*.dormammu.lookback.io", "LIFETIME": "300"}.items():
        assert found[f"WILDSET_{field}"] == value, field


def test_its_end_and_what_was_refused_are_there_too(world, journal):
    dig(world.client, "short.dormammu.lookback.io")
    dig(world.client, "inner.dormammu.lookback.io")
    refused = entry(journal, "WILDSET_EVENT=refused", "WILDSET_NAME=inner.dormammu.lookback.io")
    assert refused["WILDSET_REASON"] == "special-address" and refused["PRIORITY"] == "7"
    ended = entry(journal, "WILDSET_EVENT=expired", "WILDSET_ADDRESS=198.51.100.70")
    assert ended["WILDSET_NAME"] == "short.dormammu.lookback.io"


def test_a_name_cannot_begin_a_field(world, journal):
    dig(world.client, r"lf\010PRIORITY=0.dormammu.lookback.io")
    found = entry(journal, "WILDSET_ADDRESS=198.51.100.68")
    assert found["WILDSET_NAME"] == r"lf\010priority=0.dormammu.lookback.io"
    assert found["PRIORITY"] == "6"


def test_each_message_id_is_in_the_catalog(world, journal):
    ids = {line.split()[1] for line in CATALOG.read_text(encoding="ascii").splitlines()
           if line.startswith("-- ")}
    seen = {found["MESSAGE_ID"] for found in journal.entries() if "WILDSET_EVENT" in found}
    assert len(ids) == 8 and len(seen) >= 3 and seen <= ids


def test_a_journal_that_stands_still_stops_nothing(world, journal):
    journal.program.send_signal(signal.SIGSTOP)
    try:
        for _ in range(20):  # more than its socket holds
            dig(world.client, "moving.dormammu.lookback.io")
            dig(world.client, "inner.dormammu.lookback.io")
        dig(world.client, "stalled.dormammu.lookback.io")
        wait_for("the address", lambda: world.wildset.holds("198.51.100.69"))
    finally:
        journal.program.send_signal(signal.SIGCONT)
    dig(world.client, "many.dormammu.lookback.io")
    entry(journal, "WILDSET_ADDRESS=198.51.100.21")
    assert any("lines were dropped before this one" in found["MESSAGE"] for found in
               wait_for("stderr's lines", lambda: journal.entries("_TRANSPORT=stdout")))
