# SPDX-License-Identifier: Apache-2.0
"""A stand-in of one's own: nginx and the program in a temporary folder, on free
ports, with a client that sees every byte.  Nothing of it outlives its test."""
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("STANDIN_BIN", ROOT / "build/release/standin"))
TOKEN = "token-of-main"

NGINX = """
daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log warn;
events {{ worker_connections 512; }}
http {{
  client_body_temp_path {dir}/t1; fastcgi_temp_path {dir}/t2; proxy_temp_path {dir}/t3;
  scgi_temp_path {dir}/t4; uwsgi_temp_path {dir}/t5;
  include {dir}/standin.conf;
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


def make_certificate(folder):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem", cwd=folder)
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "tls.key", "-out", "tls.csr", cwd=folder)
    (folder / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "tls.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "ext", "-out", "tls.pem", cwd=folder)


class Broken(Exception):
    """The connection ended before a whole answer had come."""


class Tls:
    """TLS over a socket of ours: Python's own hides whether the end was a reset."""

    def __init__(self, sock, authority):
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=authority)
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.step(self.tls.do_handshake)

    def step(self, action, *words):
        while True:
            try:
                result = action(*words)
                self.sock.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outgoing.read())
                part = self.sock.recv(65536)
                self.incoming.write(part) if part else self.incoming.write_eof()

    def sendall(self, data):
        self.step(self.tls.write, data)

    def recv(self, size):
        try:
            return self.step(self.tls.read, size)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""


class Answer:
    def __init__(self, raw):
        if not raw:
            raise Broken("empty")
        head, self.separator, self.raw_body = raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        self.whole = len(self.raw_body) == int(self.headers.get("content-length", len(self.raw_body)))

    @property
    def json(self):
        return json.loads(self.raw_body)


class Standin:
    def __init__(self, folder):
        self.folder = folder
        self.tls_port = free_port()
        self.control_port = free_port()
        self.socket_path = folder / "standin.sock"
        self.processes = []

    def start(self):
        make_certificate(self.folder)
        text = (ROOT / "tests/standin/nginx.conf.in").read_text()
        for name, value in {"STANDIN_SOCKET": self.socket_path, "TLS_PORT": self.tls_port,
                            "CONTROL_PORT": self.control_port, "CERT": self.folder / "tls.pem",
                            "KEY": self.folder / "tls.key"}.items():
            text = text.replace(f"@{name}@", str(value))
        (self.folder / "standin.conf").write_text(text)
        (self.folder / "nginx.conf").write_text(("user root;" if os.geteuid() == 0 else "") +
                                                NGINX.format(dir=self.folder))
        environment = dict(os.environ, STANDIN_TOKEN=TOKEN, STANDIN_BALANCE="1000")
        self.log = open(self.folder / "standin.log", "w+")
        self.program = subprocess.Popen([BIN, "--socket", self.socket_path, "--threads", "48", "--seed", "7"],
                                        env=environment, stderr=self.log)
        self.nginx = subprocess.Popen(["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                      stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.control("summary")
                return self
            except (OSError, Broken, AssertionError):
                time.sleep(0.05)
        raise RuntimeError((self.folder / "error.log").read_text())

    def stop(self):
        self.nginx.send_signal(signal.SIGQUIT)
        self.program.send_signal(signal.SIGTERM)
        status = self.program.wait(10)
        try:
            self.nginx.wait(3)
        except subprocess.TimeoutExpired:
            self.nginx.terminate()
            self.nginx.wait(5)
        return status

    def exchange(self, method, path, body=None, headers=None, timeout=10, tls=True, source="127.0.0.1"):
        """One request on its own connection, byte for byte."""
        port = self.tls_port if tls else self.control_port
        head = {"Host": "localhost", "Connection": "close", **(headers or {})}
        if body is not None:
            head["Content-Length"] = str(len(body))
        text = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout, (source, 0)) as sock:
            stream = Tls(sock, self.folder / "ca.pem") if tls else sock
            stream.sendall(text.encode() + (body or b""))
            raw = b"".join(iter(lambda: stream.recv(65536), b""))
        return Answer(raw)

    def control(self, page, body=None):
        answer = self.exchange("GET" if body is None else "POST", "/_control/" + page,
                               None if body is None else json.dumps(body).encode(),
                               {"Content-Type": "application/json"}, tls=False)
        assert answer.status == 200, answer.raw_body
        return answer.json

    def call(self, name, fields=None, method="POST", token=TOKEN, where="header", form=False, **more):
        path = "/v1/" + (name if name in ("products", "product", "balance") else "licenses/" + name)
        fields = dict(fields or {})
        headers = {}
        query = {}
        if where == "header" and token:
            headers["Authorization"] = "Bearer " + token
        elif where == "query":
            query["token"] = token
        elif where == "body":
            fields["token"] = token
        body = None
        if method == "GET":
            query.update(fields)
        elif form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(fields).encode()
        else:
            headers["Content-Type"] = "application/json"
            body = json.dumps(fields).encode()
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.exchange(method, path, body, headers, **more)

    def zone(self, name, fields=None, method="POST", **more):
        body = None if method == "GET" else json.dumps(fields or {}).encode()
        return self.exchange(method, f"/api/{name}.php", body, {"Content-Type": "application/json"}, **more)

    def ledger(self, **query):
        return self.control("ledger?" + urllib.parse.urlencode(query))["calls"]

    def balance(self, name="main"):
        return next(a["balance"] for a in self.control("accounts")["accounts"] if a["name"] == name)

    def fault(self, fault, **more):
        self.control("faults", {"rules": [{"fault": fault, **more}]})

    def wait_for(self, check, seconds=5):
        until = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < until, "did not happen in time"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def running():
    with tempfile.TemporaryDirectory(prefix="standin.") as name:
        standin = Standin(pathlib.Path(name)).start()
        yield standin
        started = time.monotonic()
        status = standin.stop()
        log = (pathlib.Path(name) / "standin.log").read_text()
        assert status == 0, log
        assert time.monotonic() - started < 6
        assert TOKEN not in log
        assert "WARNING: ThreadSanitizer" not in log, log


@pytest.fixture
def standin(running):
    running.control("reset", {})
    return running
