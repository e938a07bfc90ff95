# SPDX-License-Identifier: Apache-2.0
"""An operator who empties the tray by looking at what the reseller sold, with the commands that operators have."""
import collections
import random
import threading

import psycopg

import judge
from ground import QUIET_MS

TRAY = """
select o.order_id, substr(o.type::text, 9) as type, o.paid, o.provider, o.account, o.upstream_type, host(o.ip) as ip
from bridge.orders o
where o.state = 'needs_review'
  and now() > case when o.paid then o.deadline else o.updated_at end + %s * interval '1 ms'
order by o.order_id limit 500"""
PATIENCE_MS = QUIET_MS + 100  # after the deadline; what the program asks for (R8), and an effect comes no later
EVERY_S = 0.2


class Clerk:
    """Somebody who sits in front of the tray: looks into it every moment while it lives; `empty` does it once."""

    def __init__(self, ground, tables, upstream, seed):
        self.ground, self.tables, self.upstream = ground, tables, upstream
        self.random = random.Random(f"clerk {seed}")
        self.done, self.refusals = collections.Counter(), collections.Counter()
        self.errors, self.alarms = [], []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name="clerk")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        while not self.ended.wait(EVERY_S):
            try:
                self.empty()
            except (OSError, RuntimeError, ValueError, psycopg.Error) as error:
                self.errors.append(f"{type(error).__name__}: {error}")

    def happened(self, row):
        """Whether the reseller's books show an effect of one of this order's calls."""
        if row["provider"] == "lisanszone":
            return False  # saying no costs nothing there
        calls = self.upstream.calls(account=row["account"], type=row["upstream_type"], ip=row["ip"], effects=1)
        orders = self.tables.orders("where o.account = %s and o.upstream_type = %s and o.ip = %s",
                                    (row["account"], row["upstream_type"], row["ip"]))
        world = judge.World(orders, calls)
        return bool(world.effects(world.orders[row["order_id"]], judge.PROOF.get(row["type"])))

    def empty(self):
        """Settles what lies there; says how many it settled."""
        settled = 0
        for row in self.tables.rows(TRAY, (PATIENCE_MS,)):
            verdict = "--happened" if self.happened(row) else \
                self.random.choice(("--buy-again", "--did-not-happen")) if row["paid"] else "--did-not-happen"
            refusal = self.resolve(row["order_id"], verdict)
            if refusal is None:
                self.done[verdict[2:]] += 1
                settled += 1
            else:
                self.refusals[refusal] += 1
        self.acknowledge()
        return settled

    def resolve(self, order_id, verdict):
        """None, or why not."""
        answer = self.ground.ctl_program("resolve", str(order_id), verdict, "--reason", "looked it up", "--yes")
        return None if answer.returncode == 0 else (answer.stderr.strip().splitlines() or ["?"])[-1][:120]

    def acknowledge(self):
        """Nobody else spends here, so an alarm is false; it is counted, and the account goes on."""
        for row in self.tables.rows("select account, alarm from bridge.account where alarm is not null"):
            self.alarms.append(f"{row['account']}: {row['alarm']}")
            self.ground.ctl_program("acknowledge", row["account"], "--reason", "looked it up")
