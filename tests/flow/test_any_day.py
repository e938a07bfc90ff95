# SPDX-License-Identifier: Apache-2.0
"""Any day of a hosting company: no order without a visible reason, whatever panels, providers and operators do.

hypothesis draws the days, EVENTS_SEED other ones.  A day is a list of happenings (bad lines, an empty account, a new
price, a limiter that lies, somebody at the keyboard), each with what the panels send during it, and after each the
orders are asked why they are where they are.  Days are not shrunk: they happen in real time.
"""
import collections
import json
import os
import re
import time

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from psycopg.rows import dict_row

from bridge import FINISHED, Rig

DAYS, HAPPENINGS = 16, 9
ENOUGH = {"724license": 60, "lisanszone": 60}  # orders of a run; fewer test nothing
PLAIN_PRICES = {"litespeed": "3", "litespeed_x_core": "5", "softaculous": "1.5"}
LICENSES, KEYS = 6, 5
MAIL = "musteri@example.com"

SOLD = ("create", "create", "renew", "renew", "suspend", "unsuspend", "terminate", "change_ip", "change_product")
KEYED = ("create", "create", "renew", "suspend", "unsuspend", "terminate", "verify", "verify")
# What a panel sends: of whom, what, of which of its services, and how it goes about it.
ORDERS = st.lists(st.one_of(
    st.tuples(st.just("724license"), st.sampled_from(SOLD), st.integers(0, LICENSES - 1), st.integers(0, 7)),
    st.tuples(st.just("lisanszone"), st.sampled_from(KEYED), st.integers(0, KEYS - 1), st.integers(0, 7)),
), min_size=3, max_size=8)
FAULTS = st.lists(st.fixed_dictionaries({
    "endpoint": st.sampled_from(("*", "paid", "create", "suspend", "change-ip", "activate", "verify", "deactivate", "balance",
                                 "product")),
    "fault": st.sampled_from(("drop", "reset", "5xx", "429", "cut", "cut_json", "html", "empty", "mistyped", "slow",
                              "hang", "late")),
    "when": st.sampled_from(("before", "after")), "times": st.integers(1, 4), "delay_ms": st.just(300),
}), min_size=1, max_size=3)
HABITS = st.fixed_dictionaries({
    "duplicate_create": st.sampled_from(("refused", "charged", "existing")),
    "repeated_state": st.sampled_from(("accepted", "refused")), "refusals": st.sampled_from(("200", "4xx")),
    "license_id": st.sampled_from(("number", "text", "absent")), "balance": st.sampled_from(("number", "string", "float")),
    "product_fields": st.sampled_from(("extended", "documented")), "zone_invalid": st.sampled_from(("400", "200")),
})

# Everything in one statement, so that all is of one moment.
LOOK = """
select v.order_id, v.provider, v.type, v.state, v.reason_code, v.reason, v.operation_key, v.finished_at, v.attempts,
       bridge.order_expected(o) as next_try_at, l.lease_until, l.head_order, p.service_id as holder,
       (select a.pause_reason from bridge.account a where a.account = o.account and a.paused) as pause,
       (select h.state::text from bridge.orders h where h.order_id = l.head_order) as head_state,
       exists (select from ops.in_doubt d where d.order_id = v.order_id) as listed_in_doubt,
       exists (select from ops.review r where r.order_id = v.order_id) as listed_in_review,
       (select h.to_state::text from bridge.order_history h where h.order_id = v.order_id order by h.at desc limit 1)
         as told_last
from ops.orders v join bridge.orders o using (order_id) join bridge.line l on l.license_id = o.license_id
left join bridge.pair pp on pp.pair_id = o.waits_pair
left join bridge.license p on p.license_id = pp.license_id
"""

# Who or what ends a hold, and the words that have to say so.
HOLDS = {
    "short_of_credits": r"credits: [\d.]+ are left, the order needs [\d.]+|credits are missing|below what the call can cost",
    "balance_unreadable": r"balance could not be read",
    "price_guard": r"price guard: .*[\d.]+ credits.*(allows|max_credits is) [\d.]+; it waits until",
    "account_paused": r"^the account is paused: .",
    "account_denied": r"does not accept the account",
    "operator_hold": r"^held by an operator",
    "price_range": r"price is out of any range: an operator has to look",
    "second_renewal": r"order \d+ already renews",
    "cycle": r"wait for each other: cancel one",
}


def unexplained(order):
    """What an operator who looks at the order would miss; None when nothing is."""
    state, words = order["state"], order["reason"]
    if not words or not order["reason_code"] and state in (*FINISHED, "held", "needs_review"):
        return "no reason"
    if state in FINISHED:
        return None if order["finished_at"] and order["told_last"] == state else "its end is not told"
    if order["finished_at"]:
        return "ended, and goes on"
    if state == "queued":
        return None if order["next_try_at"] else "no time of the next try"
    if state == "blocked" and order["reason_code"] == "pair":
        return None if order["holder"] and order["holder"] in words else "does not name who has its address"
    if state == "blocked":
        named = re.search(r"order (\d+)", words)
        ahead = named and int(named[1]) == order["head_order"] != order["order_id"] and order["head_state"] not in FINISHED
        return None if ahead else "does not name a living order that it waits for"
    if state == "held":
        wanted = HOLDS.get(order["reason_code"])
        return None if wanted and re.search(wanted, words) else "does not say what ends the hold"
    if state == "calling":
        return None if order["lease_until"] else "called by nobody"
    if state == "in_doubt":
        return None if order["listed_in_doubt"] else "is missing from ops.in_doubt"
    return None if order["listed_in_review"] else "is missing from ops.review"


class Run:
    """What all days of a run have in common: the rig, and what was seen."""

    def __init__(self, rig):
        self.rig = rig
        self.database = psycopg.connect(rig.env["DATABASE_URL"], autocommit=True, row_factory=dict_row)
        self.days = 0
        self.accepted = {}  # order id: operation key
        self.seen = collections.defaultdict(set)  # provider: states and reasons of its orders
        self.shown = set()

    def look(self):
        orders = {order["order_id"]: order for order in self.database.execute(LOOK)}
        for order_id, key in self.accepted.items():
            assert order_id in orders and orders[order_id]["operation_key"] == key, f"order {order_id} of {key} is lost"
        for order in orders.values():
            self.seen[order["provider"]] |= {order["state"], (order["state"], order["reason_code"])}
        return orders

    def moving(self):
        orders = self.look()
        return [order for order in orders.values() if not at_rest(order, orders)]

    def shown_alike(self, order):
        """What bridgectl says of one order of each kind is as good as the views."""
        kind = (order["state"], order["reason_code"])
        if kind in self.shown:
            return
        self.shown.add(kind)
        done = self.rig.ctl_program("--json", "show", str(order["order_id"]))
        assert done.returncode == 0, done
        told = json.loads(done.stdout)
        assert told["order"]["state"] and told["order"]["reason"] and told["timeline"], told
        assert told["order"]["state"] != "queued" or told["order"]["next_try_at"], told


class Day(RuleBasedStateMachine):
    def __init__(self, run):
        super().__init__()
        self.run, self.rig = run, run.rig
        run.days += 1
        self.story, self.sent, self.failed = [], 0, False
        self.name = f"d{run.days}"
        self.addresses = [f"10.{run.days}.0.{n}" for n in range(1, LICENSES + 3)]
        # The last two want the addresses of others.
        self.where = [self.addresses[n % (LICENSES - 2)] for n in range(LICENSES)]
        self.rig.control("zone", {"keys": [{"license_key": f"{self.name}-key{n}"} for n in range(KEYS - 1)]})

    def tell(self, *words):
        self.story.append(" ".join(str(word) for word in words))

    # What panels do.

    def event(self, provider, kind, n, how):
        self.sent += 1
        key = f"{self.name}:{self.sent}"
        if provider == "lisanszone":
            return {"operation_key": key, "service_id": f"{self.name}-key{n}", "product_code": "lz-app",
                    "license_key": f"{self.name}-key{n}", "customer_email": MAIL if how else "baska@example.com",
                    "hwid": f"hw{n}", "verification_type": "hwid"}
        data = {"operation_key": key, "service_id": f"{self.name}-svc{n}", "ip": self.where[n],
                "product_code": "guarded" if n == 0 else "litespeed"}
        if kind in ("create", "renew"):
            data["billing_months"] = 1 + how % 2
        if kind == "renew" and how < 4:
            data["period_end"] = "2031-01-01"  # again and again: the second of a period is parked
        if kind == "change_ip":
            data["new_ip"] = self.addresses[how]
        if kind == "change_product":
            data["new_product_code"] = "litespeed_x_core"
        if kind in ("suspend", "unsuspend") and how > 4:
            data["sequence"] = 100 - 10 * how
        if kind == "create" and how == 7:
            data["max_credits"] = "3"
        return data

    def send(self, provider, kind, n, how):
        data = self.event(provider, kind, n, how)
        delivery, body = f"msg_{data['operation_key'].replace(':', '_')}", self.rig.event(f"license.{kind}", **data)
        answer = self.rig.deliver(body, delivery=delivery)
        self.tell(provider, kind, n, how, "->", answer.status, answer.body.get("order_id"))
        assert answer.status in (200, 202, 422), answer
        if answer.status == 422:
            return
        self.run.accepted[int(answer.body["order_id"])] = data["operation_key"]
        if kind == "change_ip":
            self.where[n] = data["new_ip"]
        if how == 3:
            again = self.rig.deliver(body, delivery=delivery)
            assert again.body["order_id"] == answer.body["order_id"], again

    def panels(self, orders):
        for order in orders:
            self.send(*order)
        time.sleep(0.15)

    @initialize(orders=ORDERS)
    def morning(self, orders):
        for n in range(LICENSES - 2):
            self.send("724license", "create", n, 1)
        for n in range(KEYS):
            self.send("lisanszone", "create", n, 1)
        self.panels(orders)

    # What happens meanwhile.

    @rule(faults=FAULTS, orders=ORDERS)
    def bad_lines(self, faults, orders):
        self.tell("faults", faults)
        for fault in faults:
            if fault["fault"] == "429" and fault["when"] == "after":
                fault["when"] = "before"  # what was refused for the rate was not done
            self.rig.fault(**fault)
        self.panels(orders)

    @rule(orders=ORDERS)
    def good_lines(self, orders):
        self.rig.control("faults", {"rules": []})
        self.panels(orders)

    @rule(habits=HABITS, orders=ORDERS)
    def other_habits(self, habits, orders):
        self.tell("habits", habits)
        self.rig.control("personality", habits)
        self.panels(orders)

    @rule(balance=st.sampled_from((0, 4, 10, 500)), orders=ORDERS)
    def credits(self, balance, orders):
        self.tell("balance", balance)
        self.rig.control("account", {"name": "main", "balance": balance})
        self.panels(orders)

    @rule(code=st.sampled_from(sorted(PLAIN_PRICES)), price=st.sampled_from(("1", "4", "8")), hidden=st.booleans(),
          orders=ORDERS)
    def new_price(self, code, price, hidden, orders):
        self.tell("price", code, price, hidden)
        self.rig.control("product", {"code": code, "price": price, "hidden": hidden})
        self.panels(orders)

    @rule(limit=st.integers(1, 8), orders=ORDERS)
    def limiter(self, limit, orders):
        self.tell("limit", limit)
        self.rig.control("zone", {"limiter": {"enabled": True, "limit": limit, "window_ms": 1000}, "clear_counters": True})
        self.panels(orders)

    @rule(account=st.sampled_from(("main", "zone")), orders=ORDERS)
    def pause(self, account, orders):
        self.tell("pause", account)
        self.operator("pause", account, "--reason", "looking into it")
        self.panels(orders)
        self.look_through()
        self.operator("resume", account, "--reason", "looked into it")

    @rule(pick=st.integers(0, 1000), verb=st.sampled_from(("hold", "release", "cancel", "retry")), orders=ORDERS)
    def keyboard(self, pick, verb, orders):
        self.panels(orders)
        waiting = [n for n, o in self.run.look().items() if o["state"] in ("queued", "blocked", "held")]
        if waiting:
            order = waiting[pick % len(waiting)]
            self.tell(verb, order, self.rig.ctl_program(verb, str(order), "--reason", "asked for").returncode)

    def operator(self, *words):
        done = self.rig.ctl_program(*words)
        assert done.returncode == 0, done

    # What must hold.

    @invariant()
    def look_through(self):
        for order in self.run.look().values():
            missing = unexplained(order)
            if missing:
                self.fail(f"order {order['order_id']}: {missing}", order)
            if order["state"] not in FINISHED:
                self.run.shown_alike(order)

    def fail(self, problem, order):
        self.failed = True
        self.rig.control("faults", {"rules": []})
        pytest.fail("\n".join([problem, json.dumps(order, default=str, indent=1), *self.story[-40:]]), pytrace=False)

    def teardown(self):
        """The evening: all is well again, and what has not ended waits for a person or behind what does."""
        if self.failed:
            return
        self.calm()
        end = time.monotonic() + 120
        while moving := self.run.moving():
            if time.monotonic() > end:
                self.fail("it neither ends nor waits for a person", moving[0])
            for order in moving:
                self.clear(order)
            time.sleep(0.1)
        self.look_through()

    def calm(self):
        self.rig.control("faults", {"rules": []})
        for code, price in PLAIN_PRICES.items():
            self.rig.control("product", {"code": code, "price": price, "hidden": False})
        self.rig.control("account", {"name": "main", "balance": 10000})
        self.rig.control("zone", {"limiter": {"enabled": False}})
        self.rig.ctl_program("acknowledge", "main", "--reason", "it was us")

    def clear(self, order):
        """What a person does with what waits for one; it may have moved meanwhile."""
        verbs = {"needs_review": ("resolve", "--did-not-happen", "--yes"), "second_renewal": ("cancel",),
                 "cycle": ("cancel",), "operator_hold": ("release",)}
        verb = verbs.get(order["state"]) or order["state"] == "held" and verbs.get(order["reason_code"])
        if verb:
            self.rig.ctl_program(verb[0], str(order["order_id"]), *verb[1:], "--reason", "looked it up")


def at_rest(order, orders):
    """Ended, or waiting for what is not to come: that somebody lets go of an address, that the price falls further; or
    behind an order of its line that does."""
    if order["state"] == "blocked" and order["reason_code"] != "pair":
        head = orders.get(order["head_order"])
        return head not in (None, order) and head["state"] not in FINISHED and at_rest(head, orders)
    return (order["state"] in FINISHED or order["state"] == "blocked"
            or order["reason_code"] == "price_guard" and "max_credits is" in order["reason"])


@pytest.fixture(scope="module")
def shared_rig():
    with Rig(WORKERS=2, CALL_TIMEOUT="1s", QUIET="500ms", LEASE_MARGIN="1s", UNREAD="3s", RETRY="100ms .. 1s",
             STANDIN_BALANCE="100", RIG_LISANSZONE_REQUESTS=8, RIG_LISANSZONE_PER="1s", RIG_ZONE="sweep = 3s",
             RIG_CONFIG='poll = 100ms\ncatalogue = "1s"\n'
                        'product guarded { account = "main"  type = "softaculous"  max_credits = "2" }',
             RIG_SOURCE='  products += { "guarded" }') as running:
        yield running


def test_no_order_is_without_a_visible_reason(rig):
    run = Run(rig)
    days = seed(int(os.environ.get("EVENTS_SEED", "1")))(lambda: Day(run))
    run_state_machine_as_test(days, settings=settings(
        max_examples=DAYS, stateful_step_count=HAPPENINGS, deadline=None, database=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck)))
    orders = run.look()
    sent = collections.Counter(orders[n]["provider"] for n in run.accepted)
    print(f"{run.days} days, orders {dict(sent)}, seen {sorted(str(s) for s in set.union(*run.seen.values()))}")
    for provider, enough in ENOUGH.items():
        assert sent[provider] >= enough, f"{sent[provider]} orders of {provider}"
        assert {"succeeded", "failed", "queued", "blocked"} <= run.seen[provider], run.seen[provider]
    every = set.union(*run.seen.values())
    assert {"cancelled", "held", "needs_review"} <= every, every
    assert len({kind for kind in every if kind[0] == "held"}) >= 3, every
