# SPDX-License-Identifier: Apache-2.0
"""The worker under hardship: dead upstreams, empty accounts, refused tokens, kills, drains, slow neighbours."""
import subprocess
import time

import pytest

from bridge import Rig


@pytest.fixture(scope="module")
def shared_rig():
    """A rig of its own: these tests pause accounts and kill workers."""
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000") as running:
        yield running


@pytest.fixture(autouse=True)
def whole_again(rig):
    yield
    rig.control("account", {"name": "main", "balance": "100000", "denied": False})
    rig.ctl_program("resume", "main", "--reason", "the test is over")


def attempts(rig, order):
    out = subprocess.run(["psql", "-X", "-At", "-F", "|", rig.env["DATABASE_URL"], "-c",
                          "select attempt, verdict, reason_code, sent from ops.attempts "
                          f"where order_id = {int(order)} order by attempt"], capture_output=True, text=True, check=True)
    return [line.split("|") for line in out.stdout.splitlines()]


def test_short_of_credits_waits_and_goes_on(rig, services):
    rig.control("account", {"name": "main", "balance": "3"})
    dear, cheap = services("cpanel"), services("litespeed")
    held = dear.order("license.create")
    order = rig.wait(held)
    assert order["state"] == "held" and "short of credits" in order["reason"]
    cheap.done("license.create")  # a dear order does not hold up a cheaper one
    assert dear.calls("create") == []
    rig.control("account", {"name": "main", "balance": "4"})
    assert rig.wait(held, states=("succeeded",), seconds=20)["credits"] == "4"
    assert dear.bought() == (1, 0)


def test_months_that_the_balance_does_not_pay_are_held_after_the_refusal(rig, service):
    rig.control("account", {"name": "main", "balance": "5"})
    held = service.order("license.create", billing_months=12)
    order = rig.wait(held)
    assert order["state"] == "held" and "credits" in order["reason"]
    assert service.bought() == (0, 0)
    rig.control("account", {"name": "main", "balance": "48"})
    assert rig.wait(held, states=("succeeded",), seconds=20)["credits"] == "48"
    assert service.bought() == (1, 0)


def test_a_refused_token_pauses_the_account_until_it_is_resumed(rig, services):
    first, second = services(), services()
    first.done("license.create")
    rig.control("account", {"name": "main", "denied": True})
    refused = first.order("license.suspend")
    assert rig.wait(refused)["state"] == "held"
    later = second.order("license.create")
    order = rig.wait(later)
    assert order["state"] == "held" and "paused" in order["reason"]
    rig.control("account", {"name": "main", "denied": False})
    time.sleep(1.5)
    assert rig.order(refused)["state"] == "held"  # it takes a person
    assert rig.ctl_program("resume", "main", "--reason", "new token").returncode == 0
    for order in (refused, later):
        assert rig.wait(order, states=("succeeded",))["state"] == "succeeded"


def test_a_dead_upstream_is_not_called_and_the_orders_wait(rig, services):
    made = [services() for _ in range(8)]
    rig.ctl("stop", "standin")
    try:
        orders = [service.order("license.create") for service in made]
        time.sleep(2)
        # 502 from nginx in front of it: the reads before the purchase fail, no purchase is tried.
        assert {rig.order(order)["state"] for order in orders} == {"queued"}
        assert all(rig.order(order)["attempts"] == 0 for order in orders)
    finally:
        rig.ctl("start", "standin")
        rig.control("product", {"code": "cpanel", "price": "4"})
    rig.control("account", {"name": "main", "token": rig.env["UPSTREAM_TOKEN"], "balance": "100000"})
    for order, service in zip(orders, made):
        assert rig.wait(order, seconds=30)["state"] == "succeeded"
        assert service.bought() == (1, 0)


def test_a_worker_killed_during_a_paid_call_leaves_it_to_a_person(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="slow", delay_ms=1500, when="before", times=1)
    order = service.order("license.create")
    wait_for(lambda: service.calls("create"))
    rig.ctl("kill", "worker1")
    rig.ctl("start", "worker1")
    ended = rig.wait(order, seconds=30)
    assert ended["state"] == "needs_review" and "may have bought" in ended["reason"]
    assert attempts(rig, order) == [["1", "unsure", "worker_lost", "t"]]
    time.sleep(2)
    assert service.bought() == (1, 0) and len(service.calls("create")) == 1


def test_a_worker_killed_before_the_purchase_costs_nothing(rig, services):
    service = services("softaculous")  # its price is not known yet: the read of it hangs
    rig.fault(endpoint="product", fault="slow", delay_ms=1500, times=1)
    order = service.order("license.create")
    wait_for(lambda: rig.control("ledger?endpoint=product&limit=20000")["calls"])
    time.sleep(0.2)
    rig.ctl("kill", "worker1")
    rig.ctl("start", "worker1")
    assert rig.wait(order, seconds=30)["state"] == "succeeded"
    assert service.bought() == (1, 0)


def test_a_stopping_worker_ends_its_calls_first(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="slow", delay_ms=1200, times=1)
    order = service.order("license.create")
    wait_for(lambda: service.calls("create"))
    rig.ctl("stop", "worker1")
    assert rig.order(order)["state"] == "succeeded"
    rig.ctl("start", "worker1")
    assert service.bought() == (1, 0)


def test_one_slow_call_does_not_stop_the_others(rig, services):
    slow, quick = services(), [services() for _ in range(5)]
    for service in [slow, *quick]:
        service.done("license.create")
    rig.fault(endpoint="suspend", ip=slow.ip, fault="hang", times=1)
    hanging = slow.order("license.suspend")
    wait_for(lambda: slow.calls("suspend"))
    began = time.monotonic()
    for service in quick:
        service.done("license.suspend")
    assert time.monotonic() - began < 1.5
    assert rig.order(hanging)["state"] == "calling"
    assert rig.wait(hanging)["state"] == "succeeded"


def test_a_locked_order_stops_the_fence_and_nothing_else(rig, services):
    """Somebody holds a row lock on an order that is about to be bought: it is not sent, and others go on."""
    blocked, other = services(), services()
    other.done("license.create")
    rig.fault(endpoint="balance", fault="slow", delay_ms=800, times=1)
    order = blocked.order("license.create")
    wait_for(lambda: rig.order(order)["state"] in ("queued", "calling"))
    locker = subprocess.Popen(["psql", "-X", "-q", rig.env["DATABASE_URL"], "-c",
                               f"begin; select from bridge.orders where order_id = {int(order)} for update; "
                               "select pg_sleep(4); commit"], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.3)
        began = time.monotonic()
        other.done("license.suspend")
        assert time.monotonic() - began < 2.5
    finally:
        locker.wait()
    assert rig.wait(order, seconds=40)["state"] == "succeeded"
    assert blocked.bought() == (1, 0)


def test_the_database_restarts_under_the_worker(rig, services):
    made = [services() for _ in range(20)]
    orders = [service.order("license.create") for service in made]
    rig.ctl("kill", "postgres")
    rig.ctl("start", "postgres")
    rig.ctl("ready")
    for order, service in zip(orders, made):
        ended = rig.wait(order, seconds=40)
        assert ended["state"] in ("succeeded", "needs_review"), ended
        assert service.bought()[0] <= 1
        assert ended["state"] != "succeeded" or service.bought() == (1, 0)


def test_reload_takes_a_new_price_guard(rig, service):
    config = rig.dir / "bridge.conf"
    before = config.read_text()
    pid = int((rig.dir / "run" / "worker1.pid").read_text())
    try:
        config.write_text(before.replace('product cpanel { account = "main"  type = "cpanel" }',
                                         'product cpanel { account = "main"  type = "cpanel"  max_credits = "3" }'))
        assert config.read_text() != before
        subprocess.run(["kill", "-HUP", str(pid)], check=True)
        wait_for(lambda: "config.reloaded" in rig.log("worker1"))
        order = rig.wait(service.order("license.create"))
        assert order["state"] == "held" and "price guard" in order["reason"]
        config.write_text("database = nonsense {\n")
        subprocess.run(["kill", "-HUP", str(pid)], check=True)
        wait_for(lambda: "config.kept" in rig.log("worker1"))
    finally:
        config.write_text(before)
        subprocess.run(["kill", "-HUP", str(pid)], check=True)
    wait_for(lambda: rig.log("worker1").count("event=config.reloaded") >= 2)
    assert rig.ctl_program("release", order["order_id"], "--reason", "the limit is gone").returncode == 0
    assert rig.wait(order["order_id"], states=("succeeded",))["credits"] == "4"


def test_no_token_in_any_log(rig):
    token, secret = rig.env["UPSTREAM_TOKEN"], rig.env["WEBHOOK_SECRET"]
    for path in (rig.dir / "log").iterdir():
        text = path.read_text(errors="replace")
        assert token not in text and secret.removeprefix("whsec_") not in text, path
        assert rig.env["OPS_TOKEN"] not in text, path


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
