# SPDX-License-Identifier: Apache-2.0
"""The provider room against a real TLS peer that breaks the wire as told.

The judge of "was it sent, and how often" is what the peer read.
"""
import json
import os
import socket
import ssl
import subprocess
import time

import pytest

import provider_driver
from provider_driver import TOKEN
from wire import Wire, make_certificate, reply, reset

CREATE = {"name": "create", "fields": {"type": "cpanel", "ip": "203.0.113.10", "billingcycle": 1}}
SUSPEND = {"name": "suspend", "fields": {"type": "cpanel", "ip": "203.0.113.10"}}
BALANCE = {"name": "balance"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def call(certificate):
    provider_driver.build("provider_call")

    def run(url, *lines, ca=None, **more):
        return provider_driver.call(url, *lines, ca=ca or certificate[0], **more)

    return run


def serve(certificate, behave=None, **more):
    return Wire(certificate, behave, **more)


def sends(data, end="close"):
    """A behaviour: send this, then end the connection that way."""

    def behave(connection, _):
        if data:
            connection.send(data)
        if end is not None:
            getattr(connection, end)()

    return behave


OK = b'{"success":true,"license_id":1234}'
NO = b'{"success":false,"message":"Yetersiz bakiye"}'
FAULTS = [
    # what the peer does with the request, verdict, reason code
    ("done", sends(reply(body=OK), None), "done", "done"),
    ("done, then closed", sends(reply(body=OK)), "done", "done"),
    ("done, body until close", sends(b"HTTP/1.1 200 OK\r\n\r\n" + OK), "done", "done"),
    ("refused in a 200", sends(reply(body=NO)), "refused", "refused"),
    ("refused in a 402", sends(reply(402, NO)), "refused", "refused"),
    ("400 without words", sends(reply(400, b"")), "refused", "rejected"),
    ("404 page", sends(reply(404, b"<html>")), "refused", "rejected"),
    ("401", sends(reply(401, NO)), "refused", "denied"),
    ("403 page", sends(reply(403, b"<html>")), "refused", "denied"),
    ("429", sends(reply(429, b"", ["Retry-After: 7"])), "later", "rate_limited"),
    ("429 in a 200", sends(reply(200, b'{"success":false,"error_code":"RATE_LIMIT_EXCEEDED"}')), "later",
     "rate_limited"),
    ("500", sends(reply(500, b"")), "unsure", "server_error"),
    ("502 page", sends(reply(502, b"<html>")), "unsure", "server_error"),
    ("500 that says done", sends(reply(500, OK)), "unsure", "server_error"),
    ("503 that says no", sends(reply(503, NO)), "unsure", "server_error"),
    ("408", sends(reply(408, NO)), "unsure", "server_timeout"),
    ("302", sends(reply(302, OK, ["Location: /v1/elsewhere"])), "unsure", "redirected"),
    ("307", sends(reply(307, b"", ["Location: /v1/elsewhere"])), "unsure", "redirected"),
    ("closed without a byte", sends(b""), "unsure", "broken"),
    ("dropped without a byte", sends(b"", "drop"), "unsure", "broken"),
    ("reset without a byte", sends(b"", "reset"), "unsure", "broken"),
    ("cut in the status line", sends(b"HTTP/1.1 2"), "unsure", None),
    ("cut in the header", sends(b"HTTP/1.1 200 OK\r\nContent-Le"), "unsure", None),
    ("cut body with a length", sends(reply(body=OK[:-4], length=len(OK))), "unsure", "broken"),
    ("cut body without one", sends(b"HTTP/1.1 200 OK\r\n\r\n" + OK[:-4]), "unsure", None),
    ("reset in the body", sends(reply(body=OK[:-4], length=len(OK)), "reset"), "unsure", "broken"),
    ("reset behind a done without length", sends(b"HTTP/1.1 200 OK\r\n\r\n" + OK, "reset"), "unsure", "broken"),
    ("404 cut", sends(reply(404, b"<html>", length=999)), "unsure", "broken"),
    ("garbage", sends(b"\x00\x01garbage garbage garbage\r\n\r\n"), "unsure", "broken"),
    ("page", sends(reply(200, b"<html><body>success</body></html>")), "unsure", "answer_unreadable"),
    ("empty", sends(reply(200, b"")), "unsure", "answer_empty"),
    ("204", sends(b"HTTP/1.1 204 No Content\r\n\r\n"), "unsure", "answer_empty"),
    ("two answers in one", sends(reply(200, OK + NO)), "unsure", "answer_unreadable"),
    ("success twice", sends(reply(200, b'{"success":true,"success":false}')), "unsure", "answer_unreadable"),
    ("success as text", sends(reply(200, b'{"success":"true"}')), "unsure", "answer_unclear"),
    ("a list", sends(reply(200, b'[{"success":true}]')), "unsure", "answer_unreadable"),
    ("too long", sends(reply(200, b'{"success":true,"x":"' + b"x" * 300000 + b'"}')), "unsure", "answer_too_long"),
    ("silence", sends(b"", "hang"), "unsure", "timeout"),
    ("silence in the body", sends(reply(body=OK[:5], length=len(OK)), "hang"), "unsure", "timeout"),
]


@pytest.mark.parametrize("ask", [CREATE, SUSPEND], ids=["create", "suspend"])
@pytest.mark.parametrize("what,behave,verdict,code", FAULTS, ids=[row[0] for row in FAULTS])
def test_fault(call, certificate, ask, what, behave, verdict, code):
    with serve(certificate, behave) as wire:
        answer = call(wire.url, {**ask, "fence": True} if ask is CREATE else ask)
        assert (answer["verdict"], answer["code"]) == (verdict, code or answer["code"]), answer
        assert answer["seen"]["passed"] is True
        assert len(wire.seen) == 1
        if ask is CREATE:
            assert answer["fence_runs"] == 1
        assert "elsewhere" not in wire.seen[-1].path


def test_request_as_documented(call, certificate):
    with serve(certificate) as wire:
        call(wire.url, CREATE)
        request = wire.seen[0]
    assert (request.method, request.path, request.version) == ("POST", "/v1/licenses/create", "HTTP/1.1")
    assert request.json() == {"type": "cpanel", "ip": "203.0.113.10", "billingcycle": 1}
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("license-bridge/")
    assert "expect" not in request.headers
    assert TOKEN.encode() not in request.body and TOKEN not in request.path


def test_info_is_a_get(call, certificate):
    with serve(certificate) as wire:
        call(wire.url, {"name": "info"}, provider="lisanszone")
    assert (wire.seen[0].method, wire.seen[0].path, wire.seen[0].body) == ("GET", "/v1/info.php", b"")


def test_retry_after(call, certificate):
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    answers = iter([reply(429, b"", ["Retry-After: 7"]), reply(429, b"", [f"retry-after: {date}"]), reply(429, b"")])
    with serve(certificate, lambda connection, _: connection.send(next(answers))) as wire:
        seconds, dated, absent = call(wire.url, SUSPEND, SUSPEND, SUSPEND)
    assert seconds["seen"]["retry_after_ms"] == 7000
    assert 50000 < dated["seen"]["retry_after_ms"] <= 60000
    assert absent["seen"]["retry_after_ms"] == -1


def test_fence_false_sends_nothing(call, certificate):
    with serve(certificate) as wire:
        answer = call(wire.url, {**CREATE, "fence": False})
        time.sleep(0.1)
        assert wire.connections == 1 and wire.seen == []
    assert (answer["verdict"], answer["code"], answer["fence_runs"]) == ("later", "fence_lost", 1)
    assert answer["seen"]["passed"] is False


def dies_when_reused(how):
    """Serves one request per connection and dies on the next without a byte."""
    served = set()

    def behave(connection, _):
        if connection.number in served:
            getattr(connection, how)()
        else:
            served.add(connection.number)
            connection.send(reply(body=OK))

    return behave


@pytest.mark.parametrize("how", ["close", "drop", "reset"])
def test_paid_call_never_meets_a_dying_kept_connection(call, certificate, how):
    """On a reused connection libcurl would send the POST a second time by itself."""
    with serve(certificate, dies_when_reused(how)) as wire:
        answers = call(wire.url, BALANCE, {**CREATE, "fence": True}, {**CREATE, "fence": True})
        creates = [request for request in wire.seen if request.path.endswith("/create")]
        assert [answer["verdict"] for answer in answers] == ["done", "done", "done"]
        assert len(creates) == 2 and wire.connections == 3
        assert len({request.connection for request in creates}) == 2


@pytest.mark.parametrize("how", ["close", "drop", "reset"])
def test_a_paid_connection_is_not_used_again(call, certificate, how):
    with serve(certificate, dies_when_reused(how)) as wire:
        answers = call(wire.url, CREATE, BALANCE)
        assert [answer["verdict"] for answer in answers] == ["done", "done"]
        assert wire.connections == 2 and len(wire.seen) == 2


@pytest.mark.parametrize("how", ["close", "drop", "reset"])
def test_one_attempt_is_one_request(call, certificate, how):
    """On a kept connection that dies, a call that changes something ends in doubt; a read is read again."""
    with serve(certificate, dies_when_reused(how)) as wire:
        first, change = call(wire.url, BALANCE, SUSPEND)
        assert (first["verdict"], change["verdict"], change["code"]) == ("done", "unsure", "sent_twice")
        assert [request.path for request in wire.seen] == ["/v1/balance", "/v1/licenses/suspend"]
    with serve(certificate, dies_when_reused(how)) as wire:
        answers = call(wire.url, BALANCE, BALANCE)
        assert [answer["verdict"] for answer in answers] == ["done", "done"]
        assert len(wire.seen) == 3 and wire.connections == 2


def test_repeatable_calls_keep_the_connection(call, certificate):
    with serve(certificate) as wire:
        answers = call(wire.url, *[SUSPEND] * 5)
        assert [answer["verdict"] for answer in answers] == ["done"] * 5
        assert wire.connections == 1 and len(wire.seen) == 5


NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
  log_format resumed $ssl_session_reused;
  access_log {dir}/access.log resumed;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_session_cache shared:resumed:1m;
    ssl_certificate {cert};
    ssl_certificate_key {key};
    location / {{ return 200 '{{"success":true}}'; }}
  }}
}}
"""


def test_paid_calls_resume_the_tls_session(call, certificate, tmp_path):
    """Fresh connections, whichever handle makes them, share what was agreed once.

    nginx is the peer: a threaded Python server hands out tickets that it does not always take back.
    """
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(
        user + NGINX.format(dir=tmp_path, port=port, cert=certificate[0], key=certificate[1]))
    nginx = subprocess.Popen(["nginx", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        answers = call(f"https://127.0.0.1:{port}/v1", CREATE, {"calls": [CREATE] * 8})
    finally:
        nginx.terminate()
        nginx.wait(10)
    assert [answer["verdict"] for answer in answers] == ["done"] * 9
    assert (tmp_path / "access.log").read_text().split() == ["."] + ["r"] * 8


@pytest.mark.parametrize("ask", [CREATE, SUSPEND], ids=["create", "suspend"])
def test_proxies_of_the_environment_are_ignored(call, certificate, ask):
    with socket.create_server(("127.0.0.1", 0)) as proxy, serve(certificate) as wire:
        proxy.settimeout(0.2)
        url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        answer = call(wire.url, ask, env={**{name: url for name in names}, "no_proxy": "", "NO_PROXY": ""})
        assert answer["verdict"] == "done" and len(wire.seen) == 1
        with pytest.raises(socket.timeout):
            proxy.accept()


def unreachable(answer):
    assert (answer["verdict"], answer["code"], answer["seen"]["passed"]) == ("later", "unreachable", False), answer
    assert answer["fence_runs"] == 0
    return answer


def test_unknown_authority_is_not_trusted(call, certificate, tmp_path):
    other = make_certificate(tmp_path, "other")
    with serve(certificate) as wire:
        answer = unreachable(call(wire.url, {**CREATE, "fence": True}, ca=other[0]))
        assert "certificate" in answer["reason"] and wire.seen == []


def test_the_systems_authorities_do_not_trust_it_either(call, certificate):
    with serve(certificate) as wire:
        unreachable(call(wire.url, {**CREATE, "fence": True}, ca="/etc/ssl/certs/ca-certificates.crt"))
        assert wire.seen == []


def test_certificate_of_another_host(call, tmp_path):
    other = make_certificate(tmp_path, "other", "DNS:elsewhere.example")
    with serve(other) as wire:
        unreachable(call(wire.url, {**CREATE, "fence": True}, ca=other[0]))
        assert wire.seen == []


@pytest.mark.parametrize("moved", ["-30d", "+30d"])
def test_certificate_of_another_time(call, tmp_path, moved):
    other = make_certificate(tmp_path, "other", moved=moved)
    with serve(other) as wire:
        answer = unreachable(call(wire.url, {**CREATE, "fence": True}, ca=other[0]))
        assert "certificate" in answer["reason"] and wire.seen == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_is_refused(call, certificate):
    with serve(certificate, tls_max=ssl.TLSVersion.TLSv1_1) as wire:
        unreachable(call(wire.url, {**CREATE, "fence": True}))
        assert wire.seen == []


def test_missing_authority_file(call, certificate):
    with serve(certificate) as wire:
        unreachable(call(wire.url, {**CREATE, "fence": True}, ca="/nonexistent.pem"))
        assert wire.seen == []


def test_nobody_listens(call):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    unreachable(call(f"https://127.0.0.1:{port}/v1", {**CREATE, "fence": True}))


def test_no_such_name(call):
    unreachable(call("https://upstream.invalid/v1", {**CREATE, "fence": True}))


def test_plain_http_is_refused(call, certificate):
    with serve(certificate) as wire:
        unreachable(call(wire.url.replace("https", "http"), {**CREATE, "fence": True}))
        assert wire.connections == 0


def test_reset_in_the_handshake(call, certificate):
    with serve(certificate, handshake=reset) as wire:
        unreachable(call(wire.url, {**CREATE, "fence": True}))


def test_slow_handshake_is_named(call, certificate):
    def handshake(raw):
        time.sleep(5)
        raw.close()

    with serve(certificate, handshake=handshake) as wire:
        answer = unreachable(call(wire.url, {**CREATE, "fence": True}, timeout_ms=300))
        assert answer["seen"]["slow"] == "the TLS handshake" and "the TLS handshake" in answer["reason"]


SLOW_LOOKUP = """
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char *host, const char *port, const struct addrinfo *like, struct addrinfo **found)
{
    (void)host, (void)port, (void)like, (void)found;
    sleep(4);
    return EAI_AGAIN;
}
"""


def test_slow_lookup_is_named_and_left_behind(call, tmp_path):
    """libcurl's resolver thread goes on; neither this call nor its neighbours wait for it."""
    source, library = tmp_path / "slow.c", tmp_path / "slow.so"
    source.write_text(SLOW_LOOKUP)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    env = {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    answer = unreachable(call("https://slow.invalid/v1", {**CREATE, "fence": True}, timeout_ms=300, env=env))
    assert answer["seen"]["slow"] == "looking the name up"
    assert answer["seen"]["elapsed_ms"] < 2000


def test_slow_connect_is_named(call):
    """A listener with a full backlog answers no SYN."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        url = f"https://127.0.0.1:{full.getsockname()[1]}/v1"
        answer = unreachable(call(url, {**CREATE, "fence": True}, timeout_ms=300))
        assert answer["seen"]["slow"] == "connecting"


def test_slow_answer_is_named(call, certificate):
    with serve(certificate, sends(b"", "hang")) as wire:
        answer = call(wire.url, CREATE, timeout_ms=300)
        assert answer["seen"]["slow"] == "the first byte of the answer"
        assert 250 <= answer["seen"]["elapsed_ms"] < 2000
    with serve(certificate, sends(reply(body=OK[:3], length=99), "hang")) as wire:
        answer = call(wire.url, CREATE, timeout_ms=300)
        assert answer["seen"]["slow"] == "the rest of the answer"


def test_a_slow_call_holds_nobody_up(call, certificate):
    def behave(connection, request):
        if request.path.endswith("/create"):
            connection.hang()
        else:
            connection.send(reply())

    with serve(certificate, behave) as wire:
        answers = call(wire.url, {"calls": [CREATE] + [SUSPEND] * 20})
        assert answers[-1]["index"] == 0 and answers[-1]["verdict"] == "unsure"
        assert all(answer["verdict"] == "done" and answer["seen"]["elapsed_ms"] < 1000 for answer in answers[:-1])


def test_closing_tells_sent_from_unsent(call, certificate):
    def behave(connection, _):
        connection.hang()

    def handshake(raw):
        time.sleep(3)
        raw.close()

    with serve(certificate, behave) as wire:
        answer = call(wire.url, {"calls": [{**CREATE, "fence": True}], "stop_after_ms": 400})
        assert (answer["verdict"], answer["code"], len(wire.seen)) == ("unsure", "stopped", 1)
    with serve(certificate, handshake=handshake) as wire:
        answer = call(wire.url, {"calls": [{**CREATE, "fence": True}], "stop_after_ms": 400})
        assert (answer["verdict"], answer["code"], answer["fence_runs"]) == ("later", "stopped", 0)


def test_a_token_that_is_repeated_is_masked(call, certificate):
    body = json.dumps({"success": False, "message": f"unknown key {TOKEN}"}).encode()
    with serve(certificate, sends(reply(401, body))) as wire:
        answer = call(wire.url, SUSPEND)
    assert answer["message"] == "unknown key " + "*" * len(TOKEN)
    assert "*" * len(TOKEN) in answer["seen"]["body"]
    assert answer["denied"] is True
