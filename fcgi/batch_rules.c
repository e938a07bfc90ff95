/* SPDX-License-Identifier: Apache-2.0 */
/* batch_rules: the small hash set behind the independence of a batch.
 *
 * Pure: no memory of its own beyond the struct, no I/O. */
#include "fcgi/batch_rules.h"

#include <assert.h>
#include <string.h>

/* Keeps ("ab", "c") and ("a", "bc") apart, and one kind of key from another. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t hash_key(uint64_t seed, char kind, const char *a, const char *b, const char *c)
{
    uint64_t hash = (seed ^ (unsigned char)kind) * UINT64_C(0x100000001b3);

    hash = hash_text(hash_text(hash_text(hash, a), b), c);
    hash ^= hash >> 29;
    hash *= UINT64_C(0xbf58476d1ce4e5b9);
    hash ^= hash >> 32;
    return hash != 0 ? hash : 1;
}

/* false when it is in already. */
static bool rules_add(struct batch_rules *rules, uint64_t key)
{
    size_t at = (size_t)key & (BATCH_SLOTS - 1);

    while (rules->slots[at] != 0) {
        if (rules->slots[at] == key)
            return false;
        at = (at + 1) & (BATCH_SLOTS - 1);
    }
    rules->slots[at] = key;
    rules->used++;
    assert(rules->used < BATCH_SLOTS);
    return true;
}

/* All keys of one event; its own pairs may coincide without harm. */
static size_t event_keys(uint64_t seed, const struct intake_event *event, uint64_t keys[BATCH_KEYS_MAX])
{
    const struct order_request *request = event->request;
    const char *account = request->product->account->name;
    size_t count = 0;

    keys[count++] = hash_key(seed, 'd', event->source, event->delivery_id, "");
    keys[count++] = hash_key(seed, 'o', event->source, request->operation_key, "");
    keys[count++] = hash_key(seed, 's', event->source, request->service_id, "");
    if (request->ip != NULL)
        keys[count++] = hash_key(seed, 'p', account, request->product->upstream_type, request->ip);
    if (request->new_ip != NULL)
        keys[count++] = hash_key(seed, 'p', account, request->product->upstream_type, request->new_ip);
    if (request->new_product != NULL && request->ip != NULL)
        keys[count++] = hash_key(seed, 'p', account, request->new_product->upstream_type, request->ip);
    assert(count <= BATCH_KEYS_MAX);
    return count;
}

void batch_rules_begin(struct batch_rules *rules, uint64_t seed)
{
    rules->seed = seed;
    rules->used = 0;
    memset(rules->slots, 0, sizeof rules->slots);
}

bool batch_rules_admit(struct batch_rules *rules, const struct intake_event *event)
{
    uint64_t keys[BATCH_KEYS_MAX];
    size_t count = event_keys(rules->seed, event, keys);
    bool fresh[BATCH_KEYS_MAX];
    bool admitted = true;

    for (size_t i = 0; i < count; i++)
        fresh[i] = rules_add(rules, keys[i]);
    for (size_t i = 0; i < count; i++) {
        bool own = false; /* repeats a key of this very event */
        for (size_t j = 0; j < i; j++)
            own = own || keys[j] == keys[i];
        if (!fresh[i] && !own)
            admitted = false;
    }
    return admitted;
}
