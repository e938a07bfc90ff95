# SPDX-License-Identifier: Apache-2.0
"""The variants of the model: which must hold, which must be caught and by which invariant.

A caught row says what it breaks in which holding setting; the runner refuses a table in which that
setting is not itself among the rows that hold, with at least as many faults.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Variant:
    name: str
    base: str           # the setting, as defines
    faults: int
    expect: str = ""    # empty: holds; otherwise the invariant that must break
    broken: str = ""    # what is wrong, as defines
    quick: bool = False  # part of make check
    model: str = "money"

    @property
    def defines(self):
        only = f"ONLY={self.expect[1:]}" if self.expect[:1] == "I" else ""
        return f"{self.base} {self.broken} {only} FAULTS={self.faults}".split()


FULL = "PROBE REUSE"
SURE = "EVIDENCE QUIET"  # the policy, and the condition that it needs

HOLDS = [
    Variant("operator, 3 in flight", f"K=3 {FULL}", 4),
    Variant("operator, 3 in flight, equal prices", f"K=3 {FULL} EQUAL", 3),
    Variant("operator, one license, full", f"K=2 LINE {FULL}", 6),
    Variant("operator, one license, bare", "K=2 LINE", 5),
    Variant("operator, equal prices", f"K=2 {FULL} EQUAL", 4),
    Variant("operator, full", f"K=2 {FULL}", 5),
    Variant("operator, full, quick", f"K=2 {FULL}", 2, quick=True),
    Variant("operator, one license, quick", f"K=2 LINE {FULL}", 3, quick=True),
    Variant("evidence, 3 in flight", f"K=3 {FULL} {SURE}", 4),
    Variant("evidence, 3 in flight, equal prices", f"K=3 {FULL} {SURE} EQUAL", 3),
    Variant("evidence, 3 in flight, no probe", f"K=3 REUSE {SURE}", 3),
    Variant("evidence, one license", f"K=2 LINE {FULL} {SURE}", 6),
    Variant("evidence, one license, quick", f"K=2 LINE {FULL} {SURE}", 3, quick=True),
    Variant("evidence, full", f"K=2 {FULL} {SURE}", 6),
    Variant("evidence, equal prices", f"K=2 {FULL} {SURE} EQUAL", 4),
    Variant("operator, outside spender", f"K=2 {FULL} OUTSIDE", 3),
    Variant("operator, outside spender, 3 in flight", f"K=3 {FULL} OUTSIDE", 2),
    Variant("operator, two readers", f"K=2 {FULL} READERS=2", 3),
    Variant("evidence, two readers", f"K=2 {FULL} {SURE} READERS=2", 3),
    Variant("operator, paused and resumed", f"K=2 LINE {FULL} PAUSE", 4),
    Variant("evidence, paused and resumed", f"K=2 LINE {FULL} {SURE} PAUSE", 5),
    Variant("evidence, paused and resumed, quick", f"K=2 LINE {FULL} {SURE} PAUSE", 2, quick=True),
    Variant("operator, balance unreadable", f"K=2 {FULL} BLIND", 4),
    Variant("evidence, balance unreadable", f"K=2 {FULL} {SURE} BLIND", 4),
    Variant("prices, operator", "", 5, model="price"),
    Variant("prices, evidence", SURE, 5, model="price"),
    Variant("one belt: the version ignores calls", f"K=2 {FULL} CALL_RAISES_NOTHING", 3),
    Variant("one belt: admission stays open", f"K=2 {FULL} ADMISSION_STAYS_OPEN", 3),
    Variant("one belt: the closing balance is read early", f"K=2 {FULL} READS_EARLY", 3),
]

CAUGHT = [
    Variant("evidence without waiting for late effects", f"K=2 LINE {FULL}", 1, "I1", "EVIDENCE", quick=True),
    Variant("no fence", f"K=2 LINE {FULL}", 1, "I1", "NO_FENCE", quick=True),
    Variant("the mark is ignored", f"K=2 LINE {FULL}", 1, "I1", "IGNORES_MARK", quick=True),
    Variant("the mark is written after sending", f"K=2 LINE {FULL}", 1, "I1", "MARKS_AFTER_SENDING", quick=True),
    Variant("a pause between fence and write outlasts the wait", f"K=2 LINE {FULL} {SURE}", 1, "I1", "LONG_PAUSE"),
    Variant("a doubt is tried again at once", f"K=2 LINE {FULL}", 1, "I1", "RETRIES_DOUBTS"),
    Variant("the HTTP client sends twice", f"K=2 LINE {FULL}", 1, "I1", "CLIENT_RESENDS"),
    Variant("settled with a call in flight", f"K=2 {FULL}", 1, "I4", "SETTLES_WITH_CALLS"),
    Variant("admission stays open and the version ignores calls", f"K=2 {FULL}", 2, "I4",
            "ADMISSION_STAYS_OPEN CALL_RAISES_NOTHING"),
    Variant("read early and the version ignores calls", f"K=2 {FULL}", 2, "I4", "READS_EARLY CALL_RAISES_NOTHING"),
    Variant("admission stays open and the version ignores calls, evidence", f"K=2 {FULL} {SURE}", 2, "I1",
            "ADMISSION_STAYS_OPEN CALL_RAISES_NOTHING"),
    Variant("read early and the version ignores calls, evidence", f"K=2 {FULL} {SURE}", 2, "I1",
            "READS_EARLY CALL_RAISES_NOTHING"),
    Variant("no version", f"K=2 {FULL}", 2, "I4", "NO_VERSION", quick=True),
    Variant("no version, evidence", f"K=2 {FULL} {SURE} READERS=2", 2, "I1", "NO_VERSION"),
    Variant("the operator raises no version", f"K=2 {FULL}", 2, "I4", "OPERATOR_RAISES_NOTHING"),
    Variant("the probe raises no version", f"K=2 {FULL}", 2, "I4", "PROBE_RAISES_NOTHING"),
    Variant("settling raises no version", f"K=2 {FULL} READERS=2", 2, "I4", "SETTLING_RAISES_NOTHING"),
    Variant("taint is ignored", f"K=2 {FULL}", 2, "I4", "IGNORES_TAINT", quick=True),
    Variant("the first sum that fits is taken", f"K=2 {FULL}", 2, "I4", "TAKES_FIRST_FIT", quick=True),
    Variant("a stale balance", f"K=2 {FULL}", 2, "I4", "STALE"),
    Variant("a wrong price", f"K=2 {FULL}", 2, "I4", "WRONG_PRICE"),
    Variant("a wrong price is seen", f"K=2 {FULL}", 0, "I5", "WRONG_PRICE"),
    Variant("an outside spender", f"K=2 {FULL}", 1, "I4", "OUTSIDE"),
    Variant("an outside spender under evidence", f"K=2 {FULL} {SURE}", 1, "I1", "OUTSIDE"),
    Variant("the probe's 'not found' is trusted", f"K=2 LINE {FULL} {SURE}", 2, "I1", "TRUSTS_NOT_FOUND", quick=True),
    Variant("the operator does not wait", f"K=2 LINE {FULL}", 1, "I1", "OPERATOR_HURRIES"),
    Variant("a repeated webhook queues again", f"K=2 {FULL}", 1, "I1", "REPEATS_QUEUE_AGAIN"),
    Variant("no order per license", f"K=2 LINE {FULL}", 0, "I3", "NO_LICENSE_ORDER", quick=True),
    Variant("acknowledged before the commit", f"K=2 LINE {FULL}", 1, "I2", "ACKS_BEFORE_COMMIT", quick=True),
    Variant("a settled order stays unsettled", f"K=2 LINE {FULL}", 1, "I8", "LEAVES_UNSETTLED"),
    Variant("the table has no move into doubt", f"K=2 LINE {FULL}", 1, "I7", "TABLE_FORBIDS_DOUBT", quick=True),
    Variant("prices: evidence without waiting", "", 2, "I1", "EVIDENCE", model="price"),
    Variant("prices: doubts are judged over a change of price", "", 2, "I4", "JUDGES_OVER_A_CHANGE", model="price"),
    Variant("prices: the catalogue is not read after the balance", "", 2, "I4", "TRUSTS_CACHED_CATALOGUE", model="price",
            quick=True),
    Variant("prices: learned over a change of price", "", 2, "I9", "JUDGES_OVER_A_CHANGE", model="price"),
    Variant("prices: learned from a catalogue not read again", "", 2, "I9", "TRUSTS_CACHED_CATALOGUE", model="price"),
    Variant("prices: learned once and for all", "", 2, "I4", "KEEPS_OLD_PRICE", model="price"),
    Variant("prices: learned from a window of several", "", 2, "I9", "LEARNS_IN_COMPANY", model="price", quick=True),
    Variant("prices: learned while tainted", "", 2, "I9", "LEARNS_WHILE_TAINTED", model="price"),
]

REACHED = [
    Variant("all calls on the wire", f"K=3 {FULL}", 0, "REACH_1", "REACH=1"),
    Variant("all calls in doubt", f"K=3 {FULL}", 3, "REACH_2", "REACH=2"),
    Variant("doubts that several sums explain", f"K=2 {FULL}", 2, "REACH_3", "REACH=3"),
    Variant("of which one is in every sum", f"K=3 {FULL}", 3, "REACH_4", "REACH=4"),
    Variant("an answer that comes after the doubt", f"K=2 {FULL}", 1, "REACH_5", "REACH=5"),
    Variant("a doubt in a tainted window", f"K=2 {FULL}", 2, "REACH_6", "REACH=6"),
    Variant("the probe finds what lies in review", f"K=2 {FULL}", 1, "REACH_7", "REACH=7"),
    Variant("a frozen holder comes to the fence", f"K=2 {FULL}", 1, "REACH_8", "REACH=8"),
    Variant("a takeover without doubt", f"K=2 {FULL}", 1, "REACH_9", "REACH=9"),
    Variant("an order held by a pause", f"K=2 LINE {FULL} PAUSE", 1, "REACH_10", "REACH=10"),
    Variant("a window reopened at settling", f"K=2 {FULL}", 0, "REACH_11", "REACH=11"),
    Variant("a price learned from a doubt", "", 2, "REACH_12", "REACH=12", model="price"),
    Variant("a new price that explains a drift", "", 2, "REACH_13", "REACH=13", model="price"),
]
