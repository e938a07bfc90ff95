/* SPDX-License-Identifier: Apache-2.0 */
/* Prints rows without knowing what they are about.  Owns nothing. */
#include "fcgi/ops_rows.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi/order_json.h"

#define NEXT_COLUMN "next"

static json_t *cell_json(struct arena *arena, const struct rows *rows, int row, int column)
{
    const char *text = rows_cell(rows, row, column);
    json_t *value = NULL;

    if (text == NULL)
        return json_null();
    switch (rows_kind(rows, column)) {
    case ROWS_BOOL:
        return json_boolean(text[0] == 't');
    case ROWS_NUMBER:
        return json_integer(strtoll(text, NULL, 10));
    case ROWS_TIME:
        return time_json(arena, text);
    case ROWS_JSON:
        value = json_loads(text, JSON_DECODE_ANY, NULL);
        return value != NULL ? value : json_null();
    case ROWS_ID:
    case ROWS_DECIMAL:
    case ROWS_TEXT:
        break;
    }
    value = json_string(text);
    return value != NULL ? value : json_null();
}

static bool row_counts(const struct rows *rows, int row)
{
    for (int column = 0; column < rows_width(rows); column++)
        if (rows_cell(rows, row, column) != NULL && strcmp(rows_name(rows, column), NEXT_COLUMN) != 0)
            return true;
    return false;
}

json_t *ops_row_json(struct arena *arena, const struct rows *rows, int row)
{
    if (!row_counts(rows, row))
        return NULL;
    json_t *object = json_object();
    for (int column = 0; column < rows_width(rows); column++)
        if (strcmp(rows_name(rows, column), NEXT_COLUMN) != 0)
            json_object_set_new(object, rows_name(rows, column), cell_json(arena, rows, row, column));
    return object;
}

json_t *ops_rows_json(struct arena *arena, const struct rows *rows)
{
    json_t *list = json_array();

    for (int row = 0; row < rows_count(rows); row++) {
        json_t *object = ops_row_json(arena, rows, row);
        if (object != NULL)
            json_array_append_new(list, object);
    }
    return list;
}

const char *ops_rows_next(struct arena *arena, const struct rows *rows)
{
    for (int column = 0; rows_count(rows) > 0 && column < rows_width(rows); column++)
        if (strcmp(rows_name(rows, column), NEXT_COLUMN) == 0)
            return arena_strdup(arena, rows_cell(rows, 0, column));
    return NULL;
}

static void csv_cell(struct text *out, const char *text, bool words)
{
    if (words && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
        text_adds(out, "\"'");
    else if (strpbrk(text, "\",\r\n") == NULL) {
        text_adds(out, text);
        return;
    } else {
        text_adds(out, "\"");
    }
    for (; *text != '\0'; text++)
        text_addf(out, *text == '"' ? "\"%c" : "%c", *text);
    text_adds(out, "\"");
}

static void csv_line(struct arena *arena, const struct rows *rows, int row, struct text *out)
{
    bool first = true;

    for (int column = 0; column < rows_width(rows); column++) {
        const char *text = row < 0 ? rows_name(rows, column) : rows_cell(rows, row, column);
        if (strcmp(rows_name(rows, column), NEXT_COLUMN) == 0)
            continue;
        if (!first)
            text_adds(out, ",");
        first = false;
        if (text != NULL && row >= 0 && rows_kind(rows, column) == ROWS_TIME)
            text = time_text(arena, text);
        if (text != NULL)
            csv_cell(out, text, rows_kind(rows, column) == ROWS_TEXT);
    }
    text_adds(out, "\r\n");
}

void ops_rows_csv(struct arena *arena, const struct rows *rows, struct text *out)
{
    csv_line(arena, rows, -1, out);
    for (int row = 0; row < rows_count(rows); row++)
        if (row_counts(rows, row))
            csv_line(arena, rows, row, out);
}
