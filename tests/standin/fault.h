/* SPDX-License-Identifier: Apache-2.0 */
/* fault: what goes wrong on demand, and to which calls. */
#ifndef STANDIN_FAULT_H
#define STANDIN_FAULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"
#include "reply.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_DROP,     /* closed without a byte */
    FAULT_RESET,    /* closed with RST */
    FAULT_STATUS,   /* any status, 500 unless told */
    FAULT_429,      /* told to slow down */
    FAULT_CUT,      /* the connection ends in the middle of the body */
    FAULT_CUT_JSON, /* HTTP is whole, its JSON is not */
    FAULT_HTML,     /* 200 with a page */
    FAULT_EMPTY,    /* 200 with nothing */
    FAULT_MISTYPED, /* success is a string */
    FAULT_SLOW,     /* the right answer, later */
    FAULT_HANG,     /* no answer while the caller waits */
    FAULT_LATE,     /* no answer, and the effect after the caller has gone, or as if he had */
    FAULT_COUNT
};

/* One chosen fault, a copy that outlives the rule. */
struct fault {
    enum fault_kind kind;
    bool after; /* after the effect, else instead of it (slow: else before it) */
    long delay_ms;
    long patience_ms; /* late: the caller counts as gone when this is over */
    long retry_after; /* seconds; -1: no header */
    int status;       /* 0: the kind's own */
    char *body;       /* owned; NULL: the kind's own */
};

struct rule;

struct faults {
    struct rule *rules;
    size_t count;
    uint64_t random;
};

/* The first rule that fits the call and fires; kind FAULT_NONE: none did. */
void fault_choose(struct faults *faults, const struct call *call, struct fault *fault);
const char *fault_name(enum fault_kind kind);
/* Turns the right answer into the faulty one. */
void fault_apply(const struct fault *fault, struct reply *reply);
void fault_clear(struct fault *fault);

void faults_seed(struct faults *faults, uint64_t seed);
/* Adds the rules of a JSON list, all or none: NULL, or what is wrong. */
const char *faults_add(struct faults *faults, json_t *list);
/* Forgets the first `count` rules. */
void faults_drop(struct faults *faults, size_t count);
void faults_clear(struct faults *faults);
json_t *faults_show(const struct faults *faults);

#endif
