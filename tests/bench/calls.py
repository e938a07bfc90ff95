# SPDX-License-Identifier: Apache-2.0
"""The worker: how many orders a second, how soon after the 202, and how big with a long queue.

The judge is the stand-in's ledger: when each call came, and what it changed.
"""
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import time
import urllib.parse

import contender
import measure

PRODUCT = "cpanel"
DRAIN_SECONDS = 60
PEER_SECONDS = 120
ROOT = pathlib.Path(__file__).resolve().parents[2]


def address(number):
    """The load generator's address of webhook `number`."""
    value = number + (1 << 24)
    value += (1 << 24) if value >= 127 << 24 else 0
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def intake(rig):
    """(port, path) of the front door."""
    return urllib.parse.urlsplit(rig.env["BASE_URL"]).port, f"/v1/events/{rig.env['SOURCE']}"


def buy_at_standin(rig, first, count):
    """Licences that the stand-in knows, bought past the bridge: somebody has to own what is suspended."""
    parts = urllib.parse.urlsplit(rig.env["UPSTREAM_URL"])
    context = ssl.create_default_context(cafile=rig.env["UPSTREAM_CA"])
    connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=30)
    headers = {"authorization": f"Bearer {rig.env['UPSTREAM_TOKEN']}", "content-type": "application/json"}
    for number in range(first, first + count):
        body = {"type": PRODUCT, "ip": address(number), "billingcycle": 1}
        connection.request("POST", f"{parts.path}/licenses/create", json.dumps(body), headers)
        answer = connection.getresponse()
        if not json.loads(answer.read()).get("success"):
            raise RuntimeError(f"the stand-in sold no licence on {address(number)}: status {answer.status}")
    connection.close()


def ledger_since(rig, seq, **filters):
    """The stand-in's calls after `seq`, all pages."""
    calls = []
    query = "".join(f"&{name}={value}" for name, value in filters.items())
    while True:
        page = rig.control(f"ledger?since={seq}&limit=20000{query}")
        calls += page["calls"]
        seq = page["next"]
        if seq >= page["last_seq"]:
            return calls


def last_seq(rig):
    return rig.control("summary")["last_seq"]


def effects(rig, endpoint):
    return rig.control("summary")["endpoints"].get(endpoint, {"effects": 0})["effects"]


def drain(rig, endpoint, count, kind, first, tag, behind=None):
    """One round: `count` orders are queued while no worker runs, what `behind` sends after them, and then a worker
    carries them out."""
    port, path = intake(rig)
    database = measure.Database(rig)
    rig.ctl("stop", "worker1")
    since, effects_before, done_before = last_seq(rig), effects(rig, endpoint), database.orders_in("succeeded")
    queued = contender.post(rig, port, path, connections=16, count=count, kind=kind, first=first, tag=tag)
    if behind is not None:
        behind()
    rig.ctl("start", "worker1")
    end = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < end and effects(rig, endpoint) - effects_before < queued["ok"]:
        time.sleep(0.1)
    succeeded = 0
    while time.monotonic() < end and (succeeded := database.orders_in("succeeded") - done_before) < queued["ok"]:
        time.sleep(0.1)
    return {**speed_of(rig, endpoint, since, queued["ok"]), "succeeded": succeeded}


def speed_of(rig, endpoint, since, count):
    """Calls a second from the first to the end of the last, by the ledger; all `count` must have had their effect."""
    calls = [call for call in ledger_since(rig, since, endpoint=endpoint) if call["effect"]]
    seconds = (max(call["ended_ms"] for call in calls) - min(call["at_ms"] for call in calls)) / 1000 if calls else 0
    return {"accepted": count, "effects": len(calls), "rps": (len(calls) - 1) / seconds if seconds > 0 else None}


def peer(rig, name, endpoint, first, count):
    """One turn of another worker: `graphile` or `boss`, whose outcomes are counted too, or `limit`, which stores none."""
    since, database = last_seq(rig), measure.Database(rig)
    addresses = "".join(f"{address(number)}\n" for number in range(first, first + count))
    if name == "limit":
        command = [f"{rig.env['BIN']}/bench/calls", f"{rig.env['UPSTREAM_URL']}/licenses/{endpoint}",
                   rig.env["UPSTREAM_CA"], rig.env["UPSTREAM_TOKEN"]]
    else:
        command = ["node", ROOT / "build/peers/worker.js", name, endpoint]
    before = 0 if name == "limit" else database.peer_orders("succeeded")
    done = subprocess.run(command, input=addresses, env={**os.environ, **rig.env, "NODE_ENV": "production"},
                          stdout=subprocess.PIPE, text=True, check=True, timeout=PEER_SECONDS)
    result = speed_of(rig, endpoint, since, count)
    result["succeeded"] = int(done.stdout) if name == "limit" else database.peer_orders("succeeded") - before
    return result


class Sender:
    """Single webhooks on one kept connection, with the moment of each 202."""

    def __init__(self, rig):
        self.rig = rig
        port, self.path = intake(rig)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def send(self, number, kind, tag):
        from bridge import sign  # the rig's, put on the path by bench.py
        body = json.dumps(self.rig.event(kind, operation_key=f"{number}:{kind}:{tag}", service_id=str(number),
                                         product_code=PRODUCT, ip=address(number), billing_months=1)).encode()
        delivery, now = f"msg_{tag}_{number}", str(int(time.time()))
        self.connection.request("POST", self.path, body, {
            "content-type": "application/json", "webhook-id": delivery, "webhook-timestamp": now,
            "webhook-signature": sign(self.rig.env["WEBHOOK_SECRET"], delivery, now, body)})
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 202:
            raise RuntimeError(f"{kind} was answered {answer.status}")
        return time.time() * 1000


def waits(rig, endpoint, sent, since):
    """Milliseconds from each 202 to the first call for its address."""
    came = {}
    for call in ledger_since(rig, since, endpoint=endpoint):
        came.setdefault(call["ip"], call["at_ms"])
    return [came[ip] - at for ip, at in sent.items() if ip in came]


def slow_rate(rig, known, fresh, pause):
    """A quiet day: one webhook each `pause` seconds, one in 25 a purchase; from 202 to the call."""
    sender, since = Sender(rig), last_seq(rig)
    sent = {"suspend": {}, "create": {}}
    fresh = iter(fresh)
    next_at = time.monotonic()
    for turn, number in enumerate(known):
        time.sleep(max(0, next_at - time.monotonic()))
        next_at += pause
        if turn % 25 == 24:
            bought = next(fresh)
            sent["create"][address(bought)] = sender.send(bought, "license.create", "slow")
        else:
            sent["suspend"][address(number)] = sender.send(number, "license.suspend", "slow")
    time.sleep(2)
    found = {}
    for endpoint, moments in sent.items():
        took = waits(rig, endpoint, moments, since)
        found[endpoint] = {"sent": len(moments), "called": len(took), "p50_ms": measure.share(took, 0.50),
                           "p99_ms": measure.share(took, 0.99), "max_ms": max(took, default=None)}
    return found


def memory_with_queue(rig, orders, seconds):
    """A worker's memory while `orders` wait and the upstream refuses connections."""
    port, path = intake(rig)
    database = measure.Database(rig)
    missing = orders - database.orders_in("queued")
    if missing > 0:
        contender.post(rig, port, path, connections=64, count=missing)
    rig.ctl("start", "worker1")
    time.sleep(seconds)
    now_mb, most_mb = measure.memory_mb(measure.component_pid(rig, "worker1"))
    queued = database.orders_in("queued", "calling")
    rig.ctl("stop", "worker1")
    return {"queued": queued, "rss_mb": now_mb, "rss_most_mb": most_mb}
