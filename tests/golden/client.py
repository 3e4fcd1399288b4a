#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The dispatcher, and what status, list and forget make of a daemon's replies, good ones and others.

    client.py WILDSET
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

PACKET = 65536

STATUS = {
    "protocol": 1, "version": "9.9", "uptime": 93784, "leases": 1,
    "sources": [{
        "source": "sniffer", "state": "running", "pid": 4711, "restarts": 0, "violations": 0,
        "counters": {"answers": 1200345, "matching-answers": 1032, "learned": 1010, "alarms": 0},
        "refused": {"no-question": 2, "duplicate": 20},
        "interfaces": [{"interface": "eth1", "state": "up", "link_type": "EN10MB",
                        "promiscuous": True, "received": 2400690, "dropped": 7,
                        "interface_dropped": 0}]}],
    "sets": [{"set": "inet wildset lookback4", "state": "ready", "leases": 1, "capacity": 4096,
              "full": 0}],
    "granted": 12, "extended": 998, "expired": 11, "evicted": 0, "forgotten": 0,
    "refused": {"special-address": 1, "no-question": 1},
    "transactions": {"count": 1010, "failed": 0, "elements": 12},
    "latency": {"count": 1010, "median_us": 41, "p99_us": 160, "buckets": []},
    "warnings": [],
}
STATUS_TEXT = """\
wildset 9.9 needs attention: 1 address allowed now, up for 1d 2h
! eth1: the kernel dropped 7 of 2400690 packets, the sniffer did not keep up: answers may be missed; \
give it a CPU of its own, or mirror DNS traffic only

SOURCE   STATE     PID  RESTARTS  ANSWERS  MATCHING  LEARNED  ALARMS
sniffer  running  4711         0  1200345      1032     1010       0

INTERFACE  STATE  LINK    PROMISCUOUS  RECEIVED  DROPPED  BY INTERFACE
eth1       up     EN10MB  yes           2400690        7             0

SET                     STATE  ADDRESSES  AT MOST
inet wildset lookback4  ready          1     4096

granted 12, extended 998, expired 11, evicted 0, forgotten 0
refused: special-address 1, no-question 3, duplicate 20
from packet to element: median 41 us, 99 % within 160 us, of 1010 answers
"""
LEASES = [
    {"address": "198.51.100.7", "set": "inet wildset lookback4", "whitelist": "lookback",
     "name": "eu1.dormammu.lookback.io", "left": 598, "source": "sniffer"},
    {"address": "2001:db8:5::7", "set": "inet wildset lookback6", "whitelist": "lookback",
     "name": "a.dormammu.lookback.io", "left": 3, "source": "registry"},
]
LIST_TEXT = """\
ADDRESS        NAME                        LEFT  SOURCE    WHITELIST
198.51.100.7   eu1.dormammu.lookback.io  9m 58s  sniffer   lookback
2001:db8:5::7  a.dormammu.lookback.io        3s  registry  lookback
"""
END = {"protocol": 1, "end": True}


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
        self.thread = threading.Thread(target=self.serve)
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
    check.holds("it is named", result.stderr, 'there is no command "dance"')
    check.holds("the others are listed", result.stderr, "\n  replay ")
    check.expect("no command is wrong usage", check.run().returncode, 64)
    result = check.run("help")
    check.expect("help is help", (result.returncode, result.stderr), (0, ""))
    check.holds("help lists", result.stdout, "\n  status ")
    check.holds("the version", check.run("--version").stdout, "wildset ")
    for command in ("status", "list", "rules", "forget", "replay"):
        result = check.run("help", command)
        check.expect("help %s" % command, (result.returncode, result.stdout.split("[")[0]),
                     (0, "usage: wildset %s " % command))
        check.expect("%s --nonsense is wrong usage" % command,
                     check.run(command, "--nonsense").returncode, 64)
    check.expect("replay of nothing is wrong usage", check.run("replay").returncode, 64)
    check.expect("forget of nothing is wrong usage", check.run("forget").returncode, 64)


def check_status(check):
    request, result = check.ask(packets(compact(STATUS)), "status")
    check.expect("status asks", request, {"protocol": 1, "command": "status"})
    check.expect("status in words", (result.returncode, result.stdout), (0, STATUS_TEXT))
    _, result = check.ask(packets(compact(STATUS)), "status", "--json")
    check.expect("status --json is one object", json.loads(result.stdout), STATUS)
    for size in (PACKET - 1, PACKET, PACKET + 1, 3 * PACKET):
        long = dict(STATUS, warnings=[])
        long["warnings"] = ["x" * (size - len(compact(long)) - 2)]
        assert len(compact(long)) == size
        _, result = check.ask(packets(compact(long)), "status", "--json")
        check.expect("a reply of %d bytes" % size, json.loads(result.stdout or "0"), long)


def check_list(check):
    lines = [compact(lease).encode() for lease in LEASES]
    end = [compact(END).encode()]
    request, result = check.ask(lines + end, "list", "lookback")
    check.expect("list asks", request,
                 {"protocol": 1, "command": "list", "whitelist": "lookback"})
    check.expect("list in columns", (result.returncode, result.stdout), (0, LIST_TEXT))
    _, result = check.ask(lines + end, "list", "--json")
    check.expect("list --json is one object a line",
                 [json.loads(line) for line in result.stdout.splitlines()], LEASES)
    _, result = check.ask(end, "list")
    check.expect("an empty list is no error", (result.returncode, result.stdout), (0, ""))
    _, result = check.ask(lines, "list")
    check.expect("a list without its end is an error", (result.returncode, result.stdout),
                 (1, LIST_TEXT))
    _, result = check.ask([b'{"protocol":1,"error":"there is no whitelist"}'], "list", "x")
    check.expect("the daemon's error", (result.returncode, result.stderr),
                 (1, "wildset: there is no whitelist\n"))


def check_forget(check):
    request, result = check.ask([b'{"protocol":1,"forgotten":2}'], "forget", "a.example")
    check.expect("forget asks for a name", request,
                 {"protocol": 1, "command": "forget", "name": "a.example"})
    check.expect("forget says how many", (result.returncode, result.stdout), (0, "2 taken back\n"))
    request, result = check.ask([b'{"protocol":1,"forgotten":0}'], "forget", "2001:db8::1")
    check.expect("forget asks for an address", request,
                 {"protocol": 1, "command": "forget", "address": "2001:db8::1"})
    check.expect("nothing forgotten", result.returncode, 1)
    _, result = check.ask([b'{"protocol":1,"forgotten":1}'], "forget", "--json", "192.0.2.1")
    check.expect("forget --json", json.loads(result.stdout), {"forgotten": 1})


def check_bad_daemons(check):
    for what, replies, says in (
            ("another protocol", [b'{"protocol":2,"version":"2"}'],
             "wildsetd speaks protocol 2, this wildset speaks 1"),
            ("no JSON", [b"hello"], "makes no sense"),
            ("no object", [b"[1]"], "makes no sense"),
            ("nothing", [], "cannot reach wildsetd"),
            ("half a reply", [b'{"protocol":1,"x":"' + b"x" * (PACKET - 19)], "makes no sense"),
            ("too much", [b"x" * PACKET] * 70, "makes no sense")):
        _, result = check.ask(replies, "status")
        check.expect("%s is an error" % what, (result.returncode, result.stdout), (1, ""))
        check.holds("%s is explained" % what, result.stderr, says)
    result = check.run("status", "--socket", os.path.join(check.folder, "none.sock"))
    check.expect("no daemon is an error", result.returncode, 1)
    check.holds("no daemon is explained", result.stderr,
                "is it running? try `systemctl status wildset`")
    result = check.run("status", "--socket", "/" + "x" * 200)
    check.expect("a path that is too long is an error", result.returncode, 1)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check = Check(sys.argv[1], folder)
        check_dispatcher(check)
        check_status(check)
        check_list(check)
        check_forget(check)
        check_bad_daemons(check)
        sys.exit(check.failed)


if __name__ == "__main__":
    main()
