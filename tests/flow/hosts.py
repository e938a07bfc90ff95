# SPDX-License-Identifier: Apache-2.0
"""Hosts of their own for workers: network namespaces behind one gateway.

Each host has its own loopback and a cable to the gateway, and nothing else.  What it sends to an upstream on
127.0.0.1 leaves through a relay of its own and then through the gateway's, so that the upstream sees one address,
as behind NAT.  PostgreSQL is reached over its Unix socket.
"""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

RELAY = pathlib.Path(__file__).resolve().parent / "relay.py"


def missing():
    """Why there can be no hosts here; None when there can."""
    if os.geteuid() != 0:
        return "network namespaces are root's to make"
    return None


def run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


class Hosts:
    """`with Hosts(3, port) as hosts:` makes them; port: the upstream's on 127.0.0.1."""

    def __init__(self, count, port):
        self.port = port
        self.net = f"10.{200 + os.getpid() % 50}"
        self.names = [f"lb{os.getpid()}-{n}" for n in range(1, count + 1)]
        self.children = []
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            for n, name in enumerate(self.names, 1):
                self.make(n, name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.stack.close()

    def make(self, n, name):
        run("ip", "netns", "add", name)
        self.stack.callback(subprocess.run, ["ip", "netns", "del", name], check=False)
        inside, outside = f"lbi{os.getpid()}-{n}", f"lbo{os.getpid()}-{n}"
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
        self.stack.callback(subprocess.run, ["ip", "link", "del", outside], check=False, stderr=subprocess.DEVNULL)
        run("ip", "addr", "add", f"{self.net}.{n}.1/30", "dev", outside)
        run("ip", "link", "set", outside, "up")
        run("ip", "-n", name, "addr", "add", f"{self.net}.{n}.2/30", "dev", inside)
        run("ip", "-n", name, "link", "set", inside, "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        self.spawn(sys.executable, RELAY, f"{self.net}.{n}.1", self.port, "127.0.0.1", self.port)
        self.spawn("ip", "netns", "exec", name, sys.executable, RELAY, "127.0.0.1", self.port, f"{self.net}.{n}.1",
                   self.port)

    def spawn(self, *words, **more):
        child = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, **more)
        self.children.append(child)
        return child

    def start(self, n, program, log):
        """Runs a program on the n-th host, under a host name of its own; its output goes to a file."""
        with open(log, "ab") as out:
            return self.spawn("ip", "netns", "exec", self.names[n - 1], "unshare", "--uts", "sh", "-c",
                              f'hostname host{n} && exec "$@"', "sh", *program, stdout=out, stderr=out)


def cpu_seconds(pid):
    """What a process has used of the processor so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.1)
