#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A long day in half an hour: orders at half the rate that the whole chain keeps up with, and what grows.

SOAK_MINUTES (30) of suspends and unsuspends for the same licenses, from webhook to outcome; for
SOAK_SNAPSHOT (5) of them, from a third of the time on, somebody holds an old snapshot open, so that
nothing dead can be cleaned away.  Memory, descriptors, tables and waits of each minute are printed; the
last line is `soak: ok …` or `soak: failed …` when something grew, or an order was not carried out.
"""
import contextlib
import json
import os
import pathlib
import signal
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "rig"))
from bridge import Rig  # noqa: E402 # pylint: disable=wrong-import-position

import calls  # noqa: E402
import contender  # noqa: E402
import measure  # noqa: E402

MINUTES = int(os.environ.get("SOAK_MINUTES", "30"))
SNAPSHOT = int(os.environ.get("SOAK_SNAPSHOT", "5"))
CONNECTIONS = 64
PEAK_ORDERS, PEAK_TURNS = 20000, 3
PROGRAMS = ("intake", "ops", "worker1")
# What has one row for each license or account, however many orders there were.
LIVE = ("line", "license", "account", "pair", "license_product")
RESULT = HERE.parents[1] / "build" / "soak.json"


def say(text):
    print(f"soak: {text}", flush=True)


def event_type(turn):
    return "license.unsuspend" if turn % 2 else "license.suspend"


def settled(database, accepted, seconds):
    """The orders that succeeded, once all have or the time is over."""
    end = time.monotonic() + seconds
    while database.orders_in("queued", "blocked", "calling") and time.monotonic() < end:
        time.sleep(0.5)
    return database.orders_in("succeeded") == accepted


def peak_rate(rig, database):
    """Orders a second from the first webhook to the last outcome, as fast as they go: most wait behind another one of
    their license, as they do when the bridge has to catch up."""
    calls.buy_at_standin(rig, 1, PEAK_ORDERS)
    port, path = calls.intake(rig)
    began = time.monotonic()
    accepted = sum(contender.post(rig, port, path, CONNECTIONS, count=PEAK_ORDERS, kind=event_type(turn), first=1,
                                  tag=f"peak{turn}")["ok"] for turn in range(PEAK_TURNS))
    if not settled(database, accepted, 300):
        raise RuntimeError("the first orders were not carried out")
    return accepted / (time.monotonic() - began), accepted


def look(rig, database):
    """What could grow, now."""
    found = {}
    for name in PROGRAMS:
        pid = measure.component_pid(rig, name)
        found[f"{name}_mb"] = measure.memory_mb(pid)[0]
        found[f"{name}_fds"] = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
    tables = ", ".join(f"'{table}'" for table in LIVE)
    sizes = database.value("select json_object_agg(relname, pg_total_relation_size(relid)) from pg_stat_user_tables "
                           f"where schemaname = 'bridge' and relname in ({tables})")
    found["tables_mb"] = {table: size / 1e6 for table, size in json.loads(sizes).items()}
    found["waiting"] = database.orders_in("queued", "blocked", "calling")
    return found


def minutes_run(rig, database, rate):
    """One row for each minute."""
    rows, snapshot = [], contextlib.ExitStack()
    port, path = calls.intake(rig)
    for minute in range(MINUTES):
        held = MINUTES // 3 <= minute < MINUTES // 3 + SNAPSHOT
        if minute == MINUTES // 3:
            snapshot.enter_context(rig.transaction("select from bridge.account"))
        if not held:
            snapshot.close()
        result = contender.post(rig, port, path, CONNECTIONS, seconds=60, kind=event_type(minute + 1), first=1,
                                tag=f"m{minute}", rate=rate)
        row = {"minute": minute + 1, "snapshot": held, "accepted": result["ok"], "sent": result["sent"],
               "p50_ms": result["p50_us"] / 1000, "p99_ms": result["p99_us"] / 1000, **look(rig, database)}
        rows.append(row)
        say(f"{row['minute']}/{MINUTES}{' (an old snapshot is held)' if row['snapshot'] else ''}: {row['accepted']} accepted, "
            f"p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms, {row['waiting']} waiting, "
            + ", ".join(f"{name} {row[name + '_mb']:.1f} MB {row[name + '_fds']} fds" for name in PROGRAMS)
            + f", live tables {sum(row['tables_mb'].values()):.1f} MB")
    snapshot.close()
    return rows


def judge(rows):
    """What grew, one sentence each.  Tables may grow while a snapshot is held, and not after."""
    first, last = rows[min(2, len(rows) - 1)], rows[-1]
    part = max(1, len(rows) // 6)
    held = [row for row in rows if row["snapshot"]] or [first]
    for name in PROGRAMS:
        if last[f"{name}_mb"] > first[f"{name}_mb"] * 1.1 + 1:
            yield f"{name}: {first[f'{name}_mb']:.1f} MB became {last[f'{name}_mb']:.1f}"
        early, late = (max(row[f"{name}_fds"] for row in some) for some in (rows[:part], rows[-part:]))
        if late > early + CONNECTIONS:  # so many connections may just have been kept
            yield f"{name}: {early} descriptors became {late}"
    for table, size in last["tables_mb"].items():
        if size > held[-1]["tables_mb"][table] * 1.2 + 1:
            yield f"bridge.{table}: {held[-1]['tables_mb'][table]:.1f} MB became {size:.1f} after the snapshot was gone"
    early, late = (statistics.median(row["p99_ms"] for row in some) for some in (rows[:part], rows[-part:]))
    if late > 2 * early + 2:
        yield f"p99 {early:.1f} ms became {late:.1f}"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Rig(WORKERS=1, RIG_ACCOUNT="  parallel = 64", RIG_NO_BUILD=1) as rig:
        database = measure.Database(rig)
        peak, accepted = peak_rate(rig, database)
        rate = max(1, round(peak / 2))
        say(f"the chain keeps up with {peak:.0f} orders a second; {MINUTES} minutes at {rate}")
        more = rate * 61 - PEAK_ORDERS  # licenses that a minute needs, and some
        if more > 0:
            calls.buy_at_standin(rig, PEAK_ORDERS + 1, more)
        rows = minutes_run(rig, database, rate)
        accepted += sum(row["accepted"] for row in rows)
        wrong = list(judge(rows))
        if any(row["accepted"] != row["sent"] for row in rows):
            wrong.append("not every webhook was accepted")
        if not settled(database, accepted, 120):
            wrong.append(f"{accepted} orders accepted, {database.orders_in('succeeded')} succeeded")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"peak": peak, "rate": rate, "minutes": rows, "wrong": wrong}, indent=1) + "\n")
    first, last = rows[min(2, len(rows) - 1)], rows[-1]
    pairs = [f"{name}_mb={first[f'{name}_mb']:.1f}→{last[f'{name}_mb']:.1f}" for name in ("intake", "worker1")]
    pairs += [f"{name}={sum(row['tables_mb'].values()):.1f}" for name, row in (("live_mb_first", first), ("live_mb_last", last))]
    pairs += [f"p99_ms={first['p99_ms']:.1f}→{last['p99_ms']:.1f}"]
    for sentence in wrong[1:]:
        print(f"wrong: {sentence}")
    print(f"soak: failed ({len(wrong)}) {wrong[0]}" if wrong
          else f"soak: ok minutes={MINUTES} rate={rate} orders={accepted} " + " ".join(pairs), flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
