/* SPDX-License-Identifier: Apache-2.0 */
/* csv: one line of comma-separated values (RFC 4180), a value never going over
 * its line. */
#ifndef CTL_CSV_H
#define CTL_CSV_H

#include <stdbool.h>
#include <stddef.h>

#define CSV_CELLS_MAX 32

/* Splits a line, with or without its line ending, in place; cells borrow from
 * it.  false: *problem (a static text) says why. */
bool csv_split(char *line, const char *cells[CSV_CELLS_MAX], size_t *count, const char **problem);

#endif
