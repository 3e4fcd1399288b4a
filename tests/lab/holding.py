# SPDX-License-Identifier: GPL-2.0-or-later
"""What `wildset rules --hold` prints, on a kernel with nft's queue statement or without: there the rule
marks the packet, and iptables' NFQUEUE, in a chain right behind, queues what is marked.

The place is kept: in front of every chain that looks at the sets, in a chain that drops nothing.
"""
import shutil

import lab

QUEUE = 5757
MARK = 0x10000000
STATEMENT = f" queue flags bypass to {QUEUE}"
NETLINK = "/proc/net/netfilter/nfnetlink_queue"


class Rules:
    def __init__(self, host, wildset, shape):
        self.host = host
        self.wildset = wildset
        self.shape = shape
        self.native = self.has_statement()
        if not self.native and not shutil.which("iptables-nft"):
            raise lab.LabError("this kernel has no queue statement of nft, and there is no iptables-nft")

    def has_statement(self):
        self.host.run("nft", "add table inet try; add chain inet try try")
        done = self.host.run("nft", "add rule inet try try" + STATEMENT, check=False)
        self.host.run("nft", "delete table inet try")
        return done.returncode == 0

    def text(self):
        return self.wildset.ask("rules", "--hold", "--config", self.wildset.file, "--shape", self.shape)

    def load(self):
        """Over what is there, as often as one likes; behind a flush too."""
        text = self.text()
        assert STATEMENT in text, text
        if not self.native:
            text = text.replace(STATEMENT, f" meta mark set meta mark or {MARK:#x}")
            text = text.replace("priority filter - 10", "priority mangle - 1")
        self.host.run("nft", "-f", "-", text_input=text)
        if not self.native:
            self.queue_marked()

    def queue_marked(self):
        """Of two chains with one priority the kernel passes the newer first: so these are made anew."""
        for iptables in ("iptables-nft", "ip6tables-nft"):
            self.host.run(iptables, "-t", "mangle", "-F")
            for chain in ("FORWARD", "OUTPUT"):
                self.host.run(iptables, "-t", "mangle", "-A", chain, "-m", "mark", "--mark",
                              f"{MARK:#x}/{MARK:#x}", "-j", "NFQUEUE", "--queue-num", QUEUE,
                              "--queue-bypass")

    def queued(self):
        """How many packets the kernel holds for us now, of those that it could not drop more."""
        with self.host.entered(), open(NETLINK, encoding="ascii") as lines:
            return sum(int(line.split()[2]) for line in lines if int(line.split()[0]) == QUEUE)


def figures(wildset):
    return wildset.status()["hold"]
