# SPDX-License-Identifier: GPL-2.0-or-later
"""What `wildset doctor` says of rules that give first packets to wildsetd's queue: where they are missing, where
they are right, and where they open what the administrator closed.  wildsetd does not run: only rules are judged."""
import re
import types

import pytest

import appliance
import holding
import lab
from clients import is_blocked
from test_doctor import Findings

# In front of the filter.  nft knows nothing of its number, iptables-save does.
BEFORE = ("{0} -t mangle -A PREROUTING -m conntrack --ctstate NEW -j NFQUEUE --queue-num 5757 --queue-bypass\n"
          "{0} -t mangle -A OUTPUT -m conntrack --ctstate NEW -j NFQUEUE --queue-num 5757 --queue-bypass\n")
IPTABLES = ("iptables-nft", "ip6tables-nft")
# A firewall by iptables, and a queue in front of what it drops: the trap of NFQUEUE's bypass.
CLOSED = "iptables-nft -P FORWARD DROP\niptables-nft -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n"
TRAP = "iptables-nft -A FORWARD -p tcp --dport 19305 -j NFQUEUE --queue-num 5757 --queue-bypass\n"


@pytest.fixture(scope="module")
def place():
    network = lab.Network("path")
    try:
        network.serve()
        wildset = appliance.Wildset(network.firewall, **appliance.Firewall.SETS["table"])
        yield types.SimpleNamespace(host=network.firewall, client=network.client, wildset=wildset,
                                    firewall=appliance.Firewall(network.firewall, wildset, "table"))
    finally:
        network.close()


@pytest.fixture(autouse=True)
def as_it_was(place):
    place.wildset.configure(outside='hold = "250ms"')
    place.firewall.load()
    yield
    place.host.run("nft", "flush ruleset")


def shell(place, commands):
    return place.host.run("sh", "-euc", f"PATH={appliance.WILDSET.parent}:$PATH\n{commands}", check=False)


def found(place):
    return Findings(place.host, "--config", place.wildset.file)


def has_queue_statement(place):
    """Without it the kernel refuses what `rules --hold` prints."""
    done = shell(place, "nft 'add table inet try; add chain inet try try;"
                        " add rule inet try try queue flags bypass to 5757; delete table inet try'")
    assert done.returncode == 0 or "No such file or directory" in done.stderr, done.stderr
    return done.returncode == 0


def feed(place, advice):
    """As the advice says; where the kernel cannot do that, by iptables."""
    command = re.search(r"`(wildset rules --hold [^`]*)`", advice).group(1)
    done = shell(place, command.replace("--hold", f"--hold --config {place.wildset.file}"))
    assert (done.returncode == 0) == has_queue_statement(place), done.stderr
    if done.returncode != 0:
        shell(place, "".join(BEFORE.format(program) for program in IPTABLES))


def test_nothing_waits_and_the_rules_are_as_they_say(place):
    """From no rule at all to those that the advice loads."""
    said = found(place).has("hold", "warning", r"no rule gives the first packets to services of lookback to queue 5757",
                            "wildset rules --hold")
    feed(place, said["advice"])
    findings = found(place)
    findings.has("hold", "ok", r"first packets to services of lookback wait for their answer: .* to queue 5757")
    assert findings.worst("hold") == "ok", findings.of("hold")


def test_hold_is_off(place):
    place.wildset.configure(outside="")
    assert not found(place).of("hold")
    feed(place, "`wildset rules --hold | nft -f -`")
    findings = found(place)
    findings.has("hold", "ok", 'there are rules for queue 5757, and hold is "" .*: nothing waits')
    assert findings.worst("hold") == "ok", findings.of("hold")


def test_another_number_is_another_programs(place):
    place.wildset.configure(outside='hold = "250ms"\nhold-queue = 5')
    shell(place, BEFORE.format("iptables-nft") + CLOSED + TRAP)
    findings = found(place)
    findings.has("hold", "warning", "no rule gives .* to queue 5:")
    assert len(findings.of("hold")) == 1, findings.of("hold")


def test_one_family_is_left_out(place):
    shell(place, BEFORE.format("iptables-nft"))
    found(place).has("hold", "warning", r"tcp 443 over IPv6 .* does not reach queue 5757, others do",
                     r"`wildset rules --hold \| nft -f -`")


def test_a_queue_in_a_chain_that_drops_is_found_and_closed(place):
    """It lets through what the chain would drop: seen, told, and after the advice it is as it should be."""
    shell(place, "nft flush ruleset\n" + CLOSED)
    url = "http://198.51.100.9:19305/"
    assert is_blocked(place.client, url)
    assert shell(place, TRAP).returncode == 0
    assert not is_blocked(place.client, url), "the queue's bypass skips the policy"
    findings = found(place)
    said = findings.has("hold", "failure", r"queue 5757 is used in a chain that drops packets: ip filter FORWARD, handle"
                        r" \d+; .* \(ip filter FORWARD, by its policy\).* lets what it matches pass to any address",
                        "take this rule away")
    assert findings.status == 1
    assert shell(place, re.search("`(iptables -t [^`]*)`", said["advice"]).group(1)).returncode == 0
    assert is_blocked(place.client, url)
    assert found(place).worst("hold") == "warning", "none feeds it now"


def test_without_bypass_and_behind_a_drop(place):
    shell(place, "iptables-nft -t mangle -A FORWARD -j NFQUEUE --queue-num 5757")
    found(place).has("hold", "warning", 'ip mangle FORWARD, handle .* without "bypass"', "rules --hold")
    shell(place, "iptables-nft -t mangle -I FORWARD -m conntrack --ctstate INVALID -j DROP")
    found(place).has("hold", "warning", "in a chain that drops packets: .* what is added behind it will be skipped",
                     "iptables -t mangle -D FORWARD 2")


def test_too_late(place):
    """Behind the chain that looks at the set."""
    shell(place, "nft 'add table inet late; add chain inet late x { type filter hook forward priority -200; };"
                 " delete table inet late'")
    shell(place, "nft flush chain inet filter forward; nft delete chain inet filter forward;"
                 " nft 'add chain inet filter forward { type filter hook forward priority -200; };"
                 " add rule inet filter forward jump wildset-lookback'")
    shell(place, "".join(f"{program} -t mangle -A FORWARD -j NFQUEUE --queue-num 5757 --queue-bypass\n"
                         for program in IPTABLES))
    found(place).has("hold", "warning", r"too late: inet filter wildset-lookback, handle \d+ looks at the set",
                     "--shape mark")


def test_beside_a_firewall_by_iptables(place):
    """Marks, and in front of them the chains that let packets wait; nobody reads the queue, so nothing changes."""
    place.wildset.configure(**appliance.Firewall.SETS["mark"])
    marks = appliance.Firewall(place.host, place.wildset, "mark")
    rules = holding.Rules(place.host, place.wildset, "mark")
    try:
        shell(place, "nft flush ruleset\n" + CLOSED +
              "iptables-nft -A FORWARD -m connmark --mark 0x570000/0xff0000 -j ACCEPT\n")
        marks.load_rules()
        shell(place, "nft 'add element inet wildset lookback4 { 198.51.100.9 timeout 1h }'")
        for _ in range(2):
            rules.load()
            assert not is_blocked(place.client, "http://198.51.100.9:19305/"), "what is in the set passes"
            assert is_blocked(place.client, "http://198.51.100.10:19305/"), "what is not is dropped behind the queue"
        findings = found(place)
        findings.has("hold", "ok", "first packets to services of lookback wait for their answer")
        assert findings.worst("hold") == "ok", findings.of("hold")
        before = shell(place, "nft list table inet wildset | grep -c wildset.hold").stdout
        assert shell(place, "iptables-nft-save >/run/lab/saved; iptables-nft-restore </run/lab/saved").returncode == 0
        assert shell(place, "nft list table inet wildset | grep -c wildset.hold").stdout == before
        assert is_blocked(place.client, "http://198.51.100.10:19305/")
    finally:
        place.wildset.configure(**appliance.Firewall.SETS["table"])
