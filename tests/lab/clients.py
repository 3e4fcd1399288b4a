# SPDX-License-Identifier: GPL-2.0-or-later
"""What the client does: real curl, dig and getent, and sockets opened on it."""
import contextlib
import http.client
import socket

# Over the 1 s after which TCP tries again: that a first packet can be lost is not what a test of
# rules is about.  Blocked is blocked however long one waits, so that wait is short.
PATIENCE, BLOCKED = 3.5, 0.4


def curl(host, url, *options, patience=PATIENCE):
    done = host.run("curl", "--silent", "--show-error", "--noproxy", "*", "--connect-timeout", patience,
                    "--max-time", patience + 2, *options, url, check=False)
    return done.returncode, done.stdout or done.stderr


def reaches(host, url, *options):
    status, said = curl(host, url, *options)
    assert status == 0, f"{url} {options}: curl ended with {status}: {said}"
    return said.split()[1]  # the address that the server was reached at


def is_blocked(host, url, *options):
    status, said = curl(host, url, *options, patience=BLOCKED)
    assert status in (0, 28), f"{url}: curl ended with {status}, not with a time-out: {said}"
    return status == 28


def dig(host, name, kind="A", *options):
    return host.run("dig", "+short", "+time=2", "+tries=2", *options, name, kind).stdout.split("\n")[:-1]


def getent(host, name):
    """The addresses that the C library's resolver gives, as programs ask it."""
    lines = host.run("getent", "ahosts", name).stdout.split("\n")[:-1]
    return {line.split()[0] for line in lines}


def udp_echo(host, address, port, tries=4):
    """Whether a datagram comes back."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with host.entered():
        sock = socket.socket(family, socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(0.3)
        sock.connect((address, port))
        for number in range(tries):
            sock.send(b"hello %d" % number)
            with contextlib.suppress(TimeoutError):
                return sock.recv(64).startswith(b"hello")
    return False


def connection(host, address, port=19305):
    """An HTTP/1.1 connection that stays open from one `fetch` to the next."""
    with host.entered():
        sock = socket.create_connection((address, port), timeout=PATIENCE)
    held = http.client.HTTPConnection(address, port)
    held.sock = sock
    return held


def fetch(held):
    held.request("GET", "/")
    return held.getresponse().read().decode().split()[1]
