# SPDX-License-Identifier: Apache-2.0
"""The worker's own callbacks reach WHMCS over TLS and finish what was still under way: nobody presses anything."""
import itertools
import shutil
import time

import pytest

from bridge import Rig
from panel import Line, PhpServer, Whmcs
from wire import make_certificate

pytestmark = pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")


def until(true, seconds=40):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


@pytest.fixture
def panel(tmp_path):
    """A rig that calls back to a WHMCS which does not wait for the ends of its orders."""
    certificate = make_certificate(tmp_path, host="IP:127.0.0.1,DNS:localhost")
    (tmp_path / "whmcs").mkdir()
    server = PhpServer(tmp_path / "whmcs")
    front = Line(f"http://127.0.0.1:{server.port}", certificate)
    url = front.url + "/modules/servers/licensebridge/callback.php"
    trust = f'  callback_url = "{url}"\n  callback_ca_file = "{certificate[0]}"\n  callback_allow = {{ "127.0.0.1" }}'
    try:
        with Rig(CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="1000", RIG_SOURCE=trust,
                 RIG_CONFIG="callback_retry = { 500ms, 500ms, 1s, 2s, 5s }") as rig:
            whmcs = Whmcs(tmp_path / "whmcs", rig, itertools.count(7001))
            whmcs.product(1, "cpanel", o9="0")
            whmcs.front = front
            yield whmcs
            whmcs.close()
    finally:
        front.shutdown()
        front.server_close()
        server.close()


def test_create_suspend_and_renew_end_by_themselves(panel):
    service = panel.service()
    assert panel.run("CreateAccount", service) != "success" and panel.log("welcome") == []
    until(lambda: panel.log("welcome"))
    assert panel.row(service)["domainstatus"] == "Active" and panel.queue(service) == []
    panel.front.busy = 2  # WHMCS is away for a moment: the bridge comes again
    assert panel.run("SuspendAccount", service) != "success"
    until(lambda: panel.row(service)["domainstatus"] == "Suspended")
    panel.pay(9901, 20417, service, "2026-12-21")
    assert panel.run("Renew", service) != "success"
    until(lambda: panel.sql("select done from mod_licensebridge_item where itemid = 20417")[0]["done"] == 1)
    ip = panel.sql("select ip from mod_licensebridge_service where serviceid = ?", values=(service,))[0]["ip"]
    assert panel.bought(ip) == (1, 1) and panel.log("welcome") == [service]
    ids = [headers["webhook-id"] for _, _, headers, _ in panel.front.seen]
    assert len(set(ids)) == 3 and len(ids) >= 5  # three notices, one of them three times
