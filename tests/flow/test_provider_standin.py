# SPDX-License-Identifier: Apache-2.0
"""The provider room against the stand-in: each fault's verdict beside what the ledger says happened."""
import subprocess
import sys

import pytest

import provider_driver
from provider_driver import ROOT

sys.path.insert(0, str(ROOT / "tests" / "standin"))
from private import TOKEN, Standin  # noqa: E402

TYPE, IP = "cpanel", "203.0.113.10"
CREATE = {"name": "create", "fields": {"type": TYPE, "ip": IP, "billingcycle": 1}, "fence": True}
ZONE = {"license_key": "AAAA-BBBB-CCCC-DDDD-EEEE", "customer_email": "musteri@example.com", "hwid": "h1",
        "verification_type": "hwid"}


@pytest.fixture(scope="module")
def upstream(tmp_path_factory):
    subprocess.run(["make", "-s", "standin"], cwd=ROOT, check=True)
    provider_driver.build("provider_call")
    standin = Standin(tmp_path_factory.mktemp("standin")).start()
    yield standin
    standin.stop()


@pytest.fixture
def standin(upstream):
    upstream.control("reset", {})
    upstream.control("account", {"name": "main", "balance": "100"})
    return upstream


def call(standin, *lines, api="v1", **more):
    url = f"https://127.0.0.1:{standin.tls_port}/{api}"
    return provider_driver.call(url, *lines, ca=standin.folder / "ca.pem", token=TOKEN, **more)


def zone_call(standin, *lines, **more):
    return call(standin, *lines, api="api", provider="lisanszone", **more)


FAULTS = [
    ({"fault": "drop"}, "unsure"),
    ({"fault": "reset"}, "unsure"),
    ({"fault": "5xx"}, "unsure"),
    ({"fault": "5xx", "status": 502}, "unsure"),
    ({"fault": "5xx", "status": 302}, "unsure"),
    ({"fault": "5xx", "status": 307}, "unsure"),
    ({"fault": "5xx", "status": 408}, "unsure"),
    ({"fault": "cut"}, "unsure"),
    ({"fault": "cut_json"}, "unsure"),
    ({"fault": "html"}, "unsure"),
    ({"fault": "empty"}, "unsure"),
    ({"fault": "mistyped"}, "unsure"),
    ({"fault": "hang", "delay_ms": 3000}, "unsure"),
    ({"fault": "slow", "delay_ms": 3000}, "unsure"),
    ({"fault": "slow", "delay_ms": 100}, "done"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault,verdict", FAULTS, ids=["-".join(map(str, row[0].values())) for row in FAULTS])
def test_fault(standin, fault, verdict, when):
    standin.control("faults", {"rules": [{"endpoint": "create", "when": when, **fault}]})
    answer = call(standin, CREATE, timeout_ms=700)
    assert answer["verdict"] == verdict, answer
    calls = standin.control("ledger?endpoint=create")["calls"]
    assert len(calls) == 1 and answer["fence_runs"] == 1
    # The verdict is the same on both sides of the effect because nobody can tell them apart.
    assert calls[0]["effect"] == (when == "after") or fault["fault"] == "slow"


def test_limited_before_the_effect(standin):
    standin.control("faults", {"rules": [{"fault": "429", "retry_after": 9}, {"fault": "429", "status": 200}]})
    told, by_code = call(standin, CREATE, CREATE)
    assert (told["verdict"], told["seen"]["retry_after_ms"]) == ("later", 9000)
    assert (by_code["verdict"], by_code["seen"]["status"]) == ("later", 200)
    assert standin.control("summary")["purchases"]["creates"] == 0


def test_late_effect_is_unsure_now(standin):
    standin.control("faults", {"rules": [{"endpoint": "create", "fault": "late", "delay_ms": 200}]})
    assert call(standin, CREATE, timeout_ms=300)["verdict"] == "unsure"


def test_fence_false_reaches_no_ledger(standin):
    answer = call(standin, {**CREATE, "fence": False})
    assert (answer["verdict"], answer["code"]) == ("later", "fence_lost")
    assert standin.control("ledger")["calls"] == []


def test_untrusted_reaches_no_ledger(standin):
    url = f"https://127.0.0.1:{standin.tls_port}/v1"
    answer = provider_driver.call(url, CREATE, ca="/etc/ssl/certs/ca-certificates.crt", token=TOKEN)
    assert (answer["verdict"], answer["fence_runs"]) == ("later", 0)
    assert standin.control("ledger")["calls"] == []


def test_every_documented_call(standin):
    target = {"type": TYPE, "ip": IP}
    lines = [
        {"name": "products"}, {"name": "product", "fields": {"code": TYPE}}, {"name": "balance"}, CREATE,
        {"name": "renew", "fields": {**target, "billingcycle": 2}}, {"name": "suspend", "fields": target},
        {"name": "unsuspend", "fields": target},
        {"name": "change-ip", "fields": {**target, "newip": "203.0.113.20"}},
        {"name": "create", "fields": {"type": "litespeed", "ip": IP, "billingcycle": 1}},
        {"name": "change-core", "fields": {"type": "litespeed", "ip": IP, "new_type": "litespeed_x_core"}},
        {"name": "balance"},
    ]
    answers = call(standin, *lines)
    assert [answer["verdict"] for answer in answers] == ["done"] * len(lines), answers
    products, product, before, create, *_, after = answers
    assert {"code": "softaculous", "name": "Softaculous", "price": 1500000, "visible": True} in products["items"]
    assert [item["price"] for item in product["items"]] == [4000000]
    assert (before["balance"], after["balance"]) == (100000000, (100 - 4 - 8 - 3 - 5) * 1000000)
    assert create["license_id"].isdigit()
    ledger = standin.control("ledger")["calls"]
    assert {entry["token_place"] for entry in ledger} == {"header"}
    assert {entry["method"] for entry in ledger} == {"POST"}


@pytest.mark.parametrize("spelling", ["number", "string", "float"])
def test_balance_spellings(standin, spelling):
    standin.control("personality", {"balance": spelling})
    standin.control("account", {"name": "main", "balance": "119.5"})
    answer = call(standin, {"name": "balance"})
    assert (answer["has_balance"], answer["balance"]) == (True, 119500000)


@pytest.mark.parametrize("spelling", ["number", "text", "absent"])
def test_license_id_spellings(standin, spelling):
    standin.control("personality", {"license_id": spelling})
    answer = call(standin, CREATE)
    assert answer["verdict"] == "done" and (answer["license_id"] is None) == (spelling == "absent")


@pytest.mark.parametrize("status", ["200", "4xx"])
def test_refusals(standin, status):
    standin.control("personality", {"refusals": status})
    standin.control("account", {"name": "main", "balance": "5"})
    answers = call(standin, CREATE, CREATE, {"name": "create", "fields": {**CREATE["fields"], "ip": "203.0.113.11"}},
                   {"name": "suspend", "fields": {"type": TYPE, "ip": "203.0.113.99"}})
    assert [answer["verdict"] for answer in answers] == ["done", "refused", "refused", "refused"]
    assert "mevcut" in answers[1]["message"] and "bakiye" in answers[2]["message"]
    assert not any(answer["denied"] for answer in answers)


def test_a_denied_account(standin):
    standin.control("account", {"name": "main", "denied": True})
    answer = call(standin, {"name": "balance"})
    assert (answer["verdict"], answer["code"], answer["denied"]) == ("refused", "denied", True)


@pytest.mark.parametrize("invalid", ["400", "200"])
def test_lisans_zone(standin, invalid):
    standin.control("personality", {"zone_invalid": invalid})
    standin.control("zone", {"keys": [{"license_key": ZONE["license_key"], "expires_at": "2099-12-31 23:59:59"}]})
    lines = [{"name": name, "fields": ZONE} for name in ("verify", "activate", "verify", "deactivate", "verify")]
    answers = zone_call(standin, *lines, {"name": "info"})
    assert [answer["verdict"] for answer in answers] == ["refused", "done", "done", "done", "refused", "done"]
    # Their time has no zone, and the driver's account says Istanbul.
    assert answers[2]["expires_ms"] == 4102433999000
    assert (answers[2]["has_valid"], answers[2]["valid"]) == (True, True)


def test_lisans_zone_limit(standin):
    standin.control("zone", {"limiter": {"enabled": True, "limit": 2, "window_ms": 60000}})
    answers = zone_call(standin, *[{"name": "info"}] * 3)
    assert [answer["verdict"] for answer in answers] == ["done", "done", "later"]
