# SPDX-License-Identifier: Apache-2.0
"""The views that read sums say what counting all rows says, in every snapshot of a database that is at work."""
import itertools
import threading
import time

import psycopg
import pytest
from conftest import Service

HOURS = """
select coalesce((select sum(x) from (select count(*) as x from bridge.orders o where o.created_at >= d.day) a), 0),
       (select count(*) from bridge.delivery where received_at >= d.day),
       (select count(*) from bridge.order_history where to_state = 'succeeded' and at >= d.day),
       (select count(*) from bridge.attempt where finished_at >= d.day),
       (select count(*) from bridge.attempt where finished_at >= d.day and (verdict in ('later', 'unsure') or late_at is not null)),
       (select coalesce(sum(amount), 0) from bridge.ledger where kind in ('purchase', 'adjustment') and at >= d.day)
from (select date_trunc('hour', now(), 'UTC') - interval '23 hours' as day) d"""
# (what a view says, what its rows say)
PAIRS = (
    ("select sum(accepted), sum(deliveries), sum(succeeded), sum(calls), sum(errors), sum(spent) from ops.activity_hourly", HOURS),
    ("select accepted, succeeded, failed, cancelled, deliveries from ops.totals",
     "select (select count(*) from bridge.orders), count(*) filter (where to_state = 'succeeded'), "
     "count(*) filter (where to_state = 'failed'), count(*) filter (where to_state = 'cancelled'), "
     "(select count(*) from bridge.delivery) from bridge.order_history"),
    ("select account, calls, errors, spent, elapsed_ms, durations[cardinality(durations)] from ops.call_totals order by 1",
     "select a.account, count(t.order_id), count(*) filter (where t.verdict in ('later', 'unsure') or t.late_at is not null), "
     "(select coalesce(sum(l.amount), 0) from bridge.ledger l where l.account = a.account and l.kind = 'purchase'), "
     "coalesce(sum(t.elapsed_ms) filter (where t.late_at is null), 0), count(t.elapsed_ms) filter (where t.late_at is null) "
     "from bridge.account a left join bridge.attempt t on t.account = a.account and t.finished_at is not null "
     "group by a.account order by 1"),
    ("select account, day, purchases, spent, topups, adjustments from ops.credits_spent_daily order by 1, 2",
     "select account, (at at time zone 'UTC')::date, count(*) filter (where kind = 'purchase'), "
     "coalesce(sum(amount) filter (where kind = 'purchase'), 0), coalesce(sum(amount) filter (where kind = 'topup'), 0), "
     "coalesce(sum(amount) filter (where kind = 'adjustment'), 0) from bridge.ledger where kind <> 'observed' "
     "group by 1, 2 order by 1, 2"),
    ("select account, sum(licenses) from ops.awaited_renewals group by 1 order by 1",
     "select account, count(*) from ops.renewals_due group by 1 order by 1"),
)


@pytest.fixture
def looking(rig):
    with psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def compare(looking):
    """All pairs in one snapshot; how far the sums go in it, and how many calls there are."""
    with looking.transaction():
        looking.execute("set transaction isolation level repeatable read")
        for view, rows in PAIRS:
            assert looking.execute(view).fetchall() == looking.execute(rows).fetchall(), view
        return looking.execute("select until, (select count(*) from bridge.attempt) from bridge.summed").fetchone()


def patiently(looking, reached, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        until, _ = compare(looking)
        if until is not None and reached(until):
            return until
        assert time.monotonic() < deadline, "the sums do not go on"
        time.sleep(0.2)


def test_while_orders_are_carried_out(rig, looking):
    over = threading.Event()
    soon = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 5 * 86400))
    failed = []

    def panel():
        try:
            while not over.is_set():
                service = Service(rig)
                service.done("license.create", period_end=soon)
                for kind in ("license.suspend", "license.unsuspend"):
                    service.done(kind)
        except Exception as problem:  # noqa: BLE001 - told by the test itself
            failed.append(problem)

    panels = [threading.Thread(target=panel) for _ in range(3)]
    for one in panels:
        one.start()
    try:
        seen = []
        for _ in itertools.repeat(None, 1000):
            seen.append(compare(looking))
            if len({until for until, _ in seen}) > 4:
                break
            time.sleep(0.05)
    finally:
        over.set()
        for one in panels:
            one.join()
    assert not failed, failed
    assert len({until for until, _ in seen}) > 4 and seen[-1][1] > seen[0][1], "sums were made while calls were"


def test_what_commits_late_is_waited_for(rig, looking):
    start = patiently(looking, lambda until: True)
    with psycopg.connect(rig.env["DATABASE_URL"]) as slow:
        began = slow.execute("select now()").fetchone()[0]
        slow.execute("select bridge.operator_topup('late', 'main', 5, 'as a test')")
        time.sleep(12)
        until, _ = compare(looking)
        assert start <= until <= began, "nothing is summed that somebody may still write into"
        slow.commit()
    compare(looking)
    assert patiently(looking, lambda reached: reached > began) > until
