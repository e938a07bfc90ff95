#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What those who wait cost those who don't: the front door's p99 with and without a crowd.

WAITING (2000) webhooks ask to wait for 20 s and nothing carries their orders out; meanwhile others post
over 16 connections.  The same without the crowd, in turns (WAITING_ROUNDS, 5, of WAITING_SECONDS, 5,
each), so that what the machine does besides falls on both.  Last line: `waiting: ok waiting=N
p99_ratio=R …`, or `waiting: failed …` when the median ratio is above 1.2 or somebody did not wait.
"""
import os
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "rig"))
from bridge import Rig  # noqa: E402 # pylint: disable=wrong-import-position
from crowd import Crowd  # noqa: E402 # pylint: disable=wrong-import-position

import calls  # noqa: E402
import contender  # noqa: E402
import measure  # noqa: E402

WAITING = int(os.environ.get("WAITING", "2000"))
ROUNDS = int(os.environ.get("WAITING_ROUNDS", "5"))
SECONDS = float(os.environ.get("WAITING_SECONDS", "5"))
WAIT_S = 20
MOST = 1.2
CONNECTIONS = 16
NOBODY = "https://127.0.0.1:9/v1"  # refuses connections


def turn(rig):
    port, path = calls.intake(rig)
    return contender.post(rig, port, path, CONNECTIONS, seconds=SECONDS)


def crowd_event(rig, number):
    return rig.event("license.suspend", service_id=f"crowd{number}", product_code="litespeed",
                     ip=calls.address(8_000_000 + number))


def stored(database, orders):
    """Waits until so many orders are stored: from then on their senders wait, and are no load by coming."""
    end = time.monotonic() + WAIT_S
    while database.orders() < orders:
        assert time.monotonic() < end, "the crowd was not taken in"
        time.sleep(0.1)


def crowded_turn(rig, first):
    """A turn while WAITING others wait, and how many of them did to its end."""
    database = measure.Database(rig)
    before = database.orders()
    with Crowd(rig) as crowd:
        for number in range(first, first + WAITING):
            crowd.send(crowd_event(rig, number), WAIT_S)
        stored(database, before + WAITING)
        result = turn(rig)
        crowd.hear(0)
        waited = crowd.waiting()
        left = crowd.gather(WAIT_S + 5)
    states = {answer.status for answer in crowd.answers}
    return result, waited, left == 0 and states == {202}


def main():
    ratios, rows, good = [], [], True
    with Rig(WORKERS=0, UPSTREAM_URL=NOBODY, RIG_NO_BUILD=1) as rig:
        pid = measure.component_pid(rig, "intake")
        turn(rig)  # warms up
        for number in range(ROUNDS):
            alone = turn(rig)
            crowded, waited, answered = crowded_turn(rig, number * WAITING)
            again = turn(rig)
            calm = statistics.mean((alone["p99_us"], again["p99_us"]))
            ratios.append(crowded["p99_us"] / calm)
            rows.append((calm / 1000, crowded["p99_us"] / 1000, alone["rps"], crowded["rps"]))
            good = good and waited == WAITING and answered
            print(f"waiting: round {number + 1}: p99 {alone['p99_us'] / 1000:.1f} and {again['p99_us'] / 1000:.1f} ms "
                  f"alone, {crowded['p99_us'] / 1000:.1f} ms beside {waited}; req/s {alone['rps']:.0f}, "
                  f"{crowded['rps']:.0f}; intake {measure.memory_mb(pid)[1]:.1f} MB at most", flush=True)
    ratio = statistics.median(ratios)
    calm, crowded, rps, crowded_rps = (statistics.median(column) for column in zip(*rows))
    word = "ok" if good and ratio <= MOST else "failed"
    print(f"waiting: {word} waiting={WAITING} p99_ratio={ratio:.2f} p99_ms={crowded:.1f} p99_alone_ms={calm:.1f} "
          f"rps={crowded_rps:.0f} rps_alone={rps:.0f}")
    sys.exit(word != "ok")


if __name__ == "__main__":
    main()
