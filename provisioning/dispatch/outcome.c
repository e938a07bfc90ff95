/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of outcomes.  While one batch is being stored the next one gathers.
 * When the server refuses a batch, its rows are stored one by one, and the one
 * that spoils it steps aside. */
#include "dispatch/outcome.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "dispatch/callback.h"
#include "query.h"
#include "store/account.h"

#define RETRY_MS        500
#define TRIES_MAX       20
#define HINT_EVERY_MS   20 /* a hint that is not sent costs a panel that waits a tenth of a second */
#define HINT_TIMEOUT_MS 1000

struct outcome_entry {
    struct outcome_entry *next;
    struct arena arena;
    struct account_state *account;
    struct work_outcome outcome;
    int64_t not_before_ms;
    int tries;
};

static void entry_append(struct outcome_queue *queue, struct outcome_entry *entry)
{
    if (queue->last == NULL)
        queue->last = &queue->first;
    entry->next = NULL;
    *queue->last = entry;
    queue->last = &entry->next;
}

static void entry_unlink(struct outcome_queue *queue, struct outcome_entry *entry)
{
    struct outcome_entry **at = &queue->first;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    if (queue->last == &entry->next)
        queue->last = at;
}

void outcome_add(struct account_state *account, const struct work_outcome *outcome)
{
    struct outcome_entry *entry = heap_alloc(sizeof *entry);
    struct work_outcome *kept = &entry->outcome;
    arena_init(&entry->arena);
    entry->account = account;
    *kept = *outcome;
    kept->reason_code = arena_strdup(&entry->arena, outcome->reason_code);
    kept->reason = arena_strdup(&entry->arena, outcome->reason);
    kept->request = arena_strdup(&entry->arena, outcome->request);
    kept->upstream_license_id = arena_strdup(&entry->arena, outcome->upstream_license_id);
    if (outcome->answer != NULL)
        kept->answer = arena_memdup(&entry->arena, outcome->answer, outcome->answer_len);
    entry_append(&account->worker->outcomes, entry);
}

bool outcome_pending(const struct worker *worker)
{
    return worker->outcomes.first != NULL;
}

static void entry_end(struct worker *worker, struct outcome_entry *entry)
{
    entry_unlink(&worker->outcomes, entry);
    account_look_again(entry->account, entry->outcome.to == ORDER_QUEUED ? entry->outcome.wait_ms : 0);
    worker->running--;
    arena_clear(&entry->arena);
    free(entry);
}

static void entry_log(const struct outcome_entry *entry, bool applied, const char *state)
{
    const struct work_outcome *o = &entry->outcome;
    bool person = !applied || o->pause_account || o->to == ORDER_IN_DOUBT || o->to == ORDER_NEEDS_REVIEW;
    struct log_field fields[] = {log_int("order", o->order_id),
                                 log_int("attempt", o->attempt),
                                 log_str("account", entry->account->config->name),
                                 log_str("verdict", verdict_word(o->verdict)),
                                 log_str("state", state),
                                 log_str("code", o->reason_code),
                                 log_str("reason", o->reason),
                                 log_int("ms", o->elapsed_ms),
                                 {LOG_KIND_END, 0, 0, 0}};
    log_write(person ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, applied ? "attempt.ended" : "attempt.superseded", fields);
    if (applied && o->pause_account)
        log_warn("account.paused", log_str("account", entry->account->config->name), log_str("reason", o->reason));
}

/* Rows come back by license, so each entry looks for its own. */
static void entry_stored(struct worker *worker, struct outcome_entry *entry, const struct rows *rows)
{
    for (int row = 0; row < rows_count(rows); row++) {
        if (rows_int(rows, row, "order_id") == entry->outcome.order_id) {
            entry_log(entry, rows_bool(rows, row, "applied"), rows_text(rows, row, "state"));
            break;
        }
    }
    entry_end(worker, entry);
}

/* The server refused this one alone. */
static void entry_refused(struct worker *worker, struct outcome_entry *entry, const struct rows *rows)
{
    log_error("outcome.not_stored", log_int("order", entry->outcome.order_id), log_str("sqlstate", rows_sqlstate(rows)),
              log_str("reason", rows_error(rows)));
    if (++entry->tries >= TRIES_MAX) {
        /* The lease runs out and the order is taken over as one whose answer was lost. */
        log_error("outcome.given_up", log_int("order", entry->outcome.order_id));
        entry_end(worker, entry);
        return;
    }
    entry->not_before_ms = worker_now_ms(worker) + RETRY_MS;
    entry_unlink(&worker->outcomes, entry);
    entry_append(&worker->outcomes, entry);
}

/* After the commit, in a session that delays no outcome. */
static void front_hint(struct worker *worker)
{
    int64_t now = worker_now_ms(worker);

    if (now - worker->outcomes.hinted_ms < HINT_EVERY_MS || !session_ready(worker->house))
        return;
    worker->outcomes.hinted_ms = now;
    session_submit(worker->house, &QUERY_WORK_HINT, NULL, HINT_TIMEOUT_MS, NULL, NULL);
}

static void outcomes_stored(void *ctx, const struct rows *rows)
{
    struct worker *worker = ctx;
    struct outcome_queue *queue = &worker->outcomes;
    size_t count = queue->sent_count;
    queue->sent_count = 0;
    if (rows_status(rows) == ROWS_ERROR && count > 1) {
        queue->alone = count;
        return;
    }
    if (rows_status(rows) == ROWS_ERROR) {
        entry_refused(worker, queue->sent[0], rows);
    } else if (rows_status(rows) == ROWS_OK) {
        for (size_t i = 0; i < count; i++)
            entry_stored(worker, queue->sent[i], rows);
        front_hint(worker);
        callback_look_again(worker);
    } else {
        queue->retry_at_ms = worker_now_ms(worker) + RETRY_MS;
        return;
    }
    if (queue->alone > 0)
        queue->alone--;
}

int64_t outcome_wait_ms(const struct worker *worker)
{
    const struct outcome_queue *queue = &worker->outcomes;
    int64_t now = worker_now_ms(worker), due = INT64_MAX;
    if (queue->sent_count > 0 || !session_ready(worker->work))
        return -1;
    for (const struct outcome_entry *e = queue->first; e != NULL; e = e->next)
        if (e->not_before_ms < due)
            due = e->not_before_ms;
    if (due == INT64_MAX)
        return -1;
    if (due < queue->retry_at_ms)
        due = queue->retry_at_ms;
    return due > now ? due - now : 0;
}

void outcome_flush(struct worker *worker)
{
    struct work_outcome batch[OUTCOME_BATCH_MAX];
    struct outcome_queue *queue = &worker->outcomes;
    size_t most = queue->alone > 0 ? 1 : OUTCOME_BATCH_MAX;
    int64_t now = worker_now_ms(worker);
    if (outcome_wait_ms(worker) != 0)
        return;
    for (struct outcome_entry *e = queue->first; e != NULL && queue->sent_count < most; e = e->next) {
        if (e->not_before_ms > now)
            continue;
        batch[queue->sent_count] = e->outcome;
        queue->sent[queue->sent_count++] = e;
    }
    work_outcomes(worker->work, batch, queue->sent_count, outcomes_stored, worker);
}
