/* SPDX-License-Identifier: Apache-2.0 */
/* rows: an answer while its callback runs.  What others may know of it stands in
 * session.h; this is for session.c, which makes it, and rows.c, which reads it. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <libpq-fe.h>

#include "store/session.h"

#define ROWS_ERROR_MAX 256

struct rows {
    enum rows_status status;
    const PGresult *result;
    char sqlstate[6];
    char error[ROWS_ERROR_MAX];
};

/* The statement was refused, and did nothing, because a migration has changed the
 * columns of its rows since it was prepared. */
bool result_is_stale_plan(const PGresult *result);

#endif
