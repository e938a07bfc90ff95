# SPDX-License-Identifier: Apache-2.0
"""`make bench-ops`: how long each view of schema ops and each page of the operators takes on a large set.

ORDERS (10 million) orders with three times as many attempts are made by ops_set.sql in a private
PostgreSQL and go with it, unless OPS_SET names a folder: there the set stays, with a front door for
the operators, and a later run takes it as it finds it; `tests/rig/down FOLDER` removes it.  A kept
set's clock stands where the set ends, so that its last hour stays the last one.

Each question is asked ROUNDS times as bridge_ops, in a session like those of the programs; printed
are its median and 99th percentile, and the median of the processor time, which a busy machine does
not lengthen.  It fails when one of them took longer than 50 ms.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
RESULT = HERE.parents[1] / "build" / "bench-ops.json"
QUERY = HERE.parents[1] / "sql" / "query"
sys.path.insert(0, str(HERE.parent / "rig"))
from bridge import Rig  # noqa: E402

import psycopg  # noqa: E402

BOUND_MS = 50
# Views that are one row for each row of a table are read as the API and people read them: the newest page, or what
# belongs to one thing.  The others are read whole.
PAGED = {
    "oldest_waiting": "order by order_id limit 10", "retry_queue": "order by next_try_at limit 100",
    "blocked_licenses": "order by oldest limit 100", "ledger_drift": "order by window_id desc limit 50",
    "licenses_expiring": "order by ends_on limit 100", "renewals_overdue": "order by ends_on limit 100",
    "licenses_invalid": "order by invalid_at desc limit 100", "licenses_by_ip": "where ip = '10.0.0.77'",
    "customer_licenses": "where service_id = 'svc77'", "renewals_due": "order by period_end limit 100",
    "refused_deliveries": "order by at desc limit 100", "operator_actions": "order by action_id desc limit 100",
    "orders": "order by order_id desc limit 100", "attempts": "where order_id = 77", "order_history": "where order_id = 77",
    "deliveries": "where order_id = 77", "ledger": "order by entry_id desc limit 100",
    "licenses": "order by license_id desc limit 100", "license_addresses": "where license_id = 77",
    "callbacks": "order by callback_id desc limit 100", "waiting_purchases": "limit 100", "review": "order by order_id limit 100",
    "in_doubt": "order by order_id limit 100",
}
# What the order list's filters find: rare and frequent, one and several.
FILTERS = {
    "newest": {}, "state held": {"state": "held"}, "state succeeded": {"state": "succeeded"}, "states": {"state": "held,failed"},
    "source": {"source": "s3"}, "service": {"service": "svc77"}, "ip": {"ip": "10.0.0.77"}, "license": {"license": "77"},
    "account": {"account": "main2"}, "product": {"product": "cpanel"}, "type": {"type": "license.renew"},
    "key": {"key": "svc77:76"}, "webhook-id": {"key": "dlv76"}, "text order": {"text": "76"}, "text invoice": {"text": "inv77"},
    "text panel order": {"text": "po77"}, "text ip": {"text": "10.0.0.77"}, "text service": {"text": "svc77"},
    "text e-mail": {"text": "who77@example.net"}, "text domain": {"text": "d77.example"}, "text license key": {"text": "KEY-77"},
    "text upstream id": {"text": "u77"}, "text nothing": {"text": "nothing of the kind"},
    "rare": {"account": "main1", "product": "none"}, "rare type": {"type": "license.create"},
    "service and state": {"service": "svc77", "state": "failed"}, "source and state": {"source": "s3", "state": "failed"},
}


def questions(connection):
    """name -> statement, views first; each view of the schema is there."""
    names = [name for (name,) in connection.execute(
        "select relname from pg_class where relnamespace = 'ops'::regnamespace and relkind = 'v' order by 1")]
    asked = {name: f"select * from ops.{name} {PAGED.get(name, '')}" for name in names}
    orders = {f"orders: {name}": f"select * from bridge.orders_find('{json.dumps(found)}', null, 100)"
              for name, found in FILTERS.items()}
    # What the dashboard's first page and Prometheus ask for, as it ships.
    whole = {name: (QUERY / f"{name}.sql").read_text() for name in ("ops_overview", "ops_metrics")}
    return asked, orders | whole


def busy_ms(pid):
    """How long a server process has been on a processor."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def measure(connection, text, rounds):
    """Median and 99th percentile, and the median of the processor time, in ms, after one time that nobody waits for."""
    pid = connection.info.backend_pid
    took, busy = [], []
    for _ in range(rounds + 1):
        began, busy_before = time.perf_counter(), busy_ms(pid)
        connection.execute(text, prepare=False).fetchall()
        took.append((time.perf_counter() - began) * 1000)
        busy.append(busy_ms(pid) - busy_before)
    took, busy = sorted(took[1:]), sorted(busy[1:])
    return took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.99))], busy[len(busy) // 2]


# What makes a set sooner; none of it is left when the set is measured.
HASTY = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "8GB", "checkpoint_timeout": "1h", "autovacuum": "off",
         "shared_buffers": "2GB"}


def sums_make(owner):
    """Sums all hours, a day a transaction, as a worker would."""
    owner.execute("select bridge.hours_sum(1)")  # sets the mark up to which is summed
    mark = owner.execute("select mark from bridge.summed").fetchone()
    while not owner.execute("select until >= %s from bridge.summed", mark).fetchone()[0]:
        if not owner.execute("select bridge.hours_sum(24)").fetchone()[0]:
            time.sleep(0.1)  # somebody's transaction is not over yet


def build(rig, orders):
    """Fills the database; what is not durable while it is made is durable when it is measured."""
    url = rig.env["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as owner:
        for name, value in HASTY.items():
            owner.execute(f"alter system set {name} = '{value}'")
    rig.ctl("restart", "postgres")
    subprocess.run(["psql", "-X", "-q", "-v", f"orders={orders}", "-f", HERE / "ops_set.sql", url], check=True)
    with psycopg.connect(url, autocommit=True) as owner:
        sums_make(owner)
        owner.execute("vacuum analyze bridge.hour, bridge.hour_account, bridge.account_total, bridge.due, bridge.due_change")
        owner.execute("alter system reset all")
        owner.execute("checkpoint")
    rig.ctl("restart", "postgres")


def set_back(rig):
    """Has PostgreSQL believe that the set was finished just now."""
    if not FAKETIME.exists():
        print("bench-ops: no libfaketime here: what is called the last hour is not the set's")
        return
    command = rig.dir / "run" / "postgres.cmd"
    age = int(time.time()) - int((rig.dir / "made").read_text())
    plain = command.read_text().split(" LD_PRELOAD=", 1)
    start = plain[0] if len(plain) == 1 else plain[0] + " LC_ALL=" + plain[1].split(" LC_ALL=", 1)[1]
    command.write_text(start.replace(" LC_ALL=", f" LD_PRELOAD={FAKETIME} FAKETIME=-{age}s FAKETIME_DONT_FAKE_MONOTONIC=1 "
                                                 f"NO_FAKE_STAT=1 LC_ALL=", 1))


@contextlib.contextmanager
def kept_set(folder, orders):
    """The rig in a folder, with its front door for the operators; made when it is not there, stopped afterwards."""
    rig = Rig(WORKERS=0)
    rig.dir = pathlib.Path(folder).resolve()
    if not (rig.dir / "made").exists():
        rig.up_in(rig.dir)
        build(rig, orders)
        (rig.dir / "made").write_text(str(int(time.time())))
        rig.ctl("stop", "postgres")
    rig.read_env()
    set_back(rig)
    try:
        rig.ctl("restart", "postgres", "nginx", "ops")
        subprocess.run([f"{rig.env['BIN']}/bridgectl", "--config", rig.env["CONFIG"], "migrate"], check=True,
                       env={**os.environ, "PGUSER": "postgres"}, stdout=subprocess.DEVNULL)
        yield rig
    finally:
        rig.ctl("stop", *reversed(rig.names()))


@contextlib.contextmanager
def passing_set(orders):
    with Rig(RIG_ONLY="postgres") as rig:
        build(rig, orders)
        yield rig


def large_set(orders):
    folder = os.environ.get("OPS_SET")
    return kept_set(folder, orders) if folder else passing_set(orders)


def report(url, rounds, kept):
    """Asks each question; True when a view took longer than it may."""
    slow = []
    with psycopg.connect(url, autocommit=True) as reader:
        counts = reader.execute("select (select count(*) from bridge.orders), (select count(*) from bridge.attempt), "
                                "pg_size_pretty(pg_database_size(current_database()))").fetchone()
        print("bench-ops: {} orders, {} attempts, {}".format(*counts))
        reader.execute("set role bridge_ops; set jit = off; set plan_cache_mode = force_custom_plan")
        views, others = questions(reader)
        for name, text in [*views.items(), *others.items()]:
            median, p99, busy = measure(reader, text, rounds)
            kept[name] = {"p50_ms": round(median, 2), "p99_ms": round(p99, 2), "cpu_ms": round(busy, 2)}
            if p99 > BOUND_MS:
                slow.append(name)
            print(f"  {name:26} p50 {median:8.1f} ms   p99 {p99:8.1f} ms   cpu {busy:7.1f} ms{'' if p99 <= BOUND_MS else '   slow'}", flush=True)
    print(f"bench-ops: {'ok' if not slow else 'slow: ' + ', '.join(slow) + ';'} views={len(views)} orders={counts[0]} "
          f"bound_ms={BOUND_MS}")
    return bool(slow)


def main():
    orders = int(os.environ.get("ORDERS", "10000000"))
    rounds = int(os.environ.get("ROUNDS", "100"))
    kept = {}
    began = time.monotonic()
    with large_set(orders) as rig:
        print(f"bench-ops: the set is there after {time.monotonic() - began:.0f} s")
        slow = report(rig.env["DATABASE_URL"], rounds, kept)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"orders": orders, "rounds": rounds, "questions": kept}, indent=1))
    return slow


if __name__ == "__main__":
    sys.exit(main())
