/* SPDX-License-Identifier: Apache-2.0 */
/* output: rows for people (aligned columns) or for programs (a JSON array). */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "store/session.h"

enum column_kind {
    COLUMN_TEXT,
    COLUMN_COUNT, /* a whole number; credits are TEXT, so that no reader rounds them */
    COLUMN_BOOL,  /* "t" or "f", as PostgreSQL writes it */
};

/* The name is heading, JSON member and the column of a query at once. */
struct column {
    const char *name;
    enum column_kind kind;
};

struct table {
    struct arena *arena;
    const struct column *columns;
    size_t column_count;
    const char **cells; /* row by row; NULL where there is none */
    size_t row_count;
    size_t row_cap;
};

/* Columns are borrowed; all else lives in the arena. */
void table_init(struct table *table, struct arena *arena, const struct column *columns, size_t count);
/* Copies one cell per column. */
void table_add(struct table *table, const char *const *cells);
/* Copies all rows of an answer; a session_done_fn, whose ctx is the table. */
void table_add_rows(void *ctx, const struct rows *rows);
void table_print(const struct table *table, bool json, FILE *out);
/* One row, one "name  value" a line; what is not known is left out. */
void table_print_row(const struct table *table, size_t row, FILE *out);
/* The first row alone: a JSON object, or as above. */
void table_print_record(const struct table *table, bool json, FILE *out);

const char *table_cell(const struct table *table, size_t row, const char *column);
/* One row, and all of them; the caller's reference. */
json_t *table_object(const struct table *table, size_t row);
json_t *table_array(const struct table *table);
void json_print(const json_t *json, FILE *out);
/* A JSON string of any bytes: what is no UTF-8 is shown as '?'. */
json_t *json_text(const char *text);
/* Writes text to a terminal or file: control characters as '?', which keeps an
 * upstream's or a panel's words from moving the cursor. */
void text_print(const char *text, FILE *out);
/* The same, at most so many characters. */
void text_print_cut(const char *text, size_t most, FILE *out);

#endif
