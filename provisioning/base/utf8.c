/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: tells UTF-8 from other bytes; pure.
 *
 * Exists apart from text so that the log, which everything may call, needs
 * nothing that allocates. */
#include "base/utf8.h"

/* Bytes of the well-formed sequence at s (RFC 3629, table 3-7 of Unicode), 0
 * when there is none. */
static size_t utf8_step(const unsigned char *s, size_t left)
{
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t len;

    if (s[0] >= 0x01 && s[0] <= 0x7F)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        len = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF)
        len = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        len = 4;
    else
        return 0;
    if (len > left)
        return 0;
    if (s[0] == 0xE0)
        low = 0xA0; /* below: overlong */
    else if (s[0] == 0xED)
        high = 0x9F; /* above: surrogates */
    else if (s[0] == 0xF0)
        low = 0x90; /* below: overlong */
    else if (s[0] == 0xF4)
        high = 0x8F; /* above: past U+10FFFF */
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return len;
}

size_t utf8_len(const void *data, size_t left)
{
    return left > 0 ? utf8_step(data, left) : 0;
}

bool utf8_valid(const void *data, size_t len)
{
    const unsigned char *s = data;

    for (size_t at = 0; at < len;) {
        size_t step = utf8_step(s + at, len - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}
