/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

char *fuzz_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    size_t len = end != NULL ? (size_t)(end - *data) : *size;
    char *line = malloc(len + 1);

    PROMISE(line != NULL);
    if (len > 0)
        memcpy(line, *data, len);
    line[len] = '\0';
    len += end != NULL;
    *data += len;
    *size -= len;
    return line;
}
