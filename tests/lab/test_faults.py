# SPDX-License-Identifier: GPL-2.0-or-later
"""What befalls a firewall while a client connects in a loop: no connection is refused."""
import contextlib
import os
import signal
import socket
import threading
import time

import pytest

from clients import dig
from lab import wait_for

NAME, ADDRESS, PORT = "eu1.dormammu.lookback.io", "198.51.100.11", 19305
# A SYN that is dropped is sent again a second later: a client that waits as long as any gets through.
PATIENCE = 3.0
LOST_SYN = 0.5


class Client(threading.Thread):
    """Connects, closes, connects; keeps how long each took, None for one that was refused."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.host = host
        self.took = []
        self.ended = threading.Event()

    def run(self):
        with self.host.entered():
            while not self.ended.is_set():
                self.took.append(self.connect())
                time.sleep(0.002)

    @staticmethod
    def connect():
        began = time.monotonic()
        try:
            with socket.create_connection((ADDRESS, PORT), timeout=PATIENCE):
                return time.monotonic() - began
        except OSError:
            return None

    def __enter__(self):
        self.start()
        wait_for("the client connects", lambda: len(self.took) >= 3)
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()

    def connects_again(self):
        """Some connections that began after this moment have ended."""
        count = len(self.took)
        wait_for("the client goes on", lambda: len(self.took) >= count + 5)

    @property
    def refused(self):
        return sum(took is None for took in self.took)

    @property
    def late(self):
        return sum(took is not None and took > LOST_SYN for took in self.took)


def nft(world, *commands, check=True):
    world.firewall.host.run("nft", "; ".join(commands), check=check)


def set4(world):
    return world.wildset.settings["set4"]


def flush_set(world):
    nft(world, f"flush set {set4(world)}")


def delete_element(world):
    nft(world, f"delete element {set4(world)} {{ {ADDRESS} }}")


def flush_ruleset(world):
    nft(world, "flush ruleset")
    world.firewall.load()


def delete_table(world):
    family, table, _ = set4(world).split()
    nft(world, f"delete table {family} {table}")
    world.firewall.load()


def recreate_set(world):
    """Rules hold a set fast: they go and come with it, in one transaction."""
    world.firewall.load()
    world.firewall.load()


def load_ruleset(world):
    world.firewall.load()


def load_rules(world):
    world.firewall.load_rules()


def kill_daemon(world):
    world.wildset.program.send_signal(signal.SIGKILL)
    world.wildset.program.wait(5)
    world.wildset.start()


def kill_sniffer(world):
    old = wait_for("a sniffer", world.wildset.sniffers, timeout=15)
    for process in old:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    wait_for("another sniffer", lambda: set(world.wildset.sniffers()) - set(old), timeout=15)


def reload_configuration(world):
    world.wildset.reload()
    wait_for("it was read again", lambda: "reloaded: " in world.wildset.log())


FAULTS = (flush_set, delete_element, flush_ruleset, delete_table, recreate_set, load_ruleset,
          load_rules, kill_daemon, kill_sniffer, reload_configuration)
TIMES = 3


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_client_gets_through(world, fault):
    assert dig(world.client, NAME) == [ADDRESS] or dig(world.client, NAME)
    wait_for("the address", lambda: world.wildset.holds(ADDRESS))
    with Client(world.client) as client:
        for _ in range(TIMES):
            fault(world)
            client.connects_again()
            wait_for("the element is back", lambda: world.wildset.holds(ADDRESS), timeout=3)
    assert client.refused == 0, f"{client.refused} of {len(client.took)} refused"
    # One SYN in flight at the moment of the fault may be lost, and is sent again.
    assert client.late <= 2 * TIMES, f"{client.late} of {len(client.took)} were late"
