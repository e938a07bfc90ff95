# SPDX-License-Identifier: Apache-2.0
"""Orders from webhook to upstream; the stand-in's ledger is the judge of what happened."""
import subprocess
import time

import pytest


def test_a_license_lives_its_whole_life(rig, services):
    service = services("litespeed")
    created = service.done("license.create", period_end="2026-12-21")
    assert created["credits"] == "3" and created["attempts"] == 1
    upstream = service.upstream()
    assert created["license"]["upstream_license_id"] == str(upstream["id"])
    assert upstream["state"] == "active"
    service.done("license.renew", period_end="2027-01-21")
    service.done("license.suspend")
    assert service.upstream()["state"] == "suspended"
    service.done("license.unsuspend")
    assert service.upstream()["state"] == "active"
    old, service_ip = service.ip, "10.200.0.1"
    service.done("license.change_ip", new_ip=service_ip)
    assert service.upstream() is None
    service.ip = service_ip
    assert service.upstream()["id"] == upstream["id"]
    order = service.done("license.change_product", new_product_code="litespeed_x_core")
    assert order["license"]["product_code"] == "litespeed_x_core"
    service.product = "litespeed_x_core"
    assert service.upstream()["id"] == upstream["id"]
    service.done("license.terminate")
    assert service.upstream()["state"] == "suspended"
    assert rig.control(f"purchases?ip={old}")["purchases"][0]["creates"] == 1
    answer = service.send("license.renew")
    assert answer.status == 422 and answer.body["field"] == "data.service_id"


def test_repeats_lead_to_the_same_order(rig, service):
    key = f"{service.id}:same"
    first = service.order("license.create", operation_key=key, delivery="msg_first" + service.id)
    assert rig.wait(first)["state"] == "succeeded"
    body = rig.event("license.create", operation_key=key, service_id=service.id, product_code="cpanel",
                     ip=service.ip, billing_months=1, reason="sent again")
    again = rig.deliver(body, delivery="msg_second" + service.id)
    assert again.status == 200 and again.body["order_id"] == first
    same_id = rig.deliver(body, delivery="msg_first" + service.id)
    assert same_id.status == 409
    other = service.send("license.create", operation_key=key, billing_months=2)
    assert other.status == 422 and other.body["field"] == "data.operation_key"
    assert service.bought() == (1, 0)


def test_a_second_create_for_a_live_license_is_refused(rig, service):
    service.done("license.create")
    answer = service.send("license.create")
    assert answer.status == 422 and "live" in answer.body["detail"]
    assert service.bought() == (1, 0)


FAULTS = ["drop", "reset", "5xx", "cut", "cut_json", "html", "empty", "mistyped", "hang"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_answer_is_found_out_and_never_bought_again(rig, service, fault):
    """The purchase happened, its answer did not arrive: the license is there and the balance shows it."""
    rig.fault(endpoint="create", ip=service.ip, fault=fault, when="after", times=-1)
    order = service.done("license.create")
    assert order["attempts"] == 1 and "answer was lost" in order["reason"] and order["credits"] == "4"
    assert len(service.calls("create")) == 1 and service.bought() == (1, 0)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_create_that_the_balance_does_not_show_is_a_persons(rig, service, fault):
    """Nothing happened, but nobody can know: review, no repeat, and the line waits."""
    rig.fault(endpoint="create", ip=service.ip, fault=fault, when="before", times=-1)
    order = rig.wait(service.order("license.create"))
    assert order["state"] == "needs_review" and order["attempts"] == 1 and order["reason"]
    blocked = service.order("license.suspend")
    time.sleep(0.5)
    assert rig.order(blocked)["state"] == "blocked"
    assert len(service.calls("create")) == 1 and service.bought() == (0, 0) and not service.calls("suspend")
    settle(rig, order["order_id"], "did_not_happen")
    assert rig.wait(order["order_id"], states=("failed",))
    assert rig.wait(blocked)["state"] == "failed"


def test_a_lost_renewal_is_found_out_by_the_balance(rig, service):
    service.done("license.create")
    rig.fault(endpoint="renew", ip=service.ip, fault="drop", when="after", times=1)
    order = service.done("license.renew", billing_months=2)
    assert "balance" in order["reason"] and order["credits"] == "8"
    assert service.bought() == (1, 1)


def test_buying_again_is_a_persons_word(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="drop", when="before", times=1)
    order = rig.wait(service.order("license.create"))
    assert order["state"] == "needs_review"
    settle(rig, order["order_id"], "buy_again")
    assert rig.wait(order["order_id"], states=("succeeded",))["attempts"] == 2
    assert service.bought() == (1, 0)


def settle(rig, order, answer):
    """What an operator's resolve does."""
    for _ in range(100):
        said = subprocess.run(["psql", "-X", "-At", rig.env["DATABASE_URL"], "-c",
                               f"select bridge.operator_resolve('test', {int(order)}, '{answer}', 'looked', null, 1000)"],
                              capture_output=True, text=True, check=True).stdout.strip()
        if said == "ok":
            return
        assert said == "early", said
        time.sleep(0.1)
    raise AssertionError(f"order {order} cannot be settled")


def test_a_throttled_create_waits_and_then_buys_once(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="429", retry_after=1, times=1)
    rig.fault(endpoint="create", ip=service.ip, fault="429", status=200, times=1)
    order = rig.wait(service.order("license.create"))
    assert order["state"] == "succeeded" and order["attempts"] == 3
    calls = service.calls("create")
    assert [c["outcome"] for c in calls] == ["none", "none", "done"]
    assert calls[1]["at_ms"] - calls[0]["at_ms"] >= 1000
    assert service.bought() == (1, 0)


@pytest.mark.parametrize("fault", ["5xx", "drop", "html", "hang"])
def test_a_doubtful_suspend_is_repeated_until_it_is_done(rig, service, fault):
    service.done("license.create")
    rig.fault(endpoint="suspend", ip=service.ip, fault=fault, when="after", times=1)
    order = service.done("license.suspend")
    assert order["attempts"] == 2
    assert service.upstream()["state"] == "suspended"


def test_already_in_that_state_is_done(rig, service):
    rig.control("personality", {"repeated_state": "refused"})
    try:
        service.done("license.create")
        rig.fault(endpoint="suspend", ip=service.ip, fault="drop", when="after", times=1)
        assert service.done("license.suspend")["attempts"] == 2
    finally:
        rig.control("personality", {"repeated_state": "accepted"})


def test_a_definite_refusal_frees_the_key(rig, service):
    rig.control("product", {"code": "cpanel", "hidden": True})
    try:
        order = rig.wait(service.order("license.create", operation_key=f"{service.id}:again"))
        assert order["state"] == "failed" and order["credits"] is None
    finally:
        rig.control("product", {"code": "cpanel", "hidden": False})
    # The catalogue was read with the price and says hidden; it is read again before the next purchase.
    rig.ctl_program("products", "main", "--sync")
    second = service.order("license.create", operation_key=f"{service.id}:again")
    assert second != order["order_id"]
    assert rig.wait(second)["state"] == "succeeded"
    assert service.bought() == (1, 0)


def test_orders_of_one_license_keep_their_order(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="slow", delay_ms=700, times=1)
    ids = [service.order(kind) for kind in
           ("license.create", "license.suspend", "license.unsuspend", "license.renew", "license.suspend")]
    for order in ids:
        assert rig.wait(order)["state"] == "succeeded"
    effects = sorted((c for c in service.calls() if c["effect"]), key=lambda c: c["effect_seq"])
    assert [c["endpoint"] for c in effects] == ["create", "suspend", "unsuspend", "renew", "suspend"]


def test_a_lower_sequence_goes_first_and_a_late_state_is_superseded(rig, service):
    service.done("license.create", sequence=1)
    rig.fault(endpoint="suspend", ip=service.ip, fault="slow", delay_ms=600, times=1)
    first = service.order("license.suspend", sequence=10)
    time.sleep(0.2)
    third = service.order("license.renew", sequence=30)
    second = service.order("license.unsuspend", sequence=20)
    late = service.order("license.suspend", sequence=5)
    for order in (first, second, third):
        assert rig.wait(order)["state"] == "succeeded"
    assert rig.wait(late)["state"] == "cancelled"
    effects = sorted((c for c in service.calls() if c["effect"]), key=lambda c: c["effect_seq"])
    assert [c["endpoint"] for c in effects] == ["create", "suspend", "unsuspend", "renew"]


def test_a_failed_create_fails_its_successors(rig, service):
    rig.control("product", {"code": "cpanel", "hidden": True})
    try:
        rig.fault(endpoint="create", ip=service.ip, fault="slow", delay_ms=400, times=1)
        create = service.order("license.create")
        suspend = service.order("license.suspend")
        assert rig.wait(create)["state"] == "failed"
        order = rig.wait(suspend)
        assert order["state"] == "failed" and str(create) in order["reason"]
    finally:
        rig.control("product", {"code": "cpanel", "hidden": False})
        rig.ctl_program("products", "main", "--sync")


def test_another_service_waits_for_the_address(rig, services):
    holder, waiter = services(), services()
    waiter.ip = holder.ip
    holder.done("license.create")
    waiting = waiter.order("license.create")
    order = rig.order(waiting)
    assert order["state"] == "blocked" and holder.id in order["reason"]
    holder.done("license.terminate")
    # The stand-in keeps the terminated license, as the document knows no other end: unsuspend and renew would be
    # `recycled = renew`; a plain create is refused there, definitely.
    assert rig.wait(waiting)["state"] == "failed"
    assert holder.bought() == (1, 0)


def test_a_second_renewal_of_the_same_period_is_held(rig, service):
    service.done("license.create")
    first = service.order("license.renew", period_end="2027-05-01")
    second = service.order("license.renew", period_end="2027-05-01")
    assert rig.wait(first)["state"] == "succeeded"
    order = rig.order(second)
    assert order["state"] == "held" and str(first) in order["reason"]
    service.done("license.suspend")  # a held repeat does not stop the line
    assert service.bought() == (1, 1)


def test_dry_run_buys_and_stores_nothing(rig, service):
    answer = service.send("license.create", dry_run=True, operation_key="dry", delivery="msg_dry" + service.id)
    assert answer.status == 200
    assert answer.body["call"]["fields"] == {"type": "cpanel", "ip": service.ip, "billingcycle": 1}
    time.sleep(1.5)
    assert service.calls() == [] and service.bought() == (0, 0)
    # Neither the key nor the delivery id was used up.
    order = service.order("license.create", operation_key="dry", delivery="msg_dry" + service.id)
    assert rig.wait(order)["state"] == "succeeded"


def test_price_guard_holds_a_dear_order(rig, service):
    order = rig.wait(service.order("license.create", max_credits="3.99"))
    assert order["state"] == "held" and "price guard" in order["reason"]
    assert service.calls("create") == []


def test_a_remembered_price_holds_nothing(rig, services):
    services("imunify360").done("license.create")
    rig.control("product", {"code": "imunify360", "price": "5"})
    try:
        cheaper = services("imunify360").done("license.create", max_credits="5")
        assert (cheaper["credits"], cheaper["attempts"]) == ("5", 1)
    finally:
        rig.control("product", {"code": "imunify360", "price": "6"})
