# SPDX-License-Identifier: Apache-2.0
"""Panels that send what happens to their customers' licenses, and repeat until they have seen a 2xx.

A lane is one address at one account: its customers come one after the other, so addresses are used again.  Each
license's life is planned ahead from the seed; what was answered is kept, for the judge.
"""
import collections
import concurrent.futures
import json
import random
import threading
import time

from ground import SECRET, account_name, product_code

ZONE_SHARE = 0.06
RETRY_STATUS = (429, 500, 502, 503, 504)


class Log:
    """What the senders saw; the only thing they know."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}  # delivery -> order id
        self.orders = set()
        self.in_order = []  # lists of order ids
        self.counts = collections.Counter()
        self.wrong = []  # answers that the contract forbids

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def acknowledge(self, delivery, order_id):
        with self.lock:
            if self.acknowledged.setdefault(delivery, order_id) != order_id:
                self.wrong.append(f"{delivery} leads to order {order_id}, it led to {self.acknowledged[delivery]}")
            self.orders.add(order_id)

    def complain(self, text):
        with self.lock:
            self.wrong.append(text)


class Panel:
    """One thread's worth of customers."""

    def __init__(self, ground, upstream, log, rng, stop):
        self.ground, self.upstream, self.log, self.random, self.stop = ground, upstream, log, rng, stop

    def post(self, delivery, body, headers=None):
        """The answer that ends the repeating; None when the run is given up."""
        while not self.stop.is_set():
            try:
                answer = self.ground.deliver(body, delivery=delivery, secret=SECRET, source="chaos", headers=headers)
            except (OSError, ValueError) as error:
                self.log.count(f"no answer ({type(error).__name__})")
            except Exception as error:  # http.client's own are no OSError
                self.log.count(f"no answer ({type(error).__name__})")
            else:
                if answer.status not in RETRY_STATUS:
                    return answer
                self.log.count(f"answer {answer.status}")
            time.sleep(0.1 + 0.2 * self.random.random())
        return None

    def deliver(self, delivery, kind, data):
        """The order's id, or None when the event was refused for good."""
        body = json.dumps(self.ground.event(kind, **data)).encode()
        headers = {"prefer": "wait=2"} if self.random.random() < 0.03 else None
        answer = self.post(delivery, body, headers)
        if answer is None:
            return None
        if answer.status not in (200, 202):
            self.log.count(f"answer {answer.status}")
            if answer.status != 422:
                self.log.complain(f"{delivery}: {answer}")
            return None
        order_id = int(answer.body["order_id"])
        self.log.acknowledge(delivery, order_id)
        self.repeat(delivery, kind, data, body, order_id)
        return order_id

    def repeat(self, delivery, kind, data, body, order_id):
        """Now and then: the same again, the same business under another delivery, other bytes under the same."""
        draw = self.random.random()
        if draw < 0.10:
            self.expect(delivery, body, (200, 202), order_id)
        elif draw < 0.14 and "operation_key" in data:
            other = {**data, "reason": "sent twice", "metadata": {"n": 1}}
            self.expect(f"{delivery}-again", json.dumps(self.ground.event(kind, **other)).encode(), (200, 202),
                        order_id)
        elif draw < 0.16:
            other = {**data, "reason": "changed"}
            self.expect(delivery, json.dumps(self.ground.event(kind, **other)).encode(), (409,), None)

    def expect(self, delivery, body, statuses, order_id):
        answer = self.post(delivery, body)
        if answer is None:
            return
        self.log.count("repeats")
        seen = int(answer.body["order_id"]) if answer.status in (200, 202) else None
        if answer.status not in statuses or seen != order_id:
            self.log.complain(f"{delivery} repeated: {answer}, order {order_id} was expected")
        elif order_id is not None:
            self.log.acknowledge(delivery, order_id)

    def wait_finished(self, order_id, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.stop.is_set():
            try:
                if self.ground.order(order_id)["state"] in ("succeeded", "failed", "cancelled"):
                    return
            except Exception:  # whatever is down now
                pass
            time.sleep(0.3)

    def life_send(self, name, steps):
        """One license's events: in turn, numbered, or shuffled with their numbers."""
        mode = self.random.choices(("plain", "numbered", "shuffled"), (60, 15, 25))[0]
        numbered = [(f"{name}-{i}", kind, {**data, "sequence": i + 1} if mode != "plain" else data)
                    for i, (kind, data) in enumerate(steps)]
        if mode != "shuffled" or len(steps) < 3:
            orders = [self.deliver(*event) for event in numbered]
            if mode == "plain":
                with self.log.lock:
                    self.log.in_order.append([order for order in orders if order is not None])
            return orders[-1]
        self.deliver(*numbered[0])  # nobody renews what is not ordered yet
        rest = numbered[1:]
        self.random.shuffle(rest)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            orders = dict(zip((event[0] for event in rest), pool.map(lambda event: self.deliver(*event), rest)))
        return orders.get(numbered[-1][0])

    def life_plan(self, service, account, upstream_type, ip, fresh):
        """Create, a few changes, perhaps the end; every third address moves."""
        rng, months = self.random, self.random.choice((1, 1, 1, 3))
        base = {"service_id": service, "product_code": product_code(upstream_type, account), "ip": ip}
        steps = [("license.create", {**base, "operation_key": f"{service}:create", "billing_months": months})]
        suspended = False
        for number in range(rng.randint(1, 6)):
            kind = rng.choices(("renew", "toggle", "change_ip", "change_product"), (35, 35, 12, 8))[0]
            key = f"{service}:{kind}:{number}"
            if kind == "renew":
                steps.append(("license.renew", {**base, "operation_key": key, "billing_months": rng.choice((1, 1, 2))}))
            elif kind == "toggle":
                steps.append(("license.unsuspend" if suspended else "license.suspend", dict(base)))
                suspended = not suspended
            elif kind == "change_ip":
                new_ip = fresh()
                steps.append(("license.change_ip", {**base, "new_ip": new_ip}))
                base["ip"] = new_ip
            elif upstream_type == "litespeed":
                new_code = product_code("litespeed_x_core", account)
                steps.append(("license.change_product", {**base, "new_product_code": new_code, "operation_key": key}))
                base["product_code"], upstream_type = new_code, "litespeed_x_core"
        ends = rng.random() < 0.5
        if ends:
            steps.append(("license.terminate", dict(base)))
        return steps, ends, base["ip"] != ip

    def zone_plan(self, service):
        key = f"LZ-{service}"
        self.upstream.ask("zone", {"keys": [{"license_key": key, "customer_email": "musteri@example.com",
                                             "expires_at": "2099-12-31 23:59:59"}]}, seconds=120)
        base = {"service_id": service, "product_code": "lz-app", "license_key": key,
                "customer_email": "musteri@example.com", "verification_type": "domain", "domain": f"{service}.example"}
        steps = [("license.create", {**base, "operation_key": f"{service}:create"})]
        for number in range(self.random.randint(1, 4)):
            kind = self.random.choice(("renew", "verify", "suspend", "unsuspend"))
            steps.append((f"license.{kind}", {**base, "operation_key": f"{service}:{kind}:{number}"}))
        return steps

    def lane(self, number):
        """The customers of one address."""
        rng = self.random
        if rng.random() < ZONE_SHARE:
            service = f"z{number}"
            self.life_send(service, self.zone_plan(service))
            return
        account = account_name(number % self.ground.accounts)
        upstream_type = rng.choices(("cpanel", "litespeed", "cloudlinux", "softaculous"), (40, 30, 15, 15))[0]
        addresses = iter(range(1, 250))

        def fresh():
            return f"10.{number // 256 % 256}.{number % 256}.{next(addresses)}"

        ip = fresh()
        for generation in range(rng.choice((1, 1, 2, 3))):
            service = f"s{number}g{generation}"
            steps, ends, moved = self.life_plan(service, account, upstream_type, ip, fresh)
            last = self.life_send(service, steps)
            if not ends and not moved:
                return  # the address stays taken
            if last is not None and rng.random() < 0.3:
                self.wait_finished(last, 5)  # the next customer comes later, or already waits


class Panels:
    """Threads that work off lanes until enough orders have been acknowledged."""

    def __init__(self, ground, upstream, seed, wanted, threads=24):
        self.ground, self.upstream, self.seed, self.wanted = ground, upstream, seed, wanted
        self.log, self.stop, self.open = Log(), threading.Event(), threading.Event()
        self.open.set()
        self.next_lane, self.lock = 0, threading.Lock()
        self.threads = [threading.Thread(target=self.work, name=f"panel {n}") for n in range(threads)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def running(self):
        return any(thread.is_alive() for thread in self.threads)

    def end(self):
        self.stop.set()
        self.open.set()
        for thread in self.threads:
            thread.join()

    def work(self):
        while not self.stop.is_set():
            self.open.wait()
            with self.lock:
                number, enough = self.next_lane, len(self.log.orders) >= self.wanted
                self.next_lane += 1
            if enough:
                return
            rng = random.Random(f"lane {self.seed} {number}")
            try:
                Panel(self.ground, self.upstream, self.log, rng, self.stop).lane(number)
            except Exception as error:  # a mistake of ours must not look like a quiet run
                self.log.complain(f"lane {number}: {type(error).__name__}: {error}")
