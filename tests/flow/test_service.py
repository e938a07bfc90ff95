# SPDX-License-Identifier: Apache-2.0
"""The programs under a service manager: ready, reload, stop, watchdog, and servers they refuse to start on."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import time

import psycopg
import pytest

from bridge import Rig
from managed import Managed, listening

EX_USAGE, EX_CONFIG = 64, 78
PARTS = ["intake", "ops", "worker"]
# A loop that no longer turns: the waits of all loops never come back while the file is there.
HANG = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
static void hang(void) { while (access(getenv("HANG"), F_OK) == 0) usleep(10000); }
int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    int (*next)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");
    hang();
    return next(fd, events, most, timeout);
}
int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int (*next)(struct pollfd *, nfds_t, int) = dlsym(RTLD_NEXT, "poll");
    hang();
    return next(fds, count, timeout);
}
"""


@pytest.fixture(scope="module")
def alone():
    """A database whose settings may be spoilt."""
    with Rig(RIG_ONLY="postgres") as running:
        yield running


@contextlib.contextmanager
def started(rig, part, folder, config=None, **more):
    """One program with whatever it needs from a manager."""
    binary, config = rig.env["BIN"], config or rig.env["CONFIG"]
    if part == "worker":
        with Managed([f"{binary}/bridge-worker", "--config", config], folder, **more) as program:
            yield program
        return
    with listening(folder / f"{part}.sock") as passed, \
            Managed([f"{binary}/bridge-fcgi", part, "--config", config], folder, passed=passed, **more) as program:
        yield program


@pytest.mark.parametrize("part", PARTS)
def test_a_life_as_the_manager_sees_it(alone, tmp_path, part):
    with started(alone, part, tmp_path, watchdog_ms=1500) as program:
        program.expect("READY=1")
        program.expect("WATCHDOG=1", seconds=5)
        program.signal(signal.SIGHUP)
        program.expect("RELOADING=1")
        assert any(word.startswith("MONOTONIC_USEC=") and int(word.split("=")[1]) > 0 for word in program.said)
        program.expect("READY=1")
        program.signal(signal.SIGTERM)
        program.expect("STOPPING=1")
        assert program.ends() == 0, program.log()


@pytest.mark.parametrize("part", PARTS)
def test_a_hung_loop_misses_the_watchdog(alone, tmp_path, part):
    library, hang = tmp_path / "hang.so", tmp_path / "hang"
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=HANG, text=True, check=True)
    preload = str(library)
    if "/asan" in alone.env["BIN"]:  # the sanitizer's own library must come first
        found = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
        preload = f"{os.path.realpath(found.stdout.strip())}:{preload}"
    with started(alone, part, tmp_path, watchdog_ms=900, env={"LD_PRELOAD": preload, "HANG": str(hang)}) as program:
        program.expect("READY=1")
        for _ in range(3):
            program.expect("WATCHDOG=1", seconds=2)
        hang.touch()
        time.sleep(0.3)
        program.listen(0.1)
        assert not program.listen(2), program.said
        hang.unlink()
        program.expect("WATCHDOG=1", seconds=5)
        program.signal(signal.SIGTERM)
        assert program.ends() == 0, program.log()


def test_nobody_watches_nobody_is_told(alone, tmp_path):
    with started(alone, "worker", tmp_path) as program:
        program.expect("READY=1")
        assert not program.listen(1.5), program.said


@pytest.mark.parametrize("part", ["intake", "worker"])
def test_a_database_that_is_away_does_not_stop_the_start(alone, tmp_path, part):
    away = alone.dir / "away.conf"
    with open(alone.env["CONFIG"], encoding="utf8") as file:
        away.write_text(file.read().replace("host=/", "host=/nowhere/"))
    with started(alone, part, tmp_path, config=away) as program:
        program.expect("READY=1")
        program.signal(signal.SIGTERM)
        assert program.ends() == 0 and "db.unreachable" in program.log(), program.log()


@contextlib.contextmanager
def setting(rig, name, value):
    """PostgreSQL with another setting; reloaded, and told again afterwards."""
    with psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"alter system set {name} = {value}")
        connection.execute("select pg_reload_conf()")
        wait_for(rig, name, value)
        try:
            yield connection
        finally:
            connection.execute(f"alter system reset {name}")
            connection.execute("select pg_reload_conf()")
            wait_for(rig, name, "on")


def wait_for(rig, name, value):
    for _ in range(100):
        with psycopg.connect(rig.env["DATABASE_URL"]) as fresh:
            if fresh.execute(f"show {name}").fetchone()[0] == value:
                return
        time.sleep(0.05)
    raise AssertionError(f"{name} did not become {value}")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
@pytest.mark.parametrize("part", PARTS)
def test_no_start_on_a_server_that_may_lose_commits(alone, tmp_path, name, part):
    with setting(alone, name, "off"), started(alone, part, tmp_path) as program:
        assert program.ends() == EX_CONFIG, program.log()
        assert "READY=1" not in program.said
        assert f"{name} is off on this server" in program.log() and "event=db.refused" in program.log()


def test_a_weaker_commit_is_raised(alone, tmp_path):
    with setting(alone, "synchronous_commit", "local"), started(alone, "worker", tmp_path) as program:
        program.expect("READY=1")
        assert "db.refused" not in program.log()


def test_doctor_names_the_setting(alone):
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        with setting(alone, name, "off"):
            told = alone.ctl_program("doctor", "--database", alone.env["DATABASE_URL"])
        assert [line for line in told.stdout.splitlines() if f"setting {name}" in line and "fail" in line], told.stdout


def test_a_server_that_turns_bad_is_left_until_it_is_good():
    """The front door stays up and says 503; nothing is taken in that could be lost."""
    with Rig(WORKERS=1) as rig:
        order = {"service_id": "1", "product_code": "cpanel", "ip": "10.9.9.1", "billing_months": 1}
        with setting(rig, "full_page_writes", "off") as connection:
            connection.execute("""select pg_terminate_backend(pid) from pg_stat_activity
                                  where application_name like 'bridge-%'""")
            end = time.monotonic() + 20
            while rig.log("intake").count("event=db.refused") < 2 or rig.log("worker1").count("event=db.refused") < 3:
                assert time.monotonic() < end, rig.log("intake")[-2000:]
                time.sleep(0.1)
            refused = rig.send("license.create", operation_key="1", **order)
            assert refused.status == 503 and "retry-after" in refused.headers
            assert connection.execute("select count(*) from bridge.orders").fetchone() == (0,)
            rig.ctl("alive", "intake", "worker1", "ops")
        rig.ctl("ready")
        accepted = rig.send("license.create", operation_key="1", **order)
        assert accepted.status == 202
        assert rig.wait(accepted.body["order_id"])["state"] == "succeeded"


def test_a_server_that_only_reads_is_left_for_one_that_writes():
    """A session on a server that takes no writes is given up, so that the next one can find another server."""
    with Rig(WORKERS=1) as rig, psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as connection:
        order = {"operation_key": "1", "service_id": "1", "product_code": "cpanel", "ip": "10.9.9.2", "billing_months": 1}
        connection.execute("alter database bridge set default_transaction_read_only = on")
        connection.execute("""select pg_terminate_backend(pid) from pg_stat_activity
                              where application_name like 'bridge-%'""")
        end = time.monotonic() + 20
        while "in a read-only transaction" not in rig.log("intake"):  # not only because it was just cut off
            refused = rig.send("license.create", **order)
            assert refused.status == 503 and "retry-after" in refused.headers and time.monotonic() < end, refused
        connection.execute("set default_transaction_read_only = off")
        connection.execute("alter database bridge set default_transaction_read_only = off")
        end = time.monotonic() + 20
        while (accepted := rig.send("license.create", **order)).status != 202:
            assert accepted.status == 503 and time.monotonic() < end, accepted
            time.sleep(0.2)
        assert rig.wait(accepted.body["order_id"])["state"] == "succeeded"


@pytest.fixture
def several(alone):
    """A configuration that names a server that says nothing, and then the one there is."""
    path = alone.dir / "several.conf"
    with socket.create_server(("127.0.0.1", 0)) as silent, open(alone.env["CONFIG"], encoding="utf8") as file:
        text = file.read()
        place, port = re.search(r"host=(\S+) port=(\d+)", text).groups()
        path.write_text(text.replace(f"host={place} port={port}", f"host=127.0.0.1,{place} "
                                     f"port={silent.getsockname()[1]},{port} target_session_attrs=read-write"))
        path.chmod(0o600)
        yield path


@pytest.mark.parametrize("part", ["intake", "worker"])
def test_a_server_that_says_nothing_is_passed_by(alone, several, tmp_path, part):
    with started(alone, part, tmp_path, config=several) as program:
        program.expect("READY=1")
        end = time.monotonic() + 15
        while "event=db.connected" not in program.log():
            assert time.monotonic() < end, program.log()
            time.sleep(0.1)
        program.signal(signal.SIGTERM)
        assert program.ends() == 0, program.log()


@pytest.mark.parametrize("command, user", [("migrate", "postgres"), ("orders", "bridge_operator")])
def test_bridgectl_passes_by_a_server_that_says_nothing(alone, several, command, user):
    done = subprocess.run([f"{alone.env['BIN']}/bridgectl", "--config", several, command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=20, env={**os.environ, "PGUSER": user})
    assert done.returncode == 0, done


def test_a_delivery_waits_no_longer_because_another_statement_hangs():
    """What a new session says first hangs; the delivery behind it is told in its own time."""
    with Rig(WORKERS=0, RIG_CONFIG='commit_timeout = "1s"\n') as rig, \
            psycopg.connect(rig.env["DATABASE_URL"]) as holder:
        holder.execute("lock table bridge.source in access exclusive mode")
        with psycopg.connect(rig.env["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("""select pg_terminate_backend(pid) from pg_stat_activity
                                  where application_name like 'bridge-%'""")
            end = time.monotonic() + 20
            while connection.execute("""select count(*) from pg_stat_activity where wait_event_type = 'Lock'
                                        and application_name = 'bridge-fcgi intake'""").fetchone() != (1,):
                assert time.monotonic() < end, rig.log("intake")
                time.sleep(0.02)
        order = {"operation_key": "1", "service_id": "1", "product_code": "cpanel", "ip": "10.9.9.3", "billing_months": 1}
        began = time.monotonic()
        refused = rig.send("license.create", **order)
        assert refused.status == 503 and time.monotonic() - began < 4, (refused, time.monotonic() - began)
        holder.rollback()
        while (accepted := rig.send("license.create", **order)).status != 202:
            assert accepted.status == 503 and time.monotonic() < began + 30, accepted
            time.sleep(0.2)


def test_doctor_tells_of_a_standby_that_is_awaited_in_vain(alone):
    def standby():
        told = alone.ctl_program("doctor", "--database", alone.env["DATABASE_URL"]).stdout
        return next(line.split()[1] for line in told.splitlines() if line.startswith("standby"))

    def wanted(names):
        with psycopg.connect(alone.env["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(f"alter system set synchronous_standby_names = '{names}'")
            connection.execute("select pg_reload_conf()")

    assert standby() == "ok"
    wanted("*")
    try:
        end = time.monotonic() + 10
        while standby() != "fail":
            assert time.monotonic() < end, alone.ctl_program("doctor", "--database", alone.env["DATABASE_URL"])
    finally:
        wanted("")


def test_what_is_passed_must_be_a_listening_socket(alone, tmp_path):
    with open("/dev/null", encoding="utf8") as null:
        with Managed([f"{alone.env['BIN']}/bridge-fcgi", "intake", "--config", alone.env["CONFIG"]], tmp_path,
                     passed=null) as program:
            assert program.ends() == EX_USAGE and "not one listening socket" in program.log()
