/* SPDX-License-Identifier: Apache-2.0 */
/* Why: the few tools that every other file here needs and libc lacks.  Owns
 * nothing.  Never locks: the caller holds the book's lock where data is shared. */
#include "base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORD_MAX 200

void *need(void *memory)
{
    if (!memory) {
        fputs("standin: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *need_zeroed(size_t count, size_t size)
{
    return need(calloc(count ? count : 1, size));
}

char *need_copy(const char *text)
{
    return need(strdup(text));
}

static int64_t clock_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

void clock_text(int64_t wall_ms, char *text, size_t size)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;

    gmtime_r(&seconds, &parts);
    strftime(text, size, "%Y-%m-%d %H:%M:%S", &parts);
}

int64_t clock_parse(const char *text)
{
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &parts);

    if (!end || *end)
        return INT64_MIN;
    return (int64_t)timegm(&parts) * 1000;
}

static size_t map_slot(const struct map *map, const char *key)
{
    uint64_t hash = 14695981039346656037u;

    for (const char *at = key; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    size_t slot = (size_t)(hash ^ (hash >> 32)) & (map->size - 1);
    while (map->cells[slot].key && strcmp(map->cells[slot].key, key) != 0)
        slot = (slot + 1) & (map->size - 1);
    return slot;
}

static void map_grow(struct map *map)
{
    struct map old = *map;

    map->size = old.size ? old.size * 2 : 64;
    map->cells = need_zeroed(map->size, sizeof *map->cells);
    for (size_t i = 0; i < old.size; i++)
        if (old.cells[i].key)
            map->cells[map_slot(map, old.cells[i].key)] = old.cells[i];
    free(old.cells);
}

void *map_get(const struct map *map, const char *key)
{
    return map->size ? map->cells[map_slot(map, key)].value : NULL;
}

void map_put(struct map *map, const char *key, void *value)
{
    if ((map->used + 1) * 4 > map->size * 3)
        map_grow(map);
    struct map_cell *cell = &map->cells[map_slot(map, key)];
    if (!cell->key) {
        cell->key = need_copy(key);
        map->used++;
    }
    cell->value = value;
}

void map_clear(struct map *map, void (*release)(void *))
{
    for (size_t i = 0; i < map->size; i++) {
        if (release && map->cells[i].value)
            release(map->cells[i].value);
        free(map->cells[i].key);
    }
    free(map->cells);
    *map = (struct map){0};
}

const char *map_word(struct map *words, const char *text)
{
    char cut[WORD_MAX + 1];

    if (!text || !*text)
        return "";
    snprintf(cut, sizeof cut, "%s", text);
    /* Words end up in the ledger's JSON, which knows no stray bytes. */
    for (char *at = cut; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    char *word = map_get(words, cut);
    if (!word) {
        word = need_copy(cut);
        map_put(words, cut, word);
    }
    return word;
}
