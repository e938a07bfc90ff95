# SPDX-License-Identifier: Apache-2.0
"""Spending windows: paid orders at an upstream that takes 200 ms, four at once against one by one.

The judge is the stand-in's ledger: when each purchase began and ended, and how often the balance
was read meanwhile.
"""
import time

import calls
import measure

ANSWER_MS = 200
ORDERS = 96  # a window's worth
WARM = 16
WIDTHS = (1, 4)
RATIO_LEAST = 3.5
READS_MOST = 0.3  # of the balance, per paid order


def learn(rig, rounds):
    """Purchases before the measurement: the price is learned, and the window grows to its width."""
    database = measure.Database(rig)
    for number in range(rounds):
        made = calls.drain(rig, "create", WARM, "license.create", None, f"learn{number}")
        if made["succeeded"] != WARM:
            raise RuntimeError(f"not every first purchase succeeded: {made}")
        end = time.monotonic() + 30
        while database.value("select window_state from ops.accounts where account = 'main'") != "shut":
            if time.monotonic() > end:
                raise RuntimeError("the account's window does not shut")
            time.sleep(0.05)


def measure_width(rig_class, width):
    with rig_class(WORKERS=1, WINDOW=width, RIG_NO_BUILD=1) as rig:
        learn(rig, 4)
        rig.fault(endpoint="create", fault="slow", delay_ms=ANSWER_MS, times=-1)
        since = calls.last_seq(rig)
        found = calls.drain(rig, "create", ORDERS, "license.create", None, f"width{width}")
        reads = len(calls.ledger_since(rig, since, endpoint="balance"))
        return {**found, "balance_reads": reads, "reads_per_order": reads / ORDERS}


def part(found, rig_class, say):
    """Adds found["windows"]."""
    widths = {}
    for width in WIDTHS:
        widths[str(width)] = measure_width(rig_class, width)
        say(f"a window of {width}: {widths[str(width)]['rps'] or 0:.1f} paid orders a second at {ANSWER_MS} ms an answer")
    one, four = (widths[str(width)]["rps"] for width in WIDTHS)
    found["windows"] = {"widths": widths, "ratio": four / one if one and four else None}


def judge(found):
    """What breaks a promise, one sentence each."""
    windows = found["windows"]
    for width, turn in windows["widths"].items():
        if not turn["accepted"] == turn["effects"] == turn["succeeded"] == ORDERS:
            yield f"a window of {width}: {turn['accepted']} accepted, {turn['effects']} bought, {turn['succeeded']} succeeded"
        if turn["reads_per_order"] >= READS_MOST:
            yield f"a window of {width}: {turn['reads_per_order']:.2f} balance reads per order, promised are less than {READS_MOST}"
    if windows["ratio"] is None or windows["ratio"] < RATIO_LEAST:
        yield f"a window of 4 is {windows['ratio'] or 0:.2f} times as fast as one of 1, promised are {RATIO_LEAST}"


def rows(found):
    windows = found["windows"]
    yield (f"paid orders at {ANSWER_MS} ms an answer", "orders/s", "balance reads per order", "against 1")
    for width, turn in windows["widths"].items():
        ratio = windows["ratio"] if width != str(WIDTHS[0]) else 1.0
        yield (f"window of {width}", f"{turn['rps'] or 0:.1f}", f"{turn['reads_per_order']:.3f}", f"{ratio or 0:.2f}")

