#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `wildset rules --hold` prints, tried with real packets, in the network of rules.py.

Where the kernel has no queue statement, it is left out: the counter in front of it counts what would
have waited.  What waiting does is tried in the lab.

    holdrules.py WILDSET CONFIGURATION
"""
import os
import re
import subprocess
import sys
import tempfile

import rules
from rules import (ALLOWED, FIREWALL, OTHERS, SERVICES, elements, expect, expect_true, nft, run,
                   sets_as_wildset_makes_them, wanted)

QUEUE = " queue flags bypass to 5757"
TWO = """hold = "250ms"
whitelist lookback {
    names = { "*.dormammu.lookback.io" }
    services = { "udp 19305-19309", "tcp 19305", "tcp 22466" }
}
whitelist other {
    names = { "other.example" }
    services = { "tcp 443", "tcp 19305-19306" }
}
"""
# In each table what nft may not take for granted: intervals, one family alone, tables of one family.
ODD = {
    "none": 'set4 = "none"',
    "apart": 'set4 = "ip one a4"\n set6 = "ip6 two a6"',
    "filter": 'set4 = "inet filter a4"\n set6 = "inet filter a6"',
}
INTERVALS = """table inet filter {
    set a4 { type ipv4_addr; flags interval, timeout; elements = { 198.51.100.0/29 }; }
    set a6 { type ipv6_addr; flags interval, timeout; elements = { 2001:db8:5::/125 }; }
}
"""


def configuration(text):
    file = tempfile.NamedTemporaryFile("w", suffix=".conf")
    file.write(text)
    file.flush()
    return file


def made(firewall, config, *options):
    return subprocess.run([firewall.wildset, "rules", "--hold", "--config", config, *options],
                          capture_output=True, text=True, check=False)


def queue_is_there():
    """Whether this kernel has nft_queue."""
    run("nft", "add table inet try; add chain inet try try")
    there = subprocess.run(["nft", "add rule inet try try queue flags bypass to 5757"],
                           capture_output=True, check=False).returncode == 0
    run("nft", "delete table inet try")
    return there


class Hold:
    """The rules as this kernel takes them."""

    def __init__(self, firewall):
        self.firewall = firewall
        self.native = queue_is_there()
        print("this kernel %s queue statement" % ("has a" if self.native else "lacks the"))

    def text(self, config, *options):
        done = made(self.firewall, config, *options)
        if done.returncode != 0:
            raise SystemExit("rules --hold %s: %s" % (" ".join(options), done.stderr))
        queued = re.findall(r"^(?!#).*\bqueue .*$", done.stdout, re.M)
        assert queued and all(line.endswith(" counter" + QUEUE) for line in queued), queued
        return done.stdout if self.native else done.stdout.replace(QUEUE, "")

    def load(self, config, *options):
        nft(self.text(config, *options))

    def waited(self):
        """How many packets came as far as the queue since it was asked last."""
        listed = run("nft", "list", "ruleset")
        counts = re.findall(r"limit rate 2000/second burst 500 packets counter packets (\d+)", listed)
        run("nft", "reset", "counters")
        now = sum(map(int, counts))
        before, self.before = getattr(self, "before", 0), now
        return now - before if now >= before else now


def listed():
    """The ruleset without what packets change in it."""
    text = re.sub(r"counter packets \d+ bytes \d+", "counter", run("nft", "-a", "list", "ruleset"))
    return re.sub(r"\n\t\telements = \{.*?\}(?=\n)", "", text, flags=re.S)


def check_syntax(firewall, hold):
    for name, sets in ODD.items():
        run("nft", "flush", "ruleset")
        if name == "filter":
            nft(INTERVALS)
        with configuration('hold = "250ms"\nwhitelist x {\n names = { "a.example" }\n services = { "udp 1-65535", '
                           '"tcp 443" }\n %s\n%s}\n' % (sets, " create = false\n" * (name == "filter"))) as file:
            hold.load(file.name)
            once = listed()
            hold.load(file.name)
            rules_only = re.compile(r" # handle \d+")
            expect("%s: loaded twice, nothing is doubled" % name, rules_only.sub("", listed()),
                   rules_only.sub("", once))
            # The kernel drops what waits when a base chain is deleted.
            chains = re.compile(r"chain wildset\.hold\S* \{ # handle \d+")
            expect("%s: and no chain was made anew" % name, chains.findall(listed()), chains.findall(once))
            expect_true("%s: it drops nothing" % name, not re.search(r"\b(drop|reject)\b", once))
            families = {"none": {"6"}}.get(name, {"4", "6"})
            expect("%s: a meter a family" % name, set(re.findall(r"set wildset\.hold(\d) ", once)), families)
    for options, priority in (([], "mangle - 1"), (["--shape", "mark"], "mangle - 1")):
        run("nft", "flush", "ruleset")
        hold.load(firewall.config, *options)
        expect("in wildset's table %s" % " ".join(options),
               re.findall(r"hook (\S+) priority ([^;]*); policy accept", listed()),
               [("forward", priority), ("output", priority)])
    for options, priority in (([], "filter - 10"), (["--shape", "table"], "filter - 10"),
                              (["--shape", "mark"], "mangle - 1")):
        with configuration('whitelist x {\n names = { "a.example" }\n services = { "tcp 443" }\n %s\n}\n'
                           % ODD["filter"]) as file:
            run("nft", "flush", "ruleset")
            hold.load(file.name, *options)
            expect("in another table %s" % " ".join(options),
                   re.findall(r"hook (\S+) priority ([^;]*); policy accept", listed()),
                   [("forward", priority), ("output", priority)])


def check_packets(firewall, hold):
    """What is allowed never waits, other ports do not, and the firewall decides as without."""
    for shape, table in (("table", "inet filter"), ("mark", "inet wildset")):
        firewall.reset()
        expect("%s: nothing passes before" % shape, firewall.passing(), set())
        with configuration('hold = "250ms"\nwhitelist lookback {\n names = { "*.dormammu.lookback.io" }\n services = { %s }\n'
                           ' set4 = "%s lookback4"\n set6 = "%s lookback6"\n}\n' % (
                               ", ".join('"%s %d"' % service for service in sorted(SERVICES)), table, table)) as file:
            nft(sets_as_wildset_makes_them(table) + elements(table))
            accepting = run(firewall.wildset, "rules", "--config", file.name, "--shape", shape)
            nft(accepting)
            nft(re.search(r"^#.*nft (insert rule .*)$", accepting, re.M).group(1) + "\n")
            hold.load(file.name)
        hold.waited()
        expect("%s: the services pass, nothing else" % shape, firewall.passing(), wanted())
        hold.waited()
        firewall.client.tell("once " + " ".join(sorted(OTHERS)))
        expect("%s: what is not in the set waits, once" % shape, hold.waited(), len(SERVICES) * len(OTHERS))
        firewall.client.tell("try " + " ".join(sorted(ALLOWED)))
        expect("%s: an address that is in the set never waits" % shape, hold.waited(), 0)


def check_two(firewall, hold):
    """They share the chains: what one of them allows does not wait, what none allows waits once."""
    firewall.reset()
    with configuration(TWO) as file:
        hold.load(file.name)
        nft(elements("inet wildset"))
        hold.waited()
        firewall.client.tell("once " + " ".join(sorted(ALLOWED | OTHERS)))
        # lookback's own two of the two protocols; and 443 and 19306, which only `other` has.
        known = [("udp", 19305), ("udp", 19307), ("udp", 19309), ("tcp", 19305), ("tcp", 22466)]
        asked = known + [("tcp", 443), ("tcp", 19306)]
        expect("two whitelists: each first packet waits once", hold.waited(),
               len(OTHERS) * len(asked) + len(ALLOWED) * (len(asked) - len(known)))
        for name in ("lookback", "other"):
            expect("two whitelists, %s: the chains that they share are whole" % name,
                   hold.text(file.name, name), hold.text(file.name))


def check_meter(firewall, hold):
    """A source that opens more than anybody does, and two addresses of one IPv6 network."""
    firewall.reset()
    with configuration(TWO) as file:
        hold.load(file.name)
    for sources, target in ((["192.0.2.10"], "198.51.100.8"), (["2001:db8::10", "2001:db8::11"], "2001:db8:5::8")):
        hold.waited()
        seconds = flood(firewall, sources, target)
        waited = hold.waited()
        expect_true("2000 datagrams of %s in %.2f s: %d waited" % (" and ".join(sources), seconds, waited),
                    50 <= waited <= 51 + 100 * seconds < 1000)


FLOOD = """import socket, sys, time
target, *sources = sys.argv[1:]
socks = []
for source in sources:
    socks.append(socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM))
    socks[-1].bind((source, 0))
begin = time.monotonic()
for _ in range(2000 // len(socks)):
    for sock in socks:
        sock.sendto(b"x", (target, 19305))
print(time.monotonic() - begin)
"""


def flood(firewall, sources, target):
    """In how many seconds they were sent."""
    inside = ("nsenter", "-n", "-t", str(firewall.client.process.pid))
    for source in sources[1:]:
        run(*inside, "ip", "addr", "add", source + "/64", "dev", "eth0", "nodad")
    return float(run(*inside, sys.executable, "-c", FLOOD, target, *sources))


def check_words(firewall):
    """What is refused, and what is said."""
    for options in (["--table", "inet filter"], ["--chain", "x"], ["--mark", "1"]):
        done = made(firewall, firewall.config, *options)
        expect_true("--hold %s is wrong usage" % options[0],
                    done.returncode == 64 and "are not for --hold" in done.stderr)
    done = made(firewall, firewall.config)
    expect_true("hold is off: it is said, in the rules too", done.returncode == 0 and
                'hold = "250ms"' in done.stderr and "TO DO: hold is" in done.stdout)
    with configuration(TWO) as file:
        done = made(firewall, file.name)
        expect_true("hold is on: nothing is said", (done.returncode, done.stderr) == (0, "")
                    and "TO DO" not in done.stdout)
        expect_true("no such whitelist", made(firewall, file.name, "nosuch").returncode == 1)
        done = made(firewall, file.name, "--shape", "table")
        expect_true("wildset's own table has no chain of the other shape", done.returncode == 1
                    and not done.stdout and "--shape mark" in done.stderr)
        done = made(firewall, file.name, "--json")
        expect_true("as JSON", done.stdout.startswith('{"hold":true,"queue":5757,"ruleset":"'))
    with configuration('hold-queue = 7\nwhitelist x {\n names = { "a.example" }\n services = { "tcp 443" }\n}\n'
                       'whitelist y {\n names = { "b.example" }\n}\n') as file:
        done = made(firewall, file.name)
        expect_true("the queue of the configuration", "bypass to 7\n" in done.stdout)
        expect_true("a whitelist without services is left out, and that is said", done.returncode == 0
                    and "# y\n" not in done.stdout and "whitelist y: it has no services" in done.stderr)
        expect_true("named, it has no rules", made(firewall, file.name, "y").returncode == 1)
    with configuration('whitelist x {\n names = { "a.example" }\n services = { "tcp 443" }\n'
                       ' set4 = "bridge b b4"\n set6 = "none"\n}\n') as file:
        done = made(firewall, file.name)
        expect_true("not in a bridge's table", done.returncode == 1 and "bridge or arp" in done.stderr)


def wait_for_network(firewall):
    """The first packets of a new IPv6 link may find nobody."""
    for _ in range(10):
        if len(firewall.passing()) == len(ALLOWED | OTHERS) * len(rules.PORTS):
            return
    raise SystemExit("without any rules not everything passes")


def check(wildset, config):
    firewall = rules.Firewall(wildset, config)
    try:
        wait_for_network(firewall)
        hold = Hold(firewall)
        check_words(firewall)
        check_syntax(firewall, hold)
        check_packets(firewall, hold)
        check_two(firewall, hold)
        check_meter(firewall, hold)
    finally:
        firewall.end()


def main():
    if os.environ.get("WILDSET_RULES_INSIDE"):
        return check(*sys.argv[1:])
    return rules.enter()


if __name__ == "__main__":
    main()
