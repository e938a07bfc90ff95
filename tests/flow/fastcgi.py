# SPDX-License-Identifier: Apache-2.0
"""A FastCGI client that may lie: speaks to a socket of bridge-fcgi as nginx does, or worse."""
import socket
import struct

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6


class Answer:
    def __init__(self, raw):
        head, _, self.raw = raw.partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
        self.headers = {name.lower(): value for name, value in lines}
        self.status = int(self.headers.get("status", "0 none").split()[0])


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def stream(kind, content):
    parts = [record(kind, content[at:at + 65528]) for at in range(0, len(content), 65528)]
    return b"".join(parts) + record(kind, b"")


def length(number):
    return bytes([number]) if number < 128 else struct.pack(">I", number | 0x80000000)


def pairs(params):
    out = b""
    for name, value in params:
        name, value = name.encode(), value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
        out += length(len(name)) + length(len(value)) + name + value
    return out


class Connection:
    """One connection, kept between requests."""

    def __init__(self, path, timeout=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))

    def close(self):
        self.socket.close()

    def send(self, params, body=b"", keep=True):
        begin = struct.pack(">HB5x", 1, 1 if keep else 0)
        self.socket.sendall(record(BEGIN, begin) + stream(PARAMS, pairs(params)) + stream(STDIN, body))

    def exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError("the door closed the connection")
            data += part
        return data

    def receive(self):
        out = b""
        while True:
            _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", self.exactly(8))
            content = self.exactly(size + padding)[:size]
            if kind == STDOUT:
                out += content
            elif kind == END:
                return Answer(out)

    def ask(self, params, body=b"", keep=True):
        self.send(params, body, keep)
        return self.receive()
