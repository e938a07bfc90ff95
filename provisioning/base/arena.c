/* SPDX-License-Identifier: Apache-2.0 */
/* arena: see arena.h for the promise.
 *
 * Exists so that a request or an attempt frees in one place whatever it
 * gathered on the way.  Owns a list of blocks, newest first; small pieces share
 * a block, a large one gets its own.  Never gives a piece back alone and never
 * returns NULL.  A crash leaves nothing behind: there is only memory here. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

#define ARENA_BLOCK_SIZE ((size_t)8192)

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

_Noreturn void heap_exhausted(size_t size)
{
    log_error("memory.exhausted", log_int("bytes", size > INT64_MAX ? INT64_MAX : (int64_t)size));
    _exit(EX_OSERR);
}

void *heap_alloc(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);

    if (!memory)
        heap_exhausted(size);
    return memory;
}

void *heap_resize(void *old, size_t size)
{
    void *memory = realloc(old, size > 0 ? size : 1);

    if (!memory)
        heap_exhausted(size);
    return memory;
}

char *heap_strdup(const char *s)
{
    if (!s)
        return NULL;
    size_t size = strlen(s) + 1;
    return memcpy(heap_alloc(size), s, size);
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_clear(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena_init(arena);
}

static struct arena_block *arena_block_new(struct arena *arena, size_t least)
{
    size_t size = least > ARENA_BLOCK_SIZE / 2 ? least : ARENA_BLOCK_SIZE;
    struct arena_block *block = heap_alloc(sizeof(*block) + size);

    block->size = size;
    /* A large piece goes behind the newest block, which may still have room. */
    if (size == least && arena->blocks) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);

    if (size > SIZE_MAX / 2)
        heap_exhausted(size);
    size_t rounded = size > 0 ? (size + align - 1) / align * align : align;
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < rounded)
        block = arena_block_new(arena, rounded);
    void *memory = block->data + block->used;
    block->used += rounded;
    arena->total += size;
    return memory;
}

void *arena_memdup(struct arena *arena, const void *data, size_t len)
{
    void *copy = arena_alloc(arena, len);

    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *s)
{
    return s ? arena_memdup(arena, s, strlen(s) + 1) : NULL;
}

char *arena_strndup(struct arena *arena, const char *s, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);

    if (len > 0)
        memcpy(copy, s, len);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        abort(); /* a format of ours that cannot be printed */
    char *out = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(out, (size_t)len + 1, format, again);
    va_end(again);
    return out;
}
