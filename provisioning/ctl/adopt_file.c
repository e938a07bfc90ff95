/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the licenses that are to be adopted.
 *
 * A wrong row would make the bridge renew or suspend what is not ours, so each is
 * checked like a delivery, and two rows that mean the same license or the same
 * address are both in doubt.  Writes nothing; asks nobody. */
#include "ctl/adopt_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/utf8.h"
#include "ctl/csv.h"
#include "order/request.h"
#include "order/request_fields.h"

/* Joins the parts of a key: no field can contain it. */
#define KEY_GAP "\x1f"
/* What some spreadsheets write before the first column. */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

static const struct {
    const char *name;
    enum field_spelling spelling;
    size_t max;
    bool required; /* the column; an ip or a key may be missing where the provider knows none */
} columns[ADOPT_COLUMNS] = {
    [ADOPT_SOURCE] = {"source", FIELD_NAME, REQUEST_KEY_MAX, true},
    [ADOPT_SERVICE] = {"service_id", FIELD_NAME, REQUEST_KEY_MAX, true},
    [ADOPT_PRODUCT] = {"product_code", FIELD_NAME, REQUEST_KEY_MAX, true},
    [ADOPT_IP] = {"ip", FIELD_IP, REQUEST_TEXT_MAX, true},
    [ADOPT_STATUS] = {"status", FIELD_NAME, REQUEST_TEXT_MAX, true},
    [ADOPT_KEY] = {"license_key", FIELD_TEXT, REQUEST_TEXT_MAX, false},
    [ADOPT_UPSTREAM_ID] = {"upstream_license_id", FIELD_TEXT, REQUEST_TEXT_MAX, false},
    [ADOPT_PERIOD_END] = {"period_end", FIELD_DATE, REQUEST_TEXT_MAX, false},
};

/* Which cell of a line each column is. */
struct heading {
    size_t at[CSV_CELLS_MAX];
    size_t count;
};

/* A bigger copy of a full array; the arena keeps the old one until its end. */
static void *array_grow(struct arena *arena, const void *old, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return NULL;
    *cap = *cap == 0 ? 64 : *cap * 2;
    void *grown = arena_alloc(arena, *cap * size);
    if (count > 0)
        memcpy(grown, old, count * size);
    return grown;
}

void adopt_problem_add(struct adopt_list *list, int64_t line, const char *column, const char *text)
{
    void *grown =
        array_grow(list->arena, list->problems, list->problem_count, &list->problem_cap, sizeof *list->problems);
    list->problems = grown != NULL ? grown : list->problems;
    list->problems[list->problem_count++] = (struct adopt_problem){
        .line = line, .column = arena_strdup(list->arena, column), .text = arena_strdup(list->arena, text)};
}

static bool heading_read(struct adopt_list *list, struct heading *heading, const char *const *cells, size_t count)
{
    bool given[ADOPT_COLUMNS] = {false};
    size_t before = list->problem_count;

    heading->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t column = 0;
        while (column < ADOPT_COLUMNS && strcmp(columns[column].name, cells[i]) != 0)
            column++;
        if (column == ADOPT_COLUMNS || given[column])
            adopt_problem_add(list, 1, cells[i], column == ADOPT_COLUMNS ? "no such column" : "is there twice");
        else
            given[column] = true;
        heading->at[i] = column;
    }
    for (size_t i = 0; i < ADOPT_COLUMNS; i++)
        if (columns[i].required && !given[i])
            adopt_problem_add(list, 1, columns[i].name, "the column is missing; the first line names the columns");
    return list->problem_count == before;
}

/* Source, product and what the product's provider needs. */
static void row_check(struct adopt_list *list, const struct config *config, struct adopt_row *row)
{
    const char *const *cells = row->cells;
    const struct config_source *source =
        cells[ADOPT_SOURCE] == NULL ? NULL : config_source_find(config, cells[ADOPT_SOURCE]);

    row->product = cells[ADOPT_PRODUCT] == NULL ? NULL : config_product_find(config, cells[ADOPT_PRODUCT]);
    if (cells[ADOPT_SOURCE] != NULL && source == NULL)
        adopt_problem_add(list, row->line, "source", "the configuration has no such source");
    if (cells[ADOPT_PRODUCT] != NULL && row->product == NULL)
        adopt_problem_add(list, row->line, "product_code", "the configuration has no such product");
    if (cells[ADOPT_STATUS] != NULL && strcmp(cells[ADOPT_STATUS], "active") != 0 &&
        strcmp(cells[ADOPT_STATUS], "suspended") != 0)
        adopt_problem_add(list, row->line, "status", "is neither active nor suspended");
    if (row->product == NULL)
        return;
    if (source != NULL && !config_source_permits(source, row->product))
        adopt_problem_add(list, row->line, "product_code", "the source may not order this product");
    bool by_key = strcmp(row->product->account->provider, "lisanszone") == 0;
    enum adopt_column needed = by_key ? ADOPT_KEY : ADOPT_IP;
    if (cells[needed] == NULL)
        adopt_problem_add(list, row->line, columns[needed].name, "is empty");
}

static void row_add(struct adopt_list *list, const struct adopt_row *row)
{
    void *grown = array_grow(list->arena, list->rows, list->row_count, &list->row_cap, sizeof *list->rows);
    list->rows = grown != NULL ? grown : list->rows;
    list->rows[list->row_count++] = *row;
}

static void row_read(struct adopt_list *list, const struct config *config, const struct heading *heading,
                     const char *const *cells, size_t count, int64_t line)
{
    struct adopt_row row = {.line = line};
    size_t before = list->problem_count;

    if (count != heading->count) {
        adopt_problem_add(list, line, NULL,
                          arena_printf(list->arena, "has %zu columns, the first line %zu", count, heading->count));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t column = heading->at[i];
        const char *value = cells[i];
        if (value[0] == '\0' && columns[column].spelling != FIELD_NAME)
            continue;
        const char *problem = utf8_valid(value, strlen(value))
                                  ? field_problem(columns[column].spelling, columns[column].max, &value, list->arena)
                                  : "is not UTF-8";
        if (problem != NULL)
            adopt_problem_add(list, line, columns[column].name, problem);
        else
            row.cells[column] = arena_strdup(list->arena, value);
    }
    row_check(list, config, &row);
    if (list->problem_count == before)
        row_add(list, &row);
}

/* What must not be there twice, with the line where it is. */
struct unique_key {
    const char *text;
    int64_t line;
};

static int key_compare(const void *a, const void *b)
{
    const struct unique_key *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* The key that a row has in a column; NULL: none. */
static const char *key_make(struct arena *arena, const struct adopt_row *row, enum adopt_column column)
{
    const char *account = row->product->account->name;
    if (column == ADOPT_SERVICE)
        return arena_printf(arena, "%s" KEY_GAP "%s" KEY_GAP "%s", row->cells[ADOPT_SOURCE], row->cells[ADOPT_SERVICE],
                            row->product->code);
    if (row->cells[column] == NULL)
        return NULL;
    /* A key means one license whatever its type; an address has one of each type. */
    return column == ADOPT_KEY ? arena_printf(arena, "%s" KEY_GAP "%s", account, row->cells[column])
                               : arena_printf(arena, "%s" KEY_GAP "%s" KEY_GAP "%s", account,
                                              row->product->upstream_type, row->cells[column]);
}

static void duplicates_find(struct adopt_list *list, enum adopt_column column)
{
    struct unique_key *keys = arena_alloc(list->arena, (list->row_count + 1) * sizeof *keys);
    size_t count = 0;

    for (size_t i = 0; i < list->row_count; i++) {
        const char *text = key_make(list->arena, &list->rows[i], column);
        if (text != NULL)
            keys[count++] = (struct unique_key){.text = text, .line = list->rows[i].line};
    }
    qsort(keys, count, sizeof *keys, key_compare);
    for (size_t i = 1; i < count; i++)
        if (strcmp(keys[i - 1].text, keys[i].text) == 0)
            adopt_problem_add(
                list, keys[i].line, columns[column].name,
                arena_printf(list->arena, "the same license as in line %lld", (long long)keys[i - 1].line));
}

static int problem_compare(const void *a, const void *b)
{
    const struct adopt_problem *x = a, *y = b;
    return (x->line > y->line) - (x->line < y->line);
}

/* One line of the file; false: nothing can be read behind it. */
static bool line_read(struct adopt_list *list, const struct config *config, struct heading *heading, char *line,
                      size_t len, int64_t number)
{
    const char *cells[CSV_CELLS_MAX], *problem;
    size_t count;

    if (number == 1 && strncmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
        line += strlen(BYTE_ORDER_MARK);
        len -= strlen(BYTE_ORDER_MARK);
    }
    if (strlen(line) != len)
        adopt_problem_add(list, number, NULL, "contains a NUL byte");
    else if (strcspn(line, "\r\n") == 0 && number == 1)
        adopt_problem_add(list, number, NULL, "names no columns");
    else if (strcspn(line, "\r\n") == 0)
        return true;
    else if (!csv_split(line, cells, &count, &problem))
        adopt_problem_add(list, number, NULL, problem);
    else if (number == 1)
        return heading_read(list, heading, cells, count);
    else
        row_read(list, config, heading, cells, count, number);
    return number > 1;
}

void adopt_read(struct adopt_list *list, struct arena *arena, const struct config *config, FILE *file)
{
    struct heading heading = {.count = 0};
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int64_t number = 1;

    *list = (struct adopt_list){.arena = arena};
    while ((len = getline(&line, &cap, file)) >= 0 && line_read(list, config, &heading, line, (size_t)len, number))
        number++;
    free(line);
    if (len < 0 && number == 1)
        adopt_problem_add(list, 1, NULL, "the file is empty");
    duplicates_find(list, ADOPT_SERVICE);
    duplicates_find(list, ADOPT_IP);
    duplicates_find(list, ADOPT_KEY);
    if (list->problem_count > 0)
        qsort(list->problems, list->problem_count, sizeof *list->problems, problem_compare);
}
