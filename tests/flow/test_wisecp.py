# SPDX-License-Identifier: Apache-2.0
"""The WISECP module under Debian's php against a running bridge. WISECP's queue repeats what did not return true, so
repeating is what happens most; and the FOSSBilling example does what it says."""
import contextlib
import itertools
import json
import os
import re
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from panel import SECRETLIKE, STUBS, Line, modules

NUMBERS = itertools.count(501)
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

pytestmark = pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")


def php(*words, **env):
    done = subprocess.run(["php", "-d", "error_reporting=-1", "-d", "display_errors=stderr", *map(str, words)],
                          env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


class Wisecp:
    """One WISECP with one order of one license."""

    def __init__(self, folder, rig, **order):
        self.root, self.rig = folder, rig
        self.line = Line(rig.env["BASE_URL"])
        shutil.copytree(modules() / "wisecp", folder)
        number = next(NUMBERS)
        self.ip = f"10.88.{number // 250}.{number % 250 + 1}"
        self.order = {"id": f"w{number}", "period": "month", "period_time": 1, "duedate": "2026-12-21 00:00:00",
                      "status": "active", "options": {"creation_info": {"product_code": "cpanel", "ip": self.ip,
                                                                        "client_moves": "1"}}} | order
        self.put("order.json", self.order)
        self.put("settings.json", {"url": self.line.url, "source": "demo", "secret": rig.env["WEBHOOK_SECRET"]})

    def put(self, name, what):
        (self.root / name).write_text(json.dumps(what))

    def change(self, **values):
        self.put("order.json", json.loads((self.root / "order.json").read_text()) | values)

    def change_info(self, **values):
        order = json.loads((self.root / "order.json").read_text())
        order["options"]["creation_info"].update(values)
        self.put("order.json", order)

    def call(self, method, *arguments, **env):
        return json.loads(php(STUBS / "wisecp.php", self.root, method, json.dumps(arguments), **env))

    def finish(self, method, *arguments, seconds=30):
        """As WISECP's queue does: again until it is not false."""
        end = time.monotonic() + seconds
        answer = self.call(method, *arguments)
        while answer["result"] is False:
            assert time.monotonic() < end, answer
            time.sleep(0.3)
            answer = self.call(method, *arguments)
        return answer

    def bought(self, ip=None, product="cpanel"):
        page = self.rig.control(f"purchases?ip={ip or self.ip}&type={product}")["purchases"]
        return (page[0]["creates"], page[0]["renews"]) if page else (0, 0)

    def effects(self, ip=None):
        return [call["endpoint"] for call in self.rig.control(f"ledger?ip={ip or self.ip}&effects=1")["calls"]]


@pytest.fixture
def wisecp(rig, tmp_path):
    panels = []

    def make(**order):
        panels.append(Wisecp(tmp_path / f"wisecp{len(panels)}", rig, **order))
        return panels[-1]
    yield make
    for panel in panels:
        panel.line.shutdown()
        panel.line.server_close()


def test_a_life_with_lost_answers(wisecp):
    panel = wisecp()
    panel.line.lose = 1
    answer = panel.finish("create", panel.order["options"])
    assert answer["result"]["config"]["license_bridge"]["ip"] == panel.ip
    assert panel.line.deliveries()[0] == panel.line.deliveries()[1]
    panel.finish("create", panel.order["options"])  # repeated by the queue: the same order
    for method in ("suspend", "unsuspend", "suspend", "unsuspend"):
        panel.line.lose = 1
        assert panel.finish(method)["result"] is True
    assert panel.effects() == ["create", "suspend", "unsuspend", "suspend", "unsuspend"]
    panel.finish("delete")
    panel.change_info(ip="10.88.9.9")
    panel.finish("create", panel.order["options"])
    assert (panel.bought(), panel.bought("10.88.9.9")) == ((1, 0), (1, 0))


def test_renewal_is_one_purchase_per_due_date(wisecp):
    panel = wisecp(period="year")
    panel.finish("create", panel.order["options"])
    for _ in range(3):
        panel.finish("renewal", panel.order["options"])
    assert panel.bought() == (1, 1)
    event = json.loads(panel.line.deliveries()[-1][1])["data"]
    assert (event["operation_key"], event["billing_months"]) == (f"{panel.order['id']}:renew:2026-12-21", 12)
    panel.change(duedate="2027-12-21 00:00:00")
    panel.finish("renewal", panel.order["options"])
    assert panel.bought() == (1, 2)


def test_nobody_answers_then_somebody_does(wisecp):
    panel = wisecp()
    settings = json.loads((panel.root / "settings.json").read_text())
    panel.put("settings.json", settings | {"patience": 2})
    panel.line.lose = 1000
    answer = panel.call("create", panel.order["options"])
    assert answer["result"] is False and "did not answer" in answer["error"]
    panel.line.lose = 0
    lost = panel.line.deliveries()
    panel.finish("create", panel.order["options"])
    assert len({body for _, body in panel.line.deliveries()}) == 1 and lost and panel.bought() == (1, 0)


def test_address_by_staff_and_by_the_client(wisecp):
    panel = wisecp()
    panel.finish("create", panel.order["options"])
    assert "is on" in panel.call("use_adminArea_change_ip")["error"]
    panel.change_info(ip="10.88.8.1")
    panel.finish("use_adminArea_change_ip")
    assert panel.effects()[-1] == "change-ip"
    assert "<form" in panel.call("use_clientArea_change_ip")["output"]
    output = panel.call("use_clientArea_change_ip", WISECP_POST="new_ip=10.88.8.2")["output"]
    assert output in ("done", "Your request was received and is being carried out. Please look again in a few minutes.")
    panel.change_info(client_moves="")
    assert "cannot be changed" in panel.call("use_clientArea_change_ip", WISECP_POST="new_ip=10.88.8.3")["output"]
    assert panel.call("save_adminArea_service_fields", {"new": {"creation_info": {"ip": "x"}}})["result"] is False


def test_upgrade_changes_the_product(wisecp):
    panel = wisecp()
    panel.change_info(product_code="litespeed")
    panel.finish("create", panel.order["options"])
    assert panel.call("apply_updowngrade", {"module_data": {"product_code": "litespeed"}})["result"] is True
    panel.line.lose = 1
    panel.finish("apply_updowngrade", {"module_data": {"product_code": "litespeed_x_core"}})
    assert panel.effects() == ["create", "change-core"]


def test_settings_are_saved_when_the_bridge_accepts_them(wisecp):
    panel = wisecp()
    secret = panel.rig.env["WEBHOOK_SECRET"]
    wrong = "whsec_" + "QUJD" * 10 + "QUI="
    post = f"url={panel.line.url}&source=demo&wait=5&secret="
    answer = panel.call("controller_settings", WISECP_POST=post + wrong.replace("=", "%3D"))
    assert json.loads(answer["output"])["status"] == "error" and "webhook-signature" in answer["output"]
    assert json.loads((panel.root / "settings.json").read_text())["secret"] == secret
    answer = panel.call("controller_settings", WISECP_POST=post + "*****", WISECP_LANGUAGE="tr")
    assert json.loads(answer["output"])["status"] == "successful" and "Bağlandı" in answer["output"]
    assert json.loads((panel.root / "settings.json").read_text())["wait"] == 5
    page = panel.call("configuration")["result"]
    assert secret not in page and "*****" in page and 'name="controller" value="settings"' in page
    options = panel.call("config_options", {"product_code": "cpanel"})["result"]
    assert options["product_code"]["options"]["cpanel"] == "cpanel (724license)"


@contextlib.contextmanager
def served(panel):
    """The settings page at a URL, pressing its button by itself; what it posts goes to the module."""
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self):
            page = panel.call("configuration")["result"]
            self.answer("text/html; charset=utf-8", page + "<script>addEventListener('load', () => "
                        "document.querySelector('button').click())</script>")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.answer("application/json", panel.call("controller_settings", WISECP_POST=body)["output"])

        def answer(self, kind, text):
            self.send_response(200)
            self.send_header("content-type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(not os.path.exists(CHROMIUM), reason="chromium is not installed")
@pytest.mark.parametrize("source, said", [("demo", "Connected: the bridge accepts"), ("nobody", "there is no such source")])
def test_the_settings_page_says_what_the_bridge_said(wisecp, tmp_path, source, said):
    panel = wisecp()
    panel.put("settings.json", json.loads((panel.root / "settings.json").read_text()) | {"source": source})
    with served(panel) as url:
        done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/browser",
                               "--virtual-time-budget=20000", "--dump-dom", url], capture_output=True, text=True,
                              timeout=60, check=True)
    assert said in re.search(r'<p id="LicenseBridgeSaid"[^>]*>(.*?)</p>', done.stdout)[1], done.stdout


def test_what_is_shown_and_what_is_not(wisecp):
    panel = wisecp()
    panel.finish("create", panel.order["options"])
    panel.finish("suspend")
    fields = panel.call("adminArea_service_fields", WISECP_LANGUAGE="tr")["result"]
    assert "tamamlandı" in fields["orders"]["value"] and "Kredi 4" in fields["orders"]["value"]
    area = panel.call("clientArea")["result"]
    assert "suspended" in area and panel.ip in area
    panel.put("settings.json", {"url": panel.line.url, "source": "demo", "secret": "whsec_" + "QUJD" * 10 + "QUI="})
    assert panel.call("suspend")["result"] is False
    log = (panel.root / "log.jsonl").read_text()
    assert "webhook-signature" in log and not SECRETLIKE.search(log) and panel.rig.env["WEBHOOK_SECRET"][6:] not in log


def test_the_fossbilling_example(rig, tmp_path):
    folder = modules() / "examples"
    config = {"url": rig.env["BASE_URL"], "source": "demo", "secret": rig.env["WEBHOOK_SECRET"], "product_code": "cpanel"}
    ip = f"10.88.200.{next(NUMBERS) % 250 + 1}"
    order = {"id": f"foss{ip}", "period": "1M", "expires_at": "2026-12-21 10:00:00", "config": {"ip": ip}}
    code = ("require $argv[1]; $p = new LicenseBridgePlugin(json_decode($argv[2], true));"
            "$m = $argv[4]; try { echo json_encode($p->$m([], json_decode($argv[3], true))); }"
            "catch (LicenseBridge\\Trouble $t) { echo json_encode($t->getMessage()); }")

    def finish(method):
        end = time.monotonic() + 30
        while True:
            said = json.loads(php("-r", code, folder / "LicenseBridgePlugin.php", json.dumps(config), json.dumps(order), method))
            if said is True:
                return
            assert time.monotonic() < end and "try again later" in said, said
            time.sleep(0.3)

    for method in ("activate", "activate", "renew", "renew"):
        finish(method)
    page = rig.control(f"purchases?ip={ip}&type=cpanel")["purchases"][0]
    assert (page["creates"], page["renews"]) == (1, 1)
