# SPDX-License-Identifier: Apache-2.0
"""Many webhooks at once, each on a connection of its own, from one thread."""
import json
import resource
import secrets
import selectors
import socket
import time
import urllib.parse

from bridge import Answer, sign


def descriptors_raise():
    """As many sockets as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Crowd:
    """`with Crowd(rig) as crowd: crowd.send(event, wait_s); crowd.gather(5)`.

    What was sent `held` lacks its last byte until release().
    """

    def __init__(self, rig):
        descriptors_raise()
        self.rig = rig
        parts = urllib.parse.urlsplit(rig.env["BASE_URL"])
        self.address = (parts.hostname, parts.port)
        self.path = f"/v1/events/{rig.env['SOURCE']}"
        self.selector = selectors.DefaultSelector()
        self.partial = {}  # socket: bytes so far
        self.held = {}  # socket: the byte that is missing
        self.answers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for open_socket in list(self.partial):
            open_socket.close()
        self.selector.close()

    def send(self, event, wait_s=None, held=False):
        """Posts one event, which may ask to wait; whoever has answered meanwhile is heard."""
        body = json.dumps(event).encode()
        delivery, stamp = f"crowd_{secrets.token_hex(8)}", str(int(time.time()))
        prefer = "" if wait_s is None else f"Prefer: wait={wait_s}\r\n"
        head = (f"POST {self.path} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n{prefer}"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nwebhook-id: {delivery}\r\n"
                f"webhook-timestamp: {stamp}\r\n"
                f"webhook-signature: {sign(self.rig.env['WEBHOOK_SECRET'], delivery, stamp, body)}\r\n\r\n")
        new = socket.create_connection(self.address, timeout=20)
        if held:
            self.held[new], body = body[-1:], body[:-1]
        new.sendall(head.encode() + body)
        new.setblocking(False)
        self.partial[new] = b""
        self.selector.register(new, selectors.EVENT_READ)
        self.hear(0)

    def release(self):
        """Everybody who was held asks at once."""
        while self.held:
            waiting, missing = self.held.popitem()
            waiting.sendall(missing)

    def hear(self, timeout):
        for key, _ in self.selector.select(timeout):
            part = key.fileobj.recv(65536)
            if part:
                self.partial[key.fileobj] += part
                continue
            self.selector.unregister(key.fileobj)
            key.fileobj.close()
            self.answers.append(self.read(self.partial.pop(key.fileobj)))

    @staticmethod
    def read(raw):
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return Answer(int(lines[0].split()[1]), [line.split(": ", 1) for line in lines[1:]], body)

    def waiting(self):
        return len(self.partial)

    def gather(self, seconds):
        """Hears until everybody is answered, or the time is over; how many are not."""
        end = time.monotonic() + seconds
        while self.partial and time.monotonic() < end:
            self.hear(0.1)
        return len(self.partial)
