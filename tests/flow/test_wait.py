# SPDX-License-Identifier: Apache-2.0
"""`Prefer: wait=N`: a panel is told the end of its order in the answer, and waiting costs memory only."""
import concurrent.futures
import contextlib
import pathlib
import signal
import time

import pytest

from bridge import Rig
from crowd import Crowd
from front import Front


def waited(rig, kind, wait="20", delivery=None, **data):
    """The answer to a webhook that asks to wait, and how long it took."""
    began = time.monotonic()
    answer = rig.send(kind, delivery=delivery, headers={"prefer": f"wait={wait}"}, **data)
    return answer, time.monotonic() - began


def create(service, key="1"):
    return {"operation_key": f"{service.id}:{key}", "service_id": service.id, "product_code": "cpanel",
            "ip": service.ip, "billing_months": 1}


# With a worker and an upstream.

def test_the_end_of_the_order_is_the_answer(rig, service):
    answer, took = waited(rig, "license.create", **create(service))
    assert answer.status == 200 and answer.body["state"] == "succeeded", answer
    assert answer.headers["location"] == f"/v1/orders/{answer.body['order_id']}"
    assert answer.headers["preference-applied"] == "wait=20"
    assert took < 10 and service.bought() == (1, 0)


def test_a_refused_order_is_told_too(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="5xx", status=400, times=1,
              body='{"success": false, "message": "no"}')
    answer, _ = waited(rig, "license.create", **create(service))
    assert answer.status == 200 and answer.body["state"] == "failed" and answer.body["reason"], answer
    assert service.bought() == (0, 0)


def test_who_waits_too_short_hears_the_state_of_then(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="slow", delay_ms=1800, times=1)
    answer, took = waited(rig, "license.create", wait="1", **create(service))
    assert answer.status == 202 and answer.body["state"] == "calling", answer
    assert answer.headers["preference-applied"] == "wait=1"
    assert 1 <= took < 1.8
    again, _ = waited(rig, "license.create", **create(service))  # another delivery, the same key: waits as well
    assert again.status == 200 and again.body["state"] == "succeeded", again
    assert again.body["order_id"] == answer.body["order_id"]
    assert service.bought() == (1, 0)


def test_a_duplicate_waits_beside_the_first(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="slow", delay_ms=1000, times=1)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        tries = [pool.submit(waited, rig, "license.create", "20", "twin" + service.id, **create(service))
                 for _ in range(3)]
        answers = [one.result()[0] for one in tries]
    assert {answer.status for answer in answers} == {200}, answers
    assert len({answer.body["order_id"] for answer in answers}) == 1
    assert service.bought() == (1, 0)


def test_what_is_held_is_told_at_once(rig, service):
    service.done("license.create")
    service.done("license.renew", period_end="2027-01-21")
    answer, took = waited(rig, "license.renew", operation_key=f"{service.id}:again", service_id=service.id,
                          product_code="cpanel", ip=service.ip, billing_months=1, period_end="2027-01-21")
    assert answer.status == 202 and answer.body["state"] == "held" and took < 5, answer
    assert answer.headers["preference-applied"] == "wait=20"


def test_what_goes_to_review_is_told_at_once(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="drop", when="before", times=1)
    rig.fault(endpoint="unsuspend", ip=service.ip, fault="drop", when="before", times=9)
    answer, took = waited(rig, "license.create", wait="25", **create(service))
    assert answer.status == 202 and answer.body["state"] == "needs_review" and took < 20, answer
    settled = rig.ctl_program("resolve", answer.body["order_id"], "--did-not-happen", "--reason", "test", "--yes")
    assert settled.returncode == 0, settled


def test_a_doubtful_order_hides_nothing_from_a_ping(rig):
    answer, took = waited(rig, "test.ping")
    assert answer.status == 200 and took < 2 and "preference-applied" not in answer.headers


# Without a worker: every order stays until somebody decides.

@pytest.fixture(scope="module")
def front():
    with Front() as running:
        yield running


def end(front, how="cancel"):
    front.sql(f"select bridge.operator_{how}('test', max(order_id), 'no more wanted') from bridge.orders")


@contextlib.contextmanager
def parked(front, ask, *words, **data):
    """A thread that has asked, and whose order has come in."""
    before = front.stored()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, *words, **data)
        front.until(lambda: front.stored() > before)
        yield asked


@pytest.mark.parametrize("preference", ["wait=x", "wait", "wait=0", "wait=-5", "respond-async", "wait=5 5", "w=5"])
def test_what_is_no_preference_is_ignored(front, preference):
    began = time.monotonic()
    answer = front.deliver(front.create(), headers={"prefer": preference})
    assert answer.status == 202 and answer.body["state"] == "queued"
    assert "preference-applied" not in answer.headers and time.monotonic() - began < 3


@pytest.mark.parametrize("preference, applied", [("wait=60", "wait=25"), ('respond-async, Wait="4"; x=y', "wait=4")])
def test_what_is_long_or_wordy_is_understood(front, preference, applied):
    with parked(front, front.deliver, front.create(), headers={"prefer": preference}) as asked:
        end(front)
        answer = asked.result()
    assert answer.status == 200 and answer.body["state"] == "cancelled"
    assert answer.headers["preference-applied"] == applied


def test_held_while_somebody_waits_is_told_then(front):
    with parked(front, waited, front, "license.create", **front.fresh()) as asked:
        end(front, "hold")
        answer, took = asked.result()
    assert answer.status == 202 and answer.body["state"] == "held" and took < 5


def test_a_database_that_comes_back_ends_the_wait(front):
    with parked(front, waited, front, "license.create", **front.fresh()) as asked:
        front.ctl("restart", "postgres")
        front.ctl("ready")
        assert not asked.done()
        end(front)
        answer, _ = asked.result()
    assert answer.status == 200 and answer.body["state"] == "cancelled"


def test_a_database_that_stays_away_keeps_nobody(front):
    with parked(front, waited, front, "license.create", "3", **front.fresh()) as asked:
        front.ctl("stop", "postgres")
        answer, took = asked.result()
        front.ctl("start", "postgres")
        front.ctl("ready")
    assert answer.status == 202 and answer.body["state"] == "queued" and 3 <= took < 6


@contextlib.contextmanager
def room_for(front, requests):
    """The front door with a smaller room; half of it is for those who wait."""
    config = pathlib.Path(front.env["CONFIG"])
    whole = config.read_text()
    config.write_text(f"intake_requests = {requests}\n" + whole)
    front.reload("config.loaded")
    try:
        yield
    finally:
        config.write_text(whole)
        front.reload("config.loaded")


def test_panels_that_hang_up_give_places_and_memory_back_at_once():
    with Front(VARIANT="release") as front, room_for(front, 400):
        open_before, kib = front.descriptors(), [front.resident_kib()]
        for _ in range(4):
            stored, gone = front.stored(), front.left()
            with Crowd(front) as crowd:
                for _ in range(200):
                    crowd.send(front.create(), 25)
                front.until(lambda: front.stored() == stored + 200)
                crowd.hear(0.2)
                assert crowd.waiting() == 200  # the whole room: those of the last round have left it
            front.until(lambda: front.left() == gone + 200 and front.descriptors() <= open_before + 8, 5)
            kib.append(front.resident_kib())
        # What the first two hundred had is what the next six hundred get: some 30 KiB each.
        assert max(kib[2:]) - kib[1] < 8 * 600, kib
        assert front.sql("select state, count(*) from bridge.orders group by state") == "queued|800"


def test_a_panel_that_hangs_up_has_ordered_all_the_same(rig, service):
    rig.fault(endpoint="create", ip=service.ip, fault="slow", delay_ms=1500, times=1)
    with Crowd(rig) as crowd:
        crowd.send(rig.event("license.create", **create(service)), 25)
        time.sleep(0.5)
        assert crowd.waiting() == 1
    answer, _ = waited(rig, "license.create", **create(service))
    assert (answer.status, answer.body["state"]) == (200, "succeeded")
    assert service.bought() == (1, 0)


def test_a_panel_that_hangs_up_before_the_commit_has_ordered_all_the_same(front):
    before, gone = front.orders(), front.left()
    with front.stuck():
        with Crowd(front) as crowd:
            for _ in range(20):
                crowd.send(front.create(), 25)
            front.until(front.blocked)
            assert front.send("test.ping").status == 200  # who comes later is read later: all of them are there
            assert crowd.waiting() == 20
        assert front.send("test.ping").status == 200  # likewise: that they have hung up is known
    front.until(lambda: front.orders() == before + 20)
    front.until(lambda: front.left() == gone + 20, 5)
    assert front.send("test.ping").status == 200


def test_a_stop_answers_everybody_who_waits(front):
    with Crowd(front) as crowd:
        before = front.orders()
        for _ in range(50):
            crowd.send(front.create(), 25)
        front.until(lambda: front.orders() == before + 50)
        began = time.monotonic()
        front.signal(signal.SIGTERM)
        assert crowd.gather(10) == 0
        front.until(lambda: "program.stopped" in front.log("intake"))
        assert time.monotonic() - began < 10
        assert [answer.status for answer in crowd.answers] == [202] * 50
        assert all(answer.body["state"] == "queued" for answer in crowd.answers)
    assert "unanswered=0" in front.log("intake")
    front.ctl("restart", "intake")  # waits until the old one is gone
    front.ctl("ready")


def test_those_who_wait_leave_room_for_those_who_do_not(front):
    with room_for(front, 20), Crowd(front) as crowd:
        for _ in range(15):
            crowd.send(front.create(), 25)
        front.until(lambda: crowd.hear(0.05) or crowd.waiting() <= 10)
        assert crowd.waiting() == 10  # half of the room
        assert all(answer.status == 202 and "preference-applied" not in answer.headers for answer in crowd.answers)
        assert front.deliver(front.create()).status == 202
        front.sql("select bridge.operator_cancel('test', order_id, 'enough') from bridge.orders where state = 'queued'")
        assert crowd.gather(10) == 0


# What two thousand cost.

CROWD = 2000


def threads(rig):
    pid = (rig.dir / "run" / "intake.pid").read_text().strip()
    return len(list(pathlib.Path(f"/proc/{pid}/task").iterdir()))


def test_two_thousand_wait_in_memory_alone():
    """One thread as before, a few dozen KiB each, no statement each; then all hear the end."""
    with Front(VARIANT="release") as front, Crowd(front) as crowd:
        front.deliver(front.create())
        before_kib, before = front.resident_kib(), front.orders()
        for _ in range(CROWD):
            crowd.send(front.create(), 25)
        front.until(lambda: front.orders() == before + CROWD, 20)
        assert crowd.waiting() == CROWD, crowd.answers[:3]
        assert threads(front) == 1
        assert (front.resident_kib() - before_kib) / CROWD < 48
        commits = "select xact_commit from pg_stat_database where datname = 'bridge'"
        time.sleep(2)  # PostgreSQL counts a commit up to a second late
        counted = int(front.sql(commits))
        time.sleep(2)
        assert int(front.sql(commits)) - counted < 60
        front.sql("update bridge.orders set state = 'cancelled', finished_at = now() where state = 'queued'")
        assert crowd.gather(20) == 0
        assert {(answer.status, answer.body["state"]) for answer in crowd.answers} == {(200, "cancelled")}
