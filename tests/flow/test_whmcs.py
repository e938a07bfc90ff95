# SPDX-License-Identifier: Apache-2.0
"""The WHMCS module under Debian's php against a running bridge: what staff and clients do, what gets lost on the
way, and what the upstream sold in the end."""
import contextlib
import itertools
import json
import shutil
import time

import pytest

from panel import SECRETLIKE, PhpServer, Whmcs

NUMBERS = itertools.count(8001)
WRONG = "whsec_" + "QUJD" * 10 + "QUI="

pytestmark = pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")


@pytest.fixture
def whmcs(rig, tmp_path):
    panel = Whmcs(tmp_path / "whmcs", rig, NUMBERS)
    yield panel
    panel.close()


@pytest.fixture
def active(whmcs):
    """Makes services whose license is bought."""
    def make(**options):
        service = whmcs.service(**options)
        whmcs.finish("CreateAccount", service)
        return service
    return make


@contextlib.contextmanager
def paused(rig):
    """Orders of the account wait as held."""
    def ctl(word):
        done = rig.ctl_program(word, "main", "--reason", "test")
        assert done.returncode == 0, done.stderr

    ctl("pause")
    try:
        yield
    finally:
        ctl("resume")


def ip_of(whmcs, service):
    return whmcs.sql("select value from stub_fields where serviceid = ? and name = 'IP Address'", values=(service,))[0]["value"]


def test_create_waits_for_the_end_and_welcomes_only_then(whmcs):
    service = whmcs.service()
    assert whmcs.run("CreateAccount", service) == "success"
    assert len(whmcs.line.seen) == 1 and whmcs.bought(ip_of(whmcs, service)) == (1, 0)
    row = whmcs.row(service)
    assert (row["domainstatus"], row["dedicatedip"], row["username"]) == ("Active", ip_of(whmcs, service), f"lb-{service}")
    assert whmcs.log("welcome") == [service] and whmcs.queue(service) == []
    method, path, headers, body = whmcs.line.seen[0]
    assert (method, path, headers["prefer"]) == ("POST", "/v1/events/demo", "wait=15")
    event = json.loads(body)
    assert event["data"] == {"operation_key": f"{service}:create:1", "service_id": str(service), "product_code": "cpanel",
                             "ip": ip_of(whmcs, service), "billing_months": 1}
    # Pressed again and again: the same order.
    for _ in range(3):
        assert whmcs.run("CreateAccount", service) == "success"
    assert whmcs.bought(ip_of(whmcs, service)) == (1, 0)


def test_an_order_that_is_not_done_is_a_text_and_no_welcome(whmcs, rig):
    whmcs.product(2, "cpanel", o9="1")
    service = whmcs.service(product=2)
    with paused(rig):
        text = whmcs.run("CreateAccount", service)
        assert "is held at the bridge" in text and "Order " in text
        assert whmcs.row(service)["domainstatus"] == "Pending" and whmcs.log("welcome") == []
        assert whmcs.queue(service) == ["CreateAccount"]
    whmcs.finish("CreateAccount", service)
    assert whmcs.log("welcome") == [service] and whmcs.bought(ip_of(whmcs, service)) == (1, 0)


def test_a_lost_answer_is_sent_again_under_the_same_id(whmcs):
    service = whmcs.service()
    whmcs.line.lose = 1
    whmcs.finish("CreateAccount", service)
    first, second = whmcs.line.deliveries()[:2]
    assert first == second and first[0].startswith("msg_")
    signatures = [headers["webhook-signature"] for _, _, headers, _ in whmcs.line.seen[:2]]
    assert signatures[0] != signatures[1]  # signed again with the time of the new try
    assert whmcs.bought(ip_of(whmcs, service)) == (1, 0)


def test_busy_is_repeated_after_its_time(whmcs):
    service = whmcs.service()
    whmcs.line.busy = 2
    whmcs.finish("CreateAccount", service)
    ids = [delivery for delivery, _ in whmcs.line.deliveries()[:3]]
    assert len(set(ids)) == 1 and whmcs.bought(ip_of(whmcs, service)) == (1, 0)


def test_module_queue_retry_is_a_new_delivery_with_the_same_key(whmcs):
    service = whmcs.service()
    whmcs.line.lose = 1000
    text = whmcs.run("CreateAccount", service, LICENSEBRIDGE_PATIENCE="2")
    assert "did not answer" in text and whmcs.queue(service) == ["CreateAccount"] and whmcs.log("welcome") == []
    lost = whmcs.line.deliveries()
    whmcs.line.lose = 0
    whmcs.finish("CreateAccount", service)
    later = whmcs.line.deliveries()[len(lost):]
    assert later[0][0] not in {delivery for delivery, _ in lost}
    assert {body for _, body in lost + later} == {lost[0][1]}  # byte by byte the same wish
    assert whmcs.bought(ip_of(whmcs, service)) == (1, 0) and whmcs.queue(service) == []


def test_two_services_of_one_product_are_two_licenses(whmcs, active):
    first, second = active(), active()
    assert [whmcs.bought(ip_of(whmcs, service)) for service in (first, second)] == [(1, 0), (1, 0)]


def test_suspend_unsuspend_again_and_again(whmcs, active, rig):
    service = active()
    ip = ip_of(whmcs, service)
    for action, status in [("SuspendAccount", "suspended"), ("UnsuspendAccount", "active")] * 2:
        whmcs.finish(action, service)
        assert rig.control(f"licenses?ip={ip}&type=cpanel")["licenses"][0]["state"] == status
    effects = [call["endpoint"] for call in rig.control(f"ledger?ip={ip}&effects=1")["calls"]]
    assert effects == ["create", "suspend", "unsuspend", "suspend", "unsuspend"]


def test_a_generation_ends_with_its_terminate(whmcs, active):
    service = active()
    whmcs.finish("TerminateAccount", service)
    assert whmcs.row(service)["domainstatus"] == "Terminated"
    assert whmcs.run("TerminateAccount", service) == "success"  # the same order again
    whmcs.field(service, "10.78.0.1")
    whmcs.finish("CreateAccount", service)
    assert whmcs.bought("10.78.0.1") == (1, 0)
    keys = [json.loads(body)["data"]["operation_key"] for _, body in whmcs.line.deliveries()]
    assert f"{service}:create:1" in keys and f"{service}:create:2" in keys


def test_renew_is_one_purchase_per_paid_line(whmcs, active):
    service = active()
    ip = ip_of(whmcs, service)
    assert "No paid invoice" in whmcs.run("Renew", service)
    whmcs.pay(9901, 20417, service, "2026-12-21")
    whmcs.pay(9901, 20417, service, "2026-12-21")  # marked paid twice
    for _ in range(3):
        whmcs.finish("Renew", service)
    assert whmcs.bought(ip) == (1, 1)
    event = json.loads(whmcs.line.deliveries()[-1][1])["data"]
    assert (event["operation_key"], event["invoice_id"], event["invoice_item_id"], event["period_end"]) == (
        f"{service}:renew:20417", "9901", "20417", "2027-01-21")
    whmcs.pay(9950, 20500, service, "2027-01-21")
    whmcs.line.lose = 1
    whmcs.finish("Renew", service)
    assert whmcs.bought(ip) == (1, 2)


def test_two_paid_lines_are_both_renewed_and_the_first_period_never(whmcs, active):
    service = active()
    whmcs.pay(9960, 20600, service, "2026-11-21")  # the line of the purchase itself, paid late
    assert "first period" in whmcs.run("Renew", service)
    whmcs.pay(9961, 20601, service, "2026-12-21")
    whmcs.pay(9962, 20602, service, "2027-01-21")
    whmcs.pay(9963, 20603, service, "2027-01-21", kind="Addon")
    whmcs.finish("Renew", service)
    assert whmcs.bought(ip_of(whmcs, service)) == (1, 2)


def test_staff_change_the_address(whmcs, active, rig):
    service = active()
    old = ip_of(whmcs, service)
    assert f"is on {old} already" in whmcs.run("changeip", service)
    whmcs.field(service, "10.79.0.1")
    whmcs.line.lose = 1
    whmcs.finish("changeip", service)
    assert rig.control("licenses?ip=10.79.0.1&type=cpanel")["licenses"][0]["state"] == "active"
    assert rig.control(f"licenses?ip={old}&type=cpanel")["licenses"] == [] and whmcs.row(service)["dedicatedip"] == "10.79.0.1"
    whmcs.finish("SuspendAccount", service)  # what follows goes to the new address
    assert rig.control("licenses?ip=10.79.0.1&type=cpanel")["licenses"][0]["state"] == "suspended"
    whmcs.field(service, "not an address")
    assert '"not an address" is not an IP address' in whmcs.run("changeip", service)


def test_clients_change_the_address_where_they_may(whmcs, active, rig):
    service = active()
    old = ip_of(whmcs, service)
    page = whmcs.function("clientchangeip", service)
    assert page["templatefile"] == "templates/changeip" and page["vars"]["serviceid"] == service
    assert "not an IP" in whmcs.function("clientchangeip", service, WHMCS_POST="newip=1.2.3")
    result = whmcs.function("clientchangeip", service, WHMCS_POST="newip=10.79.0.2")
    assert result == "success" or "being carried out" in result
    whmcs.field(service, "10.79.0.2")
    rig.wait(whmcs.sql("select order_id from mod_licensebridge_operation where serviceid = ? and action = 'change_ip'",
                       values=(service,))[0]["order_id"])
    assert rig.control(f"licenses?ip={old}&type=cpanel")["licenses"] == []
    whmcs.product(3, "cpanel", o5="")
    closed = active(product=3)
    assert "cannot be changed here" in whmcs.function("clientchangeip", closed, WHMCS_POST="newip=10.79.0.3")
    assert rig.control("licenses?ip=10.79.0.3&type=cpanel")["licenses"] == []


def test_change_of_product(whmcs, active, rig):
    whmcs.product(4, "litespeed")
    whmcs.product(5, "litespeed_x_core")
    service = active(product=4)
    assert whmcs.run("ChangePackage", service) == "success"  # nothing to do, nothing sent
    whmcs.sql("update tblhosting set packageid = 5 where id = ?", values=(service,))
    whmcs.line.lose = 1
    whmcs.finish("ChangePackage", service)
    whmcs.finish("ChangePackage", service)
    ip = ip_of(whmcs, service)
    assert [call["endpoint"] for call in rig.control(f"ledger?ip={ip}&effects=1")["calls"]] == ["create", "change-core"]
    whmcs.finish("SuspendAccount", service)


def test_what_the_bridge_refuses_can_be_corrected(whmcs):
    service = whmcs.service(ip="203.0.113.010")
    assert "is not an IP address" in whmcs.run("CreateAccount", service)
    assert whmcs.line.seen == []
    whmcs.product(6, "nothing")
    whmcs.sql("update tblhosting set packageid = 6 where id = ?", values=(service,))
    whmcs.field(service, "10.79.1.1")
    assert "data.product_code names no configured product" in whmcs.run("CreateAccount", service)
    whmcs.sql("update tblhosting set packageid = 1 where id = ?", values=(service,))
    whmcs.finish("CreateAccount", service)
    assert whmcs.bought("10.79.1.1") == (1, 0)


def test_a_cancelled_purchase_is_only_tried_anew_when_somebody_says_so(whmcs, rig):
    whmcs.product(2, "cpanel", o9="0")
    service = whmcs.service(product=2)
    with paused(rig):
        whmcs.run("CreateAccount", service)
        assert "only possible when" in whmcs.run("newpurchase", service)
        order = whmcs.sql("select order_id from mod_licensebridge_operation where serviceid = ?", values=(service,))[0]["order_id"]
        done = rig.ctl_program("cancel", order, "--reason", "not wanted")
        assert done.returncode == 0, done.stderr
    for _ in range(2):
        assert "was cancelled" in whmcs.run("CreateAccount", service)
    assert whmcs.run("newpurchase", service) == "success"
    whmcs.finish("CreateAccount", service)
    assert whmcs.bought(ip_of(whmcs, service)) == (1, 0)


def test_connection(whmcs):
    service = whmcs.service()
    assert whmcs.function("TestConnection", service) == {"success": True, "error": ""}
    whmcs.server(1, whmcs.rig.env["WEBHOOK_SECRET"], url=f"{whmcs.line.url}/v1/events/demo", source="")
    assert whmcs.function("TestConnection", service)["success"] is True  # the whole address pasted
    for secret, source, url, text in ((WRONG, "demo", None, "fits none of the source's secrets"),
                                      (None, "nobody", None, "no such source"),
                                      ("whsec_short", "demo", None, "secret is missing"),
                                      (None, "demo", "http://bridge.example", "must begin with https://"),
                                      (None, "demo", "http://127.0.0.1:1", "no answer from the bridge")):
        whmcs.server(1, secret or whmcs.rig.env["WEBHOOK_SECRET"], url=url, source=source)
        answer = whmcs.function("TestConnection", service, LICENSEBRIDGE_PATIENCE="2")
        assert answer["success"] is False and text in answer["error"], answer
        assert not SECRETLIKE.search(json.dumps(answer))


def test_what_the_module_says_of_itself(whmcs):
    service = whmcs.service()
    data = whmcs.call("function", "MetaData", service)
    assert (data["APIVersion"], data["RequiresServer"]) == ("1.1", True)
    assert whmcs.function("ClientAreaAllowedFunctions", service) == ["clientchangeip"]
    options = whmcs.function("ConfigOptions", service)
    assert len(options) <= 24 and options["Product code"]["Loader"] == "licensebridge_ProductsLoader"
    products = whmcs.function("ProductsLoader", service)
    assert products["cpanel"] == "cpanel (724license)" and "lz-app" in products
    whmcs.server(1, WRONG)
    assert "webhook-signature" in whmcs.function("ProductsLoader", service)["exception"]


def test_service_tab_and_client_area(whmcs, active, rig):
    rig.fault(endpoint="suspend", fault="5xx", when="before", times=1)
    service = active(language="turkish")
    whmcs.finish("SuspendAccount", service)
    tab = whmcs.function("AdminServicesTabFields", service)["Orders at the bridge"]
    assert "<strong>done</strong>" in tab and "<td" in tab and ">4<" in tab and "HTTP 50" in tab and "unsure" in tab
    turkish = whmcs.function("AdminServicesTabFields", service, WHMCS_LANGUAGE="turkish")
    assert "<strong>tamamlandı</strong>" in turkish["Köprüdeki siparişler"]
    area = whmcs.function("ClientArea", service)["templateVariables"]
    assert (area["license"]["status"], area["license"]["ip"], area["mayMove"]) == ("askıda", ip_of(whmcs, service), True)
    assert "Trouble" not in json.dumps(area)
    assert "No order yet." in json.dumps(whmcs.function("AdminServicesTabFields", whmcs.service()))


def test_server_sync_lists_the_licenses(whmcs, active):
    service = active()
    listed = whmcs.function("ListAccounts", service)
    assert listed["success"] is True
    account = next(one for one in listed["accounts"] if one["username"] == f"lb-{service}")
    assert (account["uniqueIdentifier"], account["status"], account["product"], account["primaryip"]) == (
        f"lb-{service}", "Active", "cpanel", ip_of(whmcs, service))
    assert time.strptime(account["created"], "%Y-%m-%d %H:%M:%S")
    whmcs.server(1, WRONG)
    assert whmcs.function("ListAccounts", service)["success"] is False


def test_no_secret_leaves_or_is_logged(whmcs, active):
    service = active()
    whmcs.server(1, WRONG, accesshash="whsec_" + "REVG" * 10 + "REU=")
    whmcs.run("SuspendAccount", service)
    whmcs.function("TestConnection", service)
    log = json.dumps(whmcs.log("module") + whmcs.log("activity") + whmcs.sql("select * from mod_licensebridge_operation"))
    sent = "".join(body.decode() for _, _, _, body in whmcs.line.seen)
    secret = whmcs.rig.env["WEBHOOK_SECRET"]
    assert len(whmcs.log("module")) >= 3
    for word in (secret, secret[6:], WRONG, WRONG[6:], "REVG" * 10, "a-service-password", "client@example.com"):
        assert word not in log and word not in sent, word
    assert not SECRETLIKE.search(log)


@pytest.fixture
def callbacks(whmcs):
    server = PhpServer(whmcs.root)
    yield server
    server.close()


def test_a_callback_finishes_what_waited(whmcs, callbacks, rig):
    whmcs.product(2, "cpanel", o9="0")
    service = whmcs.service(product=2)
    secret = rig.env["WEBHOOK_SECRET"]
    with paused(rig):
        assert "held" in whmcs.run("CreateAccount", service) or whmcs.queue(service)
    order = whmcs.sql("select * from mod_licensebridge_operation where serviceid = ?", values=(service,))[0]
    data = {"order_id": order["order_id"], "service_id": str(service), "operation_key": order["okey"],
            "type": "license.create", "state": "succeeded", "reason": None}
    rig.wait(order["order_id"], ("succeeded",))
    assert callbacks.callback(WRONG, "order.succeeded", data, "cb1") == 401
    assert callbacks.callback(secret, "order.succeeded", data, "cb1", timestamp=str(int(time.time()) - 301)) == 401
    assert callbacks.callback(secret, "order.succeeded", data, "cb1", signature="v1,AAAA") == 401
    assert callbacks.callback(secret, "", {}, "cb1", raw=b"{") == 400
    assert callbacks.callback(secret, "", {}, "cb1", method="PUT") == 405
    assert whmcs.log("welcome") == [] and whmcs.row(service)["domainstatus"] == "Pending"
    for _ in range(2):
        assert callbacks.callback(secret, "order.succeeded", data, "cb1") == 200
    assert whmcs.log("welcome") == [service] and whmcs.row(service)["domainstatus"] == "Active"
    assert whmcs.bought(ip_of(whmcs, service)) == (1, 0)


def test_a_callback_that_lies_about_the_state_finishes_nothing(whmcs, callbacks, rig):
    """Even a signed notice is only a reason to ask: the bridge's own word decides."""
    whmcs.product(2, "cpanel", o9="0")
    service = whmcs.service(product=2)
    with paused(rig):
        whmcs.run("CreateAccount", service)
        data = {"order_id": "1", "service_id": str(service), "operation_key": f"{service}:create:1", "state": "succeeded"}
        assert callbacks.callback(rig.env["WEBHOOK_SECRET"], "order.succeeded", data, "lie1") == 503
        assert whmcs.log("welcome") == [] and whmcs.row(service)["domainstatus"] == "Pending"
    whmcs.finish("CreateAccount", service)


def test_other_callbacks_reach_staff(whmcs, callbacks, rig):
    own = "whsec_" + "REVG" * 10 + "REU="
    whmcs.server(1, rig.env["WEBHOOK_SECRET"], accesshash=own)
    low = {"account": "main", "provider": "724license", "balance": "12.5", "threshold": "20"}
    assert callbacks.callback(rig.env["WEBHOOK_SECRET"], "balance.low", low, "low1") == 401  # callbacks have their own secret
    for _ in range(2):
        assert callbacks.callback(own, "balance.low", low, "low1") == 200
    assert callbacks.callback(own, "license.invalid", {"service_id": "7", "reason": "expired"}, "inv1") == 200
    assert callbacks.callback(own, "something.new", {"x": 1}, "new1") == 200
    told = [text for text in whmcs.log("activity") if "refused" not in text]
    assert len(told) == 2 and "12.5 credits" in told[0] and "service 7 invalid: expired" in told[1]
    assert [command for command, _ in whmcs.log("api")].count("SendAdminEmail") == 2
