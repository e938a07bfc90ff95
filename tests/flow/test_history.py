# SPDX-License-Identifier: Apache-2.0
"""What is no longer kept: months of history by hand and by the worker, and who a service belonged to."""
import json
import subprocess
import threading
import time

import psycopg

OLD = """create table if not exists bridge.{0}_200001 partition of bridge.{0}
         for values from ('2000-01-01 00:00Z') to ('2000-02-01 00:00Z')"""


def sql(rig, statement):
    return subprocess.run(["psql", "-XAtqd", rig.env["DATABASE_URL"], "-c", statement], capture_output=True, text=True,
                          check=True).stdout.strip()


def there(rig, name):
    return sql(rig, f"select to_regclass('bridge.{name}') is not null") == "t"


def old_month(rig, table):
    """A month of long ago, which the worker's sums have passed."""
    end = time.monotonic() + 60
    while sql(rig, "select until is not null from bridge.summed") != "t":
        assert time.monotonic() < end
        time.sleep(0.1)
    sql(rig, OLD.format(table))


def test_prune_says_first_and_drops_then(rig):
    old_month(rig, "attempt")
    done = rig.ctl_program("prune")
    assert done.returncode == 64 and "history_months is not set" in done.stderr
    for keep in ("0", "x", "1201"):
        assert rig.ctl_program("prune", "--keep", keep).returncode == 64
    said = json.loads(rig.ctl_program("--json", "prune", "--keep", "12", "--dry-run").stdout)
    assert [(row["name"], row["month"], row["kept"]) for row in said] == [("attempt_200001", "2000-01", None)]
    assert there(rig, "attempt_200001")
    said = json.loads(rig.ctl_program("--json", "prune", "--keep", "12").stdout)
    assert [row["name"] for row in said] == ["attempt_200001"]
    assert not there(rig, "attempt_200001")


def test_prune_gives_up_rather_than_make_writers_wait(rig, service):
    old_month(rig, "event")
    with psycopg.connect(rig.env["DATABASE_URL"]) as reader:
        reader.execute("select count(*) from bridge.event")  # and nothing more: its transaction is open until the end
        done = rig.ctl_program("prune", "--keep", "12")
        assert done.returncode == 75 and "just now" in done.stderr and there(rig, "event_200001")
        service.order("license.create")
    assert rig.ctl_program("prune", "--keep", "12").returncode == 0 and not there(rig, "event_200001")


def test_nobody_stands_behind_prune(rig):
    """While it looks for a moment in which a reader is away, each row is written at once."""
    old_month(rig, "refusal")
    with psycopg.connect(rig.env["DATABASE_URL"]) as reader, \
            psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as writer:
        reader.execute("select count(*) from bridge.refusal")
        writer.execute("set lock_timeout = '200ms'")
        prune = threading.Thread(target=rig.ctl_program, args=("prune", "--keep", "12"))
        prune.start()
        written = 0
        while prune.is_alive():
            writer.execute("insert into bridge.refusal (status, reason) values (400, 'beside prune')")
            written += 1
        assert written > 10 and there(rig, "refusal_200001")
    assert rig.ctl_program("prune", "--keep", "12").returncode == 0 and not there(rig, "refusal_200001")


def test_a_worker_prunes_what_the_configuration_no_longer_keeps(rig):
    config = rig.dir / "bridge.conf"
    before = config.read_text()
    old_month(rig, "order_history")
    try:
        config.write_text("history_months = 12\n" + before)
        assert rig.ctl_program("prune", "--dry-run").returncode == 0
        with psycopg.connect(rig.env["DATABASE_URL"]) as reader:
            reader.execute("select count(*) from bridge.order_history")
            rig.ctl("kill", "worker1")
            rig.ctl("start", "worker1")
            end = time.monotonic() + 20
            while "event=history.busy" not in rig.log("worker1"):
                assert time.monotonic() < end
                time.sleep(0.1)
            assert there(rig, "order_history_200001") and "chore.failed" not in rig.log("worker1")
        rig.ctl("kill", "worker1")
        rig.ctl("start", "worker1")
        end = time.monotonic() + 20
        while there(rig, "order_history_200001"):
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        config.write_text(before)
        rig.ctl("kill", "worker1")
        rig.ctl("start", "worker1")
    assert "history.pruned" in rig.log("worker1")


def test_forgetting_whom_a_service_belonged_to(rig, services):
    service = services()
    service.done("license.create", customer_email="unutulan@example.com", delivery="forget-me")
    words = ("forget", "demo", service.id)
    assert "--reason is missing" in rig.ctl_program(*words).stderr
    assert "would forget" in rig.ctl_program(*words, "--reason", "asked", "--dry-run").stdout
    where = "select count(*) from bridge.event where convert_from(body, 'UTF8') like '%unutulan%'"
    assert sql(rig, where) == "1"
    done = rig.ctl_program(*words, "--reason", "asked")
    assert done.returncode == 0 and "1 orders" in done.stdout, done
    assert sql(rig, where) == "0"
    dump = subprocess.run(["pg_dump", "-d", rig.env["DATABASE_URL"], "--data-only"], capture_output=True, text=True,
                          check=True).stdout
    assert "unutulan" not in dump and b"unutulan".hex() not in dump
    assert service.bought() == (1, 0)
    rig.control("faults", {"rules": [{"endpoint": "suspend", "ip": service.ip, "fault": "429", "times": -1}]})
    order = service.order("license.suspend")
    assert rig.ctl_program(*words, "--reason", "asked").returncode == 75
    rig.control("faults", {"rules": []})
    assert rig.wait(order)["state"] == "succeeded"
    assert "no order of source demo" in rig.ctl_program("forget", "demo", "nobody", "--reason", "r").stderr
