# SPDX-License-Identifier: Apache-2.0
"""A real browser walks over the dashboard: nginx, bridge-fcgi ops and PostgreSQL behind it are the real ones.

The rig is filled once with what the pages are there to show: purchases, a doubt, holds, refusals, hostile strings.
Pictures of every page go to build/screens."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import psycopg
import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "rig"), str(ROOT / "tests" / "bench")]
import ops_bench  # noqa: E402
from bridge import Rig  # noqa: E402

HOSTILE = '<img src=x onerror="globalThis.owned=1">'
STRINGS = [HOSTILE, "javascript:alert(1)", "=cmd|' /C calc'!A0", "${7*7}{{7*7}}", "'; drop table orders; --"]
WALKS = re.findall(r"^  async (\w+)\(\)", (HERE / "npm" / "walks.js").read_text(), re.M)


def test_every_text_has_its_turkish():
    dashboard = ROOT / "nginx" / "dashboard"
    done = subprocess.run(["node", "--input-type=module", "-e", f"""
        const words = (await import('{dashboard}/words.tr.js')).default
        console.log(JSON.stringify(words))"""], capture_output=True, text=True, check=True)
    turkish = json.loads(done.stdout)
    used = set()
    for file in [*dashboard.glob("*.js"), *dashboard.glob("pages/*.js")]:
        if file.name == "words.tr.js":
            continue
        text = file.read_text()
        for pattern in (r"\bt\('([^']+)'", r"\b(?:label|text|title): '([^']+)'", r"\['[a-z_/]*', '([^']+)'\]",
                        r"\['.', '\w*', '([^']+)'\]"):
            used |= set(re.findall(pattern, text))
        if file.name == "words.js":
            used |= set(re.findall(r"\w+: '([a-z ]+)'", text))
        verdicts = re.search(r"const VERDICTS = \{(.*?)\}", text, re.S)
        used |= set(re.findall(r": '([^']+)'", verdicts.group(1))) if verdicts else set()
    assert used - set(turkish) == set(), "no Turkish for these"
    assert set(turkish) - used == set(), "nobody says these"
    for english, text in turkish.items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", text)), english


def test_what_is_vendored_is_what_was_taken():
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=ROOT / "nginx" / "dashboard" / "vendor", check=True,
                   capture_output=True)


@pytest.fixture(scope="session")
def walker(tmp_path_factory):
    """The folder with the pinned packages."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    if not pathlib.Path(os.environ.get("CHROMIUM", "/usr/bin/chromium")).exists():
        pytest.skip("chromium is not installed")
    folder = tmp_path_factory.mktemp("browser") / "npm"
    shutil.copytree(HERE / "npm", folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
    return folder


def buy(rig, number, product="cpanel", **more):
    """A create; its order id."""
    fields = {"service_id": f"svc{number}", "product_code": product, "ip": f"198.51.100.{number}", "billing_months": 1,
              "operation_key": f"svc{number}:create:1", **more}
    answer = rig.send("license.create", **fields)
    assert answer.status == 202, answer
    return answer.body["order_id"]


def hold(rig, order):
    """Between two calls of it, so it may take a few tries."""
    for _ in range(50):
        done = rig.ctl_program("hold", str(order), "--reason", "a storm")
        if done.returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError(done)


def filled(rig):
    """Sends what the walks look for; their facts."""
    done = [buy(rig, 1, ip="203.0.113.10"), buy(rig, 2, product="litespeed", ip="203.0.113.10"), *(buy(rig, n) for n in range(3, 9))]
    for order in done:
        rig.wait(order, ("succeeded",))
    rig.wait(rig.send("license.renew", service_id="svc1", product_code="cpanel", ip="203.0.113.10", billing_months=1,
                      operation_key="svc1:renew:1").body["order_id"], ("succeeded",))
    with psycopg.connect(rig.env["DATABASE_URL"]) as owner:
        owner.execute("select bridge.license_invalid(license_id, 'gone') from bridge.license where service_id = 'svc8'")
    assert rig.send("license.create", service_id="svc9", product_code="cpanel", ip="203.0.113.010", billing_months=1,
                    operation_key="x").status == 422
    assert rig.deliver(b'{"type":"' + HOSTILE.encode() + b'"}').status in (400, 422)
    assert rig.deliver(b"{}", secret="whsec_" + "A" * 32).status == 401
    doubts = []
    for number in (20, 21):
        rig.fault(endpoint="create", ip=f"198.51.100.{number}", fault="drop", when="before", times=1)
        doubts.append(buy(rig, number))
        rig.wait(doubts[-1], ("needs_review",))
    strange = rig.send("license.create", service_id=STRINGS[0], order_id=STRINGS[1], invoice_id=STRINGS[2], product_code="cpanel",
                       ip="198.51.100.30", billing_months=1, operation_key=STRINGS[3], reason=STRINGS[4], invoice_item_id="i",
                       metadata={HOSTILE: HOSTILE})
    assert strange.status == 202, strange
    rig.wait(strange.body["order_id"], ("succeeded",))
    rig.fault(endpoint="suspend", fault="5xx", when="before", times=1000)
    held = []
    for number in (3, 4, 5):
        answer = rig.send("license.suspend", service_id=f"svc{number}", product_code="cpanel", ip=f"198.51.100.{number}")
        held.append(answer.body["order_id"])
    for order in held:
        hold(rig, order)
    return {"happened": doubts[0], "reviewed": doubts[1], "hostile": strange.body["order_id"], "held": len(held), "suspended": held[0], "licenses": 2,
            "license": str(rig.order(done_id(rig))["license"]["license_id"]), "strings": STRINGS}


def done_id(rig):
    return rig.send("license.create", service_id="svc1", product_code="cpanel", ip="203.0.113.10", billing_months=1,
                    operation_key="svc1:create:1").body["order_id"]


@pytest.fixture(scope="session")
def scene():
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="1000") as rig:
        yield rig, filled(rig)


def walked(rig, walker, walk, facts):
    env = {**os.environ, "BASE": rig.env["OPS_URL"], "TOKEN": rig.env["OPS_TOKEN"], "SCREENS": str(ROOT / "build" / "screens"),
           "FACTS": json.dumps(facts)}
    done = subprocess.run(["node", "walks.js", walk], cwd=walker, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout
    print(done.stdout)


@pytest.mark.parametrize("walk", WALKS)
def test_walk(scene, walker, walk):
    walked(scene[0], walker, walk, scene[1])


if "OPS_SET" in os.environ:  # names a large set (make bench-ops)
    def test_the_orders_of_a_large_set_are_painted_as_soon(walker):
        with ops_bench.kept_set(os.environ["OPS_SET"], 10000000) as rig:
            walked(rig, walker, "paint", {})
