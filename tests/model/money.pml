/* SPDX-License-Identifier: Apache-2.0 */
/* The money protocol: three paid orders on one account of an upstream that loses, delays and refuses, carried
 * by two worker hosts that die and freeze, and an operator.  docs/model.md explains it; tests/model/run checks it.
 *
 * Every atomic is one committed transaction of ours or one event of the outside world; nothing else is atomic.
 * Order 0 creates a license, order 1 renews (that license with LINE, otherwise an old one), order 2 creates another.
 * Attempt numbers are compared with the newest alone, so that a slot remembers only whether it still has that one.
 * The account's version is a reading that is forgotten whenever the version would be raised.
 *
 * World     FAULTS=n how much goes wrong · QUIET late effects come within deadline + quiet time; without it they
 *           come at any time · EQUAL prices 1,1,1 instead of 1,1,2 · OUTSIDE somebody else moves a credit, once ·
 *           BLIND the balance may stay unreadable
 * Rules     K=n calls in flight · LINE · PROBE · REUSE the closing balance opens the next window · EVIDENCE policy ·
 *           PAUSE accounts are paused and resumed · READERS=n
 * Broken    the other names, each at the place that it breaks; REACH=n must fail: situation n is reached */

#include "money_state.pml"

/* ---- an order's ends ---- */
/* No answer counts any more: what slots remember of the attempt makes no difference. */
#define KEEPS(s, o) (newest[s] && slot_order[s] != o)
inline forget_attempt(o)
{
  newest[0] = KEEPS(0, o);
  newest[1] = KEEPS(1, o);
#if K == 3
  newest[2] = KEEPS(2, o);
#endif
  sent[o] = false
}

inline end_order(o, to)
{
  move(o, to);
#ifndef LEAVES_UNSETTLED
  unsettled[o] = false;
#endif
  HOLDS(I4_state_is_true, charged[o] == (to == ORDER_SUCCEEDED -> 1 : 0));
  forget_attempt(o);
#ifdef LINE
  if
  :: o == 0 && state[1] == ORDER_BLOCKED ->
     if
     :: state[0] == ORDER_SUCCEEDED -> move(1, ORDER_QUEUED)
     :: else -> move(1, ORDER_FAILED)
     fi
  :: else
  fi
#endif
}

inline confirm(o)   /* proved by an answer or by the probe; a call in the tray belongs to an older window */
{
  if
  :: state[o] != ORDER_NEEDS_REVIEW -> confirmed = confirmed + PRICE(o)
  :: else
  fi;
  end_order(o, ORDER_SUCCEEDED)
}

inline requeue(o)
{
  move(o, ORDER_QUEUED);
  unsettled[o] = false;
  forget_attempt(o)
}

inline doubt(o)   /* R5 */
{
#ifdef RETRIES_DOUBTS
  requeue(o);
#else
  move(o, ORDER_IN_DOUBT);
  sent[o] = false;
#ifndef ADMISSION_STAYS_OPEN
  if
  :: window == OPEN -> window = DRAIN
  :: else
  fi;
#endif
#endif
  RAISE_BY_CALL
}

inline charge(o)   /* the upstream acts */
{
#ifdef STALE
  balance_before = balance;
#endif
  balance = balance - COST(o);
  charged[o]++;
  HOLDS(I1_charged_once, charged[o] <= 1);
#ifdef LINE
  HOLDS(I3_license_order, o != 1 || charged[0] > 0);
#endif
}

/* ---- worker slots: R3, R4 ---- */
#define MINE(s) (state[slot_order[s]] == ORDER_CALLING && newest[s])
#define LATE(s) (newest[s] && (state[slot_order[s]] == ORDER_IN_DOUBT || \
                 (state[slot_order[s]] == ORDER_NEEDS_REVIEW && unsettled[slot_order[s]])))
#define MAY_BEGIN(s) (phase[s] == IDLE && window == OPEN && !paused && COUNT(ORDER_CALLING) < K && \
                      (s != 2 || phase[1] != IDLE))

inline free_slot(s)
{
  phase[s] = IDLE;
  slot_order[s] = 0;
  newest[s] = false
}

inline begin(s, o)
{
  forget_attempt(o);
  move(o, ORDER_CALLING);
  phase[s] = BEGUN;
  slot_order[s] = o;
  newest[s] = true;
  RAISE_BY_CALL
}

inline fence(s)
{
  if
#ifndef NO_FENCE
  :: !(MINE(s) && !paused) ->
#if REACH == 8
     HOLDS(REACH_8_frozen_then_fenced, MINE(s));
#endif
     if
     :: MINE(s) -> requeue(slot_order[s]); RAISE_BY_CALL
     :: else
     fi;
     free_slot(s)
  :: MINE(s) && !paused ->
     HOLDS(I6_sent_in_window, window != SHUT);
#else
  :: true ->
#endif
#ifndef MARKS_AFTER_SENDING
     if
     :: MINE(s) -> sent[slot_order[s]] = true
     :: else
     fi;
#endif
     phase[s] = FENCED
  fi
}

inline answered_no(s)   /* refused: failed, or held for credits */
{
  if
  :: MINE(s) ->
     if
     :: end_order(slot_order[s], ORDER_FAILED)
#ifdef PAUSE
     :: move(slot_order[s], ORDER_HELD); forget_attempt(slot_order[s])
#endif
     fi;
     RAISE_BY_CALL
  :: LATE(s) ->   /* it may count, or come too late to be heard */
     if
     :: state[slot_order[s]] == ORDER_IN_DOUBT -> move(slot_order[s], ORDER_NEEDS_REVIEW)
     :: unsettled[slot_order[s]] -> unsettled[slot_order[s]] = false
     :: true
     fi;
     RAISE_BY_PROBE
  :: else
  fi;
  free_slot(s)
}

proctype slot(byte s)
{
end:
  do
  :: atomic { MAY_BEGIN(s) && IS(0, ORDER_QUEUED) -> begin(s, 0) }
  :: atomic { MAY_BEGIN(s) && IS(1, ORDER_QUEUED) -> begin(s, 1) }
  :: atomic { MAY_BEGIN(s) && IS(2, ORDER_QUEUED) -> begin(s, 2) }
  :: atomic { phase[s] == BEGUN -> fence(s) }
  :: atomic { phase[s] == BEGUN && FAULT ->          /* no connection: surely not sent */
       faults++;
       if
       :: MINE(s) -> requeue(slot_order[s]); RAISE_BY_CALL
       :: else
       fi;
       free_slot(s) }
  :: atomic { phase[s] == FENCED ->                  /* the request is written */
       phase[s] = WIRE;
#ifdef CLIENT_RESENDS
       if
       :: FAULT -> faults++; loose[slot_order[s]]++
       :: true
       fi
#endif
     }
#ifdef MARKS_AFTER_SENDING
  :: atomic { phase[s] == WIRE && MINE(s) && !sent[slot_order[s]] -> sent[slot_order[s]] = true }
#endif
  :: atomic { phase[s] == WIRE ->                    /* the upstream meets it */
#if REACH == 1
       HOLDS(REACH_1_all_on_the_wire, phase[0] != WIRE || phase[1] != WIRE || phase[K - 1] != WIRE);
#endif
       if
       :: charge(slot_order[s]); phase[s] = SAID_DONE
       :: FAULT -> faults++; charge(slot_order[s]); phase[s] = SILENT
       :: FAULT -> faults++; phase[s] = SILENT
       :: FAULT -> faults++; phase[s] = SAID_NO
       fi }
  :: atomic { phase[s] == WIRE && FAULT ->           /* we give up before it acts */
       faults++;
       loose[slot_order[s]]++;
       phase[s] = SILENT }
  :: atomic { phase[s] == SAID_DONE ->
       if
       :: MINE(s) -> confirm(slot_order[s]); RAISE_BY_CALL
       :: LATE(s) ->
#if REACH == 5
          HOLDS(REACH_5_late_answer, false);
#endif
          confirm(slot_order[s]);
          RAISE_BY_PROBE
       :: else
       fi;
       free_slot(s) }
  :: atomic { phase[s] == SAID_NO -> answered_no(s) }
  :: atomic { phase[s] == SILENT ->
       if
       :: MINE(s) -> doubt(slot_order[s])
       :: else
       fi;
       free_slot(s) }
  od
}

inline die(s)
{
  if
  :: phase[s] == WIRE -> loose[slot_order[s]]++
  :: else
  fi;
  free_slot(s)
}

proctype hosts()
{
end:
  do
  :: atomic { phase[0] != IDLE && FAULT -> faults++; die(0) }
#if K == 3
  :: atomic { (phase[1] != IDLE || phase[2] != IDLE) && FAULT -> faults++; die(1); die(2) }
#else
  :: atomic { phase[1] != IDLE && FAULT -> faults++; die(1) }
#endif
  od
}

#include "money_window.pml"

/* ---- one order: panel, takeover, late effects, probe, operator ---- */
inline store(o)   /* insert … on conflict do nothing */
{
  if
  :: state[o] == ABSENT ->
#if defined(LINE) && !defined(NO_LICENSE_ORDER)
     if
     :: o == 1 && state[0] == ORDER_FAILED -> state[o] = ORDER_FAILED
     :: o == 1 && state[0] != ORDER_SUCCEEDED && state[0] != ORDER_FAILED -> state[o] = ORDER_BLOCKED
     :: else -> state[o] = ORDER_QUEUED
     fi
#else
     state[o] = ORDER_QUEUED
#endif
  :: else
  fi
}

inline take_over(o)
{
  if
#ifdef IGNORES_MARK
  :: sent[o] -> requeue(o); RAISE_BY_CALL
#else
  :: sent[o] -> doubt(o)
#endif
  :: else ->
#if REACH == 9
     HOLDS(REACH_9_requeued_without_doubt, false);
#endif
     move(o, ORDER_QUEUED);   /* its holder may still live: the fence will tell it */
     sent[o] = false;
     RAISE_BY_CALL
  fi
}

#define IN_PROBE_REACH(o) (CREATES(o) && CALM(o) && ((CLOSING && DRAINED && IS(o, ORDER_IN_DOUBT)) || \
                           (IS(o, ORDER_NEEDS_REVIEW) && unsettled[o])))
#ifdef OPERATOR_HURRIES
#define OPERATOR_MAY(o) IS(o, ORDER_NEEDS_REVIEW)
#else
#define OPERATOR_MAY(o) (IS(o, ORDER_NEEDS_REVIEW) && !PENDING(o))
#endif

proctype order(byte o)
{
end:
  do
  :: atomic { !acked[o] && (o != 1 || acked[0]) ->
       if
#ifdef ACKS_BEFORE_COMMIT
       :: FAULT -> faults++; acked[o] = true
#endif
       :: store(o); acked[o] = true
       :: state[o] == ABSENT && FAULT -> faults++; store(o)   /* we die before the answer: it comes again */
       fi }
  :: atomic { acked[o] && FAULT ->                            /* a repeated webhook */
       faults++;
#ifdef REPEATS_QUEUE_AGAIN
       state[o] = ORDER_QUEUED; FORGET
#else
       store(o)
#endif
     }
  :: atomic { IS(o, ORDER_CALLING) && !HAS_HOLDER(o) -> take_over(o) }
  :: atomic { IS(o, ORDER_CALLING) && HAS_HOLDER(o) && FAULT -> faults++; take_over(o) }   /* frozen, not dead */
  :: atomic { loose[o] > 0 -> loose[o]--; charge(o) }
  :: atomic { loose[o] > 0 && FAULT -> faults++; loose[o]-- }
#ifdef PROBE
  :: atomic { IN_PROBE_REACH(o) && charged[o] > 0 ->          /* R7 */
#if REACH == 7
       HOLDS(REACH_7_probe_finds_in_tray, !IS(o, ORDER_NEEDS_REVIEW));
#endif
       confirm(o);
       RAISE_BY_PROBE }
#ifdef TRUSTS_NOT_FOUND   /* a refusal may mean anything, also where the license is there */
  :: atomic { IN_PROBE_REACH(o) && IS(o, ORDER_IN_DOUBT) && (charged[o] == 0 || FAULT) ->
       if
       :: charged[o] > 0 -> faults++
       :: else
       fi;
       requeue(o);
       RAISE_BY_PROBE }
#endif
#endif
  :: atomic { OPERATOR_MAY(o) ->                              /* R8 */
       if
       :: charged[o] > 0 -> end_order(o, ORDER_SUCCEEDED)
       :: charged[o] == 0 -> requeue(o)
       :: charged[o] == 0 && !PENDING(o) -> end_order(o, ORDER_FAILED)
       fi;
       RAISE_BY_OPERATOR }
#ifdef PAUSE
  :: atomic { paused && IS(o, ORDER_QUEUED) -> move(o, ORDER_HELD) }
  :: atomic { !paused && IS(o, ORDER_HELD) -> move(o, ORDER_BLOCKED); move(o, ORDER_QUEUED) }
#endif
  od
}

#ifdef OUTSIDE
active proctype outside()
{
  if
  :: atomic { balance = balance - 1 }
  :: atomic { balance = balance + 1 }
  :: true
  fi
}
#endif

/* ---- when nothing more can happen ---- */
active proctype at_rest()
{
  timeout -> d_step {
    n = 0;
    do
    :: n < ORDERS ->
       HOLDS(I2_nothing_lost, !acked[n] || state[n] == ORDER_SUCCEEDED || state[n] == ORDER_FAILED);
       HOLDS(I4_state_is_true, state[n] == ABSENT || charged[n] == (state[n] == ORDER_SUCCEEDED -> 1 : 0));
       HOLDS(I8_taint_ends, !unsettled[n] && !alarm);
       n++
    :: else -> break
    od }
}

init
{
  atomic {
    run slot(0); run slot(1);
#if K == 3
    run slot(2);
#endif
    run hosts(); run order(0); run order(1); run order(2);
    run account(0);
#if READERS == 2
    run account(1)
#endif
  }
}
