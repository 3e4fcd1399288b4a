# SPDX-License-Identifier: GPL-2.0-or-later
"""What rate each receiver takes from a veth without loss, and what a packet costs it and the kernel."""
import os
import re
import shutil
import signal
import time
from collections import defaultdict, namedtuple

from parts.element import Wire
from parts.kit import Missing, Program, Prototype, Wildset, on_cpu_ns
from parts.table import Row, median

RATES = [100_000, 300_000, 0]  # 0: as fast as the sender goes
SECONDS = 0.8
FASTEST_CYCLES = 40
SETTLING_RATE = 20_000
SENDER_CPU = 0
SELDOM = "libpcap, woken for 1 of 1000"  # as often as wildset, and it does nothing: by the message's id
ANSWERS, QUESTIONS = 20_000, 20  # in the file, which is sent over and over
UNRELATED = [f"n{number}.unrelated{number * 7919 % 3001}.example" for number in range(2500)]


# What should have come and how much of it did not, what an answer on the wire cost the receiver's
# processes, what sending a packet cost.
Run = namedtuple("Run", "expected lost process_ns sender_ns")


class Counted:
    """A receiver and how it tells what it received and dropped."""

    def __init__(self, program, pattern=None, stop=signal.SIGTERM, cycle=ANSWERS):
        self.program, self.pattern, self.stop, self.cycle = program, pattern, stop, cycle

    def settle(self, bench, capture):
        """Chains have ended at addresses: from now on it is the names that the kernel looks at."""

    def finish(self):
        """(received, dropped); received counts the dropped ones too."""
        if isinstance(self.program, Wildset):
            interface = self.program.interface()
            return interface["received"], interface["dropped"]
        out = self.program.stop(self.stop) + "\n" + self.program.said()
        found = re.search(self.pattern, out, re.S)
        if not found:
            return None
        return int(found.group("received")), int(found.group("dropped"))


class Ours(Counted):
    """With the kernel's filter for names or, with too many patterns for one, for port 53."""

    def __init__(self, bench, filter_name, cycle, more_names=()):
        super().__init__(Wildset(bench, "fw", "f0", more_names=more_names), cycle=cycle)
        self.filter_name, self.before = filter_name, (0, 0)

    def settle(self, bench, capture):
        flood(bench, capture, SETTLING_RATE)
        for _ in range(50):
            interface = self.program.interface()
            if interface["filter"] == self.filter_name:
                self.before = interface["received"], interface["dropped"]
                return
        raise Missing(f"the filter is {interface['filter']} and does not become {self.filter_name}")

    def finish(self):
        return tuple(now - before for now, before in zip(super().finish(), self.before))


OWN = r"received (?P<received>\d+) dropped (?P<dropped>\d+)"
TCPDUMP = r"(?P<received>\d+) packets? received by filter.*?(?P<dropped>\d+) packets? dropped by kernel"
DNSCAP = r"(?P<received>\d+) recv (?P<dropped>\d+) drop"


def receivers(bench):
    yield "nobody listens", None
    yield "wildset", lambda: Ours(bench, "names", 2 * QUESTIONS)
    yield "wildset, port 53", lambda: Ours(bench, "port 53", ANSWERS + QUESTIONS, UNRELATED)
    yield "prototype", lambda: Counted(Prototype(bench, "fw", "f0", low=False), OWN)
    yield "libpcap, empty callback", lambda: Counted(
        Program(bench, "fw", [bench.tool("floor"), "-i", "f0"], ready=None), OWN, cycle=ANSWERS + QUESTIONS)
    yield SELDOM, lambda: Counted(
        Program(bench, "fw", [bench.tool("floor"), "-i", "f0", "udp src port 53 and udp[8:2] % 1000 = 0"], ready=None),
        OWN, cycle=0)
    if shutil.which("tcpdump"):
        yield "tcpdump -w", lambda: Counted(
            Program(bench, "fw", ["tcpdump", "-n", "-i", "f0", "-w", "/dev/null", "-Z", "root", "udp src port 53"],
                    ready=None), TCPDUMP, signal.SIGINT)
        yield "tcpdump -n", lambda: Counted(
            Program(bench, "fw", ["sh", "-c", "exec tcpdump -n -i f0 -Z root 'udp src port 53' >/dev/null"], ready=None),
            TCPDUMP, signal.SIGINT)
    else:
        bench.note("live: tcpdump is not on this machine: skipped")
    if shutil.which("dnscap"):
        yield "dnscap -x", lambda: Counted(
            Program(bench, "fw", ["dnscap", "-N", "-S", "-i", "f0", "-s", "r", "-x", r"\.dormammu\.lookback\.io", "-w",
                                  bench.folder / "live"], ready=None), DNSCAP, signal.SIGINT)
    else:
        bench.note("live: dnscap is not on this machine: skipped")


def flood(bench, capture, rate):
    """How often the whole file was sent, and nanoseconds for each frame."""
    cycles = round(rate * SECONDS / (ANSWERS + QUESTIONS)) if rate else FASTEST_CYCLES
    out = bench.run([bench.tool("flood"), "--rate", rate, "--frames", cycles * (ANSWERS + QUESTIONS), "--cpu",
                     SENDER_CPU, capture, "p0"], netns="peer")
    sent, took = re.fullmatch(r"sent (\d+) ns (\d+)", out.strip()).groups()
    return cycles, int(took) / int(sent)


def keep_off_the_sender(program):
    """Else its time is counted twice, as its own and as the kernel's: the sender waits meanwhile."""
    others = os.sched_getaffinity(0) - {SENDER_CPU}
    for pid in program.pids():
        os.sched_setaffinity(pid, others or {SENDER_CPU})


def measure(bench, make, capture, rate):
    """A Run, or None when the receiver does not say what it received."""
    if make is None:
        cycles, each = flood(bench, capture, rate)
        return Run(1, 0, 0, each)
    counted = make()
    with counted.program as program:
        time.sleep(0.5)
        keep_off_the_sender(program)
        counted.settle(bench, capture)
        before = sum(map(on_cpu_ns, program.pids()))
        cycles, each = flood(bench, capture, rate)
        time.sleep(0.3)
        used = sum(map(on_cpu_ns, program.pids())) - before
        counts = counted.finish()
        if counts is None:
            bench.note(f"live: {program.command[0]} did not tell its counts: {program.said()}")
            return None
    received, dropped = counts
    expected = cycles * counted.cycle
    # Received counts the dropped ones; what is missing in both was lost on the way.
    return Run(expected, dropped + max(0, expected - received), used / (cycles * ANSWERS), each)


def lossless(found):
    """The highest rate without loss, thousand a second; the median run counts."""
    rates = [median([1e6 / run.sender_ns for run in runs]) for runs in found.values()
             if median([run.lost for run in runs]) == 0]
    return max(rates, default=0)


def share(ours, peer, bare):
    """Our CPU as a part of the peer's at full rate: the processes alone, and with the kernel's part."""
    process = [median([run.process_ns for run in found[0]]) for found in (ours, peer)]
    kernel = [max(0, median([run.sender_ns for run in found[0]]) - bare) for found in (ours, peer)]
    return process[0] / process[1], (process[0] + kernel[0]) / (process[1] + kernel[1])


def shares(found, bare):
    if "tcpdump -w" not in found or not found["wildset"][0]:
        return
    alone, whole = share(found[SELDOM], found["tcpdump -w"], bare)
    yield Row("live", f"{SELDOM} / tcpdump -w's", f"{alone:.3f}, with the kernel's part {whole:.3f}")
    alone, whole = share(found["wildset"], found["tcpdump -w"], bare)
    yield Row("live", "wildset's CPU / tcpdump -w's", f"{alone:.3f}", "at most 1/10", alone <= 1 / 10)
    yield Row("live", "the same with the kernel's part", f"{whole:.3f}", "at most 1/3", whole <= 1 / 3)


def text(found, bare):
    lost = " ".join(f"{100 * median([run.lost / max(1, run.expected) for run in found[rate]]):.1f}" for rate in RATES)
    slow, fast = (median([run.process_ns for run in found[rate]]) for rate in (RATES[0], 0))
    kernel = median([run.sender_ns for run in found[0]]) - bare
    return (f"no loss up to {lossless(found):4.0f} k/s (lost % at each rate: {lost})  process {slow:5.0f} ns, "
            f"at full rate {fast:5.0f}  kernel +{kernel:4.0f} ns")


def rows(bench):
    capture = bench.folder / "live.pcap"
    bench.run([bench.tool("generate"), "--answers", ANSWERS, "--every", ANSWERS // QUESTIONS, capture])
    found = defaultdict(lambda: defaultdict(list))
    chosen = list(receivers(bench))
    for _ in bench.rounds("live", bench.runs(2)):
        for rate in RATES:
            for name, make in chosen:
                if make is None and rate != 0:
                    continue
                with Wire():
                    one = measure(bench, make, capture, rate)
                if one is not None:
                    found[name][rate].append(one)
    bare = median([run.sender_ns for run in found["nobody listens"][0]])
    result = [Row("live", "nobody listens", f"the sender's limit {1e6 / bare:4.0f} k/s, {bare:.0f} ns a packet")]
    for name, make in chosen:
        if make is None or 0 not in found[name]:
            continue
        ours = name == "wildset"
        met = lossless(found[name]) >= 0.9 * lossless(found["prototype"]) if ours else None
        result.append(Row("live", name, text(found[name], bare), "the prototype's rate" if ours else "", met))
    result += shares(found, bare)
    bench.note(f"live: the sender has CPU {SENDER_CPU} to itself, every receiver the others")
    bench.note("live: rates tried: " + ", ".join(f"{rate // 1000} k/s" if rate else "full" for rate in RATES) +
               "; process: CPU an answer, all its processes; kernel: what sending a packet takes longer than with nobody "
               "listening, at full rate")
    return result
