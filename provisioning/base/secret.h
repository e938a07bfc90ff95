/* SPDX-License-Identifier: Apache-2.0 */
/* secret: key material that is wiped when done with and has no formatter. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_MAX 256

struct secret {
    unsigned char bytes[SECRET_MAX + 1]; /* a NUL follows the last byte */
    size_t len;
};

/* false when len is 0 or above SECRET_MAX. */
bool secret_set(struct secret *secret, const void *bytes, size_t len);
void secret_clear(struct secret *secret);
/* Constant time in the contents. */
bool secret_equals(const struct secret *a, const void *bytes, size_t len);
/* "whsec_" and the base64 of 24 to 64 bytes (Standard Webhooks); *problem names
 * what is wrong, without the text itself. */
bool secret_parse_whsec(struct secret *secret, const char *text, const char **problem);
/* The first line of a regular file without its line end.  The path is taken as it
 * is (config_value.c knows where a relative name is looked up).  *problem is a static
 * text; errno says more or is 0. */
bool secret_read_file(struct secret *secret, const char *path, const char **problem);

/* Keeps the process out of core files and away from ptrace (prctl, rlimit). */
void secret_harden_process(void);

#endif
