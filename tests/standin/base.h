/* SPDX-License-Identifier: Apache-2.0 */
/* base: memory that is there, two clocks, words kept once, and a string map. */
#ifndef STANDIN_BASE_H
#define STANDIN_BASE_H

#include <stddef.h>
#include <stdint.h>

/* Out of memory ends the process: a judge that guesses is worse than none. */
void *need(void *memory);
void *need_zeroed(size_t count, size_t size);
char *need_copy(const char *text);

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
/* "2026-11-21 18:00:00" in UTC. */
void clock_text(int64_t wall_ms, char *text, size_t size);
/* Reads that form; INT64_MIN: it is not one. */
int64_t clock_parse(const char *text);

struct map_cell {
    char *key;
    void *value;
};

/* String to pointer; a key is never removed, only its value set to NULL. */
struct map {
    struct map_cell *cells;
    size_t size;
    size_t used;
};

void *map_get(const struct map *map, const char *key);
void map_put(struct map *map, const char *key, void *value);
/* Frees the keys, and each value with `release` unless that is NULL. */
void map_clear(struct map *map, void (*release)(void *));

/* The one copy of a word, valid for ever; longer ones are cut at 200
 * bytes, and what is not printable ASCII becomes a question mark. */
const char *map_word(struct map *words, const char *text);

#endif
