# SPDX-License-Identifier: Apache-2.0
"""The rig itself: what it writes, that it survives kills, and that it leaves nothing behind."""
import os
import pathlib
import subprocess
import tempfile

import pytest

from bridge import HERE, Rig, request


def processes(private):
    """Commands that run inside the rig's private folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd").startswith(private):
                found.append((entry / "comm").read_text().strip())
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def rig():
    with Rig() as running:
        yield running


def test_env_names_what_everyone_relies_on(rig):
    for name in "BASE_URL DATABASE_URL SOURCE WEBHOOK_SECRET OPS_URL OPS_TOKEN UPSTREAM_URL".split():
        assert rig.env[name]
    assert rig.env["UPSTREAM_URL"].endswith("/v1")
    assert list((rig.dir / "run").glob("*.pid"))


def test_front_door_answers(rig):
    assert request(f"{rig.env['BASE_URL']}/health/live").status == 200
    assert request(f"{rig.env['BASE_URL']}/health/ready").status == 200
    assert rig.send("test.ping").status == 200


def test_bodies_far_too_large_are_refused_by_nginx_in_our_words(rig):
    answer = rig.deliver(b"x" * 200_000)
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_dead_front_door_is_503_with_retry_after(rig):
    rig.ctl("kill", "intake")
    answer = rig.send("test.ping")
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    rig.ctl("start", "intake")
    rig.ctl("ready")
    assert rig.send("test.ping").status == 200


def test_access_log_has_no_query_string_and_no_token(rig):
    token = "Bearer not-for-the-log-1"
    request(f"{rig.env['BASE_URL']}/v1/orders/1?token=not-for-the-log-2", headers={"authorization": token})
    rig.ctl("stop", "nginx")  # writes what it buffered
    rig.ctl("start", "nginx")
    rig.ctl("ready")
    log = (rig.dir / "log" / "access.log").read_text()
    assert "/v1/orders/1" in log
    assert "not-for-the-log" not in log


def test_everything_comes_back_after_kill_9():
    with Rig(WORKERS=2) as rig:
        names = subprocess.run([HERE / "ctl", rig.dir, "names"], capture_output=True, text=True,
                               check=True).stdout.split()
        assert {"postgres", "nginx", "intake", "ops", "worker1", "worker2", "standin"} <= set(names)
        rig.ctl("kill", *names)
        rig.ctl("start", *names)
        rig.ctl("ready")
        assert rig.send("test.ping").status == 200


def test_two_front_doors_share_the_work():
    with Rig(INTAKES=2, WORKERS=0) as rig:
        for name in ("intake", "intake2"):
            rig.ctl("kill", name)
            assert rig.send("test.ping").status == 200
            rig.ctl("start", name)
        rig.ctl("kill", "intake", "intake2")
        assert rig.send("test.ping").status == 503


def test_a_paused_component_goes_on_where_it_was(rig):
    pid = (rig.dir / "run" / "ops.pid").read_text()
    rig.ctl("pause", "ops")
    with pytest.raises(OSError):
        request(f"{rig.env['OPS_URL']}/ops/api/nothing", timeout=0.5)
    rig.ctl("continue", "ops")
    assert request(f"{rig.env['OPS_URL']}/ops/api/nothing", timeout=5).status < 500
    assert (rig.dir / "run" / "ops.pid").read_text() == pid


def test_down_leaves_nothing_even_after_kills():
    rig = Rig()
    rig.up()
    private, folder = rig.env["PRIVATE"], rig.dir
    assert "postgres" in processes(private)
    rig.ctl("kill", "nginx", "worker1")
    rig.down()
    assert processes(private) == []
    assert not pathlib.Path(private).exists()
    assert not list(folder.glob("run/*.pid"))


def test_failed_up_says_why_and_leaves_nothing(tmp_path):
    with tempfile.TemporaryDirectory(prefix="bridge-up.", dir="/tmp") as place:
        os.chmod(place, 0o711)
        env = {**os.environ, "RIG_CONFIG": "no_such_option = 1", "RIG_TMP": place}
        done = subprocess.run([HERE / "up", tmp_path / "rig"], env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "no_such_option" in done.stderr
        assert os.listdir(place) == []
        assert processes(place) == []
