# SPDX-License-Identifier: Apache-2.0
"""A TLS server that misbehaves as told, one request at a time.

Every byte that reaches it is in `seen`; what it answers is a function of the
connection and the request, so a test says exactly where the wire breaks.
"""
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes
    connection: int
    resumed: bool
    version: str
    at: float = field(default_factory=time.monotonic)

    def json(self):
        return json.loads(self.body)


def make_certificate(folder, name="ca", host="IP:127.0.0.1", moved=None):
    """A self-signed certificate that is its own authority, for two days from now, or from a time that is `moved` from it."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={host}"],
        check=True, capture_output=True,
        env=None if moved is None else {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME": moved})
    return cert, key


def reset(sock):
    """An RST instead of an orderly end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def reply(status=200, body=b'{"success":true}', headers=(), length=None):
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Words"]
    lines += list(headers)
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Wire:
    def __init__(self, certificate, behave=None, tls_max=None, handshake=None, listener=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        if tls_max is not None:
            self.context.minimum_version = ssl.TLSVersion.TLSv1
            self.context.maximum_version = tls_max
            self.context.set_ciphers("DEFAULT@SECLEVEL=0")
        self.behave = behave or (lambda connection, request: connection.send(reply()))
        self.handshake = handshake  # instead of TLS: a function of the raw socket
        self.seen = []
        self.connections = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.listener = listener or socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/v1"

    def close(self):
        self.closing.set()
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, raw, number):
        try:
            if self.handshake is not None:
                self.handshake(raw)
                return
            sock = self.context.wrap_socket(raw, server_side=True)
            buffered = b""
            while True:
                request, buffered = self._read(sock, buffered, number)
                if request is None:
                    break
                with self.lock:
                    self.seen.append(request)
                connection = Connection(sock, number, self)
                self.behave(connection, request)
                if connection.ended:
                    return
            sock.close()
        except (OSError, ssl.SSLError):
            pass

    def _read(self, sock, data, number):
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return None, b""
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        method, path, version = lines[0].split(" ")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        need = int(headers.get("content-length", "0"))
        while len(data) < need:
            data += sock.recv(65536)
        body, data = data[:need], data[need:]
        return Request(method, path, headers, body, number, sock.session_reused, version), data


class Connection:
    def __init__(self, sock, number, wire):
        self.sock, self.number, self.wire, self.ended = sock, number, wire, False

    def send(self, data):
        self.sock.sendall(data)

    def close(self):
        """Closed in order, perhaps in the middle of an answer."""
        self.ended = True
        try:
            self.sock.unwrap()
        except (OSError, ssl.SSLError):
            pass
        self.sock.close()

    def drop(self):
        """TCP ends without TLS's farewell."""
        self.ended = True
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def reset(self):
        self.ended = True
        reset(self.sock)

    def hang(self, seconds=30):
        self.ended = True
        self.wire.closing.wait(seconds)
        self.sock.close()
