/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: every call that came in, in order, and what it did. */
#ifndef STANDIN_LEDGER_H
#define STANDIN_LEDGER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* All words live for ever (map_word), so a copy of a call needs no care. */
struct call {
    uint64_t seq;     /* from 1 */
    int64_t at_ms;    /* wall time of receipt; never goes back within the ledger */
    int64_t ended_ms; /* when the answer was ready; 0: not yet */
    const char *provider;
    const char *endpoint;
    const char *method;
    const char *account; /* name, never the token; "" when not accepted */
    const char *token_place;
    const char *type;
    const char *ip;
    const char *newip;
    const char *new_type;
    const char *license_key;
    const char *hwid;
    const char *domain;
    long months;
    const char *outcome; /* pending done refused denied limited none late */
    const char *refusal; /* code; "" */
    uint64_t effect_seq; /* place among all effects, from 1; 0: changed nothing */
    int64_t effect_at_ms;
    int64_t charged;
    const char *fault; /* "" */
    const char *fault_when;
    int status; /* sent; 0: none */
    const char *remote_addr;
    long remote_port;
    long connection;
};

#define LEDGER_BLOCK 4096

struct ledger {
    struct call **blocks;
    size_t block_count;
    uint64_t count;
    uint64_t effects;
    int64_t last_ms;
};

/* A new call with seq and time; valid until the ledger is cleared. */
struct call *ledger_open(struct ledger *ledger);
/* NULL: no such call. */
struct call *ledger_find(const struct ledger *ledger, uint64_t seq);
/* Marks the call as the one that changes something now. */
void ledger_effect(struct ledger *ledger, struct call *call);
void ledger_clear(struct ledger *ledger);
json_t *call_show(const struct call *call);

#endif
