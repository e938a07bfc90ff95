# SPDX-License-Identifier: Apache-2.0
"""A running rig for the demo and for tests: sends signed webhooks, reads orders, asks the stand-in.

Standard library only, and nothing of the bridge's own code: what the tests sign and check they
sign and check by the published rules (Standard Webhooks).
"""
import base64
import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import os
import pathlib
import secrets
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
FINISHED = ("succeeded", "failed", "cancelled")
SANITIZER = ("==ERROR: ", "WARNING: ThreadSanitizer", ": runtime error: ")
RESTING = FINISHED + ("needs_review", "held")


class Answer:
    """Status, headers (lower-case names) and body of one HTTP answer."""

    def __init__(self, status, headers, raw):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.raw = raw

    @property
    def body(self):
        return json.loads(self.raw)

    def __repr__(self):
        return f"<{self.status} {self.raw[:200]!r}>"


def request(url, method="GET", body=None, headers=None, ca=None, timeout=40):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def sign(secret, delivery, timestamp, body):
    """The value of webhook-signature over id.timestamp.body."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{delivery}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@contextlib.contextmanager
def undisturbed():
    """A second Ctrl-C must not end the cleaning up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Rig:
    """`with Rig(WORKERS=2) as rig:` starts one and takes it down again."""

    here = HERE  # whose up, down and ctl
    patience = 40  # seconds until a panel gives an answer up

    def __init__(self, **env):
        self.settings = {name: str(value) for name, value in env.items()}
        self.dir = None
        self.env = {}

    def __enter__(self):
        try:
            self.up()
        except BaseException:  # Ctrl-C too: whatever has begun ends
            self.down()
            raise
        return self

    def __exit__(self, *_):
        self.down()

    def up(self):
        self.up_in(pathlib.Path(tempfile.mkdtemp(prefix="bridge-rig.")))

    def up_in(self, folder):
        """Brings it up in a folder that may stay."""
        self.dir = folder
        done = subprocess.run([self.here / "up", self.dir], env={**os.environ, **self.settings}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              start_new_session=True)
        if done.returncode:
            raise RuntimeError(f"the rig did not come up:\n{done.stdout}")
        self.read_env()

    def read_env(self):
        self.env = dict(line.split("=", 1) for line in (self.dir / "rig.env").read_text().splitlines())

    def down(self):
        """Ends everything; the folder with the logs stays when RIG_KEEP is set."""
        if self.dir is None:
            return
        with undisturbed():
            subprocess.run([self.here / "down", self.dir], stdin=subprocess.DEVNULL, check=False, start_new_session=True)
            reports = self.sanitizer_reports()
            if not os.environ.get("RIG_KEEP"):
                shutil.rmtree(self.dir, ignore_errors=True)
        self.dir = None
        if reports:
            raise RuntimeError("a sanitizer found something:\n" + "\n".join(reports))

    def sanitizer_reports(self):
        """What programs built with VARIANT=asan or tsan complained of, leaks at their end included."""
        found = []
        for log in sorted((self.dir / "log").glob("*.log")):
            with open(log, errors="replace", encoding="utf-8") as lines:  # a log may be of millions of orders
                first = next((line for line in lines if any(mark in line for mark in SANITIZER)), None)
                if first:
                    found.append(f"{log.stem}: {first}{''.join(itertools.islice(lines, 40))}")
        return found

    def ctl(self, *words):
        """start, stop, kill or restart components: rig.ctl("kill", "worker1")."""
        subprocess.run([self.here / "ctl", self.dir, *words], stdin=subprocess.DEVNULL, check=True)

    def names(self):
        """Its components, in the order in which they were started."""
        return (self.dir / "run" / "names").read_text().split()

    def log(self, name):
        return (self.dir / "log" / f"{name}.log").read_text(errors="replace")

    def ctl_program(self, *words):
        """Runs bridgectl against this rig."""
        return subprocess.run([f"{self.env['BIN']}/bridgectl", "--config", self.env["CONFIG"], *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    @contextlib.contextmanager
    def transaction(self, statement):
        """Somebody's transaction: it has done the statement, holds its locks and its snapshot, and waits."""
        psql = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.env["DATABASE_URL"]],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            psql.stdin.write(f"begin isolation level repeatable read; {statement};\n\\echo held\n")
            psql.stdin.flush()
            while (line := psql.stdout.readline()) != "held\n":
                if not line:
                    raise RuntimeError(f"not carried out: {statement}")
            yield
        finally:
            psql.communicate(timeout=60)

    # The panel's side.

    @staticmethod
    def event(kind, **data):
        return {"type": kind, "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "schema": 1,
                "data": data}

    def door(self):
        """Where panels find the bridge."""
        return self.env["BASE_URL"]

    def deliver(self, body, delivery=None, secret=None, timestamp=None, headers=None, source=None):
        """Posts bytes (or an event) as a panel would."""
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        delivery = delivery or f"msg_{secrets.token_hex(12)}"
        timestamp = timestamp or str(int(time.time()))
        sent = {"content-type": "application/json", "webhook-id": delivery, "webhook-timestamp": timestamp,
                "webhook-signature": sign(secret or self.env["WEBHOOK_SECRET"], delivery, timestamp, body)}
        sent.update(headers or {})
        url = f"{self.door()}/v1/events/{source or self.env['SOURCE']}"
        return request(url, "POST", body, {name: value for name, value in sent.items() if value is not None},
                       timeout=self.patience)

    def send(self, kind, delivery=None, headers=None, **data):
        return self.deliver(self.event(kind, **data), delivery=delivery, headers=headers)

    def order(self, order_id):
        answer = request(f"{self.door()}/v1/orders/{order_id}",
                         headers={"authorization": f"Bearer {self.env['OPS_TOKEN']}"}, timeout=self.patience)
        if answer.status != 200:
            raise RuntimeError(f"order {order_id}: {answer}")
        return answer.body

    def wait(self, order_id, states=RESTING, seconds=60):
        """The order once its state is one of `states`; AssertionError when that takes too long."""
        end = time.monotonic() + seconds
        while True:
            order = self.order(order_id)
            if order["state"] in states:
                return order
            assert time.monotonic() < end, f"order {order_id} is still {order['state']}: {order['reason']}"
            time.sleep(0.05)

    # The stand-in's side.

    def control(self, page, body=None):
        """Reads a control page, or sets something with it."""
        answer = request(f"{self.env['CONTROL_URL']}/{page}", "GET" if body is None else "POST",
                         None if body is None else json.dumps(body).encode(), {"content-type": "application/json"},
                         ca=self.env["UPSTREAM_CA"])
        if answer.status != 200:
            raise RuntimeError(f"control {page}: {answer}")
        return answer.body

    def fault(self, **rule):
        """One more rule for the stand-in: endpoint, ip, fault, when, times …"""
        return self.control("faults", {"mode": "append", "rules": [rule]})
