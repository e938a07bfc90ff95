# SPDX-License-Identifier: Apache-2.0
"""What is read off a running rig from outside: processor time, memory, transactions, rows.

Nothing here asks the bridge about itself: the kernel counts the time, PostgreSQL the
transactions and the rows.
"""
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
LOG_FILES = 70  # of 16 MB, before anything is measured


def _stat(pid):
    """The fields of /proc/PID/stat from the state on; None when the process is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def family(leader):
    """A process and its children, as nginx and PostgreSQL have them."""
    found = [leader]
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(entry.name)
            if fields and int(fields[1]) == leader:
                found.append(int(entry.name))
    return found


def cpu_seconds(leader):
    """Processor time of a family, with that of its children that have ended."""
    ticks = 0
    for pid in family(leader):
        fields = _stat(pid)
        if fields:
            ticks += int(fields[11]) + int(fields[12])
            if pid == leader:
                ticks += int(fields[13]) + int(fields[14])
    return ticks / TICK


def busy_seconds():
    """Processor time that the machine has spent on anything, and that of our own children that have ended."""
    fields = [int(value) for value in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (sum(fields) - fields[3] - fields[4]) / TICK, children.ru_utime + children.ru_stime


def memory_mb(pid):
    """(resident now, resident at most so far) in MB of 10^6 bytes."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    values = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return tuple(int(values[name]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))


def component_pid(rig, name):
    return int((rig.dir / "run" / f"{name}.pid").read_text())


class Database:
    """The rig's database, through psql."""

    def __init__(self, rig):
        self.url = rig.env["DATABASE_URL"]

    def value(self, statement):
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url, "-c", statement],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def orders(self):
        return int(self.value("select count(*) from bridge.orders"))

    def peer_orders(self, state=None):
        return int(self.value("select count(*) from peer.orders" + (f" where state = '{state}'" if state else "")))

    def orders_in(self, *states):
        wanted = ", ".join(f"'{state}'" for state in states)
        return int(self.value(f"select count(*) from bridge.orders where state in ({wanted})"))

    def last_order(self):
        return int(self.value("select coalesce(max(order_id), 0) from bridge.orders"))

    def batches_after(self, order):
        """The transactions that stored what came after this order: its delivery's row keeps its transaction's number."""
        return int(self.value(f"select count(distinct xmin::text) from bridge.delivery where order_id > {order}"))


def log_settle(rig):
    """The write-ahead log of a server that has been at work for a while: files that are written again, where a new
    cluster makes and syncs one of 16 MB after each 5,000 webhooks, and checkpoints by time.  For everybody who is measured."""
    database = Database(rig)
    for setting in ("min_wal_size = '2GB'", "max_wal_size = '4GB'", "checkpoint_timeout = '15min'"):
        database.value(f"alter system set {setting}")
    database.value("select pg_reload_conf()")
    for _ in range(LOG_FILES):
        database.value("select pg_logical_emit_message(false, 'bench', '')")
        database.value("select pg_switch_wal()")
    database.value("checkpoint")


def bare_insert_ms(rig, seconds):
    """Medians of one durable single-row insert by one client: what a webhook costs at the very least."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "insert.sql"
        script.write_text("insert into peer.bare (body) values (repeat('x', 654));\n")
        Database(rig).value("create table if not exists peer.bare (id bigserial primary key, body text)")
        subprocess.run(["/usr/lib/postgresql/15/bin/pgbench", "-n", "-M", "prepared", "-c", "1", "-T", str(round(seconds)),
                        "-l", "--log-prefix", f"{folder}/log", "-f", script, rig.env["DATABASE_URL"]],
                       stdin=subprocess.DEVNULL, capture_output=True, check=True)
        took = [int(line.split()[2]) for log in pathlib.Path(folder).glob("log*") for line in log.read_text().splitlines()]
    return share(took, 0.5) / 1000


def spread(values):
    """Median, least and most of one figure over the rounds."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def share(values, part):
    """The value that `part` (0..1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(part * len(ordered)) - 1))] if ordered else None
