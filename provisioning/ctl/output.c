/* SPDX-License-Identifier: Apache-2.0 */
/* Prints tables and JSON.
 *
 * Everything that bridgectl shows of others' words (panels, upstreams) goes
 * through here, so this is where such words are made harmless to a terminal.
 * Writes to the given stream only; owns no memory, the caller's arena does. */
#include "ctl/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

#define COLUMN_GAP 2

void table_init(struct table *table, struct arena *arena, const struct column *columns, size_t count)
{
    *table = (struct table){.arena = arena, .columns = columns, .column_count = count};
}

void table_add(struct table *table, const char *const *cells)
{
    if (table->row_count == table->row_cap) {
        size_t cap = table->row_cap == 0 ? 32 : table->row_cap * 2;
        const char **grown = arena_alloc(table->arena, cap * table->column_count * sizeof *grown);
        if (table->row_count > 0)
            memcpy(grown, table->cells, table->row_count * table->column_count * sizeof *grown);
        table->cells = grown;
        table->row_cap = cap;
    }
    const char **row = table->cells + table->row_count++ * table->column_count;
    for (size_t i = 0; i < table->column_count; i++)
        row[i] = arena_strdup(table->arena, cells[i]);
}

void table_add_rows(void *ctx, const struct rows *rows)
{
    struct table *table = ctx;
    const char **cells = arena_alloc(table->arena, table->column_count * sizeof *cells);
    for (int row = 0; row < rows_count(rows); row++) {
        for (size_t i = 0; i < table->column_count; i++)
            cells[i] = rows_text(rows, row, table->columns[i].name);
        table_add(table, cells);
    }
}

/* Bytes of the character at s that may be shown as they are; 0: not to be shown. */
static size_t printable_len(const char *s, size_t left)
{
    size_t len = utf8_len(s, left);
    unsigned char first = (unsigned char)s[0];
    bool control = first < 0x20 || first == 0x7f || (first == 0xc2 && len == 2 && (unsigned char)s[1] < 0xa0);
    return control ? 0 : len;
}

/* Characters printed, at most so many; out may be NULL to count only. */
static size_t text_show_cut(const char *text, size_t most, FILE *out)
{
    size_t shown = 0, left = strlen(text);
    while (left > 0 && shown < most) {
        size_t len = printable_len(text, left);
        if (out != NULL && len > 0)
            fwrite(text, 1, len, out);
        else if (out != NULL)
            fputc('?', out);
        shown++;
        text += len > 0 ? len : 1;
        left -= len > 0 ? len : 1;
    }
    return shown;
}

static size_t text_show(const char *text, FILE *out)
{
    return text_show_cut(text, SIZE_MAX, out);
}

void text_print(const char *text, FILE *out)
{
    text_show(text, out);
}

void text_print_cut(const char *text, size_t most, FILE *out)
{
    text_show_cut(text, most, out);
}

static const char *cell_text(const struct table *table, size_t row, size_t column)
{
    const char *cell = table->cells[row * table->column_count + column];
    if (cell == NULL)
        return "-";
    if (table->columns[column].kind == COLUMN_BOOL)
        return cell[0] == 't' ? "yes" : "no";
    return cell;
}

static void cell_pad(size_t shown, size_t width, FILE *out)
{
    for (; shown < width; shown++)
        fputc(' ', out);
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = text_show(table->columns[column].name, NULL);
    for (size_t row = 0; row < table->row_count; row++) {
        size_t shown = text_show(cell_text(table, row, column), NULL);
        width = shown > width ? shown : width;
    }
    return width;
}

/* The row's cells, or the headings when row is row_count. */
static void row_print(const struct table *table, size_t row, const size_t *widths, FILE *out)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const char *text = row < table->row_count ? cell_text(table, row, i) : table->columns[i].name;
        size_t shown = text_show(text, NULL);
        bool last = i + 1 == table->column_count;
        if (table->columns[i].kind == COLUMN_COUNT)
            cell_pad(shown, widths[i], out);
        text_show(text, out);
        if (table->columns[i].kind != COLUMN_COUNT && !last)
            cell_pad(shown, widths[i], out);
        if (!last)
            cell_pad(0, COLUMN_GAP, out);
    }
    fputc('\n', out);
}

json_t *json_text(const char *text)
{
    struct text clean;
    json_t *json;

    if (text == NULL)
        return json_null();
    if ((json = json_string(text)) != NULL)
        return json;
    text_init(&clean, strlen(text));
    for (size_t left = strlen(text); left > 0;) {
        size_t len = utf8_len(text, left);
        text_add(&clean, len > 0 ? text : "?", len > 0 ? len : 1);
        text += len > 0 ? len : 1;
        left -= len > 0 ? len : 1;
    }
    json = json_string(text_str(&clean));
    text_clear(&clean);
    return json;
}

static json_t *cell_json(const struct table *table, size_t row, size_t column)
{
    const char *cell = table->cells[row * table->column_count + column];
    int64_t number;
    if (cell == NULL)
        return json_null();
    if (table->columns[column].kind == COLUMN_BOOL)
        return json_boolean(cell[0] == 't');
    if (table->columns[column].kind == COLUMN_COUNT && text_parse_int(cell, INT64_MIN, INT64_MAX, &number))
        return json_integer(number);
    return json_text(cell);
}

json_t *table_object(const struct table *table, size_t row)
{
    json_t *object = json_object();
    for (size_t i = 0; i < table->column_count; i++)
        json_object_set_new(object, table->columns[i].name, cell_json(table, row, i));
    return object;
}

json_t *table_array(const struct table *table)
{
    json_t *array = json_array();
    for (size_t row = 0; row < table->row_count; row++)
        json_array_append_new(array, table_object(table, row));
    return array;
}

const char *table_cell(const struct table *table, size_t row, const char *column)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, column) == 0)
            return table->cells[row * table->column_count + i];
    return NULL;
}

void json_print(const json_t *json, FILE *out)
{
    json_dumpf(json, out, JSON_INDENT(2));
    fputc('\n', out);
}

void table_print(const struct table *table, bool json, FILE *out)
{
    if (json) {
        json_t *array = table_array(table);
        json_print(array, out);
        json_decref(array);
        return;
    }
    size_t *widths = arena_alloc(table->arena, table->column_count * sizeof *widths);
    for (size_t i = 0; i < table->column_count; i++)
        widths[i] = column_width(table, i);
    row_print(table, table->row_count, widths, out);
    for (size_t row = 0; row < table->row_count; row++)
        row_print(table, row, widths, out);
}

void table_print_row(const struct table *table, size_t row, FILE *out)
{
    size_t width = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t len = strlen(table->columns[i].name);
        width = len > width ? len : width;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->cells[row * table->column_count + i] == NULL)
            continue;
        fprintf(out, "%-*s", (int)(width + COLUMN_GAP), table->columns[i].name);
        text_show(cell_text(table, row, i), out);
        fputc('\n', out);
    }
}

void table_print_record(const struct table *table, bool json, FILE *out)
{
    if (!json) {
        table_print_row(table, 0, out);
        return;
    }
    json_t *object = table_object(table, 0);
    json_print(object, out);
    json_decref(object);
}
