# SPDX-License-Identifier: Apache-2.0
"""Who is measured against whom, and the interleaved rounds.

A contender takes webhooks at a port; each round every contender has its turn, the order turning
by one from round to round, so that a disturbance of the machine falls on all of them.
"""
import json
import os
import subprocess
import time

import measure

NUMBERS = {"next": 1}  # of webhooks: each makes its own delivery, service and address


def post(rig, port, path, connections=1, seconds=None, count=None, kind="license.create", first=None, tag="bench",
         service=None, rate=None):
    """Runs the load generator; returns what it printed.  `first`: take these numbers again; `service`: all are of it;
    `rate`: so many a second."""
    begin = NUMBERS["next"] if first is None else first
    bound = ["--seconds", str(seconds)] if seconds else ["--count", str(count)]
    bound += ["--service", str(service)] if service else []
    bound += ["--rate", str(rate)] if rate else []
    done = subprocess.run([f"{rig.env['BIN']}/bench/load", "--port", str(port), "--path", path, "--connections",
                           str(connections), *bound, "--type", kind, "--first", str(begin), "--tag", tag],
                          env={**os.environ, "WEBHOOK_SECRET": rig.env["WEBHOOK_SECRET"]}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout)
    NUMBERS["next"] = max(NUMBERS["next"], begin + result["sent"])
    return result


class Contender:
    """Something that answers webhooks; `components` names its processes in the rig."""

    def __init__(self, name, rig, port, path, connections, components, kind="license.create"):
        self.name = name
        self.rig = rig
        self.port = port
        self.path = path
        self.connections = connections
        self.components = components
        self.kind = kind
        self.rounds = []

    def load(self, seconds):
        return post(self.rig, self.port, self.path, self.connections, seconds=seconds, kind=self.kind)

    def processor(self):
        return {part: measure.cpu_seconds(measure.component_pid(self.rig, name))
                for part, name in self.components.items()}

    def run(self, seconds):
        """One turn."""
        (busy, client), before, began = measure.busy_seconds(), self.processor(), time.monotonic()
        result = self.load(seconds)
        (busy_after, client_after), after = measure.busy_seconds(), self.processor()
        ours = sum(after.values()) - sum(before.values()) + client_after - client
        # What others did on the machine meanwhile, as a share of all its processors.
        result["foreign"] = max(0.0, busy_after - busy - ours) / (time.monotonic() - began) / os.cpu_count()
        for part in self.components:
            result[f"cpu_us_{part}"] = (after[part] - before[part]) * 1e6 / result["ok"] if result["ok"] else None
        self.rounds.append(result)
        return result

    def figures(self):
        """Median, least and most of every number, and the sums of what was counted."""
        names = [name for name, value in self.rounds[0].items() if isinstance(value, (int, float))]
        found = {name: measure.spread([turn[name] for turn in self.rounds])
                 for name in names if name not in ("first", "sent", "ok", "broken", "stored")}
        found.update({name: sum(turn[name] for turn in self.rounds)
                      for name in ("sent", "ok", "broken", "stored") if name in names})
        found["statuses"] = {}
        for turn in self.rounds:
            for status, count in turn["statuses"].items():
                found["statuses"][status] = found["statuses"].get(status, 0) + count
        return {"connections": self.connections, "type": self.kind, **found}


class Intake(Contender):
    """The bridge itself: its answers are promises, so rows and the transactions that stored them are counted too."""

    def run(self, seconds):
        database = measure.Database(self.rig)
        stored, last = database.orders(), database.last_order()
        result = super().run(seconds)
        result["stored"] = database.orders() - stored
        result["tx_per_webhook"] = database.batches_after(last) / result["ok"] if result["ok"] else None
        return result


class Peer(Contender):
    """What others build the same with; its rows are in tables of its own."""

    def run(self, seconds):
        rows = measure.Database(self.rig).peer_orders
        before = rows()
        result = super().run(seconds)
        result["stored"] = rows() - before
        return result


def run_rounds(contenders, rounds, seconds, say):
    """Every contender once per round."""
    for contender in contenders:
        contender.load(min(seconds, 1))  # caches, plans and connections are warm when it counts
    for number in range(rounds):
        turn = number % len(contenders)
        for contender in contenders[turn:] + contenders[:turn]:
            began = time.monotonic()
            result = contender.run(seconds)
            say(f"round {number + 1}/{rounds}  {contender.name:<18} {result['rps']:>9.0f} req/s"
                f"  ({time.monotonic() - began:.1f} s)")
