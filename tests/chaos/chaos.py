#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make chaos ORDERS=n SEED=s: everything breaks while panels order licenses; then the upstream's ledger is asked
what was bought.

The last line is `chaos: ok …` or `chaos: failed …`.  A failure names the seed and the orders with their attempts and
calls, and keeps logs, tables and ledger in build/chaos/.  docs/testing.md tells what is harmed and what is judged.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "rig")]

import judge  # noqa: E402
from clerk import Clerk  # noqa: E402
from evidence import Tables, Upstream  # noqa: E402
from ground import Ground  # noqa: E402
from havoc import Havoc  # noqa: E402
from panel import Panels  # noqa: E402
from weather import Weather  # noqa: E402

BACKLOG = {True: 60, False: 800}  # more orders than this under way: the panels wait, so that harm meets the worker too
ACCOUNTS = {True: 16, False: 32}  # an account with a doubt waits for its quiet time: only more of them make it faster
SWEEP_S = 20
STALLED_S = 30  # so long without an order that ends: the drain is given up
KEPT = HERE.parents[1] / "build" / "chaos"
JUDGED = (("lost", judge.find_lost), ("double", judge.find_double), ("false_done", judge.find_false_done),
          ("out_of_order", judge.find_out_of_order))


def say(text):
    print(f"chaos: {text}", flush=True)


def sum_up(counter):
    return " ".join(f"{name.replace(' ', '_')}={number}" for name, number in sorted(counter.items())) or "none"


def storm(panels, tables, backlog, seconds):
    """Until the panels have got all their orders acknowledged."""
    panels.start()
    began = told = swept = time.monotonic()
    while panels.running():
        time.sleep(0.5)
        moving = tables.moving()
        (panels.open.set if moving < backlog else panels.open.clear)()
        now = time.monotonic()
        if now - swept > SWEEP_S:
            swept = now
            tables.sweep()
        if now - told > 30:
            told = now
            say(f"{len(panels.log.orders)} orders acknowledged, {moving} under way")
        if now - began > seconds:
            panels.log.complain(f"{panels.wanted} orders were not acknowledged within {seconds} s")
            break
    panels.end()
    return time.monotonic() - began


def drain(tables, upstream, clerk, seconds):
    """Until nothing moves any more; the clerk has the tray."""
    end, last, changed = time.monotonic() + seconds, None, time.monotonic()
    while True:
        settled = clerk.empty()
        summary = upstream.ask("summary")
        tray = tables.rows("select count(*) from bridge.orders where state = 'needs_review'")[0]["count"]
        now = (tables.moving(), summary["in_flight"], summary["late_pending"], tray, settled)
        if now[:3] == (0, 0, 0) and not tray:
            return True
        if now != last:
            last, changed = now, time.monotonic()
        if time.monotonic() > end or time.monotonic() - changed > STALLED_S:
            say(f"the drain was given up: {now[0]} orders still move, {tray} in the tray")
            return False
        time.sleep(0.5)


def gather(tables, upstream, log):
    return judge.World(tables.orders(), upstream.calls(), sorted(log.acknowledged.items()), tables.deliveries(),
                       tables.licenses(), upstream.licenses(), log.in_order, tables.heads())


def keep(ground, world, findings, seed):
    """Logs and rows of a failed run; the folder's name."""
    folder = KEPT / f"seed-{seed}-{time.strftime('%H%M%S')}"
    folder.mkdir(parents=True)
    shutil.copytree(ground.dir / "log", folder / "log")
    (folder / "findings.json").write_text(json.dumps(findings, indent=1))
    with open(folder / "ledger.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps(call) + "\n" for call in world.calls)
    with open(folder / "orders.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps(vars(order)) + "\n" for order in world.orders.values())
    return folder


def explain(world, tables, findings):
    """The offending orders with their attempts, their history and their calls."""
    shown = [order_id for rows in findings.values() for order_id, _ in rows if order_id is not None]
    for order_id in list(dict.fromkeys(shown))[:10]:
        print(f"--- {vars(world.orders[order_id]) if order_id in world.orders else order_id}")
        for table, at in (("attempts", "started_at"), ("order_history", "at")):
            for row in tables.rows(f"select * from ops.{table} where order_id = %s order by {at}", (order_id,)):
                print(f"    {table}: { {k: str(v) for k, v in row.items() if v is not None and k != 'order_id'} }")
        for call in world.made.get(order_id, []):
            print(f"    call: { {k: v for k, v in call.items() if v not in (None, 0, '')} }")
    sys.stdout.flush()


def report(world, log, havoc, clerk, weather, seconds):
    reviewed, met, _ = judge.review_causes(world)
    states = collections.Counter(order.state for order in world.orders.values())
    say(f"orders {sum_up(states)}; {len(world.orders) / max(seconds, 1):.0f} a second, {weather.phases} phases")
    say(f"panels saw: {sum_up(log.counts)}")
    say(f"harm: {sum_up(havoc.done)}")
    say(f"faults: {sum_up(collections.Counter(c['fault'] for c in world.calls if c['fault']))}")
    say("into the tray, of the orders that met this fault last: " + ", ".join(
        f"{name} {reviewed[name]} of {met[name]} ({100 * reviewed[name] / max(met[name], 1):.1f} %)"
        for name in sorted({*met, judge.NOTHING_SENT})))
    reasons = collections.defaultdict(list)
    for order in world.orders.values():
        for reason in order.tray:
            reasons[f"{order.type}: {reason}"].append(order)
    for reason, orders in sorted(reasons.items(), key=lambda item: -len(item[1])):
        said = [f"{c['endpoint']} {c['fault'] or ''} {c['outcome']} {c['refusal'] or ''} {c['effect_seq']}".split()
                for c in world.made[orders[0].order_id]]
        say(f"  {len(orders)} times {reason}; order {orders[0].order_id}: {', '.join(map(' '.join, said))}")
    say(f"operator: {sum_up(clerk.done)}")
    for name, count in clerk.refusals.most_common(5):
        say(f"operator was refused {count} times: {name}")
    say(f"alarms: {len(clerk.alarms)}" + "".join(f"; {alarm}" for alarm in clerk.alarms[:3]))
    for name, errors in (("harm", havoc.errors), ("operator", clerk.errors)):
        if errors:
            say(f"{name} met {len(errors)} errors, the last: {errors[-1]}")


def run(options):
    small = options.orders < 2000
    with Ground(options.settle, options.seed, ACCOUNTS[small]) as ground:
        tables, upstream = Tables(ground), Upstream(ground)
        if not ground.has_faketime:
            say("no libfaketime here: no clock jumps")
        panels = Panels(ground, upstream, options.seed, options.orders, threads=6 if small else 24)
        clerk = Clerk(ground, tables, upstream, options.seed)
        try:
            with clerk, Weather(upstream, options.seed, 3 if small else 15) as weather, \
                    Havoc(ground, options.seed, 0.5 if small else 4.0) as havoc:
                seconds = storm(panels, tables, BACKLOG[small], 120 + options.orders / 10)
        finally:
            panels.end()
        ground.clock_jump("+0s")
        upstream.ask("faults", {"rules": []})
        began = time.monotonic()
        drained = drain(tables, upstream, clerk, 60 + options.orders / 40)
        say(f"storm {seconds:.0f} s, drain {time.monotonic() - began:.0f} s")
        world = gather(tables, upstream, panels.log)
        findings = {name: find(world) for name, find in JUDGED}
        *_, findings["tray without a call"] = judge.review_causes(world)
        findings["tray"] = judge.find_tray(world, options.settle)
        findings["effect without an order"] = judge.find_orphans(world)
        findings["answer"] = [(None, text) for text in panels.log.wrong]
        findings["drain"] = [] if drained else [(None, "orders were still moving")]
        findings["died by itself"] = [(None, name) for name in havoc.died]
        if not upstream.ask("summary")["balanced"]:
            findings["stand-in"] = [(None, "its books do not balance")]
        report(world, panels.log, havoc, clerk, weather, seconds)
        bad = {name: rows for name, rows in findings.items() if rows}
        if bad:
            explain(world, tables, bad)
            for name, rows in bad.items():
                for order_id, text in rows[:20]:
                    say(f"{name}: order {order_id}: {text}")
            say(f"seed {options.seed}; logs, tables and ledger are in {keep(ground, world, bad, options.seed)}")
        counts = " ".join(f"{name}={len(findings[name])}" for name, _ in JUDGED)
        faults = sum(1 for call in world.calls if call["fault"])
        reviews = sum(bool(order.tray) for order in world.orders.values())
        say(f"{'failed' if bad else 'ok'} orders={len(panels.log.orders)} faults={faults} kills={havoc.kills()} {counts} "
            f"review={reviews}")
        return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settle", choices=("operator", "evidence"), default=os.environ.get("SETTLE") or "operator")
    options = parser.parse_args()
    try:
        status = run(options)
    except BaseException as error:
        say(f"failed seed={options.seed} {type(error).__name__}: {error}")
        raise
    sys.exit(status)


if __name__ == "__main__":
    main()
