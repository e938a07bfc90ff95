/* SPDX-License-Identifier: Apache-2.0 */
/* adopt_file: a CSV file of licenses that exist upstream, read and checked by the
 * configuration.
 *
 * The first line names the columns, in any order: source, service_id,
 * product_code, ip, status, and where they are known license_key,
 * upstream_license_id, period_end. */
#ifndef CTL_ADOPT_FILE_H
#define CTL_ADOPT_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/config.h"

enum adopt_column {
    ADOPT_SOURCE,
    ADOPT_SERVICE,
    ADOPT_PRODUCT,
    ADOPT_IP,
    ADOPT_STATUS,
    ADOPT_KEY,
    ADOPT_UPSTREAM_ID,
    ADOPT_PERIOD_END,
};
#define ADOPT_COLUMNS 8

struct adopt_row {
    int64_t line;
    const char *cells[ADOPT_COLUMNS];     /* canonical; NULL: empty */
    const struct config_product *product; /* borrowed from the configuration */
};

/* What is wrong with one cell; column is NULL when it is the whole line. */
struct adopt_problem {
    int64_t line;
    const char *column;
    const char *text;
};

struct adopt_list {
    struct arena *arena; /* holds all of it */
    struct adopt_row *rows;
    size_t row_count, row_cap;
    struct adopt_problem *problems;
    size_t problem_count, problem_cap;
};

/* Reads all of a file; a row with a problem is not in the list. */
void adopt_read(struct adopt_list *list, struct arena *arena, const struct config *config, FILE *file);
/* Copies column and text. */
void adopt_problem_add(struct adopt_list *list, int64_t line, const char *column, const char *text);

#endif
