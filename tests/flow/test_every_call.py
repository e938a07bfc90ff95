# SPDX-License-Identifier: Apache-2.0
"""Every call of both documents, from the webhook to the upstream's ledger over TLS, whatever the upstream is like.

The documents leave ten things open, and the stand-in has a switch for each.  Whole lives of licenses, many at once,
each account of the reseller with a personality of its own: each call meets every combination of the switches on which
its answer, or the answer of a read that belongs to it, depends.  That is all of them together for a create; what a
create does not ask (`change_core`, `repeated_state`) goes round among the others.  `missing_field` is alternated too:
the front door lets no call without a field pass.
"""
import collections
import itertools
import subprocess
import time

import pytest

from bridge import FINISHED, Rig

WIDE = 12  # accounts for each way to price
PRICES, CORES = ("times_months", "flat"), ("paid", "free")
SWITCHES = {"duplicate_create": ("refused", "charged", "existing"), "license_id": ("number", "text", "absent"),
            "refusals": ("200", "4xx"), "balance": ("number", "string", "float"),
            "product_fields": ("extended", "documented")}
ZONE_SWITCHES = {"repeated_state": ("accepted", "refused"), "refusals": ("200", "4xx"), "zone_invalid": ("400", "200"),
                 "missing_field": ("422", "400")}
TYPES = {"hwid": {"hwid": "H-1"}, "domain": {"domain": "shop.example"}, "ip": {"ip": "198.51.100.20"},
         "all": {"hwid": "H-1", "domain": "shop.example", "ip": "198.51.100.20"}}


def combinations(switches):
    return [dict(zip(switches, values)) for values in itertools.product(*switches.values())]


def personalities(core):
    """Both cores, and both habits of a repeated state, meet whatever does not depend on the first two switches."""
    for row in combinations(SWITCHES):
        first, second = (SWITCHES[name].index(row[name]) for name in ("duplicate_create", "license_id"))
        if CORES[(first + second) % 2] == core:
            yield {**row, "repeated_state": ("accepted", "refused")[second % 2], "missing_field": ("422", "400")[first % 2]}


WAYS = [{"price": price, "change_core": core} for price in PRICES for core in CORES]
PERSONALITIES = [list(personalities(way["change_core"])) for way in WAYS]
LIVES = sum(len(rows) for rows in PERSONALITIES)
ROUNDS = -(-max(len(rows) for rows in PERSONALITIES) // WIDE)


def account(way, place):
    return f"w{way}-{place:02}"


ACCOUNTS = [account(way, place) for way in range(len(WAYS)) for place in range(WIDE)]


def configuration(folder):
    parts = []
    for name in ACCOUNTS:
        (folder / f"{name}.token").write_text(f"token-of-{name}\n")
        parts.append(f"""account {name} {{
  provider = "724license"  base_url = "@UPSTREAM_URL@"  ca_file = "@UPSTREAM_CA@"  token_file = "{folder}/{name}.token"
  call_timeout = "10s"  quiet = "1s"  retry = "200ms .. 2s"
  hints {{ short_of_credits = "bakiye"  exists = "mevcut"  already = "zaten" }}
}}
product ls-{name} {{ account = "{name}"  type = "litespeed" }}
product lx-{name} {{ account = "{name}"  type = "litespeed_x_core" }}""")
    return "\n".join(parts)


@pytest.fixture(scope="module")
def shared_rig(tmp_path_factory):
    products = ", ".join(f'"{line}-{name}"' for name in ACCOUNTS for line in ("ls", "lx"))
    # Thousands of orders: built for speed; what sanitizers have to say of these calls the other files ask.
    with Rig(VARIANT="release", WORKERS=2, CALL_TIMEOUT="10s", QUIET="1s", RETRY="200ms .. 2s", STANDIN_BALANCE="100000",
             RIG_LISANSZONE_REQUESTS=100000, RIG_ZONE="sweep = 0s",
             RIG_CONFIG=configuration(tmp_path_factory.mktemp("accounts")),
             RIG_SOURCE=f"  products += {{ {products} }}") as running:
        running.control("zone", {"limiter": {"enabled": False}})
        for name in ACCOUNTS:
            running.control("account", {"name": name, "token": f"token-of-{name}", "balance": 100000})
        yield running


def sql(rig, text):
    out = subprocess.run(["psql", "-X", "-At", "-F", "|", "-v", "ON_ERROR_STOP=1", rig.env["DATABASE_URL"], "-c", text],
                         capture_output=True, text=True, check=True)
    return [line.split("|") for line in out.stdout.splitlines()]


class Life:
    """The orders of a service, in their order, and what is to become of each."""

    def __init__(self, rig, service, **fields):
        self.rig, self.service, self.fields = rig, service, {"service_id": service, **fields}
        self.count = 0
        self.wanted = []

    def send(self, kind, wanted="succeeded", credits=None, **fields):
        self.count += 1
        key = f"{self.service}:{self.count}"
        given = {**self.fields, **fields, "operation_key": key}
        answer = self.rig.send(f"license.{kind}", **{name: value for name, value in given.items() if value is not None})
        assert answer.status == 202, (given, answer)
        self.wanted.append((key, kind, wanted, credits))


def judge(rig, lives, story):
    """Waits until all is over, and compares."""
    end = time.monotonic() + 120
    while (left := sql(rig, f"select count(*) from ops.orders where state not in {FINISHED}")[0][0]) != "0":
        assert time.monotonic() < end, (left, sql(rig, "select order_id, operation_key, type, state, reason from ops.orders "
                                                       f"where state not in {FINISHED} limit 5"))
        time.sleep(0.1)
    # What a create that found an old license has cost is known when its window is settled, not before.
    while sql(rig, "select count(*) from bridge.account where window_state <> 'shut'")[0][0] != "0":
        assert time.monotonic() < end, sql(rig, "select account, window_state from bridge.account where window_state <> 'shut'")
        time.sleep(0.1)
    rows = {row[0]: row[1:] for row in sql(rig, "select operation_key, state, coalesce(credits, 0), reason from ops.orders")}
    for life in lives:
        for key, kind, wanted, credits in life.wanted:
            state, paid, reason = rows[key]
            assert state == wanted and (credits is None or float(paid) == credits), \
                (key, kind, f"{wanted} for {credits}", rows[key], story(life))


def reseller_life(rig, number, name, way, personality):
    """All seven calls that do something, twice where that is another answer, and each refusal that a life can meet."""
    months = 2 if way["price"] == "times_months" else 1
    old, new = f"10.{number // 200}.{number % 200}.1", f"10.{number // 200}.{number % 200}.2"
    life = Life(rig, f"life{number}", product_code=f"ls-{name}", ip=old)
    life.send("create", credits=3 * months, billing_months=2)
    life.send("renew", credits=3 * months, billing_months=2)
    for kind in ("suspend", "suspend", "unsuspend", "unsuspend"):
        life.send(kind)
    life.send("change_ip", new_ip=new)
    life.fields["ip"] = new
    life.send("change_product", credits=5 if way["change_core"] == "paid" else 0, new_product_code=f"lx-{name}")
    life.fields["product_code"] = f"lx-{name}"
    life.send("renew", credits=5, billing_months=1)
    life.send("terminate")
    again = Life(rig, f"again{number}", product_code=f"lx-{name}", ip=new)
    ends = {"refused": ("failed", 0), "charged": ("succeeded", 5), "existing": ("succeeded", 0)}
    again.send("create", *ends[personality["duplicate_create"]], billing_months=1)
    nobody = Life(rig, f"nobody{number}", product_code=f"ls-{name}", ip=f"10.{number // 200}.{number % 200}.3")
    nobody.send("suspend", "failed")
    return [life, again, nobody]


@pytest.mark.parametrize("round", range(ROUNDS))
def test_each_call_of_the_reseller_meets_each_personality(rig, round):
    lives, met = [], {}
    for way, place in itertools.product(range(len(WAYS)), range(WIDE)):
        which = round * WIDE + place
        if which >= len(PERSONALITIES[way]):
            continue
        name, personality = account(way, place), {**WAYS[way], **PERSONALITIES[way][which]}
        rig.control("personality", {"account": name, "switches": personality})
        for life in reseller_life(rig, which * len(WAYS) + way, name, WAYS[way], personality):
            lives.append(life)
            met[life.service] = personality
    judge(rig, lives, lambda life: met[life.service])


def test_the_reseller_was_paid_what_we_booked(rig):
    """After all rounds: nothing was bought that no order paid for, and nothing was booked that was not bought."""
    booked = {name: float(credits) for name, credits in
              sql(rig, "select account, sum(coalesce(credits, 0)) from ops.orders where account like 'w%' group by 1")}
    charged = {a["name"]: float(a["charged"]) for a in rig.control("accounts")["accounts"] if a["name"] in booked}
    assert len(booked) == len(ACCOUNTS) and booked == charged
    calls = collections.Counter(kind for kind, in sql(rig, "select type from ops.orders where state = 'succeeded'"))
    assert calls["license.change_ip"] == calls["license.change_product"] == calls["license.terminate"] == LIVES == 216
    assert sql(rig, "select account, alarm from bridge.account where alarm is not null") == []


@pytest.mark.parametrize("personality", combinations(ZONE_SWITCHES), ids=lambda p: "-".join(p.values()))
def test_each_call_of_lisans_zone_meets_each_personality(rig, personality):
    rig.control("personality", personality)
    name = "-".join(personality.values())
    lives = []
    for kind, given in TYPES.items():
        key = f"KEY-{kind}-{name}"
        rig.control("zone", {"keys": [{"license_key": key, "verification_type": kind}]})
        fields = {"product_code": "lz-app", "license_key": key, "customer_email": "musteri@example.com",
                  "verification_type": kind, **given}
        life = Life(rig, key, **fields)
        for call in ("create", "verify", "renew", "suspend", "suspend", "unsuspend", "unsuspend", "terminate"):
            life.send(call)
        life.send("verify", "failed")
        stranger = Life(rig, f"stranger-{key}", **{**fields, "license_key": f"NO-{key}"})
        for call in ("create", "verify", "suspend"):
            stranger.send(call, "failed")
        lives += [life, stranger]
    judge(rig, lives, lambda life: personality)
    rig.control("personality", {"zone_invalid": "400", "refusals": "200", "repeated_state": "accepted"})
    for kind in TYPES:
        calls = rig.control(f"ledger?license_key=KEY-{kind}-{name}&limit=100")["calls"]
        assert [c["endpoint"] for c in calls] == ["activate", "verify", "verify", "deactivate", "deactivate", "activate",
                                                  "activate", "deactivate", "verify"], calls
        assert {c["type"] for c in calls if c["endpoint"] != "deactivate"} == {kind}
