#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `wildset rules` prints, tried with real packets.

A client, a firewall that drops what it forwards, and a server, each in a network namespace of its
own inside one that `unshare -rn` makes.  Both shapes are loaded into the firewall, in both orders
with the sets, and loaded again; every service and its neighbours are tried over IPv4 and IPv6, to an
address in the set and to another one on the same server.

    rules.py WILDSET CONFIGURATION
"""

import ast
import os
import re
import select
import socket
import subprocess
import sys
import tempfile
import time

SKIP = 77
TIMEOUT = 1.0

SERVICES = {("udp", 19305), ("udp", 19307), ("udp", 19309), ("tcp", 19305), ("tcp", 22466),
            ("tcp", 443)}
NEIGHBOURS = {("udp", 19304), ("udp", 19310), ("udp", 443), ("tcp", 19304), ("tcp", 19306),
              ("tcp", 444), ("tcp", 80)}
PORTS = SERVICES | NEIGHBOURS
ALLOWED = {"198.51.100.7", "2001:db8:5::7"}
OTHERS = {"198.51.100.8", "2001:db8:5::8"}

FIREWALL = """
table inet filter {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        meta l4proto ipv6-icmp accept
        reject with icmpx admin-prohibited
    }
}
"""
# Another program's bits in the connection mark, set before ours: they must stay.
FOREIGN_MARK = """
table inet other {
    chain before {
        type filter hook forward priority -160; policy accept;
        ct state new ct mark set 0x11000022
    }
    chain after {
        type filter hook forward priority -140; policy accept;
        ct mark 0x11570022 counter comment "kept"
        ct state new ct mark and 0x00ff0000 == 0x00570000 ct mark != 0x11570022 counter comment "lost"
    }
}
"""


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def nft(text):
    """Checked first: -c must agree with what loading then does."""
    for options in (["-c"], []):
        subprocess.run(["nft", *options, "-f", "-"], input=text, text=True, check=True)


# --- the other namespaces ------------------------------------------------------------------------

def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve():
    """Echoes on every port of both protocols and families until its stdin closes."""
    listening, datagram, streams = [], [], []
    for protocol, port in PORTS:
        kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        for address in ALLOWED | OTHERS:
            sock = socket.socket(family(address), kind)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
            if protocol == "tcp":
                sock.listen()
            (datagram if protocol == "udp" else listening).append(sock)
    print("ready", flush=True)
    while True:
        ready = select.select([sys.stdin, *listening, *datagram, *streams], [], [])[0]
        if sys.stdin in ready:
            return
        for sock in ready:
            if sock in listening:
                streams.append(sock.accept()[0])
            elif sock in datagram:
                data, peer = sock.recvfrom(64)
                sock.sendto(data, peer)
            else:
                data = sock.recv(64)
                if data:
                    sock.send(data)
                else:
                    streams.remove(sock)


def tried(addresses, timeout=TIMEOUT):
    """Which of (address, protocol, port) answer; all are tried at once."""
    waiting, answered = {}, set()
    for address in addresses:
        for protocol, port in PORTS:
            kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
            sock = socket.socket(family(address), kind)
            sock.setblocking(False)
            sock.connect_ex((address, port))
            if protocol == "udp":
                sock.send(b"hello")
            waiting[sock] = (address, protocol, port)
    end = time.monotonic() + timeout
    while waiting:
        left = end - time.monotonic()
        if left <= 0:
            break
        readable, writable, _ = select.select(
            [s for s, what in waiting.items() if what[1] == "udp"],
            [s for s, what in waiting.items() if what[1] == "tcp"], [], left)
        for sock in readable + writable:
            what = waiting.pop(sock)
            if what[1] == "tcp":
                good = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            else:
                try:
                    good = sock.recv(64) == b"hello"
                except OSError:
                    good = False
            if good:
                answered.add(what)
            sock.close()
    return answered


def ask():
    """Does what its stdin says, one line at a time."""
    kept = None
    for line in sys.stdin:
        command = line.split()
        if command[0] == "try":
            print(sorted(tried(command[1:])), flush=True)
        elif command[0] == "once":  # no packet is sent again, whoever may not answer
            print(sorted(tried(command[1:], 0.2)), flush=True)
        elif command[0] == "keep":
            kept = socket.create_connection((command[1], int(command[2])), TIMEOUT)
            print(True, flush=True)
        elif command[0] == "kept":
            kept.settimeout(TIMEOUT)
            try:
                kept.send(b"still")
                print(kept.recv(64) == b"still", flush=True)
            except OSError:
                print(False, flush=True)


# --- the firewall --------------------------------------------------------------------------------

class Helper:
    """This script again, in a namespace of its own behind the interface `name`."""

    def __init__(self, name, role, addresses, gateways):
        self.process = subprocess.Popen(["unshare", "-n", sys.executable, __file__, "--" + role],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        inside = ("nsenter", "-n", "-t", str(self.process.pid))
        assert self.process.stdout.readline() == "namespace\n"
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns",
            str(self.process.pid))
        run(*inside, "ip", "link", "set", "lo", "up")
        run(*inside, "ip", "link", "set", "eth0", "up")
        run("ip", "link", "set", name, "up")
        for gateway in gateways:
            run("ip", "addr", "add", gateway, "dev", name, *nodad(gateway))
        for address in addresses:
            run(*inside, "ip", "addr", "add", address, "dev", "eth0", *nodad(address))
        for gateway in gateways:
            run(*inside, "ip", "route", "add", "default", "via", gateway.split("/")[0])
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return ast.literal_eval(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def nodad(address):
    return ["nodad"] if ":" in address else []


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


class Firewall:
    def __init__(self, wildset, config):
        self.wildset, self.config = wildset, config
        write("/proc/sys/net/ipv4/ip_forward", "1")
        write("/proc/sys/net/ipv6/conf/all/forwarding", "1")
        run("ip", "link", "set", "lo", "up")
        self.client = Helper("in", "client", ["192.0.2.10/24", "2001:db8::10/64"],
                             ["192.0.2.1/24", "2001:db8::1/64"])
        self.server = Helper("out", "server",
                             [address + ("/64" if ":" in address else "/24")
                              for address in sorted(ALLOWED | OTHERS)],
                             ["198.51.100.1/24", "2001:db8:5::1/64"])
        assert self.server.process.stdout.readline() == "ready\n"

    def end(self):
        self.client.end()
        self.server.end()

    def rules(self, *options):
        return run(self.wildset, "rules", "--config", self.config, *options, "lookback")

    def refused(self, *options, config=None):
        """What it says when it makes no rules."""
        result = subprocess.run([self.wildset, "rules", "--config", config or self.config, *options],
                                capture_output=True, text=True)
        expect_true("refused: %s" % " ".join(options), result.returncode == 1 and not result.stdout)
        return result.stderr

    def reset(self, ruleset=FIREWALL):
        run("nft", "flush", "ruleset")
        nft(ruleset)

    def passing(self):
        return set(self.client.tell("try " + " ".join(sorted(ALLOWED | OTHERS))))


def sets_as_wildset_makes_them(table):
    return "".join("table %s {\n set lookback%d {\n type ipv%d_addr\n size 5376\n flags timeout\n }\n}\n"
                   % (table, number, number) for number in (4, 6))


def elements(table):
    return ("add element %s lookback4 { 198.51.100.7 timeout 1h comment \"a.example\" }\n"
            "add element %s lookback6 { 2001:db8:5::7 timeout 1h comment \"a.example\" }\n"
            % (table, table))


def wanted():
    return {(address, *service) for address in ALLOWED for service in SERVICES}


def expect(what, got, want):
    if not isinstance(got, set) and got != want:
        raise SystemExit("%s:\n%s\nwanted:\n%s" % (what, got, want))
    if got != want:
        raise SystemExit("%s:\n  more than wanted: %s\n  less than wanted: %s"
                         % (what, sorted(got - want), sorted(want - got)))
    print("ok  %s" % what)


def expect_true(what, value):
    if not value:
        raise SystemExit("%s: no" % what)
    print("ok  %s" % what)


def check_table(firewall):
    table = "inet filter"
    for order in ("sets first", "rules first"):
        firewall.reset()
        expect("table, %s: nothing passes before" % order, firewall.passing(), set())
        ruleset = firewall.rules()
        if order == "sets first":
            nft(sets_as_wildset_makes_them(table))
            nft(ruleset)
        else:
            nft(ruleset)
            nft(sets_as_wildset_makes_them(table))
        expect("table, %s: nothing passes while the sets are empty" % order, firewall.passing(),
               set())
        nft(elements(table))
        expect("table, %s: nothing passes before the chain jumps there" % order, firewall.passing(), set())
        command, = re.findall(r"^# +nft (insert rule .*)$", ruleset, re.MULTILINE)
        nft(command + "\n")
        expect("table, %s: the services pass, nothing else" % order, firewall.passing(), wanted())
        nft(ruleset)
        expect("table, %s: the same after loading it again" % order, firewall.passing(), wanted())
        again = firewall.rules()
        expect_true("table, %s: it sees the jump" % order, "nft insert rule" not in again)
        nft(again)
        expect("table, %s: one jump, whatever is loaded again" % order,
               run("nft", "list", "ruleset").count("jump wildset-lookback"), 1)
    check_survival(firewall, table, "table")


# A chain that nobody can use, of each kind.
CHAINS = """
table inet filter {
    chain forward { type filter hook forward priority filter; policy drop; jump clients; }
    chain clients { meta l4proto tcp jump allowed; }
    chain allowed { }
    chain input { type filter hook input priority filter; policy drop; jump local; }
    chain local { }
    chain nat { type nat hook prerouting priority dstnat; }
    chain forgotten { jump forgotten2; }
    chain forgotten2 { }
}
"""


def check_chains(firewall):
    firewall.reset(CHAINS)
    before = run("nft", "list", "ruleset")
    for chain in ("forward", "clients", "allowed"):
        nft(firewall.rules("--chain", chain))
        expect_true("--chain %s" % chain, True)
    for chain, why in (("transit", "no chain transit"), ("forgotten", "no packet reaches"),
                       ("forgotten2", "no packet reaches"), ("input", "no connection through or from"),
                       ("local", "no packet reaches"), ("nat", "no connection through or from")):
        said = firewall.refused("--chain", chain, "lookback")
        expect_true("--chain %s: says why, and what would do" % chain,
                    why in said and "(--chain): forward\n" in said)
    run("nft", "delete", "chain", "inet", "filter", "wildset-lookback")
    run("nft", "delete", "set", "inet", "filter", "lookback4")
    run("nft", "delete", "set", "inet", "filter", "lookback6")
    expect("the administrator's chains are as before", run("nft", "list", "ruleset"), before)


def check_nothing_loaded(firewall):
    """As wildsetd leaves a table that it had to make: the administrator's ruleset comes later."""
    firewall.reset(sets_as_wildset_makes_them("inet filter"))
    nft(firewall.rules())
    expect_true("rules for a table without its chains", True)


# Sets as administrators make them: declared by wildset they would be refused.
THEIRS = """
table inet filter {
    set lookback4 { type ipv4_addr; flags interval, timeout; auto-merge; elements = { 198.51.100.0/29 }; }
    set lookback6 { type ipv6_addr; size 65535; flags timeout; timeout 1h; }
}
"""


def check_their_sets(firewall):
    firewall.reset(FIREWALL + THEIRS)
    ruleset = firewall.rules()
    nft(ruleset)
    nft(re.search(r"^# +nft (insert rule .*)$", ruleset, re.MULTILINE).group(1) + "\n")
    nft("add element inet filter lookback6 { 2001:db8:5::7 timeout 1h }\n")
    expect("sets of the administrator's: the services pass, nothing else", firewall.passing(), wanted())
    nft(ruleset)
    expect("... and again", firewall.passing(), wanted())
    firewall.reset(FIREWALL + "table inet filter {\n set lookback4 {\n type ipv4_addr\n flags timeout\n }\n"
                   " set lookback6 {\n type ipv6_addr\n size 77\n flags timeout\n }\n}\n")
    before = run("nft", "list", "sets")
    nft(firewall.rules())
    expect("their sizes stay", run("nft", "list", "sets"), before)
    for options in ([], ["--shape", "mark"]):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write('whitelist x {\n names = { "a.example" }\n services = { "tcp 443" }\n create = false\n'
                       ' set4 = "inet filter lookback4"\n set6 = "inet filter lookback6"\n}\n')
            file.flush()
            made = run(firewall.wildset, "rules", "--config", file.name, *options)
            expect_true("create = false: no set is declared", "add set" not in made)
            nft(made)


def check_sharing(firewall):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        for name, port in (("x", 443), ("y", 8443)):
            file.write('whitelist %s {\n names = { "%s.example" }\n services = { "tcp %d" }\n'
                       ' set4 = "inet wildset both4"\n set6 = "inet wildset both6"\n}\n' % (name, name, port))
        file.flush()
        result = subprocess.run([firewall.wildset, "rules", "--config", file.name, "--shape", "mark"],
                                capture_output=True, text=True, check=True)
        expect_true("two whitelists that share a set: said of each",
                    result.stderr.count("share a set") == 2)
        run("nft", "flush", "ruleset")
        nft(result.stdout)


def accept_line(ruleset):
    return re.search(r"# *nftables +nft (insert rule .*)", ruleset).group(1) + "\n"


def check_mark(firewall):
    table = "inet wildset"
    for order in ("sets first", "rules first"):
        firewall.reset()
        nft(FOREIGN_MARK)
        ruleset = firewall.rules("--shape", "mark")
        if order == "sets first":
            nft(sets_as_wildset_makes_them(table) + elements(table))
            nft(ruleset)
        else:
            nft(ruleset)
            nft(sets_as_wildset_makes_them(table) + elements(table))
        expect("mark, %s: marking alone lets nothing pass" % order, firewall.passing(), set())
        nft(accept_line(ruleset))
        expect("mark, %s: the services pass, nothing else" % order, firewall.passing(), wanted())
        nft(ruleset)
        expect("mark, %s: the same after loading it again" % order, firewall.passing(), wanted())
        listed = run("nft", "list", "ruleset")
        expect_true("mark, %s: loaded twice, one jump a chain" % order,
                    listed.count("jump lookback-mark") == 2)
        kept = re.search(r"counter packets (\d+) bytes \d+ comment \"kept\"", listed)
        lost = re.search(r"counter packets (\d+) bytes \d+ comment \"lost\"", listed)
        expect_true("mark, %s: other bits of the mark stay" % order,
                    int(kept.group(1)) > 0 and int(lost.group(1)) == 0)
    check_survival(firewall, table, "mark")


def check_survival(firewall, table, shape):
    """The element goes: what is open stays open, what is new is blocked."""
    expect_true("%s: a connection opens" % shape, firewall.client.tell("keep 198.51.100.7 443"))
    nft("flush set %s lookback4\nflush set %s lookback6\n" % (table, table))
    expect("%s: nothing new passes without elements" % shape, firewall.passing(), set())
    expect_true("%s: the open connection goes on" % shape, firewall.client.tell("kept"))


def check_syntax(firewall):
    """On an empty ruleset, and for other tables, chains, masks."""
    for options in ([], ["--shape", "mark"], ["--shape", "mark", "--mark", "1"],
                    ["--shape", "mark", "--mark", "0x10/0x30"],
                    ["--table", "inet fw4", "--chain", "transit"], ["--table", "bridge filter"]):
        run("nft", "flush", "ruleset")
        subprocess.run(["nft", "-c", "-f", "-"], input=firewall.rules(*options), text=True,
                       check=True)
        expect_true("nft accepts it on an empty ruleset: %s" % " ".join(options), True)


def check_sizes(firewall):
    """Rules first or wildset first: the sets are the same."""
    run("nft", "flush", "ruleset")
    nft(firewall.rules("--shape", "mark"))
    for number in (4, 6):
        expect_true("lookback%d has wildset's size" % number,
                    "size 5376" in run("nft", "list", "set", "inet", "wildset",
                                       "lookback%d" % number))


def is_taken(word):
    """Whether nft cannot say `@word`."""
    ruleset = ("add table inet t\nadd set inet t %s { type ipv4_addr; }\nadd chain inet t c\n"
               "add rule inet t c ip daddr @%s accept\n" % (word, word))
    return subprocess.run(["nft", "-c", "-f", "-"], input=ruleset, text=True,
                          stderr=subprocess.DEVNULL).returncode != 0


def check_words(firewall):
    """What nft cannot name is refused with its line, and what it can is not."""
    source = os.path.join(os.path.dirname(__file__), "../../daemon/config/words.c")
    with open(source) as file:
        refused = set(re.findall(r'"([a-z0-9-]+)"', "".join(re.findall(r"\{[^{}]*\}", file.read()))))
    expect_true("the table of words is read", {"ip6", "ll", "destroy"} <= refused)
    run("nft", "flush", "ruleset")
    expect("each word is one that nft cannot name", refused,
           {word for word in refused if is_taken(word)} | {"destroy"})
    for word in ("ip6", "lookback4", "ip4", "tcp"):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write('whitelist x {\n names = { "a.example" }\n services = { "tcp 443" }\n'
                       ' set6 = "inet wildset %s"\n}\n' % word)
            file.flush()
            result = subprocess.run([firewall.wildset, "rules", "--config", file.name],
                                    capture_output=True, text=True)
            expect_true("a set called %s: as nft takes it" % word,
                        (result.returncode == 78) == is_taken(word))
            expect_true("a set called %s: told by line" % word,
                        result.returncode == 0 or "%s:4: " % file.name in result.stderr)
    result = subprocess.run([firewall.wildset, "rules", "--config", firewall.config, "--chain", "ip"],
                            capture_output=True, text=True)
    expect_true("a chain called ip is wrong usage", result.returncode == 64)


def check(wildset, config):
    firewall = Firewall(wildset, config)
    try:
        check_syntax(firewall)
        check_sizes(firewall)
        check_words(firewall)
        check_table(firewall)
        check_chains(firewall)
        check_nothing_loaded(firewall)
        check_their_sets(firewall)
        check_sharing(firewall)
        check_mark(firewall)
    finally:
        firewall.end()


def main():
    if sys.argv[1:] in (["--client"], ["--server"]):
        print("namespace", flush=True)
        sys.stdin.readline()
        return ask() if sys.argv[1] == "--client" else serve()
    if os.environ.get("WILDSET_RULES_INSIDE"):
        return check(*sys.argv[1:])
    return enter()


def enter():
    """The program that was started, again, in namespaces of its own."""
    if subprocess.run(["unshare", "-rn", "nft", "list", "ruleset"], capture_output=True).returncode:
        print("no network namespaces, or no nft here")
        sys.exit(SKIP)
    os.environ["WILDSET_RULES_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "-rn", sys.executable, *sys.argv])


if __name__ == "__main__":
    main()
