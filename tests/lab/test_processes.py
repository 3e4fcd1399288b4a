# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon starts, what it hands over, and what it does with one that hangs or is replaced."""
import json
import os
import pathlib
import re
import resource
import signal
import socket
import time

import pytest

import appliance
from appliance import WILDSET
from lab import wait_for
from taps import Taps, ethernet as ether

DNS_OF_NOBODY = 'registry-resolvers = { "192.0.2.254" }'


@pytest.fixture(scope="module")
def taps():
    place = Taps(["tap0", "late0"], resolve="true", outside=DNS_OF_NOBODY)
    yield place
    place.close()


@pytest.fixture(autouse=True)
def settled(taps):
    """One sniffer and one registry process, which are heard."""
    def all_run():
        found = sources(taps)
        return len(found) == 2 and all(source["state"] == "running" for source in found.values())
    wait_for("both sources run", all_run, timeout=30)


def sources(taps):
    return {source["source"]: source for source in taps.wildset.status()["sources"]}


def learned_at_once(taps, name, address):
    """One question, one answer."""
    taps.send("tap0", *map(ether, taps.exchange(name, address)))
    wait_for(f"{address} is allowed", lambda: taps.wildset.holds(address), timeout=3)


# ---- what a source gets ----


def descriptors(pid):
    place = pathlib.Path(f"/proc/{pid}/fd")
    found = {}
    for entry in place.iterdir():
        try:
            found[int(entry.name)] = os.readlink(entry)
        except OSError:
            pass  # closed meanwhile
    return found


def inherited(taps, monkeypatch):
    """A daemon whose starter has left a file open, at each of these numbers."""
    secret = taps.folder / "secret"
    secret.write_text("", encoding="ascii")
    starter = taps.folder / "starter"
    opened = " ".join(f"{place}<>{secret}" for place in PLACES)
    starter.write_text(f'#!/bin/bash\nexec {opened}\nexec {appliance.WILDSETD} "$@"\n', encoding="ascii")
    starter.chmod(0o755)
    monkeypatch.setattr(appliance, "WILDSETD", starter)
    taps.wildset.stop()
    taps.wildset.start()
    return str(secret)


# Below, between and behind the numbers of what is lent, and far away.
PLACES = (5, 6, 7, 9, 40, 72, 73, 127, 128, 300, 512)
# Everything else a source has opened by itself, and it is not of the daemon's.
LENT = {
    "sniffer": {0: "/dev/null", 1: "", 2: "", 3: "socket:", 4: "/memfd:", 5: "/dev/cpu_dma_latency"},
    "registry": {0: "/dev/null", 1: "", 2: "", 3: "socket:", 4: "/memfd:"},
}
OWN = {"sniffer": ("socket:", "/memfd:", "anon_inode:"), "registry": ("socket:", "pipe:", "anon_inode:")}


def test_a_source_has_the_descriptors_that_are_lent_and_no_other(taps, monkeypatch):
    secret = inherited(taps, monkeypatch)
    wait_for("both run", lambda: all(source.get("pid") and source["state"] == "running"
                                     for source in sources(taps).values()), timeout=30)
    log = str(taps.firewall.folder / "wildsetd.log")
    daemon = set(descriptors(taps.wildset.program.pid).values())
    assert secret in daemon, "the daemon itself has what it was started with"
    for name, source in sources(taps).items():
        found = descriptors(source["pid"])
        for number, target in found.items():
            assert target != secret, f"{name}: {number} is what the daemon's starter had left open"
            lent = LENT[name].get(number)
            if lent is not None:
                assert target.startswith(lent or log), f"{name}: {number} is {target}"
            elif target.endswith(".list") or "/list" in target or "kept" in target:
                assert name == "registry" and number >= 8, f"{name}: {number} is {target}"
            else:
                assert target.startswith(OWN[name]), f"{name}: {number} is {target}"
                assert ":[" not in target or target.startswith("anon_inode:") or target not in daemon, \
                    f"{name}: {number} is the daemon's {target}"
        assert {0, 1, 2, 3} <= set(found), f"{name}: {found}"


def test_a_source_has_no_environment_and_no_terminal(taps):
    for name, source in sources(taps).items():
        environment = pathlib.Path(f"/proc/{source['pid']}/environ").read_bytes()
        assert b"NOTIFY_SOCKET" not in environment and b"PATH=" not in environment, name
        session = pathlib.Path(f"/proc/{source['pid']}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
        assert session.split()[3] == str(source["pid"]), f"{name} has a session of its own"


def test_a_source_has_its_limits(taps):
    for name, source in sources(taps).items():
        assert resource.prlimit(source["pid"], resource.RLIMIT_CORE) == (0, 0), name
        assert resource.prlimit(source["pid"], resource.RLIMIT_NPROC)[1] == 0 or name == "registry"
        status = pathlib.Path(f"/proc/{source['pid']}/status").read_text(encoding="ascii")
        assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status, name
        assert re.search(r"CapPrm:\t0+\n", status) and re.search(r"CapEff:\t0+\n", status), name


# ---- one that hangs ----


@pytest.mark.parametrize("name", ["sniffer", "registry"])
def test_one_that_is_stopped_is_found_and_started_again(taps, name):
    pid = sources(taps)[name]["pid"]
    os.kill(pid, signal.SIGSTOP)
    wait_for("it is a finding", lambda: sources(taps)[name]["state"] == "silent", timeout=6)
    said = taps.wildset.ask("status")
    assert f"the {name} has been silent for" in said, said
    if name == "sniffer":
        assert taps.interface("tap0")["state"] == "unknown"
    assert f"{name} (pid {pid}) has been silent for 3 s: it is suspended" in taps.wildset.log()
    wait_for("another one runs", lambda: sources(taps)[name].get("pid") not in (None, pid) and
             sources(taps)[name]["state"] == "running", timeout=15)
    assert f"{name} (pid {pid}) exited: silent for 10 s" in taps.wildset.log()
    taps.learns_over("tap0", "203.0.113.31")


def test_one_that_is_stopped_for_a_moment_goes_on(taps):
    pid = sources(taps)["sniffer"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    wait_for("it is a finding", lambda: sources(taps)["sniffer"]["state"] == "silent", timeout=6)
    os.kill(pid, signal.SIGCONT)
    wait_for("it goes on", lambda: sources(taps)["sniffer"]["state"] == "running", timeout=3)
    assert sources(taps)["sniffer"]["pid"] == pid
    assert re.search(rf"sniffer \(pid {pid}\) responds again after [3-5] s", taps.wildset.log())


def test_a_daemon_that_stood_still_blames_nobody_and_grants_nothing_late(taps):
    before = {name: source["pid"] for name, source in sources(taps).items()}
    os.kill(taps.wildset.program.pid, signal.SIGSTOP)
    taps.send("tap0", *map(ether, taps.exchange("late.dormammu.lookback.io", "203.0.113.32")))
    time.sleep(12)
    os.kill(taps.wildset.program.pid, signal.SIGCONT)
    taps.learns_over("tap0", "203.0.113.33")
    assert not taps.wildset.holds("203.0.113.32"), "what it was told twelve seconds ago"
    assert taps.wildset.refused("late-answer") > 0
    time.sleep(3)
    assert {name: source["pid"] for name, source in sources(taps).items()} == before


def statuses(seconds, until):
    """What the service manager is told meanwhile, up to the line that has this in it."""
    pathlib.Path(appliance.NOTIFY).unlink(missing_ok=True)
    lines, end = [], time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(appliance.NOTIFY)
        notify.settimeout(0.2)
        while time.monotonic() < end and not any(until in line for line in lines):
            try:
                lines += [line for line in notify.recv(4096).decode().splitlines() if "STATUS=" in line]
            except TimeoutError:
                pass
    return lines


def test_the_service_manager_is_told_what_status_says(taps):
    pid = sources(taps)["sniffer"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    told = statuses(9, "STATUS=failing: the sniffer has been silent for")
    os.kill(pid, signal.SIGCONT)
    assert told and told[-1].startswith("STATUS=failing: the sniffer has been silent for"), told
    told = statuses(9, "STATUS=degraded")
    assert any("late0" in line or "degraded" in line or "failing: there is no interface" in line
               for line in told), told


def test_a_mirror_that_falls_silent_after_its_first_answer_is_found(taps):
    taps.wildset.stop()
    taps.wildset.start()
    taps.learns_over("tap0", "203.0.113.39")
    began = time.monotonic()
    assert "quiet" not in taps.interface("tap0")
    wait_for("it is found", lambda: "quiet" in taps.interface("tap0"), timeout=90)
    assert time.monotonic() - began > 55
    said = taps.wildset.ask("status")
    assert re.search(r"tap0: nothing that is looked at has come by for \d+ s; the longest pause", said), said
    taps.learns_over("tap0", "203.0.113.39")
    wait_for("it has ended", lambda: "quiet" not in taps.interface("tap0"), timeout=5)


# ---- reloads ----


def ready(taps):
    return len(re.findall(r"sniffer \(pid \d+\) is ready", taps.wildset.log()))


def test_many_reloads_are_few(taps):
    before = ready(taps)
    for _ in range(300):
        taps.wildset.reload()
        time.sleep(0.005)
    learned_at_once(taps, "storm.dormammu.lookback.io", "203.0.113.34")
    time.sleep(3)
    assert 1 <= ready(taps) - before <= 6
    learned_at_once(taps, "calm.dormammu.lookback.io", "203.0.113.35")


def reload(taps, expect=0):
    done = taps.firewall.run(WILDSET, "reload", check=False)
    assert done.returncode == expect, done.stderr
    return done.stderr


def test_a_reload_returns_when_it_is_in_force(taps):
    names = taps.wildset.settings["names"]
    for turn in range(3):
        taps.wildset.configure(names=[*names, "*.other.example"])
        reload(taps)
        learned_at_once(taps, f"n{turn}.other.example", f"203.0.113.{40 + turn}")
        taps.wildset.configure(names=names)
        reload(taps)
        assert not taps.wildset.holds(f"203.0.113.{40 + turn}")
        taps.send("tap0", *map(ether, taps.exchange(f"m{turn}.other.example", f"203.0.113.{50 + turn}")))
        learned_at_once(taps, f"n{turn}.dormammu.lookback.io", f"203.0.113.{60 + turn}")
        assert not taps.wildset.holds(f"203.0.113.{50 + turn}"), "the old sniffer is judged by the new list"


def test_a_refused_file_is_an_error_and_stays_visible(taps):
    good = taps.wildset.file.read_text(encoding="ascii")
    line = 1 + good[:good.index("ttl-min")].count("\n")
    taps.wildset.file.write_text(good.replace("ttl-min", "ttl-mni"), encoding="ascii")
    try:
        said = reload(taps, expect=1)
        assert f"wildset.conf:{line}:" in said and "ttl-mni" in said
        status = json.loads(taps.wildset.ask("status", "--json"))
        assert "ttl-mni" in status["refused_configuration"]
        text = taps.wildset.ask("status")
        assert "ttl-mni" in text and "wildset reload" in text
        learned_at_once(taps, "still.dormammu.lookback.io", "203.0.113.36")
    finally:
        taps.wildset.file.write_text(good, encoding="ascii")
    reload(taps)
    assert "refused_configuration" not in taps.wildset.status()


# ---- what runs out ----


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_without_descriptors_it_neither_spins_nor_forgets_who_waits(taps):
    taps.wildset.stop()
    taps.wildset.start()
    pid = taps.wildset.program.pid
    used = len(descriptors(pid))
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(descriptors(pid)) + 1
    free = highest - used
    taken = []
    try:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest, before[1]))
        for _ in range(min(free, 28) + 3):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            client.connect("/run/wildset/control.sock")
            taken.append(client)
        if free > 28:
            pytest.fail(f"{free} numbers are free below the highest: nothing runs out")
        wait_for("it is said", lambda: "cannot accept more clients" in taps.wildset.log(), timeout=5)
        spent = cpu_seconds(pid)
        time.sleep(3)
        assert cpu_seconds(pid) - spent < 0.5
        assert taps.wildset.log().count("cannot accept more clients") == 1, "once"
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        for client in taken:
            client.close()
    wait_for("it answers again", lambda: taps.wildset.status()["sources"], timeout=5)
    learned_at_once(taps, "after.dormammu.lookback.io", "203.0.113.37")


# ---- among idle work ----


def test_under_sched_idle_it_works(taps):
    taps.wildset.stop()
    taps.wildset.configure(capture='latency = "normal"')
    taps.wildset.start(preexec_fn=lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)))
    try:
        assert taps.wildset.log().count("cannot leave the SCHED_IDLE") == 1
        taps.learns_over("tap0", "203.0.113.38")
    finally:
        taps.wildset.stop()
        taps.wildset.configure(capture="")
        taps.wildset.start()


def runs(pid):
    try:
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


def test_sources_do_not_outlive_the_daemon(taps):
    """Nor do those that cannot see that nobody reads what they say."""
    pids = [source["pid"] for source in sources(taps).values()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    taps.wildset.program.kill()
    taps.wildset.program.wait()
    wait_for("they are gone", lambda: not any(runs(pid) for pid in pids))
    taps.wildset.start()
