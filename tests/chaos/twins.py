# SPDX-License-Identifier: Apache-2.0
"""The system under test on two hosts: each has a PostgreSQL, an nginx, a front door and a worker.

One PostgreSQL is the primary, the other its synchronous standby.  Panels and reseller are at the other end of each
host's outer cable; the hosts reach one another through a switch.  Nothing crosses between hosts but by these cables.
"""
import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import urllib.parse

import psycopg

from bridge import undisturbed
from ground import Ground
from hosts import Hosts, wait_until

PORT = 5432
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
AS_POSTGRES = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
COMMIT_TIMEOUT = "2s"
CONNINFO = 'host=%s port=%d dbname=bridge target_session_attrs=read-write'


class Server:
    """The PostgreSQL of one host."""

    def __init__(self, hosts, number, folder, log):
        self.hosts, self.number, self.folder, self.log = hosts, number, folder, log
        self.data, self.sockets = folder / f"data{number}", folder / f"sock{number}"
        self.sockets.mkdir(mode=0o755)
        shutil.chown(self.sockets, "postgres", "postgres")
        self.process = None

    def start(self):
        self.process = self.hosts.start(self.number, [
            *AS_POSTGRES, PG_BIN / "postgres", "-D", self.data, "-c", "listen_addresses=*", "-c", f"port={PORT}",
            "-c", f"unix_socket_directories={self.sockets}"], self.log)
        wait_until(self.answers, 60, lambda: f"PostgreSQL on host {self.number} does not answer")

    def answers(self):
        try:
            return self.ask("select 1") == [(1,)]
        except psycopg.OperationalError:
            return False

    def ask(self, *statements):
        """The rows of the last one; each is a transaction of its own."""
        with psycopg.connect(f"host={self.sockets} port={PORT} dbname=bridge user=postgres", autocommit=True,
                             connect_timeout=5) as connection:
            for statement in statements:
                found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def power_off(self):
        """All of it at once, as when the current goes: nothing is put in order, nobody is told."""
        if self.process.poll() is not None:
            return
        pid = self.process.pid
        os.kill(pid, signal.SIGSTOP)  # it starts nobody any more
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for victim in (*children, pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(victim), signal.SIGKILL)
        self.process.wait()

    def wait_for_standby(self, wanted):
        """Whether commits are acknowledged only when another server has them too."""
        self.ask(f"alter system set synchronous_standby_names = '{'*' if wanted else ''}'", "select pg_reload_conf()")

    def promote(self):
        """Becomes the primary, alone until it has a standby of its own."""
        self.wait_for_standby(False)
        self.ask("select pg_promote(true, 60)")

    def follow(self, primary):
        """Becomes the primary's standby, from a copy; whatever it had is thrown away."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.hosts.inside(self.number, *AS_POSTGRES, PG_BIN / "pg_basebackup", "-h", self.hosts.inner(primary.number),
                          "-p", PORT, "-U", "postgres", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self.start()
        wait_until(lambda: primary.ask("select state from pg_stat_replication") == [("streaming",)], 60,
                   lambda: f"host {self.number} does not follow")

    def has_standby(self):
        return self.ask("select sync_state from pg_stat_replication") == [("sync",)]


class Twins(Ground):
    """`with Twins(settle, seed, accounts) as twins:`; the first host begins as the primary."""

    patience = 8

    def __init__(self, settle, seed, accounts):
        super().__init__(settle, seed, accounts, WORKERS=0, INTAKES=1)
        self.settings["RIG_CONFIG"] += f'commit_timeout = "{COMMIT_TIMEOUT}"\n'
        self.stack = contextlib.ExitStack()
        self.hosts, self.servers = None, []
        self.aside = None  # the host that panels do not ask

    def up(self):
        super().up()
        self.ctl("stop", "intake", "ops", "postgres")
        port = urllib.parse.urlsplit(self.env["UPSTREAM_URL"]).port
        self.hosts = self.stack.enter_context(Hosts(2, port))
        self.hosts.switch_make()
        self.servers_start()
        self.configure()
        for number in (1, 2):
            self.bridge_start(number)
        for number in (1, 2):
            wait_until(lambda n=number: self.ready(n), 30, lambda n=number: f"host {n} does not get ready")

    def down(self):
        with undisturbed():
            for server in self.servers:
                if server.process is not None and server.process.poll() is None:
                    server.power_off()
            self.stack.close()
            super().down()

    def servers_start(self):
        folder = pathlib.Path(self.env["PRIVATE"]) / "pg"
        self.servers = [Server(self.hosts, n, folder, self.dir / "log" / f"postgres{n}.log") for n in (1, 2)]
        first, second = self.servers
        pathlib.Path(self.env["PGDATA"]).rename(first.data)
        with open(first.data / "pg_hba.conf", "a", encoding="ascii") as rules:
            rules.write("host all all 10.0.0.0/8 trust\nhost replication all 10.0.0.0/8 trust\n")
        first.start()
        second.follow(first)
        first.wait_for_standby(True)
        wait_until(first.has_standby, 30, lambda: "the standby is not synchronous")

    def configure(self):
        """One configuration for both hosts, another one for whoever looks at both from outside."""
        text = pathlib.Path(self.env["CONFIG"]).read_text()
        former, _, rest = text.partition("\n")
        assert former.startswith("database"), former
        for name, places in (("host", [self.hosts.inner(n) for n in (1, 2)]),
                             ("outside", [str(server.sockets) for server in self.servers])):
            database = CONNINFO % (",".join(places), PORT)
            path = self.dir / f"{name}.conf"
            path.write_text(f'database = "{database}"\n{rest}')
            path.chmod(0o600)
        self.env["CONFIG"] = str(self.dir / "outside.conf")
        self.env["DATABASE_URL"] = f"{database} user=postgres"

    def bridge_start(self, number):
        """nginx with the files that ship, the front door and a worker on one host."""
        private, log = pathlib.Path(self.env["PRIVATE"]), self.dir / "log"
        ours = private / f"host{number}"
        (ours / "sock").mkdir(parents=True)
        shutil.copytree(private / "nginx", ours / "nginx")
        address = urllib.parse.urlsplit(self.env["BASE_URL"]).netloc
        for path in (ours / "nginx").rglob("*.conf"):
            text = path.read_text().replace(f"{private}/", f"{ours}/").replace(address, self.netloc(number))
            text = text.replace(f"include {ours}/nginx/standin.conf;", "")
            path.write_text(text.replace(f"{log}/access.log", f"{log}/access{number}.log"))
        config, binary = self.dir / "host.conf", self.env["BIN"]
        for name, command in (("intake", ["bridge-fcgi", "intake", "--config", config, "--socket", ours / "sock/intake.sock"]),
                              ("worker", ["bridge-worker", "--config", config])):
            self.hosts.start(number, [f"{binary}/{command[0]}", *command[1:]], log / f"{name}{number}.log")
        self.hosts.start(number, ["nginx", "-e", log / f"nginx{number}.log", "-p", ours / "nginx", "-c",
                                  ours / "nginx/nginx.conf"], log / f"nginx{number}.log")

    def netloc(self, number):
        return f"{self.hosts.outer(number)}:{urllib.parse.urlsplit(self.env['BASE_URL']).port}"

    def door(self):
        """Either host; who gets no answer asks again and may meet the other."""
        return f"http://{self.netloc(random.choice([n for n in (1, 2) if n != self.aside]))}" if self.hosts else super().door()

    def ready(self, number):
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-m", "2", "-w", "%{http_code}",
                               f"http://{self.netloc(number)}/health/ready"], capture_output=True, text=True, check=False)
        return done.stdout == "200"
