/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of the queue of notices.  Decides nothing. */
#include "store/callback.h"

#include "base/text.h"
#include "query.h"

#define STATEMENT_TIMEOUT_MS 15000

/* The accounts at which a source may order, each once, with blanks between. */
static const char *source_accounts(struct arena *arena, const struct config_source *source)
{
    const char *names = "";
    for (size_t i = 0; i < source->product_count; i++) {
        const char *name = source->products[i]->account->name;
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known = known || text_same(source->products[k]->account->name, name);
        if (!known)
            names = arena_printf(arena, "%s%s%s", names, names[0] == '\0' ? "" : " ", name);
    }
    return names;
}

static const char *account_thresholds(struct arena *arena, const struct config_account *account)
{
    const char *credits = "";
    for (size_t i = 0; i < account->low_balance_count; i++)
        credits = arena_printf(arena, "%s%s%s", credits, i == 0 ? "" : " ", account->low_balance[i]);
    return credits;
}

void callbacks_configure(struct session *session, const struct config *config)
{
    struct params params;
    struct arena arena;
    arena_init(&arena);
    params_init(&params);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->source_count; i++)
        params_add_text(&params, config->sources[i].name);
    params_array(&params, PARAMS_BOOL);
    for (size_t i = 0; i < config->source_count; i++)
        params_add_bool(&params, config->sources[i].callback_url != NULL);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->source_count; i++)
        params_add_text(&params, source_accounts(&arena, &config->sources[i]));
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->account_count; i++)
        params_add_text(&params, config->accounts[i].name);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < config->account_count; i++)
        params_add_text(&params, account_thresholds(&arena, &config->accounts[i]));
    session_submit(session, &QUERY_CALLBACKS_CONFIGURE, &params, STATEMENT_TIMEOUT_MS, NULL, NULL);
    arena_clear(&arena);
}

void callbacks_claim(struct session *session, const char *worker, const struct callback_room *rooms, size_t count,
                     int most, int64_t lease_ms, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, worker);
    params_array(&params, PARAMS_TEXT);
    for (size_t i = 0; i < count; i++)
        params_add_text(&params, rooms[i].source);
    params_array(&params, PARAMS_INT8);
    for (size_t i = 0; i < count; i++)
        params_add_int(&params, rooms[i].room);
    params_int(&params, most);
    params_int(&params, lease_ms);
    session_submit(session, &QUERY_CALLBACKS_CLAIM, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void callback_read(struct callback *callback, struct arena *arena, const struct rows *rows, int row)
{
    *callback = (struct callback){
        .callback_id = rows_int(rows, row, "callback_id"),
        .epoch = rows_int(rows, row, "epoch"),
        .order_id = rows_int(rows, row, "order_id"),
        .attempts = (int)rows_int(rows, row, "attempts"),
        .source = arena_strdup(arena, rows_text(rows, row, "source")),
        .webhook_id = arena_strdup(arena, rows_text(rows, row, "webhook_id")),
        .type = arena_strdup(arena, rows_text(rows, row, "type")),
        .payload = arena_strdup(arena, rows_text(rows, row, "payload")),
        .lost = arena_strdup(arena, rows_text(rows, row, "lost")),
    };
}

void callback_ended(struct session *session, const struct callback *callback, const struct callback_end *end,
                    session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_int(&params, callback->callback_id);
    params_int(&params, callback->epoch);
    params_bool(&params, end->sent);
    params_int(&params, end->status);
    params_text(&params, end->error);
    if (end->wait_ms < 0)
        params_null(&params);
    else
        params_int(&params, end->wait_ms);
    session_submit(session, &QUERY_CALLBACK_ENDED, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}
