# SPDX-License-Identifier: Apache-2.0
"""The bench must be able to fail: its load generator against a server that misbehaves as told, and
its judgement over figures that are wrong one at a time."""
import copy
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "rig")]
import calls  # noqa: E402
import depth  # noqa: E402
import report  # noqa: E402
import soak  # noqa: E402
from bridge import sign  # noqa: E402

SECRET = "whsec_" + "QUFB" * 12
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
CLOSING = b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
REFUSED = b"HTTP/1.1 503 Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
PIECES = (b"HTTP/1.1 202 Acc", b"epted\r\nContent-Length: 2\r\n", b"\r\n{", b"}")
CUT = b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n{}"


@pytest.fixture(scope="module")
def load():
    subprocess.run(["make", "-s", "-C", str(ROOT), "bench-programs"], check=True, stdin=subprocess.DEVNULL)
    return ROOT / "build" / "release" / "bench" / "load"


def read_request(connection):
    """(head, body) of one request, or None at the end of the connection."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        more = connection.recv(65536)
        if not more:
            return None
        raw += more
    head, body = raw.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"content-length: (\d+)", head, re.I).group(1))
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode(), body


def answer_all(listener, answers, seen):
    """Serves one connection after the other; an answer of None or CUT ends its connection."""
    answers = list(answers)
    while answers:
        connection, _ = listener.accept()
        with connection:
            while answers:
                request = read_request(connection)
                if request is None:
                    break
                seen.append(request)
                answer = answers.pop(0)
                for piece in answer if isinstance(answer, tuple) else (answer or b"",):
                    connection.sendall(piece)
                    time.sleep(0.02)
                if answer in (None, CUT, CLOSING):
                    break


def run(load, answers, *words):
    """The load generator's result against a server with these answers, and what the server saw."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        seen = []
        server = threading.Thread(target=answer_all, args=(listener, answers, seen), daemon=True)
        server.start()
        done = subprocess.run([load, "--port", str(listener.getsockname()[1]), "--path", "/v1/events/demo",
                               "--count", str(len(answers)), *words], env={**os.environ, "WEBHOOK_SECRET": SECRET},
                              capture_output=True, check=True, timeout=30)
        server.join(10)
        return json.loads(done.stdout), seen


@pytest.mark.parametrize("answers, ok, broken, statuses", [
    ([ACCEPTED] * 3, 3, 0, {"202": 3}),
    ([CHUNKED, ACCEPTED], 2, 0, {"202": 2}),
    ([PIECES, ACCEPTED], 2, 0, {"202": 2}),
    ([CLOSING, ACCEPTED], 2, 0, {"202": 2}),
    ([ACCEPTED, REFUSED, ACCEPTED], 2, 0, {"202": 2, "503": 1}),
    ([ACCEPTED, CUT, ACCEPTED], 2, 1, {"202": 2}),
    ([None, ACCEPTED], 1, 1, {"202": 1}),
    ([b"nonsense\r\n\r\n"], 0, 1, {}),
])
def test_counts_what_was_answered(load, answers, ok, broken, statuses):
    result, seen = run(load, answers)
    assert (result["ok"], result["broken"], result["statuses"]) == (ok, broken, statuses)
    assert result["sent"] == len(seen) == len(answers)


def test_webhooks_are_unique_and_signed_by_the_published_rules(load):
    _, seen = run(load, [ACCEPTED] * 5, "--first", "16777214", "--type", "license.suspend", "--tag", "x")
    found = {name: set() for name in ("id", "service_id", "ip", "operation_key")}
    for head, body in seen:
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        exact = re.search(r"webhook-signature: (\S+)", head).group(1)
        assert exact == sign(SECRET, headers["webhook-id"], headers["webhook-timestamp"], body)
        event = json.loads(body)
        assert event["type"] == "license.suspend"
        found["id"].add(headers["webhook-id"])
        for name in ("service_id", "ip", "operation_key"):
            found[name].add(event["data"][name])
        assert event["data"]["ip"] == calls.address(int(event["data"]["service_id"]))
    assert all(len(values) == 5 for values in found.values())


def spread(value):
    return {"median": value, "min": value, "max": value}


GOOD = {
    "contenders": {
        "intake 64": {"ok": 9, "stored": 9, "statuses": {"202": 9}, "rps": spread(9), "p99_us": spread(9),
                      "tx_per_webhook": spread(0.1)},
        "ceiling 64": {"ok": 9, "statuses": {"202": 9}, "rps": spread(18)},
        "fastify x1 64": {"ok": 3, "stored": 3, "statuses": {"202": 3}, "rps": spread(3), "p99_us": spread(18)},
    },
    "memory": {"intake_mb": 9, "intake_requests": 9, "worker": {"queued": 9, "rss_most_mb": 9}},
    "worker": {"drains": {"suspend": [{"accepted": 9, "effects": 9, "succeeded": 9}],
                          "graphile": [{"accepted": 9, "effects": 9, "succeeded": 9}]}, "rss_most_mb": 9,
               "speed": {"suspend": spread(9), "create": spread(9), "graphile": spread(3)},
               "slow": {"suspend": {"sent": 9, "called": 9, "p99_ms": 9}}},
}


def test_good_figures_pass():
    assert not list(report.judge(GOOD))
    line = report.last_line({**GOOD, "ratios": report.ratios(GOOD)}, [])
    assert line.startswith("bench: ok intake_vs_fastify=3.00 ") and " intake_vs_limit=0.50 " in line
    assert " intake_p99_vs_fastify=0.50 " in line and " worker_vs_graphile=3.00 " in line
    assert " worker_vs_pgboss=– " in line  # what was not measured has no figure


@pytest.mark.parametrize("path, value", [
    (("contenders", "intake 64", "stored"), 8),
    (("contenders", "intake 64", "stored"), 10),
    (("contenders", "ceiling 64", "ok"), 0),
    (("contenders", "intake 64", "tx_per_webhook"), spread(0.25)),
    (("memory", "intake_mb"), 20),
    (("memory", "worker", "rss_most_mb"), 30),
    (("worker", "rss_most_mb"), 30),
    (("worker", "drains", "suspend", 0, "effects"), 10),
    (("worker", "drains", "suspend", 0, "succeeded"), 8),
    (("contenders", "fastify x1 64", "stored"), 2),
    (("worker", "drains", "graphile", 0, "effects"), 8),
    (("worker", "slow", "suspend", "called"), 8),
])
def test_each_wrong_figure_fails(path, value):
    found = copy.deepcopy(GOOD)
    inner = found
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    wrong = list(report.judge(found))
    assert len(wrong) == 1
    assert report.last_line(found, wrong).startswith("bench: failed ")


@pytest.mark.parametrize("missing", ["accepted", "effects", "succeeded"])
@pytest.mark.parametrize("name", ["blocked", "deep"])
def test_a_long_queue_that_loses_an_order_fails(name, missing):
    whole = {"accepted": depth.RUNNABLE, "effects": depth.RUNNABLE, "succeeded": depth.RUNNABLE}
    turns = {"nothing else": [whole], "blocked": [whole], "deep": [whole]}
    assert not list(depth.judge({"depth": {"turns": turns}}))
    turns[name] = [whole, {**whole, missing: depth.RUNNABLE - 1}]
    wrong, = depth.judge({"depth": {"turns": turns}})
    assert name in wrong


def minute(**other):
    row = {"snapshot": False, "p99_ms": 5, "tables_mb": {"line": 2}}
    return {**row, **{f"{name}_{what}": 10 for name in soak.PROGRAMS for what in ("mb", "fds")}, **other}


@pytest.mark.parametrize("other", [{"intake_mb": 13}, {"worker1_fds": 75}, {"p99_ms": 13}, {"tables_mb": {"line": 14}}])
def test_what_grows_fails_a_soak(other):
    rows = [minute() for _ in range(12)]
    rows[4:6] = [minute(snapshot=True, tables_mb={"line": 10}) for _ in range(2)]
    rows[6:] = [minute(tables_mb={"line": 10}) for _ in range(6)]  # what it grew to meanwhile it keeps
    assert not list(soak.judge(rows))
    rows[-2:] = [{**rows[-1], **other}] * 2
    assert len(list(soak.judge(rows))) == 1
