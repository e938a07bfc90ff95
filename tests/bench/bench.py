#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: how fast the bridge is, against what bounds it, in one run on one machine.

BENCH_ROUNDS (5) and BENCH_SECONDS (3) bound the first part, BENCH_QUEUED (100000) is the queue
before which a worker is weighed.  Figures of different machines cannot be compared; the ratios can.
"""
import os
import pathlib
import platform
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "rig"))
from bridge import Rig  # noqa: E402 # pylint: disable=wrong-import-position

import calls  # noqa: E402
import contender  # noqa: E402
import depth  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
import windows  # noqa: E402

ROOT = HERE.parents[1]
RESULT = ROOT / "build" / "bench.json"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
QUEUED = int(os.environ.get("BENCH_QUEUED", "100000"))
DRAIN_ROUNDS = min(3, ROUNDS)
REPEATABLE = int(os.environ.get("BENCH_REPEATABLE", "4000"))  # orders per round of the worker
PAID = 100
PARALLEL = 64  # calls at once, as many as the other workers have
PEERS = ["graphile", "boss", "limit"]  # other workers, and a caller that stores nothing
NOBODY = "https://127.0.0.1:9/v1"  # refuses connections: what is queued stays queued


def say(text):
    print(f"bench: {text}", flush=True)


def peers_start(rig):
    """The ports of fastify with one process and with two; the modules come from npm by the lockfile."""
    done = subprocess.run([HERE / "peers/start", rig.dir], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          check=True)
    return [int(port) for port in done.stdout.split()]


def peers_make(rig, limits_port, path, ports):
    made = [contender.Peer("php-fpm 64", rig, limits_port, "/php/", 64,
                           {"nginx": "limits", "program": "php", "postgres": "postgres"})]
    for processes, port in zip((1, 2), ports):
        made.append(contender.Peer(f"fastify x{processes} 64", rig, port, path, 64,
                                   {"program": f"fastify{processes}", "postgres": "postgres"}))
    return made


def contenders_make(rig, limits_port):
    port, path = calls.intake(rig)
    ours = {"nginx": "nginx", "program": "intake", "postgres": "postgres"}
    return [
        contender.Intake("intake 1", rig, port, path, 1, ours),
        contender.Intake("intake 4", rig, port, path, 4, ours),
        contender.Intake("intake 64", rig, port, path, 64, ours),
        contender.Intake("intake 64 suspend", rig, port, path, 64, ours, kind="license.suspend"),
        contender.Contender("ceiling 64", rig, limits_port, path, 64, {"nginx": "limits", "program": "ceiling"}),
        contender.Contender("nginx 202 64", rig, limits_port, "/limit/", 64, {"nginx": "limits"}),
    ]


def front_part(found):
    """Intake and its limits, then the memory of both programs over the queue that this has made."""
    with Rig(WORKERS=1, UPSTREAM_URL=NOBODY, RIG_NO_BUILD=1) as rig:
        rig.ctl("stop", "worker1")
        limits = subprocess.run([HERE / "limits", rig.dir], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                text=True, check=True).stdout
        ports = peers_start(rig)
        measure.log_settle(rig)
        contenders = contenders_make(rig, int(limits)) + peers_make(rig, int(limits), calls.intake(rig)[1], ports)
        contender.run_rounds(contenders, ROUNDS, SECONDS, say)
        found["bare_insert_ms"] = measure.spread([measure.bare_insert_ms(rig, max(1, SECONDS / 3)) for _ in range(ROUNDS)])
        found["contenders"] = {each.name: each.figures() for each in contenders}
        found["rounds"] = {each.name: each.rounds for each in contenders}
        say(f"a worker before {QUEUED:,} queued orders")
        worker = calls.memory_with_queue(rig, QUEUED, 8)
        _, intake_mb = measure.memory_mb(measure.component_pid(rig, "intake"))
        found["memory"] = {"intake_mb": intake_mb, "worker": worker,
                           "intake_requests": measure.Database(rig).orders()}


def worker_part(found):
    """Orders per second against the stand-in, and how soon an order is called when nothing queues."""
    with Rig(WORKERS=1, RIG_ACCOUNT=f"  parallel = {PARALLEL}", RIG_NO_BUILD=1) as rig:
        first = contender.NUMBERS["next"]
        contender.NUMBERS["next"] += REPEATABLE
        calls.buy_at_standin(rig, first, REPEATABLE)
        peers_start(rig)
        measure.log_settle(rig)
        for name in ("fastify1", "fastify2", "php"):
            rig.ctl("stop", name)
        drains = {"suspend": [], "create": []}
        peers = {name: [] for name in PEERS}
        for number in range(DRAIN_ROUNDS):
            kind = "license.unsuspend" if number % 2 else "license.suspend"
            drains["suspend"].append(
                calls.drain(rig, kind.split(".")[1], REPEATABLE, kind, first, f"drain{number}"))
            for name in PEERS[number % len(PEERS):] + PEERS[:number % len(PEERS)]:
                peers[name].append(calls.peer(rig, name, "suspend" if number % 2 else "unsuspend", first, REPEATABLE))
                calls.peer(rig, "limit", kind.split(".")[1], first, REPEATABLE)
            drains["create"].append(calls.drain(rig, "create", PAID, "license.create", None, f"paid{number}"))
            say(f"worker round {number + 1}/{DRAIN_ROUNDS}  {drains['suspend'][-1]['rps'] or 0:.0f} repeatable and "
                f"{drains['create'][-1]['rps'] or 0:.0f} paid orders a second")
        fresh = contender.NUMBERS["next"]
        contender.NUMBERS["next"] += 100
        _, most_mb = measure.memory_mb(measure.component_pid(rig, "worker1"))
        found["worker"] = {
            "drains": {**drains, **peers},
            "speed": {name: measure.spread([turn["rps"] for turn in turns]) for name, turns in {**drains, **peers}.items()},
            "slow": calls.slow_rate(rig, range(first, first + 1000), range(fresh, fresh + 100), 0.01),
            "rss_most_mb": most_mb,
        }


def machine():
    model = [line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    return {"processors": os.cpu_count(), "model": model[0] if model else "", "kernel": platform.release(),
            "load_before": os.getloadavg()[0], "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    found = {"machine": machine(), "settings": {"rounds": ROUNDS, "seconds": SECONDS}}
    front_part(found)
    worker_part(found)
    windows.part(found, Rig, say)
    depth.part(found, Rig, PARALLEL, say)
    found["machine"]["load_after"] = os.getloadavg()[0]
    found["ratios"] = report.ratios(found) | depth.ratios(found)
    wrong = [*report.judge(found), *windows.judge(found), *depth.judge(found)]
    report.write(found, wrong, RESULT)
    for rows in (report.contender_rows, report.worker_rows, windows.rows, depth.rows, report.memory_rows):
        report.table_print(rows(found))
    print(f"\n{found['machine']['processors']} processors, load {found['machine']['load_before']:.1f} before, "
          f"{time.monotonic() - began:.0f} s; all rounds: {RESULT.relative_to(ROOT)}")
    for sentence in wrong:
        print(f"wrong: {sentence}")
    print(report.last_line(found, wrong), flush=True)
    sys.exit(1 if wrong else 0)


main()
