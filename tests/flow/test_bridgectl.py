# SPDX-License-Identifier: Apache-2.0
"""bridgectl against a running bridge: what it says, what it exits with, and what it must never print."""
import json
import os
import pathlib
import re
import subprocess

import pytest

from bridge import request

ROOT = pathlib.Path(__file__).resolve().parents[2]
OK, USAGE, DATAERR, NOINPUT, UNAVAILABLE, CONFIG = 0, 64, 65, 66, 69, 78


@pytest.fixture
def ctl(rig):
    """ctl("orders", "--state", "held") -> the finished process; with status= it must have ended so."""
    def run(*words, status=OK):
        done = rig.ctl_program(*words)
        assert done.returncode == status, (words, done)
        for secret in (rig.env["WEBHOOK_SECRET"], rig.env["UPSTREAM_TOKEN"], rig.env["OPS_TOKEN"]):
            assert secret not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def ctl_json(ctl):
    return lambda *words, status=OK: json.loads(ctl("--json", *words, status=status).stdout)


def trigger(ctl_json, rig, kind, *fields, status=OK, more=()):
    words = [word for field in fields for word in ("--field", field)]
    return ctl_json("trigger", kind, "--source", "demo", "--url", rig.env["BASE_URL"], *words, *more, status=status)


@pytest.mark.parametrize("words, status, says", [
    (["bogus"], USAGE, "no such command: bogus"),
    ([], USAGE, "usage:"),
    (["token"], USAGE, "no such command: token"),
    (["token", "create"], USAGE, "--name is missing"),
    (["token", "create", "--name", "x", "--scopes", "read,all"], USAGE, '"all"'),
    (["token", "create", "--name", "x", "--scopes", ""], USAGE, "--scopes"),
    (["token", "create", "--name", "x", "--scopes", "read", "--expires", "30"], USAGE, "--expires"),
    (["orders", "--state", "done"], USAGE, "no such state: done"),
    (["orders", "--limit", "0"], USAGE, "--limit"),
    (["orders", "--license", "x"], USAGE, "--license"),
    (["orders", "--ip", "203.0.113.010"], USAGE, "--ip"),
    (["show", "x"], USAGE, "not a positive number: x"),
    (["show", "999999999"], DATAERR, "no order 999999999"),
    (["cancel", "999999999", "--reason", "r"], DATAERR, "no order"),
    (["cancel", "1"], USAGE, "--reason is missing"),
    (["balance", "nobody"], DATAERR, "no account nobody"),
    (["balance", "zone"], DATAERR, "no balance call"),
    (["resume", "nobody", "--reason", "r"], DATAERR, "no account nobody"),
    (["trigger", "license.buy", "--source", "demo"], USAGE, "no example of license.buy"),
    (["trigger", "test.ping", "--source", "other"], DATAERR, "no source other"),
    (["trigger", "--source", "demo"], USAGE, "either TYPE or --body"),
    (["trigger", "--source", "demo", "--body", "/nowhere"], NOINPUT, "/nowhere"),
    (["trigger", "test.ping", "--source", "demo", "--url", "https://127.0.0.1:1"], UNAVAILABLE, "connect"),
    (["--database", "host=127.0.0.1 port=1", "orders"], UNAVAILABLE, "Connection refused"),
])
def test_mistakes_are_named(ctl, words, status, says):
    assert says in ctl(*words, status=status).stderr


def test_configuration(ctl, rig, tmp_path):
    assert "ok" in ctl("check-config").stdout
    assert "********" in ctl("dump-config").stdout
    broken = tmp_path / "broken.conf"
    broken.write_text("database = \"\"\nnonsense = 1\n")
    for command in ("check-config", "dump-config", "orders"):
        done = subprocess.run([f"{rig.env['BIN']}/bridgectl", "--config", broken, command], capture_output=True,
                              text=True, check=False)
        assert (done.returncode, done.stdout) == (CONFIG, "")
        assert "broken.conf:2" in done.stderr


def test_migrate_says_what_is_there_and_changes_nothing_twice(rig):
    env = {**os.environ, "PGUSER": "postgres"}
    for words in (["migrate", "--dry-run"], ["migrate"]):
        done = subprocess.run([f"{rig.env['BIN']}/bridgectl", "--config", rig.env["CONFIG"], *words], env=env,
                              capture_output=True, text=True, check=False)
        assert done.returncode == OK, done
        assert "appl" not in done.stdout


def test_database_without_schema_is_told_to_migrate(ctl, rig):
    done = ctl("--database", rig.env["DATABASE_URL"].replace("/bridge", "/postgres"), "orders", status=CONFIG)
    assert "bridgectl migrate" in done.stderr


def test_token_lives_from_create_to_revoke(ctl, ctl_json, rig):
    def reads(token):
        return request(f"{rig.env['OPS_URL']}/v1/orders/1", headers={"authorization": f"Bearer {token}"}).status

    token = ctl("token", "create", "--name", "night shift", "--scopes", "read", "--expires", "1h").stdout.strip()
    assert re.fullmatch(r"lbt_[0-9a-f]{64}", token)
    assert reads(token) in (200, 404)
    row = next(row for row in ctl_json("token", "list") if row["name"] == "night shift")
    assert row["scopes"] == "read" and row["expires_at"] and row["revoked_at"] is None
    assert token not in ctl("token", "list").stdout
    ctl("token", "revoke", str(row["token_id"]))
    assert reads(token) == 401
    assert "no live token" in ctl("token", "revoke", str(row["token_id"]), status=DATAERR).stderr


def test_trigger_sends_what_a_panel_would(ctl_json, rig, service):
    made = trigger(ctl_json, rig, "license.create", f"service_id={service.id}", f"ip={service.ip}")
    assert made["status"] == 202 and made["location"] == f"/v1/orders/{made['body']['order_id']}"
    order = rig.wait(made["body"]["order_id"])
    assert order["state"] == "succeeded"
    assert trigger(ctl_json, rig, "test.ping")["status"] == 200
    refused = trigger(ctl_json, rig, "license.suspend", "ip=", status=DATAERR)
    assert refused["status"] == 422 and "data.ip" in json.dumps(refused["body"])


def test_same_id_and_file_lead_to_the_same_order(ctl, ctl_json, rig, service, tmp_path):
    event = ctl("trigger", "license.create", "--source", "demo", "--field", f"service_id={service.id}", "--field",
                f"ip={service.ip}", "--dry-run").stdout
    file = tmp_path / "event.json"
    file.write_text(event)
    words = ["trigger", "--source", "demo", "--url", rig.env["BASE_URL"], "--body", str(file), "--id", f"msg_{service.id}"]
    first, again = ctl_json(*words), ctl_json(*words)
    assert first["body"]["order_id"] == again["body"]["order_id"]
    file.write_text(event.replace('"schema":1', '"schema": 1'))
    assert ctl_json(*words, status=DATAERR)["status"] == 409


def test_show_tells_an_order_from_delivery_to_end(ctl, ctl_json, rig, service):
    order = service.done("license.create", delivery=f"msg_show_{service.id}")
    shown = ctl_json("show", order["order_id"])
    assert shown["order"]["state"] == "succeeded" and shown["order"]["attempts"] == 1
    assert shown["license"]["status"] == "active" and shown["license"]["ip"] == service.ip
    steps = [step["what"] for step in shown["timeline"]]
    assert steps[0] == "delivery" and steps[-1].endswith("to succeeded")
    call = next(step for step in shown["timeline"] if step["what"] == "call 1")
    answer = next(step for step in shown["timeline"] if step["what"] == "answer 1")
    assert service.ip in call["detail"] and "success" in answer["detail"]
    assert f"msg_show_{service.id}" in ctl("show", order["order_id"]).stdout
    listed = ctl_json("orders", "--service", service.id, "--source", "demo", "--ip", service.ip, "--account", "main")
    assert [str(row["order_id"]) for row in listed] == [order["order_id"]]
    for options in (("--license", str(order["license"]["license_id"])), ("--customer", service.id), ("--customer", service.ip)):
        assert [row["order_id"] for row in ctl_json("orders", *options)] == [row["order_id"] for row in listed], options
    assert ctl_json("orders", "--customer", "nobody") == [] and len(ctl_json("orders", "--limit", "1")) == 1
    assert ctl_json("orders", "--service", service.id, "--state", "failed") == []


def test_pause_release_cancel_resume(ctl, ctl_json, rig, service):
    ctl("pause", "main", "--reason", "stock taking", "--dry-run")
    assert "would" in ctl("pause", "main", "--reason", "stock taking", "--dry-run").stdout
    ctl("pause", "main", "--reason", "stock taking")
    try:
        assert "already" in ctl("pause", "main", "--reason", "twice", status=DATAERR).stderr
        order = str(service.order("license.create"))
        assert rig.wait(order, states=("held",))["reason"].endswith("stock taking")
        assert any(str(row["order_id"]) == order for row in ctl_json("orders", "--state", "held"))
        ctl("cancel", order, "--reason", "not wanted", "--dry-run")
        assert rig.order(order)["state"] == "held"
        ctl("cancel", order, "--reason", "not wanted")
        assert rig.order(order)["state"] == "cancelled"
        assert "is cancelled" in ctl("release", order, "--reason", "r", status=DATAERR).stderr
    finally:
        ctl("resume", "main", "--reason", "done")
    actions = [step["detail"] for step in ctl_json("show", order)["timeline"] if step["what"] == "order.cancel"]
    assert len(actions) == 1 and actions[0].endswith(": not wanted")
    assert service.done("license.create", operation_key=f"{service.id}:again")


@pytest.fixture
def put_off(rig, service):
    """A create that is queued for an hour later, and that no worker has seen yet."""
    rig.ctl("stop", "worker1")
    order = service.order("license.create")
    subprocess.run(["psql", "-XAtqd", rig.env["DATABASE_URL"], "-c",
                    f"update bridge.line set run_at = now() + interval '1 hour' where head_order = {order}"], check=True)
    rig.ctl("start", "worker1")
    return order


def test_what_is_held_waits_for_its_release(ctl, rig, service, put_off):
    assert "would hold" in ctl("hold", put_off, "--reason", "ask first", "--dry-run").stdout
    ctl("hold", put_off, "--reason", "ask first")
    assert rig.order(put_off)["reason"] == "held by an operator: ask first"
    assert "what can be due now is: queued" in ctl("retry", put_off, status=DATAERR).stderr
    ctl("release", put_off, "--reason", "asked")
    assert rig.wait(put_off)["state"] == "succeeded"
    assert service.bought() == (1, 0)


def test_a_retry_is_due_now(ctl, rig, service, put_off):
    assert "would retry" in ctl("retry", put_off, "--dry-run").stdout
    assert rig.order(put_off)["state"] == "queued"
    ctl("retry", put_off, "--reason", "the provider says that it works again")
    assert rig.wait(put_off)["state"] == "succeeded"
    assert service.bought() == (1, 0)


def test_credits_by_hand_and_forecast(ctl, ctl_json, rig, service):
    service.done("license.create", period_end="2027-01-31")
    for words in (["topup", "main", "250"], ["adjust", "main", "-12.5"]):
        assert "would" in ctl("balance", *words, "--reason", "bank", "--dry-run").stdout
        assert "booked" in ctl("balance", *words, "--reason", "bank").stdout
    booked = subprocess.run(["psql", "-XAtd", rig.env["DATABASE_URL"], "-c",
                             "select kind, amount from ops.ledger where note = 'bank' order by entry_id"],
                            capture_output=True, text=True, check=True).stdout.split()
    assert booked == ["topup|250", "adjustment|12.5"]
    assert "AMOUNT" in ctl("balance", "topup", "main", "-1", "--reason", "r", status=USAGE).stderr
    assert "no account nobody" in ctl("balance", "topup", "nobody", "1", "--reason", "r", status=DATAERR).stderr
    [row] = ctl_json("forecast", "main")
    assert float(row["spent_30d"]) > 0 and float(row["days_left"]) > 0 and row["unpriced"] == 0
    assert "no account zone" in ctl("forecast", "zone", status=DATAERR).stderr


def test_balance_and_products_are_the_upstreams(ctl_json, rig):
    [balance] = ctl_json("balance")
    assert balance["account"] == "main" and balance["sandbox"] is False
    [account] = rig.control("accounts")["accounts"]
    assert float(balance["balance"]) == float(account["balance"])
    products = {row["type"]: row for row in ctl_json("products", "main", "--sync")}
    assert products["softaculous"]["price"] == "1.5"
    stored = subprocess.run(["psql", "-XAtd", rig.env["DATABASE_URL"], "-c",
                             "select count(*) from ops.products where account = 'main'"],
                            capture_output=True, text=True, check=True).stdout
    assert int(stored) == len(products)


def test_doctor_finds_nothing_and_then_something(ctl_json, rig, service, tmp_path):
    service.done("license.create")  # the worker has begun its rounds
    found = {row["check"]: row for row in ctl_json("doctor")}
    assert "fail" not in {row["result"] for row in found.values()}
    assert found["provider of main"]["detail"].startswith("balance ")
    for check in ("configuration", "database", "setting fsync", "clock", "role bridge_worker", "partitions", "workers",
                  "account main", "provider of zone", "source demo"):
        assert found[check]["result"] == "ok", found[check]
    folder = pathlib.Path(rig.env["CONFIG"]).parent
    for secret in ("demo.secret", "main.token"):
        (tmp_path / secret).write_text((folder / secret).read_text())
    (tmp_path / "main.token").write_text("a-token-that-nobody-gave-us\n")
    wrong = tmp_path / "bridge.conf"
    wrong.write_text(pathlib.Path(rig.env["CONFIG"]).read_text())
    done = subprocess.run([f"{rig.env['BIN']}/bridgectl", "--config", wrong, "--json", "doctor"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == UNAVAILABLE
    failed = [row["check"] for row in json.loads(done.stdout) if row["result"] == "fail"]
    assert failed == ["provider of main"]
    assert "nobody-gave-us" not in done.stdout + done.stderr


def test_page_and_completion_know_every_command(rig, tmp_path):
    help_text = subprocess.run([f"{rig.env['BIN']}/bridgectl", "--help"], capture_output=True, text=True,
                               check=True).stdout
    rows = [line.strip() for line in help_text.splitlines() if re.match(r"  [a-z]", line)]
    page = re.sub(r"[*_]", "", (ROOT / "docs/man/bridgectl.1.scd").read_text())
    assert len(rows) >= 17
    for row in rows:
        assert row in page, f"the man page does not have: {row}"
    script = tmp_path / "complete.sh"
    script.write_text(f"""PATH={rig.env['BIN']}:$PATH
. {ROOT}/docs/completion/bridgectl.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_bridgectl
printf '%s\\n' "${{COMPREPLY[@]}}"
""")

    def complete(*words):
        return set(subprocess.run(["bash", script, *words], capture_output=True, text=True,
                                  check=True).stdout.split())

    assert complete("bridgectl", "") == {row.split()[0] for row in rows}
    assert complete("bridgectl", "token", "") == {"create", "list", "revoke"}
    assert complete("bridgectl", "balance", "") == {"topup", "adjust"}
    assert complete("bridgectl", "token", "create", "--n") == {"--name"}
    assert complete("bridgectl", "resolve", "1", "--ha") == {"--happened"}
    assert complete("bridgectl", "cancel", "1", "--r") == {"--reason"}
