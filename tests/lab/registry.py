#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A registry of servers: HTTPS that serves lists of every shape, and every fault.

    registry.py CERTIFICATE KEY FOLDER PORT [PROXY-PORT]

GET /NAME sends FOLDER/NAME with an ETag, 304 when the client has it; the paths of FAULTS do what their
names say, and while FOLDER/fault holds one of them, /hosts does it too.  GET /log tells the requests so
far as JSON lines; CONNECT is a proxy's (without TLS, on PROXY-PORT).
"""
import functools
import gzip
import hashlib
import http.server
import json
import pathlib
import select
import socket
import socketserver
import ssl
import sys
import threading
import time

FOLDER = pathlib.Path()
SEEN = []


def body_of(handler, status, body, **headers):
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": len(body), **headers}.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    handler.wfile.write(body)


def drip(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b"#")
        handler.wfile.flush()
        time.sleep(0.1)


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"# nothing that ends\n" * 4096)


def redirect(where):
    return lambda handler: body_of(handler, 302, b"", Location=where)


@functools.cache
def packed_bomb():
    return gzip.compress(b"a.dormammu.lookback.io\n" * 1_000_000, 6)


def bomb(handler):
    body_of(handler, 200, packed_bomb(), Content_Encoding="gzip")


def packed(handler):
    body_of(handler, 200, gzip.compress((FOLDER / "hosts").read_bytes()), Content_Encoding="gzip")


def dated(handler):
    """A server that knows no ETag."""
    modified = "Mon, 02 Mar 2026 03:04:05 GMT"
    if handler.headers.get("If-Modified-Since") == modified:
        handler.send_response(304)
        handler.end_headers()
    else:
        body_of(handler, 200, (FOLDER / "hosts").read_bytes(), Last_Modified=modified)


def cut(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'["eu1.dorm')
    handler.close_connection = True


FAULTS = {
    "/429": lambda handler: body_of(handler, 429, b"slow down", Retry_After="4"),
    "/500": lambda handler: body_of(handler, 500, b"oh no"),
    "/drip": drip,
    "/endless": endless,
    "/plain-http": redirect("http://registry.lookback.io/hosts"),
    "/circle": redirect("/circle"),
    "/moved": redirect("https://registry.lookback.io:8443/hosts"),
    "/bomb": bomb,
    "/packed": packed,
    "/dated": dated,
    "/cut": cut,
    "/login": lambda handler: body_of(handler, 200, b"<html>Sign in</html>", Content_Type="text/html"),
    "/utf8": lambda handler: body_of(handler, 200, b'["\xff\xfe.dormammu.lookback.io"]'),
    "/deep": lambda handler: body_of(handler, 200, b"[" * 100000 + b"]" * 100000),
    "/million": lambda handler: body_of(handler, 200, b"a.b\n" * 1_000_000),
    "/half": lambda handler: body_of(handler, 200, b'["reg1.dormammu.lookback.io"]'),
    "/empty": lambda handler: body_of(handler, 200, b"[]"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/log":
            body_of(self, 200, "\n".join(map(json.dumps, SEEN)).encode())
            return
        SEEN.append({"path": self.path, "tag": self.headers.get("If-None-Match"),
                     "since": self.headers.get("If-Modified-Since"),
                     "agent": self.headers.get("User-Agent"), "time": time.time()})
        fault = FOLDER / "fault"
        wanted = fault.read_text() if self.path == "/hosts" and fault.exists() else self.path
        if wanted in FAULTS:
            FAULTS[wanted](self)
            return
        path = FOLDER / wanted.lstrip("/")
        if not path.is_file():
            body_of(self, 404, b"not here")
            return
        body = path.read_bytes()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
        else:
            body_of(self, 200, body, ETag=tag)

    def do_CONNECT(self):
        SEEN.append({"connect": self.path})
        there = socket.create_connection((HERE, int(self.path.rpartition(":")[2])))
        self.send_response(200)
        self.end_headers()
        ends = [self.connection, there]
        while True:
            for end in select.select(ends, [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                ends[end is ends[0]].sendall(data)

    def log_message(self, format, *arguments):
        print(format % arguments, flush=True)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request, client_address):
        print(sys.exc_info()[1], flush=True)


class SecureServer(Server):
    context = None

    def finish_request(self, request, client_address):
        request.settimeout(60)
        with self.context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)


HERE = "::1"


def main():
    global FOLDER
    certificate, key, folder = sys.argv[1:4]
    FOLDER = pathlib.Path(folder)
    secure = SecureServer(("::", int(sys.argv[4])), Handler)
    secure.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.context.load_cert_chain(certificate, key)
    threading.Thread(target=secure.serve_forever, daemon=True).start()
    if len(sys.argv) > 5:
        proxy = Server(("::", int(sys.argv[5])), Handler)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
