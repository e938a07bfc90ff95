/* SPDX-License-Identifier: Apache-2.0 */
/* The account's spending window: rules R1, R2, R6 and R9.  Any worker may do any of it. */

#define UNSETTLED (unsettled[0] || unsettled[1] || unsettled[2])

inline open_window(b0, blind)
{
  window = OPEN;
  opened = b0;
  confirmed = 0;
#ifndef IGNORES_TAINT
  tainted = blind || alarm || UNSETTLED;
#endif
}

inline find_subsets(b1)   /* which doubts together cost what is missing */
{
  doubts = IS(0, ORDER_IN_DOUBT) + 2 * IS(1, ORDER_IN_DOUBT) + 4 * IS(2, ORDER_IN_DOUBT);
  fits = 0;
  in_all = 7;
  in_any = 0;
  subset = 0;
  rest = opened - b1 - confirmed;
  do
  :: subset <= 7 ->
     sum = (subset & 1) * PRICE(0) + ((subset >> 1) & 1) * PRICE(1) + ((subset >> 2) & 1) * PRICE(2);
     if
#ifdef TAKES_FIRST_FIT
     :: (subset & doubts) == subset && sum == rest && fits == 0 ->
#else
     :: (subset & doubts) == subset && sum == rest ->
#endif
        fits++;
        in_all = in_all & subset;
        in_any = in_any | subset
     :: else
     fi;
     subset++
  :: else -> break
  od
}

inline judge(b1)
{
  doubts = 0;
  fits = 0;
  if
  :: tainted || b1 == NO_READING ->
#if REACH == 6
     HOLDS(REACH_6_doubt_in_tainted_window, COUNT(ORDER_IN_DOUBT) == 0);
#endif
     skip
  :: else ->
     find_subsets(b1);
#if REACH == 2
     HOLDS(REACH_2_all_in_doubt, COUNT(ORDER_IN_DOUBT) < K);
#endif
#if REACH == 3
     HOLDS(REACH_3_ambiguous, fits < 2);
#endif
#if REACH == 4
     HOLDS(REACH_4_ambiguous_but_one_sure, fits < 2 || in_all == 0);
#endif
#ifndef OUTSIDE
     HOLDS(I5_no_false_alarm, fits > 0);
#endif
     if
     :: fits == 0 && !(doubts == 0 && rest < 0) -> alarm = true   /* a rise without doubts is a top-up */
     :: else
     fi
  fi
}

inline settle_doubt(o)
{
  if
  :: IS(o, ORDER_IN_DOUBT) ->
     if
     :: fits > 0 && ((in_all >> o) & 1) -> end_order(o, ORDER_SUCCEEDED)
#ifdef EVIDENCE
     :: fits > 0 && !((in_any >> o) & 1) -> requeue(o)
#endif
     :: else -> move(o, ORDER_NEEDS_REVIEW); unsettled[o] = true
     fi
  :: else
  fi
}

inline settle_window(b1, reopen)   /* R6 */
{
  judge(b1);
  settle_doubt(0);
  settle_doubt(1);
  settle_doubt(2);
  window = SHUT;
  tainted = false;
  if
  :: reopen && READY && !paused && b1 != NO_READING ->
#if REACH == 11
     HOLDS(REACH_11_window_reopened_at_settling, false);
#endif
     open_window(b1, false)
  :: else -> opened = 0; confirmed = 0
  fi;
  RAISE_BY_SETTLING
}

#define MAY_READ (window == SHUT && READY && !paused || \
                  CLOSING && MAY_READ_CLOSE && CALM_DOUBTS)

proctype account(byte r)
{
end:
  do
  :: atomic { MAY_READ && reading[r] != balance -> reading[r] = balance }
#ifdef STALE
  :: atomic { MAY_READ && FAULT && reading[r] != balance_before -> faults++; reading[r] = balance_before }
#endif
  :: atomic { window == SHUT && READY && !paused && reading[r] != NO_READING ->   /* R2 */
       open_window(reading[r], false);
       FORGET;
       reading[r] = NO_READING }
  :: atomic { window == OPEN -> window = DRAIN; FORGET }                           /* R9 */
  :: d_step { CLOSING && DRAINED && (tainted || reading[r] != NO_READING) ->
       settle_window(reading[r], false);
       reading[r] = NO_READING }
#ifdef REUSE
  :: d_step { CLOSING && DRAINED && READY && reading[r] != NO_READING ->
       settle_window(reading[r], true);
       reading[r] = NO_READING }
#endif
#ifdef BLIND
  :: atomic { window == SHUT && READY && !paused && FAULT -> faults++; open_window(0, true); FORGET }
  :: d_step { CLOSING && DRAINED && CALM_DOUBTS && FAULT -> faults++; settle_window(NO_READING, false) }
#endif
#ifdef PAUSE
  :: atomic { !paused && FAULT -> faults++; paused = true; RAISE_BY_OPERATOR }
  :: atomic { paused ->
#if REACH == 10
       HOLDS(REACH_10_held_by_pause, COUNT(ORDER_HELD) == 0);
#endif
       paused = false;
       RAISE_BY_OPERATOR }
#endif
  :: atomic { alarm -> alarm = false; RAISE_BY_OPERATOR }   /* acknowledged */
  od
}
