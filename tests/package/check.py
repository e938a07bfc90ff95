#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make check-deb: the package in a fresh Debian, by the very commands of docs/install.md.

Builds the package and the next release's, installs the first in a root made by debootstrap, follows the guide
until a license is bought at the stand-in (which plays api.724license.com there), upgrades under load, purges, and
looks for what was left behind. Needs root, or sudo that asks nothing. All of it runs in namespaces of its own: no
port, process or mount of this machine is touched. The last line begins `deb: ok` or `deb: failed`.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parents[1]
sys.path[:0] = [str(HERE), str(REPO / "tests/rig")]
from bridge import request, sign  # noqa: E402
from manager import Manager  # noqa: E402
from root import archives_keep, root_make, run  # noqa: E402

WORK = REPO / "build/package"
ROOT = WORK / "root"
WORLD = WORK / "world"
HOST = "bridge.example.com"
RESELLER = "10.200.0.2"  # on a network of its own, behind a cable
TOKEN = "token-of-the-reseller-0123456789"
EXPOSURE_MOST = 2.0
PANELS = 4
NEXT_MIGRATION = """-- SPDX-License-Identifier: Apache-2.0
alter table bridge.orders add column next_release_note text;
"""


def say(text):
    print(f"deb: {text}", flush=True)


# What the guide says.

def guide(*headings):
    """The commands below these headings of docs/install.md, as one script."""
    text = (REPO / "docs/install.md").read_text()
    parts = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        title = part.split("\n", 1)[0]
        parts[title] = "".join(re.findall(r"^```sh\n(.*?)^```$", part, re.M | re.S))
    chosen = [title for title in parts if title.startswith(headings)]
    assert len(chosen) == len(headings), (headings, list(parts))
    return "".join(parts[title] for title in chosen)


def follow(script, **env):
    """Runs the commands in the root as a person would, in root's home."""
    home = {"HOME": "/root", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive", "TERM": "dumb", **env}
    return run("chroot", ROOT, "bash", "-c", f"set -euo pipefail; cd /root\n{script}", env=home)


# Packages.

def packages_build(version):
    """The package of this tree, and one of a release that comes after it: a migration more."""
    out = WORK / "deb"
    first = run(REPO / "docs/packaging/make-deb", out, version).strip().split("\n")[-1]
    following = f"{version}+next1"
    tree = out / f"license-bridge-{following}"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(out / f"license-bridge-{version}", tree, symlinks=True)
    for made in ("debian/debhelper-build-stamp", "debian/files"):
        (tree / made).unlink(missing_ok=True)
    for made in ("debian/.debhelper", "debian/license-bridge"):
        shutil.rmtree(tree / made)
    (tree / "sql/migrations/9999_next.sql").write_text(NEXT_MIGRATION)
    log = tree / "debian/changelog"
    log.write_text(log.read_text().replace(f"({version})", f"({following})", 1))
    for source in [*tree.glob("fcgi/*.c"), *tree.glob("provisioning/*/*.c")]:
        if "BRIDGE_VERSION" in source.read_text():
            source.touch()
    run("dpkg-buildpackage", "-b", "-nc", "-us", "-uc", cwd=tree,
        env={**os.environ, "DEB_BUILD_OPTIONS": "noautodbgsym"})
    return pathlib.Path(first), next(out.glob(f"license-bridge_{following}_*.deb"))


# The world outside: the reseller.

def world_make():
    """A certificate for the reseller's name, and the stand-in's part of an nginx of its own."""
    shutil.rmtree(WORLD, ignore_errors=True)
    WORLD.mkdir(parents=True)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run("openssl", "req", "-x509", *key, "-days", "30", "-subj", "/CN=api.724license.com", "-addext",
        "subjectAltName=DNS:api.724license.com", "-keyout", WORLD / "key.pem", "-out", WORLD / "cert.pem")
    text = (REPO / "tests/standin/nginx.conf.in").read_text()
    for old, new in (("127.0.0.1:@TLS_PORT@", f"{RESELLER}:443"), ("127.0.0.1:@CONTROL_PORT@", f"{RESELLER}:80"),
                     ("@STANDIN_SOCKET@", f"{WORLD}/standin.sock"), ("@CERT@", f"{WORLD}/cert.pem"),
                     ("@KEY@", f"{WORLD}/key.pem")):
        assert old in text
        text = text.replace(old, new)
    temp = "".join(f"{name}_temp_path {WORLD}/{name};\n" for name in ("client_body", "fastcgi", "proxy", "uwsgi", "scgi"))
    (WORLD / "nginx.conf").write_text(f"""daemon off; user root; worker_processes 1;
pid {WORLD}/nginx.pid; error_log {WORLD}/error.log;
events {{ worker_connections 1024; }}
http {{ {temp} {text} }}
""")


def world_connect():
    """A host of its own for the reseller; what enters its network."""
    host = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    there = ["nsenter", "-t", str(host.pid), "-n"]
    wait(lambda: os.readlink(f"/proc/{host.pid}/ns/net") != os.readlink("/proc/self/ns/net"), "another network")
    run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "plug", "netns", host.pid)
    run("ip", "addr", "add", "10.200.0.1/24", "dev", "cable")
    run("ip", "link", "set", "cable", "up")
    run(*there, "ip", "addr", "add", f"{RESELLER}/24", "dev", "plug")
    run(*there, "ip", "link", "set", "plug", "up")
    run(*there, "ip", "link", "set", "lo", "up")
    return there


def world_start():
    there = world_connect()
    with (WORLD / "standin.log").open("wb") as log:
        subprocess.Popen([REPO / "build/release/standin", "--socket", WORLD / "standin.sock", "--threads", "64"],
                         env={**os.environ, "STANDIN_TOKEN": TOKEN, "STANDIN_BALANCE": "100000"}, stdout=log, stderr=log)
    wait(lambda: (WORLD / "standin.sock").exists(), "the stand-in")
    with (WORLD / "nginx.log").open("wb") as log:
        subprocess.Popen([*there, "nginx", "-e", WORLD / "error.log", "-p", WORLD, "-c", WORLD / "nginx.conf"], stdout=log, stderr=log)
    wait(lambda: control("ledger?limit=1") is not None, "the reseller")


def control(page):
    try:
        answer = request(f"http://{RESELLER}/_control/{page}")
    except OSError:
        return None
    return answer.body if answer.status == 200 else None


def creates(**wanted):
    """How often each (type, ip) was bought."""
    return {row["ip"]: row["creates"] for row in control("purchases?limit=20000")["purchases"]}


def wait(good, what, most=60):
    end = time.monotonic() + most
    while not good():
        assert time.monotonic() < end, f"{what}: not within {most} s"
        time.sleep(0.1)


# Panels.

class Panel(threading.Thread):
    """Orders licenses with signed webhooks, as the source of the guide, until told to stop."""

    def __init__(self, number):
        super().__init__()
        self.number = number
        self.secret = (ROOT / "etc/license-bridge/secrets/whmcs1").read_text().strip()
        self.over = threading.Event()
        self.bought, self.bad, self.answers = [], [], 0

    def buy(self, count):
        ip = f"10.77.{self.number}.{count}"
        body = json.dumps({"type": "license.create", "timestamp": "2026-11-21T18:00:00Z", "schema": 1, "data": {
            "operation_key": ip, "service_id": ip, "product_code": "cpanel", "ip": ip, "billing_months": 1}}).encode()
        now, delivery = str(int(time.time())), f"msg_{self.number}_{count}"
        try:
            answer = request(f"https://{HOST}/v1/events/whmcs1", "POST", body, {
                "content-type": "application/json", "webhook-id": delivery, "webhook-timestamp": now,
                "webhook-signature": sign(self.secret, delivery, now, body)}, ca=ROOT / "etc/ssl/license-bridge.pem")
        except OSError as error:
            self.bad.append(repr(error))
            return
        self.answers += 1
        (self.bought if answer.status == 202 else self.bad).append(ip if answer.status == 202 else repr(answer))

    def run(self):
        for count in range(1, 250):
            if self.over.is_set():
                return
            self.buy(count)
            time.sleep(0.1)


# The steps.

def install(first):
    shutil.copy(first, ROOT / "root")
    follow(guide("1. "))
    archives_keep(WORK / "base.tar", ROOT)
    for page in ("man1/bridgectl.1.gz", "man8/bridge-fcgi.8.gz", "man8/bridge-worker.8.gz"):
        assert (ROOT / "usr/share/man" / page).exists()
    assert (ROOT / "usr/share/bash-completion/completions/bridgectl").exists()
    users = (ROOT / "etc/passwd").read_text()
    assert all(f"license-bridge-{part}:" in users for part in ("intake", "worker", "ops"))
    say("ok installed")


def units_examine():
    worst = 0.0
    units = sorted((ROOT / "lib/systemd/system").glob("license-bridge-*"))
    assert len(units) == 5
    for unit in units:
        if unit.suffix == ".service":
            told = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={ROOT}", unit.name)
            worst = max(worst, float(re.search(r"exposure level for \S+: ([\d.]+)", told).group(1)))
    assert 0 < worst <= EXPOSURE_MOST, worst
    told = run("systemd-analyze", "verify", "--man=no", f"--root={ROOT}", *[unit.name for unit in units])
    assert "license-bridge" not in told, told
    say(f"ok units verified, exposure {worst}")
    return worst


def secrets_examine(manager):
    """The front door's user reads no token; nobody but the unit's user reads its credentials."""
    for user, path, good in (("intake", "/etc/license-bridge/tokens/main", False),
                             ("intake", "/run/credentials/license-bridge-worker.service/tokens_main", False),
                             ("ops", "/run/credentials/license-bridge-worker.service/tokens_main", False),
                             ("worker", "/run/credentials/license-bridge-worker.service/tokens_main", True)):
        done = subprocess.run(["chroot", ROOT, "setpriv", "--reuid", f"license-bridge-{user}", "--clear-groups", "cat", path],
                              capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == good and (TOKEN in done.stdout) == good, (user, path, done)
    socket = (ROOT / "run/license-bridge/intake.sock").stat()
    assert socket.st_mode & 0o777 == 0o660 and socket.st_gid == manager.group("www-data") and socket.st_uid == 0
    for name, program in manager.services.items():
        status = pathlib.Path(f"/proc/{program.process.pid}/status").read_text()
        assert re.search(rf"^Uid:\t{manager.user(name.split('.')[0])}\t", status, re.M), (name, status)
        assert re.search(r"^CapEff:\t0+$", status, re.M) and re.search(r"^NoNewPrivs:\t1$", status, re.M)
    for name, log in manager.logs_all():
        assert TOKEN not in log, f"{name} logged the token"
    say("ok secrets and rights")


def buy():
    told = follow(guide("2. ", "3. ", "4. ", "5. ", "6. ", "7. "), RESELLER_TOKEN=TOKEN, BRIDGE_HOST=HOST)
    assert "succeeded" in told.split("\n")[-2] or "succeeded" in told, told[-2000:]
    assert creates() == {"203.0.113.10": 1}, creates()
    say("ok the guide ends with a license bought")


def upgrade(following, manager):
    """Under load: panels see nothing but 2xx, and nothing is bought twice."""
    shutil.copy(following, ROOT / "root")
    panels = [Panel(number) for number in range(PANELS)]
    for panel in panels:
        panel.start()
    wait(lambda: all(panel.answers > 5 for panel in panels), "load")
    old = {name: program.process.pid for name, program in manager.services.items()}
    follow(guide("Upgrade"), NEW_PACKAGE=f"./{following.name}")
    before = [panel.answers for panel in panels]
    wait(lambda: all(panel.answers > count + 5 for panel, count in zip(panels, before)), "load after the upgrade")
    for panel in panels:
        panel.over.set()
        panel.join()
    bad = [answer for panel in panels for answer in panel.bad]
    assert not bad, bad[:5]
    assert all(program.process.pid != old[name] for name, program in manager.services.items())
    told = follow("bridgectl version; dpkg-query -W license-bridge")
    assert told.count("+next1") == 2 and "schema 9999" in told, told
    bought = [ip for panel in panels for ip in panel.bought]
    wait(lambda: set(bought) <= set(creates()), "orders carried out", 120)
    assert set(creates()) == {"203.0.113.10", *bought} and set(creates().values()) == {1}
    say(f"ok upgraded under load, {len(bought)} orders, every answer 2xx")
    return len(bought) + 1


def purge(shipped):
    follow(guide("Remove"))
    left = [path for path in shipped if (ROOT / path.lstrip("/")).is_file()]
    assert not left, left
    users = (ROOT / "etc/passwd").read_text() + (ROOT / "etc/group").read_text()
    assert "license-bridge" not in users and not (ROOT / "etc/license-bridge").exists()
    assert "license-bridge" not in follow("dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n'")
    # What the person made, and the database, stay; of the package nothing does.
    theirs = r"/(etc/ssl/(private/)?license-bridge\.(key|pem)|var/log/nginx/license-bridge\.log|root/license-bridge_\S*\.deb)"
    found = follow("find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp \\) -prune -o "
                   "-iname '*license[-_]bridge*' -print").split()
    assert not [path for path in found if not re.fullmatch(theirs, path)], found
    say("ok purged, nothing left")


def inside(first, following):
    """In namespaces of our own: loopback, processes, mounts."""
    run("ip", "link", "set", "lo", "up")
    hosts = WORK / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {HOST}\n{RESELLER} api.724license.com\n")
    run("mount", "--bind", hosts, "/etc/hosts")
    run("mount", "-t", "proc", "proc", "/proc")
    run("mount", "-t", "proc", "proc", ROOT / "proc")
    run("mount", "--rbind", "/dev", ROOT / "dev")
    run("mount", "-t", "tmpfs", "tmpfs", ROOT / "run")
    for folder in ("run/lock", "run/postgresql"):
        (ROOT / folder).mkdir(mode=0o1777)
        (ROOT / folder).chmod(0o1777)
    shutil.copy(hosts, ROOT / "etc/hosts")
    shutil.copy(WORLD / "cert.pem", ROOT / "usr/local/share/ca-certificates/reseller.crt")
    follow("update-ca-certificates")
    world_start()
    manager = Manager(ROOT, WORK / "logs")
    try:
        exposure = units_examine()
        buy()
        secrets_examine(manager)
        shipped = follow("dpkg -L license-bridge").split()
        bought = upgrade(pathlib.Path(following), manager)
        follow("systemctl reload license-bridge-intake license-bridge-ops license-bridge-worker")
        purge(shipped)
        assert not manager.failures and not manager.errors, (manager.failures, manager.errors)
    except BaseException:
        for name, log in manager.logs_all():
            print(f"== {name}\n{log[-3000:]}", flush=True)
        print("\n".join(manager.errors + manager.failures), flush=True)
        raise
    print(f"deb: ok installed=1 bought={bought} upgraded=1 purged=1 exposure={exposure}", flush=True)


def first_process(main):
    """The first process of a namespace has to bury everybody's orphans; the work is done by its child."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            main()
            status = 0
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)
    while True:
        pid, status = os.wait()
        if pid == child:
            sys.exit(os.waitstatus_to_exitcode(status))


def main():
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "-n", "--", sys.executable, __file__, *sys.argv[1:]])
    if sys.argv[1] == "--inside":
        first_process(lambda: inside(*sys.argv[2:]))
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(WORK / "logs", ignore_errors=True)
    (WORK / "logs").mkdir()
    try:
        first, following = packages_build(sys.argv[1])
        say(f"ok built {first.name} and {following.name}")
        root_make(WORK / "base.tar", ROOT)
        install(first)
        world_make()
        done = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", sys.executable, __file__,
                               "--inside", first, following], check=False)
        status = done.returncode
    except (RuntimeError, AssertionError) as error:
        print(error, flush=True)
        status = 1
    if status:
        print("deb: failed", flush=True)
    sys.exit(status)


main()
