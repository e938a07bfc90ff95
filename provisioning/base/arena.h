/* SPDX-License-Identifier: Apache-2.0 */
/* arena: memory that lives as long as one request or one attempt and goes in
 * one stroke.
 *
 * Allocation never returns NULL: when memory runs out the process ends, because
 * the truth is in PostgreSQL and a restart loses nothing.  Everything returned
 * is owned by the arena and valid until arena_clear(). */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t total; /* bytes handed out since init or clear */
};

void arena_init(struct arena *arena);
/* Frees everything; the arena may be used again. */
void arena_clear(struct arena *arena);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_memdup(struct arena *arena, const void *data, size_t len);
/* NULL in, NULL out. */
char *arena_strdup(struct arena *arena, const char *s);
/* A copy of the first len bytes with a NUL behind them. */
char *arena_strndup(struct arena *arena, const char *s, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Heap memory outside an arena with the same rule: never NULL. */
void *heap_alloc(size_t size); /* zeroed */
void *heap_resize(void *old, size_t size);
char *heap_strdup(const char *s); /* NULL in, NULL out */
/* Ends the process as those do; for who was refused `size` bytes by somebody else. */
_Noreturn void heap_exhausted(size_t size);

#endif
