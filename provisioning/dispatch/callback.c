/* SPDX-License-Identifier: Apache-2.0 */
/* One try of a notice: leased in the database, signed, posted, its end stored.
 *
 * Owns the tries in flight and nothing else.  If we die in one, its lease runs
 * out and another worker sends the notice again under the same webhook-id; the
 * receiver knows it by that.  Never logs a URL, which may hold a key, nor what
 * the receiver answered. */
#include "dispatch/callback.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/signature.h"
#include "base/text.h"
#include "dispatch/notice.h"
#include "provider/webhook.h"
#include "store/callback.h"

/* Of one source: a receiver that hangs must not take the others' room. */
#define SOURCE_CALLS_MAX 4
#define HEADERS          3
#define SECONDS_TEXT     24

struct callback_try {
    struct callback_try *next;
    struct worker *worker;
    struct config *owner; /* held: the source's record is borrowed from it */
    struct arena arena;
    struct callback callback;
    int64_t started_ms;
};

static void try_free(struct callback_try *try)
{
    struct callback_try **at = &try->worker->callbacks.first;
    while (*at != try)
        at = &(*at)->next;
    *at = try->next;
    try->worker->callbacks.count--;
    config_release(&try->owner);
    arena_clear(&try->arena);
    free(try);
}

void callback_look_again(struct worker *worker)
{
    worker->callbacks.due_ms = 0;
}

static void end_stored(void *ctx, const struct rows *rows)
{
    struct callback_try *try = ctx;
    struct worker *worker = try->worker;
    const struct callback *callback = &try->callback;
    bool stored = rows_status(rows) == ROWS_OK && rows_count(rows) == 1;
    const char *state = stored ? rows_text(rows, 0, "state") : NULL;
    if (!stored)
        log_warn("callback.not_stored", log_int("callback", callback->callback_id),
                 log_str("reason", rows_error(rows)));
    else if (state == NULL)
        log_note("callback.superseded", log_int("callback", callback->callback_id));
    else if (text_same(state, "dead"))
        log_warn("callback.dead", log_int("callback", callback->callback_id), log_str("source", callback->source),
                 log_str("type", callback->type), log_int("tries", callback->attempts + 1));
    try_free(try);
    callback_look_again(worker);
}

static void try_answered(void *ctx, const struct webhook_reply *reply)
{
    struct callback_try *try = ctx;
    struct worker *worker = try->worker;
    const struct config *config = try->owner;
    struct callback *callback = &try->callback;
    struct notice_try tried = {callback->attempts, reply->status, reply->retry_after_ms};
    struct callback_end end = {.sent = notice_taken(reply->status), .status = reply->status, .wait_ms = 0};
    if (!end.sent) {
        end.error = reply->problem != NULL ? reply->problem : notice_problem(reply->status);
        end.wait_ms = notice_wait_ms(&tried, config->callback_retry_ms, config->callback_retry_count);
    }
    struct log_field fields[] = {log_int("callback", callback->callback_id),
                                 log_str("source", callback->source),
                                 log_str("type", callback->type),
                                 log_int("order", callback->order_id),
                                 log_int("try", callback->attempts + 1),
                                 log_int("status", reply->status),
                                 log_str("reason", end.error),
                                 log_int("ms", worker_now_ms(worker) - try->started_ms),
                                 {LOG_KIND_END, 0, 0, 0}};
    log_write(LOG_LEVEL_INFO, end.sent ? "callback.sent" : "callback.failed", fields);
    callback_ended(worker->notices, callback, &end, end_stored, try);
}

/* One signature per secret, so that the receiver may know the old one or the new one. */
static const char *signatures(struct callback_try *try, const struct config_source *source, const char *seconds)
{
    const struct callback *callback = &try->callback;
    const struct secret *secrets = source->callback_secret_count > 0 ? source->callback_secrets : source->secrets;
    size_t count = source->callback_secret_count > 0 ? source->callback_secret_count : source->secret_count;
    const struct signature_message message = {.id = callback->webhook_id,
                                              .timestamp = seconds,
                                              .body = callback->payload,
                                              .body_len = strlen(callback->payload)};
    const char *all = "webhook-signature:";
    char one[SIGNATURE_TEXT_MAX];
    for (size_t i = 0; i < count; i++) {
        signature_sign(&secrets[i], &message, one);
        all = arena_printf(&try->arena, "%s %s", all, one);
    }
    return all;
}

static void try_post(struct callback_try *try, const struct config_source *source)
{
    struct worker *worker = try->worker;
    const struct callback *callback = &try->callback;
    const char **headers = arena_alloc(&try->arena, HEADERS * sizeof *headers);
    char seconds[SECONDS_TEXT];
    (void)snprintf(seconds, sizeof seconds, "%" PRId64, clock_wall_ms(worker->clock) / 1000);
    headers[0] = arena_printf(&try->arena, "webhook-id: %s", callback->webhook_id);
    headers[1] = arena_printf(&try->arena, "webhook-timestamp: %s", seconds);
    headers[2] = signatures(try, source, seconds);
    const struct webhook webhook = {.url = source->callback_url,
                                    .ca_file = source->callback_ca_file,
                                    .headers = headers,
                                    .header_count = HEADERS,
                                    .body = callback->payload,
                                    .body_len = strlen(callback->payload),
                                    .timeout_ms = try->owner->callback_timeout_ms,
                                    .guarded = true,
                                    .allow = source->callback_allow,
                                    .allow_count = source->callback_allow_count};
    try->started_ms = worker_now_ms(worker);
    webhook_start(worker->loop, &webhook, try_answered, try);
}

static void try_start(struct worker *worker, const struct rows *rows, int row)
{
    struct callback_try *try = heap_alloc(sizeof *try);
    try->worker = worker;
    try->owner = config_hold(worker->config);
    arena_init(&try->arena);
    callback_read(&try->callback, &try->arena, rows, row);
    try->next = worker->callbacks.first;
    worker->callbacks.first = try;
    worker->callbacks.count++;
    if (try->callback.lost != NULL)
        log_warn("callback.taken_over", log_int("callback", try->callback.callback_id),
                 log_str("from", try->callback.lost));
    const struct config_source *source = config_source_find(worker->config, try->callback.source);
    if (source == NULL || source->callback_url == NULL)
        try_free(try); /* a reload took it out meanwhile; the lease runs out */
    else
        try_post(try, source);
}

static void claimed(void *ctx, const struct rows *rows)
{
    struct worker *worker = ctx;
    worker->callbacks.claiming = false;
    if (rows_status(rows) != ROWS_OK) {
        log_warn("callback.not_claimed", log_str("reason", rows_error(rows)));
        return; /* committed or not, the leases of what we cannot see run out */
    }
    /* A host that was frozen meanwhile would send beside whoever has taken them over. */
    if (worker_now_ms(worker) - worker->callbacks.claim_ms >= worker->config->lease_margin_ms)
        return;
    for (int row = 0; row < rows_count(rows); row++)
        try_start(worker, rows, row);
    if (rows_count(rows) > 0)
        callback_look_again(worker); /* there may be more */
}

static int source_calls(const struct worker *worker, const char *source)
{
    int calls = 0;
    for (const struct callback_try *try = worker->callbacks.first; try != NULL; try = try->next)
        calls += text_same(try->callback.source, source);
    return calls;
}

/* The sources that have a callback_url and room, from a random one on, so that none always comes last. */
static size_t rooms_gather(const struct worker *worker, struct callback_room *rooms)
{
    const struct config *config = worker->config;
    size_t count = 0, first = config->source_count > 0 ? (size_t)(worker_random() % config->source_count) : 0;
    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *source = &config->sources[(first + i) % config->source_count];
        int room = SOURCE_CALLS_MAX - source_calls(worker, source->name);
        if (source->callback_url != NULL && room > 0)
            rooms[count++] = (struct callback_room){source->name, room};
    }
    return count;
}

void callback_step(struct worker *worker)
{
    struct callbacks *callbacks = &worker->callbacks;
    const struct config *config = worker->config;
    if (callback_wait(worker) > 0)
        return;
    callbacks->due_ms = worker_now_ms(worker) + config->poll_ms;
    struct callback_room *rooms = heap_alloc((config->source_count + 1) * sizeof *rooms);
    size_t count = rooms_gather(worker, rooms);
    if (count > 0) {
        callbacks->claiming = true;
        callbacks->claim_ms = worker_now_ms(worker);
        callbacks_claim(worker->notices, worker->name, rooms, count, config->callback_calls - callbacks->count,
                        config->callback_timeout_ms + config->lease_margin_ms, claimed, worker);
    }
    free(rooms);
}

int64_t callback_wait(const struct worker *worker)
{
    int64_t now = worker_now_ms(worker), due = worker->callbacks.due_ms;
    bool able = !worker->draining && worker->schema_good && session_ready(worker->notices);
    if (!able || worker->callbacks.claiming || worker->callbacks.count >= worker->config->callback_calls)
        return worker->config->poll_ms; /* what it waits for wakes the loop by itself */
    return due > now ? due - now : 0;
}

bool callback_busy(const struct worker *worker)
{
    return worker->callbacks.count > 0 || worker->callbacks.claiming;
}
