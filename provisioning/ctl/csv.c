/* SPDX-License-Identifier: Apache-2.0 */
/* Splits lines of comma-separated values.
 *
 * Strict, because a value that is read otherwise than it was meant becomes a
 * wrong license.  Pure; owns nothing. */
#include "ctl/csv.h"

#include <string.h>

/* Takes the quotes off a value that begins at its first one; NULL: unfinished. */
static char *quoted_read(char *from)
{
    char *to = from, *at = from + 1;
    for (;; at++) {
        if (*at == '\0')
            return NULL;
        if (*at == '"' && *++at != '"')
            break;
        *to++ = *at;
    }
    /* What was taken away leaves room for the NUL before the comma. */
    *to = '\0';
    return at;
}

bool csv_split(char *line, const char *cells[CSV_CELLS_MAX], size_t *count, const char **problem)
{
    line[strcspn(line, "\r\n")] = '\0';
    for (*count = 0; *count < CSV_CELLS_MAX; line++) {
        cells[(*count)++] = line;
        if (*line == '"') {
            line = quoted_read(line);
            if (line == NULL || (*line != ',' && *line != '\0')) {
                *problem = line == NULL ? "a quote is not closed on its line" : "text behind a closing quote";
                return false;
            }
        } else {
            line += strcspn(line, ",");
        }
        if (*line == '\0')
            return true;
        *line = '\0';
    }
    *problem = "too many columns";
    return false;
}
