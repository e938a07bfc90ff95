/* SPDX-License-Identifier: Apache-2.0 */
/* fault_rule: one rule, for the two files that share it. */
#ifndef STANDIN_FAULT_RULE_H
#define STANDIN_FAULT_RULE_H

#include "fault.h"

/* Which calls, how often, and what then; NULL words fit every call. */
struct rule {
    char *endpoint; /* or "paid" */
    char *type;
    char *ip;
    char *account;
    char *license_key;
    long skip;  /* fitting calls to let pass first */
    long times; /* firings left; -1: without end */
    double probability;
    struct fault fault;
    long seen;
    long hits;
};

#endif
