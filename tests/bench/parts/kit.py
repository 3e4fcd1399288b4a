# SPDX-License-Identifier: GPL-2.0-or-later
"""What every part stands on: programs, namespaces, and the two watchers that are compared."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SUFFIX = "dormammu.lookback.io"
RESOLVER = "192.0.2.53"
RESOLVERS = [RESOLVER, "2001:db8::53"]


class Missing(Exception):
    """Something that a part needs is not there, or does not come up."""


class Bench:
    def __init__(self, build, options, deadline):
        self.build = build
        self.options = options
        self.deadline = deadline
        self.notes = []
        self.next_number = 0

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="wildset-bench-"))
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        Path("/run/wildset").mkdir()
        self.shield()
        busy = busy_share()
        if busy > 0.1:
            self.note(f"other programs used {100 * busy:.0f} % of the CPUs before the start: expect worse than quiet figures")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def shield(self):
        """All that is measured, and what measures it, comes before the machine's other programs."""
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -20)
        except PermissionError:
            self.note("no right to nice -20: other programs on this machine disturb the figures")
            return
        os.setsid()
        shield_session("self")

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def tool(self, name):
        return self.program(f"bench/{name}")

    def program(self, path):
        found = self.build / path
        if not found.exists():
            raise Missing(f"{found} is not built: cmake --build {self.build} --target bench_programs wildset wildsetd "
                          "sniffer replay")
        return str(found)

    def numbers(self, count):
        """The first of `count` fresh names, used by nobody before."""
        first = self.next_number
        self.next_number += count
        return first

    def names(self, few):
        return self.options.names or (1000 if self.options.full else few)

    def runs(self, few=5):
        return self.options.runs or (5 if self.options.full else few)

    def rounds(self, part, wanted):
        """Numbers the runs; ends before the next one would not fit, so that what was measured is shown."""
        longest = 0
        for number in range(wanted):
            started = time.monotonic()
            if number > 0 and started + longest > self.deadline:
                self.note(f"{part}: {number} of {wanted} runs: the time for the bench is used up (--limit)")
                return
            yield number
            longest = max(longest, time.monotonic() - started)

    def check_time(self):
        if time.monotonic() > self.deadline:
            raise TimeoutError("the time for the bench is used up (--limit)")

    def run(self, command, netns=None):
        """Runs to its end; its standard output."""
        self.check_time()
        left = self.deadline - time.monotonic()
        try:
            done = subprocess.run(inside(netns, command), stdout=subprocess.PIPE, text=True, timeout=max(left, 1) + 30)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{command[0]} does not end") from None
        if done.returncode != 0:
            raise Missing(f"{' '.join(map(str, command))}: exit status {done.returncode}")
        return done.stdout


def may_take_priority():
    """Whether SCHED_FIFO is to be had; wildset takes it where it can."""
    before = os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, before)
    return True


def give_priority_back(pid, priority):
    """A start with many leases takes longer than 50 ms without sleep, which ends a real-time priority until the
    first question a second later (base/priority.c); for that RLIMIT_RTPRIO is needed, which LimitRTPRIO in the
    unit gives and which root in a container may not raise."""
    if os.sched_getscheduler(pid) != os.SCHED_FIFO:
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(priority))


def shield_session(pid):
    """With autogroups a nice value counts within a session only, and the group's own between them."""
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists() and os.getpriority(os.PRIO_PROCESS, 0) == -20:
        group.write_text("-20")


def busy_share():
    """How much of the CPUs others use, looked at for half a second."""
    def read():
        values = list(map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]))
        return sum(values), values[3] + values[4]

    total, idle = read()
    time.sleep(0.5)
    total_after, idle_after = read()
    return 1 - (idle_after - idle) / max(1, total_after - total)


def inside(netns, command):
    return ["ip", "netns", "exec", netns, *map(str, command)] if netns else list(map(str, command))


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def nft(netns, text):
    subprocess.run(inside(netns, ["nft", "-f", "-"]), input=text, text=True, check=True)


class Netns:
    """Named namespaces that go with the block."""

    def __init__(self, *names):
        self.names = names

    def __enter__(self):
        for name in self.names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        for name in self.names:
            ip("netns", "del", name)

    def pair(self, one, one_interface, two, two_interface):
        """A veth pair, up, without IPv6 of its own accord: nobody but us speaks on it."""
        ip("-n", one, "link", "add", one_interface, "type", "veth", "peer", "name", two_interface, "netns", two)
        for name, interface in ((one, one_interface), (two, two_interface)):
            ip("-n", name, "link", "set", interface, "up")
            subprocess.run(inside(name, ["sysctl", "-qw", f"net.ipv6.conf.{interface}.accept_dad=0"]), check=True)


def on_cpu_ns(pid):
    """What all threads of a process have run, to the nanosecond."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


class Program:
    """A process in a namespace that says when it is ready, and what it saw when it is stopped."""

    def __init__(self, bench, netns, command, ready="ready", environment=None):
        self.bench, self.netns, self.command, self.ready = bench, netns, list(map(str, command)), ready
        self.environment = environment

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+", dir=self.bench.folder)
        self.process = subprocess.Popen(inside(self.netns, self.command), stdout=subprocess.PIPE, stderr=self.log,
                                        text=True, env=self.environment)
        if self.ready is not None and self.process.stdout.readline().strip() != self.ready:
            raise Missing(f"{self.command[0]} did not start: {self.said()}")
        return self

    def said(self):
        self.log.seek(0)
        return self.log.read().strip()[-500:]

    def stop(self, with_signal=signal.SIGTERM):
        """Its standard output since it was ready."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.communicate(timeout=10)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[0]

    def __exit__(self, *_):
        self.stop()
        self.log.close()

    def pids(self):
        return [self.process.pid]


class Prototype(Program):
    """The bare process; with `low` it takes what `latency = low` may take, and all the time: the CPUs
    kept awake and a real-time priority.  With `never_sleep` it looks at its ring without end, too: nothing
    that only watches is faster on this machine."""

    def __init__(self, bench, netns, interface, low=True, never_sleep=False):
        options = ["--hold-latency", *(["--realtime"] if may_take_priority() else [])] if low else []
        options += ["--never-sleep"] if never_sleep else []
        super().__init__(bench, netns, [bench.tool("prototype"), *options, interface, "wildset", "lookback4", "lookback6",
                                        SUFFIX])


class Wildset(Program):
    """The real daemon with its sniffer, on one interface; waits for its notification and its source."""

    def __init__(self, bench, netns, interface, latency="low", most=60000, resolvers=None, level="alarms",
                 more_names=(), outside=""):
        self.latency = latency
        self.config = bench.folder / "wildset.conf"
        self.config.write_text(configuration(interface, latency, most, resolvers or RESOLVERS, level,
                                             more_names) + outside)
        self.notify_path = bench.folder / "notify"
        super().__init__(bench, netns, [bench.program("sbin/wildsetd"), "--config", self.config], ready=None,
                         environment={**os.environ, "NOTIFY_SOCKET": str(self.notify_path)})

    def __enter__(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            self.notify_path.unlink(missing_ok=True)
            notify.bind(str(self.notify_path))
            self.notify_path.chmod(0o777)
            notify.settimeout(10)
            super().__enter__()
            self.wait_ready(notify)
        self.wait_source()
        if self.latency == "low" and may_take_priority():
            give_priority_back(self.process.pid, 2)
            give_priority_back(self.sniffer_pid(), 1)
        return self

    def wait_ready(self, notify):
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
        except TimeoutError:
            raise Missing(f"wildsetd is not ready after 10 s: {self.said()}") from None

    def wait_source(self):
        for _ in range(100):
            sources = self.status().get("sources", [])
            if sources and all(source["state"] == "running" for source in sources):
                shield_session(sources[0]["pid"])  # a session of its own
                return
            time.sleep(0.05)
        raise Missing(f"wildsetd has no running source after 5 s: {self.said()}")

    def status(self):
        text = subprocess.run([self.bench.program("bin/wildset"), "status", "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True).stdout
        return json.loads(text) if text.strip() else {}

    def interface(self):
        """received and dropped, once the second's report is in."""
        time.sleep(1.3)
        return self.status()["sources"][0]["interfaces"][0]

    def sniffer_pid(self):
        return self.status()["sources"][0]["pid"]

    def pids(self):
        return [self.process.pid, self.sniffer_pid()]


def configuration(interface, latency, most, resolvers, level, more_names=()):
    listed = ", ".join(f'"{resolver}"' for resolver in resolvers)
    names = ", ".join(f'"{name}"' for name in (SUFFIX, f"*.{SUFFIX}", *more_names))
    return f"""capture {{
    interfaces = {{ "{interface}" }}
    mirror     = {{ "{interface}" }}
    resolvers  = {{ {listed} }}
    latency    = "{latency}"
}}
whitelist lookback {{
    names         = {{ {names} }}
    services      = {{ "tcp 443", "udp 443" }}
    resolve       = false
    max-addresses = {most}
    benchmark-addresses = true
}}
log = "{level}"
"""
