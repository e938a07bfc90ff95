# SPDX-License-Identifier: Apache-2.0
"""A migration of sums, met by programs of the former release: nothing is counted twice and nothing is left out."""
import hashlib
import itertools
import pathlib
import subprocess

import psycopg
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NUMBERS = itertools.count(1)
# As the former release summed: an hour that is not there yet is summed, with the last order in it.
FORMER_SUM = """
create or replace function bridge.hours_sum(p_most int) returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
  insert into bridge.hour (hour, last_order, accepted, succeeded, failed, cancelled)
  values (date_trunc('hour', now(), 'UTC') - interval '3 hours', 7, 5, 5, 0, 0);
  insert into bridge.hour_account (hour, account, calls, errors, purchases, spent, topups, adjustments)
  values (date_trunc('hour', now(), 'UTC') - interval '3 hours', 'main', 5, 0, 5, 22.5, 0, 0);
  return 1;
end
$$"""
BOUGHT = """
insert into bridge.license (source, service_id, provider, account, product_code, upstream_type, status, period_end)
values ('s', %s, '724license', 'main', 'cpanel', 'cpanel', %s, '2030-01-01') returning license_id"""
# Folded or not, counted by license.
DUE = """
select coalesce((select sum(licenses) from bridge.due), 0) + coalesce((select sum(licenses) from bridge.due_change), 0),
       (select count(*) from bridge.license where status = 'active' and period_end is not null)"""
SUMS = """
select (select count(*) from bridge.hour), (select count(*) from bridge.hour_account),
       (select count(*) from bridge.account_total), s.until, s.last_order, s.mark from bridge.summed s"""


class Old:
    """A database of its own on the server of the fixture, with the first migrations only."""

    def __init__(self, database):
        self.database = database
        self.name = f"old{next(NUMBERS)}"
        url = database.env["DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"create database {self.name}")
        self.connection = psycopg.connect(url.rsplit("/", 1)[0] + f"/{self.name}", autocommit=True)
        self.connection.execute("grant create on database %s to bridge_owner" % self.name)

    def ask(self, statement, *params):
        return self.connection.execute(statement, params or None).fetchone()

    def apply(self, first, last):
        for number in range(first, last + 1):
            path, = (ROOT / "sql/migrations").glob(f"{number:04}_*.sql")
            text = path.read_text()
            with self.connection.transaction():
                self.connection.execute("set local role bridge_owner")
                self.connection.execute(text)
                self.connection.execute("insert into bridge.schema_migration (number, name, sha256) values (%s, %s, %s)",
                                        (number, path.stem, hashlib.sha256(text.encode()).hexdigest()))

    def migrate(self):
        """What bridgectl migrate does with it."""
        before = pathlib.Path(self.database.env["CONFIG"]).read_text()
        config = pathlib.Path(self.database.dir) / f"{self.name}.conf"
        config.write_text(before.replace("dbname=bridge", f"dbname={self.name}"))
        config.chmod(0o600)
        done = subprocess.run([f"{self.database.env['BIN']}/bridgectl", "--config", config, "migrate"], capture_output=True,
                              text=True, check=False, env={"PGUSER": "postgres", "PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done
        return done.stdout

    def as_owner(self, statement):
        with self.connection.transaction():
            self.connection.execute("set local role bridge_owner")
            self.connection.execute(statement)

    def sums_by_this_release(self):
        """hours_sum is the one of this release again, whatever stood in its place."""
        body = self.ask("select prosrc from pg_proc where oid = 'bridge.hours_sum(int)'::regprocedure")[0]
        return body.strip() in (ROOT / "sql/functions/hours_sum.sql").read_text()


@pytest.fixture
def old(database):
    made = Old(database)
    yield made
    made.connection.close()


def account(old):
    old.as_owner("insert into bridge.account (account, provider) values ('main', '724license')")


def test_sums_of_the_former_release_between_a_migration_and_its_functions_are_not_kept(old):
    old.apply(1, 18)
    account(old)
    old.as_owner(FORMER_SUM)
    old.as_owner("insert into bridge.schema_routine (name, sha256) values ('functions/hours_sum', 'former')")
    old.apply(19, 20)
    assert old.ask("select bridge.hours_sum(1)") == (1,) and old.ask(SUMS)[:2] == (1, 1)
    license_id, = old.ask(BOUGHT, "unseen", "active")  # no trigger tells of it
    assert old.ask(DUE) == (0, 1)
    old.apply(21, 21)
    assert old.ask(SUMS) == (0, 0, 0, None, 0, None)
    # Its functions are not there yet, and the former release's programs work on.
    assert old.ask("select bridge.hours_sum(1)") == (0,) and old.ask(SUMS)[0] == 0
    assert old.ask(DUE) == (1, 1)
    old.ask(BOUGHT, "seen", "active")
    old.ask("update bridge.license set status = 'suspended' where license_id = %s returning 1", license_id)
    assert old.ask(DUE) == (1, 1)
    assert "applied functions/hours_sum" in old.migrate()
    assert old.sums_by_this_release() and old.ask(DUE) == (1, 1)
    with pytest.raises(psycopg.errors.CheckViolation):  # one that had begun before and writes only now
        old.as_owner(FORMER_SUM.replace("bridge.hours_sum", "bridge.hours_sum_late"))
        old.ask("select bridge.hours_sum_late(1)")


def test_a_database_from_before_the_sums_comes_straight_to_them(old):
    old.apply(1, 18)
    account(old)
    old.as_owner(FORMER_SUM)
    old.ask("select bridge.hours_sum(1)")
    old.ask(BOUGHT, "before", "active")
    old.migrate()
    assert old.ask(SUMS) == (0, 0, 0, None, 0, None) and old.ask(DUE) == (1, 1) and old.sums_by_this_release()


def test_sums_that_this_release_made_are_made_anew_once(old):
    old.migrate()
    account(old)
    old.ask(BOUGHT, "one", "active")
    old.as_owner("delete from bridge.schema_migration where number = 21")
    old.as_owner("alter table bridge.hour drop constraint hour_summed_anew")
    old.as_owner("update bridge.summed set until = now(), last_order = 7, mark = now()")
    old.as_owner("insert into bridge.account_total (account, calls, durations) values ('main', 3, '{}')")
    old.as_owner("insert into bridge.due values ('2030-01-01', 'main', 'cpanel', 1, -1)")
    assert "functions/hours_sum" in old.migrate()
    assert old.ask(SUMS) == (0, 0, 0, None, 0, None) and old.ask(DUE) == (1, 1) and old.sums_by_this_release()
    old.as_owner("insert into bridge.account_total (account, calls, durations) values ('main', 3, '{}')")
    assert "applied" not in old.migrate() and old.ask(SUMS)[2] == 1
