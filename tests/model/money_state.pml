/* SPDX-License-Identifier: Apache-2.0 */
/* What money.pml is about: settings, invariants, and the state of database, workers and upstream. */

#include "moves.h"

#ifdef TABLE_FORBIDS_DOUBT
#undef MAY
#define MAY(from, to) (((MOVES(from) >> (to)) & 1) && (to) != ORDER_IN_DOUBT)
#endif

#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef K
#define K 2
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef REACH
#define REACH 0
#endif

/* A failed assertion prints its text: so the invariant's name is part of it.  ONLY=n looks at invariant n alone, so
 * that what a broken variant breaks first does not hide what it is there to show. */
#ifndef ONLY
#define ONLY 0
#endif
#define UNSEEN(n) (ONLY != 0 && ONLY != n)
hidden byte I1_charged_once = UNSEEN(1), I2_nothing_lost = UNSEEN(2), I3_license_order = UNSEEN(3),
            I5_no_false_alarm = UNSEEN(5), I6_sent_in_window = UNSEEN(6), I7_move_in_table = UNSEEN(7),
            I8_taint_ends = UNSEEN(8);
#ifdef OUTSIDE   /* the balance may then say anything; what must still hold is that nothing is bought twice */
hidden byte I4_state_is_true = (ONLY != 4);
#else
hidden byte I4_state_is_true = UNSEEN(4);
#endif
hidden byte REACH_1_all_on_the_wire, REACH_2_all_in_doubt, REACH_3_ambiguous, REACH_4_ambiguous_but_one_sure,
            REACH_5_late_answer, REACH_6_doubt_in_tainted_window, REACH_7_probe_finds_in_tray, REACH_8_frozen_then_fenced,
            REACH_9_requeued_without_doubt, REACH_10_held_by_pause, REACH_11_window_reopened_at_settling;
#define HOLDS(name, condition) assert((condition) || name)

#define ORDERS 3
#define ABSENT 15      /* the webhook has not been stored yet */
#define NO_READING 255
#define IS(o, s) (state[o] == s)
#define COUNT(s) (IS(0, s) + IS(1, s) + IS(2, s))
#ifdef EQUAL
#define PRICE(o) 1
#else
#define PRICE(o) ((o) == 2 -> 2 : 1)
#endif
#ifdef WRONG_PRICE
#define COST(o) 1
#else
#define COST(o) PRICE(o)
#endif
#define CREATES(o) ((o) != 1)

mtype = { SHUT, OPEN, DRAIN };
mtype = { IDLE, BEGUN, FENCED, WIRE, SILENT, SAID_DONE, SAID_NO };

/* What PostgreSQL holds. */
byte  state[ORDERS] = ABSENT;
bool  sent[ORDERS];      /* sent_attempt = attempts */
bool  unsettled[ORDERS];
bool  acked[ORDERS];
mtype window = SHUT;
byte  opened, confirmed; /* the window's b0, and what its done calls were booked to cost */
bool  tainted, alarm, paused;

/* What the workers hold: one call per slot (slot 0 on one host, the others on the other), one reading per reader. */
mtype phase[K] = IDLE;
byte  slot_order[K];
bool  newest[K];
byte  reading[READERS] = NO_READING;

/* What is true at the upstream. */
byte balance = 12;
#ifdef STALE
byte balance_before = 12;
#endif
byte charged[ORDERS];
byte loose[ORDERS];      /* requests under way that nobody waits for any more */

byte faults;
#define FAULT (faults < FAULTS)

/* Scratch.  The search does not take it back when it tries another way: whoever branches on it must stand in a d_step. */
hidden byte n, from, into, doubts, subset, fits, in_all, in_any, sum;
hidden short rest;

c_decl { static unsigned char moves_made[STATES][STATES]; }

inline move(o, to)
{
  from = state[o];
  into = to;
  HOLDS(I7_move_in_table, MAY(from, into));
  c_code {
    if (!moves_made[from][into]) {
      moves_made[from][into] = 1;
      printf("move %d %d\n", from, into);
    }
  };
  state[o] = to
}

/* ---- versions ---- */
#if READERS == 2
#define FORGET reading[0] = NO_READING; reading[1] = NO_READING
#else
#define FORGET reading[0] = NO_READING
#endif
#ifdef NO_VERSION
#undef FORGET
#define FORGET skip
#endif
#define RAISE_BY_CALL FORGET
#define RAISE_BY_OPERATOR FORGET
#define RAISE_BY_PROBE FORGET
#define RAISE_BY_SETTLING FORGET
#ifdef CALL_RAISES_NOTHING
#undef RAISE_BY_CALL
#define RAISE_BY_CALL skip
#endif
#ifdef OPERATOR_RAISES_NOTHING
#undef RAISE_BY_OPERATOR
#define RAISE_BY_OPERATOR skip
#endif
#ifdef PROBE_RAISES_NOTHING
#undef RAISE_BY_PROBE
#define RAISE_BY_PROBE skip
#endif
#ifdef SETTLING_RAISES_NOTHING
#undef RAISE_BY_SETTLING
#define RAISE_BY_SETTLING skip
#endif

/* ---- who waits for what ---- */
#define OF(s, o) (phase[s] != IDLE && slot_order[s] == o)
#ifdef LONG_PAUSE   /* between fence and write a host sleeps longer than deadline + quiet time */
#define SENDING(s, o) (OF(s, o) && phase[s] == WIRE)
#else
#define SENDING(s, o) (OF(s, o) && (phase[s] == FENCED || phase[s] == WIRE))
#endif
#define HOLDS_CALL(s, o) (OF(s, o) && newest[s])
#if K == 3
#define PENDING(o) (loose[o] > 0 || SENDING(0, o) || SENDING(1, o) || SENDING(2, o))
#define HAS_HOLDER(o) (HOLDS_CALL(0, o) || HOLDS_CALL(1, o) || HOLDS_CALL(2, o))
#else
#define PENDING(o) (loose[o] > 0 || SENDING(0, o) || SENDING(1, o))
#define HAS_HOLDER(o) (HOLDS_CALL(0, o) || HOLDS_CALL(1, o))
#endif
#ifdef QUIET
#define CALM(o) (!PENDING(o))
#else
#define CALM(o) true
#endif
#define CALM_DOUBTS ((!IS(0, ORDER_IN_DOUBT) || CALM(0)) && (!IS(1, ORDER_IN_DOUBT) || CALM(1)) && \
                     (!IS(2, ORDER_IN_DOUBT) || CALM(2)))
#define READY (COUNT(ORDER_QUEUED) > 0)

#ifdef ADMISSION_STAYS_OPEN   /* a doubt does not close the window */
#define CLOSING (window == DRAIN || (window == OPEN && COUNT(ORDER_IN_DOUBT) > 0))
#else
#define CLOSING (window == DRAIN)
#endif
#ifdef SETTLES_WITH_CALLS
#define DRAINED true
#else
#define DRAINED (COUNT(ORDER_CALLING) == 0)
#endif
#ifdef READS_EARLY
#define MAY_READ_CLOSE true
#else
#define MAY_READ_CLOSE DRAINED
#endif
