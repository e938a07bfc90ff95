# SPDX-License-Identifier: Apache-2.0
"""bridgectl listen and trigger: a developer's two ends of a callback, with the bridge between them or without it."""
import json
import socket
import subprocess
import time

import pytest

from bridge import Rig, request
from receiver import make_secret

NOTICES = ("order.succeeded", "order.failed", "order.cancelled", "order.held", "order.needs_review", "balance.low",
           "license.invalid")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def shared_rig(port):
    """Its source `demo` posts to a plain port of this machine, which the configuration allows."""
    lines = f'callback_url = "http://127.0.0.1:{port}/"\ncallback_allow = {{ 127.0.0.1 }}'
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000", RIG_SOURCE=lines,
             RIG_CONFIG="callback_retry = { 300ms, 300ms, 300ms, 300ms }\npoll = 100ms") as running:
        yield running


class Listening:
    """`bridgectl listen` until it has printed `count`; lines() is what it printed."""

    def __init__(self, rig, port, count, *words):
        self.process = subprocess.Popen(
            [f"{rig.env['BIN']}/bridgectl", "--config", rig.env["CONFIG"], "--json", "listen", "--port", str(port),
             "--count", str(count), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        assert "listening on" in self.process.stderr.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)

    def lines(self):
        out, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == 0
        return [json.loads(line) for line in out.splitlines()]


def test_what_the_bridge_sends_is_printed_and_verified(rig, service, port):
    with Listening(rig, port, 2, "--source", "demo") as listening:
        service.done("license.create")
        service.done("license.suspend")
        first, second = listening.lines()
    assert (first["signature"], second["signature"]) == ("verified", "verified")
    assert first["webhook_id"] != second["webhook_id"]
    assert first["body"]["type"] == "order.succeeded" and first["body"]["data"]["service_id"] == service.id
    assert second["body"]["data"]["license"]["status"] == "suspended"


def test_an_answer_other_than_2xx_brings_it_again(rig, service, port, tmp_path):
    wrong = tmp_path / "wrong.secret"
    wrong.write_text(make_secret() + "\n")
    service.done("license.create")
    with Listening(rig, port, 1, "--source", "demo", "--answer", "503") as listening:
        first, = listening.lines()
    with Listening(rig, port, 1, "--secret-file", str(wrong)) as listening:
        second, = listening.lines()
    with Listening(rig, port, 1, "--secret-file", str(wrong), "--source", "demo") as listening:
        third, = listening.lines()
    assert [line["signature"] for line in (first, second, third)] == ["verified", "WRONG SIGNATURE", "verified"]
    assert len({line["webhook_id"] for line in (first, second, third)}) == 1
    time.sleep(0.7)
    with pytest.raises(subprocess.TimeoutExpired):  # it has been taken
        with Listening(rig, port, 1, "--source", "demo") as listening:
            listening.process.communicate(timeout=1)


@pytest.mark.parametrize("kind", NOTICES)
def test_any_example_of_a_notice_goes_to_any_url(rig, kind, tmp_path):
    other = free_port()
    secret = tmp_path / "panel.secret"
    secret.write_text(make_secret() + "\n")
    with Listening(rig, other, 1, "--secret-file", str(secret)) as listening:
        done = subprocess.run([f"{rig.env['BIN']}/bridgectl", "--config", "/nowhere", "trigger", kind, "--secret-file", secret,
                               "--url", f"http://127.0.0.1:{other}/some/where?x=1"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
        line, = listening.lines()
    assert (line["signature"], line["body"]["type"]) == ("verified", kind)
    assert secret.read_text().strip().removeprefix("whsec_") not in done.stdout + done.stderr


def test_a_notice_goes_to_the_source_s_own_url(rig, port):
    with Listening(rig, port, 1, "--source", "demo") as listening:
        assert rig.ctl_program("trigger", "order.failed", "--source", "demo", "--field", "reason=no stock").returncode == 0
        line, = listening.lines()
    assert line["signature"] == "verified" and line["body"]["data"]["reason"] == "no stock"


def test_an_event_goes_to_any_url_too(rig, tmp_path):
    secret = tmp_path / "demo.secret"
    secret.write_text(rig.env["WEBHOOK_SECRET"] + "\n")
    done = rig.ctl_program("trigger", "test.ping", "--secret-file", str(secret), "--url", f"{rig.env['BASE_URL']}/v1/events/demo")
    assert done.returncode == 0 and "200" in done.stdout
    assert "whole one" in rig.ctl_program("trigger", "test.ping", "--secret-file", str(secret), "--url", rig.env["BASE_URL"]).stderr
    assert "needed to sign" in rig.ctl_program("trigger", "test.ping", "--url", rig.env["BASE_URL"]).stderr


def test_what_is_no_callback_is_refused(rig, port):
    with Listening(rig, port, 2, "--source", "demo") as listening:
        assert request(f"http://127.0.0.1:{port}/").status == 405
        with socket.create_connection(("127.0.0.1", port)) as stalled:
            stalled.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nab")
            stalled.shutdown(socket.SHUT_WR)
            assert stalled.recv(100) == b""
        assert request(f"http://127.0.0.1:{port}/", "POST", b"{}").status == 401
        assert rig.ctl_program("trigger", "balance.low", "--source", "demo").returncode == 0
        unsigned, signed = listening.lines()
    assert (unsigned["signature"], signed["signature"]) == ("unsigned", "verified")
    assert "--port" in rig.ctl_program("listen", "--port", "0").stderr
    assert "--answer" in rig.ctl_program("listen", "--answer", "42").stderr
