# SPDX-License-Identifier: Apache-2.0
"""npm's standardwebhooks, the reference implementation: events that it signs are carried out, callbacks it verifies."""
import json
import pathlib
import shutil
import subprocess
import time

import pytest

from bridge import Rig
from receiver import Receiver, make_secret
from wire import make_certificate

PACKAGE = pathlib.Path(__file__).resolve().parent / "npm"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A function that runs a script with the pinned package, installed outside of the tree."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json", "sign.js", "verify.js"):
        shutil.copy(PACKAGE / name, folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)

    def run(script, *words, body):
        done = subprocess.run(["node", script, *words], cwd=folder, input=body, check=True, capture_output=True)
        return done.stdout.decode().strip()

    return run


@pytest.fixture(scope="module")
def sign(node):
    return lambda secret, delivery, seconds, body: node("sign.js", secret, delivery, str(seconds), body=body)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    certificate = make_certificate(tmp_path_factory.mktemp("tls"))
    with Receiver(certificate) as running:
        running.trust = certificate[0]
        yield running


@pytest.fixture(scope="module")
def shared_rig(receiver, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")
    for name in ("new", "old"):
        (folder / name).write_text(make_secret() + "\n")
    lines = [f'callback_url = "{receiver.url}"', f'callback_ca_file = "{receiver.trust}"', "callback_allow = { 127.0.0.1 }",
             f'callback_secrets = {{ "{folder}/new", "{folder}/old" }}']
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000", RIG_SOURCE="\n".join(lines)) as running:
        running.callback_secrets = [(folder / name).read_text().strip() for name in ("new", "old")]
        yield running


def test_the_published_vector(sign):
    assert sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                b'{"test": 2432232314}') == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_events_signed_by_the_reference_are_carried_out(rig, service, sign):
    for step, kind in enumerate(("license.create", "license.suspend", "license.unsuspend")):
        event = rig.event(kind, service_id=service.id, product_code="cpanel", ip=service.ip, billing_months=1,
                          operation_key=f"{service.id}:{step}", reason="Ödeme alındı ✓")
        body = json.dumps(event, ensure_ascii=False).encode()
        delivery, seconds = f"msg_{service.id}_{step}", int(time.time())
        signature = sign(rig.env["WEBHOOK_SECRET"], delivery, seconds, body)
        answer = rig.deliver(body, delivery=delivery, timestamp=str(seconds), headers={"webhook-signature": signature})
        assert answer.status == 202, answer
        assert rig.wait(answer.body["order_id"])["state"] == "succeeded"
    # The same signature over other bytes fits nothing.
    answer = rig.deliver(body + b" ", delivery=delivery, timestamp=str(seconds),
                         headers={"webhook-signature": signature})
    assert answer.status == 401
    assert service.bought() == (1, 0)


def test_the_reference_verifies_our_callbacks(rig, service, receiver, node):
    def verify(secret, notice, body=None):
        return node("verify.js", secret, *(notice.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")),
                    body=notice.body if body is None else body)

    service.done("license.create", reason="Ödeme alındı ✓")
    service.done("license.suspend")
    notices = receiver.wait(2, service.id)
    for notice in notices:
        for secret in rig.callback_secrets:  # the new one and the old one, while they are rotated
            assert verify(secret, notice) == "order.succeeded"
        assert "No matching signature" in verify(rig.env["WEBHOOK_SECRET"], notice)
        assert "No matching signature" in verify(rig.callback_secrets[0], notice, notice.body + b" ")
    assert notices[0].headers["webhook-id"] != notices[1].headers["webhook-id"]
