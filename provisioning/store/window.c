/* SPDX-License-Identifier: Apache-2.0 */
/* A spending window's statements.  Turns rows into views and settlements into
 * parameters; decides nothing. */
#include "store/window.h"

#include <stdio.h>
#include <string.h>

#include "query.h"

#define STATEMENT_TIMEOUT_MS 15000

static bool credits_column(const struct rows *rows, int row, const char *column, credits_t *out)
{
    const char *text = rows_text(rows, row, column);
    return text != NULL && credits_parse(text, out);
}

bool window_view_read(const struct rows *rows, struct window_view *view)
{
    static const char *const words[] = {[WINDOW_SHUT] = "shut", [WINDOW_OPEN] = "open", [WINDOW_DRAIN] = "drain"};
    *view = (struct window_view){0};
    if (rows_count(rows) != 1 || rows_null(rows, 0, "version"))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(rows_text(rows, 0, "state"), words[i]) == 0)
            view->state = (enum window_state)i;
    view->version = rows_int(rows, 0, "version");
    view->window_id = rows_int(rows, 0, "window_id");
    view->tainted = rows_bool(rows, 0, "tainted");
    view->solo = rows_bool(rows, 0, "solo");
    credits_column(rows, 0, "balance_open", &view->opened);
    credits_column(rows, 0, "confirmed", &view->confirmed);
    view->begun = (int)rows_int(rows, 0, "begun");
    view->calling = (int)rows_int(rows, 0, "calling");
    view->doubts = (int)rows_int(rows, 0, "doubts");
    view->ready = rows_bool(rows, 0, "ready");
    view->paused = rows_bool(rows, 0, "paused");
    view->alarmed = !rows_null(rows, 0, "alarm");
    view->width = (int)rows_int(rows, 0, "width");
    view->age_ms = rows_int(rows, 0, "age_ms");
    view->settle_ms = rows_int(rows, 0, "settle_ms");
    view->solo_done = credits_column(rows, 0, "solo_other", &view->solo_other);
    view->solo_free = view->solo_done && rows_bool(rows, 0, "solo_free");
    return true;
}

void window_tray_read(const struct rows *rows, int row, struct window_doubt_row *out)
{
    const char *ip = rows_text(rows, row, "ip");
    out->order_id = rows_int(rows, row, "order_id");
    out->attempt = (int)rows_int(rows, row, "attempt");
    out->probe = ip != NULL;
    snprintf(out->type, sizeof out->type, "%s", rows_text(rows, row, "upstream_type"));
    snprintf(out->ip, sizeof out->ip, "%s", ip == NULL ? "" : ip);
}

int window_doubts_read(const struct rows *rows, int64_t *version, struct window_doubt_row out[WINDOW_DOUBTS_MAX])
{
    int count = rows_count(rows);
    if (count > WINDOW_DOUBTS_MAX)
        return -1;
    for (int row = 0; row < count; row++) {
        struct window_doubt_row *doubt = &out[row];
        window_tray_read(rows, row, doubt);
        *version = rows_int(rows, row, "version");
        doubt->probe = doubt->probe && rows_bool(rows, row, "probe");
        doubt->doubt.may_be_free = rows_bool(rows, row, "may_be_free");
        if (!credits_column(rows, row, "price", &doubt->doubt.price) ||
            !credits_column(rows, row, "price_other", &doubt->doubt.other_price))
            return -1;
    }
    return count;
}

static void params_credits(struct params *params, bool given, credits_t credits)
{
    char text[CREDITS_TEXT_MAX];
    credits_format(credits, text);
    params_text(params, given ? text : NULL);
}

void window_look(struct session *session, const char *account, int64_t quiet_ms, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    params_int(&params, quiet_ms);
    session_submit(session, &QUERY_WINDOW_LOOK, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void window_open(struct session *session, const char *account, int64_t version, bool has_balance, credits_t balance,
                 bool sandbox, int width, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    params_int(&params, version);
    params_credits(&params, has_balance, balance);
    params_bool(&params, sandbox);
    params_int(&params, width);
    session_submit(session, &QUERY_WINDOW_OPEN, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void window_close(struct session *session, const char *account, int64_t window_id, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    params_int(&params, window_id);
    session_submit(session, &QUERY_WINDOW_CLOSE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void window_doubts(struct session *session, const char *account, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    session_submit(session, &QUERY_ACCOUNT_DOUBTS, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void window_probe_take(struct session *session, const char *worker, int64_t order_id, int64_t lease_ms, int64_t late_ms,
                       session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, worker);
    params_int(&params, order_id);
    params_int(&params, lease_ms);
    params_int(&params, late_ms);
    session_submit(session, &QUERY_PROBE_TAKE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void window_probe_give(struct session *session, const char *worker, int64_t order_id, int64_t epoch, bool certain,
                       session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, worker);
    params_int(&params, order_id);
    params_int(&params, epoch);
    params_bool(&params, certain);
    session_submit(session, &QUERY_PROBE_GIVE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void window_tray(struct session *session, session_done_fn *done, void *ctx)
{
    session_submit(session, &QUERY_TRAY_PROBES, NULL, STATEMENT_TIMEOUT_MS, done, ctx);
}

static void submit_window(struct session *session, const struct query *query, int64_t window_id, session_done_fn *done,
                          void *ctx)
{
    struct params params;
    params_init(&params);
    params_int(&params, window_id);
    session_submit(session, query, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void window_prices_hold(struct session *session, int64_t window_id, session_done_fn *done, void *ctx)
{
    submit_window(session, &QUERY_WINDOW_PRICES_HOLD, window_id, done, ctx);
}

void window_probed(struct session *session, const struct window_doubt_row *doubt, session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_int(&params, doubt->order_id);
    params_int(&params, doubt->attempt);
    session_submit(session, &QUERY_WINDOW_PROBED, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

static void settle_doubts(struct params *params, const struct window_settlement *s)
{
    static const char *const fates[] = {[WINDOW_FATE_DONE] = "done",
                                        [WINDOW_FATE_NOT] = "not",
                                        [WINDOW_FATE_FREE] = "free",
                                        [WINDOW_FATE_UNKNOWN] = "unknown"};
    params_array(params, PARAMS_INT8);
    for (size_t i = 0; i < s->count; i++)
        params_add_int(params, s->doubts[i].order_id);
    params_array(params, PARAMS_TEXT);
    for (size_t i = 0; i < s->count; i++)
        params_add_text(params, fates[s->judgement->fates[i]]);
    params_array(params, PARAMS_TEXT);
    for (size_t i = 0; i < s->count; i++) {
        char cost[CREDITS_TEXT_MAX];
        credits_format(s->judgement->cost[i], cost);
        params_add_text(params, s->judgement->learned[i] ? cost : NULL);
    }
}

void window_settle(struct session *session, const char *account, const struct window_settlement *s,
                   session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    params_int(&params, s->version);
    params_credits(&params, s->has_balance, s->balance);
    params_bool(&params, s->sandbox);
    settle_doubts(&params, s);
    params_bool(&params, s->evidence);
    params_text(&params, s->sentence);
    params_text(&params, s->alarm);
    params_credits(&params, s->has_learned, s->learned);
    params_credits(&params, true, s->rise);
    params_bool(&params, s->next);
    params_int(&params, s->width);
    session_submit(session, &QUERY_WINDOW_SETTLE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}

void window_expected(struct session *session, int64_t window_id, session_done_fn *done, void *ctx)
{
    submit_window(session, &QUERY_WINDOW_EXPECTED, window_id, done, ctx);
}

void window_unread(struct session *session, const char *account, int64_t gap_ms, int64_t limit_ms,
                   session_done_fn *done, void *ctx)
{
    struct params params;
    params_init(&params);
    params_text(&params, account);
    params_int(&params, gap_ms);
    params_int(&params, limit_ms);
    session_submit(session, &QUERY_BALANCE_UNREADABLE, &params, STATEMENT_TIMEOUT_MS, done, ctx);
}
