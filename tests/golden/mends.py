#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every finding in a configuration, and doing what it says: then the file is good, and the finding gone.

A finding of which no row of ROWS makes an example fails the test; so does an example value of a key
("expected ...: "tcp 443"") that the key does not take.

    mends.py WILDSETD
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import advice

HEAD = 'whitelist a {\n    names = { "*.example.net" }\n'
GOOD = HEAD + "}\n"
MANY = "".join('whitelist w%d { names = { "w%d.example.net" } }\n' % (i, i) for i in range(65))


def inside(line):
    return HEAD + "    " + line + "\n}\n"


def capture(line):
    return GOOD + "capture {\n    " + line + "\n}\n"


def dnstap(line):
    return GOOD + "dnstap {\n    " + line + "\n}\n"


def interfaces(count):
    return capture("interfaces = { %s }" % ", ".join('"eth%d"' % i for i in range(count)))


def replaced(old, new):
    """`new` may refer to the groups of the message: {0}."""
    def mend(text, match):
        assert old in text, "%r is not in the row's text" % old
        said = re.sub(r"\{([01])\}", lambda place: match.group(int(place[1]) + 1), new)
        return text.replace(old, said, 1)
    return mend


def whole(text, match):
    del text
    return match.group(1)


# What is wrong, the finding, and what it says to do.
ROWS = [
    ("", r"no whitelist: expected at least one, such as (.*)", whole),
    ("whitelist a {\n}\n", r"names: missing or empty: .* such as (.*)", replaced("{\n", "{\n{0}\n")),
    ('whitelist 1a { names = { "x.example.net" } }', r'"1a": expected a name that begins with a letter',
     replaced("1a", "a1")),
    (GOOD + GOOD, r"whitelist a: duplicate name: also in line 2", replaced("whitelist a", "whitelist b")),
    (MANY, r"more than 64 whitelists", lambda text, match: text[:text.index("whitelist w64")]),
    (GOOD.replace("*.example.net", "*"), r'names: "\*" is every name', replaced('"*"', '"*.example.net"')),
    (GOOD.replace('"*.example.net"', "*.example.net"), r'\* outside quotes: write ("\*\.example\.net")',
     replaced("*.example.net", "{0}")),
    (GOOD.replace("*.example.net", ".example.net"), r'write (names = \{ "\*\.example\.net" \})',
     replaced('names = { ".example.net" }', "{0}")),
    (GOOD.replace("*.example.net", "https://www.example.net:443/x"), r"write (names = .*); the URL",
     replaced('names = { "https://www.example.net:443/x" }', "{0}")),
    (GOOD.replace("*.example.net", "192.0.2.1"), r"an address or prefix, not a name: it needs no wildset",
     replaced("192.0.2.1", "*.example.net")),
    (inside('services = { "443/tcp" }'), r'write (services = \{ "tcp 443" \})',
     replaced('services = { "443/tcp" }', "{0}")),
    (inside("ttl-max = 5s"), r"ttl-min: 60 s is more than ttl-max, (5 s)", replaced("ttl-max", "ttl-min = 5s ttl-max")),
    (inside("ttl-max = 0 ttl-min = 0 grace = 0"), r"ttl-max and grace are both 0", replaced("grace = 0", "grace = 1s")),
    (inside('set4 = "none" set6 = "none"'), r'set4 and set6 are both "none"', replaced('set6 = "none"', "")),
    (inside('set4 = "inet t s" set6 = "inet t s"'), r"set4: inet t s is set6 of whitelist a .*a set holds one family",
     replaced('set6 = "inet t s"', 'set6 = "inet t s6"')),
    (inside('set4 = "inet t s"') + 'whitelist b { names = { "b.example.net" }\nset6 = "inet t s" }',
     r"set6: inet t s is set4 of whitelist a .*a set holds one family", replaced('set6 = "inet t s"', "")),
    (inside('set4 = "ip6 t s"'), r"no packet with such an address passes the table of ip6 t s: (inet) was meant",
     replaced("ip6 t s", "{0} t s")),
    (inside('set4 = "inet ip s"'), r'is a reserved word in nft .* for example (set4 = "[^"]*")',
     replaced('set4 = "inet ip s"', "{0}")),
    (inside('services = { "tcp 443" } set4 = "inet t s"') +
     'whitelist b { names = { "b.example.net" }\nservices = { "tcp 80" } set4 = "inet t s" }',
     r"give each sets of its own", replaced('set4 = "inet t s" }', "}")),
    (inside('feed = "/f"') + 'whitelist b { names = { "b.example.net" }\nfeed = "/f" }',
     r"each needs a file of its own", replaced('"/f" }', '"/g" }')),
    (inside("max-addresses = 262144") + 'whitelist b { names = { "b.example.net" } }',
     r"max-addresses: \d+ in all whitelists together, at most (262144)", replaced("262144", "258048")),
    (interfaces(300), r"interfaces: more than (\d+) values", lambda text, match: interfaces(int(match[1]))),
    (inside("ttl-min = 1m\n    ttl-min = 2m"), r"ttl-min: already set in line 3", replaced("    ttl-min = 2m\n", "")),
    (inside('refuse = { "192.0.2.1" }\n    refuse = { "192.0.2.2" }'), r"already set in line 3: (\+=) adds to a list",
     replaced('refuse = { "192.0.2.2', 'refuse {0} { "192.0.2.2')),
    (inside("ttl-mni = 5s"), r"ttl-mni: unknown key: did you mean ([a-z-]+)\?", replaced("ttl-mni", "{0}")),
    (inside('interfaces = { "any" }'), r"interfaces: unknown key: it belongs in (capture) \{ \}",
     lambda text, match: capture('interfaces = { "any" }')),
    (GOOD + 'names = { "x.example.net" }', r"names: unknown key: it belongs in whitelist NAME \{ \}",
     lambda text, match: GOOD.replace("}\n}", ', "x.example.net" }\n}')),
    (inside('log = "debug"'), r"log: unknown key: it belongs outside of all blocks",
     lambda text, match: GOOD + 'log = "debug"\n'),
    (GOOD + "colour = 3\n", r"colour: unknown key: the shipped wildset.conf lists all", replaced("colour = 3\n", "")),
    (capture('interfaces = { "any", "eth0" }'), r'"any" beside others', replaced('"any", ', "")),
    (capture('interfaces = { "any" }'), r"on a mirror port name the interface instead", replaced("any", "eth1")),
    (capture('interfaces = { "eth0", "eth0" }'), r"eth0 is named twice", replaced('"eth0", ', "")),
    (capture("interfaces = { }"), r'interfaces: empty: expected at least one name, or ("any")',
     replaced("{ }", "{ {0} }")),
    (capture('mirror = { "lo" }'), r"lo is no mirror port: name the interface", replaced('"lo"', '"eth1"')),
    (capture('interfaces = { "eth0" } mirror = { "eth1" }'), r"is not captured: add (interfaces \+= .*)",
     replaced("mirror", "{0} mirror")),
    (capture('resolvers = { "0.0.0.0/0" }'), r"0\.0\.0\.0/0 trusts nearly any server",
     replaced("0.0.0.0/0", "192.0.2.53")),
    (capture('interfaces = { "eth0" } resolvers = { "192.0.2.53%eth1" }'), r"(eth1) is not in interfaces",
     replaced('"eth0"', '"eth0", "{0}"')),
    (capture('resolvers = { %s }' % ", ".join('"::1@%d"' % port for port in range(1, 10))),
     r"port 9 is one too many: at most 8 other than 53", replaced(', "::1@9"', "")),
    (dnstap('socket = "/run/wildset/dnstap.sock"'), r'peers: missing or empty: .* such as (peers = .*)',
     lambda text, match: dnstap('socket = "/run/wildset/dnstap.sock" ' + match.group(1))),
    (dnstap('peers = { "unbound" }'), r'socket: missing or empty: .* such as (socket = .*)',
     lambda text, match: text.replace("peers", match.group(1) + " peers")),
    (dnstap('socket = "/%s" peers = { "unbound" }' % ("x" * 107)), r"a socket's path has at most (107) bytes",
     replaced("/xx", "/")),
    (capture("require-query = false"), r"name those that your clients ask",
     replaced("false", 'false resolvers = { "192.0.2.53" }')),
    (capture("require-query = false"), r'or say (\{ "0\.0\.0\.0/0", "::/0" \}) explicitly',
     replaced("false", "false resolvers = {0}")),
    (GOOD + 'hold-at-least = "5ms"\n', r'hold-at-least: hold is ""',
     replaced("hold-at-least", 'hold = "250ms" hold-at-least')),
    (GOOD + 'hold = "5ms" hold-at-least = "5ms"\n', r"hold-at-least: 5 ms is not less than hold",
     replaced('hold-at-least = "5ms"', 'hold-at-least = "4ms"')),
    (GOOD + "= 3\n", r"unexpected token '='", replaced("= 3\n", "")),
    (GOOD + "'' = 3\n", r"syntax error: expected a key", replaced("''", "hold-queue")),
    (GOOD + "/* x", r"comment that begins here is never closed with (\*/)", replaced("/* x", "/* x {0}")),
    (GOOD.replace("*.example", "x\x01.example"), r"a control character in a string", replaced("x\x01", "x")),
    (GOOD + "\x01", r"a control character: not a text file\?", replaced("\x01", "")),
    (GOOD.replace("*.example", "${HOME}.example"), r"environment variables are not put in here: write the value, or",
     replaced("${HOME}", "home")),
    (inside("ttl-min = ${X}"), r"environment variables are not put in here: write the value", replaced("${X}", "5s")),
    (GOOD.replace("*.example", "\\x.example"), r'only \\" and \\\\ are escapes in double quotes', replaced("\\x", "x")),
    (GOOD.replace("net\" }", "net }"), r"the string is not closed on its line", replaced("net }", 'net" }')),
    (inside("ttl-min = 5s;"), r"a semicolon: leave it out", replaced(";", "")),
    (GOOD + "capture | log = 3\n", r"\| outside quotes: write the section with (\{ \})",
     replaced("capture | log = 3\n", "capture {0}\n")),
    ("{" * 40, r"braces are nested too deeply|syntax|\{", lambda text, match: GOOD),
    (GOOD + "}", r"\} without a \{ before it", lambda text, match: text[:-1]),
    (GOOD.replace("net\"", "net\" \"b.example.net\""), r"a comma is missing before this value",
     replaced('" "', '", "')),
    (inside('refuse + { "192.0.2.1" }'), r"\+ without =: (\+=) adds to a list", replaced("+ {", "{0} {")),
    (GOOD[:-2], r"the \{ here is never closed", lambda text, match: text + "}\n"),
]
# Findings that no small file makes, or that only carry another text.
NOT_HERE = {
    "%s",
    "%s%s",
    "%s%s: accepted, not used yet",  # for a key of a later version; none now
    "names: %zu in all whitelists together, at most %d",  # each whitelist holds at most that many by itself
}


def findings():
    """The formats of all that daemon/config says of a file."""
    for path in sorted((advice.TOP / "daemon/config").glob("*.c")):
        source = advice.read(path.relative_to(advice.TOP))
        for match in re.finditer(r"\b(?:config_finding|config_warn|fail)(?=\()", source):
            texts = [advice.literals(group) for group in
                     re.findall(r'(?:"(?:[^"\\]|\\.)*"\s*)+', advice.call(source, match.end()))]
            texts = [text for text in texts if " " in text or "%" in text]
            if texts:
                yield path.name, texts[0].replace("\\\\", "\\")


def pattern_of(text):
    return ".*".join(map(re.escape, re.split(r"%[-.0-9]*(?:ll|z)?[a-z]", text)))


class Daemon:
    def __init__(self, wildsetd, folder):
        self.wildsetd, self.file, self.said = wildsetd, pathlib.Path(folder, "w.conf"), set()

    def check(self, text):
        self.file.write_text(text, encoding="utf-8")
        done = subprocess.run([self.wildsetd, "--check", "--config", self.file], capture_output=True, text=True,
                              check=False, timeout=30)
        lines = (done.stdout + done.stderr).splitlines()
        self.said.update(lines)
        return done.returncode, lines


def wrong_rows(daemon):
    for text, finding, mend in ROWS:
        status, lines = daemon.check(text)
        match = next((found for line in lines if (found := re.search(finding, line))), None)
        if match is None:
            yield "%r: expected %r, said is %r" % (text[-80:], finding, lines[:3])
            continue
        mended = mend(text, match)
        status, lines = daemon.check(mended)
        if status != 0 or any(re.search(finding, line) for line in lines):
            yield "%r does what %r says, and is refused: %r" % (mended[-80:], match.group(0), lines[:3])


def wrong_examples(daemon):
    """Each key is given nonsense; every example in what is said then has to be taken."""
    source = advice.read("daemon/config/keys.c")
    table = source[source.index("keys[] = {"):]
    for row in re.split(r"\n    \{", table[:table.index("\n};")])[1:]:
        name = re.search(r'\.name = "([a-z0-9-]+)"', row)[1]
        section = re.search(r"SECTION_(\w+)", row)[1]

        def with_value(value, name=name, section=section, row=row):
            line = "%s = { %s }" % (name, value) if "LIST_AT" in row else "%s = %s" % (name, value)
            if name == "names":
                return "whitelist a { %s }" % line
            if name == "require-query":
                line += ' resolvers = { "192.0.2.53" }'
            if name == "peers":
                line += ' socket = "/run/wildset/dnstap.sock"'
            return {"ROOT": GOOD + line, "CAPTURE": capture(line), "DNSTAP": dnstap(line),
                    "WHITELIST": inside(line)}[section]

        status, lines = daemon.check(with_value('"?! :/"'))
        said = next((line.partition(": expected ")[2] for line in lines if ": expected " in line), None)
        if status == 0 or not said:
            yield "%s: nonsense is taken, or nothing is expected: %r" % (name, lines[:3])
            continue
        # What stands behind the last colon, or all of it; but not what must not be in a path.
        shown = said.rpartition(': "')
        shown = (shown[1] + shown[2]).partition(" ")[2] if shown[1] else said.replace('without ".." or "//"', "")
        examples = re.findall(r'"[^"]*"', shown) or re.findall(r"\b(?:true|false|\d+)\b", shown)
        if name == "decapsulate":  # a tunnel's name is no whole value
            examples = [example for example in examples if " from " in example]
        if not examples and name != "registry-ca":
            yield "%s: no example: %s" % (name, said)
        for example in examples:
            status, lines = daemon.check(with_value(example))
            if status != 0:
                yield "%s: the example %s is refused: %r" % (name, example, lines[:3])


def main():
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(sys.argv[1], folder)
        problems = [*wrong_rows(daemon), *wrong_examples(daemon)]
    count = 0
    for file, text in findings():
        count += 1
        if text not in NOT_HERE and not any(re.search(pattern_of(text), line) for line in daemon.said):
            problems.append("%s: no row makes the finding: %s" % (file, text))
    print("\n".join(problems) or "%d findings, %d rows" % (count, len(ROWS)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
