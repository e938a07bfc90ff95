/* SPDX-License-Identifier: Apache-2.0 */
/* credits: why not double: sums of prices are compared for equality to tell
 * which doubtful purchases happened, and a rounding error would decide wrongly.
 *
 * Owns the text form and the range.  Never rounds: what does not fit is
 * refused.  Pure; a crash leaves nothing behind. */
#include "order/credits.h"

#include <stdio.h>
#include <string.h>

#define PLACES 6

/* Appends digits from *text to *value, at most `most` of them; -1 when one more
 * follows or the range is left. */
static int digits_read(const char **text, int most, int64_t *value)
{
    int count = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, count++) {
        if (count == most || *value > CREDITS_MAX)
            return -1;
        *value = *value * 10 + (**text - '0');
    }
    return count;
}

bool credits_parse(const char *text, credits_t *out)
{
    if (text == NULL || strlen(text) >= CREDITS_TEXT_MAX)
        return false;
    bool negative = *text == '-';
    text += negative;

    int64_t value = 0;
    int places = 0;
    if (digits_read(&text, CREDITS_TEXT_MAX, &value) < 1)
        return false;
    if (*text == '.') {
        text++;
        places = digits_read(&text, PLACES, &value);
        if (places < 1)
            return false;
    }
    if (*text != '\0')
        return false;
    for (; places < PLACES; places++) {
        if (value > CREDITS_MAX)
            return false;
        value *= 10;
    }
    if (value > CREDITS_MAX)
        return false;
    *out = negative ? -value : value;
    return true;
}

void credits_format(credits_t credits, char out[CREDITS_TEXT_MAX])
{
    /* The magnitude as unsigned: INT64_MIN has no positive twin. */
    uint64_t magnitude = credits < 0 ? 0 - (uint64_t)credits : (uint64_t)credits;
    const char *sign = credits < 0 ? "-" : "";
    unsigned long long whole = magnitude / (uint64_t)CREDITS_ONE;
    unsigned long long part = magnitude % (uint64_t)CREDITS_ONE;
    if (part == 0) {
        snprintf(out, CREDITS_TEXT_MAX, "%s%llu", sign, whole);
        return;
    }
    int places = PLACES;
    for (; part % 10 == 0; part /= 10)
        places--;
    snprintf(out, CREDITS_TEXT_MAX, "%s%llu.%0*llu", sign, whole, places, part);
}

bool credits_times(credits_t credits, int count, credits_t *out)
{
    int64_t product;
    if (__builtin_mul_overflow(credits, (int64_t)count, &product) || product > CREDITS_MAX || product < -CREDITS_MAX)
        return false;
    *out = product;
    return true;
}
