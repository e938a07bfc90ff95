/* SPDX-License-Identifier: Apache-2.0 */
/* ops_rows: rows of the database as JSON or CSV, column by column under the
 * names that the statement gives them.
 *
 * Ids (bigint) and decimals are JSON strings, so that no reader loses digits;
 * times are ISO 8601 in UTC.  The column "next" is the page's cursor, not a
 * member; a row whose other columns are all null stands for no row. */
#ifndef FCGI_OPS_ROWS_H
#define FCGI_OPS_ROWS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/text.h"
#include "store/session.h"

/* One row as an object; NULL: it stands for none. */
json_t *ops_row_json(struct arena *arena, const struct rows *rows, int row);
/* All rows as an array. */
json_t *ops_rows_json(struct arena *arena, const struct rows *rows);
/* The cursor of the next page, or NULL; lives as long as the arena. */
const char *ops_rows_next(struct arena *arena, const struct rows *rows);
/* RFC 4180 with a head line.  A cell that a spreadsheet would take for a formula
 * begins with an apostrophe. */
void ops_rows_csv(struct arena *arena, const struct rows *rows, struct text *out);

#endif
