#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The completions for bash, zsh and fish, asked of the shells themselves.

    completion.py WILDSET WILDSETD
"""

import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

COMPLETION = pathlib.Path(__file__).parents[2] / "packaging/completion"

BASH = """
source {file}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
{function} 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

# Whatever is offered goes to a file too.
ZSH = """
PS1='> '; fpath=({folder} $fpath); autoload -U compinit; compinit -u -D
compadd () {{
    [[ "$*" == *-(O|A|D)\\ * ]] && {{ builtin compadd "$@"; return }}
    local -a hits
    builtin compadd -A hits "$@"
    (( $#hits )) && print -rl -- $hits >>{out}
    builtin compadd "$@"
}}
complete-and-tell () {{ zle complete-word; print ready >{ready} }}
zle -N complete-and-tell; bindkey '^I' complete-and-tell; setopt no_list_beep; print ready >{ready}
"""


def bash(line, folder):
    words = line.split(" ")
    script = BASH.format(file=COMPLETION / "wildset.bash", function="_" + words[0],
                         words=" ".join(shlex.quote(word) for word in words))
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True,
                          cwd=folder, check=False)
    return done.stdout.split("\n")


class Zsh:
    """One interactive zsh on a terminal of its own, for all lines."""

    def __init__(self, folder):
        self.out, self.ready = folder / "zsh.out", folder / "zsh.ready"
        (folder / "zsh.rc").write_text(ZSH.format(folder=COMPLETION, out=self.out, ready=self.ready))
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.type(f"source {folder / 'zsh.rc'}\n")
        self.wait()

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait(self):
        end = time.monotonic() + 20
        while not self.ready.exists() and time.monotonic() < end:
            if select.select([self.terminal], [], [], 0.05)[0]:
                os.read(self.terminal, 65536)
        self.ready.unlink()

    def __call__(self, line, folder):
        self.out.unlink(missing_ok=True)
        # Nothing behind the tab: with keys pending zsh does not complete.
        self.type("\x15" + line + "\t")
        self.wait()
        return self.out.read_text().split("\n") if self.out.exists() else []

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def fish(line, folder):
    script = f"source {COMPLETION / 'wildset.fish'}; complete -C {shlex.quote(line)}"
    done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True,
                          cwd=folder, check=False)
    return [offer.split("\t")[0] for offer in done.stdout.split("\n")]


def cases(commands):
    """A line, what must be offered, and what must not."""
    yield "wildset ", commands, ["lookback"]
    yield "wildset st", ["status"], ["list"]
    yield "wildset help ", ["rules"], []
    for command in commands:
        if command == "help":
            continue
        said = subprocess.run(["wildset", command, "--help"], capture_output=True, text=True,
                              check=False).stdout
        yield f"wildset {command} --", sorted(set(re.findall(r"--[a-z][a-z-]*", said))) + ["--help"], ["lookback"]
    yield "wildset rules --config my.conf ", ["lookback", "other_2"], ["comment", "table"]
    yield "wildset rules --config my.conf o", ["other_2"], ["lookback"]
    yield "wildset rules --config wildset.conf ", ["main", "extra"], ["lookback"]
    yield "wildset rules --shape ", ["table", "mark"], ["lookback"]
    yield "wildset rules --config m", ["my.conf"], []
    yield "wildset list --sort ", ["address", "left", "name"], ["lookback"]
    yield "wildset list --source r", ["registry"], ["sniffer"]
    yield "wildset replay ", ["a.pcap", "b.pcapng"], ["my.conf", "c.pcap.txt"]
    yield "wildset watch ", [], ["a.pcap", "my.conf"]
    yield "wildsetd --", ["--config", "--check", "--state"], ["status"]
    yield "wildsetd --config m", ["my.conf"], []


def check(name, ask, commands, folder):
    failed = 0
    for line, wanted, unwanted in cases(commands):
        offers = [offer.rstrip(" /") for offer in ask(line, folder)]
        missing = [word for word in wanted if word not in offers]
        extra = [word for word in unwanted if word in offers]
        if missing or extra:
            failed += 1
            print(f"not {name}: {line!r}\n  missing {missing}, too much {extra}\n  got {offers}")
    if not failed:
        print(f"ok  {name}")
    return failed


def main():
    missing = [shell for shell in ("bash", "zsh", "fish") if not shutil.which(shell)]
    if missing:
        print(f"not on this machine: {' '.join(missing)}", file=sys.stderr)
        sys.exit(77)
    os.environ["PATH"] = ":".join([os.path.dirname(path) for path in sys.argv[1:3]] + [os.environ["PATH"]])
    os.environ["TERM"] = "dumb"
    said = subprocess.run(["wildset", "help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z-]+)  ", said, re.M)
    assert len(commands) >= 8, said
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.environ["HOME"] = name
        (folder / "my.conf").write_text('# whitelist comment {\nwhitelist lookback {\n}\n  whitelist "other_2" { }\n')
        (folder / "wildset.conf").write_text("whitelist main {\n}\n")
        (folder / "conf.d").mkdir()
        (folder / "conf.d/extra.conf").write_text("whitelist extra {\n}\n")
        for file in ("a.pcap", "b.pcapng", "c.pcap.txt"):
            (folder / file).touch()
        zsh = Zsh(folder)
        failed = sum(check(name, ask, commands, folder)
                     for name, ask in (("bash", bash), ("zsh", zsh), ("fish", fish)))
        zsh.close()
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
