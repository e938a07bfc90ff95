# SPDX-License-Identifier: Apache-2.0
"""make demo: a running bridge, a panel's day in signed webhooks, and what the upstream sold.

The judge is the stand-in's own ledger, never the bridge's tables.  With CI set it asserts and
ends; at a terminal it stays up until Ctrl-C.
"""
import os
import signal
import sys
import threading

from bridge import Rig, request

SETTINGS = {"CALL_TIMEOUT": "4s", "QUIET": "1s", "WORKERS": "1"}
BAD_SECRET = "whsec_" + "QUFB" * 12


class Demo:
    """Sends, waits, and keeps one row per step for the table."""

    def __init__(self, rig):
        self.rig = rig
        self.rows = []
        self.orders = {}
        self.wrong = []

    def expect(self, what, seen, wanted):
        if seen != wanted:
            self.wrong.append(f"{what}: {seen!r} instead of {wanted!r}")

    def row(self, step, status, order=None, seen=""):
        state = f"{order['state']} ({order['attempts']} call{'s' * (order['attempts'] != 1)})" if order else "-"
        self.rows.append((str(len(self.rows) + 1), step, str(status), order["order_id"] if order else "-", state, seen))

    def step(self, step, kind, ends=("succeeded",), remark="", delivery=None, **data):
        """One event, carried out until it rests in one of `ends`; returns the order."""
        answer = self.rig.send(kind, delivery=delivery, **data)
        self.expect(f"{step}: answer", answer.status, 202)
        if answer.status != 202:
            self.row(step, answer.status, seen=answer.raw.decode(errors="replace")[:60])
            return None
        order = self.rig.wait(answer.body["order_id"])
        self.orders[order["order_id"]] = order
        if order["state"] not in ends:
            self.wrong.append(f"{step}: {order['state']} ({order['reason']}) instead of {' or '.join(ends)}")
        self.row(step, answer.status, order, remark if order["state"] in ends else str(order["reason"]))
        return order

    def again(self, step, first, kind, delivery=None, **data):
        """The same business again: the same order, and nothing happens upstream."""
        answer = self.rig.send(kind, delivery=delivery, **data)
        same = answer.body.get("order_id") if answer.status in (200, 202) else None
        self.expect(f"{step}: order", same, first["order_id"] if first else None)
        self.row(step, answer.status, first, "the same order, no call")


def scenario(demo):
    """A panel's day.  Each license has its own address, so the upstream can be asked about it."""
    rig = demo.rig
    web = {"service_id": "1001", "product_code": "cpanel"}
    first = {**web, "operation_key": "1001:create:1", "ip": "203.0.113.10", "billing_months": 1}
    body = rig.event("license.create", **first)
    answer = rig.deliver(body, delivery="msg_demo_create")
    demo.expect("create: answer", answer.status, 202)
    created = rig.wait(answer.body["order_id"])
    demo.orders[created["order_id"]] = created
    demo.expect("create: state", created["state"], "succeeded")
    demo.row("create cPanel", answer.status, created, "bought once")

    repeated = rig.deliver(body, delivery="msg_demo_create")
    demo.expect("same webhook again", (repeated.status, repeated.body.get("order_id")), (200, created["order_id"]))
    demo.row("the same webhook again", repeated.status, created, "the same order, no call")
    demo.again("another webhook, same operation_key", created, "license.create", **first)

    demo.step("renew", "license.renew", **web, operation_key="1001:renew:2", ip="203.0.113.10", billing_months=1,
              remark="bought once")
    rig.fault(endpoint="suspend", ip="203.0.113.10", fault="5xx", when="before", times=1)
    order = demo.step("suspend, upstream answers 500 first", "license.suspend", **web, ip="203.0.113.10",
                      remark="tried again by itself")
    demo.expect("suspend: calls", order and order["attempts"] >= 2, True)
    demo.step("unsuspend", "license.unsuspend", **web, ip="203.0.113.10")
    demo.step("change IP", "license.change_ip", **web, ip="203.0.113.10", new_ip="203.0.113.20")

    lite = {"service_id": "1002", "product_code": "litespeed", "ip": "203.0.113.30"}
    demo.step("create LiteSpeed", "license.create", **lite, operation_key="1002:create:1", billing_months=1,
              remark="bought once")
    demo.step("change product", "license.change_product", **lite, new_product_code="litespeed_x_core",
              operation_key="1002:core:1")

    forged = rig.deliver(rig.event("license.create", **{**first, "operation_key": "forged"}), secret=BAD_SECRET)
    demo.expect("a bad signature", forged.status, 401)
    demo.row("create with a bad signature", forged.status, seen="refused, no order")

    rig.fault(endpoint="create", ip="203.0.113.40", fault="drop", when="after", times=1)
    # Settled by the balance where it can be, by an operator otherwise; never by a second purchase.
    demo.step("create, answer lost after the purchase", "license.create", ends=("succeeded",),
              service_id="1003", product_code="cloudlinux", ip="203.0.113.40", operation_key="1003:create:1",
              billing_months=1, remark="bought once, not tried twice")
    rig.fault(endpoint="create", ip="203.0.113.50", fault="drop", when="before", times=1)
    demo.step("create, answer lost before the purchase", "license.create", ends=("needs_review",), service_id="1004",
              product_code="imunify360", ip="203.0.113.50", operation_key="1004:create:1", billing_months=1,
              remark="an operator decides; not tried twice")
    demo.step("terminate", "license.terminate", **web, ip="203.0.113.20", remark="suspended, renewals barred")


# What the upstream must have sold: (type, address) -> creates, renewals.
SOLD = {("cpanel", "203.0.113.10"): (1, 1), ("litespeed", "203.0.113.30"): (1, 0),
        ("cloudlinux", "203.0.113.40"): (1, 0)}


def judge(demo):
    """Counts at the stand-in; the numbers of the last line."""
    rig = demo.rig
    double = 0
    sold = {}
    for line in rig.control("purchases?limit=20000")["purchases"]:
        creates, renews = sold.get((line["type"], line["ip"]), (0, 0))
        sold[line["type"], line["ip"]] = creates + line["creates"], renews + line["renews"]
    for key, (creates, renews) in sold.items():
        allowed = SOLD.get(key, (0, 0))
        double += max(0, creates - allowed[0]) + max(0, renews - allowed[1])
    for key, wanted in SOLD.items():
        demo.expect(f"sold at {key[1]}", sold.get(key, (0, 0)), wanted)
    lost = 0
    for order_id in demo.orders:
        try:
            rig.order(order_id)
        except RuntimeError:
            lost += 1
    summary = rig.control("summary")
    demo.expect("the upstream's books", summary["balanced"], True)
    counts = {
        "orders": len(demo.orders),
        "succeeded": sum(order["state"] == "succeeded" for order in demo.orders.values()),
        "purchases": sum(creates + renews for creates, renews in sold.values()),
        "licenses": summary["licenses"]["count"],
        "double": double,
        "lost": lost,
    }
    demo.expect("double purchases", double, 0)
    demo.expect("lost orders", lost, 0)
    return counts


def table(rows):
    rows = [("#", "event", "HTTP", "order", "ended", "seen")] + [tuple(map(str, row)) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def look_around(rig):
    env = rig.env
    token = {"authorization": f"Bearer {env['OPS_TOKEN']}"}
    print("\nIt is running now:")
    if request(f"{env['OPS_URL']}/ops/").status == 200:
        print(f"  dashboard  {env['OPS_URL']}/ops/   token {env['OPS_TOKEN']}")
    for name, path in (("metrics", "/metrics"), ("orders", "/ops/api/v1/orders?limit=5")):
        if request(env["OPS_URL"] + path, headers=token).status == 200:
            print(f"  {name:<10} curl -H 'Authorization: Bearer {env['OPS_TOKEN']}' '{env['OPS_URL']}{path}'")
    print(f"  database   psql {env['DATABASE_URL']} -c 'select * from ops.orders'")
    print(f"  command    {env['BIN']}/bridgectl --config {env['CONFIG']} --help")
    print(f"  upstream   curl {env['CONTROL_URL']}/summary")
    print(f"  logs       {rig.dir}/log; all settings: {rig.dir}/rig.env")
    print("Ctrl-C stops everything and removes it.\n")


def main():
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    interactive = not os.environ.get("CI") and sys.stdin.isatty()
    print("demo: starting a private PostgreSQL, nginx, the bridge and an upstream to buy from …", flush=True)
    with Rig(**SETTINGS) as rig:
        demo = Demo(rig)
        scenario(demo)
        counts = judge(demo)
        table(demo.rows)
        if interactive:
            look_around(rig)
        for wrong in demo.wrong:
            print(f"demo: wrong: {wrong}")
        verdict = "failed" if demo.wrong else "ok"
        print(f"demo: {verdict} " + " ".join(f"{name}={value}" for name, value in counts.items()), flush=True)
        if interactive:
            try:
                stop.wait()
            except KeyboardInterrupt:
                print("\ndemo: stopping …", file=sys.stderr)
    sys.exit(1 if demo.wrong else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
