# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the first SYN to a fresh name passes: client, firewall that drops, resolver, server."""
import contextlib
import ctypes
import os
import socket
import subprocess
import time

from parts.element import can_hold
from parts.kit import RESOLVER, Missing, Netns, Program, Prototype, Wildset, inside, ip, nft
from parts.table import Row, median

RULESET = """
table inet wildset {
    set lookback4 { type ipv4_addr; flags timeout; size 400000; }
    set lookback6 { type ipv6_addr; flags timeout; size 400000; }
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        udp dport 53 accept
        meta l4proto { icmp, ipv6-icmp } accept
        meta l4proto { tcp, udp } th dport 443 ip daddr @lookback4 accept
        meta l4proto { tcp, udp } th dport 443 ip6 daddr @lookback6 accept
    }
}
"""


class Street(Netns):
    """client:c0 - f0:firewall:f1 - s0:server; the resolver behind the firewall's f2, or (mirror) beside the
    client, with what passes its port copied to the firewall's m1."""

    def __init__(self, mirror):
        super().__init__("client", "fw", "res", "srv")
        self.mirror = mirror
        self.interface = "m1" if mirror else "f2"

    def __enter__(self):
        super().__enter__()
        self.leg("client", "c0", "f0", 1)
        self.leg("srv", "s0", "f1", 3)
        for host in range(11, 18):
            ip("-n", "client", "addr", "add", f"10.99.1.{host}/24", "dev", "c0")
        for one in ("client", "srv"):
            number = 1 if one == "client" else 3
            ip("-n", one, "route", "add", "default", "via", f"10.99.{number}.1")
            ip("-n", one, "-6", "route", "add", "default", "via", f"2001:db8:{number}::1")
        ip("-n", "fw", "route", "add", "198.18.0.0/15", "via", "10.99.3.10")
        ip("-n", "fw", "-6", "route", "add", "2001:db8:5::/64", "via", "2001:db8:3::10")
        ip("-n", "srv", "route", "add", "local", "198.18.0.0/15", "dev", "lo")
        ip("-n", "srv", "-6", "route", "add", "local", "2001:db8:5::/64", "dev", "lo")
        subprocess.run(inside("fw", ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]),
                       check=True)
        self.resolver_beside() if self.mirror else self.resolver_behind()
        nft("fw", RULESET)
        self.warm()
        return self

    def leg(self, name, interface, at_firewall, number):
        self.pair(name, interface, "fw", at_firewall)
        ip("-n", name, "addr", "add", f"10.99.{number}.10/24", "dev", interface)
        ip("-n", "fw", "addr", "add", f"10.99.{number}.1/24", "dev", at_firewall)
        ip("-n", name, "addr", "add", f"2001:db8:{number}::10/64", "dev", interface, "nodad")
        ip("-n", "fw", "addr", "add", f"2001:db8:{number}::1/64", "dev", at_firewall, "nodad")

    def resolver_behind(self):
        self.pair("res", "r0", "fw", "f2")
        ip("-n", "res", "addr", "add", f"{RESOLVER}/24", "dev", "r0")
        ip("-n", "fw", "addr", "add", "192.0.2.1/24", "dev", "f2")
        ip("-n", "res", "route", "add", "default", "via", "192.0.2.1")

    def resolver_beside(self):
        self.pair("res", "r0", "client", "c1")
        ip("-n", "res", "addr", "add", f"{RESOLVER}/24", "dev", "r0")
        ip("-n", "client", "addr", "add", "192.0.2.10/24", "dev", "c1")
        self.pair("res", "m0", "fw", "m1")
        tc = ["tc", "-n", "res"]
        subprocess.run([*tc, "qdisc", "add", "dev", "r0", "clsact"], check=True)
        for direction in ("ingress", "egress"):
            subprocess.run([*tc, "filter", "add", "dev", "r0", direction, "protocol", "all", "u32", "match", "u32", "0",
                            "0", "action", "mirred", "egress", "mirror", "dev", "m0"], check=True)

    def warm(self):
        """Neighbours known, so that no SYN waits for ARP."""
        for target in ("198.19.255.254", "2001:db8:5::ffff"):
            if not refused_by(target):
                raise Missing(f"race: {target} does not answer through the firewall")


def refused_by(target):
    """A datagram to a closed port that the firewall lets through comes back as an error: both ways work."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/client", os.O_RDONLY)
    os_setns(there)
    try:
        family = socket.AF_INET6 if ":" in target else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 53))
            probe.settimeout(0.3)
            return any(refused(probe) for _ in range(20))
    finally:
        os_setns(home)
        os.close(home)
        os.close(there)


def os_setns(descriptor):
    """os.setns is younger than Debian 12's Python."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def refused(probe):
    try:
        probe.send(b"")
        probe.recv(1)
    except ConnectionRefusedError:
        return True
    except OSError:
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def resolver_files(bench):
    """getaddrinfo asks our resolver and nothing else: over the files, in this mount namespace alone."""
    files = {"/etc/resolv.conf": f"nameserver {RESOLVER}\n", "/etc/nsswitch.conf": "hosts: dns\n"}
    mounted = []
    for path, text in files.items():
        ours = bench.folder / os.path.basename(path)
        ours.write_text(text)
        there = os.path.realpath(path)
        subprocess.run(["mount", "--bind", ours, there], check=True)
        mounted.append(there)
    yield
    for there in mounted:
        subprocess.run(["umount", there], check=True)


def losses(out):
    """(names, lost, lost while the machine stalled)"""
    lines = [line.split() for line in out.splitlines()]
    lost = [stalled for outcome, _, stalled in lines if outcome == "lost"]
    return len(lines), lost.count("0"), lost.count("1")


def at_once(bench, names):
    return losses(bench.run([bench.tool("race"), "--names", names, "--first", bench.numbers(names), "client", "res",
                             RESOLVER]))


def by_getaddrinfo(bench, names, *options):
    return losses(bench.run([bench.tool("client"), "--names", names, "--first", bench.numbers(names),
                             *(f"--{option}" for option in options)], netns="client"))


# figure: mirror port?, watcher, client
CASES = {
    "no delay: prototype": (False, "prototype", "at once"),
    "no delay: wildset": (False, "wildset", "at once"),
    "getaddrinfo, firewall: prototype, IPv4": (False, "prototype", "ipv4"),
    "getaddrinfo, firewall: prototype that never sleeps, IPv4": (False, "never sleeping", "ipv4"),
    "getaddrinfo, firewall: prototype that never sleeps, IPv6": (False, "never sleeping", "ipv6"),
    "getaddrinfo, firewall: wildset, IPv4": (False, "wildset", "ipv4"),
    "getaddrinfo, firewall: wildset, latency = normal, IPv4": (False, "normal", "ipv4"),
    "getaddrinfo, firewall: wildset, IPv6 (the last answer)": (False, "wildset", "ipv6"),
    "getaddrinfo, mirror port: wildset, IPv4": (True, "wildset", "ipv4"),
    "getaddrinfo, mirror port: wildset, IPv6 (the last answer)": (True, "wildset", "ipv6"),
}
GOALS = {"getaddrinfo, firewall: wildset, IPv4": 3, "getaddrinfo, mirror port: wildset, IPv4": 10,
         "getaddrinfo, firewall: wildset, IPv6 (the last answer)": 3,
         "getaddrinfo, mirror port: wildset, IPv6 (the last answer)": 10}


def watcher(bench, kind, street, low):
    if kind in ("prototype", "never sleeping"):
        return Prototype(bench, "fw", street.interface, low, never_sleep=kind == "never sleeping")
    return Wildset(bench, "fw", street.interface, latency="normal" if kind == "normal" else "low")


def one_case(bench, case, names, low):
    mirror, kind, client = case
    with Street(mirror) as street, Program(bench, "srv", [bench.tool("acceptor")]), \
            watcher(bench, kind, street, low):
        if client == "at once":
            return at_once(bench, names)
        with resolver_files(bench), Program(bench, "res", [bench.tool("responder"), RESOLVER]):
            return by_getaddrinfo(bench, names, client)


def text(runs):
    each = " ".join(str(lost) for _, lost, _ in runs)
    line = f"{median([lost for _, lost, _ in runs]):g} of {runs[0][0]} lost (runs: {each})"
    stalls = sum(stalled for _, _, stalled in runs)
    return line + (f", {stalls} more in stalls" if stalls else "")


def per_thousand(runs):
    return median([1000 * lost / names for names, lost, _ in runs])


def judge_goal(most, runs):
    """Few names can miss a goal of so many in 1000, but cannot show that it is reached."""
    goal = f"<= {most} of 1000"
    if per_thousand(runs) > most:
        return goal, False
    return (goal, True) if runs[0][0] >= 1000 else (f"{goal}: --full decides", None)


def judge_ratio(runs, base):
    """A prototype that loses every second SYN leaves nothing that could be worse than twice that."""
    if 2 * per_thousand(base) >= 1000:
        return "<= 2 x prototype: undecided, it loses half", None
    return "<= 2 x prototype", per_thousand(runs) <= 2 * per_thousand(base)


def chosen_cases(bench):
    wanted = bench.options.case or [""]
    chosen = {figure: case for figure, case in CASES.items() if any(text in figure for text in wanted)}
    if not chosen:
        raise Missing(f"race: no figure has {' or '.join(wanted)} in its name: {'; '.join(CASES)}")
    return chosen


def rows(bench):
    names, found = bench.names(80), {}
    low = can_hold(bench)
    for _ in bench.rounds("race", bench.runs(3)):
        for figure, case in chosen_cases(bench).items():
            found.setdefault(figure, []).append(one_case(bench, case, names, low))
    result = []
    for figure, runs in found.items():
        goal, met = "", None
        if figure in GOALS:
            goal, met = judge_goal(GOALS[figure], runs)
        if figure == "no delay: wildset" and "no delay: prototype" in found:
            goal, met = judge_ratio(runs, found["no delay: prototype"])
        result.append(Row("race", figure, text(runs), goal, met))
    bench.note(f"race: {names} fresh names a run; the prototype is always awake and in real time: {'yes' if low else 'no'}")
    return result
