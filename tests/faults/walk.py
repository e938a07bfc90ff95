# SPDX-License-Identifier: Apache-2.0
"""The k-th malloc, send, recv or connect of a program fails, for one k after the other, while it does its main work:
the front door takes a webhook, a worker buys, bridgectl lists.  A program may refuse or end and be started again; what
was acknowledged is never lost, nothing is bought twice, and nothing says that it went well when it did not."""
import argparse
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "rig"), str(HERE.parent / "chaos")]
from bridge import Rig  # noqa: E402
from ground import SECRET, Ground, account_name, product_code  # noqa: E402
from preload import KINDS, Control, Faulted  # noqa: E402

ACCOUNTS = 32  # one in doubt waits for its quiet time; meanwhile the next one is bought from
ACKNOWLEDGED_S = 30
STEP_S = 4  # of a purchase in which nothing fails any more
SETTLED_S = 120
QUIET_STEPS = 3  # so many k without a failure: the work needs fewer calls
END_STATES = ("succeeded", "needs_review")


@dataclass
class Found:
    """What a walk has seen."""
    runs: int = 0
    lost: list = field(default_factory=list)
    double: list = field(default_factory=list)
    crashes: list = field(default_factory=list)
    wrong: list = field(default_factory=list)

    def add(self, other):
        self.runs += other.runs
        for name in ("lost", "double", "crashes", "wrong"):
            getattr(self, name).extend(getattr(other, name))

    def take(self, part, what, kind, tell):
        """One walk; in which no call failed nothing was tried."""
        if part.runs == 0:
            part.wrong.append((what, kind, "no call failed: nothing was tried"))
        tell(what, kind, part)
        self.add(part)

    def good(self):
        return self.runs > 0 and not (self.lost or self.double or self.crashes or self.wrong)

    def line(self):
        ends = f"runs={self.runs} lost={len(self.lost)} double={len(self.double)}"
        if self.good():
            return f"faults: ok {ends}"
        return f"faults: failed {ends} crashes={len(self.crashes)} wrong={len(self.wrong)}"


def every(step, seed=0):
    """Each step-th k, without end; steps_until_quiet() ends it."""
    return itertools.count(1 + seed % step, step)


def steps_until_quiet(steps, step):
    """Runs step(k), which says whether the k-th call came, until it came no more; how often it did."""
    runs = quiet = 0
    for k in steps:
        fired = step(k)
        runs += fired
        quiet = 0 if fired else quiet + 1
        if quiet == QUIET_STEPS:
            break
    return runs


# A webhook.

def acknowledged(rig, door, delivery, event):
    """Posts until there is a 2xx, as panels do, while the door is started again whenever it has ended."""
    end = time.monotonic() + ACKNOWLEDGED_S
    while True:
        door.ensure()
        answer = rig.deliver(event, delivery=delivery)
        if answer.status == 202:
            return answer.body["order_id"]
        assert answer.status == 503 and int(answer.headers["retry-after"]) > 0, answer
        assert time.monotonic() < end, f"{delivery} is not acknowledged"
        time.sleep(0.02)


def webhooks(rig, control, kind, steps, from_start):
    """A webhook each, to a door that runs already or that has to start first."""
    door, orders = Faulted(rig, "intake", control), {}
    tag = f"{kind}-{'start' if from_start else 'run'}"

    def step(k):
        if from_start:
            door.stop()
        else:
            door.ensure()
        control.arm(kind, k)
        delivery = f"{tag}-{k}"
        event = rig.event("license.create", service_id=delivery, product_code="cpanel", operation_key=delivery,
                          ip=f"10.{100 + KINDS[kind] + 10 * from_start}.{k // 250}.{k % 250 + 1}", billing_months=1)
        orders[delivery] = acknowledged(rig, door, delivery, event)
        control.disarm()
        return control.fired()

    found = Found()
    try:
        found.runs = steps_until_quiet(steps, step)
    finally:
        control.disarm()
        door.stop()
    stored = dict(rows(rig, f"select delivery_id, order_id from bridge.delivery where delivery_id like '{tag}-%'"))
    found.lost = [delivery for delivery, order in orders.items() if stored.get(delivery) != order]
    found.double = rows(rig, "select service_id, count(*) from bridge.orders group by 1 having count(*) > 1")
    found.crashes = [(tag, *crash) for crash in door.crashes]
    return found


def rows(rig, sql):
    out = subprocess.run(["psql", "-X", "-At", "-F", "|", rig.env["DATABASE_URL"], "-c", sql], capture_output=True,
                         text=True, check=True).stdout
    return [tuple(line.split("|")) for line in out.splitlines()]


# A purchase.

class Shop:
    """Buys one license each at one of many accounts, and knows what was ordered."""

    def __init__(self, ground, worker):
        self.ground, self.worker = ground, worker
        self.orders = {}  # order: (address, what failed)

    def buy(self, kind, k):
        number = len(self.orders)
        name = account_name(number % ACCOUNTS)
        address = f"10.{KINDS[kind]}.{number // 250}.{number % 250 + 1}"
        event = self.ground.event("license.create", service_id=address, product_code=product_code("cpanel", name),
                                  operation_key=address, ip=address, billing_months=1)
        answer = self.ground.deliver(event, source="chaos", secret=SECRET)
        assert answer.status == 202, answer
        self.orders[answer.body["order_id"]] = address, f"{kind} {k}"
        return answer.body["order_id"]

    def settle(self):
        """Waits until every order has ended or waits for a person; the orders that do not."""
        end = time.monotonic() + SETTLED_S
        while True:
            self.worker.ensure()
            left = {order: (state, reason) for order, state, reason in
                    rows(self.ground, "select order_id, state, reason from ops.orders") if state not in END_STATES}
            if not left or time.monotonic() > end:
                return left
            time.sleep(0.2)

    def judge(self, left):
        """By the upstream's own ledger."""
        found = Found()
        states = dict(rows(self.ground, "select order_id, state from ops.orders"))
        bought = {page["ip"]: page["creates"] for page in self.ground.control("purchases?limit=20000")["purchases"]}
        for order, (address, fault) in self.orders.items():
            if order not in states or order in left:
                found.lost.append((fault, order, left.get(order)))
            elif bought.get(address, 0) > 1:
                found.double.append((fault, order))
            elif states[order] == "succeeded" and bought.get(address, 0) != 1:
                found.wrong.append((fault, order, "succeeded, but not bought"))
        return found


def purchases(ground, control, kind, steps):
    """A create each, by a worker one of whose calls fails."""
    worker = Faulted(ground, "worker1", control)
    shop = Shop(ground, worker)

    def step(k):
        worker.ensure()
        control.arm(kind, k)
        order = shop.buy(kind, k)
        end = time.monotonic() + STEP_S
        while worker.alive() and not control.fired() and time.monotonic() < end:
            if rows(ground, f"select state from bridge.orders where order_id = {order}") == [("succeeded",)]:
                break
            time.sleep(0.01)
        control.disarm()
        return control.fired()

    try:
        runs = steps_until_quiet(steps, step)
        left = shop.settle()
    finally:
        control.disarm()
        worker.stop()
    found = shop.judge(left)
    found.runs = runs
    found.crashes = [(f"worker {kind}", *crash) for crash in worker.crashes]
    return found


# A list.

def lists(rig, control, kind, steps):
    """bridgectl says what it should, or that it could not."""
    command = [f"{rig.env['BIN']}/bridgectl", "--config", rig.env["CONFIG"], "--json", "orders"]
    env = {"PATH": "/usr/bin:/bin", "LD_PRELOAD": f"{rig.env['BIN']}/faults.so", "FAULT_CONTROL": str(control.path),
           "PGUSER": "postgres"}
    found = Found()

    def run():
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=env, timeout=60, check=False)

    expected = run()
    assert expected.returncode == 0 and json.loads(expected.stdout), expected

    def step(k):
        control.arm(kind, k)
        done = run()
        control.disarm()
        if done.returncode == 0 and done.stdout != expected.stdout:
            found.wrong.append((f"bridgectl {kind} {k}", "0, but not the list"))
        elif done.returncode != 0 and not control.deliberate(done.returncode, done.stderr, service=False):
            found.crashes.append((f"bridgectl {kind} {k}", done.returncode, control.whose()))
        return control.fired()

    found.runs = steps_until_quiet(steps, step)
    return found


# All of them.  steps_of(what, kind) says which k are tried.

def doors(steps_of, tell):
    """The front door and bridgectl."""
    found = Found()
    with Rig(WORKERS=0, UPSTREAM_URL="https://127.0.0.1:1/v1") as rig, tempfile.TemporaryDirectory() as folder:
        control = Control(folder)
        for what, kind in itertools.product(("webhook", "start"), KINDS):
            if (what, kind) == ("webhook", "connect"):
                continue  # a door that runs has all its connections
            part = webhooks(rig, control, kind, steps_of(what, kind), what == "start")
            found.take(part, what, kind, tell)
        for kind in KINDS:
            found.take(lists(rig, control, kind, steps_of("list", kind)), "list", kind, tell)
    return found


def workers(steps_of, tell):
    """The worker, with the accounts of `make chaos`."""
    found = Found()
    with Ground("operator", 1, ACCOUNTS) as ground, tempfile.TemporaryDirectory() as folder:
        ground.ctl("stop", "worker2")
        ground.control("personality", {"duplicate_create": "charged"})  # or the upstream would hide a second purchase
        control = Control(folder)
        for kind in KINDS:
            found.take(purchases(ground, control, kind, steps_of("purchase", kind)), "purchase", kind, tell)
    return found


def tell(what, kind, part):
    print(f"{what}, {kind}: {part.line()}", flush=True)
    for name in ("lost", "double", "crashes", "wrong"):
        for case in getattr(part, name)[:20]:
            print(f"  {name}: {case}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1, help="of the calls for memory every n-th only")
    parser.add_argument("--seed", type=int, default=0, help="which of them: seeds 0 to n - 1 together try all")
    chosen = parser.parse_args()

    def steps_of(_what, kind):
        return every(chosen.every, chosen.seed) if kind == "malloc" else every(1)

    found = doors(steps_of, tell)
    found.add(workers(steps_of, tell))
    print(found.line())
    sys.exit(0 if found.good() else 1)


if __name__ == "__main__":
    main()
