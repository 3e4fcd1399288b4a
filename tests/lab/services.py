#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The server behind the firewall: HTTP on the service ports, HTTPS on 443, UDP echo on 19305-19309.

    services.py CERTIFICATE KEY

Port 8080 serves too and is in no whitelist: what reaches it went past the rules.
"""
import http.server
import socket
import socketserver
import ssl
import sys
import threading

HTTP_PORTS = (19305, 22466, 8080)
UDP_PORTS = range(19305, 19310)
IPV6_RECVPKTINFO, IPV6_PKTINFO = 49, 50
IPV6_FREEBIND = 78  # an answer from a prefix that is routed here, not configured
IP_PKTINFO = 8


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # so that a connection outlives its first request

    def do_GET(self):
        body = f"lab {self.connection.getsockname()[0]} {self.server.server_port}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        print(self.client_address[0], format % arguments, flush=True)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Not HTTPServer's, which asks the DNS for this host's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "lab", self.server_address[1]


class SecureServer(Server):
    context = None

    def finish_request(self, request, client_address):
        # In the connection's own thread: a client that says nothing holds up nobody else.
        request.settimeout(10)
        try:
            secure = self.context.wrap_socket(request, server_side=True)
        except (OSError, ssl.SSLError):
            return
        self.RequestHandlerClass(secure, client_address, self)
        secure.close()


def echo_socket(family, port):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.bind(("", port))
    return sock


def echo(sock):
    """Sends each datagram back from the very address it came to: the server has a whole prefix."""
    while True:
        data, ancillary, _, peer = sock.recvmsg(2048, 256)
        level, kind, info = ancillary[0]
        if sock.family == socket.AF_INET:
            # struct in_pktinfo: interface, local address, destination; the reply wants it as local
            info = b"\0\0\0\0" + info[8:12] + b"\0\0\0\0"
        else:
            info = info[:16] + b"\0\0\0\0"
        sock.sendmsg([data], [(level, kind, info)], 0, peer)


def main():
    certificate, key = sys.argv[1:3]
    servers = [Server(("::", port), Page) for port in HTTP_PORTS]
    secure = SecureServer(("::", 443), Page)
    secure.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.context.load_cert_chain(certificate, key)
    for server in (*servers, secure):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    for port in UDP_PORTS:
        for sock in (echo_socket(socket.AF_INET, port), echo_socket(socket.AF_INET6, port)):
            threading.Thread(target=echo, args=(sock,), daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
