# SPDX-License-Identifier: GPL-2.0-or-later
"""The firewall: its ruleset, and wildset on it."""
import json
import os
import pathlib
import signal
import socket

import lab

BUILD = pathlib.Path(os.environ.get("WILDSET_BUILD", "build/release")).resolve()
WILDSETD = BUILD / "sbin" / "wildsetd"
WILDSET = BUILD / "bin" / "wildset"
NOTIFY = "/run/lab/notify"

# Lifetimes are the answers' own, so that a test can see one end; but a connection whose first packet
# is lost is tried again after 1 s, when the address has to be there still.
CONFIGURATION = """
capture {{
    interfaces = {{ {interfaces} }}
    resolvers  = {{ {resolvers} }}
    {capture}
}}
whitelist lookback {{
    names   = {{ {names} }}
    set4    = "{set4}"
    set6    = "{set6}"
    services = {{ "udp 19305-19309", "tcp 19305", "tcp 22466", "tcp 443" }}
    ttl-min = "2s"
    grace   = "0s"
    {extra}
    resolve = {resolve}
}}
log = "debug"
{outside}
"""

# What an administrator's /etc/nftables.conf looks like; it goes on with what `wildset rules` printed.
RULESET = """
flush ruleset
table inet filter {{
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ip daddr {resolver4} meta l4proto {{ tcp, udp }} th dport 53 accept
        ip6 daddr {resolver6} meta l4proto {{ tcp, udp }} th dport 53 accept
        {accept}
    }}
}}
"""

# The one rule that is the administrator's, by shape.
JUMP = "insert rule inet filter forward jump wildset-lookback\n"
ACCEPT_MARK = "ct mark and 0x00ff0000 == 0x00570000 accept"


def quoted(values):
    return ", ".join(f'"{value}"' for value in values)


class Wildset:
    """wildsetd, started as systemd would (readiness over NOTIFY_SOCKET), and `wildset` beside it."""

    def __init__(self, host, **settings):
        self.host = host
        self.file = host.folder / "wildset.conf"
        self.settings = {
            "interfaces": ["lan"],
            "resolvers": [lab.RESOLVER4, lab.RESOLVER6, lab.SILENT4],
            "names": ["dormammu.lookback.io", "*.dormammu.lookback.io"],
            "set4": "inet wildset lookback4",
            "set6": "inet wildset lookback6",
            "capture": "",
            "extra": "",
            "outside": "",       # further lines behind all blocks
            "resolve": "false",  # what a test sees is what the wire taught
        } | settings
        self.program = None

    def configure(self, **settings):
        self.settings |= settings
        lists = {key: quoted(self.settings[key]) for key in ("interfaces", "resolvers", "names")}
        self.file.write_text(CONFIGURATION.format(**(self.settings | lists)), encoding="ascii")

    def start(self, env=None, **keywords):
        self.configure()
        pathlib.Path(NOTIFY).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(NOTIFY)
            notify.settimeout(0.05)
            self.program = self.host.start(WILDSETD, "--config", self.file, "--state",
                                           self.host.folder / "leases", log="wildsetd.log",
                                           env=os.environ | {"NOTIFY_SOCKET": NOTIFY} | (env or {}),
                                           **keywords)
            lab.wait_for("wildsetd says READY=1", lambda: self.said(notify, b"READY=1"))
        lab.wait_for("the sniffer runs", self.sniffers)
        return self

    def said(self, notify, what):
        if self.program.poll() is not None:
            raise lab.LabError(f"wildsetd ended with {self.program.returncode}:\n{self.log()}")
        try:
            return what in notify.recv(4096)
        except TimeoutError:
            return False

    def reload(self):
        self.program.send_signal(signal.SIGHUP)

    def stop(self):
        if self.program is None:
            return 0
        status = lab.stop(self.program)
        self.program = None
        return status

    def log(self):
        path = self.host.folder / "wildsetd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def ask(self, *arguments):
        """What the client prints; `status` ends with 1 or 2 where there are findings."""
        done = self.host.run(WILDSET, *arguments, check=arguments[0] != "status")
        if done.returncode > 2 or (not done.stdout and done.returncode):
            raise lab.LabError(f"wildset {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.ask("status", "--json"))

    def list(self, *options):
        return [json.loads(line) for line in self.ask("list", "--json", *options).splitlines()]

    def sniffers(self):
        """The process ids of the sniffers that read packets; two while one takes over from another."""
        return [source["pid"] for source in self.status()["sources"]
                if source["source"] == "sniffer" and source["state"] == "running"]

    def refused(self, reason):
        """How often, by the sniffer and by the daemon together."""
        status = self.status()
        places = [status, *status["sources"]]
        return sum(place.get("refused", {}).get(reason, 0) for place in places)

    def elements(self, family=4):
        """The set as `nft -j list set` shows it: address to (timeout, expires, comment)."""
        done = self.host.run("nft", "-j", "list", "set", *self.settings[f"set{family}"].split(),
                             check=False)
        if done.returncode != 0:
            return {}
        listed = next(item["set"] for item in json.loads(done.stdout)["nftables"] if "set" in item)
        found = {}
        for element in listed.get("elem", ()):
            value = element["elem"]
            found[value["val"]] = (value["timeout"], value["expires"], value.get("comment"))
        return found

    def holds(self, address):
        return address in self.elements(6 if ":" in address else 4)

    def show(self, family=4):
        return self.host.run("nft", "list", "set", *self.settings[f"set{family}"].split()).stdout


class Firewall:
    """The administrator's ruleset, with `wildset rules` in one of its two shapes: rules in the table
    that drops, the sets beside them, or chains of wildset's own that mark connections."""

    SETS = {
        "table": {"set4": "inet filter lookback4", "set6": "inet filter lookback6"},
        "mark": {"set4": "inet wildset lookback4", "set6": "inet wildset lookback6"},
    }

    def __init__(self, host, wildset, shape):
        self.host = host
        self.wildset = wildset
        self.shape = shape
        wildset.configure(**self.SETS[shape])

    def rules(self):
        return self.wildset.ask("rules", "--config", self.wildset.file, "--shape", self.shape, "lookback")

    def load(self):
        """All of it in one transaction, as `systemctl reload nftables` does: it begins with a flush."""
        accept = ACCEPT_MARK if self.shape == "mark" else ""
        text = RULESET.format(resolver4=lab.RESOLVER4, resolver6=lab.RESOLVER6, accept=accept)
        jump = JUMP if self.shape == "table" else ""
        self.host.run("nft", "-f", "-", text_input=text + self.rules() + jump)

    def load_rules(self):
        """Only what `wildset rules` printed, over what is there."""
        self.host.run("nft", "-f", "-", text_input=self.rules())
