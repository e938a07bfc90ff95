# SPDX-License-Identifier: Apache-2.0
"""What workers find out without being asked: catalogues with their prices, and whether sold licenses are valid."""
import subprocess
import time

import pytest

from bridge import Rig
from conftest import Service

SWEEP = 2


@pytest.fixture(scope="module")
def shared_rig():
    with Rig(WORKERS=2, CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000", RIG_LISANSZONE_REQUESTS=2000,
             RIG_CONFIG='catalogue = "1s"\nproduct gone { account = "main"  type = "gone" }',
             RIG_SOURCE="", RIG_ZONE=f'sweep = "{SWEEP}s"') as running:
        running.control("zone", {"limiter": {"enabled": False}})
        yield running


def sql(rig, text):
    out = subprocess.run(["psql", "-X", "-At", "-F", "|", "-v", "ON_ERROR_STOP=1", rig.env["DATABASE_URL"], "-c", text],
                         capture_output=True, text=True, check=True)
    return [line.split("|") for line in out.stdout.splitlines()]


def comes(rig, text, wanted, seconds=20):
    end = time.monotonic() + seconds
    while (seen := sql(rig, text)) != wanted:
        assert time.monotonic() < end, f"{text}: {seen}, not {wanted}"
        time.sleep(0.1)


def test_prices_and_visibility_follow_the_provider(rig, services):
    product = "select price, visible from ops.products where account = 'main' and upstream_type = 'imunify360'"
    comes(rig, product, [["6", "t"]])
    sold = services("imunify360")
    sold.done("license.create")
    rig.control("product", {"code": "imunify360", "price": "6.5", "hidden": True})
    comes(rig, product, [["6", "f"]])  # a hidden product is missing from the list: its price is not told
    answer = services("imunify360").send("license.create")
    assert (answer.status, answer.body["field"]) == (422, "data.product_code")
    answer = services("imunify360").send("license.create", dry_run=True)
    assert (answer.status, answer.body["field"]) == (422, "data.product_code")
    assert sold.done("license.renew", period_end="2027-02-01")["credits"] in ("6", "6.5")
    rig.control("product", {"code": "imunify360", "price": "7", "hidden": False})
    comes(rig, product, [["7", "t"]])
    history = [row for row, in sql(rig, "select price || ' ' || visible from ops.product_history "
                                        "where upstream_type = 'imunify360' order by seen_at")]
    assert history[0] == "6 true" and "6 false" in history and history[-1] == "7 true"
    assert sql(rig, "select price, visible from ops.products where upstream_type = 'gone'") == [["", "f"]]
    rig.control("product", {"code": "imunify360", "price": "6"})


def test_an_order_whose_price_rose_is_held(rig, services):
    comes(rig, "select price from ops.products where account = 'main' and upstream_type = 'softaculous'", [["1.5"]])
    answer = services("softaculous").send("license.create", dry_run=True, max_credits="1.5")
    assert answer.body["price"] == "1.5"
    rig.control("product", {"code": "softaculous", "price": "2"})
    service = services("softaculous")
    order = rig.wait(service.order("license.create", max_credits="1.5"))
    assert order["state"] == "held" and "price guard" in order["reason"]
    assert service.calls("create") == []
    rig.control("product", {"code": "softaculous", "price": "1.5"})


def test_one_worker_reads_the_catalogue(rig):
    since = rig.control("summary")["last_seq"]
    time.sleep(4)
    page = rig.control(f"ledger?since={since}&endpoint=products&limit=20000")["calls"]
    assert 2 <= len(page) <= 6, page  # two workers, once a second together


def test_sold_licenses_are_verified_unasked(rig):
    rig.control("zone", {"keys": [{"license_key": "SWEPT-1"}, {"license_key": "SWEPT-2"}]})
    for key in ("SWEPT-1", "SWEPT-2"):
        service = Service(rig, "lz-app")
        service.done("license.create", license_key=key, customer_email="musteri@example.com", hwid=key, ip=None,
                     verification_type="hwid", billing_months=None)
    comes(rig, "select count(*) from bridge.license where verified_at is not null and license_key like 'SWEPT%'", [["2"]])
    rig.control("zone", {"keys": [{"license_key": "SWEPT-2", "disabled": True},
                                  {"license_key": "SWEPT-1", "expires_at": time.strftime("%Y-%m-%d 12:00:00", time.gmtime(time.time() + 5 * 86400))}]})
    told = "select count(*) from bridge.callback where type = 'license.invalid'"
    comes(rig, "select invalid_at is not null from bridge.license where license_key = 'SWEPT-2'", [["t"]])
    time.sleep(2 * SWEEP)
    assert sql(rig, told)[0][0] in ("0", "1")  # no source of this rig wants notices, and nobody is told twice
    comes(rig, "select license_key from ops.licenses_expiring where license_key like 'SWEPT%'", [["SWEPT-1"]])
    rig.control("zone", {"keys": [{"license_key": "SWEPT-2", "disabled": False}]})
    comes(rig, "select invalid_at is null from bridge.license where license_key = 'SWEPT-2'", [["t"]])
    calls = rig.control("ledger?license_key=SWEPT-1&endpoint=verify&limit=20000")["calls"]
    gaps = [(b["at_ms"] - a["at_ms"]) / 1000 for a, b in zip(calls, calls[1:])]
    assert gaps and min(gaps) > SWEEP * 0.9, gaps  # once in SWEEP, however many workers there are
