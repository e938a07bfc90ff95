/* SPDX-License-Identifier: Apache-2.0 */
/* Why: names, times, durability and plans must not depend on how the server, the role or the database was set up.
 * Owns the text of these settings.  Never talks to the server: session.c sends it. */
#include "store/setup.h"

#include <inttypes.h>
#include <stdio.h>

#define STATEMENT_MS INT64_C(30000)

/* The front door and those who claim look up a few rows of large tables by their keys.  Their plans are kept for as
 * long as the connection, and may be made when the tables are still empty, or thought to be: then reading all of it,
 * for a join or to sort it, looks cheap.  It was 7 times the work a webhook once 15,000 orders were there. */
#define ROWS_BY_INDEX                                                                                                  \
    "set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; "                               \
    "set enable_mergejoin = off; set enable_material = off; "

static const char *const plans_words[] = {
    [SETUP_PLANS_SETS] = "",
    [SETUP_PLANS_KEYED] = ROWS_BY_INDEX,
    [SETUP_PLANS_FIXED] = ROWS_BY_INDEX "set plan_cache_mode = force_generic_plan; ",
    [SETUP_PLANS_VALUES] = "set plan_cache_mode = force_custom_plan; ",
};

void setup_statements(char sql[SETUP_MAX], int64_t query_ms, enum setup_plans plans)
{
    snprintf(sql, SETUP_MAX,
             "set search_path = pg_catalog, pg_temp; set timezone = 'UTC'; set statement_timeout = %" PRId64 "; "
             "set lock_timeout = '10s'; set jit = off; %s"
             "select current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes, "
             "current_setting('synchronous_commit') as synchronous_commit; "
             "select set_config('synchronous_commit', 'on', false) "
             "where current_setting('synchronous_commit') in ('off', 'local')",
             query_ms > 0 ? query_ms : STATEMENT_MS, plans_words[plans]);
}
