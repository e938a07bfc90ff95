# SPDX-License-Identifier: Apache-2.0
"""What an order costs does not grow with what is there: plans are made once a connection, here while nothing is there."""
import subprocess

from bridge import Rig
from conftest import Service
from test_money import wait_for

SERVICES, ROUNDS = 30, 40
# An order's own row, its line and those of the same batch are looked at some dozens of times from intake to outcome;
# reading all of the orders once for each webhook or each claim would be 600 rows an order.
ROWS_AN_ORDER = 100
# Of the index of what is due, dead ones too: all of them for each claim would be 270 here, and more in a longer run.
ENTRIES_AN_ORDER = 120


def rows_read(rig, table):
    """(read, written) rows since the database was made; whoever has used it has gone."""
    out = subprocess.run(["psql", "-XAt", rig.env["DATABASE_URL"], "-c",
                          "select seq_tup_read + coalesce(idx_tup_fetch, 0), n_tup_ins from pg_stat_user_tables "
                          f"where schemaname = 'bridge' and relname = '{table}'"],
                         capture_output=True, text=True, check=True).stdout
    return [int(word) for word in out.split("|")]


def told(rig, table, orders):
    """Rows of the table read so far; all programs have gone, so that the figures are there."""
    rig.ctl("stop", "worker1", "intake", "ops")
    wait_for(lambda: rows_read(rig, "orders")[1] == orders)
    return rows_read(rig, table)[0]


def run(rig, services, rounds):
    return [service.order(("license.suspend", "license.unsuspend")[turn % 2]) for turn in range(rounds) for service in services]


def ended(rig, orders):
    for order in orders:
        assert rig.wait(order)["state"] == "succeeded"


def test_an_order_reads_as_many_rows_as_ever():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000") as rig:
        services = [Service(rig) for _ in range(SERVICES)]
        orders = [service.order("license.create") for service in services] + run(rig, services, ROUNDS)
        ended(rig, orders)
        for table in ("orders", "line"):
            read = told(rig, table, len(orders))
            assert read / len(orders) < ROWS_AN_ORDER, f"{table}: {read / len(orders):.0f} rows an order"


def test_nor_more_when_the_statistics_are_of_an_idle_hour():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000") as rig:
        services = [Service(rig) for _ in range(SERVICES)]
        orders = [service.order("license.create") for service in services] + run(rig, services, 4)
        ended(rig, orders)
        before = told(rig, "orders", len(orders))
        subprocess.run(["psql", "-XAtq", rig.env["DATABASE_URL"], "-c", "vacuum analyze"], check=True)
        rig.ctl("start", "intake", "ops")
        queue = run(rig, services, ROUNDS)  # all of it waits, in lines of forty
        rig.ctl("start", "worker1")
        ended(rig, queue)
        read = told(rig, "orders", len(orders) + len(queue)) - before
        assert read / len(queue) < ROWS_AN_ORDER, f"{read / len(queue):.0f} rows an order"


def entries_read(rig, index):
    out = subprocess.run(["psql", "-XAt", rig.env["DATABASE_URL"], "-c",
                          f"select idx_tup_read from pg_stat_user_indexes where indexrelname = '{index}'"],
                         capture_output=True, text=True, check=True).stdout
    return int(out)


def test_nor_more_while_an_old_snapshot_is_open():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000") as rig:
        services = [Service(rig) for _ in range(SERVICES)]
        orders = [service.order("license.create") for service in services]
        ended(rig, orders)
        with rig.transaction("select from bridge.account"):  # nothing dead goes away meanwhile
            orders += run(rig, services, ROUNDS)
            ended(rig, orders)
            told(rig, "orders", len(orders))
            read = entries_read(rig, "line_ripe") / len(orders)
            assert read < ENTRIES_AN_ORDER, f"{read:.0f} entries an order"
