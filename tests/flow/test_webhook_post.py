# SPDX-License-Identifier: Apache-2.0
"""Posting an event: what the receiver gets, what is told back, and where it is never sent."""
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import provider_driver
from wire import Wire, make_certificate, reply

EVENT = b'{"type":"order.succeeded"}'
HEADERS = ["webhook-id: msg_1", "webhook-timestamp: 1614265330", "webhook-signature: v1,abc="]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def post(certificate):
    driver = provider_driver.build("webhook_post")

    def run(url, body=EVENT, ca=None, timeout_ms=1000):
        done = subprocess.run([driver, url, str(ca or certificate[0]), str(timeout_ms), *HEADERS], input=body,
                              capture_output=True, timeout=30, check=True)
        return json.loads(done.stdout)

    return run


def answers(data, end=None):
    def behave(connection, _):
        connection.send(data)
        if end is not None:
            getattr(connection, end)()

    return behave


def test_sent_as_given_and_told_back(post, certificate):
    answer = reply(202, b'{"order_id":7}', ["Location: /v1/orders/7", "Retry-After: 3"])
    with Wire(certificate, answers(answer)) as wire:
        told = post(wire.url)
    assert told == {"status": 202, "body": '{"order_id":7}', "location": "/v1/orders/7", "retry_after_ms": 3000,
                    "problem": None, "sent": True}
    request = wire.seen[0]
    assert (request.method, request.path, request.body) == ("POST", "/v1", EVENT)
    assert request.headers["webhook-signature"] == "v1,abc="
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers


def test_redirects_are_told_not_followed(post, certificate):
    with Wire(certificate, answers(reply(307, b"", ["Location: /elsewhere"]))) as wire:
        told = post(wire.url)
        assert (told["status"], told["location"], len(wire.seen)) == (307, "/elsewhere", 1)


@pytest.mark.parametrize("size,whole", [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_answer_has_a_ceiling(post, certificate, size, whole):
    with Wire(certificate, answers(reply(200, b"x" * size))) as wire:
        told = post(wire.url)
    assert (told["status"], told["problem"] is None) == ((200, True) if whole else (0, False))


@pytest.mark.parametrize("data,end", [(b"", "close"), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "reset"),
                                      (b"", "hang")], ids=["closed", "cut", "silent"])
def test_no_whole_answer_has_no_status(post, certificate, data, end):
    with Wire(certificate, answers(data, end)) as wire:
        told = post(wire.url)
    assert told["status"] == 0 and told["problem"] and told["sent"] is True


def test_untrusted_receiver_gets_nothing(post, certificate, tmp_path):
    with Wire(certificate) as wire:
        told = post(wire.url, ca=make_certificate(tmp_path, "other")[0])
        assert (told["status"], told["sent"], wire.seen) == (0, False, [])


def test_plain_http_to_this_machine_only(post):
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(202)
            self.end_headers()
            self.wfile.write(self.rfile.read(int(self.headers["content-length"])))

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        told = post(f"http://127.0.0.1:{server.server_port}/hook")
        assert (told["status"], told["body"]) == (202, EVENT.decode())
        # 127.0.0.2 is this machine too; only the three names that cannot be anything else count.
        told = post(f"http://127.0.0.2:{server.server_port}/hook")
        assert (told["status"], told["sent"]) == (0, False)
    finally:
        server.shutdown()
        server.server_close()
