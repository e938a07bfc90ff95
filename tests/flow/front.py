# SPDX-License-Identifier: Apache-2.0
"""A rig whose front door has more sources than the usual one: rotated secrets, an allow list,
a retired source, ignored types.  No worker runs, so every order stays as the door made it."""
import base64
import contextlib
import pathlib
import secrets
import signal
import subprocess
import time

import psycopg

from bridge import Rig, request, sign
from fastcgi import Connection

SOURCES = """
source rotated {
  format = "canonical"
  secrets = { "rotated-old.secret", "rotated-new.secret" }
  products = { "cpanel" }
  ignore = { "invoice.created", "license.verify" }
}
source far { format = "canonical" secrets = { "far.secret" } products = { "cpanel" } allow = { "192.0.2.0/24" } }
source gone { format = "canonical" secrets = { "gone.secret" } products = { "cpanel" } retired = true }
"""


class Front(Rig):
    """tests/rig/up with the sources above; secrets are in `secret`."""

    def __init__(self, **env):
        super().__init__(WORKERS=0, UPSTREAM_URL="https://127.0.0.1:1/v1", **env)
        self.secret = {}
        self.serial = 0

    def up(self):
        super().up()
        self.secret["demo"] = self.env["WEBHOOK_SECRET"]
        for name in ("rotated-old", "rotated-new", "far", "gone"):
            self.secret[name] = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
            (self.dir / f"{name}.secret").write_text(self.secret[name] + "\n")
        config = pathlib.Path(self.env["CONFIG"])
        config.write_text(config.read_text() + SOURCES)
        self.reload("config.loaded")

    def pid(self, name="intake"):
        return int((self.dir / "run" / f"{name}.pid").read_text())

    def signal(self, number, name="intake"):
        subprocess.run(["kill", f"-{int(number)}", str(self.pid(name))], check=True)

    def reload(self, event):
        """SIGHUP, and waits until the log says what came of it."""
        before = self.log("intake").count(event)
        self.signal(signal.SIGHUP)
        self.until(lambda: self.log("intake").count(event) > before)

    @staticmethod
    def until(true, seconds=10):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "it did not come about"
            time.sleep(0.02)

    def sql(self, text):
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.env["DATABASE_URL"],
                               "-c", text], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    @contextlib.contextmanager
    def stuck(self):
        """The front door cannot store anything until the block ends; it has tried when blocked() says so."""
        with psycopg.connect(self.env["DATABASE_URL"]) as holder:
            holder.execute("lock table bridge.delivery in access exclusive mode")
            yield

    def blocked(self):
        return self.sql("select exists (select from pg_locks where relation = 'bridge.delivery'::regclass "
                        "and not granted)") == "t"

    def stored(self):
        """How many deliveries were accepted; those that wait for their order's end are parked in the same turn."""
        return self.log("intake").count("event=delivery.accepted")

    def left(self):
        """How many of those that waited have been let go of, because nobody was there any more."""
        return self.log("intake").count("event=delivery.left")

    def orders(self):
        return int(self.sql("select count(*) from bridge.orders"))

    def fresh(self, **data):
        """The data of a create that nobody has asked for before; None takes a field away."""
        self.serial += 1
        whole = {"operation_key": f"k{self.serial}", "service_id": f"s{self.serial}", "product_code": "cpanel",
                 "ip": f"198.51.{self.serial // 200 + 1}.{self.serial % 200 + 1}", "billing_months": 1} | data
        return {name: value for name, value in whole.items() if value is not None}

    def create(self, **data):
        return self.event("license.create", **self.fresh(**data))

    def connect(self, name="intake"):
        return Connection(f"{self.env['PRIVATE']}/sock/{name}.sock")

    def params(self, body, delivery=None, timestamp=None, **changed):
        """What nginx sends for a good delivery; None takes a parameter away."""
        delivery = delivery or f"msg_{secrets.token_hex(12)}"
        timestamp = timestamp or str(int(time.time()))
        whole = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/v1/events/demo", "QUERY_STRING": "",
                 "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "127.0.0.1",
                 "HTTP_WEBHOOK_ID": delivery, "HTTP_WEBHOOK_TIMESTAMP": timestamp,
                 "HTTP_WEBHOOK_SIGNATURE": sign(self.secret["demo"], delivery, timestamp, body)} | changed
        return [(name, value) for name, value in whole.items() if value is not None]

    def get(self, path, page="BASE_URL", **headers):
        return request(self.env[page] + path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def as_operator(self, path, page="BASE_URL"):
        return self.get(path, page, authorization=f"Bearer {self.env['OPS_TOKEN']}")

    def as_panel(self, path, secret="demo", delivery="look1", timestamp=None):
        timestamp = timestamp or str(int(time.time()))
        return self.get(path, webhook_id=delivery, webhook_timestamp=timestamp,
                        webhook_signature=sign(self.secret[secret], delivery, timestamp, path.encode()))

    def descriptors(self, name="intake"):
        return len(list(pathlib.Path(f"/proc/{self.pid(name)}/fd").iterdir()))

    def resident_kib(self, name="intake"):
        for line in pathlib.Path(f"/proc/{self.pid(name)}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0
