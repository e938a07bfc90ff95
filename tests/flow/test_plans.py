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


def rows_read(rig, table):
    """(read, written) rows since the database was made; whoever has used it has gone."""
    out = subprocess.run(["psql", "-XAt", rig.env["DATABASE_URL"], "-c",
                          "select seq_tup_read + coalesce(idx_tup_fetch, 0), n_tup_ins from pg_stat_user_tables "
                          f"where schemaname = 'bridge' and relname = '{table}'"],
                         capture_output=True, text=True, check=True).stdout
    return [int(word) for word in out.split("|")]


def test_an_order_reads_as_many_rows_as_ever():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000") as rig:
        services = [Service(rig) for _ in range(SERVICES)]
        orders = [service.order("license.create") for service in services]
        for turn in range(ROUNDS):
            orders += [service.order(("license.suspend", "license.unsuspend")[turn % 2]) for service in services]
        for order in orders:
            assert rig.wait(order)["state"] == "succeeded"
        rig.ctl("stop", "worker1", "intake", "ops")  # who goes tells the figures
        for table, rows in (("orders", len(orders)), ("line", SERVICES)):
            wait_for(lambda t=table, n=rows: rows_read(rig, t)[1] == n)
            read = rows_read(rig, table)[0]
            assert read / len(orders) < ROWS_AN_ORDER, f"{table}: {read / len(orders):.0f} rows an order"
