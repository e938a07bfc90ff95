# SPDX-License-Identifier: Apache-2.0
"""Plays the service manager inside the root: carries out what the installed units say.

It reads User, Group, ExecStart, LoadCredential, WatchdogSec and the sockets' lines, makes sockets and
credentials as systemd does, and starts the programs with chroot and setpriv. A `systemctl` in the root asks it.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
from managed import Managed, listening  # noqa: E402

SYSTEMCTL = """#!/bin/sh
exec 9>/run/manager/lock
flock 9
echo "$*" >/run/manager/ask
read -r status </run/manager/answer
exit "$status"
"""
CLUSTER = ["pg_ctlcluster", "--skip-systemctl-redirect", "15", "main"]


def unit_read(path):
    """The unit's lines as (name, value), in their order."""
    return re.findall(r"^([A-Za-z]+)=(.*)$", path.read_text(), re.M)


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|min)", text).groups()
    return int(number) * {"s": 1, "min": 60}[unit]


class Manager:
    def __init__(self, root, logs):
        self.root = pathlib.Path(root)
        self.logs = pathlib.Path(logs)
        self.sockets = {}
        self.services = {}
        self.history = []  # logs of programs that have ended
        self.asked = []
        self.failures = []
        self.errors = []
        talk = self.root / "run/manager"
        talk.mkdir(parents=True)
        for name in ("ask", "answer"):
            os.mkfifo(talk / name)
        shim = self.root / "usr/local/bin/systemctl"
        shim.write_text(SYSTEMCTL)
        shim.chmod(0o755)
        threading.Thread(target=self.serve, daemon=True).start()

    # What systemctl asks.

    def serve(self):
        while True:
            words = (self.root / "run/manager/ask").read_text().split()
            try:
                self.do(words)
                status = 0
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(f"{' '.join(words)}: {error}")
                status = 1
            (self.root / "run/manager/answer").write_text(f"{status}\n")

    def do(self, words):
        self.asked.append(words)
        plain = [word for word in words if not word.startswith("-")]
        action, now = plain[0], "--now" in words
        actions = {"enable": ["start"] if now else [], "disable": ["stop"] if now else []}.get(action, [action])
        for name in plain[1:]:
            for step in actions:
                self.step(step, name if "." in name else f"{name}.service")

    def step(self, action, unit):
        if unit == "postgresql.service":
            self.chroot(*CLUSTER, action)
        elif unit == "nginx.service":
            running = (self.root / "run/nginx.pid").exists() and (self.root / "run/nginx.pid").read_text().strip()
            self.chroot(*(["nginx", "-s", "reload"] if running else ["nginx"]))
        elif unit.endswith(".socket"):
            (self.socket_start if action in ("start", "restart") else self.socket_stop)(unit)
        else:
            for step in {"restart": ("stop", "start")}.get(action, (action,)):
                getattr(self, step)(unit)

    def chroot(self, *words):
        done = subprocess.run(["chroot", self.root, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr}")

    # Units.

    def unit(self, name):
        return unit_read(self.root / "lib/systemd/system" / name)

    def group(self, name):
        return int(re.search(rf"^{name}:[^:]*:(\d+):", (self.root / "etc/group").read_text(), re.M).group(1))

    def user(self, name):
        return int(re.search(rf"^{name}:[^:]*:(\d+):", (self.root / "etc/passwd").read_text(), re.M).group(1))

    def socket_start(self, name):
        if name in self.sockets:
            return
        lines = dict(self.unit(name))
        path = self.root / lines["ListenStream"].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.sockets[name] = listening(path, int(lines["SocketMode"], 8))
        os.chown(path, self.user(lines["SocketUser"]), self.group(lines["SocketGroup"]))

    def socket_stop(self, name):
        self.sockets.pop(name).close()
        lines = dict(self.unit(name))
        if lines.get("RemoveOnStop") == "yes":
            (self.root / lines["ListenStream"].lstrip("/")).unlink()

    def credentials(self, name, lines):
        """What LoadCredential= names, for this unit's user alone."""
        folder = self.root / "run/credentials" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for key, value in lines:
            if key == "LoadCredential":
                known, source = value.split(":")
                source = self.root / source.lstrip("/")
                files = [(f"{known}_{file.name}", file) for file in source.iterdir()] if source.is_dir() else [(known, source)]
                for called, file in files:
                    shutil.copyfile(file, folder / called)
        owner = self.user(dict(lines)["User"])
        for path in [folder, *folder.iterdir()]:
            os.chown(path, owner, 0)
            path.chmod(0o500 if path.is_dir() else 0o400)
        return f"/run/credentials/{name}"

    def start(self, name):
        lines = self.unit(name)
        one = dict(lines)
        needed = one.get("ConditionPathExists")
        if name in self.services or needed and not (self.root / needed.lstrip("/")).exists():
            return
        assert one["Type"] == "notify"
        passed = None
        if "Requires" in one:
            self.socket_start(one["Requires"])
            passed = self.sockets[one["Requires"]]
        words = ["chroot", self.root, "setpriv", "--reuid", one["User"], "--regid", one["Group"], "--clear-groups",
                 "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", *one["ExecStart"].split()]
        program = Managed(words, self.logs, passed=passed, watchdog_ms=seconds(one["WatchdogSec"]) * 1000,
                          env={"CREDENTIALS_DIRECTORY": self.credentials(name, lines)})
        self.services[name] = program
        program.expect("READY=1")

    def stop(self, name):
        program = self.services.pop(name, None)
        if program is None:
            return
        program.signal(signal.SIGTERM)
        status = program.ends(seconds(dict(self.unit(name))["TimeoutStopSec"]))
        if status or "STOPPING=1" not in program.said:
            self.failures.append(f"{name} ended with {status}, said {program.said}")
        self.history.append((name, program.log()))
        program.__exit__()
        shutil.rmtree(self.root / "run/credentials" / name)

    def reload(self, name):
        self.services[name].signal(signal.SIGHUP)
        self.services[name].expect("READY=1")

    def logs_all(self):
        return self.history + [(name, program.log()) for name, program in self.services.items()]
