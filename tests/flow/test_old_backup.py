# SPDX-License-Identifier: Apache-2.0
"""Credits that went while nothing was being bought: a stranger, or a database that was restored from an old backup.
Its panels send again what it no longer knows, and nothing of it may be bought again."""
import json
import shutil
import subprocess

import pytest

from bridge import Rig
from conftest import Service
from test_money import ask, wait_for, wait_shut

PROGRAMS = ("intake", "ops", "worker1")


@pytest.fixture
def rig():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", SETTLE="evidence") as running:
        yield running


def provider_check(rig):
    checks = json.loads(rig.ctl_program("--json", "doctor").stdout)
    return next((row["result"], row["detail"]) for row in checks if row["check"] == "provider of main")


def account(rig):
    return ask(rig, "select coalesce(pause_reason, '') from ops.accounts where account = 'main'")


class Backup:
    """A copy of the database's files as they lie now, with nothing running."""

    def __init__(self, rig, path):
        self.rig, self.path, self.place = rig, path, ask(rig, "show data_directory")
        rig.ctl("kill", "worker1")  # no time to put anything in order
        rig.ctl("stop", "intake", "ops")
        self.window = ask(rig, "select window_state from ops.accounts where account = 'main'")
        rig.ctl("stop", "postgres")
        subprocess.run(["cp", "-a", self.place, path], check=True)
        rig.ctl("start", "postgres", *PROGRAMS)
        rig.ctl("ready")

    def restore(self):
        self.rig.ctl("stop", *PROGRAMS, "postgres")
        shutil.rmtree(self.place)
        subprocess.run(["cp", "-a", self.path, self.place], check=True)
        self.rig.ctl("start", "postgres")
        ask(self.rig, "update bridge.worker set seen_at = seen_at - interval '1 hour'")  # it is an old one
        self.rig.ctl("start", *PROGRAMS)
        self.rig.ctl("ready")


@pytest.mark.parametrize("window", ["shut", "open"])
def test_a_database_from_an_old_backup_buys_nothing_again(rig, tmp_path, window):
    known, lost = Service(rig), Service(rig)
    known.done("license.create")
    wait_shut(rig)
    if window == "open":
        Service(rig).done("license.create")  # its price is known: the window stays open for a second
    backup = Backup(rig, tmp_path / "backup")
    assert backup.window == window
    lost.done("license.create", delivery="lost-1", operation_key="lost-key")
    known.done("license.renew", delivery="lost-2", operation_key="renew-key")
    wait_shut(rig)
    assert provider_check(rig)[0] == "ok"
    bought = (lost.bought(), known.bought())
    assert bought == ((1, 0), (1, 1))

    backup.restore()
    order = lost.order("license.create", delivery="lost-1", operation_key="lost-key")
    again = known.order("license.renew", delivery="lost-2", operation_key="renew-key")
    wait_for(lambda: "old backup" in account(rig))
    result, detail = provider_check(rig)
    assert result == "fail" and "old backup" in detail or window == "open"
    for number in (order, again):
        wait_for(lambda n=number: rig.order(n)["state"] == "held")
        assert "8 credits are gone" in rig.order(number)["reason"]
    assert (lost.bought(), known.bought()) == bought
    if window == "shut":  # going on without having looked changes nothing
        assert rig.ctl_program("resume", "main", "--reason", "go on").returncode == 0
        wait_for(lambda: "old backup" in account(rig))
        assert (lost.bought(), known.bought()) == bought
    # What was found out: both were bought.
    for number in (order, again):
        assert rig.ctl_program("cancel", str(number), "--reason", "bought before the restore").returncode == 0
    assert rig.ctl_program("balance", "adjust", "main", "-8", "--reason", "bought before the restore").returncode == 0
    assert rig.ctl_program("resume", "main", "--reason", "booked").returncode == 0
    assert provider_check(rig)[0] == "ok"
    Service(rig).done("license.create")
    assert (lost.bought(), known.bought()) == bought


def test_a_stranger_who_spends_between_two_windows(rig):
    Service(rig).done("license.create")
    wait_shut(rig)
    rig.control("account", {"name": "main", "add": "-3"})
    service = Service(rig)
    order = service.order("license.create")
    wait_for(lambda: rig.order(order)["state"] == "held")
    assert "3 credits are gone" in rig.order(order)["reason"] and service.bought() == (0, 0)
    assert rig.ctl_program("balance", "adjust", "main", "-3", "--reason", "bought by hand").returncode == 0
    assert rig.ctl_program("resume", "main", "--reason", "booked").returncode == 0
    assert rig.wait(order)["state"] == "succeeded"
    # A top-up in between is nobody's loss.
    wait_shut(rig)
    rig.control("account", {"name": "main", "add": "50"})
    Service(rig).done("license.create")
    assert account(rig) == ""
