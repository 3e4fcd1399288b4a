#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which answers count: questions, resolvers, repetitions, forgeries."""

from scene import (CLIENT, CLIENT6, POINTER, RESOLVER, RESOLVER6, Scene, a, aaaa, answer, capture,
                   ethernet, main, packet, query)


@capture("no-question.pcap")
def no_question():
    """No question; one with another id, port, client, type; at last a good pair."""
    reply = answer([a(POINTER)])
    return (Scene().reply(reply)
            .ask(query(ident=7)).reply(reply)
            .ask(query(ident=8)).reply(answer([a(POINTER)], ident=8), port=40001)
            .reply(answer([a(POINTER)], ident=8), client="192.0.2.11")
            .ask(query(kind="AAAA", ident=9)).reply(answer([a(POINTER)], ident=9))
            .exchange([a(POINTER)], ident=10))


@capture("late.pcap")
def late():
    """9.9 s is in time, 10.1 s is not."""
    return (Scene().ask(query(ident=1)).wait(9.9).reply(answer([a(POINTER)], ident=1))
            .ask(query(ident=2)).wait(10.1).reply(answer([a(POINTER, "198.51.100.8")], ident=2)))


@capture("untrusted.pcap")
def untrusted():
    return (Scene(resolver="203.0.113.53").exchange([a(POINTER)])
            .ask(query(ident=2), resolver="192.0.2.53")
            .reply(answer([a(POINTER, "198.51.100.8")], ident=2), resolver="192.0.2.53"))


@capture("duplicates.pcap")
def duplicates():
    """Each frame twice at once, as a mirror of both legs shows it; other order is the same answer."""
    one, two = a(POINTER, "198.51.100.1"), a(POINTER, "198.51.100.2")
    return (Scene().ask().ask().reply(answer([one, two])).reply(answer([one, two]))
            .reply(answer([two, one])))


@capture("retransmission.pcap")
def retransmission():
    """Asked again after a second: a distinct answer is an alarm all the same."""
    return (Scene().ask().wait(1).ask()
            .reply(answer([a(POINTER, "198.51.100.1")]))
            .reply(answer([a(POINTER, "198.51.100.2")]))
            .reply(answer([a(POINTER, "198.51.100.3")])))


@capture("spoof.pcap")
def spoof():
    """Two answers that disagree: the second one is an alarm, then the first one comes again."""
    return (Scene().ask().reply(answer([a(POINTER, "198.51.100.66")]))
            .reply(answer([a(POINTER), a(POINTER, "198.51.100.8")]))
            .reply(answer([a(POINTER, "198.51.100.66")])))


@capture("errors.pcap")
def errors_settle_nothing():
    """FORMERR, SERVFAIL, NOTIMP and REFUSED, then the good one to the same question."""
    scene = Scene().ask()
    for error in (1, 2, 4, 5):
        scene.reply(answer([], flags=0x8180 | error))
    return scene.reply(answer([a(POINTER)]))


@capture("empty-answers.pcap")
def empty_answers_settle():
    """No data, no such name, cut to nothing: each twice, then a forged one, which is an alarm."""
    scene = Scene()
    for ident, flags in enumerate((0x8180, 0x8183, 0x8380)):
        empty = answer([], ident=ident, flags=flags)
        scene.ask(query(ident=ident)).reply(empty).reply(empty)
        scene.reply(answer([a(POINTER, "203.0.113.66")], ident=ident))
    return scene.exchange([a(POINTER)], ident=3)


@capture("nxdomain.pcap")
def nxdomain():
    return Scene().ask().reply(answer([], flags=0x8183))


@capture("truncated-answer.pcap")
def truncated_answer():
    """TC: the whole records count, and over UDP another answer that follows is an alarm."""
    whole = [a(POINTER, "198.51.100.1"), a(POINTER, "198.51.100.2")]
    cut = answer(whole, flags=0x8380, count=3)
    return Scene().ask().reply(cut).reply(answer(whole + [a(POINTER, "198.51.100.3")]))


@capture("one-direction.pcap")
def one_direction():
    """Answers only, as a mirror of one direction carries them."""
    scene = Scene()
    for ident in range(40):
        scene.reply(answer([a(POINTER, "198.51.100.%d" % ident)], ident=ident))
        scene.wait(1)
    return scene


@capture("question-elsewhere.pcap")
def question_elsewhere():
    """The question tagged, the answer not: neither tag nor interface is part of the key."""
    def tagged(data):
        return ethernet(data, [("q", 42)])
    return Scene().ask(link=tagged).reply(answer([a(POINTER)]))


@capture("ipv6.pcap")
def over_ipv6():
    return (Scene(client=CLIENT6, resolver=RESOLVER6)
            .exchange([aaaa(POINTER, "2001:db8:5::7")], kind="AAAA"))


@capture("other-port.pcap")
def other_port():
    """A question to port 53 answered from another port, and an answer that is none (QR unset)."""
    return (Scene().ask()
            .packet(packet(RESOLVER, CLIENT, 5353, 40000, answer([a(POINTER)])))
            .reply(answer([a(POINTER)], flags=0x0180)))


if __name__ == "__main__":
    main()
