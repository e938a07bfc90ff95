# SPDX-License-Identifier: Apache-2.0
"""What workers find out without being asked: catalogues with their prices, and whether sold licenses are valid."""
import json
import subprocess
import time

import pytest

import schemas
from bridge import Rig
from conftest import Service
from receiver import Receiver, verified
from wire import make_certificate

SWEEP = 2
GUARDED = 'product guarded { account = "main"  type = "cloudlinux"  max_credits = "2" }'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("panel"))


@pytest.fixture(scope="module")
def receiver(certificate):
    with Receiver(certificate) as running:
        yield running


@pytest.fixture(scope="module")
def shared_rig(certificate, receiver):
    panel = [f'  callback_url = "{receiver.url}/hook"', f'  callback_ca_file = "{certificate[0]}"',
             '  callback_allow = { "127.0.0.1" }', '  products += { "guarded" }']
    with Rig(WORKERS=2, CALL_TIMEOUT="2s", QUIET="1s", RETRY="200ms .. 1s", STANDIN_BALANCE="100000",
             RIG_LISANSZONE_REQUESTS=2000, RIG_SOURCE="\n".join(panel), RIG_ZONE=f'sweep = "{SWEEP}s"',
             RIG_CONFIG=f'catalogue = "1s"\nproduct gone {{ account = "main"  type = "gone" }}\n{GUARDED}') as running:
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


def price(rig, code, credits):
    """A new price, once the catalogue has it."""
    rig.control("product", {"code": code, "price": credits, "hidden": False})
    comes(rig, f"select price from ops.products where account = 'main' and upstream_type = '{code}'", [[credits]])


def holds(rig, order):
    """How often an order was held."""
    return int(sql(rig, "select count(*) from bridge.order_history where to_state = 'held' "
                        f"and order_id = {int(order['order_id'])}")[0][0])


def test_an_order_whose_price_rose_waits_until_it_falls(rig, services):
    price(rig, "softaculous", "1.5")
    answer = services("softaculous").send("license.create", dry_run=True, max_credits="1.5")
    assert answer.body["price"] == "1.5"
    price(rig, "softaculous", "2")
    service, twice = services("softaculous"), services("softaculous")
    order = rig.wait(service.order("license.create", max_credits="1.5"))
    other = rig.wait(twice.order("license.create", max_credits="2.9", billing_months=2))
    assert order["state"] == other["state"] == "held", (order, other)
    assert order["reason"] == "price guard: the order may cost 2 credits, its max_credits is 1.5; it waits until the price falls"
    assert "may cost 4 credits" in other["reason"]
    told = json.loads(rig.ctl_program("--json", "show", order["order_id"]).stdout)["order"]
    assert (told["state"], told["reason"]) == ("held", order["reason"])
    time.sleep(3)  # several looks at the catalogue and at what is held
    assert holds(rig, order) == 1 and rig.order(order["order_id"])["state"] == "held"
    price(rig, "softaculous", "1.5")
    assert rig.wait(order["order_id"], states=("succeeded",))["credits"] == "1.5"
    assert len(service.calls("create")) == 1
    assert rig.order(other["order_id"])["state"] == "held" and twice.calls("create") == []  # 3 are more than 2.9
    price(rig, "softaculous", "1")
    assert rig.wait(other["order_id"], states=("succeeded",))["credits"] == "2"


def test_an_order_goes_on_when_the_limit_is_raised(rig, services):
    config = rig.dir / "bridge.conf"
    price(rig, "cloudlinux", "2.5")
    service = services("guarded")
    order = rig.wait(service.order("license.create"))
    assert order["state"] == "held", order
    assert order["reason"] == ("price guard: a month costs 2.5 credits, product guarded allows 2; it waits until the price "
                               "falls or the limit is raised")
    config.write_text(config.read_text().replace(GUARDED, GUARDED.replace('"2"', '"2.5"')))
    for worker in ("worker1", "worker2"):
        subprocess.run(["kill", "-HUP", (rig.dir / "run" / f"{worker}.pid").read_text().strip()], check=True)
    assert rig.wait(order["order_id"], states=("succeeded",))["credits"] == "2.5"


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
    comes(rig, "select invalid_at is not null from bridge.license where license_key = 'SWEPT-2'", [["t"]])
    comes(rig, "select license_key from ops.licenses_expiring where license_key like 'SWEPT%'", [["SWEPT-1"]])
    rig.control("zone", {"keys": [{"license_key": "SWEPT-2", "disabled": False}]})
    comes(rig, "select invalid_at is null from bridge.license where license_key = 'SWEPT-2'", [["t"]])
    calls = rig.control("ledger?license_key=SWEPT-1&endpoint=verify&limit=20000")["calls"]
    gaps = [(b["at_ms"] - a["at_ms"]) / 1000 for a, b in zip(calls, calls[1:])]
    assert gaps and min(gaps) > SWEEP * 0.9, gaps  # once in SWEEP, however many workers there are


def invalid(receiver, service):
    return receiver.notices(service.id, "license.invalid")


def key_sold(rig, name):
    """A service with an active Lisans Zone key, and how to change the key at the provider."""
    service = Service(rig, "lz-app")
    rig.control("zone", {"keys": [{"license_key": name}]})
    service.fields = {"license_key": name, "customer_email": "musteri@example.com", "hwid": name, "ip": None,
                      "verification_type": "hwid", "billing_months": None}
    service.done("license.create", **service.fields)
    return service, lambda **members: rig.control("zone", {"keys": [{"license_key": name, **members}]})


def test_a_sweep_tells_the_panel_of_an_invalid_license(rig, receiver):
    service, change = key_sold(rig, "TOLD-1")
    change(disabled=True)
    notice, = receiver.wait(1, service.id, "license.invalid")
    told = notice.json()
    assert (notice.method, notice.path) == ("POST", "/v1/hook")
    assert verified(rig.env["WEBHOOK_SECRET"], notice)
    assert schemas.problems("license.invalid", told) == []
    assert (told["data"]["source"], told["data"]["account"], told["data"]["reason"]) == ("demo", "zone", "Lisans devre dışı.")
    assert told["data"]["license"]["license_key"] == "TOLD-1"
    time.sleep(2.5 * SWEEP)
    assert len(invalid(receiver, service)) == 1  # asked again and again, told once
    change(disabled=False)
    comes(rig, "select invalid_at is null from bridge.license where license_key = 'TOLD-1'", [["t"]])
    change(disabled=True)
    first, second = receiver.wait(2, service.id, "license.invalid")
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    change(disabled=False)


@pytest.mark.parametrize("habit, kind", [("400", "license.verify"), ("200", "license.verify"), ("200", "license.renew")])
def test_an_order_that_asks_tells_the_panel_too(rig, receiver, habit, kind):
    service, change = key_sold(rig, f"ASKED-{habit}-{kind}")
    rig.control("personality", {"zone_invalid": habit})
    receiver.answers[service.id] = [503]  # the notice of the create comes back; the lane keeps its order
    change(disabled=True)
    service.order(kind, **service.fields)
    notice = receiver.wait(1, service.id, "license.invalid")[0]
    assert verified(rig.env["WEBHOOK_SECRET"], notice) and schemas.problems("license.invalid", notice.json()) == []
    assert notice.json()["data"]["license"]["license_key"] == service.fields["license_key"]
    rig.control("personality", {"zone_invalid": "400"})
    change(disabled=False)
