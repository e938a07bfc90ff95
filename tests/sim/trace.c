/* SPDX-License-Identifier: Apache-2.0 */
/* The story of one history, a line per event, for whoever looks into a failure. */
#include <stdarg.h>
#include <stdio.h>

#include "sim.h"

void trace(struct sim *s, const char *format, ...)
{
    va_list args;
    if (!s->trace)
        return;
    printf("%6lld ms  ", (long long)s->now);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}
