/* SPDX-License-Identifier: Apache-2.0 */
/* Unit test of fcgi/batch: what travels together, and what becomes of each
 * delivery for every answer that the database may give.  intake_accept and
 * session_send are played by this file (the linker's --wrap). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/batch.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ITEMS       8

static const struct config_account ACCOUNT = {.name = "main", .provider = "724license"};
static const struct config_product CPANEL = {.code = "cpanel", .account = &ACCOUNT, .upstream_type = "cpanel"};
static const struct batch_limits LIMITS = {.most = INTAKE_BATCH_MAX, .timeout_ms = 1000};

/* What was sent, as the letters of the deliveries' ids. */
static char sent[ITEMS + 1];
static intake_done_fn *sent_done;
static void *sent_ctx;
static bool pushed; /* what was sent is at the server, not only queued */
/* What was answered: one letter per delivery, upper case: acknowledged; behind a
 * '>' while the server works on the next batch. */
static char answered[64];

static struct batch_item items[ITEMS];
static struct order_request requests[ITEMS];
static char words[ITEMS][2];

void __wrap_intake_accept(struct session *session, const struct intake_event *events, size_t count, int64_t timeout_ms,
                          intake_done_fn *done, void *ctx);
void __wrap_intake_accept(struct session *session, const struct intake_event *events, size_t count, int64_t timeout_ms,
                          intake_done_fn *done, void *ctx)
{
    (void)session;
    assert_int_equal(timeout_ms, 1000);
    for (size_t i = 0; i < count; i++)
        sent[i] = events[i].delivery_id[0];
    sent[count] = '\0';
    sent_done = done;
    sent_ctx = ctx;
    pushed = false;
}

void __wrap_session_send(struct session *session);
void __wrap_session_send(struct session *session)
{
    (void)session;
    pushed = sent_done != NULL;
}

static void answer(struct batch_item *item, const struct intake_result *result)
{
    size_t len = strlen(answered);
    char letter = item->event.delivery_id[0];
    if (pushed)
        answered[len++] = '>';
    answered[len] = result != NULL ? (char)(letter - 'a' + 'A') : letter;
    answered[len + 1] = '\0';
}

static void database_answers(enum rows_status status, const enum intake_outcome *outcomes)
{
    struct intake_result results[ITEMS] = {0};
    size_t count = strlen(sent);
    intake_done_fn *done = sent_done;

    for (size_t i = 0; outcomes != NULL && i < count; i++)
        results[i].outcome = outcomes[i];
    sent[0] = '\0';
    sent_done = NULL;
    pushed = false;
    done(sent_ctx, status, "played", status == ROWS_OK ? results : NULL, status == ROWS_OK ? count : 0);
}

/* Deliveries a, b, c … of services as told; same letter, same service. */
static struct batch *batch_with(const char *services)
{
    struct batch *batch = batch_new(NULL, answer);

    sent[0] = answered[0] = '\0';
    sent_done = NULL;
    pushed = false;
    memset(items, 0, sizeof items);
    memset(requests, 0, sizeof requests);
    for (size_t i = 0; services[i] != '\0'; i++) {
        words[i][0] = (char)('a' + (char)i);
        requests[i].operation_key = words[i];
        requests[i].service_id = services[i] == '1' ? "one" : services[i] == '2' ? "two" : words[i];
        requests[i].product = &CPANEL;
        items[i].event = (struct intake_event){.source = "demo", .delivery_id = words[i], .request = &requests[i]};
        batch_add(batch, &items[i]);
    }
    return batch;
}

static void what_gathers_travels_together(void **state)
{
    static const enum intake_outcome all[] = {INTAKE_ACCEPTED, INTAKE_DUPLICATE, INTAKE_CONFLICT, INTAKE_REFUSED};
    struct batch *batch = batch_with("....");
    (void)state;

    batch_start(batch, &LIMITS);
    assert_string_equal(sent, "abcd");
    batch_start(batch, &LIMITS); /* one at a time */
    assert_string_equal(sent, "abcd");
    assert_false(batch_hint_take(batch));
    database_answers(ROWS_OK, all);
    assert_string_equal(answered, "ABCD");
    assert_true(batch_hint_take(batch));
    assert_false(batch_hint_take(batch));
    batch_start(batch, &LIMITS);
    assert_null(sent_done);
    batch_add(batch, &items[1]); /* the queue takes more after it was emptied */
    batch_start(batch, &LIMITS);
    assert_string_equal(sent, "b");
    database_answers(ROWS_OK, all);
    assert_string_equal(answered, "ABCDB");
    batch_free(&batch);
}

static void relatives_follow_each_other(void **state)
{
    static const enum intake_outcome good[ITEMS] = {INTAKE_DUPLICATE, INTAKE_DUPLICATE, INTAKE_DUPLICATE};
    static const char *const batches[] = {"ac", "be", "d"};
    struct batch *batch = batch_with("11212");
    (void)state;

    assert_int_equal(batch_waiting(batch), 5);
    for (size_t i = 0; i < COUNT(batches); i++) {
        batch_start(batch, &LIMITS);
        assert_string_equal(sent, batches[i]);
        database_answers(ROWS_OK, good);
    }
    assert_int_equal(batch_waiting(batch), 0);
    assert_false(batch_hint_take(batch));
    batch_free(&batch);
}

static void batches_have_a_limit(void **state)
{
    static const enum intake_outcome good[ITEMS] = {INTAKE_ACCEPTED, INTAKE_ACCEPTED};
    static const struct batch_limits two = {.most = 2, .timeout_ms = 1000};
    static const char *const batches[] = {"ab", "cd", "e"};
    struct batch *batch = batch_with(".....");
    (void)state;

    for (size_t i = 0; i < COUNT(batches); i++) {
        batch_start(batch, &two);
        assert_string_equal(sent, batches[i]);
        database_answers(ROWS_OK, good);
    }
    assert_string_equal(answered, ">A>B>C>DE"); /* the server never waits for answers to be written */
    batch_free(&batch);
}

static void nothing_uncertain_is_acknowledged(void **state)
{
    static const enum rows_status rows[] = {ROWS_DOWN, ROWS_NOT_SENT, ROWS_NOT_DURABLE};
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct batch *batch = batch_with("...");
        batch_start(batch, &LIMITS);
        database_answers(rows[i], NULL);
        assert_string_equal(answered, "abc");
        assert_int_equal(batch_waiting(batch), 0);
        assert_false(batch_hint_take(batch));
        batch_free(&batch);
    }
}

static void spoilt_batches_go_one_by_one(void **state)
{
    static const enum intake_outcome good[] = {INTAKE_ACCEPTED};
    struct batch *batch = batch_with("...");
    (void)state;

    batch_start(batch, &LIMITS);
    database_answers(ROWS_ERROR, NULL);
    assert_string_equal(answered, "");
    batch_start(batch, &LIMITS);
    assert_string_equal(sent, "a");
    database_answers(ROWS_OK, good);
    batch_start(batch, &LIMITS);
    assert_string_equal(sent, "b");
    database_answers(ROWS_ERROR, NULL);
    batch_start(batch, &LIMITS);
    assert_string_equal(sent, "c");
    database_answers(ROWS_OK, good);
    assert_string_equal(answered, ">AbC");
    batch_free(&batch);
}

static void lost_races_have_an_end(void **state)
{
    static const enum intake_outcome first[] = {INTAKE_AGAIN, INTAKE_ACCEPTED, INTAKE_AGAIN};
    static const enum intake_outcome later[] = {INTAKE_AGAIN, INTAKE_AGAIN};
    struct batch *batch = batch_with("...");
    (void)state;

    batch_start(batch, &LIMITS);
    database_answers(ROWS_OK, first);
    assert_string_equal(answered, "B");
    for (int i = 1; i < BATCH_TRIES_MAX; i++) {
        batch_start(batch, &LIMITS);
        assert_string_equal(sent, "ac"); /* in their order */
        database_answers(ROWS_OK, later);
    }
    assert_string_equal(answered, "Bac");
    assert_int_equal(batch_waiting(batch), 0);
    batch_free(&batch);
}

/* c is of a's service: it may not go while a is on its way back into the queue. */
static void nothing_overtakes_what_goes_again(void **state)
{
    static const enum intake_outcome first[] = {INTAKE_AGAIN, INTAKE_ACCEPTED};
    static const enum intake_outcome good[] = {INTAKE_ACCEPTED};
    struct batch *batch = batch_with("1.1");
    (void)state;

    batch_start(batch, &LIMITS);
    assert_string_equal(sent, "ab");
    database_answers(ROWS_OK, first);
    assert_null(sent_done);
    batch_start(batch, &LIMITS);
    assert_string_equal(sent, "a");
    database_answers(ROWS_OK, good);
    assert_string_equal(sent, "c");
    database_answers(ROWS_OK, good);
    assert_string_equal(answered, "B>AC");
    batch_free(&batch);
}

static void waiting_ones_can_be_turned_away(void **state)
{
    struct batch *batch = batch_with("11");
    (void)state;

    batch_start(batch, &LIMITS);
    batch_fail_waiting(batch);
    assert_string_equal(answered, "b");
    database_answers(ROWS_DOWN, NULL);
    assert_string_equal(answered, "ba");
    batch_free(&batch);
}

static void dry_runs_never_get_in(void **state)
{
    struct batch *batch = batch_with("");
    (void)state;

    requests[0].dry_run = true;
    items[0].event.request = &requests[0];
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka would report it as ours */
        fclose(stderr);
        batch_add(batch, &items[0]);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    batch_free(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_gathers_travels_together),
        cmocka_unit_test(relatives_follow_each_other),
        cmocka_unit_test(batches_have_a_limit),
        cmocka_unit_test(nothing_uncertain_is_acknowledged),
        cmocka_unit_test(spoilt_batches_go_one_by_one),
        cmocka_unit_test(lost_races_have_an_end),
        cmocka_unit_test(nothing_overtakes_what_goes_again),
        cmocka_unit_test(waiting_ones_can_be_turned_away),
        cmocka_unit_test(dry_runs_never_get_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
