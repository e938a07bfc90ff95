# SPDX-License-Identifier: Apache-2.0
"""Clients that mean no good, met by nginx with the limits that ship: trickles, floods, giants, a thousand at once."""
import contextlib
import json
import pathlib
import select
import signal
import socket
import time
import urllib.parse

import pytest

from crowd import Crowd
from front import Front

CROWD = 1000
TRICKLES = 400
CLOSED_S = 10  # client_header_timeout and client_body_timeout as shipped
BURST, RATE = 400, 100  # limit_req as shipped
NEIGHBOUR = "127.0.0.2"  # another client's address


@pytest.fixture(scope="module")
def front():
    """nginx as it ships."""
    with Front(RIG_LIMITS="shipped") as running:
        yield running


@pytest.fixture(scope="module")
def wide():
    """nginx that lets everything through to the bridge."""
    with Front() as running:
        yield running


def address(front):
    parts = urllib.parse.urlsplit(front.env["BASE_URL"])
    return parts.hostname, parts.port


def client(front, source="127.0.0.1"):
    return socket.create_connection(address(front), timeout=10, source_address=(source, 0))


def ask(front, data, source="127.0.0.1"):
    """Status and the whole answer to bytes on a connection of their own; 0 when there is none."""
    with client(front, source) as opened:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all was said
            opened.sendall(data)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := opened.recv(65536):
                answer += part
    return int(answer.split()[1]) if answer else 0, answer


def get(path="/v1/orders/1", **headers):
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n{lines}\r\n".encode()


def closed(opened):
    """How many of these the server has ended, answered with 408 or not at all."""
    ready, _, _ = select.select(opened, [], [], 0)
    return len(ready)


def alive(front):
    """A panel's ping is answered long before a trickle ends."""
    began = time.monotonic()
    assert front.send("test.ping").status == 200
    return time.monotonic() - began < 3


@contextlib.contextmanager
def trickling(front, head):
    """Many clients that have said so much and go on by single bytes."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(client(front)) for _ in range(TRICKLES)]
        for one in opened:
            one.sendall(head)
        yield opened


def trickle(opened):
    for one in opened:
        with contextlib.suppress(OSError):
            one.send(b"x")


def test_headers_that_trickle_hold_nobody_up_and_are_ended(front):
    descriptors = front.descriptors()
    with trickling(front, b"POST /v1/events/demo HTTP/1.1\r\nHost: bridge\r\nwebhook-id: ") as opened:
        end = time.monotonic() + CLOSED_S + 5
        while closed(opened) < TRICKLES:
            assert time.monotonic() < end, closed(opened)
            assert alive(front)
            trickle(opened)
            time.sleep(0.5)
    assert front.descriptors() <= descriptors + 4  # the pings' own, kept by nginx


def test_bodies_that_trickle_never_reach_the_bridge_and_are_ended_when_they_stop(front):
    descriptors, refused = front.descriptors(), front.log("intake").count("event=delivery.refused")
    head = (b"POST /v1/events/demo HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/json\r\n"
            b"Content-Length: 20000\r\n\r\n")
    with trickling(front, head) as opened:
        for _ in range(4):
            trickle(opened)
            assert alive(front) and front.descriptors() <= descriptors + 4
            time.sleep(0.5)
        end = time.monotonic() + CLOSED_S + 5
        while closed(opened) < TRICKLES:
            assert time.monotonic() < end, closed(opened)
            time.sleep(0.5)
    assert alive(front)
    assert front.log("intake").count("event=delivery.refused") == refused


@contextlib.contextmanager
def connections_limited(front, most):
    """limit_conn at a number that a test can reach, in the snippet that ships."""
    snippet = pathlib.Path(front.env["PRIVATE"]) / "nginx/snippets/webhooks.conf"
    shipped = snippet.read_text()
    assert shipped.count("limit_conn license_bridge_connections 3000;") == 2
    try:
        snippet.write_text(shipped.replace("license_bridge_connections 3000", f"license_bridge_connections {most}"))
        front.signal(signal.SIGHUP, "nginx")
        time.sleep(0.5)
        yield
    finally:
        snippet.write_text(shipped)
        front.signal(signal.SIGHUP, "nginx")
        time.sleep(0.5)


def test_one_address_has_so_many_connections_and_the_others_theirs(front):
    with connections_limited(front, 20), contextlib.ExitStack() as stack:
        held = []

        def full():
            """One more is held; those that the former configuration still serves do not count."""
            held.append(stack.enter_context(client(front)))
            held[-1].sendall(b"POST /v1/events/demo HTTP/1.1\r\nHost: bridge\r\nContent-Length: 100\r\n\r\n{")
            return ask(front, get())[0] == 429

        front.until(full)
        assert len(held) >= 20
        status, answer = ask(front, get())
        assert status == 429 and b"\r\nRetry-After: " in answer and b"application/problem+json" in answer
        assert ask(front, get(), NEIGHBOUR)[0] == 401


def test_a_flood_from_one_address_is_limited_and_others_are_served(front):
    time.sleep(BURST / RATE)  # what earlier tests have used up
    began, before = time.monotonic(), front.orders()
    with Crowd(front) as crowd:
        for _ in range(CROWD):
            crowd.send(front.create())
        assert ask(front, get(), NEIGHBOUR)[0] == 401  # heard, and told that it has not signed
        assert crowd.gather(20) == 0
        answers = crowd.answers
    good = [answer for answer in answers if answer.status == 202]
    limited = [answer for answer in answers if answer.status == 429]
    assert len(good) + len(limited) == CROWD
    assert BURST / 2 < len(good) <= BURST + RATE * (time.monotonic() - began) + 1
    assert all(answer.headers["retry-after"] == "1" and answer.body["status"] == 429 for answer in limited)
    assert front.orders() == before + len(good)


# Giants.

GIANTS = [
    ("a header", get(webhook_id="x" * 20000), 400),
    ("many headers", get(**{f"x_{n}": "y" * 4000 for n in range(20)}), 400),
    ("a path", get("/v1/orders/" + "1" * 20000), 414),
    ("an announced body", b"POST /v1/events/demo HTTP/1.1\r\nHost: b\r\nConnection: close\r\n"
                          b"Content-Length: 99999999999\r\n\r\n", 413),
    ("a body of unknown length", b"POST /v1/events/demo HTTP/1.1\r\nHost: b\r\nConnection: close\r\n"
                                 b"Transfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"x" * 32768 + b"\r\n") * 40, 413),
    ("a length that is none", b"POST /v1/events/demo HTTP/1.1\r\nHost: b\r\nContent-Length: -1\r\n\r\n", 400),
    ("two lengths", b"POST /v1/events/demo HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400),
    ("a length and chunks", b"POST /v1/events/demo HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]


@pytest.mark.parametrize("data,status", [giant[1:] for giant in GIANTS], ids=[giant[0] for giant in GIANTS])
def test_giants_and_smugglers_are_refused_and_reach_no_table(front, data, status):
    before = front.sql("select (select count(*) from bridge.orders), (select count(*) from bridge.refusal)")
    assert ask(front, data, NEIGHBOUR)[0] == status
    assert front.sql("select (select count(*) from bridge.orders), (select count(*) from bridge.refusal)") == before
    assert alive(front)


def test_a_body_in_chunks_is_a_body(front):
    """What is refused above is the size, not the way it comes."""
    body = json.dumps(front.create()).encode()
    signed = dict(front.params(body))
    head = "".join(f"{name}: {signed[key]}\r\n" for name, key in [
        ("webhook-id", "HTTP_WEBHOOK_ID"), ("webhook-timestamp", "HTTP_WEBHOOK_TIMESTAMP"),
        ("webhook-signature", "HTTP_WEBHOOK_SIGNATURE"), ("content-type", "CONTENT_TYPE")])
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 50]), body[at:at + 50]) for at in range(0, len(body), 50))
    status, answer = ask(front, b"POST /v1/events/demo HTTP/1.1\r\nHost: b\r\nConnection: close\r\n"
                                b"Transfer-Encoding: chunked\r\n" + head.encode() + b"\r\n" + chunks + b"0\r\n\r\n")
    assert status == 202, answer


# A thousand at once.

@pytest.mark.parametrize("victim", [None, "intake", "postgres"])
def test_of_a_thousand_at_once_none_is_lost(wide, victim):
    """Each is told 2xx or to come again, and each 2xx is a row, also when something dies among them."""
    front, before = wide, wide.orders()
    with Crowd(front) as crowd:
        for _ in range(CROWD):
            crowd.send(front.create(), held=True)
        crowd.release()
        if victim is not None:
            front.until(lambda: crowd.hear(0.001) or crowd.answers)
            front.ctl("kill", victim)
            front.ctl("start", victim)
        assert crowd.gather(40) == 0
        answers = crowd.answers
    front.ctl("ready")
    good = {answer.body["order_id"] for answer in answers if answer.status == 202}
    refused = [answer for answer in answers if answer.status != 202]
    stored = set(front.sql("select order_id from bridge.orders").split())
    assert len(good) + len(refused) == CROWD and {str(order) for order in good} <= stored
    assert all(answer.status == 503 and int(answer.headers["retry-after"]) > 0 for answer in refused), refused
    assert good and len(stored) - before >= len(good)
    if victim is None:
        assert not refused
