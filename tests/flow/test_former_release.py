# SPDX-License-Identifier: Apache-2.0
"""The programs from before the newest migration, met by that migration and by the programs of today, under load.

They are built from the history, once, in build/former.  Where there is none (an unpacked archive), nothing is tried.
"""
import fcntl
import os
import pathlib
import subprocess

import pytest

from bridge import Rig
from managed import Managed, listening
from test_upgrade import intake, judge, panels, stop, wait_answers

ROOT = pathlib.Path(__file__).resolve().parents[2]


def git(*words):
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, *words], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


def former_commit():
    """The last commit that did not know the newest migration."""
    newest = max(path.name for path in (ROOT / "sql/migrations").glob("*.sql"))
    added = git("log", "--diff-filter=A", "--format=%H", "-n", "1", "--", f"sql/migrations/{newest}").decode().strip()
    return git("rev-parse", "--verify", f"{added}^" if added else "HEAD").decode().strip()


@pytest.fixture(scope="module")
def former():
    """A tree of that commit with its programs."""
    commit = former_commit()
    if not commit:
        pytest.skip("the history that the former programs would be built from is not here")
    tree = ROOT / "build/former" / commit[:12]
    tree.mkdir(parents=True, exist_ok=True)
    with open(tree.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (tree / "Makefile").exists():
            subprocess.run(["tar", "-x", "-C", tree], input=git("archive", commit), check=True)
        made = subprocess.run(["make", "-s", "-j", str(os.cpu_count()), "-C", tree, "VARIANT=release", "programs", "standin"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[-3000:]
    return tree


@pytest.fixture
def rig(former):
    class Former(Rig):
        here = former / "tests/rig"

    with Former(WORKERS=1, STANDIN_BALANCE="1000000", WINDOW="8", VARIANT="release", RIG_NO_BUILD="1") as running:
        yield running


def programs_of_today(rig):
    """From here on the rig's new programs are these."""
    rig.env["BIN"] = str(ROOT / "build" / os.environ.get("VARIANT", "release"))


def migrate(rig):
    done = subprocess.run([f"{rig.env['BIN']}/bridgectl", "--config", rig.env["CONFIG"], "migrate"], capture_output=True,
                          text=True, check=False, env={**os.environ, "PGUSER": "postgres"})
    assert done.returncode == 0 and "applied" in done.stdout, done


def test_the_newest_migration_meets_former_programs(rig, tmp_path):
    rig.ctl("stop", "intake")
    with listening(f"{rig.env['PRIVATE']}/sock/intake.sock") as passed:
        door = intake(rig, tmp_path, passed)
        try:
            with panels(rig) as crowd:
                wait_answers(crowd, 10)
                programs_of_today(rig)
                migrate(rig)
                wait_answers(crowd, 20)  # the former programs work on
                new = intake(rig, tmp_path, passed)
                assert "unanswered=0" in stop(door)
                door = new
                wait_answers(crowd, 10)
                with Managed([f"{rig.env['BIN']}/bridge-worker", "--config", rig.env["CONFIG"]], tmp_path) as worker:
                    worker.expect("READY=1")
                    rig.ctl("stop", "worker1")
                    wait_answers(crowd, 10)
                    rig.ctl("start", "worker1")  # and back to the former one
                    stop(worker)
                    wait_answers(crowd, 10)
            judge(rig, crowd)
        finally:
            stop(door)
