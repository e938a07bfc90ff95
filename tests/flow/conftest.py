# SPDX-License-Identifier: Apache-2.0
"""One rig for all flow tests that do not break it; each test gets addresses of its own."""
import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from bridge import Rig  # noqa: E402

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def shared_rig():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000") as running:
        yield running


@pytest.fixture(scope="session")
def database():
    """A migrated PostgreSQL and nothing else."""
    with Rig(RIG_ONLY="postgres") as running:
        yield running


@pytest.fixture
def rig(shared_rig):
    """The shared rig with a stand-in that behaves."""
    yield shared_rig
    shared_rig.control("faults", {"rules": []})


class Service:
    """A service of the panel: its own id, address and keys; what it sends is one license's work."""

    def __init__(self, rig, product="cpanel"):
        number = next(NUMBERS)
        self.rig = rig
        self.product = product
        self.id = f"svc{number}"
        self.ip = f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
        self.keys = itertools.count(1)

    def send(self, kind, delivery=None, **data):
        fields = {"service_id": self.id, "product_code": self.product, "ip": self.ip}
        if kind in ("license.create", "license.renew"):
            fields["billing_months"] = 1
        if kind in ("license.create", "license.renew", "license.change_product"):
            fields["operation_key"] = f"{self.id}:{next(self.keys)}"
        fields.update(data)
        return self.rig.send(kind, delivery=delivery, **{k: v for k, v in fields.items() if v is not None})

    def order(self, kind, **data):
        """Sends, expects 202, and returns the order's id."""
        answer = self.send(kind, **data)
        assert answer.status == 202, answer
        return answer.body["order_id"]

    def done(self, kind, **data):
        """Sends and waits for success."""
        order = self.rig.wait(self.order(kind, **data))
        assert order["state"] == "succeeded", order
        return order

    def calls(self, *endpoints):
        """The stand-in's calls about this service's address, in order."""
        page = self.rig.control(f"ledger?ip={self.ip}&limit=20000")
        return [c for c in page["calls"] if not endpoints or c["endpoint"] in endpoints]

    def bought(self):
        """How often this (type, ip) was created and renewed upstream."""
        page = self.rig.control(f"purchases?ip={self.ip}&type={self.product}")["purchases"]
        return (page[0]["creates"], page[0]["renews"]) if page else (0, 0)

    def upstream(self):
        """The upstream license on this address, or None."""
        page = self.rig.control(f"licenses?ip={self.ip}&type={self.product}")["licenses"]
        return page[0] if page else None


@pytest.fixture
def service(rig):
    return Service(rig)


@pytest.fixture
def services(rig):
    """Makes services: services() or services("litespeed")."""
    return lambda product="cpanel": Service(rig, product)
