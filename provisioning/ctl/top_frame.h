/* SPDX-License-Identifier: Apache-2.0 */
/* top_frame: the operators' overview (docs/ops-api.md) as lines of text. */
#ifndef CTL_TOP_FRAME_H
#define CTL_TOP_FRAME_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

enum frame_tone { FRAME_PLAIN, FRAME_HEAD, FRAME_ALARM };

struct frame_line {
    enum frame_tone tone;
    const char *text;
};

struct frame {
    struct arena *arena; /* borrowed; the lines live in it */
    struct frame_line *lines;
    size_t count;
    size_t cap;
};

void frame_init(struct frame *frame, struct arena *arena);
void frame_add(struct frame *frame, enum frame_tone tone, const char *text);
/* All that the overview says; now_ms is the wall clock, for "3m ago". */
void frame_add_overview(struct frame *frame, const json_t *overview, int64_t now_ms);
/* Everything, as it is: for a file or a pipe. */
void frame_print(const struct frame *frame, FILE *out);
/* What fits a terminal of that size, over what stands there. */
void frame_draw(const struct frame *frame, size_t width, size_t height, FILE *out);

#endif
