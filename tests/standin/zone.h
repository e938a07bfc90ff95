/* SPDX-License-Identifier: Apache-2.0 */
/* zone: the keys, activations and the limiter of Lisans Zone. */
#ifndef STANDIN_ZONE_H
#define STANDIN_ZONE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"

enum zone_type { ZONE_HWID, ZONE_DOMAIN, ZONE_IP, ZONE_ALL, ZONE_TYPE_COUNT };

struct activation {
    const char *hwid; /* words; "" when not given */
    const char *domain;
    const char *ip;
    int64_t activated_ms;
    int64_t checked_ms;
    bool active;
};

struct zone_key {
    char *license_key;
    char *customer_email;
    char *customer_name;
    char *product_name;
    char expires_at[20]; /* as it is answered, UTC */
    int type;            /* enum zone_type; -1: any */
    bool disabled;
    long max_activations;
    struct activation *activations;
    size_t activation_count;
    long activated; /* how often an activation became active */
};

struct zone_counter {
    int64_t since_ms;
    long count;
};

struct zone {
    struct map keys; /* struct zone_key by license_key */
    struct zone_key **list;
    size_t count;
    struct map counters; /* struct zone_counter by address and endpoint */
    bool limiter_on;
    long limit;
    long window_ms;
};

void zone_open(struct zone *zone);
void zone_clear(struct zone *zone);
/* Adds keys or changes known ones: NULL, or what is wrong. */
const char *zone_keys_set(struct zone *zone, json_t *list);
const char *zone_limiter_set(struct zone *zone, json_t *wanted);
void zone_counters_clear(struct zone *zone);
/* Counts one request; false: too many. */
bool zone_admit(struct zone *zone, const char *address, const char *endpoint);
/* -1: no such type. */
int zone_type_find(const char *word);
const char *zone_type_word(int type);
/* `since` and `limit` page through the keys. */
json_t *zone_show(const struct zone *zone, size_t since, size_t limit);

#endif
