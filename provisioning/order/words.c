/* SPDX-License-Identifier: Apache-2.0 */
/* words: why a word table: the same spelling is a column value, a JSON member
 * and an event's name, and a difference of one letter would lose an order.
 *
 * Owns the spellings and the rules that follow from a word alone.  Never
 * allocates, never reads anything else; a crash leaves nothing behind. */
#include "order/words.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const char *const TYPE_WORDS[ORDER_TYPE_COUNT] = {
    [ORDER_CREATE] = "license.create",
    [ORDER_RENEW] = "license.renew",
    [ORDER_SUSPEND] = "license.suspend",
    [ORDER_UNSUSPEND] = "license.unsuspend",
    [ORDER_TERMINATE] = "license.terminate",
    [ORDER_CHANGE_IP] = "license.change_ip",
    [ORDER_CHANGE_PRODUCT] = "license.change_product",
    [ORDER_VERIFY] = "license.verify",
};

static const char *const STATE_WORDS[ORDER_STATE_COUNT] = {
    [ORDER_QUEUED] = "queued",       [ORDER_BLOCKED] = "blocked",   [ORDER_HELD] = "held",
    [ORDER_CALLING] = "calling",     [ORDER_IN_DOUBT] = "in_doubt", [ORDER_NEEDS_REVIEW] = "needs_review",
    [ORDER_SUCCEEDED] = "succeeded", [ORDER_FAILED] = "failed",     [ORDER_CANCELLED] = "cancelled",
};

#define PROVIDER_SPELT(kind, name, word) [PROVIDER_##kind] = (word),
static const char *const PROVIDER_WORDS[PROVIDER_KIND_COUNT] = {PROVIDERS(PROVIDER_SPELT)};
#undef PROVIDER_SPELT

/* NONE has no word: nothing was asked for. */
static const char *const VERIFICATION_WORDS[] = {
    [VERIFICATION_HWID] = "hwid",
    [VERIFICATION_DOMAIN] = "domain",
    [VERIFICATION_IP] = "ip",
    [VERIFICATION_ALL] = "all",
};

static const char *const VERDICT_WORDS[] = {
    [VERDICT_DONE] = "done",
    [VERDICT_LATER] = "later",
    [VERDICT_REFUSED] = "refused",
    [VERDICT_UNSURE] = "unsure",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A value outside its table is our own mistake, never an outsider's. */
static const char *word_of(const char *const *table, size_t count, size_t value)
{
    assert(value < count);
    return table[value];
}

static bool word_find(const char *const *table, size_t count, const char *word, size_t *value)
{
    for (size_t i = 0; word != NULL && i < count; i++) {
        if (table[i] != NULL && strcmp(table[i], word) == 0) {
            *value = i;
            return true;
        }
    }
    return false;
}

const char *order_type_word(enum order_type type)
{
    return word_of(TYPE_WORDS, COUNT(TYPE_WORDS), (size_t)type);
}

bool order_type_parse(const char *word, enum order_type *type)
{
    size_t value;
    if (!word_find(TYPE_WORDS, COUNT(TYPE_WORDS), word, &value))
        return false;
    *type = (enum order_type)value;
    return true;
}

const char *order_state_word(enum order_state state)
{
    return word_of(STATE_WORDS, COUNT(STATE_WORDS), (size_t)state);
}

bool order_state_parse(const char *word, enum order_state *state)
{
    size_t value;
    if (!word_find(STATE_WORDS, COUNT(STATE_WORDS), word, &value))
        return false;
    *state = (enum order_state)value;
    return true;
}

const char *provider_kind_word(enum provider_kind kind)
{
    return word_of(PROVIDER_WORDS, COUNT(PROVIDER_WORDS), (size_t)kind);
}

bool provider_kind_parse(const char *word, enum provider_kind *kind)
{
    size_t value;
    if (!word_find(PROVIDER_WORDS, COUNT(PROVIDER_WORDS), word, &value))
        return false;
    *kind = (enum provider_kind)value;
    return true;
}

const char *verification_word(enum verification verification)
{
    return word_of(VERIFICATION_WORDS, COUNT(VERIFICATION_WORDS), (size_t)verification);
}

bool verification_parse(const char *word, enum verification *verification)
{
    size_t value;
    if (!word_find(VERIFICATION_WORDS, COUNT(VERIFICATION_WORDS), word, &value))
        return false;
    *verification = (enum verification)value;
    return true;
}

const char *verdict_word(enum verdict verdict)
{
    return word_of(VERDICT_WORDS, COUNT(VERDICT_WORDS), (size_t)verdict);
}

bool order_state_finished(enum order_state state)
{
    return state == ORDER_SUCCEEDED || state == ORDER_FAILED || state == ORDER_CANCELLED;
}

bool order_state_rests(enum order_state state)
{
    return order_state_finished(state) || state == ORDER_HELD || state == ORDER_NEEDS_REVIEW;
}
