# SPDX-License-Identifier: GPL-2.0-or-later
"""The first packet waits for its address: found, not found, and in all weathers.

`stopped()` makes any race certain: while the sniffer stands still the answer is in its ring, and the
client's packet has to wait.
"""
import concurrent.futures
import contextlib
import os
import signal
import socket
import struct
import time
import types

import pytest

import appliance
import holding
import lab
import names

BOUND = 0.5
NAMES = 80
OUTCOMES = ("at_once", "found", "without", "time_up", "no_room", "not_held", "overrun", "dropped")
STRANGER4, STRANGER6 = "203.0.113.250", "2001:db8:100::fa"


def zone_of_fresh_names():
    return "".join(f"h{i}.dormammu 300 A 198.51.100.{100 + i}\nh{i}.dormammu 300 AAAA 2001:db8:100::5:{i}\n"
                   for i in range(NAMES))


@pytest.fixture(scope="module", params=["path", "mirror"])
def place(request):
    mode = request.param
    network = lab.Network(mode)
    zones = dict(names.ZONES)
    names.ZONES["lookback.io"] += zone_of_fresh_names()
    try:
        zone = names.Names(network.resolver, network.folder)
        wildset = appliance.Wildset(network.firewall, interfaces=[network.interface],
                                    capture='mirror = { "mirror" }' if mode == "mirror" else "",
                                    outside=f'hold = "{int(BOUND * 1000)}ms"')
        shape = "table" if mode == "path" else "mark"
        firewall = appliance.Firewall(network.firewall, wildset, shape)
        rules = holding.Rules(network.firewall, wildset, shape)
        network.serve()
        firewall.load()
        wildset.start()
        rules.load()
        yield types.SimpleNamespace(mode=mode, network=network, client=network.client, names=zone,
                                    wildset=wildset, firewall=firewall, rules=rules,
                                    fresh=iter(range(NAMES)))
        assert wildset.stop() == 0, wildset.log()
    finally:
        names.ZONES.update(zones)
        network.close()


# ---- what a client does ----

def fresh(place):
    number = next(place.fresh)
    return f"h{number}.dormammu.lookback.io", f"198.51.100.{100 + number}", f"2001:db8:100::5:{number}"


def asks(place, name):
    place.client.run("dig", "+short", "+time=2", "+tries=1", name, "A")
    place.client.run("dig", "+short", "+time=2", "+tries=1", name, "AAAA")


def connects(place, address, port=19305, timeout=5.0):
    """Seconds until it was connected, None when it was not; and how many packets were sent again."""
    with place.client.entered():
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    with sock:
        sock.settimeout(timeout)
        began = time.monotonic()
        try:
            sock.connect((address, port))
            took = time.monotonic() - began
        except OSError:
            took = None
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        return types.SimpleNamespace(took=took, again=struct.unpack_from("I", info, 100)[0])


@contextlib.contextmanager
def stopped(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def counted(place):
    """The outcomes since it was called."""
    before = holding.figures(place.wildset)["outcomes"]

    def since():
        now = holding.figures(place.wildset)["outcomes"]
        return {key: now[key] - before[key] for key in OUTCOMES if now[key] != before[key]}
    return since


@pytest.mark.parametrize("family", [4, 6])
def test_a_packet_waits_for_its_answer(place, family):
    name, *addresses = fresh(place)
    address = addresses[family == 6]
    since = counted(place)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with stopped(*place.wildset.sniffers()):
            asks(place, name)
            connection = pool.submit(connects, place, address)
            lab.wait_for("the packet waits", place.rules.queued, timeout=0.3, every=0.002)
            time.sleep(0.05)
            assert not connection.done()
        done = connection.result()
    assert done.again == 0 and done.took < BOUND, done
    assert since() == {"found": 1}
    assert place.wildset.holds(address)
