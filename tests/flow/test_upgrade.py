# SPDX-License-Identifier: Apache-2.0
"""The next release is rolled out under load: first its migration, then its programs, on the same sockets.

Panels notice nothing: every answer is a 2xx, and every order is carried out once.
"""
import contextlib
import http.client
import itertools
import json
import secrets
import signal
import threading
import time
import urllib.parse

import psycopg
import pytest

from bridge import Rig, request, sign
from managed import Managed, listening

NEXT = 9999  # the number of the next release's migration
PANELS = 6
# What a compatible migration may do while old programs work: a column more, and a function whose rows change their
# type (dropped and made again in one transaction; a prepared statement of an old program must survive that).
MIGRATION = """
begin;
set local lock_timeout = '5s';
alter table bridge.orders add column next_note text;
do $do$
declare
  body text := pg_get_functiondef('bridge.order_read(bigint, text)'::regprocedure);
begin
  drop function bridge.order_read(bigint, text);
  body := replace(body, 'attempts integer', 'attempts bigint');
  execute replace(body, 'o.attempts,', 'o.attempts::bigint,');
end
$do$;
alter function bridge.order_read owner to bridge_owner;
grant execute on function bridge.order_read to bridge_intake, bridge_ops, bridge_operator;
insert into bridge.schema_migration (number, name, sha256) values (%d, 'next', 'next');
commit;
""" % NEXT


class Panel(threading.Thread):
    """Orders one license after another and asks for each order, on one kept connection, until told to stop."""

    numbers = itertools.count(1)

    def __init__(self, rig):
        super().__init__()
        self.rig = rig
        self.over = threading.Event()
        self.answers = []  # (status, what)
        self.orders = []
        self.error = None

    def ask(self, connection, method, path, body=None, headers=None):
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        raw = answer.read()
        self.answers.append((answer.status, f"{method} {path} {raw[:300]!r}"))
        return answer.status, raw

    def buy(self, connection):
        number = next(self.numbers)
        body = json.dumps(self.rig.event(
            "license.create", operation_key=f"up{number}", service_id=f"up{number}", product_code="cpanel",
            ip=f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}", billing_months=1)).encode()
        delivery, now = f"msg_{secrets.token_hex(8)}", str(int(time.time()))
        status, raw = self.ask(connection, "POST", "/v1/events/demo", body, {
            "content-type": "application/json", "webhook-id": delivery, "webhook-timestamp": now,
            "webhook-signature": sign(self.rig.env["WEBHOOK_SECRET"], delivery, now, body)})
        if status == 202:
            self.orders.append(json.loads(raw)["order_id"])
            self.ask(connection, "GET", f"/v1/orders/{self.orders[-1]}",
                     headers={"authorization": f"Bearer {self.rig.env['OPS_TOKEN']}"})

    def run(self):
        parts = urllib.parse.urlsplit(self.rig.env["BASE_URL"])
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=40)
        try:
            while not self.over.is_set():
                self.buy(connection)
                time.sleep(0.01)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
        connection.close()


@pytest.fixture(scope="module")
def rig():
    with Rig(WORKERS=1, STANDIN_BALANCE="1000000", WINDOW="8") as running:
        yield running


@contextlib.contextmanager
def panels(rig):
    crowd = [Panel(rig) for _ in range(PANELS)]
    for panel in crowd:
        panel.start()
    try:
        yield crowd
    finally:
        for panel in crowd:
            panel.over.set()
        for panel in crowd:
            panel.join()


def intake(rig, folder, passed):
    started = Managed([f"{rig.env['BIN']}/bridge-fcgi", "intake", "--config", rig.env["CONFIG"]], folder, passed=passed)
    started.expect("READY=1")
    return started


def stop(program):
    program.signal(signal.SIGTERM)
    program.expect("STOPPING=1")
    assert program.ends() == 0, program.log()
    text = program.log()
    program.__exit__()
    return text


def wait_answers(crowd, more):
    """Until each panel has had this many more answers."""
    wanted = [len(panel.answers) + more for panel in crowd]
    end = time.monotonic() + 60
    while any(len(panel.answers) < want and panel.error is None for panel, want in zip(crowd, wanted)):
        assert time.monotonic() < end, "the load came to a halt"
        time.sleep(0.02)


def test_the_next_release_is_rolled_out_under_load(rig, tmp_path):
    rig.ctl("stop", "intake")
    with listening(f"{rig.env['PRIVATE']}/sock/intake.sock") as passed, \
            psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as connection:
        old = intake(rig, tmp_path, passed)
        try:
            with panels(rig) as crowd:
                wait_answers(crowd, 10)
                connection.execute(MIGRATION)
                wait_answers(crowd, 10)
                for _ in range(4):  # beside one another: the new one takes over before the old one goes
                    new = intake(rig, tmp_path, passed)
                    assert "unanswered=0" in stop(old)
                    old = new
                    wait_answers(crowd, 5)
                for _ in range(3):  # one after the other: the socket keeps who comes between
                    assert "unanswered=0" in stop(old)
                    time.sleep(0.3)
                    old = intake(rig, tmp_path, passed)
                    wait_answers(crowd, 5)
                with Managed([f"{rig.env['BIN']}/bridge-worker", "--config", rig.env["CONFIG"]], tmp_path) as worker:
                    worker.expect("READY=1")
                    rig.ctl("stop", "worker1")  # drains: what it has begun it finishes
                    wait_answers(crowd, 5)
                    rig.ctl("start", "worker1")
                    stop(worker)
            judge(rig, crowd)
        finally:
            stop(old)
    rig.ctl("start", "intake")


def judge(rig, crowd):
    """No answer but 2xx, no order lost, none bought twice."""
    bad = [answer for panel in crowd for answer in panel.answers if not 200 <= answer[0] < 300]
    assert not bad and not [panel.error for panel in crowd if panel.error], (bad[:5], [p.error for p in crowd])
    orders = [order for panel in crowd for order in panel.orders]
    assert len(orders) == len(set(orders)) > PANELS * 20
    for order in orders:
        assert rig.wait(order, seconds=120)["state"] == "succeeded"
    bought = rig.control("purchases?limit=20000")["purchases"]
    assert len(bought) == len(orders) and {row["creates"] for row in bought} == {1}
    assert "schema.other" not in rig.log("worker1")


def test_a_schema_that_no_longer_serves_us_stops_the_work_and_nothing_else(rig):
    ready = f"{rig.env['BASE_URL']}/health/ready"
    with psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as connection:
        number = connection.execute("select max(number) from bridge.schema_migration").fetchone()[0]
        if number != NEXT:
            connection.execute(MIGRATION)
        assert request(ready).body == {"status": "ready", "schema": NEXT}
        connection.execute("update bridge.schema_floor set oldest_program = %s", (NEXT,))
        try:
            told = request(ready)
            assert told.status == 503 and f"serves programs from {NEXT} on" in told.body["detail"], told
            wait_log(rig, "worker1", "event=schema.other")
            answer = rig.send("license.create", operation_key="late", service_id="late", product_code="cpanel",
                              ip="10.250.1.1", billing_months=1)
            assert answer.status == 202
            time.sleep(1.5)  # a worker that still worked would have bought by now
            assert rig.order(answer.body["order_id"])["state"] == "queued"
            refused = rig.ctl_program("orders")
            assert refused.returncode == 78 and f"serves programs from {NEXT} on" in refused.stderr, refused
        finally:
            connection.execute("update bridge.schema_floor set oldest_program = 1")
        assert request(ready).status == 200
        assert rig.wait(answer.body["order_id"])["state"] == "succeeded"


def test_a_schema_that_is_too_old_asks_for_a_migration(rig):
    ready = f"{rig.env['BASE_URL']}/health/ready"
    with psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("delete from bridge.schema_migration where number = %s", (NEXT,))
        ours = connection.execute("""
            delete from bridge.schema_migration where number = (select max(number) from bridge.schema_migration)
            returning number, name, sha256""").fetchone()
        try:
            told = request(ready)
            assert told.status == 503, told
            assert f"the database has schema {ours[0] - 1}, this program needs {ours[0]}" in told.body["detail"]
            connection.execute("alter function bridge.schema_oldest_program() rename to gone")
            told = request(ready)
            refused = rig.ctl_program("orders")
            connection.execute("alter function bridge.gone() rename to schema_oldest_program")
            assert told.status == 503 and "run bridgectl migrate" in told.body["detail"], told
            assert refused.returncode == 78 and "run bridgectl migrate" in refused.stderr, refused
        finally:
            connection.execute("insert into bridge.schema_migration (number, name, sha256) values (%s, %s, %s)", ours)
        assert request(ready).status == 200


def wait_log(rig, name, text, seconds=20):
    end = time.monotonic() + seconds
    while text not in rig.log(name):
        assert time.monotonic() < end, rig.log(name)[-2000:]
        time.sleep(0.1)
