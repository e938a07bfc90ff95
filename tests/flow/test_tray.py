# SPDX-License-Identifier: Apache-2.0
"""The tray: what a person settles, with which evidence, and never too early."""
import json
import os
import pty
import subprocess
import time

import pytest

from bridge import Rig
from conftest import Service

OK, USAGE, DATAERR, TEMPFAIL = 0, 64, 65, 75


@pytest.fixture(scope="module")
def tray_rig():
    with Rig(CALL_TIMEOUT="1s", QUIET="3s", STANDIN_BALANCE="100000") as running:
        yield running


@pytest.fixture
def rig(tray_rig):
    yield tray_rig
    tray_rig.control("faults", {"rules": []})


@pytest.fixture
def ctl(rig):
    def run(*words, status=OK):
        done = rig.ctl_program(*[str(word) for word in words])
        assert done.returncode == status, (words, done)
        assert rig.env["UPSTREAM_TOKEN"] not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def lost(rig):
    """lost(): a create whose call is cut before it buys, in the tray; times= for how many attempts."""
    def make(times=1):
        service = Service(rig)
        rig.fault(endpoint="create", ip=service.ip, fault="drop", when="before", times=times)
        order = service.order("license.create")
        assert rig.wait(order, states=("needs_review",))["reason"]
        return service, order

    return make


def resolve(rig, order, *words, seconds=20):
    """Resolves as soon as it is no longer too early."""
    end = time.monotonic() + seconds
    while True:
        done = rig.ctl_program("--json", "resolve", str(order), "--reason", "looked at the provider's panel", *words)
        if done.returncode != TEMPFAIL or time.monotonic() > end:
            return done
        time.sleep(0.2)


def test_evidence_is_shown_and_changes_nothing(ctl, rig, lost):
    service, order = lost()
    shown = json.loads(ctl("--json", "resolve", order, "--dry-run").stdout)
    assert shown["resolved"] is None
    facts = shown["order"]
    assert facts["order_id"] == int(order) and facts["ip"] == service.ip and facts["unsettled"] is True
    assert facts["missing"] == "0" and facts["doubts"] == 1 and facts["confirmed"] == "0"
    assert facts["balance_open"] == facts["balance_close"]
    [call] = shown["attempts"]
    assert call["attempt"] == 1 and service.ip in call["request"] and call["verdict"] == "unsure" and call["sent"] is True
    assert any(row["kind"] == "observed" and row["balance"] == facts["balance_close"] for row in shown["ledger"])
    text = ctl("resolve", order, "--dry-run", "--happened", "--reason", "r").stdout
    assert "would resolve" in text and service.ip in text and "ledger around the window" in text
    assert rig.order(order)["state"] == "needs_review"


def test_too_early_is_refused_and_says_how_long(ctl, rig, lost):
    _, order = lost()
    psql(rig, f"update bridge.orders set deadline = now() + interval '50 seconds' where order_id = {order}")
    done = ctl("resolve", order, "--did-not-happen", "--reason", "sure", status=TEMPFAIL)
    assert "53 s" in done.stderr
    assert rig.order(order)["state"] == "needs_review"
    psql(rig, f"update bridge.orders set deadline = now() where order_id = {order}")
    assert resolve(rig, order, "--did-not-happen").returncode == OK


def psql(rig, statement):
    return subprocess.run(["psql", "-XAtqd", rig.env["DATABASE_URL"], "-c", statement], capture_output=True, text=True,
                          check=True).stdout.strip()


def test_it_happened(ctl, rig, lost):
    service, order = lost()
    done = resolve(rig, order, "--happened", "--license-id", "L-77")
    assert done.returncode == OK and json.loads(done.stdout)["resolved"] == "happened"
    assert rig.order(order)["state"] == "succeeded"
    assert psql(rig, f"select upstream_license_id from ops.orders where order_id = {order}") == "L-77"
    assert psql(rig, f"select action, reason from ops.operator_actions where order_id = {order}") == \
        "order.resolve.happened|looked at the provider's panel"
    assert "what can be resolved is: needs_review" in ctl("resolve", order, "--happened", "--reason", "r",
                                                          status=DATAERR).stderr
    assert service.bought() == (0, 0)


def test_it_did_not_happen(rig, lost):
    service, order = lost()
    assert resolve(rig, order, "--did-not-happen").returncode == OK
    assert rig.order(order)["state"] == "failed"
    assert service.bought() == (0, 0)
    again = service.send("license.create", operation_key=f"{service.id}:1")
    assert again.body["order_id"] == order and again.status == 200


def test_buy_again_buys_once(ctl, rig, lost):
    service, order = lost()
    assert "needs --yes" in resolve(rig, order, "--buy-again").stderr
    assert rig.order(order)["state"] == "needs_review"
    done = resolve(rig, order, "--buy-again", "--yes")
    assert done.returncode == OK, done
    assert rig.wait(order)["state"] == "succeeded"
    assert service.bought() == (1, 0)
    assert "order.resolve.buy_again" in ctl("show", order).stdout


@pytest.mark.parametrize("typed, status, state", [("nonsense", DATAERR, "needs_review"), ("{order}", OK, "succeeded")])
def test_buy_again_asks_at_a_terminal(rig, lost, typed, status, state):
    _, order = lost()
    time.sleep(4)  # deadline and quiet time
    master, slave = pty.openpty()
    try:
        program = subprocess.Popen([f"{rig.env['BIN']}/bridgectl", "--config", rig.env["CONFIG"], "resolve", order,
                                    "--buy-again", "--reason", "asked"], stdin=slave, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        os.write(master, typed.format(order=order).encode() + b"\n")
        out, err = program.communicate(timeout=30)
    finally:
        os.close(slave)
        os.close(master)
    assert program.returncode == status, (out, err)
    assert "Type the order's number" in err
    assert rig.wait(order)["state"] == state


@pytest.mark.parametrize("words, says", [
    (["1"], "what is the answer"),
    (["1", "--happened"], "--reason is missing"),
    (["1", "--happened", "--buy-again", "--reason", "r"], "exclude each other"),
    (["1", "--did-not-happen", "--license-id", "7", "--reason", "r"], "belongs to --happened"),
    (["x", "--happened", "--reason", "r"], "not a positive number"),
])
def test_mistakes_are_named(ctl, words, says):
    assert says in ctl("resolve", *words, status=USAGE).stderr


def test_only_an_alarm_is_acknowledged(ctl, rig):
    assert "has no alarm" in ctl("acknowledge", "main", "--reason", "r", status=DATAERR).stderr
    psql(rig, "update bridge.account set alarm = 'credits are missing', alarm_at = now() where account = 'main'")
    assert "would end the alarm" in ctl("acknowledge", "main", "--reason", "our own test", "--dry-run").stdout
    ctl("acknowledge", "main", "--reason", "our own test")
    assert psql(rig, "select coalesce(alarm, 'none') from ops.accounts where account = 'main'") == "none"
