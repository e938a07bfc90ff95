# SPDX-License-Identifier: Apache-2.0
"""Texts that want to be something else (SQL, a log line, a formula, a page, a terminal's order) stay texts: whatever
a panel, a stranger or an upstream writes is refused, or stored, found, logged and shown as it was."""
import csv
import io
import json
import re
import secrets
import urllib.parse

import pytest

from bridge import Rig, request
from conftest import Service
from wire import Wire, make_certificate, reply

# What may stand in a name: every one of them is taken as it is.
TEXTS = ["'; drop table bridge.orders; --", "\"; select pg_sleep(60); --", "1' or '1'='1", "$$; select 1; $$", "%' or '%",
         "\\'; x", "a\\", "{null,\"x\"}", "(1,2)", "%s%n%x", "${jndi:ldap://x}", "$(reboot)", "`reboot`", "../../etc/passwd",
         "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{7*7}}", "=1+1", "@SUM(A1)", "-2+3", "+4",
         "x event=forged level=3", "x\" event=forged order=1 reason=\"", "a=b c=\"d\"", "\u202egpj.exe", "\u2028event=forged",
         "\ufeffbom", "\U0001f4a9", "é" * 90, "null", "true", "0x10", "1e309", "NaN", "-- ", "/*", "a;b,c\"d'e"]
# What may stand nowhere.
CONTROLS = ["x\n<3>event=forged", "x\r\nSet-Cookie: a=b", "\x1b[2J\x1b]0;gone\x07", "x\x00y", "\x7f", "\x9b31m", "\t"]
FIELDS = ("service_id", "operation_key", "order_id", "invoice_id", "invoice_item_id", "reason")
LOGGED = re.compile(r'<[0-7]>event=[a-z_.]+(?: [a-z_0-9]+=(?:"(?:[^"\\\x00-\x1f\x7f]|\\.)*"|[^\s"=\\\x00-\x1f\x7f]+))*')


def logs_are_whole(rig, *names):
    """Every line is one event of ours, whatever was in it."""
    for name in names:
        for line in rig.log(name).split("\n"):
            assert line == "" or LOGGED.fullmatch(line), (name, line)
            assert not line.startswith("<3>event=forged")


def tables(rig):
    return rig.ctl_program("migrate").stdout, request(f"{rig.env['BASE_URL']}/health/ready").status


def as_operator(rig, path, **headers):
    return request(rig.env["OPS_URL"] + path, headers={"authorization": f"Bearer {rig.env['OPS_TOKEN']}", **headers})


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_stored_found_and_shown_as_it_was(rig, text):
    service = Service(rig)
    service.id = f"{text}{secrets.token_hex(2)}"
    mark = secrets.token_hex(4)
    fields = {name: f"{text}{mark}" for name in FIELDS if name != "service_id"}
    order = service.order("license.create", metadata={"note": text}, max_credits="0.01", domain=text, **fields)
    seen = rig.order(order)
    assert (seen["service_id"], seen["operation_key"]) == (service.id, fields["operation_key"])
    for words in (service.id, fields["invoice_id"], fields["order_id"], fields["operation_key"]):
        found = as_operator(rig, "/ops/api/v1/orders?" + urllib.parse.urlencode({"text": words}))
        assert [str(one["order_id"]) for one in found.body["items"]] == [order], (words, found)
    shown = as_operator(rig, f"/ops/api/v1/orders/{order}").body
    delivery = next(entry for entry in shown["timeline"] if entry["kind"] == "delivery")
    assert delivery["body"]["data"]["metadata"] == {"note": text}
    said = rig.ctl_program("--json", "orders", "--service", service.id)
    assert [one["service_id"] for one in json.loads(said.stdout)] == [service.id], said
    table = as_operator(rig, "/ops/api/v1/orders?" + urllib.parse.urlencode({"text": service.id}), accept="text/csv")
    row, = csv.DictReader(io.StringIO(table.raw.decode()))
    assert row["service_id"] in (service.id, f"'{service.id}") and row["service_id"][0] not in "=+-@"
    logs_are_whole(rig, "intake", "ops", "worker1")


@pytest.mark.parametrize("text", CONTROLS)
def test_a_control_character_is_refused_wherever_it_stands(rig, text):
    for name in (*FIELDS, "domain", "product_code"):
        answer = Service(rig).send("license.create", **{name: text})
        assert answer.status in (400, 422) and answer.body.get("field") in (f"data.{name}", None), (name, answer)
        assert text not in answer.raw.decode() or not text.isprintable() and b"\x1b" not in answer.raw
    logs_are_whole(rig, "intake")


@pytest.mark.parametrize("text", TEXTS + CONTROLS)
def test_strangers_write_no_log_and_no_statement(rig, text):
    """Where no signature was looked at yet: paths, names of sources, headers, filters and tokens."""
    quoted = urllib.parse.quote(text, safe="")
    before = tables(rig)
    header = re.sub(r"[^\x20-\x7e]", "?", text)
    for path in (f"/v1/events/{quoted}", f"/v1/orders/{quoted}", f"/v1/services/{quoted}", f"/ops/api/v1/orders/{quoted}",
                 f"/ops/api/v1/views/{quoted}", f"/ops/api/v1/orders?{quoted}={quoted}", f"/ops/api/v1/orders?cursor={quoted}",
                 f"/ops/api/v1/orders?state={quoted}", f"/ops/api/v1/licenses?ip={quoted}"):
        for method, body in (("GET", None), ("POST", b"{}")):
            answer = request(rig.env["BASE_URL"] + path, method, body, {
                "authorization": f"Bearer {rig.env['OPS_TOKEN'] if path.startswith('/ops') else header}",
                "webhook-id": header, "webhook-signature": header, "content-type": "application/json"})
            assert 200 <= answer.status < 500 and answer.status != 202, (path, answer)
            assert "set-cookie" not in answer.headers
    assert tables(rig) == before
    logs_are_whole(rig, "intake", "ops")


def upstream(text):
    """An upstream whose every text is this one."""
    def behave(connection, asked):
        if asked.path.endswith("/balance"):
            answer = {"success": True, "account": {"balance": 100, "currency": text, "sandbox_enabled": False}}
        elif "/product" in asked.path:
            one = {"code": "cpanel", "name": text, "credit_price": 4}
            answer = {"success": True, "product": one, "count": 1, "products": [one]}
        else:
            answer = {"success": False, "message": text}
        connection.send(reply(200, answer))
    return behave


def test_an_upstream_s_words_are_shown_and_never_obeyed(tmp_path):
    certificate = make_certificate(tmp_path)
    with Wire(certificate) as wire, Rig(UPSTREAM_URL=wire.url, UPSTREAM_CA=certificate[0], QUIET="1s") as rig:
        for text in (text for text in TEXTS + CONTROLS if "\0" not in text):  # with that one it is no JSON to us
            wire.behave = upstream(text)
            order = rig.wait(Service(rig).order("license.create"), states=("failed",))
            page = as_operator(rig, f"/ops/api/v1/orders/{order['order_id']}")
            said = rig.ctl_program("show", order["order_id"])
            assert page.status == 200 and said.returncode == 0
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", said.stdout), said
            assert "\n<3>event=forged" not in said.stdout
        logs_are_whole(rig, "intake", "ops", "worker1")
