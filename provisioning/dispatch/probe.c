/* SPDX-License-Identifier: Apache-2.0 */
/* The existence probe.  Owns nothing but the one under way.  If we die in it the
 * line's lease runs out, and until the probe can no longer act the license's
 * next order waits. */
#include "dispatch/probe.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "dispatch/attempt.h"

struct probe {
    struct account_state *account;
    struct config *owner; /* held while the call may still look at config */
    const struct config_account *config;
    struct window_doubt_row doubt;
    int64_t epoch; /* of the line's lease */
    int64_t taken_ms;
    enum probe_end end;
    probe_done_fn *done;
    void *ctx;
};

static void probe_finish(struct probe *probe, enum probe_end end)
{
    probe_done_fn *done = probe->done;
    void *ctx = probe->ctx;
    probe->account->worker->running--;
    config_release(&probe->owner);
    free(probe);
    done(ctx, end);
}

static void probe_failed(struct probe *probe, const struct rows *rows)
{
    log_warn("probe.failed", log_int("order", probe->doubt.order_id), log_str("reason", rows_error(rows)));
    probe_finish(probe, PROBE_FAILED);
}

static void found_written(void *ctx, const struct rows *rows)
{
    struct probe *probe = ctx;
    if (rows_status(rows) != ROWS_OK)
        probe_failed(probe, rows);
    else
        probe_finish(probe, rows_bool(rows, 0, "done") ? PROBE_FOUND : PROBE_TAKEN);
}

static void end_written(void *ctx, const struct rows *rows)
{
    struct probe *probe = ctx;
    if (rows_status(rows) != ROWS_OK)
        probe_failed(probe, rows);
    else if (probe->end == PROBE_FOUND)
        window_probed(probe->account->worker->work, &probe->doubt, found_written, probe);
    else
        probe_finish(probe, probe->end);
}

static void probe_answered(void *ctx, const struct answer *answer)
{
    struct probe *probe = ctx;
    bool found = answer->verdict == VERDICT_DONE || (answer->verdict == VERDICT_REFUSED && answer->hint_already);
    attempt_report(probe->account, answer);
    probe->end = found ? PROBE_FOUND : answer->verdict == VERDICT_REFUSED ? PROBE_NOTHING : PROBE_UNANSWERED;
    if (found)
        log_info("probe.found", log_int("order", probe->doubt.order_id));
    window_probe_give(probe->account->worker->work, probe->account->worker->name, probe->doubt.order_id, probe->epoch,
                      answer->verdict != VERDICT_UNSURE, end_written, probe);
}

static void probe_taken(void *ctx, const struct rows *rows)
{
    struct probe *probe = ctx;
    struct plan_input plan = {.provider = PROVIDER_724LICENSE,
                              .type = ORDER_UNSUSPEND,
                              .upstream_type = probe->doubt.type,
                              .ip = probe->doubt.ip};
    struct call call;
    if (rows_status(rows) != ROWS_OK) {
        probe_failed(probe, rows);
        return;
    }
    /* Frozen past the lease: others may have settled it, and what they did since must not be undone. */
    if (rows_null(rows, 0, "epoch") || !worker_lease_good(probe->account->worker, probe->config, probe->taken_ms) ||
        !plan_call(&plan, &call)) {
        probe_finish(probe, PROBE_TAKEN);
        return;
    }
    probe->epoch = rows_int(rows, 0, "epoch");
    struct call_start start = {.account = probe->config, .call = &call, .done = probe_answered, .ctx = probe};
    breaker_started(&probe->account->breaker);
    provider_call(probe->account->worker->loop, &start);
}

void probe_start(struct account_state *account, const struct window_doubt_row *doubt, probe_done_fn *done, void *ctx)
{
    struct probe *probe = heap_alloc(sizeof *probe);
    probe->account = account;
    probe->owner = config_hold(account->owner);
    probe->config = account->config;
    probe->doubt = *doubt;
    probe->done = done;
    probe->ctx = ctx;
    probe->taken_ms = worker_now_ms(account->worker);
    account->worker->running++;
    window_probe_take(account->worker->work, account->worker->name, probe->doubt.order_id,
                      worker_lease_ms(account->worker, account->config),
                      account->config->call_timeout_ms + account->config->quiet_ms, probe_taken, probe);
}

static void tray_probed(void *ctx, enum probe_end end)
{
    struct account_state *account = ctx;
    account->probing = false;
    if (end == PROBE_FOUND)
        account_look_again(account, 0);
}

void probe_tray(struct worker *worker, const struct rows *rows)
{
    for (int row = 0; row < rows_count(rows); row++) {
        for (size_t i = 0; i < worker->account_count; i++) {
            struct account_state *account = worker->accounts[i];
            struct window_doubt_row doubt = {0};
            if (!account->configured || account->probing || worker->draining ||
                !text_same(account->config->name, rows_text(rows, row, "account")) ||
                breaker_allows(&account->breaker, worker_now_ms(worker), 1) < 1)
                continue;
            window_tray_read(rows, row, &doubt);
            account->probing = doubt.probe;
            if (doubt.probe)
                probe_start(account, &doubt, tray_probed, account);
        }
    }
}
