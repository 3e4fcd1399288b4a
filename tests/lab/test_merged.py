# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP GRO: datagrams of one flow that come together are one frame for whoever captures."""
import array
import fcntl
import itertools
import socket
import struct
import types

import pytest
from scapy.all import DNS, DNSQR, raw

import appliance
import lab
from lab import wait_for
from test_newcomer import DOMAIN, LIE, ask, forget, serve, taught_by

SIOCETHTOOL, GSTRINGS, SFEATURES, GSSET_INFO, SS_FEATURES = 0x8946, 0x1B, 0x3B, 0x37, 4
KINDS = ("rx-udp-gro-forwarding", "rx-gro-list")


def ethtool(interface, request):
    """A request of linux/ethtool.h, with room for the reply, which it becomes."""
    reply = array.array("B", request)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, struct.pack("16sP8x", interface.encode(), reply.buffer_info()[0]))
    return reply.tobytes()


def set_features(interface, **wanted):
    count = struct.unpack_from("I", ethtool(interface, struct.pack("IIQII", GSSET_INFO, 0, 1 << SS_FEATURES, 0, 0)),
                               16)[0]
    names = ethtool(interface, struct.pack("III", GSTRINGS, SS_FEATURES, count) + bytes(32 * count))[12:]
    names = [names[32 * i:32 * i + 32].split(b"\0")[0].decode() for i in range(count)]
    blocks = [[0, 0] for _ in range((count + 31) // 32)]
    for name, on in wanted.items():
        number = names.index(name.replace("_", "-"))
        blocks[number // 32][0] |= 1 << number % 32
        blocks[number // 32][1] |= on << number % 32
    ethtool(interface, struct.pack("II", SFEATURES, len(blocks)) +
            b"".join(struct.pack("II", *block) for block in blocks))


@pytest.fixture(scope="module", params=KINDS)
def place(request):
    network = lab.Network("path")
    firewall = network.firewall
    try:
        with firewall.entered():
            set_features("lan", rx_gro=True, **{kind.replace("-", "_"): kind == request.param for kind in KINDS})
        # A wire is never as busy as to bring two at once: what came waits a moment for more.
        firewall.run("unshare", "--mount", "sh", "-c", "mount -t sysfs sysfs /sys && cd /sys/class/net/lan && "
                     "echo 2000000 >gro_flush_timeout && echo 10 >napi_defer_hard_irqs")
        serve(network.resolver, None, lab.RESOLVER4)
        wildset = appliance.Wildset(firewall, interfaces=["lan"], resolvers=[lab.RESOLVER4], extra='follow = "answer"')
        wildset.start()
        yield types.SimpleNamespace(client=network.client, host=firewall, wildset=wildset)
        assert wildset.stop() == 0, wildset.log()
    finally:
        network.close()


def merged(place):
    return place.wildset.status()["sources"][0]["counters"].get("merged-datagrams", 0)


def test_the_second_of_two_questions_is_seen(place):
    """The first is foreign, which alone the kernel's filter would not let through."""
    numbers = itertools.count(1)
    with place.client.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((lab.RESOLVER4, 53))

    def ask_both():
        number = next(numbers)
        name = f"m{number}.{DOMAIN}"
        messages = [raw(DNS(id=number, rd=1, qd=DNSQR(qname=question)))
                    for question in (f"foreign-and-longer-by-some.{number}.example.net", name)]
        for message in messages:
            sock.send(message)
        lab.time.sleep(0.3)
        return merged(place) and taught_by(place, name)
    with sock:
        assert wait_for("a merged one is learned", ask_both, every=0.1) == [lab.RESOLVER4]
    assert place.wildset.status()["sources"][0]["interfaces"][0]["filter"] == "names"


def test_foreign_ones_do_not_wake_the_sniffer(place):
    """One at a time: nothing is merged, and the filter is as fine as ever."""
    def frames():
        return place.wildset.status()["sources"][0]["counters"]["frames"]
    lab.time.sleep(1.2)  # a report
    before = frames()
    for number in range(20):
        assert ask(place.client, f"f{number}.example.net", lab.RESOLVER4) == [LIE]
    forget(place)
    assert ask(place.client, f"last.{DOMAIN}", lab.RESOLVER4) == [LIE]
    wait_for("it is learned", lambda: taught_by(place, f"last.{DOMAIN}"))
    wait_for("they are counted", lambda: frames() > before)
    assert frames() - before <= 4
