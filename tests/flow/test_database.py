# SPDX-License-Identifier: Apache-2.0
"""The migrated database agrees with the C tables and with the schema that is committed."""
import concurrent.futures
import pathlib
import re
import subprocess

import psycopg
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOVES_PRINTED = r"""
#include <stdio.h>
#include "order/state.h"
int main(void)
{
    for (int from = 0; from < ORDER_STATE_COUNT; from++)
        for (int to = 0; to < ORDER_STATE_COUNT; to++)
            if (order_state_may((enum order_state)from, (enum order_state)to))
                printf("%s %s\n", order_state_word((enum order_state)from), order_state_word((enum order_state)to));
    return 0;
}
"""


@pytest.fixture
def connection(database):
    with psycopg.connect(database.env["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def test_the_moves_in_sql_are_those_in_c(connection, tmp_path):
    program = tmp_path / "moves"
    subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", f"-I{ROOT}/provisioning", "-x", "c", "-", "-o", program,
                    ROOT / "provisioning/order/state.c", ROOT / "provisioning/order/words.c"],
                   input=MOVES_PRINTED, text=True, check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    in_c = {tuple(line.split()) for line in printed.splitlines()}
    in_sql = set(connection.execute("select from_state::text, to_state::text from bridge.order_move").fetchall())
    assert in_c == in_sql and len(in_c) > 20


def test_the_committed_schema_is_what_the_migrations_make(database):
    made = subprocess.run([ROOT / "sql/schema.sh", database.env["DATABASE_URL"]], capture_output=True, text=True,
                          check=True).stdout
    assert made == (ROOT / "sql/schema.sql").read_text(), "make schema writes it anew"


def test_migrating_again_changes_nothing(database, connection):
    before = connection.execute("select * from bridge.schema_migration order by number").fetchall()
    again = migrate(database)
    assert again.returncode == 0 and "applied" not in again.stdout
    assert connection.execute("select * from bridge.schema_migration order by number").fetchall() == before
    assert [row[0] for row in before] == list(range(1, len(before) + 1))


def test_an_edited_migration_stops_everything(database, connection):
    connection.execute("update bridge.schema_migration set sha256 = reverse(sha256) where number = 1")
    try:
        refused = migrate(database)
        assert refused.returncode != 0 and "0001_tables" in refused.stdout + refused.stderr
    finally:
        connection.execute("update bridge.schema_migration set sha256 = reverse(sha256) where number = 1")
    assert migrate(database).returncode == 0


def test_a_routine_whose_text_changed_is_made_anew_and_no_other(database, connection):
    name = "functions/schema_version"
    before = dict(connection.execute("select name, applied_at from bridge.schema_routine").fetchall())
    connection.execute("""
        update bridge.schema_routine set sha256 = reverse(sha256) where name = %s""", (name,))
    connection.execute("""
        create or replace function bridge.schema_version() returns int language sql stable security definer
        set search_path = pg_catalog, pg_temp as 'select 1'""")
    assert "would apply functions/schema_version" in migrate(database, "--dry-run").stdout
    assert connection.execute("select bridge.schema_version()").fetchone() == (1,)
    assert migrate(database).returncode == 0
    assert connection.execute("select bridge.schema_version()").fetchone()[0] > 1
    after = dict(connection.execute("select name, applied_at from bridge.schema_routine").fetchall())
    assert [key for key in after if after[key] != before[key]] == [name]


def migrate(database, *more):
    return subprocess.run([f"{database.env['BIN']}/bridgectl", "--config", database.env["CONFIG"], "migrate", *more],
                          capture_output=True, text=True, check=False, env={"PGUSER": "postgres", "PATH": "/usr/bin:/bin"})


def copied(database, name):
    """The address of a copy of the migrated database."""
    url = database.env["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name} template bridge")
    return url.rsplit("/", 1)[0] + f"/{name}"


def worker_queries():
    """What a worker asks for, table by table, as it ships."""
    house = (ROOT / "provisioning/dispatch/house.c").read_text()
    tables = re.search(r"tables\[\] = \{(.*?)\}", house).group(1)
    query = (ROOT / "sql/query/partitions_make.sql").read_text().splitlines()[-1].replace("$1", "%s")
    return [(query, [table]) for table in re.findall(r'"(\w+)"', tables)]


def test_making_partitions_never_deadlocks_with_who_reads_several_tables(database):
    url = copied(database, "reader")

    def make():
        with psycopg.connect(url, autocommit=True) as worker:
            worker.execute("set role bridge_worker")
            for query, params in worker_queries():
                worker.execute(query, params)

    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as looking, \
            concurrent.futures.ThreadPoolExecutor() as pool:
        reader.execute("select count(*) from bridge.refusal")
        made = pool.submit(make)
        while not looking.execute("select exists (select from pg_locks where not granted)").fetchone()[0]:
            assert not made.done(), made.result()
        for table in ("event", "attempt", "order_history"):
            reader.execute(f"select count(*) from bridge.{table}")
        reader.rollback()
        made.result(timeout=20)


def test_partitions_are_made_once_and_rows_that_came_before_stay(database):
    with psycopg.connect(copied(database, "partitions"), autocommit=True) as connection:
        connection.execute("insert into bridge.refusal (status, reason) values (400, 'before')")
        for _ in range(2):
            connection.execute("set role bridge_worker; select bridge.partitions_ensure(); reset role")
        rows = connection.execute("""
            select parent.relname, count(*) from pg_inherits join pg_class parent on parent.oid = inhparent
            where parent.relkind = 'p' and parent.relnamespace = 'bridge'::regnamespace group by 1""").fetchall()
        assert dict(rows) == {"event": 4, "attempt": 4, "order_history": 4, "refusal": 3}
        assert connection.execute("select tableoid::regclass::text, reason from bridge.refusal").fetchall() == [
            ("bridge.refusal_default", "before")]
        connection.execute("insert into bridge.event (order_id, source, delivery_id, body) values (1, 's', 'd', '')")
        assert connection.execute("select tableoid::regclass::text <> 'bridge.event_default' from bridge.event"
                                  ).fetchone() == (True,)
