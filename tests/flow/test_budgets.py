# SPDX-License-Identifier: Apache-2.0
"""Rate budgets that several hosts share: against a limiter that counts, and against one that lies.

An hour of Lisans Zone is WINDOW seconds here; its 60 calls stay 60.
"""
import contextlib
import subprocess
import time
import urllib.parse

import pytest

import hosts
from bridge import Rig

WINDOW = 12
REQUESTS = 60
ORDERS = 300


def sql(rig, text):
    out = subprocess.run(["psql", "-X", "-At", "-F", "|", "-v", "ON_ERROR_STOP=1", rig.env["DATABASE_URL"], "-c", text],
                         capture_output=True, text=True, check=True)
    return [line.split("|") for line in out.stdout.splitlines()]


@pytest.fixture(scope="module")
def cluster():
    """A rig whose three workers run on hosts of their own; they are not started yet."""
    if hosts.missing():
        pytest.skip(hosts.missing())
    with contextlib.ExitStack() as stack:
        rig = stack.enter_context(Rig(WORKERS=0, CALL_TIMEOUT="5s", QUIET="1s", RIG_LISANSZONE_REQUESTS=REQUESTS,
                                      RIG_LISANSZONE_PER=f"{WINDOW}s"))
        port = urllib.parse.urlsplit(rig.env["LISANSZONE_URL"]).port
        yield rig, stack.enter_context(hosts.Hosts(3, port))


def limiter(rig, limit):
    rig.control("zone", {"limiter": {"enabled": True, "limit": limit, "window_ms": WINDOW * 1000},
                         "clear_counters": True})


def send(rig, prefix, count, kind="license.create"):
    """Activations of `count` new keys; the ids of the orders."""
    keys = [f"{prefix}-{n:04}" for n in range(count)]
    rig.control("zone", {"keys": [{"license_key": key} for key in keys]})
    orders = []
    for key in keys:
        answer = rig.send(kind, service_id=key, product_code="lz-app", license_key=key,
                          customer_email="musteri@example.com", hwid=f"hw-{key}", verification_type="hwid")
        assert answer.status == 202, answer
        orders.append(answer.body["order_id"])
    return orders


def left(rig):
    return int(sql(rig, "select count(*) from ops.orders where state <> 'succeeded'")[0][0])


def calls(rig, since=0):
    page = rig.control(f"ledger?provider=lisanszone&endpoint=activate&since={since}&limit=20000")
    return [call for call in page["calls"] if call["endpoint"] == "activate"]


def seq(rig):
    return rig.control("summary")["last_seq"]


@pytest.fixture(scope="module")
def workers(cluster):
    """Started by the first test that wants them."""
    rig, machines = cluster
    running = []

    def start():
        for n in range(len(running) + 1, 4):
            running.append(machines.start(n, [f"{rig.env['BIN']}/bridge-worker", "--config", rig.env["CONFIG"]],
                                          rig.dir / "log" / f"host{n}.log"))
        return running
    return start


def test_three_hosts_share_a_budget_without_a_429(cluster, workers):
    rig, _ = cluster
    limiter(rig, REQUESTS)
    orders = send(rig, "drain", ORDERS)
    running = workers()
    hosts.wait_until(lambda: left(rig) <= ORDERS - REQUESTS, 30, lambda: "the first calls are not made")
    time.sleep(1)

    # Who waits is queued, and says for what and until when.
    last = rig.order(orders[-1])
    assert last["state"] == "queued" and last["attempts"] == 0
    assert "waits for its turn at activate.php, which takes 60 calls" in last["reason"], last
    expected = sql(rig, f"select extract(epoch from '{last['next_try_at']}'::timestamptz)")[0][0]
    row = sql(rig, "select endpoint, requests, free, waiting from ops.budgets where account = 'zone'"
                   " and endpoint = 'activate.php'")
    assert row == [["activate.php", "60", "0", str(ORDERS - REQUESTS)]]
    # ... and nobody asks all the time meanwhile.
    used = sum(hosts.cpu_seconds(child.pid) for child in running)
    time.sleep(4)
    used = sum(hosts.cpu_seconds(child.pid) for child in running) - used
    assert used < 1, f"{used} s of processor time in 4 s of waiting"

    ideal = (ORDERS / REQUESTS - 1) * WINDOW  # a full budget at once, and then one as each stretch ends
    hosts.wait_until(lambda: left(rig) == 0, 2 * ideal, lambda: f"{left(rig)} orders are left")
    made = calls(rig)
    assert [call["outcome"] for call in made] == ["done"] * ORDERS  # each once, and no 429
    assert len({call["license_key"] for call in made}) == ORDERS
    assert {call["remote_addr"] for call in made} == {"127.0.0.1"}  # one address for all
    longest = (made[-1]["at_ms"] - made[0]["at_ms"]) / 1000
    assert ideal * 0.99 <= longest <= ideal * 1.1, f"{longest} s instead of {ideal} s"
    assert abs(made[-1]["at_ms"] / 1000 - float(expected)) < ideal * 0.1, "the time that the last order was told"
    shares = sql(rig, "select split_part(worker, ':', 1), count(*) from ops.attempts group by 1 order by 1")
    assert [host for host, _ in shares] == ["host1", "host2", "host3"], shares
    print(f"longest wait {longest:.1f} s, ideal {ideal} s, calls per host {shares}")


def test_a_limiter_that_lies_is_believed_and_everything_is_done(cluster, workers):
    rig, _ = cluster
    workers()
    time.sleep(WINDOW * 1.1)  # a full budget
    limiter(rig, 15)  # we believe 60
    since = seq(rig)
    send(rig, "lie", 45)
    hosts.wait_until(lambda: sql(rig, "select coalesce(max(strikes), 0) from ops.budgets")[0][0] != "0", 10,
                     lambda: "no rest after a 429")
    waiting = sql(rig, "select reason from ops.orders where state = 'queued' order by order_id desc limit 1")
    assert "asked for fewer calls and rests until" in waiting[0][0], waiting
    time.sleep(WINDOW / 2)
    limiter(rig, REQUESTS)  # it takes calls again, as it says it does
    hosts.wait_until(lambda: left(rig) == 0, 4 * WINDOW, lambda: f"{left(rig)} orders are left")
    made = calls(rig, since)
    limited = [call for call in made if call["outcome"] == "limited"]
    assert limited and len([call for call in made if call["outcome"] == "done"]) == 45
    # What was on its way when the first 429 came, and then one probe at a time.
    assert len(limited) <= 45, f"{len(limited)} calls were made in vain"
    assert sql(rig, "select max(strikes) from ops.budgets")[0][0] == "0"
    print(f"{len(limited)} calls of {len(made)} met a 429")


def test_retry_after_is_waited_for(cluster, workers):
    rig, _ = cluster
    workers()
    limiter(rig, REQUESTS)
    time.sleep(WINDOW * 1.1)
    since = seq(rig)
    rig.fault(endpoint="activate", fault="429", retry_after=3, times=1)
    order = send(rig, "after", 1)[0]
    rig.wait(order, states=("succeeded",), seconds=20)
    first, second = calls(rig, since)
    assert (first["outcome"], second["outcome"]) == ("none", "done")
    assert 2900 <= second["at_ms"] - first["at_ms"] <= 4500
    rig.control("faults", {"rules": []})


def test_what_is_sold_goes_before_what_is_given_back(cluster, workers):
    """Both are calls of activate.php; the later ones are the more urgent.

    Of one host's calls: another host that has taken its turn later may be quicker to call."""
    rig, _ = cluster
    for other in workers()[1:]:
        other.terminate()
        other.wait(timeout=30)
    limiter(rig, REQUESTS)
    since = seq(rig)
    assert rig.ctl_program("pause", "zone", "--reason", "both together").returncode == 0
    send(rig, "back", 40, "license.unsuspend")
    send(rig, "sold", 40)
    time.sleep(WINDOW * 1.1)  # a full budget
    assert rig.ctl_program("resume", "zone", "--reason", "both together").returncode == 0
    hosts.wait_until(lambda: len(calls(rig, since)) >= REQUESTS, 10, lambda: "the first calls are not made")
    first = [call["license_key"].split("-")[0] for call in calls(rig, since)]
    assert first[:30] == ["sold"] * 30 and first[:REQUESTS].count("sold") == 40, first
    hosts.wait_until(lambda: left(rig) == 0, 2 * WINDOW, lambda: f"{left(rig)} orders are left")
