/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: what the targets share.  A target is LLVMFuzzerTestOneInput in a file of
 * its own; libFuzzer drives it (make fuzz), or replay.c over the kept inputs
 * (make check).  A broken promise aborts. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROMISE(truth)                                                                                                 \
    do {                                                                                                               \
        if (!(truth)) {                                                                                                \
            fprintf(stderr, "%s:%d: promise broken: %s\n", __FILE__, __LINE__, #truth);                                \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Cuts the next field, up to a newline or the end, off the input: a C string of
 * its own (the caller frees it).  Bytes behind a NUL are not seen. */
char *fuzz_line(const uint8_t **data, size_t *size);

#endif
