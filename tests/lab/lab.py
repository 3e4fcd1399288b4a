# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's network: hosts as network namespaces, wired and addressed.

    path:    client --- lan|firewall|dmz --- resolver         the DNS crosses the firewall
                             wan
                              |
                            server

    mirror:  client ---+                                      it does not: a switch copies the
                     switch --- lan|firewall|wan --- server   resolver's port to the firewall
             resolver -+  \\---- mirror|

Everything is made inside the private namespaces of `enter`.  The server answers on every address of
its prefixes, so that a name can be given any address without further set-up.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
NETNS = pathlib.Path("/run/netns")

CLIENT4, CLIENT6 = "192.0.2.10", "2001:db8:a::10"
RESOLVER4, RESOLVER6 = "192.0.2.53", "2001:db8:53::53"
SILENT4 = "192.0.2.54"  # a resolver that is believed and does not exist: tests speak for it
SERVER_PREFIXES = ("198.51.100.0/24", "203.0.113.0/24", "2001:db8:100::/40")
NEEDED = ("ip", "tc", "nft", "nsenter", "mount", "nsd", "unbound", "dig", "curl", "getent", "openssl", "kdig")


class LabError(Exception):
    """The lab itself could not do something; the message names the command and what it said."""


def wait_for(what, probe, timeout=10.0, every=0.02):
    """Polls until `probe` gives something true, and gives it back."""
    end = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {timeout:g} s still not: {what}")
        time.sleep(every)


class Host:
    """One host: a network namespace, the commands run in it, the programs started in it."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.path = NETNS / name
        self.programs = []
        command("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")
        # No second of waiting for an address's owner on a wire that was made just now.
        for which in ("all", "default"):
            self.sysctl(f"ipv6/conf/{which}/accept_dad", 0)

    def ip(self, *arguments):
        command("ip", "-n", self.name, *arguments)

    def argv(self, *argv):
        return ["nsenter", f"--net={self.path}", "--", *map(str, argv)]

    def run(self, *argv, check=True, timeout=30, text_input=None):
        done = subprocess.run(self.argv(*argv), capture_output=True, text=True, check=False,
                              timeout=timeout, input=text_input)
        if check and done.returncode != 0:
            raise LabError(f"{self.name}: {' '.join(map(str, argv))}: exit {done.returncode}: "
                           f"{(done.stderr or done.stdout).strip()}")
        return done

    def start(self, *argv, log=None, **keywords):
        """A program that stays; its output goes to a file in the lab's folder."""
        log = self.folder / (log or f"{self.name}-{pathlib.Path(str(argv[0])).name}.log")
        with open(log, "ab") as out:
            program = subprocess.Popen(self.argv(*argv), **{
                "stdin": subprocess.DEVNULL, "stdout": out, "stderr": subprocess.STDOUT} | keywords)
        program.log = log
        self.programs.append(program)
        return program

    @contextlib.contextmanager
    def entered(self):
        """This thread is on the host: sockets made now are the host's."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(self.path, "rb") as there:
            setns(there.fileno())
            try:
                yield self
            finally:
                setns(home.fileno())

    def sysctl(self, name, value):
        with self.entered():
            pathlib.Path("/proc/sys/net", name).write_text(f"{value}\n", encoding="ascii")

    def address(self, interface, *addresses):
        for address in addresses:
            nodad = ("nodad",) if ":" in address else ()
            self.ip("address", "add", address, "dev", interface, *nodad)
        self.ip("link", "set", interface, "up")

    def gateway(self, *gateways):
        for gateway in gateways:
            self.ip("route", "add", "default", "via", gateway)

    def close(self):
        for program in self.programs:
            stop(program)
        self.programs.clear()
        command("ip", "netns", "delete", self.name)


class Network:
    """The hosts, wired for one of the two modes."""

    def __init__(self, mode):
        if mode not in ("path", "mirror"):
            raise ValueError(mode)
        self.mode = mode
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wildset-lab-"))
        self.hosts = []
        try:
            self.client = self.host("client")
            self.firewall = self.host("firewall")
            self.resolver = self.host("resolver")
            self.server = self.host("server")
            self.wire_server()
            if mode == "path":
                self.wire_path()
            else:
                self.wire_mirror()
            self.settle()
        except BaseException:
            self.close()
            raise

    # What wildsetd is told to watch.
    @property
    def interface(self):
        return "lan" if self.mode == "path" else "mirror"

    def host(self, name):
        self.hosts.append(Host(name, self.folder))
        return self.hosts[-1]

    def cable(self, host, interface, other, other_interface):
        host.ip("link", "add", interface, "type", "veth", "peer", "name", other_interface, "netns",
                other.name)
        for end, name in ((host, interface), (other, other_interface)):
            end.ip("link", "set", name, "up")

    def wire_server(self):
        self.cable(self.firewall, "wan", self.server, "net")
        self.firewall.address("wan", "192.0.2.65/27", "2001:db8:c::1/64")
        self.server.address("net", "192.0.2.66/27", "2001:db8:c::2/64")
        self.server.gateway("192.0.2.65", "2001:db8:c::1")
        for prefix in SERVER_PREFIXES:
            self.server.ip("route", "add", "local", prefix, "dev", "lo")
            self.firewall.ip("route", "add", prefix, "via",
                             "2001:db8:c::2" if ":" in prefix else "192.0.2.66")

    def wire_path(self):
        self.cable(self.client, "lan", self.firewall, "lan")
        self.cable(self.firewall, "dmz", self.resolver, "lan")
        self.client.address("lan", f"{CLIENT4}/27", f"{CLIENT6}/64")
        self.firewall.address("lan", "192.0.2.1/27", "2001:db8:a::1/64")
        self.firewall.address("dmz", "192.0.2.33/27", "2001:db8:53::1/64")
        self.resolver.address("lan", f"{RESOLVER4}/27", f"{RESOLVER6}/64")
        self.client.gateway("192.0.2.1", "2001:db8:a::1")
        self.resolver.gateway("192.0.2.33", "2001:db8:53::1")

    def wire_mirror(self):
        switch = self.switch = self.host("switch")
        switch.ip("link", "add", "bridge", "type", "bridge", "stp_state", "0")
        switch.ip("link", "set", "bridge", "up")
        for host, port in ((self.client, "client"), (self.resolver, "resolver"),
                           (self.firewall, "firewall")):
            self.cable(switch, port, host, "lan")
            switch.ip("link", "set", port, "master", "bridge")
        self.cable(switch, "monitor", self.firewall, "mirror")
        command("tc", "-n", switch.name, "qdisc", "add", "dev", "resolver", "clsact")
        for direction in ("ingress", "egress"):
            command("tc", "-n", switch.name, "filter", "add", "dev", "resolver", direction,
                    "protocol", "all", "u32", "match", "u32", "0", "0",
                    "action", "mirred", "egress", "mirror", "dev", "monitor")
        self.client.address("lan", f"{CLIENT4}/26", f"{CLIENT6}/64", "2001:db8:53::10/64")
        self.resolver.address("lan", f"{RESOLVER4}/26", f"{RESOLVER6}/64")
        self.firewall.address("lan", "192.0.2.1/26", "2001:db8:a::1/64", "2001:db8:53::1/64")
        self.client.gateway("192.0.2.1", "2001:db8:a::1")
        self.resolver.gateway("192.0.2.1", "2001:db8:53::1")

    def settle(self):
        for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.firewall.sysctl(name, 1)

    def serve(self):
        """The services, and the certificate by which a client can trust the one on 443."""
        crt, key = certificate(self.folder)
        script = pathlib.Path(__file__).with_name("services.py")
        program = self.server.start("/usr/bin/python3", "-B", script, crt, key, log="services.log")

        def ready():
            if program.poll() is not None:
                raise LabError(f"services.py ended: {program.log.read_text()}")
            return "ready" in program.log.read_text()
        wait_for("services.py is ready", ready)
        return crt

    def close(self):
        for host in reversed(self.hosts):
            with contextlib.suppress(LabError):
                host.close()
        self.hosts.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


def setns(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def command(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def certificate(folder):
    """For the server's 443: curl on the client checks it as it would any."""
    files = folder / "server.crt", folder / "server.key"
    command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-days", "2", "-subj", "/CN=dormammu.lookback.io", "-addext",
                "subjectAltName=DNS:dormammu.lookback.io,DNS:*.dormammu.lookback.io",
                "-out", str(files[0]), "-keyout", str(files[1]))
    return files


def stop(program, with_signal=signal.SIGTERM):
    if program.poll() is not None:
        return program.returncode
    program.send_signal(with_signal)
    try:
        return program.wait(5)
    except subprocess.TimeoutExpired:
        program.kill()
        return program.wait(5)


def missing_programs():
    return [name for name in NEEDED if shutil.which(name) is None]


def prepare():
    """Private /run, and the client's resolv.conf; exits with a word when the lab cannot be had."""
    os.environ["PATH"] = "/usr/sbin:/sbin:" + os.environ.get("PATH", "/usr/bin:/bin")
    if "WILDSET_LAB" not in os.environ:
        print("lab: to be started by tests/lab/enter, which makes its namespaces", file=sys.stderr)
        sys.exit(77)
    missing = missing_programs()
    if missing:
        print(f"lab: not on this machine: {' '.join(missing)}; tests/run installs what is needed",
              file=sys.stderr)
        sys.exit(77)
    target = pathlib.Path("/etc/resolv.conf").resolve()
    command("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    for folder in ("netns", "wildset", "lab"):
        pathlib.Path("/run", folder).mkdir()
    # Only the C library's files and DNS: a resolver service of this machine has no place in the lab.
    replace(target, f"nameserver {RESOLVER4}\noptions timeout:2 attempts:2\n")
    replace(pathlib.Path("/etc/nsswitch.conf").resolve(), "passwd: files\ngroup: files\nhosts: files dns\n")


def replace(path, text):
    """Covers a file of this machine in the private mount namespace, and touches nothing of it."""
    cover = pathlib.Path("/run/lab", path.name)
    cover.write_text(text, encoding="ascii")
    if path.is_relative_to("/run"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    command("mount", "--bind", str(cover), str(path))
