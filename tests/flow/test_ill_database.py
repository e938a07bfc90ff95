# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL that takes no connections, is read-only, or has a full disk: 503, nothing lost, nothing bought twice."""
import contextlib
import pathlib
import secrets
import subprocess
import tempfile
import time

import psycopg
import pytest

from bridge import Rig, request
from conftest import Service

WAITING_S = 30
SMALL_MAX = 24  # connections
DISK = "260m"
LEFT = 2 << 20
BODY = 20000  # bytes that do not compress, so that few deliveries fill the disk


def get(rig, path):
    return request(rig.env["BASE_URL"] + path)


def until(true, seconds=WAITING_S):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)


def sql(rig, *statements):
    """Each in a transaction of its own, as ALTER SYSTEM wants it; also on a database that is read-only."""
    with psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        found = None
        for statement in statements:
            found = connection.execute(statement)
        return found.fetchall() if found.description else []


def refused(answer):
    """A 503 that says when to come again; anything else but an acknowledgement is a fault."""
    assert answer.status in (200, 202, 503), answer
    if answer.status == 503:
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.status == 503


def stored(rig, delivery):
    return sql(rig, f"select count(*) from bridge.delivery where delivery_id = '{delivery}'") == [(1,)]


def bought_once(rig, service, order_id):
    """In the end the order says what the upstream's ledger says."""
    order = rig.wait(order_id, states=("succeeded", "needs_review"), seconds=60)
    creates, _ = service.bought()
    assert creates <= 1
    assert order["state"] == "needs_review" or creates == 1
    return order["state"] == "succeeded"


# No connection.

@contextlib.contextmanager
def crowded_out(rig):
    """Strangers hold every connection that PostgreSQL gives to ordinary users."""
    with contextlib.ExitStack() as stack:
        held = 0
        while True:
            try:
                stack.enter_context(psycopg.connect(rig.env["DATABASE_URL"], user="bridge_ops"))
                held += 1
            except psycopg.OperationalError as full:
                assert "remaining connection slots" in str(full)
                break
        assert held > 3
        yield


def test_without_a_connection_deliveries_are_503_until_there_is_one():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s") as rig:
        sql(rig, f"alter system set max_connections = {SMALL_MAX}")
        rig.ctl("restart", "postgres")
        rig.ctl("ready")
        service = Service(rig)
        rig.ctl("stop", "intake", "worker1")
        with crowded_out(rig):
            rig.ctl("start", "intake", "worker1")
            event = rig.event("license.create", service_id=service.id, product_code="cpanel", ip=service.ip,
                              billing_months=1, operation_key="full")
            assert refused(rig.deliver(event, delivery="full1"))
            assert get(rig, "/health/live").status == 200 and get(rig, "/health/ready").status == 503
            assert rig.send("test.ping").status == 200
            for name in ("intake", "worker1"):
                rig.ctl("alive", name)
        until(lambda: get(rig, "/health/ready").status == 200)
        answer = rig.deliver(event, delivery="full1")
        assert answer.status == 202 and bought_once(rig, service, answer.body["order_id"])


# Read-only, as a primary that is being moved, or one that an administrator has stopped.

@contextlib.contextmanager
def read_only(rig):
    def switch(value):
        sql(rig, f"alter system set default_transaction_read_only = {value}", "select pg_reload_conf()")
        time.sleep(0.3)  # each session reads it before its next statement

    switch("on")
    try:
        yield
    finally:
        switch("off")


def test_while_the_database_is_read_only_nothing_is_taken_and_nothing_bought():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", LEASE_MARGIN="1s") as rig:
        before, during, under_way = Service(rig), Service(rig), Service(rig)
        rig.ctl("stop", "worker1")
        queued = before.order("license.create")
        with read_only(rig):
            rig.ctl("start", "worker1")
            assert refused(during.send("license.create", delivery="during1"))
            time.sleep(3)  # some rounds of a worker that may not write down what it is about to do
            assert before.calls("create") == [] and not stored(rig, "during1")
            assert rig.order(queued)["state"] == "queued"
        assert bought_once(rig, before, queued)
        again = during.send("license.create", delivery="during2")
        assert again.status == 202 and bought_once(rig, during, again.body["order_id"])
        rig.fault(endpoint="create", ip=under_way.ip, fault="slow", when="before", delay_ms=1000, times=1)
        order = under_way.order("license.create")
        until(lambda: under_way.calls("create"))
        with read_only(rig):  # while the call is in flight: its outcome cannot be stored
            time.sleep(2.5)
            assert rig.order(order)["state"] == "calling"
        bought_once(rig, under_way, order)
        assert under_way.bought() == (1, 0)


# A full disk.

@pytest.fixture
def disk():
    """A small file system of its own under /tmp."""
    with tempfile.TemporaryDirectory(prefix="bridge-disk.", dir="/tmp") as place:
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=711", "tmpfs", place],
                               capture_output=True, text=True, check=False)
        if mount.returncode:
            pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
        try:
            yield pathlib.Path(place)
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk, left):
    """All but so many bytes."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        with contextlib.suppress(OSError):
            while True:
                filler.write(bytes(1 << 20))
        with contextlib.suppress(OSError):
            while filler.write(bytes(4096)) == 4096:
                pass
        filler.truncate(filler.tell() - left)


def log_switch(rig):
    """The next segment of PostgreSQL's log begins, for which there may be no room: then it stops altogether."""
    with contextlib.suppress(psycopg.OperationalError):
        sql(rig, "select pg_switch_wal()")


def order_until_full(rig, each):
    """Orders until ten in a row were refused, `each` after each; the events by their delivery, and what was acknowledged."""
    sent, acknowledged, failed = {}, {}, 0
    while failed < 10:
        assert len(sent) < 3000
        service, delivery = Service(rig), f"disk{len(sent)}"
        sent[delivery] = service, rig.event(
            "license.create", service_id=service.id, product_code="cpanel", ip=service.ip, billing_months=1,
            operation_key=delivery, metadata={"ballast": secrets.token_urlsafe(BODY)})
        answer = rig.deliver(sent[delivery][1], delivery=delivery)
        if refused(answer):
            failed += 1
        else:
            failed = 0
            acknowledged[delivery] = answer.body["order_id"]
        each(rig)
    return sent, acknowledged


def repeat(rig, delivery, event):
    """As a panel does, until it is acknowledged; the order."""
    answers = []
    until(lambda: answers.append(rig.deliver(event, delivery=delivery)) or not refused(answers[-1]))
    return answers[-1].body["order_id"]


@pytest.mark.parametrize("full,each", [("tables", lambda rig: None), ("log", log_switch)], ids=["tables", "log"])
def test_a_full_disk_loses_nothing_and_buys_nothing_twice(disk, full, each):
    with Rig(RIG_TMP=str(disk), CALL_TIMEOUT="2s", QUIET="1s", LEASE_MARGIN="1s", STANDIN_BALANCE=1000000) as rig:
        sql(rig, "alter system set max_wal_size = '32MB'", "alter system set min_wal_size = '32MB'",
            "select pg_reload_conf()")
        first = Service(rig)
        assert bought_once(rig, first, first.order("license.create"))
        fill(disk, left=LEFT)
        sent, acknowledged = order_until_full(rig, each)
        assert acknowledged and len(acknowledged) < len(sent)
        assert ("PANIC" in rig.log("postgres")) == (full == "log")
        (disk / "filler").unlink()
        rig.ctl("start", "postgres")  # which may have stopped: no room for its log is the end of it
        rig.ctl("ready")
        again = {delivery: repeat(rig, delivery, event) for delivery, (_, event) in sent.items()}
        assert {delivery: again[delivery] for delivery in acknowledged} == acknowledged
        orders = dict(sql(rig, "select delivery_id, order_id::text from bridge.delivery where delivery_id like 'disk%'"))
        assert orders == again
        for delivery, (service, _) in sent.items():
            bought_once(rig, service, again[delivery])
