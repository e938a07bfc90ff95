/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the judge's evidence.  Owns the calls, in blocks that never move.  Never
 * removes one but by ledger_clear; dies with the process, as the rest does. */
#include "ledger.h"

#include <stdlib.h>

#include "base.h"
#include "money.h"

static int64_t ledger_now(struct ledger *ledger)
{
    int64_t now = clock_wall_ms();

    if (now > ledger->last_ms)
        ledger->last_ms = now;
    return ledger->last_ms;
}

struct call *ledger_open(struct ledger *ledger)
{
    size_t block = (size_t)(ledger->count / LEDGER_BLOCK);

    if (block == ledger->block_count) {
        ledger->blocks = need(reallocarray(ledger->blocks, block + 1, sizeof *ledger->blocks));
        ledger->blocks[block] = need_zeroed(LEDGER_BLOCK, sizeof **ledger->blocks);
        ledger->block_count++;
    }
    struct call *call = &ledger->blocks[block][ledger->count % LEDGER_BLOCK];
    call->seq = ++ledger->count;
    call->at_ms = ledger_now(ledger);
    return call;
}

struct call *ledger_find(const struct ledger *ledger, uint64_t seq)
{
    if (seq == 0 || seq > ledger->count)
        return NULL;
    return &ledger->blocks[(seq - 1) / LEDGER_BLOCK][(seq - 1) % LEDGER_BLOCK];
}

void ledger_effect(struct ledger *ledger, struct call *call)
{
    call->effect_seq = ++ledger->effects;
    call->effect_at_ms = ledger_now(ledger);
}

void ledger_clear(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->block_count; i++)
        free(ledger->blocks[i]);
    free(ledger->blocks);
    *ledger = (struct ledger){0};
}

static void show_word(json_t *shown, const char *name, const char *word)
{
    json_object_set_new_nocheck(shown, name, word && *word ? json_string_nocheck(word) : json_null());
}

static void show_number(json_t *shown, const char *name, int64_t number)
{
    json_object_set_new_nocheck(shown, name, json_integer(number));
}

json_t *call_show(const struct call *call)
{
    json_t *shown = json_object();

    show_number(shown, "seq", (int64_t)call->seq);
    show_number(shown, "at_ms", call->at_ms);
    show_number(shown, "ended_ms", call->ended_ms);
    show_word(shown, "provider", call->provider);
    show_word(shown, "endpoint", call->endpoint);
    show_word(shown, "method", call->method);
    show_word(shown, "account", call->account);
    show_word(shown, "token_place", call->token_place);
    show_word(shown, "type", call->type);
    show_word(shown, "ip", call->ip);
    show_word(shown, "newip", call->newip);
    show_word(shown, "new_type", call->new_type);
    show_word(shown, "license_key", call->license_key);
    show_word(shown, "hwid", call->hwid);
    show_word(shown, "domain", call->domain);
    show_number(shown, "months", call->months);
    show_word(shown, "outcome", call->outcome);
    show_word(shown, "refusal", call->refusal);
    json_object_set_new_nocheck(shown, "effect", json_boolean(call->effect_seq > 0));
    show_number(shown, "effect_seq", (int64_t)call->effect_seq);
    show_number(shown, "effect_at_ms", call->effect_at_ms);
    json_object_set_new_nocheck(shown, "charged", money_json(call->charged));
    show_word(shown, "fault", call->fault);
    show_word(shown, "fault_when", call->fault_when);
    show_number(shown, "status", call->status);
    show_word(shown, "remote_addr", call->remote_addr);
    show_number(shown, "remote_port", call->remote_port);
    show_number(shown, "connection", call->connection);
    return shown;
}
