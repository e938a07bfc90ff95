# SPDX-License-Identifier: Apache-2.0
"""Spending windows against the stand-in's ledger: several calls at once, prices that change, top-ups, strangers."""
import subprocess
import time

import pytest

from bridge import Rig


@pytest.fixture(scope="module")
def shared_rig():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", WINDOW="4", SETTLE="evidence", STANDIN_BALANCE="100000") as running:
        yield running


@pytest.fixture(autouse=True)
def quiet_again(rig):
    yield
    rig.control("personality", {"price": "times_months", "change_core": "paid", "balance": "number"})
    rig.control("product", {"code": "cpanel", "price": "4"})
    rig.control("faults", {"rules": []})
    wait_for(lambda: ask(rig, "select count(*) from ops.orders where state in ('queued','calling','in_doubt')") == "0")
    wait_for(lambda: ask(rig, "select window_state from ops.accounts where account = 'main'") == "shut")
    ask(rig, "select bridge.operator_acknowledge('test', 'main', 'the test is over')")


def ask(rig, sql):
    return subprocess.run(["psql", "-X", "-At", rig.env["DATABASE_URL"], "-c", sql], capture_output=True, text=True,
                          check=True).stdout.strip()


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def alarm(rig):
    return ask(rig, "select coalesce(alarm, '') from ops.accounts where account = 'main'")


def wait_shut(rig):
    wait_for(lambda: ask(rig, "select window_state from ops.accounts where account = 'main'") == "shut")


def test_a_window_of_four_is_faster_than_one_and_reads_the_balance_seldom(rig, services):
    for _ in range(4):  # the price is learned and the window grows
        services().done("license.create")
        wait_shut(rig)
    rig.fault(endpoint="create", fault="slow", delay_ms=200, times=-1)
    made = [services() for _ in range(40)]
    before = len(rig.control("ledger?endpoint=balance&limit=20000")["calls"])
    began = time.monotonic()
    orders = [service.order("license.create") for service in made]
    for order in orders:
        assert rig.wait(order)["state"] == "succeeded"
    elapsed = time.monotonic() - began
    reads = len(rig.control("ledger?endpoint=balance&limit=20000")["calls"]) - before
    assert elapsed < 40 * 0.2 / 2  # 2 s at a width of 4, 8 s one by one
    assert reads <= 0.3 * 40
    assert all(service.bought() == (1, 0) for service in made)


def test_doubts_among_others_are_told_apart_by_their_prices(rig, services):
    cheap, dear, lost = services("softaculous"), services("imunify360"), services("litespeed")
    for product in ("softaculous", "imunify360", "litespeed"):
        services(product).done("license.create")
        wait_shut(rig)
    rig.fault(endpoint="create", ip=dear.ip, fault="drop", when="after", times=1)
    rig.fault(endpoint="create", ip=lost.ip, fault="drop", when="before", times=1)
    orders = [service.order("license.create") for service in (cheap, dear, lost)]
    for order in orders:
        assert rig.wait(order, states=("succeeded",))["state"] == "succeeded"
    assert [service.bought() for service in (cheap, dear, lost)] == [(1, 0)] * 3
    assert rig.order(orders[2])["attempts"] == 2  # the balance showed that it was not bought


@pytest.mark.parametrize("price,credits", [("times_months", "12"), ("flat", "4")])
def test_what_months_cost_is_learned(rig, services, price, credits):
    rig.control("personality", {"price": price})
    ask(rig, "delete from bridge.product_price where billing_months = 3")
    first = services()
    order = first.order("license.create", billing_months=3)
    assert rig.wait(order)["state"] == "succeeded"
    wait_shut(rig)
    assert rig.order(order)["credits"] == credits
    assert services().done("license.create", billing_months=3)["credits"] == credits
    assert alarm(rig) == ""


def test_a_new_price_is_told_from_a_stranger(rig, services):
    services().done("license.create")
    wait_shut(rig)
    rig.control("product", {"code": "cpanel", "price": "5"})
    services().done("license.create")
    wait_shut(rig)
    assert alarm(rig) == ""


def test_a_top_up_in_a_window_is_booked(rig, service):
    service.done("license.create")
    wait_shut(rig)
    rig.fault(endpoint="create", fault="slow", delay_ms=700, times=1)
    other = service.__class__(rig)
    order = other.order("license.create")
    wait_for(lambda: other.calls("create"))
    rig.control("account", {"name": "main", "add": "50"})
    assert rig.wait(order)["state"] == "succeeded"
    wait_shut(rig)
    assert alarm(rig) == ""
    assert ask(rig, "select amount from ops.ledger where kind = 'topup' order by entry_id desc limit 1") == "50"


def test_somebody_else_spends_alarm_and_no_wrong_success(rig, services):
    services().done("license.create")
    wait_shut(rig)
    rig.fault(endpoint="create", fault="slow", delay_ms=700, times=1)
    service = services()
    order = service.order("license.create")
    wait_for(lambda: service.calls("create"))
    rig.control("account", {"name": "main", "add": "-1"})
    assert rig.wait(order)["state"] == "succeeded"
    wait_shut(rig)
    assert "somebody else spends" in alarm(rig)
    # Tainted from now on: a doubt is not concluded from the balance.
    doubted = services()
    rig.fault(endpoint="renew", ip=doubted.ip, fault="drop", when="before", times=1)
    doubted.done("license.create")
    order = doubted.order("license.renew")
    assert rig.wait(order)["state"] == "needs_review"
    for _ in range(100):
        if ask(rig, f"select bridge.operator_resolve('t', {int(order)}, 'did_not_happen', 'x', null, 1000)") == "ok":
            break
        time.sleep(0.1)
    assert doubted.bought() == (1, 0)


@pytest.mark.parametrize("spelling", ["string", "float"])
def test_balances_in_other_spellings(rig, services, spelling):
    rig.control("personality", {"balance": spelling})
    services().done("license.create")


def test_an_unreadable_balance_stops_purchases_visibly(rig, services):
    wait_shut(rig)
    rig.fault(endpoint="balance", fault="html", times=-1)
    order = services().order("license.create")
    time.sleep(2)
    assert rig.order(order)["state"] == "queued"
    assert ask(rig, "select unread_since is not null from bridge.account where account = 'main'") == "t"
    rig.control("faults", {"rules": []})
    assert rig.wait(order)["state"] == "succeeded"
