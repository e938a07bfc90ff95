# SPDX-License-Identifier: Apache-2.0
"""A batch stored set by set leaves what the same batch leaves that is looked at delivery by delivery.

Two databases live through the same random days.  In one the front door's function is as it ships, in the other it
always looks at every delivery by itself; all tables must say the same.  Ids differ and are compared
by the names of what they stand for, times by whether they are there, past or to come.
"""
import datetime
import os
import pathlib
import random
import re
import subprocess

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = int(os.environ.get("SETS_SEED", "7240724"))
STEPS = int(os.environ.get("SETS_STEPS", "150"))
LOOK_EVERY = int(os.environ.get("SETS_LOOK_EVERY", "10"))  # 1 tells after which step two worlds parted
SOURCES = ("s1", "s2")
SERVICES = tuple(f"v{number}" for number in range(5))
ADDRESSES = tuple(f"192.0.2.{number}" for number in range(1, 8))
TYPES = ("license.create",) * 5 + ("license.renew", "license.suspend", "license.unsuspend") * 2 + (
    "license.terminate", "license.change_ip", "license.change_product")
PAID = ("license.create", "license.renew", "license.change_product")
TABLES = ("license", "license_product", "line", "pair", "orders", "delivery", "event", "account", "ledger",
          "order_history", "attempt", "license_ip")
ORDERS = ("head_order", "order_id")  # columns by what they point at
IGNORED = ("pair_id", "entry_id", "window_id", "worker")

# As bridge.intake_batch, but for its heart.
ONE_BY_ONE = """
create or replace function bridge.intake_batch({types}) returns setof bridge.intake_result language plpgsql as $$
begin
  perform from bridge.line l
  where l.license_id in (select p.license_id from unnest($1, $9, $12) as u(source, service_id, product_code)
                         join bridge.license_product p using (source, service_id, product_code))
  order by l.license_id for update;
  return query select * from bridge.intake_each({arguments}, null);
end
$$"""


class World:
    """One of the two databases."""

    def __init__(self, base, name, one_by_one):
        with psycopg.connect(base, autocommit=True) as connection:
            connection.execute(f"drop database if exists {name}")
            connection.execute(f"create database {name} template bridge")
        url = base.rsplit("/", 1)[0] + "/" + name
        subprocess.run(["psql", "-X", "-q", "-d", url, "-f", ROOT / "sql/tests/helper.psql"], check=True,
                       stdout=subprocess.DEVNULL)
        self.db = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        if one_by_one:
            types = self.one("select pg_get_function_identity_arguments('bridge.intake_batch'::regproc) as x")
            self.db.execute(ONE_BY_ONE.format(types=types, arguments=", ".join(f"${n}" for n in range(1, 36))))

    def one(self, sql, *values):
        return next(iter(self.db.execute(sql, values or None).fetchone().values()))

    def order(self, name):
        """The id of the order that a delivery led to; t.name has it, for the SQL helpers."""
        found = self.one("select max(order_id) as x from bridge.delivery where source || '/' || delivery_id = %s", name)
        self.db.execute("insert into t.name values (%s, %s) on conflict (name) do nothing", (name, found))
        return found

    def names(self):
        """What ids stand for: an order its first delivery, a license its service and product."""
        orders = {row["order_id"]: row["name"] for row in self.db.execute(
            "select order_id, min(source || '/' || delivery_id) as name from bridge.delivery group by 1")}
        licenses = {row["license_id"]: row["name"] for row in self.db.execute(
            "select license_id, source || '/' || service_id || '/' || min(product_code) as name "
            "from bridge.license_product group by 1, source, service_id")}
        pairs = {row["pair_id"]: row["name"] for row in self.db.execute(
            "select pair_id, account || '/' || upstream_type || '/' || host(ip) as name from bridge.pair")}
        return orders, licenses, pairs

    def told(self, value, orders, now):
        if isinstance(value, datetime.datetime):
            return "to come" if value > now + datetime.timedelta(minutes=10) else "about now"
        if isinstance(value, str):
            return re.sub(r"\border (\d+)", lambda m: "order " + orders.get(int(m[1]), "?"), value)
        return value

    def send(self, batch):
        rows = self.db.execute("select * from t.send_all(%s::jsonb[]) order by idx",
                               [[Jsonb(d) for d in batch]]).fetchall()
        orders, _, _ = self.names()
        now = self.one("select now() as x")
        return [{**{k: self.told(v, orders, now) for k, v in row.items()}, "order_id": orders.get(row["order_id"])}
                for row in rows]

    def picture(self):
        """All tables, row by row, in an order that does not depend on ids."""
        orders, licenses, pairs = self.names()
        now = self.one("select now() as x")
        tables = {}
        for table in TABLES:
            rows = []
            for row in self.db.execute(f"select * from bridge.{table}"):
                told = {k: self.told(v, orders, now) for k, v in row.items() if k not in IGNORED}
                told.update({k: orders.get(row[k]) for k in ORDERS if k in row})
                if row.get("license_id") is not None:
                    told["license_id"] = licenses.get(row["license_id"])
                if row.get("waits_pair") is not None:
                    told["waits_pair"] = pairs[row["waits_pair"]]
                rows.append(repr(sorted(told.items(), key=lambda item: item[0])))
            tables[table] = sorted(rows)
        return tables


class Day:
    """What panels, workers and people do, drawn from a seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.sent = []
        self.number = 0

    def delivery(self):
        draw = self.random
        self.number += 1
        if self.sent and draw.random() < 0.1:  # again: the delivery, its key, or the delivery with other bytes
            old = dict(draw.choice(self.sent))
            change = draw.choice(("nothing", "delivery", "bytes", "content"))
            if change in ("delivery", "content"):
                old["delivery_id"] = f"d{self.number}"
            if change in ("bytes", "content"):
                old.update(digest=f"other {self.number}", period_end="2031-01-01")
            return old
        kind = draw.choice(TYPES)
        zone = draw.random() < 0.15
        service = draw.choice(SERVICES)
        ip = ADDRESSES[SERVICES.index(service)] if draw.random() < 0.7 else draw.choice(
            ADDRESSES + 4 * ADDRESSES[len(SERVICES):])  # rather one that nobody has
        data = {"source": draw.choice(SOURCES), "delivery_id": f"d{self.number}", "digest": f"body {self.number}",
                "type": kind, "service_id": service, "ip": ip, "event_ms": 1790000000000 + self.number,
                "product_code": draw.choice(("cpanel",) * 8 + ("litespeed", "hidden")),
                "account": draw.choice(("main",) * 9 + ("other",)), "operation_key": f"k{self.number}"}
        if zone:
            data.update(provider="lisanszone", account="zone", product_code="zone-app", license_key=f"key {service}")
            data["type"] = draw.choice(("license.create", "license.verify", "license.suspend", "license.unsuspend",
                                        "license.renew", "license.terminate"))
            if draw.random() < 0.5:
                del data["ip"]
                data["ip"] = None
        elif kind == "license.change_ip":
            data["new_ip"] = draw.choice(ADDRESSES)
        elif kind == "license.change_product":
            data["new_product_code"] = "litespeed_x_core"
        if data["type"] == "license.renew" and draw.random() < 0.7:
            data["period_end"] = f"2030-0{draw.randint(1, 3)}-01"
        if draw.random() < 0.3:
            data["sequence"] = draw.randint(0, 40)
        return data

    def batch(self):
        """As fcgi/batch_rules keeps it: no delivery, key, service or pair twice; now and then not."""
        independent = self.random.random() < 0.9
        chosen, seen = [], set()
        for _ in range(self.random.choice((1, 2, 4, 8, 16))):
            data = self.delivery()
            keys = {("d", data["source"], data["delivery_id"]), ("k", data["source"], data["operation_key"]),
                    ("s", data["source"], data["service_id"])}
            keys |= {("p", data.get(k)) for k in ("ip", "new_ip") if data.get(k)}
            if independent and keys & seen:
                continue
            seen |= keys
            chosen.append(data)
        self.sent += [d for d in chosen if d not in self.sent]
        return chosen


def work(day, worlds):
    """One thing that a worker or a person does to an order, in both worlds."""
    reference = worlds[0]
    orders, _, _ = reference.names()
    open_orders = reference.db.execute(
        "select o.order_id, o.state::text as state, o.paid, o.account, l.head_order from bridge.orders o "
        "join bridge.line l using (license_id) where o.state not in ('succeeded', 'failed', 'cancelled') "
        "order by o.source, o.service_id, o.product_code, o.position").fetchall()
    if not open_orders:
        return "nothing"
    order = day.random.choice(open_orders)
    name = orders[order["order_id"]]
    does = day.random.choice(("done",) * 12 + ("refused", "calling", "doubt", "hold", "cancel", "release", "settle",
                                              "later", "pause", "resume", "resume", "wake", "wake"))
    if does in ("done", "refused", "calling", "doubt", "later"):
        paused = reference.one("select paused as x from bridge.account where account = %s", order["account"])
        if paused or order["state"] not in ("queued", "calling") or order["head_order"] != order["order_id"]:
            return "nothing"
    for world in worlds:
        number = world.order(name)
        if does in ("done", "refused", "calling", "doubt", "later") and order["state"] == "queued":
            world.db.execute("update bridge.line set run_at = now() where head_order = %s", (number,))
            world.db.execute("select t.call(%s)", (name,))
        if does == "done":
            world.db.execute("select t.outcome(%s)", (name,))
        elif does == "refused":
            world.db.execute("select t.refused(%s)", (name,))
        elif does == "doubt":
            world.db.execute("select t.outcome(%s, %s)", (name, Jsonb(
                {"to": "in_doubt" if order["paid"] else "queued", "verdict": "unsure", "doubted": True, "wait_ms": 0,
                 "settle_ms": 3600000})))
        elif does == "later":
            world.db.execute("select t.outcome(%s, %s)", (name, Jsonb(
                {"to": "queued", "verdict": "later", "wait_ms": 3600000})))
        elif does == "settle":
            world.db.execute("update bridge.line set settle_until = now() + interval '1 hour' where license_id = "
                             "(select license_id from bridge.orders where order_id = %s)", (number,))
        elif does in ("hold", "cancel", "release"):
            world.db.execute(f"select bridge.operator_{does}('me', %s, 'test')", (number,))
        elif does == "pause":
            world.db.execute("select bridge.operator_pause('me', %s, 'test')", (order["account"],))
        elif does == "resume":
            world.db.execute("select bridge.operator_resume('me', a.account, 'test'), bridge.account_sweep() "
                             "from bridge.account a where paused")
        elif does == "wake":
            world.db.execute("select bridge.pairs_wake()")
    return f"{does} {name}"


def compare(first, second, after):
    for table in TABLES:
        only = [set(a) - set(b) for a, b in ((first[table], second[table]), (second[table], first[table]))]
        assert first[table] == second[table], f"{table} after {after}:\n" + "\n".join(
            f"{mark} {row}" for mark, rows in zip("<>", only) for row in sorted(rows))


@pytest.mark.parametrize("run", range(2))
def test_sets_store_what_single_looks_store(database, run):
    base = database.env["DATABASE_URL"]
    worlds = [World(base, "sets_of_rows", False), World(base, "one_by_one", True)]
    day = Day(SEED + run)
    for world in worlds:
        world.db.execute("insert into bridge.product (account, upstream_type, price, visible) values ('main', 'hidden', 1, false)")
    seen = {}
    try:
        for step in range(STEPS):
            if day.random.random() < 0.5:
                batch = day.batch()
                answers = [world.send(batch) for world in worlds]
                assert answers[0] == answers[1], (step, batch)
                for answer in answers[0]:
                    word = f"{answer['outcome']} {answer['state']}"
                    seen[word] = seen.get(word, 0) + 1
                after = f"step {step}: {batch}"
            else:
                after = f"step {step}: {[work(day, worlds) for _ in range(3)]}"
            if step % LOOK_EVERY == LOOK_EVERY - 1:
                compare(worlds[0].picture(), worlds[1].picture(), after)
    finally:
        for world in worlds:
            world.db.close()
    # A day on which hardly anything was stored would show nothing.
    assert seen["accepted queued"] > 20 and seen["accepted blocked"] > 20, seen
