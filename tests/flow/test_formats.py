# SPDX-License-Identifier: Apache-2.0
"""Every format of delivery through nginx: who proves himself gets in, once, and nobody else does."""
import hashlib
import hmac
import json
import pathlib
import secrets
import subprocess
import time

import pytest

from bridge import request
from front import Front

PAYLOADS = pathlib.Path(__file__).resolve().parent / "payloads"
MORE = """
source hub1 { format = hub secrets = { "hub-old.secret", "hub.secret" } products = { "cpanel" } }
source stripe1 { format = stripe secrets = { "stripe-old.secret", "stripe.secret" } products = { "cpanel" } }
source upmind1 {
  format = upmind
  secrets = { "upmind-old.secret", "upmind.secret" }
  products = { "cpanel" }
  fields {
    service_id = "object.id"
    product_code = "object.product_id"
    invoice_id = "object.last_invoice.id"
    ip = "object.custom_field_values.code=server_ip.value"
    billing_months = "object.billing_cycle_months"
    period_end = "object.next_due_date"
  }
  event contract_product_activated_hook { type = license.create }
  event contract_product_renewed_hook { type = license.renew }
  event contract_product_suspended_hook { type = license.suspend }
}
source blesta1 {
  format = blesta
  secrets = { "blesta-old.secret", "blesta.secret" }
  products = { "cpanel" }
  allow = { "127.0.0.1" }
  fields {
    service_id = "service_id"
    product_code = "=cpanel"
    invoice_id = "vars.invoice_id"
    ip = "vars.fields.key=license_ip.value"
    billing_months = "vars.months"
  }
  event Services.add { type = license.create }
  event Services.suspend { type = license.suspend }
}
source blesta2 {
  format = blesta
  secrets = { "blesta2.secret" }
  products = { "cpanel" }
  allow = { "192.0.2.1" }
  fields { service_id = "service_id" product_code = "=cpanel" }
  event Services.suspend { type = license.suspend }
}
"""


class Formats(Front):
    """The front door with one source per format."""

    def up(self):
        super().up()
        for name in ("hub-old", "hub", "stripe-old", "stripe", "upmind-old", "upmind", "blesta-old", "blesta", "blesta2"):
            self.secret[name] = f"whsec_{name}_{secrets.token_hex(16)}" if name == "stripe" else secrets.token_hex(20)
            (self.dir / f"{name}.secret").write_text(self.secret[name] + "\n")
        config = pathlib.Path(self.env["CONFIG"])
        config.write_text(config.read_text() + MORE)
        self.reload("config.loaded")

    def post(self, path, body, **headers):
        """Bytes with headers; underscores in names stand for dashes."""
        sent = {"content-type": "application/json"} | {n.replace("_", "-"): v for n, v in headers.items()}
        return request(f"{self.env['BASE_URL']}/v1/events/{path}", "POST", body,
                       {name: value for name, value in sent.items() if value is not None})

    def mac(self, name, *parts):
        return hmac.new(self.secret[name].encode(), b"".join(parts), hashlib.sha256).hexdigest()

    def hub(self, body, secret="hub"):
        return self.post("hub1", body, x_hub_signature_256="sha256=" + self.mac(secret, body))

    def stripe(self, body, stamp=None, header=None, secret="stripe"):
        stamp = str(int(time.time()) if stamp is None else stamp)
        mac = self.mac(secret, stamp.encode(), b".", body)
        return self.post("stripe1", body, stripe_signature=header or f"t={stamp},v0=00,v1={'0' * 64},v1={mac}")

    def upmind(self, body, secret="upmind"):
        return self.post("upmind1", body, x_webhook_signature=self.mac(secret, body))

    def blesta(self, body, event, secret=None, source="blesta1", **headers):
        return self.post(f"{source}/{secret or self.secret['blesta']}", body, x_blesta_event=event,
                         x_webhook_id="3", **headers)


@pytest.fixture(scope="module")
def front():
    with Formats() as running:
        yield running
        everything = "".join(log.read_text(errors="replace") for log in (running.dir / "log").iterdir())
        for name, secret in running.secret.items():
            assert secret not in everything, f"the secret of {name} is in a log"


def as_bytes(event):
    return json.dumps(event).encode()


def payload(name, service, address, **changed):
    """An example with a service and an address of its own."""
    text = (PAYLOADS / f"{name}.json").read_text()
    for old, new in {"64d82359-7e90-4d1f-8a15-0e1836782d5e": service, '"412"': f'"{service}"',
                     "198.51.100.77": address, "198.51.100.88": address, **changed}.items():
        text = text.replace(old, new)
    return text.encode()


def refused(front, answer, status, field):
    assert answer.status == status and answer.body.get("field") == field, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(secret in str(answer.raw) for secret in front.secret.values())


# hub: our body, the signature of GitHub's webhooks.

@pytest.mark.parametrize("secret", ["hub", "hub-old"])
def test_hub_takes_each_active_secret(front, secret):
    answer = front.hub(as_bytes(front.create()), secret)
    assert answer.status == 202 and answer.body["state"] == "queued"


def test_hub_body_is_one_delivery_for_ever(front):
    body = as_bytes(front.event("license.suspend", **front.fresh(operation_key=None, billing_months=None)))
    before = front.orders()
    first, again = front.hub(body), front.hub(body)
    assert first.status == again.status == 202 and first.body["order_id"] == again.body["order_id"]
    named = front.post("hub1", body, x_hub_signature_256="sha256=" + front.mac("hub", body), webhook_id="another")
    assert named.body["order_id"] == first.body["order_id"]  # a name that is not signed names nothing
    assert front.orders() == before + 1


def test_hub_refuses_what_is_not_signed(front):
    body, before = as_bytes(front.create()), front.orders()
    good = front.mac("hub", body)
    for header in (None, "", good, "sha256=" + good[:-1], "sha256=" + good + "0", "sha256=" + good.upper(),
                   "sha1=" + good, "sha256=" + "0" * 64, "sha256=" + front.mac("upmind", body)):
        refused(front, front.post("hub1", body, x_hub_signature_256=header), 401, "x-hub-signature-256")
    refused(front, front.post("hub1", body + b" ", x_hub_signature_256="sha256=" + good), 401, "x-hub-signature-256")
    refused(front, front.deliver(body, source="hub1"), 401, "x-hub-signature-256")  # signed as another format has it
    assert front.orders() == before


# stripe: our body, Stripe's header.

def test_stripe_signature_opens(front):
    body = as_bytes(front.create())
    first = front.stripe(body)
    assert first.status == 202
    again = front.stripe(body, int(time.time()) + 100)  # a repetition signs a new time
    assert again.status == 202 and again.body["order_id"] == first.body["order_id"]


def test_stripe_takes_the_old_secret_too(front):
    assert front.stripe(as_bytes(front.create()), secret="stripe-old").status == 202


def test_stripe_refuses_bad_times_and_signatures(front):
    body, before, now = as_bytes(front.create()), front.orders(), int(time.time())
    mac = front.mac("stripe", str(now).encode(), b".", body)
    for stamp in (now - 310, now + 310, 0):
        refused(front, front.stripe(body, stamp), 401, "stripe-signature")
    for header in (f"v1={mac}", f"t={now}", f"t={now},v1={mac[:-1]}", f"t={now},v0={mac}", f"t={now},t={now},v1={mac}",
                   f"t={now}, v1={mac}", f"t={now + 1},v1={mac}", f"t=+{now},v1={mac}", "", "t=,v1=", ","):
        refused(front, front.stripe(body, header=header or " "), 401, "stripe-signature")
    assert front.orders() == before


# upmind: the panel's own payload, signed.

def test_upmind_sells_renews_and_suspends(front):
    service, address = secrets.token_hex(8), "198.51.101.1"
    made = front.upmind(payload("upmind-activated", service, address))
    assert made.status == 202, made
    order = front.as_operator(made.headers["location"]).body
    assert (order["type"], order["source"], order["service_id"]) == ("license.create", "upmind1", service)
    assert order["operation_key"] == f"license.create:{service}:9e3d8f60-0d24-4d5e-8c8d-2f3a1b7c9d10"
    renewed = front.upmind(payload("upmind-renewed", service, address))
    assert renewed.status == 202 and renewed.body["state"] == "blocked"
    suspended = front.upmind(payload("upmind-suspended", service, address))
    assert suspended.status == 202 and suspended.body["state"] == "blocked"


def test_upmind_tells_one_invoice_often_and_it_is_bought_once(front):
    service, address, before = secrets.token_hex(8), "198.51.101.2", front.orders()
    ids = {"11111111-d5e9-0313-95a5-124867794de5": "upm-" + service}
    body = payload("upmind-activated", service, address, **ids)
    first = front.upmind(body)
    assert front.upmind(body).body["order_id"] == first.body["order_id"]  # the delivery again
    other = front.upmind(payload("upmind-activated", service, address,
                                 **{"11111111-d5e9-0313-95a5-124867794de5": "other-" + service}))
    assert other.status == 202 and other.body["order_id"] == first.body["order_id"]  # another one, the same invoice
    refused(front, front.upmind(body.replace(b"18:00:00", b"18:00:01")), 409, "webhook-id")
    assert front.orders() == before + 1


def test_upmind_takes_the_old_secret_too(front):
    body = payload("upmind-activated", secrets.token_hex(8), "198.51.101.7",
                   **{"11111111-d5e9-0313-95a5-124867794de5": "upm-" + secrets.token_hex(8)})
    assert front.upmind(body, "upmind-old").status == 202


def test_upmind_hooks_that_mean_nothing_are_ignored(front):
    before = front.orders()
    answer = front.upmind((PAYLOADS / "upmind-user-created.json").read_bytes())
    assert answer.status == 200 and answer.body == {"ok": True, "ignored": True}
    assert front.orders() == before


def test_upmind_refuses_what_is_not_signed_or_not_paid(front):
    body, before = payload("upmind-activated", "x1", "198.51.101.3"), front.orders()
    for header in (None, "0" * 64, front.mac("hub", body), "sha256=" + front.mac("upmind", body)):
        refused(front, front.post("upmind1", body, x_webhook_signature=header), 401, "x-webhook-signature")
    refused(front, front.upmind(body.replace(b"9e3d8f60-0d24-4d5e-8c8d-2f3a1b7c9d10", b"")), 422, "data.invoice_id")
    refused(front, front.upmind(body.replace(b"198.51.101.3", b"198.51.101.03")), 422, "data.ip")
    refused(front, front.upmind(body.replace(b'"cpanel"', b'"litespeed"')), 403, "data.product_code")
    refused(front, front.upmind(b"[]"), 400, None)
    refused(front, front.post(f"upmind1/{front.secret['upmind']}", body), 404, None)
    assert front.orders() == before


# blesta: a secret path and an address.

def test_blesta_sells_once_and_suspends_each_time(front):
    service, address, before = secrets.token_hex(4), "198.51.101.4", front.orders()
    body = payload("blesta-services-add", service, address)
    first = front.blesta(body, "Services.add")
    assert first.status == 202, first
    again = front.blesta(body.replace(b'"active"', b'"pending"'), "Services.add")  # what is not mapped may differ
    assert again.status == 202 and again.body["order_id"] == first.body["order_id"]
    suspend = payload("blesta-services-suspend", service, address)
    stopped = front.blesta(suspend, "Services.suspend")
    assert stopped.status == 202 and stopped.body["order_id"] != first.body["order_id"]
    assert front.orders() == before + 2


def test_blesta_takes_the_old_secret_too(front):
    body = payload("blesta-services-suspend", "b7", "198.51.101.8")
    assert front.blesta(body, "Services.suspend", front.secret["blesta-old"]).status == 202


def test_blesta_paid_work_needs_an_invoice(front):
    before = front.orders()
    body = payload("blesta-services-add", "b9", "198.51.101.5", **{'"2209"': "null"})
    refused(front, front.blesta(body, "Services.add"), 422, "data.invoice_id")
    assert front.orders() == before


def test_blesta_events_that_mean_nothing_are_ignored(front):
    before = front.orders()
    assert front.blesta(b"{}", "Clients.create").body == {"ok": True, "ignored": True}
    refused(front, front.blesta(b"{}", None), 400, "x-blesta-event")
    assert front.orders() == before


def test_blesta_refuses_wrong_paths_addresses_methods_and_bodies(front):
    body, before = payload("blesta-services-suspend", "b8", "198.51.101.6"), front.orders()
    good = front.secret["blesta"]
    for secret in ("x", good[:-1], good + "x", good.upper(), front.secret["blesta2"], front.secret["hub"]):
        refused(front, front.blesta(body, "Services.suspend", secret), 401, None)
    refused(front, front.post("blesta1", body, x_blesta_event="Services.suspend"), 401, None)
    assert front.post("blesta1/", body, x_blesta_event="Services.suspend").status == 404
    assert front.post(f"blesta1/{good}/", body, x_blesta_event="Services.suspend").status == 404
    assert front.post(f"blesta1/{good}/x", body, x_blesta_event="Services.suspend").status == 404
    refused(front, front.blesta(body, "Services.suspend", front.secret["blesta2"], "blesta2"), 403, None)
    got = front.get(f"/v1/events/blesta1/{good}", x_blesta_event="Services.suspend")
    assert got.status == 405 and got.headers["allow"] == "POST"
    refused(front, front.post(f"blesta1/{good}", b"service_id=1", x_blesta_event="Services.suspend",
                              content_type="application/x-www-form-urlencoded"), 415, "content-type")
    refused(front, front.post(f"demo/{good}", body), 404, None)
    assert front.orders() == before
    end = time.monotonic() + 5  # nginx writes its log once a second
    while "/v1/events/blesta1/-" not in front.log("access") and time.monotonic() < end:
        time.sleep(0.1)
    log = front.log("access")
    assert "/v1/events/blesta1/-" in log and good not in log


def test_a_wrong_format_is_named_with_file_and_line(front):
    config = pathlib.Path(front.env["CONFIG"])
    bad = front.dir / "bad.conf"
    text = config.read_text().replace("format = hub", "format = hubb")
    bad.write_text(text)
    line = text[:text.index("format = hubb")].count("\n") + 1
    done = subprocess.run([f"{front.env['BIN']}/bridgectl", "--config", bad, "check-config"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 78 and f"bad.conf:{line}: source hub1: format:" in done.stderr + done.stdout, done
