# SPDX-License-Identifier: Apache-2.0
"""The judge of `make chaos` is shown a sound world, and then worlds with one thing wrong: it must see each."""
import pytest

import judge
from judge import Order, World
from weather import SHARE, rules


def call(seq, endpoint, at_ms, **more):
    row = {"seq": seq, "at_ms": at_ms, "provider": "724license", "endpoint": endpoint, "account": "a", "type": "cpanel",
           "ip": "10.0.0.1", "outcome": "done", "refusal": None, "effect": True, "effect_seq": seq, "license_key": None,
           "fault": None, "fault_when": None}
    return {**row, **more}


def order(order_id, kind, began, **more):
    row = {"license_id": 1, "service_id": "s", "provider": "724license", "account": "a", "upstream_type": "cpanel",
           "state": "succeeded", "ip": "10.0.0.1", "paid": kind in ("create", "renew"), "created_ms": 100,
           "position": order_id, "attempts": [began], "sent_attempt": 1}
    return Order(order_id, type=kind, **{**row, **more})


def sound():
    """Bought, suspended, resumed, renewed after a doubt that an operator settled, suspended at last."""
    return {
        "orders": [order(1, "create", 1000), order(2, "suspend", 2000), order(3, "unsuspend", 3000),
                   order(4, "renew", 4000, tray=["the answer was lost"], doubted=True), order(5, "suspend", 5000)],
        "calls": [call(1, "create", 1000), call(2, "suspend", 2000), call(3, "unsuspend", 3000),
                  call(4, "renew", 4001, fault="drop", fault_when="after"), call(5, "suspend", 5000)],
        "acknowledged": [(f"d{n}", n) for n in range(1, 6)],
        "deliveries": {f"d{n}": n for n in range(1, 6)},
        "licenses": [{"license_id": 1, "provider": "724license", "account": "a", "upstream_type": "cpanel",
                      "status": "suspended", "ip": "10.0.0.1"}],
        "upstream": [{"account": "a", "type": "cpanel", "ip": "10.0.0.1", "state": "suspended"}],
        "in_order": [[1, 2, 3, 4, 5]],
        "heads": [],
    }


FINDERS = {"lost": judge.find_lost, "double": judge.find_double, "false_done": judge.find_false_done,
           "out_of_order": judge.find_out_of_order, "orphans": judge.find_orphans,
           "never_called": lambda world: judge.review_causes(world)[2],
           "tray": lambda world: judge.find_tray(world, "operator")}


def found(parts):
    world = World(**parts)
    return {name: len(find(world)) for name, find in FINDERS.items() if find(world)}


def test_a_sound_world_is_sound():
    assert found(sound()) == {}


def no_row(parts):
    parts["deliveries"].pop("d5")


def other_order(parts):
    parts["deliveries"]["d5"] = 4


def stuck(parts):
    parts["orders"][4].state, parts["orders"][4].reason_code = "queued", "later"
    parts["heads"] = [{"license_id": 1, "pending": 1, "state": "queued", "waits": False, "holder": None}]


def no_reason(parts):
    parts["orders"][4].state = "needs_review"
    parts["heads"] = [{"license_id": 1, "pending": 1, "state": "needs_review", "waits": False, "holder": None}]


def bought_twice(parts):
    parts["calls"].append(call(6, "create", 1100))


def bought_late_by_a_stale_call(parts):
    parts["calls"].append(call(6, "create", 9000))


def bought_by_nobody(parts):
    parts["calls"].append(call(6, "create", 9000, ip="10.9.9.9"))


def renewed_before_it_was_ordered(parts):
    parts["calls"].append(call(6, "renew", 500))


def never_bought(parts):
    parts["calls"][3].update(effect=False, outcome="none", effect_seq=0)


def never_suspended(parts):
    parts["calls"][1].update(effect=False, outcome="none", effect_seq=0)


def failed_but_bought(parts):
    parts["orders"][3].state = "failed"


def runs_upstream(parts):
    parts["upstream"][0]["state"] = "active"


def gone_upstream(parts):
    parts["upstream"] = []


def late_effect_undid_it(parts):
    parts["calls"][1]["effect_seq"] = 3
    parts["calls"][2]["effect_seq"] = 2


def placed_wrongly(parts):
    parts["orders"][1].position = 9


def effect_by_nobody(parts):
    parts["calls"].append(call(6, "change-ip", 9000))


def tray_without_a_call(parts):
    parts["calls"].pop(3)
    parts["orders"][3].sent_attempt = 0


def tray_without_a_doubt(parts):
    parts["orders"][3].doubted = False


def tried_again_by_itself(parts):
    parts["orders"][3].tried_again = True


def two_owners(parts):
    parts["licenses"].append({**parts["licenses"][0], "license_id": 2})


@pytest.mark.parametrize("harm, wanted", [
    (no_row, {"lost": 1}),
    (other_order, {"lost": 1}),
    (stuck, {"lost": 1}),
    (no_reason, {"lost": 1}),
    (bought_twice, {"double": 1, "out_of_order": 4}),
    (bought_late_by_a_stale_call, {"double": 1, "out_of_order": 4}),
    (bought_by_nobody, {"double": 1}),
    (renewed_before_it_was_ordered, {"double": 1}),
    (never_bought, {"false_done": 1}),
    (never_suspended, {"false_done": 1}),
    (failed_but_bought, {"false_done": 1}),
    (runs_upstream, {"false_done": 1}),
    (gone_upstream, {"false_done": 1}),
    (late_effect_undid_it, {"out_of_order": 1}),
    (placed_wrongly, {"out_of_order": 1}),
    (effect_by_nobody, {"orphans": 1}),
    (tray_without_a_call, {"false_done": 1, "never_called": 1}),
    (tray_without_a_doubt, {"tray": 1}),
    (tried_again_by_itself, {"tray": 1}),
    (two_owners, {"false_done": 2}),
], ids=lambda value: getattr(value, "__name__", ""))
def test_each_wrong_world_is_seen(harm, wanted):
    parts = sound()
    harm(parts)
    assert found(parts) == wanted


def test_a_lower_sequence_overtakes_only_what_has_not_begun():
    parts = sound()
    early, late = order(2, "suspend", 2000, order_sequence=5), order(3, "unsuspend", 3000, order_sequence=3)
    late.created_ms = 2100  # the suspend had begun when it came
    parts["orders"][1:3] = [early, late]
    parts["in_order"] = []
    parts["orders"][3].order_sequence = parts["orders"][4].order_sequence = 9
    assert "out_of_order" not in found(parts)
    early.attempts = [9000]
    parts["calls"][1]["at_ms"] = 9000
    late.created_ms = 100
    parts["calls"][4]["at_ms"] = 8000
    assert "out_of_order" in found(parts)


def heads(*rows):
    return [dict(zip(("license_id", "state", "waits", "holder", "pending"), (*row, 1))) for row in rows]


@pytest.mark.parametrize("rows, moving", [
    ([(1, "queued", False, None)], {1}),
    ([(1, "needs_review", False, None)], set()),
    ([(1, "blocked", True, 2), (2, "calling", False, None)], {1, 2}),
    ([(1, "blocked", True, 2), (2, "held", False, None)], set()),
    ([(1, "blocked", True, 2)], set()),  # the holder lives and has nothing to do
    ([(1, "blocked", True, None)], {1}),  # free: about to be woken
    ([(1, "blocked", True, 2), (2, "blocked", True, 1)], set()),
])
def test_what_moves_by_itself(rows, moving):
    assert judge.lines_moving(heads(*rows)) == moving


def test_the_faults_meet_their_share_of_calls():
    passes = 1.0
    for rule in rules():
        if "endpoint" not in rule:
            passes *= 1 - rule["probability"]
    assert 1 - passes == pytest.approx(SHARE)


def test_what_a_second_create_wakes_is_the_upstreams_habit():
    parts = sound()
    parts["orders"].append(order(6, "terminate", 6000))
    parts["orders"].append(order(7, "create", 7000, license_id=2))
    parts["calls"] += [call(6, "suspend", 6000, effect=False, refusal="already", outcome="refused"),
                       call(7, "create", 7000)]
    parts["licenses"][0]["status"] = "terminated"
    parts["licenses"].append({**parts["licenses"][0], "license_id": 2, "status": "active"})
    assert found(parts) == {}
    parts["calls"].pop(0)  # nobody had one there before: then it has to run
    parts["orders"][0].state = "failed"
    assert found(parts) == {"false_done": 1}


@pytest.mark.parametrize("before, judged", [([], {}), (["activate"], {"false_done": 1}), (["activate", "deactivate"], {})])
def test_a_refused_deactivation_is_done_where_nothing_is_activated(before, judged):
    zone = {"provider": "lisanszone", "account": "zone", "type": None, "ip": None, "license_key": "K"}
    calls = [call(n, endpoint, 100 * n, **zone) for n, endpoint in enumerate(before, 1)]
    calls.append(call(9, "deactivate", 5000, **zone, outcome="refused", refusal="DEACTIVATION_FAILED", effect=False))
    orders = [order(9, "suspend", 4900, provider="lisanszone", account="zone", ip=None, license_key="K")]
    world = World(orders, calls)
    assert {"false_done": len(judge.find_false_done(world))} == (judged or {"false_done": 0})
