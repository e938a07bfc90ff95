# SPDX-License-Identifier: Apache-2.0
"""No view of the operators and no filter of their list reads a large table from end to end.

The questions are those of `make bench-ops`, on a set that is large enough for the planner to know better.  What counts
is what was read, inside functions too, not what a plan says.
"""
import pathlib
import sys

import psycopg
import pytest
from bridge import Rig

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import ops_bench  # noqa: E402

LARGE = ("orders", "delivery", "attempt", "order_history", "event", "ledger")
# Partitions count by the name in front of their month; the empty default ones are nobody's loss.
SCANS = """
select c.relname, s.seq_scan from pg_stat_xact_all_tables s join pg_class c on c.oid = s.relid
where s.schemaname = 'bridge' and c.reltuples > 5000 and regexp_replace(c.relname, '_[0-9]{6}$', '') = any (%s)"""


@pytest.fixture(scope="module")
def large():
    with Rig(RIG_ONLY="postgres") as rig:
        ops_bench.build(rig, 60000)
        with psycopg.connect(rig.env["DATABASE_URL"]) as connection:
            yield connection


def scanned(connection, question):
    before = dict(connection.execute(SCANS, (list(LARGE),)).fetchall())
    connection.execute("set local role bridge_ops")
    connection.execute(question, prepare=False).fetchall()
    connection.execute("reset role")
    after = dict(connection.execute(SCANS, (list(LARGE),)).fetchall())
    connection.rollback()
    assert {"orders", "delivery"} <= set(after) and any(name.startswith("attempt_2") for name in after), after
    return sorted(name for name, scans in after.items() if scans > before.get(name, 0))


def test_what_is_read_from_end_to_end_is_seen(large):
    assert scanned(large, "select count(*) from ops.orders where reason = 'x'") == ["orders"]
    assert scanned(large, "select 1 from bridge.span_calls('-infinity', 'infinity')") != []


def test_no_question_reads_a_large_table_from_end_to_end(large):
    views, others = ops_bench.questions(large)
    assert len(views) > 45 and len(others) > 25
    found = {name: scanned(large, question) for name, question in {**views, **others}.items()}
    assert {name: tables for name, tables in found.items() if tables} == {}
