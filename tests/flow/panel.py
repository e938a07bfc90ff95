# SPDX-License-Identifier: Apache-2.0
"""A billing panel for tests: the PHP module as it is installed, the panel's own functions from tests/flow/panels,
and a stretch of line between module and bridge on which answers get lost."""
import base64
import functools
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import urllib.parse

from bridge import request, sign

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUBS = pathlib.Path(__file__).resolve().parent / "panels"
TABLES = """
create table tblhosting (id integer primary key, packageid int, server int, regdate text, nextduedate text,
  billingcycle text, domainstatus text, domain text, dedicatedip text, username text, language text);
create table tblproducts (id integer primary key, servertype text, configoption1 text, configoption2 text,
  configoption3 text, configoption4 text, configoption5 text, configoption6 text, configoption7 text,
  configoption8 text, configoption9 text);
create table tblservers (id integer primary key, type text, hostname text, port text, username text, password text,
  accesshash text);
create table tblinvoiceitems (id integer primary key, invoiceid int, type text, relid int, duedate text);
create table tbladmins (id integer primary key, language text);
create table stub_fields (serviceid int, name text, value text, primary key (serviceid, name));
create table stub_queue (serviceid int, action text, error text);
create table stub_log (kind text, text text);
"""


class Line(http.server.ThreadingHTTPServer):
    """Passes requests on to the bridge and keeps them; `lose` answers that come back are cut, `busy` requests are
    answered 503 without being passed on."""

    daemon_threads = True

    def __init__(self, url, certificate=None):
        super().__init__(("127.0.0.1", 0), Passing)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.target = urllib.parse.urlsplit(url)
        self.seen = []
        self.lose = self.busy = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def deliveries(self):
        return [(headers["webhook-id"], body) for method, _, headers, body in self.seen if method == "POST"]

    def take(self, name):
        with self.lock:
            left = getattr(self, name)
            setattr(self, name, max(0, left - 1))
            return left > 0

    def handle_error(self, *_):
        pass  # a caller that does not wait is part of the tests


class Passing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body))
        if self.command == "POST" and self.server.take("busy"):
            self.answer(503, [("retry-after", "1")], b"{}")
            return
        target = http.client.HTTPConnection(self.server.target.hostname, self.server.target.port, timeout=40)
        target.request(self.command, self.path, body=body, headers={k: v for k, v in headers.items() if k != "host"})
        answer = target.getresponse()
        raw = answer.read()
        target.close()
        if self.command == "POST" and self.server.take("lose"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.answer(answer.status, [(k, v) for k, v in answer.getheaders() if k.lower() in ("location", "retry-after")], raw)

    def answer(self, status, headers, raw):
        self.send_response(status)
        for name, value in headers + [("content-length", str(len(raw))), ("content-type", "application/json")]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = pass_on


@functools.lru_cache(maxsize=1)
def modules():
    """build/panels, fresh from the sources."""
    subprocess.run(["make", "-s", "panels"], cwd=ROOT, check=True, capture_output=True)
    return ROOT / "build" / "panels"


class Whmcs:
    """A WHMCS with the module and one server entry that leads to the rig over a Line."""

    def __init__(self, folder, rig, numbers):
        self.root, self.rig, self.numbers = folder, rig, numbers
        self.line = Line(rig.env["BASE_URL"])
        shutil.copytree(modules() / "whmcs", folder, dirs_exist_ok=True)
        shutil.copy(STUBS / "whmcs.php", folder / "init.php")
        self.sql(*[statement for statement in TABLES.split(";") if statement.strip()])
        self.server(1, rig.env["WEBHOOK_SECRET"])
        self.product(1, "cpanel")
        self.env = {}

    def close(self):
        self.line.shutdown()
        self.line.server_close()

    def sql(self, *statements, values=()):
        with sqlite3.connect(self.root / "whmcs.sqlite", timeout=10) as database:
            database.row_factory = sqlite3.Row
            rows = []
            for statement in statements:
                rows = [dict(row) for row in database.execute(statement, values)]
        database.close()
        return rows

    def server(self, number, secret, accesshash="", url=None, source="demo"):
        self.sql("replace into tblservers values (?, 'licensebridge', ?, '', ?, ?, ?)",
                 values=(number, url or self.line.url, source, "enc:" + base64.b64encode(secret.encode()).decode(), accesshash))

    def product(self, number, code, **options):
        columns = {1: code, 2: "IP Address", 3: "", 4: "", 5: "on", 6: "none", 7: "", 8: "", 9: "15"}
        columns.update({int(name[1:]): value for name, value in options.items()})
        self.sql("replace into tblproducts values (?, 'licensebridge', ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 values=(number, *[columns[i] for i in range(1, 10)]))

    def service(self, product=1, server=1, ip=None, cycle="Monthly", language="english"):
        number = next(self.numbers)
        ip = ip or f"10.77.{number // 250}.{number % 250 + 1}"
        self.sql("insert into tblhosting values (?, ?, ?, '2026-11-21', '2026-11-21', ?, 'Pending', 'example.com', '', '', ?)",
                 values=(number, product, server, cycle, language))
        self.field(number, ip)
        return number

    def field(self, service, ip, name="IP Address"):
        self.sql("replace into stub_fields values (?, ?, ?)", values=(service, name, ip))

    def row(self, service):
        return self.sql("select * from tblhosting where id = ?", values=(service,))[0]

    def call(self, *words, **env):
        done = subprocess.run(["php", "-d", "error_reporting=-1", "-d", "display_errors=stderr", STUBS / "call.php", self.root,
                               *map(str, words)], env={**os.environ, **self.env, **env}, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
        return json.loads(done.stdout)

    def run(self, action, service, **env):
        return self.call("run", action, service, **env)

    def function(self, name, service, **env):
        return self.call("function", name, service, **env)

    def finish(self, action, service, seconds=30):
        """The action, retried as staff retry it from the Module Queue, until it is done."""
        end = time.monotonic() + seconds
        result = self.run(action, service)
        while result != "success":
            assert time.monotonic() < end, result
            time.sleep(0.3)
            result = self.run(action, service)

    def pay(self, invoice, item, service, duedate, kind="Hosting"):
        self.sql("insert or ignore into tblinvoiceitems values (?, ?, ?, ?, ?)", values=(item, invoice, kind, service, duedate))
        assert self.call("hook", "InvoicePaidPreEmail", json.dumps({"invoiceid": invoice})) == 1

    def log(self, kind):
        return [json.loads(row["text"]) for row in self.sql("select text from stub_log where kind = ? order by rowid", values=(kind,))]

    def queue(self, service):
        return [row["action"] for row in self.sql("select action from stub_queue where serviceid = ?", values=(service,))]

    def bought(self, ip, product="cpanel"):
        page = self.rig.control(f"purchases?ip={ip}&type={product}")["purchases"]
        return (page[0]["creates"], page[0]["renews"]) if page else (0, 0)


class PhpServer:
    """php -S over a panel's folder: where callbacks arrive."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = open(folder.parent / "php.log", "w+b")
        self.process = subprocess.Popen(["php", "-d", "error_reporting=-1", "-d", "display_errors=stderr", "-S",
                                         f"127.0.0.1:{self.port}", "-t", folder],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4"}, start_new_session=True)
        end = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", self.port)):
            assert time.monotonic() < end and self.process.poll() is None
            time.sleep(0.05)

    def close(self):
        os.killpg(self.process.pid, 15)  # the server and the workers that it started, nobody else
        self.process.wait(10)
        self.log.close()

    def callback(self, secret, kind, data, delivery, timestamp=None, signature=None, method="POST", raw=None):
        body = raw if raw is not None else json.dumps({"type": kind, "timestamp": "2026-11-21T18:00:00.000Z", "schema": 1,
                                                       "data": data}).encode()
        timestamp = timestamp or str(int(time.time()))
        headers = {"content-type": "application/json", "webhook-id": delivery, "webhook-timestamp": timestamp,
                   "webhook-signature": signature or sign(secret, delivery, timestamp, body)}
        url = f"http://127.0.0.1:{self.port}/modules/servers/licensebridge/callback.php"
        return request(url, method, body, headers).status


SECRETLIKE = re.compile(r"whsec_[A-Za-z0-9+/]{8}|v1,[A-Za-z0-9+/]{20}")
