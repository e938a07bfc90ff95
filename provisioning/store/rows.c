/* SPDX-License-Identifier: Apache-2.0 */
/* rows: reads an answer by row and column name.
 *
 * Owns nothing.  A column that is not there is our own mistake and asserts. */
#include "store/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool result_is_stale_plan(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    return state != NULL && strcmp(state, "0A000") == 0 && function != NULL &&
           strcmp(function, "RevalidateCachedQuery") == 0;
}

enum rows_status rows_status(const struct rows *rows)
{
    return rows->status;
}

const char *rows_sqlstate(const struct rows *rows)
{
    return rows->sqlstate;
}

const char *rows_error(const struct rows *rows)
{
    return rows->error;
}

int rows_count(const struct rows *rows)
{
    return rows->status == ROWS_OK ? PQntuples(rows->result) : 0;
}

static int rows_column(const struct rows *rows, int row, const char *column)
{
    assert(rows->status == ROWS_OK && row >= 0 && row < PQntuples(rows->result));
    int number = PQfnumber(rows->result, column);
    assert(number >= 0);
    return number;
}

bool rows_null(const struct rows *rows, int row, const char *column)
{
    return PQgetisnull(rows->result, row, rows_column(rows, row, column)) != 0;
}

const char *rows_text(const struct rows *rows, int row, const char *column)
{
    int number = rows_column(rows, row, column);
    return PQgetisnull(rows->result, row, number) ? NULL : PQgetvalue(rows->result, row, number);
}

int64_t rows_int(const struct rows *rows, int row, const char *column)
{
    const char *text = rows_text(rows, row, column);
    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

bool rows_bool(const struct rows *rows, int row, const char *column)
{
    const char *text = rows_text(rows, row, column);
    return text != NULL && text[0] == 't';
}

int rows_width(const struct rows *rows)
{
    return rows->status == ROWS_OK ? PQnfields(rows->result) : 0;
}

const char *rows_name(const struct rows *rows, int column)
{
    return PQfname(rows->result, column);
}

enum rows_kind rows_kind(const struct rows *rows, int column)
{
    switch (PQftype(rows->result, column)) {
    case 16: /* bool */
        return ROWS_BOOL;
    case 20: /* int8 */
        return ROWS_ID;
    case 21: /* int2 */
    case 23: /* int4 */
        return ROWS_NUMBER;
    case 114:  /* json */
    case 3802: /* jsonb */
        return ROWS_JSON;
    case 1700: /* numeric */
        return ROWS_DECIMAL;
    case 1184: /* timestamptz */
        return ROWS_TIME;
    default:
        return ROWS_TEXT;
    }
}

const char *rows_cell(const struct rows *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}
