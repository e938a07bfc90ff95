# SPDX-License-Identifier: Apache-2.0
"""Kills, stops, crashes and clock jumps.

The stand-in is never harmed (its ledger is the judge), and nginx, which carries its traffic too, is stopped for less
than the accounts' quiet time: an upstream whose effect comes later than that is outside of what is promised.
"""
import collections
import os
import random
import signal
import subprocess
import threading
import time

import psycopg

PROGRAMS = ("intake", "intake2", "ops", "worker1", "worker2")
JUMPS = ("+0s", "+1h", "+6d", "+20d", "-20m")  # the certificate of the rig is valid from now on for 30 days
LEASE_S = 2.0


class Havoc:
    """Does one harm at a time, `pause` seconds apart on average; everything runs again when it has ended."""

    def __init__(self, ground, seed, pause):
        self.ground, self.pause = ground, pause
        self.random = random.Random(f"havoc {seed}")
        self.done = collections.Counter()
        self.errors = []
        self.died = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name="havoc")
        self.harms = [(self.kill, 8), (self.stop, 5), (self.kill_nginx_worker, 2), (self.stop_nginx_worker, 2),
                      (self.kill_nginx, 1), (self.terminate_backends, 4), (self.crash_postgres, 2),
                      (self.kill_postgres, 1)] + ([(self.jump, 3)] if ground.has_faketime else [])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.look()
        self.repair()

    def look(self):
        """Between two harms everything runs; what does not has ended by itself."""
        for name in PROGRAMS:
            pid = (self.ground.dir / "run" / f"{name}.pid").read_text().strip()
            if not os.path.exists(f"/proc/{pid}"):
                self.died.append(f"{name} (process {pid})")
                self.ground.ctl("start", name)

    def kills(self):
        """Everything that ended a process or a session."""
        return sum(n for name, n in self.done.items() if name.startswith(("kill", "crash", "terminate")))

    def repair(self):
        names = ("postgres", "nginx", *PROGRAMS)
        self.ground.ctl("continue", *names)
        for pid in self.nginx_workers():
            self.signal(pid, signal.SIGCONT)
        self.ground.ctl("start", *names)
        self.ground.ctl("ready", "60")

    def run(self):
        harms, weights = zip(*self.harms)
        while not self.ended.wait(self.random.uniform(0.4, 1.6) * self.pause):
            harm = self.random.choices(harms, weights)[0]
            try:
                self.look()
                harm()
            except (subprocess.CalledProcessError, OSError, psycopg.Error) as error:
                self.errors.append(f"{harm.__name__}: {error}")

    def kill(self):
        victim = self.random.choice(PROGRAMS)
        self.ground.ctl("kill", victim)
        self.done[f"kill {victim}"] += 1
        self.ended.wait(self.random.choice((0, 0.3, 1.0, LEASE_S + 0.5)))
        self.ground.ctl("start", victim)

    def stop(self):
        victim = self.random.choice(PROGRAMS)
        self.ground.ctl("pause", victim)
        self.done[f"stop {victim}"] += 1
        # Some outlive the lease: another worker has taken over when this one goes on.
        time.sleep(self.random.choice((0.2, 0.6, 1.2, 1.5, LEASE_S + 1.5)))
        self.ground.ctl("continue", victim)

    def nginx_workers(self):
        master = (self.ground.dir / "run" / "nginx.pid").read_text().strip()
        path = f"/proc/{master}/task/{master}/children"
        try:
            return [int(pid) for pid in open(path, encoding="ascii").read().split()]
        except OSError:
            return []

    @staticmethod
    def signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def kill_nginx_worker(self):
        for pid in self.random.sample(self.nginx_workers(), 1):
            self.signal(pid, signal.SIGKILL)
            self.done["kill nginx worker"] += 1

    def stop_nginx_worker(self):
        for pid in self.random.sample(self.nginx_workers(), 1):
            self.signal(pid, signal.SIGSTOP)
            self.done["stop nginx worker"] += 1
            time.sleep(self.random.choice((0.1, 0.4)))
            self.signal(pid, signal.SIGCONT)

    def kill_nginx(self):
        self.ground.ctl("kill", "nginx")
        self.done["kill nginx"] += 1
        self.ground.ctl("start", "nginx")

    def kill_postgres(self):
        self.ground.ctl("kill", "postgres")
        self.done["kill postgres"] += 1
        self.ground.ctl("start", "postgres")

    def crash_postgres(self):
        self.ground.ctl("crash", "postgres")
        self.done["crash postgres"] += 1
        self.ground.ctl("start", "postgres")

    def terminate_backends(self):
        """One session of the bridge, or all of them."""
        one = self.random.random() < 0.7
        sql = ("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
               "and backend_type = 'client backend' and application_name not like 'chaos%%' order by md5(pid || %s)"
               + (" limit 1" if one else ""))
        with psycopg.connect(self.ground.env["DATABASE_URL"], connect_timeout=5) as connection:
            self.done["terminate backend"] += len(connection.execute(sql, (str(self.random.random()),)).fetchall())

    def jump(self):
        self.ground.clock_jump(self.random.choice(JUMPS))
        self.done["clock jump"] += 1
