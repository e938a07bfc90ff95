# SPDX-License-Identifier: Apache-2.0
"""What the upstream does to calls: every kind of fault on 30 % of them, and habits that change from phase to phase.

Only what the money protocol's conditions allow (docs/testing.md): a late effect comes within the account's quiet
time after the call's deadline, also when the caller is frozen and does not hang up; what the upstream calls "429" it has not done, except for calls that may be repeated; prices hold for a run.
"""
import random
import threading

SHARE = 0.30
REPEATABLE = ("suspend", "unsuspend", "balance", "product", "products", "verify")
DEADLINE_MS, LATE_MS, SLOW_MS = 1000, 400, 700  # call_timeout + quiet is 2 s: a pause of nginx comes on top

KINDS = [
    {"fault": "drop"}, {"fault": "reset"}, {"fault": "5xx"}, {"fault": "5xx", "status": 503, "retry_after": 1},
    {"fault": "cut"}, {"fault": "cut_json"}, {"fault": "html"}, {"fault": "empty"}, {"fault": "mistyped"},
    {"fault": "slow", "delay_ms": SLOW_MS}, {"fault": "hang"},
]
HABITS = {
    "duplicate_create": ("refused", "charged", "existing"), "repeated_state": ("accepted", "refused"),
    "refusals": ("200", "4xx"), "missing_field": ("422", "400"), "license_id": ("number", "text", "absent"),
    "balance": ("number", "string", "float"), "product_fields": ("extended", "documented"),
    "zone_invalid": ("400", "200"),
}
FOR_THE_RUN = {"price": ("times_months", "flat"), "change_core": ("paid", "free")}


def rules():
    """Rules that together fire on SHARE of all calls, each kind equally often."""
    wanted = [{**kind, "when": when} for kind in KINDS for when in ("before", "after")]
    wanted += [{"fault": "late", "delay_ms": LATE_MS, "patience_ms": DEADLINE_MS}, {"fault": "429"},
               {"fault": "429", "retry_after": 1}, {"fault": "429", "status": 200}]
    found, each = [], SHARE / len(wanted)
    for index, rule in enumerate(wanted):
        # The rules are asked in turn, so a later one sees fewer calls.
        found.append({**rule, "times": -1, "probability": each / (1 - index * each)})
    for endpoint in REPEATABLE:
        found.append({"endpoint": endpoint, "fault": "429", "when": "after", "times": -1, "probability": each})
    return found


class Weather:
    """Changes every `seconds` while it runs."""

    def __init__(self, upstream, seed, seconds):
        self.upstream, self.seconds = upstream, seconds
        self.random = random.Random(f"weather {seed}")
        self.phases = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name="weather")

    def __enter__(self):
        self.upstream.ask("personality", {name: self.random.choice(words) for name, words in FOR_THE_RUN.items()})
        self.change()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.upstream.ask("faults", {"rules": []}, seconds=120)

    def change(self):
        self.phases += 1
        self.upstream.ask("personality", {name: self.random.choice(words) for name, words in HABITS.items()}, seconds=120)
        self.upstream.ask("faults", {"rules": rules(), "seed": self.random.randrange(1 << 30)}, seconds=120)

    def run(self):
        while not self.ended.wait(self.seconds):
            self.change()
