#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`wildset test NAME`: what a configuration would do with a name, without a daemon.

    testname.py WILDSET WILDSETD
"""

import json
import pathlib
import subprocess
import sys
import tempfile

CONFIG = """\
capture { resolvers = { "192.0.2.53", "198.51.100.0/28%eth1@5353" } }
whitelist lookback {
    names = { "*.dormammu.lookback.io" }
    set4 = "inet filter streaming"
    set6 = "none"
}
whitelist other { names = { "www.example.net" } }
"""

GRANTED = """\
eu1.dormammu.lookback.io would be allowed:
  whitelist lookback: *.dormammu.lookback.io matches it: addresses go into inet filter streaming
  Trusted resolvers: 192.0.2.53, 198.51.100.0/28%eth1@5353
"""

APEX = """\
dormammu.lookback.io would not be allowed:
  whitelist lookback: no pattern matches it
    *.dormammu.lookback.io matches the names below it but not the name itself: add "dormammu.lookback.io" to names
  whitelist other: no pattern matches it or is similar
  Add names in the configuration, wildset.conf(5), then `systemctl reload wildset`.
"""

NO_SETS = 'capture { resolvers = { "192.0.2.53" } } whitelist a { names = { "*" } set4 = "none" }'

failed = 0


def expect(what, got, wanted):
    global failed
    if got != wanted:
        failed += 1
        print(f"not {what}\n  got    {got!r}\n  wanted {wanted!r}")
    else:
        print(f"ok  {what}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "a.conf"

        def run(*arguments, config=CONFIG):
            path.write_text(config, encoding="utf-8")
            done = subprocess.run([sys.argv[1], "test", "--config", path, *arguments],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout, done.stderr

        def run_json(name, config=CONFIG):
            status, out, _ = run("--json", name, config=config)
            return status, json.loads(out)

        expect("a name that a pattern matches", run("EU1.dormammu.lookback.io."), (0, GRANTED, ""))
        expect("a near miss", run("dormammu.lookback.io"), (1, APEX, ""))
        resolvers = {"default": False, "named_count": 2,
                     "named": ["192.0.2.53", "198.51.100.0/28%eth1@5353"], "system": [], "public": 0}
        status, said = run_json("www.example.net")
        said["trusted"].pop("public_date")
        expect("as JSON", (status, said), (0, {
            "name": "www.example.net", "granted": True, "trusted": resolvers,
            "whitelists": [
                {"whitelist": "lookback", "set4": "inet filter streaming", "near": []},
                {"whitelist": "other", "set4": "inet wildset other4", "set6": "inet wildset other6",
                 "pattern": "www.example.net"}]}))
        status, said = run_json("dormammu.lookback.io")
        expect("a near miss as JSON", (status, said["granted"], said["whitelists"][0]["near"]),
               (1, False, [{"pattern": "*.dormammu.lookback.io", "near": "apex"}]))
        status, said = run_json("dormammu.lookback.io.evil.example")
        expect("one that imitates", (status, said["whitelists"][0]["near"][0]["near"]), (1, "inside"))
        status, said = run_json("x.example.org", config=NO_SETS)
        expect("every name", (status, said["whitelists"][0].get("set4"), said["whitelists"][0]["set6"]),
               (0, None, "inet wildset a6"))
        status, out, _ = run("x.example.org", config='whitelist a { names = { "x.example.org" } }')
        expect("default resolvers are named", (status, "well-known public ones" in out), (0, True))
        expect("U-labels", run_json("bücher.dormammu.lookback.io")[1]["name"],
               "xn--bcher-kva.dormammu.lookback.io")
        for argument, problem in (("192.0.2.1", "is an address"), ("*.example.net", "is a pattern"),
                                  ("a..b", "is neither"), ("192.0.2.0/24", "is a prefix")):
            status, out, error = run(argument)
            expect(f"{argument} is refused", (status, out, problem in error), (64, "", True))
        expect("no name is refused", run()[0], 64)
        path = path.with_name("wildset.conf")
        (path.parent / "conf.d").mkdir()
        (path.parent / "conf.d/b.conf").write_text('whitelist b { names = { "b.example" } }\n', encoding="utf-8")
        expect("a whitelist in conf.d", run_json("b.example")[0], 0)
        (path.parent / "conf.d/c.conf").write_text("whitelist b { }\n", encoding="utf-8")
        status, out, error = run("b.example")
        expect("what is wrong there", (status, error.startswith(f"{path.parent}/conf.d/c.conf:1: ")), (78, True))
        checked = subprocess.run([sys.argv[2], "--check", "--config", path], capture_output=True, text=True, check=False)
        expect("the daemon says the same", (checked.returncode, checked.stderr), (78, error))
        path = path.with_name("a.conf")
        status, out, error = run("a.example", config="whitelist a { }\n")
        expect("a bad configuration", (status, out, f"{path}:1: " in error), (78, "", True))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
