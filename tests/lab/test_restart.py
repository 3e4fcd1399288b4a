# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten thousand leases over kill -9 and over a reboot: packets meet each of them at every moment."""
import contextlib
import signal
import socket
import threading

import pytest

import appliance
import lab
from lab import wait_for

LEASES, TIMES = 10_000, 3
ADDRESSES = [f"198.18.{number >> 8}.{number & 255}" for number in range(LEASES)]
NAME = "many.dormammu.lookback.io"

# A packet to an address that is not in the set is refused to its sender: EPERM.
RULES = """
table inet wildset {
    chain probe {
        type filter hook output priority filter; policy accept;
        udp dport 9 ip daddr != @many4 drop
    }
}
"""


class Sender(threading.Thread):
    """One packet to each address, over and over; counts those that were dropped."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.host = host
        self.ended = threading.Event()
        self.rounds = 0
        self.dropped = {}

    def run(self):
        with self.host.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            while not self.ended.is_set():
                for address in ADDRESSES:
                    self.send(probe, address)
                self.rounds += 1

    def send(self, probe, address):
        try:
            probe.sendto(b"", socket.MSG_DONTWAIT, (address, 9))
        except PermissionError:
            self.dropped[address] = self.dropped.get(address, 0) + 1

    def __enter__(self):
        self.start()
        self.go_on()
        return self

    def go_on(self):
        rounds = self.rounds
        wait_for("a packet to each address", lambda: self.rounds >= rounds + 2, timeout=30)

    def __exit__(self, *_):
        self.ended.set()
        self.join()


@pytest.fixture(name="wildset")
def keeper():
    """On a host of its own, with the leases in force: taken over from the set."""
    network = lab.Network("path")
    wildset = appliance.Wildset(network.firewall, interfaces=[network.interface],
                                set4="inet wildset many4", set6="inet wildset many6",
                                extra=f"max-addresses = {2 * LEASES}\nbenchmark-addresses = true")
    try:
        network.firewall.ip("route", "add", "local", "198.18.0.0/15", "dev", "lo")
        wildset.start()
        wildset.stop()
        listed = ", ".join(f'{address} timeout 1h comment "{NAME}"' for address in ADDRESSES)
        wildset.host.run("nft", "-f", "-", text_input=f"add element inet wildset many4 {{ {listed} }}")
        wildset.host.run("nft", "-f", "-", text_input=RULES)
        wildset.start()
        assert wildset.status()["leases"] == LEASES
        yield wildset
        assert wildset.stop() == 0, wildset.log()
    finally:
        network.close()


def kill(wildset):
    wildset.program.send_signal(signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        wildset.program.wait(5)


def test_no_lease_is_missing_at_any_moment(wildset):
    with wildset.host.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with pytest.raises(PermissionError):
            probe.sendto(b"", ("198.19.0.1", 9))  # what is not in the set is dropped
    with Sender(wildset.host) as sender:
        for _ in range(TIMES):
            kill(wildset)
            sender.go_on()
            wildset.start()
            sender.go_on()
            assert wildset.status()["leases"] == LEASES
        wildset.stop()
        wildset.start()
        sender.go_on()
    assert not sender.dropped, f"{len(sender.dropped)} addresses were missing at some moment"


def test_after_a_reboot_all_are_there_before_the_first_packet(wildset):
    wildset.stop()
    wildset.host.run("nft", "flush", "ruleset")
    said = len(wildset.log())
    wildset.start()
    elements = wildset.elements()
    assert elements.keys() == set(ADDRESSES)
    assert all(3000 < left <= 3600 for _, left, _ in elements.values())
    log = wildset.log()[said:]
    assert f"restored {LEASES} leases" in log
    written = log.index(f"inet wildset many4: {LEASES} addresses restored")
    assert written < log.index("capture: lan is read"), "the sniffer began before the sets were full"


def test_a_stricter_policy_is_in_force_from_the_start(wildset):
    """What is refused now goes out of the kernel, also when the state file has gone."""
    for prefix, remains in (("198.18.0.0/24", 256), ("198.18.0.0/23", 512)):
        wildset.stop()
        wildset.configure(extra=f'max-addresses = {2 * LEASES}\nbenchmark-addresses = true\nrefuse = {{ "{prefix}" }}')
        wildset.start()
        assert wildset.elements().keys() == set(ADDRESSES[remains:])
        assert wildset.status()["leases"] == LEASES - remains
        kill(wildset)
        (wildset.host.folder / "leases").unlink(missing_ok=True)
        wildset.start()
        assert wildset.elements().keys() == set(ADDRESSES[remains:])
        said = wildset.host.run(appliance.WILDSET, "explain", ADDRESSES[0], check=False)
        assert "is not allowed" in said.stdout
