# SPDX-License-Identifier: Apache-2.0
"""Long queues: how fast orders are carried out while very many others wait, against none that do.

Two bridges take turns with the same orders, one with nothing else to do, one where a single license has
BENCH_BLOCKED (100,000) orders behind a held one; in a third one BENCH_DEPTH (1,000,000) orders of other
licenses are queued behind those that are measured.  The judge is the stand-in's ledger.
"""
import contextlib
import os

import calls
import contender
import measure

BLOCKED = int(os.environ.get("BENCH_BLOCKED", "100000"))
DEPTH = int(os.environ.get("BENCH_DEPTH", "1000000"))
RUNNABLE = 5000
ROUNDS = 3
CONNECTIONS = 64
CROWD = 100_000_000  # numbers of licenses that the stand-in does not know


def block(rig, number):
    """One license whose first order nobody may carry out, and all that waits behind it."""
    head = rig.send("license.create", service_id=str(number), operation_key=f"{number}:dear", product_code=calls.PRODUCT,
                    ip=calls.address(number), billing_months=1, max_credits="0.0001")
    state = rig.wait(head.body["order_id"])["state"]
    if state != "held":
        raise RuntimeError(f"an order that is too dear is {state}")
    rig.ctl("stop", "worker1")
    port, path = calls.intake(rig)
    contender.post(rig, port, path, CONNECTIONS, count=BLOCKED, kind="license.suspend", first=1, tag="blocked",
                   service=number)


def crowd(rig):
    """Orders of licenses that nobody else has."""
    port, path = calls.intake(rig)
    contender.post(rig, port, path, CONNECTIONS, count=DEPTH, kind="license.suspend", first=CROWD, tag="crowd")


def turn(rig, number, first, behind=None):
    kind = "license.unsuspend" if number % 2 else "license.suspend"
    found = calls.drain(rig, kind.split(".")[1], RUNNABLE, kind, first, f"depth{number}", behind)
    rig.ctl("stop", "worker1")
    return found


def part(found, rig_class, parallel, say):
    """Adds found["depth"]."""
    turns = {"nothing else": [], "blocked": [], "deep": []}
    with contextlib.ExitStack() as stack:
        rigs = {name: stack.enter_context(rig_class(WORKERS=1, RIG_ACCOUNT=f"  parallel = {parallel}", RIG_NO_BUILD=1))
                for name in turns}
        first = contender.NUMBERS["next"]
        contender.NUMBERS["next"] += RUNNABLE + 1
        for rig in rigs.values():
            calls.buy_at_standin(rig, first, RUNNABLE)
        block(rigs["blocked"], first + RUNNABLE)
        for number in range(ROUNDS):
            for name in ("nothing else", "blocked"):
                turns[name].append(turn(rigs[name], number, first))
            say(f"long queues {number + 1}/{ROUNDS}  "
                + "  ".join(f"{name} {of[-1]['rps'] or 0:.0f}/s" for name, of in turns.items() if of))
        # Once: the oldest go first, and these would stand behind the crowd the next time.
        turns["deep"].append(turn(rigs["deep"], 0, first, lambda: crowd(rigs["deep"])))
        waiting = {"nothing else": 0, "blocked": BLOCKED,
                   "deep": measure.Database(rigs["deep"]).orders_in("queued", "calling")}
    say(f"long queues  deep {turns['deep'][0]['rps'] or 0:.0f}/s before {waiting['deep']:,}")
    speed = {name: measure.spread([one["rps"] for one in of]) for name, of in turns.items()}
    found["depth"] = {"turns": turns, "speed": speed, "waiting": waiting}


def judge(found):
    """What breaks a promise, one sentence each."""
    for name, turns in found["depth"]["turns"].items():
        for one in turns:
            if not one["accepted"] == one["effects"] == one["succeeded"] == RUNNABLE:
                yield (f"long queues, {name}: {one['accepted']} accepted, {one['effects']} done upstream, "
                       f"{one['succeeded']} succeeded")


def ratios(found):
    speed = found["depth"]["speed"]
    alone = speed["nothing else"]["median"]
    return {f"worker_{name}_vs_alone": speed[name]["median"] / alone for name in ("blocked", "deep")}


def rows(found):
    depth = found["depth"]
    yield ("while others wait", "waiting", "orders/s", "against none")
    alone = depth["speed"]["nothing else"]["median"]
    for name, spread in depth["speed"].items():
        yield (name, f"{depth['waiting'][name]:,}", f"{spread['median']:.0f} ({spread['min']:.0f}–{spread['max']:.0f})",
               f"{spread['median'] / alone:.2f}")
