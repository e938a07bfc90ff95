# SPDX-License-Identifier: Apache-2.0
"""docs/schema says what the front door takes, neither more nor less, and what the bridge tells panels."""
import copy
import functools
import ipaddress
import json
import re
import subprocess

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import schemas
from bridge import Rig

ROOT = schemas.FOLDER.parents[1]
EVENTS = [name for name in schemas.names() if name.startswith("license.") and name != "license.invalid"]
NOTICES = [name for name in schemas.names() if name not in EVENTS and name != "test.ping"]
PRODUCTS = {"724license": "cpanel", "lisanszone": "lz-app"}
FIELDS = schemas.DEFINITIONS["data"]["properties"]
MANY = settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def shared_rig():
    """Notices go nowhere: they stay in the queue, where they are read."""
    with Rig(CALL_TIMEOUT="1s", QUIET="1s", STANDIN_BALANCE="100000",
             RIG_SOURCE='callback_url = "https://127.0.0.1:1/"\ncallback_allow = { 127.0.0.1 }') as running:
        yield running


@functools.lru_cache(maxsize=None)
def validator(place):
    return schemas.validator(place)


@functools.lru_cache(maxsize=None)
def parts(kind):
    return schemas.schema(kind).get("$defs", {})


def variants(kind):
    return [provider for provider in PRODUCTS if provider in parts(kind)]


def permitted(event, provider):
    """What the schema says of an event for a product of the provider."""
    kind = event["type"]
    return (provider in parts(kind) and validator(kind).is_valid(event)
            and validator(f"{kind}#/$defs/{provider}").is_valid(event["data"]))


def example(kind, provider):
    """The schema's own example, as a dry run for a product of the rig."""
    event = next(copy.deepcopy(e) for e, p in zip(schemas.schema(kind)["examples"], variants(kind)) if p == provider)
    event["data"]["dry_run"] = True
    return event


def taken(rig, event):
    answer = rig.deliver(event)
    assert answer.status in (200, 400, 422), (answer, event)
    return answer


@pytest.mark.parametrize("name", [*schemas.names(), "definitions"])
def test_a_schema_is_one_and_its_examples_fit(name):
    whole = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(whole)
    for shown in whole.get("examples", []):
        assert schemas.problems(name, shown) == []
    assert name == "definitions" or whole["examples"]


def test_what_the_documentation_shows_fits():
    text = (ROOT / "docs" / "webhooks.md").read_text()
    shown = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", text, re.M | re.S)]
    events = [body for body in shown if "data" in body]
    orders = [body for body in shown if "attempts" in body]
    assert len(events) >= 4 and len(orders) == 1
    for event in events:
        assert schemas.problems(event["type"], event) == []
    assert schemas.problems("definitions#/$defs/order", orders[0]) == []
    for name in schemas.names():
        assert f"schema/{name}.json" in text, f"{name} is not linked"


def test_there_is_a_schema_for_every_type():
    words = (ROOT / "provisioning" / "order" / "words.c").read_text()
    assert sorted(set(re.findall(r'"(license\.\w+)"', words))) == EVENTS
    assert NOTICES == sorted(["balance.low", "license.invalid"] + [f"order.{state}" for state in
                             ("succeeded", "failed", "cancelled", "held", "needs_review")])


def test_every_member_that_is_read_is_documented_and_the_other_way_round():
    source = (ROOT / "fcgi" / "panels" / "canonical.c").read_text()
    members, metadata = source.split("METADATA[]", 1)
    read = set(re.findall(r'MEMBER\("(\w+)"', members)) | set(re.findall(r'member_get\(data, "(\w+)"\)', metadata))
    assert read == set(FIELDS)
    assert set(re.findall(r'MEMBER\("(\w+)"', metadata)) == set(schemas.DEFINITIONS["metadata"]["properties"])


@pytest.mark.parametrize("kind", [*EVENTS, "test.ping", *NOTICES])
def test_examples_of_bridgectl_fit_and_are_taken(rig, kind):
    for provider in variants(kind) or ["724license"]:
        field = [] if kind not in EVENTS else ["--field", f"product_code={PRODUCTS[provider]}", "--field", "dry_run=true"]
        if kind == "license.change_product":
            field[1] = "product_code=litespeed"
        done = rig.ctl_program("trigger", kind, "--source", "demo", "--url", "http://127.0.0.1:9", *field, "--dry-run")
        assert done.returncode == 0, done
        event = json.loads(done.stdout)
        assert schemas.problems(kind, event) == []
        if kind not in NOTICES:
            assert taken(rig, event).status == 200
        if kind in EVENTS:
            assert permitted(event, provider)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_documented_member_is_known_to_the_parser(rig, name):
    """1.5 is good for no member, and one that is not read could not be refused."""
    event = example("license.create", "lisanszone")
    event["data"][name] = 1.5
    answer = taken(rig, event)
    assert (answer.status, answer.body["field"]) == (422, f"data.{name}")
    for inner in schemas.DEFINITIONS["metadata"]["properties"] if name == "metadata" else []:
        event["data"]["metadata"] = {inner: 1.5}
        assert taken(rig, event).body["field"] == f"data.metadata.{inner}"


@pytest.mark.parametrize("kind, provider", [(kind, provider) for kind in EVENTS for provider in PRODUCTS])
def test_members_that_are_missing(rig, kind, provider):
    """Each required member left out and null, and each optional one."""
    if provider not in parts(kind):
        event = {"type": kind, "data": {"service_id": "1", "product_code": PRODUCTS[provider], "dry_run": True}}
        assert taken(rig, event).body["field"] == "type"
        return
    whole = example(kind, provider)
    assert permitted(whole, provider) and taken(rig, whole).status == 200, taken(rig, whole)
    for name in set(whole["data"]) - {"dry_run"}:
        for value in (None, ...):
            event = copy.deepcopy(whole)
            event["data"][name] = value
            if value is ...:
                del event["data"][name]
            assert (taken(rig, event).status == 200) == permitted(event, provider), event


TEXTS = st.one_of(st.text(st.characters(blacklist_categories=["Cs"]), max_size=12),
                  st.sampled_from(["", "x" * 200, "x" * 201, "x" * 255, "x" * 256, "ğ" * 100, "ğ" * 101, "ğ" * 127, "ğ" * 128,
                                   "a\n", "a\x7f", "\x85", "\xa0", "\u2028", "0", "-", "null"]))
JUNK = st.sampled_from([0, 1, -1, 1.0, 1.5, 1e5, True, False, [], {}, [1], {"a": 1}, 2 ** 63, 2 ** 63 - 1, -2 ** 63, ""])
GROUPS = st.lists(st.sampled_from(["0", "00", "0000", "1", "ffff", "FFFF", "ff02", "ff", "fe80", "2001", "1.2.3.4", "10000", ""]),
                  min_size=1, max_size=9).map(":".join)
IPS = st.one_of(st.ip_addresses().map(str), st.ip_addresses(v=6).map(lambda a: a.exploded.upper()), GROUPS,
                st.lists(st.sampled_from(["0", "1", "01", "10", "127", "192", "224", "239", "240", "255", "256", "٣"]), min_size=3,
                         max_size=5).map(".".join),
                st.sampled_from(["203.0.113.10", "2001:db8::1", "::", "::1", "::2", "::ffff:1.2.3.4", "::1.2.3.4", "64:ff9b::1.2.3.4",
                                 "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::2::3", "1.2.3.4\n", "2001:db8::1\n", "fe80::1%eth0",
                                 "255.255.255.255", "255.255.255.254", "0:0:0:0:0:ffff::", "0:0:0:0:0:0:5::", "1:2:3:4:5:6:1.2.3.04"]))
DATES = st.one_of(st.dates().map(str), st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", fullmatch=True),
                  st.sampled_from(["0000-01-01", "1900-02-29", "2000-02-29", "2024-02-29", "2023-02-29", "2026-12-21\n", "2026-1-1"]))
TIMES = st.one_of(
    st.builds("{}{}{}{}".format, st.one_of(st.dates().map(str), DATES), st.sampled_from("Tt "),
              st.sampled_from(["18:00:00", "23:59:59", "24:00:00", "00:60:00", "23:59:60", "1:2:3"]),
              st.sampled_from(["Z", "z", ".5Z", ".123456789Z", ".Z", "+00:00", "-23:59", "+24:00", "", "Z\n"])), TEXTS
).filter(lambda text: not re.match("1970|9999", text))
HOSTS = st.one_of(st.text("aZ0-._", max_size=8), st.sampled_from(["a" * 63, "a" * 64, "www.example.com", "a.", ".a", "-a", "a-",
                                                                  ".".join(["a" * 62] * 4), ".".join(["a" * 63] * 4), "ğ.com"]))
EMAILS = st.one_of(st.text("a@ .ğ", max_size=6), st.sampled_from(["a@" + "b" * 252, "a@" + "b" * 253, "a@\x85b", "ğ@" + "ğ" * 126]))
CREDITS = st.one_of(st.from_regex(r"-?[0-9]{0,11}(\.[0-9]{0,7})?", fullmatch=True),
                    st.sampled_from(["4.5", "-0", "-0.0", "-0.000001", "1000000000", "1000000000.000000", "1000000000.000001", "0" * 31,
                                     "0" * 32, "1e3", "+1", "4\n", " 4", 10 ** 9, 10 ** 9 + 1]))
POOLS = {
    **dict.fromkeys(FIELDS, TEXTS), "ip": IPS, "new_ip": IPS, "period_end": DATES, "domain": HOSTS, "customer_email": EMAILS,
    "max_credits": CREDITS, "billing_months": st.integers(-1, 122), "sequence": st.integers(-2, 2 ** 63),
    "verification_type": st.sampled_from(["hwid", "domain", "ip", "all", "ALL", "none"]),
    "metadata": st.one_of(st.dictionaries(st.sampled_from(["machine_name", "os_info", "other"]), st.one_of(TEXTS, JUNK, st.none())), JUNK),
    "dry_run": st.sampled_from([True, "true", 1, 0, "", [], {}]),
}


@st.composite
def mutated(draw):
    """An event like the example with some members made anew, and the provider of its product."""
    kind = draw(st.sampled_from(EVENTS))
    provider = draw(st.sampled_from(variants(kind)))
    event = example(kind, provider)
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=4, unique=True)):
        value = draw(st.one_of(POOLS[name], POOLS[name], st.none(), JUNK))
        if name == "dry_run":
            value = draw(POOLS[name])  # nothing here may become an order
        elif name in ("product_code", "new_product_code") and isinstance(value, str) and 0 < len(value.encode()) <= 200 \
                and (name == "product_code" or kind == "license.change_product"):
            continue  # whether there is such a product is the configuration's business
        event["data"][name] = value
    for name in draw(st.lists(st.sampled_from(["timestamp", "schema", "other", "data"]), max_size=1)):
        pools = {"timestamp": TIMES, "schema": st.sampled_from([1, 2, "1", None]), "other": JUNK, "data": JUNK}
        event[name] = draw(st.one_of(pools[name], JUNK))
    return event, provider


EDGES = {
    "billing_months": [0, 1, 120, 121], "sequence": [-1, 0, 2 ** 63 - 1, 2 ** 63], "max_credits": [-1, 0, 10 ** 9, 10 ** 9 + 1],
    **{name: ["", *(letter * count for letter in "xğ" for count in (100, 101, 127, 128, 200, 201, 255, 256))]
       for name in sorted(set(FIELDS) - {"product_code", "ip", "new_ip", "period_end", "dry_run", "metadata", "billing_months", "sequence",
                                         "max_credits", "verification_type"})},
    "metadata": [{"machine_name": "x" * 255}, {"machine_name": "x" * 256}, {"os_info": "x" * 256}, [], [1]],
}


@pytest.mark.parametrize("name", sorted(EDGES))
def test_edges(rig, name):
    """The last value that is good and the first that is not, for both providers."""
    for provider in PRODUCTS:
        for value in EDGES[name]:
            event = example("license.create", provider)
            event["data"][name] = value
            assert (taken(rig, event).status == 200) == permitted(event, provider), (name, value, provider)


def same_address(data):
    try:
        return ipaddress.ip_address(data["ip"]) == ipaddress.ip_address(data["new_ip"])
    except (ValueError, KeyError):
        return False


@MANY
@given(mutated())
def test_the_front_door_takes_what_fits_and_nothing_else(shared_rig, made):
    event, provider = made
    assume(not (isinstance(event["data"], dict) and same_address(event["data"])))
    answer = taken(shared_rig, event)
    assert (answer.status == 200) == permitted(event, provider), (answer, event)


@MANY
@given(IPS)
def test_addresses(shared_rig, ip):
    event = example("license.suspend", "724license")
    event["data"]["ip"] = ip
    answer = taken(shared_rig, event)
    assert (answer.status == 200) == permitted(event, "724license"), (answer, ip)


def query(rig, sql):
    return subprocess.run(["psql", "-X", "-At", rig.env["DATABASE_URL"], "-c", sql], capture_output=True, text=True,
                          check=True).stdout.strip()


def test_what_the_bridge_tells_fits(rig, services):
    """One notice of every type, as it stands in the queue."""
    services().done("license.create")
    lost = services()
    rig.fault(endpoint="create", ip=lost.ip, fault="drop", when="before", times=1)
    assert rig.wait(lost.order("license.create"))["state"] == "needs_review"
    zone = services("lz-app")
    assert rig.wait(zone.order("license.verify", license_key="NOBODY", customer_email="nobody@example.com"))["state"] == "failed"
    assert rig.ctl_program("pause", "main", "--reason", "test").returncode == 0
    waiting = services().order("license.create")
    assert rig.wait(waiting)["state"] == "held"
    assert rig.ctl_program("cancel", waiting, "--reason", "test").returncode == 0
    query(rig, "select bridge.license_invalid(min(license_id), 'the provider calls it invalid') from bridge.license")
    query(rig, "update bridge.account set low_balance = '{1000000}' where account = 'main'")
    told = [json.loads(line) for line in query(rig, "select payload from bridge.callback").split("\n")]
    assert sorted({notice["type"] for notice in told}) == NOTICES
    for notice in told:
        assert schemas.problems(notice["type"], notice) == []
        if notice["type"].startswith("order."):
            assert set(notice["data"]) == set(schemas.DEFINITIONS["order"]["properties"])
            assert set(notice["data"]["license"]) == set(schemas.DEFINITIONS["license"]["properties"])
    assert schemas.problems("definitions#/$defs/order", rig.order(waiting)) == []
