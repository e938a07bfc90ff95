# SPDX-License-Identifier: Apache-2.0
"""docs/operations.md: its commands, run as they stand there, and what it promises of backups.

What it asks of the system (services, users) the rig does instead; psql, pg_basebackup and bridgectl are themselves.
"""
import os
import pathlib
import re
import subprocess

import pytest

from bridge import Rig
from conftest import Service
from test_money import wait_for, wait_shut
from test_old_backup import provider_check

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The units of the guide as components of a rig; sockets stay with whoever made them.
SYSTEMCTL = """#!/bin/bash
set -e
action=$1
for unit in "${@:2}"; do
  case $unit in
    postgresql) name=postgres ;;
    license-bridge-worker) name=worker1 ;;
    license-bridge-*.socket) continue ;;
    license-bridge-*) name=${unit#license-bridge-} ;;
    *) exit 5 ;;
  esac
  %s %s "$action" "$name"
done
"""
RUNUSER = """#!/bin/bash
[[ $1 == -u && $2 == postgres && $3 == -- ]] || exit 64
shift 3
[[ $(id -u) == 0 ]] || exec "$@"
exec setpriv --reuid postgres --regid postgres --clear-groups "$@"
"""
INSTALL = """#!/bin/bash
[[ $(id -u) == 0 ]] || set -- -d -m 700 "${@:8}"
exec /usr/bin/install "$@"
"""


class Operator:
    """A person who follows the guide at this rig."""

    def __init__(self, rig, folder):
        self.rig, self.bin = rig, folder / "bin"
        self.bin.mkdir()
        private = pathlib.Path(rig.env["PRIVATE"])
        self.backups, self.cluster = private / "backups", pathlib.Path(rig.env["PGDATA"])
        bridgectl = f'#!/bin/sh\nexec {rig.env["BIN"]}/bridgectl --config {rig.env["CONFIG"]} "$@"\n'
        for name, text in (("systemctl", SYSTEMCTL % (ROOT / "tests/rig/ctl", rig.dir)), ("runuser", RUNUSER),
                           ("install", INSTALL), ("bridgectl", bridgectl)):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        port = (rig.dir / "run/postgres.port").read_text().strip()
        self.env = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", "CLUSTER": str(self.cluster),
                    "BACKUPS": str(self.backups), "CONFIG": str(rig.dir), "PGHOST": "127.0.0.1", "PGPORT": port}
        self.superuser = {"PGUSER": "postgres"}

    def follow(self, *headings):
        """Runs the commands below these headings, in a shell of their own."""
        script = "".join(commands(heading) for heading in headings)
        assert script, headings
        # bridgectl has a user of its own; what runs as postgres is postgres.
        script = script.replace("runuser -u postgres -- ", "PGUSER=postgres runuser -u postgres -- ")
        done = subprocess.run(["bash", "-c", f"set -euo pipefail\n{script}"], env=self.env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, cwd="/", check=False, timeout=300)
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        return done.stdout


def commands(heading):
    """What ```sh blocks stand under a heading, up to the next one."""
    text = (ROOT / "docs/operations.md").read_text()
    parts = re.split(r"^(#+ .*)$", text, flags=re.M)
    found = dict(zip(parts[1::2], parts[2::2]))
    return "".join(re.findall(r"^```sh\n(.*?)^```$", found[heading], re.M | re.S))


@pytest.fixture
def rig():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", SETTLE="evidence") as running:
        yield running


@pytest.fixture
def operator(rig, tmp_path):
    return Operator(rig, tmp_path)


def test_every_command_belongs_to_a_part_that_is_tried():
    text = (ROOT / "docs/operations.md").read_text()
    parts = re.split(r"^(#+ .*)$", text, flags=re.M)
    with_commands = [title for title, part in zip(parts[1::2], parts[2::2]) if "```sh" in part]
    assert with_commands == ["### What fencing means for money", "## Backups", "### After the disk is lost",
                             "## An old backup", "## Housekeeping"]


def bought(*services):
    return [service.bought() for service in services]


def test_nothing_is_missing_after_a_disk_was_lost(rig, operator):
    before, after = Service(rig), Service(rig)
    before.done("license.create")
    operator.follow("### What fencing means for money", "## Backups")
    order = after.done("license.create")["order_id"]
    waiting = after.order("license.suspend")
    rig.wait(waiting)
    rig.ctl("kill", "postgres")  # nothing more is archived
    operator.follow("### After the disk is lost")
    rig.ctl("start", "intake", "ops", "worker1")
    rig.ctl("ready")
    assert rig.order(order)["state"] == "succeeded" and rig.order(waiting)["state"] == "succeeded"
    assert provider_check(rig)[0] == "ok"
    after.done("license.renew")
    assert bought(before, after) == [(1, 0), (1, 1)]
    operator.follow("## Housekeeping")


def test_an_old_backup_spends_nothing_until_its_books_fit(rig, operator, tmp_path):
    known, lost, never = Service(rig), Service(rig), Service(rig)
    known.done("license.create")
    wait_shut(rig)
    operator.follow("## Backups")
    lost.done("license.create", delivery="lost-1", operation_key="lost-key")
    known.done("license.renew", delivery="lost-2", operation_key="renew-key")
    wait_shut(rig)
    # Neither the old disk nor what was archived is left: the copy alone.
    rig.ctl("stop", "worker1", "ops", "intake", "postgres")
    subprocess.run(["rm", "-rf", operator.cluster], check=True)
    subprocess.run(["cp", "-a", operator.backups / "last", operator.cluster], check=True)
    rig.ctl("start", "postgres")
    operator.follow("## An old backup")
    rig.ctl("ready")

    # The panels repeat; and somebody orders anew.
    again = lost.order("license.create", delivery="lost-1", operation_key="lost-key")
    renewed = known.order("license.renew", delivery="lost-2", operation_key="renew-key")
    fresh = never.order("license.create")
    for number in (again, renewed, fresh):
        wait_for(lambda n=number: rig.order(n)["state"] == "held")
        assert "restored from a backup" in rig.order(number)["reason"], rig.order(number)
    result, detail = provider_check(rig)
    assert result == "fail" and "old backup" in detail

    def ctl(*words):
        done = rig.ctl_program(*words)
        assert done.returncode == 0, (words, done)

    for number in (again, renewed):
        ctl("cancel", str(number), "--reason", "bought before the restore")
    licenses = tmp_path / "licenses.csv"
    licenses.write_text(f"source,service_id,product_code,ip,status\ndemo,{lost.id},cpanel,{lost.ip},active\n")
    ctl("adopt", str(licenses))
    ctl("balance", "adjust", "main", "-8", "--reason", "bought before the restore")
    assert provider_check(rig)[0] == "ok"
    ctl("resume", "main", "--reason", "booked")
    assert rig.wait(fresh)["state"] == "succeeded"
    lost.done("license.suspend")
    lost.done("license.unsuspend")
    lost.done("license.renew")
    assert bought(known, lost, never) == [(1, 1), (1, 1), (1, 0)]
