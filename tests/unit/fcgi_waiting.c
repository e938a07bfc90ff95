/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of fcgi/waiting: when it looks, what it asks, and whom it answers.
 * The clock and the database are played by this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/waiting.h"
#include "store/rest.h"

#define MANY 2000

static int64_t now_ms;
static bool ready;
static struct waiter waiters[MANY];
static const char *answers[MANY]; /* the state each was answered with */
static size_t answered;

/* The look that is on its way. */
static size_t asked, asked_due, looks;
static orders_rest_fn *asked_done;
static void *asked_ctx;

static int64_t clock_now(void *ctx)
{
    (void)ctx;
    return now_ms;
}
static const struct clock CLOCK = {clock_now, clock_now, NULL};

bool __wrap_session_ready(const struct session *session);
bool __wrap_session_ready(const struct session *session)
{
    (void)session;
    return ready;
}

void __wrap_orders_rest(struct session *session, const int64_t *ids, size_t count, const int64_t *due, size_t due_count,
                        int64_t timeout_ms, orders_rest_fn *done, void *ctx);
void __wrap_orders_rest(struct session *session, const int64_t *ids, size_t count, const int64_t *due, size_t due_count,
                        int64_t timeout_ms, orders_rest_fn *done, void *ctx)
{
    (void)session;
    (void)ids;
    (void)due;
    assert_null(asked_done); /* never two at once */
    assert_true(timeout_ms > 0);
    asked = count;
    asked_due = due_count;
    asked_done = done;
    asked_ctx = ctx;
    looks++;
}

static void answer(struct waiter *waiter, const char *state, const char *reason)
{
    size_t i = (size_t)(waiter - waiters);
    (void)reason;
    assert_null(answers[i]); /* never twice */
    answers[i] = state;
    answered++;
}

static void database_answers(enum rows_status status, const struct order_rest *orders, size_t count)
{
    orders_rest_fn *done = asked_done;
    assert_non_null(done);
    asked_done = NULL;
    done(asked_ctx, status, orders, count);
}

static struct waiting *waiting_with(size_t count, int64_t wait_ms)
{
    struct waiting *waiting;

    now_ms = 50000;
    ready = true;
    asked_done = NULL;
    looks = answered = 0;
    memset(answers, 0, sizeof answers);
    waiting = waiting_new(NULL, &CLOCK, answer);
    for (size_t i = 0; i < count; i++) {
        waiters[i] = (struct waiter){.order_id = (int64_t)i + 1, .until_ms = now_ms + wait_ms, .state = "queued"};
        assert_true(waiting_add(waiting, &waiters[i], MANY));
    }
    return waiting;
}

static void waiting_end(struct waiting *waiting)
{
    waiting_release(waiting);
    waiting_free(&waiting);
    assert_null(waiting);
}

static void step_after(struct waiting *waiting, int64_t ms)
{
    now_ms += ms;
    waiting_step(waiting);
}

static void nobody_waits_and_nobody_looks(void **state)
{
    struct waiting *waiting = waiting_with(0, 0);
    (void)state;

    waiting_hint(waiting);
    assert_int_equal(waiting_wait_ms(waiting), -1);
    step_after(waiting, 100000);
    assert_int_equal(looks, 0);
    waiting_end(waiting);
}

static void one_look_asks_for_all(void **state)
{
    struct waiting *waiting = waiting_with(3, 20000);
    (void)state;

    assert_int_equal(waiting_wait_ms(waiting), WAITING_PERIOD_MS);
    step_after(waiting, WAITING_PERIOD_MS - 1);
    assert_int_equal(looks, 0);
    step_after(waiting, 1);
    assert_int_equal(looks, 1);
    assert_int_equal(asked, 3);
    assert_int_equal(asked_due, 0);
    step_after(waiting, WAITING_PERIOD_MS); /* the first is still on its way */
    assert_int_equal(looks, 1);
    struct order_rest done = {.order_id = 2, .state = "succeeded"};
    database_answers(ROWS_OK, &done, 1);
    assert_int_equal(answered, 1);
    assert_string_equal(answers[1], "succeeded");
    assert_int_equal(waiting_count(waiting), 2);
    step_after(waiting, WAITING_PERIOD_MS);
    assert_int_equal(looks, 2);
    assert_int_equal(asked, 2);
    database_answers(ROWS_DOWN, NULL, 0); /* nothing is known: they go on waiting */
    assert_int_equal(answered, 1);
    waiting_end(waiting);
    assert_int_equal(answered, 3);
    assert_string_equal(answers[0], "queued");
}

static void a_hint_brings_the_look_forward(void **state)
{
    struct waiting *waiting = waiting_with(1, 20000);
    (void)state;

    waiting_hint(waiting);
    assert_int_equal(waiting_wait_ms(waiting), WAITING_HINTED_MS);
    step_after(waiting, WAITING_HINTED_MS);
    assert_int_equal(looks, 1);
    assert_int_equal(waiting_wait_ms(waiting), WAITING_PERIOD_MS);
    waiting_hint(waiting); /* comes while the look is on its way: another one is due */
    database_answers(ROWS_OK, NULL, 0);
    step_after(waiting, WAITING_HINTED_MS);
    assert_int_equal(looks, 2);
    database_answers(ROWS_OK, NULL, 0);
    waiting_end(waiting);
}

static void many_make_looks_rarer(void **state)
{
    struct waiting *waiting = waiting_with(MANY, 20000);
    (void)state;

    for (int i = 0; i < 10000; i++) {
        waiting_hint(waiting); /* however often it is hinted at */
        step_after(waiting, 1);
        if (asked_done != NULL)
            database_answers(ROWS_OK, NULL, 0);
    }
    /* A look of MANY every MANY / WAITING_PER_MS ms: never more orders looked up
     * in a second than WAITING_PER_MS a millisecond. */
    assert_in_range(looks, 40, 10000 / (MANY / WAITING_PER_MS));
    waiting_end(waiting);
    assert_int_equal(answered, MANY);
}

static void everybody_who_waits_for_an_order_is_told(void **state)
{
    struct waiting *waiting = waiting_with(0, 0);
    (void)state;

    for (size_t i = 0; i < 4; i++) { /* 2 and 2 + 1024 share a place in the table */
        waiters[i] = (struct waiter){.order_id = i == 3 ? 1026 : 2, .until_ms = now_ms + 5000, .state = "queued"};
        assert_true(waiting_add(waiting, &waiters[i], 4));
    }
    assert_false(waiting_add(waiting, &waiters[4], 4)); /* no room */
    step_after(waiting, WAITING_PERIOD_MS);
    struct order_rest held = {.order_id = 2, .state = "held", .reason = "credits"};
    database_answers(ROWS_OK, &held, 1);
    assert_int_equal(answered, 3);
    assert_null(answers[3]);
    waiting_end(waiting);
}

static void time_is_up(void **state)
{
    struct waiting *waiting = waiting_with(2, 2000);
    (void)state;

    waiters[1].until_ms += 5000;
    step_after(waiting, 2000);
    assert_int_equal(asked, 2);
    assert_int_equal(asked_due, 1);
    struct order_rest rows[] = {{.order_id = 1, .state = "calling"}, {.order_id = 2, .state = "calling"}};
    database_answers(ROWS_OK, rows, 2);
    assert_int_equal(answered, 1);
    assert_string_equal(answers[0], "calling"); /* the state of now, not the one it came with */
    waiting_end(waiting);
}

static void no_database_keeps_nobody_for_ever(void **state)
{
    struct waiting *waiting = waiting_with(2, 2000);
    (void)state;

    ready = false;
    for (int i = 0; i < 2000 + WAITING_GRACE_MS - 1; i++)
        step_after(waiting, 1);
    assert_int_equal(answered, 0);
    step_after(waiting, WAITING_PERIOD_MS + 1);
    assert_int_equal(answered, 2);
    assert_string_equal(answers[0], "queued");
    assert_int_equal(looks, 0);
    waiting_end(waiting);
}

static void a_look_that_comes_back_late_harms_nobody(void **state)
{
    struct waiting *waiting = waiting_with(1, 50);
    (void)state;

    step_after(waiting, WAITING_PERIOD_MS);
    assert_int_equal(looks, 1);
    step_after(waiting, WAITING_GRACE_MS + WAITING_PERIOD_MS);
    assert_int_equal(answered, 1);
    struct order_rest done = {.order_id = 1, .state = "succeeded"};
    database_answers(ROWS_OK, &done, 1);
    assert_int_equal(answered, 1);
    waiting_release(waiting);
    assert_false(waiting_add(waiting, &waiters[0], MANY)); /* after the release nobody waits */
    waiting_end(waiting);
}

static void who_leaves_is_answered_no_more(void **state)
{
    struct waiting *waiting = waiting_with(0, 0);
    (void)state;

    for (size_t i = 0; i < 4; i++) { /* all in one place of the table */
        waiters[i] = (struct waiter){.order_id = i == 3 ? 1026 : 2, .until_ms = now_ms + 5000, .state = "queued"};
        assert_true(waiting_add(waiting, &waiters[i], 4));
    }
    waiting_leave(waiting, &waiters[1]);
    assert_int_equal(waiting_count(waiting), 3);
    waiters[4] = (struct waiter){.order_id = 5, .until_ms = now_ms + 5000, .state = "queued"};
    assert_true(waiting_add(waiting, &waiters[4], 4)); /* its room is free */
    step_after(waiting, WAITING_PERIOD_MS);
    assert_int_equal(asked, 4);
    waiting_leave(waiting, &waiters[3]); /* while it is asked about */
    struct order_rest rows[] = {{.order_id = 2, .state = "succeeded"}, {.order_id = 1026, .state = "succeeded"}};
    database_answers(ROWS_OK, rows, 2);
    assert_int_equal(answered, 2);
    assert_null(answers[1]);
    assert_null(answers[3]);
    waiting_leave(waiting, &waiters[4]);
    assert_int_equal(waiting_wait_ms(waiting), -1); /* nobody waits, nobody looks */
    waiting_end(waiting);
    assert_int_equal(answered, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits_and_nobody_looks),
        cmocka_unit_test(one_look_asks_for_all),
        cmocka_unit_test(a_hint_brings_the_look_forward),
        cmocka_unit_test(many_make_looks_rarer),
        cmocka_unit_test(everybody_who_waits_for_an_order_is_told),
        cmocka_unit_test(time_is_up),
        cmocka_unit_test(no_database_keeps_nobody_for_ever),
        cmocka_unit_test(a_look_that_comes_back_late_harms_nobody),
        cmocka_unit_test(who_leaves_is_answered_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
