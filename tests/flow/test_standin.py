# SPDX-License-Identifier: Apache-2.0
"""The stand-in is the judge of every other test, so it is judged here: each
documented call, refusal, fault and switch, through a real nginx over TLS."""
import concurrent.futures
import json
import pathlib
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "standin"))
from private import TOKEN, Broken, running, standin  # noqa: E402, F401 (fixtures)

IP = "203.0.113.10"
CPANEL = {"type": "cpanel", "ip": IP}
MONTH = {**CPANEL, "billingcycle": 1}


def create(standin, **fields):
    answer = standin.call("create", {**MONTH, **fields})
    assert answer.json["success"] is True, answer.raw_body
    return answer.json


# Every documented call, by both methods and with all places of the token.

PLACES = [("GET", "header", False), ("GET", "query", False), ("POST", "header", False), ("POST", "query", False),
          ("POST", "body", False), ("POST", "body", True), ("POST", "header", True)]


@pytest.mark.parametrize("method,where,form", PLACES)
def test_every_call_succeeds(standin, method, where, form):
    def done(name, fields=None):
        answer = standin.call(name, fields, method, where=where, form=form)
        assert answer.status == 200 and answer.json["success"] is True, answer.raw_body
        return answer.json

    products = done("products")
    assert products["count"] == len(products["products"]) == 6
    first = products["products"][0]
    assert (first["code"], first["name"], first["credit_price"]) == ("cpanel", "cPanel", 4)
    assert done("product", {"code": "softaculous"})["product"]["credit_price"] == 1.5
    assert done("product", {"id": 2})["product"]["code"] == "litespeed"
    assert done("balance")["account"] == {"balance": 1000, "currency": "credit", "sandbox_enabled": False}
    made = done("create", MONTH)
    assert made["message"] == "Lisans işlemi tamamlandı." and isinstance(made["license_id"], int)
    assert done("renew", {**CPANEL, "billingcycle": 3})["message"] == "Lisans yenilendi."
    assert done("suspend", CPANEL)["message"] == "Lisans askıya alındı."
    assert done("unsuspend", CPANEL)["message"] == "Lisans aktif edildi."
    assert done("change-ip", {**CPANEL, "newip": "203.0.113.20"})["message"] == "IP adresi güncellendi."
    done("create", {"type": "litespeed", "ip": IP, "billingcycle": 1})
    core = done("change-core", {"type": "litespeed", "ip": IP, "new_type": "litespeed_x_core"})
    assert core["message"] == "Core bilgisi güncellendi."
    assert standin.balance() == str(1000 - 4 - 12 - 3 - 5)

    calls = standin.ledger()
    assert {c["token_place"] for c in calls} == {where} and {c["method"] for c in calls} == {method}
    assert [c["endpoint"] for c in calls if c["effect"]] == [
        "create", "renew", "suspend", "unsuspend", "change-ip", "create", "change-core"]
    assert [c["effect_seq"] for c in calls if c["effect"]] == list(range(1, 8))
    assert [c["seq"] for c in calls] == list(range(1, len(calls) + 1))
    history = standin.control("licenses?type=cpanel")["licenses"][0]
    assert [h["action"] for h in history["history"]] == ["create", "renew", "suspend", "unsuspend", "change-ip"]
    assert history["ip"] == "203.0.113.20" and history["state"] == "active"
    summary = standin.control("summary")
    assert summary["balanced"] and summary["purchases"]["creates"] == 2 and summary["purchases"]["charged"] == "24"
    assert TOKEN not in json.dumps([calls, summary, standin.control("accounts")])


def test_bad_requests(standin):
    for token in ("wrong", None):
        answer = standin.call("balance", token=token)
        assert answer.status == 401 and answer.json["success"] is False
    assert standin.call("nothing").status == 404
    assert standin.exchange("GET", "/elsewhere").status == 404
    assert standin.call("balance", method="DELETE").status == 405
    headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
    answer = standin.exchange("POST", "/v1/licenses/create", b'{"type":', headers)
    assert answer.status == 400 and answer.json["success"] is False
    assert standin.exchange("GET", "/_drop").status == 404
    standin.control("account", {"name": "main", "denied": True})
    assert standin.call("balance").status == 403
    assert not any(c["effect"] for c in standin.ledger())


REFUSED = [
    ("create", {"type": "cpanel", "ip": IP}, "missing_field", 422, "eksik"),
    ("create", {"type": "cpanel", "billingcycle": 1}, "missing_field", 422, "eksik"),
    ("create", {**MONTH, "ip": "203.0.113.300"}, "bad_field", 422, "geçersiz"),
    ("create", {**MONTH, "billingcycle": 0}, "bad_field", 422, "geçersiz"),
    ("create", {**MONTH, "type": "plesk"}, "unknown_product", 404, "bulunamadı"),
    ("renew", MONTH, "unknown_license", 404, "bulunamadı"),
    ("suspend", CPANEL, "unknown_license", 404, "bulunamadı"),
    ("unsuspend", CPANEL, "unknown_license", 404, "bulunamadı"),
    ("change-ip", {**CPANEL, "newip": "203.0.113.20"}, "unknown_license", 404, "bulunamadı"),
    ("change-ip", {**CPANEL, "newip": IP}, "bad_field", 422, "geçersiz"),
    ("change-core", {**CPANEL, "new_type": "litespeed"}, "core_not_offered", 422, "desteklenmiyor"),
    ("product", {}, "missing_field", 422, "eksik"),
    ("product", {"code": "plesk"}, "unknown_product", 404, "bulunamadı"),
]


@pytest.mark.parametrize("refusals", ["200", "4xx"])
@pytest.mark.parametrize("name,fields,code,status,text", REFUSED)
def test_refusals(standin, refusals, name, fields, code, status, text):
    standin.control("personality", {"refusals": refusals})
    answer = standin.call(name, fields)
    assert answer.status == (200 if refusals == "200" else status)
    assert answer.json["success"] is False and text in answer.json["message"]
    call = standin.ledger()[-1]
    assert (call["outcome"], call["refusal"], call["effect"], call["charged"]) == ("refused", code, False, "0")
    assert standin.balance() == "1000"


def test_missing_field_as_400(standin):
    standin.control("personality", {"refusals": "4xx", "missing_field": "400"})
    assert standin.call("create", CPANEL).status == 400


# Switches.

def test_duplicate_create(standin):
    first = create(standin)
    answer = standin.call("create", MONTH)
    assert answer.json["success"] is False and "mevcut" in answer.json["message"]
    assert "zaten" not in answer.json["message"]
    standin.control("personality", {"duplicate_create": "existing"})
    assert create(standin)["license_id"] == first["license_id"]
    assert standin.balance() == "996"
    standin.control("personality", {"duplicate_create": "charged"})
    create(standin)
    assert standin.balance() == "992"
    assert standin.control("summary")["purchases"]["max_creates_per_key"] == 2
    assert standin.control("purchases?min=2")["purchases"][0]["creates"] == 2


@pytest.mark.parametrize("name", ["suspend", "unsuspend"])
def test_repeated_state(standin, name):
    create(standin)
    standin.call("suspend", CPANEL)
    if name == "unsuspend":
        standin.call("unsuspend", CPANEL)
    assert standin.call(name, CPANEL).json["success"] is True
    assert standin.ledger()[-1]["effect"] is False
    standin.control("personality", {"repeated_state": "refused"})
    answer = standin.call(name, CPANEL)
    assert answer.json["success"] is False and "zaten" in answer.json["message"]


def test_price_switches(standin):
    create(standin, billingcycle=3)
    assert standin.balance() == "988"
    standin.control("personality", {"price": "flat", "change_core": "free"})
    create(standin, ip="203.0.113.11", billingcycle=12)
    assert standin.balance() == "984"
    create(standin, type="litespeed")
    standin.call("change-core", {"type": "litespeed", "ip": IP, "new_type": "litespeed_x_core"})
    assert standin.balance() == "981"


@pytest.mark.parametrize("word,kind", [("number", int), ("text", str), ("absent", type(None))])
def test_license_id(standin, word, kind):
    standin.control("personality", {"license_id": word})
    assert type(create(standin).get("license_id")) is kind


def test_balance_forms(standin):
    standin.control("account", {"name": "main", "balance": "119.5"})
    for word, body in (("number", b'"balance":119.5'), ("string", b'"balance":"119.5"'), ("float", b'119.5')):
        standin.control("personality", {"balance": word})
        assert body in standin.call("balance").raw_body
    standin.control("account", {"name": "main", "balance": 120})
    assert b'"balance":120.0' in standin.call("balance").raw_body


def test_change_ip_frees_the_old_and_takes_the_new(standin):
    create(standin)
    create(standin, ip="203.0.113.30")
    taken = standin.call("change-ip", {**CPANEL, "newip": "203.0.113.30"}).json
    assert taken["success"] is False and "mevcut" in taken["message"]
    assert standin.call("change-ip", {**CPANEL, "newip": "203.0.113.20"}).json["success"] is True
    assert standin.call("suspend", CPANEL).json["success"] is False
    assert standin.call("suspend", {**CPANEL, "ip": "203.0.113.20"}).json["success"] is True
    create(standin)
    assert standin.control("summary")["licenses"] == {"count": 3, "active": 2, "suspended": 1}


def test_short_of_credits_and_accounts(standin):
    standin.control("account", {"name": "poor", "token": "token-of-poor", "balance": "3.9999"})
    answer = standin.call("create", MONTH, token="token-of-poor")
    assert answer.json["success"] is False and "bakiye" in answer.json["message"]
    standin.control("account", {"name": "poor", "add": "0.0001"})
    assert standin.call("create", MONTH, token="token-of-poor").json["success"] is True
    create(standin)  # the same pair in another account is another license
    assert standin.balance("poor") == "0" and standin.balance() == "996"
    assert standin.control("summary")["balanced"] is True
    standin.control("account", {"name": "poor", "sandbox": True})
    assert standin.call("balance", token="token-of-poor").json["account"]["sandbox_enabled"] is True
    assert standin.call("renew", MONTH, token="token-of-poor").json["success"] is True
    assert standin.balance("poor") == "0"


def test_products_by_control(standin):
    standin.control("product", {"code": "cpanel", "price": "4.25", "hidden": True})
    assert "cpanel" not in [p["code"] for p in standin.call("products").json["products"]]
    shown = standin.call("product", {"code": "cpanel"}).json["product"]
    assert shown["credit_price"] == 4.25 and shown["visible"] is False
    assert standin.call("create", MONTH).json["success"] is False
    standin.control("personality", {"product_fields": "documented"})
    assert set(standin.call("product", {"code": "cpanel"}).json["product"]) == {"code", "name", "credit_price"}


def test_an_account_has_a_personality_of_its_own(standin):
    standin.control("account", {"name": "odd", "token": "odd-token", "balance": 10})
    standin.control("personality", {"account": "odd", "switches": {"balance": "string"}})
    assert b'"balance":"10"' in standin.call("balance", token="odd-token").raw_body
    assert b'"balance":1000' in standin.call("balance").raw_body
    standin.control("reset", {"keep_accounts": True})
    assert b'"balance":10,' in standin.call("balance", token="odd-token").raw_body


def test_wrong_orders_to_control(standin):
    for page, body in (("personality", {"price": "dear"}), ("personality", {"no_such": "x"}),
                       ("personality", {"account": "nobody", "switches": {}}),
                       ("personality", {"account": "main", "switches": {"price": "dear"}}),
                       ("faults", {"rules": [{"fault": "flood"}]}), ("faults", {"rules": [{"fault": "drop", "x": 1}]}),
                       ("account", {"name": "new"}), ("account", {"name": "main", "balance": "1.00001"}),
                       ("product", {"price": "1"}), ("zone", {"keys": [{"license_key": "K", "expires_at": "soon"}]})):
        answer = standin.exchange("POST", "/_control/" + page, json.dumps(body).encode(), tls=False)
        assert answer.status == 400 and answer.json["ok"] is False, page
    assert standin.control("faults")["rules"] == []


# Faults.

def outcome_of(standin, **more):
    """What the caller of a create sees: a whole answer, or how it broke."""
    try:
        return standin.call("create", MONTH, **more)
    except Broken:
        return "empty"
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "timeout"


SEEN = {
    "drop": lambda a: a == "empty",
    "reset": lambda a: a == "reset",
    "5xx": lambda a: a.status == 500 and a.json["success"] is False,
    "429": lambda a: a.status == 429 and "retry-after" not in a.headers
    and a.json["error_code"] == "RATE_LIMIT_EXCEEDED",
    "cut": lambda a: a.status == 200 and not a.whole and a.raw_body.startswith(b"{"),
    "cut_json": lambda a: a.status == 200 and a.whole and not a.raw_body.endswith(b"}"),
    "html": lambda a: a.status == 200 and a.headers["content-type"].startswith("text/html"),
    "empty": lambda a: a.status == 200 and a.whole and a.raw_body == b"",
    "mistyped": lambda a: a.status == 200 and a.json["success"] == "true",
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", list(SEEN))
def test_fault(standin, fault, when):
    standin.fault(fault, endpoint="create", when=when)
    answer = outcome_of(standin)
    assert SEEN[fault](answer), answer if isinstance(answer, str) else (answer.status, answer.raw_body)
    call = standin.ledger()[-1]
    assert (call["fault"], call["fault_when"], call["effect"]) == (fault, when, when == "after")
    assert standin.balance() == ("996" if when == "after" else "1000")
    assert len(standin.control("licenses")["licenses"]) == (when == "after")
    assert len(standin.ledger()) == 1  # nginx must not have repeated it
    assert outcome_of(standin).whole  # once only


def test_fault_options(standin):
    standin.fault("429", retry_after=7, status=200)
    answer = standin.call("balance")
    assert answer.status == 200 and answer.headers["retry-after"] == "7" and not answer.json["success"]
    standin.fault("5xx", status=502, body="<html>Bad Gateway</html>", retry_after=3)
    answer = standin.call("balance")
    assert answer.status == 502 and answer.raw_body == b"<html>Bad Gateway</html>"
    assert answer.headers["retry-after"] == "3"
    standin.fault("status", status=302)
    assert "location" in standin.call("balance").headers


def test_fault_rules_choose(standin):
    standin.control("faults", {"rules": [
        {"fault": "5xx", "endpoint": "create", "ip": "203.0.113.99", "times": -1},
        {"fault": "html", "endpoint": "paid", "type": "cloudlinux", "times": 2, "skip": 1},
        {"fault": "empty", "account": "nobody"}, {"fault": "empty", "license_key": "K", "times": -1}]})
    create(standin)
    assert standin.call("create", {**MONTH, "ip": "203.0.113.99"}).status == 500
    cloud = {"type": "cloudlinux", "ip": IP, "billingcycle": 1}
    kinds = [standin.call("renew", cloud).headers["content-type"].split(";")[0] for _ in range(4)]
    assert kinds == ["application/json", "text/html", "text/html", "application/json"]
    rules = standin.control("faults")["rules"]
    assert [r["hits"] for r in rules] == [1, 2, 0, 0] and rules[1]["seen"] == 3
    standin.control("faults", {"mode": "append", "rules": [{"fault": "drop"}]})
    assert len(standin.control("faults")["rules"]) == 5
    standin.control("faults", {"rules": []})
    assert standin.control("faults")["rules"] == []


def test_fault_probability_repeats_from_a_seed(standin):
    def pattern():
        standin.control("reset", {"seed": 42})
        standin.fault("5xx", probability=0.5, times=-1)
        return [standin.call("balance").status for _ in range(24)]

    first = pattern()
    assert set(first) == {200, 500} and pattern() == first


@pytest.mark.parametrize("when", ["before", "after"])
def test_slow(standin, when):
    standin.fault("slow", when=when, delay_ms=300)
    started = time.monotonic()
    create(standin)
    assert time.monotonic() - started >= 0.3
    call = standin.ledger()[-1]
    assert (call["effect_at_ms"] - call["at_ms"] >= 295) is (when == "before")


@pytest.mark.parametrize("padding", [0, 100000])
@pytest.mark.parametrize("when", ["before", "after"])
def test_hang(standin, when, padding):
    standin.fault("hang", when=when)
    with pytest.raises(TimeoutError):
        standin.call("create", {**MONTH, "note": "x" * padding}, timeout=0.5)
    standin.wait_for(lambda: standin.control("summary")["in_flight"] == 0)
    assert standin.balance() == ("996" if when == "after" else "1000")


@pytest.mark.parametrize("patience_ms,seen", [(600000, "timeout"), (200, "empty")])
def test_late_comes_after_the_caller_has_gone_or_waited_long(standin, patience_ms, seen):
    standin.fault("late", delay_ms=400, patience_ms=patience_ms)
    assert outcome_of(standin, timeout=0.5) == seen
    gone = time.time() * 1000
    standin.wait_for(lambda: standin.control("summary")["late_pending"] == 1)
    assert standin.balance() == "1000"
    standin.wait_for(lambda: standin.balance() == "996")
    call = standin.ledger()[-1]
    assert call["outcome"] == "done" and call["effect"] and call["status"] == 0
    assert 350 <= call["effect_at_ms"] - gone <= 1500


def test_reset_forgets_late_effects(standin):
    standin.fault("late", delay_ms=300)
    assert outcome_of(standin, timeout=0.3) == "timeout"
    standin.wait_for(lambda: standin.control("summary")["late_pending"] == 1)
    standin.control("reset", {})
    time.sleep(0.5)
    assert standin.balance() == "1000" and standin.ledger() == []


def test_reset_disarms_calls_under_way(standin):
    standin.fault("slow", delay_ms=500)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(outcome_of, standin)
        standin.wait_for(lambda: standin.control("summary")["in_flight"] == 1)
        standin.control("reset", {})
        assert answer.result().status == 503
    assert standin.balance() == "1000" and standin.ledger() == []
    assert standin.control("summary")["in_flight"] == 0


def test_reset_may_keep_accounts(standin):
    standin.control("account", {"name": "other", "token": "token-of-other", "balance": "10"})
    standin.call("create", MONTH, token="token-of-other")
    standin.control("reset", {"keep_accounts": True})
    assert standin.balance("other") == "6" and standin.control("summary")["balanced"]
    standin.control("reset", {})
    assert [a["name"] for a in standin.control("accounts")["accounts"]] == ["main"]


# Lisans Zone.

KEY = "AAAA-BBBB-CCCC-DDDD-EEEE"
OWNER = {"license_key": KEY, "customer_email": "musteri@example.com"}


def add_key(standin, **more):
    standin.control("zone", {"keys": [{**OWNER, "product_name": "Ürün", "expires_at": "2099-12-31 23:59:59", **more}]})


@pytest.mark.parametrize("kind,fields", [
    ("hwid", {"hwid": "H1"}), ("domain", {"domain": "example.com"}), ("ip", {"ip_address": "192.0.2.1"}),
    ("all", {"hwid": "H1", "domain": "example.com"}), ("all", {"ip_address": "192.0.2.1"}), (None, {"hwid": "H1"})])
def test_zone_life(standin, kind, fields):
    add_key(standin)
    asked = {**OWNER, **fields, **({"verification_type": kind} if kind else {})}
    assert standin.zone("verify", asked).json["error_code"] == "VERIFICATION_FAILED"
    made = standin.zone("activate", asked)
    assert made.status == 200 and made.json["success"] is True
    assert set(made.json) == {"success", "message", "license_key", "product_name", "expires_at", "activated_at"}
    assert made.json["expires_at"] == "2099-12-31 23:59:59"
    seen = standin.zone("verify", asked).json
    assert seen["success"] is True and seen["valid"] is True and seen["verification_type"] == (kind or "hwid")
    assert set(seen) == {"success", "valid", "license_key", "product_name", "customer_name", "expires_at",
                         "activated_at", "last_check", "verification_type"}
    assert standin.zone("activate", asked).status == 200  # the same place again
    other = {k: v + "9" for k, v in fields.items()}
    full = standin.zone("activate", {**asked, **other})
    assert full.status == 400 and full.json["error_code"] == "ACTIVATION_FAILED"
    info = standin.zone("info", method="GET").json
    assert info["data"]["api"] == {"version": "2.0", "status": "operational"}
    assert info["data"]["statistics"] == {"total_licenses": 1, "active_licenses": 1, "total_activations": 1,
                                          "online_activations": 1}
    ended = standin.zone("deactivate", {**OWNER, **fields, "deactivation_reason": "Cihaz değişikliği"}).json
    assert ended["success"] is True and ended["deactivated_count"] == 1
    assert standin.zone("verify", asked).status == 400
    effects = [(c["endpoint"], c["license_key"]) for c in standin.ledger(effects=1)]
    assert effects == [("activate", KEY), ("deactivate", KEY)]


@pytest.mark.parametrize("key,fields", [
    ({}, {"license_key": "ZZZZ"}), ({}, {"customer_email": "x@example.com"}), ({"disabled": True}, {}),
    ({"expires_at": "2020-01-01 00:00:00"}, {}), ({}, {"hwid": ""}), ({}, {"verification_type": "face"}),
    ({"verification_type": "domain"}, {"verification_type": "hwid"}), ({}, {"customer_email": ""})])
def test_zone_refusals(standin, key, fields):
    add_key(standin, **key)
    for name, code in (("activate", "ACTIVATION_FAILED"), ("verify", "VERIFICATION_FAILED")):
        answer = standin.zone(name, {**OWNER, "hwid": "H1", **fields})
        assert answer.status == 400 and answer.json["error_code"] == code and answer.json["success"] is False
        assert answer.json["error"]


def test_zone_repeats_and_forms(standin):
    add_key(standin)
    assert standin.zone("deactivate", OWNER).json["deactivated_count"] == 0
    standin.control("personality", {"repeated_state": "refused", "zone_invalid": "200"})
    assert standin.zone("deactivate", OWNER).json["error_code"] == "DEACTIVATION_FAILED"
    answer = standin.zone("verify", {**OWNER, "hwid": "H1"})
    assert answer.status == 200 and answer.json["valid"] is False
    assert standin.zone("activate", method="GET").status == 405
    assert standin.zone("info").status == 405
    standin.fault("5xx", endpoint="verify")
    assert standin.zone("verify", OWNER).json["error_code"] == "SERVER_ERROR"


def test_zone_limiter(standin):
    for _ in range(60):
        assert standin.zone("info", method="GET").status == 200
    answer = standin.zone("info", method="GET")
    assert answer.status == 429 and answer.json["error_code"] == "RATE_LIMIT_EXCEEDED"
    assert standin.zone("verify", OWNER).status == 400  # each endpoint has its own
    assert standin.zone("info", method="GET", source="127.0.0.2").status == 200  # and each address
    assert standin.ledger()[60]["outcome"] == "limited"
    standin.control("zone", {"limiter": {"limit": 2, "window_ms": 300}, "clear_counters": True})
    assert [standin.zone("info", method="GET").status for _ in range(3)] == [200, 200, 429]
    time.sleep(0.35)
    assert standin.zone("info", method="GET").status == 200
    standin.control("zone", {"limiter": {"enabled": False}})
    assert {standin.zone("info", method="GET").status for _ in range(5)} == {200}


# Many at once.

def test_threads_agree(standin):
    """Every call is answered, every credit accounted for, whoever comes when."""
    standin.control("faults", {"rules": [
        {"fault": "drop", "when": "after", "endpoint": "create", "probability": 0.1, "times": -1},
        {"fault": "slow", "when": "after", "probability": 0.1, "times": -1, "delay_ms": 20}]})

    def work(i):
        try:
            return standin.call("create", {**MONTH, "ip": f"198.51.100.{i % 100}"}).json["success"]
        except Broken:
            return None

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        told = list(pool.map(work, range(200)))
        list(pool.map(lambda _: standin.control("summary"), range(8)))
    summary = standin.control("summary")
    assert summary["purchases"]["creates"] == 100 and summary["purchases"]["max_creates_per_key"] == 1
    assert summary["endpoints"]["create"]["calls"] == 200 == len(told)
    assert told.count(True) <= 100
    assert standin.balance() == "600" and summary["balanced"]


def test_hanging_callers_leave_room(standin):
    """Calls that hang end when their caller goes, so they cannot use up the threads."""
    standin.fault("hang", endpoint="create", times=-1)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert set(pool.map(lambda _: outcome_of(standin, timeout=0.5), range(36))) == {"timeout"}
    standin.wait_for(lambda: standin.control("summary")["in_flight"] == 0)
    assert standin.call("balance").status == 200


def test_ledger_pages(standin):
    for _ in range(5):
        standin.call("balance")
    page = standin.control("ledger?since=1&limit=2")
    assert [c["seq"] for c in page["calls"]] == [2, 3] and page["next"] == 3 and page["last_seq"] == 5
    assert standin.control("ledger?since=5")["calls"] == []
    times = [c["at_ms"] for c in standin.ledger()]
    assert times == sorted(times)
