#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A media server as the doctor's HOST, and the same with each fault that a way can have.

    endpoint.py FOLDER

Every name has an address of its own (HOSTS).  FOLDER holds the certificates, as `certificates` made
them.  STUN answers as RFC 8489 says; the WebSocket server is Debian's python3-websockets.
"""
import asyncio
import base64
import hashlib
import socket
import ssl
import struct
import sys
import zlib

import websockets

UDP_PORTS = range(19305, 19310)
TCP_PORTS = (19305, 22466)
BACKEND = ("127.0.0.1", 8081)  # the WebSocket server behind the proxies
IPV6_FREEBIND = 78
COOKIE = 0x2112A442

# Name (below dormammu.lookback.io): last byte of its address.
HOSTS = {name: 101 + number for number, name in enumerate((
    "well",       # everything works
    "closed",     # nothing listens
    "silent",     # everything is dropped on the way
    "forbidden",  # the firewall says so, by ICMP
    "tcponly",    # no UDP
    "tlsonly",    # only TLS on 443
    "strip",      # TLS inspection by a proxy that takes the upgrade out
    "edge",       # the operator's own proxy does that: the certificate is right
    "half",       # 101, its headers taken out
    "forged",     # 101 with another accept key
    "plain",      # a web server without WebSockets
    "wrongname",  # somebody else's certificate
    "expired",    # a certificate that has ended
    "selfsigned",
    "mute",       # takes connections on 443 and says nothing
    "notls",      # speaks something else on 443
    "echo",       # UDP comes back as it went: no STUN server
))}
CERTIFICATES = {"strip": "inspection", "wrongname": "other", "expired": "expired",
                "selfsigned": "selfsigned"}


def address4(name):
    return f"198.51.100.{HOSTS[name]}"


def address6(name):
    return f"2001:db8:100::{HOSTS[name]}"


# ---- STUN ----

def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def stun_answer(request, peer):
    """The answer to a Binding request; None for what is none, or when its FINGERPRINT is wrong."""
    if len(request) < 20:
        return None
    kind, length, cookie = struct.unpack("!HHI", request[:8])
    if kind != 1 or cookie != COOKIE or length != len(request) - 20:
        return None
    if request[-8:-4] != struct.pack("!HH", 0x8028, 4):
        return None
    if struct.unpack("!I", request[-4:])[0] != zlib.crc32(request[:-8]) ^ 0x5354554E:
        return None
    packed = socket.inet_pton(socket.AF_INET6 if ":" in peer[0] else socket.AF_INET, peer[0])
    mask = request[4:20]
    value = struct.pack("!BBH", 0, 1 if len(packed) == 4 else 2, peer[1] ^ (COOKIE >> 16))
    value += bytes(a ^ b for a, b in zip(packed, mask))
    body = attribute(0x8022, b"lab") + attribute(0x0020, value)
    message = struct.pack("!HH", 0x0101, len(body) + 8) + mask + body
    return message + attribute(0x8028, struct.pack("!I", zlib.crc32(message) ^ 0x5354554E))


class Stun(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        answer = stun_answer(data, addr)
        if answer:
            self.transport.sendto(answer, addr)


class Echo(Stun):
    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


# ---- sockets ----

def bound(kind, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    sock.bind((address, port))
    sock.setblocking(False)
    return sock


def context(folder, name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = CERTIFICATES.get(name, "server")
    made.load_cert_chain(f"{folder}/{certificate}.crt", f"{folder}/{certificate}.key")
    return made


# ---- what answers on 443 ----

async def greet(websocket, _path=None):
    await websocket.send("hello")
    await websocket.wait_closed()


async def head_of(reader):
    return (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")


def header_of(head, name):
    for line in head.split("\r\n"):
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return ""


HOP_BY_HOP = ("connection", "upgrade", "keep-alive", "te", "trailer", "proxy-connection")


async def strip(reader, writer):
    """A proxy by the letter of RFC 9110, 7.6.1: hop-by-hop headers are not passed on."""
    head = await head_of(reader)
    lines = [line for line in head.split("\r\n")
             if line.partition(":")[0].lower() not in HOP_BY_HOP]
    lines = [lines[0], "Via: 1.1 inspector", "Connection: close", *lines[1:]]
    behind_reader, behind = await asyncio.open_connection(*BACKEND)
    behind.write("\r\n".join(lines).encode("latin-1"))
    answer = await asyncio.wait_for(behind_reader.read(65536), 10)
    writer.write(answer.replace(b"\r\n", b"\r\nVia: 1.1 inspector\r\n", 1))
    behind.close()


async def half(reader, writer):
    await head_of(reader)
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nDate: now\r\n\r\n")


async def forged(reader, writer):
    await head_of(reader)
    accept = base64.b64encode(hashlib.sha1(b"cached").digest())
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")


async def plain(reader, writer):
    await head_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Length: 2\r\n\r\nok")


async def mute(reader, _writer):
    await reader.read()


async def notls(reader, writer):
    writer.write(b"SSH-2.0-lab\r\n")
    await reader.read()


def handler(function):
    async def handle(reader, writer):
        try:
            await function(reader, writer)
            await writer.drain()
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
    return handle


TLS_SERVERS = {"strip": strip, "edge": strip, "half": half, "forged": forged, "plain": plain}
BARE_SERVERS = {"mute": mute, "notls": notls}


async def serve_443(folder, name, address):
    sock = bound(socket.SOCK_STREAM, address, 443)
    if name in BARE_SERVERS:
        await asyncio.start_server(handler(BARE_SERVERS[name]), sock=sock)
    elif name in TLS_SERVERS:
        await asyncio.start_server(handler(TLS_SERVERS[name]), sock=sock, ssl=context(folder, name))
    else:
        await websockets.serve(greet, sock=sock, ssl=context(folder, name))


async def serve(folder, name, address):
    loop = asyncio.get_running_loop()
    if name in ("well", "echo", "silent"):
        for port in UDP_PORTS:
            await loop.create_datagram_endpoint(Echo if name == "echo" else Stun,
                                                sock=bound(socket.SOCK_DGRAM, address, port))
    if name in ("well", "tcponly", "silent"):
        for port in TCP_PORTS:
            await asyncio.start_server(handler(mute), sock=bound(socket.SOCK_STREAM, address, port))
    if name not in ("closed", "echo"):
        await serve_443(folder, name, address)


async def main(folder):
    await websockets.serve(greet, *BACKEND)
    for name in HOSTS:
        await serve(folder, name, address4(name))
    await serve(folder, "well", address6("well"))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
