#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make failover TIMES=n: the primary's host is cut off or dies while panels order licenses, its standby takes over,
and the upstream's ledger is asked what was bought.

Each time: cables are cut (or the power goes), what is asked of the old primary then must not be acknowledged, it is
fenced, the standby is promoted, both bridges go on, and the old host comes back as the new one's standby.  The last
line is `failover: ok …` or `failover: failed …`; a failure keeps logs, tables and ledger in build/chaos/.  docs/testing.md
tells what is judged.  WITHOUT=sync or WITHOUT=fence leaves out what the promise rests on: then it must fail.
"""
import argparse
import json
import os
import pathlib
import statistics
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "rig")]

import chaos  # noqa: E402
import psycopg  # noqa: E402
from bridge import request, sign  # noqa: E402
from clerk import Clerk  # noqa: E402
from evidence import Tables, Upstream  # noqa: E402
from ground import SECRET  # noqa: E402
from hosts import wait_until  # noqa: E402
from panel import Panels  # noqa: E402
from twins import Twins  # noqa: E402

ACCOUNTS = 16
BACKLOG = 60  # more orders than this under way: the panels wait
FLOWING = 40  # acknowledged orders between two failures, at least
OUTAGE_S = 2.5  # from the cut to the fence: in this time nothing may be acknowledged
RECOVERY_S = 60
# split: the primary's host loses the other one, not panels and reseller.  reboot: the same, and its PostgreSQL starts
# again meanwhile.  dark: it loses all its cables.  crash: its power goes.  alone: the standby's host is cut off for a
# while, and nobody takes over.
CUTS = ("split", "reboot", "dark", "crash", "alone")
KEPT = ("VARIANT", "RIG_NO_BUILD", "RIG_KEEP", "ASAN_OPTIONS", "UBSAN_OPTIONS")


def say(text):
    print(f"failover: {text}", flush=True)


class Gate(threading.Thread):
    """Lets the panels wait while too much is under way; asks nobody while there is no database."""

    def __init__(self, panels, tables):
        super().__init__(name="gate")
        self.panels, self.tables, self.over = panels, tables, threading.Event()

    def run(self):
        while not self.over.wait(0.5):
            try:
                moving = self.tables.moving()
            except psycopg.Error:
                continue
            (self.panels.open.set if moving < BACKLOG else self.panels.open.clear)()


class Probe:
    """One order of which it is known when it was sent, and to which host."""

    number = 0

    def __init__(self, twins, log):
        Probe.number += 1
        self.twins, self.log, name = twins, log, f"probe{Probe.number}"
        self.delivery = f"msg_{name}"
        self.body = json.dumps(twins.event(
            "license.create", operation_key=name, service_id=name, product_code="cpanel-a00",
            ip=f"10.240.{Probe.number // 250}.{Probe.number % 250 + 1}", billing_months=1)).encode()

    def send(self, host, patience):
        """The answer, None when there was none."""
        now = str(int(time.time()))
        try:
            return request(f"http://{self.twins.netloc(host)}/v1/events/chaos", "POST", self.body, {
                "content-type": "application/json", "webhook-id": self.delivery, "webhook-timestamp": now,
                "webhook-signature": sign(SECRET, self.delivery, now, self.body)}, timeout=patience)
        except OSError:
            return None

    def acknowledged(self, host):
        """Whether it is now; who repeats it elsewhere must be told of the same order."""
        answer = self.send(host, 2)
        if answer is None or answer.status not in (200, 202):
            return False
        self.log.acknowledge(self.delivery, int(answer.body["order_id"]))
        return True


class Failover:
    """The person, or the program, that decides who is the primary."""

    def __init__(self, twins, panels, upstream, without):
        self.twins, self.panels, self.upstream, self.without = twins, panels, upstream, without
        self.primary, self.standby = twins.servers
        self.wrong, self.recoveries = [], []

    def cut(self, kind):
        host = self.primary.number
        if kind == "crash":
            self.primary.power_off()
        else:
            self.twins.hosts.cut_inner(host)
        if kind == "dark":
            self.twins.hosts.cut_outer(host)

    def mend(self, kind):
        if kind != "crash":
            self.twins.hosts.mend_inner(self.primary.number)
        if kind == "dark":
            self.twins.hosts.mend_outer(self.primary.number)

    def refused(self, probe, host):
        """Panels reach this bridge; what it reaches must not be enough for it to say that it has the order."""
        answer = probe.send(host, self.twins.patience)
        if answer is None or answer.status != 503 or "retry-after" not in answer.headers:
            self.wrong.append(f"with a primary without its standby, host {host} answered {answer}")

    def reboot(self, probe):
        """What hung there can be read now, and its panel repeats it: nobody may believe what only this server has."""
        self.primary.power_off()
        self.primary.start()
        if self.primary.ask(f"select count(*) from bridge.delivery where delivery_id = '{probe.delivery}'") != [(1,)]:
            self.wrong.append("the order that hung is not there after the restart: nothing was tried")
        wait_until(lambda: self.twins.ready(self.primary.number), 20, lambda: "the old primary's bridge finds it no more")
        self.refused(probe, self.primary.number)

    def outage(self, kind):
        """Nobody may be told that an order is stored which only the old primary has."""
        began, probe = time.monotonic(), Probe(self.twins, self.panels.log)
        if kind in ("split", "reboot", "alone"):
            self.refused(probe, self.primary.number)
        if kind == "alone":
            self.refused(probe, self.standby.number)
        if kind == "reboot":
            self.reboot(probe)
        time.sleep(max(0.0, began + OUTAGE_S - time.monotonic()))
        return probe

    def take_over(self, kind):
        """Fence first: two primaries would both be believed."""
        if kind != "crash" and self.without != "fence":
            self.primary.power_off()
        fenced = time.monotonic()
        self.standby.promote()
        return fenced

    def come_back(self):
        """The old host returns, as a standby; whatever it has not passed on before is thrown away."""
        if self.primary.process.poll() is None:
            self.primary.power_off()
        self.primary.follow(self.standby)
        self.primary, self.standby = self.standby, self.primary
        if self.without != "sync":
            self.primary.wait_for_standby(True)
            wait_until(self.primary.has_standby, 30, lambda: "the standby is not synchronous")

    def flow(self):
        """The panels' orders go through, in number."""
        before = len(self.panels.log.orders)
        wait_until(lambda: len(self.panels.log.orders) >= before + FLOWING, 60, lambda: "the load came to a halt")

    def stand_still(self):
        """A primary alone acknowledges nothing; when its standby is back, it does."""
        standby = self.standby.number
        self.twins.hosts.cut_inner(standby)
        probe = self.outage("alone")
        self.twins.hosts.mend_inner(standby)
        mended = time.monotonic()
        for host in (1, 2):
            wait_until(lambda n=host: probe.acknowledged(n), RECOVERY_S, lambda n=host: f"host {n} acknowledges nothing")
        return f"host {standby} cut off; then acknowledging on both hosts in {1000 * (time.monotonic() - mended):.0f} ms"

    def change_over(self, kind):
        """From the failure to both hosts in service again, with the other primary."""
        if self.without == "fence" and kind != "crash":  # as where a primary goes on alone without asking anybody
            self.primary.wait_for_standby(False)
        if kind == "reboot":  # what is asked of the old host then shares its commit with nobody
            self.twins.aside = self.primary.number
            time.sleep(1)
        began = time.monotonic()
        self.cut(kind)
        probe = self.outage(kind)
        fenced = self.take_over(kind)
        promoted, new, old = time.monotonic(), self.standby.number, self.primary.number
        wait_until(lambda: probe.acknowledged(new), RECOVERY_S, lambda: f"host {new} acknowledges nothing")
        recovered, sold = time.monotonic(), self.upstream.ask("summary")["last_seq"]
        wait_until(lambda: self.upstream.ask("summary")["last_seq"] > sold, RECOVERY_S, lambda: "no worker works")
        working = time.monotonic()
        self.mend(kind)
        self.twins.aside = None
        self.come_back()
        wait_until(lambda: Probe(self.twins, self.panels.log).acknowledged(old), RECOVERY_S,
                   lambda: f"host {old} acknowledges nothing")
        self.recoveries.append(round(1000 * (recovered - fenced)))
        return (f"host {old} {kind}, fenced after {fenced - began:.1f} s; then promoted in "
                f"{1000 * (promoted - fenced):.0f} ms, acknowledging in {1000 * (recovered - fenced):.0f} ms, working in "
                f"{1000 * (working - fenced):.0f} ms, both hosts in {time.monotonic() - fenced:.1f} s")

    def fail(self, number):
        kind = CUTS[number % len(CUTS)]
        self.flow()
        say(f"{number + 1}: {self.stand_still() if kind == 'alone' else self.change_over(kind)}")


def rounds(options, twins, tables, upstream, panels, clerk):
    """As many failures as were asked for; what was seen, and whether all came to rest."""
    gate = Gate(panels, tables)
    failover = Failover(twins, panels, upstream, options.without)
    panels.start()
    gate.start()
    try:
        with clerk:
            if options.without == "sync":
                failover.primary.wait_for_standby(False)
            for number in range(options.times):
                failover.fail(number)
            failover.flow()
    finally:
        gate.over.set()
        gate.join()
        panels.end()
    return failover, chaos.drain(tables, upstream, clerk, 120)


def judged(twins, tables, upstream, panels, failover, drained):
    world = chaos.gather(tables, upstream, panels.log)
    findings = {name: find(world) for name, find in chaos.JUDGED}
    findings["effect without an order"] = chaos.judge.find_orphans(world)
    findings["answer"] = [(None, text) for text in panels.log.wrong + failover.wrong]
    findings["drain"] = [] if drained else [(None, "orders were still moving")]
    findings["died by itself"] = [(None, text) for text in twins.hosts.ended()]
    if not upstream.ask("summary")["balanced"]:
        findings["stand-in"] = [(None, "its books do not balance")]
    return world, findings


def run(options):
    with Twins("operator", options.seed, ACCOUNTS) as twins:
        tables, upstream = Tables(twins), Upstream(twins)
        panels = Panels(twins, upstream, options.seed, sys.maxsize, threads=6)
        clerk = Clerk(twins, tables, upstream, options.seed)
        failover, drained = rounds(options, twins, tables, upstream, panels, clerk)
        world, findings = judged(twins, tables, upstream, panels, failover, drained)
        bad = {name: found for name, found in findings.items() if found}
        say(f"orders {len(panels.log.orders)}, panels saw {chaos.sum_up(panels.log.counts)}; operator {chaos.sum_up(clerk.done)}")
        if bad:
            chaos.explain(world, tables, bad)
            for name, found in bad.items():
                for order_id, text in found[:20]:
                    say(f"{name}: order {order_id}: {text}")
            say(f"logs, tables and ledger are in {chaos.keep(twins, world, bad, options.seed)}")
        say(f"{'failed' if bad else 'ok'} times={options.times} lost={len(findings['lost'])} double={len(findings['double'])} "
            f"recovery_p50_ms={statistics.median_low(failover.recoveries)} recovery_max_ms={max(failover.recoveries)}")
        return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", choices=("sync", "fence"))
    options = parser.parse_args()
    if os.geteuid() != 0:  # hosts are network namespaces, and those are root's to make
        kept = [f"{name}={value}" for name, value in os.environ.items() if name in KEPT]
        os.execvp("sudo", ["sudo", "-n", "env", *kept, sys.executable, *sys.argv])
    try:
        status = run(options)
    except BaseException as error:
        say(f"failed times={options.times} {type(error).__name__}: {error}")
        raise
    sys.exit(status)


if __name__ == "__main__":
    main()
