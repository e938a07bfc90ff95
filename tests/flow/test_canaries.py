# SPDX-License-Identifier: Apache-2.0
"""Every secret is one that occurs nowhere else; then everything that the bridge writes, answers and shows is searched."""
import base64
import contextlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

import psycopg
import pytest

from bridge import Rig, request
from conftest import Service
from receiver import Receiver, make_secret
from wire import make_certificate

UNPRIVILEGED = 65534
HEAP_MAX = 1 << 28
LISTS = ("overview", "orders", "licenses", "deliveries", "deliveries/refused", "accounts", "products", "ledger",
         "callbacks", "audit", "review")


def canary(name):
    return f"canary-{name}-{secrets.token_hex(16)}"


def spellings(text):
    """The bytes of a secret as they might be written: themselves, quoted, base64, hex; what a whsec_ stands for as well."""
    forms = [text.encode()]
    if text.startswith("whsec_"):
        forms += [text.removeprefix("whsec_").encode(), base64.b64decode(text.removeprefix("whsec_"))]
    for form in list(forms):
        forms += [base64.b64encode(form).rstrip(b"="), form.hex().encode(), form.hex().upper().encode(),
                  urllib.parse.quote_from_bytes(form).encode()]
    return set(forms)


class Aviary(Rig):
    """A rig whose every secret is a canary; `birds` has them by name."""

    def __init__(self, folder, receiver, certificate):
        self.folder = folder
        self.birds = {"token": canary("token"), "path": canary("path"), "url": canary("url"),
                      "database": canary("database"), "callback": make_secret()}
        for name in ("path", "callback"):
            (folder / f"{name}.secret").write_text(self.birds[name] + "\n")
        trust = f'callback_ca_file = "{certificate[0]}" callback_allow = {{ "127.0.0.1" }}'
        super().__init__(
            CALL_TIMEOUT="2s", QUIET="1s", STANDIN_BALANCE="100000", UPSTREAM_TOKEN=self.birds["token"],
            RIG_SOURCE=f'callback_url = "{receiver.url}/hook?key={self.birds["url"]}" {trust}\n'
                       f'callback_secrets = {{ "{folder}/callback.secret" }}',
            RIG_CONFIG='log_level = "debug" poll = 100ms callback_retry = { 300ms, 300ms }\n'
                       f'source blesta1 {{ format = blesta secrets = {{ "{folder}/path.secret" }} products = {{ "cpanel" }}\n'
                       'allow = { "127.0.0.1" } fields { service_id = "service_id" product_code = "=cpanel" }\n'
                       "event Services.suspend { type = license.suspend } }")

    def up(self):
        super().up()
        config = pathlib.Path(self.env["CONFIG"])
        text = config.read_text()
        assert text.count("dbname=bridge") == 1
        config.write_text(text.replace("dbname=bridge", f"dbname=bridge password={self.birds['database']}"))
        self.ctl("restart", "intake", "ops", "worker1")
        self.ctl("ready")
        self.birds |= {"webhook": self.env["WEBHOOK_SECRET"], "operator": self.env["OPS_TOKEN"]}

    def bird_of(self, data, except_for=()):
        """The names of those that are found in some bytes."""
        return {name for name, text in self.birds.items() if name not in except_for
                for form in spellings(text) if form in data}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("canaries")


@pytest.fixture(scope="module")
def aviary(folder):
    certificate = make_certificate(folder)
    with Receiver(certificate) as receiver, Aviary(folder, receiver, certificate) as rig:
        live(rig, receiver)
        yield rig


def live(rig, receiver):
    """Some life: what succeeds, what fails in each way, and all that is refused."""
    good, broken, doubtful, hushed = (Service(rig) for _ in range(4))
    receiver.answers[good.id] = [500]
    good.done("license.create")
    rig.fault(endpoint="create", ip=broken.ip, fault="html", when="before", times=1)
    rig.fault(endpoint="create", ip=doubtful.ip, fault="drop", when="after", times=1)
    for service in (broken, doubtful):
        rig.wait(service.order("license.create"))
    rig.birds["body"] = canary("body")
    hushed.done("license.create", metadata={"serverpassword": rig.birds["body"], "api_token": [rig.birds["body"]]})
    refusals(rig, good)
    rig.ctl("stop", "intake")  # nginx alone: what it writes of requests that it cannot hand on
    assert blesta(rig, rig.birds["path"]).status == 503
    rig.ctl("start", "intake")
    reload_badly(rig)
    rig.ctl("kill", "postgres")
    assert rig.send("license.create").status in (422, 503) and good.send("license.suspend").status == 503
    rig.ctl("start", "postgres")
    rig.ctl("ready")
    good.done("license.suspend")
    receiver.wait(2, good.id)


def blesta(rig, secret):
    body = json.dumps({"service_id": "1"}).encode()
    return request(f"{rig.env['BASE_URL']}/v1/events/blesta1/{secret}", "POST", body,
                   {"content-type": "application/json", "x-blesta-event": "Services.suspend"})


def refusals(rig, service):
    """Secrets in the wrong place, and nearly right ones in the right place."""
    birds, url = rig.birds, rig.env["BASE_URL"]
    for status, answer in [
            (401, rig.send("license.suspend", headers={"webhook-signature": birds["webhook"]}, service_id=service.id)),
            (401, rig.send("license.suspend", headers={"webhook-signature": f"v1,{birds['webhook']}"})),
            (400, rig.deliver(b"{" + birds["webhook"].encode())),
            (422, rig.send(birds["callback"])),
            (401, blesta(rig, birds["token"])),
            (401, request(f"{url}/v1/orders/1", headers={"authorization": f"Bearer {birds['webhook']}"})),
            (401, request(f"{url}/v1/orders/1?token={birds['operator']}")),
            (401, request(f"{url}/ops/api/v1/orders", headers={"authorization": f"Bearer x{birds['operator']}"}))]:
        assert answer.status == status, answer
        # What somebody sends as a type is told back to him who has signed it, and to nobody else.
        assert rig.bird_of(answer.raw, {"callback"}) == set(), answer


def reload_badly(rig):
    """A configuration with a secret where none belongs; the old one goes on."""
    config = pathlib.Path(rig.env["CONFIG"])
    text = config.read_text()
    before = rig.log("intake").count("event=config.kept")
    try:
        config.write_text(text + f'source broken {{ format = canonical secrets = {{ "{rig.birds["webhook"]}" }} }}\n')
        pid = int((rig.dir / "run" / "intake.pid").read_text())
        os.kill(pid, signal.SIGHUP)
        end = time.monotonic() + 10
        while rig.log("intake").count("event=config.kept") == before and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        config.write_text(text)
    assert rig.log("intake").count("event=config.kept") == before + 1


def test_no_log_holds_one(aviary):
    time.sleep(1.5)  # nginx writes its log once a second
    logs = {log.name: log.read_bytes() for log in (aviary.dir / "log").iterdir()}
    assert {"intake.log", "worker1.log", "ops.log", "access.log", "nginx-error.log", "postgres.log"} <= set(logs)
    assert b"/v1/events/blesta1/-" in logs["access.log"]
    for name, data in logs.items():
        # A configuration that is refused is told with the name of the file that is missing; above that was a secret.
        lines = [line for line in data.splitlines() if b"event=config.kept" not in line]
        assert aviary.bird_of(b"\n".join(lines)) == set(), name


def test_no_answer_to_operators_holds_one(aviary):
    def get(path, **headers):
        answer = request(aviary.env["OPS_URL"] + path, headers={
            "authorization": f"Bearer {aviary.env['OPS_TOKEN']}", **headers})
        assert answer.status == 200, (path, answer)
        assert aviary.bird_of(answer.raw) == set(), path
        return answer

    for name in LISTS:
        get(f"/ops/api/v1/{name}")
    orders = get("/ops/api/v1/orders").body["items"]
    assert len(orders) >= 5
    for order in orders:
        get(f"/ops/api/v1/orders/{order['order_id']}")
        get(f"/v1/orders/{order['order_id']}")
    get("/ops/api/v1/orders", accept="text/csv")
    get("/metrics")


def test_bridgectl_prints_none(aviary):
    for words in (["dump-config"], ["check-config"], ["doctor"], ["orders"], ["show", "1"], ["callbacks"], ["balance"],
                  ["products"], ["token", "list"], ["history"], ["trigger", "license.create", "--source", "demo", "--dry-run"],
                  ["--database", "host=127.0.0.1 port=1", "orders"]):
        for form in ([], ["--json"]):
            done = aviary.ctl_program(*form, *words)
            said = (done.stdout + done.stderr).encode()
            # A configuration that is shown shows its URLs.
            assert aviary.bird_of(said, {"url"} if words == ["dump-config"] else ()) == set(), (words, done)
            assert said, words


def test_no_table_keeps_one_and_no_view_shows_what_a_body_hides(aviary):
    dump = subprocess.run(["pg_dump", "--inserts", aviary.env["DATABASE_URL"]], capture_output=True, check=True).stdout
    body = aviary.birds["body"]
    assert body.encode().hex().encode() in dump  # the event as it was sent is kept: the search does find what is there
    # The callback secret was sent in as an event's type, by somebody who could sign: that is his text.
    assert aviary.bird_of(dump, {"body", "callback"}) == set()
    with psycopg.connect(aviary.env["DATABASE_URL"], user="bridge_ops", autocommit=True) as connection:
        views = [row[0] for row in connection.execute("select viewname from pg_views where schemaname = 'ops'").fetchall()]
        assert len(views) > 20
        for view in views:
            rows = connection.execute(f"select to_jsonb(v)::text from ops.{view} v").fetchall()
            assert aviary.bird_of("\n".join(row[0] for row in rows).encode(), {"callback"}) == set(), view


# What the kernel would show of a running program.

def environment(pid):
    folder = pathlib.Path(f"/proc/{pid}")
    return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()


def memory_holds(pid, data):
    """Whether root, who may, finds some bytes in a program's memory."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            first, last, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            size = int(last, 16) - int(first, 16)
            if rights.startswith("rw") and size <= HEAP_MAX:  # a sanitizer's shadow is larger
                memory.seek(int(first, 16))
                with contextlib.suppress(OSError):
                    if data in memory.read(size):
                        return True
    return False


@pytest.mark.parametrize("name", ["intake", "ops", "worker1"])
def test_neither_command_line_nor_environment_nor_core_file(aviary, name):
    pid = int((aviary.dir / "run" / f"{name}.pid").read_text())
    assert aviary.bird_of(environment(pid)) == set()
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 +bytes", limits, re.M)
    if os.geteuid() == 0 and name == "worker1":
        assert memory_holds(pid, aviary.birds["token"].encode())  # it must know it: so the rest matters
    os.kill(pid, signal.SIGABRT)
    end = time.monotonic() + 10
    while pathlib.Path(f"/proc/{pid}/stat").exists() and time.monotonic() < end:
        time.sleep(0.05)
    cores = [path for place in (aviary.env["PRIVATE"], aviary.dir) for path in pathlib.Path(place).rglob("*core*")
             if path.is_file() and path.stat().st_size > 100000]
    assert cores == []
    aviary.ctl("start", name)
    aviary.ctl("ready")


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_not_even_its_own_user_reads_a_program_s_memory(aviary):
    """As the service runs: an unprivileged user, who can neither trace it nor have it dumped."""
    with tempfile.TemporaryDirectory(prefix="bridge-canary.", dir="/tmp") as place:
        home = pathlib.Path(place)
        (home / "bridge.secret").write_text(aviary.birds["webhook"] + "\n")
        (home / "bridge.conf").write_text(
            'database = "host=127.0.0.1 port=1"\n'
            'account a { provider = "724license" base_url = "https://127.0.0.1:1/v1" token_file = "t" }\n'
            'product cpanel { account = a type = cpanel }\n'
            'source s { format = canonical secrets = { "bridge.secret" } products = { cpanel } }\n')
        shutil.copy(f"{aviary.env['BIN']}/bridge-fcgi", home)
        for path in (home, *home.iterdir()):
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
        as_nobody = ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"]
        command = [home / "bridge-fcgi", "intake", "--config", home / "bridge.conf", "--socket", home / "s"]
        program = subprocess.Popen([*as_nobody, *command], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home)
        try:
            end = time.monotonic() + 10
            while not (home / "s").exists():
                assert time.monotonic() < end and program.poll() is None
                time.sleep(0.05)
            for file in ("mem", "environ", "maps"):
                read = subprocess.run([*as_nobody, "head", "-c", "1", f"/proc/{program.pid}/{file}"], capture_output=True,
                                      text=True, check=False)
                assert read.returncode != 0 and "denied" in read.stderr, (file, read)
            assert memory_holds(program.pid, base64.b64decode(aviary.birds["webhook"].removeprefix("whsec_")))
        finally:
            program.terminate()
            program.wait(10)
