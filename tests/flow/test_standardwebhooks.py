# SPDX-License-Identifier: Apache-2.0
"""Events signed by npm's standardwebhooks, the reference implementation, are accepted and carried out."""
import json
import pathlib
import shutil
import subprocess
import time

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parent / "npm"


@pytest.fixture(scope="module")
def sign(tmp_path_factory):
    """A function that signs with the pinned package, installed outside of the tree."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json", "sign.js"):
        shutil.copy(PACKAGE / name, folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)

    def sign_body(secret, delivery, seconds, body):
        done = subprocess.run(["node", "sign.js", secret, delivery, str(seconds)], cwd=folder, input=body, check=True,
                              capture_output=True)
        return done.stdout.decode().strip()

    return sign_body


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
