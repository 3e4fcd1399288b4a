# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's DNS: nsd with the zones, unbound in front of it, both on the resolver host."""
import lab

PORT = 5353  # nsd's, behind unbound
DNS64 = "2001:db8:64::/96"  # the prefix of unbound, where it is asked to make addresses for clients without IPv4

SOA = "@ {ttl} IN SOA ns.lookback.io. hostmaster.lookback.io. {serial} 3600 600 86400 1\n"

# TTL 2 is the short one: long enough to be used, short enough to be waited for.
# Answers of some 3.7 KiB: over TCP, or over UDP in fragments.  Each has addresses of its own.
BIG = {"tcp": 113, "cut": 114, "pieces": 115, "merged": 116}


def big_address(owner, number):
    return f"198.51.{BIG[owner]}.{number}"


def big_records():
    return "\n".join(f"{owner}.dormammu 300 A {big_address(owner, number)}"
                     for owner in BIG for number in range(1, 229))


ZONES = {
    "lookback.io": """
dormammu         300 A     198.51.100.1
dormammu         300 AAAA  2001:db8:100::1
eu1.dormammu     300 A     198.51.100.11
eu1.dormammu     300 AAAA  2001:db8:100::11
four.dormammu    300 A     198.51.100.14
six.dormammu     300 AAAA  2001:db8:100::16
a.b.dormammu     300 A     198.51.100.12
many.dormammu    300 A     198.51.100.21
many.dormammu    300 A     198.51.100.22
many.dormammu    300 A     198.51.100.23
out.dormammu     300 CNAME lb.example.net.
hop.dormammu     300 CNAME one.example.net.
hint.dormammu    300 HTTPS 1 . alpn=h2 ipv4hint=198.51.100.44 ipv6hint=2001:db8:100::44
alias.dormammu   300 HTTPS 0 far.example.net.
notdormammu      300 A     198.51.100.90
www              300 A     198.51.100.91
inner.dormammu   300 A     127.0.0.1
local.dormammu   300 A     10.1.2.3
forged.dormammu  300 A     198.51.100.60
foreign.dormammu 300 A     198.51.100.61
later.dormammu   300 A     198.51.100.62
after.dormammu   300 A     198.51.100.63
before.dormammu  300 A     198.51.100.64
anycast.dormammu 300 A     198.51.100.65
long.dormammu    300 A     198.51.100.66
shown.dormammu   300 A     198.51.100.67
lf\\010PRIORITY=0.dormammu 300 A 198.51.100.68
stalled.dormammu 300 A     198.51.100.69
short.dormammu     2 A     198.51.100.70
kept.dormammu      2 A     198.51.100.71
moving.dormammu    1 A     198.51.100.72
steady.dormammu    2 A     198.51.100.73
www.other        300 A     198.51.100.95
registry         300 A     198.51.100.200
reg1.dormammu    300 A     198.51.100.201
reg1.dormammu    300 AAAA  2001:db8:100::201
reg2.dormammu      2 A     198.51.100.202
reg3.dormammu    300 CNAME lb2.example.net.
""",
    "example.net": """
lb               300 A     203.0.113.20
lb               300 AAAA  2001:db8:100::20
far              300 A     203.0.113.40
lb2              300 A     203.0.113.41
one              300 CNAME two.example.net.
two              300 CNAME three.example.net.
three              2 A     203.0.113.33
""",
    "ipv4only.arpa": """
@                300 A     192.0.0.170
@                300 A     192.0.0.171
""",
    "evil.example": """
dormammu.lookback.io 300 A 198.51.100.92
""",
}

NSD = """
server:
    ip-address: 127.0.0.1
    port: {port}
    username: ""
    chroot: ""
    zonesdir: "{folder}"
    pidfile: "{folder}/nsd.pid"
    database: ""
    xfrdfile: "{folder}/xfrd.state"
    zonelistfile: "{folder}/zone.list"
    xfrdir: "{folder}"
    cookie-secret-file: "{folder}/cookies"
    logfile: "{folder}/nsd.log"
    server-count: 1
remote-control:
    control-enable: no
"""

UNBOUND = """
server:
    interface: {address4}
    interface: {address6}
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: "{folder}/unbound.pid"
    logfile: "{folder}/unbound.log"
    use-syslog: no
    num-threads: 1
    do-not-query-localhost: no
    qname-minimisation: no
    max-udp-size: 4096
    module-config: "{modules}"
    dns64-prefix: {dns64}
remote-control:
    control-enable: no
"""

STUB = """
stub-zone:
    name: "{zone}"
    stub-addr: 127.0.0.1@{port}
    stub-prime: no
"""


class Names:
    """The zones served; `publish` changes what a name answers."""

    def __init__(self, host, folder):
        self.host = host
        self.folder = folder / "names"
        self.folder.mkdir()
        self.serial = 1
        self.records = {zone: text.strip().splitlines() for zone, text in ZONES.items()}
        self.records["lookback.io"] += big_records().splitlines()
        for zone in self.records:
            self.write(zone)
        self.nsd = self.serve_zones()
        self.unbound = self.serve_clients()

    def serve_zones(self):
        text = NSD.format(port=PORT, folder=self.folder)
        for zone in self.records:
            text += f'zone:\n    name: "{zone}"\n    zonefile: "{zone}.zone"\n'
        (self.folder / "nsd.conf").write_text(text, encoding="ascii")
        program = self.host.start("nsd", "-d", "-c", self.folder / "nsd.conf")
        self.await_answer(program, "127.0.0.1", PORT)
        return program

    def serve_clients(self, modules="iterator"):
        text = UNBOUND.format(folder=self.folder, address4=lab.RESOLVER4, address6=lab.RESOLVER6,
                              modules=modules, dns64=DNS64)
        for zone in self.records:
            text += STUB.format(zone=zone, port=PORT)
        (self.folder / "unbound.conf").write_text(text, encoding="ascii")
        program = self.host.start("unbound", "-d", "-c", self.folder / "unbound.conf")
        self.await_answer(program, lab.RESOLVER4, 53)
        return program

    def await_answer(self, program, address, port):
        def answers():
            if program.poll() is not None:
                raise lab.LabError(f"{program.args}: {program.log.read_text(errors='replace')}")
            return self.ask(address, port, "www.lookback.io", "A") == ["198.51.100.91"]
        lab.wait_for(f"an answer from {address} port {port}", answers)

    def ask(self, address, port, name, kind):
        done = self.host.run("dig", f"@{address}", "-p", port, "+short", "+time=1", "+tries=1",
                             name, kind, check=False)
        return sorted(done.stdout.split("\n")[:-1])

    def write(self, zone):
        text = SOA.format(serial=self.serial, ttl=300)
        text += "\n".join(self.records[zone]) + "\n"
        (self.folder / f"{zone}.zone").write_text(text, encoding="ascii")

    def publish(self, zone, owner, records):
        """`records`: ("300 A 198.51.100.1", ...) take the place of all that `owner` had."""
        self.serial += 1
        kept = [line for line in self.records[zone] if line.split()[0] != owner]
        self.records[zone] = kept + [f"{owner} {record}" for record in records]
        self.write(zone)
        self.nsd.send_signal(1)
        lab.wait_for(f"serial {self.serial} of {zone}", lambda: f" {self.serial} " in " ".join(
            self.ask("127.0.0.1", PORT, zone, "SOA")))
