# SPDX-License-Identifier: Apache-2.0
"""Several front doors and workers at the same rows at once: who wins is open, that there is one winner is not."""
import itertools
import pathlib
import random
import subprocess
import threading
import time

import psycopg
from psycopg.types.json import Jsonb
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = 7240724
RACERS = 4
DRAIN_SECONDS = 30
HAMMER_SECONDS = 5
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def url(database):
    """A copy of its own, with the helpers of the SQL tests."""
    base = database.env["DATABASE_URL"]
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute("create database races template bridge")
    races = base.rsplit("/", 1)[0] + "/races"
    subprocess.run(["psql", "-X", "-q", "-d", races, "-f", ROOT / "sql/tests/helper.psql"], check=True,
                   stdout=subprocess.DEVNULL)
    return races


def connect(url):
    return psycopg.connect(url, autocommit=True)


def send(connection, *deliveries):
    """(outcome, order, state) for each delivery of one batch, as the front door sends it."""
    rows = connection.execute("select idx, outcome, order_id, state from t.send_all(%s::jsonb[]) order by idx",
                              [[Jsonb(d) for d in deliveries]]).fetchall()
    return [row[1:] for row in rows]


def send_until_settled(connection, delivery):
    """`again` means: into the next batch."""
    for _ in range(50):
        result = send(connection, delivery)[0]
        if result[0] != "again":
            return result
    raise AssertionError("a delivery was sent back fifty times")


def race(url, rounds, deliveries_of):
    """Lets RACERS connections send deliveries_of(round)[racer] at the same moment; the results, per round."""
    barrier = threading.Barrier(RACERS)
    plans = [deliveries_of(number) for number in range(rounds)]
    results = [[None] * RACERS for _ in range(rounds)]
    errors = []

    def run(racer):
        try:
            with connect(url) as connection:
                for number, plan in enumerate(plans):
                    barrier.wait(20)
                    results[number][racer] = send_until_settled(connection, plan[racer])
        except Exception as error:
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=run, args=(racer,)) for racer in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    return results


def fresh():
    number = next(NUMBERS)
    return {"service_id": f"r{number}", "ip": f"10.1.{number // 250}.{number % 250 + 1}"}


def outcomes(results):
    return sorted(outcome for outcome, _, _ in results)


def test_one_delivery_makes_one_order(url):
    def plan(number):
        return [{**fresh(), "delivery_id": f"same{number}", "digest": "same"}] * RACERS
    for results in race(url, 40, plan):
        assert outcomes(results) == ["accepted"] + ["duplicate"] * (RACERS - 1)
        assert len({order for _, order, _ in results}) == 1


def test_one_key_makes_one_order(url):
    def plan(number):
        same = {**fresh(), "operation_key": f"key{number}"}
        return [{**same, "delivery_id": f"key{number}.{racer}"} for racer in range(RACERS)]
    for results in race(url, 40, plan):
        assert outcomes(results) == ["accepted"] + ["duplicate"] * (RACERS - 1)
        assert len({order for _, order, _ in results}) == 1


def test_one_license_is_created_once_whatever_the_keys(url):
    def plan(number):
        same = fresh()
        return [{**same, "operation_key": f"lic{number}.{racer}"} for racer in range(RACERS)]
    for results in race(url, 40, plan):
        assert outcomes(results) == ["accepted"] + ["refused"] * (RACERS - 1)


def test_one_pair_has_one_holder(url):
    def plan(_):
        ip = fresh()["ip"]
        return [{**fresh(), "ip": ip} for _ in range(RACERS)]
    for results in race(url, 40, plan):
        assert outcomes(results) == ["accepted"] * RACERS
        assert sorted(state for _, _, state in results) == ["blocked"] * (RACERS - 1) + ["queued"]


def test_an_open_delivery_does_not_hide_the_account_from_paid_work(url):
    with connect(url) as door, connect(url) as worker:
        ready = send(door, {**fresh(), "account": "other"})[0]
        door.execute("begin")
        send(door, {**fresh(), "account": "other"})
        window_keep(worker, "other")
        claimed = worker.execute("select order_id, epoch from bridge.work_claim_paid('w', 'other', 4, 60000)").fetchall()
        door.execute("rollback")
        assert [row[0] for row in claimed] == [ready[1]]
        worker.execute("select bridge.work_return(%s, %s, 'held', 'test', 'test', null, null)", claimed[0])


def window_keep(connection, account):
    """Opens the account's window, or settles one that has closed, as a worker would."""
    version, state, calling, alone, window = connection.execute(
        "select version, state, calling, solo, window_id from bridge.window_look(%s, 0)", (account,)).fetchone()
    if state == "open" and alone and calling == 0:  # a create on a used address: its call has ended
        connection.execute("select bridge.window_close(%s, %s)", (account, window))
    elif state == "shut":
        connection.execute("select bridge.window_open(%s, %s, 1000000, false, 4)", (account, version))
    elif state == "drain" and calling == 0:
        connection.execute("select bridge.window_settle(%s, %s, 1000000, false, '{}', '{}', '{}', false, '', null, "
                           "null, 0, false, 4)", (account, version))


class Hammer:
    """Front doors, workers and chores at the same few services until the time is up; then the line is drained."""

    def __init__(self, url):
        self.url = url
        self.services = [{**fresh(), "account": "zone", "provider": "lisanszone"} for _ in range(10)]
        self.services += [fresh() for _ in range(30)]
        with connect(url) as connection:  # what a call costs is known, or each would be alone in its window
            connection.execute("insert into bridge.product_price (account, action, upstream_type, billing_months, "
                               "month_price, price) select 'main', a, t, m, 1, 1 from unnest(array['create', 'renew']) a, "
                               "unnest(array['cpanel', 'litespeed']) t, generate_series(0, 12) m on conflict do nothing")
        self.end = time.monotonic() + HAMMER_SECONDS
        self.errors = []
        self.begun = []
        self.lock = threading.Lock()
        self.accepted = 0
        self.draining = False

    def thread(self, work, number):
        def run():
            try:
                with connect(self.url) as connection:
                    work(connection, random.Random(SEED + number), number)
            except Exception as error:
                self.errors.append(error)
        return threading.Thread(target=run)

    def door(self, connection, chance, _):
        kinds = ["license.create"] + ["license.suspend", "license.unsuspend"] * 3 + ["license.renew", "license.terminate"]
        while time.monotonic() < self.end:
            batch = [{**s, "type": chance.choice(kinds), "sequence": chance.randrange(50)}
                     for s in chance.sample(self.services, 12)]
            taken = send(connection, *batch)
            with self.lock:
                self.accepted += sum(outcome == "accepted" for outcome, _, _ in taken)

    def worker(self, connection, chance, number):
        name = f"hammer{number}"
        while time.monotonic() < self.end or self.draining:
            work = connection.execute("select order_id, attempt, epoch from bridge.work_claim(%s, %s, 8, 60000)",
                                      (name, ["main", "zone"])).fetchall()
            window_keep(connection, "main")
            for order, _, epoch in connection.execute(
                    "select order_id, attempt, epoch from bridge.work_claim_paid(%s, 'main', 4, 60000)",
                    (name,)).fetchall():
                attempt = connection.execute("select (bridge.work_begin(%s, %s, %s, 60000, 1, 4, 100, 60000)).attempt",
                                             (name, order, epoch)).fetchone()[0]
                if attempt is None:  # no room, overtaken, or the account paused, while it was being prepared
                    connection.execute("select bridge.work_return(%s, %s, 'queued', 'x', 'x', -60000, null)", (order, epoch))
                    continue
                sent = connection.execute("select bridge.work_fence(%s, %s, %s, 1000)",
                                          (order, attempt, epoch)).fetchone()[0]
                if not sent:  # paused at the last moment
                    self.finish(connection, chance, [(order, attempt, epoch)], unsent=True)
                    continue
                work.append((order, attempt, epoch))
            with self.lock:
                self.begun += [row[:2] for row in work]
            self.finish(connection, chance, work)
            if self.draining and (time.monotonic() > self.end + DRAIN_SECONDS or not connection.execute(
                    "select exists (select from bridge.orders where service_id = any(%s) and state in "
                    "('queued', 'calling'))", ([service["service_id"] for service in self.services],)).fetchone()[0]):
                return

    def finish(self, connection, chance, work, unsent=False):
        if not work:
            return
        later = [unsent or (not self.draining and chance.random() < 0.2) for _ in work]
        orders, attempts, epochs = map(list, zip(*work))
        count = len(work)
        rows = connection.execute(
            "select applied from bridge.work_outcomes(" + ", ".join(["%s"] * 20) + ")",
            (orders, attempts, epochs, ["queued" if x else "succeeded" for x in later], ["x"] * count, ["x"] * count,
             [0] * count, [0] * count, [False] * count, [False] * count, [True] * count,
             ["later" if x else "done" for x in later], [200] * count, [0] * count, [1] * count, ["x"] * count,
             [b"{}"] * count, [None] * count, [False] * count, [None] * count)).fetchall()
        assert all(applied for (applied,) in rows)

    def chores(self, connection, chance, _):
        while time.monotonic() < self.end:
            connection.execute("select * from bridge.work_takeover(100, array[]::text[], array[]::bigint[])")
            connection.execute("select bridge.pairs_wake()")
            connection.execute("select bridge.account_sweep()")
            account = chance.choice(["main", "zone"])
            connection.execute("select bridge.operator_pause('t', %s, 'test')", (account,))
            time.sleep(0.01)
            connection.execute("select bridge.operator_resume('t', %s, 'test')", (account,))
        connection.execute("select bridge.pairs_wake()")

    def run(self, works):
        threads = [self.thread(work, number) for number, work in enumerate(works)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self.errors, self.errors


def test_doors_workers_and_chores_together(url):
    hammer = Hammer(url)
    hammer.run([hammer.door] * 3 + [hammer.worker] * 3 + [hammer.chores])
    with connect(url) as connection:
        connection.execute("select bridge.account_sweep()")
        hammer.draining = True
        hammer.run([hammer.worker])
        assert hammer.accepted > 100 and len(hammer.begun) > 100
        assert len(set(hammer.begun)) == len(hammer.begun), "an attempt was begun twice"
        mine = [service["service_id"] for service in hammer.services]
        left = connection.execute("""select state::text, reason_code, count(*) from bridge.orders
            where service_id = any(%s) and finished_at is null group by 1, 2""", (mine,)).fetchall()
        assert left == [], "nothing waits without a cause"
        wrong = connection.execute("""select l.* from bridge.line l join bridge.license using (license_id)
            where service_id = any(%s) and (pending <> 0 or head_order is not null or lease_owner is not null
                                            or run_at is not null)""", (mine,)).fetchall()
        assert wrong == [], "lines that are not empty"
        wrong = connection.execute("""select o.order_id from bridge.orders o left join bridge.ledger l using (order_id)
            where service_id = any(%s) and (o.paid and o.state = 'succeeded') <> (l.order_id is not null)""",
                                   (mine,)).fetchall()
        assert wrong == [], "purchases that are not in the ledger once"
        wrong = connection.execute("""select a.order_id from bridge.attempt a join bridge.orders o using (order_id)
            where service_id = any(%s) and a.finished_at is null""", (mine,)).fetchall()
        assert wrong == [], "attempts without an end"
