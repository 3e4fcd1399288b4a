#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server that lies over UDP in one way, and says the truth over TCP.

    liar.py ADDRESS WAY [PORT]
"""
import socket
import socketserver
import sys
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

TRUTH, LIE = "198.51.100.201", "203.0.113.66"


def answer(question, address):
    reply = dns.message.make_response(question)
    asked = question.question[0]
    if asked.rdtype == 1:
        reply.answer.append(dns.rrset.from_text(asked.name, 300, "IN", "A", address))
    return reply


def tell_lie(way, wire):
    """The bytes to send, or none."""
    question = dns.message.from_wire(wire)
    reply = answer(question, LIE)
    if way == "silent":
        return b""
    if way == "id":
        reply.id ^= 0x0101
    if way == "servfail":
        reply = dns.message.make_response(question)
        reply.set_rcode(dns.rcode.SERVFAIL)
    if way == "truncated":
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.TC
    told = bytearray(reply.to_wire())
    if way == "case":
        told[13:13 + told[12]] = bytes(told[13:13 + told[12]]).swapcase()
    if way == "question":
        told[13] ^= 1
    return bytes(told)


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        wire, sock = self.request
        told = tell_lie(WAY, wire)
        if told:
            sock.sendto(told, self.client_address)


class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        size = int.from_bytes(self.rfile.read(2), "big")
        reply = answer(dns.message.from_wire(self.rfile.read(size)), TRUTH).to_wire()
        self.wfile.write(len(reply).to_bytes(2, "big") + reply)


class UDPServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class TCPServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


if __name__ == "__main__":
    ADDRESS, WAY = sys.argv[1:3]
    PORT = int(sys.argv[3]) if len(sys.argv) > 3 else 53
    if ":" in ADDRESS:
        UDPServer.address_family = TCPServer.address_family = socket.AF_INET6
    socket.setdefaulttimeout(5)
    for server in (UDPServer((ADDRESS, PORT), Datagram), TCPServer((ADDRESS, PORT), Stream)):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()
