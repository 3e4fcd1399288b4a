# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers that nobody asked for, that come twice with other addresses, or from a stranger."""
import contextlib
import socket
import struct
import threading
import time

from scapy.all import DNS, DNSQR, DNSRR, IP, UDP, Ether, get_if_hwaddr, raw
from scapy.config import conf

import lab
from clients import dig
from lab import wait_for

conf.verb = 0


def answer(name, address, identity, port, resolver=lab.RESOLVER4):
    """As the resolver would have said it, 300 s."""
    return (IP(src=resolver, dst=lab.CLIENT4) / UDP(sport=53, dport=port) /
            DNS(id=identity, qr=1, rd=1, ra=1, qd=DNSQR(qname=name),
                an=DNSRR(rrname=name, type="A", ttl=300, rdata=address)))


def question(name, identity, port):
    return (IP(src=lab.CLIENT4, dst=lab.SILENT4) / UDP(sport=port, dport=53) /
            DNS(id=identity, rd=1, qd=DNSQR(qname=name)))


def transmit(sender, target, packet):
    """Past both stacks."""
    with target.entered():
        address = get_if_hwaddr("lan")
    with sender.entered():
        sock = conf.L2socket(iface="lan")
        sock.send(Ether(src=get_if_hwaddr("lan"), dst=address) / packet)
        sock.close()


def ask(world, packet):
    transmit(world.client, world.resolver if world.mode == "mirror" else world.network.firewall, packet)


def send(world, packet):
    """On the mirror from the resolver's port, else on the client's wire as the firewall would hand it on:
    what comes in to it there is no answer (test_outside.py)."""
    sender = world.resolver if world.mode == "mirror" else world.network.firewall
    transmit(sender, world.client, packet)


def overheard(world, name):
    """The client asks while somebody listens: its port and the message's id."""
    with world.client.entered():
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        tap.bind(("lan", 0))
    found = {}

    def listen():
        tap.settimeout(5)
        while "id" not in found:
            packet = Ether(tap.recv(2048))
            if UDP in packet and packet[UDP].dport == 53 and DNS in packet:
                found.update(id=packet[DNS].id, port=packet[UDP].sport)

    listener = threading.Thread(target=listen)
    listener.start()
    dig(world.client, name)
    listener.join()
    tap.close()
    return found


@contextlib.contextmanager
def counted(world, reason):
    """What happens inside is refused for this reason, and a true answer after it is still learned.
    (A sniffer tells its counters once a second.)"""
    before = world.wildset.refused(reason)
    yield
    dig(world.client, "after.dormammu.lookback.io")
    wait_for("the next good answer", lambda: world.wildset.holds("198.51.100.63"))
    wait_for(f"one {reason} more than {before}", lambda: world.wildset.refused(reason) > before)


def test_an_answer_that_nobody_asked_for_grants_nothing(world):
    with counted(world, "no-question"):
        send(world, answer("unasked.dormammu.lookback.io", "203.0.113.66", 4711, 40000))
    assert not world.wildset.holds("203.0.113.66")


def test_a_second_answer_with_other_addresses_is_an_alarm(world):
    """The question is settled; now comes another, with the right id and port."""
    asked = overheard(world, "forged.dormammu.lookback.io")
    wait_for("the true answer", lambda: world.wildset.holds("198.51.100.60"))
    with counted(world, "extra-answer"):
        send(world, answer("forged.dormammu.lookback.io", "203.0.113.67", asked["id"], asked["port"]))
        wait_for("the alarm in the log", lambda: "203.0.113.67" in world.wildset.log())
    assert not world.wildset.holds("203.0.113.67")


def nothing_more_is_learned(world, message):
    """The question of this forged answer has had an honest one, which says that there is nothing."""
    with counted(world, "extra-answer"):
        send(world, message)
        wait_for("the alarm in the log", lambda: f"first no address; then {message[DNS].an[0].rdata}"
                 in world.wildset.log())
    assert not world.wildset.holds(message[DNS].an[0].rdata)


def test_an_answer_after_no_such_name_is_an_alarm(world):
    asked = overheard(world, "absent.dormammu.lookback.io")
    nothing_more_is_learned(world, answer("absent.dormammu.lookback.io", "203.0.113.74", asked["id"],
                                          asked["port"]))


def test_an_answer_after_no_such_record_is_an_alarm(world):
    asked = overheard(world, "six.dormammu.lookback.io")
    nothing_more_is_learned(world, answer("six.dormammu.lookback.io", "203.0.113.75", asked["id"],
                                          asked["port"]))


def test_an_answer_after_one_cut_to_nothing_is_an_alarm(world):
    """The client asks again over TCP."""
    forged = answer("slip.dormammu.lookback.io", "203.0.113.76", 4717, 40006, resolver=lab.SILENT4)
    slip = forged.copy()
    slip[DNS].an, slip[DNS].tc = None, 1
    ask(world, question("slip.dormammu.lookback.io", 4717, 40006))
    send(world, slip)
    nothing_more_is_learned(world, forged)


def test_an_honest_answer_of_nothing_after_a_forged_one_is_an_alarm(world):
    name, identity, port = "never.dormammu.lookback.io", 4718, 40007
    honest = answer(name, "203.0.113.77", identity, port, resolver=lab.SILENT4)
    honest[DNS].an, honest[DNS].rcode = None, 3
    ask(world, question(name, identity, port))
    send(world, answer(name, "203.0.113.77", identity, port, resolver=lab.SILENT4))
    wait_for("the first one", lambda: world.wildset.holds("203.0.113.77"))
    with counted(world, "extra-answer"):
        send(world, honest)
        wait_for("the alarm in the log", lambda: "first 203.0.113.77; then no address" in world.wildset.log())


def first_alone_is_learned(world, messages, again=False):
    """Each message answers one question, asked once, or again before each of them, 150 ms later."""
    asked = question(messages[0][DNS].qd.qname, messages[0][DNS].id, messages[0][UDP].dport)
    before = world.wildset.refused("extra-answer")
    ask(world, asked)
    for number, message in enumerate(messages):
        if again and number:
            time.sleep(0.15)
            ask(world, asked)
        send(world, message)
    wait_for("an alarm for each but the first", lambda: world.wildset.refused("extra-answer")
             == before + len(messages) - 1)
    addresses = [message[DNS].an[0].rdata for message in messages]
    assert [world.wildset.holds(address) for address in addresses] == [True] + [False] * (len(messages) - 1)


def test_truncated_answers_count_like_any(world):
    """Three forged ones, each cut short in another place, and the true one."""
    messages = [answer("cut-short.dormammu.lookback.io", f"203.0.113.{80 + number}", 4714, 40003,
                       resolver=lab.SILENT4) for number in range(4)]
    for message in messages[:3]:
        message[DNS].tc = 1
    first_alone_is_learned(world, messages)


def test_a_question_asked_again_allows_no_other_answer(world):
    messages = [answer("again.dormammu.lookback.io", f"203.0.113.{90 + number}", 4715, 40004,
                       resolver=lab.SILENT4) for number in range(7)]
    first_alone_is_learned(world, messages, again=True)


def test_a_forged_target_beside_the_true_address_is_an_alarm(world):
    """Not the same as the true answer, whose address it has too."""
    name, identity, port = "target.dormammu.lookback.io", 4716, 40005

    def https(*targets):
        hint = struct.pack("!HH4s", 4, 4, socket.inet_aton("198.51.100.99"))
        records = None
        for target in targets:
            one = DNSRR(rrname=name, type=65, ttl=300, rdata=struct.pack("!H", 1) + target + hint)
            records = records / one if records else one
        return (IP(src=lab.SILENT4, dst=lab.CLIENT4) / UDP(sport=53, dport=port) /
                DNS(id=identity, qr=1, rd=1, ra=1, qd=DNSQR(qname=name, qtype=65), an=records))

    ask(world, IP(src=lab.CLIENT4, dst=lab.SILENT4) / UDP(sport=port, dport=53) /
        DNS(id=identity, rd=1, qd=DNSQR(qname=name, qtype=65)))
    with counted(world, "extra-answer"):
        send(world, https(b"\0", b"\4evil\7example\3net\0"))
        wait_for("the first one", lambda: world.wildset.holds("198.51.100.99"))
        send(world, https(b"\0"))


def test_an_answer_from_another_server_grants_nothing(world):
    asked = overheard(world, "foreign.dormammu.lookback.io")
    with counted(world, "untrusted-resolver"):
        send(world, answer("foreign.dormammu.lookback.io", "203.0.113.68", asked["id"], asked["port"],
                           resolver="203.0.113.53"))
    assert not world.wildset.holds("203.0.113.68")


def test_an_answer_with_a_bad_checksum_grants_nothing(world):
    """A host would discard it: it must not settle the question for the answer that counts."""
    forged = answer("later.dormammu.lookback.io", "203.0.113.70", 4713, 40002)
    forged[UDP].chksum = 0x1234
    with counted(world, "bad-checksum"):
        send(world, forged)
    assert not world.wildset.holds("203.0.113.70")


def test_a_cut_answer_grants_nothing_and_settles_nothing(world):
    """The question is whole (44 bytes), what the header promises is not."""
    name, identity, port = "cut.dormammu.lookback.io", 4712, 40001
    whole = answer(name, "203.0.113.69", identity, port, resolver=lab.SILENT4)
    ask(world, question(name, identity, port))
    before = world.wildset.refused("malformed")
    for cut in (43, 50, 55):
        send(world, IP(src=lab.SILENT4, dst=lab.CLIENT4) / UDP(sport=53, dport=port) / raw(whole[DNS])[:cut])
    wait_for("all are counted", lambda: world.wildset.refused("malformed") == before + 3)
    assert not world.wildset.holds("203.0.113.69")
    send(world, whole)
    wait_for("the whole one", lambda: world.wildset.holds("203.0.113.69"))
