# SPDX-License-Identifier: Apache-2.0
"""The operators' API: what it shows, what it lets whom do, and that each act is kept with its actor."""
import csv
import io
import itertools
import json
import pathlib
import secrets
import subprocess
import time

import pytest
from bridge import request

NAMES = itertools.count(1)


class Operator:
    """Somebody with a token."""

    def __init__(self, rig, scopes=None, token=None):
        self.rig = rig
        self.name = f"operator{next(NAMES)}"
        self.token = token or secrets.token_hex(32)
        if token is None:
            sql(rig, "insert into bridge.token (name, digest, scopes) "
                     f"values ('{self.name}', sha256('{self.token}'), '{{{','.join(scopes)}}}')")

    def __call__(self, path, body=None, **headers):
        headers = {"authorization": f"Bearer {self.token}", **headers}
        if body is not None:
            headers.setdefault("content-type", "application/json")
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return request(f"{self.rig.env['OPS_URL']}/ops/api/v1{path}", "GET" if body is None else "POST", body, headers)

    def items(self, path):
        answer = self(path)
        assert answer.status == 200, answer
        return answer.body["items"]

    def ids(self, path):
        return [int(item["order_id"]) for item in self.items(path)]


def sql(rig, text):
    return subprocess.run(["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", rig.env["DATABASE_URL"], "-c", text],
                          capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def anna(rig):
    """Reads, operates and settles, but may not buy again."""
    return Operator(rig, ("read", "operate", "settle"))


@pytest.fixture
def chief(rig):
    return Operator(rig, ("read", "operate", "settle", "buy-again"))


@pytest.fixture
def reviewed(rig, services):
    """Makes an order that lies in review."""
    def make():
        service = services()
        rig.fault(endpoint="create", ip=service.ip, fault="drop", when="before", times=1)
        order = rig.wait(service.order("license.create"))
        assert order["state"] == "needs_review"
        return service, order["order_id"]
    return make


def audit(operator, order):
    return [(e["actor"], e["action"], e["reason"]) for e in operator.items(f"/audit?order={order}")]


def patiently(act):
    """An answer is accepted once no late effect can come."""
    answer = act()
    for _ in range(100):
        if not (answer.status == 409 and "wait_ms" in answer.body):
            break
        assert answer.body["wait_ms"] > 0
        time.sleep(0.1)
        answer = act()
    return answer


# Finding.

def test_an_order_is_found_by_anything_a_customer_may_say(rig, services, anna):
    service = services("litespeed")
    order = service.done("license.create", invoice_id=f"INV-{service.id}", order_id=f"PO-{service.id}",
                         delivery=f"dlv_{service.id}")
    mine = int(order["order_id"])
    license = order["license"]
    for text in (mine, service.id, service.ip, f"{service.id}:1", f"dlv_{service.id}", f"INV-{service.id}",
                 f"PO-{service.id}", license["upstream_license_id"]):
        assert mine in anna.ids(f"/orders?text={text}"), text
    other = services()
    other.done("license.create")
    for query in (f"service={service.id}", f"ip={service.ip}", f"key={service.id}:1", f"key=dlv_{service.id}",
                  f"license={license['license_id']}", f"text=INV-{service.id}",
                  f"service={service.id}&source=demo&state=succeeded,failed&type=license.create&product=litespeed"):
        assert anna.ids(f"/orders?{query}") == [mine], query
    for query in (f"service={service.id}&state=failed", f"service={service.id}&source=nobody",
                  f"text=INV-{service.id}&product=cpanel", f"ip={service.ip}&type=license.renew", "text=INV-",
                  f"key={service.id}", "ip=10.255.255.1"):
        assert anna.ids(f"/orders?{query}") == [], query


def test_an_address_finds_what_was_there_before_and_what_failed_on_it(rig, services, anna):
    service = services()
    created = int(service.done("license.create")["order_id"])
    old, new = service.ip, f"10.201.0.{service.ip.rsplit('.', 1)[1]}"
    moved = int(service.done("license.change_ip", new_ip=new)["order_id"])
    assert anna.ids(f"/orders?ip={old}") == [moved, created] and anna.ids(f"/orders?ip={new}") == [moved]
    stray = services()
    stray.done("license.create")
    elsewhere = f"10.202.0.{stray.ip.rsplit('.', 1)[1]}"
    failed = stray.order("license.suspend", ip=elsewhere)
    assert rig.wait(failed)["state"] == "failed"
    assert anna.ids(f"/orders?ip={elsewhere}") == [int(failed)]
    licenses = anna.items(f"/licenses?ip={old}")
    assert [x["ip"] for x in licenses] == [new] and licenses[0]["status"] == "active"
    license_id = licenses[0]["license_id"]
    told, listed = ([{name: value for name, value in order.items() if not name.endswith("_at")} for order in orders]
                    for orders in (anna(f"/licenses/{license_id}").body["orders"], anna.items(f"/orders?license={license_id}")))
    assert told == listed and len(told) > 1
    addresses = anna(f"/licenses/{license_id}").body["addresses"]
    assert [(a["ip"], a["until"] is None) for a in addresses] == [(new, True), (old, False)]


def test_pages_join_without_gap_or_repeat(rig, services, anna):
    service = services()
    for kind in ("license.create", "license.suspend", "license.unsuspend", "license.suspend", "license.unsuspend"):
        service.done(kind)
    whole = anna.ids(f"/orders?service={service.id}")
    assert len(whole) == 5 and whole == sorted(whole, reverse=True)
    for query in (f"service={service.id}", "source=demo", "state=succeeded,failed", ""):
        seen, before = [], ""
        while before is not None and len(seen) < 40:
            page = anna(f"/orders?{query}&limit=2{before and '&before=' + before}").body
            seen += [int(item["order_id"]) for item in page["items"]]
            before = page["next"]
        assert seen == sorted(set(seen), reverse=True) and set(whole) <= set(seen), query


def test_csv_is_the_same_rows_and_no_formula(rig, services, anna):
    service = services()
    service.id = '=1+1,"x"'
    order = service.done("license.create", operation_key=f"csv{secrets.token_hex(4)}")
    table = anna("/orders?limit=3000&format=csv")
    assert table.status == 200 and table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.raw.decode(), newline="")))
    mine = [row for row in rows if row["order_id"] == order["order_id"]]
    assert mine[0]["service_id"] == "'=1+1,\"x\"" and mine[0]["credits"] == "4" and mine[0]["created_at"].endswith("Z")
    page = anna("/orders?limit=2", accept="text/csv")
    assert len(page.raw.decode().strip().split("\r\n")) == 3
    assert page.headers["x-next"] == anna("/orders?limit=2").body["next"]


# What a page says.

def test_the_timeline_has_all_of_it_and_no_secret(rig, services, anna):
    service = services()
    rig.fault(endpoint="create", ip=service.ip, fault="429", retry_after=1, times=1)
    order = service.done("license.create", delivery=f"tl_{service.id}",
                         metadata={"serverpassword": "hush-hush", "nested": [{"api_token": "hush-hush"}], "note": "ok"})
    page = anna(f"/orders/{order['order_id']}")
    assert page.status == 200 and b"hush-hush" not in page.raw
    body = page.body
    kinds = [entry["kind"] for entry in body["timeline"]]
    assert kinds[0] == "delivery" and kinds.count("call") == 2 and kinds.count("answer") == 2 and "move" in kinds
    times = [entry["at"] for entry in body["timeline"]]
    assert times == sorted(times)
    delivery = body["timeline"][0]
    assert delivery["delivery_id"] == f"tl_{service.id}" and delivery["body"]["data"]["metadata"] == {
        "serverpassword": "***", "nested": [{"api_token": "***"}], "note": "ok"}
    answers = [entry for entry in body["timeline"] if entry["kind"] == "answer"]
    assert [a["verdict"] for a in answers] == ["later", "done"] and answers[1]["http_status"] == 200
    call = [entry for entry in body["timeline"] if entry["kind"] == "call"][-1]
    assert service.ip in call["request"] and call["price"] == "4" and rig.env["UPSTREAM_TOKEN"] not in page.raw.decode()
    assert body["actions"] == [] and body["license"]["status"] == "active" and body["review"] is None
    assert anna("/orders/999999999").status == 404 and anna("/orders/x").status == 404


def test_the_overview_says_where_the_risk_is(rig, services, reviewed, anna):
    service = services()
    service.done("license.create")
    _, order = reviewed()
    page = anna("/overview").body
    assert page["doubts"]["needs_review"] >= 1
    assert {"state": "needs_review"}.items() <= [s for s in page["states"] if s["state"] == "needs_review"][0].items()
    assert "review" in [w["kind"] for w in page["warnings"]]
    assert int(order) >= min(int(w["order_id"]) for w in page["oldest_waiting"])
    main = [a for a in page["accounts"] if a["account"] == "main"][0]
    assert main["provider"] == "724license" and float(main["spent_today"]) >= 4 and main["calls_1h"] >= 2
    assert len(page["hours"]) == 24 and page["hours"][-1]["accepted"] + page["hours"][-2]["accepted"] >= 2
    assert page["hours"] == sorted(page["hours"], key=lambda h: h["hour"])
    assert any(w["alive"] for w in page["workers"]) and float(page["spent_today"]) >= 4
    assert [r for r in anna.items("/review") if r["order_id"] == order][0]["missing"] is not None
    shown = anna(f"/orders/{order}").body
    assert shown["actions"] == ["resolve"] and shown["review"]["price"] == "4"


def test_every_list_answers_and_an_etag_spares_the_rest(rig, service, anna):
    service.done("license.create")
    for path in ("/overview", "/orders", "/review", "/licenses", "/deliveries", "/deliveries/refused", "/accounts",
                 "/products", "/ledger", "/callbacks", "/audit", "/me"):
        page = anna(path)
        assert page.status == 200, (path, page)
        assert page.headers["cache-control"] == "no-store"
        again = anna(path, **{"if-none-match": page.headers["etag"]})
        assert again.status in (304, 200), path
    products = anna("/products")
    assert anna("/products", **{"if-none-match": products.headers["etag"]}).status == 304
    assert anna("/products", **{"if-none-match": '"other"'}).status == 200
    cpanel = [p for p in products.body["items"] if p["account"] == "main" and p["upstream_type"] == "cpanel"][0]
    assert cpanel["price"] == "4" and cpanel["learned"]


def test_a_refused_delivery_is_listed(rig, service, anna):
    rig.send("license.create", service_id=service.id, product_code="nonsense", ip=service.ip, billing_months=1,
             operation_key="x", delivery=f"bad_{service.id}")
    for _ in range(50):  # kept beside the answer, not before it
        refused = anna.items("/deliveries/refused?limit=50")
        mine = [r for r in refused if r["delivery_id"] == f"bad_{service.id}"]
        if mine:
            break
        time.sleep(0.1)
    assert mine and mine[0]["status"] == 422 and mine[0]["source"] == "demo"
    assert anna.items("/deliveries/refused?status=499") == []


# Who may.

def test_scopes_and_tokens_decide(rig, service, refuses_ops):
    order = service.done("license.create")["order_id"]
    reader, worker = Operator(rig, ("read",)), Operator(rig, ("operate",))
    assert reader("/me").body == {"name": reader.name, "scopes": ["read"]}
    refuses_ops(worker("/orders"), 403, "authorization")
    for path in (f"/orders/{order}/hold", "/orders/bulk", "/accounts/main/pause"):
        refuses_ops(reader(path, {"reason": "no"}), 403, "authorization")
    refuses_ops(worker(f"/orders/{order}/resolve", {"answer": "happened", "reason": "x"}), 403, "authorization")
    settler = Operator(rig, ("settle",))
    refuses_ops(settler(f"/orders/{order}/resolve", {"answer": "buy_again", "reason": "x", "confirm": order}), 403,
                "authorization")
    refuses_ops(settler(f"/orders/{order}/free-key", {"reason": "x", "confirm": order}), 403, "authorization")
    assert Operator(rig, token="x" * 64)("/me").status == 401
    sql(rig, f"update bridge.token set expires_at = now() - interval '1 s' where name = '{reader.name}'")
    refuses_ops(reader("/me"), 401, "authorization")
    sql(rig, f"update bridge.token set revoked_at = now() where name = '{worker.name}'")
    refuses_ops(worker("/me"), 401, "authorization")
    # A token in the address is no token.
    answer = request(f"{rig.env['OPS_URL']}/ops/api/v1/orders?token={settler.token}")
    assert answer.status == 401 and settler.token.encode() not in answer.raw


@pytest.fixture
def refuses_ops():
    def check(answer, status, field=None):
        assert answer.status == status, answer
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.body["status"] == status and answer.body.get("field") == field, answer.body
    return check


def test_bodies_are_checked(rig, service, anna, refuses_ops):
    order = service.done("license.create")["order_id"]
    hold = f"/orders/{order}/hold"
    refuses_ops(anna(hold, {}), 422, "reason")
    refuses_ops(anna(hold, {"reason": ""}), 422, "reason")
    refuses_ops(anna(hold, {"reason": "x" * 501}), 422, "reason")
    refuses_ops(anna(hold, {"reason": 7}), 422, "reason")
    refuses_ops(anna(hold, {"reason": "x", "sudo": True}), 422, "sudo")
    refuses_ops(anna(hold, b"[]"), 400)
    refuses_ops(anna(hold, b'{"reason":"a","reason":"b"}'), 400)
    refuses_ops(anna(hold, b"reason=x", **{"content-type": "text/plain"}), 415, "content-type")
    refuses_ops(anna("/orders/77777777/hold", {"reason": "x"}), 404)
    refuses_ops(anna("/accounts/nobody/pause", {"reason": "x"}), 404)
    assert anna(hold).status == 405 and anna(hold).headers["allow"] == "POST"
    refuses_ops(anna(f"/orders/{order}/resolve", {"answer": "perhaps", "reason": "x"}), 422, "answer")
    for body, field in (({"action": "resolve", "filter": {"state": "held"}}, "action"),
                        ({"action": "hold", "filter": {}}, "filter"), ({"action": "hold"}, "filter"),
                        ({"action": "hold", "filter": {"stat": "held"}}, "filter.stat"),
                        ({"action": "hold", "filter": {"ip": "x"}}, "filter.ip"),
                        ({"action": "hold", "filter": {"source": "demo"}, "count": "1"}, "count"),
                        ({"action": "hold", "filter": {"source": "demo"}, "count": 1, "up_to": "9"}, "reason")):
        refuses_ops(anna("/orders/bulk", body), 422, field)


# Acting.

def test_hold_release_and_cancel_look_at_the_state(rig, service, anna):
    assert anna("/accounts/zone/pause", {"reason": "upstream asked"}).body["paused"] is True
    try:
        assert anna("/accounts/zone/pause", {"reason": "again"}).status == 409
        zone = rig.send("license.create", operation_key=f"z:{service.id}", service_id=f"z{service.id}", product_code="lz-app",
                        license_key=f"K-{service.id}", customer_email="a@b.example", verification_type="domain",
                        domain=f"{service.id}.Example")
        order = zone.body["order_id"]
        assert rig.wait(order, states=("held",))["state"] == "held"
        for text in (f"K-{service.id}", "A@B.EXAMPLE", f"{service.id}.example"):
            assert int(order) in anna.ids(f"/orders?text={text}"), text
        assert anna(f"/orders/{order}").body["actions"] == ["release", "cancel"]
        refused = anna(f"/orders/{order}/retry", {})
        assert refused.status == 409 and refused.body["state"] == "held"
        done = anna(f"/orders/{order}/cancel", {"reason": "customer left"})
        assert done.status == 200 and done.body["state"] == "cancelled"
        assert anna(f"/orders/{order}/cancel", {"reason": "twice"}).status == 409
        assert audit(anna, order) == [(anna.name, "order.cancel", "customer left")]
    finally:
        assert anna("/accounts/zone/resume", {}).body["paused"] is False
    assert anna("/accounts/zone/resume", {}).status == 409


def test_a_doubt_is_settled_with_its_reason(rig, reviewed, anna):
    _, order = reviewed()
    answer = patiently(lambda: anna(f"/orders/{order}/resolve", {"answer": "happened", "reason": "seen in their panel",
                                                                 "upstream_license_id": "4711"}))
    assert answer.status == 200 and answer.body["state"] == "succeeded"
    assert rig.order(order)["license"]["upstream_license_id"] == "4711"
    assert audit(anna, order) == [(anna.name, "order.resolve.happened", "seen in their panel")]
    assert anna(f"/orders/{order}/resolve", {"answer": "happened", "reason": "again"}).status == 409


def test_buying_again_needs_its_scope_and_the_number(rig, reviewed, anna, chief, refuses_ops):
    service, order = reviewed()
    ask = {"answer": "buy_again", "reason": "their panel shows nothing"}
    refuses_ops(anna(f"/orders/{order}/resolve", {**ask, "confirm": order}), 403, "authorization")
    refuses_ops(chief(f"/orders/{order}/resolve", ask), 422, "confirm")
    refuses_ops(chief(f"/orders/{order}/resolve", {**ask, "confirm": "1"}), 422, "confirm")
    assert service.bought() == (0, 0)
    answer = patiently(lambda: chief(f"/orders/{order}/resolve", {**ask, "confirm": order}))
    assert answer.status == 200, answer
    assert rig.wait(order, states=("succeeded",))["attempts"] == 2 and service.bought() == (1, 0)


def test_a_settled_key_is_freed_only_with_the_right(rig, reviewed, anna, chief, refuses_ops):
    service, order = reviewed()
    key = rig.order(order)["operation_key"]
    answer = patiently(lambda: anna(f"/orders/{order}/resolve", {"answer": "did_not_happen", "reason": "nothing there"}))
    assert answer.body["state"] == "failed"
    assert service.send("license.create", operation_key=key).body["order_id"] == order
    refuses_ops(chief(f"/orders/{order}/free-key", {"reason": "sell it anew"}), 422, "confirm")
    assert chief(f"/orders/{order}/free-key", {"reason": "sell it anew", "confirm": order}).status == 200
    assert chief(f"/orders/{order}/free-key", {"reason": "sell it anew", "confirm": order}).status == 409
    again = service.order("license.create", operation_key=key)
    assert again != order and rig.wait(again)["state"] == "succeeded" and service.bought() == (1, 0)
    assert order in [item["order_id"] for item in anna.items(f"/orders?key={key}")]


def test_bulk_shows_the_count_first_and_looks_again(rig, services, anna):
    made = [services() for _ in range(4)]
    anna("/accounts/main/pause", {"reason": "price list changes"})
    try:
        orders = [s.order("license.create") for s in made]
        for order in orders:
            assert rig.wait(order, states=("held",))
        find = {"state": "held", "account": "main"}
        shown = anna("/orders/bulk", {"action": "cancel", "filter": find}).body
        assert shown["count"] >= 4 and shown["up_to"] == orders[-1] and len(shown["sample"]) == min(5, shown["count"])
        assert all(rig.order(order)["state"] == "held" for order in orders)
        confirm = {"action": "cancel", "filter": find, "count": shown["count"], "up_to": shown["up_to"], "reason": "no"}
        late = services().order("license.create")  # younger than what was shown: not touched
        rig.wait(late, states=("held",))
        assert anna("/orders/bulk", {**confirm, "count": shown["count"] - 1}).body["count"] == shown["count"]
        assert anna(f"/orders/{orders[0]}/cancel", {"reason": "by hand"}).status == 200
        moved = anna("/orders/bulk", confirm)
        assert moved.status == 409 and moved.body["count"] == shown["count"] - 1
        done = anna("/orders/bulk", {**confirm, "count": shown["count"] - 1})
        assert done.body == {"count": shown["count"] - 1, "changed": shown["count"] - 1, "unchanged": 0}
        assert all(rig.order(order)["state"] == "cancelled" for order in orders)
        assert rig.order(late)["state"] == "held"
        assert audit(anna, orders[1]) == [(anna.name, "order.cancel", "no")]
        assert anna(f"/orders/{late}/cancel", {"reason": "end"}).status == 200
    finally:
        anna("/accounts/main/resume", {})


def test_review_is_never_acted_on_in_bulk(rig, reviewed, anna):
    _, order = reviewed()
    for action in ("retry", "hold", "release", "cancel"):
        shown = anna("/orders/bulk", {"action": action, "filter": {"text": order}})
        assert shown.status == 200 and shown.body["count"] == 0
    assert anna(f"/orders/{order}/retry", {}).status == 409
    assert rig.order(order)["state"] == "needs_review"


def test_a_slow_question_is_given_up(rig, anna):
    """The session of the readers gives a statement two seconds."""
    limits = sql(rig, "select string_agg(distinct usename, ' ' order by usename) from pg_stat_activity "
                      "where application_name like 'bridge-fcgi ops%'")
    assert limits == "bridge_operator bridge_ops"
    # Somebody holds the table: the reader waits for its lock and is sent away instead of hanging.
    with rig.transaction("lock table bridge.product_price in access exclusive mode"):
        began = time.monotonic()
        answer = anna("/products")
        assert answer.status == 503 and answer.headers["retry-after"]
        assert "two seconds" in answer.body["detail"] and 1.5 < time.monotonic() - began < 4.5
        assert anna("/me").status == 200


# Views.

def test_views_are_read_by_their_names(rig, services, anna):
    services().done("license.create")
    documented = (pathlib.Path(__file__).parents[2] / "docs" / "ops-api.md").read_text()
    names = documented.split("path of their own: `")[1].split("`")[0].split()
    assert len(names) > 30
    for name in names:
        answer = anna(f"/views/{name}?limit=5")
        assert answer.status == 200 and answer.body["name"] == name and len(answer.body["items"]) <= 5, (name, answer)
    assert len(anna("/views/activity_hourly").body["items"]) == 24
    runway = {row["account"]: row for row in anna("/views/balance_runway").body["items"]}["main"]
    assert isinstance(runway["balance"], str) and runway["balance_at"].endswith("Z")
    for path, status in (("/views/orders", 404), ("/views/tokens", 404), ("/views/pg_class", 404), ("/views/", 404),
                         ("/views/totals?limit=0", 400), ("/views/totals?state=held", 400), ("/views/totals/more", 404)):
        assert anna(path).status == status, path
    assert Operator(rig, ("operate",))("/views/totals").status == 403


def test_latency_is_a_view_and_no_burden_on_the_overview(rig, services, anna):
    services().done("license.create")
    row, = anna("/views/ack_latency_1h").body["items"]
    assert row["source"] == "demo" and row["orders"] >= 1
    assert 0 <= float(row["p50_s"]) <= float(row["p99_s"]) <= float(row["max_s"])
    assert not {"deliveries_1h", "ack_latency_1h"} & set(anna("/overview").body)


@pytest.mark.parametrize("path, key", [("/ledger", "entry_id"), ("/deliveries", "delivery_id"), ("/licenses", "license_id"),
                                       ("/audit", "action_id"), ("/deliveries/refused", "delivery_id"), ("/review", "order_id")])
def test_pages_of_each_list_are_the_whole(rig, services, anna, reviewed, path, key):
    for service in (services() for _ in range(3)):
        order = service.done("license.create")["order_id"]
        sql(rig, f"select bridge.operator_note('anna', 'test', {order}, null, 'x')" if path == "/audit" else "select 1")
        rig.send("license.create", service_id=service.id, product_code="nonsense", delivery=f"page_{service.id}")
    doubts = [reviewed()[1] for _ in range(3)] if path == "/review" else []
    whole = [item[key] for item in anna.items(f"{path}?limit=500")]
    assert len(whole) >= 3
    seen, at, cursors = [], "", []
    while at is not None and len([one for one in seen if one in whole]) < len(whole):  # there may be more than the 500
        assert at not in cursors, "it goes round in circles"
        cursors.append(at)
        page = anna(f"{path}?limit=2{at and '&before=' + at}").body
        seen += [item[key] for item in page["items"]]
        at = page["next"]
    # What came meanwhile, refused deliveries that are still being kept, may be among the newest.
    assert [one for one in seen if one in whole][:len(whole)] == whole
    for order in doubts:  # or they taint the windows of whoever comes next
        settled(anna, order)


def settled(operator, order):
    """Answers for an order in review as soon as that may be."""
    answer = operator(f"/orders/{order}/resolve", {"answer": "did_not_happen", "reason": "looked"})
    for _ in range(100):
        if answer.status != 409:
            break
        time.sleep(answer.body["wait_ms"] / 1000)
        answer = operator(f"/orders/{order}/resolve", {"answer": "did_not_happen", "reason": "looked"})
    assert answer.status == 200, answer
