# SPDX-License-Identifier: Apache-2.0
"""What a panel may read with its signature: its products, its licenses, the orders of one of its services."""
import secrets
import time
import urllib.parse

import pytest

from bridge import request, sign
from front import Front


def look(rig, path, secret=None, query="", timestamp=None, signed=None):
    timestamp = timestamp or str(int(time.time()))
    delivery = f"look_{secrets.token_hex(8)}"
    signature = sign(secret or rig.env["WEBHOOK_SECRET"], delivery, timestamp, (signed or path).encode())
    return request(rig.env["BASE_URL"] + path + query,
                   headers={"webhook-id": delivery, "webhook-timestamp": timestamp, "webhook-signature": signature})


@pytest.fixture(scope="module")
def front():
    with Front() as running:
        yield running


def test_products_are_those_of_the_source_that_signed(front):
    answer = look(front, "/v1/products")
    assert (answer.status, answer.body["source"]) == (200, "demo")
    products = {product["code"]: product for product in answer.body["products"]}
    assert products["cpanel"] == {"code": "cpanel", "provider": "724license", "type": "cpanel"}
    assert products["lz-app"]["provider"] == "lisanszone" and len(products) == 7
    answer = look(front, "/v1/products", front.secret["rotated-old"])
    assert (answer.body["source"], [product["code"] for product in answer.body["products"]]) == ("rotated", ["cpanel"])


@pytest.mark.parametrize("path", ["/v1/products", "/v1/licenses", "/v1/services/1"])
def test_nobody_else_reads(front, path):
    wrong = "whsec_" + "A" * 43 + "="
    assert look(front, path, wrong).status == 401
    assert look(front, path, front.secret["gone"]).status == 401
    assert look(front, path, front.secret["far"]).status == 401
    assert look(front, path, timestamp=str(int(time.time()) - 301)).status == 401
    assert look(front, path, signed="/v1/orders/1").status == 401
    assert request(front.env["BASE_URL"] + path).status == 401
    answer = request(front.env["BASE_URL"] + path, "POST", b"{}")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_licenses_go_by_pages_and_are_the_own_ones(front):
    ours = [front.send("license.create", **front.fresh()).status for _ in range(5)]
    theirs = front.deliver(front.event("license.create", **front.fresh()), secret=front.secret["rotated-new"],
                           source="rotated")
    assert ours == [202] * 5 and theirs.status == 202
    seen, after = [], None
    while True:
        answer = look(front, "/v1/licenses", query="?limit=2" + (f"&after={after}" if after else ""))
        assert answer.status == 200 and len(answer.body["licenses"]) <= 2
        seen += answer.body["licenses"]
        after = answer.body["next_after"]
        if after is None:
            break
    assert len(seen) == int(front.sql("select count(*) from bridge.license where source = 'demo'")) >= 5
    assert len({license["license_id"] for license in seen}) == len(seen)
    assert {license["status"] for license in seen} == {"pending"} and all(license["ip"] for license in seen)
    for query in ("?after=x", "?limit=0", "?limit=501", "?after=-1"):
        assert look(front, "/v1/licenses", query=query).status == 400, query


def test_a_service_shows_its_orders_and_what_was_tried(rig, service):
    rig.fault(endpoint="suspend", ip=service.ip, fault="5xx", when="before", times=1)
    create = service.done("license.create")
    suspend = service.done("license.suspend", reason="not paid")
    answer = look(rig, f"/v1/services/{service.id}")
    assert (answer.status, answer.body["service_id"]) == (200, service.id)
    assert [order["order_id"] for order in answer.body["orders"]] == [suspend["order_id"], create["order_id"]]
    newest, first = answer.body["orders"]
    assert first["credits"] == "4" and first["license"]["ip"] == service.ip and newest["attempts"] == 2
    assert [(seen["attempt"], seen["call"], seen["verdict"], seen["sent"]) for seen in newest["evidence"]] == [
        (1, "license.suspend", "unsure", True), (2, "license.suspend", "done", True)]
    assert newest["evidence"][0]["http_status"] >= 500 and newest["evidence"][0]["reason"]
    assert newest["evidence"][0]["at"] <= newest["evidence"][1]["at"]


def test_service_ids_may_hold_anything(rig, services):
    service = services()
    service.id = "Müşteri 5/7 %41"
    order = service.order("license.create")
    answer = look(rig, "/v1/services/" + urllib.parse.quote(service.id, safe=""))
    assert answer.status == 200 and answer.body["orders"][0]["order_id"] == order
    assert answer.body["service_id"] == service.id
    for bad in ("nobody", "%", "%4", "%zz", "%ff", "%00", "a" * 201):
        assert look(rig, f"/v1/services/{bad}").status in (400, 404), bad  # some are nginx's to refuse
