/* SPDX-License-Identifier: Apache-2.0 */
/* text: see text.h for the promise.
 *
 * Exists so that no buffer an outsider fills can grow past what was decided for
 * it.  Owns the buffer's memory; borrows everything it is given.  Never reads
 * past a given length and never trusts a byte to be text.  A crash leaves
 * nothing behind. */
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define TEXT_FIRST_CAP ((size_t)64)

void text_init(struct text *text, size_t ceiling)
{
    assert(ceiling < SIZE_MAX / 4);
    *text = (struct text){.ceiling = ceiling};
}

void text_clear(struct text *text)
{
    free(text->data);
    text_init(text, text->ceiling);
}

void text_reset(struct text *text)
{
    text->len = 0;
    text->cut = false;
    if (text->data)
        text->data[0] = '\0';
}

/* Makes room for more bytes and the NUL, as far as the ceiling goes; returns
 * how many of them may be stored. */
static size_t text_reserve(struct text *text, size_t more)
{
    size_t room = text->ceiling - text->len;

    if (more > room) {
        text->cut = true;
        more = room;
    }
    size_t need = text->len + more + 1;
    if (need > text->cap) {
        size_t cap = text->cap ? text->cap : TEXT_FIRST_CAP;
        while (cap < need)
            cap *= 2;
        if (cap > text->ceiling + 1)
            cap = text->ceiling + 1;
        text->data = heap_resize(text->data, cap);
        text->cap = cap;
    }
    return more;
}

bool text_add(struct text *text, const void *data, size_t len)
{
    size_t fits = text_reserve(text, len);

    if (fits > 0)
        memcpy(text->data + text->len, data, fits);
    text->len += fits;
    text->data[text->len] = '\0';
    return fits == len;
}

bool text_adds(struct text *text, const char *s)
{
    return text_add(text, s, strlen(s));
}

bool text_addf(struct text *text, const char *format, ...)
{
    va_list args;
    va_list again;

    va_start(args, format);
    va_copy(again, args);
    int printed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(printed >= 0);
    size_t len = (size_t)printed;
    size_t fits = text_reserve(text, len);
    (void)vsnprintf(text->data + text->len, fits + 1, format, again);
    va_end(again);
    text->len += fits;
    return fits == len;
}

const char *text_str(const struct text *text)
{
    return text->data ? text->data : "";
}

void text_hex(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

long text_unhex(const char *s, void *out, size_t cap)
{
    unsigned char *bytes = out;
    size_t count = 0;

    for (; s[0]; s += 2) {
        int high = hex_value(s[0]);
        int low = high < 0 ? -1 : hex_value(s[1]); /* s[1] may be the NUL: -1 */
        if (low < 0 || count == cap)
            return -1;
        bytes[count++] = (unsigned char)(high << 4 | low);
    }
    return (long)count;
}

bool text_parse_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    bool negative = *s == '-';
    int64_t value = 0;

    if (negative)
        s++;
    if (!*s)
        return false;
    /* Counts downwards, where there is one more value than upwards. */
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *s - '0', &value))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

bool text_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}
