# SPDX-License-Identifier: Apache-2.0
"""A network of its own without a way out: a namespace whose addresses and names are what the test says.

Programs started there ask its name server through the system's own resolver; the test's sockets are opened
inside and used from outside.
"""
import contextlib
import ctypes
import os
import pathlib
import socket
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
TYPE_A, CLASS_IN = 1, 1
NXDOMAIN = 3


class Island:
    """`with Island(folder, ["10.0.0.1"]) as island:`; the addresses are its own, and nobody else is there."""

    def __init__(self, folder, addresses):
        self.name = f"lb{os.getpid()}-island"
        self.folder = pathlib.Path(folder)
        self.addresses = addresses
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self._ip("netns", "add", self.name)
        self.stack.callback(self._ip, "netns", "del", self.name)
        try:
            self._ip("-n", self.name, "link", "set", "lo", "up")
            for address in self.addresses:
                self._ip("-n", self.name, "addr", "add", f"{address}/32", "dev", "lo")
            (self.folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
            (self.folder / "nsswitch.conf").write_text("hosts: files dns\n")
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()

    @staticmethod
    def _ip(*words):
        subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL)

    def _inside(self, make):
        """What make() returns when it runs in the namespace: a thread goes there, and sockets stay where they were made."""
        made = []

        def enter():
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/run/netns/{self.name}", "rb") as there:
                if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(make())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return made[0]

    def listener(self, address, port=0):
        return self._inside(lambda: socket.create_server((address, port), backlog=64))

    def datagrams(self, address, port):
        def make():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind((address, port))
            return made
        return self._inside(make)

    def program(self, words, log):
        """The command that runs a program there, with the island's names."""
        script = (f'mount --bind {self.folder}/resolv.conf /etc/resolv.conf && '
                  f'mount --bind {self.folder}/nsswitch.conf /etc/nsswitch.conf && exec "$@"')
        with open(log, "ab") as out:
            return subprocess.Popen(["ip", "netns", "exec", self.name, "unshare", "--mount", "sh", "-c", script, "sh",
                                     *map(str, words)], stdin=subprocess.DEVNULL, stdout=out, stderr=out)


class Names:
    """A name server: `answers[name]` is a function of how often the name was asked for, to a list of addresses."""

    def __init__(self, island):
        self.socket = island.datagrams("127.0.0.1", 53)
        self.answers = {}
        self.asked = {}
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(512)
            except OSError:
                return
            self.socket.sendto(self._answer(query), peer)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind, = struct.unpack(">H", query[at + 1:at + 3])
        name, found = ".".join(labels), []
        if kind == TYPE_A and name in self.answers:
            self.asked[name] = self.asked.get(name, 0) + 1
            found = self.answers[name](self.asked[name])
        code = 0 if name in self.answers else NXDOMAIN
        records = [struct.pack(">HHHIH", 0xC00C, TYPE_A, CLASS_IN, 0, 4) + socket.inet_aton(one) for one in found]
        return query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0) + question + b"".join(records)
