# SPDX-License-Identifier: Apache-2.0
"""Hosts of their own for programs: network namespaces behind one gateway.

Each host has its own loopback and a cable to the gateway, and nothing else.  What it sends to an upstream on
127.0.0.1 leaves through a relay of its own and then through the gateway's, so that the upstream sees one address,
as behind NAT.  PostgreSQL is reached over its Unix socket, or through a switch that joins the hosts and nobody else.
Cables can be pulled.
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

    def outer(self, n):
        """The address at which the gateway reaches the n-th host."""
        return f"{self.net}.{n}.2"

    def inner(self, n):
        """Its address among the hosts, once there is a switch."""
        return f"{self.net}.100.{n}"

    def switch_make(self):
        """A second network with a cable to each host. The gateway is not in it."""
        switch = f"lbs{os.getpid()}"
        run("ip", "link", "add", switch, "type", "bridge")
        self.stack.callback(subprocess.run, ["ip", "link", "del", switch], check=False)
        run("ip", "link", "set", switch, "up")
        for n, name in enumerate(self.names, 1):
            plug, inside = self.plug(n), f"lbw{os.getpid()}-{n}"
            run("ip", "link", "add", plug, "type", "veth", "peer", "name", inside, "netns", name)
            self.stack.callback(subprocess.run, ["ip", "link", "del", plug], check=False, stderr=subprocess.DEVNULL)
            run("ip", "link", "set", plug, "master", switch, "up")
            run("ip", "-n", name, "addr", "add", f"{self.inner(n)}/24", "dev", inside)
            run("ip", "-n", name, "link", "set", inside, "up")

    @staticmethod
    def plug(n):
        return f"lbp{os.getpid()}-{n}"

    def cut_inner(self, n):
        """From now on what the n-th host sends to the others is lost without a word."""
        run("ip", "link", "set", self.plug(n), "nomaster")

    def mend_inner(self, n):
        run("ip", "link", "set", self.plug(n), "master", f"lbs{os.getpid()}")

    def cut_outer(self, n):
        run("ip", "-n", self.names[n - 1], "link", "set", f"lbi{os.getpid()}-{n}", "down")

    def mend_outer(self, n):
        run("ip", "-n", self.names[n - 1], "link", "set", f"lbi{os.getpid()}-{n}", "up")

    def inside(self, n, *words):
        """Runs a program on the n-th host to its end; what it printed."""
        return subprocess.run(["ip", "netns", "exec", self.names[n - 1], *map(str, words)], check=True, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True).stdout

    def spawn(self, *words, **more):
        child = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, **more)
        self.children.append(child)
        return child

    def ended(self):
        """What was started and is gone by itself: killed by nobody, told by nobody."""
        return [" ".join(child.args) for child in self.children if child.poll() not in (None, -signal.SIGKILL)]

    def start(self, n, program, log):
        """Runs a program on the n-th host, under a host name of its own; its output goes to a file."""
        with open(log, "ab") as out:
            return self.spawn("ip", "netns", "exec", self.names[n - 1], "unshare", "--uts", "--ipc", "sh", "-c",
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
