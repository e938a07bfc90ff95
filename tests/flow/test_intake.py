# SPDX-License-Identifier: Apache-2.0
"""The front door as a panel meets it, through nginx: who gets in, what is answered, what is refused.

Every refusal makes no order, names the field, quotes nothing secret, and the next request works.
"""
import json
import re
import secrets
import time

import pytest

from bridge import request, sign
from front import Front


@pytest.fixture(scope="module")
def front():
    with Front() as running:
        yield running


@pytest.fixture
def refuses(front):
    """Checks one refusal in full."""

    def check(answer, status, field=None, text=None):
        assert answer.status == status, answer
        assert answer.headers["content-type"] == "application/problem+json"
        problem = json.loads(answer.raw)
        assert problem["status"] == status and problem["title"] and problem["detail"] and problem["type"]
        assert problem.get("field") == field, problem
        if text:
            assert text in problem["detail"], problem
        for secret in front.secret.values():
            assert secret not in str(answer.raw) and secret[6:] not in str(answer.raw)
        return problem

    before = front.orders()
    yield check
    assert front.orders() == before, "a refused delivery made an order"
    assert front.send("test.ping").status == 200


def test_create_is_accepted_once(front):
    body = front.create()
    first = front.deliver(body, delivery="once1")
    assert first.status == 202
    assert first.headers["location"] == f"/v1/orders/{first.body['order_id']}"
    assert first.body["state"] == "queued"
    for delivery in ("once1", "once2"):  # the same delivery; another one with the same key
        again = front.deliver(body, delivery=delivery)
        assert (again.status, again.headers["location"]) == (202, first.headers["location"])
        assert again.body["order_id"] == first.body["order_id"]


def test_repeat_without_an_operation_key_is_one_order(front):
    body = front.event("license.suspend", **front.fresh(operation_key=None, billing_months=None))
    before = front.orders()
    answers = [front.deliver(body, delivery="keyless1") for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].body["order_id"] == answers[1].body["order_id"] and front.orders() == before + 1


def test_duplicate_of_a_finished_order_is_200(front):
    body = front.create()
    order = front.deliver(body, delivery="done1").body["order_id"]
    front.sql(f"select bridge.operator_cancel('test', {order}, 'no more wanted')")
    again = front.deliver(body, delivery="done1")
    assert again.status == 200 and again.headers["location"] == f"/v1/orders/{order}"
    assert again.body["state"] == "cancelled" and again.body["order_id"] == order


def test_known_delivery_with_other_bytes_is_409(front):
    body = json.dumps(front.create()).encode()
    assert front.deliver(body, delivery="bytes1").status == 202
    known = front.orders()
    answer = front.deliver(body + b" ", delivery="bytes1")
    assert (answer.status, answer.body["field"]) == (409, "webhook-id")
    assert front.orders() == known


def test_known_key_with_other_content_is_422(front):
    data = front.fresh()
    assert front.send("license.create", **data).status == 202
    known = front.orders()
    for changed in ({"billing_months": 2}, {"service_id": "other"}, {"ip": "198.51.100.250"},
                    {"period_end": "2027-01-01"}, {"product_code": "litespeed"}):
        answer = front.send("license.create", **(data | changed))
        assert (answer.status, answer.body["field"]) == (422, "data.operation_key"), changed
    assert front.orders() == known
    # What does not count for the key: the same order.
    answer = front.send("license.create", **(data | {"sequence": 9, "reason": "x", "max_credits": "9",
                                                     "metadata": {"a": 1}}))
    assert answer.status == 202 and front.orders() == known


def test_same_words_of_two_sources_are_two_orders(front):
    data = front.fresh()
    first = front.deliver(front.event("license.suspend", **data), delivery="twice1")
    second = front.deliver(front.event("license.suspend", **(data | {"ip": "198.51.200.1"})), delivery="twice1",
                           secret=front.secret["rotated-new"], source="rotated")
    assert first.status == second.status == 202
    assert first.body["order_id"] != second.body["order_id"]


@pytest.mark.parametrize("secret", ["rotated-old", "rotated-new"])
def test_every_active_secret_opens(front, secret):
    answer = front.deliver(front.event("test.ping"), secret=front.secret[secret], source="rotated")
    assert (answer.status, answer.body) == (200, {"ok": True})


def test_one_good_signature_among_others_is_enough(front):
    body = json.dumps(front.event("test.ping")).encode()
    now = str(int(time.time()))
    good = sign(front.secret["demo"], "many1", now, body)
    other = sign(front.secret["far"], "many1", now, body)
    answer = front.deliver(body, delivery="many1", timestamp=now,
                           headers={"webhook-signature": f"v1a,AAAA {other} {good}"})
    assert answer.status == 200


def test_ignored_types_are_200_and_touch_nothing(front):
    before = front.orders()
    for kind in ("invoice.created", "license.verify"):
        answer = front.deliver(front.event(kind), secret=front.secret["rotated-new"], source="rotated")
        assert answer.status == 200 and answer.body["ok"] is True
    assert front.orders() == before


def test_dry_run_tells_the_call_and_uses_up_nothing(front):
    data = front.fresh()
    before = front.orders()
    deliveries = front.sql("select count(*) from bridge.delivery")
    answer = front.send("license.create", delivery="dry1", **(data | {"dry_run": True}))
    assert answer.status == 200 and "location" not in answer.headers
    assert answer.body["dry_run"] is True
    call = answer.body["call"]
    assert (call["method"], call["call"]) == ("POST", "create")
    assert call["fields"]["type"] == "cpanel" and call["fields"]["ip"] == data["ip"]
    assert "price" in answer.body and "expected" in answer.body
    assert front.orders() == before and front.sql("select count(*) from bridge.delivery") == deliveries
    # Neither the delivery id nor the key was used up.
    assert front.send("license.create", delivery="dry1", **data).status == 202
    assert front.orders() == before + 1


def test_dry_run_is_checked_like_the_real_thing(front, refuses):
    refuses(front.deliver(front.create(dry_run=True, ip="203.0.113.010")), 422, "data.ip")
    refuses(front.deliver(front.create(dry_run=True, product_code="nothing")), 422, "data.product_code")


def test_dry_run_prices_from_the_catalogue(front):
    front.sql("""insert into bridge.product (account, upstream_type, price, visible)
                 values ('main', 'softaculous', 1.5, true), ('main', 'imunify360', 6, false)
                 on conflict (account, upstream_type) do update set price = excluded.price, visible = excluded.visible""")
    answer = front.deliver(front.create(dry_run=True, product_code="softaculous", billing_months=3))
    assert (answer.status, answer.body["price"]) == (200, "1.5"), answer
    assert answer.body["expected"] == "4.5"
    hidden = front.deliver(front.create(dry_run=True, product_code="imunify360"))
    assert (hidden.status, hidden.body["field"]) == (422, "data.product_code")
    hidden = front.deliver(front.create(product_code="imunify360"))
    assert (hidden.status, hidden.body["field"]) == (422, "data.product_code")


# Who may speak at all.

def test_unknown_source_is_404(front, refuses):
    for source in ("nobody", "DEMO", "demo%41", "demo%20", "x" * 400):
        refuses(front.deliver(front.event("test.ping"), source=source), 404)


def test_retired_source_is_410(front, refuses):
    refuses(front.deliver(front.event("test.ping"), secret=front.secret["gone"], source="gone"), 410)


def test_address_outside_the_allow_list_is_403(front, refuses):
    refuses(front.deliver(front.event("test.ping"), secret=front.secret["far"], source="far"), 403)


def test_product_of_another_source_is_403(front, refuses):
    answer = front.deliver(front.create(product_code="litespeed"), secret=front.secret["rotated-new"],
                           source="rotated")
    refuses(answer, 403, "data.product_code")


@pytest.mark.parametrize("method,path,allow", [
    ("GET", "/v1/events/demo", "POST"), ("PUT", "/v1/events/demo", "POST"), ("DELETE", "/v1/orders/1", "GET"),
    ("POST", "/v1/orders/1", "GET"), ("POST", "/health/live", "GET"),
])
def test_wrong_method_is_405_and_names_the_right_one(front, refuses, method, path, allow):
    answer = request(front.env["BASE_URL"] + path, method)
    refuses(answer, 405)
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize("path", ["/v1/", "/v1/events/", "/v1/events", "/v1/events/demo/x", "/v1/orders/",
                                  "/health/", "/v1/orders/1/2"])
def test_unknown_paths_are_404(front, refuses, path):
    refuses(request(front.env["BASE_URL"] + path, "POST", b"{}"), 404)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx",
                                  "application/problem+json", "", None])
def test_other_content_types_are_415(front, refuses, kind):
    refuses(front.deliver(front.event("test.ping"), headers={"content-type": kind}), 415, "content-type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x=y"])
def test_json_content_types_are_taken(front, kind):
    assert front.deliver(front.event("test.ping"), headers={"content-type": kind}).status == 200


# The signature and the time.

def test_wrong_signatures_are_401(front, refuses):
    ping = front.event("test.ping")
    now = str(int(time.time()))
    refuses(front.deliver(ping, secret=front.secret["far"]), 401, "webhook-signature")
    body = json.dumps(ping).encode()
    good = sign(front.secret["demo"], "wrong1", now, body)
    rows = [
        (body + b" ", "wrong1", now),  # other bytes
        (body, "wrong2", now),  # other id
        (body, "wrong1", str(int(now) - 1)),  # other time
    ]
    for sent, delivery, timestamp in rows:
        answer = front.deliver(sent, delivery=delivery, timestamp=timestamp, headers={"webhook-signature": good})
        refuses(answer, 401, "webhook-signature")


@pytest.mark.parametrize("body", [
    b"", b"{", b"nonsense", b'{"type":"license.create","type":1}', b"[" * 50, b"\xff\xfe", b'{"type":"no.such","data":{}}',
    b'{"type":"test.ping"}', b'{"type":"license.create","data":{"dry_run":true,"product_code":"nothing"}}',
])
def test_nothing_is_said_of_what_a_stranger_wrote(front, refuses, body):
    """The signature comes before the body: whoever cannot sign learns nothing about what would be taken."""
    refuses(front.deliver(body, secret=front.secret["far"]), 401, "webhook-signature")


@pytest.mark.parametrize("value", ["v1", "v1,", "v1,AAAA,", "v1,AAA", "AAAA", "v2", "v1;AAAA", "v1,AAAA, v1,AAAA",
                                   "v1,%41%41", "v1," + "A" * 4000, "v1," + "A" * 44])
def test_malformed_signatures_are_401(front, refuses, value):
    refuses(front.deliver(front.event("test.ping"), headers={"webhook-signature": value}), 401, "webhook-signature")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_missing_headers_are_401(front, refuses, name):
    refuses(front.deliver(front.event("test.ping"), headers={name: None}), 401, name)
    refuses(front.deliver(front.event("test.ping"), headers={name: ""}), 401, name)


@pytest.mark.parametrize("value", ["a.b", "a b", "x" * 129, "a\xa0b"])
def test_malformed_delivery_ids_are_400(front, refuses, value):
    now = str(int(time.time()))
    body = json.dumps(front.event("test.ping")).encode()
    answer = front.deliver(body, delivery=value.encode("latin-1", "replace").decode("latin-1"), timestamp=now)
    refuses(answer, 400, "webhook-id")


@pytest.mark.parametrize("offset", [-301, 301, -100000, 10**12, 10**30])
def test_times_too_far_off_are_401(front, refuses, offset):
    timestamp = str(int(time.time()) + offset + (1 if offset > 0 else 0))
    refuses(front.deliver(front.event("test.ping"), timestamp=timestamp), 401, "webhook-timestamp")


@pytest.mark.parametrize("offset", [-295, 295])
def test_times_within_five_minutes_are_taken(front, offset):
    assert front.deliver(front.event("test.ping"), timestamp=str(int(time.time()) + offset)).status == 200


@pytest.mark.parametrize("shape", ["{}.0", "+{}", "-{}", "0x{}", "{}e0", "{}Z", "now", "1", "0", "-1"])
def test_odd_times_are_401(front, refuses, shape):
    refuses(front.deliver(front.event("test.ping"), timestamp=shape.format(int(time.time()))), 401,
            "webhook-timestamp")


# The body.

def padded(size):
    """A ping of exactly that many bytes."""
    head = b'{"type":"test.ping","x":"'
    return head + b"a" * (size - len(head) - 2) + b'"}'


def test_64_kib_is_the_limit(front, refuses):
    assert front.deliver(padded(65536)).status == 200
    refuses(front.deliver(padded(65537)), 413)
    refuses(front.deliver(padded(70000)), 413)


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b'"x"', b"null", b"type=test.ping", b'{"type":"test.ping"} {}', b'{"type":"test.ping",}',
    b'{"type":"test.ping","type":"license.create"}',
    b'{"type":"test.ping","t\\u0079pe":"license.create"}',
    b'{"type":"test.ping","x":{"a":1,"\\u0061":2}}',
    b'{"type":"test.ping","x":"\\u0000"}',
    b'{"type":"test.ping","x":"\x00"}',
    b'{"type":"test.ping"}\x00',
    b'{"type":"test.ping","x":"\xff"}',
    b'{"type":"test.ping","x":"\xc0\x80"}',
    b'{"type":"test.ping","x":"\xed\xa0\x80"}',
    b'{"type":"test.ping","x":"\\ud800"}',
    b'\xef\xbb\xbf{"type":"test.ping"}',
    b'{"type":"test.ping","x":1e999}',
    b'{"type":"test.ping","x":99999999999999999999}',
    b'{"type":"test.ping","x":' + b"[" * 16 + b"]" * 16 + b"}",
    b'{"type":"test.ping","x":' + b"[" * 30000 + b"]" * 30000 + b"}",
])
def test_malformed_bodies_are_400(front, refuses, body):
    problem = refuses(front.deliver(body), 400)
    assert "test.ping" not in problem["detail"]


def test_depth_of_16_is_taken(front):
    assert front.deliver(b'{"type":"test.ping","x":' + b"[" * 15 + b"]" * 15 + b"}").status == 200


@pytest.mark.parametrize("event,field", [
    ({}, "type"), ({"type": None}, "type"), ({"type": 1}, "type"), ({"type": "license.explode"}, "type"),
    ({"type": "invoice.created"}, "type"), ({"type": "license.create"}, "data"),
    ({"type": "license.create", "data": []}, "data"),
    ({"type": "license.create", "schema": 2, "data": {}}, "schema"),
    ({"type": "license.create", "schema": 1.0, "data": {}}, "schema"),
    ({"type": "license.create", "timestamp": "today", "data": {}}, "timestamp"),
    ({"type": "license.create", "data": {}}, "data.product_code"),
])
def test_bad_frames_are_422(front, refuses, event, field):
    refuses(front.deliver(event), 422, field)


IPS = ["", " ", "203.0.113.010", "0203.0.113.10", "203.0.113.256", "203.0.113", "203.0.113.10.1", "203.0.113.10 ",
       " 203.0.113.10", "203.0.113.10/32", "203.0.113.10:80", "0xcb.0.113.10", "3405803786", "localhost",
       "example.com", "203.0.113.-1", "203.0.113.1e1", "::ffff:203.0.113.10", "[2001:db8::1]", "2001:db8::1%eth0",
       "2001:db8::g", "2001:db8:::1", "1:2:3:4:5:6:7:8:9", "0.0.0.0", "127.0.0.1", "::", "::1", "224.0.0.1",
       "255.255.255.255", "203.0.113.10\n", "２０３.0.113.10", "x" * 300]


@pytest.mark.parametrize("ip", IPS)
def test_wrong_addresses_are_422(front, refuses, ip):
    refuses(front.deliver(front.create(ip=ip)), 422, "data.ip")


def test_addresses_have_one_spelling(front):
    answer = front.deliver(front.create(ip="2001:0DB8:0:0:0:0:0:7"))
    assert answer.status == 202
    assert front.as_operator(answer.headers["location"]).body["license"]["ip"] == "2001:db8::7"


@pytest.mark.parametrize("data,field", [
    ({"billing_months": 0}, "data.billing_months"), ({"billing_months": -1}, "data.billing_months"),
    ({"billing_months": 2**31}, "data.billing_months"), ({"billing_months": 2**32 + 1}, "data.billing_months"),
    ({"billing_months": 2**63 - 1}, "data.billing_months"), ({"billing_months": 121}, "data.billing_months"),
    ({"billing_months": 1.0}, "data.billing_months"), ({"billing_months": "1"}, "data.billing_months"),
    ({"billing_months": True}, "data.billing_months"), ({"billing_months": None}, "data.billing_months"),
    ({"product_code": "unknown"}, "data.product_code"), ({"product_code": None}, "data.product_code"),
    ({"product_code": "lz-app"}, "data.license_key"), ({"product_code": 7}, "data.product_code"),
    ({"service_id": None}, "data.service_id"), ({"service_id": ""}, "data.service_id"),
    ({"service_id": 1.5}, "data.service_id"), ({"service_id": "x" * 201}, "data.service_id"),
    ({"operation_key": None}, "data.operation_key"), ({"operation_key": "x" * 201}, "data.operation_key"),
    ({"operation_key": 7}, "data.operation_key"), ({"ip": None}, "data.ip"), ({"ip": 1}, "data.ip"),
    ({"sequence": -1}, "data.sequence"), ({"sequence": 1.0}, "data.sequence"),
    ({"max_credits": 1.5}, "data.max_credits"), ({"max_credits": "1e3"}, "data.max_credits"),
    ({"max_credits": "-1"}, "data.max_credits"), ({"dry_run": "yes"}, "data.dry_run"), ({"dry_run": 1}, "data.dry_run"),
    ({"period_end": "2026-02-30"}, "data.period_end"), ({"period_end": "21.12.2026"}, "data.period_end"),
    ({"verification_type": "mail"}, "data.verification_type"), ({"metadata": "x"}, "data.metadata"),
])
def test_bad_fields_are_422(front, refuses, data, field):
    event = front.create()
    for name, value in data.items():
        if value is None:
            del event["data"][name]
        else:
            event["data"][name] = value
    refuses(front.deliver(event), 422, field)


def test_1e0_is_no_integer(front, refuses):
    body = json.dumps(front.create()).replace('"billing_months": 1', '"billing_months": 1e0').encode()
    refuses(front.deliver(body), 422, "data.billing_months")


def test_change_ip_needs_another_address(front, refuses):
    event = front.event("license.change_ip", **front.fresh())
    refuses(front.deliver(event), 422, "data.new_ip")
    event["data"]["new_ip"] = event["data"]["ip"]
    refuses(front.deliver(event), 422, "data.new_ip")


@pytest.mark.parametrize("kind,product", [("license.verify", "cpanel"), ("license.change_ip", "lz-app"),
                                          ("license.change_product", "lz-app")])
def test_types_the_provider_does_not_offer_are_422(front, refuses, kind, product):
    refuses(front.send(kind, **front.fresh(product_code=product)), 422, "type")


def test_numeric_ids_are_text(front):
    event = front.create(service_id=81230000, order_id=5511, invoice_id=9901, invoice_item_id=20417)
    answer = front.deliver(event)
    assert answer.status == 202
    assert front.as_operator(answer.headers["location"]).body["service_id"] == "81230000"
    row = front.sql("select panel_order_id, invoice_id, invoice_item_id from bridge.orders "
                    f"where order_id = {answer.body['order_id']}")
    assert row == "5511|9901|20417"


# Reading an order.

def test_order_is_read_by_token_and_by_signature(front):
    answer = front.deliver(front.create())
    path = answer.headers["location"]
    for read in (front.as_operator(path), front.as_panel(path)):
        assert read.status == 200, read
        body = read.body
        assert body["order_id"] == answer.body["order_id"] and body["source"] == "demo"
        assert body["type"] == "license.create" and body["state"] == "queued" and body["attempts"] == 0
        assert {"reason", "credits", "operation_key", "service_id", "updated_at"} <= body.keys()
        assert body["created_at"].endswith("Z") and "T" in body["created_at"]
        assert isinstance(body["license"], dict)


def test_order_of_another_source_is_absent(front):
    path = front.deliver(front.create()).headers["location"]
    assert front.as_panel(path, secret="rotated-new").status == 404
    assert front.as_panel(path, secret="gone").status == 401
    assert front.as_panel(path, secret="far").status == 401
    assert front.as_panel(path).status == 200


def test_reading_needs_a_right(front, refuses):
    path = "/v1/orders/1"
    refuses(front.get(path), 401, "authorization")
    refuses(front.get(path, authorization="Bearer nonsense"), 401, "authorization")
    refuses(front.get(path, authorization="Basic eDp5"), 401, "authorization")
    refuses(front.get(path, authorization="Bearer " + "x" * 1000), 401, "authorization")
    refuses(front.as_panel(path, timestamp=str(int(time.time()) - 400)), 401, "webhook-timestamp")
    token = secrets.token_hex(24)
    front.sql(f"insert into bridge.token (name, digest, scopes) values ('narrow', sha256('{token}'), '{{operate}}')")
    refuses(front.get(path, authorization=f"Bearer {token}"), 403, "authorization")


@pytest.mark.parametrize("order", ["0", "-1", "999999999", "1.0", "x", "99999999999999999999", "1%20"])
def test_absent_orders_are_404(front, refuses, order):
    refuses(front.as_operator(f"/v1/orders/{order}"), 404)


def test_operators_list_orders_by_pages(front):
    for _ in range(3):
        assert front.deliver(front.create()).status == 202
    page = front.as_operator("/ops/api/v1/orders?limit=2&state=queued", "OPS_URL")
    assert page.status == 200, page
    ids = [int(order["order_id"]) for order in page.body["items"]]
    assert len(ids) == 2 and ids[0] > ids[1] and page.body["next"] == str(ids[1])
    rest = front.as_operator(f"/ops/api/v1/orders?limit=2&before={ids[1]}", "OPS_URL")
    assert int(rest.body["items"][0]["order_id"]) < ids[1]


def test_operators_list_checks_its_query(front, refuses):
    for query, field in (("state=asleep", "state"), ("limit=0", "limit"), ("limit=501", "limit"),
                         ("before=x", "before"), ("stat=queued", "stat"), ("ip=1.2.3", "ip"), ("ip=%zz", "ip"),
                         ("state=queued&state=held", "state"), ("text=", "text")):
        refuses(front.as_operator(f"/ops/api/v1/orders?{query}", "OPS_URL"), 400, field)
    refuses(front.get("/ops/api/v1/orders", "OPS_URL"), 401, "authorization")


def test_health(front):
    assert front.get("/health/live").body == {"status": "live"}
    assert front.get("/health/ready").status == 200


# What the operators see of refusals, and what the log never says.

def test_refusals_are_kept_within_bounds(front):
    kept = int(front.sql("select count(*) from bridge.refusal"))
    for _ in range(150):
        assert front.deliver(front.create(ip="x")).status == 422
    assert int(front.sql("select count(*) from bridge.refusal")) - kept <= 120  # 60 a minute, and two may have begun
    assert int(front.sql("select count(*) from bridge.refusal")) > 0
    row = front.sql("select source, status, field from bridge.refusal where status = 422 limit 1")
    assert row.startswith("demo|422|")


def test_log_has_neither_bodies_nor_signatures(front):
    marker = f"body{secrets.token_hex(8)}"
    front.deliver(front.create(customer_email=f"{marker}@example.com"))
    front.deliver(front.create(ip=marker))
    log = front.log("intake")
    assert marker not in log and not re.search(r"v1,[A-Za-z0-9+/]{40}", log)
    for secret in front.secret.values():
        assert secret[6:] not in log
    assert "event=delivery.accepted" in log and "event=delivery.refused" in log
