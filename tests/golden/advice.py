#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""All advice, with the test that follows it.

Every text that says what to do (findings of status and doctor, explain's, an unreachable daemon's) begins like
one row; a row names the test that does what the text says, or why there is none: LOOK, it says where to look and
changes nothing; ELSEWHERE, what is to be done is at another machine, card or program.  What is said of a
configuration, mends.py follows.  And no advice, wherever, may take protection away.

    advice.py
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LOOK, ELSEWHERE = "looks", "elsewhere"
ROWS = {
    # daemon/control/diagnosis.c
    "turn truncation (packet slicing) off": ELSEWHERE,
    "a client floods, or the names are those": LOOK,
    "nothing is learned from it meanwhile": LOOK,
    "it is restarted after 10 s": LOOK,
    "it may be compromised": LOOK,
    "who floods is in": LOOK,
    "possible DNS spoofing": LOOK,
    "mirror both directions; or, on a mirror port": "lab/test_mirror.py test_one_direction_only_is_said_with_the_setting",
    "if clients get answers, mirror both": ELSEWHERE,
    "only if a switch copies packets to it": "lab/test_mirror.py test_an_answer_over_tcp_is_learned",
    "do the clients' DNS packets": LOOK,
    "try `getent ahosts NAME`": LOOK,
    "`ethtool -K %s gro off lro off` where": ELSEWHERE,
    "do packets still reach it": LOOK,
    "DNS in them is not seen": ELSEWHERE,
    "where `ip link show": "lab/test_advice.py test_an_interface_without_a_link",
    "check capture.interfaces against": "lab/test_interfaces.py test_it_is_read_as_soon_as_it_is_there",
    "answers may be missed": ELSEWHERE,
    "`sysctl net.core.optmem_max": ELSEWHERE,
    "larger rings": ELSEWHERE,
    "an offload merges that many": ELSEWHERE,
    "this libpcap captures": LOOK,
    "wildset retries every second": LOOK,
    "`nft 'add set": "lab/test_advice.py test_a_set_that_the_administrator_is_to_make",
    "name a set in another table": "lab/test_advice.py test_a_table_that_is_another_programs",
    "name another set of that table": "lab/test_advice.py test_a_set_that_is_something_else",
    "make another one, `{ type": "lab/test_advice.py test_a_wrong_set_that_wildset_is_not_to_make",
    "raise max-addresses": "lab/test_advice.py test_a_full_set",
    "something else fills it too": LOOK,
    "%s; `wildset registry": "lab/test_registry.py test_the_client_shows_each_entry",
    "name servers that answer in registry-resolvers": "lab/test_registry.py test_names_are_resolved_without_any_list",
    "%s; clients keep the last": LOOK,
    "fix it, then run `wildset reload`": "lab/test_operation.py test_a_bad_configuration_changes_nothing",
    "wildset retries them": LOOK,
    "is the machine overloaded? see": LOOK,
    "wildset tries it again every 5 s": "lab/test_hold.py test_two_daemons_and_one_queue",
    "see `journalctl -u wildset`, and set hold": LOOK,
    "load the rules of `wildset rules --hold`": "lab/test_hold.py test_a_packet_waits_for_its_answer",
    "capture.resolvers names another interface": LOOK,
    "only if it is your resolver": "lab/test_advice.py test_a_resolver_that_is_not_believed",
    "`wildset status --json` has all": LOOK,
    "nothing is learned; see": LOOK,
    # doctor
    "`ethtool -K %s lro off`": ELSEWHERE,
    "if it is a mirror port, `jou": LOOK,
    "only root may read it": "lab/test_doctor.py test_not_root",
    "give its path with --config": "lab/test_doctor.py test_wrong_usage",
    "until this is fixed": "lab/test_doctor.py test_a_bad_configuration_and_a_dead_daemon",
    "after an upgrade:": "../packaging/debian/tests/upgrade",
    "make the clients use your resolvers": ELSEWHERE,
    "add it to names": "lab/test_advice.py test_a_name_beside_the_pattern",
    "`apt install nftables`": ELSEWHERE,
    "reading rules needs root": "lab/test_doctor.py test_not_root",
    "run `nft -j -t list ruleset`": LOOK,
    "`wildset rules %s` prints rules": "lab/test_advice.py test_the_rules_as_they_say",
    "it is marked; the mark": "lab/test_doctor.py test_marked_and_accepted_by_the_mark",
    "see `nft list ruleset`": LOOK,
    "take this rule away": "lab/test_holdrules.py test_a_queue_in_a_chain_that_drops_is_found_and_closed",
    "`iptables-save` and `ip6tables-save` show": LOOK,
    "the rules that `wildset rules --hold` prints have it": "lab/test_holdrules.py test_nothing_waits_and_the_rules_are_as_they_say",
    "`wildset rules --hold | nft -f -` loads": "lab/test_holdrules.py test_nothing_waits_and_the_rules_are_as_they_say",
    "load them anew": "lab/test_holdrules.py test_nothing_waits_and_the_rules_are_as_they_say",
    "the chains of `wildset rules --hold --shape mark`": "golden/holdrules.py check_syntax",
    "run this as root, on the machine": "lab/test_doctor.py test_not_root",
    "it was not started by the wildset package's unit": LOOK,
    "without NET_ADMIN it cannot": LOOK,
    "`wildset registry %s` shows each": "lab/test_registry.py test_the_client_shows_each_entry",
    "run this again in a minute": LOOK,
    "`timedatectl` shows it": ELSEWHERE,
    "is the name right?": LOOK,
    "can this machine reach its resolvers?": LOOK,
    "did the answer to this machine come": LOOK,
    "another program removes it": LOOK,
    "a firewall drops it, or": ELSEWHERE,
    "a firewall drops it: `wildset": LOOK,
    "this machine's own rules": LOOK,
    "%s: `ip route get`": LOOK,
    "%s, a firewall or router": LOOK,
    "nothing listens there": LOOK,
    "another program than a media": LOOK,
    "the lines above show": LOOK,
    "it works, but not as well": LOOK,
    "exempt the addresses of the sets": ELSEWHERE,
    "another server answers": LOOK,
    "is this machine's clock right?": ELSEWHERE,
    "firewalls that read the server name": ELSEWHERE,
    "TLS inspection (above)": ELSEWHERE,
    "the certificate is the server's": LOOK,
    "is there a WebSocket": LOOK,
    "does this server speak HTTP": LOOK,
    # client/commands/explain_text.c
    "no setting changes that": LOOK,
    "set private-addresses = true": "lab/test_advice.py test_a_name_whose_addresses_are_refused",
    "set benchmark-addresses = true": "lab/test_advice.py test_a_name_whose_addresses_are_refused",
    "remove its prefix from refuse": "lab/test_advice.py test_a_name_whose_addresses_are_refused",
    "matches the names below it but not": "lab/test_advice.py test_a_name_beside_the_pattern",
    "matches that name only, not those": "lab/test_advice.py test_a_name_beside_the_pattern",
    "only looks similar": LOOK,
    "is contained in this name": LOOK,
    "is below this name and": "lab/test_advice.py test_a_name_beside_the_pattern",
    "is beside this name": "lab/test_advice.py test_a_name_beside_the_pattern",
    # client/connection.c
    "only root and members of the group": "lab/test_doctor.py test_not_root",
    "is it running?": LOOK,
    "it does not answer": LOOK,
    "its reply is invalid": LOOK,
    "try `systemctl status wildset`": LOOK,
}
# What takes protection away, and what a text with it has to say as well.
FORBIDDEN = {
    r"checksums *= *\"?ignore": None,
    r"resolvers *= *\{? *\"?any": None,
    r"0\.0\.0\.0/0": "explicitly",
    r"require-query *= *false": "anyone who can send packets in their name is then trusted",
    r"without the %|drop the %|leave out the %": None,
    r"flush ruleset|iptables -F|ufw disable|stop firewalld|disable firewalld": None,
    r"policy accept": "type filter hook %s priority",  # a chain of wildset's own that only marks or holds
    r"nft (delete|flush)|delete the set|delete set": "nft delete rule %.16s",  # a queue that lets packets pass
    r"apparmor.*(disable|complain)|aa-disable": None,
    r"enable.*nftables\.service|nftables\.service.*enable": None,
}


def literals(text):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace('\\"', '"')


def call(source, start):
    """The arguments of the call whose opening bracket is at `start`."""
    depth, quoted, i = 0, False, start
    while True:
        quoted ^= source[i] == '"' and source[i - 1] != "\\"
        depth += (not quoted) * ((source[i] == "(") - (source[i] == ")"))
        if depth == 0:
            return source[start + 1:i]
        i += 1


def read(path):
    source = (TOP / path).read_text(encoding="ascii")
    macros = dict(re.findall(r"^#define (\w+) *\\?\n?((?:.*\\\n)*.*\".*)$", source, re.M))
    for name, text in macros.items():
        source = source.replace(name, '"' + literals(text) + '"')
    return re.sub(r'" *(JSON_INTEGER_FORMAT|PRIu64) *"', "N", source)


def all_advice():
    """Of every call that gives some: what stands behind the line break, or all of it."""
    for path in sorted(TOP.glob("daemon/control/diagnosis.c")) + sorted(TOP.glob("doctor/**/*.c")):
        source = read(path)
        for match in re.finditer(r"\b(say_failure|say_warning|checklist_advise)(?=\()", source):
            for group in re.findall(r'(?:"(?:[^"\\]|\\.)*"\s*)+', call(source, match.end())):
                text = literals(group)
                if match.group(1) != "checklist_advise":
                    text = text.partition("\\n")[2]
                # Names of JSON's keys, and what is passed through.
                if " " in text or text.startswith("`"):
                    yield path.name, text
    source = read(TOP / "client/commands/explain_text.c")
    table = re.search(r"address_advices\[\] = \{(.*?)\n\};", source, re.S).group(1)
    for text in re.findall(r'", "([^"]*)"', table):
        yield "explain_text.c", text
    table = re.search(r"near_texts\[\] = \{(.*?)\n\};", source, re.S).group(1)
    for row in re.findall(r'\{"\w+",((?:\s*"(?:[^"\\]|\\.)*",?)+)\}', table):
        yield "explain_text.c", literals(row)
    source = read("client/connection.c")
    function = re.search(r"\nconst char \*connection_advice\(.*?\n\}", source, re.S).group(0)
    for group in re.findall(r'return ((?:"(?:[^"\\]|\\.)*"\s*)+);', function):
        yield "connection.c", literals(group)


def wrong_rows(rows):
    for begins, test in rows.items():
        if test in (LOOK, ELSEWHERE):
            continue
        path, _, name = test.partition(" ")
        file = TOP / "tests" / path
        if not file.exists() or (name and "def %s(" % name not in file.read_text(encoding="utf-8")):
            yield "%s...: there is no test %s" % (begins, test)


def weak_texts():
    """In everything that the programs say, and not only in advice."""
    for folder in ("client", "doctor", "daemon", "setsync", "sniffer", "registry"):
        for path in sorted((TOP / folder).rglob("*.c")):
            source = path.read_text(encoding="utf-8")
            source = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
            for group in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', source):
                text = literals(group)
                for pattern, beside in FORBIDDEN.items():
                    if re.search(pattern, text) and not (beside and beside in text):
                        yield "%s: weakens what protects: %s" % (path.relative_to(TOP), text)


def main():
    problems, used = [], set()
    for file, text in all_advice():
        rows = [begins for begins in ROWS if text.startswith(begins)]
        used.update(rows)
        if not rows:
            problems.append("%s: no row for advice that begins: %s" % (file, text[:80]))
    problems += ["no advice begins: %s" % begins for begins in ROWS.keys() - used]
    problems += [*wrong_rows(ROWS), *weak_texts()]
    print("\n".join(problems) or "%d texts of advice" % len(used))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
