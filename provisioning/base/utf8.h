/* SPDX-License-Identifier: Apache-2.0 */
/* utf8: strict UTF-8 (RFC 3629: no surrogates, no overlong forms), NUL refused. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_valid(const void *data, size_t len);
/* Bytes of the sequence that data begins with, 0 when there is none. */
size_t utf8_len(const void *data, size_t left);

#endif
