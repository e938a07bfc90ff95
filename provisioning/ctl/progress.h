/* SPDX-License-Identifier: Apache-2.0 */
/* progress: a bar on standard error while somebody watches; nothing otherwise. */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    const char *label;
    size_t total;
    bool shown;
};

void progress_begin(struct progress *progress, const char *label, size_t total);
void progress_show(const struct progress *progress, size_t done);
/* Removes the bar, so that what is printed next stands alone. */
void progress_end(const struct progress *progress);

#endif
