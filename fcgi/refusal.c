/* SPDX-License-Identifier: Apache-2.0 */
/* refusal: one log line and, within bounds, one row per refused delivery.
 *
 * What outsiders wrote is cut and made printable before it goes anywhere; of the
 * body only the digest is kept.  A crash loses the count of suppressed ones. */
#include "fcgi/refusal.h"

#include <string.h>

#include "base/log.h"
#include "fcgi/auth.h"
#include "fcgi/front.h"
#include "fcgi/reply.h"
#include "store/intake.h"

#define SOURCE_KEPT 64

bool refusal_admit(struct refusal_meter *meter, int64_t boot_ms, int64_t *suppressed)
{
    int64_t minute = boot_ms / 60000;

    if (minute != meter->minute) {
        meter->minute = minute;
        meter->kept = 0;
    }
    if (meter->kept >= REFUSALS_PER_MINUTE) {
        meter->suppressed++;
        return false;
    }
    meter->kept++;
    *suppressed = meter->suppressed;
    meter->suppressed = 0;
    return true;
}

static const char *printable(struct arena *arena, const char *text, size_t most)
{
    char *copy;

    if (text == NULL)
        return NULL;
    copy = arena_strndup(arena, text, strnlen(text, most));
    for (char *c = copy; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return copy;
}

static void refusal_keep(struct request *request, const char *source, const char *delivery,
                         const struct problem *problem)
{
    struct front *front = request->front;
    struct intake_refusal refusal = {
        .source = source,
        .address = request->params[HEAD_ADDRESS],
        .delivery_id = delivery,
        .status = problem->status,
        .field = problem->field,
        .reason = problem->text,
    };

    if (!session_ready(front->reader)) {
        front->refusals.suppressed++;
        return;
    }
    if (!refusal_admit(&front->refusals, clock_boot_ms(front->clock), &refusal.suppressed))
        return;
    digest_sha256(request->body, request->body_len, refusal.digest);
    intake_refuse(front->reader, &refusal);
}

void refusal_reply(struct request *request, const char *source, const struct problem *problem)
{
    const char *name = printable(&request->arena, source, SOURCE_KEPT);
    const char *delivery = printable(&request->arena, request->params[HEAD_WEBHOOK_ID], AUTH_ID_MAX);

    log_info("delivery.refused", log_str("source", name), log_str("delivery", delivery),
             log_int("status", problem->status), log_str("field", problem->field), log_str("reason", problem->text),
             log_int("us", request_now_us() - request->began_us));
    refusal_keep(request, name, delivery, problem);
    reply_problem(request, problem);
}
