# SPDX-License-Identifier: Apache-2.0
"""Callbacks: what panels are told, how often it is tried, and where it never goes."""
import json
import pathlib
import re
import socket
import subprocess
import time

import pytest

from bridge import Rig
from receiver import Receiver, make_secret, verified
from wire import make_certificate, reply

RETRY_S = (0.3, 0.6, 0.9)  # the schedule 5 s, 5 m, 30 m … scaled down, and shorter
TIMEOUT_S = 10
# Where callbacks may not go, as a URL may spell it and as it is told; a name may mean either of two addresses.
INSIDE = [("private", "127.0.0.1", "127.0.0.1"), ("whole-net", "127.3.2.1", "127.3.2.1"), ("named", "localhost", ""),
          ("short", "127.1", "127.0.0.1"), ("decimal", "2130706433", "127.0.0.1"), ("hex", "0x7f000001", "127.0.0.1"),
          ("six", "[::1]", "::1"), ("hidden", "[::ffff:127.0.0.1]", "127.0.0.1"), ("any", "0.0.0.0", "0.0.0.0"),
          ("any-six", "[::]", "::"), ("home", "192.168.0.1", "192.168.0.1"), ("metadata", "169.254.169.254", "169.254.169.254")]
KEY = "url-key-4711"  # a part of the URL that no log may hold


def source(name, folder, url, *lines, secret=None):
    """A further source of the rig's configuration; its secret is in folder/NAME.secret."""
    (folder / f"{name}.secret").write_text((secret or make_secret()) + "\n")
    return "\n".join([f"source {name} {{", f'  secrets = {{ "{folder}/{name}.secret" }}', '  products = { "cpanel" }',
                      f'  callback_url = "{url}"', *lines, "}"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("callbacks")


@pytest.fixture(scope="module")
def certificate(folder):
    return make_certificate(folder, host="IP:127.0.0.1,DNS:localhost")


@pytest.fixture(scope="module")
def receiver(certificate):
    with Receiver(certificate) as running:
        yield running


@pytest.fixture(scope="module")
def elsewhere(certificate):
    """The endpoint of other sources, and where redirects point."""
    with Receiver(certificate) as running:
        yield running


@pytest.fixture(scope="module")
def silent():
    """A port of this machine on which nobody listens; ours as long as it is bound."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound


@pytest.fixture(scope="module")
def shared_rig(folder, certificate, receiver, elsewhere, silent):
    trust = f'  callback_ca_file = "{certificate[0]}"'
    allow = '  callback_allow = { "127.0.0.1" }'
    (folder / "new.secret").write_text(make_secret() + "\n")
    more = [f'poll = 100ms callback_retry = {{ {", ".join(f"{int(s * 1000)}ms" for s in RETRY_S)} }}',
            f"callback_timeout = {int(TIMEOUT_S * 1000)}ms",
            *(source(name, folder, f"https://{host}:{elsewhere.port}/x", trust) for name, host, _ in INSIDE),
            source("inner", folder, "@UPSTREAM_URL@/hook", '  callback_ca_file = "@UPSTREAM_CA@"'),
            source("dead", folder, f"https://127.0.0.1:{silent.getsockname()[1]}/dead", trust, allow),
            source("other", folder, f"https://127.0.0.1:{elsewhere.port}/other", trust, allow),
            source("rotated", folder, f"https://127.0.0.1:{elsewhere.port}/rotated", trust, allow,
                   f'  callback_secrets = {{ "{folder}/new.secret", "{folder}/rotated.secret" }}')]
    with Rig(CALL_TIMEOUT="2s", QUIET="1s", LEASE_MARGIN="1s", WORKERS="2", STANDIN_BALANCE="100000",
             RIG_ACCOUNT="low_balance = { 500, 90 }",
             RIG_SOURCE=f'  callback_url = "{receiver.url}/hook?key={KEY}"\n{trust}\n{allow}',
             RIG_CONFIG="\n".join(more)) as running:
        yield running


def ask(rig, sql):
    return subprocess.run(["psql", "-X", "-At", rig.env["DATABASE_URL"], "-c", sql], capture_output=True, text=True,
                          check=True).stdout.strip()


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def ctl(rig, *words, status=0):
    done = rig.ctl_program(*words)
    assert done.returncode == status, done
    return done.stdout


def shown(rig, *words):
    return json.loads(ctl(rig, "--json", "callbacks", *words))


def cancel_as(rig, folder, name, service):
    """An order of another source that is held and cancelled: two notices without an upstream call."""
    event = rig.event("license.create", service_id=service, product_code="cpanel", billing_months=1,
                      ip=f"10.200.0.{abs(hash(service)) % 250 + 1}", operation_key=service)
    rig.ctl_program("pause", "main", "--reason", "test")
    try:
        answer = rig.deliver(event, source=name, secret=(folder / f"{name}.secret").read_text().strip())
        assert answer.status == 202, answer
        assert rig.ctl_program("cancel", answer.body["order_id"], "--reason", "test").returncode == 0
    finally:
        rig.ctl_program("resume", "main", "--reason", "test")
    return answer.body["order_id"]


def test_the_end_of_an_order_is_told_as_its_source_would_read_it(rig, service, receiver):
    order = service.done("license.create")
    notice, = receiver.wait(1, service.id)
    told = notice.json()
    assert (notice.method, notice.path) == ("POST", f"/v1/hook?key={KEY}")
    assert notice.headers["content-type"] == "application/json"
    assert "authorization" not in notice.headers
    assert verified(rig.env["WEBHOOK_SECRET"], notice)
    assert not verified(make_secret(), notice)
    assert (told["type"], told["schema"]) == ("order.succeeded", 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["timestamp"])
    assert told["data"] == rig.order(order["order_id"])
    assert told["data"]["license"]["status"] == "active"
    time.sleep(0.5)
    assert len(receiver.notices(service.id)) == 1  # two workers, one notice
    service.done("license.suspend")
    assert receiver.wait(2, service.id)[1].headers["webhook-id"] != notice.headers["webhook-id"]


def test_a_receiver_that_fails_is_tried_on_schedule_under_one_id(rig, service, receiver):
    receiver.answers[service.id] = [500, 503, 404]
    service.order("license.create")
    tries = receiver.wait(4, service.id)
    assert len({t.headers["webhook-id"] for t in tries}) == 1 and len({t.body for t in tries}) == 1
    assert all(verified(rig.env["WEBHOOK_SECRET"], t) for t in tries)
    waits = [after.at - before.at for before, after in zip(tries, tries[1:])]
    assert all(due <= waited < due + 0.8 for due, waited in zip(RETRY_S, waits)), waits
    wait_for(lambda: ask(rig, f"select state from ops.callbacks where lane = 'service:{service.id}'") == "sent")
    time.sleep(RETRY_S[2] + 0.5)
    assert len(receiver.notices(service.id)) == 4


def test_a_receiver_that_breaks_off_is_tried_again(rig, service, receiver):
    receiver.answers[service.id] = [lambda c: c.drop(), lambda c: c.reset(),
                                    lambda c: (c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"), c.close())]
    service.order("license.create")
    assert len({t.headers["webhook-id"] for t in receiver.wait(4, service.id)}) == 1
    wait_for(lambda: ask(rig, f"select state from ops.callbacks where lane = 'service:{service.id}'") == "sent")


def test_a_receiver_that_was_away_gets_everything_when_it_is_back(rig, folder, certificate, silent):
    order = cancel_as(rig, folder, "dead", "svc-dead")
    wait_for(lambda: ask(rig, f"select state, attempts from ops.callbacks where order_id = {order}") == "dead|4\ndead|4")
    assert "connect" in ask(rig, f"select distinct last_error from ops.callbacks where order_id = {order}")
    silent.listen()
    with Receiver(certificate, listener=silent) as back:
        assert "2 notices" in ctl(rig, "callbacks", "--resend", "dead", "--source", "dead")
        kinds = [notice.json()["type"] for notice in back.wait(2, "svc-dead")]
    assert kinds == ["order.held", "order.cancelled"]


def test_retry_after_is_honoured(rig, service, receiver):
    receiver.answers[service.id] = [lambda c: c.send(reply(429, b"", ["Retry-After: 2"]))]
    service.order("license.create")
    first, second = receiver.wait(2, service.id)
    assert 2 <= second.at - first.at < 3.5


def test_dead_letters_are_seen_and_sent_again(rig, service, receiver):
    receiver.answers[service.id] = [500] * 4
    order = service.order("license.create")
    wait_for(lambda: ask(rig, f"select state from ops.callbacks where order_id = {order}") == "dead")
    assert len(receiver.notices(service.id)) == 4
    dead, = [row for row in shown(rig, "--dead") if row["order_id"] == int(order)]
    assert (dead["attempts"], dead["last_status"], dead["source"]) == (4, 500, "demo")
    assert "2xx" in dead["last_error"]
    assert ask(rig, "select dead > 0 from ops.callbacks_pending where source = 'demo'") == "t"
    assert f"notice {dead['callback_id']}" in ctl(rig, "show", order)
    assert "would send" in ctl(rig, "callbacks", "--resend", str(dead["callback_id"]), "--dry-run")
    assert len(receiver.notices(service.id)) == 4
    ctl(rig, "callbacks", "--resend", str(dead["callback_id"]), "--reason", "repaired")
    tries = receiver.wait(5, service.id)
    assert len({t.headers["webhook-id"] for t in tries}) == 1
    wait_for(lambda: ask(rig, f"select state from ops.callbacks where order_id = {order}") == "sent")
    assert ask(rig, f"select reason from ops.operator_actions where action = 'callback.resend' and order_id = {order}") == "repaired"
    assert rig.ctl_program("callbacks", "--resend", "999999999").returncode == 65


def test_all_dead_letters_of_a_source_are_sent_again(rig, services, receiver):
    made = [services(), services()]
    for service in made:
        receiver.answers[service.id] = [410]
        service.done("license.create")
    wait_for(lambda: ask(rig, "select dead from ops.callbacks_pending where source = 'demo'") == "2")
    assert "2 notices" in ctl(rig, "callbacks", "--resend", "dead", "--source", "demo")
    for service in made:
        receiver.wait(2, service.id)


def test_gone_is_the_end_of_a_notice_and_not_of_the_next(rig, service, receiver):
    receiver.answers[service.id] = [410]
    order = service.order("license.create")
    wait_for(lambda: ask(rig, f"select state, attempts from ops.callbacks where order_id = {order}") == "dead|1")
    service.done("license.suspend")
    receiver.wait(2, service.id)
    ctl(rig, "callbacks", "--resend", "dead", "--source", "demo")


def test_notices_of_a_service_keep_their_order(rig, services, receiver):
    stuck, free = services(), services()
    receiver.answers[stuck.id] = [500, 500]
    for kind in ("license.create", "license.suspend", "license.unsuspend"):
        stuck.done(kind)
    free.done("license.create")
    receiver.wait(1, free.id)
    tries = receiver.wait(5, stuck.id)
    assert [t.json()["data"]["type"] for t in tries] == ["license.create"] * 3 + ["license.suspend", "license.unsuspend"]
    # After a dead letter the next goes on.
    receiver.answers[stuck.id] = [500] * 4
    stuck.done("license.suspend")
    stuck.done("license.unsuspend")
    dead, last = receiver.wait(10, stuck.id)[-2:]
    assert last.json()["data"]["type"] == "license.unsuspend"
    assert last.at - dead.at < TIMEOUT_S  # brought forward, before the lease of the last try would have run out
    ctl(rig, "callbacks", "--resend", "dead", "--source", "demo")


def test_a_receiver_that_hangs_delays_neither_orders_nor_other_receivers(rig, services, receiver, elsewhere, folder):
    hung = [services() for _ in range(10)]
    for service in hung:
        receiver.answers[service.id] = [lambda c: c.hang(TIMEOUT_S + 20)]  # longer than it is waited for
    for service in hung:
        service.done("license.create")
    began = time.monotonic()
    cancel_as(rig, folder, "other", "behind-the-hung")
    elsewhere.wait(1, "behind-the-hung", seconds=TIMEOUT_S)
    services().done("license.create")
    # At most four of each source and worker at a time; in the end all of them arrive.
    assert sum(len(receiver.notices(service.id)) for service in hung) <= 8
    assert time.monotonic() - began < TIMEOUT_S
    for service in hung:
        first, second = receiver.wait(2, service.id)[:2]
        assert second.at - first.at >= TIMEOUT_S + RETRY_S[0] - 0.1


def test_redirects_are_not_followed(rig, service, receiver, elsewhere):
    receiver.answers[service.id] = [lambda c: c.send(reply(307, b"", [f"Location: {elsewhere.url}/stolen"]))]
    order = service.order("license.create")
    receiver.wait(2, service.id)
    assert not [r for r in elsewhere.seen if "stolen" in r.path]
    wait_for(lambda: ask(rig, f"select state from ops.callbacks where order_id = {order}") == "sent")
    assert "redirects are not followed" in rig.log("worker1") + rig.log("worker2")


@pytest.mark.parametrize("name,address", [(name, address) for name, _, address in INSIDE])
def test_addresses_that_are_not_public_are_never_connected_to(rig, elsewhere, folder, name, address):
    before = elsewhere.connections
    order = cancel_as(rig, folder, name, f"svc-{name}")
    wait_for(lambda: ask(rig, f"select state from ops.callbacks where order_id = {order}") == "dead\ndead")
    error = ask(rig, f"select distinct last_error from ops.callbacks where order_id = {order}")
    assert "callbacks may not go to" in error and address in error
    assert elsewhere.connections == before


def test_a_connection_that_a_call_has_left_open_leads_nowhere(rig, services, folder):
    """The upstream's own host and port, to which calls keep connections, is no public address either."""
    secret = (folder / "inner.secret").read_text().strip()
    service = services()
    for number, kind in enumerate(("license.create", "license.suspend", "license.unsuspend")):
        event = rig.event(kind, service_id=service.id, product_code="cpanel", ip=service.ip,
                          **({"billing_months": 1, "operation_key": f"{service.id}:1"} if number == 0 else {}))
        answer = rig.deliver(event, source="inner", secret=secret)
        assert answer.status == 202 and rig.wait(answer.body["order_id"])["state"] == "succeeded", answer
    wait_for(lambda: ask(rig, "select count(*) from ops.callbacks where source = 'inner' and state = 'dead'") == "3")
    tries = [line for line in (rig.log("worker1") + rig.log("worker2")).splitlines()
             if "event=callback.failed" in line and "source=inner" in line]
    assert len(tries) == 3 * (1 + len(RETRY_S))
    assert all("callbacks may not go to" in line for line in tries), tries


def test_an_endless_answer_is_cut(rig, service, receiver):
    def endless(connection):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        for _ in range(1000):
            connection.send(b"x" * 65536)
        connection.close()

    receiver.answers[service.id] = [endless]
    service.done("license.create")
    receiver.wait(2, service.id)
    assert "longer than 64 KiB" in rig.log("worker1") + rig.log("worker2")


def test_all_secrets_of_a_rotation_sign(rig, elsewhere, folder):
    cancel_as(rig, folder, "rotated", "svc-rotated")
    notice = elsewhere.wait(1, "svc-rotated")[0]
    for name in ("new", "rotated"):
        assert verified((folder / f"{name}.secret").read_text().strip(), notice)
    cancel_as(rig, folder, "other", "svc-other")
    notice = elsewhere.wait(1, "svc-other")[0]
    assert verified((folder / "other.secret").read_text().strip(), notice)
    assert not verified((folder / "new.secret").read_text().strip(), notice)


def test_a_worker_that_dies_with_a_notice_in_its_hand(rig, services, receiver):
    service = services()
    receiver.answers[service.id] = [lambda c: c.hang(10)]
    order = service.order("license.create")
    first, = receiver.wait(1, service.id)
    owner = ask(rig, f"select lease_owner from ops.callbacks where order_id = {order}")
    name = next(f"worker{n}" for n in (1, 2)
                if owner.split(":")[1] == (rig.dir / "run" / f"worker{n}.pid").read_text().strip())
    rig.ctl("kill", name)
    try:
        assert ask(rig, f"select attempts from ops.callbacks where order_id = {order}") == "0"  # killed in the first try
        second = receiver.wait(2, service.id)[1]
        # Not before the lease has run out: call and margin.
        assert second.at - first.at >= TIMEOUT_S + 1 - 0.2
        assert second.headers["webhook-id"] == first.headers["webhook-id"] and second.body == first.body
        wait_for(lambda: ask(rig, f"select state, attempts from ops.callbacks where order_id = {order}") == "sent|1")
        time.sleep(0.5)
        assert len(receiver.notices(service.id)) == 2
    finally:
        rig.ctl("start", name)


def test_a_worker_that_stops_finishes_its_notices(rig, service, receiver):
    receiver.answers[service.id] = [lambda c: (time.sleep(0.7), c.send(reply(200)))]
    order = service.order("license.create")
    receiver.wait(1, service.id)
    rig.ctl("stop", "worker1", "worker2")
    try:
        assert ask(rig, f"select state, attempts from ops.callbacks where order_id = {order}") == "sent|1"
    finally:
        rig.ctl("start", "worker1", "worker2")


def test_low_credits_are_told_once_and_what_waits_for_them(rig, service, receiver):
    service.done("license.create")
    wait_for(lambda: ask(rig, "select window_state from ops.accounts where account = 'main'") == "shut")
    have = float(ask(rig, "select balance from ops.accounts where account = 'main'"))
    rig.control("account", {"name": "main", "add": str(3 - have)})
    ask(rig, "select bridge.operator_adjust('test', 'main', %s, 'test')" % (3 - have))
    before = len(receiver.notices(kind="balance.low"))
    poor = service.__class__(rig)
    order = poor.order("license.create")
    assert rig.wait(order)["state"] == "held"
    held, = receiver.wait(1, poor.id)
    assert held.json()["type"] == "order.held" and "short of credits" in held.json()["data"]["reason"]
    low = receiver.wait(before + 2, kind="balance.low")[before:]
    assert [n.json()["data"]["threshold"] for n in low] == ["500", "90"]
    assert low[0].json()["data"] == {"account": "main", "provider": "724license", "balance": "3", "threshold": "500"}
    time.sleep(1)
    assert len(receiver.notices(kind="balance.low")) == before + 2
    rig.control("account", {"name": "main", "add": str(have)})
    ask(rig, "select bridge.operator_topup('test', 'main', %s, 'test')" % have)
    assert rig.wait(order, states=("succeeded",))["state"] == "succeeded"
    assert [n.json()["type"] for n in receiver.wait(2, poor.id)] == ["order.held", "order.succeeded"]
    ask(rig, "select bridge.operator_acknowledge('test', 'main', 'the test is over')")


def test_nothing_leaks(rig, folder):
    """Last: neither secrets nor the URL's key are in a log, in a table or in what bridgectl prints."""
    texts = [log.read_text(errors="replace") for log in (rig.dir / "log").glob("*.log")]
    texts += [ctl(rig, "callbacks"), ctl(rig, "--json", "callbacks"), ctl(rig, "dump-config"),
              ask(rig, "select * from bridge.callback"), ask(rig, "select * from bridge.source")]
    hidden = [pathlib.Path(path).read_text().strip().removeprefix("whsec_") for path in folder.glob("*.secret")]
    hidden.append(rig.env["WEBHOOK_SECRET"].removeprefix("whsec_"))
    for text in texts:
        assert not [secret for secret in hidden if secret in text]
    for text in texts[:-3] + texts[-2:]:  # a dumped configuration shows its URLs
        assert KEY not in text
