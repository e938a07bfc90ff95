# SPDX-License-Identifier: Apache-2.0
"""`make bench-ops`: how long each view of schema ops and each page of the operators takes on a large set.

ORDERS (10 million) orders with three times as many attempts are made by ops_set.sql in a private
PostgreSQL and go with it.  Each question is asked ROUNDS times as bridge_ops; printed are its
median and 99th percentile.  Views that list are read as the dashboard reads them: one page.
"""
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "rig"))
from bridge import Rig  # noqa: E402

import psycopg  # noqa: E402

BOUND_MS = 50
VIEWS = {name: f"select * from ops.{name}" for name in (
    "orders_by_state", "failure_reasons_24h", "in_doubt", "credits_spent_daily", "upstream_latency_1h",
    "upstream_errors_1h", "rate_budget", "balance_runway", "duplicate_deliveries", "ack_latency_1h", "worker_status",
    "table_health", "callbacks_pending", "activity_hourly", "upstreams", "overview_warnings")}
VIEWS |= {
    "oldest_waiting": "select * from ops.oldest_waiting order by order_id limit 10",
    "retry_queue": "select * from ops.retry_queue order by next_try_at limit 100",
    "blocked_licenses": "select * from ops.blocked_licenses order by oldest limit 100",
    "ledger_drift": "select * from ops.ledger_drift order by window_id desc limit 50",
    "licenses_expiring": "select * from ops.licenses_expiring order by period_end limit 100",
    "renewals_overdue": "select * from ops.renewals_overdue order by period_end limit 100",
    "licenses_by_ip": "select * from ops.licenses_by_ip where ip = '10.0.0.77'",
    "customer_licenses": "select * from ops.customer_licenses where service_id = 'svc77'",
    "refused_deliveries": "select * from ops.refused_deliveries order by at desc limit 100",
    "operator_actions": "select * from ops.operator_actions order by action_id desc limit 100",
}
PAGES = {f"orders {name}": f"select * from bridge.orders_find('{found}', null, 100)" for name, found in {
    "newest": "{}", "by state": '{"state":"held"}', "by service": '{"service":"svc77"}', "by address": '{"ip":"10.0.0.77"}',
    "by key": '{"key":"svc77:76"}', "by text": '{"text":"inv77"}', "rare": '{"account":"main1","product":"none"}'}.items()}


def measure(connection, text, rounds):
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        connection.execute(text).fetchall()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.99))]


def main():
    orders = int(os.environ.get("ORDERS", "10000000"))
    rounds = int(os.environ.get("ROUNDS", "100"))
    with Rig(RIG_ONLY="postgres") as rig:
        url = rig.env["DATABASE_URL"]
        began = time.monotonic()
        subprocess.run(["psql", "-X", "-q", "-v", f"orders={orders}", "-f", HERE / "ops_set.sql", url], check=True)
        with psycopg.connect(url, autocommit=True) as owner:
            while owner.execute("select bridge.hours_sum(100)").fetchone()[0]:
                pass
            owner.execute("vacuum analyze bridge.hour, bridge.hour_account")
            size = owner.execute("select pg_size_pretty(pg_database_size(current_database()))").fetchone()[0]
            counts = owner.execute("select (select count(*) from bridge.orders), (select count(*) from bridge.attempt)").fetchone()
        print(f"bench-ops: {counts[0]} orders, {counts[1]} attempts, {size}, made in {time.monotonic() - began:.0f} s")
        slow = []
        with psycopg.connect(url, autocommit=True) as reader:
            reader.execute("set role bridge_ops")
            for name, text in sorted(VIEWS.items()) + sorted(PAGES.items()):
                median, p99 = measure(reader, text, rounds)
                print(f"  {name:24} p50 {median:8.1f} ms   p99 {p99:8.1f} ms{'' if p99 <= BOUND_MS else '   slow'}", flush=True)
                if p99 > BOUND_MS and name in VIEWS:
                    slow.append(name)
    print(f"bench-ops: {'ok' if not slow else 'slow ' + ' '.join(slow)} views={len(VIEWS)} orders={orders} bound_ms={BOUND_MS}")
    return bool(slow)


if __name__ == "__main__":
    sys.exit(main())
