/* SPDX-License-Identifier: Apache-2.0 */
/* batch: decides which deliveries share a commit, and what a result means for
 * each.
 *
 * Owns the queue, not the deliveries in it.  Never acknowledges anything without
 * a row that says so.  If we die with a batch on its way, it is committed or
 * not, nobody was told, and the panels' repetitions find out. */
#include "fcgi/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/log.h"
#include "fcgi/batch_rules.h"

struct batch {
    struct session *session;
    batch_answer_fn *answer;
    struct batch_item *first; /* gathered, in order of arrival */
    struct batch_item **last;
    size_t waiting;
    struct batch_item *sent[INTAKE_BATCH_MAX];
    size_t sent_count; /* 0: nothing on its way */
    struct intake_event events[INTAKE_BATCH_MAX];
    struct batch_limits limits; /* of the last batch */
    bool hint;
    uint64_t seed;
    struct batch_rules rules;
};

struct batch *batch_new(struct session *session, batch_answer_fn *answer)
{
    struct batch *batch = heap_alloc(sizeof *batch);

    batch->session = session;
    batch->answer = answer;
    batch->last = &batch->first;
    if (getrandom(&batch->seed, sizeof batch->seed, 0) != sizeof batch->seed)
        abort();
    return batch;
}

void batch_free(struct batch **batch)
{
    if (*batch == NULL)
        return;
    assert((*batch)->sent_count == 0 && (*batch)->first == NULL);
    free(*batch);
    *batch = NULL;
}

void batch_add(struct batch *batch, struct batch_item *item)
{
    /* A dry run that buys is the worst mistake there is. */
    assert(!item->event.request->dry_run);
    item->next = NULL;
    *batch->last = item;
    batch->last = &item->next;
    batch->waiting++;
}

/* Puts items that were sent back in front of the others, in their order. */
static void items_return(struct batch *batch, struct batch_item **items, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        if (batch->first == NULL)
            batch->last = &items[i]->next;
        items[i]->next = batch->first;
        batch->first = items[i];
        batch->waiting++;
    }
}

/* Whether some go back into the queue: then nothing may be sent before them. */
static bool results_repeat(const struct intake_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].outcome == INTAKE_AGAIN)
            return true;
    return false;
}

static void results_apply(struct batch *batch, struct batch_item **sent, const struct intake_result *results,
                          size_t count)
{
    struct batch_item *again[INTAKE_BATCH_MAX];
    size_t again_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (results[i].outcome == INTAKE_ACCEPTED)
            batch->hint = true;
        if (results[i].outcome != INTAKE_AGAIN)
            batch->answer(sent[i], &results[i]);
        else if (++sent[i]->tries < BATCH_TRIES_MAX)
            again[again_count++] = sent[i];
        else
            batch->answer(sent[i], NULL);
    }
    items_return(batch, again, again_count);
}

static void batch_done(void *ctx, enum rows_status status, const char *error, const struct intake_result *results,
                       size_t count)
{
    struct batch *batch = ctx;
    struct batch_item *sent[INTAKE_BATCH_MAX];
    size_t sent_count = batch->sent_count;

    memcpy(sent, batch->sent, sent_count * sizeof sent[0]);
    batch->sent_count = 0;
    if (status == ROWS_OK) {
        assert(count == sent_count);
        /* The server works on the next batch while this one is answered. */
        if (!results_repeat(results, count)) {
            batch_start(batch, &batch->limits);
            session_send(batch->session);
        }
        results_apply(batch, sent, results, count);
        return;
    }
    log_error("batch.failed", log_int("deliveries", (int64_t)sent_count), log_int("status", (int64_t)status),
              log_str("error", error));
    if (status == ROWS_ERROR && sent_count > 1) {
        /* One of them may have spoilt it for the others. */
        for (size_t i = 0; i < sent_count; i++)
            sent[i]->alone = true;
        items_return(batch, sent, sent_count);
        return;
    }
    for (size_t i = 0; i < sent_count; i++)
        batch->answer(sent[i], NULL);
}

/* Moves what may travel together from the queue into `sent`. */
static void batch_choose(struct batch *batch, size_t most)
{
    struct batch_item **at = &batch->first;
    size_t looked_at = 0;

    batch_rules_begin(&batch->rules, batch->seed);
    while (*at != NULL && batch->sent_count < most && looked_at++ < BATCH_LOOKED_AT_MAX) {
        struct batch_item *item = *at;
        if (!batch_rules_admit(&batch->rules, &item->event) || (item->alone && batch->sent_count > 0)) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        if (batch->last == &item->next)
            batch->last = at;
        batch->waiting--;
        batch->events[batch->sent_count] = item->event;
        batch->sent[batch->sent_count++] = item;
        if (item->alone)
            break;
    }
}

void batch_start(struct batch *batch, const struct batch_limits *limits)
{
    if (batch->sent_count > 0 || batch->first == NULL)
        return;
    batch->limits = *limits;
    batch_choose(batch, (size_t)limits->most);
    assert(batch->sent_count > 0 && batch->sent_count <= INTAKE_BATCH_MAX);
    intake_accept(batch->session, batch->events, batch->sent_count, limits->timeout_ms, batch_done, batch);
}

size_t batch_waiting(const struct batch *batch)
{
    return batch->waiting;
}

void batch_fail_waiting(struct batch *batch)
{
    while (batch->first != NULL) {
        struct batch_item *item = batch->first;
        batch->first = item->next;
        if (batch->first == NULL)
            batch->last = &batch->first;
        batch->waiting--;
        batch->answer(item, NULL);
    }
}

bool batch_hint_take(struct batch *batch)
{
    bool hint = batch->hint;
    batch->hint = false;
    return hint;
}
