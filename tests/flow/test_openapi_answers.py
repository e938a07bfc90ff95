# SPDX-License-Identifier: Apache-2.0
"""What the bridge answers is what docs/openapi.yaml says, member by member."""
import json
import pathlib
import re
import secrets
import time

import pytest
import yaml

import schemas
from bridge import Rig, request, sign

FILE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
DOCUMENT = yaml.safe_load(FILE.read_text())
READS = sorted(path for path, methods in DOCUMENT["paths"].items() if "get" in methods and path != "/ops/health/ready")


@pytest.fixture(scope="module")
def shared_rig():
    with Rig(CALL_TIMEOUT="1s", QUIET="1s", STANDIN_BALANCE="100000",
             RIG_SOURCE='callback_url = "https://127.0.0.1:1/"\ncallback_allow = { 127.0.0.1 }') as running:
        yield running


@pytest.fixture(scope="module")
def lived(shared_rig):
    """A rig with something in every list; the ids of an order in the tray and its service."""
    from conftest import Service
    service, lost, zone = Service(shared_rig), Service(shared_rig), Service(shared_rig, "lz-app")
    service.done("license.create")
    shared_rig.fault(endpoint="create", ip=lost.ip, fault="drop", when="before", times=1)
    order = lost.order("license.create")
    assert shared_rig.wait(order)["state"] == "needs_review"
    shared_rig.wait(zone.order("license.verify", license_key="NOBODY", customer_email="nobody@example.com"))
    assert shared_rig.deliver(b"{}").status == 422
    for command in ("pause", "resume"):
        assert shared_rig.ctl_program(command, "main", "--reason", "test").returncode == 0
    return {"order_id": order, "license_id": "1", "service_id": service.id, "name": "balance_runway"}


def closed(schema):
    """The schema with objects that have no other members than those described, references followed."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        place = schema["$ref"]
        if place.startswith("#/components/schemas/"):
            return closed(DOCUMENT["components"]["schemas"][place.rsplit("/", 1)[1]])
        return {"$ref": place.removeprefix("schema/")}
    made = {word: closed(value) for word, value in schema.items()}
    if "required" in made and "properties" in made and "allOf" not in made:
        made.setdefault("additionalProperties", "kind" in made["properties"] and "at" in made["properties"])
    return made


def mistakes(schema, value):
    resolver = schemas.jsonschema.RefResolver(schemas.BASE, None, store=schemas.STORE)
    found = schemas.STRICT(closed(schema), resolver=resolver).iter_errors(value)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in found]


def answer_schema(path, method, status):
    answer = DOCUMENT["paths"][path][method]["responses"][str(status)]
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    return next(iter(answer["content"].values()))["schema"]


def read(rig, path, signed):
    headers = {"authorization": f"Bearer {rig.env['OPS_TOKEN']}"}
    if signed:
        name, now = f"msg_{secrets.token_hex(8)}", str(int(time.time()))
        headers = {"webhook-id": name, "webhook-timestamp": now,
                   "webhook-signature": sign(rig.env["WEBHOOK_SECRET"], name, now, path.encode())}
    return request(rig.env["BASE_URL"] + path, headers=headers)


@pytest.mark.parametrize("path", READS)
def test_what_is_read(shared_rig, lived, path):
    real = re.sub(r"{(\w+)}", lambda match: lived[match.group(1)], path)
    answer = read(shared_rig, real, path.startswith("/v1/") and path != "/v1/orders/{order_id}")
    assert answer.status == 200, answer
    if path == "/metrics":
        assert answer.headers["content-type"].startswith("text/plain")
        return
    assert mistakes(answer_schema(path, "get", 200), answer.body) == []
    assert "items" not in answer.body or answer.body["items"]
    if "{" in path:
        gone = read(shared_rig, re.sub(r"{\w+}", "999999", path), path == "/v1/services/{service_id}")
        assert gone.status == 404 and mistakes(answer_schema(path, "get", 404), gone.body) == []


@pytest.mark.parametrize("path, body, status", [
    ("/ops/api/v1/orders/{order_id}/hold", {"reason": "test"}, 409),
    ("/ops/api/v1/orders/{order_id}/hold", {}, 422),
    ("/ops/api/v1/orders/{order_id}/hold", {"reason": "x" * 501}, 422),
    ("/ops/api/v1/orders/{order_id}/cancel", {"reason": "test", "other": 1}, 422),
    ("/ops/api/v1/accounts/{account}/pause", {"reason": "test"}, 200),
    ("/ops/api/v1/accounts/{account}/resume", {}, 200),
    ("/ops/api/v1/orders/bulk", {"action": "hold", "filter": {"state": "needs_review"}}, 200),
    ("/ops/api/v1/orders/bulk", {"action": "hold", "filter": {"state": "needs_review"}, "count": 7, "up_to": "1", "reason": "x"}, 409),
    ("/ops/api/v1/orders/bulk", {"action": "hold", "filter": {}}, 422),
    ("/ops/api/v1/orders/{order_id}/resolve", {"answer": "perhaps", "reason": "test"}, 422),
    ("/ops/api/v1/orders/{order_id}/resolve", {"answer": "happened", "reason": "test", "upstream_license_id": "7"}, 200),
])
def test_what_is_done(shared_rig, lived, path, body, status):
    real = re.sub(r"{(\w+)}", lambda match: {**lived, "account": "main"}[match.group(1)], path)
    answer = request(shared_rig.env["BASE_URL"] + real, "POST", json.dumps(body).encode(),
                     {"authorization": f"Bearer {shared_rig.env['OPS_TOKEN']}", "content-type": "application/json"})
    assert answer.status == status, answer
    asked = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (mistakes(asked, body) == []) == (status != 422)
    assert mistakes(answer_schema(path, "post", status), answer.body) == []
