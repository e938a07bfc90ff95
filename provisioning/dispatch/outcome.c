/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of outcomes.  While one batch is being stored the next one gathers. */
#include "dispatch/outcome.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "store/account.h"

#define BATCH_MAX 256
#define RETRY_MS  500
#define TRIES_MAX 20

struct outcome_entry {
    struct outcome_entry *next;
    struct arena arena;
    struct account_state *account;
    struct work_outcome outcome;
    bool pause_account;
    int tries;
};

void outcome_add(struct worker *worker, struct account_state *account, const struct work_outcome *outcome,
                 bool pause_account)
{
    struct outcome_entry *entry = heap_alloc(sizeof *entry);
    arena_init(&entry->arena);
    entry->account = account;
    entry->pause_account = pause_account;
    entry->outcome = *outcome;
    entry->outcome.reason_code = arena_strdup(&entry->arena, outcome->reason_code);
    entry->outcome.reason = arena_strdup(&entry->arena, outcome->reason);
    entry->outcome.request = arena_strdup(&entry->arena, outcome->request);
    entry->outcome.upstream_license_id = arena_strdup(&entry->arena, outcome->upstream_license_id);
    if (outcome->answer != NULL)
        entry->outcome.answer = arena_memdup(&entry->arena, outcome->answer, outcome->answer_len);
    if (worker->outcomes.last == NULL)
        worker->outcomes.last = &worker->outcomes.first;
    *worker->outcomes.last = entry;
    worker->outcomes.last = &entry->next;
}

bool outcome_pending(const struct worker *worker)
{
    return worker->outcomes.first != NULL;
}

static size_t batch_size(const struct worker *worker)
{
    size_t size = 0, most = worker->outcomes.one_by_one ? 1 : BATCH_MAX;
    for (const struct outcome_entry *e = worker->outcomes.first; e != NULL && size < most; e = e->next)
        size++;
    return size;
}

static void entry_remove(struct worker *worker)
{
    struct outcome_entry *entry = worker->outcomes.first;
    worker->outcomes.first = entry->next;
    if (entry->next == NULL)
        worker->outcomes.last = &worker->outcomes.first;
    account_look_again(entry->account, entry->outcome.to == ORDER_QUEUED ? entry->outcome.wait_ms : 0);
    worker->running--;
    arena_clear(&entry->arena);
    free(entry);
}

/* Rows come back by license, so each entry finds its own. */
static void entry_log(const struct outcome_entry *entry, const struct rows *rows)
{
    for (int row = 0; row < rows_count(rows); row++) {
        if (rows_int(rows, row, "order_id") != entry->outcome.order_id)
            continue;
        bool applied = rows_bool(rows, row, "applied");
        struct log_field fields[] = {log_int("order", entry->outcome.order_id),
                                     log_int("attempt", entry->outcome.attempt),
                                     log_str("verdict", verdict_word(entry->outcome.verdict)),
                                     log_str("state", rows_text(rows, row, "state")),
                                     log_str("code", entry->outcome.reason_code),
                                     log_str("reason", entry->outcome.reason),
                                     log_int("ms", entry->outcome.elapsed_ms),
                                     {LOG_KIND_END, 0, 0, 0}};
        bool person = !applied || entry->outcome.to == ORDER_IN_DOUBT || entry->outcome.to == ORDER_NEEDS_REVIEW;
        log_write(person ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, applied ? "attempt.ended" : "attempt.superseded", fields);
        return;
    }
}

static void outcome_refused(struct worker *worker, const struct rows *rows)
{
    struct outcome_entry *first = worker->outcomes.first;
    log_error("outcome.not_stored", log_int("order", first->outcome.order_id), log_str("sqlstate", rows_sqlstate(rows)),
              log_str("reason", rows_error(rows)));
    bool alone = worker->outcomes.one_by_one || first->next == NULL;
    worker->outcomes.one_by_one = true;
    if (alone && ++first->tries >= TRIES_MAX) {
        /* The lease runs out and the order is taken over as one whose answer was lost. */
        log_error("outcome.given_up", log_int("order", first->outcome.order_id));
        entry_remove(worker);
    }
}

static void outcomes_stored(void *ctx, const struct rows *rows)
{
    struct worker *worker = ctx;
    worker->outcomes.storing = false;
    if (rows_status(rows) == ROWS_ERROR)
        outcome_refused(worker, rows);
    if (rows_status(rows) != ROWS_OK) {
        worker->outcomes.retry_at_ms = worker_now_ms(worker) + RETRY_MS;
        return;
    }
    for (int count = rows_count(rows); count > 0; count--) {
        struct outcome_entry *entry = worker->outcomes.first;
        entry_log(entry, rows);
        if (entry->pause_account) {
            log_warn("account.paused", log_str("account", entry->account->config->name),
                     log_str("reason", entry->outcome.reason));
            account_pause(worker->house, entry->account->config->name, entry->outcome.reason);
        }
        entry_remove(worker);
    }
    worker->outcomes.one_by_one = false;
}

void outcome_flush(struct worker *worker)
{
    struct work_outcome batch[BATCH_MAX];
    size_t count = 0;
    if (worker->outcomes.storing || worker->outcomes.first == NULL || !session_ready(worker->work) ||
        worker_now_ms(worker) < worker->outcomes.retry_at_ms)
        return;
    size_t size = batch_size(worker);
    for (const struct outcome_entry *e = worker->outcomes.first; count < size; e = e->next)
        batch[count++] = e->outcome;
    worker->outcomes.storing = true;
    work_outcomes(worker->work, batch, count, outcomes_stored, worker);
}
