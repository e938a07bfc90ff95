# SPDX-License-Identifier: Apache-2.0
"""What a run is judged by: the panel's list of acknowledgements, our tables and the upstream's ledger, joined.

Pure: rows in, findings out, so that tests/chaos/test_judge.py can show it wrong worlds.  Which order a call of the
ledger belongs to is decided by what was called, for which license, and when: a call belongs to the last attempt that
began before it arrived, of an order that makes such calls.  Calls of one license never overlap unless something is
wrong, and then a count per purchase (see `count_purchases`) finds it too.
"""
import bisect
import collections
import dataclasses

FINISHED = ("succeeded", "failed", "cancelled")
PAID_CALLS = ("create", "renew", "change-core")
OVERTAKEN_MS = 2000  # how long a delivery may wait for its line's lock after its transaction began

# Which calls an order of a type may make, and on which of its addresses.  The calls that prove it come first.
CALLS = {
    "create": [("create", "ip"), ("renew", "ip"), ("unsuspend", "ip")],
    "renew": [("renew", "ip")],
    "suspend": [("suspend", "ip")],
    "unsuspend": [("unsuspend", "ip")],
    "terminate": [("suspend", "ip")],
    "change_ip": [("change-ip", "ip"), ("suspend", "new_ip"), ("unsuspend", "new_ip")],
    "change_product": [("change-core", "ip")],
}
ZONE_CALLS = {"create": ["activate", "verify"], "renew": ["verify"], "suspend": ["deactivate"],
              "unsuspend": ["activate", "verify"], "terminate": ["deactivate"], "verify": ["verify"]}
PROOF = {"create": ("create", "renew"), "renew": ("renew",), "change_ip": ("change-ip",),
         "change_product": ("change-core",)}  # these must have an effect; the others must have been answered "done"


@dataclasses.dataclass
class Order:
    """An order as our tables have it; times are milliseconds since 1970."""
    order_id: int
    license_id: int
    service_id: str
    type: str  # without "license."
    provider: str
    account: str
    upstream_type: str
    state: str
    ip: str = None
    new_ip: str = None
    new_upstream_type: str = None
    license_key: str = None
    reason_code: str = None
    reason: str = None
    paid: bool = False
    created_ms: int = 0
    order_sequence: int = 0
    position: int = 0
    sent_attempt: int = 0
    doubted: bool = False  # an attempt of it was ever unclear
    tried_again: bool = False  # … and it was tried again without a person
    tray: list = dataclasses.field(default_factory=list)  # why it went into the tray, each time
    attempts: list = dataclasses.field(default_factory=list)  # when each began, ascending

    def keys(self):
        """(endpoint, account, type, address) of the calls it may make."""
        if self.provider == "lisanszone":
            return [(name, "", self.license_key, None) for name in ZONE_CALLS.get(self.type, [])]
        found = [(name, self.account, self.upstream_type, getattr(self, place))
                 for name, place in CALLS.get(self.type, [])]
        if self.type == "change_product":  # the probe for what it was to become
            found.append(("unsuspend", self.account, self.new_upstream_type, self.ip))
        return found

    def purchase(self):
        """What it pays for, as a name that all orders for the same thing share."""
        return (self.type, self.account, self.upstream_type, self.ip, self.new_upstream_type)

    def place(self):
        return (self.order_sequence, self.position)


def call_key(call):
    if call["provider"] == "lisanszone":
        return (call["endpoint"], "", call["license_key"], None)
    return (call["endpoint"], call["account"], call["type"], call["ip"])


class World:
    """All there is to know at the end of a run."""

    def __init__(self, orders, calls, acknowledged=(), deliveries=None, licenses=(), upstream=(), in_order=(),
                 heads=()):
        self.orders = {order.order_id: order for order in orders}
        self.calls = calls
        self.acknowledged = acknowledged  # (delivery, order id)
        self.deliveries = deliveries or {}  # delivery -> order id
        self.licenses = licenses  # our license rows: dicts
        self.upstream = upstream  # the stand-in's licenses: dicts
        self.in_order = in_order  # lists of order ids: sent one after the other, without sequence
        self.heads = heads  # the head of each line that has work, see evidence.py
        self.made = collections.defaultdict(list)  # order id -> its calls
        self.orphans = []  # calls with an effect that no order can have made
        self.attribute()

    def attribute(self):
        began = collections.defaultdict(list)
        for order in self.orders.values():
            for key in order.keys():
                began[key] += [(at, order.order_id) for at in order.attempts]
        for rows in began.values():
            rows.sort()
        for call in self.calls:
            rows = began.get(call_key(call), [])
            place = bisect.bisect_right(rows, (call["at_ms"], float("inf")))
            if place:
                self.made[rows[place - 1][1]].append(call)
            elif call["effect"]:
                self.orphans.append(call)

    def effects(self, order, names=None):
        return [c for c in self.made[order.order_id] if c["effect"] and (names is None or c["endpoint"] in names)]


def lines_moving(heads):
    """The licenses whose line goes on by itself: its head does, or waits for a pair whose holder's line does."""
    by_license = {row["license_id"]: row for row in heads}

    def moves(license_id, seen):
        row = by_license.get(license_id)
        if row is None or license_id in seen:
            return False
        if row["waits"] and row["holder"] is None:
            return True  # the pair is free: it is about to be woken
        if row["waits"]:
            return moves(row["holder"], seen | {license_id})
        return row["state"] not in ("needs_review", "held")

    return {license_id for license_id in by_license if moves(license_id, frozenset())}


def find_lost(world):
    """Acknowledged without an order, or at rest without an end and without a reason that a person sees."""
    found = []
    for delivery, order_id in world.acknowledged:
        if order_id not in world.orders or world.deliveries.get(delivery) != order_id:
            found.append((order_id, f"{delivery} was acknowledged, but its order is not there"))
    in_line = {row["license_id"] for row in world.heads}
    moving = lines_moving(world.heads)
    for order in world.orders.values():
        if order.state in FINISHED:
            continue
        waits = order.license_id in in_line and order.license_id not in moving
        if not order.reason_code or not (order.state == "held" or waits):
            found.append((order.order_id, f"neither ended nor waiting for a person: {order.state} {order.reason_code}"))
    return found


def find_double(world):
    found = []
    for order in world.orders.values():
        charged = world.effects(order, PAID_CALLS)
        if len(charged) > 1:
            found.append((order.order_id, f"bought {len(charged)} times"))
    for call in world.orphans:
        if call["endpoint"] in PAID_CALLS:
            found.append((None, f"bought by no order: call {call['seq']} {call_key(call)}"))
    return found or count_purchases(world)


def count_purchases(world):
    """More purchases under one name than orders that may have made them: needs no times at all."""
    may, bought = collections.Counter(), collections.Counter()
    some_order = {}
    for order in world.orders.values():
        if order.provider == "724license" and order.paid and order.attempts:
            kinds = PROOF[order.type]
            for kind in kinds:
                key = (kind, order.account, order.upstream_type, order.ip)
                may[key] += 1
                some_order[key] = order.order_id
    for call in world.calls:
        if call["effect"] and call["endpoint"] in PAID_CALLS:
            bought[call_key(call)] += 1
    return [(some_order.get(key), f"{number} purchases {key}, {may[key]} orders") for key, number in bought.items()
            if number > may[key]]


def proven(world, order):
    """The upstream did what the order asked for."""
    made = world.made[order.order_id]
    if order.provider == "724license" and order.type in PROOF:
        if world.effects(order, PROOF[order.type]):
            return True
        # An upstream that answers a known license's create with success has charged nothing; it said done.
        return order.type == "create" and any(c["endpoint"] == "create" and c["outcome"] == "done" for c in made)
    names = [key[0] for key in order.keys()]
    return any(c["endpoint"] in names and (c["outcome"] == "done" or c["refusal"] == "already" or already_free(world, c))
               for c in made)


def already_free(world, call):
    """A refused deactivation of a key that is not activated: Lisans Zone has one code for all its refusals."""
    if call["endpoint"] != "deactivate" or call["refusal"] != "DEACTIVATION_FAILED":
        return False
    effects = [c for c in world.calls if c["license_key"] == call["license_key"] and c["effect"]
               and c["effect_seq"] and c["seq"] < call["seq"] and c["endpoint"] in ("activate", "deactivate")]
    return not effects or max(effects, key=lambda c: c["effect_seq"])["endpoint"] == "deactivate"


def find_false_done(world):
    """A final state that the upstream contradicts."""
    found = []
    for order in world.orders.values():
        if order.state == "succeeded" and not proven(world, order):
            found.append((order.order_id, "succeeded, but the upstream never did it"))
        if order.state in ("failed", "cancelled") and order.provider == "724license" and order.type in PROOF \
                and world.effects(order, PROOF[order.type]):
            found.append((order.order_id, f"{order.state}, but the upstream did it"))
    return found + find_wrong_states(world)


def licenses_known_before(world):
    """Licenses created where the upstream had one already, terminated and so suspended.  Whether a create that it
    answers with success wakes that one is its own habit; the product's option `recycled = renew` is the way around."""
    first = {}
    for call in world.calls:
        if call["endpoint"] == "create" and call["effect"]:
            first.setdefault(call_key(call), call["seq"])
    found = set()
    for order in world.orders.values():
        if order.state == "succeeded" and order.type == "create" and order.provider == "724license":
            done = [c for c in world.made[order.order_id] if c["endpoint"] == "create" and c["outcome"] == "done"]
            if any(c["seq"] > first.get(call_key(c), c["seq"]) for c in done):
                found.add(order.license_id)
    return found


def find_wrong_states(world):
    """Our licenses against the upstream's, where nothing is under way."""
    upstream = {(u["account"], u["type"], u["ip"]): u["state"] for u in world.upstream}
    busy = {o.license_id for o in world.orders.values() if o.state not in FINISHED}
    last = {}  # license -> its last order that was carried out
    for order in sorted(world.orders.values(), key=lambda o: o.order_id):
        if order.state == "succeeded":
            last[order.license_id] = order.order_id
    known = licenses_known_before(world)
    found, owners = [], collections.defaultdict(list)
    for row in world.licenses:
        if row["provider"] == "724license" and row["status"] in ("active", "suspended"):
            owners[(row["account"], row["upstream_type"], row["ip"])].append(row["license_id"])
    for row in world.licenses:
        pair = (row["account"], row["upstream_type"], row["ip"])
        if row["provider"] != "724license" or row["license_id"] in busy | known:
            continue
        wanted = {"active": "active", "suspended": "suspended", "terminated": "suspended"}.get(row["status"])
        if row["status"] == "terminated" and (owners[pair] or upstream.get(pair) is None):
            continue  # the address is somebody else's now, or the license moved
        if row["status"] == "terminated" and any(
                r["license_id"] != row["license_id"]
                and (r["account"], r["upstream_type"], r["ip"]) == pair for r in world.licenses):
            continue
        if wanted and upstream.get(pair) != wanted:
            found.append((last.get(row["license_id"]),
                          f"license {row['license_id']} {pair} is {row['status']} to us and "
                          f"{upstream.get(pair)} upstream"))
        if len(owners[pair]) > 1:
            found.append((last.get(row["license_id"]), f"{pair} belongs to the licenses {owners[pair]}"))
    return found


def find_out_of_order(world):
    """Effects of one license against the order in which its orders had to be carried out."""
    found = []
    by_license = collections.defaultdict(list)
    for order in world.orders.values():
        by_license[order.license_id].append(order)
    for orders in by_license.values():
        orders.sort(key=Order.place)
        for index, first in enumerate(orders):
            before = [c["effect_seq"] for c in world.effects(first)]
            for second in orders[index + 1:] if before else []:
                after = [c["effect_seq"] for c in world.effects(second)]
                if not after or max(before) < min(after):
                    continue
                # One with a lower sequence overtakes only what has not begun.
                if second.attempts and second.attempts[0] < first.created_ms + OVERTAKEN_MS \
                        and second.order_id < first.order_id:
                    continue
                found.append((second.order_id, f"took effect before order {first.order_id} of the same license"))
    for sent in world.in_order:
        known = [world.orders[i] for i in sent if i in world.orders]
        for first, second in zip(known, known[1:]):
            if first.license_id == second.license_id and first.place() >= second.place():
                found.append((second.order_id, f"stands before order {first.order_id}, which was sent earlier"))
    return found


def find_orphans(world):
    """Effects of calls that no order explains and that cost nothing."""
    return [(None, f"call {c['seq']} {call_key(c)} belongs to no order") for c in world.orphans
            if c["endpoint"] not in PAID_CALLS]


def find_tray(world, settle):
    """In the tray without a doubt; under `operator` a doubt that nothing settled and that did not go there."""
    found = [(order.order_id, "went into the tray without a doubt") for order in world.orders.values()
             if order.tray and not order.doubted]
    if settle == "operator":
        found += [(order.order_id, "a doubt was tried again without a person") for order in world.orders.values()
                  if order.tried_again]
    return found


NOTHING_SENT = "nothing sent"
NO_FAULT = "no fault of the upstream"  # perhaps a kill, a stop or a crash


def fault_met(world, order):
    """The last fault that an order's calls met; None: none did.  A word of its own where nothing was ever sent."""
    made = world.made[order.order_id]
    if not made and not order.sent_attempt:
        return NOTHING_SENT
    faults = [c for c in made if c["fault"]]
    return f"{faults[-1]['fault']}/{faults[-1]['fault_when']}" if faults else None


def review_causes(world):
    """By the last fault that orders met: how many went through the tray, and how many there were; and the orders that
    went there though nothing was ever sent for them."""
    reviewed, met, never_called = collections.Counter(), collections.Counter(), []
    for order in world.orders.values():
        cause = fault_met(world, order)
        met[cause or NO_FAULT] += 1
        if order.tray:
            reviewed[cause or NO_FAULT] += 1
        if order.tray and cause == NOTHING_SENT:
            never_called.append((order.order_id, "went into the tray though nothing was ever sent for it"))
    return reviewed, met, never_called
