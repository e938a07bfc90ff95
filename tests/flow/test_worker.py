# SPDX-License-Identifier: Apache-2.0
"""The worker under hardship: dead upstreams, empty accounts, refused tokens, kills, drains, slow neighbours."""
import contextlib
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


def sql(rig, text):
    out = subprocess.run(["psql", "-X", "-q", "-At", "-F", "|", "-v", "ON_ERROR_STOP=1", rig.env["DATABASE_URL"], "-c",
                          text], capture_output=True, text=True, check=True)
    return [line.split("|") for line in out.stdout.splitlines()]


def window(rig):
    return sql(rig, "select window_state from ops.accounts where account = 'main'")[0][0]


def spent_elsewhere(rig, left):
    """Somebody else's purchases, booked: credits that go unbooked would pause the account."""
    wait_for(lambda: window(rig) == "shut")
    have, = [a["balance"] for a in rig.control("accounts")["accounts"] if a["name"] == "main"]
    rig.control("account", {"name": "main", "balance": str(left)})
    assert rig.ctl_program("balance", "adjust", "main", str(left - float(have)), "--reason", "bought elsewhere").returncode == 0


def attempts(rig, order):
    return sql(rig, "select attempt, verdict, reason_code, sent from ops.attempts "
                    f"where order_id = {int(order)} order by attempt")


@contextlib.contextmanager
def with_the_intent(rig, deed):
    """Does something in the very transaction that writes the first intent of a paid call: the fence comes after it."""
    sql(rig, f"""create function public.deed() returns trigger language plpgsql as
                 $$ begin {deed}; return null; end $$;
                 create trigger deed after insert on bridge.attempt for each row
                 when (new.price is not null and new.attempt = 1) execute function public.deed()""")
    try:
        yield
    finally:
        sql(rig, "drop trigger deed on bridge.attempt; drop function public.deed()")


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
    spent_elsewhere(rig, left=5)
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
    wait_for(lambda: window(rig) == "shut")
    rig.ctl("stop", "standin")
    try:
        orders = [service.order("license.create") for service in made]
        time.sleep(2)
        # 502 from nginx in front of it: the balance cannot be read, no window opens, no purchase is tried.
        assert {rig.order(order)["state"] for order in orders} == {"queued"}
        assert all(rig.order(order)["attempts"] == 0 for order in orders)
    finally:
        rig.ctl("start", "standin")
        rig.control("product", {"code": "cpanel", "price": "4"})
    rig.control("account", {"name": "main", "token": rig.env["UPSTREAM_TOKEN"], "balance": "100000"})
    for order, service in zip(orders, made):
        assert rig.wait(order, seconds=30)["state"] == "succeeded"
        assert service.bought() == (1, 0)


def test_what_a_killed_worker_bought_is_found_out(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="slow", delay_ms=1500, when="before", times=1)
    order = service.order("license.create")
    wait_for(lambda: service.calls("create"))
    rig.ctl("kill", "worker1")
    rig.ctl("start", "worker1")
    ended = rig.wait(order, seconds=30)
    assert ended["state"] == "succeeded" and "answer was lost" in ended["reason"]
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
    with rig.transaction(f"select from bridge.orders where order_id = {int(order)} for update"):
        other.done("license.suspend")
        time.sleep(3)  # the purchase has come to the fence meanwhile, whose time is up
    assert rig.wait(order, seconds=40)["state"] == "succeeded"
    assert blocked.bought() == (1, 0)


def test_a_pause_after_the_intent_stops_the_fence(rig, service):
    with with_the_intent(rig, "perform bridge.account_pause(new.account, 'audit')"):
        order = service.order("license.create")
        assert rig.wait(order)["state"] == "held"
    assert attempts(rig, order) == [["1", "later", "fence_lost", "f"]]
    assert service.calls("create") == []
    assert rig.ctl_program("resume", "main", "--reason", "audited").returncode == 0
    assert rig.wait(order, states=("succeeded",))["attempts"] == 2
    assert service.bought() == (1, 0) and len(service.calls("create")) == 1


def test_a_takeover_after_the_intent_stops_the_fence(rig, service):
    """The worker that was taken over still lives and is about to send."""
    with with_the_intent(rig, """update bridge.line set lease_until = now(), run_at = now() where head_order = new.order_id;
                                 perform bridge.work_takeover(10, array[new.account], array[0::bigint])"""):
        order = service.order("license.create")
        ended = rig.wait(order)
    assert (ended["state"], ended["attempts"]) == ("succeeded", 2), ended
    assert [row[3] for row in attempts(rig, order)] == ["f", "t"]
    assert service.bought() == (1, 0) and len(service.calls("create")) == 1


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


def test_a_moved_license_is_believed_only_where_it_can_be_nothing_else(rig, services):
    """change_ip fails before its effect, onto an address with a terminated license of ours: no false success."""
    old, mover = services(), services()
    old.done("license.create")
    old.done("license.terminate")
    mover.done("license.create")
    rig.fault(endpoint="change-ip", ip=mover.ip, fault="5xx", when="before", times=1)
    order = rig.wait(mover.order("license.change_ip", new_ip=old.ip))
    assert order["state"] == "needs_review", order
    assert mover.upstream() is not None and old.upstream()["state"] == "suspended"


def test_a_doubtful_move_is_settled_by_the_state_call_on_the_new_address(rig, service):
    service.done("license.create")
    new_ip = "10.210.0.1"
    rig.fault(endpoint="change-ip", ip=service.ip, fault="drop", when="after", times=1)
    order = service.done("license.change_ip", new_ip=new_ip)
    assert "harmless call" in order["reason"]
    assert rig.control(f"licenses?ip={new_ip}")["licenses"][0]["state"] == "active"


def test_a_deactivation_is_not_proved_by_a_valid_license(rig):
    key = "DEAC-0000-0000-0000-0001"
    rig.control("zone", {"keys": [{"license_key": key}], "limiter": {"enabled": False}})
    fields = {"service_id": "zone-deac", "product_code": "lz-app", "license_key": key,
              "customer_email": "musteri@example.com", "hwid": "HW-1", "verification_type": "hwid"}
    created = rig.send("license.create", **fields)
    assert rig.wait(created.body["order_id"])["state"] == "succeeded"
    rig.fault(endpoint="deactivate", license_key=key, fault="5xx", when="before", times=1)
    rig.fault(endpoint="deactivate", license_key=key, fault="5xx", when="before", times=1, status=400,
              body='{"success":false,"error":"olmadi","error_code":"DEACTIVATION_FAILED"}')
    order = rig.wait(rig.send("license.terminate", **fields).body["order_id"])
    assert order["state"] == "needs_review", order


def test_two_services_that_wait_for_each_other_are_told_so(rig, services):
    one, two = services(), services()
    one.done("license.create")
    two.done("license.create")
    first = one.order("license.change_ip", new_ip=two.ip)
    second = two.order("license.change_ip", new_ip=one.ip)
    assert rig.order(first)["state"] == "blocked"
    order = rig.wait(second)
    assert order["state"] == "held" and "wait for each other" in order["reason"]


def test_a_frozen_worker_does_not_send_what_others_have_done_since(rig, service):
    """SIGSTOP between the claim and its answer: the lease runs out, then the worker wakes up."""
    service.done("license.create")
    pid = (rig.dir / "run" / "worker1.pid").read_text().strip()
    subprocess.run(["kill", "-STOP", pid], check=True)
    suspended = service.order("license.suspend")
    sql = ("select license_id from bridge.work_claim('other', array['main'], 1, 50)", "select pg_sleep(0.1)",
           "select order_id from bridge.work_takeover(10, array['main'], array[0::bigint])")
    for line in sql:
        subprocess.run(["psql", "-X", "-At", rig.env["DATABASE_URL"], "-c", line], check=True, capture_output=True)
    subprocess.run(["kill", "-CONT", pid], check=True)
    order = rig.wait(suspended)
    assert order["state"] == "succeeded" and order["attempts"] == 2
    assert len(service.calls("suspend")) == 1


def test_a_reload_that_takes_an_account_away_while_it_is_claimed_for(rig, service):
    """The claim waits for a lock when SIGHUP removes its account; its answer must find everything in place."""
    config = rig.dir / "bridge.conf"
    before = config.read_text()
    rig.ctl("stop", "worker1")
    order = rig.send("license.verify", service_id="reload", product_code="lz-app", license_key="RELO-AD00-0000-0001",
                     customer_email="musteri@example.com").body["order_id"]
    try:
        with rig.transaction("lock bridge.attempt in access exclusive mode"):
            rig.ctl("start", "worker1")
            pid = (rig.dir / "run" / "worker1.pid").read_text().strip()
            wait_for(lambda: sql(rig, "select 1 from pg_stat_activity where application_name = 'bridge-worker work' "
                                      "and wait_event_type = 'Lock'"))
            reduced = before.replace('product lz-app { account = "zone"  type = "lz-app" }', "").replace(', "lz-app"', "")
            start = reduced.index("account zone")
            config.write_text(reduced[:start] + reduced[reduced.index("\n}\n", start) + 3:])
            subprocess.run(["kill", "-HUP", pid], check=True)
            time.sleep(1)
        time.sleep(1)
        subprocess.run(["kill", "-0", pid], check=True)
    finally:
        config.write_text(before)
        subprocess.run(["kill", "-HUP", pid], check=True)
    assert rig.wait(order)["state"] == "failed"  # there is no such key


def test_a_worker_that_the_schema_no_longer_serves_claims_nothing(rig, service):
    rig.ctl("stop", "worker1")
    sql = ["psql", "-X", "-q", rig.env["DATABASE_URL"], "-c"]
    subprocess.run([*sql, "insert into bridge.schema_migration values (9999, 'x', 'x');"
                    "update bridge.schema_floor set oldest_program = 9999"], check=True)
    try:
        rig.ctl("start", "worker1")
        wait_for(lambda: "schema.other" in rig.log("worker1"))
        out = subprocess.run([*sql, "copy (select count(*) from bridge.line where lease_owner is not null) to stdout"],
                             check=True, capture_output=True, text=True).stdout
        assert out.strip() == "0"
    finally:
        subprocess.run([*sql, "delete from bridge.schema_migration where number = 9999;"
                        "update bridge.schema_floor set oldest_program = 1"], check=True)
    service.done("license.create")
