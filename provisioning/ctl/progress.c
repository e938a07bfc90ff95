/* SPDX-License-Identifier: Apache-2.0 */
/* Draws a bar over itself on a terminal; a log file never sees one. */
#include "ctl/progress.h"

#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 30

void progress_begin(struct progress *progress, const char *label, size_t total)
{
    *progress = (struct progress){.label = label, .total = total, .shown = total > 0 && isatty(STDERR_FILENO) != 0};
    progress_show(progress, 0);
}

void progress_show(const struct progress *progress, size_t done)
{
    static const char full[] = "##############################";
    static const char rest[] = "..............................";
    if (!progress->shown)
        return;
    int filled = (int)(done * BAR_WIDTH / progress->total);
    fprintf(stderr, "\r%s [%.*s%.*s] %zu/%zu", progress->label, filled, full, BAR_WIDTH - filled, rest, done,
            progress->total);
    (void)fflush(stderr);
}

void progress_end(const struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}
