# SPDX-License-Identifier: Apache-2.0
"""Every call of both providers' documents, from the webhook to the upstream's ledger over TLS."""
import itertools
import subprocess
import time

import pytest

from bridge import Rig
from conftest import Service

MAIL = "musteri@example.com"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def shared_rig():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000", RIG_LISANSZONE_REQUESTS=100000,
             RIG_ZONE="sweep = 0s") as running:
        running.control("zone", {"limiter": {"enabled": False}})
        yield running


@pytest.fixture(autouse=True)
def plain(rig):
    """The stand-in as it is by default, before and after."""
    yield
    rig.control("personality", {"refusals": "200"})


def sql(rig, text):
    out = subprocess.run(["psql", "-X", "-At", "-F", "|", "-v", "ON_ERROR_STOP=1", rig.env["DATABASE_URL"], "-c", text],
                         capture_output=True, text=True, check=True)
    return [line.split("|") for line in out.stdout.splitlines()]


class Key(Service):
    """A Lisans Zone key of a customer and what its panel sends for it."""

    def __init__(self, rig, known=True, **fields):
        super().__init__(rig, "lz-app")
        self.key = f"KEY-{next(NUMBERS):04}"
        self.fields = {"ip": None, "license_key": self.key, "customer_email": MAIL, "hwid": f"hw-{self.key}",
                       "verification_type": "hwid", **fields}
        if known:
            self.set()

    def set(self, **members):
        self.rig.control("zone", {"keys": [{"license_key": self.key, **members}]})

    def send(self, kind, delivery=None, **data):
        return super().send(kind, delivery=delivery, **{**self.fields, "billing_months": None, **data})

    def calls(self, *endpoints):
        page = self.rig.control(f"ledger?license_key={self.key}&limit=20000")
        return [c for c in page["calls"] if not endpoints or c["endpoint"] in endpoints]

    def activations(self):
        keys = self.rig.control("zone")["keys"]
        return [a for k in keys if k["license_key"] == self.key for a in k["activations"] if a["active"]]

    def requests(self, order):
        return [row[0] for row in sql(self.rig, f"select request from ops.attempts where order_id = {int(order)} order by attempt")]

    def ended(self, kind, **data):
        return self.rig.wait(self.order(kind, **data), seconds=30)


def test_a_key_lives_its_whole_life(rig):
    key = Key(rig, domain="example.com", ip="198.51.100.7", verification_type="all")
    key.set(expires_at="2099-12-31 23:59:59")
    created = key.done("license.create", metadata={"machine_name": "PC-1", "os_info": "Windows 11 Pro"})
    sent = key.requests(created["order_id"])
    assert len(sent) == 1 and sent[0].startswith("activate {"), sent
    for member in (f'"license_key":"{key.key}"', f'"customer_email":"{MAIL}"', f'"hwid":"hw-{key.key}"',
                   '"domain":"example.com"', '"ip_address":"198.51.100.7"', '"machine_name":"PC-1"',
                   '"os_info":"Windows 11 Pro"', '"verification_type":"all"'):
        assert member in sent[0], sent
    assert [(a["hwid"], a["domain"], a["ip"]) for a in key.activations()] == [(f"hw-{key.key}", "example.com", "198.51.100.7")]
    key.done("license.verify")
    key.done("license.renew", period_end="2099-12-31")
    gone = key.done("license.suspend", reason="fatura ödenmedi")
    assert '"deactivation_reason":"fatura ödenmedi"' in key.requests(gone["order_id"])[0]
    assert key.activations() == []
    key.done("license.unsuspend")
    assert len(key.activations()) == 1
    key.done("license.terminate", reason="Cihaz değişikliği")
    assert key.activations() == []
    assert [c["endpoint"] for c in key.calls()] == ["activate", "verify", "verify", "deactivate", "activate", "deactivate"]


def test_times_without_a_zone_are_read_in_the_configured_one(rig):
    key = Key(rig)
    key.set(expires_at="2031-07-01 12:00:00")
    order = key.done("license.create")
    row = sql(rig, "select expires_at, extract(epoch from activated_at) from bridge.license "
                   f"where license_key = '{key.key}'")[0]
    assert row[0] == "2031-07-01 09:00:00+00"  # Europe/Istanbul is three hours ahead
    # The stand-in's own clock is UTC, so what it calls 12:00 was 09:00.
    assert abs(float(row[1]) + 3 * 3600 - time.time()) < 60
    assert order["license"]["expires_at"] == "2031-07-01T09:00:00Z"


@pytest.mark.parametrize("kind, given, missing", [
    ("hwid", {"hwid": "H-1"}, "data.hwid"), ("domain", {"domain": "shop.example"}, "data.domain"),
    ("ip", {"ip": "198.51.100.20"}, "data.ip"), ("all", {"domain": "all.example"}, "data.verification_type")])
def test_verification_types(rig, kind, given, missing):
    bare = Key(rig, hwid=None, verification_type=kind)
    for event in ("license.create", "license.renew", "license.unsuspend", "license.verify"):
        refused = bare.send(event)
        assert (refused.status, refused.body["field"]) == (422, missing), refused
    assert bare.calls() == []
    key = Key(rig, **{"hwid": None, "verification_type": kind, **given})
    key.set(verification_type=kind)
    key.done("license.create")
    key.done("license.verify")
    key.done("license.suspend")
    assert key.activations() == []
    key.done("license.unsuspend")
    call = key.calls("activate")[-1]
    assert call["type"] == kind and {n: call[n] for n in given} == given


@pytest.mark.parametrize("field", ["license_key", "customer_email"])
def test_what_every_call_needs(rig, field):
    key = Key(rig)
    for event in ("license.create", "license.renew", "license.suspend", "license.unsuspend", "license.terminate",
                  "license.verify"):
        refused = key.send(event, **{field: None})
        assert (refused.status, refused.body["field"]) == (422, f"data.{field}"), refused


@pytest.mark.parametrize("refusals", ["200", "4xx"])
def test_failed_codes(rig, refusals):
    rig.control("personality", {"refusals": refusals})
    unknown = Key(rig, known=False)
    failed = unknown.ended("license.create")
    assert failed["state"] == "failed" and "Lisans anahtarı bulunamadı" in failed["reason"]
    gone = unknown.ended("license.terminate")
    assert gone["state"] == "failed" and "Lisans anahtarı bulunamadı" in gone["reason"]
    asked = unknown.ended("license.verify")
    assert asked["state"] == "failed"
    codes = sql(rig, "select o.type, o.reason_code from ops.orders o join ops.attempts a using (order_id) "
                     f"where service_id = '{unknown.id}' order by order_id")
    assert codes == [["license.create", "activation_failed"], ["license.terminate", "deactivation_failed"],
                     ["license.verify", "verification_failed"]]


def test_a_license_that_is_not_valid_is_told_to_the_panel(rig):
    key = Key(rig)
    key.done("license.create")
    key.set(disabled=True)
    assert key.ended("license.verify")["state"] == "failed"
    assert sql(rig, f"select invalid_at is not null from bridge.license where license_key = '{key.key}'") == [["t"]]
    key.set(disabled=False)
    key.done("license.verify")
    assert sql(rig, f"select invalid_at is null, verified_at is not null from bridge.license where license_key = '{key.key}'") == [["t", "t"]]


@pytest.mark.parametrize("endpoint, event", [("activate", "license.create"), ("verify", "license.verify"),
                                             ("deactivate", "license.suspend")])
@pytest.mark.parametrize("fault", [{"fault": "429"}, {"fault": "429", "status": 200}, {"fault": "429", "retry_after": 30}])
def test_rate_limit_exceeded(rig, endpoint, event, fault):
    key = Key(rig)
    if event != "license.create":
        key.done("license.create")
    # An hour's budget would rest for a minute, and this is not a test of patience.
    rig.fault(endpoint=endpoint, license_key=key.key, **fault)
    order = key.order(event)
    end = time.monotonic() + 10
    while sql(rig, f"select attempts from ops.orders where order_id = {int(order)} and state = 'queued'") != [["1"]]:
        assert time.monotonic() < end, rig.order(order)
        time.sleep(0.05)
    assert "asked for fewer calls and rests until" in rig.order(order)["reason"]
    sql(rig, "update bridge.budget set cool_until = now() where cool_until is not null")
    assert rig.wait(order, seconds=20)["state"] == "succeeded"
    assert [c["outcome"] for c in key.calls(endpoint)][-2:] == ["none", "done"]
    assert sql(rig, "select max(strikes) from ops.budgets") == [["0"]]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("endpoint, event", [("activate", "license.create"), ("verify", "license.verify"),
                                             ("deactivate", "license.terminate")])
def test_server_error(rig, endpoint, event, when):
    key = Key(rig)
    if event != "license.create":
        key.done("license.create")
    rig.fault(endpoint=endpoint, license_key=key.key, fault="5xx", when=when)
    order = key.done(event)
    assert order["attempts"] == 2
    assert sql(rig, f"select verdict, reason_code from ops.attempts where order_id = {int(order['order_id'])} order by attempt") \
        == [["unsure", "server_error"], ["done", "done"]]
    assert len(key.activations()) == (0 if event == "license.terminate" else 1)


@pytest.mark.parametrize("valid, state", [(True, "succeeded"), (False, "needs_review")])
def test_verify_tells_what_became_of_a_lost_activation(rig, valid, state):
    key = Key(rig)
    no = '{"success":false,"error":"Aktivasyon limiti doldu.","error_code":"ACTIVATION_FAILED"}'
    rig.fault(endpoint="activate", license_key=key.key, fault="drop", when="after" if valid else "before")
    rig.fault(endpoint="activate", license_key=key.key, fault="5xx", status=400, body=no)
    order = key.ended("license.create")
    assert order["state"] == state, order
    assert [c["endpoint"] for c in key.calls()] == ["activate", "activate", "verify"]
    assert len(key.activations()) == (1 if valid else 0)


def test_dry_runs_tell_the_call_and_the_price(rig):
    key = Key(rig)
    answer = key.send("license.create", dry_run=True)
    assert answer.status == 200 and answer.body["price"] == "0" and answer.body["call"]["call"] == "activate"
    assert answer.body["call"]["fields"]["license_key"] == key.key
    assert key.calls() == []
    assert rig.ctl_program("products", "sync", "main").returncode == 0
    service = Service(rig, "litespeed")
    answer = service.send("license.create", dry_run=True, billing_months=3)
    assert (answer.body["price"], answer.body["call"]["call"]) == ("3", "create") and service.calls() == []
    answer = service.send("license.suspend", dry_run=True)
    assert (answer.body["price"], answer.body["call"]["call"]) == ("0", "suspend")


def test_the_provider_says_what_it_is(rig):
    end = time.monotonic() + 20
    while sql(rig, "select api_version, api_status, overall_status, total_licenses is not null from ops.providers where account = 'zone'") \
            != [["2.0", "operational", "operational", "t"]]:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert "operational" in rig.ctl_program("doctor").stdout
