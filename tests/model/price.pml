/* SPDX-License-Identifier: Apache-2.0 */
/* How prices are learned: the same protocol without hosts and fence, but the upstream's cost is not known.
 *
 * Three orders of the same kind, each for two months.  The catalogue names a month's price; whether the upstream
 * takes it once or twice is its secret, and once, at any moment, the catalogue's price doubles: so every wrong sum
 * looks like a right one.  Workers see the catalogue when they read it, not when it changes.
 *
 * World   FAULTS=n · QUIET late effects come within the quiet time
 * Rules   EVIDENCE · an unlearned call has a window of its own · the catalogue is read again after the balance
 * Broken  the other names, each at the place that it breaks; ONLY=n looks at invariant n alone */

#include "moves.h"

#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef ONLY
#define ONLY 0
#endif
#ifndef REACH
#define REACH 0
#endif
#define UNSEEN(n) (ONLY != 0 && ONLY != n)
hidden byte I1_charged_once = UNSEEN(1), I2_nothing_lost = UNSEEN(2), I4_state_is_true = UNSEEN(4),
            I7_move_in_table = UNSEEN(7), I9_learned_is_true = UNSEEN(9);
hidden byte REACH_12_learned_from_a_doubt, REACH_13_learned_anew;
#define HOLDS(name, condition) assert((condition) || name)

#define ORDERS 3
#define MONTHS 2
#define NO_READING 255
#define IS(o, s) (state[o] == s)
#define COUNT(s) (IS(0, s) + IS(1, s) + IS(2, s))
#define READY (COUNT(ORDER_QUEUED) > 0)
#define FAULT (faults < FAULTS)
#define UNSETTLED (unsettled[0] || unsettled[1] || unsettled[2])

mtype = { SHUT, OPEN, DRAIN };
mtype = { IDLE, WIRE, SILENT, SAID_DONE };

/* PostgreSQL */
byte  state[ORDERS] = ORDER_QUEUED;
bool  unsettled[ORDERS];
byte  booked[ORDERS];
mtype window = SHUT;
byte  opened, confirmed, done_calls, month; /* month: the catalogue's price that the window's calls are booked at */
bool  tainted, alarm, solo;
byte  learned_month, learned;               /* 0: nothing learned */

/* workers */
mtype phase[2] = IDLE;
byte  slot_order[2];
byte  seen = 1;                             /* the catalogue as it was last read */
byte  reading = NO_READING;

/* the upstream */
byte catalogue = 1;
bool multiplies;
byte balance = 20;
byte charged[ORDERS];
byte loose[ORDERS];
byte faults;

hidden byte doubts, subset, fits, in_all, in_any, sum;
hidden short rest;

#define COST (multiplies -> catalogue * MONTHS : catalogue)
#define TRUE_COST(m) (multiplies -> (m) * MONTHS : (m))
#ifdef KEEPS_OLD_PRICE
#define KNOWN (learned != 0)
#else
#define KNOWN (learned != 0 && learned_month == seen)
#endif
#define PENDING(o) (loose[o] > 0 || (phase[0] == WIRE && slot_order[0] == o) || (phase[1] == WIRE && slot_order[1] == o))
#ifdef QUIET
#define CALM (loose[0] + loose[1] + loose[2] == 0)
#else
#define CALM true
#endif

inline move(o, to)
{
  HOLDS(I7_move_in_table, MAY(state[o], to));
  state[o] = to
}

inline end_order(o, to)
{
  move(o, to);
  unsettled[o] = false;
  booked[o] = 0;
  HOLDS(I4_state_is_true, charged[o] == (to == ORDER_SUCCEEDED -> 1 : 0))
}

inline charge(o)
{
  balance = balance - COST;
  charged[o]++;
  HOLDS(I1_charged_once, charged[o] <= 1)
}

inline learn(m, cost)
{
  learned = cost;
  learned_month = m;
  HOLDS(I9_learned_is_true, learned == TRUE_COST(learned_month))
}

/* R3: a window has calls of one catalogue price, and an unlearned call has it alone. */
#ifdef LEARNS_IN_COMPANY
#define ROOM true
#else
#define ROOM (!solo && (KNOWN || tainted || (done_calls == 0 && month == 0)))
#endif
#ifdef KEEPS_OLD_PRICE
#define SAME_MONTH true
#else
#define SAME_MONTH (month == 0 || month == seen)
#endif

inline begin(s, o)
{
  move(o, ORDER_CALLING);
  booked[o] = (KNOWN -> learned : seen * MONTHS);
  solo = !KNOWN && !tainted;
  month = seen;
  phase[s] = WIRE;
  slot_order[s] = o;
  reading = NO_READING
}

inline free_slot(s)
{
  phase[s] = IDLE;
  slot_order[s] = 0
}

proctype slot(byte s)
{
end:
  do
  :: atomic { phase[s] == IDLE && window == OPEN && ROOM && SAME_MONTH && COUNT(ORDER_CALLING) < 2 && READY ->
       if
       :: IS(0, ORDER_QUEUED) -> begin(s, 0)
       :: IS(1, ORDER_QUEUED) -> begin(s, 1)
       :: IS(2, ORDER_QUEUED) -> begin(s, 2)
       fi }
  :: atomic { phase[s] == WIRE ->
       if
       :: charge(slot_order[s]); phase[s] = SAID_DONE
       :: FAULT -> faults++; charge(slot_order[s]); phase[s] = SILENT
       :: FAULT -> faults++; phase[s] = SILENT
       :: FAULT -> faults++; loose[slot_order[s]]++; phase[s] = SILENT
       fi }
  :: atomic { phase[s] == SAID_DONE ->
       confirmed = confirmed + booked[slot_order[s]];
       done_calls++;
       end_order(slot_order[s], ORDER_SUCCEEDED);
       free_slot(s);
       reading = NO_READING }
  :: atomic { phase[s] == SILENT ->
       move(slot_order[s], ORDER_IN_DOUBT);
       if
       :: window == OPEN -> window = DRAIN
       :: else
       fi;
       free_slot(s);
       reading = NO_READING }
  od
}

proctype order(byte o)
{
end:
  do
  :: atomic { loose[o] > 0 -> loose[o]--; charge(o) }
  :: atomic { IS(o, ORDER_NEEDS_REVIEW) && !PENDING(o) ->
       if
       :: charged[o] > 0 -> end_order(o, ORDER_SUCCEEDED)
       :: charged[o] == 0 -> move(o, ORDER_QUEUED); unsettled[o] = false; booked[o] = 0
       fi;
       reading = NO_READING }
  od
}

inline find_subsets()
{
  doubts = IS(0, ORDER_IN_DOUBT) + 2 * IS(1, ORDER_IN_DOUBT) + 4 * IS(2, ORDER_IN_DOUBT);
  fits = 0;
  in_all = 7;
  in_any = 0;
  subset = 0;
  do
  :: subset <= 7 ->
     sum = (subset & 1) * booked[0] + ((subset >> 1) & 1) * booked[1] + ((subset >> 2) & 1) * booked[2];
     if
     :: (subset & doubts) == subset && (sum == rest || (solo && sum > 0 && sum == rest * MONTHS)) ->
        fits++;
        in_all = in_all & subset;
        in_any = in_any | subset
     :: else
     fi;
     subset++
  :: else -> break
  od
}

/* What a window of one unlearned call teaches: spent is what its balance fell by. */
inline learn_alone()
{
  if
  :: opened - reading == month || opened - reading == month * MONTHS ->
#if REACH == 12
     HOLDS(REACH_12_learned_from_a_doubt, doubts == 0);
#endif
     learn(month, opened - reading)
  :: else -> alarm = (opened != reading)
  fi
}

/* Without doubts: a changed catalogue may explain what does not fit. */
inline learn_drift()
{
  if
  :: rest == 0 -> skip
  :: else ->
     if
     :: learned != 0 && catalogue != learned_month && month == learned_month &&
        rest * learned_month == confirmed * (catalogue - learned_month) ->
#if REACH == 13
        HOLDS(REACH_13_learned_anew, false);
#endif
        learn(catalogue, learned * catalogue / learned_month)
     :: else -> alarm = (rest > 0)
     fi
  fi
}

#ifdef TRUSTS_CACHED_CATALOGUE   /* read before the balance, or not at all */
#define CATALOGUE seen
#else
#define CATALOGUE catalogue
#endif
#ifdef JUDGES_OVER_A_CHANGE
#define UNCHANGED true
#else
#define UNCHANGED (CATALOGUE == month)
#endif
#ifdef LEARNS_WHILE_TAINTED
#define LEARNS_ALONE (done_calls == 1 && doubts == 0 && (!learned || learned_month != month))
#else
#define LEARNS_ALONE solo
#endif

inline settle_doubt(o)
{
  if
  :: IS(o, ORDER_IN_DOUBT) ->
     if
     :: fits > 0 && ((in_all >> o) & 1) -> end_order(o, ORDER_SUCCEEDED)
#ifdef EVIDENCE
     :: fits > 0 && !((in_any >> o) & 1) -> move(o, ORDER_QUEUED); booked[o] = 0
#endif
     :: else -> move(o, ORDER_NEEDS_REVIEW); unsettled[o] = true
     fi
  :: else
  fi
}

inline settle_window()
{
  doubts = COUNT(ORDER_IN_DOUBT);
  fits = 0;
  in_all = 0;
  in_any = 0;
  rest = opened - reading - confirmed;
  if
#ifdef LEARNS_WHILE_TAINTED
  :: tainted && LEARNS_ALONE && UNCHANGED -> learn_alone()
#endif
  :: !tainted && doubts > 0 && UNCHANGED ->
     find_subsets();
     if
     :: fits == 0 -> alarm = true
     :: solo && fits > 0 && rest > 0 -> learn_alone()
     :: else
     fi
  :: !tainted && doubts == 0 && LEARNS_ALONE && done_calls > 0 && UNCHANGED -> learn_alone()
#ifdef LEARNS_IN_COMPANY
  :: !tainted && doubts == 0 && !LEARNS_ALONE && UNCHANGED -> skip
#else
  :: !tainted && doubts == 0 && !LEARNS_ALONE -> learn_drift()
#endif
  :: else
  fi;
  settle_doubt(0);
  settle_doubt(1);
  settle_doubt(2);
  window = SHUT;
  opened = 0;
  confirmed = 0;
  done_calls = 0;
  month = 0;
  solo = false;
  tainted = false;
  reading = NO_READING
}

proctype account()
{
end:
  do
  :: atomic { seen != catalogue -> seen = catalogue }
  :: atomic { ((window == SHUT && READY) || (window == DRAIN && COUNT(ORDER_CALLING) == 0 && CALM)) &&
              reading != balance -> reading = balance }
  :: d_step { window == SHUT && READY && reading != NO_READING ->
       window = OPEN;
       opened = reading;
       tainted = alarm || UNSETTLED;
       reading = NO_READING }
  :: atomic { window == OPEN -> window = DRAIN }
  :: d_step { window == DRAIN && COUNT(ORDER_CALLING) == 0 && reading != NO_READING -> settle_window() }
  :: atomic { alarm -> alarm = false; reading = NO_READING }
  :: atomic { catalogue == 1 -> catalogue = 2 }
  od
}

active proctype at_rest()
{
  timeout -> d_step {
    HOLDS(I2_nothing_lost, COUNT(ORDER_SUCCEEDED) == ORDERS);
    HOLDS(I4_state_is_true, charged[0] == 1 && charged[1] == 1 && charged[2] == 1)
  }
}

init
{
  atomic {
    if
    :: multiplies = true
    :: true
    fi;
    run slot(0); run slot(1); run order(0); run order(1); run order(2); run account()
  }
}
