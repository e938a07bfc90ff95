/* SPDX-License-Identifier: Apache-2.0 */
/* text: a growing byte buffer with a ceiling from birth, and small helpers on
 * strings and bytes.
 *
 * Whatever outsiders can fill goes through a struct text: past the ceiling
 * nothing more is stored, `cut` is set and the adding function says false. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *data; /* NUL-terminated once anything was added; NULL before */
    size_t len;
    size_t cap;
    size_t ceiling; /* most bytes it may hold, without the NUL */
    bool cut;
};

void text_init(struct text *text, size_t ceiling);
void text_clear(struct text *text); /* frees; init again before reuse */
void text_reset(struct text *text); /* empties, keeps the memory */
/* Adds all or, past the ceiling, as much as fits and returns false. */
bool text_add(struct text *text, const void *data, size_t len);
bool text_adds(struct text *text, const char *s);
bool text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Never NULL: "" while empty. */
const char *text_str(const struct text *text);

/* Lower-case hex; out needs 2 * len + 1 bytes. */
void text_hex(const void *data, size_t len, char *out);
/* Decimal digits with an optional '-', nothing else, within [min, max]. */
bool text_parse_int(const char *s, int64_t min, int64_t max, int64_t *out);
/* 64 lower- or upper-case hex digits or any other even count: returns bytes
 * written, -1 when s is not hex or longer than cap bytes. */
long text_unhex(const char *s, void *out, size_t cap);
/* Both NULL, or equal. */
bool text_same(const char *a, const char *b);

#endif
