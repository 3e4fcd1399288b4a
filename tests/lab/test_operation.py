# SPDX-License-Identifier: GPL-2.0-or-later
"""What an administrator does to it, and what befalls it."""
import json
import os
import pathlib
import signal

from clients import dig, is_blocked, reaches
from lab import wait_for

NET_ADMIN, NET_RAW = 1 << 12, 1 << 13


def process_status(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_status_names_the_interface_and_counts(world):
    dig(world.client, "eu1.dormammu.lookback.io")
    wait_for("the address", lambda: world.wildset.holds("198.51.100.11"))
    text = world.wildset.ask("status")
    assert world.network.interface in text
    assert world.wildset.settings["set4"] in text
    assert isinstance(world.wildset.status(), dict)


def test_list_shows_the_lease(world):
    dig(world.client, "eu1.dormammu.lookback.io")
    wait_for("the address", lambda: world.wildset.holds("198.51.100.11"))
    lease = next(lease for lease in world.wildset.list() if lease["address"] == "198.51.100.11")
    assert lease["name"] == "eu1.dormammu.lookback.io"
    assert lease["whitelist"] == "lookback"
    assert lease["source"] == "sniffer"
    assert 0 < lease["left"] <= 300
    assert "198.51.100.11" in world.wildset.ask("list", "lookback")


def test_a_reload_takes_a_new_pattern_and_gives_it_back(world):
    url = "http://www.other.lookback.io:19305/"
    assert is_blocked(world.client, url)
    names = world.wildset.settings["names"]
    world.wildset.configure(names=[*names, "*.other.lookback.io"])
    world.wildset.reload()
    # The question has to be asked again: the answer before the reload was nobody's.
    wait_for("the new pattern counts", lambda: dig(world.client, "www.other.lookback.io")
             and world.wildset.holds("198.51.100.95"), every=0.1)
    reaches(world.client, url)
    reaches(world.client, "http://eu1.dormammu.lookback.io:19305/", "-4")
    world.wildset.configure(names=names)
    world.wildset.reload()
    wait_for("the removed pattern's element is gone", lambda: not world.wildset.holds("198.51.100.95"))
    assert world.wildset.holds("198.51.100.11"), "what another pattern grants stays"


def test_a_bad_configuration_changes_nothing(world):
    good = world.wildset.file.read_text(encoding="ascii")
    world.wildset.file.write_text(good.replace("ttl-min", "ttl-mni"), encoding="ascii")
    world.wildset.reload()
    wait_for("the error names the key", lambda: "ttl-mni" in world.wildset.log())
    world.wildset.file.write_text(good, encoding="ascii")
    assert world.wildset.program.poll() is None
    dig(world.client, "four.dormammu.lookback.io")
    wait_for("it still learns", lambda: world.wildset.holds("198.51.100.14"))


def test_a_whitelist_comes_and_goes_with_its_file(world):
    url = "http://www.other.lookback.io:19305/"
    folder = world.wildset.file.parent / "conf.d"
    folder.mkdir()
    file = folder / "other.conf"
    file.write_text("whitelist other {{\n    names = {{ \"*.other.lookback.io\" }}\n    resolve = false\n"
                    "    set4 = \"{set4}\"\n    set6 = \"{set6}\"\n}}\n".format(**world.wildset.settings), encoding="ascii")
    told = ("test", "--json", "--config", world.wildset.file, "www.other.lookback.io")
    assert json.loads(world.wildset.ask(*told))["granted"]
    assert is_blocked(world.client, url), "nothing is in force before the reload"
    world.wildset.reload()
    wait_for("the new whitelist counts", lambda: dig(world.client, "www.other.lookback.io")
             and world.wildset.holds("198.51.100.95"), every=0.1)
    reaches(world.client, url)
    rows = world.wildset.ask("list", "--name", "*.other.lookback.io", "--sort", "-left", "--limit", "5").splitlines()
    assert len(rows) > 1 and all(row.split()[-1] == "other" for row in rows[1:]), rows
    client = world.wildset.list("--client", "0.0.0.0/0")[0]["client"]
    assert world.wildset.list("--client", client) and not world.wildset.list("--client", "192.0.2.254")

    file.write_text("whitelist other {\n    names = { }\n}\n", encoding="ascii")
    world.wildset.reload()
    wait_for("the error names the file", lambda: f"{file}:" in world.wildset.log())
    assert world.wildset.holds("198.51.100.95")
    file.unlink()
    folder.rmdir()
    world.wildset.reload()
    wait_for("its addresses go with it", lambda: not world.wildset.holds("198.51.100.95"))


def test_whoever_loads_rules_is_told_of_a_reload(world):
    """They may say something else now (hold); a file that was refused changes nothing."""
    told = pathlib.Path("/run/wildset/sets-made")
    before = told.stat().st_mtime_ns
    good = world.wildset.file.read_text(encoding="ascii")
    world.wildset.file.write_text(good + "nonsense = 1\n", encoding="ascii")
    refused = world.wildset.log().count("reload failed")
    world.wildset.reload()
    wait_for("it is refused", lambda: world.wildset.log().count("reload failed") > refused)
    assert told.stat().st_mtime_ns == before
    world.wildset.file.write_text(good, encoding="ascii")
    world.wildset.reload()
    wait_for("it is told", lambda: told.stat().st_mtime_ns != before)


def test_a_killed_sniffer_comes_back_and_the_sets_stay(world):
    dig(world.client, "eu1.dormammu.lookback.io")
    wait_for("the address", lambda: world.wildset.holds("198.51.100.11"))
    old = wait_for("one sniffer", lambda: len(world.wildset.sniffers()) == 1
                   and world.wildset.sniffers(), timeout=15)
    os.kill(old[0], signal.SIGKILL)
    wait_for("another sniffer", lambda: world.wildset.sniffers() not in ([], old), timeout=15)
    assert world.wildset.holds("198.51.100.11")
    wait_for("it learns again", lambda: dig(world.client, "long.dormammu.lookback.io")
             and world.wildset.holds("198.51.100.66"), every=0.1, timeout=15)


def test_the_processes_keep_only_what_they_need(world):
    daemon = process_status(world.wildset.program.pid)
    assert int(daemon["CapEff"], 16) == NET_ADMIN
    assert int(daemon["CapPrm"], 16) == NET_ADMIN | NET_RAW, "NET_RAW waits for the next sniffer"
    sniffer = process_status(wait_for("a sniffer", world.wildset.sniffers)[0])
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(sniffer[kind], 16) == 0, kind
    assert int(sniffer["CapBnd"], 16) & ~NET_RAW == 0, "what it started with bounds it"
    for process in (daemon, sniffer):
        assert process["NoNewPrivs"] == "1"
        assert process["Seccomp"] == "2"


def test_all_interfaces_at_once(world):
    """"any", the default: both legs of a forwarded answer are seen, the second changes nothing."""
    if world.mode == "path":
        world.wildset.configure(interfaces=["any"])
        world.wildset.reload()
        wait_for("the name is learned on any", lambda: dig(world.client, "six.dormammu.lookback.io", "AAAA")
                 and "any" in world.wildset.ask("status") and world.wildset.holds("2001:db8:100::16"))
        dig(world.client, "many.dormammu.lookback.io")
        wait_for("the address", lambda: world.wildset.holds("198.51.100.21"))
        reaches(world.client, "http://many.dormammu.lookback.io:19305/")


def test_after_a_reload_of_the_ruleset_the_sets_fill_again(world):
    """`flush ruleset` and the file again, as Debian's nftables.service does."""
    reaches(world.client, "http://eu1.dormammu.lookback.io:19305/", "-4")
    world.firewall.load()
    wait_for("the element is back", lambda: world.wildset.holds("198.51.100.11"), timeout=5)
    wait_for("status says so", lambda: "restored after another program changed the set" in
             world.wildset.ask("status"), timeout=5)
    reaches(world.client, "http://eu1.dormammu.lookback.io:19305/", "-4", "--resolve",
            "eu1.dormammu.lookback.io:19305:198.51.100.11")


def test_the_rules_can_be_loaded_again_over_the_sets(world):
    reaches(world.client, "http://eu1.dormammu.lookback.io:19305/", "-4")
    world.firewall.load_rules()
    assert world.wildset.holds("198.51.100.11"), "loading the rules touched the set"
    reaches(world.client, "http://eu1.dormammu.lookback.io:19305/", "-4")
    reaches(world.client, "http://eu1.dormammu.lookback.io:19305/", "-6")


def test_the_sets_stay_when_the_daemon_ends(world):
    """Comes last: what is allowed stays allowed until its own end."""
    reaches(world.client, "http://eu1.dormammu.lookback.io:19305/", "-4")
    assert world.wildset.stop() == 0
    assert world.wildset.holds("198.51.100.11")
    reaches(world.client, "http://eu1.dormammu.lookback.io:19305/", "-4")
    world.wildset.start()
    dig(world.client, "after.dormammu.lookback.io")
    wait_for("it learns after the restart", lambda: world.wildset.holds("198.51.100.63"))
