/* SPDX-License-Identifier: Apache-2.0 */
/* memory: see memory.h for the promise.
 *
 * libcrypto 3.0 fetches its algorithms when they are first asked for, and does not survive an allocation that fails
 * just then (seen: a crash within the first signature).  Owns nothing. */
#include "base/memory.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/arena.h"

static void *crypto_resize(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return heap_resize(old, size);
}

/* Not zeroed, as heap_alloc() would: buffers of TLS are large, and libcrypto fills what it takes. */
static void *crypto_alloc(size_t size, const char *file, int line)
{
    return crypto_resize(NULL, size, file, line);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

void memory_guard_crypto(void)
{
    int taken = CRYPTO_set_mem_functions(crypto_alloc, crypto_resize, crypto_free);

    assert(taken == 1);
}
