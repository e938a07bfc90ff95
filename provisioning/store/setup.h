/* SPDX-License-Identifier: Apache-2.0 */
/* setup: what a session tells the server before its first statement. */
#ifndef STORE_SETUP_H
#define STORE_SETUP_H

#include <stdint.h>

#define SETUP_MAX 1024

/* How the server plans what a session asks. */
enum setup_plans {
    SETUP_PLANS_SETS,   /* by the tables' statistics */
    SETUP_PLANS_KEYED,  /* every row is looked up by an index */
    SETUP_PLANS_FIXED,  /* the same, and never anew for a statement's values: for what is asked all the time */
    SETUP_PLANS_VALUES, /* anew for each statement's values: people's questions */
};

/* The statements, in one string.  One row has the settings without which a commit may vanish in a crash: fsync,
 * full_page_writes, synchronous_commit.  query_ms: how long one statement may take; 0: 30 s. */
void setup_statements(char sql[SETUP_MAX], int64_t query_ms, enum setup_plans plans);

#endif
