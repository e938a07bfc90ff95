# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every part while 2,000 orders go through; the stand-in's ledger and the panel's own list of
acknowledgements are the judges.

The panel here does what panels do: it posts an event until it has seen a 2xx, always with the same delivery id.
"""
import collections
import concurrent.futures
import json
import random
import subprocess
import threading
import time

import pytest

from bridge import FINISHED, Rig

LICENSES = 500  # four orders each
VICTIMS = ["intake", "worker1", "worker2", "postgres"]


class Panel:
    """Posts each license's events in order; keeps what was acknowledged."""

    def __init__(self, rig):
        self.rig = rig
        self.acknowledged = {}  # delivery -> (license number, type, order id)
        self.retries = collections.Counter()
        self.lock = threading.Lock()

    def post(self, delivery, kind, data):
        body = json.dumps(self.rig.event(kind, **data)).encode()
        for _ in range(400):
            try:
                answer = self.rig.deliver(body, delivery=delivery)
            except OSError as error:
                answer = None
                self.retries[type(error).__name__] += 1
            if answer is not None and answer.status in (200, 202):
                return answer.body["order_id"]
            if answer is not None:
                assert answer.status in (502, 503, 504), answer
                self.retries[answer.status] += 1
            time.sleep(0.1)
        raise AssertionError(f"{delivery} was never acknowledged")

    def license(self, number):
        ip = f"10.50.{number // 250}.{number % 250 + 1}"
        base = {"service_id": f"s{number}", "product_code": "cpanel", "ip": ip}
        steps = [("license.create", {"operation_key": f"{number}:c", "billing_months": 1}),
                 ("license.suspend", {}), ("license.unsuspend", {}),
                 ("license.renew", {"operation_key": f"{number}:r", "billing_months": 1})]
        for step, (kind, more) in enumerate(steps):
            delivery = f"msg-{number}-{step}"
            order = self.post(delivery, kind, {**base, **more})
            with self.lock:
                self.acknowledged[delivery] = (number, kind, order)


def killer(rig, stop, kills, seed):
    rng = random.Random(seed)
    while not stop.wait(rng.uniform(1.0, 2.0)):
        victim = rng.choice(VICTIMS)
        rig.ctl("kill", victim)
        kills[victim] += 1
        time.sleep(rng.uniform(0, 0.5))
        rig.ctl("start", victim)


def rows(rig, sql):
    out = subprocess.run(["psql", "-X", "-At", "-F", "|", rig.env["DATABASE_URL"], "-c", sql], capture_output=True,
                         text=True, check=True).stdout
    return [line.split("|") for line in out.splitlines()]


def settle(rig, seconds):
    """Waits until nothing but people's work is left."""
    end = time.monotonic() + seconds
    while True:
        waiting = rows(rig, "select state, reason_code, count(*) from ops.orders where state not in "
                            "('succeeded','failed','cancelled','needs_review') and not (state = 'blocked' and "
                            "license_id in (select license_id from ops.orders where state = 'needs_review')) "
                            "group by 1, 2")
        summary = rig.control("summary")
        if not waiting and summary["in_flight"] == 0 and summary["late_pending"] == 0:
            return summary
        assert time.monotonic() < end, f"still waiting: {waiting}"
        time.sleep(0.5)


@pytest.mark.parametrize("seed", [1])
def test_kills_lose_nothing_and_buy_nothing_twice(seed):
    with Rig(WORKERS=2, CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="1000000") as rig:
        panel, stop, kills = Panel(rig), threading.Event(), collections.Counter()
        thread = threading.Thread(target=killer, args=(rig, stop, kills, seed))
        thread.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                list(pool.map(panel.license, range(LICENSES)))
            # The queue goes on being worked off under fire for a while.
            time.sleep(10)
            end = time.monotonic() + 60
            while sum(kills.values()) < 5 and time.monotonic() < end:
                time.sleep(0.1)
        finally:
            stop.set()
            thread.join()
        summary = settle(rig, 120)
        orders = {r[0]: r for r in rows(rig, "select order_id, service_id, type, state, attempts from ops.orders")}
        deliveries = {r[0]: r[1] for r in rows(rig, "select delivery_id, order_id from ops.deliveries")}
        lost = [d for d, (_, _, order) in panel.acknowledged.items() if deliveries.get(d) != order]
        assert len(panel.acknowledged) == 4 * LICENSES and not lost
        purchases = {p["ip"]: p for p in page_all(rig, "purchases")}
        double = [p for p in purchases.values() if p["creates"] > 1 or p["renews"] > 1]
        assert not double
        false_done = [o for o in orders.values() if o[3] == "succeeded" and not really_done(o, purchases)]
        assert not false_done
        states = collections.Counter(o[3] for o in orders.values())
        print(f"kills={dict(kills)} states={dict(states)} retries={dict(panel.retries)} "
              f"purchases={summary['purchases']}")
        assert set(states) <= {"succeeded", "needs_review", "blocked"}
        assert sum(kills.values()) >= 5
        assert order_kept(rig)


def page_all(rig, page):
    since, found = 0, []
    while True:
        answer = rig.control(f"{page}?since={since}&limit=20000")
        found += answer[page if page in answer else "calls"]
        if len(answer[page if page in answer else "calls"]) < 20000:
            return found
        since = answer["next"]


def really_done(order, purchases):
    number = int(order[1][1:])
    bought = purchases.get(f"10.50.{number // 250}.{number % 250 + 1}")
    if order[2] == "license.create":
        return bought is not None and bought["creates"] == 1
    if order[2] == "license.renew":
        return bought is not None and bought["renews"] == 1
    return True


def order_kept(rig):
    """Per address the effects come in the order in which the panel sent them; a repeatable call may be repeated."""
    rank = {"create": 0, "suspend": 1, "unsuspend": 2, "renew": 3}
    seen = collections.defaultdict(int)
    for call in sorted((c for c in page_all(rig, "ledger") if c["effect"]), key=lambda c: c["effect_seq"]):
        if rank[call["endpoint"]] < seen[call["ip"]]:
            return False
        seen[call["ip"]] = rank[call["endpoint"]]
    return True


def test_acknowledged_means_durable():
    """PostgreSQL is killed right after each of many acknowledgements: the order is there when it is back."""
    with Rig(WORKERS=0, STANDIN_BALANCE="1000") as rig:
        for number in range(5):
            answer = rig.send("license.create", operation_key=f"k{number}", service_id=f"s{number}",
                              product_code="cpanel", ip=f"10.60.0.{number + 1}", billing_months=1)
            assert answer.status == 202
            rig.ctl("kill", "postgres")
            rig.ctl("start", "postgres")
            rig.ctl("ready")
            order = rig.order(answer.body["order_id"])
            assert order["state"] == "queued" and order["state"] not in FINISHED
