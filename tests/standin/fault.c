/* SPDX-License-Identifier: Apache-2.0 */
/* Why: every way in which an answer can go wrong, made to order and repeatable
 * from a seed.  Owns the rules.  Never touches licenses or credits: whether the
 * effect happens is turn.c's business.  Rules are read by fault_rule.c. */
#include "fault_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

#define HTML_TYPE "text/html; charset=utf-8"

static const char *const names[FAULT_COUNT] = {
    [FAULT_NONE] = "",       [FAULT_DROP] = "drop",         [FAULT_RESET] = "reset",       [FAULT_STATUS] = "5xx",
    [FAULT_429] = "429",     [FAULT_CUT] = "cut",           [FAULT_CUT_JSON] = "cut_json", [FAULT_HTML] = "html",
    [FAULT_EMPTY] = "empty", [FAULT_MISTYPED] = "mistyped", [FAULT_SLOW] = "slow",         [FAULT_HANG] = "hang",
    [FAULT_LATE] = "late",
};

const char *fault_name(enum fault_kind kind)
{
    return names[kind];
}

/* splitmix64: tiny, and the same on every machine. */
static double random_unit(struct faults *faults)
{
    uint64_t z = (faults->random += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static bool word_fits(const char *wanted, const char *word)
{
    return !wanted || strcmp(wanted, "*") == 0 || (word && strcmp(wanted, word) == 0);
}

static bool endpoint_fits(const struct rule *rule, const struct call *call)
{
    static const char *const paid[] = {"create", "renew", "change-core"};

    if (!rule->endpoint || strcmp(rule->endpoint, "paid") != 0)
        return word_fits(rule->endpoint, call->endpoint);
    for (size_t i = 0; i < sizeof paid / sizeof *paid; i++)
        if (strcmp(paid[i], call->endpoint) == 0)
            return true;
    return false;
}

static bool rule_fires(struct faults *faults, struct rule *rule, const struct call *call)
{
    if (rule->times == 0 || !endpoint_fits(rule, call) || !word_fits(rule->type, call->type) ||
        !word_fits(rule->ip, call->ip) || !word_fits(rule->account, call->account) ||
        !word_fits(rule->license_key, call->license_key))
        return false;
    rule->seen++;
    if (rule->skip > 0) {
        rule->skip--;
        return false;
    }
    if (rule->probability < 1 && random_unit(faults) >= rule->probability)
        return false;
    if (rule->times > 0)
        rule->times--;
    rule->hits++;
    return true;
}

void fault_choose(struct faults *faults, const struct call *call, struct fault *fault)
{
    *fault = (struct fault){.kind = FAULT_NONE, .retry_after = -1};
    for (size_t i = 0; i < faults->count; i++) {
        if (!rule_fires(faults, &faults->rules[i], call))
            continue;
        *fault = faults->rules[i].fault;
        if (fault->body)
            fault->body = need_copy(fault->body);
        return;
    }
}

void fault_clear(struct fault *fault)
{
    free(fault->body);
    fault->body = NULL;
}

static void reply_status(const struct fault *fault, struct reply *reply)
{
    int status = fault->status ? fault->status : 500;

    if (fault->body)
        reply_text(reply, status, fault->body[0] == '{' ? "application/json" : HTML_TYPE, fault->body);
    else
        reply_json(reply, status,
                   json_pack("{s:b,s:s,s:s,s:s}", "success", 0, "message", "Sunucu hatası.", "error", "Sunucu hatası.",
                             "error_code", "SERVER_ERROR"));
    if (status >= 300 && status < 400)
        reply->location = "/v1/moved";
}

static void reply_limited(const struct fault *fault, struct reply *reply)
{
    static const char text[] = "Çok fazla istek. Lütfen daha sonra tekrar deneyin.";
    int status = fault->status ? fault->status : 429;

    if (fault->body)
        reply_text(reply, status, "application/json", fault->body);
    else
        reply_json(reply, status,
                   json_pack("{s:b,s:s,s:s,s:s}", "success", 0, "message", text, "error", text, "error_code",
                             "RATE_LIMIT_EXCEEDED"));
}

static void reply_halved(struct reply *reply, bool announce_all)
{
    size_t len = reply->body ? strlen(reply->body) : 0;

    if (len < 2)
        return;
    reply->body[len / 2] = '\0';
    reply->announced = announce_all ? len : len / 2;
}

static void reply_mistyped(struct reply *reply)
{
    json_t *object = reply->body ? json_loads(reply->body, 0, NULL) : NULL;

    if (!object)
        object = json_object();
    bool refused = json_is_false(json_object_get(object, "success"));
    json_object_set_new(object, "success", json_string(refused ? "false" : "true"));
    reply_json(reply, reply->status ? reply->status : 200, object);
}

static void reply_end(struct reply *reply, const char *redirect)
{
    reply_text(reply, 0, HTML_TYPE, "");
    reply->redirect = redirect;
}

void fault_apply(const struct fault *fault, struct reply *reply)
{
    switch (fault->kind) {
    case FAULT_NONE:
    case FAULT_SLOW:
    case FAULT_COUNT:
        return;
    case FAULT_DROP:
    case FAULT_HANG:
    case FAULT_LATE:
        reply_end(reply, "/_drop");
        return;
    case FAULT_RESET:
        reply_end(reply, "/_reset");
        return;
    case FAULT_STATUS:
        reply_status(fault, reply);
        break;
    case FAULT_429:
        reply_limited(fault, reply);
        break;
    case FAULT_CUT:
        reply_halved(reply, true);
        break;
    case FAULT_CUT_JSON:
        reply_halved(reply, false);
        break;
    case FAULT_HTML:
        reply_text(reply, fault->status ? fault->status : 200, HTML_TYPE,
                   fault->body ? fault->body : "<!doctype html><title>Bakım</title><h1>Bakım çalışması</h1>\n");
        break;
    case FAULT_EMPTY:
        reply_text(reply, fault->status ? fault->status : 200, "application/json", "");
        break;
    case FAULT_MISTYPED:
        reply_mistyped(reply);
        break;
    }
    reply->retry_after = fault->retry_after;
}
